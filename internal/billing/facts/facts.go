// Package facts holds what a payment provider says, in one form for both:
// decoded, in UTC, amounts in minor units. It imports neither SQL nor HTTP,
// so the reducer can stand on it.
package facts

import (
	"strconv"
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
	case e.Invoice != nil:
		return e.Invoice.SubscriptionID
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
	PaidCount         int    // Razorpay: cycles paid
	AccountID         string // our account, from metadata or notes that we set
	CheckoutID        string // our checkout, likewise
	Reason            string // why it ended, in the provider's word
	URL               string // Razorpay: the hosted page on which it is paid first, and a card or mandate is replaced
	// Razorpay: made to follow one that is ended, by a note of ours; until it starts it gives nothing of its own
	Follows     bool
	NextPriceID string // Stripe: what it changes to by itself at NextAt, where it was asked for
	NextAt      time.Time
	Items       []Item   // Stripe: what it consists of, in no order; one of them is the plan
	Latest      *Invoice // Stripe: its newest invoice, where it was asked for
	LatestID    string   // Stripe: the id of the newest invoice, "" when none was ever made
	Quantity    int64    // of the price; 0 where it was not told
	Offer       bool     // Razorpay: an offer changes what is charged
}

// An Item is one price of a Stripe subscription. A subscription may have twenty,
// of which one is a plan of ours and the others are add-ons.
type Item struct {
	ID       string
	PriceID  string
	Quantity int64
	Start    time.Time // of the item's present period
	End      time.Time
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
	// what the price may have been before tax, discounts and balance, where the provider tells
	Asked       []money.Amount
	PeriodStart time.Time
	PeriodEnd   time.Time
	At          time.Time
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
	Total          money.Amount // what it asks for, with tax and less discounts
	Subtotal       money.Amount // before those; of no amount where it was not told
	Bought         *Bought      // of mode payment: what we wrote on it
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
	AccountID  string  // our account, from notes that we set
	Bought     *Bought // what we wrote on it
}

// Bought is what a one-time purchase brings, as we wrote it on the provider's
// object when it was begun: with it a purchase that is in no book here, because
// the book was restored to an earlier day, can be completed all the same.
type Bought struct {
	UserID  string
	TopUpID string
	Meter   string
	Credits int64
	Days    int
}

// Write puts it into the metadata or notes of an object.
func (b Bought) Write(m map[string]string) map[string]string {
	m["user_id"], m["top_up"], m["meter"] = b.UserID, b.TopUpID, b.Meter
	m["credits"], m["days"] = strconv.FormatInt(b.Credits, 10), strconv.Itoa(b.Days)
	return m
}

// ReadBought is the opposite of Write: nil where it is not all there.
func ReadBought(m map[string]string) *Bought {
	credits, err := strconv.ParseInt(m["credits"], 10, 64)
	days, e := strconv.Atoi(m["days"])
	if err != nil || e != nil || m["user_id"] == "" || m["meter"] == "" || m["top_up"] == "" {
		return nil
	}
	return &Bought{UserID: m["user_id"], TopUpID: m["top_up"], Meter: m["meter"], Credits: credits, Days: days}
}

// A Purchase is a one-time payment that the provider lists as paid.
type Purchase struct {
	Kind       string // session, payment_link
	ID         string
	AccountID  string // ours, as we wrote it
	PurchaseID string
	Amount     money.Amount // what was paid for, before tax and discounts
	Created    time.Time
	Bought     *Bought
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
	CustomerID     string // Stripe, where it was asked for
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

	// Until when we may answer it, where the provider says so.
	RespondBy time.Time
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
	Reason         string         // Stripe's billing_reason
	Lines          []Line         // what it is for
	Asked          []money.Amount // as of Payment
}

// A Line is one position of an invoice. Only a line of the subscription itself,
// on an invoice that is paid, pays for time.
type Line struct {
	PriceID string // "" where the provider does not tell
	Start   time.Time
	End     time.Time
	Amount  int64 // minor units before discounts; negative gives back unused time
	Once    bool  // a one-time item, for no period of the subscription
}

// Paid reports whether the invoice is settled: collected, balanced by credit, or
// of nothing. It never becomes unpaid again; a refund leaves it paid.
func (in *Invoice) Paid() bool { return in.Status == "paid" }
