package simulator

import (
	"fmt"
	"sort"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

const (
	hour = int64(3600)
	day  = 24 * hour
)

func (s *Simulator) now() int64 { return s.c.Now().Unix() }

// pass lets time do its work on every object: what falls due is done in its
// own moment, however far the clock was moved.
func (s *Simulator) pass() {
	now := s.now()
	for _, cs := range sorted(s.s.Sessions) {
		if cs.Status == "open" && cs.ExpiresAt <= now {
			cs.Status = "expired"
			s.stripeEvent("checkout.session.expired", cs.ID, cs.ExpiresAt, s.sessionJSON(cs))
		}
	}
	for _, sub := range sorted(s.s.Subscriptions) {
		for range 500 { // a bound: ten years of months, with their retries
			if sub.ended() || !s.stepTime(sub, now) {
				break
			}
			s.s.changed = true
		}
	}
}

func sorted[T any](m map[string]*T) []*T {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	out := make([]*T, len(keys))
	for i, k := range keys {
		out[i] = m[k]
	}
	return out
}

// stepTime does the next thing that is due by now, and says whether there was one.
func (s *Simulator) stepTime(sub *subscription, now int64) bool {
	if sub.Provider == facts.Stripe {
		return s.stepStripe(sub, now)
	}
	return s.stepRazorpay(sub, now)
}

// A due thing happens at its own moment, earlier ones first.
type due struct {
	at int64
	do func()
}

// first does the earliest of what is due by now, and says whether there was one.
func first(now int64, list ...due) bool {
	var next *due
	for i, d := range list {
		if d.at != 0 && d.at <= now && (next == nil || d.at < next.at) {
			next = &list[i]
		}
	}
	if next == nil {
		return false
	}
	next.do()
	return true
}

func when(is bool, at int64) int64 {
	if is {
		return at
	}
	return 0
}

func (s *Simulator) stepStripe(sub *subscription, now int64) bool {
	end := func(at int64) func() { return func() { s.endStripe(sub, at, "cancellation_requested") } }
	goes := sub.Status == "active" || sub.Status == "trialing" || sub.Status == "past_due" || sub.Status == "unpaid"
	return first(now,
		due{when(sub.Status == "incomplete", sub.Created+23*hour), func() {
			sub.Status, sub.EndedAt = "incomplete_expired", sub.Created+23*hour
			s.subEvent("customer.subscription.updated", sub, sub.EndedAt)
		}},
		due{when(goes, sub.CancelAt), end(sub.CancelAt)},
		due{when(sub.CancelAtEnd && sub.Status != "paused", sub.PeriodEnd), end(sub.PeriodEnd)},
		due{when(sub.Open != "", sub.NextRetry), func() { s.collectStripe(sub, sub.NextRetry) }},
		due{when(sub.Pending != "", sub.PendingUntil), func() { s.dropPending(sub, sub.PendingUntil) }},
		due{when(goes, sub.PeriodEnd), func() { s.renewStripe(sub, sub.PeriodEnd) }},
	)
}

// renewStripe begins a period: it moves on first, still active; the invoice
// follows as a draft, and is collected an hour later. Of an unpaid subscription
// the drafts are left alone.
func (s *Simulator) renewStripe(sub *subscription, at int64) {
	if sub.Pending != "" {
		s.dropPending(sub, at)
	}
	if sub.Status == "trialing" {
		sub.Status = "active"
	}
	s.nextPhase(sub)
	sub.PeriodStart, sub.Period = sub.PeriodEnd, sub.Period+1
	sub.PeriodEnd = periodEnd(facts.Stripe, sub.Start, s.prices[sub.Price].Interval, sub.Period)
	s.subEvent("customer.subscription.updated", sub, at)
	in := s.newInvoice(sub, "subscription_cycle", at)
	s.stripeEvent("invoice.created", in.ID, at, s.invoiceJSON(in))
	if sub.Status == "unpaid" {
		return
	}
	sub.Open, sub.Retries, sub.NextRetry = in.ID, 0, at+hour
}

// collectStripe tries to collect the open invoice: the first time an hour after
// the period began, then after 3, 5 and 7 days. Then the account's setting says
// what becomes of the subscription: cancelled, unpaid, or left past due.
func (s *Simulator) collectStripe(sub *subscription, at int64) {
	in := s.s.Invoices[sub.Open]
	if in.Status == "draft" {
		in.Status = "open"
		s.stripeEvent("invoice.finalized", in.ID, at, s.invoiceJSON(in))
	}
	if !sub.BadCard && !sub.SecondFactor || in.total() == 0 {
		s.payStripe(sub, in, at)
		if sub.Status != "active" && sub.Status != "trialing" {
			sub.Status = "active"
			s.subEvent("customer.subscription.updated", sub, at)
		}
		return
	}
	if sub.SecondFactor && !sub.BadCard {
		s.stripeEvent("invoice.payment_action_required", in.ID, at, s.invoiceJSON(in))
	}
	s.stripeEvent("invoice.payment_failed", in.ID, at, s.invoiceJSON(in))
	if sub.Status != "past_due" {
		sub.Status = "past_due"
		s.subEvent("customer.subscription.updated", sub, at)
	}
	sub.Retries++
	if sub.Retries > 3 {
		sub.NextRetry = 0
		switch sub.Dunning {
		case "past_due":
		case "unpaid":
			sub.Status = "unpaid"
			s.subEvent("customer.subscription.updated", sub, at)
		default:
			in.Status = "uncollectible"
			s.endStripe(sub, at, "payment_failed")
		}
		return
	}
	sub.NextRetry = in.Created + hour + int64(2*sub.Retries+1)*day
}

func (s *Simulator) payStripe(sub *subscription, in *invoice, at int64) {
	in.Status, in.PaidAt, in.Payment, in.Charge = "paid", at, newID("pi_"), newID("ch_")
	if in.total() == 0 { // nothing moves
		in.Payment, in.Charge = "", ""
	}
	if sub.Open == in.ID {
		sub.Open, sub.Retries, sub.NextRetry = "", 0, 0
	}
	s.stripeEvent("invoice.paid", in.ID, at, s.invoiceJSON(in))
}

// dropPending forgets a change of price that was not paid in time.
func (s *Simulator) dropPending(sub *subscription, at int64) {
	if in := s.s.Invoices[sub.PendingInvoice]; in != nil && in.Status == "open" {
		in.Status = "void"
		s.stripeEvent("invoice.voided", in.ID, at, s.invoiceJSON(in))
	}
	sub.Pending, sub.PendingInvoice, sub.PendingUntil = "", "", 0
	s.subEvent("customer.subscription.pending_update_expired", sub, at)
}

// applyPending begins the price whose invoice was paid.
func (s *Simulator) applyPending(sub *subscription, at int64) {
	in := s.s.Invoices[sub.PendingInvoice]
	price := s.prices[sub.Pending].times(sub.PendingQuantity)
	sub.Pending, sub.PendingInvoice, sub.PendingUntil = "", "", 0
	s.reprice(sub, price, in.Created)
	s.payStripe(sub, in, at)
	s.subEvent("customer.subscription.pending_update_applied", sub, at)
	s.subEvent("customer.subscription.updated", sub, at)
}

func (s *Simulator) endStripe(sub *subscription, at int64, reason string) {
	sub.Status, sub.EndedAt, sub.Reason, sub.NextRetry = "canceled", at, reason, 0
	if sub.CanceledAt == 0 {
		sub.CanceledAt = at
	}
	s.subEvent("customer.subscription.deleted", sub, at)
}

func (s *Simulator) stepRazorpay(sub *subscription, now int64) bool {
	return first(now,
		due{when(sub.Status == "created", sub.ExpireBy), func() {
			sub.Status, sub.EndedAt = "expired", sub.ExpireBy // no event tells of it
		}},
		due{when(sub.CancelAtEnd && sub.Status != "created" && sub.Status != "paused", sub.PeriodEnd), func() {
			sub.Status, sub.EndedAt = "cancelled", sub.PeriodEnd // nor of this
		}},
		due{when(sub.Status == "pending" || sub.Status == "active" && sub.Open != "", sub.NextRetry), func() {
			s.retryRazorpay(sub, sub.NextRetry)
		}},
		due{when(sub.Status != "created" && sub.Status != "paused", sub.PeriodEnd), func() {
			s.cycleRazorpay(sub, sub.PeriodEnd)
		}},
	)
}

// cycleRazorpay begins a cycle, of active, pending and halted subscriptions alike.
// After a trial the subscription is active first, and the debit follows.
func (s *Simulator) cycleRazorpay(sub *subscription, at int64) {
	trial := sub.Status == "authenticated"
	if !trial && sub.Period >= sub.Total { // it has no further cycle
		sub.Status, sub.EndedAt, sub.NextRetry = "completed", at, 0
		s.razorpayEvent("subscription.completed", sub, nil, at)
		return
	}
	sub.PeriodStart, sub.Period = sub.PeriodEnd, sub.Period+1
	sub.PeriodEnd = periodEnd(facts.Razorpay, sub.Start, s.prices[sub.Price].Interval, sub.Period)
	in := s.newInvoice(sub, "subscription_cycle", at)
	in.Status = "issued"
	sub.Open = in.ID
	switch {
	case sub.Status == "halted": // invoices are issued, none is charged
	case trial:
		sub.Status, sub.Retries, sub.NextRetry = "active", 0, at+hour
		s.razorpayEvent("subscription.activated", sub, nil, at)
	case sub.BadCard:
		sub.Status, sub.Retries, sub.NextRetry = "pending", 0, at+60+day
		s.razorpayEvent("subscription.pending", sub, nil, at+60)
	default:
		s.payRazorpay(sub, in, at)
		sub.Open = ""
	}
}

// retryRazorpay: T+1 to T+3, pending each time, then halted.
func (s *Simulator) retryRazorpay(sub *subscription, at int64) {
	if !sub.BadCard {
		s.payRazorpay(sub, s.s.Invoices[sub.Open], at)
		s.razorpayEvent("subscription.activated", sub, s.s.Invoices[sub.Open], at)
		sub.Open = ""
		return
	}
	if sub.Status == "active" { // the first debit after a trial
		sub.Status, sub.NextRetry = "pending", at+day
		s.razorpayEvent("subscription.pending", sub, nil, at)
		return
	}
	sub.Retries++
	if sub.Retries >= 3 {
		sub.Status, sub.NextRetry = "halted", 0
		s.razorpayEvent("subscription.halted", sub, nil, at)
		return
	}
	sub.NextRetry = at + day
	s.razorpayEvent("subscription.pending", sub, nil, at)
}

// payRazorpay collects an invoice. With the last cycle the subscription is
// completed at once, while that cycle still runs.
func (s *Simulator) payRazorpay(sub *subscription, in *invoice, at int64) {
	in.Status, in.PaidAt, in.Payment = "paid", at, newID("pay_")
	sub.Status, sub.Retries, sub.NextRetry = "active", 0, 0
	sub.Paid++
	s.razorpayEvent("subscription.charged", sub, in, at)
	s.razorpayInvoicePaid(sub, in, at)
	if sub.Paid >= sub.Total {
		sub.Status, sub.EndedAt = "completed", sub.PeriodStart
		s.razorpayEvent("subscription.completed", sub, in, at)
	}
}

func (s *Simulator) newInvoice(sub *subscription, reason string, at int64) *invoice {
	price := s.priced(sub)
	prefix := "in_"
	if sub.Provider == facts.Razorpay {
		prefix = "inv_"
	}
	s.s.Serial++
	in := &invoice{
		Provider: sub.Provider, ID: newID(prefix), Number: fmt.Sprintf("SIM-%05d", s.s.Serial), Serial: s.s.Serial,
		Subscription: sub.ID, Customer: sub.Customer, Reason: reason,
		Status: "draft", Amount: price.Amount, Off: price.Amount * int64(sub.Off) / 100, Currency: price.Currency,
		Start: sub.PeriodStart, End: sub.PeriodEnd, Created: at,
		Lines: []line{{Price: price.ID, Start: sub.PeriodStart, End: sub.PeriodEnd, Amount: price.Amount}},
	}
	in.Tax = (in.Amount - in.Off) * int64(sub.Tax) / 100
	s.s.Invoices[in.ID] = in
	s.s.changed = true
	return in
}

// unixTime is a time for the control page.
func unixTime(sec int64) string {
	if sec == 0 {
		return ""
	}
	return time.Unix(sec, 0).In(ist).Format("2 Jan 2006, 15:04") + " IST"
}
