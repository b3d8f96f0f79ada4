package accounts

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/factors"
	"github.com/tijorihq/tijori/internal/web/page/stepup"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// factorsView reads the page on which a user says how to sign in.
func (h *Handlers) factorsView(r *frame.Request) (factors.View, error) {
	if err := r.Read(nil); err != nil {
		return factors.View{}, err
	}
	f, err := h.Accounts.ListFactors(r.Context(), r.Caller)
	if err != nil {
		return factors.View{}, err
	}
	view := factors.View{
		Shell: r.Shell(), Offered: h.Accounts.HasPasskeys(), Apps: h.Accounts.HasTOTP(), App: f.TOTP, Codes: f.Codes,
		TwoStep: f.TwoStep, Operator: r.Operates(),
	}
	for _, p := range f.Passkeys {
		one := factors.Passkey{ID: p.ID.String(), Name: p.Name, Made: p.CreatedAt, Synced: p.Synced, Copied: p.Copied}
		if p.UsedAt != nil {
			one.Used = *p.UsedAt
		}
		view.Passkeys = append(view.Passkeys, one)
	}
	return view, nil
}

// FactorsPage lists what the user can sign in with.
func (h *Handlers) FactorsPage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.factorsView(r)
	if err != nil {
		return err
	}
	return r.Page(factors.Page(view))
}

// factorsAgain shows the page with what is wrong in one of its forms. A missing proof is asked for instead.
func (h *Handlers) factorsAgain(r *frame.Request, cause error, form func(*factors.View) *ui.Form) error {
	if !frame.Mendable(cause) && !fault.Is(cause, fault.TooMany) {
		return cause
	}
	view, err := h.factorsView(r)
	if err != nil {
		return err
	}
	return frame.Again(r, cause, &view, form(&view), factors.Page)
}

func trouble(v *factors.View) *ui.Form { return &v.Trouble }

// AskToRegister begins a new passkey: what its page gives to the browser.
func (h *Handlers) AskToRegister(w http.ResponseWriter, r *frame.Request) error {
	if err := frame.DecodeJSON(r, &struct{}{}); err != nil {
		return err
	}
	options, err := h.Accounts.AskToRegister(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, options)
}

// AddPasskey keeps the passkey that the browser has made.
func (h *Handlers) AddPasskey(w http.ResponseWriter, r *frame.Request) error {
	name, answer := r.PostFormValue("name"), r.PostFormValue("passkey")
	err := frame.ErrNoScript
	if answer != "" {
		err = h.Accounts.AddPasskey(r.Context(), r.Caller, name, answer)
	}
	if err != nil {
		return h.factorsAgain(r, err, func(v *factors.View) *ui.Form {
			v.NewName = name
			return &v.New
		})
	}
	h.SetFlash(w, "passkey_added", "")
	return h.Redirect(w, r, "/settings/signin")
}

// RenamePasskey gives a passkey another name.
func (h *Handlers) RenamePasskey(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	if err := h.Accounts.RenamePasskey(r.Context(), r.Caller, id, r.PostFormValue("name")); err != nil {
		return h.factorsAgain(r, err, trouble)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/settings/signin")
}

// RemovePasskey takes a passkey away.
func (h *Handlers) RemovePasskey(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.RemovePasskey(r.Context(), r.Caller, r.PathID("id")); err != nil {
		return err
	}
	h.SetFlash(w, "passkey_gone", "")
	return h.Redirect(w, r, "/settings/signin")
}

// SetUpApp answers with the page itself and no redirect: the secret is in this answer.
func (h *Handlers) SetUpApp(w http.ResponseWriter, r *frame.Request) error {
	secret, err := h.Accounts.BeginTOTP(r.Context(), r.Caller)
	if err != nil {
		return h.factorsAgain(r, err, trouble)
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	view, err := factors.NewApp(r.Shell(), secret.Text, secret.Address)
	if err != nil {
		return err
	}
	return r.Page(factors.App(view))
}

// ConfirmApp turns the authenticator app on with a first code.
func (h *Handlers) ConfirmApp(w http.ResponseWriter, r *frame.Request) error {
	codes, err := h.Accounts.ConfirmTOTP(r.Context(), r.Caller, r.PostFormValue("code"))
	if err == nil {
		return h.showCodes(w, r, codes, "two_step_on")
	}
	f := fault.Of(err)
	if f == nil || f.Field == "" && f.Kind != fault.TooMany {
		return h.factorsAgain(r, err, trouble)
	}
	secret, e := h.Accounts.PendingTOTP(r.Context(), r.Caller)
	if e != nil {
		return h.factorsAgain(r, e, trouble)
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	view, e := factors.NewApp(r.Shell(), secret.Text, secret.Address)
	if e != nil {
		return e
	}
	return frame.Again(r, err, &view, &view.Form, factors.App)
}

// showCodes answers with recovery codes, which are in this answer and nowhere else, or goes back where there are none.
func (h *Handlers) showCodes(w http.ResponseWriter, r *frame.Request, codes []string, flash string) error {
	if len(codes) == 0 {
		h.SetFlash(w, flash, "")
		return h.Redirect(w, r, "/settings/signin")
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	return r.Page(factors.Codes(factors.CodesView{Shell: r.Shell(), Codes: codes, Fresh: flash == "two_step_on"}))
}

// RemoveApp takes the authenticator app away.
func (h *Handlers) RemoveApp(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.RemoveTOTP(r.Context(), r.Caller); err != nil {
		return err
	}
	h.SetFlash(w, "app_gone", "")
	return h.Redirect(w, r, "/settings/signin")
}

// NewCodes replaces the recovery codes.
func (h *Handlers) NewCodes(w http.ResponseWriter, r *frame.Request) error {
	codes, err := h.Accounts.NewCodes(r.Context(), r.Caller)
	if err != nil {
		return h.factorsAgain(r, err, trouble)
	}
	return h.showCodes(w, r, codes, "saved")
}

// SetTwoStep turns the second step on or off.
func (h *Handlers) SetTwoStep(w http.ResponseWriter, r *frame.Request) error {
	on := r.PostFormValue("on") == "1"
	if !on && r.PostFormValue("on") != "0" {
		return h.factorsAgain(r, fault.New(fault.Invalid, "Choose on or off."), trouble)
	}
	codes, err := h.Accounts.SetTwoStep(r.Context(), r.Caller, on)
	if err != nil {
		return h.factorsAgain(r, err, trouble)
	}
	if on {
		return h.showCodes(w, r, codes, "two_step_on")
	}
	return h.showCodes(w, r, nil, "two_step_off")
}

// StepUpForm asks who is there and leads on to a page of ours. Who needs a second step and has none is led to where
// one is set up.
func (h *Handlers) StepUpForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.stepUpView(r, r.URL.Query().Get("next"), r.URL.Query().Get("strong"))
	if err != nil {
		return err
	}
	if view.Strong && !view.Passkey && !view.App && !view.Codes {
		h.SetFlash(w, "operator_steps", "")
		return h.Redirect(w, r, "/settings/signin")
	}
	return r.Page(stepup.Page(view))
}

func (h *Handlers) stepUpView(r *frame.Request, next, strong string) (stepup.View, error) {
	if err := r.Read(nil); err != nil {
		return stepup.View{}, err
	}
	view, err := r.StepUpView()
	view.Action, view.Next, view.Strong = "/stepup", frame.LocalPath(next, ""), strong == "1"
	return view, err
}

// StepUp is where the proof leads on. That it was one has been checked on the way in.
func (h *Handlers) StepUp(w http.ResponseWriter, r *frame.Request) error {
	if err := r.RequireFresh(); err != nil {
		return err
	}
	h.SetFlash(w, "confirmed", "")
	return h.Redirect(w, r, frame.LocalPath(r.PostFormValue("next"), "/settings/signin"))
}

// AskToStepUp begins a proof by passkey.
func (h *Handlers) AskToStepUp(w http.ResponseWriter, r *frame.Request) error {
	if err := frame.DecodeJSON(r, &struct{}{}); err != nil {
		return err
	}
	options, err := h.Accounts.AskToStepUp(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, options)
}
