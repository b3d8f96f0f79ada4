package billing_test

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// TestComparisonCompletesEveryPurchase: no purchase needs an event, of plan or
// credits, at either provider, while the row is there and when it is lost with
// the database of the days since.
func TestComparisonCompletesEveryPurchase(t *testing.T) {
	s := setup(t)
	s.must(s.sim.Hold(true))
	users := map[string]*pgtest.User{}
	for _, provider := range both {
		for _, what := range []string{"open", "creating", "restored", "unpaid"} {
			u := s.db.User(t, what+" "+string(provider))
			users[what+" "+string(provider)] = u
			page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
			s.must(err)
			if what != "unpaid" {
				s.pay(page)
			}
			switch what {
			case "creating": // the answer of the provider never came
				s.exec(`update purchases set status = 'creating', provider_id = null, url = null where account_id = $1`,
					u.AccountID)
				s.exec(`delete from provider_directory where account_id = $1 and kind in ('session', 'payment_link')`,
					u.AccountID)
			case "restored":
				s.exec(`delete from purchases where account_id = $1`, u.AccountID)
				s.exec(`delete from provider_customers where account_id = $1`, u.AccountID)
				s.exec(`delete from provider_directory where account_id = $1`, u.AccountID)
			}
		}
		u := s.db.User(t, "plan "+string(provider))
		users["plan "+string(provider)] = u
		s.buy(u, "pro", provider)
	}
	s.lose()
	s.must(s.sim.Hold(false))
	for round := range 3 { // again and again nothing comes twice
		s.reconcile(quick)
		s.apply()
		for name, u := range users {
			want := 500
			if strings.HasPrefix(name, "unpaid") || strings.HasPrefix(name, "plan") {
				want = 0
			}
			if n := s.count(`select coalesce(sum(amount), 0) from credit_grants where account_id = $1
				and kind = 'top_up'`, u.AccountID); n != want {
				t.Errorf("%s, round %d: %d credits bought, want %d", name, round, n, want)
			}
			if strings.HasPrefix(name, "plan") && s.tier(u) != "pro" {
				t.Errorf("%s, round %d: the plan is %s", name, round, s.tier(u))
			}
		}
	}
	items, err := s.service.ListReviews(t.Context(), false)
	s.must(err)
	for _, item := range items {
		t.Errorf("an item for a person: %+v", item)
	}
}

// TestComparisonOfOneAccountCompletesItsPurchase and leaves the others alone.
func TestComparisonOfOneAccountCompletesItsPurchase(t *testing.T) {
	s := setup(t)
	s.must(s.sim.Hold(true))
	for _, provider := range both {
		one, other := s.db.User(t, "one "+string(provider)), s.db.User(t, "other "+string(provider))
		for _, u := range []*pgtest.User{one, other} {
			page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
			s.must(err)
			s.pay(page)
		}
		o := quick
		o.Account, o.DryRun = one.AccountID, true
		if runs, err := s.service.Reconcile(t.Context(), o); err != nil || differ(runs, provider) == 0 ||
			s.credits(one) != 0 {
			t.Errorf("%s: a dry run finds %d, %v, and %d credits are there", provider, differ(runs, provider), err,
				s.credits(one))
		}
		o.DryRun = false
		s.reconcile(o)
		if a, b := s.credits(one), s.credits(other); a != 500 || b != 0 {
			t.Errorf("%s: %d and %d credits, want 500 and 0", provider, a, b)
		}
	}
}

func differ(runs []billing.Run, provider facts.Provider) int {
	for _, r := range runs {
		if r.Provider == provider {
			return r.Differ
		}
	}
	return -1
}
