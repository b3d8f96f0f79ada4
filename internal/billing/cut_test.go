package billing

import (
	"fmt"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// A year is changed to the month after some time, what was left of it is credited, and then months are not paid.
// Whichever of it is heard of, how often and how late, and also when the worker hears of the change only months
// later: the year pays until the change and for none of the months after it, nor does it bring its credits.
func TestAYearThatWasCutPaysForNoMonthAfterIt(t *testing.T) {
	t.Parallel()
	changed := t0.AddDate(0, 0, 60)
	begins := func(n int) time.Time { return changed.AddDate(0, n, 0) }
	year := paidFor("in_year", "price_TijoriProYear", t0, t0.AddDate(1, 0, 0))
	month := func(n int, status string) *facts.Invoice {
		in := paidFor(fmt.Sprint("in_", n), proMonth, begins(n), begins(n+1))
		in.Status = status
		return in
	}
	for name, months := range map[string][]*facts.Invoice{
		"no month is paid":     {month(0, "open"), month(1, "open"), month(2, "draft")},
		"they are written off": {month(0, "uncollectible"), month(1, "void"), month(2, "open")},
		"the first is paid":    {month(0, "paid"), month(1, "open"), month(2, "open")},
		"the third is paid":    {month(0, "open"), month(1, "open"), month(2, "paid")},
	} {
		// At each of four moments, from the year on, the worker hears one of these.
		heard := [][]*facts.Invoice{nil, {year}, {year, months[0]}}
		for n := range 4 * 4 * 4 * 4 {
			state := Subscription{Provider: facts.Stripe, ID: "sub_1"}
			for at, k := 0, n; at < 4; at, k = at+1, k/4 {
				if k%4 == 3 && at < 3 {
					continue // nothing comes
				}
				sub, all := stripeSub("past_due"), []facts.Invoice{*year}
				sub.PriceID, sub.PeriodStart, sub.PeriodEnd = "price_TijoriProYear", t0, t0.AddDate(1, 0, 0)
				sub.Latest = year
				now := t0.Add(time.Hour)
				if at > 0 {
					sub.PriceID, sub.PeriodStart, sub.PeriodEnd = proMonth, begins(at-1), begins(at)
					sub.Latest, now = months[at-1], begins(at-1).Add(time.Hour)
				}
				sub.LatestID = sub.Latest.ID
				for _, in := range months[:at] {
					all = append([]facts.Invoice{*in}, all...)
				}
				f := Facts{Subscription: sub, Fetched: true}
				for _, in := range heard[min(k%4, min(at+1, 2))] {
					f.Events = append(f.Events, &facts.Event{Provider: facts.Stripe, Invoice: in})
				}
				if unclear(state, f, priced, now) {
					f.Invoices = all
				}
				state, _ = Reduce(state, f, priced, now)
				// the year's own end while it runs; then the last month that is paid by then, or the change
				want := t0.AddDate(1, 0, 0)
				if at > 0 {
					want = changed
				}
				for i, in := range months[:at] {
					if in.Paid() {
						want = begins(i + 1)
					}
				}
				// Who hears of it for the first time later believes the invoice of the present period.
				knows := n%4 != 3
				if got := state.PaidThrough; got.After(want) || knows && !got.Equal(want) {
					t.Fatalf("%s, history %d, moment %d: paid through %v, want %v", name, n, at, got, want)
				}
			}
		}
	}
}

// A snapshot that shows more cycles paid, while one was skipped, does not tell which. Nothing is given for it
// until the provider has told.
func TestASnapshotThatSkipsACyclePaysNothing(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return t0.AddDate(0, n, 0) }
	sub := func(status string, cycle, paid int) *facts.Subscription {
		return with(razorpaySub(status, paid), func(s *facts.Subscription) {
			s.PeriodStart, s.PeriodEnd = at(cycle-1), at(cycle)
		})
	}
	for _, status := range []string{"active", "completed", "pending", "halted"} {
		state, _ := Reduce(Subscription{Provider: facts.Razorpay, ID: "sub_1"}, Facts{
			Subscription: sub("active", 1, 1), Fetched: true,
		}, priced, at(0))
		state, _ = Reduce(state, Facts{Subscription: sub(status, 3, 2), At: at(2)}, priced, at(2))
		if !state.PaidThrough.Equal(at(1)) {
			t.Errorf("%s, by a snapshot: paid through %v, want %v", status, state.PaidThrough, at(1))
		}
		f := Facts{Subscription: sub(status, 3, 2), Fetched: true}
		if !unclear(state, f, priced, at(2)) {
			t.Errorf("%s: the provider's answer is taken without its invoices", status)
		}
	}
}
