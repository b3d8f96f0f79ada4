package stripe

import (
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

type period struct {
	Start int64 `json:"start"`
	End   int64 `json:"end"`
}

type invoice struct {
	ID       string `json:"id"`
	Number   string `json:"number"`
	Customer ref    `json:"customer"`
	Parent   struct {
		Details struct {
			Subscription ref               `json:"subscription"`
			Metadata     map[string]string `json:"metadata"`
		} `json:"subscription_details"`
	} `json:"parent"`
	Subscription  ref    `json:"subscription"` // before basil
	Status        string `json:"status"`
	AmountPaid    int64  `json:"amount_paid"`
	AmountDue     int64  `json:"amount_due"`
	Total         int64  `json:"total"`
	Currency      string `json:"currency"`
	BillingReason string `json:"billing_reason"`
	Created       int64  `json:"created"`
	Subtotal      int64  `json:"subtotal"`
	Balance       int64  `json:"starting_balance"` // negative is credit
	Discounts     []part `json:"total_discount_amounts"`
	Taxes         []part `json:"total_taxes"`
	OldTaxes      []part `json:"total_tax_amounts"` // before basil
	Lines         struct {
		HasMore bool   `json:"has_more"`
		Data    []line `json:"data"`
	} `json:"lines"`
	Transitions struct {
		PaidAt int64 `json:"paid_at"`
	} `json:"status_transitions"`
	HostedURL string `json:"hosted_invoice_url"`
	PDF       string `json:"invoice_pdf"`
}

func (in *invoice) subscription() string {
	if s := in.Parent.Details.Subscription; s != "" {
		return string(s)
	}
	return string(in.Subscription)
}

// part is an amount that was added or taken off.
type part struct {
	Amount int64 `json:"amount"`
}

func sum(parts []part) (n int64) {
	for _, p := range parts {
		n += p.Amount
	}
	return n
}

type line struct {
	ID       string `json:"id"`
	Type     string `json:"type"` // before basil: subscription, invoiceitem
	Amount   int64  `json:"amount"`
	Quantity int64  `json:"quantity"`
	Period   period `json:"period"`
	Price    ref    `json:"price"`     // before basil
	Prorated bool   `json:"proration"` // before basil
	Pricing  struct {
		Details struct {
			Price ref `json:"price"`
		} `json:"price_details"`
	} `json:"pricing"`
	Parent struct {
		Type string `json:"type"`
		Item struct {
			Prorated bool `json:"proration"`
		} `json:"invoice_item_details"`
	} `json:"parent"`
}

func (l *line) facts() facts.Line {
	out := facts.Line{
		PriceID: string(l.Pricing.Details.Price), Start: facts.Unix(l.Period.Start),
		End: facts.Unix(l.Period.End), Amount: l.Amount,
	}
	if out.PriceID == "" {
		out.PriceID = string(l.Price)
	}
	// An invoice item is a one-time charge, unless it is what a change of price costs for the rest of a period.
	item := l.Parent.Type == "invoice_item_details" || l.Parent.Type == "" && l.Type == "invoiceitem"
	out.Once = item && !l.Parent.Item.Prorated && !l.Prorated
	return out
}

// lines are the positions of an invoice. One that somebody made by hand is for no
// period, whatever dates its lines bear.
func (in *invoice) lines() (out []facts.Line) {
	for i := range in.Lines.Data {
		l := in.Lines.Data[i].facts()
		l.Once = l.Once || in.BillingReason == "manual"
		out = append(out, l)
	}
	return out
}

// period is what the invoice shows as its time: that of the line of the
// subscription which reaches furthest.
func (in *invoice) period() (start, end time.Time) {
	for i, l := range in.lines() {
		if i == 0 || !l.Once && l.Amount >= 0 && l.End.After(end) {
			start, end = l.Start, l.End
		}
	}
	return start, end
}

// asked are the amounts that the price may have been, before tax, discounts and
// the customer's balance: the invoice says what lies between.
func (in *invoice) asked() (out []money.Amount) {
	add := func(minor int64) { out = append(out, amount(minor, in.Currency)) }
	for _, l := range in.Lines.Data {
		if l.Amount > 0 {
			add(l.Amount / max(l.Quantity, 1))
		}
	}
	off, tax := sum(in.Discounts), sum(in.Taxes)+sum(in.OldTaxes)
	for _, base := range []int64{in.Subtotal, in.Total, in.AmountPaid, in.AmountPaid - min(in.Balance, 0)} {
		if base > 0 {
			add(base)
			add(base + off)
			add(base - tax)
			add(base + off - tax)
		}
	}
	return out
}

func (in *invoice) payment(at time.Time) *facts.Payment {
	start, end := in.period()
	if t := facts.Unix(in.Transitions.PaidAt); !t.IsZero() {
		at = t
	}
	return &facts.Payment{
		ID: in.ID, InvoiceID: in.ID, SubscriptionID: in.subscription(), CustomerID: string(in.Customer),
		Amount: amount(in.AmountPaid, in.Currency), Paid: in.Status == "paid",
		Full:  in.BillingReason == "subscription_create" || in.BillingReason == "subscription_cycle",
		Asked: in.asked(), PeriodStart: start, PeriodEnd: end, At: at,
	}
}

func (in *invoice) facts() facts.Invoice {
	start, end := in.period()
	due := in.Total
	if due == 0 {
		due = in.AmountDue
	}
	if in.Status == "paid" && in.AmountPaid != 0 {
		due = in.AmountPaid
	}
	url := in.HostedURL
	if url == "" {
		url = in.PDF
	}
	return facts.Invoice{
		ID: in.ID, Number: in.Number, SubscriptionID: in.subscription(), CustomerID: string(in.Customer),
		Status: in.Status,
		Amount: amount(due, in.Currency), PeriodStart: start, PeriodEnd: end, IssuedAt: facts.Unix(in.Created),
		PaidAt: facts.Unix(in.Transitions.PaidAt), URL: url,
		Reason: in.BillingReason, Lines: in.lines(), Asked: in.asked(),
	}
}
