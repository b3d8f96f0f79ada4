package export

import (
	"context"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Allow says whether the account's plan includes exports; it returns an
// UpgradeRequired fault when it does not. Nothing is written before it has agreed.
type Allow func(ctx context.Context, tx *postgres.Tx) error

// Options are what every file needs to know.
type Options struct {
	Allow    Allow  // nil refuses
	Currency string // of the business, ISO 4217
	Labels   Labels // zero means English

	// What a CSV does without.
	Business string                 // its name, at the head
	Lang     string                 // of the labels: "en", "hi"
	Date     func(time.Time) string // how a reader's day is written; nil is 2026-03-31
	Made     string                 // foot of every page of a PDF: when it was made
}

// Labels are the words of a file in the reader's language.
type Labels struct {
	Party, Kind, Phone, Date, Details, Gave, Got, Balance string
	Opening, Closing                                      string
	Customer, Supplier                                    string

	Statement, Khata        string // titles of one party and of all
	Given, Received         string // columns that the other side reads too
	Old                     string // an entry that is the balance from before the khata was kept here
	Ahead                   string // an entry whose day is yet to come, and which counts in no balance
	Get, Give               string // totals of all parties
	All, From, Until        string // the range: all of it, from %s, until %s
	Owes, Settled, SideNote string // who owes whom how much; whose side the columns are written from
	Page                    string // page %d of %d, in this order
	Paid                    string // the column that says how an entry was paid
	Cash, Bank, Cheque      string // and what it says; UPI is UPI in all languages
	Goods                   string
}

// English is the words of a file, which are also the keys of their translation.
var English = Labels{
	Party: "Party", Kind: "Kind", Phone: "Phone", Date: "Date", Details: "Details", Gave: "You gave", Got: "You got",
	Balance: "Balance",
	Opening: "Opening balance", Closing: "Closing balance", Customer: "Customer", Supplier: "Supplier",
	Statement: "Statement of account", Khata: "All parties", Given: "Gave", Received: "Got", Old: "Old balance",
	Ahead: "Dated ahead, not counted",
	Get:   "You'll get", Give: "You'll give",
	All: "All entries", From: "From %s", Until: "Up to %s", Owes: "%s owes %s %s.", Settled: "Settled",
	SideNote: "Written from the side of %s. A balance with a minus is what %s owes.", Page: "Page %d of %d",
	Paid: "Paid by", Cash: "Cash", Bank: "Bank", Cheque: "Cheque", Goods: "Goods",
}

// In returns the words of a language that translate knows.
func (l Labels) In(translate func(string) string) Labels {
	for _, word := range []*string{
		&l.Party, &l.Kind, &l.Phone, &l.Date, &l.Details, &l.Gave, &l.Got, &l.Balance, &l.Opening, &l.Closing,
		&l.Customer, &l.Supplier,
		&l.Statement, &l.Khata, &l.Given, &l.Received, &l.Old, &l.Ahead, &l.Get, &l.Give, &l.All, &l.From, &l.Until,
		&l.Owes,
		&l.Settled, &l.SideNote, &l.Page, &l.Paid, &l.Cash, &l.Bank, &l.Cheque, &l.Goods,
	} {
		*word = translate(*word)
	}
	return l
}

// DetailsOf is what stands beside an entry, on the page and in every file.
func (l Labels) DetailsOf(e ledger.EntryFields) string {
	switch {
	case !e.Opening:
		return e.Note
	case e.Note == "":
		return l.Old
	}
	return l.Old + ": " + e.Note
}

// PaidBy is how an entry was paid; nothing for an opening balance.
func (l Labels) PaidBy(e ledger.EntryFields) string {
	switch e.PaidBy() {
	case ledger.Cash:
		return l.Cash
	case ledger.UPI:
		return "UPI"
	case ledger.Bank:
		return l.Bank
	case ledger.Cheque:
		return l.Cheque
	case ledger.Goods:
		return l.Goods
	}
	return ""
}

// detailsOf is DetailsOf for a line that may lie ahead.
func (l Labels) detailsOf(line ledger.Line) string {
	text := l.DetailsOf(line.EntryFields)
	switch {
	case !line.Ahead:
		return text
	case text == "":
		return l.Ahead
	}
	return l.Ahead + ": " + text
}

// paidDetails is detailsOf with how the entry was paid, where that is more than its side says.
func (l Labels) paidDetails(line ledger.Line) string {
	text, usual := l.detailsOf(line), ledger.EntryFields{Side: line.Side}
	if line.Opening || line.PaidBy() == usual.PaidBy() {
		return text
	}
	if text == "" {
		return l.PaidBy(line.EntryFields)
	}
	return text + " · " + l.PaidBy(line.EntryFields)
}

func (l Labels) kind(k ledger.Kind) string {
	if k == ledger.Supplier {
		return l.Supplier
	}
	return l.Customer
}

func (o Options) labels() Labels {
	if o.Labels == (Labels{}) {
		return English
	}
	return o.Labels
}

func (o Options) date(d time.Time) string {
	if o.Date == nil {
		return d.Format(time.DateOnly)
	}
	return o.Date(d)
}

// Period is a range in the words of a file, and of the page beside it.
func (o Options) Period(r ledger.Range) string {
	l := o.labels()
	switch {
	case r.From.IsZero() && r.To.IsZero():
		return l.All
	case r.To.IsZero():
		return fill(l.From, o.date(r.From))
	case r.From.IsZero():
		return fill(l.Until, o.date(r.To))
	}
	return o.date(r.From) + " – " + o.date(r.To)
}

// fill puts values into the verbs of a label, in order. What people typed stays
// what it is, also when it looks like a verb.
func fill(label string, values ...string) string {
	parts := strings.Split(strings.ReplaceAll(label, "%d", "%s"), "%s")
	var b strings.Builder
	for i, part := range parts {
		b.WriteString(part)
		if i < len(parts)-1 && i < len(values) {
			b.WriteString(values[i])
		}
	}
	return b.String()
}

func (o Options) allowed(ctx context.Context, tx *postgres.Tx) error {
	if !tx.Scope.Rights.SeesTotals {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	if o.Allow == nil {
		return fault.Upgrade(fault.ExportNeedsPlan, "Downloads as PDF or spreadsheet are not in your plan.")
	}
	return o.Allow(ctx, tx)
}
