package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/role"
)

// An access says who may use a route. Rights are those in the business that the
// path names, or in the session's account where the path names none.
type access int

const (
	anyone     access = iota // no session needed
	signedIn                 // a session, whatever the role
	member                   // every member, whatever the role
	seesTotals               // members with the right of this name; so on for the next three
	addsEntries
	runsKhata
	owns
	operator // who runs this server; everybody else gets 404
	program  // an API key, in the header Authorization; no session
)

// admits reports whether a member with these rights may use a route.
func (a access) admits(r role.Rights) bool {
	switch a {
	case member:
		return true
	case seesTotals:
		return r.SeesTotals
	case addsEntries:
		return r.AddsEntries
	case runsKhata:
		return r.RunsKhata
	case owns:
		return r.Owns
	}
	return false
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
	{pattern: "GET /mydata", access: owns, handle: (*Server).myDataPage},
	{pattern: "GET /mydata/download", access: owns, keepsFlash: true, handle: (*Server).myData},
	{pattern: "POST /mydata/delete", access: owns, handle: (*Server).deleteAccount},
	{pattern: "GET /team", access: owns, handle: (*Server).teamPage},
	{pattern: "POST /team/invite", access: owns, handle: (*Server).invite},
	{pattern: "POST /team/invitations/{id}/resend", access: owns, handle: (*Server).resendInvitation},
	{pattern: "POST /team/invitations/{id}/revoke", access: owns, handle: (*Server).revokeInvitation},
	{pattern: "POST /team/members/{id}/role", access: owns, handle: (*Server).changeRole},
	{pattern: "POST /team/members/{id}/remove", access: owns, handle: (*Server).removeMember},
	{pattern: "GET /businesses/new", access: owns, handle: (*Server).newBusinessForm},
	{pattern: "POST /businesses/new", access: owns, handle: (*Server).newBusiness},

	// The khata.
	{pattern: "GET /b/{business}", access: member, handle: (*Server).partiesPage},
	{pattern: "GET /b/{business}/parties/new", access: runsKhata, handle: (*Server).newPartyForm},
	{pattern: "POST /b/{business}/parties/new", access: runsKhata, handle: (*Server).newParty},
	{pattern: "GET /b/{business}/grid", access: runsKhata, handle: (*Server).gridPage},
	{pattern: "POST /b/{business}/grid", access: runsKhata, maxBody: maxGrid, handle: (*Server).saveGrid},
	{pattern: "GET /b/{business}/import", access: runsKhata, handle: (*Server).importPage},
	{pattern: "POST /b/{business}/import", access: runsKhata, maxBody: maxImport, handle: (*Server).sendFile},
	{pattern: "GET /b/{business}/import/{upload}", access: runsKhata, handle: (*Server).previewImport},
	{pattern: "POST /b/{business}/import/{upload}", access: runsKhata, handle: (*Server).applyImport},
	{pattern: "POST /b/{business}/batches/{batch}/undo", access: runsKhata, handle: (*Server).undoBatch},
	{pattern: "GET /b/{business}/bin", access: runsKhata, handle: (*Server).binPage},
	{pattern: "GET /b/{business}/upgrade", access: member, handle: (*Server).upgradePage},
	{pattern: "GET /b/{business}/settings", access: runsKhata, handle: (*Server).businessSettingsForm},
	{pattern: "POST /b/{business}/settings", access: runsKhata, handle: (*Server).saveBusinessSettings},
	{pattern: "GET /b/{business}/lock", access: seesTotals, handle: (*Server).lockPage},
	{pattern: "POST /b/{business}/lock", access: owns, handle: (*Server).setLock},
	{pattern: "GET /b/{business}/upi", access: runsKhata, handle: (*Server).payeePage},
	{pattern: "POST /b/{business}/upi", access: owns, handle: (*Server).setPayee},
	{pattern: "GET /b/{business}/reports", access: seesTotals, handle: (*Server).reportsPage},
	{pattern: "GET /b/{business}/export.csv", access: seesTotals, keepsFlash: true, handle: exportBusiness(csvFile)},
	{pattern: "GET /b/{business}/export.xlsx", access: seesTotals, keepsFlash: true, handle: exportBusiness(xlsxFile)},
	{pattern: "GET /b/{business}/export.pdf", access: seesTotals, keepsFlash: true, handle: exportBusiness(pdfFile)},
	{pattern: "GET /b/{business}/p/{party}", access: member, handle: (*Server).partyPage},
	{pattern: "GET /b/{business}/p/{party}/edit", access: runsKhata, handle: (*Server).editPartyForm},
	{pattern: "POST /b/{business}/p/{party}/edit", access: runsKhata, handle: (*Server).editParty},
	{pattern: "POST /b/{business}/p/{party}/delete", access: runsKhata, handle: (*Server).deleteParty},
	{pattern: "POST /b/{business}/p/{party}/restore", access: runsKhata, handle: (*Server).restoreParty},
	{pattern: "GET /b/{business}/p/{party}/history", access: seesTotals, handle: (*Server).historyPage},
	{pattern: "GET /b/{business}/p/{party}/statement", access: seesTotals, handle: (*Server).statementPage},
	{pattern: "GET /b/{business}/p/{party}/export.csv", access: seesTotals, keepsFlash: true,
		handle: exportParty(csvFile)},
	{pattern: "GET /b/{business}/p/{party}/export.xlsx", access: seesTotals, keepsFlash: true,
		handle: exportParty(xlsxFile)},
	{pattern: "GET /b/{business}/p/{party}/export.pdf", access: seesTotals, keepsFlash: true,
		handle: exportParty(pdfFile)},
	{pattern: "GET /b/{business}/p/{party}/opening", access: runsKhata, handle: (*Server).openingForm},
	{pattern: "POST /b/{business}/p/{party}/opening", access: runsKhata, handle: (*Server).addOpening},
	{pattern: "GET /b/{business}/p/{party}/remind", access: runsKhata, handle: (*Server).remindPage},
	{pattern: "POST /b/{business}/p/{party}/remind", access: runsKhata, handle: (*Server).remindParty},
	{pattern: "GET /b/{business}/p/{party}/upi", access: seesTotals, handle: (*Server).payPage},
	{pattern: "GET /b/{business}/p/{party}/share", access: runsKhata, handle: (*Server).sharePage},
	{pattern: "POST /b/{business}/p/{party}/share", access: runsKhata, handle: (*Server).shareParty},
	{pattern: "POST /b/{business}/p/{party}/share/{share}/revoke", access: runsKhata, handle: (*Server).revokeShare},
	{pattern: "GET /b/{business}/p/{party}/entries/new", access: addsEntries, handle: (*Server).newEntryForm},
	{pattern: "POST /b/{business}/p/{party}/entries/new", access: addsEntries, handle: (*Server).newEntry},
	{pattern: "GET /b/{business}/p/{party}/entries/{entry}/edit", access: addsEntries,
		handle: (*Server).editEntryForm},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/edit", access: addsEntries, handle: (*Server).editEntry},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/delete", access: addsEntries,
		handle: (*Server).deleteEntry},
	{pattern: "POST /b/{business}/p/{party}/entries/{entry}/restore", access: addsEntries,
		handle: (*Server).restoreEntry},

	// What an owner has shared with a party. The token alone opens it; no session is read.
	{pattern: "GET /s/{token}", access: anyone, secret: true, keepsFlash: true, handle: (*Server).sharedStatement},

	// Plans and payments.
	{pattern: "GET /pricing", access: anyone, handle: (*Server).pricingPage},
	{pattern: "GET /billing", access: owns, handle: (*Server).billingPage},
	{pattern: "GET /billing/checkout", access: owns, handle: (*Server).checkoutForm},
	{pattern: "POST /billing/checkout", access: owns, handle: (*Server).checkout},
	{pattern: "GET /billing/return", access: owns, handle: (*Server).returnPage},
	{pattern: "POST /billing/return", access: owns, handle: (*Server).verifyReturn},
	{pattern: "POST " + razorpayCallback, access: anyone, handle: (*Server).razorpayReturn},
	{pattern: "GET /billing/change", access: owns, handle: (*Server).changeForm},
	{pattern: "POST /billing/change", access: owns, handle: (*Server).changePlan},
	{pattern: "GET /billing/invoices/{provider}/{invoice}", access: owns, keepsFlash: true,
		handle: (*Server).openInvoice},
	{pattern: "POST /billing/resume", access: owns, handle: (*Server).resumePlan},
	{pattern: "POST /billing/discard", access: owns, handle: (*Server).discardCheckout},
	{pattern: "GET /billing/usage", access: owns, handle: (*Server).usagePage},
	{pattern: "GET /billing/usage.csv", access: owns, keepsFlash: true, handle: (*Server).usageCSV},
	{pattern: "POST /billing/topup", access: owns, handle: (*Server).buyTopUp},
	{pattern: "POST /billing/keys", access: owns, handle: (*Server).makeKey},
	{pattern: "POST /billing/keys/{id}/revoke", access: owns, handle: (*Server).revokeKey},
	{pattern: "POST /billing/cancel", access: owns, handle: (*Server).cancelPlan},
	{pattern: "POST /billing/portal", access: owns, handle: (*Server).openPortal},

	// The API of the pages and of an account's own programs.
	{pattern: "GET /api/billing/me", access: member, handle: (*Server).apiMe},
	{pattern: "POST /api/billing/checkout", access: owns, maxBody: maxForm, handle: (*Server).apiCheckout},
	{pattern: "POST /api/billing/verify", access: owns, maxBody: maxForm, handle: (*Server).apiVerify},
	{pattern: "POST /api/billing/portal", access: owns, maxBody: maxForm, handle: (*Server).apiPortal},
	{pattern: "GET /api/billing/usage", access: owns, handle: (*Server).apiUsage},
	{pattern: "GET /api/billing/invoices", access: owns, handle: (*Server).apiInvoices},
	{pattern: "GET /api/businesses/{business}/parties", access: member, handle: (*Server).apiParties},
	{pattern: "POST /api/businesses/{business}/parties", access: runsKhata, maxBody: maxForm,
		handle: (*Server).apiAddParty},
	{pattern: "GET /api/businesses/{business}/parties/{party}", access: member, handle: (*Server).apiParty},
	{pattern: "POST /api/businesses/{business}/entries", access: addsEntries, maxBody: maxForm,
		handle: (*Server).apiAddEntry},
	{pattern: "POST /api/businesses/{business}/entries/batch", access: runsKhata, maxBody: maxGrid,
		handle: (*Server).apiBatch},
	{pattern: "POST /api/businesses/{business}/grid/draft", access: runsKhata, maxBody: maxGrid,
		handle: (*Server).apiDraft},
	{pattern: "GET /api/businesses/{business}/tasks/{task}", access: seesTotals, handle: (*Server).apiTask},
	{pattern: "POST /api/businesses/{business}/tasks/{task}/stop", access: seesTotals, maxBody: maxForm,
		handle: (*Server).stopTask},
	{pattern: "GET /api/businesses/{business}/export.csv", access: seesTotals, handle: exportBusiness(csvFile)},
	{pattern: "GET /api/businesses/{business}/export.xlsx", access: seesTotals, handle: exportBusiness(xlsxFile)},
	{pattern: "GET /api/businesses/{business}/export.pdf", access: seesTotals, handle: exportBusiness(pdfFile)},

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
	{pattern: "POST /admin/review/{item}/snooze", access: operator, handle: (*Server).snoozeItem},
	{pattern: "GET /admin/alerts/{provider}/{kind}", access: operator, handle: (*Server).alertPage},
	{pattern: "POST /admin/alerts/{provider}/{kind}", access: operator, handle: (*Server).muteAlert},
	{pattern: "GET /admin/reconcile", access: operator, handle: (*Server).reconcilePage},
	{pattern: "POST /admin/reconcile", access: operator, handle: (*Server).reconcileAccount},
	{pattern: "GET /admin/credits", access: operator, handle: (*Server).creditsDesk},
	{pattern: "POST /admin/credits", access: operator, handle: (*Server).changeCredits},
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
