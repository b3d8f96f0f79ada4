package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A TillCount is what somebody counted in the till.
type TillCount struct {
	Date        time.Time
	Closing     bool  // after the entries of the day; otherwise before them
	AmountMinor int64 // 0 to money.Max
	ByName      string
	At          time.Time

	// Of the cash book: whether an earlier count says what should have been there, and that. The difference is what the
	// till has more than it, or less.
	Known      bool
	Expected   int64
	Difference int64
}

// ReadCount is ReadAmount for what may be nothing.
func ReadCount(text, currency string) (int64, error) {
	if n, err := money.ParseCount(text, currency); err == nil {
		return n, nil
	}
	return ReadAmount(text, currency)
}

// CountTill writes down a count under an id that the client made. The same id with the same count again changes
// nothing; another one is a Conflict fault. A count of the same moment replaces an earlier one. Requires RunsKhata.
func CountTill(ctx context.Context, tx *postgres.Tx, id uuid.UUID, c TillCount) error {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return err
	}
	c.Date = day(c.Date)
	switch err := checkDate(c.Date); {
	case id == uuid.Nil:
		return errNoID
	case err != nil:
		return err
	case c.Date.After(tx.Scope.Today):
		return fault.InvalidField("date", "The till cannot be counted on a day that is yet to come.")
	case c.AmountMinor < 0 || c.AmountMinor > money.Max:
		return fault.InvalidField("amount", "This amount is too large.").Coded("amount_too_large")
	}
	tag, err := tx.Exec(ctx, `
		insert into tijori.till_counts (account_id, business_id, id, business_date, closing, amount_minor, created_by,
			created_by_name)
		values ($1, $2, $3, $4, $5, $6, $7, coalesce((select c.name from tijori_access.colleagues() c
			where c.user_id = $7), ''))
		on conflict (account_id, business_id, id) do nothing`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, c.Date, c.Closing, c.AmountMinor, tx.Scope.UserID)
	if err != nil {
		return fmt.Errorf("count the till: %w", err)
	}
	if tag.RowsAffected() == 1 {
		return nil
	}
	var same bool
	err = tx.QueryRow(ctx, `
		select business_date = $4 and closing = $5 and amount_minor = $6 from tijori.till_counts
		where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, c.Date, c.Closing, c.AmountMinor).Scan(&same)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !same {
		return errUsedID
	}
	if err != nil {
		return fmt.Errorf("repeat counting the till: %w", err)
	}
	return nil
}

// tillCounts are the counts in force up to a day, in order.
func tillCounts(ctx context.Context, tx *postgres.Tx, until time.Time) ([]TillCount, error) {
	rows, err := tx.Query(ctx, `
		select distinct on (t.business_date, t.closing) t.business_date, t.closing, t.amount_minor, t.created_by_name,
			t.created_at
		from tijori.till_counts t
		where t.account_id = $1 and t.business_id = $2 and t.business_date <= $3
		order by t.business_date, t.closing, t.created_at desc, t.id desc`,
		tx.Scope.AccountID, tx.Scope.BusinessID, until)
	if err != nil {
		return nil, fmt.Errorf("counts of the till: %w", err)
	}
	counts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c TillCount, err error) {
		err = row.Scan(&c.Date, &c.Closing, &c.AmountMinor, &c.ByName, &c.At)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("counts of the till: %w", err)
	}
	return counts, nil
}

// A CashDay is one day of the cash book. Its balance is what is in the till at
// the end of it.
type CashDay struct {
	Date             time.Time
	In, Out, Balance int64
	Entries          int
	Counts           []TillCount // of this day: at most one before its entries and one after them
	Counted          int64       // what the counts put into the till, or took out of it
}

// A CashBook is the other leg of the entries that were paid in cash: what was received came into the till, what was
// given left it. Goods on credit, UPI, bank and cheques pass it by, and so do old balances of an opening entry. A till
// that was counted holds what was counted, whatever the entries say. Days without cash and count are left out.
type CashBook struct {
	Range   Range
	Opening int64 // in the till before the range; negative when more left than came
	In, Out int64 // within the range
	Counted int64 // what counts within the range put in or took out
	Closing int64
	Ever    bool // the till was counted, on a day up to the range's last
	Days    []CashDay
	Short   []CashDay // days that end with less than nothing: a till cannot, so entries are missing or wrong
}

// CashBookSQL is the sums of cash of each day up to one. Parameters: account, business, last day.
const CashBookSQL = `
select e.business_date, coalesce(sum(e.amount_minor) filter (where e.side = 'received'), 0)::bigint,
	coalesce(sum(e.amount_minor) filter (where e.side = 'given'), 0)::bigint, count(*)::int
from tijori.entries e
where e.account_id = $1 and e.business_id = $2 and e.deleted_at is null and e.business_date <= $3 and not e.opening
	and ` + paidBy + ` = 'cash'
	and e.party_id in (
		select p.id from tijori.parties p where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null)
group by e.business_date
order by e.business_date`

// CashBookOf returns the cash book of a range. Not for counters.
func CashBookOf(ctx context.Context, tx *postgres.Tx, r Range) (CashBook, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return CashBook{}, err
	}
	r, err := r.Clean()
	if err != nil {
		return CashBook{}, err
	}
	r, to := r.through(tx.Scope.Today)
	counts, err := tillCounts(ctx, tx, to)
	if err != nil {
		return CashBook{}, err
	}
	rows, err := tx.Query(ctx, CashBookSQL, tx.Scope.AccountID, tx.Scope.BusinessID, to)
	if err != nil {
		return CashBook{}, fmt.Errorf("cash book: %w", err)
	}
	days, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d CashDay, err error) {
		err = row.Scan(&d.Date, &d.In, &d.Out, &d.Entries)
		return d, err
	})
	if err != nil {
		return CashBook{}, fmt.Errorf("cash book: %w", err)
	}
	return cashBook(r, days, counts), nil
}

// cashBook goes through the days with cash and the counts, both in order.
func cashBook(r Range, days []CashDay, counts []TillCount) CashBook {
	c := CashBook{Range: r}
	for len(days) > 0 || len(counts) > 0 {
		var d CashDay
		if len(counts) == 0 || len(days) > 0 && !counts[0].Date.Before(days[0].Date) {
			d, days = days[0], days[1:]
		} else {
			d.Date = counts[0].Date
		}
		till := c.Closing
		count := func(closing bool) {
			if len(counts) == 0 || !counts[0].Date.Equal(d.Date) || counts[0].Closing != closing {
				return
			}
			t := counts[0]
			counts = counts[1:]
			t.Known, t.Expected, t.Difference = c.Ever, till, t.AmountMinor-till
			c.Ever, till, d.Counted = true, t.AmountMinor, d.Counted+t.Difference
			d.Counts = append(d.Counts, t)
		}
		count(false)
		till += d.In - d.Out
		count(true)
		c.Closing, d.Balance = till, till
		if r.Before(d.Date) {
			c.Opening = till
			continue
		}
		c.In, c.Out, c.Counted = c.In+d.In, c.Out+d.Out, c.Counted+d.Counted
		c.Days = append(c.Days, d)
		if d.Balance < 0 {
			c.Short = append(c.Short, d)
		}
	}
	return c
}
