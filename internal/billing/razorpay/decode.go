package razorpay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// notes is a map, or [] when there are none.
type notes map[string]string

func (n *notes) UnmarshalJSON(b []byte) error {
	if b[0] != '{' {
		return nil
	}
	var m map[string]any
	if err := strictjson.DecodeOpen(b, &m); err != nil {
		return err
	}
	*n = notes{}
	for k, v := range m {
		if s, ok := v.(string); ok {
			(*n)[k] = s
		}
	}
	return nil
}

// flag is true, "1" or 1 where the official samples cannot agree.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	switch string(bytes.Trim(b, `"`)) {
	case "true", "1":
		*f = true
	}
	return nil
}

type subscription struct {
	ID           string `json:"id"`
	PlanID       string `json:"plan_id"`
	CustomerID   string `json:"customer_id"`
	Status       string `json:"status"`
	CurrentStart int64  `json:"current_start"`
	CurrentEnd   int64  `json:"current_end"`
	EndedAt      int64  `json:"ended_at"`
	StartAt      int64  `json:"start_at"`
	PaidCount    int    `json:"paid_count"`
	Notes        notes  `json:"notes"`
	ShortURL     string `json:"short_url"`
	CreatedAt    int64  `json:"created_at"`
	CancelledBy  string `json:"cancel_initiated_by"`
	Quantity     int64  `json:"quantity"`
	OfferID      string `json:"offer_id"`
}

func (s *subscription) facts() *facts.Subscription {
	return &facts.Subscription{
		ID: s.ID, CustomerID: s.CustomerID, Status: s.Status, PriceID: s.PlanID,
		PeriodStart: facts.Unix(s.CurrentStart), PeriodEnd: facts.Unix(s.CurrentEnd), StartAt: facts.Unix(s.StartAt),
		EndedAt:   facts.Unix(s.EndedAt),
		PaidCount: s.PaidCount, AccountID: facts.OwnID(s.Notes["account_id"]),
		CheckoutID: facts.OwnID(s.Notes["checkout_id"]), Reason: s.CancelledBy, URL: s.ShortURL,
		Follows:  s.Notes["follows"] == "yes",
		Quantity: s.Quantity, Offer: s.OfferID != "",
	}
}

type payment struct {
	ID        string `json:"id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
	Captured  flag   `json:"captured"`
	InvoiceID string `json:"invoice_id"`
	Customer  string `json:"customer_id"`
	Refunded  int64  `json:"amount_refunded"`
	CreatedAt int64  `json:"created_at"`
}

func (p *payment) facts(subscriptionID string, at time.Time) *facts.Payment {
	if t := facts.Unix(p.CreatedAt); !t.IsZero() {
		at = t
	}
	return &facts.Payment{
		ID: p.ID, InvoiceID: p.InvoiceID, SubscriptionID: subscriptionID, CustomerID: p.Customer,
		Amount: amount(p.Amount, p.Currency),
		Paid:   p.Status == "captured" || p.Status == "refunded" || bool(p.Captured), Full: true, At: at,
	}
}

type invoice struct {
	ID             string `json:"id"`
	Number         string `json:"invoice_number"`
	SubscriptionID string `json:"subscription_id"`
	CustomerID     string `json:"customer_id"`
	PaymentID      string `json:"payment_id"`
	Status         string `json:"status"`
	Amount         int64  `json:"amount"`
	Currency       string `json:"currency"`
	BillingStart   int64  `json:"billing_start"`
	BillingEnd     int64  `json:"billing_end"`
	IssuedAt       int64  `json:"issued_at"`
	Date           int64  `json:"date"`
	PaidAt         int64  `json:"paid_at"`
	ShortURL       string `json:"short_url"`
	Gross          int64  `json:"gross_amount"`
	Tax            int64  `json:"tax_amount"`
	Taxable        int64  `json:"taxable_amount"`
	Items          []struct {
		Amount   int64 `json:"amount"` // of one
		Gross    int64 `json:"gross_amount"`
		Taxable  int64 `json:"taxable_amount"`
		Quantity int64 `json:"quantity"`
	} `json:"line_items"`
}

// lines is the one period that the invoice of a cycle is for. What is charged at
// the authorisation, without a cycle, has none.
func (in *invoice) lines() []facts.Line {
	start, end := facts.Unix(in.BillingStart), facts.Unix(in.BillingEnd)
	if start.IsZero() || end.IsZero() {
		return nil
	}
	return []facts.Line{{Start: start, End: end, Amount: in.Amount}}
}

// asked are the amounts that the price may have been, before tax and an offer.
func (in *invoice) asked() (out []money.Amount) {
	add := func(minor int64) {
		if minor > 0 {
			out = append(out, amount(minor, in.Currency))
		}
	}
	for _, n := range []int64{in.Amount, in.Gross, in.Taxable, in.Amount - in.Tax, in.Gross - in.Tax} {
		add(n)
	}
	for _, item := range in.Items {
		add(item.Amount)
		add(item.Gross / max(item.Quantity, 1))
		add(item.Taxable / max(item.Quantity, 1))
	}
	return out
}

func (in *invoice) facts() facts.Invoice {
	issued := facts.Unix(in.IssuedAt)
	if issued.IsZero() {
		issued = facts.Unix(in.Date)
	}
	return facts.Invoice{
		ID: in.ID, Number: in.Number, SubscriptionID: in.SubscriptionID, CustomerID: in.CustomerID, Status: in.Status,
		Amount: amount(in.Amount, in.Currency), PeriodStart: facts.Unix(in.BillingStart),
		PeriodEnd: facts.Unix(in.BillingEnd),
		IssuedAt:  issued, PaidAt: facts.Unix(in.PaidAt), URL: in.ShortURL, PaymentID: in.PaymentID,
		Lines: in.lines(), Asked: in.asked(),
	}
}

type reversal struct {
	ID        string `json:"id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Status    string `json:"status"`
	RespondBy int64  `json:"respond_by"` // of a dispute
	CreatedAt int64  `json:"created_at"`
}

type entity[T any] struct {
	Entity *T `json:"entity"`
}

type envelope struct {
	Entity    string `json:"entity"`
	AccountID string `json:"account_id"`
	Event     string `json:"event"`
	CreatedAt int64  `json:"created_at"`
	Payload   struct {
		Subscription entity[subscription] `json:"subscription"`
		Payment      entity[payment]      `json:"payment"`
		Invoice      entity[invoice]      `json:"invoice"`
		Refund       entity[reversal]     `json:"refund"`
		Dispute      entity[reversal]     `json:"dispute"`
		Link         entity[link]         `json:"payment_link"`
		CreatedAt    int64                `json:"created_at"` // where one official sample has it
	} `json:"payload"`
}

// Decode reads a verified event. The id comes from the header; the body has
// none, so a delivery without the header is known by the hash of its body.
func Decode(h http.Header, body []byte) (*facts.Event, error) {
	var e envelope
	if err := strictjson.DecodeOpen(body, &e); err != nil {
		return nil, fmt.Errorf("razorpay: decode event: %w", err)
	}
	if e.Entity != "event" || !facts.ValidID(e.Event) {
		return nil, fmt.Errorf("razorpay: decode event: not an event (entity %.40q)", e.Entity)
	}
	id := h.Get(EventIDHeader)
	if !facts.ValidID(id) {
		sum := sha256.Sum256(body)
		id = "body." + hex.EncodeToString(sum[:])
	}
	if e.CreatedAt == 0 {
		e.CreatedAt = e.Payload.CreatedAt
	}
	ev := &facts.Event{
		Provider: facts.Razorpay, ID: id, Type: e.Event, Created: facts.Unix(e.CreatedAt),
		Account: e.AccountID,
	}
	if s := e.Payload.Subscription.Entity; s != nil {
		ev.Subscription = s.facts()
		ev.Customer = s.CustomerID
	}
	if p := e.Payload.Payment.Entity; p != nil {
		sub := ""
		if ev.Subscription != nil {
			sub = ev.Subscription.ID
		} else if in := e.Payload.Invoice.Entity; in != nil {
			sub = in.SubscriptionID
			if p.InvoiceID == "" {
				p.InvoiceID = in.ID
			}
		}
		ev.Payment = p.facts(sub, ev.Created)
		if r := e.Payload.Refund.Entity; r != nil && e.Event != "refund.speed_changed" {
			refunded := max(p.Refunded, r.Amount)
			ev.Refund = &facts.Refund{
				ChargeID: p.ID, InvoiceID: p.InvoiceID, Amount: amount(p.Amount, p.Currency), Refunded: refunded,
				Failed: e.Event == "refund.failed", SubscriptionID: sub,
			}
		}
	} else if r := e.Payload.Refund.Entity; r != nil && e.Event != "refund.speed_changed" {
		// Of what, and how much of it in all, Locate asks.
		ev.Refund = &facts.Refund{
			ChargeID: r.PaymentID, Amount: amount(0, r.Currency), Refunded: r.Amount,
			Failed: e.Event == "refund.failed",
		}
	}
	if in := e.Payload.Invoice.Entity; in != nil && facts.ValidID(in.ID) && in.SubscriptionID != "" {
		invoice := in.facts()
		ev.Invoice = &invoice
		if ev.Payment != nil && ev.Payment.InvoiceID == invoice.ID {
			ev.Payment.Asked = invoice.Asked
		}
	}
	if l := e.Payload.Link.Entity; l != nil {
		ev.Link = l.facts()
	}
	if d := e.Payload.Dispute.Entity; d != nil && strings.HasPrefix(e.Event, "payment.dispute.") {
		ev.Dispute = &facts.Dispute{
			ID: d.ID, ChargeID: d.PaymentID, Status: d.Status, Amount: amount(d.Amount, d.Currency),
			RespondBy: facts.Unix(d.RespondBy),
		}
	}
	return ev, checkIDs(ev)
}

// checkIDs refuses ids that could not be Razorpay's: they go into tables and URLs.
func checkIDs(ev *facts.Event) error {
	ids, must := []string{ev.Customer, ev.Account}, []string{}
	if s := ev.Subscription; s != nil {
		ids = append(ids, s.PriceID, s.AccountID, s.CheckoutID)
		must = append(must, s.ID, s.Status)
	}
	if p := ev.Payment; p != nil {
		ids = append(ids, p.InvoiceID, p.SubscriptionID, p.CustomerID)
		must = append(must, p.ID)
	}
	if l := ev.Link; l != nil {
		must = append(must, l.ID, l.Status)
	}
	if r := ev.Refund; r != nil {
		must = append(must, r.ChargeID)
	}
	if d := ev.Dispute; d != nil {
		ids = append(ids, d.ChargeID, d.Status)
		must = append(must, d.ID)
	}
	for _, id := range ids {
		if id != "" && !facts.ValidID(id) {
			return fmt.Errorf("razorpay: decode %s: %.40q is no id", ev.Type, id)
		}
	}
	for _, id := range must {
		if !facts.ValidID(id) {
			return fmt.Errorf("razorpay: decode %s: an id is missing or malformed", ev.Type)
		}
	}
	return nil
}

func amount(minor int64, currency string) money.Amount {
	c := strings.ToUpper(currency)
	if len(c) != 3 || !facts.ValidID(c) {
		c = "XXX" // ISO 4217 for "no currency"
	}
	return money.Amount{Minor: minor, Currency: c}
}
