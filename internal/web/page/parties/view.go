// Package parties is the list of a business's parties, the first page of the khata.
package parties

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}. Its query: q, show, kind, sort, after.
type View struct {
	ui.Shell
	Get, Give    money.Amount // totals of all parties, both positive; not shown to a counter
	Filter       Filter
	Rows         []Row
	After        string // cursor of the next page, "" on the last
	Count        int    // parties of the business, whatever the filter
	Limit        int    // parties that the plan allows, 0 without limit
	Roomier      string // the plan that holds more, "" when none does
	ExportLocked bool   // the plan has no export: the button says which has
}

// A Filter is what the list was asked for. The zero value is everything, by balance.
type Filter struct {
	Query string // q
	Show  string // "" all, "due" they owe us, "advance" we owe them, "settled"
	Kind  string // "" both, "customer", "supplier"
	Sort  string // "" by balance, "oldest" due first, "name", "recent" entries first
	After string // cursor this page began at, "" on the first
}

// A Row is one party.
type Row struct {
	ID      string
	Name    string
	Phone   string
	Kind    string       // "customer" or "supplier"
	Last    time.Time    // business date of the last entry, zero without entries
	Balance money.Amount // positive: you'll get; negative: you'll give

	Due      time.Time // business date of the oldest unpaid entry, zero when nothing is due
	RemindID string    // client-made id of the reminder, "" when the party owes nothing or the role does not remind
	Token    string    // of the link that the reminder sends along
}
