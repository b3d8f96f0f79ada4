package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// An EntryRow is an entry on a party's page.
type EntryRow struct {
	Entry
	Balance int64 // of the party after this entry, in order of (date, id)
	Ahead   bool  // its day is yet to come: it counts in no sum of the page, and Balance is that of its day
}

// A PartyPage is a party, its balance, and one page of its entries, newest first.
type PartyPage struct {
	Party
	Balance         int64 // positive: you'll get; always Given less Received
	Given, Received int64 // sums of each side over all pages
	Entries         int   // living ones up to today, over all pages
	Ahead           Ahead // dated after today, in none of the above
	Rows            []EntryRow
	Next            Cursor // "" on the last page
}

// PartyPageSQL is a party's page. Parameters: party, cursor's date and id (after everything for the first page), rows,
// today. See tijori_khata.party_page.
const PartyPageSQL = `
select p.id, p.kind, p.name, p.phone, p.note, p.created_by, p.created_at, p.updated_at, p.deleted_at, p.version,
	p.given, p.received, p.entries, p.given_ahead, p.received_ahead, p.entries_ahead,
	p.entry_id, p.party_id, p.side, p.amount_minor, p.business_date, p.entry_note, p.opening, p.mode,
	p.cheque_date, p.cheque_state, p.reverses,
	p.entry_created_by, p.entry_created_at, p.entry_updated_at, p.entry_version, p.balance
from tijori_khata.party_page($1, $2, $3, $4, $5) p`

type entryCursor struct {
	Date time.Time
	ID   uuid.UUID
}

// before reports whether c comes before d in the order of (date, id).
func (c entryCursor) before(d entryCursor) bool {
	return c.Date.Before(d.Date) || c.Date.Equal(d.Date) && bytes.Compare(c.ID[:], d.ID[:]) < 0
}

// beyond is after every entry: business dates end before it.
var beyond = entryCursor{LastDate.AddDate(1, 0, 0), uuid.Max}

func (c Cursor) entry() (entryCursor, error) {
	if c == "" {
		return beyond, nil
	}
	var e entryCursor
	if err := c.read(&e); err != nil {
		return beyond, err
	}
	if e.Date = day(e.Date); checkDate(e.Date) != nil {
		return beyond, errCursor
	}
	return e, nil
}

// Check returns the Invalid fault for a cursor that no page of entries made.
func (c Cursor) Check() error {
	_, err := c.entry()
	return err
}

// QueuePartyPage puts a party's page into a batch of postgres.Read and fills page
// when it is answered. A broken cursor (see Check) is the first page. A missing party, and any party
// for a counter, is a NotFound fault of the batch.
func QueuePartyPage(s postgres.Scope, b *pgx.Batch, party uuid.UUID, after Cursor, page *PartyPage) {
	*page = PartyPage{}
	c, err := after.entry()
	if err != nil {
		c = beyond
	}
	b.Queue(PartyPageSQL, party, c.Date, c.ID, PageSize+1, s.Today).Query(
		func(rows pgx.Rows) error { return page.scan(rows, s.Today) })
}

// BalanceOf returns what a living party owes today; negative when the business owes it.
func BalanceOf(ctx context.Context, tx *postgres.Tx, party uuid.UUID) (int64, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return 0, err
	}
	var balance int64
	err := tx.QueryRow(ctx, `
		select (
			select coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end), 0)::bigint
			from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is null
				and e.business_date <= $4)
		from tijori.parties p
		where p.account_id = $1 and p.business_id = $2 and p.id = $3 and p.deleted_at is null`,
		tx.Scope.AccountID, tx.Scope.BusinessID, party, tx.Scope.Today).Scan(&balance)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, errNoParty
	}
	if err != nil {
		return 0, fmt.Errorf("balance of party %s: %w", party, err)
	}
	return balance, nil
}

// scan reads the rows of PartyPageSQL: party and totals stand in each, the entry
// is null when there is none.
func (p *PartyPage) scan(rows pgx.Rows, today time.Time) error {
	*p = PartyPage{}
	found := false
	for rows.Next() {
		var e optionalEntry
		var balance int64
		targets := append(p.Party.targets(), &p.Given, &p.Received, &p.Entries,
			&p.Ahead.Given, &p.Ahead.Received, &p.Ahead.Entries)
		if err := rows.Scan(append(append(targets, e.targets()...), &balance)...); err != nil {
			return err
		}
		found, p.Balance, p.Ahead.Balance = true, p.Given-p.Received, p.Ahead.Given-p.Ahead.Received
		if e.id == nil {
			continue
		}
		if n := len(p.Rows); n == PageSize {
			p.Next = cursorOf(entryCursor{p.Rows[n-1].Date, p.Rows[n-1].ID})
			continue
		}
		p.Rows = append(p.Rows, EntryRow{e.entry(), balance, e.date.After(today)})
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !found {
		return errNoParty
	}
	return nil
}

// optionalEntry is a living entry on the right of a left join.
type optionalEntry struct {
	id, party, by    *uuid.UUID
	side, note, mode *string
	chequeDate       *time.Time
	chequeState      *string
	reverses         *uuid.UUID
	minor            *int64
	version          *int
	opening          *bool
	date, made, last *time.Time
}

func (e *optionalEntry) targets() []any {
	return []any{
		&e.id, &e.party, &e.side, &e.minor, &e.date, &e.note, &e.opening, &e.mode,
		&e.chequeDate, &e.chequeState, &e.reverses,
		&e.by, &e.made, &e.last, &e.version,
	}
}

// entry must not be called when id is nil.
func (e *optionalEntry) entry() Entry {
	var mode Mode
	if e.mode != nil {
		mode = Mode(*e.mode)
	}
	var cheque ChequeState
	if e.chequeState != nil {
		cheque = ChequeState(*e.chequeState)
	}
	var written time.Time
	if e.chequeDate != nil {
		written = *e.chequeDate
	}
	return Entry{
		ID: *e.id, PartyID: *e.party,
		EntryFields: EntryFields{
			Side: Side(*e.side), AmountMinor: *e.minor, Date: *e.date, Note: *e.note,
			Opening: *e.opening, Mode: mode,
			ChequeDate: written, ChequeState: cheque, Reverses: e.reverses != nil,
		},
		CreatedBy: *e.by, CreatedAt: *e.made, UpdatedAt: *e.last, Version: *e.version,
	}
}
