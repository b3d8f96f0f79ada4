package khata

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
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

// A message is what an owner's messenger is opened with. Its figure is the one that every page shows, and its link
// leads to the account and to the way to pay: a link of UPI itself can be tapped in no messenger.
type message struct {
	lang, party, shop string
	balance           money.Amount // positive is what the party owes
	date              string
	link              string // of the account, or ""
	payable           bool   // the page behind the link takes the money
	entry             string // what was written, in the customer's words, or ""
}

func (m message) String() string {
	say := func(key string, args ...any) string { return i18n.T(m.lang, key, args...) }
	var lines []string
	owed := m.balance
	owed.Minor = max(owed.Minor, -owed.Minor)
	switch {
	case m.entry != "":
		lines = append(lines, say("Namaste %s, %s added an entry to your statement:", m.party, m.shop), m.entry)
		switch {
		case m.balance.Minor > 0:
			lines = append(lines, say("Due from you now: %s", owed.Short()))
		case m.balance.Minor < 0:
			lines = append(lines, say("Due to you now: %s", owed.Short()))
		default:
			lines = append(lines, say("All is settled now."))
		}
	case m.balance.Minor > 0:
		lines = append(lines, say("Namaste %s, %s is due to %s as of %s.", m.party, owed.Short(), m.shop, m.date))
	default:
		lines = append(lines, say("Namaste %s, here is your statement with %s as of %s.", m.party, m.shop, m.date))
	}
	switch {
	case m.link == "":
	case m.payable && m.balance.Minor > 0:
		lines = append(lines, say("View the statement and pay: %s", m.link))
	default:
		lines = append(lines, say("View the statement: %s", m.link))
	}
	return strings.Join(append(lines, say("Thank you.")), "\n")
}

// linkOf is the address of a shared account.
func (h *Handlers) linkOf(token string) string { return h.Absolute("/s/" + url.PathEscape(token)) }

// messageTo is a message to a party as this request would send it.
func (h *Handlers) messageTo(r *frame.Request, lang, party string, balance int64, token string, to ledger.Payee,
) message {
	m := message{
		lang: lang, party: party, shop: r.Person.Business.Name, balance: r.Amount(balance),
		date: i18n.Date(lang, r.Today), payable: to.Link(r.Amount(1), "") != "",
	}
	if token != "" {
		m.link = h.linkOf(token)
	}
	return m
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
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, id, "", &page)
		ledger.QueuePayee(scope, b, &to)
		ledger.QueueReminders(scope, b, id, 20, &log)
	})
	if err != nil {
		return remind.View{}, err
	}
	q := r.URL.Query()
	view := remind.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, PartyID: id.String(), Name: page.Name, Phone: page.Phone,
		Balance: r.Amount(page.Balance), Lang: langOf(r, q.Get("lang")), WithLink: q.Get("link") != "no",
		HasUPI: to.Link(r.Amount(1), "") != "",
	}
	if view.WithLink {
		view.Token = ledger.NewShareToken()
	}
	if page.Balance > 0 {
		view.Text = h.messageTo(r, view.Lang, page.Name, page.Balance, view.Token, to).String()
	}
	for _, x := range log {
		view.Log = append(view.Log, remind.Reminder{
			When: x.At, By: x.ByName, Balance: r.Amount(x.Balance),
			Channel: x.Channel,
		})
	}
	return view, nil
}

// sending is the form that sends a party its account; none for whoever may not share it.
func sending(r *frame.Request, party, name string) ui.Sending {
	if !r.Rights.RunsKhata {
		return ui.Sending{}
	}
	return ui.Sending{
		Action: ui.PartyPath(r.Caller.Business.String(), party) + "/send", ID: frame.NewID(),
		Token: ledger.NewShareToken(), To: name,
	}
}

// offerSending lets the sentence about an entry just saved lead on to telling the party of it.
func offerSending(w http.ResponseWriter, r *frame.Request, shell *ui.Shell, party, name string) {
	if shell.Flash == nil || shell.Flash.Send.Entry == "" {
		return
	}
	entry := shell.Flash.Send.Entry
	shell.Flash.Send = sending(r, party, name)
	shell.Flash.Send.Entry = entry
	if shell.Flash.Send.Action != "" {
		letRemind(w)
	}
}

// formToken is the token of the link that a message takes along, "" for none.
func formToken(r *frame.Request) (string, error) {
	token := r.PostFormValue("token")
	if token != "" && !ledger.IsShareToken(token) {
		return "", fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	return token, nil
}

// shareNow makes the link that a message takes along: the account up to a day.
func shareNow(r *frame.Request, tx *postgres.Tx, form, party uuid.UUID, token string) error {
	if token == "" {
		return nil
	}
	_, err := ledger.AddShare(r.Context(), tx, ledger.ShareIDOf(form, token), party, token,
		ledger.Range{To: tx.Scope.Today}, ledger.ShareLife)
	return err
}

// RemindParty writes the reminder down, makes the link that goes with it, and leads to the owner's own messenger with
// the text typed in: the figure in the text is the one in the log.
func (h *Handlers) RemindParty(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	reminder, err := r.FormID()
	if err != nil {
		return err
	}
	token, err := formToken(r)
	if err != nil {
		return err
	}
	var to ledger.Payee
	var lang string
	var p ledger.Party
	var done ledger.Reminder
	err = r.AsPage(func(tx *postgres.Tx) (err error) {
		lang = langOf(r, r.PostFormValue("lang"))
		if to, err = ledger.PayeeOf(r.Context(), tx); err != nil {
			return err
		}
		if p, err = ledger.PartyByID(r.Context(), tx, id); err != nil {
			return err
		}
		if done, err = ledger.Remind(r.Context(), tx, reminder, id, r.PostFormValue("channel"), lang); err != nil {
			return err
		}
		return shareNow(r, tx, reminder, id, token)
	})
	if err != nil {
		return err
	}
	text := h.messageTo(r, lang, p.Name, done.Balance, token, to).String()
	if done.Channel != ledger.Copy {
		return h.toMessenger(w, r, done.Channel, p.Phone, text)
	}
	h.SetFlash(w, "reminded", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), id.String())+"/remind")
}

// toMessenger opens the owner's own messenger with a text typed in.
func (h *Handlers) toMessenger(w http.ResponseWriter, r *frame.Request, channel, phone, text string) error {
	letRemind(w)
	if sms := ledger.SMSLink(phone, text); channel == ledger.SMS && sms != "" {
		return h.Redirect(w, r, sms)
	}
	return h.Redirect(w, r, ledger.WhatsAppLink(phone, text))
}

// SendParty tells a party how its account stands, and of an entry just written when the form names one: a link is
// made, and the owner's own messenger opened.
func (h *Handlers) SendParty(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	form, err := r.FormID()
	if err != nil {
		return err
	}
	token, err := formToken(r)
	if err == nil && token == "" {
		err = fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	if err != nil {
		return err
	}
	entry, err := uuid.Parse(r.PostFormValue("entry"))
	about := err == nil && entry != uuid.Nil
	var to ledger.Payee
	var p ledger.Party
	var e ledger.Entry
	var balance int64
	err = r.AsPage(func(tx *postgres.Tx) (err error) {
		if to, err = ledger.PayeeOf(r.Context(), tx); err != nil {
			return err
		}
		if p, err = ledger.PartyByID(r.Context(), tx, id); err != nil {
			return err
		}
		if about {
			if e, err = ledger.EntryByID(r.Context(), tx, entry); err == nil && e.PartyID != id {
				err = fault.New(fault.NotFound, "There is no such entry.")
			}
			if err != nil {
				return err
			}
		}
		if balance, err = ledger.BalanceOf(r.Context(), tx, id); err != nil {
			return err
		}
		return shareNow(r, tx, form, id, token)
	})
	if err != nil {
		return err
	}
	lang := langOf(r, r.PostFormValue("lang"))
	m := h.messageTo(r, lang, p.Name, balance, token, to)
	if about {
		m.entry = entryWords(r, lang, e)
	}
	return h.toMessenger(w, r, ledger.WhatsApp, p.Phone, m.String())
}

// entryWords is an entry as the customer sees it.
func entryWords(r *frame.Request, lang string, e ledger.Entry) string {
	key := "You took %s on %s"
	if e.Side == ledger.Received {
		key = "You paid %s on %s"
	}
	text := i18n.T(lang, key, r.Amount(e.AmountMinor).Short(), i18n.Date(lang, e.Date))
	if e.Note != "" {
		text += " (" + e.Note + ")"
	}
	return text
}
