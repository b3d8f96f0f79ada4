package ledger_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func countTill(id uuid.UUID, day string, closing bool, minor int64) func(*postgres.Tx) (struct{}, error) {
	return func(tx *postgres.Tx) (struct{}, error) {
		return struct{}{}, ledger.CountTill(context.Background(), tx, id,
			ledger.TillCount{Date: date(day), Closing: closing, AmountMinor: minor})
	}
}

func cashBookOf(t *testing.T, db *pgtest.DB, u *pgtest.User, r ledger.Range) ledger.CashBook {
	t.Helper()
	return must(t, db, u, func(tx *postgres.Tx) (ledger.CashBook, error) {
		return ledger.CashBookOf(t.Context(), tx, r)
	})
}

func TestCashBookGoesOnFromWhatWasCounted(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	party := addParty(t, db, u, "Ram")
	cash := func(f ledger.EntryFields) {
		f.Mode = ledger.Cash
		addEntry(t, db, u, party.ID, f)
	}
	cash(given(300, "2026-04-01"))
	cash(received(100, "2026-04-02"))
	cash(given(50, "2026-04-02"))
	cash(received(10, "2026-04-04"))

	c := cashBookOf(t, db, u, ledger.Range{})
	if c.Ever || c.Closing != -240 || len(c.Short) != 3 {
		t.Errorf("never counted: %+v", c)
	}
	must(t, db, u, countTill(newID(t), "2026-04-02", false, 5000)) // the first one: nothing to compare with
	must(t, db, u, countTill(newID(t), "2026-04-02", true, 9999))  // typed wrongly, and counted again
	must(t, db, u, countTill(newID(t), "2026-04-02", true, 5030))
	must(t, db, u, countTill(newID(t), "2026-04-03", true, 5045)) // a day without cash

	c = cashBookOf(t, db, u, ledger.Range{})
	if !c.Ever || c.Opening != 0 || c.Closing != 5055 || c.Opening+c.In-c.Out+c.Counted != c.Closing ||
		len(c.Days) != 4 {
		t.Fatalf("book = %+v", c)
	}
	if d := c.Days[1]; len(d.Counts) != 2 || d.Counts[0].Known || d.Counts[0].Difference != 5300 ||
		!d.Counts[1].Known || d.Counts[1].Expected != 5050 || d.Counts[1].Difference != -20 || d.Balance != 5030 ||
		d.Counts[1].ByName != "Asha" {
		t.Errorf("2 April = %+v", d)
	}
	if d := c.Days[2]; d.Entries != 0 || d.Counts[0].Difference != 15 || d.Balance != 5045 {
		t.Errorf("3 April = %+v", d)
	}
	if len(c.Short) != 1 || !c.Short[0].Date.Equal(date("2026-04-01")) {
		t.Errorf("short days = %+v; before the first count the till is said to be short", c.Short)
	}
	later := cashBookOf(t, db, u, ledger.Range{From: date("2026-04-03"), To: date("2026-04-04")})
	if later.Opening != 5030 || later.Counted != 15 || later.Closing != 5055 || len(later.Days) != 2 {
		t.Errorf("from 3 April: %+v", later)
	}
	evening := cashBookOf(t, db, u, ledger.Range{From: date("2026-04-04")})
	if evening.Opening != 5045 || evening.Counted != 0 || evening.Closing != 5055 || !evening.Ever {
		t.Errorf("from 4 April: %+v", evening)
	}
}

func TestCountTillRefuses(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := newID(t)
	must(t, s.db, s.manager, countTill(id, "2026-04-02", false, 100))
	must(t, s.db, s.manager, countTill(id, "2026-04-02", false, 100)) // sent twice
	stranger := s.db.Pro(t, s.db.User(t, "Zoya"))
	stranger.Caller.Business = s.owner.BusinessID
	for name, c := range map[string]struct {
		who  *pgtest.User
		call func(*postgres.Tx) (struct{}, error)
		want fault.Kind
	}{
		"the id of another count": {s.owner, countTill(id, "2026-04-02", true, 100), fault.Conflict},
		"no id":                   {s.owner, countTill(uuid.Nil, "2026-04-02", true, 100), fault.Invalid},
		"less than nothing":       {s.owner, countTill(newID(t), "2026-04-02", true, -1), fault.Invalid},
		"a day to come":           {s.owner, countTill(newID(t), "2099-04-02", true, 1), fault.Invalid},
		"a day of long ago":       {s.owner, countTill(newID(t), "1999-04-02", true, 1), fault.Invalid},
		"an accountant":           {s.accountant, countTill(newID(t), "2026-04-02", true, 1), fault.Forbidden},
		"a counter":               {s.counter, countTill(newID(t), "2026-04-02", true, 1), fault.Forbidden},
		"a stranger":              {stranger, countTill(newID(t), "2026-04-02", true, 1), fault.NotFound},
	} {
		_, err := as(t, s.db, c.who, c.call)
		wantKind(t, name, err, c.want)
	}
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Lock, error) {
		return ledger.SetLock(t.Context(), tx, newID(t),
			ledger.LockForm{Until: date("2026-04-02"), Today: date("2026-06-01")})
	})
	_, err := as(t, s.db, s.owner, countTill(newID(t), "2026-04-02", true, 1))
	wantKind(t, "a locked day", err, fault.Invalid)
	if c := cashBookOf(t, s.db, s.owner, ledger.Range{}); c.Closing != 2600 {
		t.Errorf("till = %d, want 2600: 100 counted, and 2500 that came in on that day", c.Closing)
	}
}
