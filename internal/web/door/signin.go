package door

import (
	"errors"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) LoginForm(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	next := frame.LocalPath(r.URL.Query().Get("next"), "")
	if r.Known {
		return h.Redirect(w, r, ui.Or(next, "/"))
	}
	return r.Page(login.Page(login.View{Shell: r.Shell(), Next: next, Passkeys: h.Accounts.HasPasskeys()}))
}

func (h *Handlers) Login(w http.ResponseWriter, r *frame.Request) error {
	email, next := r.PostFormValue("email"), frame.LocalPath(r.PostFormValue("next"), "")
	r.Concerns(h.MarkAddress(email))
	session, err := h.Accounts.SignIn(r.Context(), email, r.PostFormValue("password"), h.Device(r.Request), r.Token)
	if half, ok := errors.AsType[*account.HalfWay](err); ok {
		return h.toSecondStep(w, r, half, next)
	}
	if err != nil {
		r.Deny()
		view := login.View{Shell: r.Shell(), Email: email, Next: next, Passkeys: h.Accounts.HasPasskeys()}
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
