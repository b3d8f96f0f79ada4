package ledger

import (
	"math"
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
	Balance   int64      // today's; positive: you'll get
	Entries   int        // living ones up to today
	LastDate  *time.Time // of the latest entry
	OldestDue *time.Time // of the oldest unpaid Given entry; nil when nothing is due
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

// The statements of a list. Each reads the totals of the business and one page,
// and begins a page after the cursor: its key, its name and its id. They are
// several, because each order of rows comes out of another index: the page
// costs the same wherever it begins. Where an order has no index (the latest, and
// what was searched for) all parties of the business are read. No entry is.
// The names of a page come row by row (limit 1), whatever the planner believes of the size of a business.
const (
	listHead = `
with ahead as materialized (
	select * from tijori_khata.ahead()
), page as (`

	// ahead has a row for each party with entries dated ahead: what its others come to. Its sums are those of all
	// parties whose sums are read here; those of party_sums are of all entries.
	todaySums = `
	left join ahead a on a.party_id = s.party_id
	cross join lateral (
		select coalesce(a.balance, s.balance) as balance, coalesce(a.entries, s.entries) as entries,
			case when a.party_id is null then s.last_date else a.last_date end as last_date,
			coalesce(a.due_since, s.due_since) as due_since
	) d`

	pageTail = `
)
select t.get, t.give, t.parties, t.due, t.advance, g.matching,
	p.id, p.kind, p.name, p.name_key, p.phone, p.version, g.balance, g.entries, g.last_date, g.oldest_due, g.key
from tijori_khata.totals() t
left join (
	page g
	cross join lateral (
		select n.id, n.kind, n.name, n.name_key, n.phone, n.version
		from tijori.parties n
		where n.account_id = $1 and n.business_id = $2 and n.id = g.id
		limit 1
	) p
) on true`

	// owingTotalsSQL counts and adds up those who have owed since a day or longer. Parameters: account, business, day.
	owingTotalsSQL = `
with ahead as materialized (
	select * from tijori_khata.ahead()
)
select count(*), coalesce(sum(d.balance), 0)::bigint
from tijori.party_sums s` + todaySums + `
where s.account_id = $1 and s.business_id = $2 and s.living and d.balance > 0 and d.due_since <= $3`

	// owingSQL lists them, the longest first, with their newest reminder. Parameters: account, business, day, cursor's
	// day and id, rows.
	owingSQL = `
with ahead as materialized (
	select * from tijori_khata.ahead()
)
select p.id, p.name, p.phone, d.balance, d.due_since, r.balance, r.channel, r.created_by_name, r.created_at
from tijori.party_sums s` + todaySums + `
join tijori.parties p on p.account_id = s.account_id and p.business_id = s.business_id and p.id = s.party_id
left join lateral (
	select m.balance, m.channel, m.created_by_name, m.created_at
	from tijori.reminders m
	where m.account_id = $1 and m.business_id = $2 and m.party_id = s.party_id
	order by m.created_at desc, m.id desc limit 1
) r on true
where s.account_id = $1 and s.business_id = $2 and s.living and d.balance > 0 and d.due_since <= $3
	and (d.due_since, s.party_id) > ($4::date, $5::uuid)
order by d.due_since, s.party_id limit $6`

	// PartyListSQL is the list by balance, most owed first. Parameters: least balance, cursor's balance and id (above
	// all for the first page), rows, today. See tijori_khata.party_list.
	PartyListSQL = `
select l.get, l.give, l.parties, l.due, l.advance, l.matching, l.id, l.kind, l.name, l.name_key, l.phone, l.version,
	l.balance, l.entries, l.last_date, l.oldest_due, l.key
from tijori_khata.party_list($1, $2, $3, $4, $5) l`

	// AdvanceListSQL is the list of those whom the business owes, most owed first.
	// Parameters: account, business, cursor's balance and id (below all for the first page), rows.
	AdvanceListSQL = listHead + `
	(select s.party_id as id, s.balance, s.entries, s.last_date, nullif(s.due_since, date '2100-01-01') as oldest_due,
		s.balance as key, null::int as matching
	from tijori.party_sums s
	where s.account_id = $1 and s.business_id = $2 and s.living
		and s.balance < 0 and (s.balance, s.party_id) > ($3::bigint, $4::uuid)
		and s.party_id not in (select a.party_id from ahead a)
	order by s.balance, s.party_id
	limit $5)
	union all
	select a.party_id, a.balance, a.entries, a.last_date, null, a.balance, null
	from ahead a
	where a.living and a.balance < 0 and (a.balance, a.party_id) > ($3::bigint, $4::uuid)
	order by key, id
	limit $5` + pageTail + `
order by g.key, g.id`

	// NameListSQL is the list by name. Parameters: account, business, show, cursor's
	// name and id ('' for the first page), rows.
	NameListSQL = listHead + `
	select n.id, d.balance, d.entries, d.last_date, nullif(d.due_since, date '2100-01-01') as oldest_due,
		0::bigint as key, null::int as matching
	from tijori.parties n
	join tijori.party_sums s on s.account_id = $1 and s.business_id = $2 and s.party_id = n.id` + todaySums + `
	where n.account_id = $1 and n.business_id = $2 and n.deleted_at is null and n.name_key is not null
		and ($3 = 'all' or $3 = 'due' and d.balance > 0 or $3 = 'advance' and d.balance < 0)
		and (n.name_key, n.id) > ($4::text collate "C", $5::uuid)
	order by n.name_key, n.id
	limit $6` + pageTail + `
order by p.name_key, g.id`

	// RecentListSQL is the list by the latest business date, of parties without entries by the day
	// they were made. Parameters: account, business, show, cursor's key and id (null for the first page), rows.
	RecentListSQL = listHead + `
	select k.*, null::int as matching
	from (
		select s.party_id as id, d.balance, d.entries, d.last_date, nullif(d.due_since,
		    date '2100-01-01') as oldest_due,
			(coalesce(d.last_date, s.made_on) - date '2000-01-01')::bigint as key
		from tijori.party_sums s` + todaySums + `
		where s.account_id = $1 and s.business_id = $2 and s.living
			and ($3 = 'all' or $3 = 'due' and d.balance > 0 or $3 = 'advance' and d.balance < 0)
	) k
	where $4::bigint is null or (k.key, k.id) < ($4::bigint, $5::uuid)
	order by k.key desc, k.id desc
	limit $6` + pageTail + `
order by g.key desc, g.id desc`

	// OldestListSQL is the list by the oldest unpaid Given entry; who is not due comes last.
	// Parameters: as of RecentListSQL.
	OldestListSQL = listHead + `
	(select s.party_id as id, s.balance, s.entries, s.last_date, nullif(s.due_since, date '2100-01-01') as oldest_due,
		(s.due_since - date '2000-01-01')::bigint as key, null::int as matching
	from tijori.party_sums s
	where s.account_id = $1 and s.business_id = $2 and s.living
		and ($3 = 'all' or $3 = 'due' and s.balance > 0 or $3 = 'advance' and s.balance < 0)
		and (s.due_since, s.party_id) > (date '2000-01-01' + $4::int, $5::uuid)
		and s.party_id not in (select a.party_id from ahead a)
	order by s.due_since, s.party_id
	limit $6)
	union all
	select a.party_id, a.balance, a.entries, a.last_date, nullif(a.due_since, date '2100-01-01'),
		(a.due_since - date '2000-01-01')::bigint, null
	from ahead a
	where a.living and ($3 = 'all' or $3 = 'due' and a.balance > 0 or $3 = 'advance' and a.balance < 0)
		and (a.due_since, a.party_id) > (date '2000-01-01' + $4::int, $5::uuid)
	order by key, id
	limit $6` + pageTail + `
order by g.key, g.id`

	// SearchListSQL is the list of the parties that match what was typed, or of one kind, in any order. Parameters:
	// account, business, word patterns, phone pattern, kind, show, cursor's key (null for the first page), name and
	// id, rows, order, what was typed: a party matches as well when each word sounds as one of its name begins.
	SearchListSQL = `
with ahead as materialized (
	select * from tijori_khata.ahead()
), heard as materialized (
	select tijori_khata.sound_patterns($12) as sounds
), page as (
	select k.*, nullif(k.due_since, date '2100-01-01') as oldest_due
	from (
		select h.*, (count(*) over ())::int as matching,
			case $11
				when 'balance' then case $6 when 'advance' then h.balance else -h.balance end
				when 'recent' then date '2000-01-01' - h.active_on
				when 'oldest' then h.due_since - date '2000-01-01'
				else 0
			end::bigint as key
		from (` + matchingParties + `) h
	) k
	where $7::bigint is null or (k.key, k.name_key, k.id) > ($7::bigint, $8::text collate "C", $9::uuid)
	order by k.key, k.name_key, k.id
	limit $10` + pageTail + `
order by g.key, p.name_key, g.id`

	matchingParties = `
		select n.id, n.name_key, d.balance, d.entries, d.last_date, d.due_since,
			coalesce(d.last_date, s.made_on) as active_on
		from tijori.parties n
		join tijori.party_sums s on s.account_id = $1 and s.business_id = $2 and s.party_id = n.id` + todaySums + `
		where n.account_id = $1 and n.business_id = $2 and n.deleted_at is null and n.name_key is not null
			and ($5 = '' or n.kind = $5)
			and (n.name_key like all ($3::text[]) or $4 <> '' and n.phone like $4
				or (select cardinality(h.sounds) > 0 from heard h)
					and n.sound_key like all ((select h.sounds from heard h)::text[]))
			and ($6 = 'all' or $6 = 'due' and d.balance > 0 or $6 = 'advance' and d.balance < 0)`
)

// notDue is the key of who is not due in the list by the oldest: 2100-01-01, in days from 2000-01-01.
const notDue = 36525

type partyCursor struct {
	Key  int64
	Name string
	ID   uuid.UUID
}

// A listQuery is the statement of a list. counted says that its rows tell how many
// parties match; otherwise the totals do.
type listQuery struct {
	sql     string
	args    []any
	counted bool
}

// query returns the statement of the list that a filter asks for.
func (f PartyFilter) query(s postgres.Scope) (listQuery, error) {
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
		return listQuery{}, fault.New(fault.Invalid, "There is no such list of parties.")
	}
	key, c := (*int64)(nil), partyCursor{}
	if f.After != "" {
		if err := f.After.read(&c); err != nil {
			return listQuery{}, err
		}
		key, c.Name = &c.Key, cleanCursorText(c.Name)
	}
	account, business, rows := s.AccountID, s.BusinessID, PageSize+1
	switch {
	case f.Kind != "" || len(words) > 0 || phone != "":
		return listQuery{SearchListSQL, []any{
			account, business, words, phone, string(f.Kind), show, key, c.Name, c.ID,
			rows, sort, heard(f.Query),
		}, true}, nil
	case sort == SortOldest:
		since := int64(-1) // before every entry
		if key != nil {
			since = min(max(c.Key, -1), notDue)
		}
		return listQuery{OldestListSQL, []any{account, business, show, since, c.ID, rows}, false}, nil
	case sort == SortName:
		return listQuery{NameListSQL, []any{account, business, show, c.Name, c.ID, rows}, false}, nil
	case sort == SortRecent:
		return listQuery{RecentListSQL, []any{account, business, show, key, c.ID, rows}, false}, nil
	case show == ShowAdvance:
		if key == nil {
			c.Key = math.MinInt64
		}
		return listQuery{AdvanceListSQL, []any{account, business, c.Key, c.ID, rows}, false}, nil
	}
	if key == nil {
		c.Key, c.ID = math.MaxInt64, uuid.Max
	}
	least := int64(math.MinInt64)
	if show == ShowDue {
		least = 1
	}
	return listQuery{PartyListSQL, []any{least, c.Key, c.ID, rows, s.Today}, false}, nil
}

// Check returns the Invalid fault that ListParties would return for the filter.
func (f PartyFilter) Check() error {
	_, err := f.query(postgres.Scope{})
	return err
}

// QueueParties puts a list of parties into a batch of postgres.Read and fills
// list when it is answered. The filter must have passed Check; an unchecked bad
// one lists nothing. A counter sees no party here.
func QueueParties(s postgres.Scope, b *pgx.Batch, f PartyFilter, list *PartyList) {
	*list = PartyList{}
	q, err := f.query(s)
	if err != nil {
		return
	}
	b.Queue(q.sql, q.args...).Query(func(rows pgx.Rows) error { return list.scan(rows, q.counted, f.Show) })
}

// scan reads the rows of a list: the totals stand in each, the party is null when
// no party matches.
func (l *PartyList) scan(rows pgx.Rows, counted bool, show string) error {
	*l = PartyList{}
	var last partyCursor
	for rows.Next() {
		var (
			id                         *uuid.UUID
			kind, name, key, tel       *string
			version, entries, matching *int
			balance, sortKey           *int64
			lastDate, oldest           *time.Time
		)
		if err := rows.Scan(&l.Get, &l.Give, &l.Parties, &l.Due, &l.Advance, &matching,
			&id, &kind, &name, &key, &tel, &version, &balance, &entries, &lastDate, &oldest, &sortKey); err != nil {
			return err
		}
		if !counted {
			l.Matching = l.of(show)
		}
		if id == nil {
			continue
		}
		if counted {
			l.Matching = *matching
		}
		if len(l.Rows) == PageSize {
			l.Next = cursorOf(last)
			continue
		}
		l.Rows = append(l.Rows, PartyRow{
			ID: *id, Kind: Kind(*kind), Name: *name, Phone: *tel, Version: *version,
			Balance: *balance, Entries: *entries, LastDate: lastDate, OldestDue: oldest,
		})
		last = partyCursor{*sortKey, *key, *id}
	}
	return rows.Err()
}

// of is how many parties a list shows that leaves none of its kind out.
func (t Totals) of(show string) int {
	switch show {
	case ShowDue:
		return t.Due
	case ShowAdvance:
		return t.Advance
	}
	return t.Parties
}
