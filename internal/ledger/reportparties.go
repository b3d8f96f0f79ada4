package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A PartySum is one party of the summary. Balances are signed: positive is what we will get.
type PartySum struct {
	PartyID                           uuid.UUID
	Kind                              Kind
	Name                              string
	Opening, Given, Received, Closing int64
}

// A PartySummary is what each party traded in a range, and what it owes at its end.
type PartySummary struct {
	Range                             Range
	Opening, Given, Received, Closing int64 // sums of the rows, signed like them
	Get, Give                         int64 // at the end of the range: both positive
	Rows                              []PartySum
}

// PartySummarySQL is every party that had a balance before or traded within some
// days; most owed first. Parameters: account, business, first and last day.
const PartySummarySQL = `
select p.id, p.kind, p.name, s.opening, s.given, s.received
from tijori.parties p
cross join lateral (
	select coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
			filter (where e.business_date < $3), 0)::bigint as opening,
		coalesce(sum(e.amount_minor) filter (where e.side = 'given' and e.business_date >= $3), 0)::bigint as given,
		coalesce(sum(e.amount_minor)
			filter (where e.side = 'received' and e.business_date >= $3), 0)::bigint as received
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
	    and e.business_date <= $4
) s
where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and (s.opening <> 0 or s.given > 0
    or s.received > 0)
order by s.opening + s.given - s.received desc, p.name_key, p.id`

// PartySummaryOf returns the summary of a range. Not for counters.
func PartySummaryOf(ctx context.Context, tx *postgres.Tx, r Range) (PartySummary, error) {
	s := PartySummary{}
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return s, err
	}
	r, err := r.Clean()
	if err != nil {
		return s, err
	}
	from, _ := r.ends()
	var to time.Time
	r, to = r.through(tx.Scope.Today)
	s.Range = r
	rows, err := tx.Query(ctx, PartySummarySQL, tx.Scope.AccountID, tx.Scope.BusinessID, from, to)
	if err != nil {
		return s, fmt.Errorf("party summary: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p PartySum
		if err := rows.Scan(&p.PartyID, &p.Kind, &p.Name, &p.Opening, &p.Given, &p.Received); err != nil {
			return s, fmt.Errorf("party summary: %w", err)
		}
		p.Closing = p.Opening + p.Given - p.Received
		s.Opening, s.Given, s.Received, s.Closing = s.Opening+p.Opening, s.Given+p.Given, s.Received+p.Received,
			s.Closing+p.Closing
		s.Get, s.Give = s.Get+max(p.Closing, 0), s.Give+max(-p.Closing, 0)
		s.Rows = append(s.Rows, p)
	}
	if err := rows.Err(); err != nil {
		return s, fmt.Errorf("party summary: %w", err)
	}
	return s, nil
}

// Ages are the last days of the first three buckets of an ageing, as AgeingSQL has them: 0 to 30 days
// old, 31 to 60, 61 to 90; what is older is in the fourth.
var Ages = [3]int{30, 60, 90}

// An AgedParty is one party that owes, by the age of what is unpaid.
type AgedParty struct {
	PartyID uuid.UUID
	Kind    Kind
	Name    string
	Phone   string
	Buckets [4]int64
	Total   int64
	Oldest  time.Time // of the oldest Given entry that is not wholly paid
}

// An Ageing is what parties owe, by age. Receipts settle what was given first,
// as the list of parties does that is sorted by it.
type Ageing struct {
	On      time.Time // ages are counted up to this day
	Buckets [4]int64
	Total   int64
	Rows    []AgedParty // longest unpaid first
}

// AgeingSQL is every party that owes. Parameters: account, business, the last
// day whose entries count, to which ages are counted.
const AgeingSQL = `
select p.id, p.kind, p.name, p.phone, u.young, u.month, u.two_months, u.old, u.oldest
from tijori.parties p
cross join lateral (
	select coalesce(sum(e.amount_minor) filter (where e.side = 'given'), 0)::bigint as given,
		coalesce(sum(e.amount_minor) filter (where e.side = 'received'), 0)::bigint as received
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
	    and e.business_date <= $3
) s
cross join lateral (
	select coalesce(sum(x.unpaid) filter (where x.age <= 30), 0)::bigint as young,
		coalesce(sum(x.unpaid) filter (where x.age between 31 and 60), 0)::bigint as month,
		coalesce(sum(x.unpaid) filter (where x.age between 61 and 90), 0)::bigint as two_months,
		coalesce(sum(x.unpaid) filter (where x.age > 90), 0)::bigint as old,
		min(x.business_date) as oldest
	from (
		select g.business_date, $3::date - g.business_date as age, least(g.amount_minor, g.given - s.received) as unpaid
		from (
			select e.business_date, e.amount_minor, e.side,
			    sum(e.amount_minor) filter (where e.side = 'given') over (order by e.business_date, e.id) as given
			from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
			    and e.business_date <= $3
				and s.given > s.received
		) g
		where g.side = 'given' and g.given > s.received
	) x
) u
where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and s.given > s.received
order by u.oldest, p.name_key, p.id`

// AgeingOf returns what parties owe by age, as it stood on until, or as it stands today: for a zero until, and for
// days to come. Not for counters.
func AgeingOf(ctx context.Context, tx *postgres.Tx, until time.Time) (Ageing, error) {
	a := Ageing{}
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return a, err
	}
	r, err := Range{To: until}.Clean()
	if err != nil {
		return a, err
	}
	_, a.On = r.through(tx.Scope.Today)
	rows, err := tx.Query(ctx, AgeingSQL, tx.Scope.AccountID, tx.Scope.BusinessID, a.On)
	if err != nil {
		return a, fmt.Errorf("ageing: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var p AgedParty
		if err := rows.Scan(&p.PartyID, &p.Kind, &p.Name, &p.Phone, &p.Buckets[0], &p.Buckets[1], &p.Buckets[2],
			&p.Buckets[3], &p.Oldest); err != nil {
			return a, fmt.Errorf("ageing: %w", err)
		}
		for i, sum := range p.Buckets {
			p.Total += sum
			a.Buckets[i] += sum
		}
		a.Total += p.Total
		a.Rows = append(a.Rows, p)
	}
	if err := rows.Err(); err != nil {
		return a, fmt.Errorf("ageing: %w", err)
	}
	return a, nil
}
