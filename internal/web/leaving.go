package web

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
func (s *Server) myDataView(r *frame.Request) (mydata.View, error) {
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

func (s *Server) MyDataPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := s.myDataView(r)
	if err != nil {
		return err
	}
	s.Render(w, r, http.StatusOK, mydata.Page(view))
	return nil
}

// DeleteAccount begins the days of grace of the account that the page named.
func (s *Server) DeleteAccount(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	id, err := s.enterAccount(r)
	if err != nil {
		return err
	}
	if _, err := s.Accounts.LeaveAccount(r.Context(), r.Caller, id, r.PostFormValue("password")); err != nil {
		if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthorized) {
			return err
		}
		view, e := s.myDataView(r)
		if e != nil {
			return e
		}
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		s.Render(w, r, frame.FormStatus(err), mydata.Page(view))
		return nil
	}
	s.SetFlash(w, "leaving", "")
	return s.Redirect(w, r, "/mydata")
}

// enterAccount moves the session to the account that the form names, and returns its id: the page may have been opened
// while the session was in another.
func (s *Server) enterAccount(r *frame.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return id, fault.New(fault.NotFound, "There is nothing here.")
	}
	return id, s.Accounts.SwitchAccount(r.Context(), r.Caller, id)
}

// KeepAccount keeps the account that the banner named.
func (s *Server) KeepAccount(w http.ResponseWriter, r *frame.Request) error {
	if _, err := s.enterAccount(r); err != nil {
		return err
	}
	if err := s.Accounts.KeepAccount(r.Context(), r.Caller); err != nil {
		return err
	}
	s.SetFlash(w, "kept", "")
	return s.Redirect(w, r, "/mydata")
}

// OwnAccountForm is for who owns no account; who owns one is led to it.
func (s *Server) OwnAccountForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	if r.Shell().OwnsAccount() {
		return s.Redirect(w, r, "/")
	}
	s.Render(w, r, http.StatusOK, ownaccount.Page(ownaccount.View{Shell: r.Shell()}))
	return nil
}

func (s *Server) OpenOwnAccount(w http.ResponseWriter, r *frame.Request) error {
	name, currency := r.PostFormValue("name"), ui.Or(r.PostFormValue("currency"), "INR")
	if err := s.Accounts.OpenAccount(r.Context(), r.Caller, name, currency); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		if e := r.Read(nil); e != nil {
			return e
		}
		view := ownaccount.View{Shell: r.Shell(), Name: name, Currency: currency}
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		s.Render(w, r, frame.FormStatus(err), ownaccount.Page(view))
		return nil
	}
	return s.Redirect(w, r, "/")
}

func (s *Server) LeaveTeam(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.PathID("id")
	if err != nil {
		return err
	}
	if err := s.Accounts.LeaveTeam(r.Context(), r.Caller, id); err != nil {
		return err
	}
	s.SetFlash(w, "left_team", "")
	return s.Redirect(w, r, "/settings")
}

// DeleteLogin erases the user, at once. Who is the last owner of an account is told to delete that first.
func (s *Server) DeleteLogin(w http.ResponseWriter, r *frame.Request) error {
	if err := s.Accounts.ForgetMe(r.Context(), r.Caller, r.PostFormValue("leaving")); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Delete })
	}
	s.EndSession(w)
	s.SetFlash(w, "forgotten", "")
	return s.Redirect(w, r, "/login")
}
