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

// A batch is what was added together and can be undone together: by the grid,
// which needs a plan that has it, or by an import.
const (
	GridBatch   = "grid"
	ImportBatch = "import"
)

// MaxBatchRows is how many rows the grid saves in one go.
const MaxBatchRows = 1000

var (
	errBatchUndone = fault.New(fault.Conflict, "This was undone already. Reload the page to start again.").
			Coded("batch_undone")
	errManyRows = fault.New(fault.TooLarge, "The grid takes at most %d rows at once.", MaxBatchRows)
	errNoBatch  = fault.New(fault.NotFound, "Page not found.")
)

// A BatchParty is a party that a batch adds, under an id that the client made.
type BatchParty struct {
	ID uuid.UUID
	PartyFields
}

// A BatchEntry is an entry that a batch adds.
type BatchEntry struct {
	ID, PartyID uuid.UUID
	EntryFields
}

// OpenBatch begins a batch under an id that the client made, or goes on with one
// that the same user began and nobody has undone; other calls wait for its end.
// A grid without the plan for it is an UpgradeRequired fault. Requires RunsKhata.
func OpenBatch(ctx context.Context, tx *postgres.Tx, id uuid.UUID, kind, name string) error {
	return openBatch(ctx, tx, id, kind, name, nil)
}

// OpenImport is OpenBatch for an import, with the SHA-256 of the file that it takes.
func OpenImport(ctx context.Context, tx *postgres.Tx, id uuid.UUID, file string, digest []byte) error {
	return openBatch(ctx, tx, id, ImportBatch, file, digest)
}

func openBatch(ctx context.Context, tx *postgres.Tx, id uuid.UUID, kind, name string, digest []byte) error {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return err
	}
	if id == uuid.Nil {
		return errNoID
	}
	if err := lockBatches(ctx, tx); err != nil {
		return err
	}
	s := tx.Scope
	_, err := tx.Exec(ctx, `
		insert into tijori.batches (account_id, business_id, id, kind, name, created_by, digest) values ($1, $2, $3,
		    $4, $5, $6, $7)
		on conflict (account_id, business_id, id) do nothing`, s.AccountID, s.BusinessID, id, kind, name, s.UserID, digest)
	if err != nil {
		return fmt.Errorf("open batch %s: %w", id, err)
	}
	var by uuid.UUID
	var isKind string
	var undone *time.Time
	err = tx.QueryRow(ctx, `
		select created_by, kind, undone_at from tijori.batches
		where account_id = $1 and business_id = $2 and id = $3 for update`, s.AccountID, s.BusinessID, id).Scan(&by, &isKind, &undone)
	switch {
	case err != nil:
		return fmt.Errorf("lock batch %s: %w", id, err)
	case undone != nil:
		return errBatchUndone
	case by != s.UserID || isKind != kind:
		return errUsedID
	}
	return nil
}

// PlanAnew makes a statement be planned for the rows that it is given: a plan that was kept from ten rows
// is wrong by orders of magnitude for thousands. It is said of each statement, not of the transaction: what
// triggers and references ask for each row would be planned again for each row as well, and took most of the time.
const PlanAnew = pgx.QueryExecModeCacheDescribe

// AddBatchParties adds parties to an open batch. One that is there already under
// its id with the same fields is left; the others of used ids come back as refused.
// A plan without room for all of them is an UpgradeRequired fault. The fields must be clean.
func AddBatchParties(
	ctx context.Context, tx *postgres.Tx, batch uuid.UUID, parties []BatchParty,
) (refused map[uuid.UUID]bool, err error) {
	var ids []uuid.UUID
	var kinds, names, keys, phones, notes []string
	var hashes [][]byte
	for _, p := range parties {
		ids, kinds, names, keys = append(ids, p.ID), append(kinds, string(p.Kind)), append(names, p.Name),
			append(keys, nameKey(p.Name))
		phones, notes, hashes = append(phones, p.Phone), append(notes, p.Note), append(hashes, p.hash())
	}
	_, err = tx.Exec(ctx, `
		insert into tijori.parties (account_id, business_id, id, kind, name, name_key, phone, note, request_hash,
		    created_by, batch_id)
		select $1, $2, g.id, g.kind, g.name, g.name_key, g.phone, g.note, g.request_hash, $3, $4
		from unnest($5::uuid[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bytea[])
			g(id, kind, name, name_key, phone, note, request_hash)
		on conflict (account_id, business_id, id) do nothing`, PlanAnew,
		tx.Scope.AccountID, tx.Scope.BusinessID, tx.Scope.UserID, batch, ids, kinds, names, keys, phones, notes, hashes)
	if err != nil {
		return nil, fmt.Errorf("add %d parties of batch %s: %w", len(parties), batch, err)
	}
	return otherContent(ctx, tx, "parties", ids, hashes)
}

// FillPhones gives parties of the khata that have no phone the one beside their id, as part of an open batch. One that
// has got a phone meanwhile, or is gone, is left. The phones must be clean. Requires RunsKhata.
func FillPhones(ctx context.Context, tx *postgres.Tx, batch uuid.UUID, ids []uuid.UUID, phones []string) error {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return err
	}
	s := tx.Scope
	_, err := tx.Exec(ctx, `
		with filled as (
			update tijori.parties p set phone = g.phone
			from unnest($4::uuid[], $5::text[]) g(id, phone)
			where p.account_id = $1 and p.business_id = $2 and p.id = g.id and p.phone = '' and p.deleted_at is null
			returning p.id)
		update tijori.batches b set filled = (select coalesce(array_agg(f.id), '{}') from filled f)
		where b.account_id = $1 and b.business_id = $2 and b.id = $3`, PlanAnew, s.AccountID, s.BusinessID, batch, ids, phones)
	if err != nil {
		return fmt.Errorf("fill %d phones of batch %s: %w", len(ids), batch, err)
	}
	return nil
}

// insertEntries adds entries to an open batch in one statement. Those whose party is
// not living, and those whose id is used for other content, come back as refused.
func insertEntries(
	ctx context.Context, tx *postgres.Tx, batch uuid.UUID, entries []BatchEntry,
) (refused map[uuid.UUID]bool, err error) {
	var ids, parties []uuid.UUID
	var sides, notes, modes []string
	var amounts []int64
	var dates []time.Time
	var hashes [][]byte
	var openings []bool
	for _, e := range entries {
		ids, parties, sides = append(ids, e.ID), append(parties, e.PartyID), append(sides, string(e.Side))
		amounts, dates, notes, hashes = append(amounts, e.AmountMinor), append(dates, e.Date), append(notes, e.Note),
			append(hashes, e.hash(e.PartyID))
		openings, modes = append(openings, e.Opening), append(modes, string(e.Mode))
	}
	_, err = tx.Exec(ctx, `
		insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
		    opening, request_hash, created_by, batch_id, mode, cheque_state)
		select $1, $2, g.id, g.party_id, g.side, g.amount_minor, g.business_date, g.note, g.opening,
		    g.request_hash, $3, $4, nullif(g.mode, ''), case when g.mode = 'cheque' then 'received' end
		from unnest($5::uuid[], $6::uuid[], $7::text[], $8::bigint[], $9::date[], $10::text[], $11::bytea[],
		    $12::boolean[], $13::text[])
			g(id, party_id, side, amount_minor, business_date, note, request_hash, opening, mode)
		where g.party_id in (
			select p.id from tijori.parties p
			where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and p.id = any ($6::uuid[]))
		on conflict (account_id, business_id, id) do nothing`, PlanAnew,
		tx.Scope.AccountID, tx.Scope.BusinessID, tx.Scope.UserID, batch,
		ids, parties, sides, amounts, dates, notes, hashes, openings, modes)
	if err != nil {
		return nil, fmt.Errorf("add %d entries of batch %s: %w", len(entries), batch, err)
	}
	return otherContent(ctx, tx, "entries", ids, hashes)
}

// The two tables whose rows are compared after an insert that may have met used ids.
var hashesSQL = map[string]string{
	"parties": `select g.id from unnest($3::uuid[], $4::bytea[]) g(id, request_hash)
		where not exists (select 1 from tijori.parties p
			where p.account_id = $1 and p.business_id = $2 and p.id = g.id and p.request_hash = g.request_hash)`,
	"entries": `select g.id from unnest($3::uuid[], $4::bytea[]) g(id, request_hash)
		where not exists (select 1 from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.id = g.id and e.request_hash = g.request_hash)`,
}

// otherContent returns the ids under which the wished content does not stand.
func otherContent(
	ctx context.Context, tx *postgres.Tx, table string, ids []uuid.UUID, hashes [][]byte,
) (map[uuid.UUID]bool, error) {
	rows, err := tx.Query(ctx, hashesSQL[table], PlanAnew, tx.Scope.AccountID, tx.Scope.BusinessID, ids, hashes)
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", table, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, fmt.Errorf("compare %s: %w", table, err)
	}
	out := map[uuid.UUID]bool{}
	for _, id := range found {
		out[id] = true
	}
	return out, nil
}

// AddBatchEntries adds entries to an open batch. What is wrong with single ones comes
// back by their index; the others are added. An entry that is there already under
// its id with the same fields is left. The fields must be clean.
func AddBatchEntries(
	ctx context.Context, tx *postgres.Tx, batch uuid.UUID, entries []BatchEntry,
) (map[int]error, error) {
	wrong := map[int]error{}
	return wrong, addRange(ctx, tx, batch, entries, 0, wrong)
}

// addRange inserts in one statement, and looks for what the database refuses by halves.
func addRange(
	ctx context.Context, tx *postgres.Tx, batch uuid.UUID, entries []BatchEntry, first int, wrong map[int]error,
) error {
	if len(entries) == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, `savepoint batch_part`); err != nil {
		return fmt.Errorf("batch %s: %w", batch, err)
	}
	refused, err := insertEntries(ctx, tx, batch, entries)
	if err == nil {
		for i, e := range entries {
			if !refused[e.ID] {
				continue
			}
			if wrong[first+i] = refusal(ctx, tx, e); fault.Of(wrong[first+i]) == nil {
				return wrong[first+i]
			}
		}
		_, err = tx.Exec(ctx, `release savepoint batch_part`)
		return err
	}
	f := fault.Of(postgres.Translate(err))
	if f == nil || f.Kind != fault.Invalid && f.Kind != fault.Conflict && f.Kind != fault.NotFound {
		return err
	}
	if _, err := tx.Exec(ctx, `rollback to savepoint batch_part`); err != nil {
		return fmt.Errorf("batch %s: %w", batch, err)
	}
	if _, err := tx.Exec(ctx, `release savepoint batch_part`); err != nil {
		return fmt.Errorf("batch %s: %w", batch, err)
	}
	if len(entries) == 1 {
		wrong[first] = f
		return nil
	}
	half := len(entries) / 2
	if err := addRange(ctx, tx, batch, entries[:half], first, wrong); err != nil {
		return err
	}
	return addRange(ctx, tx, batch, entries[half:], first+half, wrong)
}

// refusal says why an entry did not get in: its party is gone, or its id is used.
func refusal(ctx context.Context, tx *postgres.Tx, e BatchEntry) error {
	if _, err := PartyNameByID(ctx, tx, e.PartyID); err != nil {
		return err
	}
	return errUsedID
}
