// Package statement is the page of a party's statement, on screen and on paper.
package statement

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}/statement. Its query: from, to, part.
type View struct {
	ui.Shell
	Ahead ui.Ahead // entries of these days that are yet to come, in no figure
	ui.Form
	Shared         string // path of the shared link when this is shown to the party, "" in the khata
	PartyID        string
	Name           string
	Kind           string // "customer" or "supplier"
	Phone          string
	From, To       string // of the range, as date inputs have them; "" is open
	Period         string // the range in words
	Chips          []Chip
	Opening        money.Amount // signed, like every balance: positive is what we will get
	Gave, Got      money.Amount // sums of the range, over all parts
	Closing        money.Amount
	FirstDay       time.Time // of the range; zero when open
	LastDay        time.Time
	Lines          []Line       // of this part, oldest first
	Count          int          // entries of the range, over all parts
	Part, Parts    int          // 1 of 1 when everything is on one page
	Brought        money.Amount // balance before this part, when it is not the first
	ExportLocked   bool         // the plan has no export
	Send           ui.Sending   // tells the party how its account stands
	WithoutFigures bool         // the range cannot be read: only the form is shown
}

// A Chip is a range to choose with one tap.
type Chip struct {
	Label    string
	From, To string
	Chosen   bool
}

// A Line is one entry with the balance after it.
type Line struct {
	Date    time.Time
	Note    string
	Side    string       // "given" or "received"
	Amount  money.Amount // positive
	Balance money.Amount // signed
	Changed bool         // of a shared statement: added or changed since
}
