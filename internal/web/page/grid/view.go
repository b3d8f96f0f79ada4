// Package grid takes many entries at once, as a spreadsheet does.
package grid

import (
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/grid. Its form posts id (of the batch), version (of
// the draft), add_new, then (all or good), and for each row n: row-n, date-n, party-n,
// party_id-n, new-n, given-n, received-n, note-n, mode-n. The module grid.js talks to the API instead.
type View struct {
	ui.Shell
	ui.Form
	Version  int // of the draft that the rows come from
	Rows     []Row
	AddNew   bool // names that are not in the khata become parties
	Some     bool // there are good rows beside wrong ones
	Max      int  // rows of one batch
	Names    []string
	Given    money.Amount
	Received money.Amount
	Batches  []Batch
	Undone   *Undone
}

// A Row is one line as typed. Problems are translated sentences by column: date, party, given, received, note.
type Row struct {
	ID, Date, Party, PartyID, Given, Received, Note, Mode string
	NewParty, Twin                                        bool
	Problems                                              map[string]string
}

// A Batch is one that was saved in the last day.
type Batch struct {
	ID, By           string
	At               time.Time
	Entries, Parties int
	Undone           bool
}

// An Undone tells what the undo of a batch has left as it was.
type Undone struct{ Kept []Kept }

// A Kept is an entry, or a party without one, that was changed since.
type Kept struct {
	Party, PartyID, EntryID, Side string
	Amount                        money.Amount
	Date                          time.Time
}

var columns = []struct{ name, mode string }{
	{"date", "numeric"},
	{"party", "text"},
	{"given", "decimal"},
	{"received", "decimal"},
	{"note", "text"},
	{"mode", "text"},
}

func (v View) head(column string) string {
	switch column {
	case "date":
		return v.T("Date")
	case "party":
		return v.T("Party")
	case "given":
		return v.T("Gave")
	case "received":
		return v.T("Got")
	case "mode":
		return v.T("Paid by")
	}
	return v.T("Note")
}

func (r Row) value(column string) string {
	switch column {
	case "date":
		return r.Date
	case "party":
		return r.Party
	case "given":
		return r.Given
	case "received":
		return r.Received
	case "mode":
		return r.Mode
	}
	return r.Note
}

func (r Row) blank() bool { return r.Party+r.Given+r.Received+r.Note+r.Mode == "" }

func cell(column string, n int) string { return column + "-" + strconv.Itoa(n) }

func letters(column string) string {
	switch column {
	case "date":
		return "40"
	case "party":
		return "120"
	case "note":
		return "500"
	}
	return "60"
}

// template is the empty row that grid.js copies.
const template = -1

func (v View) number(n int) string {
	if n == template {
		return ""
	}
	return strconv.Itoa(n + 1)
}

func (v View) undoPath(batch string) string {
	return ui.BusinessPath(v.Business.ID) + "/batches/" + batch + "/undo"
}

func (v View) symbol() string {
	a := money.Amount{Currency: v.Business.Currency}.Short()
	for i, r := range a {
		if r >= '0' && r <= '9' {
			return a[:i]
		}
	}
	return ""
}

func (v View) today() string { return v.Now.Format("02/01/2006") }
