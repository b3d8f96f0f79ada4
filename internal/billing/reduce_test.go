package billing

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

var (
	t0     = time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	t1     = t0.AddDate(0, 0, 28)
	t2     = t1.AddDate(0, 0, 31)
	priced = mustPlans()
)

func mustPlans() *Plans {
	ps, err := LoadPlans("", nil)
	if err != nil {
		panic(err)
	}
	return ps
}

func stripeSub(status string) *facts.Subscription {
	return &facts.Subscription{ID: "sub_1", CustomerID: "cus_1", Status: status, PriceID: "price_TijoriProMonth", PeriodStart: t0, PeriodEnd: t1}
}

func razorpaySub(status string, paid int) *facts.Subscription {
	return &facts.Subscription{ID: "sub_1", CustomerID: "cust_1", Status: status, PriceID: "plan_TijoriProMonth", StartAt: t0, PeriodStart: t0, PeriodEnd: t1, PaidCount: paid}
}

func with(s *facts.Subscription, change func(*facts.Subscription)) *facts.Subscription {
	change(s)
	return s
}

// TestReduceStatuses is providers.md section 3, one line a row.
func TestReduceStatuses(t *testing.T) {
	t.Parallel()
	next := func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd = t1, t2 }
	trial := func(s *facts.Subscription) { s.TrialEnd = t1 }
	ended := func(s *facts.Subscription) { s.EndedAt = t0.Add(time.Hour) }
	never := time.Time{}
	for name, c := range map[string]struct {
		provider facts.Provider
		sub      *facts.Subscription
		status   Status
		paid     time.Time
		access   time.Time
		ending   bool
	}{
		"incomplete":           {facts.Stripe, stripeSub("incomplete"), Incomplete, never, never, false},
		"trialing":             {facts.Stripe, with(stripeSub("trialing"), trial), Trialing, t1, t1, false},
		"active":               {facts.Stripe, stripeSub("active"), Active, t1, t1.Add(Grace), false},
		"cancel at period end": {facts.Stripe, with(stripeSub("active"), func(s *facts.Subscription) { s.CancelAtPeriodEnd, s.CancelAt = true, t1 }), Active, t1, t1, true},
		"cancel_at alone":      {facts.Stripe, with(stripeSub("active"), func(s *facts.Subscription) { s.CancelAt = t1 }), Active, t1, t1, true},
		"cancel_at earlier":    {facts.Stripe, with(stripeSub("active"), func(s *facts.Subscription) { s.CancelAt = t0.Add(day) }), Active, t1, t0.Add(day), true},
		"cancel_at later":      {facts.Stripe, with(stripeSub("active"), func(s *facts.Subscription) { s.CancelAt = t2 }), Active, t1, t1.Add(Grace), true},
		"past_due":             {facts.Stripe, with(stripeSub("past_due"), next), PastDue, t1, t1.Add(Grace), false},
		"unpaid":               {facts.Stripe, with(stripeSub("unpaid"), next), PastDue, t1, t1, false},
		"paused":               {facts.Stripe, with(stripeSub("paused"), trial), Paused, t1, never, false},
		"canceled":             {facts.Stripe, with(stripeSub("canceled"), ended), Canceled, t0.Add(time.Hour), t0.Add(time.Hour), true},
		"incomplete_expired":   {facts.Stripe, with(stripeSub("incomplete_expired"), ended), Expired, never, never, true},

		"created":              {facts.Razorpay, with(razorpaySub("created", 0), func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd, s.StartAt = never, never, never }), Incomplete, never, never, false},
		"authenticated":        {facts.Razorpay, with(razorpaySub("authenticated", 0), func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd, s.StartAt = never, never, t1 }), Trialing, t1, t1, false},
		"active at Razorpay":   {facts.Razorpay, razorpaySub("active", 1), Active, t1, t1.Add(Grace), false},
		"pending":              {facts.Razorpay, with(razorpaySub("pending", 1), next), PastDue, t1, t1.Add(Grace), false},
		"halted":               {facts.Razorpay, with(razorpaySub("halted", 1), next), PastDue, t1, t1, false},
		"paused, paid":         {facts.Razorpay, razorpaySub("paused", 1), Paused, t1, t1, false},
		"cancelled, paid":      {facts.Razorpay, with(razorpaySub("cancelled", 1), ended), Canceled, t1, t1, true},
		"cancelled in dunning": {facts.Razorpay, with(with(razorpaySub("cancelled", 1), next), ended), Canceled, t1, t1, true},
		"cancelled unpaid":     {facts.Razorpay, with(razorpaySub("cancelled", 0), ended), Canceled, never, never, true},
		"paid by invoices":     {facts.Razorpay, with(with(razorpaySub("cancelled", 1), next), func(s *facts.Subscription) { s.PaidUntil = t2 }), Canceled, t2, t2, true},
		"completed":            {facts.Razorpay, with(razorpaySub("completed", 12), ended), Active, t1, t1, true},
		"expired at Razorpay":  {facts.Razorpay, with(razorpaySub("expired", 0), ended), Expired, never, never, true},
	} {
		got, effects := Reduce(Subscription{Provider: c.provider, ID: "sub_1"}, Facts{Subscription: c.sub, Fetched: true}, priced, t0.Add(2*time.Hour))
		if got.Status != c.status || !got.PaidThrough.Equal(c.paid) || !got.AccessUntil.Equal(c.access) || got.CancelAtPeriodEnd != c.ending || got.PlanID != "pro" {
			t.Errorf("%s: status %s, paid through %v, access until %v, ending %v, plan %q; want %s, %v, %v, %v", name, got.Status, got.PaidThrough, got.AccessUntil, got.CancelAtPeriodEnd, got.PlanID, c.status, c.paid, c.access, c.ending)
		}
		if len(effects.Reviews) != 0 {
			t.Errorf("%s: reviews %v", name, effects.Reviews)
		}
	}
}

const day = 24 * time.Hour

func TestReduceDoubtsAskAPerson(t *testing.T) {
	t.Parallel()
	known, _ := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_1"}, Facts{Subscription: stripeSub("active"), Fetched: true}, priced, t0)
	for name, c := range map[string]struct {
		f      Facts
		reason string
		keeps  bool
	}{
		"unknown status": {Facts{Subscription: stripeSub("hibernating"), Fetched: true}, ReviewUnknownStatus, true},
		"other customer": {Facts{Subscription: with(stripeSub("active"), func(s *facts.Subscription) { s.CustomerID = "cus_2" }), Fetched: true}, ReviewCustomerChanged, true},
		"unknown price":  {Facts{Subscription: with(stripeSub("active"), func(s *facts.Subscription) { s.PriceID = "price_X" }), Fetched: true}, ReviewUnknownPrice, false},
		"currency":       {paidEvent(500, "EUR", t0), ReviewCurrencyMismatch, true},
		"amount":         {paidEvent(499, "USD", t0), ReviewAmountMismatch, true},
	} {
		got, effects := Reduce(known, c.f, priced, t0.Add(time.Hour))
		if len(effects.Reviews) != 1 || effects.Reviews[0].Reason != c.reason {
			t.Errorf("%s: reviews %v", name, effects.Reviews)
		}
		if got.Grants(t0.Add(time.Hour)) != c.keeps {
			t.Errorf("%s: grants %v", name, !c.keeps)
		}
	}
	over, _ := Reduce(known, Facts{Subscription: with(stripeSub("canceled"), func(s *facts.Subscription) { s.EndedAt = t0.Add(day) }), Fetched: true}, priced, t0.Add(day))
	again, effects := Reduce(over, Facts{Subscription: stripeSub("active"), Fetched: true, Events: paidEvent(500, "USD", t0.Add(2*day)).Events}, priced, t0.Add(2*day))
	if again.Status != Canceled || again.Grants(t0.Add(2*day)) || len(effects.Reviews) != 1 || effects.Reviews[0].Reason != ReviewPaymentAfterEnd {
		t.Errorf("an ended subscription reopens: %+v, %v", again, effects.Reviews)
	}
}

func paidEvent(minor int64, currency string, at time.Time) Facts {
	return Facts{Events: []*facts.Event{{
		Provider: facts.Stripe, ID: "evt", Type: "invoice.paid", Created: at,
		Payment: &facts.Payment{ID: "in_1", Paid: true, Full: true, Amount: money.Amount{Minor: minor, Currency: currency}, At: at},
	}}}
}

func TestGraceBeginsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	sub := with(stripeSub("past_due"), func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd = t1, t2 })
	failed := func(at time.Time) *facts.Event {
		return &facts.Event{Provider: facts.Stripe, Type: "invoice.payment_failed", Created: at, Payment: &facts.Payment{ID: "in_2"}}
	}
	first, second, before := failed(t1.Add(time.Hour)), failed(t1.Add(3*day)), failed(t0.Add(time.Hour))
	for _, order := range [][]*facts.Event{{first, second, before}, {second, first}, {before, second, second, first}} {
		var s Subscription
		s.Provider, s.ID = facts.Stripe, "sub_1"
		for _, ev := range order {
			s, _ = Reduce(s, Facts{Subscription: sub, Fetched: true, Events: []*facts.Event{ev}}, priced, t1.Add(4*day))
		}
		if want := t1.Add(time.Hour).Add(Grace); !s.AccessUntil.Equal(want) {
			t.Errorf("access until %v, want %v", s.AccessUntil, want)
		}
	}
}

// TestReduceIgnoresOrder: whatever the order and number of the events, asking
// the provider each time ends where asking once ends, with the same effects.
func TestReduceIgnoresOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		provider := rapid.SampledFrom([]facts.Provider{facts.Stripe, facts.Razorpay}).Draw(t, "provider")
		history := drawHistory(t, provider)
		final := history[len(history)-1]
		var events []*facts.Event
		for i, sub := range history {
			copied := *sub
			events = append(events, &facts.Event{Provider: provider, ID: "evt", Type: "customer.subscription.updated", Created: t0.Add(time.Duration(i) * day), Subscription: &copied})
			if rapid.Bool().Draw(t, "paid") {
				p := paidEvent(500, "USD", t0.Add(time.Duration(i)*day)).Events[0]
				p.Provider = provider
				p.Payment.ID = rapid.SampledFrom([]string{"in_1", "in_2", "in_3"}).Draw(t, "invoice")
				events = append(events, p)
			}
		}
		now := t0.Add(time.Duration(len(history)) * day)
		apply := func(order []*facts.Event) (Subscription, map[string]bool) {
			s, done := Subscription{Provider: provider, ID: "sub_1"}, map[string]bool{}
			for _, ev := range order {
				var out Effects
				s, out = Reduce(s, Facts{Subscription: final, Fetched: true, Events: []*facts.Event{ev}}, priced, now)
				for _, p := range out.Payments {
					done["payment "+p.ID] = true
				}
				for _, r := range out.Reviews {
					done["review "+r.Reason+" "+r.Key] = true
				}
			}
			return s, done
		}
		want, effects := apply(events)
		order := rapid.Permutation(slices.Concat(events, rapid.SliceOfN(rapid.SampledFrom(events), 0, 5).Draw(t, "again"))).Draw(t, "order")
		got, gotEffects := apply(order)
		if got != want {
			t.Fatalf("in another order: %+v, want %+v", got, want)
		}
		if len(effects) != len(gotEffects) {
			t.Fatalf("effects %v, want %v", gotEffects, effects)
		}
		for k := range effects {
			if !gotEffects[k] {
				t.Fatalf("effect %s is missing", k)
			}
		}
	})
}

// TestSnapshotsNeverReopen: without the provider, in any order, an ended
// subscription stays ended and grants nothing that the final word does not.
func TestSnapshotsNeverReopen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		history := append(drawHistory(t, facts.Stripe), with(stripeSub("canceled"), func(s *facts.Subscription) { s.EndedAt = t0.Add(20 * day) }))
		var all []Facts
		for i, sub := range history {
			all = append(all, Facts{Subscription: sub, At: t0.Add(time.Duration(i) * day)})
		}
		s := Subscription{Provider: facts.Stripe, ID: "sub_1"}
		for _, f := range rapid.Permutation(all).Draw(t, "order") {
			s, _ = Reduce(s, f, priced, t0.Add(30*day))
		}
		if s.Status != Canceled || s.Grants(t0.Add(21*day)) {
			t.Fatalf("in the end %+v", s)
		}
	})
}

func drawHistory(t *rapid.T, provider facts.Provider) []*facts.Subscription {
	words := []string{"incomplete", "trialing", "active", "past_due", "unpaid", "paused", "active"}
	if provider == facts.Razorpay {
		words = []string{"created", "authenticated", "active", "pending", "halted", "paused", "cancelled"}
	}
	n := rapid.IntRange(1, 8).Draw(t, "steps")
	var out []*facts.Subscription
	paid := 1
	for i := range n {
		s := stripeSub(rapid.SampledFrom(words).Draw(t, "status"))
		if provider == facts.Razorpay {
			paid += rapid.IntRange(0, 1).Draw(t, "cycles")
			s = razorpaySub(s.Status, paid)
		}
		s.PeriodStart, s.PeriodEnd = t0.AddDate(0, 0, 30*i), t0.AddDate(0, 0, 30*(i+1))
		s.TrialEnd = t0.Add(14 * day)
		if rapid.Bool().Draw(t, "ending") {
			s.CancelAt = s.PeriodEnd
		}
		out = append(out, s)
	}
	return out
}
