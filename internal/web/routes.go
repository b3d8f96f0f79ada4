package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/web/apps"
	"github.com/tijorihq/tijori/internal/web/bulk"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/khata"
)

const (
	razorpayCallback = billing.RazorpayReturnPath
	maxWebhook       = 1 << 20
)

// routes is every address that answers, in the order of the product's rooms.
// A test holds each against the shared exercise: signed out, a stranger with
// the owner's real ids, the wrong role.
func (p *parts) routes() []frame.Route {
	room := p.operators.InRoom
	return []frame.Route{
		// The door.
		{Pattern: "GET /{$}", Access: frame.Anyone, Handle: front(p.plans.Landing, p.khata.Home)},
		{Pattern: "GET /signup", Access: frame.Anyone, Handle: p.door.SignUpForm},
		{Pattern: "POST /signup", Access: frame.Anyone, Handle: p.door.SignUp},
		{Pattern: "GET /signup/sent", Access: frame.Anyone, Handle: p.door.SignUpSent},
		{Pattern: "POST /signup/again", Access: frame.Anyone, Handle: p.door.SignUpAgain},
		{Pattern: "GET /confirm/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.ConfirmForm},
		{Pattern: "POST /confirm/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.Confirm},
		{
			Pattern: "POST /confirm/{token}/passkey", Access: frame.Anyone, Secret: true,
			Handle: p.door.ConfirmByPasskey,
		},
		{Pattern: "GET /login", Access: frame.Anyone, Handle: p.door.LoginForm},
		{Pattern: "POST /login", Access: frame.Anyone, Handle: p.door.Login},
		{Pattern: "POST /login/passkey", Access: frame.Anyone, Handle: p.door.LoginByPasskey},
		{Pattern: "GET /login/second", Access: frame.Anyone, Handle: p.door.SecondStepForm},
		{Pattern: "POST /login/second", Access: frame.Anyone, Handle: p.door.SecondStep},
		{Pattern: "POST /logout", Access: frame.Anyone, Handle: p.door.Logout},
		{Pattern: "POST /logout/everywhere", Access: frame.SignedIn, Handle: p.door.LogoutEverywhere},
		{Pattern: "GET /recover", Access: frame.Anyone, Handle: p.door.RecoverForm},
		{Pattern: "POST /recover", Access: frame.Anyone, Handle: p.door.Recover},
		{Pattern: "GET /recover/sent", Access: frame.Anyone, Handle: p.door.RecoverSent},
		{Pattern: "GET /recover/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.NewPasswordForm},
		{Pattern: "POST /recover/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.NewPassword},
		{Pattern: "GET /email/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.EmailForm},
		{Pattern: "POST /email/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.ConfirmEmail},
		{Pattern: "GET /email/back/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.EmailBackForm},
		{Pattern: "POST /email/back/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.TakeEmailBack},
		{Pattern: "GET /invite/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.InviteForm},
		{Pattern: "POST /invite/{token}", Access: frame.Anyone, Secret: true, Handle: p.door.AcceptInvite},
		{Pattern: "POST /language", Access: frame.Anyone, Handle: p.door.SetLanguage},
		{Pattern: "GET /status", Access: frame.Anyone, KeepsFlash: true, Handle: p.status.Page},
		{Pattern: "GET /offline", Access: frame.Anyone, KeepsFlash: true, Handle: p.khata.OfflinePage},
		{Pattern: "GET /waiting", Access: frame.SignedIn, Handle: p.khata.WaitingPage},
		{Pattern: "GET /settings/offline", Access: frame.SignedIn, Handle: p.khata.DevicePage},

		// A user's own settings, and the team of an account.
		{Pattern: "GET /settings", Access: frame.SignedIn, Handle: p.accounts.SettingsForm},
		{Pattern: "POST /settings", Access: frame.SignedIn, Handle: p.accounts.SaveSettings},
		{Pattern: "POST /settings/password", Access: frame.SignedIn, Handle: p.accounts.ChangePassword},
		{Pattern: "POST /settings/email", Access: frame.SignedIn, Handle: p.accounts.AskEmailChange},
		{Pattern: "POST /settings/email/cancel", Access: frame.SignedIn, Handle: p.accounts.CancelEmailChange},
		{Pattern: "GET /settings/signin", Access: frame.SignedIn, Handle: p.accounts.FactorsPage},
		{Pattern: "POST /settings/passkeys", Access: frame.SignedIn, Handle: p.accounts.AddPasskey},
		{Pattern: "POST /settings/passkeys/{id}/name", Access: frame.SignedIn, Handle: p.accounts.RenamePasskey},
		{Pattern: "POST /settings/passkeys/{id}/remove", Access: frame.SignedIn, Handle: p.accounts.RemovePasskey},
		{Pattern: "POST /settings/app", Access: frame.SignedIn, Handle: p.accounts.SetUpApp},
		{Pattern: "POST /settings/app/confirm", Access: frame.SignedIn, Handle: p.accounts.ConfirmApp},
		{Pattern: "POST /settings/app/remove", Access: frame.SignedIn, Handle: p.accounts.RemoveApp},
		{Pattern: "POST /settings/codes", Access: frame.SignedIn, Handle: p.accounts.NewCodes},
		{Pattern: "POST /settings/twostep", Access: frame.SignedIn, Handle: p.accounts.SetTwoStep},
		{Pattern: "GET /stepup", Access: frame.SignedIn, Handle: p.accounts.StepUpForm},
		{Pattern: "POST /stepup", Access: frame.SignedIn, Handle: p.accounts.StepUp},
		{Pattern: "POST /settings/sessions/{id}/end", Access: frame.SignedIn, Handle: p.accounts.EndOneSession},
		{Pattern: "POST /settings/teams/{id}/leave", Access: frame.SignedIn, Handle: p.accounts.LeaveTeam},
		{Pattern: "POST /settings/delete", Access: frame.SignedIn, Handle: p.accounts.DeleteLogin},
		{Pattern: "GET /account/new", Access: frame.SignedIn, Handle: p.accounts.OwnAccountForm},
		{Pattern: "POST /account/new", Access: frame.SignedIn, Handle: p.accounts.OpenOwnAccount},
		{Pattern: "POST /account/keep", Access: frame.SignedIn, Handle: p.accounts.KeepAccount},
		{Pattern: "POST /account", Access: frame.SignedIn, Handle: p.accounts.SwitchAccount},
		{Pattern: "GET /mydata", Access: frame.Owns, Handle: p.accounts.MyDataPage},
		{
			Pattern: "GET /mydata/download", Limit: frame.MakesFile, Access: frame.Owns, KeepsFlash: true,
			Handle: p.accounts.MyData,
		},
		{Pattern: "POST /mydata/delete", Access: frame.Owns, Handle: p.accounts.DeleteAccount},
		{Pattern: "GET /security", Access: frame.Owns, Handle: p.accounts.SecurityPage},
		{Pattern: "GET /team", Access: frame.Owns, Handle: p.accounts.TeamPage},
		{Pattern: "POST /team/invite", Access: frame.Owns, Handle: p.accounts.Invite},
		{Pattern: "POST /team/invitations/{id}/resend", Access: frame.Owns, Handle: p.accounts.ResendInvitation},
		{Pattern: "POST /team/invitations/{id}/revoke", Access: frame.Owns, Handle: p.accounts.RevokeInvitation},
		{Pattern: "POST /team/members/{id}/role", Access: frame.Owns, Handle: p.accounts.ChangeRole},
		{Pattern: "POST /team/members/{id}/remove", Access: frame.Owns, Handle: p.accounts.RemoveMember},
		{Pattern: "GET /businesses/new", Access: frame.Owns, Handle: p.accounts.NewBusinessForm},
		{Pattern: "POST /businesses/new", Access: frame.Owns, Handle: p.accounts.NewBusiness},

		// The khata.
		{Pattern: "GET /b/{business}", Access: frame.Member, Handle: p.khata.PartiesPage},
		{Pattern: "GET /b/{business}/collect", Access: frame.RunsKhata, Handle: p.khata.CollectPage},
		{Pattern: "GET /b/{business}/parties/new", Access: frame.RunsKhata, Handle: p.khata.NewPartyForm},
		{Pattern: "POST /b/{business}/parties/new", Access: frame.RunsKhata, Handle: p.khata.NewParty},
		{Pattern: "GET /b/{business}/grid", Access: frame.RunsKhata, Handle: p.bulk.GridPage},
		{
			Pattern: "POST /b/{business}/grid", Limit: frame.WritesMany, Access: frame.RunsKhata, MaxBody: bulk.MaxGrid,
			Handle: p.bulk.SaveGrid,
		},
		{Pattern: "GET /b/{business}/import", Access: frame.RunsKhata, Handle: p.bulk.ImportPage},
		{
			Pattern: "POST /b/{business}/import", Limit: frame.TakesFile, Access: frame.RunsKhata,
			MaxBody: bulk.MaxImport,
			Handle:  p.bulk.SendFile,
		},
		{Pattern: "GET /b/{business}/import/{upload}", Access: frame.RunsKhata, Handle: p.bulk.PreviewImport},
		{
			Pattern: "POST /b/{business}/import/{upload}", Limit: frame.TakesFile, Access: frame.RunsKhata,
			Handle: p.bulk.ApplyImport,
		},
		{
			Pattern: "POST /b/{business}/batches/{batch}/undo", Limit: frame.WritesMany, Access: frame.RunsKhata,
			Handle: p.bulk.UndoBatch,
		},
		{Pattern: "GET /b/{business}/bin", Access: frame.RunsKhata, Handle: p.khata.BinPage},
		{Pattern: "GET /b/{business}/upgrade", Access: frame.Member, Handle: p.plans.UpgradePage},
		{Pattern: "GET /b/{business}/settings", Access: frame.RunsKhata, Handle: p.accounts.BusinessSettingsForm},
		{Pattern: "POST /b/{business}/settings", Access: frame.RunsKhata, Handle: p.accounts.SaveBusinessSettings},
		{Pattern: "GET /b/{business}/lock", Access: frame.SeesTotals, Handle: p.khata.LockPage},
		{Pattern: "POST /b/{business}/lock", Access: frame.Owns, Handle: p.khata.SetLock},
		{Pattern: "POST /b/{business}/till", Access: frame.RunsKhata, Handle: p.khata.CountTill},
		{Pattern: "GET /b/{business}/upi", Access: frame.RunsKhata, Handle: p.khata.PayeePage},
		{Pattern: "POST /b/{business}/upi", Access: frame.Owns, Handle: p.khata.SetPayee},
		{Pattern: "GET /b/{business}/reports", Access: frame.SeesTotals, Handle: p.khata.ReportsPage},
		{
			Pattern: "GET /b/{business}/reports.csv", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportReport(khata.CSV),
		},
		{
			Pattern: "GET /b/{business}/reports.xlsx", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportReport(khata.XLSX),
		},
		{
			Pattern: "GET /b/{business}/reports.pdf", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportReport(khata.PDF),
		},
		{
			Pattern: "GET /b/{business}/export.csv", Limit: frame.MakesFile, Access: frame.SeesTotals, KeepsFlash: true,
			Handle: p.khata.ExportBusiness(khata.CSV),
		},
		{
			Pattern: "GET /b/{business}/export.xlsx", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportBusiness(khata.XLSX),
		},
		{
			Pattern: "GET /b/{business}/export.pdf", Limit: frame.MakesFile, Access: frame.SeesTotals, KeepsFlash: true,
			Handle: p.khata.ExportBusiness(khata.PDF),
		},
		{Pattern: "GET /b/{business}/p/{party}", Access: frame.Member, Handle: p.khata.PartyPage},
		{Pattern: "GET /b/{business}/p/{party}/edit", Access: frame.RunsKhata, Handle: p.khata.EditPartyForm},
		{Pattern: "POST /b/{business}/p/{party}/edit", Access: frame.RunsKhata, Handle: p.khata.EditParty},
		{Pattern: "POST /b/{business}/p/{party}/delete", Access: frame.RunsKhata, Handle: p.khata.DeleteParty},
		{Pattern: "POST /b/{business}/p/{party}/restore", Access: frame.RunsKhata, Handle: p.khata.RestoreParty},
		{Pattern: "GET /b/{business}/p/{party}/merge", Access: frame.RunsKhata, Handle: p.khata.MergePage},
		{
			Pattern: "POST /b/{business}/p/{party}/merge", Limit: frame.WritesMany, Access: frame.RunsKhata,
			Handle: p.khata.MergeParties,
		},
		{
			Pattern: "POST /b/{business}/merges/{merge}/undo", Limit: frame.WritesMany, Access: frame.RunsKhata,
			Handle: p.khata.UndoMerge,
		},
		{Pattern: "GET /b/{business}/p/{party}/history", Access: frame.SeesTotals, Handle: p.khata.HistoryPage},
		{Pattern: "GET /b/{business}/p/{party}/statement", Access: frame.SeesTotals, Handle: p.khata.StatementPage},
		{
			Pattern: "GET /b/{business}/p/{party}/export.csv", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportParty(khata.CSV),
		},
		{
			Pattern: "GET /b/{business}/p/{party}/export.xlsx", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportParty(khata.XLSX),
		},
		{
			Pattern: "GET /b/{business}/p/{party}/export.pdf", Limit: frame.MakesFile, Access: frame.SeesTotals,
			KeepsFlash: true,
			Handle:     p.khata.ExportParty(khata.PDF),
		},
		{Pattern: "GET /b/{business}/p/{party}/opening", Access: frame.RunsKhata, Handle: p.khata.OpeningForm},
		{Pattern: "POST /b/{business}/p/{party}/opening", Access: frame.RunsKhata, Handle: p.khata.AddOpening},
		{Pattern: "GET /b/{business}/p/{party}/remind", Access: frame.RunsKhata, Handle: p.khata.RemindPage},
		{Pattern: "POST /b/{business}/p/{party}/remind", Access: frame.RunsKhata, Handle: p.khata.RemindParty},
		{Pattern: "POST /b/{business}/p/{party}/send", Access: frame.RunsKhata, Handle: p.khata.SendParty},
		{Pattern: "GET /b/{business}/p/{party}/upi", Access: frame.SeesTotals, Handle: p.khata.PayPage},
		{Pattern: "GET /b/{business}/p/{party}/share", Access: frame.RunsKhata, Handle: p.khata.SharePage},
		{Pattern: "POST /b/{business}/p/{party}/share", Access: frame.RunsKhata, Handle: p.khata.ShareParty},
		{
			Pattern: "POST /b/{business}/p/{party}/share/{share}/revoke", Access: frame.RunsKhata,
			Handle: p.khata.RevokeShare,
		},
		{Pattern: "GET /b/{business}/p/{party}/entries/new", Access: frame.AddsEntries, Handle: p.khata.NewEntryForm},
		{Pattern: "POST /b/{business}/p/{party}/entries/new", Access: frame.AddsEntries, Handle: p.khata.NewEntry},
		{
			Pattern: "POST /b/{business}/p/{party}/entries/{entry}/cheque", Access: frame.RunsKhata,
			Handle: p.khata.SetCheque,
		},
		{
			Pattern: "GET /b/{business}/p/{party}/entries/{entry}/move", Access: frame.AddsEntries,
			Handle: p.khata.MoveEntryForm,
		},
		{
			Pattern: "POST /b/{business}/p/{party}/entries/{entry}/move", Access: frame.AddsEntries,
			Handle: p.khata.MoveEntry,
		},
		{
			Pattern: "GET /b/{business}/p/{party}/entries/{entry}/edit", Access: frame.AddsEntries,
			Handle: p.khata.EditEntryForm,
		},
		{
			Pattern: "POST /b/{business}/p/{party}/entries/{entry}/edit", Access: frame.AddsEntries,
			Handle: p.khata.EditEntry,
		},
		{
			Pattern: "POST /b/{business}/p/{party}/entries/{entry}/delete", Access: frame.AddsEntries,
			Handle: p.khata.DeleteEntry,
		},
		{
			Pattern: "POST /b/{business}/p/{party}/entries/{entry}/restore", Access: frame.AddsEntries,
			Handle: p.khata.RestoreEntry,
		},

		// What an owner has shared with a party. The token alone opens it; no session is read.
		{
			Pattern: "GET /s/{token}", Access: frame.Anyone, Secret: true, KeepsFlash: true,
			Handle: p.khata.SharedStatement,
		},
		{
			Pattern: "GET /s/{token}/card.png", Access: frame.Anyone, Secret: true, KeepsFlash: true,
			Handle: p.khata.SharedCard,
		},

		{
			Pattern: "GET /s/{token}/report", Access: frame.Anyone, Secret: true, KeepsFlash: true,
			Handle: p.notmine.SharedForm,
		},
		{Pattern: "POST /s/{token}/report", Access: frame.Anyone, Secret: true, Handle: p.notmine.SharedReport},
		{Pattern: "GET /report", Access: frame.SignedIn, Handle: p.notmine.Form},
		{Pattern: "POST /report", Limit: frame.Reports, Access: frame.SignedIn, Handle: p.notmine.Report},

		// Plans and payments.
		{Pattern: "GET /pricing", Access: frame.Anyone, Handle: p.plans.PricingPage},
		{Pattern: "GET /billing", Access: frame.Owns, Handle: p.plans.BillingPage},
		{
			Pattern: "GET /billing/checkout", Limit: frame.CallsProvider, Access: frame.Owns,
			Handle: p.plans.CheckoutForm,
		},
		{Pattern: "POST /billing/checkout", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.Checkout},
		{Pattern: "GET /billing/return", Access: frame.Owns, Handle: p.plans.ReturnPage},
		{Pattern: "POST /billing/return", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.VerifyReturn},
		{Pattern: "POST " + razorpayCallback, Access: frame.Anyone, Foreign: true, Handle: p.plans.RazorpayReturn},
		{Pattern: "GET /billing/change", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.ChangeForm},
		{Pattern: "POST /billing/change", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.ChangePlan},
		{
			Pattern: "GET /billing/invoices/{provider}/{invoice}", Limit: frame.CallsProvider, Access: frame.Owns,
			KeepsFlash: true,
			Handle:     p.plans.OpenInvoice,
		},
		{Pattern: "POST /billing/resume", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.ResumePlan},
		{
			Pattern: "POST /billing/discard", Limit: frame.CallsProvider, Access: frame.Owns,
			Handle: p.plans.DiscardCheckout,
		},
		{Pattern: "GET /billing/usage", Access: frame.Owns, Handle: p.plans.UsagePage},
		{
			Pattern: "GET /billing/usage.csv", Limit: frame.MakesFile, Access: frame.Owns, KeepsFlash: true,
			Handle: p.plans.UsageCSV,
		},
		{Pattern: "POST /billing/topup", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.BuyTopUp},
		{Pattern: "GET /developer", Access: frame.Owns, Handle: p.plans.DeveloperPage},
		{Pattern: "POST /billing/keys", Access: frame.Owns, Handle: p.plans.MakeKey},
		{Pattern: "POST /billing/keys/{id}/revoke", Access: frame.Owns, Handle: p.plans.RevokeKey},
		{Pattern: "POST /billing/cancel", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.CancelPlan},
		{Pattern: "POST /billing/portal", Limit: frame.CallsProvider, Access: frame.Owns, Handle: p.plans.OpenPortal},

		// The API of the pages and of an account's own programs.
		{Pattern: "GET /api/security", Access: frame.Owns, Handle: p.accounts.APISecurity},
		{
			Pattern: "POST /api/passkeys/sign-in", Access: frame.Anyone, MaxBody: frame.MaxForm,
			Handle: p.door.AskToSignIn,
		},
		{
			Pattern: "POST /api/passkeys/second-step", Access: frame.Anyone, MaxBody: frame.MaxForm,
			Handle: p.door.AskSecondStep,
		},
		{
			Pattern: "POST /api/passkeys/sign-up/{token}", Access: frame.Anyone, MaxBody: frame.MaxForm, Secret: true,
			Handle: p.door.AskToSignUp,
		},
		{
			Pattern: "POST /api/passkeys/step-up", Access: frame.SignedIn, MaxBody: frame.MaxForm,
			Handle: p.accounts.AskToStepUp,
		},
		{
			Pattern: "POST /api/passkeys/register", Access: frame.SignedIn, MaxBody: frame.MaxForm,
			Handle: p.accounts.AskToRegister,
		},
		{Pattern: "GET /api/billing/me", Access: frame.Member, Handle: p.plans.APIMe},
		{
			Pattern: "POST /api/billing/checkout", Limit: frame.CallsProvider, Access: frame.Owns,
			MaxBody: frame.MaxForm,
			Handle:  p.plans.APICheckout,
		},
		{
			Pattern: "POST /api/billing/verify", Limit: frame.CallsProvider, Access: frame.Owns, MaxBody: frame.MaxForm,
			Handle: p.plans.APIVerify,
		},
		{
			Pattern: "POST /api/billing/portal", Limit: frame.CallsProvider, Access: frame.Owns, MaxBody: frame.MaxForm,
			Handle: p.plans.APIPortal,
		},
		{Pattern: "GET /api/billing/usage", Access: frame.Owns, Handle: p.plans.APIUsage},
		{Pattern: "GET /api/billing/invoices", Access: frame.Owns, Handle: p.plans.APIInvoices},
		{Pattern: "GET /api/offline", Access: frame.SignedIn, Handle: p.khata.APIReadable},
		{
			Pattern: "GET /api/businesses/{business}/offline", Limit: frame.MakesFile, Access: frame.SeesTotals,
			Handle: p.khata.APIDeviceBook,
		},
		{Pattern: "GET /api/businesses/{business}/parties", Access: frame.Member, Handle: p.khata.APIParties},
		{
			Pattern: "POST /api/businesses/{business}/parties", Access: frame.RunsKhata, MaxBody: frame.MaxForm,
			Handle: p.khata.APIAddParty,
		},
		{Pattern: "GET /api/businesses/{business}/parties/{party}", Access: frame.Member, Handle: p.khata.APIParty},
		{
			Pattern: "PUT /api/businesses/{business}/parties/{party}", Access: frame.RunsKhata, MaxBody: frame.MaxForm,
			Handle: p.khata.APIEditParty,
		},
		{
			Pattern: "PUT /api/businesses/{business}/entries/{entry}", Access: frame.AddsEntries,
			MaxBody: frame.MaxForm, Handle: p.khata.APIEditEntry,
		},
		{
			Pattern: "POST /api/businesses/{business}/entries", Access: frame.AddsEntries, MaxBody: frame.MaxForm,
			Handle: p.khata.APIAddEntry,
		},
		{
			Pattern: "POST /api/businesses/{business}/entries/batch", Limit: frame.WritesMany, Access: frame.RunsKhata,
			MaxBody: bulk.MaxGrid,
			Handle:  p.bulk.APIBatch,
		},
		{
			Pattern: "POST /api/businesses/{business}/grid/draft", Access: frame.RunsKhata, MaxBody: bulk.MaxGrid,
			Handle: p.bulk.APIDraft,
		},
		{Pattern: "GET /api/businesses/{business}/tasks/{task}", Access: frame.SeesTotals, Handle: p.khata.APITask},
		{
			Pattern: "POST /api/businesses/{business}/tasks/{task}/stop",
			Access:  frame.SeesTotals, MaxBody: frame.MaxForm,
			Handle: p.khata.StopTask,
		},
		{
			Pattern: "GET /api/businesses/{business}/export.csv", Limit: frame.MakesFile, Access: frame.SeesTotals,
			Handle: p.khata.ExportBusiness(khata.CSV),
		},
		{
			Pattern: "GET /api/businesses/{business}/export.xlsx", Limit: frame.MakesFile, Access: frame.SeesTotals,
			Handle: p.khata.ExportBusiness(khata.XLSX),
		},
		{
			Pattern: "GET /api/businesses/{business}/export.pdf", Limit: frame.MakesFile, Access: frame.SeesTotals,
			Handle: p.khata.ExportBusiness(khata.PDF),
		},

		// Credits, for an account's own programs.
		{Pattern: "GET /api/credits", Access: frame.Program, Handle: p.programs.APICredits},
		{Pattern: "GET /api/credits/entries", Access: frame.Program, Handle: p.programs.APICreditEntries},
		{
			Pattern: "POST /api/credits/consume", Access: frame.Program, MaxBody: frame.MaxForm,
			Handle: p.programs.APIConsume,
		},
		{Pattern: "POST /api/credits/holds", Access: frame.Program, MaxBody: frame.MaxForm, Handle: p.programs.APIHold},
		{
			Pattern: "POST /api/credits/holds/{id}/capture", Access: frame.Program, MaxBody: frame.MaxForm,
			Handle: p.programs.APICapture,
		},
		{
			Pattern: "POST /api/credits/holds/{id}/release", Access: frame.Program, MaxBody: frame.MaxForm,
			Handle: p.programs.APIRelease,
		},
		// Customers of an app, for its programs and pages.
		{
			Pattern: "PUT /api/v1/customers/{customer}", Access: frame.Server, MaxBody: frame.MaxForm,
			Handle: p.apps.InTurn(p.apps.PutCustomer),
		},
		{Pattern: "GET /api/v1/customers/{customer}", Access: frame.Customer, Handle: p.apps.InTurn(p.apps.Customer)},
		{
			Pattern: "POST /api/v1/customers/{customer}/check", Access: frame.Customer,
			MaxBody: frame.MaxForm,
			Handle:  p.apps.InTurn(p.apps.Check),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/consume", Access: frame.Server,
			MaxBody: frame.MaxForm,
			Handle:  p.apps.InTurn(p.apps.Consume),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/holds", Access: frame.Server,
			MaxBody: frame.MaxForm,
			Handle:  p.apps.InTurn(p.apps.Hold),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/holds/{id}/capture", Access: frame.Server,
			MaxBody: frame.MaxForm, Handle: p.apps.InTurn(p.apps.Capture),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/holds/{id}/release", Access: frame.Server,
			MaxBody: frame.MaxForm, Handle: p.apps.InTurn(p.apps.Release),
		},
		{
			Pattern: "GET /api/v1/customers/{customer}/entries", Access: frame.Customer,
			Handle: p.apps.InTurn(p.apps.Entries),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/checkout", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Checkout,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/change/preview", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.PreviewChange,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/change", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Change,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/seats/preview", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.PreviewSeats,
		},
		{
			Pattern: "PUT /api/v1/customers/{customer}/seats", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Change,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/cancel", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Cancel,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/resume", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Resume,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/refresh", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.Refresh,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/top-ups", Access: frame.Customer,
			Limit: frame.CallsProvider, MaxBody: frame.MaxForm,
			Handle: p.apps.TopUp,
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/portal", Access: frame.Customer,
			MaxBody: frame.MaxForm,
			Handle:  p.apps.InTurn(p.apps.Portal),
		},
		{
			Pattern: "GET /api/v1/customers/{customer}/invoices", Access: frame.Customer,
			Handle: p.apps.InTurn(p.apps.Invoices),
		},
		{
			Pattern: "POST /api/v1/customers/{customer}/tokens", Access: frame.Server,
			MaxBody: frame.MaxForm,
			Handle:  p.apps.InTurn(p.apps.MakeToken),
		},
		{
			Pattern: "DELETE /api/v1/customers/{customer}/tokens", Access: frame.Server,
			Handle: p.apps.InTurn(p.apps.EndTokens),
		},
		{Pattern: "GET /api/v1/jwks.json", Access: frame.Sold, Handle: p.apps.InTurn(p.apps.SnapshotKeys)},
		{Pattern: "GET /api/v1/plans", Access: frame.Sold, Handle: p.apps.InTurn(p.apps.Plans)},
		{
			Pattern: "POST /api/v1/imports", Access: frame.Server, MaxBody: apps.MaxImportBody,
			Handle: p.apps.BeginImport,
		},
		{Pattern: "GET /api/v1/imports/{id}", Access: frame.Server, Handle: p.apps.InTurn(p.apps.Import)},
		{Pattern: "DELETE /api/v1/imports", Access: frame.Server, Handle: p.apps.EndImports},
		{Pattern: "GET /api/v1/shadow", Access: frame.Server, Handle: p.apps.InTurn(p.apps.Shadows)},
		{Pattern: "GET /api/v1/events", Access: frame.Server, Handle: p.apps.InTurn(p.apps.Events)},
		{Pattern: "GET /api/v1/webhooks", Access: frame.Server, Handle: p.apps.Webhooks},
		{
			Pattern: "POST /api/v1/webhooks", Access: frame.Server, MaxBody: frame.MaxForm, Handle: p.apps.AddWebhook,
		},
		{Pattern: "DELETE /api/v1/webhooks/{id}", Access: frame.Server, Handle: p.apps.RemoveWebhook},
		{Pattern: "GET /api/v1/webhooks/{id}/deliveries", Access: frame.Server, Handle: p.apps.Deliveries},
		{
			Pattern: "POST /api/v1/webhooks/{id}/rotate", Access: frame.Server, MaxBody: frame.MaxForm,
			Handle: p.apps.RotateWebhook,
		},
		{
			Pattern: "POST /api/v1/webhooks/{id}/on", Access: frame.Server, MaxBody: frame.MaxForm,
			Handle: p.apps.TurnOnWebhook,
		},
		{
			Pattern: "POST /api/v1/webhooks/{id}/test", Access: frame.Server, MaxBody: frame.MaxForm,
			Handle: p.apps.TestWebhook,
		},
		{
			Pattern: "POST /api/v1/webhooks/{id}/redeliver", Access: frame.Server, MaxBody: frame.MaxForm,
			Handle: p.apps.Redeliver,
		},
		// A customer of an app, led here by it. The token, or a session of its own kind, opens one customer's page; no
		// session of a user is read.
		{Pattern: "GET /portal/{token}", Access: frame.Anyone, Secret: true, KeepsFlash: true, Handle: p.portal.Door},
		{Pattern: "POST /portal/{token}", Access: frame.Anyone, Secret: true, KeepsFlash: true, Handle: p.portal.Open},
		{Pattern: "GET /portal", Access: frame.Anyone, KeepsFlash: true, Handle: p.portal.Page},
		{
			Pattern: "POST /portal/act/cancel", Limit: frame.CallsProvider, Access: frame.Anyone, KeepsFlash: true,
			Handle: p.portal.Cancel,
		},
		{
			Pattern: "POST /portal/act/resume", Limit: frame.CallsProvider, Access: frame.Anyone, KeepsFlash: true,
			Handle: p.portal.Resume,
		},
		{
			Pattern: "POST /portal/act/method", Limit: frame.CallsProvider, Access: frame.Anyone, KeepsFlash: true,
			Handle: p.portal.PaymentMethod,
		},
		{Pattern: "POST /portal/act/leave", Access: frame.Anyone, KeepsFlash: true, Handle: p.portal.Leave},
		{Pattern: "GET /pay/{token}", Access: frame.Anyone, Secret: true, KeepsFlash: true, Handle: p.portal.Pay},
		{
			Pattern: "POST /pay/{token}", Limit: frame.CallsProvider, Access: frame.Anyone, Secret: true, Foreign: true,
			KeepsFlash: true, Handle: p.portal.PaidBack,
		},
		// The description of the API.
		{Pattern: "GET /api/openapi.json", Access: frame.Anyone, KeepsFlash: true, Handle: p.openAPI},

		// The operators' room. Every page of it is written down, with the reason that its reader gave.
		{Pattern: "GET /admin/work", Access: frame.Operator, Handle: p.operators.WorkPage},
		{Pattern: "POST /admin/work", Access: frame.Operator, Handle: p.operators.BeginWork},
		{Pattern: "GET /admin", Access: frame.Operator, Handle: room(p.operators.Overview)},
		{Pattern: "GET /admin/search", Access: frame.Operator, Handle: room(p.operators.SearchPage)},
		{Pattern: "POST /admin/search", Access: frame.Operator, Handle: room(p.operators.SearchAccounts)},
		{Pattern: "GET /admin/accounts", Access: frame.Operator, Handle: room(p.operators.ListPage)},
		{Pattern: "GET /admin/accounts/{id}", Access: frame.Operator, Handle: room(p.operators.AccountPage)},
		{Pattern: "POST /admin/accounts/{id}", Access: frame.Operator, Handle: room(p.operators.OpenAccount)},
		{Pattern: "GET /admin/health", Access: frame.Operator, Handle: room(p.operators.HealthPage)},
		{Pattern: "GET /admin/incidents", Access: frame.Operator, Handle: room(p.operators.IncidentsPage)},
		{Pattern: "GET /admin/log", Access: frame.Operator, Handle: room(p.operators.LogPage)},
		{Pattern: "GET /admin/inbox", Access: frame.Operator, Handle: room(p.operators.InboxPage)},
		{
			Pattern: "GET /admin/inbox/{provider}/{event}", Access: frame.Operator,
			Handle: room(p.operators.EventPage),
		},
		{
			Pattern: "POST /admin/inbox/{provider}/{event}/replay", Access: frame.Operator,
			Handle: room(p.operators.ReplayEvent),
		},
		{Pattern: "GET /admin/review", Access: frame.Operator, Handle: room(p.operators.ReviewPage)},
		{Pattern: "GET /admin/review/{item}", Access: frame.Operator, Handle: room(p.operators.ItemPage)},
		{Pattern: "POST /admin/review/{item}", Access: frame.Operator, Handle: room(p.operators.ResolveItem)},
		{Pattern: "POST /admin/review/{item}/snooze", Access: frame.Operator, Handle: room(p.operators.SnoozeItem)},
		{Pattern: "GET /admin/alerts/{provider}/{kind}", Access: frame.Operator, Handle: room(p.operators.AlertPage)},
		{Pattern: "POST /admin/alerts/{provider}/{kind}", Access: frame.Operator, Handle: room(p.operators.MuteAlert)},
		{Pattern: "GET /admin/reconcile", Access: frame.Operator, Handle: room(p.operators.ReconcilePage)},
		{Pattern: "POST /admin/reconcile", Access: frame.Operator, Handle: room(p.operators.ReconcileAccount)},
		{Pattern: "GET /admin/apps", Access: frame.Operator, Handle: room(p.operators.AppsPage)},
		{Pattern: "GET /admin/apps/{app}", Access: frame.Operator, Handle: room(p.operators.AppPage)},
		{Pattern: "POST /admin/apps/{app}/keys", Access: frame.Operator, Handle: room(p.operators.MakeAppKey)},
		{
			Pattern: "POST /admin/apps/{app}/keys/{id}/revoke", Access: frame.Operator,
			Handle: room(p.operators.RevokeAppKey),
		},
		{
			Pattern: "GET /admin/apps/{app}/webhooks/{id}", Access: frame.Operator,
			Handle: room(p.operators.DeliveriesPage),
		},
		{Pattern: "POST /admin/apps/{app}/webhooks/{id}", Access: frame.Operator, Handle: room(p.operators.SendAgain)},
		{Pattern: "GET /admin/credits", Access: frame.Operator, Handle: room(p.operators.CreditsDesk)},
		{Pattern: "POST /admin/credits", Access: frame.Operator, Handle: room(p.operators.ChangeCredits)},

		// What providers send. The raw body is verified before anything is read from it.
		{Pattern: "POST /api/stripe/webhook", Access: frame.Anyone, MaxBody: maxWebhook, Handle: p.plans.StripeWebhook},
		{
			Pattern: "POST /api/razorpay/webhook", Access: frame.Anyone, MaxBody: maxWebhook,
			Handle: p.plans.RazorpayWebhook,
		},

		{Pattern: "POST /api/hooks/{connection}", Access: frame.Anyone, MaxBody: maxWebhook, Handle: p.apps.Hook},

		// Machines that watch us, and the mails of a development set-up.
		{Pattern: "GET /healthz", Access: frame.Anyone, KeepsFlash: true, Unlogged: true, Handle: p.Healthz},
		{Pattern: "GET /readyz", Access: frame.Anyone, KeepsFlash: true, Unlogged: true, Handle: p.Readyz},
		{Pattern: "POST /dev/demo", Access: frame.Anyone, Development: true, Handle: p.development.OpenDemo},
		{Pattern: "POST /api/dev/demo", Access: frame.Anyone, Development: true, Handle: p.development.APIDemo},
		{Pattern: "GET /dev/outbox", Access: frame.Anyone, Development: true, Handle: p.development.OutboxPage},
		{
			Pattern: "GET /dev/outbox/{mail}", Access: frame.Anyone, Development: true, Secret: true,
			Handle: p.development.OutboxMail,
		},
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
		if err := r.Needs(freeze.Ledger); err != nil {
			return err
		}
		return user(w, r)
	}
}
