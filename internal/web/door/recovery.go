package door

import (
	"errors"
	"net/http"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/recovery"
)

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
	session, err := h.Accounts.Recover(r.Context(), token, r.PostFormValue("password"),
		r.PostFormValue("end_keys") == "yes", h.Device(r.Request))
	if half, ok := errors.AsType[*account.HalfWay](err); ok {
		return h.toSecondStep(w, r, half, "")
	}
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
