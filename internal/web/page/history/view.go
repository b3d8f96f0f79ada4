// Package history tells who changed what of a party, and when.
package history

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}/history.
type View struct {
	ui.Shell
	PartyID   string
	PartyName string
	Changes   []Change // newest first
	After     string   // cursor of the next, older page, "" on the last
}

// A Change is one version of the party or of one of its entries.
type Change struct {
	When    time.Time
	Who     string
	Subject string // "party" or "entry"
	EntryID string // "" when Subject is "party"
	What    string // "added", "edited", "deleted", "restored"
	Side    string // of an entry: "given" or "received"
	Diff    []Diff // what differs from the version before; for "added", what was written, with Before ""
}

// A Diff is one field of a change, both values ready to show.
type Diff struct {
	Field  string // amount, date, note, side, name, phone, kind
	Before string
	After  string
}
