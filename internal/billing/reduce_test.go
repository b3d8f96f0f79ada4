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
	return &facts.Subscription{
		ID: "sub_1", CustomerID: "cus_1", Status: status, PriceID: "price_TijoriProMonth",
		PeriodStart: t0, PeriodEnd: t1,
	}
}

func razorpaySub(status string, paid int) *facts.Subscription {
	return &facts.Subscription{
		ID: "sub_1", CustomerID: "cust_1", Status: status, PriceID: "plan_TijoriProMonth",
		StartAt: t0, PeriodStart: t0, PeriodEnd: t1, PaidCount: paid,
	}
}

func with(s *facts.Subscription, changes ...func(*facts.Subscription)) *facts.Subscription {
	for _, change := range changes {
		change(s)
	}
	return s
}

// paidFor is a paid invoice of Stripe for a period of a price.
func paidFor(id, price string, from, to time.Time) *facts.Invoice {
	return &facts.Invoice{
		ID: id, SubscriptionID: "sub_1", Status: "paid", Reason: "subscription_cycle",
		Lines: []facts.Line{{PriceID: price, Start: from, End: to, Amount: 500}},
	}
}

const proMonth, teamMonth = "price_TijoriProMonth", "price_TijoriTeamMonth"

// TestReduceStatuses is the table of docs/billing.md, one line a row: what a
// status gives when the first period is paid, and the rest of the time when not.
func TestReduceStatuses(t *testing.T) {
	t.Parallel()
	next := func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd = t1, t2 }
	trial := func(s *facts.Subscription) { s.TrialEnd = t1 }
	ended := func(s *facts.Subscription) { s.EndedAt = t0.Add(time.Hour) }
	paid := func(s *facts.Subscription) {
		s.LatestID, s.Latest = "in_1", paidFor("in_1", proMonth, t0, t1)
	}
	open := func(s *facts.Subscription) {
		s.LatestID, s.Latest = "in_2", paidFor("in_2", proMonth, s.PeriodStart, s.PeriodEnd)
		s.Latest.Status = "open"
	}
	never := time.Time{}
	for name, c := range map[string]struct {
		provider facts.Provider
		sub      *facts.Subscription
		status   Status
		paid     time.Time
		access   time.Time
		ending   bool
	}{
		"incomplete":            {facts.Stripe, with(stripeSub("incomplete"), open), Incomplete, never, never, false},
		"trialing":              {facts.Stripe, with(stripeSub("trialing"), trial), Trialing, t1, t1, false},
		"active and paid":       {facts.Stripe, with(stripeSub("active"), paid), Active, t1, t1.Add(Grace), false},
		"active, not collected": {facts.Stripe, with(stripeSub("active"), open), Active, never, never, false},
		"active, the hour": {
			facts.Stripe, with(stripeSub("active"), next, trial, open), Active, t1, t1.Add(Grace),
			false,
		},
		"active, no invoice": {facts.Stripe, stripeSub("active"), Active, t1, t1.Add(Grace), false},
		"cancel at period end": {facts.Stripe, with(stripeSub("active"), paid,
			func(s *facts.Subscription) { s.CancelAtPeriodEnd, s.CancelAt = true, t1 }), Active, t1, t1, true},
		"cancel_at alone": {facts.Stripe, with(stripeSub("active"), paid,
			func(s *facts.Subscription) { s.CancelAt = t1 }), Active, t1, t1, true},
		"cancel_at earlier": {facts.Stripe, with(stripeSub("active"), paid,
			func(s *facts.Subscription) { s.CancelAt = t0.Add(day) }), Active, t1, t0.Add(day), true},
		"cancel_at later": {facts.Stripe, with(stripeSub("active"), paid,
			func(s *facts.Subscription) { s.CancelAt = t2 }), Active, t1, t1.Add(Grace), true},
		"past_due after trial": {
			facts.Stripe, with(stripeSub("past_due"), next, trial, open), PastDue, t1,
			t1.Add(Grace), false,
		},
		"past_due, never paid": {facts.Stripe, with(stripeSub("past_due"), next, open), PastDue, never, never, false},
		"unpaid":               {facts.Stripe, with(stripeSub("unpaid"), next, trial, open), PastDue, t1, t1, false},
		"paused":               {facts.Stripe, with(stripeSub("paused"), trial), Paused, t1, never, false},
		"canceled": {
			facts.Stripe, with(stripeSub("canceled"), paid, ended), Canceled, t0.Add(time.Hour),
			t0.Add(time.Hour), true,
		},
		"canceled, never paid": {facts.Stripe, with(stripeSub("canceled"), open, ended), Canceled, never, never, true},
		"incomplete_expired": {
			facts.Stripe, with(stripeSub("incomplete_expired"), ended), Expired, never, never,
			true,
		},

		"created": {
			facts.Razorpay, with(razorpaySub("created", 0),
				func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd, s.StartAt = never, never, never }),
			Incomplete, never, never, false,
		},
		"authenticated": {
			facts.Razorpay, with(razorpaySub("authenticated", 0),
				func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd, s.StartAt = never, never, t1 }),
			Trialing, t1, t1, false,
		},
		"active at Razorpay": {facts.Razorpay, razorpaySub("active", 1), Active, t1, t1.Add(Grace), false},
		"active, not charged": {
			facts.Razorpay, with(razorpaySub("active", 1), next), Active, t1, t1.Add(Grace),
			false,
		},
		"active, never charged": {facts.Razorpay, razorpaySub("active", 0), Active, t0, t0, false},
		"pending": {
			facts.Razorpay, with(razorpaySub("pending", 1), next), PastDue, t1, t1.Add(Grace),
			false,
		},
		"halted":          {facts.Razorpay, with(razorpaySub("halted", 1), next), PastDue, t1, t1, false},
		"paused, paid":    {facts.Razorpay, razorpaySub("paused", 1), Paused, t1, t1, false},
		"cancelled, paid": {facts.Razorpay, with(razorpaySub("cancelled", 1), ended), Canceled, t1, t1, true},
		"cancelled in dunning": {
			facts.Razorpay, with(razorpaySub("cancelled", 1), next, ended), Canceled, t1, t1,
			true,
		},
		"cancelled unpaid": {
			facts.Razorpay, with(razorpaySub("cancelled", 0), ended), Canceled, never, never,
			true,
		},
		"completed": {facts.Razorpay, with(razorpaySub("completed", 12), ended), Active, t1, t1, true},
		"completed, last not paid": {
			facts.Razorpay, with(razorpaySub("completed", 1), next, ended), Active, t1, t1,
			true,
		},
		"expired at Razorpay": {facts.Razorpay, with(razorpaySub("expired", 0), ended), Expired, never, never, true},
	} {
		got, effects := Reduce(Subscription{Provider: c.provider, ID: "sub_1"}, Facts{
			Subscription: c.sub,
			Fetched:      true,
		}, priced, t0.Add(2*time.Hour))
		if got.Status != c.status || !got.PaidThrough.Equal(c.paid) || !got.AccessUntil.Equal(c.access) ||
			got.CancelAtPeriodEnd != c.ending || got.PlanID != "pro" {
			t.Errorf("%s: status %s, paid through %v, access until %v, ending %v, plan %q; want %s, %v, %v, %v", name,
				got.Status, got.PaidThrough, got.AccessUntil, got.CancelAtPeriodEnd,
				got.PlanID, c.status, c.paid, c.access, c.ending)
		}
		if len(effects.Reviews) != 0 {
			t.Errorf("%s: reviews %v", name, effects.Reviews)
		}
	}
}

// TestOnlyPaidLinesCover tries what stands on invoices besides the plan's period:
// none of it moves paid-through.
func TestOnlyPaidLinesCover(t *testing.T) {
	t.Parallel()
	far := t0.AddDate(1, 0, 0)
	line := func(change func(*facts.Invoice, *facts.Line)) *facts.Invoice {
		in := paidFor("in_x", proMonth, t0.Add(day), far)
		change(in, &in.Lines[0])
		return in
	}
	for name, c := range map[string]struct {
		in   *facts.Invoice
		want time.Time
	}{
		"an add-on for a year":     {line(func(_ *facts.Invoice, l *facts.Line) { l.PriceID = "price_AddOn" }), t1},
		"a one-time item":          {line(func(_ *facts.Invoice, l *facts.Line) { l.Once = true }), t1},
		"credit for unused time":   {line(func(_ *facts.Invoice, l *facts.Line) { l.Amount = -1 }), t1},
		"an open invoice":          {line(func(in *facts.Invoice, _ *facts.Line) { in.Status = "open" }), t1},
		"a draft":                  {line(func(in *facts.Invoice, _ *facts.Line) { in.Status = "draft" }), t1},
		"a void one":               {line(func(in *facts.Invoice, _ *facts.Line) { in.Status = "void" }), t1},
		"a written off one":        {line(func(in *facts.Invoice, _ *facts.Line) { in.Status = "uncollectible" }), t1},
		"another subscription's":   {line(func(in *facts.Invoice, _ *facts.Line) { in.SubscriptionID = "sub_2" }), t1},
		"the period, of nothing":   {paidFor("in_x", proMonth, t0, t1), t1},
		"longer than its period":   {paidFor("in_x", proMonth, t0, far), t1},
		"a year that was cut":      {paidFor("in_x", "price_TijoriProYear", t0.AddDate(0, -1, 0), far), t1},
		"the next period, already": {paidFor("in_x", proMonth, t1, t2), t2},
	} {
		state := Subscription{Provider: facts.Stripe, ID: "sub_1"}
		sub := stripeSub("active")
		sub.LatestID, sub.Latest = "in_1", paidFor("in_1", proMonth, t0, t1)
		for range 2 { // twice changes nothing
			state, _ = Reduce(state, Facts{
				Subscription: sub, Fetched: true,
				Events: []*facts.Event{{Provider: facts.Stripe, Type: "invoice.paid", Invoice: c.in}},
			}, priced,
				t0.Add(2*day))
			if !state.PaidThrough.Equal(c.want) {
				t.Errorf("%s: paid through %v, want %v", name, state.PaidThrough, c.want)
			}
		}
	}
}

// TestNoPlanThatWasNotPaid: a higher price gives its plan when an invoice for it
// is paid, a lower one at once.
func TestNoPlanThatWasNotPaid(t *testing.T) {
	t.Parallel()
	sub := func(status, price string, latest *facts.Invoice) *facts.Subscription {
		s := stripeSub(status)
		s.PriceID, s.LatestID, s.Latest = price, latest.ID, latest
		return s
	}
	unpaid := func(in *facts.Invoice) *facts.Invoice { in.Status = "open"; return in }
	rest := t0.Add(10 * day)
	for name, c := range map[string]struct {
		first, then *facts.Subscription
		want        string
	}{
		"upgrade, paid": {
			sub("active", proMonth, paidFor("in_1", proMonth, t0, t1)),
			sub("active", teamMonth, paidFor("in_2", teamMonth, rest, t1)), "team",
		},
		"upgrade, open": {
			sub("active", proMonth, paidFor("in_1", proMonth, t0, t1)),
			sub("past_due", teamMonth, unpaid(paidFor("in_2", teamMonth, rest, t1))), "pro",
		},
		"upgrade, billed next month": {
			sub("active", proMonth, paidFor("in_1", proMonth, t0, t1)),
			sub("active", teamMonth, paidFor("in_1", proMonth, t0, t1)), "pro",
		},
		"downgrade": {
			sub("active", teamMonth, paidFor("in_1", teamMonth, t0, t1)),
			sub("active", proMonth, paidFor("in_1", teamMonth, t0, t1)), "pro",
		},
	} {
		state, _ := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_1"}, Facts{
			Subscription: c.first,
			Fetched:      true,
		}, priced, t0.Add(time.Hour))
		state, _ = Reduce(state, Facts{Subscription: c.then, Fetched: true}, priced, rest.Add(time.Hour))
		if state.PlanID != c.want || !state.PaidThrough.Equal(t1) {
			t.Errorf("%s: plan %s, paid through %v; want %s, %v", name, state.PlanID, state.PaidThrough, c.want, t1)
		}
	}
}

// TestThePlanIsTheItemThatIsOurs: wherever it stands among the items.
func TestThePlanIsTheItemThatIsOurs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		items := []facts.Item{{ID: "si_1", PriceID: proMonth, Start: t0, End: t1}}
		for range rapid.IntRange(0, 5).Draw(t, "add-ons") {
			items = append(items, facts.Item{ID: "si_x", PriceID: "price_AddOn", Start: t0.Add(-day), End: t2})
		}
		sub := stripeSub("active")
		sub.Items = rapid.Permutation(items).Draw(t, "order")
		sub.PriceID, sub.PeriodStart, sub.PeriodEnd = sub.Items[0].PriceID, sub.Items[0].Start, sub.Items[0].End
		sub.LatestID, sub.Latest = "in_1", &facts.Invoice{
			ID: "in_1", Status: "paid",
			Lines: rapid.Permutation([]facts.Line{
				{PriceID: "price_AddOn", Start: t0, End: t2},
				{PriceID: proMonth, Start: t0, End: t1},
			}).Draw(t, "lines"),
		}
		got, out := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_1"}, Facts{Subscription: sub, Fetched: true},
			priced, t0.Add(time.Hour))
		if got.PlanID != "pro" || got.PriceID != proMonth || !got.PaidThrough.Equal(t1) || !got.PeriodEnd.Equal(t1) ||
			len(out.Reviews) != 0 {
			t.Fatalf("%+v, %v", got, out.Reviews)
		}
	})
}

// TestRazorpayCountsWhatWasCollected: paid_count, not the status, and where cycles
// were skipped the invoices say which are paid.
func TestRazorpayCountsWhatWasCollected(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return t0.AddDate(0, n, 0) }
	sub := func(status string, cycle, paid int) *facts.Subscription {
		s := razorpaySub(status, paid)
		s.PeriodStart, s.PeriodEnd = at(cycle-1), at(cycle)
		return s
	}
	paid := func(cycles ...int) (out []facts.Invoice) {
		for _, n := range cycles {
			out = append(out, facts.Invoice{
				ID: "inv", Status: "paid",
				Lines: []facts.Line{{Start: at(n - 1), End: at(n)}},
			})
		}
		return append(out, facts.Invoice{
			ID: "inv_open", Status: "issued",
			Lines: []facts.Line{{Start: at(8), End: at(9)}},
		})
	}
	type step struct {
		sub      *facts.Subscription
		invoices []facts.Invoice
	}
	for name, c := range map[string]struct {
		steps []step
		want  time.Time
		ask   bool // the last step leaves it open without the invoices
	}{
		"each cycle": {[]step{{sub("active", 1, 1), nil}, {sub("active", 2, 2), nil}}, at(2), false},
		"pending": {
			[]step{{sub("active", 1, 1), nil}, {sub("pending", 2, 1), nil}},
			at(1),
			false,
		},
		"card changed, nothing charged": {[]step{
			{sub("active", 1, 1), nil},
			{sub("halted", 2, 1), nil},
			{sub("active", 2, 1), nil},
		}, at(1), false},
		"for three cycles": {[]step{{sub("active", 1, 1), nil}, {sub("active", 4, 1), nil}}, at(1), false},
		"the next one is charged": {[]step{
			{sub("active", 1, 1), nil},
			{sub("halted", 2, 1), nil},
			{sub("active", 3, 2), paid(1, 3)},
		}, at(3), true},
		"an old one by hand": {[]step{
			{sub("active", 1, 1), nil},
			{sub("halted", 3, 1), nil},
			{sub("active", 3, 2), paid(1, 2)},
		}, at(2), true},
		"first seen in dunning": {[]step{{sub("halted", 4, 1), paid(1)}}, at(1), true},
		"first seen, cancelled": {[]step{{sub("cancelled", 3, 1), paid(1)}}, at(1), true},
		"an older snapshot":     {[]step{{sub("active", 2, 2), nil}, {sub("pending", 2, 1), nil}}, at(2), false},
	} {
		state := Subscription{Provider: facts.Razorpay, ID: "sub_1"}
		for i, st := range c.steps {
			if got := unclear(state, Facts{Subscription: st.sub, Fetched: true}, priced, at(9)); i == len(c.steps)-1 &&
				got != c.ask {
				t.Errorf("%s: the invoices are asked for: %v, want %v", name, got, c.ask)
			}
			state, _ = Reduce(state, Facts{Subscription: st.sub, Fetched: true, Invoices: st.invoices}, priced, at(9))
		}
		if !state.PaidThrough.Equal(c.want) {
			t.Errorf("%s: paid through %v, want %v", name, state.PaidThrough, c.want)
		}
	}
}

// TestACountThatLagsPaysNothing: an invoice's event pays for a cycle before the
// subscription's word counts it. The word of a later event, which shows a cycle
// that nobody collected, must not take the older payment for that cycle's.
func TestACountThatLagsPaysNothing(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return t0.AddDate(0, n, 0) }
	sub := func(status string, cycle, paid int) *facts.Subscription {
		return with(razorpaySub(status, paid), func(s *facts.Subscription) {
			s.PeriodStart, s.PeriodEnd = at(cycle-1),
				at(cycle)
		})
	}
	invoice := func(n int) facts.Invoice {
		return facts.Invoice{
			ID: "inv", SubscriptionID: "sub_1", Status: "paid",
			Lines: []facts.Line{{Start: at(n - 1), End: at(n)}},
		}
	}
	second := invoice(2)
	state, _ := Reduce(Subscription{Provider: facts.Razorpay, ID: "sub_1"}, Facts{
		Subscription: sub("active", 1, 1),
		Fetched:      true,
	}, priced, at(0))
	state, _ = Reduce(state, Facts{Events: []*facts.Event{{Provider: facts.Razorpay, Invoice: &second}}}, priced, at(1))
	state, _ = Reduce(state, Facts{Subscription: sub("active", 3, 2), At: at(2)}, priced, at(2))
	if !state.PaidThrough.Equal(at(2)) {
		t.Errorf("by the events: paid through %v, want %v", state.PaidThrough, at(2))
	}
	if !unclear(state, Facts{Subscription: sub("active", 3, 2), Fetched: true}, priced, at(2)) {
		t.Error("the provider's answer is taken without its invoices")
	}
	state, _ = Reduce(state, Facts{
		Subscription: sub("active", 4, 3), Fetched: true,
		Invoices: []facts.Invoice{invoice(1), invoice(2), invoice(4)},
	}, priced, at(3))
	if !state.PaidThrough.Equal(at(4)) {
		t.Errorf("by the provider: paid through %v, want %v", state.PaidThrough, at(4))
	}
}

// TestAmountsAreExplained: tax, coupon, balance, offer, quantity and add-ons lie
// between the price and what is paid; what nothing explains is one item, not one a month.
func TestAmountsAreExplained(t *testing.T) {
	t.Parallel()
	usd := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "USD"} }
	inr := func(minor int64) money.Amount { return money.Amount{Minor: minor, Currency: "INR"} }
	pay := func(p facts.Provider, amount money.Amount, asked ...money.Amount) *facts.Event {
		return &facts.Event{Provider: p, ID: "evt", Type: "paid", Created: t0, Payment: &facts.Payment{
			ID:        "pay_1",
			InvoiceID: "inv_1", Paid: true, Full: true, Amount: amount, Asked: asked, At: t0,
		}}
	}
	price, _ := priced.Price("pro", Month, facts.Razorpay)
	for name, c := range map[string]struct {
		sub   *facts.Subscription
		ev    *facts.Event
		list  []facts.Invoice
		items int
	}{
		"the price":           {stripeSub("active"), pay(facts.Stripe, usd(500)), nil, 0},
		"a coupon":            {stripeSub("active"), pay(facts.Stripe, usd(250), usd(500)), nil, 0},
		"nothing explains it": {stripeSub("active"), pay(facts.Stripe, usd(250)), nil, 1},
		"an offer": {
			with(razorpaySub("active", 1), func(s *facts.Subscription) { s.Offer = true }),
			pay(facts.Razorpay, inr(price.Amount.Minor/2)), nil, 0,
		},
		"an offer that asks more": {
			with(razorpaySub("active", 1), func(s *facts.Subscription) { s.Offer = true }),
			pay(facts.Razorpay, inr(price.Amount.Minor+1)), nil, 1,
		},
		"two of it": {
			with(razorpaySub("active", 1), func(s *facts.Subscription) { s.Quantity = 2 }),
			pay(facts.Razorpay, inr(2*price.Amount.Minor)), nil, 0,
		},
		"tax, by the invoice": {
			razorpaySub("active", 1), pay(facts.Razorpay, inr(price.Amount.Minor+18)),
			[]facts.Invoice{{ID: "inv_1", Asked: []money.Amount{price.Amount}}},
			0,
		},
		"another invoice's tax": {
			razorpaySub("active", 1), pay(facts.Razorpay, inr(price.Amount.Minor+18)),
			[]facts.Invoice{{ID: "inv_2", Asked: []money.Amount{price.Amount}}},
			1,
		},
	} {
		keys := map[string]bool{}
		for n := range 3 {
			c.ev.Payment.ID = "pay_" + string(rune('1'+n)) // month by month
			_, out := Reduce(Subscription{Provider: c.ev.Provider, ID: "sub_1"}, Facts{
				Subscription: c.sub,
				Fetched:      true, Events: []*facts.Event{c.ev}, Invoices: c.list,
			}, priced, t0.Add(time.Hour))
			for _, r := range out.Reviews {
				keys[r.Reason+" "+r.Key] = true
			}
		}
		if len(keys) != c.items {
			t.Errorf("%s: items %v, want %d", name, keys, c.items)
		}
	}
}

const day = 24 * time.Hour

func TestReduceDoubtsAskAPerson(t *testing.T) {
	t.Parallel()
	known, _ := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_1"}, Facts{
		Subscription: stripeSub("active"),
		Fetched:      true,
	}, priced, t0)
	for name, c := range map[string]struct {
		f      Facts
		reason string
		keeps  bool
	}{
		"unknown status": {Facts{Subscription: stripeSub("hibernating"), Fetched: true}, ReviewUnknownStatus, true},
		"other customer": {Facts{Subscription: with(stripeSub("active"),
			func(s *facts.Subscription) { s.CustomerID = "cus_2" }), Fetched: true}, ReviewCustomerChanged, true},
		"unknown price": {Facts{Subscription: with(stripeSub("active"),
			func(s *facts.Subscription) { s.PriceID = "price_X" }), Fetched: true}, ReviewUnknownPrice, true},
		"currency": {paidEvent(500, "EUR", t0), ReviewCurrencyMismatch, true},
		"amount":   {paidEvent(499, "USD", t0), ReviewAmountMismatch, true},
	} {
		got, effects := Reduce(known, c.f, priced, t0.Add(time.Hour))
		if len(effects.Reviews) != 1 || effects.Reviews[0].Reason != c.reason {
			t.Errorf("%s: reviews %v", name, effects.Reviews)
		}
		if got.Grants(t0.Add(time.Hour)) != c.keeps {
			t.Errorf("%s: grants %v", name, !c.keeps)
		}
	}
	if got, _ := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_2"}, Facts{Subscription: with(stripeSub("active"),
		func(s *facts.Subscription) { s.PriceID = "price_X" }), Fetched: true}, priced, t0); got.Grants(t0) {
		t.Errorf("a price that nobody here has ever known gives plan %q", got.PlanID)
	}
	over, _ := Reduce(known, Facts{Subscription: with(stripeSub("canceled"),
		func(s *facts.Subscription) { s.EndedAt = t0.Add(day) }), Fetched: true}, priced, t0.Add(day))
	again, effects := Reduce(over, Facts{Subscription: stripeSub("active"), Fetched: true, Events: paidEvent(500, "USD",
		t0.Add(2*day)).Events}, priced, t0.Add(2*day))
	if again.Status != Canceled || again.Grants(t0.Add(2*day)) || len(effects.Reviews) != 1 ||
		effects.Reviews[0].Reason != ReviewPaymentAfterEnd {
		t.Errorf("an ended subscription reopens: %+v, %v", again, effects.Reviews)
	}
}

func paidEvent(minor int64, currency string, at time.Time) Facts {
	return Facts{Events: []*facts.Event{{
		Provider: facts.Stripe, ID: "evt", Type: "invoice.paid", Created: at,
		Payment: &facts.Payment{ID: "in_1", Paid: true, Full: true, Amount: money.Amount{
			Minor:    minor,
			Currency: currency,
		}, At: at},
	}}}
}

// TestGraceIsCountedFromWhatIsPaid: whatever fails, however often, and in how many
// cycles, there is one grace.
func TestGraceIsCountedFromWhatIsPaid(t *testing.T) {
	t.Parallel()
	failed := func(at time.Time) *facts.Event {
		return &facts.Event{
			Provider: facts.Stripe, Type: "invoice.payment_failed", Created: at,
			Payment: &facts.Payment{ID: "in_2"},
		}
	}
	first, second, before := failed(t1.Add(time.Hour)), failed(t1.Add(3*day)), failed(t0.Add(time.Hour))
	for _, order := range [][]*facts.Event{{first, second, before}, {second, first}, {before, second, second, first}} {
		s, _ := Reduce(Subscription{Provider: facts.Stripe, ID: "sub_1"}, Facts{
			Subscription: stripeSub("active"),
			Fetched:      true,
		}, priced, t0)
		for n, ev := range order {
			sub := with(stripeSub("past_due"), func(s *facts.Subscription) { s.PeriodStart, s.PeriodEnd = t1, t2 })
			if n > 0 { // the next cycle begins, and is not paid either
				sub.PeriodStart, sub.PeriodEnd = t2, t2.Add(30*day)
			}
			s, _ = Reduce(s, Facts{Subscription: sub, Fetched: true, Events: []*facts.Event{ev}}, priced, t1.Add(4*day))
			if want := t1.Add(Grace); !s.AccessUntil.Equal(want) || !s.PaidThrough.Equal(t1) {
				t.Errorf("access until %v, paid through %v, want %v", s.AccessUntil, s.PaidThrough, want)
			}
		}
		if !s.FailedAt.Equal(t1.Add(time.Hour)) {
			t.Errorf("it first failed at %v, want %v", s.FailedAt, t1.Add(time.Hour))
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
			events = append(events, &facts.Event{
				Provider: provider, ID: "evt", Type: "customer.subscription.updated",
				Created: t0.Add(time.Duration(i) * day), Subscription: &copied,
			})
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
		order := rapid.Permutation(slices.Concat(events, rapid.SliceOfN(rapid.SampledFrom(events), 0, 5).Draw(t,
			"again"))).Draw(t, "order")
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
		history := append(drawHistory(t, facts.Stripe), with(stripeSub("canceled"),
			func(s *facts.Subscription) { s.EndedAt = t0.Add(20 * day) }))
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
