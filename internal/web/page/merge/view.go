// Package merge is the page that asks before two parties become one.
package merge

import (
	"net/url"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /b/{business}/p/{party}/merge?into=. Its form posts id, into and version.
type View struct {
	ui.Shell
	ui.Form
	Goes, Stays Party
	Version     int          // of the party that goes
	Sum         money.Amount // what the party that stays has afterwards
}

// A Party is one of the two.
type Party struct {
	ID, Name, Phone string
	Balance         money.Amount
	Entries         int // outside the bin, up to today
}

func path(v View, party string) string { return ui.PartyPath(v.Business.ID, party) + "/merge" }

// swapped is this page with the parties in each other's place.
func (v View) swapped() string {
	return path(v, v.Stays.ID) + "?into=" + url.QueryEscape(v.Goes.ID)
}

func (v View) days() int { return term.Days(term.MergeUndo) }

// phones reports whether the phone of the party that goes is kept.
func (v View) phones() bool { return v.Stays.Phone == "" && v.Goes.Phone != "" }
