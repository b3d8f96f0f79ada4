package billing_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// standings brings a subscription that was just bought to where it may stand.
var standings = map[string]struct {
	provider facts.Provider
	bring    func(s *shop, id string)
	keeps    bool // something is paid still
}{
	"paid at Stripe":   {facts.Stripe, func(*shop, string) {}, true},
	"paid at Razorpay": {facts.Razorpay, func(*shop, string) {}, true},
	"the hour":         {facts.Stripe, func(s *shop, id string) { s.must(s.sim.Turn(s.Context(), id)) }, false},
	"past due": {
		facts.Stripe,
		func(s *shop, id string) { s.must(s.sim.SetCard(id, false)); s.must(s.sim.Renew(s.Context(), id)) }, false,
	},
	"pending": {
		facts.Razorpay,
		func(s *shop, id string) { s.must(s.sim.SetCard(id, false)); s.must(s.sim.Renew(s.Context(), id)) }, false,
	},
	"past due, ending": {facts.Stripe, func(s *shop, id string) {
		s.must(s.sim.SetCard(id, false))
		s.must(s.sim.Renew(s.Context(), id))
		s.must(s.sim.Cancel(id, true))
	}, false},
	"past the grace": {facts.Stripe, func(s *shop, id string) { s.after(id, "past_due") }, false},
	"unpaid":         {facts.Stripe, func(s *shop, id string) { s.after(id, "unpaid") }, false},
	"halted":         {facts.Razorpay, func(s *shop, id string) { s.after(id, "") }, false},
	"halted, another card": {
		facts.Razorpay,
		func(s *shop, id string) { s.after(id, ""); s.must(s.sim.ChangeCard(id)) }, false,
	},
	"extra invoice is open": {
		facts.Stripe,
		func(s *shop, id string) { s.must(s.sim.SetCard(id, false)); s.must(s.sim.ExtraInvoice(id, 700, false)) },
		true,
	},
	"paused, paid": {facts.Razorpay, func(s *shop, id string) { s.must(s.sim.Pause(id)) }, true},
	"ended at Stripe": {
		facts.Stripe,
		func(s *shop, id string) { s.must(s.sim.Hold(true)); s.must(s.sim.Cancel(id, false)) }, false,
	},
	"ended at Razorpay": {
		facts.Razorpay,
		func(s *shop, id string) { s.must(s.sim.Hold(true)); s.must(s.sim.Cancel(id, false)) }, true,
	},
	"ends at Stripe already": {
		facts.Stripe,
		func(s *shop, id string) { s.must(s.sim.Hold(true)); s.must(s.sim.Cancel(id, true)) }, true,
	},
}

// after lets a renewal fail until nothing is tried any more.
func (s *shop) after(id, dunning string) {
	s.Helper()
	s.must(s.sim.SetCard(id, false))
	s.must(s.sim.SetDunning(id, dunning))
	s.must(s.sim.Renew(s.Context(), id))
	s.must(s.sim.Advance(s.Context(), 9*day))
}

// TestCancellingEndsCollection, wherever a subscription stands: there is money on
// the card again, months go by, and nothing more is collected; what is paid is kept.
func TestCancellingEndsCollection(t *testing.T) {
	for name, c := range standings {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", c.provider)
			s.settle()
			id, paid := s.subscription(u), s.overview(u).Subscription.PaidThrough
			c.bring(s, id)
			if name[:5] != "ended" && name[:4] != "ends" {
				s.settle()
			}
			_, before := s.sim.Truth(id)
			until, err := s.service.Cancel(t.Context(), u.Account())
			if err != nil {
				t.Fatal(err)
			}
			if c.keeps && !until.Equal(paid) || !c.keeps && until.After(s.clock.Now()) {
				t.Errorf("the plan stays until %v, paid until %v, now %v", until, paid, s.clock.Now())
			}
			s.must(s.sim.Hold(false))
			s.must(s.sim.SetCard(id, true))
			for range 3 {
				s.must(s.sim.Advance(t.Context(), 30*day))
				s.settle()
			}
			if status, after := s.sim.Truth(id); after != before {
				t.Errorf("%d payments before the cancellation, %d after it; the provider says %s", before, after,
					status)
			}
			if _, err := s.service.Cancel(t.Context(), u.Account()); !fault.Is(err, fault.Conflict) {
				t.Errorf("cancelled once more: %v, want Conflict", err)
			}
			if got := s.tier(u); got != "free" {
				t.Errorf("the plan is %s", got)
			}
		})
	}
}

// TestWhatGivesNothingNeverBlocksBuying, and is ended, so that nobody pays for two.
func TestWhatGivesNothingNeverBlocksBuying(t *testing.T) {
	for name, c := range standings {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", c.provider)
			s.settle()
			id := s.subscription(u)
			c.bring(s, id)
			if name[:5] != "ended" && name[:4] != "ends" {
				s.settle()
			}
			gives := s.overview(u).Plan.ID != "free"
			for _, provider := range both {
				_, err := s.service.StartCheckout(t.Context(), u.Account(), "team", billing.Month, provider)
				o := s.overview(u)
				status, _ := s.sim.Truth(id)
				ended := status == "canceled" || status == "cancelled"
				switch {
				case err == nil && !ended:
					t.Errorf("a checkout by %s is open beside a subscription that is %s", provider, status)
				case err != nil && (!gives || ended):
					t.Errorf("gives nothing, or has ended, and no checkout by %s: %v", provider, err)
				case err == nil && o.OpenCheckout == nil:
					t.Error("the checkout is not there")
				}
			}
		})
	}
}

// TestOutstandingLeadsToPaying: a demand comes with the page on which it is met.
func TestOutstandingLeadsToPaying(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			if page := s.overview(u).Subscription.PayPage(); page != "" {
				t.Errorf("nothing is outstanding, and %s leads to paying it", page)
			}
			s.must(s.sim.SetCard(id, false))
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			page := s.overview(u).Subscription.PayPage()
			if page == "" {
				t.Fatal("a payment is outstanding, and no page leads to it")
			}
			res, err := s.front.Client().Post(page, "application/x-www-form-urlencoded", strings.NewReader("do=pay"))
			s.must(err)
			s.must(res.Body.Close())
			s.settle()
			if o := s.overview(u); o.Status != billing.Active || o.Subscription.PayPage() != "" ||
				!o.PeriodEnd.After(s.clock.Now()) {
				t.Errorf("paid: %s until %v, pay page %q", o.Status, o.PeriodEnd, o.Subscription.PayPage())
			}
		})
	}
}

// TestUpgradeWithTheSecondFactor leads to the page on which the customer confirms,
// and gives the higher plan then, not before.
func TestUpgradeWithTheSecondFactor(t *testing.T) {
	for _, answer := range []string{"confirmed", "left alone"} {
		t.Run(answer, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", facts.Stripe)
			s.settle()
			id := s.subscription(u)
			s.must(s.sim.SetSecondFactor(id, true))
			q, err := s.service.QuoteChange(t.Context(), u.Account(), "team", billing.Month)
			s.must(err)
			c, err := s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At, q.Due.Minor)
			if err != nil || c == nil || c.URL == "" {
				t.Fatalf("ChangePlan = %+v, %v, want the page on which the bank is answered", c, err)
			}
			s.settle()
			if got := s.tier(u); got != "pro" {
				t.Errorf("not confirmed yet, and the plan is %s", got)
			}
			want := "pro"
			if answer == "confirmed" {
				want = "team"
				res, err := s.front.Client().Post(c.URL, "application/x-www-form-urlencoded", nil)
				s.must(err)
				s.must(res.Body.Close())
			} else {
				s.must(s.sim.Advance(t.Context(), 24*time.Hour))
			}
			s.settle()
			if got := s.tier(u); got != want {
				t.Errorf("%s, and the plan is %s", answer, got)
			}
			if answer != "confirmed" { // it can be tried again
				s.must(s.sim.SetSecondFactor(id, false))
				q, err = s.service.QuoteChange(t.Context(), u.Account(), "team", billing.Month)
				s.must(err)
				_, err = s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At, q.Due.Minor)
				s.must(err)
				s.settle()
				if got := s.tier(u); got != "team" {
					t.Errorf("tried again, and the plan is %s", got)
				}
			}
		})
	}
}
