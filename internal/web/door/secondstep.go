package door

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/confirm"
	"github.com/tijorihq/tijori/internal/web/page/login"
	"github.com/tijorihq/tijori/internal/web/page/secondstep"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// toSecondStep leads on from a password that was right.
func (h *Handlers) toSecondStep(w http.ResponseWriter, r *frame.Request, half *account.HalfWay, next string) error {
	h.SetCookie(w, frame.HalfWayCookie, half.Token, time.Until(half.ExpiresAt))
	target := "/login/second"
	if next != "" {
		target += "?next=" + url.QueryEscape(next)
	}
	return h.Redirect(w, r, target)
}

func (h *Handlers) halfWay(r *frame.Request) string {
	token := h.ReadCookie(r.Request, frame.HalfWayCookie)
	if len(token) > 128 {
		return ""
	}
	return token
}

func (h *Handlers) secondStepView(r *frame.Request, next string) (secondstep.View, error) {
	f, err := h.Accounts.HalfWayFactors(r.Context(), h.halfWay(r))
	return secondstep.View{
		Shell: r.Shell(), Next: frame.LocalPath(next, ""), App: f.TOTP, Codes: f.Codes > 0,
		Passkey: len(f.Passkeys) > 0 && h.Accounts.HasPasskeys(),
	}, err
}

// SecondStepForm asks for the second step of a sign-in; without a first one it asks for that.
func (h *Handlers) SecondStepForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.secondStepView(r, r.URL.Query().Get("next"))
	if errors.Is(err, account.ErrHalfWayEnded) {
		return h.signInAgain(w, r, err, view.Next)
	}
	if err != nil {
		return err
	}
	return r.Page(secondstep.Page(view))
}

// SecondStep completes a sign-in.
func (h *Handlers) SecondStep(w http.ResponseWriter, r *frame.Request) error {
	next := frame.LocalPath(r.PostFormValue("next"), "")
	proof := account.Proof{Passkey: r.PostFormValue("passkey"), Code: r.PostFormValue("code")}
	err := frame.ErrNoScript
	var session account.Session
	if proof.Passkey != "" || !r.PostForm.Has("passkey") {
		session, err = h.Accounts.FinishSignIn(r.Context(), h.halfWay(r), proof, h.Device(r.Request), r.Token)
	}
	if errors.Is(err, account.ErrHalfWayEnded) {
		return h.signInAgain(w, r, err, next)
	}
	if err != nil {
		view, e := h.secondStepView(r, next)
		if errors.Is(e, account.ErrHalfWayEnded) {
			return h.signInAgain(w, r, e, next)
		}
		if e != nil {
			return e
		}
		r.Deny()
		return frame.Again(r, err, &view, &view.Form, secondstep.Page)
	}
	h.SetCookie(w, frame.HalfWayCookie, "", -time.Second)
	h.SetSession(w, session)
	return h.Redirect(w, r, ui.Or(next, "/"))
}

// signInAgain shows the first step with why it is asked for once more.
func (h *Handlers) signInAgain(w http.ResponseWriter, r *frame.Request, cause error, next string) error {
	h.SetCookie(w, frame.HalfWayCookie, "", -time.Second)
	view := login.View{Shell: r.Shell(), Next: next, Passkeys: h.Accounts.HasPasskeys()}
	return frame.Again(r, cause, &view, &view.Form, login.Page)
}

// LoginByPasskey signs in whoever the passkey belongs to.
func (h *Handlers) LoginByPasskey(w http.ResponseWriter, r *frame.Request) error {
	next, answer := frame.LocalPath(r.PostFormValue("next"), ""), r.PostFormValue("passkey")
	err := frame.ErrNoScript
	var session account.Session
	if answer != "" {
		session, err = h.Accounts.SignInWithPasskey(r.Context(), answer, h.Device(r.Request), r.Token)
	}
	if err != nil {
		view := login.View{Shell: r.Shell(), Next: next, Passkeys: h.Accounts.HasPasskeys()}
		return frame.Again(r, err, &view, &view.Form, login.Page)
	}
	h.SetSession(w, session)
	return h.Redirect(w, r, ui.Or(next, "/"))
}

// AskToSignIn begins a sign-in by passkey: what its page gives to the browser.
func (h *Handlers) AskToSignIn(w http.ResponseWriter, r *frame.Request) error {
	if err := frame.DecodeJSON(r, &struct{}{}); err != nil {
		return err
	}
	options, err := h.Accounts.AskToSignIn(r.Context(), h.Network(r.Request))
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, options)
}

// AskSecondStep begins the second step by passkey.
func (h *Handlers) AskSecondStep(w http.ResponseWriter, r *frame.Request) error {
	if err := frame.DecodeJSON(r, &struct{}{}); err != nil {
		return err
	}
	options, err := h.Accounts.AskSecondStep(r.Context(), h.halfWay(r))
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, options)
}

// AskToSignUp begins the passkey of a sign-up whose link somebody holds.
func (h *Handlers) AskToSignUp(w http.ResponseWriter, r *frame.Request) error {
	if err := frame.DecodeJSON(r, &struct{}{}); err != nil {
		return err
	}
	options, err := h.Accounts.AskToSignUp(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, options)
}

// ConfirmByPasskey confirms an address with a passkey in the place of a password.
func (h *Handlers) ConfirmByPasskey(w http.ResponseWriter, r *frame.Request) error {
	answer := r.PostFormValue("passkey")
	err := frame.ErrNoScript
	var session account.Session
	if answer != "" {
		session, err = h.Accounts.SignUpWithPasskey(r.Context(), r.PathValue("token"), r.T("First passkey"), answer,
			h.Device(r.Request))
	}
	if err != nil {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooMany) {
			return h.ended(w, r, "sign-up", err)
		}
		view, e := h.confirmView(r)
		if e != nil {
			return h.ended(w, r, "sign-up", e)
		}
		return frame.Again(r, err, &view, &view.Form, confirm.Page)
	}
	h.SetSession(w, session)
	return h.Redirect(w, r, "/")
}
