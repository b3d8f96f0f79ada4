package billing_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func (s *shop) credits(u *pgtest.User) int {
	s.Helper()
	return s.count(`select coalesce(sum(balance), 0) from credit_balances where account_id = $1`, u.AccountID)
}

func (s *shop) exec(sql string, args ...any) {
	s.Helper()
	if _, err := s.db.Super.Exec(s.Context(), sql, args...); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// pay pays the page of a top-up as the customer would.
func (s *shop) pay(page string) {
	s.Helper()
	id := page[strings.LastIndex(page, "/")+1:]
	var err error
	if strings.Contains(page, "/razorpay/l/") {
		_, err = s.sim.PayLink(id)
	} else {
		_, err = s.sim.PaySession(id)
	}
	s.must(err)
}

// A top-up is granted by the webhook, once: however often it comes, and whoever asks.
func TestTopUp(t *testing.T) {
	s := setup(t)
	for _, provider := range []facts.Provider{facts.Razorpay, facts.Stripe} {
		u := s.db.User(t, "buyer of "+string(provider))
		page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
		s.must(err)
		again, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
		if err != nil || again != page {
			t.Errorf("%s: the same again leads to %q (%v), want %q", provider, again, err, page)
		}
		s.settle()
		if n := s.credits(u); n != 0 {
			t.Errorf("%s: %d credits before anything was paid", provider, n)
		}
		s.pay(page)
		s.settle()
		if n := s.credits(u); n != 500 {
			t.Errorf("%s: %d credits, want 500", provider, n)
		}
		for _, d := range s.sim.Events() {
			s.must(s.sim.Again(d.Number, false))
		}
		s.settle()
		// all of them, once more
		s.exec(`update inbox set status = 'received', applied_at = null, next_attempt_at = now() - interval '1 minute'`)
		s.apply()
		if n := s.credits(u); n != 500 {
			t.Errorf("%s: %d credits after every event came twice, want 500", provider, n)
		}
		if n := s.count(`select count(*) from credit_grants where account_id = $1 and kind = 'top_up'
			and expires_at > $2`, u.AccountID, s.clock.Now().Add(364*24*time.Hour)); n != 1 {
			t.Errorf("%s: %d grants, want 1 that lasts a year", provider, n)
		}
		next, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
		if err != nil || next == page {
			t.Errorf("%s: after it was paid the next leads to %q (%v), want a page of its own", provider, next, err)
		}
	}
	if n := s.count(`select count(*) from inbox where status not in ('applied', 'ignored')`); n != 0 {
		t.Errorf("%d events are not applied", n)
	}
}

func TestTopUpRefusals(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "buyer")
	manager := s.db.Member(t, u, nil, "manager")
	if _, err := s.service.StartTopUp(t.Context(), manager.Account(), "credits_500", facts.Razorpay); !fault.Is(err,
		fault.Forbidden) {
		t.Errorf("a manager buys: %v, want forbidden", err)
	}
	for _, id := range []string{"", "pro", "credits_1"} {
		if _, err := s.service.StartTopUp(t.Context(), u.Account(), id, facts.Razorpay); !fault.Is(err, fault.Invalid) {
			t.Errorf("top-up %q: %v, want invalid", id, err)
		}
	}
	s.down.Store(true)
	if _, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", facts.Razorpay); !fault.Is(err,
		fault.Unavailable) {
		t.Errorf("with the provider down: %v, want unavailable", err)
	}
	s.down.Store(false)
	page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", facts.Razorpay)
	s.must(err)
	// What the provider cannot tell now is asked again later, not granted on the event's word.
	s.pay(page)
	s.down.Store(true)
	s.must(s.sim.Deliver(t.Context()))
	s.apply()
	if n := s.credits(u); n != 0 {
		t.Errorf("%d credits by an event that could not be checked", n)
	}
	s.down.Store(false)
	s.exec(`update inbox set next_attempt_at = now() - interval '1 minute' where status = 'received'`)
	s.apply()
	if n := s.credits(u); n != 500 {
		t.Errorf("%d credits when the provider answers again, want 500", n)
	}
	// A payment that nobody here began grants nothing and waits for a person.
	s.exec(`delete from provider_directory where kind = 'payment_link'`)
	s.exec(`update purchases set status = 'open', paid_at = null`)
	s.exec(`update inbox set status = 'received', applied_at = null, next_attempt_at = now() - interval '1 minute'
		where type = 'payment_link.paid'`)
	s.apply()
	if n := s.count(`select count(*) from review_items where reason = 'unmapped_purchase'
		and status = 'open'`); n != 1 || s.credits(u) != 500 {
		t.Errorf("%d review items and %d credits, want one and 500", n, s.credits(u))
	}
}

// An amount that is not the one that was asked for grants nothing.
func TestTopUpOfAnotherAmount(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "buyer")
	page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", facts.Razorpay)
	s.must(err)
	s.exec(`update purchases set amount_minor = amount_minor + 1`)
	s.pay(page)
	s.settle()
	if n := s.count(`select count(*) from review_items where reason = 'amount_mismatch'`); n != 1 || s.credits(u) != 0 {
		t.Errorf("%d review items and %d credits, want one and none", n, s.credits(u))
	}
}

// Ten clicks at once are one page, and one purchase.
func TestTopUpClicks(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "buyer")
	var wg sync.WaitGroup
	pages := make([]string, 10)
	for i := range pages {
		wg.Go(func() {
			var err error
			if pages[i], err = s.service.StartTopUp(t.Context(), u.Account(), "credits_500",
				facts.Razorpay); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, p := range pages {
		if p != pages[0] {
			t.Errorf("pages %q and %q", p, pages[0])
		}
	}
	if n := s.count(`select count(*) from purchases`); n != 1 {
		t.Errorf("%d purchases, want 1", n)
	}
}
