package billing_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// TestHistoriesOnTheDatabase lives many subscriptions through the real handlers,
// inbox, worker and PostgreSQL: events backwards, twice, unsigned and lost, and
// the worker's connections cut between any two of its statements. One comparison
// later every account has the provider's own state, and everything is counted once.
func TestHistoriesOnTheDatabase(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TIJORI_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	s := setup(t)
	t.Logf("seed %d: TIJORI_SEED=%d repeats it", seed, seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	var cuts, calls atomic.Int64
	cut := func(*http.Request) {
		// while the worker waits for the provider, in the middle of its transaction
		if n := calls.Add(1); n%7 == int64(seed%7) && cuts.Load() < 25 {
			cuts.Add(1)
			if _, err := s.db.Super.Exec(t.Context(),
				`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tijori_billing'
					and datname = current_database() and state <> 'idle'`); err != nil {
				t.Error(err)
			}
		}
	}
	desk := s.desk()
	knife := &knife{}
	s.wound(knife)
	type bought struct {
		user     *pgtest.User
		provider facts.Provider
		id       string
	}
	var all []bought
	for i := range 14 {
		provider := both[i%2]
		u := s.db.User(t, fmt.Sprintf("user%d", i))
		s.buy(u, []string{"pro", "team"}[dice.IntN(2)], provider)
		all = append(all, bought{user: u, provider: provider})
	}
	s.settle()
	for i := range all {
		all[i].id = s.subscription(all[i].user)
	}
	s.before.Store(&cut)
	for i := range 40 {
		b := all[dice.IntN(len(all))]
		s.must(s.sim.Hold(dice.IntN(2) == 0))
		for range 1 + dice.IntN(3) { // acts that are not possible now are refused, and change nothing
			switch dice.IntN(14) {
			case 0, 1:
				_ = s.sim.Renew(t.Context(), b.id)
			case 2:
				_ = s.sim.SetCard(b.id, dice.IntN(2) == 0)
			case 3:
				_ = s.sim.PayOpen(b.id)
			case 4:
				_ = s.sim.Cancel(b.id, dice.IntN(2) == 0)
			case 5:
				_ = s.sim.Resume(b.id)
			case 6:
				_ = s.sim.Pause(b.id)
			case 7:
				_ = s.sim.Refund(b.id, dice.IntN(2) == 0)
			case 8:
				_ = s.sim.Dispute(b.id)
			case 9, 10:
				_ = s.sim.Turn(t.Context(), b.id)
			case 11:
				_ = s.sim.ChangeCard(b.id)
			case 12:
				_ = s.sim.ExtraInvoice(b.id, 100, dice.IntN(2) == 0)
			case 13:
				_ = s.sim.SetDunning(b.id, []string{"", "unpaid", "past_due"}[dice.IntN(3)])
			}
		}
		for _, d := range s.sim.Events() {
			switch {
			case d.Status != "delivered" && dice.IntN(5) == 0:
				_ = s.sim.Drop(d.Number) // it may have left the list by now
			case dice.IntN(20) == 0:
				_ = s.sim.Again(d.Number, false)
			}
		}
		s.must(s.sim.Release(dice.IntN(2) == 0))
		if i%4 != 0 { // some rounds are only cut while a provider is asked
			knife.after(1 + dice.IntN(14))
		}
		_ = s.sim.Deliver(t.Context()) // what a cut has refused is sent again
		_, _ = s.service.ApplyInbox(t.Context())
		_, _ = desk.Refill(t.Context()) // the knife may cut this, too
	}
	s.before.Store(nil)
	knife.after(0)
	for range 60 { // the providers repeat, the worker's backoff runs out
		s.must(s.db.AdvanceClock(t.Context(), s.clock, 20*time.Minute))
		_ = s.sim.Deliver(t.Context())
		_, _ = s.service.ApplyInbox(t.Context())
	}
	s.reconcile(quick)
	s.apply()
	s.refill(desk)
	if cuts.Load() < 5 || knife.cuts.Load() < 10 {
		t.Errorf("only %d connections were cut while a provider was asked, and %d between statements", cuts.Load(),
			knife.cuts.Load())
	}
	t.Logf("cut %d times while a provider was asked, and %d times between statements: %d before a statement was sent, %d after", cuts.Load(), knife.cuts.Load(), knife.cuts.Load()-knife.unheard.Load(), knife.unheard.Load())
	if n := s.count(`select count(*) from inbox where status <> 'applied' and status <> 'ignored'`); n != 0 {
		t.Errorf("%d events are not applied", n)
	}
	again := s.reconcile(billing.Reconciliation{Who: "test", Rate: 10_000, DryRun: true})
	for _, run := range again {
		if run.Differ != 0 {
			t.Errorf("after one comparison %s still differs: %s", run.Provider, s.classes(run))
		}
	}
	for _, b := range all {
		raw, payments := s.sim.Truth(b.id)
		var status string
		s.must(s.db.Super.QueryRow(t.Context(), `select provider_status from subscriptions where id = $1`,
			b.id).Scan(&status))
		if n := s.count(`select count(*) from payments where subscription_id = $1`, b.id); status != raw ||
			n != payments {
			t.Errorf("%s %s: %s with %d payments, the provider has %s with %d", b.provider, b.id, status, n, raw,
				payments)
		}
		if n := s.count(`select count(*) from subscriptions where id = $1 and (paid_through > to_timestamp($2)
			or access_until > to_timestamp($2) + interval '7 days')`, b.id, s.sim.PaidUntil(b.id)); n != 0 {
			t.Errorf("%s %s: the plan is given beyond what is paid and the grace", b.provider, b.id)
		}
		if months := s.count(`select count(distinct period) from credit_grants where account_id = $1 and source = $2`,
			b.user.AccountID, string(b.provider)+" "+b.id); months > payments {
			t.Errorf("%s %s: %d payments brought the credits of %d months", b.provider, b.id, payments, months)
		}
	}
}
