package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A BinItem is a deleted party, or a deleted entry of a living party.
type BinItem struct {
	Subject   string // "party" or "entry"
	ID        uuid.UUID
	PartyID   uuid.UUID
	PartyName string
	Entries   int         // of a party: how many come back with it
	Entry     EntryFields // of an entry
	DeletedAt time.Time
	DeletedBy string // the name; "" for somebody who has left the business since
	Version   int
}

// A BinPage is one page of what was deleted, newest first.
type BinPage struct {
	Items []BinItem
	Next  Cursor // "" on the last page
}

type binCursor struct {
	At time.Time
	ID uuid.UUID
}

const binSQL = `
with binned as (
	(select 'party' as subject, p.id, p.id as party_id, p.name, p.deleted_at, p.deleted_by, p.version,
		'' as side, 0::bigint as amount_minor, date '2000-01-01' as business_date, '' as note
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is not null and (p.deleted_at,
	    p.id) < ($3::timestamptz, $4::uuid)
	order by p.deleted_at desc, p.id desc
	limit $5)
	union all
	(select 'entry', e.id, e.party_id, n.name, e.deleted_at, e.deleted_by, e.version, e.side, e.amount_minor,
	    e.business_date, e.note
	from tijori.entries e
	cross join lateral tijori_khata.party_names(e.party_id) n
	where e.account_id = $1 and e.business_id = $2 and e.deleted_at is not null and (e.deleted_at,
	    e.id) < ($3::timestamptz, $4::uuid)
	order by e.deleted_at desc, e.id desc
	limit $5)
)
select b.subject, b.id, b.party_id, b.name, b.deleted_at, coalesce(c.name, ''), b.version, b.side, b.amount_minor,
    b.business_date, b.note,
	case b.subject when 'party' then (
		select count(*) from tijori.entries e
		where e.account_id = $1 and e.business_id = $2 and e.party_id = b.id and e.deleted_at is null) else 0 end::int
from (select * from binned order by deleted_at desc, id desc limit $5) b
left join tijori_access.colleagues() c on c.user_id = b.deleted_by
order by b.deleted_at desc, b.id desc`

// Bin returns one page of deleted parties and entries. A counter sees the
// entries he made.
func Bin(ctx context.Context, tx *postgres.Tx, after Cursor) (BinPage, error) {
	c := binCursor{At: LastDate.AddDate(1, 0, 0), ID: uuid.Max}
	if after != "" {
		if err := after.read(&c); err != nil {
			return BinPage{}, err
		}
		if c.At.Year() < 2000 || c.At.Year() > 2100 {
			return BinPage{}, errCursor
		}
	}
	rows, err := tx.Query(ctx, binSQL, tx.Scope.AccountID, tx.Scope.BusinessID, c.At, c.ID, PageSize+1)
	if err != nil {
		return BinPage{}, fmt.Errorf("list the bin: %w", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i BinItem, err error) {
		err = row.Scan(&i.Subject, &i.ID, &i.PartyID, &i.PartyName, &i.DeletedAt, &i.DeletedBy, &i.Version,
			&i.Entry.Side, &i.Entry.AmountMinor, &i.Entry.Date, &i.Entry.Note, &i.Entries)
		if i.Subject == "party" {
			i.Entry = EntryFields{}
		}
		return i, err
	})
	if err != nil {
		return BinPage{}, fmt.Errorf("list the bin: %w", err)
	}
	page := BinPage{Items: items}
	if len(items) > PageSize {
		page.Items = items[:PageSize]
		last := page.Items[PageSize-1]
		page.Next = cursorOf(binCursor{last.DeletedAt, last.ID})
	}
	return page, nil
}
