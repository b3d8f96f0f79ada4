package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// spend spends credits of an account as one of its programs does, by the function that programs end in.
func (s *shop) spend(u *pgtest.User, n int64) {
	s.Helper()
	s.exec(`update credit_balances set balance = balance - $2, lot_left = lot_left - $2, entries = entries + 1
		where account_id = $1`, u.AccountID, n)
	s.exec(`insert into credit_entries (account_id, meter, number, kind, amount, balance, held, key, created_at)
		select account_id, meter, entries, 'consume', -($2::bigint), balance, held, $3, now() from credit_balances where account_id = $1`, u.AccountID, n, uuid.NewString())
}

func (s *shop) booksAddUp() {
	s.Helper()
	plans, err := billing.LoadPlans("", nil)
	s.must(err)
	findings, err := credits.New(credits.Config{DB: s.db.DB, Plans: plans, Clock: s.clock}).Verify(s.Context())
	if err != nil || len(findings) > 0 {
		s.Errorf("the books of credits: %v, %v", findings, err)
	}
}

// A purchase that is given back loses what is left of its credits, once, whatever
// comes twice, late or never; what is spent is shown to a person.
func TestRefundedTopUpIsTakenBack(t *testing.T) {
	s := setup(t)
	for _, provider := range both {
		buyer := func(name string, days int) (*pgtest.User, string) {
			u := s.db.User(t, name+" of "+string(provider))
			page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
			s.must(err)
			s.pay(page)
			id := page[strings.LastIndex(page, "/")+1:]
			if days > 0 {
				s.settle()
				s.must(s.sim.Advance(t.Context(), time.Duration(days)*day))
			}
			return u, id
		}
		open := func(u *pgtest.User) (int, string) {
			var detail string
			n := s.count(`select count(*) from review_items where account_id = $1 and status = 'open'`, u.AccountID)
			_ = s.db.Super.QueryRow(t.Context(), `select detail from review_items where account_id = $1`,
				u.AccountID).Scan(&detail)
			return n, detail
		}

		// Half and then all, nothing spent: it settles by itself.
		u, id := buyer("unspent", 1)
		s.must(s.sim.RefundPurchase(id, false))
		s.settle()
		if n := s.credits(u); n != 250 {
			t.Errorf("%s: %d credits after half was given back, want 250", provider, n)
		}
		s.must(s.sim.RefundPurchase(id, true))
		s.settle()
		for _, d := range s.sim.Events() {
			s.must(s.sim.Again(d.Number, false))
		}
		s.exec(`update inbox set status = 'received', applied_at = null, next_attempt_at = now() - interval '1 minute'`)
		s.settle()
		if n, detail := open(u); s.credits(u) != 0 || n != 0 || !strings.Contains(detail,
			"500 of its 500 credits are taken back") {
			t.Errorf("%s: %d credits and %d open items (%s) after all was given back, want none", provider,
				s.credits(u), n, detail)
		}
		if n := s.count(`select count(*) from operator_acts where who = 'tijori' and act = 'resolve'
			and reason like '%taken back'`); n == 0 {
			t.Errorf("%s: what was closed by itself is in no book", provider)
		}

		// Some are spent: the others are taken, a person hears of it.
		u, id = buyer("spender", 1)
		s.spend(u, 300)
		s.must(s.sim.RefundPurchase(id, true))
		s.settle()
		if n, detail := open(u); s.credits(u) != 0 || n != 1 || !strings.Contains(detail, "200 of its 500") {
			t.Errorf("%s: spent in part: %d credits, %d open items (%s)", provider, s.credits(u), n, detail)
		}

		// It was given back before we heard that it was paid.
		u, id = buyer("early", 0)
		s.must(s.sim.RefundPurchase(id, true))
		s.must(s.sim.Deliver(t.Context()))
		// it is applied first
		s.exec(`update inbox set received_at = received_at - interval '1 minute'
			where type in ('refund.processed', 'charge.refunded') and status = 'received'`)
		s.apply()
		if n := s.credits(u); n != 0 {
			t.Errorf("%s: given back before it was granted: %d credits", provider, n)
		}

		// The event is lost for good, long after the purchase: a comparison finds it.
		u, id = buyer("lost", 40)
		s.reconcile(quick)
		s.must(s.sim.Hold(true))
		s.must(s.sim.RefundPurchase(id, true))
		s.lose()
		s.must(s.sim.Hold(false))
		s.must(s.sim.ForgetEvents())
		s.reconcile(quick)
		if n, _ := open(u); s.credits(u) != 0 || n != 0 {
			t.Errorf("%s: a lost refund: %d credits, %d open items", provider, s.credits(u), n)
		}
		for _, run := range s.reconcile(quick) {
			if run.Differ != 0 {
				t.Errorf("a second comparison finds %s", s.classes(run))
			}
		}
		s.booksAddUp()
	}
}

// Refunds and disputes of payments that are older than any event the provider
// still has are found, and shown to a person, once.
func TestReconcileFindsOldReversals(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			s.must(s.sim.Cancel(id, false))
			s.settle()
			s.must(s.sim.Advance(t.Context(), 100*day))
			s.reconcile(quick)
			// it ran in the service's time: only what is newer is listed
			s.exec(`update reconcile_runs set started_at = started_at + interval '100 days'`)
			s.must(s.sim.Hold(true))
			s.must(s.sim.Refund(id, false))
			s.must(s.sim.Dispute(id))
			s.lose()
			s.must(s.sim.ForgetEvents())
			dry := quick
			dry.DryRun = true
			for _, run := range s.reconcile(dry) {
				if run.Provider == provider && run.Differ != 2 || s.count(`select count(*) from review_items`) != 0 {
					t.Errorf("a look: %d, %s; %d items", run.Differ, s.classes(run),
						s.count(`select count(*) from review_items`))
				}
			}
			for _, run := range s.reconcile(quick) {
				if run.Provider == provider && (run.State != "complete" ||
					s.classes(run) != "refund queued, dispute queued") {
					t.Errorf("found %q", s.classes(run))
				}
			}
			if n := s.count(`select count(*) from review_items where status = 'open' and account_id = $1
				and reason in ('refund_partial', 'dispute')`, u.AccountID); n != 2 {
				t.Errorf("%d items, want a refund and a dispute", n)
			}
			for _, run := range s.reconcile(quick) {
				if run.Differ != 0 {
					t.Errorf("a second comparison finds %s", s.classes(run))
				}
			}
			// The bank decides, and that is lost too.
			s.must(s.sim.SettleDispute(id, false))
			s.lose()
			s.must(s.sim.ForgetEvents())
			s.reconcile(quick)
			if n := s.count(`select count(*) from review_items where reason = 'dispute'
				and detail like '%: lost'`); n != 1 {
				t.Errorf("the item does not tell that the dispute is lost")
			}
		})
	}
}

// An item about a dead event closes by itself when the event is applied after
// all, and opens again when it dies again.
func TestDeadItemsCloseByThemselves(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Razorpay)
	die := func() {
		t.Helper()
		s.down.Store(true)
		s.exec(`update inbox set attempts = 19 where status = 'received'`) // the next failure is the last
		s.apply()
		s.down.Store(false)
	}
	s.must(s.sim.Deliver(t.Context()))
	die()
	dead := s.count(`select count(*) from review_items where reason = 'dead_event' and status = 'open'`)
	if dead == 0 {
		t.Fatal("no event is dead")
	}
	retry := func() {
		t.Helper()
		if _, err := s.service.Retry(t.Context(), "op", "the provider is back",
			billing.InboxFilter{Status: "dead"}); err != nil {
			t.Fatal(err)
		}
	}
	retry()
	if n := s.count(`select count(*) from review_items where status = 'open'`); n != dead {
		t.Errorf("%d items are open before anything was applied, want %d", n, dead)
	}
	s.apply()
	closed, err := s.service.ListReviews(t.Context(), true)
	if open := s.count(`select count(*) from review_items where status = 'open'`); err != nil || open != 0 ||
		len(closed) != dead {
		t.Fatalf("%d items open, %d closed of %d: %v", open, len(closed), dead, err)
	}
	item, acts, err := s.service.ReviewByHandle(t.Context(), closed[0].Handle)
	if err != nil || item.ResolvedBy != "tijori" || len(acts) != 1 || acts[0].Who != "tijori" ||
		acts[0].Reason != item.Resolution || acts[0].Reason == "" {
		t.Errorf("closed without a trace: %+v, %+v, %v", item, acts, err)
	}
	s.must(s.service.Replay(t.Context(), "op", "once more", facts.Razorpay, item.EventID))
	die()
	if n := s.count(`select count(*) from review_items where reason = 'dead_event' and status = 'open'
		and resolved_at is null and event_id = $1`, item.EventID); n != 1 {
		t.Error("an event that is dead again is not shown again")
	}
}
