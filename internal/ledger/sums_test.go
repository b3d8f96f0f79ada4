package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// wantSums fails unless the sums of every party are those of its entries.
func wantSums(t testing.TB, db *pgtest.DB, after string) {
	t.Helper()
	found, err := ledger.VerifySums(t.Context(), db.Auth)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range found {
		t.Errorf("after %s: %v", after, w)
	}
	if len(found) > 0 {
		t.FailNow()
	}
}

// Whatever is written in whatever order, also past the program and also what is rolled back, the sums stay those of the
// entries.
func TestSumsFollowEveryWrite(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	// What is written past the program has no caller whom a history could name.
	if _, err := db.Super.Exec(ctx, "alter table entries disable trigger entries_history"); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		u := db.Pro(t, db.User(t, "Asha"))
		var parties, entries, batches []uuid.UUID
		as := func(call func(tx *postgres.Tx) error) {
			if err := db.As(ctx, u.Caller, call); err != nil && fault.Of(err) == nil && !errors.Is(err, errUndo) {
				r.Fatal(err)
			}
		}
		super := func(sql string, args ...any) {
			if _, err := db.Super.Exec(ctx, sql, args...); err != nil {
				r.Fatalf("%s: %v", sql, err)
			}
		}
		fields := func() ledger.EntryFields {
			return ledger.EntryFields{
				Side:        rapid.SampledFrom([]ledger.Side{ledger.Given, ledger.Received}).Draw(r, "side"),
				AmountMinor: rapid.Int64Range(1, 500).Draw(r, "paise"), Date: date("2026-04-01").AddDate(0, 0,
					rapid.IntRange(0, 9).Draw(r, "day")),
			}
		}
		one := func(from []uuid.UUID) uuid.UUID { return rapid.SampledFrom(from).Draw(r, "which") }
		version := func(table string, id uuid.UUID) (v int) {
			if err := db.Super.QueryRow(ctx, "select coalesce(max(version), 0) from "+table+" where id = $1",
				id).Scan(&v); err != nil {
				r.Fatal(err)
			}
			return v
		}
		addParty := func() {
			id := newID(t)
			parties = append(parties, id)
			as(func(tx *postgres.Tx) error {
				_, err := ledger.AddParty(ctx, tx, id, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"})
				return err
			})
		}
		addEntry := func(tx *postgres.Tx) error {
			id := newID(t)
			entries = append(entries, id)
			_, err := ledger.AddEntry(ctx, tx, id, one(parties), fields())
			return err
		}
		addParty()
		as(addEntry)
		steps := map[string]func(){
			"add party": addParty,
			"add entry": func() { as(addEntry) },
			"add two, the second refused": func() {
				as(func(tx *postgres.Tx) error { return errors.Join(addEntry(tx), addEntry(tx), errUndo) })
			},
			"add opening": func() {
				id := newID(t)
				entries = append(entries, id)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.AddOpening(ctx, tx, id, one(parties), fields())
					return err
				})
			},
			"edit": func() {
				id := one(entries)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.EditEntry(ctx, tx, id, version("entries", id), fields())
					return err
				})
			},
			"delete": func() {
				id := one(entries)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.DeleteEntry(ctx, tx, id, version("entries", id))
					return err
				})
			},
			"restore": func() {
				id := one(entries)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.RestoreEntry(ctx, tx, id, version("entries", id))
					return err
				})
			},
			"bin a party": func() {
				id := one(parties)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.DeleteParty(ctx, tx, id, version("parties", id))
					return err
				})
			},
			"bring a party back": func() {
				id := one(parties)
				as(func(tx *postgres.Tx) error {
					_, err := ledger.RestoreParty(ctx, tx, id, version("parties", id))
					return err
				})
			},
			"batch": func() {
				batch := newID(t)
				batches = append(batches, batch)
				as(func(tx *postgres.Tx) error { return addBatch(ctx, tx, batch, parties, fields) })
			},
			"undo a batch": func() {
				if len(batches) > 0 {
					as(func(tx *postgres.Tx) error { _, _, err := ledger.UndoBatch(ctx, tx, one(batches)); return err })
				}
			},
			"change all at once": func() {
				super("update entries set amount_minor = amount_minor + 1, business_date = business_date - 1 where business_id = $1", u.BusinessID)
			},
			"move to another party": func() {
				super("update entries set party_id = $1 where id = $2 and not opening", one(parties), one(entries))
			},
			"delete for good": func() { super("delete from entries where id = $1", one(entries)) },
			"turn sides": func() {
				super("update entries set side = case side when 'given' then 'received' else 'given' end where business_id = $1 and amount_minor % 2 = 0", u.BusinessID)
			},
		}
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range steps {
				if !yield(name) {
					return
				}
			}
		})
		for range rapid.IntRange(3, 14).Draw(r, "steps") {
			name := rapid.SampledFrom(names).Draw(r, "step")
			steps[name]()
			wantSums(t, db, name)
		}
	})
}

// addBatch adds an entry for every party, twice, last first, as a grid of theirs.
func addBatch(ctx context.Context, tx *postgres.Tx, batch uuid.UUID, parties []uuid.UUID,
	fields func() ledger.EntryFields,
) error {
	if err := ledger.OpenBatch(ctx, tx, batch, ledger.GridBatch, ""); err != nil {
		return err
	}
	for range 2 {
		var rows []ledger.BatchEntry
		for _, p := range slices.Backward(parties) {
			rows = append(rows, ledger.BatchEntry{ID: uuid.New(), PartyID: p, EntryFields: fields()})
		}
		if _, err := ledger.AddBatchEntries(ctx, tx, batch, rows); err != nil {
			return err
		}
	}
	return nil
}

// Writers at once, of single entries and of batches over the same parties in other orders: nobody is refused by a
// deadlock, and every sum is right.
func TestSumsOfManyWriters(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	var parties []uuid.UUID
	for n := range 6 {
		parties = append(parties, addParty(t, db, u, fmt.Sprint("Party ", n)).ID)
	}
	fields := func() ledger.EntryFields {
		f := given(1+rand.Int64N(900), "2026-04-01")
		f.Date = f.Date.AddDate(0, 0, rand.IntN(9))
		if rand.IntN(2) == 0 {
			f.Side = ledger.Received
		}
		return f
	}
	for _, err := range atOnce(8, func(i int) error {
		mine := slices.Clone(parties)
		var added []uuid.UUID
		for range 12 {
			rand.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
				switch {
				case i < 2:
					return addBatch(t.Context(), tx, newID(t), mine, fields)
				case i == 2: // writes like batches without saying so, in one statement
					_, err := tx.Exec(t.Context(),
						`update tijori.entries set amount_minor = amount_minor % 900 + 1, deleted_at = case when amount_minor % 7 = 0 then now() end
						where account_id = $1 and business_id = $2`, u.AccountID, u.BusinessID)
					return err
				case len(added) > 0 && rand.IntN(3) == 0:
					last := added[len(added)-1]
					added = added[:len(added)-1]
					_, err := ledger.DeleteEntry(t.Context(), tx, last, 1)
					if fault.Is(err, fault.Conflict) { // the writer above was there first
						return nil
					}
					return err
				}
				id := newID(t)
				added = append(added, id)
				_, err := ledger.AddEntry(t.Context(), tx, id, mine[0], fields())
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	wantSums(t, db, "eight writers")
}

// What is wrong is found, named, and mended by the statement that rebuilds the sums.
func TestWrongSumsAreFound(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	party := addParty(t, db, u, "Ram")
	addEntry(t, db, u, party.ID, given(700, "2026-04-01"))
	addEntry(t, db, u, party.ID, received(200, "2026-04-02"))
	for sql, what := range map[string]string{
		"update party_sums set given = given + 1, balance = balance + 1":       "the sum of what was given",
		"update party_sums set received = received + 1, balance = balance - 1": "the sum of what was received",
		"update party_sums set entries = 1":                                    "the number of entries",
		"update party_sums set last_date = '2026-04-01'":                       "the latest date",
		"update party_sums set living = false":                                 "whether it is in the bin",
		"update party_sums set made_on = '2020-01-01'":                         "the day it was made",
		"delete from party_sums":                                               "the row is missing",
	} {
		if _, err := db.Super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		found, err := ledger.VerifySums(t.Context(), db.Auth)
		if err != nil || len(found) != 1 || found[0] != (ledger.WrongSum{
			AccountID:  u.AccountID,
			BusinessID: u.BusinessID, PartyID: party.ID, What: what,
		}) {
			t.Errorf("after %s: %v, %v; want %q", sql, found, err, what)
		}
		if _, err := db.Super.Exec(t.Context(), ledger.RebuildSumsSQL); err != nil {
			t.Fatal(err)
		}
		wantSums(t, db, "rebuilding the sums")
	}
}
