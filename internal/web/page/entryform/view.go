// Package entryform adds an entry and changes one.
package entryform

import (
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the form of /b/{business}/p/{party}/entries/new?side= and
// .../entries/{entry}/edit. Its fields post as id (new only), version (edit only), side, amount
// (a sum such as 250+90 is welcome), date, note, mode, cheque_date, and then=another for "save and add another". An
// opening balance is the form of .../opening as well.
type View struct {
	ui.Shell
	ui.Form
	PartyID    string
	PartyName  string
	Balance    money.Amount // the party's, before this entry; not shown to a counter
	EntryID    string       // "" for a new entry
	Version    int          // the version being changed
	Opening    bool         // the party's opening balance
	Side       string       // "given" or "received"
	Amount     string       // as typed
	Date       string       // as typed, or yyyy-mm-dd; "" selects today
	Note       string
	ChequeDate string // that is written on the cheque, as typed; "" for none
	Cheque     string // state of the saved cheque, of ui.Cheques; "" for other entries
	Mode       string // how it was paid, of ui.Modes; none for an opening balance
}
