// Package pick is the page on which one party is chosen for another: to move an entry to, or to merge with.
package pick

import (
	"net/url"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of .../entries/{entry}/move, and of /b/{business}/p/{party}/merge before a party is chosen. Its
// query: q, after.
type View struct {
	ui.Shell
	Title   string
	Sub     string // whom it is about
	Hint    string // what choosing does
	Back    string
	Path    string // of this page
	Query   string
	Parties []Party
	After   string // cursor of the next page, "" on the last
	// Version of the entry that moves: each party is then a button that posts party and version. Otherwise 0, and each
	// is a link to this page with into=.
	Version int
}

// A Party is one to choose.
type Party struct {
	ID, Name, Kind string
	Phone          string
	Balance        *money.Amount // nil for members who see no totals
}

func (v View) into(party string) string {
	return v.Path + "?into=" + url.QueryEscape(party)
}

func (v View) more() string {
	return v.Path + "?" + url.Values{"q": {v.Query}, "after": {v.After}}.Encode()
}
