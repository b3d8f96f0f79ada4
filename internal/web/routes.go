package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/web/bulk"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/khata"
)

const (
	razorpayCallback = billing.RazorpayReturnPath
	maxWebhook       = 1 << 20
)

// routesOf is every address that answers, in the order of the product's rooms.
// A test holds each against the shared exercise: signed out, a stranger with
// the owner's real ids, the wrong role.
func routesOf(s *Server) []frame.Route {
	return []frame.Route{
		// The door.
		{Pattern: "GET /{$}", Access: frame.Anyone, Handle: front(s.plans.Landing, s.khata.Home)},
		{Pattern: "GET /signup", Access: frame.Anyone, Handle: s.door.SignUpForm},
		{Pattern: "POST /signup", Access: frame.Anyone, Handle: s.door.SignUp},
		{Pattern: "GET /signup/sent", Access: frame.Anyone, Handle: s.door.SignUpSent},
		{Pattern: "POST /signup/again", Access: frame.Anyone, Handle: s.door.SignUpAgain},
		{Pattern: "GET /confirm/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.ConfirmForm},
		{Pattern: "POST /confirm/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.Confirm},
		{Pattern: "GET /login", Access: frame.Anyone, Handle: s.door.LoginForm},
		{Pattern: "POST /login", Access: frame.Anyone, Handle: s.door.Login},
		{Pattern: "POST /logout", Access: frame.Anyone, Handle: s.door.Logout},
		{Pattern: "POST /logout/everywhere", Access: frame.SignedIn, Handle: s.door.LogoutEverywhere},
		{Pattern: "GET /recover", Access: frame.Anyone, Handle: s.door.RecoverForm},
		{Pattern: "POST /recover", Access: frame.Anyone, Handle: s.door.Recover},
		{Pattern: "GET /recover/sent", Access: frame.Anyone, Handle: s.door.RecoverSent},
		{Pattern: "GET /recover/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.NewPasswordForm},
		{Pattern: "POST /recover/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.NewPassword},
		{Pattern: "GET /invite/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.InviteForm},
		{Pattern: "POST /invite/{token}", Access: frame.Anyone, Secret: true, Handle: s.door.AcceptInvite},
		{Pattern: "POST /language", Access: frame.Anyone, Handle: s.door.SetLanguage},
		{Pattern: "GET /offline", Access: frame.Anyone, KeepsFlash: true, Handle: s.khata.OfflinePage},
		{Pattern: "GET /waiting", Access: frame.SignedIn, Handle: s.khata.WaitingPage},

		// A user's own settings, and the team of an account.
		{Pattern: "GET /settings", Access: frame.SignedIn, Handle: s.accounts.SettingsForm},
		{Pattern: "POST /settings", Access: frame.SignedIn, Handle: s.accounts.SaveSettings},
		{Pattern: "POST /settings/password", Access: frame.SignedIn, Handle: s.accounts.ChangePassword},
		{Pattern: "POST /settings/sessions/{id}/end", Access: frame.SignedIn, Handle: s.accounts.EndOneSession},
		{Pattern: "POST /settings/teams/{id}/leave", Access: frame.SignedIn, Handle: s.accounts.LeaveTeam},
		{Pattern: "POST /settings/delete", Access: frame.SignedIn, Handle: s.accounts.DeleteLogin},
		{Pattern: "GET /account/new", Access: frame.SignedIn, Handle: s.accounts.OwnAccountForm},
		{Pattern: "POST /account/new", Access: frame.SignedIn, Handle: s.accounts.OpenOwnAccount},
		{Pattern: "POST /account/keep", Access: frame.SignedIn, Handle: s.accounts.KeepAccount},
		{Pattern: "POST /account", Access: frame.SignedIn, Handle: s.accounts.SwitchAccount},
		{Pattern: "GET /mydata", Access: frame.Owns, Handle: s.accounts.MyDataPage},
		{Pattern: "GET /mydata/download", Access: frame.Owns, KeepsFlash: true, Handle: s.accounts.MyData},
		{Pattern: "POST /mydata/delete", Access: frame.Owns, Handle: s.accounts.DeleteAccount},
		{Pattern: "GET /team", Access: frame.Owns, Handle: s.accounts.TeamPage},
		{Pattern: "POST /team/invite", Access: frame.Owns, Handle: s.accounts.Invite},
		{Pattern: "POST /team/invitations/{id}/resend", Access: frame.Owns, Handle: s.accounts.ResendInvitation},
		{Pattern: "POST /team/invitations/{id}/revoke", Access: frame.Owns, Handle: s.accounts.RevokeInvitation},
		{Pattern: "POST /team/members/{id}/role", Access: frame.Owns, Handle: s.accounts.ChangeRole},
		{Pattern: "POST /team/members/{id}/remove", Access: frame.Owns, Handle: s.accounts.RemoveMember},
		{Pattern: "GET /businesses/new", Access: frame.Owns, Handle: s.accounts.NewBusinessForm},
		{Pattern: "POST /businesses/new", Access: frame.Owns, Handle: s.accounts.NewBusiness},

		// The khata.
		{Pattern: "GET /b/{business}", Access: frame.Member, Handle: s.khata.PartiesPage},
		{Pattern: "GET /b/{business}/parties/new", Access: frame.RunsKhata, Handle: s.khata.NewPartyForm},
		{Pattern: "POST /b/{business}/parties/new", Access: frame.RunsKhata, Handle: s.khata.NewParty},
		{Pattern: "GET /b/{business}/grid", Access: frame.RunsKhata, Handle: s.bulk.GridPage},
		{Pattern: "POST /b/{business}/grid", Access: frame.RunsKhata, MaxBody: bulk.MaxGrid, Handle: s.bulk.SaveGrid},
		{Pattern: "GET /b/{business}/import", Access: frame.RunsKhata, Handle: s.bulk.ImportPage},
		{Pattern: "POST /b/{business}/import", Access: frame.RunsKhata, MaxBody: bulk.MaxImport, Handle: s.bulk.SendFile},
		{Pattern: "GET /b/{business}/import/{upload}", Access: frame.RunsKhata, Handle: s.bulk.PreviewImport},
		{Pattern: "POST /b/{business}/import/{upload}", Access: frame.RunsKhata, Handle: s.bulk.ApplyImport},
		{Pattern: "POST /b/{business}/batches/{batch}/undo", Access: frame.RunsKhata, Handle: s.bulk.UndoBatch},
		{Pattern: "GET /b/{business}/bin", Access: frame.RunsKhata, Handle: s.khata.BinPage},
		{Pattern: "GET /b/{business}/upgrade", Access: frame.Member, Handle: s.plans.UpgradePage},
		{Pattern: "GET /b/{business}/settings", Access: frame.RunsKhata, Handle: s.accounts.BusinessSettingsForm},
		{Pattern: "POST /b/{business}/settings", Access: frame.RunsKhata, Handle: s.accounts.SaveBusinessSettings},
		{Pattern: "GET /b/{business}/lock", Access: frame.SeesTotals, Handle: s.khata.LockPage},
		{Pattern: "POST /b/{business}/lock", Access: frame.Owns, Handle: s.khata.SetLock},
		{Pattern: "GET /b/{business}/upi", Access: frame.RunsKhata, Handle: s.khata.PayeePage},
		{Pattern: "POST /b/{business}/upi", Access: frame.Owns, Handle: s.khata.SetPayee},
		{Pattern: "GET /b/{business}/reports", Access: frame.SeesTotals, Handle: s.khata.ReportsPage},
		{Pattern: "GET /b/{business}/export.csv", Access: frame.SeesTotals, KeepsFlash: true, Handle: s.khata.ExportBusiness(khata.CSV)},
		{Pattern: "GET /b/{business}/export.xlsx", Access: frame.SeesTotals, KeepsFlash: true, Handle: s.khata.ExportBusiness(khata.XLSX)},
		{Pattern: "GET /b/{business}/export.pdf", Access: frame.SeesTotals, KeepsFlash: true, Handle: s.khata.ExportBusiness(khata.PDF)},
		{Pattern: "GET /b/{business}/p/{party}", Access: frame.Member, Handle: s.khata.PartyPage},
		{Pattern: "GET /b/{business}/p/{party}/edit", Access: frame.RunsKhata, Handle: s.khata.EditPartyForm},
		{Pattern: "POST /b/{business}/p/{party}/edit", Access: frame.RunsKhata, Handle: s.khata.EditParty},
		{Pattern: "POST /b/{business}/p/{party}/delete", Access: frame.RunsKhata, Handle: s.khata.DeleteParty},
		{Pattern: "POST /b/{business}/p/{party}/restore", Access: frame.RunsKhata, Handle: s.khata.RestoreParty},
		{Pattern: "GET /b/{business}/p/{party}/history", Access: frame.SeesTotals, Handle: s.khata.HistoryPage},
		{Pattern: "GET /b/{business}/p/{party}/statement", Access: frame.SeesTotals, Handle: s.khata.StatementPage},
		{Pattern: "GET /b/{business}/p/{party}/export.csv", Access: frame.SeesTotals, KeepsFlash: true,
			Handle: s.khata.ExportParty(khata.CSV)},
		{Pattern: "GET /b/{business}/p/{party}/export.xlsx", Access: frame.SeesTotals, KeepsFlash: true,
			Handle: s.khata.ExportParty(khata.XLSX)},
		{Pattern: "GET /b/{business}/p/{party}/export.pdf", Access: frame.SeesTotals, KeepsFlash: true,
			Handle: s.khata.ExportParty(khata.PDF)},
		{Pattern: "GET /b/{business}/p/{party}/opening", Access: frame.RunsKhata, Handle: s.khata.OpeningForm},
		{Pattern: "POST /b/{business}/p/{party}/opening", Access: frame.RunsKhata, Handle: s.khata.AddOpening},
		{Pattern: "GET /b/{business}/p/{party}/remind", Access: frame.RunsKhata, Handle: s.khata.RemindPage},
		{Pattern: "POST /b/{business}/p/{party}/remind", Access: frame.RunsKhata, Handle: s.khata.RemindParty},
		{Pattern: "GET /b/{business}/p/{party}/upi", Access: frame.SeesTotals, Handle: s.khata.PayPage},
		{Pattern: "GET /b/{business}/p/{party}/share", Access: frame.RunsKhata, Handle: s.khata.SharePage},
		{Pattern: "POST /b/{business}/p/{party}/share", Access: frame.RunsKhata, Handle: s.khata.ShareParty},
		{Pattern: "POST /b/{business}/p/{party}/share/{share}/revoke", Access: frame.RunsKhata, Handle: s.khata.RevokeShare},
		{Pattern: "GET /b/{business}/p/{party}/entries/new", Access: frame.AddsEntries, Handle: s.khata.NewEntryForm},
		{Pattern: "POST /b/{business}/p/{party}/entries/new", Access: frame.AddsEntries, Handle: s.khata.NewEntry},
		{Pattern: "GET /b/{business}/p/{party}/entries/{entry}/edit", Access: frame.AddsEntries,
			Handle: s.khata.EditEntryForm},
		{Pattern: "POST /b/{business}/p/{party}/entries/{entry}/edit", Access: frame.AddsEntries, Handle: s.khata.EditEntry},
		{Pattern: "POST /b/{business}/p/{party}/entries/{entry}/delete", Access: frame.AddsEntries,
			Handle: s.khata.DeleteEntry},
		{Pattern: "POST /b/{business}/p/{party}/entries/{entry}/restore", Access: frame.AddsEntries,
			Handle: s.khata.RestoreEntry},

		// What an owner has shared with a party. The token alone opens it; no session is read.
		{Pattern: "GET /s/{token}", Access: frame.Anyone, Secret: true, KeepsFlash: true, Handle: s.khata.SharedStatement},

		// Plans and payments.
		{Pattern: "GET /pricing", Access: frame.Anyone, Handle: s.plans.PricingPage},
		{Pattern: "GET /billing", Access: frame.Owns, Handle: s.plans.BillingPage},
		{Pattern: "GET /billing/checkout", Access: frame.Owns, Handle: s.plans.CheckoutForm},
		{Pattern: "POST /billing/checkout", Access: frame.Owns, Handle: s.plans.Checkout},
		{Pattern: "GET /billing/return", Access: frame.Owns, Handle: s.plans.ReturnPage},
		{Pattern: "POST /billing/return", Access: frame.Owns, Handle: s.plans.VerifyReturn},
		{Pattern: "POST " + razorpayCallback, Access: frame.Anyone, Foreign: true, Handle: s.plans.RazorpayReturn},
		{Pattern: "GET /billing/change", Access: frame.Owns, Handle: s.plans.ChangeForm},
		{Pattern: "POST /billing/change", Access: frame.Owns, Handle: s.plans.ChangePlan},
		{Pattern: "GET /billing/invoices/{provider}/{invoice}", Access: frame.Owns, KeepsFlash: true,
			Handle: s.plans.OpenInvoice},
		{Pattern: "POST /billing/resume", Access: frame.Owns, Handle: s.plans.ResumePlan},
		{Pattern: "POST /billing/discard", Access: frame.Owns, Handle: s.plans.DiscardCheckout},
		{Pattern: "GET /billing/usage", Access: frame.Owns, Handle: s.plans.UsagePage},
		{Pattern: "GET /billing/usage.csv", Access: frame.Owns, KeepsFlash: true, Handle: s.plans.UsageCSV},
		{Pattern: "POST /billing/topup", Access: frame.Owns, Handle: s.plans.BuyTopUp},
		{Pattern: "POST /billing/keys", Access: frame.Owns, Handle: s.plans.MakeKey},
		{Pattern: "POST /billing/keys/{id}/revoke", Access: frame.Owns, Handle: s.plans.RevokeKey},
		{Pattern: "POST /billing/cancel", Access: frame.Owns, Handle: s.plans.CancelPlan},
		{Pattern: "POST /billing/portal", Access: frame.Owns, Handle: s.plans.OpenPortal},

		// The API of the pages and of an account's own programs.
		{Pattern: "GET /api/billing/me", Access: frame.Member, Handle: s.plans.ApiMe},
		{Pattern: "POST /api/billing/checkout", Access: frame.Owns, MaxBody: frame.MaxForm, Handle: s.plans.ApiCheckout},
		{Pattern: "POST /api/billing/verify", Access: frame.Owns, MaxBody: frame.MaxForm, Handle: s.plans.ApiVerify},
		{Pattern: "POST /api/billing/portal", Access: frame.Owns, MaxBody: frame.MaxForm, Handle: s.plans.ApiPortal},
		{Pattern: "GET /api/billing/usage", Access: frame.Owns, Handle: s.plans.ApiUsage},
		{Pattern: "GET /api/billing/invoices", Access: frame.Owns, Handle: s.plans.ApiInvoices},
		{Pattern: "GET /api/businesses/{business}/parties", Access: frame.Member, Handle: s.khata.ApiParties},
		{Pattern: "POST /api/businesses/{business}/parties", Access: frame.RunsKhata, MaxBody: frame.MaxForm,
			Handle: s.khata.ApiAddParty},
		{Pattern: "GET /api/businesses/{business}/parties/{party}", Access: frame.Member, Handle: s.khata.ApiParty},
		{Pattern: "POST /api/businesses/{business}/entries", Access: frame.AddsEntries, MaxBody: frame.MaxForm,
			Handle: s.khata.ApiAddEntry},
		{Pattern: "POST /api/businesses/{business}/entries/batch", Access: frame.RunsKhata, MaxBody: bulk.MaxGrid,
			Handle: s.bulk.ApiBatch},
		{Pattern: "POST /api/businesses/{business}/grid/draft", Access: frame.RunsKhata, MaxBody: bulk.MaxGrid,
			Handle: s.bulk.ApiDraft},
		{Pattern: "GET /api/businesses/{business}/tasks/{task}", Access: frame.SeesTotals, Handle: s.khata.ApiTask},
		{Pattern: "POST /api/businesses/{business}/tasks/{task}/stop", Access: frame.SeesTotals, MaxBody: frame.MaxForm,
			Handle: s.khata.StopTask},
		{Pattern: "GET /api/businesses/{business}/export.csv", Access: frame.SeesTotals, Handle: s.khata.ExportBusiness(khata.CSV)},
		{Pattern: "GET /api/businesses/{business}/export.xlsx", Access: frame.SeesTotals, Handle: s.khata.ExportBusiness(khata.XLSX)},
		{Pattern: "GET /api/businesses/{business}/export.pdf", Access: frame.SeesTotals, Handle: s.khata.ExportBusiness(khata.PDF)},

		// Credits, for an account's own programs.
		{Pattern: "GET /api/credits", Access: frame.Program, Handle: s.programs.ApiCredits},
		{Pattern: "GET /api/credits/entries", Access: frame.Program, Handle: s.programs.ApiCreditEntries},
		{Pattern: "POST /api/credits/consume", Access: frame.Program, MaxBody: frame.MaxForm, Handle: s.programs.ApiConsume},
		{Pattern: "POST /api/credits/holds", Access: frame.Program, MaxBody: frame.MaxForm, Handle: s.programs.ApiHold},
		{Pattern: "POST /api/credits/holds/{id}/capture", Access: frame.Program, MaxBody: frame.MaxForm, Handle: s.programs.ApiCapture},
		{Pattern: "POST /api/credits/holds/{id}/release", Access: frame.Program, MaxBody: frame.MaxForm, Handle: s.programs.ApiRelease},
		{Pattern: "GET /api/openapi.json", Access: frame.Anyone, KeepsFlash: true, Handle: s.OpenAPI},

		// The operators' room.
		{Pattern: "GET /admin", Access: frame.Operator, Handle: s.operators.Desk},
		{Pattern: "GET /admin/inbox", Access: frame.Operator, Handle: s.operators.InboxPage},
		{Pattern: "GET /admin/inbox/{provider}/{event}", Access: frame.Operator, Handle: s.operators.EventPage},
		{Pattern: "POST /admin/inbox/{provider}/{event}/replay", Access: frame.Operator, Handle: s.operators.ReplayEvent},
		{Pattern: "GET /admin/review", Access: frame.Operator, Handle: s.operators.ReviewPage},
		{Pattern: "GET /admin/review/{item}", Access: frame.Operator, Handle: s.operators.ItemPage},
		{Pattern: "POST /admin/review/{item}", Access: frame.Operator, Handle: s.operators.ResolveItem},
		{Pattern: "POST /admin/review/{item}/snooze", Access: frame.Operator, Handle: s.operators.SnoozeItem},
		{Pattern: "GET /admin/alerts/{provider}/{kind}", Access: frame.Operator, Handle: s.operators.AlertPage},
		{Pattern: "POST /admin/alerts/{provider}/{kind}", Access: frame.Operator, Handle: s.operators.MuteAlert},
		{Pattern: "GET /admin/reconcile", Access: frame.Operator, Handle: s.operators.ReconcilePage},
		{Pattern: "POST /admin/reconcile", Access: frame.Operator, Handle: s.operators.ReconcileAccount},
		{Pattern: "GET /admin/credits", Access: frame.Operator, Handle: s.operators.CreditsDesk},
		{Pattern: "POST /admin/credits", Access: frame.Operator, Handle: s.operators.ChangeCredits},
		{Pattern: "GET /admin/support", Access: frame.Operator, Handle: s.operators.SupportPage},
		{Pattern: "POST /admin/support", Access: frame.Operator, Handle: s.operators.LookUp},

		// What providers send. The raw body is verified before anything is read from it.
		{Pattern: "POST /api/stripe/webhook", Access: frame.Anyone, MaxBody: maxWebhook, Handle: s.plans.StripeWebhook},
		{Pattern: "POST /api/razorpay/webhook", Access: frame.Anyone, MaxBody: maxWebhook, Handle: s.plans.RazorpayWebhook},

		// Machines that watch us, and the mails of a development set-up.
		{Pattern: "GET /healthz", Access: frame.Anyone, KeepsFlash: true, Handle: s.Healthz},
		{Pattern: "GET /readyz", Access: frame.Anyone, KeepsFlash: true, Handle: s.Readyz},
		{Pattern: "POST /dev/demo", Access: frame.Anyone, Development: true, Handle: s.development.OpenDemo},
		{Pattern: "POST /api/dev/demo", Access: frame.Anyone, Development: true, Handle: s.development.ApiDemo},
		{Pattern: "GET /dev/outbox", Access: frame.Anyone, Development: true, Handle: s.development.OutboxPage},
		{Pattern: "GET /dev/outbox/{id}", Access: frame.Anyone, Development: true, Secret: true, Handle: s.development.OutboxMail},
	}
}

// front is the first page: one for visitors, another for who is signed in.
func front(visitor, user frame.Handler) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		if err := r.Look(); err != nil {
			return err
		}
		if !r.Known {
			return visitor(w, r)
		}
		return user(w, r)
	}
}
