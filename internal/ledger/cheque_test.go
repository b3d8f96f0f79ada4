package ledger_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

func setCheque(id uuid.UUID, version int, state ledger.ChequeState) func(*postgres.Tx) (ledger.Entry, error) {
	return func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.SetCheque(context.Background(), tx, id, version, state, "Cheque bounced")
	}
}

func TestBouncedChequeUndoesItsPayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	paid := received(4000, "2026-04-03")
	paid.Mode, paid.ChequeDate = ledger.Cheque, date("2026-04-10")
	cheque := addEntry(t, s.db, s.owner, s.party.ID, paid)
	if cheque.ChequeState != ledger.ChequeReceived || !cheque.ChequeDate.Equal(date("2026-04-10")) {
		t.Fatalf("new cheque = %+v", cheque)
	}
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Lock, error) {
		return ledger.SetLock(t.Context(), tx, newID(t),
			ledger.LockForm{Until: date("2026-04-30"), Today: date("2026-06-01")})
	})
	// The day of the payment is locked; what becomes of the cheque is known later.
	must(t, s.db, s.manager, setCheque(cheque.ID, 1, ledger.ChequeDeposited))
	must(t, s.db, s.manager, setCheque(cheque.ID, 2, ledger.ChequeBounced))
	again := must(t, s.db, s.manager, setCheque(cheque.ID, 2, ledger.ChequeBounced)) // sent twice
	if again.Version != 3 || again.ChequeState != ledger.ChequeBounced {
		t.Errorf("again = %+v", again)
	}
	page := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.PartyPage, error) {
		return partyPageByID(t.Context(), tx, s.party.ID, "")
	})
	if page.Balance != 7500 || page.Entries != 4 {
		t.Fatalf("balance = %d of %d entries, want 7500 of 4", page.Balance, page.Entries)
	}
	undoing := page.Rows[0]
	if !undoing.Reverses || undoing.Side != ledger.Given || undoing.AmountMinor != 4000 ||
		undoing.Note != "Cheque bounced" || !undoing.Date.After(date("2026-04-30")) {
		t.Errorf("the second entry = %+v", undoing)
	}
	came := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Collections, error) {
		return ledger.CollectionsOf(t.Context(), tx, ledger.Range{})
	})
	if got := came.Modes.Total(); got != 2500 {
		t.Errorf("collected = %d, want 2500: a cheque that bounced brought nothing", got)
	}

	for name, call := range map[string]func(*postgres.Tx) (ledger.Entry, error){
		"edit the second entry": func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.EditEntry(t.Context(), tx, undoing.ID, 1, given(1, "2026-06-01"))
		},
		"delete the second entry": func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.DeleteEntry(t.Context(), tx, undoing.ID, 1)
		},
		"change its state": setCheque(undoing.ID, 1, ledger.ChequeCleared),
		"edit the cheque": func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.EditEntry(t.Context(), tx, cheque.ID, 3, paid)
		},
		"delete the cheque": func(tx *postgres.Tx) (ledger.Entry, error) {
			return ledger.DeleteEntry(t.Context(), tx, cheque.ID, 3)
		},
	} {
		_, err := as(t, s.db, s.owner, call)
		wantKind(t, name, err, fault.Conflict)
	}

	must(t, s.db, s.owner, setCheque(cheque.ID, 3, ledger.ChequeCleared)) // the bank was wrong
	if got := balanceOf(t, s.db, s.owner, s.party.ID); got != 3500 {
		t.Errorf("balance = %d, want 3500", got)
	}
	_, err := as(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.RestoreEntry(t.Context(), tx, undoing.ID, 2)
	})
	wantKind(t, "restore the second entry by hand", err, fault.Conflict)
	must(t, s.db, s.owner, setCheque(cheque.ID, 4, ledger.ChequeBounced)) // or not
	if got := balanceOf(t, s.db, s.owner, s.party.ID); got != 7500 {
		t.Errorf("balance = %d, want 7500", got)
	}
	noWrongSums(t, s.db)
}

func TestSetChequeRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	paid := received(4000, "2026-04-03")
	paid.Mode = ledger.Cheque
	cheque := addEntry(t, s.db, s.owner, s.party.ID, paid)
	stranger := s.db.Pro(t, s.db.User(t, "Zoya"))
	_, err := as(t, s.db, s.owner, setCheque(s.owners.ID, 1, ledger.ChequeCleared))
	wantKind(t, "goods", err, fault.Conflict)
	_, err = as(t, s.db, s.owner, setCheque(cheque.ID, 1, "lost"))
	wantKind(t, "an unknown state", err, fault.Invalid)
	_, err = as(t, s.db, s.owner, setCheque(cheque.ID, 9, ledger.ChequeCleared))
	wantKind(t, "another version", err, fault.Conflict)
	_, err = as(t, s.db, s.counter, setCheque(cheque.ID, 1, ledger.ChequeCleared))
	wantKind(t, "a counter", err, fault.Forbidden)
	_, err = as(t, s.db, stranger, setCheque(cheque.ID, 1, ledger.ChequeCleared))
	wantKind(t, "a stranger", err, fault.NotFound)

	cash := paid
	cash.Mode = ledger.Cash
	now := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, cheque.ID, 1, cash)
	})
	if now.ChequeState != "" || !now.ChequeDate.IsZero() {
		t.Errorf("paid in cash after all: %+v", now)
	}
}
