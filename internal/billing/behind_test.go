package billing_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// paysNow pays a page at Razorpay and says how many payments were collected at once.
func (s *shop) paysNow(u *pgtest.User, c *billing.Checkout) int {
	s.Helper()
	before := s.count(`select count(*) from payments where account_id = $1`, u.AccountID)
	if !s.pays(c) {
		s.Fatal("the page cannot be paid")
	}
	s.settle()
	return s.count(`select count(*) from payments where account_id = $1`, u.AccountID) - before
}

// Whatever the provider knows and no event has told: a purchase is decided by what is paid there. What goes on is
// not ended as if it gave nothing, what is paid is not paid again, and the owner reads what they buy before they do.
func TestPurchaseAsksTheProviderFirst(t *testing.T) {
	type situation struct {
		name     string
		provider facts.Provider
		untold   func(s *shop, id string)
		goes     bool // it goes on at the provider, so nothing can be bought beside it
		ahead    bool // it has ended, and is paid for
	}
	renewed := func(s *shop, _ string) { s.must(s.sim.Advance(s.Context(), 45*day)) }
	ended := func(s *shop, id string) { s.must(s.sim.Cancel(id, false)) }
	ending := func(s *shop, id string) { s.must(s.sim.Cancel(id, true)) }
	failed := func(s *shop, id string) {
		s.must(s.sim.SetCard(id, false))
		s.must(s.sim.Advance(s.Context(), 45*day))
	}
	paidLate := func(s *shop, id string) { failed(s, id); s.must(s.sim.PayOpen(id)) }
	all := func(list ...func(*shop, string)) func(*shop, string) {
		return func(s *shop, id string) {
			for _, f := range list {
				f(s, id)
			}
		}
	}
	for _, c := range []situation{
		{"renewed", facts.Razorpay, renewed, true, false},
		{"renewed", facts.Stripe, renewed, true, false},
		{"ended", facts.Razorpay, ended, false, true},
		{"ended", facts.Stripe, ended, false, false},
		{"ending", facts.Stripe, ending, true, false},
		{"renewed and ended", facts.Razorpay, all(renewed, ended), false, true},
		{"renewed and ended", facts.Stripe, all(renewed, ended), false, false},
		{"renewed and ending", facts.Stripe, all(renewed, ending), true, false},
		{"halted", facts.Razorpay, failed, false, false},
		{"halted and paid", facts.Razorpay, paidLate, true, false},
		{"halted, paid and ended", facts.Razorpay, all(paidLate, ended), false, true},
		{"cancelled by dunning", facts.Stripe, failed, false, false},
	} {
		t.Run(c.name+" at "+string(c.provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "team", c.provider)
			s.settle()
			id := s.subscription(u)
			c.untold(s, id)
			s.lose()
			paid := s.sim.PaidUntil(id)
			buys := func(provider facts.Provider) (*billing.Checkout, error) {
				return s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, provider)
			}
			if c.goes {
				for _, provider := range both {
					_, err := buys(provider)
					status, _ := s.sim.Truth(id)
					if !fault.Is(err, fault.Conflict) || slices.Contains([]string{"canceled", "cancelled"}, status) {
						t.Errorf("bought at %s beside what goes on: %v, which is %s then", provider, err, status)
					}
				}
				return
			}
			// Where it begins at once, the page says that days are paid twice.
			ahead, err := s.service.PaidAhead(t.Context(), u.Account(), "pro", billing.Month, facts.Stripe)
			s.must(err)
			if told := ahead.Plan == "team" && ahead.Until.Unix() == paid; told != c.ahead {
				t.Errorf("the page tells of %+v, and %v is paid", ahead, time.Unix(paid, 0))
			}
			_, err = buys(facts.Stripe)
			s.must(err)
			got, err := buys(facts.Razorpay)
			s.must(err)
			if c.ahead && got.Starts.Unix() != paid || !c.ahead && !got.Starts.IsZero() {
				t.Errorf("it begins at %v, and %v is paid", got.Starts, time.Unix(paid, 0))
			}
			if n := s.paysNow(u, got); (n == 0) != c.ahead {
				t.Errorf("%d payments at once", n)
			}
		})
	}
}

// A plan that was approved to follow has begun and is paid, and no event has told. Who changes it then pays for
// no day twice; and neither does who changes it while that payment is collected.
func TestChangeAsksTheProviderFirst(t *testing.T) {
	for name, c := range map[string]struct {
		past   time.Duration // since it has begun
		code   string        // with which a change to the month is refused, else it begins when the year has run out
		quoted bool          // the page of the change was open before it began
	}{
		"while it is collected": {past: 10 * time.Minute, code: "renewal_under_way"},
		"paid":                  {past: 30 * time.Hour},
		"begun since the page":  {past: 10 * time.Minute, code: "renewal_under_way", quoted: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			quote := func(interval string) (*billing.Quote, error) {
				return s.service.QuoteChange(t.Context(), u.Account(), "team", interval)
			}
			change := func(interval string, q *billing.Quote) (*billing.Checkout, error) {
				return s.service.ChangePlan(t.Context(), u.Account(), "team", interval, q.At, q.Due.Minor)
			}
			s.buy(u, "team", facts.Razorpay)
			s.settle()
			begins := s.overview(u).PeriodEnd
			q, err := quote(billing.Year)
			s.must(err)
			year, err := change(billing.Year, q)
			s.must(err)
			if s.paysNow(u, year) != 0 {
				t.Fatal("the year is charged before it begins")
			}
			if c.quoted {
				s.must(s.sim.Advance(t.Context(), begins.Sub(s.clock.Now())-10*time.Minute))
				q = &billing.Quote{At: s.clock.Now(), Due: q.To.Amount}
			}
			s.must(s.sim.Advance(t.Context(), begins.Sub(s.clock.Now())+c.past))
			s.lose()
			if !c.quoted {
				q, err = quote(billing.Month)
			}
			var month *billing.Checkout
			if err == nil {
				month, err = change(billing.Month, q)
			}
			if f := fault.Of(err); c.code != "" {
				if f == nil || f.Code != c.code {
					t.Errorf("it can be changed for one that is paid at once: %v, %v", month, err)
				}
				return
			}
			s.must(err)
			if n := s.paysNow(u, month); n != 0 || !month.Starts.After(begins.AddDate(0, 11, 0)) {
				t.Errorf("the month begins at %v, with %d payments at once", month.Starts, n)
			}
		})
	}
}

// Who has approved a plan that follows, closes the browser and is told of by no event, is not charged for the plan
// before it once more: the worker asks what became of the purchase while that can still be ended.
func TestApprovedUnheardOfIsFollowedUp(t *testing.T) {
	for _, paid := range []bool{true, false} {
		t.Run(fmt.Sprint("approved ", paid), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "team", facts.Razorpay)
			s.settle()
			end := s.overview(u).PeriodEnd
			s.must(s.sim.Advance(t.Context(), end.Sub(s.clock.Now())-8*time.Hour))
			c := s.changes(u, "pro", true)
			if paid && !s.pays(c) {
				t.Fatal("it cannot be approved")
			}
			s.lose()
			s.must(s.sim.Advance(t.Context(), 7*time.Hour+time.Minute))
			_, err := s.service.EndReplaced(t.Context())
			s.must(err)
			if o := s.overview(u); o.OpenCheckout != nil || (o.Follower != nil) != paid {
				t.Errorf("approved %v: the purchase is %+v, what follows is %+v", paid, o.OpenCheckout, o.Follower)
			}
			s.must(s.sim.Advance(t.Context(), 3*time.Hour))
			s.reconcile(quick)
			s.settle()
			want := map[bool]string{true: "pro", false: "team"}[paid]
			if n := s.count(`select count(*) from payments`); n != 2 || s.tier(u) != want {
				t.Errorf("approved %v: %d payments, plan %s; want 2, %s", paid, n, s.tier(u), want)
			}
		})
	}
}

// A subscription that the provider does not know any more, because its test data were deleted or it was made by
// another account, charges nobody. When it gives nothing it keeps nobody from buying, however often they try.
func TestUnknownSubscriptionKeepsNobodyFromBuying(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			s.must(s.sim.Cancel(id, false)) // so that nothing is collected
			s.lose()
			s.must(s.sim.Advance(t.Context(), 50*day))
			unknown := func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, id, "sub_gone", 1) }
			s.before.Store(&unknown)
			for _, at := range both {
				for range 2 {
					if _, err := s.service.StartCheckout(t.Context(), u.Account(), "team", billing.Month,
						at); err != nil {
						t.Errorf("bought at %s: %v", at, err)
					}
				}
			}
		})
	}
}
