package ledger_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A model is the khata done slowly and obviously: lists of everything, and loops.
type model struct {
	parties []*modelParty
	entries []*modelEntry
	merges  []modelMerge // that are not undone
}

type modelMerge struct {
	id         uuid.UUID
	from, into *modelParty
	entries    []*modelEntry
}

type modelParty struct {
	id      uuid.UUID
	f       ledger.PartyFields
	version int
	deleted bool
}

type modelEntry struct {
	id, party uuid.UUID
	f         ledger.EntryFields
	version   int
	deleted   bool
}

// ordered returns the living entries of a party by (date, id).
func (m *model) ordered(party uuid.UUID) []*modelEntry {
	var out []*modelEntry
	for _, e := range m.entries {
		if e.party == party && !e.deleted {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b *modelEntry) int {
		if c := a.f.Date.Compare(b.f.Date); c != 0 {
			return c
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	return out
}

func (m *model) balance(party uuid.UUID) (sum int64) {
	for _, e := range m.ordered(party) {
		if e.f.Side == ledger.Given {
			sum += e.f.AmountMinor
		} else {
			sum -= e.f.AmountMinor
		}
	}
	return sum
}

func (m *model) party(id uuid.UUID) *modelParty {
	for _, p := range m.parties {
		if p.id == id {
			return p
		}
	}
	return nil
}

// oldestDue pays receipts against the oldest given entries first.
func (m *model) oldestDue(party uuid.UUID) *time.Time {
	var paid int64
	for _, e := range m.ordered(party) {
		if e.f.Side == ledger.Received {
			paid += e.f.AmountMinor
		}
	}
	for _, e := range m.ordered(party) {
		if e.f.Side == ledger.Given {
			if paid -= e.f.AmountMinor; paid < 0 {
				return &e.f.Date
			}
		}
	}
	return nil
}

func TestEveryFigureIsTheSumOfEntries(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	rapid.Check(t, func(r *rapid.T) {
		u := db.Pro(t, db.User(t, "Asha"))
		m := &model{}
		run := func(what string, call func(tx *postgres.Tx) error) {
			if err := db.As(ctx, u.Caller, call); err != nil {
				r.Fatalf("%s: %v", what, err)
			}
		}
		fields := func() ledger.EntryFields {
			return ledger.EntryFields{
				Side: rapid.SampledFrom([]ledger.Side{ledger.Given, ledger.Received}).Draw(r, "side"),
				AmountMinor: rapid.OneOf(rapid.Int64Range(1, 500),
					rapid.SampledFrom([]int64{1, 5000, money.Max})).Draw(r, "paise"),
				Date: date("2026-04-01").AddDate(0, 0, rapid.IntRange(0, 6).Draw(r, "day")),
				Note: rapid.SampledFrom([]string{"", "चीनी 5 kg", "=1+1", "a \"b\"\nc"}).Draw(r, "note"),
			}
		}
		add := func(p *modelParty) {
			e := &modelEntry{id: newID(t), party: p.id, f: fields(), version: 1}
			if rapid.Bool().Draw(r, "random id") {
				e.id = uuid.New() // ids of clients need not follow time
			}
			var err error
			run("add entry", func(tx *postgres.Tx) error {
				_, err = ledger.AddEntry(ctx, tx, e.id, p.id, e.f)
				if fault.Is(err, fault.NotFound) {
					return nil
				}
				return err
			})
			if (err != nil) != p.deleted {
				r.Fatalf("add entry to a party deleted=%v: %v", p.deleted, err)
			}
			if err == nil {
				m.entries = append(m.entries, e)
			}
		}
		anyParty := func() *modelParty { return rapid.SampledFrom(m.parties).Draw(r, "party") }
		anyEntry := func() *modelEntry {
			if len(m.entries) == 0 {
				r.Skip("no entry yet")
			}
			return rapid.SampledFrom(m.entries).Draw(r, "entry")
		}
		addParty := func(r *rapid.T) {
			p := &modelParty{id: newID(t), version: 1, f: ledger.PartyFields{
				Kind: rapid.SampledFrom([]ledger.Kind{ledger.Customer, ledger.Supplier}).Draw(r, "kind"),
				Name: rapid.SampledFrom([]string{"Ram", "राम", "ram", "Sita & Sons"}).Draw(r, "name"),
			}}
			run("add party", func(tx *postgres.Tx) error { _, err := ledger.AddParty(ctx, tx, p.id, p.f); return err })
			m.parties = append(m.parties, p)
		}
		// change runs a versioned change of an entry; it must work exactly when the model says so.
		change := func(what string, e *modelEntry, possible bool, call func(*postgres.Tx, int) error) bool {
			possible = possible && !m.party(e.party).deleted
			var err error
			run(what, func(tx *postgres.Tx) error {
				if err = call(tx, e.version); fault.Is(err, fault.Conflict) {
					return nil
				}
				return err
			})
			if (err == nil) != possible {
				r.Fatalf("%s: %v, possible %v", what, err, possible)
			}
			if possible {
				e.version++
			}
			return possible
		}
		addParty(r)
		steps := map[string]func(*rapid.T){
			"add party": addParty,
			"add entry": func(*rapid.T) { add(anyParty()) },
			"burst": func(*rapid.T) {
				p := anyParty()
				for range 25 {
					add(p)
				}
			},
			"edit entry": func(*rapid.T) {
				e, f := anyEntry(), fields()
				if change("edit entry", e, !e.deleted, func(tx *postgres.Tx, v int) error {
					_,
						err := ledger.EditEntry(ctx, tx, e.id, v, f)
					return err
				}) {
					e.f = f
				}
			},
			"delete entry": func(*rapid.T) {
				e := anyEntry()
				if change("delete entry", e, !e.deleted, func(tx *postgres.Tx, v int) error {
					_,
						err := ledger.DeleteEntry(ctx, tx, e.id, v)
					return err
				}) {
					e.deleted = true
				}
			},
			"restore entry": func(*rapid.T) {
				e := anyEntry()
				if change("restore entry", e, e.deleted, func(tx *postgres.Tx, v int) error {
					_,
						err := ledger.RestoreEntry(ctx, tx, e.id, v)
					return err
				}) {
					e.deleted = false
				}
			},
			"delete or restore party": func(*rapid.T) {
				p := anyParty()
				run("delete or restore party", func(tx *postgres.Tx) (err error) {
					if p.deleted {
						_, err = ledger.RestoreParty(ctx, tx, p.id, p.version)
					} else {
						_, err = ledger.DeleteParty(ctx, tx, p.id, p.version)
					}
					return err
				})
				p.deleted, p.version = !p.deleted, p.version+1
			},
			"move entry": func(*rapid.T) {
				e, p := anyEntry(), anyParty()
				if p.deleted || p.id == e.party {
					return
				}
				if change("move entry", e, !e.deleted, func(tx *postgres.Tx, v int) error {
					_, err := ledger.MoveEntry(ctx, tx, e.id, v, p.id)
					return err
				}) {
					e.party = p.id
				}
			},
			"merge": func(*rapid.T) {
				from, into := anyParty(), anyParty()
				if from == into || from.deleted || into.deleted {
					return
				}
				id := newID(t)
				run("merge", func(tx *postgres.Tx) error {
					_, err := ledger.MergeParties(ctx, tx, id, from.id, into.id, from.version)
					return err
				})
				from.deleted, from.version = true, from.version+1
				merge := modelMerge{id: id, from: from, into: into}
				for _, e := range m.entries {
					if e.party == from.id {
						e.party, e.version = into.id, e.version+1
						merge.entries = append(merge.entries, e)
					}
				}
				m.merges = append(m.merges, merge)
			},
			"undo merge": func(*rapid.T) {
				if len(m.merges) == 0 {
					return
				}
				i := rapid.IntRange(0, len(m.merges)-1).Draw(r, "merge")
				u := m.merges[i]
				var err error
				run("undo merge", func(tx *postgres.Tx) error {
					if _, err = ledger.UndoMerge(ctx, tx, u.id); fault.Is(err, fault.Conflict) {
						return nil
					}
					return err
				})
				if (err != nil) != u.into.deleted {
					r.Fatalf("undo a merge into a party deleted=%v: %v", u.into.deleted, err)
				}
				if err != nil {
					return
				}
				if u.from.deleted {
					u.from.deleted, u.from.version = false, u.from.version+1
				}
				for _, e := range u.entries {
					if e.party == u.into.id {
						e.party, e.version = u.from.id, e.version+1
					}
				}
				m.merges = slices.Delete(m.merges, i, i+1)
			},
			"compare": func(*rapid.T) {
				run("compare", func(tx *postgres.Tx) error { return m.compare(ctx, tx) })
			},
		}
		names := []string{
			"add party", "add entry", "add entry", "add entry", "burst", "edit entry", "edit entry",
			"delete entry", "restore entry", "delete or restore party", "compare",
			"move entry", "move entry", "merge", "undo merge",
		}
		for range rapid.IntRange(5, 40).Draw(r, "steps") {
			name := rapid.SampledFrom(names).Draw(r, "step")
			if strings.HasSuffix(name, "entry") && name != "add entry" && len(m.entries) == 0 {
				continue
			}
			steps[name](r)
		}
		run("compare", func(tx *postgres.Tx) error { return m.compare(ctx, tx) })
	})
}

// compare holds the list, the totals, every page and every file against the model.
func (m *model) compare(ctx context.Context, tx *postgres.Tx) error {
	var get, give int64
	living := 0
	for _, p := range m.parties {
		if p.deleted {
			continue
		}
		living++
		if b := m.balance(p.id); b > 0 {
			get += b
		} else {
			give -= b
		}
		if err := m.comparePage(ctx, tx, p); err != nil {
			return err
		}
	}
	for _, sort := range []string{ledger.SortBalance, ledger.SortOldest} {
		list, err := listParties(ctx, tx, ledger.PartyFilter{Sort: sort})
		if err != nil {
			return err
		}
		if list.Get != get || list.Give != give || list.Parties != living || len(list.Rows) != living {
			return fmt.Errorf("list by %s: get %d, give %d, %d parties, %d rows; want %d, %d, %d", sort, list.Get,
				list.Give, list.Parties, len(list.Rows), get, give, living)
		}
		for _, row := range list.Rows {
			if want := m.balance(row.ID); row.Balance != want || row.Entries != len(m.ordered(row.ID)) {
				return fmt.Errorf("list: %s has %d of %d entries, want %d", row.Name, row.Balance, row.Entries, want)
			}
			due := m.oldestDue(row.ID)
			if (due == nil) != (row.OldestDue == nil) || due != nil && !due.Equal(*row.OldestDue) {
				return fmt.Errorf("list: oldest due of %s = %v, want %v", row.Name, row.OldestDue, due)
			}
		}
	}
	return m.compareBook(ctx, tx)
}

func (m *model) comparePage(ctx context.Context, tx *postgres.Tx, p *modelParty) error {
	want := m.ordered(p.id)
	balance := m.balance(p.id)
	if got, err := ledger.BalanceOf(ctx, tx, p.id); err != nil || got != balance {
		return fmt.Errorf("BalanceOf = %d, %v, want %d", got, err, balance)
	}
	running, i := balance, len(want)-1
	for after := ledger.Cursor(""); ; {
		page, err := partyPageByID(ctx, tx, p.id, after)
		if err != nil {
			return err
		}
		if page.Balance != balance || page.Given-page.Received != balance || page.Entries != len(want) {
			return fmt.Errorf("page: balance %d of %d entries, want %d of %d", page.Balance, page.Entries, balance,
				len(want))
		}
		for _, row := range page.Rows {
			if row.ID != want[i].id || row.Balance != running || row.Version != want[i].version ||
				row.Signed() != want[i].f.Signed() {
				return fmt.Errorf("page: row %+v, want %+v with balance %d", row, want[i].f, running)
			}
			running -= want[i].f.Signed()
			i--
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if i != -1 {
		return fmt.Errorf("pages miss %d entries", i+1)
	}
	return m.compareStatement(ctx, tx, p)
}

// compareStatement checks the CSV of a range that cuts the history.
func (m *model) compareStatement(ctx context.Context, tx *postgres.Tx, p *modelParty) error {
	from, to := date("2026-04-03"), date("2026-04-05")
	var opening int64
	want := [][]string{{"Date", "Details", "You gave", "You got", "Balance"}, nil}
	var sum ledger.Running
	for _, e := range m.ordered(p.id) {
		switch {
		case e.f.Date.Before(from):
			opening += e.f.Signed()
		case !e.f.Date.After(to):
			if err := sum.Add(e.f); err != nil {
				return err
			}
			want = append(want, append(sides(e), money.Plain(opening+sum.Balance, "INR")))
		}
	}
	want[1] = []string{"2026-04-03", "Opening balance", "", "", money.Plain(opening, "INR")}
	want = append(want, []string{
		"2026-04-05", "Closing balance", money.Plain(sum.Given, "INR"),
		money.Plain(sum.Received, "INR"), money.Plain(opening+sum.Balance, "INR"),
	})
	var file bytes.Buffer
	if err := export.PartyCSV(ctx, tx, &file, p.id, ledger.Range{From: from, To: to}, export.Options{
		Allow:    everybody,
		Currency: "INR",
	}); err != nil {
		return err
	}
	return compareCSV(&file, want)
}

func (m *model) compareBook(ctx context.Context, tx *postgres.Tx) error {
	parties := slices.Clone(m.parties)
	slices.SortFunc(parties, func(a, b *modelParty) int { return bytes.Compare(a.id[:], b.id[:]) })
	want := [][]string{{"Party", "Kind", "Phone", "Date", "Details", "You gave", "You got", "Balance"}}
	for _, p := range parties {
		if p.deleted {
			continue
		}
		head := []string{p.f.Name, map[ledger.Kind]string{
			ledger.Customer: "Customer",
			ledger.Supplier: "Supplier",
		}[p.f.Kind], ""}
		var sum ledger.Running
		for _, e := range m.ordered(p.id) {
			if err := sum.Add(e.f); err != nil {
				return err
			}
			want = append(want, slices.Concat(head, sides(e), []string{money.Plain(sum.Balance, "INR")}))
		}
		if len(m.ordered(p.id)) == 0 {
			want = append(want, append(head, "", "", "", "", "0.00"))
		}
	}
	var file bytes.Buffer
	if err := export.BookCSV(ctx, tx, &file, export.Options{Allow: everybody, Currency: "INR"}); err != nil {
		return err
	}
	return compareCSV(&file, want)
}

func sides(e *modelEntry) []string {
	note := e.f.Note
	if strings.HasPrefix(note, "=") {
		note = "'" + note
	}
	row := []string{e.f.Date.Format(time.DateOnly), note, "", ""}
	if e.f.Side == ledger.Given {
		row[2] = money.Plain(e.f.AmountMinor, "INR")
	} else {
		row[3] = money.Plain(e.f.AmountMinor, "INR")
	}
	return row
}

func compareCSV(file *bytes.Buffer, want [][]string) error {
	text, ok := strings.CutPrefix(file.String(), "\ufeff")
	if !ok {
		return fmt.Errorf("no byte order mark: %q", text[:20])
	}
	got, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		return fmt.Errorf("csv:\n%q\nwant\n%q", got, want)
	}
	return nil
}

func everybody(context.Context, *postgres.Tx) error { return nil }
