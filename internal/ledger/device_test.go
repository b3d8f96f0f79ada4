package ledger_test

import (
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// deviceBook reads a book as a device keeps it.
func deviceBook(
	t *testing.T, db *pgtest.DB, u *pgtest.User, most int,
) (from, today time.Time, all []ledger.DeviceParty) {
	t.Helper()
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		today = tx.Scope.Today
		return ledger.WriteDevice(t.Context(), tx, most,
			func(first time.Time) error { from = first; return nil },
			func(p ledger.DeviceParty) error { all = append(all, p); return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return from, today, all
}

// A device has each living party with the entries of twelve months; what lies before them and they come to the balance
// that the party's page says.
func TestDeviceHasTwelveMonths(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	_, today, _ := deviceBook(t, db, u, 10)
	on := func(days int) string { return today.AddDate(0, 0, days).Format(time.DateOnly) }
	ram, shyam, gone := addParty(t, db, u, "Ram"), addParty(t, db, u, "Shyam"), addParty(t, db, u, "Gone")
	addEntry(t, db, u, ram.ID, given(900, on(-500)))
	addEntry(t, db, u, ram.ID, received(100, on(-370)))
	for days := range 5 {
		addEntry(t, db, u, ram.ID, given(int64(1000+days), on(-days)))
	}
	addEntry(t, db, u, ram.ID, received(7, on(3)))
	addEntry(t, db, u, gone.ID, given(5, on(0)))
	deleted := addEntry(t, db, u, ram.ID, given(77, on(-1)))
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		if _, err := ledger.DeleteParty(t.Context(), tx, gone.ID, 1); err != nil {
			return err
		}
		_, err := ledger.DeleteEntry(t.Context(), tx, deleted.ID, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	from, _, all := deviceBook(t, db, u, 10)
	if want := today.AddDate(-1, 0, 1); !from.Equal(want) {
		t.Errorf("the first day is %s, want %s", from, want)
	}
	if len(all) != 2 || all[0].ID != ram.ID || all[1].ID != shyam.ID || len(all[1].Entries) != 0 || all[1].Before != 0 {
		t.Fatalf("the parties are %+v", all)
	}
	if all[0].Before != 800 || len(all[0].Entries) != 6 {
		t.Fatalf("before %d, %d entries; want 800, 6", all[0].Before, len(all[0].Entries))
	}
	sum := all[0].Before
	for i, e := range all[0].Entries {
		if i > 0 && e.Date.Before(all[0].Entries[i-1].Date) {
			t.Error("the entries are not in order")
		}
		if !e.Date.After(today) {
			sum += e.Signed()
		}
	}
	var balance int64
	err = db.As(t.Context(), u.Caller, func(tx *postgres.Tx) (err error) {
		balance, err = ledger.BalanceOf(t.Context(), tx, ram.ID)
		return err
	})
	if err != nil || balance != sum || sum != 800+5010 {
		t.Errorf("the device comes to %d, the page to %d (%v)", sum, balance, err)
	}

	// With room for five, that of the deleted party's among them, whole days are left out until what remains fits; the
	// balance stays. With room for none it is today's, and what lies ahead is still told apart.
	if first, _, none := deviceBook(t, db, u, 0); !first.Equal(today.AddDate(0, 0, 1)) || none[0].Before != 5810 ||
		len(none[0].Entries) != 1 {
		t.Errorf("with room for none: from %s %+v", first, none)
	}
	from, _, all = deviceBook(t, db, u, 5)
	if want := today.AddDate(0, 0, -2); !from.Equal(want) {
		t.Errorf("the first day is %s, want %s", from, want)
	}
	if len(all[0].Entries) != 4 || all[0].Before != 800+1004+1003 {
		t.Errorf("%d entries after %d", len(all[0].Entries), all[0].Before)
	}
}

// A counter's device keeps no book, whatever it asks for.
func TestDeviceOfACounterHasNothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	err := s.db.As(t.Context(), s.counter.Caller, func(tx *postgres.Tx) error {
		return ledger.WriteDevice(t.Context(), tx, 10,
			func(time.Time) error { t.Error("begun"); return nil },
			func(ledger.DeviceParty) error { t.Error("a party"); return nil })
	})
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("a counter's device: %v", err)
	}
}
