package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres"
)

// Reports are about all living entries of all living parties, like the totals
// of the list of parties. A range that reaches beyond today ends today. Nobody reads them who may not see totals.

// A DayLine is an entry of the day book.
type DayLine struct {
	PartyID uuid.UUID
	Name    string // of the party
	ID      uuid.UUID
	EntryFields
}

// A DaySum is what one day's entries come to.
type DaySum struct {
	Date            time.Time
	Given, Received int64
	Entries         int
}

// A DayBook is what stands above the lines of a day book: sums of the range and
// of each of its days that has entries, in order.
type DayBook struct {
	Range           Range
	Given, Received int64
	Entries         int
	Days            []DaySum
	Ahead           Ahead // of the range that was asked for; in no other figure, and no line
}

// DayBookSQL is every entry of some days, oldest first. Parameters: account,
// business, first and last day.
const DayBookSQL = `
with party as materialized (
	select p.id, p.name
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null
)
select p.id, p.name, e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, coalesce(e.mode, '')
from party p
cross join lateral (
	select e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
		and e.business_date between $3 and $4
) e
order by e.business_date, e.id`

// WriteDayBook calls line for every entry of a range, in order of (date, id) over
// all parties, in one snapshot and constant memory, and returns the sums. An
// error of line ends the reading and is returned. Not for counters.
func WriteDayBook(ctx context.Context, tx *postgres.Tx, r Range, line func(DayLine) error) (DayBook, error) {
	b := DayBook{}
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return b, err
	}
	r, err := r.Clean()
	if err != nil {
		return b, err
	}
	from, to := r.ends()
	b.Range, _ = r.through(tx.Scope.Today)
	rows, err := tx.Query(ctx, DayBookSQL, tx.Scope.AccountID, tx.Scope.BusinessID, from, to)
	if err != nil {
		return b, fmt.Errorf("day book: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l DayLine
		if err := rows.Scan(&l.PartyID, &l.Name, &l.ID, &l.Side, &l.AmountMinor, &l.Date, &l.Note,
			&l.Opening, &l.Mode); err != nil {
			return b, fmt.Errorf("day book: %w", err)
		}
		if l.Date.After(tx.Scope.Today) {
			if err := b.Ahead.add(l.EntryFields); err != nil {
				return b, fmt.Errorf("day book: %w", err)
			}
			continue
		}
		if err := b.add(l.EntryFields); err != nil {
			return b, fmt.Errorf("day book: %w", err)
		}
		if err := line(l); err != nil {
			return b, err
		}
	}
	if err := rows.Err(); err != nil {
		return b, fmt.Errorf("day book: %w", err)
	}
	return b, nil
}

func (b *DayBook) add(e EntryFields) error {
	sum := Running{Given: b.Given, Received: b.Received}
	if err := sum.Add(e); err != nil {
		return err
	}
	b.Given, b.Received = sum.Given, sum.Received
	b.Entries++
	if n := len(b.Days); n == 0 || !b.Days[n-1].Date.Equal(e.Date) {
		b.Days = append(b.Days, DaySum{Date: e.Date})
	}
	d := &b.Days[len(b.Days)-1]
	d.Entries++
	if e.Side == Given {
		d.Given += e.AmountMinor
	} else {
		d.Received += e.AmountMinor
	}
	return nil
}

// ends are the first and the last day of a clean range, open ends filled.
func (r Range) ends() (from, to time.Time) {
	from, to = r.From, r.To
	if from.IsZero() {
		from = FirstDate
	}
	if to.IsZero() {
		to = LastDate
	}
	return from, to
}
