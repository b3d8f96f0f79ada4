package operators

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) CreditsDesk(w http.ResponseWriter, r *frame.Request) error {
	return h.renderCreditsDesk(w, r, http.StatusOK, nil)
}

// renderCreditsDesk draws the form with a key of its own, so that sending it twice
// applies it once. A form that is shown again because something is wrong keeps its
// key, unless that key has been used.
func (h *Handlers) renderCreditsDesk(w http.ResponseWriter, r *frame.Request, status int, wrong error) error {
	view := admin.Credits{
		Shell: shell(r), Account: r.PostFormValue("account"), Amount: r.PostFormValue("amount"),
		Reason: r.PostFormValue("reason"),
		Meter:  r.PostFormValue("meter"), Days: r.PostFormValue("days"), Way: r.PostFormValue("way"),
		Key: r.PostFormValue("key"),
	}
	if view.Account == "" {
		view.Account = r.URL.Query().Get("account")
	}
	if view.Way == "" {
		view.Way = "grant"
	}
	if uuid.Validate(view.Key) != nil || fault.Is(wrong, fault.Conflict) {
		view.Key = uuid.NewString()
	}
	for _, m := range h.Plans.Meters {
		view.Meters = append(view.Meters, ui.Option{Value: m.ID, Label: m.ID})
	}
	acts, err := h.Billing.ListActs(r.Context(), 20, "grant", "take_back")
	if err != nil {
		return err
	}
	view.Acts = actViews(shell(r), acts)
	if wrong != nil {
		if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, admin.CreditsPage(view))
	return nil
}

// ChangeCredits grants or takes credits of an account, once for each form.
func (h *Handlers) ChangeCredits(w http.ResponseWriter, r *frame.Request) error {
	err := h.applyCredits(r)
	if err != nil {
		return h.renderCreditsDesk(w, r, frame.FormStatus(err), err)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, "/admin/credits")
}

func (h *Handlers) applyCredits(r *frame.Request) error {
	key, reason := r.PostFormValue("key"), strings.TrimSpace(r.PostFormValue("reason"))
	if uuid.Validate(key) != nil {
		return fault.New(fault.Invalid, "This form is incomplete. Send it once more.")
	}
	amount, err := strconv.ParseInt(strings.TrimSpace(r.PostFormValue("amount")), 10, 64)
	if err != nil {
		return fault.InvalidField("amount", "Enter a whole number of credits.")
	}
	days := 0
	if text := strings.TrimSpace(r.PostFormValue("days")); text != "" {
		if days, err = strconv.Atoi(text); err != nil || days < 1 || days > mostDays {
			return fault.InvalidField("days", "Enter 1 to %d days, or nothing for credits that stay.", mostDays)
		}
	}
	if len([]rune(reason)) < 3 {
		return fault.InvalidField("reason", "Say why, in a few words. It is kept.")
	}
	account, err := h.accountOf(r, r.PostFormValue("account"))
	if err != nil {
		return err
	}
	switch r.PostFormValue("way") {
	case "grant":
		g := credits.Grant{
			AccountID: account, Meter: r.PostFormValue("meter"), Amount: amount, Key: "operator " + key,
			Reason: reason, By: r.Person.Email,
		}
		if days > 0 {
			g.ExpiresAt = h.Clock.Now().AddDate(0, 0, days)
		}
		_, err = h.Credits.GrantByHand(r.Context(), g)
	case "take":
		_, err = h.Credits.TakeByHand(r.Context(), credits.Taking{
			AccountID: account, Meter: r.PostFormValue("meter"), Amount: amount, Key: "operator " + key, Reason: reason,
			By: r.Person.Email,
		})
	default:
		return fault.InvalidField("way", "Choose whether to grant or to take.")
	}
	switch {
	case fault.Is(err, fault.NotFound):
		return fault.InvalidField("account", "There is no account with this ID.")
	case fault.Is(err, fault.Conflict):
		return fault.New(fault.Conflict,
			"This form was sent before with other entries. Look below what was done; send it again if it is not enough.")
	}
	return err
}

// accountOf is the account that an operator names by its id, or by the address of
// the person who owns it. Looking an address up is written down like any look-up.
func (h *Handlers) accountOf(r *frame.Request, text string) (uuid.UUID, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "@") {
		id, err := uuid.Parse(text)
		if err != nil || len(text) != 36 {
			return uuid.Nil, fault.InvalidField("account", "This is neither an account's ID nor an email address.")
		}
		return id, nil
	}
	a, err := h.Billing.SupportLookup(r.Context(), r.Person.Email, text, "credits")
	var f *fault.Fault
	if errors.As(err, &f) && (f.Kind == fault.NotFound || f.Kind == fault.Invalid) {
		return uuid.Nil, fault.InvalidField("account", "Nobody with this address has an account.")
	}
	if err != nil {
		return uuid.Nil, err
	}
	var owned []billing.SupportAccount
	for _, one := range a.Accounts {
		if role.Of(one.Role).Owns {
			owned = append(owned, one)
		}
	}
	switch len(owned) {
	case 0:
		return uuid.Nil, fault.InvalidField("account", "This person owns no account. Enter the account's ID.")
	case 1:
		return owned[0].ID, nil
	}
	return uuid.Nil, fault.InvalidField("account",
		"This person owns several accounts. Enter the ID of the right one; a search shows them.")
}

// mostDays is how long granted credits can be good for, where they have an end.
const mostDays = 3650
