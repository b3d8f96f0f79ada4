// Package lock shows how far a business has closed its books, and lets the owner decide.
package lock

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/lock. Its form posts as id, from, until and reason; opening everything
// posts no until.
type View struct {
	ui.Shell
	ui.Form
	Locked     time.Time // the last locked day, zero when all is open
	Until      string    // as typed, or what is offered
	Reason     string
	Chips      []Chip
	Changes    []Change // newest first
	OpenID     string   // the client-made id of the form that opens everything
	OpenReason string
	Opening    bool // the second form comes back with something to mend
}

// A Chip is a day to lock up to with one tap.
type Chip struct {
	Label string
	Day   time.Time
}

// A Change is one decision.
type Change struct {
	From, Until time.Time // zero: everything open
	Opens       bool
	Reason      string
	By          string
	When        time.Time
}
