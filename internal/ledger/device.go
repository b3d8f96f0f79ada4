package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// MaxDeviceEntries is how many entries a device keeps of a book: what a cheap phone holds and reads in a moment. Of a
// book that has more in its last twelve months, the device has fewer days.
const MaxDeviceEntries = 20_000

// A DeviceParty is a living party as a device keeps it: what it owed before the first day, and its entries since,
// in order of (date, id). Entries dated ahead are among them.
type DeviceParty struct {
	ID      uuid.UUID
	Kind    Kind
	Name    string
	Phone   string
	Note    string
	Version int
	Before  int64 // the balance before the first day
	Entries []DeviceEntry
}

// A DeviceEntry is an entry as a device keeps it.
type DeviceEntry struct {
	ID uuid.UUID
	EntryFields
	Version int
}

// DeviceFromSQL is the day on which the latest entries are one too many for a device. Parameters: account, business,
// first day, how many a device takes.
const DeviceFromSQL = `
select e.business_date
from tijori.entries e
where e.account_id = $1 and e.business_id = $2 and e.deleted_at is null and e.business_date >= $3
order by e.business_date desc
offset $4 limit 1`

// DeviceBookSQL is every living party with its balance before a day and its entries since. The entries are asked for
// party by party, out of the party's own index. Parameters: account, business, the day before the first.
const DeviceBookSQL = `
with party as materialized (
	select p.id, p.kind, p.name, p.phone, p.note, p.version
	from tijori.parties p
	where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null
	order by p.id
)
select p.id, p.kind, p.name, p.phone, p.note, p.version, b.minor,
	e.id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode, e.version
from party p
cross join lateral (
	select coalesce(sum(case o.side when 'given' then o.amount_minor else -o.amount_minor end), 0)::bigint as minor
	from tijori.entries o
	where o.account_id = $1 and o.business_id = $2 and o.party_id = p.id and o.deleted_at is null
		and o.business_date <= $3
) b
left join lateral (
	select n.id, n.side, n.amount_minor, n.business_date, n.note, n.opening, n.mode, n.version
	from tijori.entries n
	where n.account_id = $1 and n.business_id = $2 and n.party_id = p.id and n.deleted_at is null
		and n.business_date > $3
	order by n.business_date, n.id
) e on true`

// WriteDevice reads the book of a business as a device keeps it: the last twelve months up to today and whatever is
// dated ahead, or fewer days where most entries are not enough for twelve months. It calls begin once, with the first
// day, then party for each one. An error of either ends the reading and is returned. Not for counters.
func WriteDevice(
	ctx context.Context, tx *postgres.Tx, most int, begin func(from time.Time) error, party func(DeviceParty) error,
) error {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return err
	}
	from := tx.Scope.Today.AddDate(-1, 0, 1)
	a, b := tx.Scope.AccountID, tx.Scope.BusinessID
	days, err := tx.Query(ctx, DeviceFromSQL, a, b, from, most)
	if err != nil {
		return fmt.Errorf("first day of a device: %w", err)
	}
	full, err := pgx.CollectRows(days, pgx.RowTo[time.Time])
	if err != nil {
		return fmt.Errorf("first day of a device: %w", err)
	}
	if len(full) > 0 {
		// what lies ahead counts in no balance, so it is never before the first day
		from = earlier(full[0], tx.Scope.Today).AddDate(0, 0, 1)
	}
	if err := begin(from); err != nil {
		return err
	}
	rows, err := tx.Query(ctx, DeviceBookSQL, a, b, from.AddDate(0, 0, -1))
	if err != nil {
		return fmt.Errorf("book of a device: %w", err)
	}
	defer rows.Close()
	if err := scanDevice(rows, party); err != nil {
		return fmt.Errorf("book of a device: %w", err)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func scanDevice(rows pgx.Rows, party func(DeviceParty) error) error {
	var now DeviceParty
	give := func() error {
		if now.ID == uuid.Nil {
			return nil
		}
		return party(now)
	}
	for rows.Next() {
		var p DeviceParty
		var id *uuid.UUID
		var side, note, mode *string
		var minor *int64
		var date *time.Time
		var opening *bool
		var version *int
		if err := rows.Scan(&p.ID, &p.Kind, &p.Name, &p.Phone, &p.Note, &p.Version, &p.Before,
			&id, &side, &minor, &date, &note, &opening, &mode, &version); err != nil {
			return err
		}
		if p.ID != now.ID {
			if err := give(); err != nil {
				return err
			}
			now = p
		}
		if id == nil {
			continue
		}
		e := DeviceEntry{ID: *id, Version: *version, EntryFields: EntryFields{
			Side: Side(*side), AmountMinor: *minor, Date: *date, Note: *note, Opening: *opening,
		}}
		if mode != nil {
			e.Mode = Mode(*mode)
		}
		now.Entries = append(now.Entries, e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return give()
}
