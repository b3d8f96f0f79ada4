// Package partyform adds a party and changes one.
package partyform

import "github.com/tijorihq/tijori/internal/web/ui"

// A View is the form of /b/{business}/parties/new and /b/{business}/p/{party}/edit.
// Its fields post as id (new only), version (edit only), kind, name, phone and note.
type View struct {
	ui.Shell
	ui.Form
	PartyID string // "" for a new party
	Version int    // the version being changed
	Kind    string // "customer" or "supplier"; "" selects customer
	Name    string
	Phone   string
	Note    string

	// Of a new party: what was open before, as typed. They post as opening, opening_side and opening_date.
	Opening, OpeningSide, OpeningDate string
}
