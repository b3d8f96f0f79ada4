package billing

import (
	"math"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Reasons for which a person must look (the review queue).
const (
	ReviewUnmappedCustomer     = "unmapped_customer"
	ReviewUnmappedSubscription = "unmapped_subscription"
	ReviewCustomerChanged      = "subscription_customer_changed"
	ReviewUnknownPrice         = "unknown_price"
	ReviewUnknownStatus        = "unknown_status"
	ReviewAmountMismatch       = "amount_mismatch"
	ReviewCurrencyMismatch     = "currency_mismatch"
	ReviewRefundFull           = "refund_full"
	ReviewRefundPartial        = "refund_partial"
	ReviewRefundFailed         = "refund_failed"
	ReviewDispute              = "dispute"
	ReviewPaymentAfterEnd      = "payment_after_end"
	ReviewMultipleActive       = "multiple_active_subscriptions"
	ReviewLivemode             = "livemode_mismatch"
	ReviewAccount              = "account_mismatch"
	ReviewCustomerDeleted      = "customer_deleted"
)

// A Review is something that only a person may decide. Key says what it is
// about: the same key is the same item, however often it is found.
type Review struct {
	Reason string
	Key    string
	Detail string
}

// Effects are what a step of the reducer asks to be written beside the state.
// All are keyed by what they are about, so applying them twice changes nothing.
type Effects struct {
	Payments []facts.Payment
	Reviews  []Review
}

// Facts are everything known about one subscription when it is reduced: the
// provider's present word, and the events that led to asking for it.
type Facts struct {
	Subscription *facts.Subscription // nil when only payments are known
	Fetched      bool                // Subscription was fetched just now; false: it is an event's snapshot from At
	At           time.Time
	Events       []*facts.Event
}

// Reduce takes what we last knew of a subscription and what the provider says
// now, and returns what we know then. It is pure: the order, the number and
// the moment of the events do not matter where the provider was asked.
func Reduce(state Subscription, f Facts, plans *Plans, now time.Time) (Subscription, Effects) {
	var out Effects
	failedAt := firstFailure(f)
	if f.Subscription != nil && accept(state, f) {
		if moved(state, f.Subscription) {
			out.Reviews = append(out.Reviews, Review{
				ReviewCustomerChanged, "customer " + state.ID,
				"the provider names customer " + f.Subscription.CustomerID + " for a subscription of customer " + state.CustomerID,
			})
		} else {
			state = tell(state, f, plans, now, failedAt, &out)
		}
	} else if state.Status == PastDue {
		state = judge(state, failedAt)
	}
	for _, ev := range f.Events {
		effects(state, ev, plans, &out)
	}
	return state, out
}

// accept says whether what is told may replace what is known: an ended
// subscription never reopens, and a snapshot never replaces newer knowledge.
func accept(state Subscription, f Facts) bool {
	if state.Ended() && rawEnds(f.Subscription.Status) != rawEnds(state.ProviderStatus) {
		return false
	}
	return f.Fetched || !f.At.Before(state.SeenAt.Truncate(time.Second)) // events are dated in whole seconds
}

// rawEnds groups the words that mean the same end.
func rawEnds(status string) string {
	switch status {
	case "canceled", "cancelled":
		return "canceled"
	case "incomplete_expired", "expired":
		return "expired"
	case "completed":
		return "completed"
	}
	return ""
}

func moved(state Subscription, s *facts.Subscription) bool {
	return state.CustomerID != "" && s.CustomerID != "" && state.CustomerID != s.CustomerID
}

// tell writes the provider's word into the state.
func tell(state Subscription, f Facts, plans *Plans, now time.Time, failedAt time.Time, out *Effects) Subscription {
	s := f.Subscription
	status, known := statusOf(state.Provider, s, now)
	if !known {
		out.Reviews = append(out.Reviews, Review{ReviewUnknownStatus, "status " + state.ID + " " + s.Status, "the provider says " + s.Status + ", which we do not know"})
		return state
	}
	before := state
	state.Status, state.ProviderStatus = status, s.Status
	if s.CustomerID != "" {
		state.CustomerID = s.CustomerID
	}
	state.PriceID, state.PlanID, state.Interval = s.PriceID, "", ""
	if price, ok := plans.PriceByID(state.Provider, s.PriceID); ok {
		state.PlanID, state.Interval = price.Plan, price.Interval
	} else {
		out.Reviews = append(out.Reviews, Review{ReviewUnknownPrice, "price " + state.ID + " " + s.PriceID, "price " + s.PriceID + " is not in the plan file"})
	}
	state.PeriodStart, state.PeriodEnd = s.PeriodStart, s.PeriodEnd
	state.CancelAt, state.TrialEnd, state.EndedAt = s.CancelAt, s.TrialEnd, s.EndedAt
	state.CancelAtPeriodEnd = s.CancelAtPeriodEnd || !s.CancelAt.IsZero() || state.Ended()
	if f.Fetched { // a snapshot does not tell what is scheduled
		state.SeenAt, state.NextPriceID, state.NextAt = now, s.NextPriceID, s.NextAt
	} else {
		state.SeenAt = f.At
	}
	if state.Provider == facts.Stripe {
		state.PaidThrough = stripePaidThrough(state)
	} else {
		if s.Status == "authenticated" {
			state.TrialEnd = s.StartAt
		}
		state.PaidThrough = razorpayPaidThrough(before, state, s)
	}
	state = judge(state, failedAt)
	if s.Follows && state.Status == Trialing { // what is paid until then is the old one's; a second allowance is not
		state.AccessUntil = time.Time{}
	}
	return state
}

// judge computes until when the subscription grants its plan (providers.md 3).
func judge(s Subscription, failedAt time.Time) Subscription {
	if s.Status != PastDue {
		s.FailedAt = time.Time{}
	}
	s.AccessUntil = time.Time{}
	if s.PaidThrough.IsZero() {
		return s
	}
	switch s.Status {
	case Trialing:
		s.AccessUntil = s.PaidThrough
	case Active:
		s.AccessUntil = s.PaidThrough.Add(Grace)
		if s.CancelAtPeriodEnd && (s.CancelAt.IsZero() || !s.CancelAt.After(s.PaidThrough)) {
			s.AccessUntil = s.PaidThrough
		}
		if !s.CancelAt.IsZero() && s.CancelAt.Before(s.AccessUntil) {
			s.AccessUntil = s.CancelAt
		}
	case PastDue:
		if s.FailedAt.Before(s.PaidThrough) {
			s.FailedAt = time.Time{} // of an earlier period
		}
		if !failedAt.Before(s.PaidThrough) && !failedAt.IsZero() && (s.FailedAt.IsZero() || failedAt.Before(s.FailedAt)) {
			s.FailedAt = failedAt
		}
		switch {
		case s.ProviderStatus == "unpaid" || s.ProviderStatus == "halted": // dunning is over
			s.AccessUntil = s.PaidThrough
		case s.FailedAt.IsZero():
			s.AccessUntil = s.PaidThrough.Add(Grace)
		default:
			s.AccessUntil = s.FailedAt.Add(Grace)
		}
	case Canceled:
		s.AccessUntil = s.PaidThrough
	case Paused:
		if s.Provider == facts.Razorpay {
			s.AccessUntil = s.PaidThrough
		}
	}
	return s
}

// statusOf maps the provider's status to ours, and says whether we know it.
func statusOf(p facts.Provider, s *facts.Subscription, now time.Time) (Status, bool) {
	if p == facts.Stripe {
		switch s.Status {
		case "incomplete":
			return Incomplete, true
		case "trialing":
			return Trialing, true
		case "active":
			return Active, true
		case "past_due", "unpaid":
			return PastDue, true
		case "paused":
			return Paused, true
		case "canceled":
			return Canceled, true
		case "incomplete_expired":
			return Expired, true
		}
		return "", false
	}
	switch s.Status {
	case "created":
		return Incomplete, true
	case "authenticated":
		if s.StartAt.IsZero() {
			return Incomplete, true
		}
		return Trialing, true
	case "active", "completed":
		return Active, true
	case "pending", "halted":
		return PastDue, true
	case "paused":
		return Paused, true
	case "cancelled":
		return Canceled, true
	case "expired":
		return Expired, true
	}
	return "", false
}

// stripePaidThrough: at past_due and unpaid the period has moved on already
// and is not paid, so its start is the end of what is.
func stripePaidThrough(s Subscription) time.Time {
	switch s.Status {
	case Active:
		return s.PeriodEnd
	case Trialing, Paused:
		return s.TrialEnd
	case PastDue:
		return s.PeriodStart
	case Canceled:
		return s.EndedAt
	}
	return time.Time{}
}

// razorpayPaidThrough: pending and halted show the next, unpaid cycle; a
// cancelled or paused subscription may show either, and the number of paid
// cycles tells which.
func razorpayPaidThrough(before, s Subscription, f *facts.Subscription) time.Time {
	switch s.Status {
	case Active:
		return s.PeriodEnd
	case Trialing:
		return f.StartAt
	case PastDue:
		return s.PeriodStart
	case Canceled, Paused:
		switch {
		case !f.PaidUntil.IsZero():
			return f.PaidUntil
		case f.PaidCount == 0:
			return time.Time{} // nothing was ever collected
		case before.PaidThrough.Equal(s.PeriodEnd) || f.PaidCount >= cycle(f, s.Interval):
			return s.PeriodEnd
		}
		return s.PeriodStart
	}
	return time.Time{}
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

// firstFailure is the earliest moment at which an event says that a renewal
// failed. It only dates the beginning of the grace.
func firstFailure(f Facts) time.Time {
	var first time.Time
	note := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, ev := range f.Events {
		if s := ev.Subscription; s != nil && (s.Status == "past_due" || s.Status == "pending") {
			note(ev.Created)
		}
		if ev.Type == "invoice.payment_failed" {
			note(ev.Created)
		}
	}
	return first
}

// effects adds what one event asks for beside the state.
func effects(state Subscription, ev *facts.Event, plans *Plans, out *Effects) {
	if p := ev.Payment; p != nil && p.Paid && p.Amount.Minor > 0 && ev.Refund == nil && ev.Dispute == nil {
		payment := *p
		payment.SubscriptionID = state.ID
		out.Payments = append(out.Payments, payment)
		out.Reviews = append(out.Reviews, checkPayment(state, payment, plans)...)
	}
	out.Reviews = append(out.Reviews, Objections(ev)...)
	if ev.Deleted != "" {
		out.Reviews = append(out.Reviews, Review{ReviewCustomerDeleted, "deleted " + ev.Deleted, "the customer was deleted at the provider"})
	}
}

func checkPayment(state Subscription, p facts.Payment, plans *Plans) []Review {
	var out []Review
	if state.Status == Canceled || state.Status == Expired {
		if !state.EndedAt.IsZero() && p.At.After(state.EndedAt) {
			out = append(out, Review{ReviewPaymentAfterEnd, "after end " + p.ID, "paid after the subscription had ended; it does not come back by that"})
		}
	}
	switch currency, amount := plans.Sells(state.Provider, p.Amount); {
	case !currency:
		out = append(out, Review{ReviewCurrencyMismatch, "currency " + p.ID, "paid in " + p.Amount.Currency + ", in which nothing is sold"})
	case p.Full && !amount:
		out = append(out, Review{ReviewAmountMismatch, "amount " + p.ID, "paid " + p.Amount.Format() + ", which no price asks"})
	}
	return out
}

// Objections are the reviews of an event that takes money back: they change no
// status, at the provider as here.
func Objections(ev *facts.Event) []Review {
	switch {
	case ev.Refund != nil && ev.Refund.Failed:
		return []Review{{ReviewRefundFailed, "refund failed " + ev.Refund.ChargeID, "a refund did not go through"}}
	case ev.Refund != nil && ev.Refund.Full():
		return []Review{{ReviewRefundFull, "refund " + ev.Refund.ChargeID, "all of " + ev.Refund.Amount.Format() + " was given back"}}
	case ev.Refund != nil:
		return []Review{{ReviewRefundPartial, "refund " + ev.Refund.ChargeID, "part of " + ev.Refund.Amount.Format() + " was given back"}}
	case ev.Dispute != nil:
		return []Review{{ReviewDispute, "dispute " + ev.Dispute.ID, "the customer's bank disputes " + ev.Dispute.Amount.Format() + ": " + ev.Dispute.Status}}
	}
	return nil
}
