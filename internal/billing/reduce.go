package billing

import (
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
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
	Invoices     []facts.Invoice // of the subscription, where they were asked for
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
				"the provider names customer " + f.Subscription.CustomerID + " for a subscription of customer " +
					state.CustomerID,
			})
		} else {
			state = tell(state, f, plans, now, failedAt, &out)
		}
	} else if f.Subscription == nil && state.Status != "" && !state.Ended() {
		state = judge(pay(state, state, f, plans), failedAt)
	}
	for _, ev := range f.Events {
		effects(state, ev, f, plans, &out)
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
		out.Reviews = append(out.Reviews, Review{
			ReviewUnknownStatus, "status " + state.ID + " " + s.Status,
			"the provider says " + s.Status + ", which we do not know",
		})
		return state
	}
	before := state
	state.Status, state.ProviderStatus = status, s.Status
	if s.CustomerID != "" {
		state.CustomerID = s.CustomerID
	}
	state.PriceID, state.PeriodStart, state.PeriodEnd = s.PriceID, s.PeriodStart, s.PeriodEnd
	quantity := s.Quantity
	if item, ok := planItem(state.Provider, s, plans); ok {
		state.PriceID, state.PeriodStart, state.PeriodEnd = item.PriceID, item.Start, item.End
		quantity = item.Quantity
	}
	state.Quantity = seatsGiven(before, state, quantity)
	if price, ok := plans.PriceByID(state.Provider, state.PriceID); ok {
		state.PlanID, state.Interval = price.Plan, price.Interval
	} else { // it keeps the plan that it has, and a person is told
		out.Reviews = append(out.Reviews, unknownPrice(state))
	}
	state.CancelAt, state.TrialEnd, state.EndedAt = s.CancelAt, s.TrialEnd, s.EndedAt
	if state.Provider == facts.Razorpay {
		state.TrialEnd = before.TrialEnd
		if s.Status == "authenticated" {
			state.TrialEnd = s.StartAt
		}
	}
	state.CancelAtPeriodEnd = s.CancelAtPeriodEnd || !s.CancelAt.IsZero() || state.Ended()
	if f.Fetched { // a snapshot does not tell what is scheduled
		state.SeenAt, state.NextPriceID, state.NextAt = now, s.NextPriceID, s.NextAt
	} else {
		state.SeenAt = f.At
	}
	state = pay(before, state, f, plans)
	state.PlanID = planGiven(state, f, plans)
	state.PayURL = payPage(state, f)
	state = judge(state, failedAt)
	if s.Follows && state.Status == Trialing { // what is paid until then is the old one's; a second allowance is not
		state.AccessUntil = time.Time{}
	}
	return state
}

// seatsGiven is how many seats a subscription gives: as many as the provider says, and while a payment is outstanding
// no more than before.
func seatsGiven(before, now Subscription, told int64) int64 {
	told = max(told, 1)
	if before.Status != "" && before.PriceID == now.PriceID && now.Status == PastDue {
		return min(told, max(before.Quantity, 1))
	}
	return told
}

// payPage is where a customer pays what is outstanding: the open invoice at
// Stripe, and at Razorpay the subscription's own page, which takes a new card or
// mandate.
func payPage(s Subscription, f Facts) string {
	switch {
	case s.Status != PastDue:
		return ""
	case s.Provider == facts.Razorpay:
		if f.Subscription.URL == "" {
			return s.PayURL
		}
		return f.Subscription.URL
	}
	for _, in := range f.invoices(s.ID) {
		if in.Status == "open" && in.URL != "" {
			return in.URL
		}
	}
	// the newest is settled, and an older one may be open: the portal shows it
	if f.Fetched && f.Subscription.Latest != nil {
		return ""
	}
	return s.PayURL
}

// unknownPrice is the item of a subscription whose price the plan file does not name.
func unknownPrice(s Subscription) Review {
	keeps := "it has no plan until then"
	if s.PlanID != "" {
		keeps = "it keeps plan " + s.PlanID + " until then"
	}
	return Review{
		ReviewUnknownPrice, "price " + s.ID + " " + s.PriceID,
		"price " + s.PriceID + " is not in the plan file; " + keeps +
			" (a price that is sold no more belongs there with sold = false)",
	}
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
		// nothing was collected that could be renewed
		if s.Provider == facts.Razorpay && s.PaidCount == 0 && s.TrialEnd.IsZero() {
			s.AccessUntil = s.PaidThrough
		}
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
		if !failedAt.Before(s.PaidThrough) && !failedAt.IsZero() &&
			(s.FailedAt.IsZero() || failedAt.Before(s.FailedAt)) {
			s.FailedAt = failedAt
		}
		s.AccessUntil = s.PaidThrough
		if s.ProviderStatus != "unpaid" && s.ProviderStatus != "halted" { // it is still tried
			s.AccessUntil = s.PaidThrough.Add(Grace)
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

// firstFailure is the earliest moment at which an event says that a renewal
// failed. It is told to people; nothing is counted from it.
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
func effects(state Subscription, ev *facts.Event, f Facts, plans *Plans, out *Effects) {
	if p := ev.Payment; p != nil && p.Paid && p.Amount.Minor > 0 && ev.Refund == nil && ev.Dispute == nil {
		payment := *p
		payment.SubscriptionID = state.ID
		out.Payments = append(out.Payments, payment)
		out.Reviews = append(out.Reviews, checkPayment(state, payment, f, plans)...)
	}
	out.Reviews = append(out.Reviews, Objections(ev)...)
	if ev.Deleted != "" {
		out.Reviews = append(out.Reviews, Review{
			ReviewCustomerDeleted, "deleted " + ev.Deleted,
			"the customer was deleted at the provider",
		})
	}
}

func checkPayment(state Subscription, p facts.Payment, f Facts, plans *Plans) []Review {
	var out []Review
	if state.Status == Canceled || state.Status == Expired {
		if !state.EndedAt.IsZero() && p.At.After(state.EndedAt) {
			out = append(out, Review{
				ReviewPaymentAfterEnd, "after end " + p.ID,
				"paid after the subscription had ended; it does not come back by that",
			})
		}
	}
	// One item for each amount, not for each month in which it is paid.
	switch currency, _ := plans.Sells(state.Provider, p.Amount); {
	case !currency:
		out = append(out, Review{ReviewCurrencyMismatch, "currency " + state.ID + " " + p.Amount.Currency, "paid in " +
			p.Amount.Currency + ", in which nothing is sold"})
	case p.Full && !explained(state, p, f, plans):
		out = append(out, Review{ReviewAmountMismatch, "amount " + state.ID + " " + p.Amount.Format(), "paid " +
			p.Amount.Format() + ", which no price asks"})
	}
	return out
}

// explained reports whether a price of ours accounts for what was paid: by itself,
// times a quantity, or with the tax, discount, balance, offer or further item that
// the invoice or the subscription tells of.
func explained(state Subscription, p facts.Payment, f Facts, plans *Plans) bool {
	amounts := append([]money.Amount{p.Amount}, p.Asked...)
	for i := range f.Invoices {
		if in := &f.Invoices[i]; in.ID == p.InvoiceID || in.PaymentID == p.ID {
			amounts = append(amounts, in.Asked...)
		}
	}
	told := []*facts.Subscription{f.Subscription}
	for _, ev := range f.Events {
		told = append(told, ev.Subscription)
	}
	price, priced := plans.PriceByID(state.Provider, state.PriceID)
	for _, s := range told {
		if s == nil {
			continue
		}
		if s.Offer && priced && p.Amount.Currency == price.Amount.Currency &&
			p.Amount.Minor <= price.Amount.Minor*max(s.Quantity, 1) {
			return true
		}
		if s.Quantity > 1 && p.Amount.Minor%s.Quantity == 0 {
			amounts = append(amounts, money.Amount{Minor: p.Amount.Minor / s.Quantity, Currency: p.Amount.Currency})
		}
	}
	for _, a := range amounts {
		if _, sold := plans.Sells(state.Provider, a); sold {
			return true
		}
	}
	return false
}

// Objections are the reviews of an event that takes money back: they change no
// status, at the provider as here.
func Objections(ev *facts.Event) []Review {
	switch {
	case ev.Refund != nil && ev.Refund.Failed:
		return []Review{{ReviewRefundFailed, "refund failed " + ev.Refund.ChargeID, "a refund did not go through"}}
	case ev.Refund != nil && ev.Refund.Full():
		return []Review{{ReviewRefundFull, "refund " + ev.Refund.ChargeID, "all of " + ev.Refund.Amount.Format() +
			" was given back"}}
	case ev.Refund != nil:
		return []Review{{ReviewRefundPartial, "refund " + ev.Refund.ChargeID, "part of " + ev.Refund.Amount.Format() +
			" was given back"}}
	case ev.Dispute != nil:
		return []Review{{ReviewDispute, "dispute " + ev.Dispute.ID, "the customer's bank disputes " +
			ev.Dispute.Amount.Format() + ": " + ev.Dispute.Status}}
	}
	return nil
}
