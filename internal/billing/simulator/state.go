package simulator

import (
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// state is everything the simulated providers know. Times are unix seconds of
// the service clock, as in the providers' own objects; 0 means null.
type state struct {
	Customers     map[string]*customer     `json:"customers"`
	Sessions      map[string]*session      `json:"sessions"`
	Subscriptions map[string]*subscription `json:"subscriptions"`
	Invoices      map[string]*invoice      `json:"invoices"`
	Links         map[string]*link         `json:"links"`
	Reversals     []*reversal              `json:"reversals"` // refunds and disputes, oldest first
	Idempotent    map[string]*answer       `json:"idempotent"`
	Deliveries    []*Delivery              `json:"deliveries"`
	Lost          []*Delivery              `json:"lost"`     // dropped before they arrived
	Hold          bool                     `json:"hold"`     // new events wait until they are sent by hand
	Disabled      bool                     `json:"disabled"` // Stripe has switched the webhook off
	Serial        int                      `json:"serial"`

	changed bool
}

func (s *state) init() {
	if s.Customers == nil {
		s.Customers = map[string]*customer{}
	}
	if s.Sessions == nil {
		s.Sessions = map[string]*session{}
	}
	if s.Subscriptions == nil {
		s.Subscriptions = map[string]*subscription{}
	}
	if s.Invoices == nil {
		s.Invoices = map[string]*invoice{}
	}
	if s.Links == nil {
		s.Links = map[string]*link{}
	}
	if s.Idempotent == nil {
		s.Idempotent = map[string]*answer{}
	}
}

type answer struct {
	Request string `json:"request"` // hash of path and parameters
	Status  int    `json:"status"`
	Body    []byte `json:"body"`
}

type customer struct {
	ID       string            `json:"id"`
	Email    string            `json:"email"`
	Metadata map[string]string `json:"metadata"`
	Created  int64             `json:"created"`
	Deleted  bool              `json:"deleted"`
}

// session is a Stripe Checkout session.
type session struct {
	Quantity     int64             `json:"quantity,omitempty"`
	ID           string            `json:"id"`
	Mode         string            `json:"mode"` // payment, or "" for subscription
	Customer     string            `json:"customer"`
	Price        string            `json:"price"`
	Reference    string            `json:"reference"`
	Metadata     map[string]string `json:"metadata"`
	SubMetadata  map[string]string `json:"sub_metadata"`
	TrialDays    int               `json:"trial_days"`
	SuccessURL   string            `json:"success_url"`
	CancelURL    string            `json:"cancel_url"`
	Status       string            `json:"status"` // open, complete, expired
	Paid         string            `json:"paid"`
	Subscription string            `json:"subscription"`
	Intent       string            `json:"intent"`   // of mode payment, once it is paid
	Refunded     int64             `json:"refunded"` // likewise
	Created      int64             `json:"created"`
	ExpiresAt    int64             `json:"expires_at"`
}

// reversal is a refund or a dispute of either provider.
type reversal struct {
	Provider facts.Provider `json:"provider"`
	Kind     string         `json:"kind"` // refund, dispute
	ID       string         `json:"id"`
	Payment  string         `json:"payment"` // Stripe's charge, Razorpay's payment
	Intent   string         `json:"intent"`  // Stripe
	Amount   int64          `json:"amount"`
	Currency string         `json:"currency"`
	Status   string         `json:"status"`
	Created  int64          `json:"created"`
}

// subscription is one of either provider; status is in the provider's words.
type subscription struct {
	Quantity        int64             `json:"quantity,omitempty"` // 0 is one
	NextQuantity    int64             `json:"next_quantity,omitempty"`
	PendingQuantity int64             `json:"pending_quantity,omitempty"`
	Provider        facts.Provider    `json:"provider"`
	ID              string            `json:"id"`
	Customer        string            `json:"customer"`
	Price           string            `json:"price"`
	Status          string            `json:"status"`
	Metadata        map[string]string `json:"metadata"`
	Created         int64             `json:"created"`
	Start           int64             `json:"start"` // the anchor of its periods; Razorpay's start_at
	PeriodStart     int64             `json:"period_start"`
	PeriodEnd       int64             `json:"period_end"`
	Period          int               `json:"period"` // number of the current one, from 1
	TrialEnd        int64             `json:"trial_end"`
	CancelAt        int64             `json:"cancel_at"`
	CancelAtEnd     bool              `json:"cancel_at_end"` // Stripe: cancel_at_period_end; Razorpay: silent
	EndedAt         int64             `json:"ended_at"`
	CanceledAt      int64             `json:"canceled_at"`
	Reason          string            `json:"reason"`
	BadCard         bool              `json:"bad_card"` // payments fail
	Off             int               `json:"off"`      // percent that a coupon or an offer takes off
	Tax             int               `json:"tax"`      // percent that is added
	Dunning         string            `json:"dunning"`  // Stripe: what follows the last retry, "" cancels
	Open            string            `json:"open"`     // the invoice that waits for payment
	Schedule        string            `json:"schedule"` // Stripe: the id of its schedule
	NextPrice       string            `json:"next_price"`
	Retries         int               `json:"retries"`
	NextRetry       int64             `json:"next_retry"`

	// Stripe only.
	SecondFactor   bool   `json:"second_factor"` // the bank asks for it at each payment
	Pending        string `json:"pending"`       // the price that begins when its invoice is paid
	PendingInvoice string `json:"pending_invoice"`
	PendingUntil   int64  `json:"pending_until"`
	AddOn          bool   `json:"add_on"` // another item stands before the plan

	// Razorpay only.
	Total    int    `json:"total"`
	Paid     int    `json:"paid"`
	ExpireBy int64  `json:"expire_by"`
	Short    string `json:"short"`
	Callback string `json:"callback"`
	Cancel   string `json:"cancel"`
	Email    string `json:"email"`
	Mandate  string `json:"mandate"` // the payment that authorised a later start
}

func (s *subscription) ended() bool {
	switch s.Status {
	case "canceled", "incomplete_expired", "cancelled", "expired", "completed":
		return true
	}
	return false
}

// invoice is one of either provider, with the payment that settled it.
type invoice struct {
	Provider     facts.Provider `json:"provider"`
	ID           string         `json:"id"`
	Number       string         `json:"number"`
	Subscription string         `json:"subscription"`
	Customer     string         `json:"customer"`
	Reason       string         `json:"reason"` // subscription_create, subscription_cycle
	Status       string         `json:"status"` // draft, open, paid, void; Razorpay: issued, paid
	Amount       int64          `json:"amount"` // before discount and tax
	Off          int64          `json:"off"`
	Tax          int64          `json:"tax"`
	Currency     string         `json:"currency"`
	Lines        []line         `json:"lines"`
	Serial       int            `json:"serial"`
	Start        int64          `json:"start"`
	End          int64          `json:"end"`
	Created      int64          `json:"created"`
	PaidAt       int64          `json:"paid_at"`
	Payment      string         `json:"payment"` // Stripe: payment intent; Razorpay: payment
	Charge       string         `json:"charge"`
	Refunded     int64          `json:"refunded"`
}

// total is what is to be paid.
func (in *invoice) total() int64 { return max(in.Amount-in.Off+in.Tax, 0) }

// line is a position of an invoice.
type line struct {
	Price    string `json:"price"`
	Start    int64  `json:"start"`
	End      int64  `json:"end"`
	Amount   int64  `json:"amount"`
	Prorated bool   `json:"prorated"`
	Once     bool   `json:"once"`
}

// A Delivery is an event on its way to the application.
type Delivery struct {
	Number   int            `json:"number"`
	Provider facts.Provider `json:"provider"`
	EventID  string         `json:"event_id"`
	Type     string         `json:"type"`
	About    string         `json:"about"`
	Body     []byte         `json:"body"`
	Created  int64          `json:"created"`
	Status   string         `json:"status"` // held, waiting, delivered, failed
	Unsigned bool           `json:"unsigned"`
	Attempts int            `json:"attempts"`
	Due      time.Time      `json:"due"` // machine time
	Code     int            `json:"code"`
}

// ist is India's time, in which Razorpay's cycles end at midnight.
var ist = time.FixedZone("IST", 5*3600+1800)

// periodEnd is the end of the n-th period, counted from the anchor: months are
// clamped to their last day and come back (31 → 28 → 31).
func periodEnd(p facts.Provider, anchor int64, interval string, n int) int64 {
	months := n
	if interval == "year" {
		months = 12 * n
	}
	loc := time.UTC
	if p == facts.Razorpay {
		loc = ist
	}
	t := time.Unix(anchor, 0).In(loc)
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, loc)
	day := min(t.Day(), first.AddDate(0, 1, -1).Day())
	if p == facts.Razorpay {
		return time.Date(first.Year(), first.Month(), day, 0, 0, 0, 0, loc).Unix()
	}
	return time.Date(first.Year(), first.Month(), day, t.Hour(), t.Minute(), t.Second(), 0, loc).Unix()
}
