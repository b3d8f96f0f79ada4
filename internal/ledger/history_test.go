package ledger_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestHistoryKeepsTheNameOfWhoHasLeft(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	must(t, s.db, s.manager, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, s.owners.ID, 1, received(7, "2026-05-01"))
	})
	if _, err := s.db.Super.Exec(t.Context(), "delete from members where user_id = $1", s.manager.UserID); err != nil {
		t.Fatal(err)
	}
	h := must(t, s.db, s.owner, func(tx *postgres.Tx) ([]ledger.Change[ledger.EntryFields], error) {
		return entryHistory(t.Context(), tx, s.owners.ID)
	})
	if len(h) != 2 || h[0].ByName != "manager" || h[0].Action != ledger.Edited || h[0].Before.Side != ledger.Given ||
		h[0].Before.AmountMinor != 10000 ||
		h[0].After.Side != ledger.Received || h[0].After.AmountMinor != 7 ||
		!h[0].After.Date.Equal(date("2026-05-01")) || h[1].ByName != "Asha" || h[1].After.AmountMinor != 10000 {
		t.Errorf("history = %+v", h)
	}
	_, err := as(t, s.db, s.manager, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EntryByID(t.Context(),
			tx, s.owners.ID)
	})
	wantKind(t, "the manager who has left", err, fault.NotFound)
}

func TestBinAndRestoreOfAPartyWithEntries(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	old := addEntry(t, s.db, s.owner, s.party.ID, given(3, "2026-04-05"))
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx,
			old.ID, 1)
	})
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.DeleteParty(t.Context(), tx,
			s.party.ID, 1)
	})

	bin := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.BinPage, error) {
		return ledger.Bin(t.Context(), tx,
			"")
	})
	if len(bin.Items) != 1 || bin.Items[0].Subject != "party" || bin.Items[0].Entries != 2 ||
		bin.Items[0].DeletedBy != "Asha" {
		t.Errorf("bin = %+v, want the party with 2 entries", bin.Items)
	}
	list := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.PartyList, error) {
		return listParties(t.Context(), tx, ledger.PartyFilter{})
	})
	if list.Totals != (ledger.Totals{}) {
		t.Errorf("totals = %+v, want nothing of a party in the bin", list.Totals)
	}
	for what, call := range map[string]func(*postgres.Tx) error{
		"page": func(tx *postgres.Tx) error {
			_, err := partyPageByID(t.Context(), tx, s.party.ID, "")
			return err
		},
		"balance": func(tx *postgres.Tx) error { _, err := ledger.BalanceOf(t.Context(), tx, s.party.ID); return err },
		"name": func(tx *postgres.Tx) error {
			_, err := ledger.PartyNameByID(t.Context(), tx,
				s.party.ID)
			return err
		},
		"add": func(tx *postgres.Tx) error {
			_, err := ledger.AddEntry(t.Context(), tx, newID(t), s.party.ID, given(1, "2026-04-01"))
			return err
		},
	} {
		wantKind(t, what+" of a party in the bin", s.db.As(t.Context(), s.owner.Caller, call), fault.NotFound)
	}
	_, err := as(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.RestoreEntry(t.Context(), tx, old.ID, 2)
	})
	wantKind(t, "restore an entry of a party in the bin", err, fault.Conflict)
	again := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, s.counters.ID, s.party.ID, received(2500, "2026-04-02"))
	})
	if again.ID != s.counters.ID {
		t.Errorf("a late retry of an add, its party being in the bin = %+v", again)
	}
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.RestoreParty(t.Context(), tx, s.party.ID, 2)
	})
	page := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.PartyPage, error) {
		return partyPageByID(t.Context(), tx, s.party.ID, "")
	})
	if page.Balance != 7500 || page.Entries != 2 {
		t.Errorf("after the restore %d of %d entries, want 7500 of 2", page.Balance, page.Entries)
	}
	bin = must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.BinPage, error) {
		return ledger.Bin(t.Context(), tx,
			"")
	})
	if len(bin.Items) != 1 || bin.Items[0].ID != old.ID || bin.Items[0].Entry.AmountMinor != 3 {
		t.Errorf("bin = %+v, want the entry deleted before", bin.Items)
	}
}

func TestBinPages(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	fill(t, db, u, 10, 11)
	if _, err := db.Super.Exec(t.Context(), `
		alter table entries disable trigger user;
		update entries set deleted_at = now() - (random() * interval '1 day'), deleted_by = created_by;
		alter table entries enable trigger user`); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for after := ledger.Cursor(""); ; {
		bin := must(t, db, u, func(tx *postgres.Tx) (ledger.BinPage, error) {
			return ledger.Bin(t.Context(), tx,
				after)
		})
		for _, i := range bin.Items {
			seen[i.ID.String()] = true
		}
		if after = bin.Next; after == "" {
			break
		}
	}
	if len(seen) != 110 {
		t.Errorf("met %d deleted entries, want 110", len(seen))
	}
}

func TestDatesFarAheadAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := as(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, newID(t), s.party.ID, given(1, "2062-04-01"))
	})
	if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Field != "date" {
		t.Errorf("an entry of 2062: %v, want an invalid date", err)
	}
	_, err = as(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, s.owners.ID, 1, given(1, "2062-04-01"))
	})
	wantKind(t, "an edit to 2062", err, fault.Invalid)
}
