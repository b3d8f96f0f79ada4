package credits

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

// An operator gives and takes with a reason: in the order of burning, never what is held or spent, and in the log.
func TestOperatorsGrantAndTake(t *testing.T) {
	t.Parallel()
	f := setup(t)
	give := func(key string) {
		t.Helper()
		_, err := f.s.GrantByHand(t.Context(), Grant{
			AccountID: f.owner.AccountID, Meter: "credits", Amount: 10,
			Key: key, Reason: "a mistake of ours", By: "ravi",
		})
		f.ok(err)
	}
	give("one")
	give("one")
	f.grant(f.owner, 10, 5, f.s.clock.Now().Add(48*time.Hour)) // burns first
	h, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 4, Key: "h"}, time.Hour)
	f.ok(err)
	take := func(n int64, reason string) (int64, error) {
		return f.s.TakeByHand(t.Context(), Taking{
			AccountID: f.owner.AccountID, Meter: "credits", Amount: n,
			Key: uuid.NewString(), Reason: reason, By: "ravi",
		})
	}
	for _, c := range []struct{ ask, got int64 }{{7, 7}, {100, 9}, {1, 0}} {
		if got, err := take(c.ask, "a lost dispute"); err != nil || got != c.got {
			t.Errorf("take %d = %d, %v, want %d", c.ask, got, err, c.got)
		}
	}
	if got := scalar[string](f,
		`select string_agg(kind || ' ' || amount, ', ' order by number) from credit_entries
			where kind = 'take_back'`); got != "take_back -6, take_back -1, take_back -9" {
		t.Errorf("entries %s", got)
	}
	f.adds()
	if got, err := f.s.Capture(t.Context(), f.key, h.ID, 1); err != nil || got.Available != 3 {
		t.Errorf("capture of what was held = %+v, %v, want 3 left", got, err)
	}
	if got := scalar[string](f,
		`select string_agg(act || ' ' || detail, ', ' order by at, id) from operator_acts
			where who = 'ravi'`); got != "grant 10 credits, take_back 7 of 7 credits, take_back 9 of 100 credits, take_back 0 of 1 credits" {
		t.Errorf("the log says %s", got)
	}
	for _, reason := range []string{"", "  ", "\u200b", "a\x00b"} {
		if _, err := take(1, reason); !fault.Is(err, fault.Invalid) {
			t.Errorf("take for the reason %q: %v, want invalid", reason, err)
		}
	}
	if _, err := f.s.TakeByHand(t.Context(), Taking{
		AccountID: uuid.New(), Meter: "credits", Amount: 1, Key: "x",
		Reason: "a mistake", By: "ravi",
	}); !fault.Is(err, fault.NotFound) {
		t.Errorf("take from nobody: %v, want not found", err)
	}
	f.adds()
}

// One key does one thing, however often and from wherever at once it is asked for.
func TestByHandOnceForAKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	grant := Grant{
		AccountID: f.owner.AccountID, Meter: "credits", Amount: 50, Key: "form 1",
		Reason: "a mistake of ours", By: "ravi",
	}
	taking := Taking{
		AccountID: f.owner.AccountID, Meter: "credits", Amount: 20, Key: "form 1",
		Reason: "a lost dispute", By: "ravi",
	}
	at := func(do func() error) {
		t.Helper()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := do(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	at(func() error { _, err := f.s.GrantByHand(t.Context(), grant); return err })
	if n := f.available(); n != 50 {
		t.Errorf("%d credits after eight grants with one key, want 50", n)
	}
	at(func() error {
		took, err := f.s.TakeByHand(t.Context(), taking)
		if err == nil && took != 20 {
			err = fmt.Errorf("took %d, want 20", took)
		}
		return err
	})
	if n := f.available(); n != 30 {
		t.Errorf("%d credits after eight takings with one key, want 30", n)
	}
	if n := scalar[int](f, `select count(*) from operator_acts where who = 'ravi'`); n != 2 {
		t.Errorf("%d entries in the log, want 2", n)
	}
	more, other := grant, taking
	more.Amount, other.Reason = 51, "another reason"
	if _, err := f.s.GrantByHand(t.Context(), more); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key for another grant: %v, want a conflict", err)
	}
	if _, err := f.s.TakeByHand(t.Context(), other); !fault.Is(err, fault.Conflict) {
		t.Errorf("the key for another taking: %v, want a conflict", err)
	}
	taking.Key = " "
	if _, err := f.s.TakeByHand(t.Context(), taking); !fault.Is(err, fault.Invalid) {
		t.Errorf("no key: %v, want invalid", err)
	}
	f.adds()
}

// However many lots there are and whatever is on hold, a taking leaves books that add up.
func TestTakingsAddUp(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		for range 1 + r.IntN(4) {
			f.grant(f.owner, 1+r.Int64N(20), r.IntN(4), time.Time{})
		}
		before := f.available()
		if n := r.Int64N(before + 1); n > 0 {
			_, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: n, Key: uuid.NewString()},
				time.Hour)
			f.ok(err)
			before -= n
		}
		ask := 1 + r.Int64N(60)
		got, err := f.s.TakeByHand(t.Context(), Taking{
			AccountID: f.owner.AccountID, Meter: "credits", Amount: ask,
			Key: uuid.NewString(), Reason: "a test", By: "test",
		})
		if err != nil || got != min(ask, before) || f.available() != before-got {
			t.Errorf("seed %d: of %d take %d = %d, %v; %d left", seed, before, ask, got, err, f.available())
		}
		f.adds()
	}
}
