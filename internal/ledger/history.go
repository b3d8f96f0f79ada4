package ledger

import (
	"time"

	"github.com/google/uuid"
)

// What a change was.
const (
	Created  = "create"
	Edited   = "edit"
	Deleted  = "delete"
	Restored = "restore"
	Moved    = "move" // of an entry: to another party
)

// A Change is one step of a party's or an entry's history. Before is empty for
// the creation; delete, restore and move have the same fields before and after, but for an opening balance that became
// a plain entry as it moved.
type Change[Fields any] struct {
	Version       int
	Action        string
	By            uuid.UUID
	ByName        string // "" for the maker of something who has left the business since
	At            time.Time
	Before, After Fields
}

// partyState and entryState are the fields as the history's jsonb holds them.
type partyState struct {
	Kind              Kind
	Name, Phone, Note string
}

func (s partyState) fields() (PartyFields, error) { return PartyFields(s), nil }

type entryState struct {
	Side         Side
	AmountMinor  int64  `json:"amount_minor"`
	BusinessDate string `json:"business_date"`
	Note         string
	Opening      bool
	Mode         Mode
	ChequeDate   string      `json:"cheque_date"`
	ChequeState  ChequeState `json:"cheque_state"`
	Reverses     *uuid.UUID
}

func (s entryState) fields() (EntryFields, error) {
	d, err := time.Parse(time.DateOnly, s.BusinessDate)
	var written time.Time
	if err == nil && s.ChequeDate != "" {
		written, err = time.Parse(time.DateOnly, s.ChequeDate)
	}
	return EntryFields{
		ChequeDate: written, ChequeState: s.ChequeState, Reverses: s.Reverses != nil,
		Side: s.Side, AmountMinor: s.AmountMinor, Date: d, Note: s.Note, Opening: s.Opening, Mode: s.Mode,
	}, err
}
