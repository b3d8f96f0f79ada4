package ledger

import (
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// OwnEntries is a counter's page of a party: its name, and the entries he made.
type OwnEntries struct {
	PartyName
	Rows []Entry
	Next Cursor // "" on the last page
}

// OwnEntriesSQL is the caller's own entries of a party, newest first.
// Parameters: account, business, party, user, cursor's date and id, rows.
const OwnEntriesSQL = `
select n.id, n.kind, n.name,
	e.id, e.party_id, e.side, e.amount_minor, e.business_date, e.note, e.opening, e.mode,
	e.cheque_date, e.cheque_state, e.reverses,
	e.created_by, e.created_at, e.updated_at, e.version
from tijori_khata.party_names($3) n
left join lateral (
	select e.*
	from tijori.entries e
	where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.created_by = $4 and e.deleted_at is null
		and (e.business_date, e.id) < ($5::date, $6::uuid)
	order by e.business_date desc, e.id desc
	limit $7
) e on true
order by e.business_date desc, e.id desc`

// QueueOwnEntries puts a party's name and the caller's own entries of it into a
// batch of postgres.Read. A missing party is a NotFound fault of the batch.
func QueueOwnEntries(s postgres.Scope, b *pgx.Batch, party uuid.UUID, after Cursor, own *OwnEntries) {
	*own = OwnEntries{}
	c, err := after.entry()
	if err != nil {
		c = beyond
	}
	b.Queue(OwnEntriesSQL, s.AccountID, s.BusinessID, party, s.UserID, c.Date, c.ID, PageSize+1).Query(own.scan)
}

func (o *OwnEntries) scan(rows pgx.Rows) error {
	*o = OwnEntries{}
	found := false
	for rows.Next() {
		var e optionalEntry
		if err := rows.Scan(append([]any{&o.ID, &o.Kind, &o.Name}, e.targets()...)...); err != nil {
			return err
		}
		found = true
		if e.id == nil {
			continue
		}
		if n := len(o.Rows); n == PageSize {
			o.Next = cursorOf(entryCursor{o.Rows[n-1].Date, o.Rows[n-1].ID})
			continue
		}
		o.Rows = append(o.Rows, e.entry())
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !found {
		return errNoParty
	}
	return nil
}
