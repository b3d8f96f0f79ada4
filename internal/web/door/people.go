package door

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/confirm"
	"github.com/tijorihq/tijori/internal/web/page/invite"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/page/recovery"
	"github.com/tijorihq/tijori/internal/web/page/signup"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) SignUpForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	return r.Page(signup.Page(signup.View{Shell: r.Shell(), Language: r.Locale()}))
}

func (h *Handlers) SignUp(w http.ResponseWriter, r *frame.Request) error {
	form := account.SignUpForm{
		Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Password: r.PostFormValue("password"),
		BusinessName: r.PostFormValue("business"), Locale: i18n.Known(r.PostFormValue("locale")),
		Currency: ui.Or(r.PostFormValue("currency"), "INR"), Network: h.Network(r.Request),
	}
	if err := h.Accounts.SignUp(r.Context(), form); err != nil {
		view := signup.View{Shell: r.Shell(), Name: form.Name, Email: form.Email, BusinessName: form.BusinessName, Language: form.Locale, Currency: form.Currency}
		return frame.Again(r, err, &view, &view.Form, signup.Page)
	}
	h.SetCookie(w, frame.LanguageCookie, form.Locale, 365*24*time.Hour) // the pages until the first sign-in speak it too
	h.setSentTo(w, form.Email)
	return h.Redirect(w, r, "/signup/sent")
}

func (h *Handlers) SignUpSent(w http.ResponseWriter, r *frame.Request) error {
	return r.Page(signup.Sent(signup.SentView{Shell: r.Shell(), Email: h.sentTo(r)}))
}

// SignUpAgain mails the link of a sign-up once more. It answers the same for every address.
func (h *Handlers) SignUpAgain(w http.ResponseWriter, r *frame.Request) error {
	email := r.PostFormValue("email")
	if err := h.Accounts.ResendSignUp(r.Context(), email, h.Network(r.Request)); err != nil {
		view := signup.SentView{Shell: r.Shell(), Email: h.sentTo(r)}
		if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		if view.Error == "" { // an address that is none has no field here
			view.Error = view.Errors["email"]
		}
		h.Render(w, r, frame.FormStatus(err), signup.Sent(view))
		return nil
	}
	h.setSentTo(w, email)
	h.SetFlash(w, "sent_again", "")
	return h.Redirect(w, r, "/signup/sent")
}

// setSentTo remembers for some minutes, in the browser that typed it, where a mail went: in no address of a page, and no log.
func (h *Handlers) setSentTo(w http.ResponseWriter, email string) {
	h.SetCookie(w, frame.SentToCookie, base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSpace(email))), 20*time.Minute)
}

// sentTo is the address that this browser typed a moment ago, "" when it is not known any more or is none.
func (h *Handlers) sentTo(r *frame.Request) string {
	b, err := base64.RawURLEncoding.DecodeString(h.ReadCookie(r.Request, frame.SentToCookie))
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
func (h *Handlers) ended(w http.ResponseWriter, r *frame.Request, of string, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if err := r.Look(); err != nil {
		return err
	}
	h.Render(w, r, http.StatusNotFound, confirm.Ended(confirm.EndedView{Shell: r.Shell(), Of: of}))
	return nil
}

// confirmView shows whose sign-up the link is for, to the one who holds it.
func (h *Handlers) confirmView(r *frame.Request) (confirm.View, error) {
	p, err := h.Accounts.SignUpByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return confirm.View{}, err
	}
	return confirm.View{Shell: r.Shell(), Token: r.PathValue("token"), Name: p.Name, Email: p.Email, BusinessName: p.BusinessName}, nil
}

func (h *Handlers) ConfirmForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.confirmView(r)
	if err != nil {
		return h.ended(w, r, "sign-up", err)
	}
	return r.Page(confirm.Page(view))
}

func (h *Handlers) Confirm(w http.ResponseWriter, r *frame.Request) error {
	session, err := h.Accounts.ConfirmSignUp(r.Context(), r.PathValue("token"), r.PostFormValue("password"), h.Device(r.Request))
	if err != nil {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooMany) {
			return h.ended(w, r, "sign-up", err)
		}
		view, e := h.confirmView(r)
		if e != nil {
			return e
		}
		return frame.Again(r, err, &view, &view.Form, confirm.Page)
	}
	h.SetSession(w, session)
	return h.Redirect(w, r, "/")
}

func (h *Handlers) LoginForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	next := frame.LocalPath(r.URL.Query().Get("next"), "")
	if r.Known {
		return h.Redirect(w, r, ui.Or(next, "/"))
	}
	return r.Page(login.Page(login.View{Shell: r.Shell(), Next: next}))
}

func (h *Handlers) Login(w http.ResponseWriter, r *frame.Request) error {
	email, next := r.PostFormValue("email"), frame.LocalPath(r.PostFormValue("next"), "")
	session, err := h.Accounts.SignIn(r.Context(), email, r.PostFormValue("password"), h.Device(r.Request), r.Token)
	if err != nil {
		view := login.View{
			Shell: r.Shell(), Email: email, Next: next, Unconfirmed: errors.Is(err, account.ErrUnconfirmed),
		}
		return frame.Again(r, err, &view, &view.Form, login.Page)
	}
	h.SetSession(w, session)
	return h.Redirect(w, r, ui.Or(next, "/"))
}

func (h *Handlers) Logout(w http.ResponseWriter, r *frame.Request) error {
	if r.Token != "" {
		if err := h.Accounts.SignOut(r.Context(), r.Token); err != nil {
			return err
		}
	}
	h.EndSession(w)
	return h.Redirect(w, r, "/")
}

func (h *Handlers) LogoutEverywhere(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.SignOutEverywhere(r.Context(), r.Caller, false); err != nil {
		return err
	}
	h.EndSession(w)
	h.SetFlash(w, "signed_out_all", "")
	return h.Redirect(w, r, "/login")
}

func (h *Handlers) RecoverForm(w http.ResponseWriter, r *frame.Request) error {
	return r.Page(recovery.Page(recovery.View{Shell: r.Shell()}))
}

func (h *Handlers) Recover(w http.ResponseWriter, r *frame.Request) error {
	email := r.PostFormValue("email")
	if err := h.Accounts.RequestRecovery(r.Context(), email, h.Network(r.Request)); err != nil {
		view := recovery.View{Shell: r.Shell(), Email: email}
		return frame.Again(r, err, &view, &view.Form, recovery.Page)
	}
	h.setSentTo(w, email)
	return h.Redirect(w, r, "/recover/sent")
}

func (h *Handlers) RecoverSent(w http.ResponseWriter, r *frame.Request) error {
	return r.Page(recovery.Sent(recovery.SentView{Shell: r.Shell(), Email: h.sentTo(r)}))
}

func (h *Handlers) NewPasswordForm(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.RecoveryByToken(r.Context(), r.PathValue("token")); err != nil {
		return h.ended(w, r, "recovery", err)
	}
	return r.Page(recovery.Password(recovery.PasswordView{Shell: r.Shell(), Token: r.PathValue("token")}))
}

func (h *Handlers) NewPassword(w http.ResponseWriter, r *frame.Request) error {
	token := r.PathValue("token")
	session, err := h.Accounts.Recover(r.Context(), token, r.PostFormValue("password"), h.Device(r.Request))
	if err != nil {
		view := recovery.PasswordView{Shell: r.Shell(), Token: token}
		if err := r.FormFault(&view.Form, err); err != nil {
			return h.ended(w, r, "recovery", err)
		}
		h.Render(w, r, frame.FormStatus(err), recovery.Password(view))
		return nil
	}
	h.SetSession(w, session)
	h.SetFlash(w, "password", "")
	return h.Redirect(w, r, "/")
}

// An invitation is its page, and whether the address invited is a user's: who has signed up signs in.
type invitation struct {
	invite.View
	known  bool
	locale string // of that user
}

func (h *Handlers) inviteView(w http.ResponseWriter, r *frame.Request) (v invitation, err error) {
	if err := r.Look(); err != nil {
		return v, err
	}
	i, err := h.Accounts.InvitationByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return v, err
	}
	v.known, v.locale = i.Known, i.Locale
	v.View = invite.View{
		Shell: r.Shell(), Token: r.PathValue("token"), Email: i.Email, Inviter: i.Inviter, Account: i.AccountName, Shop: i.BusinessName, Role: i.Role,
		Mismatch: r.Known && r.Person.Email != i.Email,
	}
	return v, nil
}

func (h *Handlers) InviteForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.inviteView(w, r)
	if err != nil {
		return h.ended(w, r, "invitation", err)
	}
	if view.known && !r.Known {
		if h.ReadCookie(r.Request, frame.LanguageCookie) == "" { // the page of who is invited, in the language they chose
			h.SetCookie(w, frame.LanguageCookie, i18n.Known(view.locale), 365*24*time.Hour)
		}
		return h.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.Path))
	}
	return r.Page(invite.Page(view.View))
}

// AcceptInvite makes the signed-in user a member, or a new user when nobody is signed in.
func (h *Handlers) AcceptInvite(w http.ResponseWriter, r *frame.Request) error {
	token := r.PathValue("token")
	view, err := h.inviteView(w, r)
	if err != nil {
		return h.ended(w, r, "invitation", err)
	}
	if r.Known {
		business, err := h.Accounts.AcceptInvitation(r.Context(), r.Caller, token)
		if err != nil {
			return h.ended(w, r, "invitation", err)
		}
		return h.joined(w, r, business)
	}
	session, err := h.Accounts.SignUpByInvitation(r.Context(), token, r.PostFormValue("name"), r.PostFormValue("password"), r.Locale(), h.Device(r.Request))
	if err != nil {
		view.Name = r.PostFormValue("name")
		return frame.Again(r, err, &view.View, &view.Form, invite.Page)
	}
	h.SetSession(w, session)
	return h.joined(w, r, nil)
}

func (h *Handlers) joined(w http.ResponseWriter, r *frame.Request, business *uuid.UUID) error {
	h.SetFlash(w, "joined", "")
	if business != nil {
		return h.Redirect(w, r, ui.BusinessPath(business.String()))
	}
	return h.Redirect(w, r, "/")
}

// SetLanguage keeps the choice in a cookie for visitors, and in the profile for who is signed in.
func (h *Handlers) SetLanguage(w http.ResponseWriter, r *frame.Request) error {
	locale := i18n.Known(r.PostFormValue("locale"))
	h.SetCookie(w, frame.LanguageCookie, locale, 365*24*time.Hour)
	if err := r.Look(); err != nil {
		return err
	}
	if r.Known {
		if err := h.Accounts.UpdateProfile(r.Context(), r.Caller, r.Person.Name, locale); err != nil {
			return err
		}
	}
	return h.Redirect(w, r, frame.LocalPath(r.PostFormValue("next"), "/"))
}
