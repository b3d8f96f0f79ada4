package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres"
)

// ByMode is sums by mode, in the order of Modes.
type ByMode [len(Modes)]int64

// Total is the sum of all modes.
func (b ByMode) Total() (sum int64) {
	for _, minor := range b {
		sum += minor
	}
	return sum
}

// A CollectionDay is what came in on a day.
type CollectionDay struct {
	Date    time.Time
	Modes   ByMode
	Entries int
}

// A CollectionMaker is what one person wrote down of it.
type CollectionMaker struct {
	UserID  uuid.UUID
	Modes   ByMode
	Entries int
}

// Collections is what came in, by mode, day and who wrote it down. Old balances of opening entries came in before the
// book, and are left out; so did nothing by a cheque that bounced.
type Collections struct {
	Range   Range
	Modes   ByMode
	Entries int
	Days    []CollectionDay   // that have some, in order
	Makers  []CollectionMaker // who took most, first
}

// CollectionsSQL is what came in on some days. Parameters: account, business, first and last day.
const CollectionsSQL = `
select e.business_date, ` + paidBy + `, e.created_by, sum(e.amount_minor)::bigint, count(*)::int
from tijori.entries e
where e.account_id = $1 and e.business_id = $2 and e.deleted_at is null
	and e.business_date >= $3 and e.business_date <= $4 and e.side = 'received' and not e.opening
	and e.reverses is null and e.cheque_state is distinct from 'bounced'
	and e.party_id in (
		select p.id from tijori.parties p where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null)
group by 1, 2, 3
order by 1, 2, 3`

// CollectionsOf returns what came in within a range. Not for counters.
func CollectionsOf(ctx context.Context, tx *postgres.Tx, r Range) (Collections, error) {
	c := Collections{}
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return c, err
	}
	r, err := r.Clean()
	if err != nil {
		return c, err
	}
	from, _ := r.ends()
	var to time.Time
	c.Range, to = r.through(tx.Scope.Today)
	rows, err := tx.Query(ctx, CollectionsSQL, tx.Scope.AccountID, tx.Scope.BusinessID, from, to)
	if err != nil {
		return c, fmt.Errorf("collections: %w", err)
	}
	defer rows.Close()
	makers := map[uuid.UUID]*CollectionMaker{}
	for rows.Next() {
		var date time.Time
		var mode Mode
		var by uuid.UUID
		var minor int64
		var entries int
		if err := rows.Scan(&date, &mode, &by, &minor, &entries); err != nil {
			return c, fmt.Errorf("collections: %w", err)
		}
		i := slices.Index(Modes[:], mode)
		if n := len(c.Days); n == 0 || !c.Days[n-1].Date.Equal(date) {
			c.Days = append(c.Days, CollectionDay{Date: date})
		}
		d := &c.Days[len(c.Days)-1]
		m := makers[by]
		if m == nil {
			m = &CollectionMaker{UserID: by}
			makers[by] = m
		}
		for _, sum := range []*int64{&c.Modes[i], &d.Modes[i], &m.Modes[i]} {
			*sum += minor
		}
		for _, n := range []*int{&c.Entries, &d.Entries, &m.Entries} {
			*n += entries
		}
	}
	if err := rows.Err(); err != nil {
		return c, fmt.Errorf("collections: %w", err)
	}
	for _, m := range makers {
		c.Makers = append(c.Makers, *m)
	}
	slices.SortFunc(c.Makers, func(a, b CollectionMaker) int {
		if a, b := a.Modes.Total(), b.Modes.Total(); a != b {
			return int(min(max(b-a, -1), 1))
		}
		return bytes.Compare(a.UserID[:], b.UserID[:])
	})
	return c, nil
}
