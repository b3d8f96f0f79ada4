package accounts

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/mydata"
	"github.com/tijorihq/tijori/internal/web/page/ownaccount"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// myDataView is the page on which an owner takes the account's data, whatever the plan, or deletes the account.
func (h *Handlers) myDataView(r *frame.Request) (mydata.View, error) {
	var renews bool
	if err := r.Read(func(scope postgres.Scope, b *pgx.Batch) { account.QueueRenews(scope, b, &renews) }); err != nil {
		return mydata.View{}, err
	}
	view := mydata.View{Shell: r.Shell(), Account: r.Person.AccountName, Renews: renews, Days: term.Days(term.Deletion)}
	for _, b := range r.Person.Businesses {
		if b.AccountID == r.Person.AccountID {
			view.Shops = append(view.Shops, b.Name)
		}
	}
	return view, nil
}

func (h *Handlers) MyDataPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.myDataView(r)
	if err != nil {
		return err
	}
	return r.Page(mydata.Page(view))
}

// DeleteAccount begins the days of grace of the account that the page named.
func (h *Handlers) DeleteAccount(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	id, err := h.enterAccount(r)
	if err != nil {
		return err
	}
	if _, err := h.Accounts.LeaveAccount(r.Context(), r.Caller, id, r.PostFormValue("password")); err != nil {
		if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthorized) {
			return err
		}
		view, e := h.myDataView(r)
		if e != nil {
			return e
		}
		return frame.Again(r, err, &view, &view.Form, mydata.Page)
	}
	h.SetFlash(w, "leaving", "")
	return h.Redirect(w, r, "/mydata")
}

// enterAccount moves the session to the account that the form names, and returns its id: the page may have been opened
// while the session was in another.
func (h *Handlers) enterAccount(r *frame.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return id, fault.New(fault.NotFound, "Page not found.")
	}
	return id, h.Accounts.SwitchAccount(r.Context(), r.Caller, id)
}

// KeepAccount keeps the account that the banner named.
func (h *Handlers) KeepAccount(w http.ResponseWriter, r *frame.Request) error {
	if _, err := h.enterAccount(r); err != nil {
		return err
	}
	if err := h.Accounts.KeepAccount(r.Context(), r.Caller); err != nil {
		return err
	}
	h.SetFlash(w, "kept", "")
	return h.Redirect(w, r, "/mydata")
}

// OwnAccountForm is for who owns no account; who owns one is led to it.
func (h *Handlers) OwnAccountForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	if r.Shell().OwnsAccount() {
		return h.Redirect(w, r, "/")
	}
	return r.Page(ownaccount.Page(ownaccount.View{Shell: r.Shell()}))
}

func (h *Handlers) OpenOwnAccount(w http.ResponseWriter, r *frame.Request) error {
	name, currency := r.PostFormValue("name"), ui.Or(r.PostFormValue("currency"), "INR")
	if err := h.Accounts.OpenAccount(r.Context(), r.Caller, name, currency); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		if e := r.Read(nil); e != nil {
			return e
		}
		view := ownaccount.View{Shell: r.Shell(), Name: name, Currency: currency}
		return frame.Again(r, err, &view, &view.Form, ownaccount.Page)
	}
	return h.Redirect(w, r, "/")
}

func (h *Handlers) LeaveTeam(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	if err := h.Accounts.LeaveTeam(r.Context(), r.Caller, id); err != nil {
		return err
	}
	h.SetFlash(w, "left_team", "")
	return h.Redirect(w, r, "/settings")
}

// DeleteLogin erases the user, at once. Who is the last owner of an account is told to delete that first.
func (h *Handlers) DeleteLogin(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ForgetMe(r.Context(), r.Caller, r.PostFormValue("leaving")); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return h.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Delete })
	}
	h.EndSession(w)
	h.SetFlash(w, "forgotten", "")
	return h.Redirect(w, r, "/login")
}
