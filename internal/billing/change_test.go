package billing_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestChangeOfPlanAtStripe(t *testing.T) {
	s := setup(t)
	u, clerk := s.db.User(t, "asha"), s.db.User(t, "clerk")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	manager := s.db.Member(t, u, nil, "manager")
	if _, err := s.service.QuoteChange(t.Context(), manager.Account(), "team", billing.Month); !fault.Is(err,
		fault.Forbidden) {
		t.Errorf("a manager asks: %v", err)
	}
	if _, err := s.service.QuoteChange(t.Context(), clerk.Account(), "team", billing.Month); !fault.Is(err,
		fault.Conflict) {
		t.Errorf("without a subscription: %v", err)
	}
	if _, err := s.service.QuoteChange(t.Context(), u.Account(), "pro", billing.Month); !fault.Is(err, fault.Conflict) {
		t.Errorf("to the same: %v", err)
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 10*day))
	q, err := s.service.QuoteChange(t.Context(), u.Account(), "team", billing.Month)
	s.must(err)
	end := s.overview(u).PeriodEnd
	if q.Ends || q.Due.Minor <= 0 || q.Due.Minor >= 700 || q.Due.Currency != "USD" || !q.Next.Equal(end) ||
		q.From.Plan != "pro" || q.To.Plan != "team" {
		t.Fatalf("the quote is %+v", q)
	}
	if _, err := s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At,
		q.Due.Minor-1); !fault.Is(err, fault.Conflict) {
		t.Errorf("with another amount: %v", err)
	}
	if _, err := s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At.Add(-time.Hour),
		q.Due.Minor); !fault.Is(err, fault.Conflict) {
		t.Errorf("with an old quote: %v", err)
	}
	s.must(s.sim.SetCard(s.subscription(u), false))
	if _, err := s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At,
		q.Due.Minor); !fault.Is(err, fault.Conflict) || s.overview(u).Plan.ID != "pro" {
		t.Errorf("with a card that is refused: %v, plan %s", err, s.overview(u).Plan.ID)
	}
	s.must(s.sim.SetCard(s.subscription(u), true))
	q, err = s.service.QuoteChange(t.Context(), u.Account(), "team", billing.Month)
	s.must(err)
	c, err := s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Month, q.At, q.Due.Minor)
	if o := s.overview(u); err != nil || c != nil || o.Plan.ID != "team" || !o.PeriodEnd.Equal(end) {
		t.Fatalf("changed: %v, %v, plan %s until %v", c, err, o.Plan.ID, o.PeriodEnd)
	}
	s.settle()
	var last int64
	s.must(s.db.Super.QueryRow(t.Context(), `select amount_minor
		from payments order by paid_at desc, amount_minor limit 1`).Scan(&last))
	if n := s.count(`select count(*) from payments`); n != 2 || last != q.Due.Minor ||
		s.count(`select count(*) from review_items`) != 0 {
		t.Errorf("%d payments, the last of %d where %d was quoted; %d review items", n, last, q.Due.Minor,
			s.count(`select count(*) from review_items`))
	}

	// Month to year: a new period starts, and what is unused counts.
	q, err = s.service.QuoteChange(t.Context(), u.Account(), "team", billing.Year)
	s.must(err)
	if q.Due.Minor >= q.To.Amount.Minor || q.Due.Minor < q.To.Amount.Minor-1200 ||
		q.Next.Before(q.At.AddDate(1, 0, -1)) {
		t.Errorf("to a year: %+v", q)
	}
	_, err = s.service.ChangePlan(t.Context(), u.Account(), "team", billing.Year, q.At, q.Due.Minor)
	if o := s.overview(u); err != nil || o.PeriodEnd.Before(q.At.AddDate(1, 0, -1)) {
		t.Errorf("a year: %v, until %v", err, o.PeriodEnd)
	}

	// Down begins when what is paid has run out: nothing is collected, credited or lost.
	s.settle()
	end, paid := s.overview(u).PeriodEnd, s.count(`select count(*) from payments`)
	for _, to := range []struct{ plan, interval string }{{"team", billing.Month}, {"pro", billing.Year}} {
		q, err = s.service.QuoteChange(t.Context(), u.Account(), to.plan, to.interval)
		if err != nil || q.Due.Minor != 0 || q.Ends || !q.Starts.Equal(end) || !q.Keeps.Equal(end) {
			t.Fatalf("down: %+v, %v", q, err)
		}
		if c, err := s.service.ChangePlan(t.Context(), u.Account(), to.plan, to.interval, q.At, 0); err != nil ||
			c != nil {
			t.Fatalf("down: %v, %v", c, err)
		}
		if sub := s.overview(u).Subscription; sub.NextPriceID != q.To.ProviderPrice || !sub.NextAt.Equal(end) ||
			sub.PlanID != "team" {
			t.Errorf("scheduled: %+v", sub)
		}
	}
	s.settle()
	// the webhook's snapshot does not tell it
	if sub := s.overview(u).Subscription; sub.NextPriceID != "price_TijoriProYear" {
		t.Errorf("after the webhook: %+v", sub)
	}
	if s.count(`select count(*) from payments`) != paid {
		t.Error("something was paid")
	}
	// Kept after all, then up instead, then down again and cancelled: none is in another's way.
	s.must(s.service.Resume(t.Context(), u.Account()))
	if sub := s.overview(u).Subscription; sub.NextPriceID != "" || !sub.NextAt.IsZero() {
		t.Errorf("kept: %+v", sub)
	}
	q, err = s.service.QuoteChange(t.Context(), u.Account(), "pro", billing.Year)
	s.must(err)
	_, err = s.service.ChangePlan(t.Context(), u.Account(), "pro", billing.Year, q.At, 0)
	s.must(err)
	_, err = s.service.Cancel(t.Context(), u.Account())
	s.must(err)
	if o := s.overview(u); !o.CancelAtPeriodEnd || o.Subscription.NextPriceID != "" {
		t.Errorf("cancelled instead: %+v", o.Subscription)
	}
	s.must(s.service.Resume(t.Context(), u.Account()))
	s.settle()

	// Cancelled by the portal, which sets cancel_at alone, and kept after all.
	s.must(s.sim.Cancel(s.subscription(u), true))
	s.settle()
	if _, err := s.service.QuoteChange(t.Context(), u.Account(), "pro", billing.Year); !fault.Is(err, fault.Conflict) {
		t.Errorf("while it ends: %v", err)
	}
	if o := s.overview(u); !o.CancelAtPeriodEnd || !o.Subscription.Resumable() {
		t.Fatalf("%+v", o)
	}
	s.must(s.service.Resume(t.Context(), u.Account()))
	if o := s.overview(u); o.CancelAtPeriodEnd {
		t.Error("it still ends")
	}
	_, err = s.service.Cancel(t.Context(), u.Account())
	s.must(err)
	s.must(s.service.Resume(t.Context(), u.Account()))
	if o := s.overview(u); o.CancelAtPeriodEnd {
		t.Error("cancelled here, it still ends")
	}
	if err := s.service.Resume(t.Context(), u.Account()); !fault.Is(err, fault.Conflict) {
		t.Errorf("what does not end is kept: %v", err)
	}
}

func TestChangeOfPlanAtRazorpay(t *testing.T) {
	s := setup(t)
	up, down := s.db.User(t, "asha"), s.db.User(t, "bina")
	s.buy(up, "pro", facts.Razorpay)
	s.buy(down, "team", facts.Razorpay)
	s.settle()
	pay := func(c *billing.Checkout) {
		t.Helper()
		for _, f := range c.Form.Fields {
			if f.Name == "subscription_id" {
				_, err := s.sim.PaySubscription(f.Value)
				s.must(err)
			}
		}
		s.settle()
	}

	// Up begins at once, at the full price.
	q, err := s.service.QuoteChange(t.Context(), up.Account(), "team", billing.Month)
	s.must(err)
	if !q.Ends || q.Due != (money.Amount{Minor: 79900, Currency: "INR"}) || !q.Starts.Equal(q.At) ||
		!q.Keeps.Equal(s.overview(up).PeriodEnd) {
		t.Fatalf("up: %+v", q)
	}
	c, err := s.service.ChangePlan(t.Context(), up.Account(), "team", billing.Month, q.At, q.Due.Minor)
	s.must(err)
	if o := s.overview(up); o.Plan.ID != "pro" || o.CancelAtPeriodEnd || o.Status != billing.Active {
		t.Errorf("before paying: %s, %s", o.Plan.ID, o.Status)
	}
	pay(c)
	if o := s.overview(up); o.Plan.ID != "team" || o.Status != billing.Active || o.CancelAtPeriodEnd {
		t.Errorf("after paying: %s, %s", o.Plan.ID, o.Status)
	}

	// Down begins when what is paid has run out; nothing is paid twice.
	end := s.overview(down).PeriodEnd
	q, err = s.service.QuoteChange(t.Context(), down.Account(), "pro", billing.Month)
	s.must(err)
	if q.Due.Minor != 0 || !q.Starts.Equal(end) {
		t.Fatalf("down: %+v", q)
	}
	c, err = s.service.ChangePlan(t.Context(), down.Account(), "pro", billing.Month, q.At, 0)
	s.must(err)
	paid := s.count(`select count(*) from payments where account_id = $1`, down.AccountID)
	pay(c)
	// it brings no second allowance
	if o := s.overview(down); o.Follower == nil || o.Follower.PlanID != "pro" || !o.Follower.AccessUntil.IsZero() ||
		o.CancelAtPeriodEnd {
		t.Errorf("what follows: %+v", o.Follower)
	}
	if o := s.overview(down); o.Plan.ID != "team" || s.count(`select count(*) from payments where account_id = $1`,
		down.AccountID) != paid {
		t.Errorf("while Team is paid: %s", o.Plan.ID)
	}
	s.must(s.sim.Advance(t.Context(), end.Sub(s.clock.Now())+3*time.Hour))
	s.settle()
	if o := s.overview(down); o.Plan.ID != "pro" || s.count(`select count(*) from payments where account_id = $1`,
		down.AccountID) != paid+1 {
		t.Errorf("after the change: %s, %s, %d payments", o.Plan.ID, o.Status,
			s.count(`select count(*) from payments where account_id = $1`, down.AccountID))
	}
	if n := s.count(`select count(*) from review_items`); n != 0 {
		t.Errorf("%d review items", n)
	}
	if _, err := s.service.Cancel(t.Context(), down.Account()); err != nil {
		t.Fatal(err)
	}
	if err := s.service.Resume(t.Context(), down.Account()); !fault.Is(err, fault.Conflict) {
		t.Errorf("Razorpay takes up what was cancelled: %v", err)
	}
}

// TestChangeAtRazorpayNeverStrands: until the new plan is paid the present one goes on, and
// nothing that was paid is lost or paid twice.
func TestChangeAtRazorpayNeverStrands(t *testing.T) {
	change := func(s *shop, u *pgtest.User, plan string, wait bool) *billing.Checkout {
		s.Helper()
		q, err := s.service.QuoteChange(s.Context(), u.Account(), plan, billing.Month)
		s.must(err)
		due := q.Due.Minor
		if wait {
			if !q.CanWait {
				s.Errorf("the change to %s cannot wait: %+v", plan, q)
			}
			due = 0
		}
		c, err := s.service.ChangePlan(s.Context(), u.Account(), plan, billing.Month, q.At, due)
		s.must(err)
		return c
	}
	pay := func(s *shop, c *billing.Checkout) {
		s.Helper()
		for _, f := range c.Form.Fields {
			if f.Name == "subscription_id" {
				_, err := s.sim.PaySubscription(f.Value)
				s.must(err)
			}
		}
	}
	holds := func(s *shop, u *pgtest.User, when, plan string, payments int) {
		s.Helper()
		o := s.overview(u)
		if n := s.count(`select count(*) from payments where account_id = $1`, u.AccountID); o.Plan.ID != plan ||
			n != payments {
			s.Errorf("%s: %s with %d payments, want %s with %d", when, o.Plan.ID, n, plan, payments)
		}
		if n := s.count(`select count(*) from review_items where resolved_at is null`); n != 0 {
			s.Errorf("%s: %d items for a person", when, n)
		}
	}
	for name, scene := range map[string]func(*shop, *pgtest.User){
		"left and given up": func(s *shop, u *pgtest.User) {
			change(s, u, "team", false)
			paid, err := s.service.Discard(s.Context(), u.Account())
			s.must(err)
			s.settle()
			if o := s.overview(u); paid || o.OpenCheckout != nil || o.CancelAtPeriodEnd || o.Status != billing.Active {
				s.Errorf("given up: %+v", o)
			}
			s.must(s.sim.Advance(s.Context(), s.overview(u).PeriodEnd.Sub(s.clock.Now())+3*time.Hour))
			s.settle()
			holds(s, u, "a month later", "pro", 2)
		},
		"left and forgotten": func(s *shop, u *pgtest.User) {
			change(s, u, "team", false)
			s.must(s.sim.Advance(s.Context(), s.overview(u).PeriodEnd.Sub(s.clock.Now())+3*time.Hour))
			s.settle()
			holds(s, u, "a month later", "pro", 2)
			pay(s, change(s, u, "team", false))
			s.settle()
			holds(s, u, "changed after all", "team", 3)
		},
		"left and resumed": func(s *shop, u *pgtest.User) {
			change(s, u, "team", false)
			c, err := s.service.StartCheckout(s.Context(), u.Account(), "team", billing.Month, facts.Razorpay)
			s.must(err)
			pay(s, c)
			s.settle()
			holds(s, u, "paid", "team", 2)
			if n := s.count(`select count(*) from subscriptions where account_id = $1 and ended_at is null`,
				u.AccountID); n != 1 {
				s.Errorf("%d subscriptions go on", n)
			}
		},
		"another plan in between": func(s *shop, u *pgtest.User) {
			change(s, u, "team", false)
			_, err := s.service.StartCheckout(s.Context(), u.Account(), "pro", billing.Year, facts.Razorpay)
			if !fault.Is(err, fault.Conflict) {
				s.Errorf("a purchase beside a living plan: %v", err)
			}
			pay(s, change(s, u, "team", true))
			s.settle()
			holds(s, u, "until the end of what is paid", "pro", 1)
		},
		"begins at the end": func(s *shop, u *pgtest.User) {
			end := s.overview(u).PeriodEnd
			pay(s, change(s, u, "team", true))
			s.settle()
			holds(s, u, "approved", "pro", 1)
			if f := s.overview(u).Follower; f == nil || f.PlanID != "team" {
				s.Errorf("what follows: %+v", f)
			}
			s.must(s.sim.Advance(s.Context(), end.Sub(s.clock.Now())+3*time.Hour))
			s.settle()
			holds(s, u, "after it", "team", 2)
		},
		"every event is lost": func(s *shop, u *pgtest.User) {
			pay(s, change(s, u, "team", false))
			s.lose()
			s.reconcile(quick)
			_, err := s.service.EndReplaced(s.Context())
			s.must(err)
			holds(s, u, "after a comparison", "team", 2)
			if n := s.count(`select count(*) from subscriptions where account_id = $1 and ended_at is null`,
				u.AccountID); n != 1 {
				s.Errorf("%d subscriptions go on", n)
			}
		},
		"the provider does not end the old one at first": func(s *shop, u *pgtest.User) {
			old := s.subscription(u)
			away := func(r *http.Request, code int, body []byte) (int, []byte) {
				if r.Method == "POST" && strings.HasSuffix(r.URL.Path, old+"/cancel") {
					return 503, []byte(`{}`)
				}
				return code, body
			}
			c := change(s, u, "team", false)
			s.rewrite.Store(&away)
			pay(s, c)
			s.settle()
			s.rewrite.Store(nil)
			for range 2 {
				_, err := s.service.EndReplaced(s.Context())
				s.must(err)
			}
			s.settle()
			holds(s, u, "afterwards", "team", 2)
			if n := s.count(`select count(*) from subscriptions where id = $1 and ended_at is not null`, old); n != 1 {
				s.Error("the old subscription goes on")
			}
		},
		"cancelled and bought again": func(s *shop, u *pgtest.User) {
			end := s.overview(u).PeriodEnd
			_, err := s.service.Cancel(s.Context(), u.Account())
			s.must(err)
			s.settle()
			ahead, err := s.service.PaidAhead(s.Context(), u.Account(), "pro", billing.Month, facts.Razorpay)
			s.must(err)
			if ahead.Plan != "pro" || !ahead.Until.Equal(end) || !ahead.Starts.Equal(end) {
				s.Errorf("paid ahead: %+v", ahead)
			}
			c, err := s.service.StartCheckout(s.Context(), u.Account(), "pro", billing.Month, facts.Razorpay)
			s.must(err)
			pay(s, c)
			s.settle()
			holds(s, u, "approved", "pro", 1)
			s.must(s.sim.Advance(s.Context(), end.Sub(s.clock.Now())+3*time.Hour))
			s.settle()
			holds(s, u, "a month later", "pro", 2)
		},
		"cancelled and a higher one bought": func(s *shop, u *pgtest.User) {
			_, err := s.service.Cancel(s.Context(), u.Account())
			s.must(err)
			s.settle()
			ahead, err := s.service.PaidAhead(s.Context(), u.Account(), "team", billing.Month, facts.Razorpay)
			s.must(err)
			if ahead.Plan != "pro" || !ahead.Starts.IsZero() {
				s.Errorf("paid ahead: %+v", ahead)
			}
			c, err := s.service.StartCheckout(s.Context(), u.Account(), "team", billing.Month, facts.Razorpay)
			s.must(err)
			pay(s, c)
			s.settle()
			holds(s, u, "paid", "team", 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", facts.Razorpay)
			s.settle()
			scene(s, u)
		})
	}
}

func TestInvoicesAreOnesOwn(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u, stranger := s.db.User(t, "asha"), s.db.User(t, "mallory")
			s.buy(u, "pro", provider)
			s.settle()
			in := s.overview(u).Invoices[0]
			_, err := s.db.Super.Exec(t.Context(), `update invoices set url = ''`)
			s.must(err)
			address, err := s.service.InvoiceURL(t.Context(), u.Account(), in.Provider, in.ID)
			if err != nil || !strings.HasPrefix(address, s.api.URL) {
				t.Fatalf("InvoiceURL = %s, %v", address, err)
			}
			res, err := http.Get(address)
			s.must(err)
			defer res.Body.Close()
			if res.StatusCode != 200 {
				t.Errorf("the invoice's page answers %d", res.StatusCode)
			}
			for who, c := range map[string]error{
				"a stranger": errOf(s.service.InvoiceURL(t.Context(), stranger.Account(), in.Provider, in.ID)),
				"another id": errOf(s.service.InvoiceURL(t.Context(), u.Account(), in.Provider, "in_unknown")),
			} {
				if !fault.Is(c, fault.NotFound) {
					t.Errorf("%s: %v, want NotFound", who, c)
				}
			}
			clerk := s.db.Member(t, u, nil, "manager")
			if _, err := s.service.InvoiceURL(t.Context(), clerk.Account(), in.Provider, in.ID); !fault.Is(err,
				fault.Forbidden) {
				t.Errorf("a manager: %v", err)
			}
		})
	}
}

func errOf(_ string, err error) error { return err }

// TestDowngradeBeginsWithTheNextPeriod carries lower plans at Stripe through
// their day: with the event, and with every event lost.
func TestDowngradeBeginsWithTheNextPeriod(t *testing.T) {
	for name, lost := range map[string]bool{"told": false, "lost": true} {
		t.Run(name, func(t *testing.T) { downgrade(t, lost) })
	}
}

func downgrade(t *testing.T, lost bool) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "team", facts.Stripe)
	s.settle()
	s.must(s.sim.Hold(lost))
	q, err := s.service.QuoteChange(t.Context(), u.Account(), "pro", billing.Month)
	s.must(err)
	_, err = s.service.ChangePlan(t.Context(), u.Account(), "pro", billing.Month, q.At, q.Due.Minor)
	s.must(err)
	s.must(s.sim.Advance(t.Context(), q.Starts.Sub(s.clock.Now())-time.Hour))
	if o := s.overview(u); o.Plan.ID != "team" {
		t.Errorf("an hour before: %s", o.Plan.ID)
	}
	s.must(s.sim.Advance(t.Context(), 4*time.Hour))
	if lost {
		s.lose()
		s.reconcile(quick)
		s.apply()
	} else {
		s.settle()
	}
	var amount int64
	s.must(s.db.Super.QueryRow(t.Context(), `select amount_minor
		from payments order by paid_at desc limit 1`).Scan(&amount))
	if o := s.overview(u); o.Plan.ID != "pro" || o.Subscription.NextPriceID != "" || amount != 500 ||
		s.count(`select count(*) from payments`) != 2 || s.count(`select count(*) from review_items`) != 0 {
		t.Errorf("afterwards (lost %v): %s, %d of %d payments, %d review items", lost, o.Plan.ID, amount,
			s.count(`select count(*) from payments`), s.count(`select count(*) from review_items`))
	}
}
