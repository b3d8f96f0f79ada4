package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/mydata"
	"github.com/tijorihq/tijori/internal/web/page/ownaccount"
	"github.com/tijorihq/tijori/internal/web/page/settings"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// myDataView is the page on which an owner takes the account's data, whatever the plan, or deletes the account.
func (s *Server) myDataView(r *request) (mydata.View, error) {
	var renews bool
	if err := r.read(func(scope postgres.Scope, b *pgx.Batch) { account.QueueRenews(scope, b, &renews) }); err != nil {
		return mydata.View{}, err
	}
	view := mydata.View{Shell: r.shell(), Account: r.person.AccountName, Renews: renews, Days: term.Days(term.Deletion)}
	for _, b := range r.person.Businesses {
		if b.AccountID == r.person.AccountID {
			view.Shops = append(view.Shops, b.Name)
		}
	}
	return view, nil
}

func (s *Server) myDataPage(w http.ResponseWriter, r *request) error {
	view, err := s.myDataView(r)
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, mydata.Page(view))
	return nil
}

// deleteAccount begins the days of grace of the account that the page named.
func (s *Server) deleteAccount(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	id, err := s.enterAccount(r)
	if err != nil {
		return err
	}
	if _, err := s.Accounts.LeaveAccount(r.Context(), r.caller, id, r.PostFormValue("password")); err != nil {
		if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthorized) {
			return err
		}
		view, e := s.myDataView(r)
		if e != nil {
			return e
		}
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), mydata.Page(view))
		return nil
	}
	s.setFlash(w, "leaving", "")
	return s.redirect(w, r, "/mydata")
}

// enterAccount moves the session to the account that the form names, and returns its id: the page may have been opened
// while the session was in another.
func (s *Server) enterAccount(r *request) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PostFormValue("account"))
	if err != nil {
		return id, fault.New(fault.NotFound, "There is nothing here.")
	}
	return id, s.Accounts.SwitchAccount(r.Context(), r.caller, id)
}

// keepAccount keeps the account that the banner named.
func (s *Server) keepAccount(w http.ResponseWriter, r *request) error {
	if _, err := s.enterAccount(r); err != nil {
		return err
	}
	if err := s.Accounts.KeepAccount(r.Context(), r.caller); err != nil {
		return err
	}
	s.setFlash(w, "kept", "")
	return s.redirect(w, r, "/mydata")
}

// ownAccountForm is for who owns no account; who owns one is led to it.
func (s *Server) ownAccountForm(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	if r.shell().OwnsAccount() {
		return s.redirect(w, r, "/")
	}
	s.render(w, r, http.StatusOK, ownaccount.Page(ownaccount.View{Shell: r.shell()}))
	return nil
}

func (s *Server) openOwnAccount(w http.ResponseWriter, r *request) error {
	name, currency := r.PostFormValue("name"), ui.Or(r.PostFormValue("currency"), "INR")
	if err := s.Accounts.OpenAccount(r.Context(), r.caller, name, currency); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		if e := r.read(nil); e != nil {
			return e
		}
		view := ownaccount.View{Shell: r.shell(), Name: name, Currency: currency}
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), ownaccount.Page(view))
		return nil
	}
	return s.redirect(w, r, "/")
}

func (s *Server) leaveTeam(w http.ResponseWriter, r *request) error {
	id, err := r.pathID("id")
	if err != nil {
		return err
	}
	if err := s.Accounts.LeaveTeam(r.Context(), r.caller, id); err != nil {
		return err
	}
	s.setFlash(w, "left_team", "")
	return s.redirect(w, r, "/settings")
}

// deleteLogin erases the user, at once. Who is the last owner of an account is told to delete that first.
func (s *Server) deleteLogin(w http.ResponseWriter, r *request) error {
	if err := s.Accounts.ForgetMe(r.Context(), r.caller, r.PostFormValue("leaving")); err != nil {
		if fault.Is(err, fault.Unauthorized) {
			return err
		}
		return s.settingsAgain(w, r, err, func(v *settings.View) *ui.Form { return &v.Delete })
	}
	s.endSession(w)
	s.setFlash(w, "forgotten", "")
	return s.redirect(w, r, "/login")
}
