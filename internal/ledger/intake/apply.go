package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

var errNothing = fault.New(fault.Invalid, "There is nothing to import: no new party, no entry and no phone.")

// part is how many rows one statement inserts.
const part = 2000

// Make plans an import of a table against the khata as it is. It writes nothing. Requires RunsKhata.
func Make(ctx context.Context, tx *postgres.Tx, t *Table, o Options) (*Plan, error) {
	if !tx.Scope.Rights.RunsKhata {
		return nil, errRole
	}
	there, err := look(ctx, tx, t, o.Mapping)
	if err != nil {
		return nil, err
	}
	p := build(t, o, there)
	return p, nil
}

// look reads the parties that a table may be about, and how far the books are closed.
func look(ctx context.Context, tx *postgres.Tx, t *Table, m Mapping) (existing, error) {
	r := newReader(t, Options{Mapping: m}, existing{})
	names, phones := map[string]bool{r.key(m.Party): true}, map[string]bool{}
	for _, row := range body(t, m) {
		names[r.key(r.name(row))] = true
		found, _ := r.rowPhones(row)
		for _, p := range found {
			phones[p] = true
		}
	}
	there := existing{byName: map[string][]known{}, byPhone: map[string][]known{}, byID: map[uuid.UUID]known{}}
	var locked *time.Time
	if err := tx.QueryRow(ctx, `select tijori_khata.locked_until()`).Scan(&locked); err != nil {
		return there, fmt.Errorf("how far the books are closed: %w", err)
	}
	if locked != nil {
		there.lockedUntil = *locked
	}
	rows, err := tx.Query(ctx, `
		select p.id, p.kind, p.name, p.name_key, p.phone, p.note, s.balance, s.opening, s.begun
		from tijori.parties p
		cross join lateral (
			select coalesce(sum(case e.side when 'given' then e.amount_minor else -e.amount_minor end)
			    filter (where e.business_date <= $6), 0)::bigint as balance, coalesce(bool_or(e.opening),
			        false) as opening,
				count(*) > 0 as begun
			from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
		) s
		where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and (p.name_key = any ($3::text[])
		    or p.phone = any ($4::text[]) or p.id = $5)
		order by p.created_at, p.id`, ledger.PlanAnew, tx.Scope.AccountID, tx.Scope.BusinessID, keys(names),
		keys(phones), m.PartyID,
		tx.Scope.Today)
	if err != nil {
		return there, fmt.Errorf("find parties of a file: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k known
		var key string
		if err := rows.Scan(&k.id, &k.fields.Kind, &k.fields.Name, &key, &k.fields.Phone, &k.fields.Note, &k.balance,
			&k.opening, &k.begun); err != nil {
			return there, fmt.Errorf("find parties of a file: %w", err)
		}
		there.byName[key] = append(there.byName[key], k)
		there.byID[k.id] = k
		if k.fields.Phone != "" {
			there.byPhone[k.fields.Phone] = append(there.byPhone[k.fields.Phone], k)
		}
	}
	return there, rows.Err()
}

func keys(m map[string]bool) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		if k != "" {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// FindTwins finds the entries of a plan that are like ones which are there already, or like one further up in the file:
// of the same party, day, side and amount. Two like entries of the khata are the twins of two of the file, not of
// three. Twins are imported all the same, unless somebody wants them left out.
func (p *Plan) FindTwins(ctx context.Context, tx *postgres.Tx) error {
	there := map[mark]int{}
	fresh := map[uuid.UUID]bool{}
	for _, party := range p.Parties {
		fresh[party.ID] = party.New
	}
	for chunk := range slices.Chunk(p.Entries, part) {
		if err := countThere(ctx, tx, chunk, fresh, there); err != nil {
			return fmt.Errorf("look for entries that are there already: %w", err)
		}
	}
	p.twins(there)
	return nil
}

// countThere counts the entries of the khata that are like those of a chunk.
func countThere(
	ctx context.Context, tx *postgres.Tx, chunk []ledger.BatchEntry, fresh map[uuid.UUID]bool, there map[mark]int,
) error {
	var at []int32
	var ids []uuid.UUID
	var dates []time.Time
	var sides []string
	var amounts []int64
	for i, e := range chunk {
		if !fresh[e.PartyID] {
			at, ids, dates, sides, amounts = append(at, int32(i)), append(ids, e.PartyID), append(dates, e.Date),
				append(sides, string(e.Side)), append(amounts, e.AmountMinor)
		}
	}
	if len(at) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		select g.i, s.n from unnest($3::int[], $4::uuid[], $5::date[], $6::text[], $7::bigint[]) g(i, party_id,
		    business_date, side, amount_minor)
		cross join lateral (select count(*)::int as n from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = g.party_id
			    and e.business_date = g.business_date
				and e.side = g.side and e.amount_minor = g.amount_minor and e.deleted_at is null) s
		where s.n > 0`, ledger.PlanAnew,
		tx.Scope.AccountID, tx.Scope.BusinessID, at, ids, dates, sides, amounts)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var i, n int32
		if err := rows.Scan(&i, &n); err != nil {
			return err
		}
		there[markOf(chunk[i])] = int(n)
	}
	return rows.Err()
}

// Hold makes the caller the only one who imports an upload until the transaction ends; another page of the same user
// that tries meanwhile waits here, and then finds it done. It reports whether the upload was imported before. One
// that was undone since, like one that is not kept any more, is NotFound.
func Hold(ctx context.Context, tx *postgres.Tx, upload uuid.UUID) (done bool, err error) {
	if !tx.Scope.Rights.RunsKhata {
		return false, errRole
	}
	s := tx.Scope
	_, err = tx.Exec(ctx, `
		select 1 from tijori.uploads where account_id = $1 and business_id = $2 and id = $3 for update`, s.AccountID, s.BusinessID, upload)
	if err != nil {
		return false, fmt.Errorf("hold a file: %w", err)
	}
	var undone bool
	err = tx.QueryRow(ctx, `
		select undone_at is not null from tijori.batches
		where account_id = $1 and business_id = $2 and id = $3 and created_by = $4`, s.AccountID, s.BusinessID, upload, s.UserID).Scan(&undone)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("whether a file was imported: %w", err)
	case undone:
		return false, errGone
	}
	return true, nil
}

// A Former is an earlier import of the same file.
type Former struct {
	Name   string
	At     time.Time
	Undone bool
}

// Same returns the newest import of a file with the same content in this business, and whether there was one.
func Same(ctx context.Context, tx *postgres.Tx, body []byte) (f Former, found bool, err error) {
	digest := sha256.Sum256(body)
	err = tx.QueryRow(ctx, `
		select name, created_at, undone_at is not null from tijori.batches
		where account_id = $1 and business_id = $2 and kind = 'import' and digest = $3
		order by created_at desc limit 1`, tx.Scope.AccountID, tx.Scope.BusinessID, digest[:]).Scan(&f.Name, &f.At, &f.Undone)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("whether a file was imported before: %w", err)
	}
	return f, true, nil
}

// Apply writes a plan as one batch that has the upload's id, and forgets the file. progress is told how many rows
// are written. An error leaves nothing behind, if the transaction ends with it. A plan that changes nothing, or has
// questions open, is refused. A plan without room for the new
// parties is an UpgradeRequired fault. Requires RunsKhata.
func (p *Plan) Apply(
	ctx context.Context, tx *postgres.Tx, upload uuid.UUID, name string, body []byte, progress func(rows int),
) error {
	if _, err := tx.Exec(ctx, `set local statement_timeout = '5min'`); err != nil {
		return fmt.Errorf("import a file: %w", err)
	}
	if len(p.Asks()) > 0 || p.Nothing() {
		return errNothing
	}
	digest := sha256.Sum256(body)
	if err := ledger.OpenImport(ctx, tx, upload, fileName(name), digest[:]); err != nil {
		return err
	}
	var fresh []ledger.BatchParty
	for _, party := range p.Parties {
		if party.New {
			fresh = append(fresh, party.BatchParty)
		}
	}
	ids, phones := p.fills()
	if len(ids) > 0 {
		if err := ledger.FillPhones(ctx, tx, upload, ids, phones); err != nil {
			return err
		}
	}
	rows := 0
	for chunk := range slices.Chunk(fresh, part) {
		refused, err := ledger.AddBatchParties(ctx, tx, upload, chunk)
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			return errGone
		}
		rows += len(chunk)
		progress(rows)
	}
	first := 0
	for chunk := range slices.Chunk(p.Entries, part) {
		wrong, err := ledger.AddBatchEntries(ctx, tx, upload, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			if reason := fault.Of(wrong[i]); reason != nil {
				return fault.New(fault.Conflict,
					"Line %d cannot be saved. Nothing was imported. Check the file again.", p.Lines[first+
						i]).Because(reason)
			}
		}
		first += len(chunk)
		progress(rows + first)
	}
	_, err := tx.Exec(ctx, `
		update tijori.uploads set body = ''
		where account_id = $1 and business_id = $2 and id = $3`, tx.Scope.AccountID, tx.Scope.BusinessID, upload)
	if err != nil {
		return fmt.Errorf("forget an imported file: %w", err)
	}
	return nil
}

// fills are the parties of the khata that get a phone.
func (p *Plan) fills() (ids []uuid.UUID, phones []string) {
	for _, party := range p.Parties {
		if party.Fills {
			ids, phones = append(ids, party.ID), append(phones, party.Phone)
		}
	}
	return ids, phones
}

// Rows is how many rows Apply writes.
func (p *Plan) Rows() int { return p.New + len(p.Entries) }
