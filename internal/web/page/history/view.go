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
	Subject string // "party", "entry", or "merge" with another party
	EntryID string // "" but for an entry
	What    string // "added", "edited", "deleted", "restored"; of an entry "moved"; of a merge "merged", "unmerged"
	Side    string // of an entry: "given" or "received"
	Merge   Merge
	Diff    []Diff // what differs from the version before; for "added", what was written, with Before ""
}

// A Merge is what a change of that kind was.
type Merge struct {
	Other   string // the name of the other party
	Into    bool   // this party went into the other
	Entries int    // how many moved
	Undo    string // path of the form that undoes it, "" when it cannot be
}

// A Diff is one field of a change, both values ready to show.
type Diff struct {
	Field  string // amount, date, note, side, name, phone, kind, party
	Of     string // which entry, where nothing else says so
	Before string
	After  string
}
