// Package share makes and ends links to a party's statement, and shows the statement to who opens one.
package share

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/page/remind"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}/share. Its form posts as id, from, to and days.
type View struct {
	ui.Shell
	ui.Form
	Token    string // of the link that the form makes
	PartyID  string
	Name     string
	From, To string // as typed
	Days     int
	Lives    []int  // days to choose from
	Fresh    string // the address of a link just made; it is shown for a few minutes, since only its hash is kept
	Send     string // of a fresh link: the messenger with the message typed in
	Links    []Link
}

// A Link is a living one.
type Link struct {
	ID       string
	From, To time.Time // From is zero when open
	By       string
	Made     time.Time
	Ends     time.Time
}

// A PublicView is the page of /s/{token}. Its lines are the last ones, the newest first; those of a part of the
// statement where the whole of it is asked for.
type PublicView struct {
	statement.View
	Whole     bool
	SharedAt  time.Time
	EndsAt    time.Time
	Changed   bool
	PaidSince bool // on balance something was paid after the last day
	Pay       remind.Pay
	Preview   ui.Preview
}
