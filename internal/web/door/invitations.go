package door

import (
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/invite"
	"github.com/tijorihq/tijori/internal/web/ui"
)

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
		Shell: r.Shell(), Token: r.PathValue("token"), Email: i.Email, Inviter: i.Inviter, Account: i.AccountName,
		Shop: i.BusinessName, Role: i.Role,
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
		// the page of who is invited, in the language they chose
		if h.ReadCookie(r.Request, frame.LanguageCookie) == "" {
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
	session, err := h.Accounts.SignUpByInvitation(r.Context(), token, r.PostFormValue("name"),
		r.PostFormValue("password"), r.Locale(), h.Device(r.Request))
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
