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

func (s *Simulator) stepStripe(sub *subscription, now int64) bool {
	switch {
	case sub.Status == "incomplete":
		if sub.Created+23*hour > now {
			return false
		}
		sub.Status, sub.EndedAt = "incomplete_expired", sub.Created+23*hour
		s.subEvent("customer.subscription.updated", sub, sub.EndedAt)
		return true
	case sub.CancelAt != 0 && sub.CancelAt <= now && (sub.Status == "active" || sub.Status == "trialing" || sub.Status == "past_due"):
		s.endStripe(sub, sub.CancelAt, "cancellation_requested")
		return true
	case sub.CancelAtEnd && sub.PeriodEnd <= now && sub.Status != "paused":
		s.endStripe(sub, sub.PeriodEnd, "cancellation_requested")
		return true
	case sub.Open != "" && sub.NextRetry != 0 && sub.NextRetry <= now:
		s.collectStripe(sub, sub.NextRetry)
		return true
	case (sub.Status == "active" || sub.Status == "trialing") && sub.Open == "" && sub.PeriodEnd <= now:
		// The period moves on first, still active; the invoice follows, and is collected an hour later.
		at := sub.PeriodEnd
		sub.Status = "active"
		s.nextPhase(sub)
		sub.PeriodStart, sub.Period = sub.PeriodEnd, sub.Period+1
		sub.PeriodEnd = periodEnd(facts.Stripe, sub.Start, s.prices[sub.Price].Interval, sub.Period)
		s.subEvent("customer.subscription.updated", sub, at)
		in := s.newInvoice(sub, "subscription_cycle", at)
		s.stripeEvent("invoice.created", in.ID, at, s.invoiceJSON(in))
		sub.Open, sub.Retries, sub.NextRetry = in.ID, 0, at+hour
		return true
	}
	return false
}

// collectStripe tries to collect the open invoice: the first time an hour
// after the period began, then after 3, 5 and 7 days, then the subscription ends.
func (s *Simulator) collectStripe(sub *subscription, at int64) {
	in := s.s.Invoices[sub.Open]
	if in.Status == "draft" {
		in.Status = "open"
		s.stripeEvent("invoice.finalized", in.ID, at, s.invoiceJSON(in))
	}
	if !sub.BadCard {
		s.payStripe(sub, in, at)
		if sub.Status != "active" {
			sub.Status = "active"
			s.subEvent("customer.subscription.updated", sub, at)
		}
		return
	}
	s.stripeEvent("invoice.payment_failed", in.ID, at, s.invoiceJSON(in))
	if sub.Status != "past_due" {
		sub.Status = "past_due"
		s.subEvent("customer.subscription.updated", sub, at)
	}
	sub.Retries++
	if sub.Retries > 3 {
		in.Status = "uncollectible"
		s.endStripe(sub, at, "payment_failed")
		return
	}
	sub.NextRetry = in.Created + hour + int64(2*sub.Retries+1)*day
}

func (s *Simulator) payStripe(sub *subscription, in *invoice, at int64) {
	in.Status, in.PaidAt, in.Payment, in.Charge = "paid", at, newID("pi_"), newID("ch_")
	sub.Open, sub.Retries, sub.NextRetry = "", 0, 0
	s.stripeEvent("invoice.paid", in.ID, at, s.invoiceJSON(in))
}

func (s *Simulator) endStripe(sub *subscription, at int64, reason string) {
	sub.Status, sub.EndedAt, sub.Reason, sub.NextRetry = "canceled", at, reason, 0
	if sub.CanceledAt == 0 {
		sub.CanceledAt = at
	}
	s.subEvent("customer.subscription.deleted", sub, at)
}

func (s *Simulator) stepRazorpay(sub *subscription, now int64) bool {
	switch {
	case sub.Status == "created":
		if sub.ExpireBy == 0 || sub.ExpireBy > now {
			return false
		}
		sub.Status, sub.EndedAt = "expired", sub.ExpireBy // no event tells of it
		return true
	case sub.Status == "paused":
		return false
	case sub.CancelAtEnd && sub.PeriodEnd <= now:
		sub.Status, sub.EndedAt = "cancelled", sub.PeriodEnd // nor of this
		return true
	case sub.Status == "pending" && sub.NextRetry <= now:
		s.retryRazorpay(sub, sub.NextRetry)
		return true
	case sub.PeriodEnd <= now: // active, pending and halted alike: cycles go on
		at := sub.PeriodEnd
		sub.PeriodStart, sub.Period = sub.PeriodEnd, sub.Period+1
		sub.PeriodEnd = periodEnd(facts.Razorpay, sub.Start, s.prices[sub.Price].Interval, sub.Period)
		in := s.newInvoice(sub, "subscription_cycle", at)
		in.Status = "issued"
		sub.Open = in.ID
		switch {
		case sub.Status == "halted": // invoices are issued, none is charged
		case sub.BadCard:
			sub.Status, sub.Retries, sub.NextRetry = "pending", 0, at+60+day
			s.razorpayEvent("subscription.pending", sub, nil, at+60)
		default:
			s.payRazorpay(sub, in, at)
			sub.Open = ""
		}
		return true
	}
	return false
}

// retryRazorpay: T+1 to T+3, pending each time, then halted.
func (s *Simulator) retryRazorpay(sub *subscription, at int64) {
	if !sub.BadCard {
		s.payRazorpay(sub, s.s.Invoices[sub.Open], at)
		s.razorpayEvent("subscription.activated", sub, s.s.Invoices[sub.Open], at)
		sub.Open = ""
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
	price := s.prices[sub.Price]
	prefix := "in_"
	if sub.Provider == facts.Razorpay {
		prefix = "inv_"
	}
	s.s.Serial++
	in := &invoice{
		Provider: sub.Provider, ID: newID(prefix), Number: fmt.Sprintf("SIM-%05d", s.s.Serial), Subscription: sub.ID, Customer: sub.Customer, Reason: reason,
		Status: "draft", Amount: price.Amount, Currency: price.Currency, Start: sub.PeriodStart, End: sub.PeriodEnd, Created: at,
	}
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
