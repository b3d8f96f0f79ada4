package ledger_test

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// at once runs n calls side by side and returns their errors.
func atOnce(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

func TestTwentyEqualRequestsAreOneRow(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	party, entry := newID(t), newID(t)
	for _, err := range atOnce(20, func(int) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			p, err := ledger.AddParty(t.Context(), tx, party, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"})
			if err == nil && p.ID != party {
				t.Errorf("got party %s, want %s", p.ID, party)
			}
			return err
		})
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, err := range atOnce(20, func(int) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			e, err := ledger.AddEntry(t.Context(), tx, entry, party, given(25000, "2026-04-01"))
			if err == nil && (e.ID != entry || e.AmountMinor != 25000) {
				t.Errorf("got entry %+v", e)
			}
			return err
		})
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	page := must(t, db, u, func(tx *postgres.Tx) (ledger.PartyPage, error) {
		return partyPageByID(t.Context(), tx, party, "")
	})
	if page.Balance != 25000 || len(page.Rows) != 1 {
		t.Errorf("balance %d of %d rows, want 25000 of 1", page.Balance, len(page.Rows))
	}
}

// The last place of a plan, asked for twenty times with one id: one party, and nobody is told to upgrade.
func TestTwentyEqualRequestsForTheLastPlace(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if _, err := db.Super.Exec(t.Context(),
		`update plans set limits = '{"parties.max": 5}' where is_default`); err != nil {
		t.Fatal(err)
	}
	u := db.User(t, "Asha")
	for _, name := range []string{"A", "B", "C", "D"} {
		addParty(t, db, u, name)
	}
	last := newID(t)
	add := func(int) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := ledger.AddParty(t.Context(), tx, last, ledger.PartyFields{Kind: ledger.Customer, Name: "E"})
			return err
		})
	}
	for _, err := range append(atOnce(20, add), add(0)) {
		if err != nil {
			t.Error(err)
		}
	}
	_, err := as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.AddParty(t.Context(), tx, newID(t), ledger.PartyFields{Kind: ledger.Customer, Name: "F"})
	})
	wantKind(t, "the sixth", err, fault.UpgradeRequired)
}

func TestOneOfTwentyDifferentBodiesWins(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	party := addParty(t, db, u, "Ram").ID
	id := newID(t)
	won := 0
	for _, err := range atOnce(20, func(i int) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := ledger.AddEntry(t.Context(), tx, id, party, given(int64(100+i), "2026-04-01"))
			return err
		})
	}) {
		if err == nil {
			won++
		} else {
			wantKind(t, "another body", err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d bodies won, want 1", won)
	}
}

func TestOneOfTwentyEditsWins(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	e := addEntry(t, db, u, addParty(t, db, u, "Ram").ID, given(1, "2026-04-01"))
	won := 0
	for _, err := range atOnce(20, func(i int) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(t.Context(), tx, e.ID, 1, given(int64(100+i), "2026-04-01"))
			return err
		})
	}) {
		if err == nil {
			won++
		} else {
			wantKind(t, "an edit of an old version", err, fault.Conflict)
		}
	}
	if won != 1 {
		t.Errorf("%d edits won, want 1", won)
	}
	h := must(t, db, u, func(tx *postgres.Tx) ([]ledger.Change[ledger.EntryFields], error) {
		return entryHistory(t.Context(), tx, e.ID)
	})
	if len(h) != 2 || h[0].Before.AmountMinor != 1 || h[0].After.AmountMinor < 100 || h[1].After.AmountMinor != 1 {
		t.Errorf("history = %+v, want one edit after the creation", h)
	}
}

// The id of another business's row is as good as a fresh one: nothing tells that it is in use.
func TestAnotherBusinessesIDIsFresh(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, ravi := db.User(t, "Asha"), db.User(t, "Ravi")
	second := *asha
	second.BusinessID = db.Business(t, asha, "Second shop")
	second.Caller.Business = second.BusinessID
	party := addParty(t, db, asha, "Ram").ID
	entry := addEntry(t, db, asha, party, given(500, "2026-04-01")).ID
	for name, u := range map[string]*pgtest.User{"other account": ravi, "other business of the account": &second} {
		_, err := as(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.AddEntry(t.Context(), tx, uuid.New(), party, given(1, "2026-04-01"))
		})
		wantKind(t, name+" adds to the real party", err, fault.NotFound)
		p := must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.AddParty(t.Context(), tx, party, ledger.PartyFields{Kind: ledger.Supplier, Name: "Own"})
		})
		e := must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.AddEntry(t.Context(), tx, entry, party, received(700, "2026-04-02"))
		})
		if p.Name != "Own" || e.AmountMinor != 700 {
			t.Errorf("%s got %+v, %+v", name, p, e)
		}
	}
	page := must(t, db, asha, func(tx *postgres.Tx) (ledger.PartyPage, error) {
		return partyPageByID(t.Context(), tx, party, "")
	})
	if page.Name != "Ram" || page.Balance != 500 {
		t.Errorf("Asha's party became %q with %d", page.Name, page.Balance)
	}
}
