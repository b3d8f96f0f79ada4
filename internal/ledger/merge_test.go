package ledger_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func merge(id, from, into uuid.UUID, version int) func(*postgres.Tx) (ledger.Merge, error) {
	return func(tx *postgres.Tx) (ledger.Merge, error) {
		return ledger.MergeParties(context.Background(), tx, id, from, into, version)
	}
}

func undoMerge(id uuid.UUID) func(*postgres.Tx) (ledger.Merge, error) {
	return func(tx *postgres.Tx) (ledger.Merge, error) { return ledger.UndoMerge(context.Background(), tx, id) }
}

func move(id uuid.UUID, version int, party uuid.UUID) func(*postgres.Tx) (ledger.Entry, error) {
	return func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.MoveEntry(context.Background(), tx, id, version, party)
	}
}

func balanceOf(t *testing.T, db *pgtest.DB, u *pgtest.User, party uuid.UUID) int64 {
	t.Helper()
	return must(t, db, u, func(tx *postgres.Tx) (int64, error) { return ledger.BalanceOf(t.Context(), tx, party) })
}

func addOpening(t *testing.T, db *pgtest.DB, u *pgtest.User, party uuid.UUID, f ledger.EntryFields) ledger.Entry {
	t.Helper()
	id := newID(t)
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddOpening(t.Context(), tx, id, party, f)
	})
}

func entryByID(t *testing.T, db *pgtest.DB, u *pgtest.User, id uuid.UUID) ledger.Entry {
	t.Helper()
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) { return ledger.EntryByID(t.Context(), tx, id) })
}

func partyByID(t *testing.T, db *pgtest.DB, u *pgtest.User, id uuid.UUID) ledger.Party {
	t.Helper()
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) { return ledger.PartyByID(t.Context(), tx, id) })
}

func TestMergeMovesEverythingAndUndoBringsItBack(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	goes, stays := addParty(t, db, u, "Ramesh"), addParty(t, db, u, "Ramesh Kumar")
	must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.EditParty(t.Context(), tx, goes.ID, 1,
			ledger.PartyFields{Kind: ledger.Customer, Name: "Ramesh", Phone: "9876543210"})
	})
	opening := addOpening(t, db, u, goes.ID, received(700, "2026-04-01"))
	addOpening(t, db, u, stays.ID, given(50, "2026-04-01"))
	living := addEntry(t, db, u, goes.ID, given(1000, "2026-04-02"))
	binned := addEntry(t, db, u, goes.ID, given(9, "2026-04-02"))
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx, binned.ID, 1)
	})
	id := newID(t)

	must(t, db, u, merge(id, goes.ID, stays.ID, 2))
	must(t, db, u, merge(id, goes.ID, stays.ID, 2)) // the same form, sent twice
	if got := balanceOf(t, db, u, stays.ID); got != 350 {
		t.Errorf("balance after the merge = %d, want 350", got)
	}
	if p := partyByID(t, db, u, goes.ID); p.DeletedAt == nil {
		t.Error("the party that went is not in the bin")
	}
	if p := partyByID(t, db, u, stays.ID); p.Phone != "+919876543210" || p.Name != "Ramesh Kumar" {
		t.Errorf("the party that stays = %q %q", p.Name, p.Phone)
	}
	if e := entryByID(t, db, u, opening.ID); e.Opening || e.PartyID != stays.ID || e.PaidBy() != ledger.Goods {
		t.Errorf("second opening balance = %+v; it must be a plain entry that is not cash", e)
	}
	if e := entryByID(t, db, u, binned.ID); e.PartyID != stays.ID {
		t.Error("an entry in the bin stayed behind")
	}
	added := addEntry(t, db, u, stays.ID, given(5, "2026-04-03"))
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) { // corrected in between: it goes back as it is now
		return ledger.EditEntry(t.Context(), tx, living.ID, 2, given(1100, "2026-04-02"))
	})

	m := must(t, db, u, undoMerge(id))
	if again := must(t, db, u, undoMerge(id)); m.UndoneAt == nil || !again.UndoneAt.Equal(*m.UndoneAt) {
		t.Errorf("undone at %v, and again at %v", m.UndoneAt, again.UndoneAt)
	}
	if a, b := balanceOf(t, db, u, goes.ID), balanceOf(t, db, u, stays.ID); a != 400 || b != 55 {
		t.Errorf("balances after the undo = %d and %d, want 400 and 55", a, b)
	}
	if e := entryByID(t, db, u, opening.ID); !e.Opening || e.Mode != "" || e.PartyID != goes.ID {
		t.Errorf("opening balance after the undo = %+v", e)
	}
	if e := entryByID(t, db, u, added.ID); e.PartyID != stays.ID {
		t.Error("an entry that was added after the merge was taken along")
	}
	if p := partyByID(t, db, u, stays.ID); p.Phone != "" {
		t.Errorf("phone after the undo = %q", p.Phone)
	}
	noWrongSums(t, db)
}

// noWrongSums holds the index of sums against the entries.
func noWrongSums(t *testing.T, db *pgtest.DB) {
	t.Helper()
	var n int
	err := db.Super.QueryRow(t.Context(), `select count(*) from tijori_khata.wrong_sums()`).Scan(&n)
	if err != nil || n > 0 {
		t.Errorf("%d sums are not what the entries come to, %v", n, err)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, third := addParty(t, s.db, s.owner, "Shyam"), addParty(t, s.db, s.owner, "Mohan")
	stranger := s.db.Pro(t, s.db.User(t, "Zoya"))
	theirs := addParty(t, s.db, stranger, "Theirs")
	id := newID(t)
	for name, c := range map[string]struct {
		who  *pgtest.User
		call func(*postgres.Tx) (ledger.Merge, error)
		want fault.Kind
	}{
		"itself":                   {s.owner, merge(newID(t), other.ID, other.ID, 1), fault.Invalid},
		"no id":                    {s.owner, merge(uuid.Nil, other.ID, s.party.ID, 1), fault.Invalid},
		"a stranger's, into ours":  {s.owner, merge(newID(t), theirs.ID, s.party.ID, 1), fault.NotFound},
		"ours, into a stranger's":  {s.owner, merge(newID(t), other.ID, theirs.ID, 1), fault.NotFound},
		"an older version":         {s.owner, merge(newID(t), other.ID, s.party.ID, 7), fault.Conflict},
		"an accountant":            {s.accountant, merge(newID(t), other.ID, s.party.ID, 1), fault.Forbidden},
		"a counter":                {s.counter, merge(newID(t), other.ID, s.party.ID, 1), fault.Forbidden},
		"an unknown merge, undone": {s.owner, undoMerge(newID(t)), fault.NotFound},
	} {
		_, err := as(t, s.db, c.who, c.call)
		wantKind(t, name, err, c.want)
	}
	must(t, s.db, s.manager, merge(id, s.party.ID, other.ID, 0))
	_, err := as(t, s.db, s.owner, merge(id, third.ID, other.ID, 1))
	wantKind(t, "the id of another merge", err, fault.Conflict)
	_, err = as(t, s.db, s.owner, merge(newID(t), third.ID, s.party.ID, 1))
	wantKind(t, "into the bin", err, fault.Conflict)
	_, err = as(t, s.db, stranger, undoMerge(id))
	wantKind(t, "a stranger's undo", err, fault.NotFound)
	_, err = as(t, s.db, s.counter, undoMerge(id))
	wantKind(t, "a counter's undo", err, fault.Forbidden)
	must(t, s.db, s.owner, merge(newID(t), other.ID, third.ID, 1))
	_, err = as(t, s.db, s.owner, undoMerge(id))
	wantKind(t, "undoing the first of two merges", err, fault.Conflict)
	if got := balanceOf(t, s.db, s.owner, third.ID); got != 7500 {
		t.Errorf("balance = %d, want 7500", got)
	}
}

func TestMergeIsUndoneWithinItsTermOnly(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, id := addParty(t, s.db, s.owner, "Shyam"), newID(t)
	must(t, s.db, s.owner, merge(id, s.party.ID, other.ID, 1))
	for _, sql := range []string{
		`update tijori.merges set created_at = created_at - interval '31 days'`,
		`update tijori.changes set changed_at = changed_at - interval '31 days'`,
	} {
		if _, err := s.db.Super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err := as(t, s.db, s.owner, undoMerge(id))
	wantKind(t, "an undo after 31 days", err, fault.Conflict)
}

func TestLockedEntriesDoNotMove(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other := addParty(t, s.db, s.owner, "Shyam")
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Lock, error) {
		return ledger.SetLock(t.Context(), tx, newID(t), ledger.LockForm{Until: date("2026-04-01"), Today: time.Now()})
	})
	_, err := as(t, s.db, s.owner, move(s.owners.ID, 1, other.ID))
	wantKind(t, "moving an entry of a locked day", err, fault.Conflict)
	_, err = as(t, s.db, s.owner, merge(newID(t), s.party.ID, other.ID, 1))
	wantKind(t, "merging a party with an entry on a locked day", err, fault.Conflict)
	if got := balanceOf(t, s.db, s.owner, s.party.ID); got != 7500 {
		t.Errorf("balance = %d, want 7500", got)
	}
}

func TestMoveEntry(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other := addParty(t, s.db, s.owner, "Shyam")
	stranger := s.db.Pro(t, s.db.User(t, "Zoya"))
	theirs := addParty(t, s.db, stranger, "Theirs")

	moved := must(t, s.db, s.owner, move(s.owners.ID, 1, other.ID))
	again := must(t, s.db, s.owner, move(s.owners.ID, 1, other.ID))
	if moved.PartyID != other.ID || moved.Version != 2 || again.Version != 2 {
		t.Errorf("moved = %+v, again %+v", moved, again)
	}
	a, b := balanceOf(t, s.db, s.owner, s.party.ID), balanceOf(t, s.db, s.owner, other.ID)
	if a != -2500 || b != 10000 {
		t.Errorf("balances = %d and %d, want -2500 and 10000", a, b)
	}
	must(t, s.db, s.counter, move(s.counters.ID, 1, other.ID)) // an own one, of today

	for name, c := range map[string]struct {
		who   *pgtest.User
		entry uuid.UUID
		party uuid.UUID
		want  fault.Kind
	}{
		"to a stranger's party":  {s.owner, s.owners.ID, theirs.ID, fault.NotFound},
		"a stranger's":           {stranger, s.owners.ID, theirs.ID, fault.NotFound},
		"where it is":            {s.owner, s.owners.ID, other.ID, fault.Invalid},
		"a colleague's":          {s.counter, s.owners.ID, s.party.ID, fault.NotFound},
		"by an accountant":       {s.accountant, s.owners.ID, s.party.ID, fault.Forbidden},
		"to a party nobody made": {s.owner, s.owners.ID, newID(t), fault.NotFound},
	} {
		_, err := as(t, s.db, c.who, move(c.entry, 2, c.party))
		wantKind(t, name, err, c.want)
	}
	_, err := as(t, s.db, s.owner, move(s.owners.ID, 1, s.party.ID))
	wantKind(t, "an older version", err, fault.Conflict)
	noWrongSums(t, s.db)

	openings := addParty(t, s.db, s.owner, "Mohan")
	one := addOpening(t, s.db, s.owner, openings.ID, given(1, "2026-04-01"))
	addOpening(t, s.db, s.owner, other.ID, given(2, "2026-04-01"))
	_, err = as(t, s.db, s.owner, move(one.ID, 1, other.ID))
	wantKind(t, "a second opening balance", err, fault.Conflict)
}

func TestHistoryOfBothPartiesTellsOfMovesAndMerges(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, id := addParty(t, s.db, s.owner, "Shyam"), newID(t)
	must(t, s.db, s.owner, move(s.owners.ID, 1, other.ID))
	line := func(party uuid.UUID) ledger.Timeline {
		return must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Timeline, error) {
			return ledger.PartyTimeline(t.Context(), tx, party, "")
		})
	}
	for _, party := range []uuid.UUID{s.party.ID, other.ID} {
		h := line(party).Items[0]
		if h.Entry == nil || h.Entry.Action != ledger.Moved || h.From != "Ram" || h.To != "Shyam" ||
			h.Entry.After.AmountMinor != 10000 {
			t.Errorf("newest of %s = %+v", party, h)
		}
	}
	before := len(line(other.ID).Items)
	must(t, s.db, s.owner, merge(id, s.party.ID, other.ID, 1))
	items := line(other.ID).Items
	// The merge, and the making of the entry that came with it; no line for its move.
	m := items[0].Merge
	if m == nil || m.Other != "Ram" || m.Into || m.Entries != 1 || !m.CanUndo || m.ByName != "Asha" {
		t.Errorf("newest of the party that stays = %+v", items[0])
	}
	if len(items) != before+2 {
		t.Errorf("%d lines after the merge, want %d", len(items), before+2)
	}
	var found bool
	for _, h := range line(s.party.ID).Items {
		if h.Merge != nil {
			found = h.Merge.Other == "Shyam" && h.Merge.Into && h.Merge.Entries == 1
		}
	}
	if !found {
		t.Errorf("history of the party that went: %+v", line(s.party.ID).Items)
	}
	must(t, s.db, s.owner, undoMerge(id))
	if m := line(other.ID).Items[0].Merge; m == nil || !m.Undone || m.Entries != 1 || m.CanUndo || m.ByName != "Asha" {
		t.Errorf("newest after the undo = %+v", line(other.ID).Items[0])
	}
}
