package web

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/confirm"
	"github.com/tijorihq/tijori/internal/web/page/invite"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/page/recovery"
	"github.com/tijorihq/tijori/internal/web/page/signup"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (s *Server) signUpForm(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, signup.Page(signup.View{Shell: r.shell(), Language: r.locale()}))
	return nil
}

func (s *Server) signUp(w http.ResponseWriter, r *request) error {
	form := account.SignUpForm{
		Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Password: r.PostFormValue("password"),
		BusinessName: r.PostFormValue("business"), Locale: i18n.Known(r.PostFormValue("locale")),
		Currency: ui.Or(r.PostFormValue("currency"), "INR"), Network: s.network(r.Request),
	}
	if err := s.Accounts.SignUp(r.Context(), form); err != nil {
		view := signup.View{Shell: r.shell(), Name: form.Name, Email: form.Email, BusinessName: form.BusinessName, Language: form.Locale, Currency: form.Currency}
		if err := r.formFault(&view.Form, err); err != nil {
			return err
		}
		s.render(w, r, formStatus(err), signup.Page(view))
		return nil
	}
	s.setCookie(w, languageCookie, form.Locale, 365*24*time.Hour) // the pages until the first sign-in speak it too
	s.setSentTo(w, form.Email)
	return s.redirect(w, r, "/signup/sent")
}

func (s *Server) signUpSent(w http.ResponseWriter, r *request) error {
	s.render(w, r, http.StatusOK, signup.Sent(signup.SentView{Shell: r.shell(), Email: r.sentTo()}))
	return nil
}

// signUpAgain mails the link of a sign-up once more. It answers the same for every address.
func (s *Server) signUpAgain(w http.ResponseWriter, r *request) error {
	email := r.PostFormValue("email")
	if err := s.Accounts.ResendSignUp(r.Context(), email, s.network(r.Request)); err != nil {
		view := signup.SentView{Shell: r.shell(), Email: r.sentTo()}
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		if view.Error == "" { // an address that is none has no field here
			view.Error = view.Errors["email"]
		}
		s.render(w, r, formStatus(err), signup.Sent(view))
		return nil
	}
	s.setSentTo(w, email)
	s.setFlash(w, "sent_again", "")
	return s.redirect(w, r, "/signup/sent")
}

// setSentTo remembers for some minutes, in the browser that typed it, where a mail went: in no address of a page, and no log.
func (s *Server) setSentTo(w http.ResponseWriter, email string) {
	s.setCookie(w, sentToCookie, base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSpace(email))), 20*time.Minute)
}

// sentTo is the address that this browser typed a moment ago, "" when it is not known any more or is none.
func (r *request) sentTo() string {
	b, err := base64.RawURLEncoding.DecodeString(r.s.cookie(r.Request, sentToCookie))
	if err != nil {
		return ""
	}
	email, err := account.Email(string(b))
	if err != nil {
		return ""
	}
	return email
}

// ended shows where to go on from a link that opens nothing (any more); other errors come back.
func (s *Server) ended(w http.ResponseWriter, r *request, of string, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := s.look(w, r); err != nil {
		return err
	}
	s.render(w, r, http.StatusNotFound, confirm.Ended(confirm.EndedView{Shell: r.shell(), Of: of}))
	return nil
}

// confirmView shows whose sign-up the link is for, to the one who holds it.
func (s *Server) confirmView(r *request) (confirm.View, error) {
	p, err := s.Accounts.SignUpByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return confirm.View{}, err
	}
	return confirm.View{Shell: r.shell(), Token: r.PathValue("token"), Name: p.Name, Email: p.Email, BusinessName: p.BusinessName}, nil
}

func (s *Server) confirmForm(w http.ResponseWriter, r *request) error {
	view, err := s.confirmView(r)
	if err != nil {
		return s.ended(w, r, "sign-up", err)
	}
	s.render(w, r, http.StatusOK, confirm.Page(view))
	return nil
}

func (s *Server) confirm(w http.ResponseWriter, r *request) error {
	session, err := s.Accounts.ConfirmSignUp(r.Context(), r.PathValue("token"), r.PostFormValue("password"), s.device(r.Request))
	if err != nil {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooMany) {
			return s.ended(w, r, "sign-up", err)
		}
		view, e := s.confirmView(r)
		if e != nil {
			return e
		}
		if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), confirm.Page(view))
		return nil
	}
	s.setSession(w, session)
	return s.redirect(w, r, "/")
}

func (s *Server) loginForm(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	next := localPath(r.URL.Query().Get("next"), "")
	if r.known {
		return s.redirect(w, r, ui.Or(next, "/"))
	}
	s.render(w, r, http.StatusOK, login.Page(login.View{Shell: r.shell(), Next: next}))
	return nil
}

func (s *Server) login(w http.ResponseWriter, r *request) error {
	email, next := r.PostFormValue("email"), localPath(r.PostFormValue("next"), "")
	session, err := s.Accounts.SignIn(r.Context(), email, r.PostFormValue("password"), s.device(r.Request), r.token)
	if err != nil {
		view := login.View{
			Shell: r.shell(), Email: email, Next: next, Unconfirmed: errors.Is(err, account.ErrUnconfirmed),
		}
		if err := r.formFault(&view.Form, err); err != nil {
			return err
		}
		s.render(w, r, formStatus(err), login.Page(view))
		return nil
	}
	s.setSession(w, session)
	return s.redirect(w, r, ui.Or(next, "/"))
}

func (s *Server) logout(w http.ResponseWriter, r *request) error {
	if r.token != "" {
		if err := s.Accounts.SignOut(r.Context(), r.token); err != nil {
			return err
		}
	}
	s.endSession(w)
	return s.redirect(w, r, "/")
}

func (s *Server) logoutEverywhere(w http.ResponseWriter, r *request) error {
	if err := s.Accounts.SignOutEverywhere(r.Context(), r.caller, false); err != nil {
		return err
	}
	s.endSession(w)
	s.setFlash(w, "signed_out_all", "")
	return s.redirect(w, r, "/login")
}

func (s *Server) recoverForm(w http.ResponseWriter, r *request) error {
	s.render(w, r, http.StatusOK, recovery.Page(recovery.View{Shell: r.shell()}))
	return nil
}

func (s *Server) recover(w http.ResponseWriter, r *request) error {
	email := r.PostFormValue("email")
	if err := s.Accounts.RequestRecovery(r.Context(), email, s.network(r.Request)); err != nil {
		view := recovery.View{Shell: r.shell(), Email: email}
		if err := r.formFault(&view.Form, err); err != nil {
			return err
		}
		s.render(w, r, formStatus(err), recovery.Page(view))
		return nil
	}
	s.setSentTo(w, email)
	return s.redirect(w, r, "/recover/sent")
}

func (s *Server) recoverSent(w http.ResponseWriter, r *request) error {
	s.render(w, r, http.StatusOK, recovery.Sent(recovery.SentView{Shell: r.shell(), Email: r.sentTo()}))
	return nil
}

func (s *Server) newPasswordForm(w http.ResponseWriter, r *request) error {
	if err := s.Accounts.RecoveryByToken(r.Context(), r.PathValue("token")); err != nil {
		return s.ended(w, r, "recovery", err)
	}
	s.render(w, r, http.StatusOK, recovery.Password(recovery.PasswordView{Shell: r.shell(), Token: r.PathValue("token")}))
	return nil
}

func (s *Server) newPassword(w http.ResponseWriter, r *request) error {
	token := r.PathValue("token")
	session, err := s.Accounts.Recover(r.Context(), token, r.PostFormValue("password"), s.device(r.Request))
	if err != nil {
		view := recovery.PasswordView{Shell: r.shell(), Token: token}
		if err := r.formFault(&view.Form, err); err != nil {
			return s.ended(w, r, "recovery", err)
		}
		s.render(w, r, formStatus(err), recovery.Password(view))
		return nil
	}
	s.setSession(w, session)
	s.setFlash(w, "password", "")
	return s.redirect(w, r, "/")
}

// An invitation is its page, and whether the address invited is a user's: who has signed up signs in.
type invitation struct {
	invite.View
	known  bool
	locale string // of that user
}

func (s *Server) inviteView(w http.ResponseWriter, r *request) (v invitation, err error) {
	if err := s.look(w, r); err != nil {
		return v, err
	}
	i, err := s.Accounts.InvitationByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return v, err
	}
	v.known, v.locale = i.Known, i.Locale
	v.View = invite.View{
		Shell: r.shell(), Token: r.PathValue("token"), Email: i.Email, Inviter: i.Inviter, Account: i.AccountName, Shop: i.BusinessName, Role: i.Role,
		Mismatch: r.known && r.person.Email != i.Email,
	}
	return v, nil
}

func (s *Server) inviteForm(w http.ResponseWriter, r *request) error {
	view, err := s.inviteView(w, r)
	if err != nil {
		return s.ended(w, r, "invitation", err)
	}
	if view.known && !r.known {
		if s.cookie(r.Request, languageCookie) == "" { // the page of who is invited, in the language they chose
			s.setCookie(w, languageCookie, i18n.Known(view.locale), 365*24*time.Hour)
		}
		return s.redirect(w, r, "/login?next="+queryEscape(r.URL.Path))
	}
	s.render(w, r, http.StatusOK, invite.Page(view.View))
	return nil
}

// acceptInvite makes the signed-in user a member, or a new user when nobody is signed in.
func (s *Server) acceptInvite(w http.ResponseWriter, r *request) error {
	token := r.PathValue("token")
	view, err := s.inviteView(w, r)
	if err != nil {
		return s.ended(w, r, "invitation", err)
	}
	if r.known {
		business, err := s.Accounts.AcceptInvitation(r.Context(), r.caller, token)
		if err != nil {
			return s.ended(w, r, "invitation", err)
		}
		return s.joined(w, r, business)
	}
	session, err := s.Accounts.SignUpByInvitation(r.Context(), token, r.PostFormValue("name"), r.PostFormValue("password"), r.locale(), s.device(r.Request))
	if err != nil {
		view.Name = r.PostFormValue("name")
		if err := r.formFault(&view.Form, err); err != nil {
			return err
		}
		s.render(w, r, formStatus(err), invite.Page(view.View))
		return nil
	}
	s.setSession(w, session)
	return s.joined(w, r, nil)
}

func (s *Server) joined(w http.ResponseWriter, r *request, business *uuid.UUID) error {
	s.setFlash(w, "joined", "")
	if business != nil {
		return s.redirect(w, r, ui.BusinessPath(business.String()))
	}
	return s.redirect(w, r, "/")
}

// setLanguage keeps the choice in a cookie for visitors, and in the profile for who is signed in.
func (s *Server) setLanguage(w http.ResponseWriter, r *request) error {
	locale := i18n.Known(r.PostFormValue("locale"))
	s.setCookie(w, languageCookie, locale, 365*24*time.Hour)
	if err := s.look(w, r); err != nil {
		return err
	}
	if r.known {
		if err := s.Accounts.UpdateProfile(r.Context(), r.caller, r.person.Name, locale); err != nil {
			return err
		}
	}
	return s.redirect(w, r, localPath(r.PostFormValue("next"), "/"))
}
