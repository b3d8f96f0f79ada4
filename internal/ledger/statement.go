package ledger

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Range of business dates, both ends included. A zero end is open.
type Range struct{ From, To time.Time }

// Clean returns the range as whole days, or an Invalid fault when it is empty.
func (r Range) Clean() (Range, error) {
	for _, d := range []*time.Time{&r.From, &r.To} {
		if !d.IsZero() {
			if *d = day(*d); checkDate(*d) != nil {
				return r, checkDate(*d)
			}
		}
	}
	if !r.From.IsZero() && !r.To.IsZero() && r.To.Before(r.From) {
		return r, fault.InvalidField("to", "The last day lies before the first.")
	}
	return r, nil
}

// Before reports whether a date lies before the range.
func (r Range) Before(d time.Time) bool { return !r.From.IsZero() && d.Before(r.From) }

// A Running balance adds entries up in the order of (date, id). Its zero value
// is an empty account.
type Running struct{ Balance, Given, Received int64 }

var (
	errSum   = errors.New("the sum of the entries is too large")
	errOrder = errors.New("the entries are not in order")
)

// Add counts an entry.
func (r *Running) Add(e EntryFields) error {
	side := &r.Given
	if e.Side == Received {
		side = &r.Received
	}
	if e.AmountMinor > math.MaxInt64-*side {
		return errSum
	}
	*side += e.AmountMinor
	r.Balance = r.Given - r.Received
	return nil
}

// A Line is an entry of a statement with the party's balance after it.
type Line struct {
	EntryFields
	Balance int64
	Ahead   bool // dated ahead: it counts in no balance yet, and Balance is that before it
}

// A Statement is what stands above and below the lines of a party's statement.
type Statement struct {
	Party           Party
	Range           Range
	Opening         int64 // balance before the range
	Given, Received int64 // within the range
	Closing         int64
	Ahead           Ahead // of the range that was asked for; in no other figure, and no line
}

// StatementSQL is a living party's entries up to a day, in order. Parameters:
// account, business, party, last day.
const StatementSQL = `
select p.id, p.kind, p.name, p.phone, p.note, p.created_by, p.created_at, p.updated_at, p.deleted_at, p.version,
	e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode
from tijori.parties p
left join tijori.entries e
	on e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null and e.business_date <= $4
where p.account_id = $1 and p.business_id = $2 and p.id = $3 and p.deleted_at is null
order by e.business_date, e.id`

// WriteStatement reads a living party's entries in order. It calls begin once,
// with party, range and opening balance; then line for each entry in the range;
// and returns the statement with its sums. A range that reaches beyond today ends
// today: entries dated ahead are only counted. All of it is one snapshot, read in
// constant memory. An error of begin or line ends the reading and is returned.
func WriteStatement(
	ctx context.Context, tx *postgres.Tx, party uuid.UUID, r Range, begin func(Statement) error, line func(Line) error,
) (Statement, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return Statement{}, err
	}
	r, err := r.Clean()
	if err != nil {
		return Statement{}, err
	}
	_, to := r.ends()
	r, _ = r.through(tx.Scope.Today)
	rows, err := tx.Query(ctx, StatementSQL,
		tx.Scope.AccountID, tx.Scope.BusinessID, party, to)
	if err != nil {
		return Statement{}, fmt.Errorf("statement of party %s: %w", party, err)
	}
	defer rows.Close()
	s := Statement{Range: r}
	if err := s.read(rows, tx.Scope.Today, begin, line); err != nil {
		return Statement{}, fmt.Errorf("statement of party %s: %w", party, err)
	}
	return s, nil
}

func (s *Statement) read(rows pgx.Rows, today time.Time, begin func(Statement) error, line func(Line) error) error {
	var before, within Running
	found, begun := false, false
	start := func() error {
		begun = true
		s.Opening = before.Balance
		return begin(*s)
	}
	for rows.Next() {
		var side, note, mode *string
		var minor *int64
		var date *time.Time
		var opening *bool
		if err := rows.Scan(append(s.Party.targets(), &side, &minor, &date, &note, &opening, &mode)...); err != nil {
			return err
		}
		found = true
		if side == nil {
			continue
		}
		e := EntryFields{Side: Side(*side), AmountMinor: *minor, Date: *date, Note: *note, Opening: *opening}
		if mode != nil {
			e.Mode = Mode(*mode)
		}
		if e.Date.After(today) {
			if err := s.Ahead.add(e); err != nil {
				return err
			}
			continue
		}
		if s.Range.Before(e.Date) {
			if err := before.Add(e); err != nil {
				return err
			}
			continue
		}
		if !begun {
			if err := start(); err != nil {
				return err
			}
		}
		if err := within.Add(e); err != nil {
			return err
		}
		if err := line(Line{EntryFields: e, Balance: s.Opening + within.Balance}); err != nil {
			return err
		}
	}
	switch err := rows.Err(); {
	case err != nil:
		return err
	case !found:
		return errNoParty
	case !begun:
		if err := start(); err != nil {
			return err
		}
	}
	s.Given, s.Received, s.Closing = within.Given, within.Received, s.Opening+within.Balance
	return nil
}

// A BookLine is an entry of the whole business with its party's balance after
// it, or a party without entries: then Entries is false.
type BookLine struct {
	PartyID uuid.UUID
	Kind    Kind
	Name    string
	Phone   string
	Entries bool
	Line
}

// WriteBook calls line for every living entry of every living party, party by
// party in order of their making, entries in order of (date, id), in one snapshot
// and constant memory. Entries dated ahead are among them, as the book is all that was written; they are
// marked and change no balance. An error of line ends the reading and is returned.
func WriteBook(ctx context.Context, tx *postgres.Tx, line func(BookLine) error) error {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, BookSQL, pgx.QueryResultFormats{pgx.BinaryFormatCode}, tx.Scope.AccountID,
		tx.Scope.BusinessID)
	if err != nil {
		return fmt.Errorf("read the book: %w", err)
	}
	defer rows.Close()
	r := bookReader{today: tx.Scope.Today}
	for rows.Next() {
		if err := r.read(rows.RawValues()); err != nil {
			return fmt.Errorf("read the book: %w", err)
		}
		if err := line(r.BookLine); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the book: %w", err)
	}
	return nil
}

// A bookReader reads the rows of BookSQL, adds them up and checks their order. It reads them as they come over the
// wire: a million rows scanned one by one cost twice what the database does for them.
type bookReader struct {
	BookLine
	sum   Running
	last  entryCursor
	today time.Time
}

var errRow = errors.New("a row of the book is not what was asked for")

func (r *bookReader) read(row [][]byte) error {
	if len(row) != 11 || len(row[0]) != 16 {
		return errRow
	}
	switch c := bytes.Compare(row[0], r.PartyID[:]); {
	case c < 0:
		return errOrder
	case c > 0:
		*r = bookReader{today: r.today, BookLine: BookLine{
			PartyID: uuid.UUID(row[0]), Kind: Kind(row[1]), Name: string(row[2]),
			Phone: string(row[3]),
		}}
	}
	if row[4] == nil {
		return nil
	}
	if len(row[4]) != 16 || len(row[6]) != 8 || len(row[7]) != 4 || len(row[9]) != 1 {
		return errRow
	}
	next := entryCursor{rawDate(row[7]), uuid.UUID(row[4])}
	if !r.last.before(next) {
		return errOrder
	}
	r.last = next
	r.Entries = true
	r.EntryFields = EntryFields{
		Side: Given, AmountMinor: int64(binary.BigEndian.Uint64(row[6])), Date: next.Date,
		Note: string(row[8]), Opening: row[9][0] != 0, Mode: Mode(row[10]),
	}
	if string(row[5]) != string(Given) {
		r.Side = Side(row[5])
	}
	if r.Ahead = next.Date.After(r.today); r.Ahead {
		return nil
	}
	err := r.sum.Add(r.EntryFields)
	r.Balance = r.sum.Balance
	return err
}

const firstOf2000 = 946_684_800 // in seconds of Unix

// rawDate is a date as the database sends it: days since the first of 2000.
func rawDate(b []byte) time.Time {
	days := int64(int32(binary.BigEndian.Uint32(b)))
	return time.Unix(firstOf2000+days*86_400, 0).UTC()
}

// BookSQL is every entry of a business, party by party in order of their ids,
// which is that of time. Parameters: account, business. For each party in order,
// its entries come in order out of the index; nothing sorts the whole book, so
// the first row comes at once. WriteBook checks the order that it relies on.
const BookSQL = `
with party as materialized (
	select p.id, p.kind, p.name, p.phone
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null
	order by p.id
)
select p.id, p.kind, p.name, p.phone, e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode
from party p
left join lateral (
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
	order by e.business_date, e.id
) e on true`
