package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// How long a batch can be undone.
const (
	GridUndoTime   = term.GridUndo
	ImportUndoTime = term.ImportUndo
)

var (
	errLateUndo = fault.New(fault.Conflict,
		"It is too late to undo this. You can still move entries to the bin one by one.").Coded("too_late_to_undo")
	maxKeptListed = 100
)

// A BatchInfo is a batch as a list shows it.
type BatchInfo struct {
	ID               uuid.UUID
	Kind, Name       string
	ByName           string // "" for who has left the business since
	At               time.Time
	Entries, Parties int // that it added and that are not in the bin
	UndoneAt         *time.Time
	CanUndo          bool
}

// A KeptRow is what an undo leaves, because somebody has changed it since.
type KeptRow struct {
	PartyID   uuid.UUID
	PartyName string
	EntryID   uuid.UUID // zero for the party itself
	Entry     EntryFields
}

// An Undone says what an undo has moved to the bin, and what it has left.
type Undone struct {
	Entries, Parties int
	Kept             []KeptRow // the first hundred
}

// QueueBatches puts the newest batches of a kind into a batch of postgres.Read:
// those that can still be undone, or were.
func QueueBatches(s postgres.Scope, b *pgx.Batch, kind string, list *[]BatchInfo) {
	*list = nil
	b.Queue(`
		select b.id, b.kind, b.name, coalesce(c.name, ''), b.created_at, b.undone_at,
			(select count(*) from tijori.entries e where e.account_id = $1 and e.business_id = $2 and e.batch_id = b.id
			    and e.deleted_at is null)::int,
			(select count(*) from tijori.parties p where p.account_id = $1 and p.business_id = $2 and p.batch_id = b.id
			    and p.deleted_at is null)::int,
			b.undone_at is null and b.created_at > now() - $4::interval
		from tijori.batches b
		left join tijori_access.colleagues() c on c.user_id = b.created_by
		where b.account_id = $1 and b.business_id = $2 and b.kind = $3 and b.created_at > now() - $4::interval
		order by b.created_at desc, b.id limit 5`, s.AccountID, s.BusinessID, kind, undoTime(kind)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var i BatchInfo
			if err := rows.Scan(&i.ID, &i.Kind, &i.Name, &i.ByName, &i.At, &i.UndoneAt, &i.Entries, &i.Parties,
				&i.CanUndo); err != nil {
				return err
			}
			*list = append(*list, i)
		}
		return rows.Err()
	})
}

func undoTime(kind string) time.Duration {
	if kind == ImportBatch {
		return ImportUndoTime
	}
	return GridUndoTime
}

// UndoBatch moves what a batch added to the bin: the entries that nobody has changed
// since, and the parties that then have none left and were not changed either. Twice is the
// same as once. Too late is a Conflict fault. Requires RunsKhata.
func UndoBatch(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (u Undone, kind string, err error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return u, "", err
	}
	if err := lockBatches(ctx, tx); err != nil {
		return u, "", err
	}
	s := tx.Scope
	var undone *time.Time
	var age time.Duration
	err = tx.QueryRow(ctx, `
		select kind, undone_at, now() - created_at from tijori.batches
		where account_id = $1 and business_id = $2 and id = $3 for update`, s.AccountID, s.BusinessID, id).Scan(&kind, &undone, &age)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return u, "", errNoBatch
	case err != nil:
		return u, "", fmt.Errorf("lock batch %s: %w", id, err)
	case undone == nil && age > undoTime(kind):
		return u, kind, errLateUndo
	case undone == nil:
		if err := binBatch(ctx, tx, id, &u); err != nil {
			return u, kind, fmt.Errorf("undo batch %s: %w", id, err)
		}
	}
	u.Kept, err = keptRows(ctx, tx, id)
	return u, kind, err
}

func binBatch(ctx context.Context, tx *postgres.Tx, id uuid.UUID, u *Undone) error {
	s := tx.Scope
	if _, err := tx.Exec(ctx, `set local statement_timeout = '5min'`); err != nil { // 50,000 rows on a slow machine
		return err
	}
	entries, err := tx.Exec(ctx, `
		update tijori.entries set deleted_at = now()
		where account_id = $1 and business_id = $2 and batch_id = $3 and deleted_at is null and version = 1`, PlanAnew, s.AccountID, s.BusinessID, id)
	if err != nil {
		return err
	}
	// Without statistics of a new khata the planner would look through all entries for each party.
	if _, err := tx.Exec(ctx, `set local enable_nestloop = off`); err != nil {
		return err
	}
	parties, err := tx.Exec(ctx, `
		update tijori.parties p set deleted_at = now()
		where p.account_id = $1 and p.business_id = $2 and p.batch_id = $3 and p.deleted_at is null and p.version = 1
		and not exists (select 1 from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null)`, PlanAnew, s.AccountID, s.BusinessID, id)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `set local enable_nestloop = on`); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		update tijori.parties p set phone = ''
		from tijori.batches b
		where b.account_id = $1 and b.business_id = $2 and b.id = $3 and p.account_id = $1 and p.business_id = $2
		    and p.id = any (b.filled)
			and p.updated_at = b.created_at and p.deleted_at is null`, PlanAnew, s.AccountID, s.BusinessID, id)
	if err != nil {
		return err
	}
	u.Entries, u.Parties = int(entries.RowsAffected()), int(parties.RowsAffected())
	_, err = tx.Exec(ctx, `
		update tijori.batches set undone_at = now()
		where account_id = $1 and business_id = $2 and id = $3`, s.AccountID, s.BusinessID, id)
	return err
}

// KeptOfBatch returns what a batch that was undone has left, as the undo said it;
// nothing for a batch that was not. Requires RunsKhata.
func KeptOfBatch(ctx context.Context, tx *postgres.Tx, id uuid.UUID) ([]KeptRow, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return nil, err
	}
	var undone bool
	err := tx.QueryRow(ctx, `
		select undone_at is not null from tijori.batches
		where account_id = $1 and business_id = $2 and id = $3`, tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(&undone)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNoBatch
	}
	if err != nil {
		return nil, fmt.Errorf("batch %s: %w", id, err)
	}
	if !undone {
		return nil, nil
	}
	return keptRows(ctx, tx, id)
}

// keptRows are what a batch added and what is not in the bin, the entries before the parties.
func keptRows(ctx context.Context, tx *postgres.Tx, id uuid.UUID) ([]KeptRow, error) {
	rows, err := tx.Query(ctx, `
		select * from (
			select e.party_id, p.name, e.id as entry_id, e.side, e.amount_minor, e.business_date, e.note
			from tijori.entries e
			join tijori.parties p on p.account_id = $1 and p.business_id = $2 and p.id = e.party_id
			    and p.deleted_at is null
			where e.account_id = $1 and e.business_id = $2 and e.batch_id = $3 and e.deleted_at is null
			union all
			select p.id, p.name, '00000000-0000-0000-0000-000000000000'::uuid, '', 0::bigint, date '2000-01-01', ''
			from tijori.parties p
			where p.account_id = $1 and p.business_id = $2 and p.batch_id = $3 and p.deleted_at is null) kept
		order by side = '', name, business_date, entry_id limit $4`, tx.Scope.AccountID, tx.Scope.BusinessID, id, maxKeptListed)
	if err != nil {
		return nil, fmt.Errorf("what is left of batch %s: %w", id, err)
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k KeptRow, err error) {
		err = row.Scan(&k.PartyID, &k.PartyName, &k.EntryID, &k.Entry.Side, &k.Entry.AmountMinor, &k.Entry.Date,
			&k.Entry.Note)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("what is left of batch %s: %w", id, err)
	}
	return kept, nil
}
