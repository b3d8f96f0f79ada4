package credits

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestConsume(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if _, err := f.consume(f.key, 1, "before"); IsInsufficient(err) == nil {
		t.Errorf("consume of nothing = %v, want insufficient", err)
	}
	f.give(f.owner, 10)
	got, err := f.consume(f.key, 3, "a")
	f.ok(err)
	if got.Available != 7 || got.Number != 2 {
		t.Errorf("consume = %+v, want 7 available, entry 2", got)
	}
	again, err := f.consume(f.key, 3, "a")
	if want := (Spent{got.Number, got.Available, true}); err != nil || again != want {
		t.Errorf("the same again = %+v, %v, want the first answer, repeated: %+v", again, err, want)
	}
	if _, err := f.consume(f.key, 4, "a"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same key with another amount: %v, want a conflict", err)
	}
	if _, err := f.s.Consume(t.Context(), f.key, Spend{
		Meter: "credits", Amount: 3, Key: "a",
		Note: "other",
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the same key with another note: %v, want a conflict", err)
	}
	if _, err := f.s.Consume(t.Context(), f.key, Spend{Meter: "sms", Amount: 3, Key: "a"}); !fault.Is(err,
		fault.Conflict) {
		t.Errorf("the same key with another meter: %v, want a conflict", err)
	}
	_, err = f.consume(f.key, 8, "b")
	if e := IsInsufficient(err); e == nil || e.Available != 7 {
		t.Errorf("more than there is: %v, want insufficient with 7", err)
	}
	if _, err := f.consume(f.key, 7, "b"); err != nil { // a refused key is free
		t.Errorf("all there is: %v", err)
	}
	for _, bad := range []Spend{
		{Meter: "credits", Amount: 0, Key: "k"},
		{Meter: "credits", Amount: -1, Key: "k"},
		{Meter: "credits", Amount: MaxAmount + 1, Key: "k"},
		{Meter: "other", Amount: 1, Key: "k"},
		{Meter: "credits", Amount: 1, Key: ""},
		{Meter: "credits", Amount: 1, Key: "a\x00b"},
		{Meter: "credits", Amount: 1, Key: "\xff"},
	} {
		if _, err := f.s.Consume(t.Context(), f.key, bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("Consume(%+v) = %v, want invalid", bad, err)
		}
	}
	f.adds()
}

func TestHoldCaptureRelease(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.grant(f.owner, 5, 1, time.Time{})
	f.grant(f.owner, 5, 2, time.Time{})
	attempt := uuid.New()
	hold := func(amount int64, key string) Hold {
		t.Helper()
		h, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: amount, Key: key, Attempt: attempt},
			time.Minute)
		f.ok(err)
		return h
	}
	h := hold(8, "one")
	if h.Available != 2 || h.Amount != 8 {
		t.Errorf("hold = %+v, want 8 held and 2 left", h)
	}
	if again := hold(8, "one"); again != h {
		t.Errorf("the same hold again = %+v, want %+v", again, h)
	}
	if _, err := f.consume(f.key, 3, "x"); IsInsufficient(err) == nil {
		t.Errorf("consume of what is held = %v, want insufficient", err)
	}
	got, err := f.s.Capture(t.Context(), f.key, h.ID, 6)
	f.ok(err)
	if got.Captured != 6 || got.Available != 4 {
		t.Errorf("capture = %+v, want 6, 4 left", got)
	}
	if again, err := f.s.Capture(t.Context(), f.key, h.ID, 6); err != nil || again != got {
		t.Errorf("the same capture again = %+v, %v, want %+v", again, err, got)
	}
	if _, err := f.s.Capture(t.Context(), f.key, h.ID, 5); !fault.Is(err, fault.Conflict) {
		t.Errorf("another capture: %v, want a conflict", err)
	}
	if _, err := f.s.Release(t.Context(), f.key, h.ID); !fault.Is(err, fault.Conflict) {
		t.Errorf("release of what was captured: %v, want a conflict", err)
	}
	two := hold(4, "two")
	if _, err := f.s.Capture(t.Context(), f.key, two.ID, 5); !fault.Is(err, fault.Invalid) {
		t.Errorf("capture of more than held: %v, want invalid", err)
	}
	for range 2 {
		if got, err := f.s.Release(t.Context(), f.key, two.ID); err != nil || got.Available != 4 {
			t.Errorf("release = %+v, %v, want 4 left", got, err)
		}
	}
	if _, err := f.s.Capture(t.Context(), f.key, two.ID, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("capture of what was released: %v, want a conflict", err)
	}
	if _, err := f.s.Capture(t.Context(), f.key, uuid.New(), 0); !fault.Is(err, fault.NotFound) {
		t.Errorf("capture of nothing: %v, want not found", err)
	}
	f.adds()
	three := hold(4, "three")
	f.advance(2 * time.Minute)
	if _, err := f.s.Capture(t.Context(), f.key, three.ID, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("capture of what has expired: %v, want a conflict", err)
	}
	if f.available() != 4 {
		t.Errorf("%d available after expiry, want 4", f.available())
	}
	f.adds()
}

// A hold of one account cannot be touched, nor its existence learned, with the key of another.
func TestHoldsOfOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 10)
	h, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 4, Key: "k"}, time.Minute)
	f.ok(err)
	stranger := f.newKey(f.db.User(t, "badal"), SpendCredits)
	if _, err := f.s.Capture(t.Context(), stranger, h.ID, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("capture with a stranger's key: %v, want not found", err)
	}
	if _, err := f.s.Release(t.Context(), stranger, h.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("release with a stranger's key: %v, want not found", err)
	}
	if f.available() != 6 {
		t.Errorf("%d available, want 6", f.available())
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 10)
	reader := f.newKey(f.owner, Read)
	if _, err := f.consume(reader, 1, "a"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("consume with a key that may only read: %v, want forbidden", err)
	}
	if _, err := f.consume([32]byte{1}, 1, "a"); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("consume with no key: %v, want unauthorized", err)
	}
	if _, err := f.consume(f.owner.Caller.Credential, 1, "a"); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("consume with a session: %v, want unauthorized", err)
	}
	keys, err := f.s.ListKeys(t.Context(), f.owner.Account())
	f.ok(err)
	if len(keys) != 2 || keys[0].Name != "a program" || !keys[0].Live {
		t.Fatalf("keys = %+v", keys)
	}
	manager := f.db.Member(t, f.owner, nil, "manager")
	if _, _, err := f.s.CreateKey(t.Context(), manager.Account(), "x", []string{Read}); !fault.Is(err,
		fault.Forbidden) {
		t.Errorf("a manager makes a key: %v, want forbidden", err)
	}
	stranger := f.db.User(t, "badal")
	for _, k := range keys {
		if err := f.s.RevokeKey(t.Context(), stranger.Account(), k.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a stranger revokes: %v, want not found", err)
		}
		f.ok(f.s.RevokeKey(t.Context(), f.owner.Account(), k.ID))
	}
	if _, err := f.consume(f.key, 1, "a"); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("consume with a revoked key: %v, want unauthorized", err)
	}
	// A key of somebody who owns the account no more is none.
	partner := f.db.Member(t, f.owner, nil, "owner")
	theirs := f.newKey(partner, SpendCredits)
	_, err = f.consume(theirs, 1, "b")
	f.ok(err)
	f.exec(`delete from members where user_id = $1`, partner.UserID)
	if _, err := f.consume(theirs, 1, "c"); !fault.Is(err, fault.Unauthorized) {
		t.Errorf("consume with the key of a former owner: %v, want unauthorized", err)
	}
}

func TestGrantsBurnInOrderAndExpire(t *testing.T) {
	t.Parallel()
	f := setup(t)
	now := f.s.clock.Now()
	f.grant(f.owner, 10, 30, time.Time{})
	f.grant(f.owner, 10, 10, now.Add(2*time.Hour))
	f.grant(f.owner, 10, 10, now.Add(time.Hour))
	_, err := f.consume(f.key, 4, "a") // of the one that ends in an hour
	f.ok(err)
	// six of it, two of the next
	h, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 8, Key: "h"}, 90*time.Minute)
	f.ok(err)
	f.advance(61 * time.Minute)
	if n, err := f.s.Sweep(t.Context()); err != nil || n != 0 && n != 1 {
		t.Errorf("sweep = %d, %v", n, err)
	}
	if f.available() != 18 { // held credits have not expired
		t.Errorf("%d available, want 18", f.available())
	}
	// two of the second lot come back; five of the first do too, and are gone
	if got, err := f.s.Capture(t.Context(), f.key, h.ID, 1); err != nil || got.Available != 18+2 {
		t.Errorf("capture = %+v, %v, want 20 left", got, err)
	}
	f.adds()
	if _, err := f.consume(f.key, 1, "b"); err != nil {
		t.Error(err)
	}
	if f.available() != 19 {
		t.Errorf("%d available, want 19: ten bought, nine of the second", f.available())
	}
	f.advance(time.Hour)
	if _, err := f.consume(f.key, 11, "c"); IsInsufficient(err) == nil || IsInsufficient(err).Available != 10 {
		t.Errorf("consume = %v, want insufficient with 10", err)
	}
	f.adds()
	got := scalar[string](f,
		`select string_agg(kind || ' ' || amount, ', ' order by number) from credit_entries
			where account_id = $1`, f.owner.AccountID)
	if want := "promotional 10, promotional 10, promotional 10, consume -4, capture -1, expire -5, consume -1, expire -9"; got != want {
		t.Errorf("entries:\n%s, want\n%s", got, want)
	}
}

func TestGrantOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var wg sync.WaitGroup
	ids := make([]uuid.UUID, 20)
	for i := range ids {
		wg.Go(func() {
			id, err := f.s.Grant(t.Context(), Grant{
				AccountID: f.owner.AccountID, Meter: "credits", Kind: TopUpKind,
				Amount: 50, Key: "payment 1", Reason: "paid", By: "stripe", Priority: TopUpPriority,
			})
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("grants %s and %s for one key", id, ids[0])
		}
	}
	if f.available() != 50 {
		t.Errorf("%d available, want 50", f.available())
	}
	_, err := f.s.Grant(t.Context(), Grant{
		AccountID: f.owner.AccountID, Meter: "credits", Kind: TopUpKind, Amount: 51,
		Key: "payment 1", Reason: "paid", By: "stripe",
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("another amount under the same key: %v, want a conflict", err)
	}
	f.adds()
}

// Two hundred programs want ten credits, with retries of the same key, on many accounts' worth of keys at once.
func TestRace(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 10)
	other := f.db.User(t, "chitra")
	otherKey := f.newKey(other, SpendCredits)
	f.give(other, 1000)
	second := f.newKey(f.owner, SpendCredits)
	var mu sync.Mutex
	won := map[string]int{}
	var wg sync.WaitGroup
	for i := range 200 {
		key := f.key
		if i%2 == 0 {
			key = second
		}
		for range 2 {
			wg.Go(func() {
				once := fmt.Sprint("race ", i)
				_, err := f.consume(key, 1, once)
				switch {
				case err == nil:
					mu.Lock()
					won[once]++
					mu.Unlock()
				case IsInsufficient(err) == nil:
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if _, err := f.consume(otherKey, 5, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 10 {
		t.Errorf("%d of 200 succeeded, want 10", len(won))
	}
	if f.available() != 0 {
		t.Errorf("%d left, want 0", f.available())
	}
	f.adds()
}

// The same key through two API keys of one account, in one batch: the database refuses the batch, and each is answered
// alone.
func TestSameKeyThroughTwoAPIKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 100)
	second := f.newKey(f.owner, SpendCredits)
	calls := []*call{
		{
			whose: whose{hash: f.key}, op: opConsume, meter: "credits", amount: 1, key: "same", ctx: t.Context(),
			done: make(chan struct{}),
		},
		{
			whose: whose{hash: second}, op: opConsume, meter: "credits", amount: 1, key: "same", ctx: t.Context(),
			done: make(chan struct{}),
		},
		{
			whose: whose{hash: second}, op: opConsume, meter: "credits", amount: 1, key: "other", ctx: t.Context(),
			done: make(chan struct{}),
		},
	}
	f.s.desk.work(calls)
	var outcomes []string
	for _, c := range calls {
		if c.err != nil {
			t.Fatal(c.err)
		}
		outcomes = append(outcomes, c.answer.outcome)
	}
	if got := fmt.Sprint(outcomes); got != "[ok repeated ok]" {
		t.Errorf("outcomes %s, want ok, repeated, ok", got)
	}
	if f.available() != 98 {
		t.Errorf("%d available, want 98", f.available())
	}
	f.adds()
}

// One call that the database refuses does not fail those that travel with it.
func TestABadCallTravelsAlone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 100)
	good := &call{
		whose: whose{hash: f.key}, op: opConsume, meter: "credits", amount: 1, key: "good", ctx: t.Context(),
		done: make(chan struct{}),
	}
	bad := &call{
		whose: whose{hash: f.key}, op: opConsume, meter: "credits", amount: 1, key: "bad", note: "a\x00b",
		ctx:  t.Context(),
		done: make(chan struct{}),
	}
	f.s.desk.work([]*call{good, bad})
	if good.err != nil || good.answer.outcome != "ok" {
		t.Errorf("the good call: %+v, %v", good.answer, good.err)
	}
	if bad.err == nil || errors.Is(bad.err, errBusy) {
		t.Errorf("the bad call: %v, want an error that is final", bad.err)
	}
	f.adds()
}

func TestAPIKeysOpenNothingElse(t *testing.T) {
	t.Parallel()
	f := setup(t)
	u := &pgtest.User{Caller: f.owner.Caller}
	u.Caller.Credential = f.key
	for _, c := range []struct {
		what string
		err  error
	}{
		{"list keys", func() error { _, err := f.s.ListKeys(t.Context(), u.Account()); return err }()},
		{"create a key", func() error {
			_, _, err := f.s.CreateKey(t.Context(), u.Account(), "x", []string{Read})
			return err
		}()},
		{"list keys in a business", func() error { _, err := f.s.ListKeys(t.Context(), u.Caller); return err }()},
	} {
		if !fault.Is(c.err, fault.Unauthorized) {
			t.Errorf("%s with an API key: %v, want unauthorized", c.what, c.err)
		}
	}
}

// Credits for an account that is not there are refused as that, not as something a role may not do.
func TestGrantToNobody(t *testing.T) {
	f := setup(t)
	_, err := f.s.Grant(t.Context(), Grant{
		AccountID: uuid.New(), Meter: "credits", Kind: TopUpKind, Amount: 50,
		Key: "payment 1", Reason: "paid", By: "stripe", Priority: TopUpPriority,
	})
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("Grant to an unknown account = %v, want NotFound", err)
	}
}
