package door

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/email"
)

// EmailForm is where the links of a change of address lead. No session is asked for: the link is the proof.
func (h *Handlers) EmailForm(w http.ResponseWriter, r *frame.Request) error {
	v, err := h.Accounts.EmailChangeByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, "email", err)
	}
	if err := r.Look(); err != nil {
		return err
	}
	r.Speak(v.Locale)
	return r.Page(email.Page(email.View{
		Shell: r.Shell(), Token: r.PathValue("token"), Email: v.Email, Former: v.Former,
	}))
}

// ConfirmEmail confirms one end of a change of address.
func (h *Handlers) ConfirmEmail(w http.ResponseWriter, r *frame.Request) error {
	token := r.PathValue("token")
	v, err := h.Accounts.EmailChangeByToken(r.Context(), token)
	if err != nil {
		return h.ended(w, r, "email", err)
	}
	r.Speak(v.Locale)
	changed, err := h.Accounts.ConfirmEmailChange(r.Context(), token, h.Device(r.Request))
	if err != nil {
		if !fault.Is(err, fault.Conflict) {
			return h.ended(w, r, "email", err)
		}
		view := email.View{Shell: r.Shell(), Token: token, Email: v.Email, Former: v.Former}
		return frame.Again(r, err, &view, &view.Form, email.Page)
	}
	if err := r.Look(); err != nil {
		return err
	}
	return r.Page(email.Done(email.DoneView{Shell: r.Shell(), Email: v.Email, Changed: changed}))
}

// EmailBackForm is where the former address finds the way back.
func (h *Handlers) EmailBackForm(w http.ResponseWriter, r *frame.Request) error {
	address, err := h.Accounts.EmailBackByToken(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, "email", err)
	}
	if err := r.Look(); err != nil {
		return err
	}
	return r.Page(email.Back(email.BackView{Shell: r.Shell(), Token: r.PathValue("token"), Email: address}))
}

// TakeEmailBack gives the login its former address again, and ends every session of it.
func (h *Handlers) TakeEmailBack(w http.ResponseWriter, r *frame.Request) error {
	err := h.Accounts.TakeEmailBack(r.Context(), r.PathValue("token"), r.PostFormValue("end_keys") == "yes",
		h.Device(r.Request))
	if err != nil {
		return h.ended(w, r, "email", err)
	}
	h.SetFlash(w, "email_back", "")
	return h.Redirect(w, r, "/recover/sent")
}
