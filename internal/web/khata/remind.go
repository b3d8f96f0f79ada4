package khata

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/remind"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// reminderTargets are where a reminder's form leads on: WhatsApp's two addresses and the phone's messages. Pages
// with such a form name them in their policy, which browsers also hold redirects against.
const reminderTargets = "https://wa.me https://api.whatsapp.com sms:"

// letRemind lets the forms of this page lead to the owner's own messengers.
func letRemind(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "form-action 'self'",
		"form-action 'self' "+reminderTargets, 1))
}

// A reminderText is what a reminder says. Its figure is the one that every page shows.
type reminderText struct {
	lang, party, shop string
	owed              money.Amount
	date              string
	link              string       // of the statement, or ""
	to                ledger.Payee // zero: says nothing of UPI
}

func (t reminderText) String() string {
	lines := []string{i18n.T(t.lang, "Namaste %s, %s is due to %s as of %s.", t.party, t.owed.Short(), t.shop, t.date)}
	if t.link != "" {
		lines = append(lines, i18n.T(t.lang, "The whole account: %s", t.link))
	}
	if pay := t.to.Link(t.owed, t.shop); pay != "" {
		// the statement has the button
		if lines = append(lines, i18n.T(t.lang, "Pay by UPI: %s", t.to.UPI)); t.link == "" {
			lines = append(lines, pay)
		}
	}
	return strings.Join(append(lines, i18n.T(t.lang, "Thank you.")), "\n")
}

// remindText is the reminder of a party for this request.
func (h *Handlers) remindText(r *frame.Request, lang, party string, owed int64, link string, to ledger.Payee) string {
	return reminderText{
		lang: lang, party: party, shop: r.Person.Business.Name, owed: r.Amount(owed),
		date: i18n.Date(lang, r.Shell().Now), link: link, to: to,
	}.String()
}

// langOf is the language that a reminder is asked for in: the page's own unless it is said.
func langOf(r *frame.Request, v string) string {
	if v == i18n.Hindi || v == i18n.English {
		return v
	}
	return r.Locale()
}

func (h *Handlers) RemindPage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	view, err := h.remindView(r, id)
	if err != nil {
		return err
	}
	letRemind(w)
	return r.Page(remind.Page(view))
}

func (h *Handlers) remindView(r *frame.Request, id uuid.UUID) (remind.View, error) {
	var page ledger.PartyPage
	var to ledger.Payee
	var log []ledger.Reminder
	var shares []ledger.Share
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, id, "", &page)
		ledger.QueuePayee(scope, b, &to)
		ledger.QueueReminders(scope, b, id, 20, &log)
		ledger.QueueShares(scope, b, id, &shares)
	})
	if err != nil {
		return remind.View{}, err
	}
	q := r.URL.Query()
	view := remind.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, Token: ledger.NewShareToken(), PartyID: id.String(),
		Name: page.Name, Phone: page.Phone, Balance: r.Amount(page.Balance),
		Lang: langOf(r, q.Get("lang")), HasUPI: to.Link(r.Amount(1), "") != "", Link: h.freshLink(r, shares),
	}
	view.UPI = view.HasUPI && q.Get("upi") != "no"
	if !view.UPI {
		to = ledger.Payee{}
	}
	if page.Balance > 0 {
		view.Text = h.remindText(r, view.Lang, page.Name, page.Balance, view.Link, to)
	}
	for _, x := range log {
		view.Log = append(view.Log, remind.Reminder{
			When: x.At, By: x.ByName, Balance: r.Amount(x.Balance),
			Channel: x.Channel,
		})
	}
	return view, nil
}

// RemindParty writes the reminder down, and leads to the owner's own messenger with the text typed in: the figure
// in the text is the one in the log.
func (h *Handlers) RemindParty(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	reminder, err := r.FormID()
	if err != nil {
		return err
	}
	var to ledger.Payee
	var shares []ledger.Share
	if err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePayee(scope, b, &to)
		ledger.QueueShares(scope, b, id, &shares)
	}); err != nil {
		return err
	}
	if r.PostFormValue("upi") == "no" {
		to = ledger.Payee{}
	}
	lang := langOf(r, r.PostFormValue("lang"))
	var p ledger.Party
	var done ledger.Reminder
	err = r.As(func(tx *postgres.Tx) (err error) {
		if p, err = ledger.PartyByID(r.Context(), tx, id); err != nil {
			return err
		}
		done, err = ledger.Remind(r.Context(), tx, reminder, id, r.PostFormValue("channel"), lang)
		return err
	})
	if err != nil {
		return err
	}
	letRemind(w)
	text := h.remindText(r, lang, p.Name, done.Balance, h.freshLink(r, shares), to)
	if sms := ledger.SMSLink(p.Phone, text); done.Channel == ledger.SMS && sms != "" {
		return h.Redirect(w, r, sms)
	}
	if done.Channel != ledger.Copy {
		return h.Redirect(w, r, ledger.WhatsAppLink(p.Phone, text))
	}
	h.SetFlash(w, "reminded", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), id.String())+"/remind")
}
