package ledger_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

var lockToday = date("2026-06-30")

// lock sets the last locked day; "" opens everything.
func lock(t testing.TB, db *pgtest.DB, u *pgtest.User, from, until string) (ledger.Lock, error) {
	t.Helper()
	id := newID(t)
	f := ledger.LockForm{Today: lockToday, Reason: "audit"}
	if from != "" {
		f.From = date(from)
	}
	if until != "" {
		f.Until = date(until)
	}
	return as(t, db, u, func(tx *postgres.Tx) (ledger.Lock, error) { return ledger.SetLock(t.Context(), tx, id, f) })
}

func mustLock(t testing.TB, db *pgtest.DB, u *pgtest.User, from, until string) ledger.Lock {
	t.Helper()
	l, err := lock(t, db, u, from, until)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLockRefusesEveryWrite tries each way to change a figure on a locked day.
func TestLockRefusesEveryWrite(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "owner"))
	p, old := addParty(t, db, u, "Ramesh"), addParty(t, db, u, "Old")
	before, after := addEntry(t, db, u, p.ID, given(100, "2026-03-31")), addEntry(t, db, u, p.ID,
		given(200, "2026-04-01"))
	binned := addEntry(t, db, u, p.ID, given(300, "2026-03-01"))
	binned = must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx,
			binned.ID, 1)
	})
	addEntry(t, db, u, old.ID, received(5, "2026-01-01"))
	gone := addParty(t, db, u, "Gone")
	addEntry(t, db, u, gone.ID, received(5, "2026-01-01"))
	gone = must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.DeleteParty(t.Context(), tx,
			gone.ID, 1)
	})
	empty := addParty(t, db, u, "Empty")
	mustLock(t, db, u, "", "2026-03-31")
	balance := func() int64 {
		return must(t, db, u, func(tx *postgres.Tx) (int64, error) { return ledger.BalanceOf(t.Context(), tx, p.ID) })
	}
	tries := []struct {
		name string
		kind fault.Kind
		call func(tx *postgres.Tx) error
	}{
		{"add on the locked day", fault.Invalid, func(tx *postgres.Tx) error {
			_, err := ledger.AddEntry(t.Context(), tx, uuid.Must(uuid.NewV7()), p.ID, given(1, "2026-03-31"))
			return err
		}},
		{"add long before", fault.Invalid, func(tx *postgres.Tx) error {
			_, err := ledger.AddEntry(t.Context(), tx, uuid.Must(uuid.NewV7()), p.ID, given(1, "2000-01-01"))
			return err
		}},
		{"add an opening balance", fault.Invalid, func(tx *postgres.Tx) error {
			_, err := ledger.AddOpening(t.Context(), tx, ledger.NewOpeningID(), p.ID, given(1, "2026-01-01"))
			return err
		}},
		{"edit the amount", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(t.Context(), tx, before.ID, 1, given(101, "2026-03-31"))
			return err
		}},
		{"move a locked one out", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(t.Context(), tx, before.ID, 1, given(100, "2026-04-02"))
			return err
		}},
		{"move an open one in", fault.Invalid, func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(t.Context(), tx, after.ID, 1, given(200, "2026-03-30"))
			return err
		}},
		{"delete", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.DeleteEntry(t.Context(), tx, before.ID, 1)
			return err
		}},
		{"restore", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.RestoreEntry(t.Context(), tx, binned.ID, 2)
			return err
		}},
		{"delete the party", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.DeleteParty(t.Context(), tx, old.ID, 1)
			return err
		}},
		{"restore the party", fault.Conflict, func(tx *postgres.Tx) error {
			_, err := ledger.RestoreParty(t.Context(), tx, gone.ID, gone.Version)
			return err
		}},
		{"many at once with one locked among them", fault.Invalid, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), `
				insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date,
				    request_hash, created_by)
				select $1, $2, gen_random_uuid(), $3, 'given', 5, date '2026-04-03' - n, sha256('x'), $4 from generate_series(0, 9) n`,
				tx.Scope.AccountID, tx.Scope.BusinessID, p.ID, tx.Scope.UserID)
			return err
		}},
	}
	for _, try := range tries {
		wantKind(t, try.name, db.As(t.Context(), u.Caller, try.call), try.kind)
	}
	if got := balance(); got != 300 {
		t.Errorf("the balance is %d after refused writes, want 300", got)
	}
	// What is open goes on.
	addEntry(t, db, u, p.ID, given(1, "2026-04-01"))
	must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.EditParty(t.Context(), tx, old.ID, 1, ledger.PartyFields{
			Kind: ledger.Supplier,
			Name: "Old and renamed",
		})
	})
	must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.DeleteParty(t.Context(), tx, empty.ID,
			1)
	})
	// A repeat of what was written before the lock is no write.
	hash := must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, before.ID, p.ID, given(100, "2026-03-31"))
	})
	if hash.ID != before.ID {
		t.Errorf("a repeat answers %v", hash.ID)
	}
	// Another business is open.
	other := *u
	other.Caller.Business = db.Business(t, u, "second")
	q := addParty(t, db, &other, "Free")
	addEntry(t, db, &other, q.ID, given(1, "2026-01-01"))
	// Opened again, everything works.
	mustLock(t, db, u, "2026-03-31", "2026-02-28")
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx, before.ID,
			1)
	})
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.RestoreEntry(t.Context(), tx, binned.ID,
			2)
	})
}

func TestLockIsOrderedAndTold(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "owner"))
	id := newID(t)
	f := ledger.LockForm{Until: date("2026-03-31"), Today: lockToday}
	set := func(u *pgtest.User, id uuid.UUID, f ledger.LockForm) error {
		_, err := as(t, db, u, func(tx *postgres.Tx) (ledger.Lock, error) {
			return ledger.SetLock(t.Context(), tx, id,
				f)
		})
		return err
	}
	for range 2 { // a double tap
		if err := set(u, id, f); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, "the same id with another day", set(u, id, ledger.LockForm{
		Until: date("2026-04-30"),
		Today: lockToday,
	}), fault.Conflict)
	wantKind(t, "a page that shows an older lock", set(u, newID(t), ledger.LockForm{
		Until: date("2026-04-30"),
		Today: lockToday,
	}), fault.Conflict)
	wantKind(t, "a day to come", set(u, newID(t), ledger.LockForm{
		From: f.Until, Until: date("2026-07-01"),
		Today: lockToday,
	}), fault.Invalid)
	wantKind(t, "the same day", set(u, newID(t), ledger.LockForm{From: f.Until, Until: f.Until, Today: lockToday}),
		fault.Invalid)
	wantKind(t, "opening without a reason", set(u, newID(t), ledger.LockForm{
		From: f.Until, Today: lockToday,
		Reason: "  ",
	}), fault.Invalid)
	if err := set(u, newID(t), ledger.LockForm{
		From: f.Until, Today: lockToday,
		Reason: "a bill came late",
	}); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"manager", "accountant", "counter"} {
		wantKind(t, role, set(db.Member(t, u, nil, role), newID(t), f), fault.Forbidden)
	}
	stranger := db.User(t, "stranger")
	stranger.Caller.Business = u.BusinessID
	wantKind(t, "a stranger", set(stranger, newID(t), f), fault.NotFound)
	all := must(t, db, u, func(tx *postgres.Tx) ([]ledger.Lock, error) { return ledger.ListLocks(t.Context(), tx) })
	if len(all) != 2 || !all[0].Opens() || all[0].Reason != "a bill came late" || !all[0].From.Equal(f.Until) ||
		all[1].Opens() || !all[1].Until.Equal(f.Until) || all[0].ByName == "" {
		t.Errorf("the log is %+v", all)
	}
	mustLock(t, db, u, "", "2026-01-31")
	for _, role := range []string{"manager", "accountant", "counter"} {
		m := db.Member(t, u, nil, role)
		m.Caller.Business = u.BusinessID
		until := must(t, db, m, func(tx *postgres.Tx) (time.Time, error) { return lockedUntil(t.Context(), tx) })
		if !until.Equal(date("2026-01-31")) {
			t.Errorf("a %s is told %v", role, until)
		}
	}
	// The log stays as it was written, whoever asks and however.
	for _, sql := range []string{
		"update tijori.period_locks set reason = ''", "delete from tijori.period_locks",
		"insert into tijori.period_locks (account_id, business_id, id, created_by, created_at) select account_id, business_id, gen_random_uuid(), created_by, now() - interval '1 day' from tijori.period_locks limit 1",
	} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(),
				sql)
			return err
		})
		wantKind(t, sql, err, fault.Forbidden)
	}
}

// TestNothingSlipsUnderTheLock closes the books again and again while many write. Whatever had been written on
// a locked day when the lock came into force is all that ever is.
func TestNothingSlipsUnderTheLock(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "owner"))
	p := addParty(t, db, u, "Ramesh")
	day := func(n int) time.Time { return date("2026-01-01").AddDate(0, 0, n) }
	const days = 12
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var written, refused atomic.Int64
	for w := range 6 {
		wg.Go(func() {
			for n := w; ctx.Err() == nil; n++ {
				d := day(n % days)
				err := db.As(ctx, u.Caller, func(tx *postgres.Tx) error {
					e, err := ledger.AddEntry(ctx, tx, uuid.Must(uuid.NewV7()), p.ID,
						ledger.EntryFields{Side: ledger.Given, AmountMinor: 7, Date: d})
					if err != nil || n%3 > 0 {
						return err
					}
					if n%2 == 0 {
						_, err = ledger.DeleteEntry(ctx, tx, e.ID, 1)
						return err
					}
					_, err = ledger.EditEntry(ctx, tx, e.ID, 1, ledger.EntryFields{
						Side:        ledger.Received,
						AmountMinor: 9, Date: day((n + 1) % days),
					})
					return err
				})
				switch {
				case err == nil:
					written.Add(1)
				case fault.Is(err, fault.Invalid), fault.Is(err, fault.Conflict):
					refused.Add(1)
				case !errors.Is(err, context.Canceled) && ctx.Err() == nil:
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	// figure is all that stands on or before a day, as nobody's policy hides it.
	figure := func(until time.Time) (s string) {
		if err := db.Super.QueryRow(t.Context(),
			`select coalesce(string_agg(e::text, ' ' order by e.id), '') from tijori.entries e
				where e.business_id = $1 and e.business_date <= $2`,
			u.BusinessID, until).Scan(&s); err != nil {
			t.Error(err)
		}
		return s
	}
	var from time.Time
	for n := range days - 1 {
		until := day(n)
		must(t, db, u, func(tx *postgres.Tx) (ledger.Lock, error) {
			return ledger.SetLock(t.Context(), tx, newID(t), ledger.LockForm{
				From: from, Until: until,
				Today: lockToday,
			})
		})
		from = until
		sealed := figure(until)
		// whatever the machine's speed
		for tried := written.Load() + refused.Load(); written.Load()+refused.Load() < tried+20; {
			time.Sleep(time.Millisecond)
		}
		if now := figure(until); now != sealed {
			t.Errorf("figures up to %s changed after the lock was in force", until.Format(time.DateOnly))
		}
	}
	stop()
	wg.Wait()
	if written.Load() < 50 || refused.Load() < 50 {
		t.Errorf("%d writes went through and %d were refused: the test did not try enough", written.Load(),
			refused.Load())
	}
}

// TestLockWaitsForWhoWrites shows the wait itself: an entry that is being added holds the decision up.
func TestLockWaitsForWhoWrites(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p := addParty(t, db, u, "Ramesh")
	inside, release, decided := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			if _, err := ledger.AddEntry(t.Context(), tx, newID(t), p.ID, given(5, "2026-03-31")); err != nil {
				return err
			}
			close(inside)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	wg.Go(func() { _, err := lock(t, db, u, "", "2026-03-31"); decided <- err })
	select {
	case err := <-decided:
		t.Errorf("the lock was set (%v) while an entry of a locked day was being added", err)
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	if err := <-decided; err != nil {
		t.Error(err)
	}
	wg.Wait()
	if got := must(t, db, u, func(tx *postgres.Tx) (int64, error) {
		return ledger.BalanceOf(t.Context(), tx,
			p.ID)
	}); got != 5 {
		t.Errorf("balance %d, want that of the entry before the lock", got)
	}
	// Two owners decide at once: one of them is told to look again.
	var first, second error
	wg.Go(func() { _, first = lock(t, db, u, "2026-03-31", "2026-04-30") })
	wg.Go(func() { _, second = lock(t, db, u, "2026-03-31", "2026-05-31") })
	wg.Wait()
	if (first == nil) == (second == nil) {
		t.Errorf("two decisions at once: %v and %v, want one of them refused", first, second)
	}
}
