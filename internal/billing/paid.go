package billing

import (
	"math"
	"slices"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// How far an account has paid. The one rule: paid-through is the end of the
// latest period that a line of the subscription covers on an invoice that is
// paid. A status grants nothing by itself, and neither end of the provider's
// current period does: at both providers the period moves on before anything is
// collected for it. What was found covered once is kept in the state (PaidThrough,
// and the line's start and price), so each fact is folded in, whatever its order.

// A span is time that is paid for.
type span struct {
	from, to time.Time
	price    string // the provider's price that was paid for
	cut      bool   // it was to last longer, and another period began
}

// breakAfter is how much time may lie between two spans that follow one another
// without a break: cycles begin at midnight, payments do not.
const breakAfter = 24 * time.Hour

// cover folds a span into what is paid: the one that reaches furthest counts,
// and of two that reach as far the one that began later, which a change of price
// in the middle of a period has brought. At Stripe a period can be cut short, by a change from
// the year to the month: what was left of it is credited, and it lasts until the next one begins.
// PaidFrom is that moment then, so that the invoice of the year, heard of again, pays for no more.
func (s Subscription) cover(p span) Subscription {
	if p.to.IsZero() {
		return s
	}
	if s.Provider == facts.Stripe && !p.from.IsZero() && !s.PaidFrom.IsZero() {
		switch {
		case p.from.Before(s.PaidFrom):
			p.to, p.cut = earliest(p.to, s.PaidFrom), false
		case p.from.After(s.PaidFrom) && p.to.Before(s.PaidThrough):
			s.PaidThrough = p.from
		}
	}
	switch {
	case s.PaidThrough.IsZero(), p.from.After(s.PaidThrough.Add(breakAfter)):
		s.PaidSince = p.from // for the first time, or again after a break
	case p.from.IsZero() || s.PaidSince.IsZero() || p.to.Before(s.PaidSince.Add(-breakAfter)):
	default:
		s.PaidSince = earliest(s.PaidSince, p.from) // what lay between has turned up
	}
	later := p.to.Compare(s.PaidThrough)
	if later == 0 {
		later = p.from.Compare(s.PaidFrom)
	}
	if later > 0 || later == 0 && p.price > s.PaidPriceID {
		s.PaidThrough, s.PaidFrom, s.PaidPriceID = p.to, p.from, p.price
		if p.cut {
			s.PaidFrom = p.to
		}
	}
	return s
}

// cutBy ends a span where a period of the plan began inside it that ends earlier, paid or not.
func (p span) cutBy(periods []span) span {
	end := p.to
	for _, next := range periods {
		if next.from.After(p.from) && next.from.Before(p.to) && next.to.Before(end) {
			p.to, p.cut = next.from, true
		}
	}
	return p
}

// cutAt ends a span that reaches beyond the beginning of the present period and began before it.
func (p span) cutAt(start time.Time) span {
	if !start.IsZero() && !p.from.IsZero() && p.from.Before(start) && start.Before(p.to) {
		p.to, p.cut = start, true
	}
	return p
}

// reach is how far a span that is paid for reaches in the present period. One
// that began before it ends where it begins: when a period was cut short, by a
// change from the year to the month, what was left of it has been credited.
func reach(p span, start, end time.Time, slack time.Duration) time.Time {
	switch {
	case start.IsZero() || end.IsZero(), !p.from.Before(end):
		return p.to
	case p.from.Before(start.Add(-slack)):
		return earliest(p.to, start)
	}
	return earliest(p.to, end)
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// slackOf is by how much a cycle at Razorpay and the invoice for it may differ in
// their beginnings: cycles begin at midnight in India, the first with its payment.
func slackOf(p facts.Provider) time.Duration {
	if p == facts.Razorpay {
		return 24 * time.Hour
	}
	return 0
}

// paidBy lists what an invoice pays for: nothing while it is not paid, and never
// for one-time items, for credit that gives time back, or for an add-on's period.
func paidBy(in *facts.Invoice, s Subscription, plans *Plans) []span {
	if in == nil || !in.Paid() {
		return nil
	}
	return spans(in, s, plans)
}

func spans(in *facts.Invoice, s Subscription, plans *Plans) (out []span) {
	for _, l := range in.Lines {
		price := l.PriceID
		if price == "" {
			price = s.PriceID
		}
		_, ours := plans.PriceByID(s.Provider, price)
		if l.Once || l.Amount < 0 || l.End.IsZero() || !ours && price != s.PriceID {
			continue
		}
		out = append(out, span{from: l.Start, to: l.End, price: price})
	}
	return out
}

// invoices are the paid and unpaid invoices of a subscription that the facts tell
// of: what was asked for, and what events carried.
func (f Facts) invoices(id string) (out []*facts.Invoice) {
	if f.Subscription != nil && f.Subscription.Latest != nil {
		out = append(out, f.Subscription.Latest)
	}
	for i := range f.Invoices {
		out = append(out, &f.Invoices[i])
	}
	for _, ev := range f.Events {
		if in := ev.Invoice; in != nil && (in.SubscriptionID == id || in.SubscriptionID == "") {
			out = append(out, in)
		}
	}
	return out
}

// pay folds all that the facts tell of money into the state. The state has the
// provider's present period already; before is what was known until now.
func pay(before, s Subscription, f Facts, plans *Plans) Subscription {
	var paid, periods []span
	for _, in := range f.invoices(s.ID) {
		paid = append(paid, paidBy(in, s, plans)...)
		if s.Provider == facts.Stripe {
			periods = append(periods, spans(in, s, plans)...)
		}
	}
	if f.Subscription != nil { // what was paid before may have been cut short
		kept := span{from: before.PeriodStart, to: s.PaidThrough}
		if s.Provider == facts.Stripe {
			if kept = kept.cutBy(periods).cutAt(s.PeriodStart); kept.cut {
				s.PaidFrom = kept.to
			}
		}
		s.PaidThrough = reach(kept, s.PeriodStart, s.PeriodEnd, slackOf(s.Provider))
	}
	slices.SortStableFunc(paid, func(a, b span) int { return a.from.Compare(b.from) })
	for _, p := range paid {
		if s.Provider == facts.Stripe {
			p = p.cutBy(periods)
			if f.Subscription != nil {
				p = p.cutAt(s.PeriodStart)
			}
		}
		p.to = reach(p, s.PeriodStart, s.PeriodEnd, slackOf(s.Provider))
		s = s.cover(p)
	}
	if f.Subscription == nil {
		return s
	}
	if s.Provider == facts.Stripe {
		return payStripe(before, s, f.Subscription)
	}
	return payRazorpay(before, s, f)
}

// payStripe adds what Stripe gives without an invoice: the trial, and a first
// period for which it has never made one, because its price begins later.
func payStripe(before, s Subscription, told *facts.Subscription) Subscription {
	if !s.TrialEnd.IsZero() && (s.Status == Trialing || s.Status == Paused || !s.TrialEnd.After(s.PeriodEnd)) {
		s = s.cover(span{to: s.TrialEnd, price: s.PriceID})
	}
	first := told.StartAt.IsZero() || told.StartAt.Equal(s.PeriodStart)
	known := before.Status != "" && before.Status != Incomplete && !before.PeriodStart.Equal(s.PeriodStart)
	if s.Status == Active && told.LatestID == "" && first && !known && s.PaidThrough.IsZero() {
		s = s.cover(span{from: s.PeriodStart, to: s.PeriodEnd, price: s.PriceID})
	}
	switch {
	case s.Status == Incomplete || s.Status == Expired:
		s.PaidThrough, s.PaidFrom, s.PaidSince, s.PaidPriceID = time.Time{}, time.Time{}, time.Time{}, ""
	case s.Status == Trialing: // a trial that was cut short, or made longer
		s.PaidThrough = s.TrialEnd
	case s.Status == Canceled && !s.EndedAt.IsZero() && !s.PaidThrough.IsZero():
		s.PaidThrough = earliest(s.PaidThrough, s.EndedAt)
	}
	return s
}

// payRazorpay adds what paid_count tells. It counts the cycles that were
// collected: where it has grown, one more is paid, and where it has not, none,
// whatever the status says.
func payRazorpay(before, s Subscription, f Facts) Subscription {
	told := f.Subscription
	grown := told.PaidCount > before.PaidCount
	s.PaidCount = max(before.PaidCount, told.PaidCount)
	n := cycle(told, s.Interval)
	unpaid := s.Status == PastDue // shows the next cycle, which is not collected
	now := span{from: s.PeriodStart, to: s.PeriodEnd, price: s.PriceID}
	ended := span{to: s.PeriodStart, price: s.PriceID}
	switch {
	case s.Status == Incomplete || s.Status == Expired, s.Status == Canceled && s.PaidCount == 0:
		// nothing was ever collected
		s.PaidThrough, s.PaidFrom, s.PaidSince, s.PaidPriceID = time.Time{}, time.Time{}, time.Time{}, ""
	case told.PaidCount == 0: // until it starts, and until its first cycle is collected, there is the trial only
		s = s.cover(span{to: told.StartAt, price: s.PriceID})
	case !grown:
	case told.PaidCount >= n && unpaid:
		s = s.cover(ended)
	case told.PaidCount >= n:
		s = s.cover(now)
		s.PaidSince = time.Time{} // every cycle was collected
	case hasPeriods(f.Invoices): // they tell which
	case !f.Fetched:
		// Some cycle was not collected. An event cannot tell which, and what was
		// counted so far may lag behind the invoices of other events: the next
		// answer of the provider shall find that the count has grown.
		s.PaidCount = before.PaidCount
	case before.Status != "" && before.PaidCount > 0 && !unpaid:
		s = s.cover(now) // what is collected by itself is always the current cycle
	case told.PaidCount == n-1:
		s = s.cover(ended)
	}
	return s
}

func hasPeriods(list []facts.Invoice) bool {
	for _, in := range list {
		if in.Paid() && len(in.Lines) > 0 {
			return true
		}
	}
	return false
}

// unclear reports whether what the provider said leaves open what is paid, so
// that the subscription's invoices must be asked for. It is rare: of a
// subscription that is seen for the first time, and after events were lost.
func unclear(before Subscription, f Facts, plans *Plans, now time.Time) bool {
	told := f.Subscription
	if told == nil || !f.Fetched {
		return false
	}
	next, effects := Reduce(before, f, plans, now)
	if before.Provider == facts.Razorpay {
		for _, r := range effects.Reviews {
			if r.Reason == ReviewAmountMismatch { // the invoice tells of tax and add-ons
				return true
			}
		}
		return told.PaidCount > before.PaidCount && told.PaidCount < cycle(told, next.Interval)
	}
	switch next.Status {
	case Active, PastDue, Canceled:
	default:
		return false
	}
	if len(f.Invoices) == 0 && cutUnseen(before, next, f, plans) {
		return true
	}
	if told.LatestID == "" || next.PeriodStart.IsZero() || next.PaidThrough.After(next.PeriodStart) {
		return false
	}
	if told.Latest != nil { // the invoice of the present period says by itself whether that is paid
		for _, p := range spans(told.Latest, next, plans) {
			if !p.from.After(next.PeriodStart) && !p.to.Before(next.PeriodEnd) {
				return false
			}
		}
	}
	return true
}

// cutUnseen reports whether what is paid was cut short by a period that began before the present one ends, and
// it may not have been the present one: those between were not paid, and only their invoices tell of them.
func cutUnseen(before, next Subscription, f Facts, plans *Plans) bool {
	kept := span{from: before.PeriodStart, to: before.PaidThrough}
	if kept.cutAt(next.PeriodStart).cut {
		return true
	}
	for _, in := range f.invoices(next.ID) {
		for _, p := range paidBy(in, next, plans) {
			if p.cutAt(next.PeriodStart).cut && (before.PaidFrom.IsZero() || !p.from.Before(before.PaidFrom)) {
				return true
			}
		}
	}
	return false
}

// planGiven is the plan that is in force while what is paid lasts: that of the
// subscription's price, but never more than was paid for. A higher plan whose
// invoice is open, or has yet to be made, is not given.
func planGiven(s Subscription, f Facts, plans *Plans) string {
	asked, ok := plans.PriceByID(s.Provider, s.PriceID)
	paid, was := plans.PriceByID(s.Provider, s.PaidPriceID)
	if !ok || !was || s.Status == Trialing {
		return s.PlanID
	}
	// Where the provider names no invoice the price that it shows is believed while nothing is outstanding.
	if s.Status != PastDue && f.Fetched && f.Subscription.Latest == nil {
		return s.PlanID
	}
	a, _ := plans.ByID(asked.Plan)
	p, _ := plans.ByID(paid.Plan)
	if p.Rank < a.Rank {
		return paid.Plan
	}
	return s.PlanID
}

// planItem is the item of a subscription that is a plan of ours: the highest,
// where there are several, and the first where there is none.
func planItem(provider facts.Provider, told *facts.Subscription, plans *Plans) (item facts.Item, ok bool) {
	best := -1
	for i, it := range told.Items {
		price, known := plans.PriceByID(provider, it.PriceID)
		if !known {
			continue
		}
		if p, _ := plans.ByID(price.Plan); p.Rank > best {
			best, item = p.Rank, told.Items[i]
		}
	}
	return item, best >= 0
}

// cycle is the number of the current cycle, from 1. Cycles end at midnight in
// India, so the months between are rounded.
func cycle(f *facts.Subscription, interval string) int {
	length := 30.436875 * 24 * float64(time.Hour) // a count of whole cycles, no money
	if interval == Year {
		length *= 12
	}
	if f.StartAt.IsZero() || f.PeriodStart.Before(f.StartAt) {
		return 1
	}
	return 1 + int(math.Round(float64(f.PeriodStart.Sub(f.StartAt))/length))
}
