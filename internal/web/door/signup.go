package door

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/confirm"
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
		Name: r.PostFormValue("name"), Email: r.PostFormValue("email"),
		BusinessName: r.PostFormValue("business"), Locale: i18n.Known(r.PostFormValue("locale")),
		Currency: ui.Or(r.PostFormValue("currency"), "INR"), Network: h.Network(r.Request),
	}
	if err := h.Accounts.SignUp(r.Context(), form); err != nil {
		view := signup.View{
			Shell: r.Shell(), Name: form.Name, Email: form.Email, BusinessName: form.BusinessName,
			Language: form.Locale, Currency: form.Currency,
		}
		return frame.Again(r, err, &view, &view.Form, signup.Page)
	}
	// the pages until the first sign-in speak it too
	h.SetCookie(w, frame.LanguageCookie, form.Locale, 365*24*time.Hour)
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

// setSentTo remembers for some minutes, in the browser that typed it, where a mail went: in no address of a page, and
// no log.
func (h *Handlers) setSentTo(w http.ResponseWriter, email string) {
	h.SetCookie(w, frame.SentToCookie, base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSpace(email))),
		20*time.Minute)
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
	r.Speak(p.Locale)
	return confirm.View{
		Shell: r.Shell(), Token: r.PathValue("token"), Name: p.Name, Email: p.Email,
		BusinessName: p.BusinessName, Passkeys: h.Accounts.HasPasskeys(),
	}, nil
}

func (h *Handlers) ConfirmForm(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.confirmView(r)
	if err != nil {
		return h.ended(w, r, "sign-up", err)
	}
	return r.Page(confirm.Page(view))
}

func (h *Handlers) Confirm(w http.ResponseWriter, r *frame.Request) error {
	session, err := h.Accounts.ConfirmSignUp(r.Context(), r.PathValue("token"), r.PostFormValue("password"),
		h.Device(r.Request))
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
