package ledger

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A BatchResult says what became of the rows of a batch, in their order.
type BatchResult struct {
	Rows    []*CheckedRow
	Entries int  // saved, now or by an earlier call with the same ids
	Parties int  // added on the way
	Wrong   int  // rows with a problem
	Kept    bool // nothing was saved, because all rows were to be good
}

// Left are the rows that still have to be saved, as they were typed.
func (r BatchResult) Left() []BatchRow {
	var left []BatchRow
	for _, row := range r.Rows {
		if !row.Saved && !row.Blank() {
			left = append(left, row.BatchRow)
		}
	}
	return left
}

// CheckBatch says what is wrong with rows of the grid, and stores nothing. Requires RunsKhata.
func CheckBatch(ctx context.Context, tx *postgres.Tx, batch uuid.UUID, rows []BatchRow, d Desk) (BatchResult, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return BatchResult{}, err
	}
	if len(rows) > MaxBatchRows {
		return BatchResult{}, errManyRows
	}
	var r BatchResult
	ids := map[uuid.UUID]bool{}
	for _, row := range rows {
		c := d.read(row)
		if !row.Blank() && ids[row.ID] {
			c.fail(ColumnParty, errUsedID)
		}
		ids[row.ID] = true
		r.Rows = append(r.Rows, c)
	}
	if err := findParties(ctx, tx, batch, r.Rows); err != nil {
		return BatchResult{}, err
	}
	if err := findTwins(ctx, tx, r.Rows); err != nil {
		return BatchResult{}, err
	}
	r.count()
	return r, nil
}

func (r *BatchResult) count() {
	r.Entries, r.Wrong = 0, 0
	for _, row := range r.Rows {
		if row.Saved {
			r.Entries++
		}
		if len(row.Problems) > 0 {
			r.Wrong++
		}
	}
}

// SaveBatch saves rows of the grid as one batch: every one, or with some only the good ones.
// Each row counts once under its id, however often it is sent. Without a plan that
// has the grid it is an UpgradeRequired fault. Requires RunsKhata.
func SaveBatch(
	ctx context.Context, tx *postgres.Tx, batch uuid.UUID, rows []BatchRow, d Desk, some bool,
) (BatchResult, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return BatchResult{}, err
	}
	if _, err := tx.Exec(ctx, `savepoint whole_batch`); err != nil {
		return BatchResult{}, fmt.Errorf("batch %s: %w", batch, err)
	}
	if err := OpenBatch(ctx, tx, batch, GridBatch, ""); err != nil {
		return BatchResult{}, err
	}
	r, err := CheckBatch(ctx, tx, batch, rows, d)
	if err != nil {
		return BatchResult{}, err
	}
	if r.Wrong == 0 || some {
		if err := r.write(ctx, tx, batch); err != nil {
			return BatchResult{}, err
		}
		r.count()
	}
	if r.Entries == 0 || r.Wrong > 0 && !some {
		if _, err := tx.Exec(ctx, `rollback to savepoint whole_batch`); err != nil {
			return BatchResult{}, fmt.Errorf("batch %s: %w", batch, err)
		}
		for _, row := range r.Rows {
			row.Saved = false
		}
		r.Kept, r.Parties = true, 0
	}
	r.count()
	return r, nil
}

func (r *BatchResult) write(ctx context.Context, tx *postgres.Tx, batch uuid.UUID) error {
	var parties []BatchParty
	var entries []BatchEntry
	added := map[uuid.UUID]bool{}
	rows := good(r.Rows)
	for _, row := range rows {
		if row.adds != nil && !added[row.adds.ID] {
			added[row.adds.ID] = true
			parties = append(parties, *row.adds)
		}
	}
	if len(parties) > 0 {
		refused, err := AddBatchParties(ctx, tx, batch, parties)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.adds != nil && refused[row.adds.ID] {
				row.fail(ColumnParty, errUsedID)
			}
		}
		r.Parties = len(parties) - len(refused)
		rows = good(rows)
	}
	for _, row := range rows {
		entries = append(entries, BatchEntry{row.ID, row.PartyID, row.Entry})
	}
	wrong, err := AddBatchEntries(ctx, tx, batch, entries)
	if err != nil {
		return err
	}
	for i, row := range rows {
		if err := wrong[i]; err != nil {
			row.failBy(err)
			continue
		}
		row.Saved = true
	}
	return nil
}

// findParties looks for the parties that rows name, by what was chosen or by the name.
func findParties(ctx context.Context, tx *postgres.Tx, batch uuid.UUID, rows []*CheckedRow) error {
	var ids []uuid.UUID
	var keys []string
	for _, r := range rows {
		if r.PartyID != uuid.Nil {
			ids = append(ids, r.PartyID)
		}
		if k := NameKey(r.Party); k != "" {
			keys = append(keys, k)
		}
	}
	byID, byKey := map[uuid.UUID]PartyName{}, map[string][]PartyName{}
	found, err := tx.Query(ctx, `
		select p.id, p.kind, p.name, p.name_key from tijori.parties p
		where p.account_id = $1 and p.business_id = $2 and p.deleted_at is null and (p.id = any ($3::uuid[])
		    or p.name_key = any ($4::text[]))
		order by p.created_at, p.id`, PlanAnew, tx.Scope.AccountID, tx.Scope.BusinessID, ids, keys)
	if err != nil {
		return fmt.Errorf("find parties of a batch: %w", err)
	}
	defer found.Close()
	for found.Next() {
		var p PartyName
		var key string
		if err := found.Scan(&p.ID, &p.Kind, &p.Name, &key); err != nil {
			return fmt.Errorf("find parties of a batch: %w", err)
		}
		byID[p.ID], byKey[key] = p, append(byKey[key], p)
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("find parties of a batch: %w", err)
	}
	fresh := map[string]*BatchParty{}
	for _, r := range rows {
		if !r.Blank() {
			r.choose(batch, byID, byKey, fresh)
		}
	}
	return nil
}

// choose settles which party a row is about, or says why none.
func (r *CheckedRow) choose(
	batch uuid.UUID, byID map[uuid.UUID]PartyName, byKey map[string][]PartyName, fresh map[string]*BatchParty,
) {
	key := NameKey(r.Party)
	if p, ok := byID[r.PartyID]; ok {
		r.Party, r.NewParty = p.Name, false
		return
	}
	if r.PartyID != uuid.Nil && !r.NewParty {
		r.fail(ColumnParty, errNoParty)
		return
	}
	switch named := byKey[key]; {
	case key == "":
		r.fail(ColumnParty, errNoPartyYet)
	case len(named) == 1:
		r.PartyID, r.Party, r.NewParty = named[0].ID, named[0].Name, false
	case len(named) > 1:
		r.fail(ColumnParty, errSeveral)
	case !r.NewParty:
		r.Unknown = true
		r.fail(ColumnParty, errUnknown)
	default:
		p := fresh[key]
		if p == nil {
			fields, err := PartyFields{Kind: Customer, Name: r.Party}.Clean()
			if err != nil {
				r.fail(ColumnParty, fault.Of(err))
				return
			}
			if p = (&BatchParty{r.PartyID, fields}); p.ID == uuid.Nil {
				p.ID = uuid.NewSHA1(batch, []byte("party "+key))
			}
			fresh[key] = p
		}
		r.PartyID, r.adds = p.ID, p
	}
}

// findTwins marks rows whose like is in the khata, or above them.
func findTwins(ctx context.Context, tx *postgres.Tx, rows []*CheckedRow) error {
	var at []int32
	var ids, parties []uuid.UUID
	var dates, sides []string
	var amounts []int64
	for i, r := range rows {
		if r.Blank() || len(r.Problems) > 0 || r.adds != nil {
			continue
		}
		at, ids, parties = append(at, int32(i)), append(ids, r.ID), append(parties, r.PartyID)
		dates, sides, amounts = append(dates, r.Entry.Date.Format("2006-01-02")), append(sides, string(r.Entry.Side)),
			append(amounts, r.Entry.AmountMinor)
	}
	found, err := tx.Query(ctx, `
		select g.i from unnest($3::int[], $4::uuid[], $5::uuid[], $6::date[], $7::text[], $8::bigint[]) g(i, id,
		    party_id, business_date, side, amount_minor)
		where exists (select 1 from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = g.party_id
			    and e.business_date = g.business_date
				and e.side = g.side and e.amount_minor = g.amount_minor and e.deleted_at is null and e.id <> g.id)`,
		PlanAnew,
		tx.Scope.AccountID, tx.Scope.BusinessID, at, ids, parties, dates, sides, amounts)
	if err != nil {
		return fmt.Errorf("look for entries that are there already: %w", err)
	}
	defer found.Close()
	for found.Next() {
		var i int32
		if err := found.Scan(&i); err != nil {
			return fmt.Errorf("look for entries that are there already: %w", err)
		}
		rows[i].Twin = true
	}
	findTwinsAbove(rows)
	return found.Err()
}
