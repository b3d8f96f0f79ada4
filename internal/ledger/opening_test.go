package ledger_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestOpeningBalance(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p := addParty(t, db, u, "Ramesh")
	earlier := addEntry(t, db, u, p.ID, received(100, "2026-04-01"))
	open := func(u *pgtest.User, id, party uuid.UUID, f ledger.EntryFields) (ledger.Entry, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.AddOpening(t.Context(), tx, id,
				party, f)
		})
	}
	id := ledger.NewOpeningID()
	o, err := open(u, id, p.ID, given(1000, "2026-04-01"))
	if err != nil || !o.Opening {
		t.Fatalf("AddOpening = %+v, %v", o, err)
	}
	if _, err := open(u, id, p.ID, given(1000, "2026-04-01")); err != nil {
		t.Errorf("a double tap: %v", err)
	}
	_, err = open(u, ledger.NewOpeningID(), p.ID, given(7, "2026-01-01"))
	wantKind(t, "a second one", err, fault.Conflict)
	_, err = open(u, ledger.NewOpeningID(), uuid.New(), given(7, "2026-01-01"))
	wantKind(t, "of nobody", err, fault.NotFound)
	for _, role := range []string{"accountant", "counter"} {
		m := db.Member(t, u, &u.BusinessID, role)
		m.Caller.Business = u.BusinessID
		_, err = open(m, ledger.NewOpeningID(), p.ID, given(7, "2026-01-01"))
		wantKind(t, role, err, fault.Forbidden)
	}
	// It stands first on its day, though it was written last, and counts like any entry.
	page := must(t, db, u, func(tx *postgres.Tx) (ledger.PartyPage, error) {
		return partyPageByID(t.Context(), tx, p.ID, "")
	})
	if page.Balance != 900 || len(page.Rows) != 2 || page.Rows[0].ID != earlier.ID || !page.Rows[1].Opening ||
		page.Rows[0].Opening || page.Rows[1].Balance != 1000 {
		t.Errorf("the page shows %+v", page.Rows)
	}
	var lines []ledger.Line
	s := must(t, db, u, func(tx *postgres.Tx) (ledger.Statement, error) {
		return ledger.WriteStatement(t.Context(), tx, p.ID, ledger.Range{}, func(ledger.Statement) error { return nil },
			func(l ledger.Line) error { lines = append(lines, l); return nil })
	})
	if s.Closing != 900 || len(lines) != 2 || !lines[0].Opening {
		t.Errorf("the statement says %+v of %+v", s, lines)
	}
	// It is edited as an entry and stays what it is; its history tells so.
	o = must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, id, 1, given(1500, "2026-03-01"))
	})
	if !o.Opening || o.AmountMinor != 1500 {
		t.Errorf("after an edit: %+v", o)
	}
	h := must(t, db, u, func(tx *postgres.Tx) ([]ledger.Change[ledger.EntryFields], error) {
		return entryHistory(t.Context(), tx, id)
	})
	if len(h) != 2 || !h[0].After.Opening || h[0].Before.AmountMinor != 1000 {
		t.Errorf("the history is %+v", h)
	}
	// One in the bin makes room; then it cannot come back.
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) { return ledger.DeleteEntry(t.Context(), tx, id, 2) })
	if _, err := open(u, ledger.NewOpeningID(), p.ID, received(200, "2026-01-01")); err != nil {
		t.Errorf("after the first is in the bin: %v", err)
	}
	_, err = as(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.RestoreEntry(t.Context(), tx, id,
			3)
	})
	wantKind(t, "restoring a second one", err, fault.Conflict)
	if got := must(t, db, u, func(tx *postgres.Tx) (int64, error) {
		return ledger.BalanceOf(t.Context(), tx,
			p.ID)
	}); got != -300 {
		t.Errorf("balance %d, want -300", got)
	}
}

func TestOpeningIDsComeFirst(t *testing.T) {
	t.Parallel()
	party := uuid.Must(uuid.NewV7())
	for _, id := range []uuid.UUID{ledger.NewOpeningID(), ledger.OpeningIDOf(party)} {
		if id.String() >= party.String() || id == uuid.Nil || id.Version() != 7 {
			t.Errorf("id %s does not stand before %s", id, party)
		}
	}
	if once, again := ledger.OpeningIDOf(party), ledger.OpeningIDOf(party); once != again {
		t.Error("the id of a party's opening balance is not always the same")
	}
}
