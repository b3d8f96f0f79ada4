package intake

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// part is how many rows one statement inserts.
const part = 2000

// Make plans an import of a table against the khata as it is. It writes nothing. Owners and managers.
func Make(ctx context.Context, tx *postgres.Tx, t *Table, o Options) (*Plan, error) {
	if !ledger.KeepsParties(tx.Scope) {
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
	r := &reader{o: Options{Mapping: m}}
	names, phones := map[string]bool{}, map[string]bool{}
	for _, row := range body(t, m) {
		names[ledger.NameKey(r.cell(row, Name))] = true
		if f, err := (ledger.PartyFields{Kind: ledger.Customer, Name: "x", Phone: r.cell(row, Phone)}).Clean(); err == nil && f.Phone != "" {
			phones[f.Phone] = true
		}
	}
	there := existing{byName: map[string][]known{}, byPhone: map[string][]known{}}
	var locked *time.Time
	if err := tx.QueryRow(ctx, `select auth.locked_until()`).Scan(&locked); err != nil {
		return there, fmt.Errorf("how far the books are closed: %w", err)
	}
	if locked != nil {
		there.lockedUntil = *locked
	}
	rows, err := tx.Query(ctx, `
		select p.id, p.kind, p.name, p.name_key, p.phone, p.note, s.balance, s.opening
		from tijori.parties p
		cross join lateral (
			select coalesce(sum(case e.side when 'given' then e.paise else -e.paise end), 0)::bigint as balance, coalesce(bool_or(e.opening), false) as opening
			from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id and e.deleted_at is null
		) s
		where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and (p.name_key = any ($3::text[]) or p.phone = any ($4::text[]))
		order by p.created_at, p.id`, ledger.PlanAnew, tx.Scope.AccountID, tx.Scope.BusinessID, keys(names), keys(phones))
	if err != nil {
		return there, fmt.Errorf("find parties of a file: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var k known
		var key string
		if err := rows.Scan(&k.id, &k.fields.Kind, &k.fields.Name, &key, &k.fields.Phone, &k.fields.Note, &k.balance, &k.opening); err != nil {
			return there, fmt.Errorf("find parties of a file: %w", err)
		}
		there.byName[key] = append(there.byName[key], k)
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

// CountTwins fills in how many entries of a plan are like ones that are there already.
func (p *Plan) CountTwins(ctx context.Context, tx *postgres.Tx) error {
	p.Twins = 0
	fresh := map[uuid.UUID]bool{}
	for _, party := range p.Parties {
		fresh[party.ID] = party.New
	}
	for chunk := range slices.Chunk(p.Entries, part) {
		var ids []uuid.UUID
		var dates []time.Time
		var sides []string
		var amounts []int64
		for _, e := range chunk {
			if !fresh[e.PartyID] {
				ids, dates, sides, amounts = append(ids, e.PartyID), append(dates, e.Date), append(sides, string(e.Side)), append(amounts, e.Paise)
			}
		}
		if len(ids) == 0 {
			continue
		}
		var n int
		err := tx.QueryRow(ctx, `
			select count(*)::int from unnest($3::uuid[], $4::date[], $5::text[], $6::bigint[]) g(party_id, business_date, side, paise)
			where exists (select 1 from tijori.entries e
				where e.account_id = $1 and e.business_id = $2 and e.party_id = g.party_id and e.business_date = g.business_date
					and e.side = g.side and e.paise = g.paise and e.deleted_at is null)`, ledger.PlanAnew,
			tx.Scope.AccountID, tx.Scope.BusinessID, ids, dates, sides, amounts).Scan(&n)
		if err != nil {
			return fmt.Errorf("look for entries that are there already: %w", err)
		}
		p.Twins += n
	}
	return nil
}

// Done reports whether an upload was imported, also when that was undone since.
func Done(ctx context.Context, tx *postgres.Tx, upload uuid.UUID) (done bool, err error) {
	err = tx.QueryRow(ctx, `
		select exists (select 1 from tijori.batches where account_id = $1 and business_id = $2 and id = $3)`,
		tx.Scope.AccountID, tx.Scope.BusinessID, upload).Scan(&done)
	if err != nil {
		return false, fmt.Errorf("whether a file was imported: %w", err)
	}
	return done, nil
}

// Apply writes a plan as one batch that has the upload's id, and forgets the file. An error leaves
// nothing behind, if the transaction ends with it. A plan without room for the new
// parties is an UpgradeRequired fault. Owners and managers.
func (p *Plan) Apply(ctx context.Context, tx *postgres.Tx, upload uuid.UUID, name string) error {
	if err := ledger.OpenBatch(ctx, tx, upload, ledger.ImportBatch, fileName(name)); err != nil {
		return err
	}
	var fresh []ledger.BatchParty
	for _, party := range p.Parties {
		if party.New {
			fresh = append(fresh, party.BatchParty)
		}
	}
	for chunk := range slices.Chunk(fresh, part) {
		refused, err := ledger.AddBatchParties(ctx, tx, upload, chunk)
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			return errGone
		}
	}
	first := 0
	for chunk := range slices.Chunk(p.Entries, part) {
		wrong, err := ledger.AddBatchEntries(ctx, tx, upload, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			if reason := fault.Of(wrong[i]); reason != nil {
				return fault.New(fault.Conflict, "Line %d cannot be saved. Nothing was imported. Look at the file once more.", p.Lines[first+i]).Because(reason)
			}
		}
		first += len(chunk)
	}
	_, err := tx.Exec(ctx, `
		update tijori.uploads set body = ''
		where account_id = $1 and business_id = $2 and id = $3`, tx.Scope.AccountID, tx.Scope.BusinessID, upload)
	if err != nil {
		return fmt.Errorf("forget an imported file: %w", err)
	}
	return nil
}
