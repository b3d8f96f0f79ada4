package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// What a party list can be narrowed to and sorted by. The empty value is the first.
const (
	ShowAll     = "all"
	ShowDue     = "due"     // who owes the business
	ShowAdvance = "advance" // whom the business owes

	SortBalance = "balance" // most owed first
	SortOldest  = "oldest"  // longest unpaid first, as receipts settle the oldest entries first
	SortName    = "name"
	SortRecent  = "recent" // latest business date first
)

// A PartyFilter says which parties a list shows.
type PartyFilter struct {
	Query string // words of the name, or digits of the phone
	Kind  Kind   // "" for both
	Show  string
	Sort  string
	After Cursor
}

// A PartyRow is a party in a list.
type PartyRow struct {
	ID        uuid.UUID
	Kind      Kind
	Name      string
	Phone     string
	Version   int
	Balance   int64      // positive: you'll get
	Entries   int        // living ones
	LastDate  *time.Time // of the latest entry
	OldestDue *time.Time // of the oldest unpaid Given entry; filled when sorted by it
}

// Totals are of all living parties of the business, whatever the filter.
type Totals struct {
	Get, Give             int64 // sum of what parties owe, and of what is owed to them, both positive
	Parties, Due, Advance int
}

// A PartyList is one page of parties.
type PartyList struct {
	Totals
	Matching int // parties that the filter lets through, over all pages
	Rows     []PartyRow
	Next     Cursor // "" on the last page
}

// PartyListSQL is a page of parties with their balances, and the totals, in one
// statement. Parameters: account, business, word patterns, phone pattern, kind,
// show, sort, cursor's key (null for the first page), name key and id, rows.
//
// Sums are lateral, party by party from the index: the planner takes policies for
// far more selective than they are, and would join a sum over all entries by
// making it again for each party.
const PartyListSQL = `
with book as materialized (
	select p.id, p.kind, p.name, p.name_key, p.phone, p.version, p.created_at,
		s.given - s.received as balance, s.received, s.entries, s.last_date,
		($5 = '' or p.kind = $5)
		and (p.name_key like all ($3::text[]) or $4 <> '' and p.phone like $4)
		and ($6 = 'all' or $6 = 'due' and s.given > s.received or $6 = 'advance' and s.given < s.received) as matches
	from tijori.parties p
	cross join lateral (
		select coalesce(sum(e.paise) filter (where e.side = 'given'), 0)::bigint as given,
			coalesce(sum(e.paise) filter (where e.side = 'received'), 0)::bigint as received,
			count(*)::int as entries, max(e.business_date) as last_date
		from tijori.entries e
		where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
	) s
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null
), total as (
	select coalesce(sum(balance) filter (where balance > 0), 0)::bigint as get,
		coalesce(-sum(balance) filter (where balance < 0), 0)::bigint as give,
		count(*)::int as parties, (count(*) filter (where balance > 0))::int as due,
		(count(*) filter (where balance < 0))::int as advance, (count(*) filter (where matches))::int as matching
	from book
), page as (
	select k.*
	from (
		select b.*, u.oldest_due,
			case $7
				when 'balance' then case $6 when 'advance' then b.balance else -b.balance end
				when 'oldest' then coalesce(u.oldest_due, date '2100-01-01') - date '2000-01-01'
				when 'recent' then date '2000-01-01' - coalesce(b.last_date, (b.created_at at time zone 'utc')::date)
				else 0
			end::bigint as key
		from book b
		cross join lateral (
			select min(g.business_date) as oldest_due
			from (
				select e.business_date, e.side, sum(e.paise) filter (where e.side = 'given') over (order by e.business_date, e.id) as given
				from tijori.entries e
				where e.account_id = $1 and e.business_id = $2 and e.party_id = b.id and e.deleted_at is null
					and $7 = 'oldest' and b.balance > 0
			) g
			where g.side = 'given' and g.given > b.received
		) u
		where b.matches
	) k
	where $8::bigint is null or (k.key, k.name_key, k.id) > ($8::bigint, $9::text collate "C", $10::uuid)
	order by k.key, k.name_key, k.id
	limit $11
)
select t.get, t.give, t.parties, t.due, t.advance, t.matching,
	p.id, p.kind, p.name, p.name_key, p.phone, p.version, p.balance, p.entries, p.last_date, p.oldest_due, p.key
from total t
left join page p on true
order by p.key, p.name_key, p.id`

type partyCursor struct {
	Key  int64
	Name string
	ID   uuid.UUID
}

func (f PartyFilter) args(s postgres.Scope) ([]any, error) {
	words, phone := searchPatterns(f.Query)
	show, sort := f.Show, f.Sort
	if show == "" {
		show = ShowAll
	}
	if sort == "" {
		sort = SortBalance
	}
	if f.Kind != "" && f.Kind != Customer && f.Kind != Supplier ||
		show != ShowAll && show != ShowDue && show != ShowAdvance ||
		sort != SortBalance && sort != SortOldest && sort != SortName && sort != SortRecent {
		return nil, fault.New(fault.Invalid, "There is no such list of parties.")
	}
	key, c := (*int64)(nil), partyCursor{}
	if f.After != "" {
		if err := f.After.read(&c); err != nil {
			return nil, err
		}
		key, c.Name = &c.Key, cleanCursorText(c.Name)
	}
	return []any{s.AccountID, s.BusinessID, words, phone, string(f.Kind), show, sort, key, c.Name, c.ID, PageSize + 1}, nil
}

// Check returns the Invalid fault that ListParties would return for the filter.
func (f PartyFilter) Check() error {
	_, err := f.args(postgres.Scope{})
	return err
}

// QueueParties puts a list of parties into a batch of postgres.Read and fills
// list when it is answered. The filter must have passed Check; an unchecked bad
// one lists nothing. A counter sees no party here.
func QueueParties(s postgres.Scope, b *pgx.Batch, f PartyFilter, list *PartyList) {
	*list = PartyList{}
	args, err := f.args(s)
	if err != nil {
		return
	}
	b.Queue(PartyListSQL, args...).Query(list.scan)
}

// ListParties returns one page of living parties with balances, and the totals.
func ListParties(ctx context.Context, tx *postgres.Tx, f PartyFilter) (PartyList, error) {
	if err := allow(SeesTotals(tx.Scope)); err != nil {
		return PartyList{}, err
	}
	args, err := f.args(tx.Scope)
	if err != nil {
		return PartyList{}, err
	}
	rows, err := tx.Query(ctx, PartyListSQL, args...)
	if err != nil {
		return PartyList{}, fmt.Errorf("list parties: %w", err)
	}
	defer rows.Close()
	var list PartyList
	if err := list.scan(rows); err != nil {
		return PartyList{}, fmt.Errorf("list parties: %w", err)
	}
	return list, nil
}

// scan reads the rows of PartyListSQL: the totals stand in each, the party is
// null when no party matches.
func (l *PartyList) scan(rows pgx.Rows) error {
	*l = PartyList{}
	var last partyCursor
	for rows.Next() {
		var (
			id                   *uuid.UUID
			kind, name, key, tel *string
			version, entries     *int
			balance, sortKey     *int64
			lastDate, oldest     *time.Time
		)
		if err := rows.Scan(&l.Get, &l.Give, &l.Parties, &l.Due, &l.Advance, &l.Matching,
			&id, &kind, &name, &key, &tel, &version, &balance, &entries, &lastDate, &oldest, &sortKey); err != nil {
			return err
		}
		if id == nil {
			continue
		}
		if len(l.Rows) == PageSize {
			l.Next = cursorOf(last)
			continue
		}
		l.Rows = append(l.Rows, PartyRow{ID: *id, Kind: Kind(*kind), Name: *name, Phone: *tel, Version: *version,
			Balance: *balance, Entries: *entries, LastDate: lastDate, OldestDue: oldest})
		last = partyCursor{*sortKey, *key, *id}
	}
	return rows.Err()
}
