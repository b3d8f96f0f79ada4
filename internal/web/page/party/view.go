// Package party is the page of one party: its balance and its entries.
package party

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/page/share"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}. Its query: after.
type View struct {
	ui.Shell
	PartyID      string
	Name         string
	Kind         string // "customer" or "supplier"
	Phone        string
	Note         string
	Deleted      bool         // in the bin: shown with a way to restore it
	Balance      money.Amount // positive: you'll get; negative: you'll give
	Gave, Got    money.Amount // sums of each side, both positive
	EntryCount   int
	Ahead        ui.Ahead // entries whose day is yet to come, in none of the sums
	Entries      []Entry  // newest first
	After        string   // cursor of the next, older page, "" on the last
	ExportLocked bool     // the plan has no export
	// client-made id of the reminder, "" when the party owes nothing or the role does not remind
	RemindID  string
	Token     string       // of the link that the reminder sends along
	Send      ui.Sending   // tells the party how its account stands
	NewID     string       // client-made id of the entry of the inline row, "" for whoever adds none
	Alone     bool         // one person keeps this book: who wrote an entry goes without saying
	CanPay    bool         // the party owes, and the business takes UPI
	NoOpening bool         // there is room for an opening balance
	Locked    time.Time    // the last locked day, zero when all is open
	Links     []share.Link // living links to the statement
}

// An Entry is one line of the party.
type Entry struct {
	ID      string
	Side    string       // "given" or "received"
	Amount  money.Amount // positive
	Date    time.Time    // business date
	Note    string
	Balance money.Amount // running balance after this entry, signed
	By      string       // name of who added it
	Edited  bool         // has more than one version
	Opening bool         // the party's opening balance
	Mode    string       // how it was paid, of ui.Modes; "" where its side says it: goods given, cash received
	Cheque  string       // state of the cheque, of ui.Cheques; "" for none
	Undoes  bool         // it undoes a cheque that bounced
	Ahead   bool         // its day is yet to come
	Fixable bool         // the user may change it though the role edits no others: a counter's own, for a day
}
