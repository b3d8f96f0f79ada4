package ledger

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// NewOpeningID makes an id for an opening balance. Entries of a day stand in the
// order of their ids, which is that of time; this one stands before them all.
func NewOpeningID() uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	clear(id[:6])
	return id
}

// OpeningIDOf is the id of the opening balance that is typed into the form of a
// new party, so that the form's one id makes both of them one.
func OpeningIDOf(party uuid.UUID) uuid.UUID {
	clear(party[:6])
	return party
}

// QueueHasOpening puts the question whether a party has an opening balance into a
// batch of postgres.Read and fills has when it is answered.
func QueueHasOpening(s postgres.Scope, b *pgx.Batch, party uuid.UUID, has *bool) {
	*has = false
	b.Queue(`
		select exists (select 1 from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.opening and e.deleted_at is null)`,
		s.AccountID, s.BusinessID, party).QueryRow(func(row pgx.Row) error { return row.Scan(has) })
}

// AddOpening adds the opening balance of a living party: an entry like any
// other, of which a party has one. Given is what the party owed, Received what
// was owed to it. The same id with the same fields again returns the entry as it is now; a
// second one is a Conflict fault. Requires RunsKhata; it is edited, deleted and
// restored as an entry.
func AddOpening(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID, f EntryFields) (Entry, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Entry{}, err
	}
	f, err := f.Clean()
	if err != nil {
		return Entry{}, err
	}
	if id == uuid.Nil {
		return Entry{}, errNoID
	}
	var e Entry
	err = tx.QueryRow(ctx, `
		insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
		    opening, request_hash, created_by)
		select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, $6::bigint, $7::date, $8::text, true,
		    $9::bytea, $10::uuid
		where exists (select 1 from tijori_khata.party_names($4))
		on conflict (account_id, business_id, id) do nothing
		returning `+entryColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, party, f.Side, f.AmountMinor, f.Date, f.Note, f.hash(party),
		tx.Scope.UserID).Scan(e.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return addedEntry(ctx, tx, id, party, f)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("add opening balance %s: %w", id, err)
	}
	return e, nil
}
