package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
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
}

func (s entryState) fields() (EntryFields, error) {
	d, err := time.Parse(time.DateOnly, s.BusinessDate)
	return EntryFields{
		Side: s.Side, AmountMinor: s.AmountMinor, Date: d, Note: s.Note, Opening: s.Opening, Mode: s.Mode,
	}, err
}

// PartyHistory returns what happened to a party, newest first, its creation last.
func PartyHistory(ctx context.Context, tx *postgres.Tx, id uuid.UUID) ([]Change[PartyFields], error) {
	p, err := PartyByID(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	created := Change[PartyFields]{Version: 1, Action: Created, By: p.CreatedBy, At: p.CreatedAt, After: p.PartyFields}
	return history(ctx, tx, "party", id, created, partyState.fields)
}

// EntryHistory returns what happened to an entry that the caller may see, newest
// first, its creation last.
func EntryHistory(ctx context.Context, tx *postgres.Tx, id uuid.UUID) ([]Change[EntryFields], error) {
	e, err := EntryByID(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	created := Change[EntryFields]{Version: 1, Action: Created, By: e.CreatedBy, At: e.CreatedAt, After: e.EntryFields}
	return history(ctx, tx, "entry", id, created, entryState.fields)
}

// history reads the changes; what was created is what the first of them found,
// or what still is.
func history[State, Fields any](ctx context.Context, tx *postgres.Tx, subject string, id uuid.UUID,
	created Change[Fields], fields func(State) (Fields, error),
) ([]Change[Fields], error) {
	var changes []Change[Fields]
	err := tx.QueryRow(ctx,
		`select coalesce((select c.name from tijori_access.colleagues() c
			where c.user_id = $1), '')`, created.By).Scan(&created.ByName)
	if err != nil {
		return nil, fmt.Errorf("maker of %s %s: %w", subject, id, err)
	}
	rows, err := tx.Query(ctx, `
		select version, action, changed_by, changed_by_name, changed_at, before, after
		from tijori.changes
		where account_id = $1 and business_id = $2 and subject = $3 and subject_id = $4
		order by version desc`, tx.Scope.AccountID, tx.Scope.BusinessID, subject, id)
	if err != nil {
		return nil, fmt.Errorf("history of %s %s: %w", subject, id, err)
	}
	changes, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Change[Fields], error) {
		var c Change[Fields]
		var before, after State
		err := row.Scan(&c.Version, &c.Action, &c.By, &c.ByName, &c.At, &before, &after)
		if err == nil {
			c.Before, err = fields(before)
		}
		if err == nil {
			c.After, err = fields(after)
		}
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("history of %s %s: %w", subject, id, err)
	}
	if n := len(changes); n > 0 {
		created.After = changes[n-1].Before
	}
	return append(changes, created), nil
}
