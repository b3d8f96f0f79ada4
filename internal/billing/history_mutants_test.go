package billing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
)

// lastWriteWins believes whatever event comes last, as many do.
func lastWriteWins(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	for _, ev := range f.Events {
		if ev.Subscription != nil {
			f.Subscription, f.Fetched = ev.Subscription, true
		}
	}
	fresh := billing.Subscription{Provider: state.Provider, ID: state.ID} // an end reopens
	if f.Subscription == nil || len(f.Events) > 0 && !slices.ContainsFunc(f.Events,
		func(ev *facts.Event) bool { return ev.Subscription != nil }) {
		_, out := billing.Reduce(state, billing.Facts{Events: f.Events}, plans, now)
		return state, out
	}
	return billing.Reduce(fresh, f, plans, now)
}

// trustsCreated orders by the events' own time, in seconds, without asking.
func trustsCreated(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	f.Fetched, f.Subscription = false, nil
	for _, ev := range f.Events {
		if ev.Subscription != nil && ev.Created.After(state.SeenAt) {
			f.Subscription, f.At = ev.Subscription, ev.Created
		}
	}
	return billing.Reduce(state, f, plans, now)
}

// forgetsRepeats counts a payment of a duplicate under another key again.
func forgetsRepeats(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	for i := range out.Payments {
		if len(f.Events) > 0 && strings.HasSuffix(f.Events[0].ID, "_again") {
			out.Payments[i].ID += "_again"
		}
	}
	return next, out
}

// believesActive takes "active" for paid, as the program once did: in the hour
// before the collection, after another card at Razorpay.
func believesActive(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	if next.Status == billing.Active && !next.Ended() {
		next.PaidThrough, next.AccessUntil = next.PeriodEnd, next.PeriodEnd.Add(billing.Grace)
	}
	return next, out
}

// believesTheStart takes the start of an unpaid period for what is paid.
func believesTheStart(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	if next.Status == billing.PastDue {
		next.PaidThrough, next.AccessUntil = next.PeriodStart, next.PeriodStart.Add(billing.Grace)
	}
	return next, out
}

// gracesAgain counts the grace from each failure.
func gracesAgain(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	if next.Status == billing.PastDue {
		next.AccessUntil = now.Add(billing.Grace)
	}
	return next, out
}

// takesTheFirst takes the first item of a subscription for its plan.
func takesTheFirst(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	if f.Subscription != nil {
		copied := *f.Subscription
		copied.Items = copied.Items[:min(1, len(copied.Items))]
		f.Subscription = &copied
	}
	return billing.Reduce(state, f, plans, now)
}

// countsEveryLine lets whatever stands on a paid invoice pay for time.
func countsEveryLine(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	for _, ev := range f.Events {
		if ev.Invoice == nil || !ev.Invoice.Paid() {
			continue
		}
		for _, line := range ev.Invoice.Lines {
			if line.End.After(next.PaidThrough) {
				next.PaidThrough, next.AccessUntil = line.End, line.End
			}
		}
	}
	return next, out
}

// forgetsThePast knows only what the newest invoice says.
func forgetsThePast(state billing.Subscription, f billing.Facts, plans *billing.Plans,
	now time.Time,
) (billing.Subscription, billing.Effects) {
	if f.Subscription != nil {
		state.PaidThrough, state.PaidCount = time.Time{}, 0
		f.Invoices = nil
	}
	return billing.Reduce(state, f, plans, now)
}

// TestMutantsAreFound: a property that lets these pass proves nothing.
func TestMutantsAreFound(t *testing.T) {
	t.Parallel()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	// one item, one line, and a count that Razorpay keeps itself
	onlyStripe := []string{"takes the first", "counts every line", "forgets the past"}
	for name, mutant := range map[string]reducer{
		"last write wins": lastWriteWins, "trusts created": trustsCreated, "forgets repeats": forgetsRepeats,
		"believes active": believesActive, "believes the start": believesTheStart, "graces again": gracesAgain,
		"takes the first": takesTheFirst, "counts every line": countsEveryLine,
		"forgets the past": forgetsThePast,
	} {
		for _, provider := range both {
			if provider == facts.Razorpay && slices.Contains(onlyStripe, name) {
				continue
			}
			found := 0
			for seed := range 300 {
				history := rapid.Custom(func(t *rapid.T) bool {
					l := newLife(t, provider, plans, mutant)
					l.live(false)
					return len(l.judge()) > 0
				})
				if history.Example(seed) {
					found++
				}
			}
			if found == 0 {
				t.Errorf("%s: the mutant %q ends well in all histories", provider, name)
			}
			t.Logf("%s: %q is found by %d of 300 histories", provider, name, found)
		}
	}
}
