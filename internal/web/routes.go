package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
)

// An access says who may use a route. Roles are those of the business in the
// path, or of the session's account where the path names none.
type access int

const (
	anyone   access = iota // no session needed
	signedIn               // a session, whatever the role
	anyRole                // every member of the business
	reader                 // who may see totals: all but the counter
	writer                 // who may add entries: all but the accountant
	editor                 // who runs the khata: owner and manager
	owner                  // the owner of the account
	operator               // who runs this server; for everybody else there is nothing
	program                // an API key, in the header Authorization; no session
)

// rolesOf is what admit holds against the caller's role.
var rolesOf = map[access][]string{
	anyRole: {"owner", "manager", "accountant", "counter"},
	reader:  {"owner", "manager", "accountant"},
	writer:  {"owner", "manager", "counter"},
	editor:  {"owner", "manager"},
	owner:   {"owner"},
}

// A route is one line of the list below.
type route struct {
	pattern     string
	access      access
	handle      func(*Server, http.ResponseWriter, *request) error
	maxBody     int64 // bytes; 0 means maxForm, parsed as a form
	secret      bool  // the path holds a token: no referrer, no index
	keepsFlash  bool  // not a page
	development bool  // exists in a development set-up only
}

const (
	razorpayCallback = billing.RazorpayReturnPath
	maxWebhook       = 1 << 20
)

// routes is every address that answers, in the order of the product's rooms.
// A test holds each against the shared exercise: signed out, a stranger with
// the owner's real ids, the wrong role.
var routes = []route{
	// The door.
	{pattern: "GET /{$}", access: anyone, handle: (*Server).home},
	{pattern: "GET /signup", access: anyone, handle: (*Server).signUpForm},
	{pattern: "POST /signup", access: anyone, handle: (*Server).signUp},
	{pattern: "GET /signup/sent", access: anyone, handle: (*Server).signUpSent},
	{pattern: "POST /signup/again", access: anyone, handle: (*Server).signUpAgain},
	{pattern: "GET /confirm/{token}", access: anyone, secret: true, handle: (*Server).confirmForm},
	{pattern: "POST /confirm/{token}", access: anyone, secret: true, handle: (*Server).confirm},
	{pattern: "GET /login", access: anyone, handle: (*Server).loginForm},
	{pattern: "POST /login", access: anyone, handle: (*Server).login},
	{pattern: "POST /logout", access: anyone, handle: (*Server).logout},
	{pattern: "POST /logout/everywhere", access: signedIn, handle: (*Server).logoutEverywhere},
	{pattern: "GET /recover", access: anyone, handle: (*Server).recoverForm},
	{pattern: "POST /recover", access: anyone, handle: (*Server).recover},
	{pattern: "GET /recover/sent", access: anyone, handle: (*Server).recoverSent},
	{pattern: "GET /recover/{token}", access: anyone, secret: true, handle: (*Server).newPasswordForm},
	{pattern: "POST /recover/{token}", access: anyone, secret: true, handle: (*Server).newPassword},
	{pattern: "GET /invite/{token}", access: anyone, secret: true, handle: (*Server).inviteForm},
	{pattern: "POST /invite/{token}", access: anyone, secret: true, handle: (*Server).acceptInvite},
	{pattern: "POST /language", access: anyone, handle: (*Server).setLanguage},
	{pattern: "GET /offline", access: anyone, keepsFlash: true, handle: (*Server).offlinePage},
	{pattern: "GET /waiting", access: signedIn, handle: (*Server).waitingPage},

	// A user's own settings, and the team of an account.
	{pattern: "GET /settings", access: signedIn, handle: (*Server).settingsForm},
	{pattern: "POST /settings", access: signedIn, handle: (*Server).saveSettings},
	{pattern: "POST /settings/password", access: signedIn, handle: (*Server).changePassword},
	{pattern: "POST /settings/sessions/{id}/end", access: signedIn, handle: (*Server).endOneSession},
	{pattern: "POST /settings/teams/{id}/leave", access: signedIn, handle: (*Server).leaveTeam},
	{pattern: "POST /settings/delete", access: signedIn, handle: (*Server).deleteLogin},
	{pattern: "GET /account/new", access: signedIn, handle: (*Server).ownAccountForm},
	{pattern: "POST /account/new", access: signedIn, handle: (*Server).openOwnAccount},
	{pattern: "POST /account/keep", access: signedIn, handle: (*Server).keepAccount},
	{pattern: "POST /account", access: signedIn, handle: (*Server).switchAccount},
	{pattern: "GET /mydata", access: owner, handle: (*Server).myDataPage},
	{pattern: "GET /mydata/download", access: owner, keepsFlash: true, handle: (*Server).myData},
	{pattern: "POST /mydata/delete", access: owner, handle: (*Server).deleteAccount},
	{pattern: "GET /team", access: owner, handle: (*Server).teamPage},
	{pattern: "POST /team/invite", access: owner, handle: (*Server).invite},
	{pattern: "POST /team/invitations/{id}/resend", access: owner, handle: (*Server).resendInvitation},
	{pattern: "POST /team/invitations/{id}/revoke", access: owner, handle: (*Server).revokeInvitation},
	{pattern: "POST /team/members/{id}/role", access: owner, handle: (*Server).changeRole},
	{pattern: "POST /team/members/{id}/remove", access: owner, handle: (*Server).removeMember},
	{pattern: "GET /businesses/new", access: owner, handle: (*Server).newBusinessForm},
	{pattern: "POST /businesses/new", access: owner, handle: (*Server).newBusiness},

	// The khata.
	{pattern: "GET /b/{business}", access: anyRole, handle: (*Server).partiesPage},
	{pattern: "GET /b/{business}/parties/new", access: editor, handle: (*Server).newPartyForm},
	{pattern: "POST /b/{business}/parties/new", access: editor, handle: (*Server).newParty},
	{pattern: "GET /b/{business}/grid", access: editor, handle: (*Server).gridPage},
	{pattern: "POST /b/{business}/grid", access: editor, maxBody: maxGrid, handle: (*Server).saveGrid},
	{pattern: "GET /b/{business}/import", access: editor, handle: (*Server).importPage},
	{pattern: "POST /b/{business}/import", access: editor, maxBody: maxImport, handle: (*Server).sendFile},
	{pattern: "GET /b/{business}/import/{upload}", access: editor, handle: (*Server).previewImport},
	{pattern: "POST /b/{business}/import/{upload}", access: editor, handle: (*Server).applyImport},
	{pattern: "POST /b/{business}/batches/{batch}/undo", access: editor, handle: (*Server).undoBatch},
	{pattern: "GET /b/{business}/bin", access: editor, handle: (*Server).binPage},
	{pattern: "GET /b/{business}/upgrade", access: anyRole, handle: (*Server).upgradePage},
	{pattern: "GET /b/{business}/settings", access: editor, handle: (*Server).businessSettingsForm},
	{pattern: "POST /b/{business}/settings", access: editor, handle: (*Server).saveBusinessSettings},
	{pattern: "GET /b/{business}/lock", access: reader, handle: (*Server).lockPage},
	{pattern: "POST /b/{business}/lock", access: owner, handle: (*Server).setLock},
	{pattern: "GET /b/{business}/upi", access: editor, handle: (*Server).payeePage},
	{pattern: "POST /b/{business}/upi", access: owner, handle: (*Server).setPayee},
	{pattern: "GET /b/{business}/reports", access: reader, handle: (*Server).reportsPage},
	{pattern: "GET /b/{business}/export.csv", access: reader, keepsFlash: true, handle: exportBusiness(csvFile)},
	{pattern: "GET /b/{business}/export.xlsx", access: reader, keepsFlash: true, handle: exportBusiness(xlsxFile)},
	{pattern: "GET /b/{business}/export.pdf", access: reader, keepsFlash: true, handle: exportBusiness(pdfFile)},
	{pattern: "GET /b/{business}/p/{party}", access: anyRole, handle: (*Server).partyPage},
	{pattern: "GET /b/{business}/p/{party}/edit", access: editor, handle: (*Server).editPartyForm},
	{pattern: "POST /b/{business}/p/{party}/edit", access: editor, handle: (*Server).editParty},
	{pattern: "POST /b/{business}/p/{party}/delete", access: editor, handle: (*Server).deleteParty},
	{pattern: "POST /b/{business}/p/{party}/restore", access: editor, handle: (*Server).restoreParty},
	{pattern: "GET /b/{business}/p/{party}/history", access: reader, handle: (*Server).historyPage},
	{pattern: "GET /b/{business}/p/{party}/statement", access: reader, handle: (*Server).statementPage},
	{pattern: "GET /b/{business}/p/{party}/export.csv", access: reader, keepsFlash: true, handle: exportParty(csvFile)},
	{pattern: "GET /b/{business}/p/{party}/export.xlsx", access: reader, keepsFlash: true, handle: exportParty(xlsxFile)},
	{pattern: "GET /b/{business}/p/{party}/export.pdf", access: reader, keepsFlash: true, handle: exportParty(pdfFile)},
	{pattern: "GET /b/{business}/p/{party}/opening", access: editor, handle: (*Server).openingForm},
	{pattern: "POST /b/{business}/p/{party}/opening", access: editor, handle: (*Server).addOpening},
	{pattern: "GET /b/{business}/p/{party}/remind", access: editor, handle: (*Server).remindPage},
	{pattern: "POST /b/{business}/p/{party}/remind", access: editor, handle: (*Server).remindParty},
	{pattern: "GET /b/{business}/p/{party}/upi", access: reader, handle: (*Server).payPage},
	{pattern: "GET /b/{business}/p/{party}/share", access: editor, handle: (*Server).sharePage},
	{pattern: "POST /b/{business}/p/{party}/share", access: editor, handle: (*Server).shareParty},
	{pattern: "POST /b/{business}/p/{party}/share/{share}/revoke", access: editor, handle: (*Server).revokeShare},
	{pattern: "GET /b/{business}/p/{party}/entries/new", access: writer, handle: (*Server).newEntryForm},
	{pattern: "POST /b/{business}/p/{party}/entries/new", access: writer, handle: (*Server).newEntry},
	{pattern: "GET /b/{business}/p/{party}/entries/{entry}/edit", access: writer, handle: (*Server).editEntryForm},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/edit", access: writer, handle: (*Server).editEntry},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/delete", access: writer, handle: (*Server).deleteEntry},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/restore", access: writer, handle: (*Server).restoreEntry},

	// What an owner has shared with a party. The token alone opens it; no session is read.
	{pattern: "GET /s/{token}", access: anyone, secret: true, keepsFlash: true, handle: (*Server).sharedStatement},

	// Plans and payments.
	{pattern: "GET /pricing", access: anyone, handle: (*Server).pricingPage},
	{pattern: "GET /billing", access: owner, handle: (*Server).billingPage},
	{pattern: "GET /billing/checkout", access: owner, handle: (*Server).checkoutForm},
	{pattern: "POST /billing/checkout", access: owner, handle: (*Server).checkout},
	{pattern: "GET /billing/return", access: owner, handle: (*Server).returnPage},
	{pattern: "POST /billing/return", access: owner, handle: (*Server).verifyReturn},
	{pattern: "POST " + razorpayCallback, access: anyone, handle: (*Server).razorpayReturn},
	{pattern: "GET /billing/change", access: owner, handle: (*Server).changeForm},
	{pattern: "POST /billing/change", access: owner, handle: (*Server).changePlan},
	{pattern: "GET /billing/invoices/{provider}/{invoice}", access: owner, keepsFlash: true, handle: (*Server).openInvoice},
	{pattern: "POST /billing/resume", access: owner, handle: (*Server).resumePlan},
	{pattern: "POST /billing/discard", access: owner, handle: (*Server).discardCheckout},
	{pattern: "GET /billing/usage", access: owner, handle: (*Server).usagePage},
	{pattern: "GET /billing/usage.csv", access: owner, keepsFlash: true, handle: (*Server).usageCSV},
	{pattern: "POST /billing/topup", access: owner, handle: (*Server).buyTopUp},
	{pattern: "POST /billing/keys", access: owner, handle: (*Server).makeKey},
	{pattern: "POST /billing/keys/{id}/revoke", access: owner, handle: (*Server).revokeKey},
	{pattern: "POST /billing/cancel", access: owner, handle: (*Server).cancelPlan},
	{pattern: "POST /billing/portal", access: owner, handle: (*Server).openPortal},

	// The API of the pages and of an account's own programs.
	{pattern: "GET /api/billing/me", access: anyRole, handle: (*Server).apiMe},
	{pattern: "POST /api/billing/checkout", access: owner, maxBody: maxForm, handle: (*Server).apiCheckout},
	{pattern: "POST /api/billing/verify", access: owner, maxBody: maxForm, handle: (*Server).apiVerify},
	{pattern: "POST /api/billing/portal", access: owner, maxBody: maxForm, handle: (*Server).apiPortal},
	{pattern: "GET /api/billing/usage", access: owner, handle: (*Server).apiUsage},
	{pattern: "GET /api/billing/invoices", access: owner, handle: (*Server).apiInvoices},
	{pattern: "GET /api/businesses/{business}/parties", access: anyRole, handle: (*Server).apiParties},
	{pattern: "POST /api/businesses/{business}/parties", access: editor, maxBody: maxForm, handle: (*Server).apiAddParty},
	{pattern: "GET /api/businesses/{business}/parties/{party}", access: anyRole, handle: (*Server).apiParty},
	{pattern: "POST /api/businesses/{business}/entries", access: writer, maxBody: maxForm, handle: (*Server).apiAddEntry},
	{pattern: "POST /api/businesses/{business}/entries/batch", access: editor, maxBody: maxGrid, handle: (*Server).apiBatch},
	{pattern: "POST /api/businesses/{business}/grid/draft", access: editor, maxBody: maxGrid, handle: (*Server).apiDraft},
	{pattern: "GET /api/businesses/{business}/tasks/{task}", access: reader, handle: (*Server).apiTask},
	{pattern: "POST /api/businesses/{business}/tasks/{task}/stop", access: reader, maxBody: maxForm, handle: (*Server).stopTask},
	{pattern: "GET /api/businesses/{business}/export.csv", access: reader, handle: exportBusiness(csvFile)},
	{pattern: "GET /api/businesses/{business}/export.xlsx", access: reader, handle: exportBusiness(xlsxFile)},
	{pattern: "GET /api/businesses/{business}/export.pdf", access: reader, handle: exportBusiness(pdfFile)},

	// Credits, for an account's own programs.
	{pattern: "GET /api/credits", access: program, handle: (*Server).apiCredits},
	{pattern: "GET /api/credits/entries", access: program, handle: (*Server).apiCreditEntries},
	{pattern: "POST /api/credits/consume", access: program, maxBody: maxForm, handle: (*Server).apiConsume},
	{pattern: "POST /api/credits/holds", access: program, maxBody: maxForm, handle: (*Server).apiHold},
	{pattern: "POST /api/credits/holds/{id}/capture", access: program, maxBody: maxForm, handle: (*Server).apiCapture},
	{pattern: "POST /api/credits/holds/{id}/release", access: program, maxBody: maxForm, handle: (*Server).apiRelease},
	{pattern: "GET /api/openapi.json", access: anyone, keepsFlash: true, handle: (*Server).openAPI},

	// The operators' room.
	{pattern: "GET /admin", access: operator, handle: (*Server).desk},
	{pattern: "GET /admin/inbox", access: operator, handle: (*Server).inboxPage},
	{pattern: "GET /admin/inbox/{provider}/{event}", access: operator, handle: (*Server).eventPage},
	{pattern: "POST /admin/inbox/{provider}/{event}/replay", access: operator, handle: (*Server).replayEvent},
	{pattern: "GET /admin/review", access: operator, handle: (*Server).reviewPage},
	{pattern: "GET /admin/review/{item}", access: operator, handle: (*Server).itemPage},
	{pattern: "POST /admin/review/{item}", access: operator, handle: (*Server).resolveItem},
	{pattern: "GET /admin/reconcile", access: operator, handle: (*Server).reconcilePage},
	{pattern: "POST /admin/reconcile", access: operator, handle: (*Server).reconcileAccount},
	{pattern: "GET /admin/support", access: operator, handle: (*Server).supportPage},
	{pattern: "POST /admin/support", access: operator, handle: (*Server).lookUp},

	// What providers send. The raw body is verified before anything is read from it.
	{pattern: "POST /api/stripe/webhook", access: anyone, maxBody: maxWebhook, handle: (*Server).stripeWebhook},
	{pattern: "POST /api/razorpay/webhook", access: anyone, maxBody: maxWebhook, handle: (*Server).razorpayWebhook},

	// Machines that watch us, and the mails of a development set-up.
	{pattern: "GET /healthz", access: anyone, keepsFlash: true, handle: (*Server).healthz},
	{pattern: "GET /readyz", access: anyone, keepsFlash: true, handle: (*Server).readyz},
	{pattern: "POST /dev/demo", access: anyone, development: true, handle: (*Server).openDemo},
	{pattern: "POST /api/dev/demo", access: anyone, development: true, handle: (*Server).apiDemo},
	{pattern: "GET /dev/outbox", access: anyone, development: true, handle: (*Server).outboxPage},
	{pattern: "GET /dev/outbox/{id}", access: anyone, development: true, secret: true, handle: (*Server).outboxMail},
}
