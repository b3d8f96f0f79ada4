// Package bin lists what was deleted, with a way back.
package bin

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/bin.
type View struct {
	ui.Shell
	Parties []Party
	Entries []Entry
	After   string // cursor of the next page, "" on the last
}

// A Party is a deleted party; its form posts to .../p/{party}/restore.
type Party struct {
	ID      string
	Name    string
	Kind    string // "customer" or "supplier"
	Deleted time.Time
	By      string // name of who deleted it
}

// An Entry is a deleted entry of a party that is still there; its form posts
// to .../entries/{entry}/restore.
type Entry struct {
	ID        string
	PartyID   string
	PartyName string
	Side      string // "given" or "received"
	Amount    money.Amount
	Date      time.Time
	Note      string
	Deleted   time.Time
	By        string
}
