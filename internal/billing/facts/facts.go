// Package facts holds what a payment provider says, in one form for both:
// decoded, in UTC, amounts in minor units. It imports neither SQL nor HTTP,
// so the reducer can stand on it.
package facts

import (
	"time"

	"github.com/tijorihq/tijori/internal/money"
)

// A Provider is one of the two that we sell through.
type Provider string

// The providers.
const (
	Stripe   Provider = "stripe"
	Razorpay Provider = "razorpay"
)

// Known reports whether p is one of the two.
func (p Provider) Known() bool { return p == Stripe || p == Razorpay }

// Name is the provider's name as a person reads it.
func (p Provider) Name() string {
	switch p {
	case Stripe:
		return "Stripe"
	case Razorpay:
		return "Razorpay"
	}
	return string(p)
}

// An Event is one verified delivery, decoded. Which of its parts are set
// depends on its type; an unknown type has none and is ignored.
type Event struct {
	Provider Provider
	ID       string // unique at the provider; Razorpay tells it in a header
	Type     string
	Created  time.Time // a hint only: never used for order
	Live     *bool     // Stripe only
	Account  string    // Razorpay's account_id, Stripe's Connect account

	Subscription *Subscription // snapshot at the time of the event
	Payment      *Payment      // money that came in, or failed to
	Invoice      *Invoice      // what the billing page lists
	Session      *Session      // Stripe only
	Link         *Link         // Razorpay only
	Refund       *Refund
	Dispute      *Dispute
	Customer     string // the customer the object belongs to, where it says so
	Deleted      string // the customer that was deleted
}

// Subject is what must be fetched again to learn what happened: the
// subscription's id where the event tells it.
func (e *Event) Subject() string {
	switch {
	case e.Subscription != nil:
		return e.Subscription.ID
	case e.Payment != nil && e.Payment.SubscriptionID != "":
		return e.Payment.SubscriptionID
	case e.Session != nil:
		return e.Session.SubscriptionID
	}
	return ""
}

// A Subscription is the provider's agreement as of one moment. Times that the
// provider leaves out are zero.
type Subscription struct {
	ID                string
	CustomerID        string
	Status            string // the provider's own word
	PriceID           string
	PeriodStart       time.Time // Stripe: of the item
	PeriodEnd         time.Time
	StartAt           time.Time // Razorpay: start of the first cycle
	TrialEnd          time.Time
	CancelAt          time.Time
	EndedAt           time.Time
	CancelAtPeriodEnd bool
	PaidCount         int       // Razorpay: cycles paid
	PaidUntil         time.Time // Razorpay: end of the last cycle whose invoice is paid, where it was asked for
	AccountID         string    // our account, from metadata or notes that we set
	CheckoutID        string    // our checkout, likewise
	Reason            string    // why it ended, in the provider's word
	URL               string    // Razorpay: the hosted page on which it is paid first
	Follows           bool      // Razorpay: made to follow one that is ended, by a note of ours; until it starts it gives nothing of its own
	NextPriceID       string    // Stripe: what it changes to by itself at NextAt, where it was asked for
	NextAt            time.Time
}

// A Payment is one attempt to collect for a subscription's period.
type Payment struct {
	ID             string // what the effect is keyed by: Stripe's invoice, Razorpay's payment
	InvoiceID      string
	SubscriptionID string // may be empty at Razorpay until the invoice is fetched
	CustomerID     string
	Amount         money.Amount // what was collected
	Paid           bool
	Full           bool // the amount is a price's whole amount: a first payment or a renewal, not a proration
	PeriodStart    time.Time
	PeriodEnd      time.Time
	At             time.Time
}

// A Session is a Stripe Checkout session.
type Session struct {
	ID             string
	URL            string
	Status         string // open, complete, expired
	PaymentStatus  string // paid, unpaid, no_payment_required
	CustomerID     string
	SubscriptionID string
	Mode           string       // subscription, or payment for a one-time purchase
	Total          money.Amount // what it asks for
	PaymentID      string       // of mode payment: the payment intent, once there is one
	AccountID      string       // client_reference_id, which we set
	CheckoutID     string
	ExpiresAt      time.Time
}

// A Link is a Razorpay payment link: a page on which an amount is paid once.
type Link struct {
	ID         string
	Status     string // created, partially_paid, paid, cancelled, expired
	Amount     money.Amount
	Paid       int64 // minor units
	PurchaseID string
	PaymentID  string // what paid it, once it is paid
	URL        string
}

// A Refund is money given back. Refunded is cumulative over the charge.
type Refund struct {
	ChargeID       string // Stripe's charge, Razorpay's payment
	IntentID       string // Stripe: leads to the invoice through invoice_payments
	InvoiceID      string
	Amount         money.Amount // of the whole charge
	Refunded       int64
	Failed         bool
	SubscriptionID string
}

// Full reports whether everything was given back.
func (r Refund) Full() bool { return r.Refunded >= r.Amount.Minor }

// A Dispute is a chargeback or an inquiry.
type Dispute struct {
	ID       string
	ChargeID string
	IntentID string
	Status   string
	Amount   money.Amount
}

// An Invoice is what the billing page lists.
type Invoice struct {
	ID             string
	Number         string
	SubscriptionID string
	CustomerID     string
	Status         string // the provider's word: paid, open, void …
	Amount         money.Amount
	PeriodStart    time.Time
	PeriodEnd      time.Time
	IssuedAt       time.Time
	PaidAt         time.Time
	URL            string // the provider's page or PDF
	PaymentID      string
}
