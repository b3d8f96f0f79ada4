package stripe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// ref is an id, or the object itself where it was expanded, or null.
type ref string

func (r *ref) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := strictjson.DecodeOpen(b, &s); err != nil {
			return err
		}
		*r = ref(s)
	case len(b) > 0 && b[0] == '{':
		var o struct {
			ID string `json:"id"`
		}
		if err := strictjson.DecodeOpen(b, &o); err != nil {
			return err
		}
		*r = ref(o.ID)
	}
	return nil
}

// Our own shapes instead of the library's: events arrive in the shape of the
// endpoint's api_version, and old ones keep the period at the top level.
type subscription struct {
	ID       string `json:"id"`
	Object   string `json:"object"`
	Customer ref    `json:"customer"`
	Status   string `json:"status"`
	Items    struct {
		Data []item `json:"data"`
	} `json:"items"`
	PeriodStart       int64             `json:"current_period_start"` // before basil
	PeriodEnd         int64             `json:"current_period_end"`   // before basil
	CancelAtPeriodEnd bool              `json:"cancel_at_period_end"`
	CancelAt          int64             `json:"cancel_at"`
	TrialEnd          int64             `json:"trial_end"`
	EndedAt           int64             `json:"ended_at"`
	StartDate         int64             `json:"start_date"`
	Metadata          map[string]string `json:"metadata"`
	Schedule          schedule          `json:"schedule"`
	Latest            expanded          `json:"latest_invoice"`
	Cancellation      struct {
		Reason string `json:"reason"`
	} `json:"cancellation_details"`
}

type item struct {
	ID          string `json:"id"`
	Price       ref    `json:"price"`
	Quantity    int64  `json:"quantity"`
	PeriodStart int64  `json:"current_period_start"`
	PeriodEnd   int64  `json:"current_period_end"`
}

// expanded is an invoice where it was expanded, else its id, or null.
type expanded struct {
	id      string
	invoice *invoice
}

func (e *expanded) UnmarshalJSON(b []byte) error {
	var id ref
	if err := id.UnmarshalJSON(b); err != nil {
		return err
	}
	e.id = string(id)
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	e.invoice = &invoice{}
	return strictjson.DecodeOpen(b, e.invoice)
}

func (s *subscription) facts() *facts.Subscription {
	out := &facts.Subscription{
		ID: s.ID, CustomerID: string(s.Customer), Status: s.Status,
		StartAt: facts.Unix(s.StartDate), TrialEnd: facts.Unix(s.TrialEnd), CancelAt: facts.Unix(s.CancelAt),
		EndedAt:           facts.Unix(s.EndedAt),
		CancelAtPeriodEnd: s.CancelAtPeriodEnd, NextPriceID: s.Schedule.next, NextAt: s.Schedule.at,
		AccountID: facts.OwnID(s.Metadata["account_id"]), CheckoutID: facts.OwnID(s.Metadata["checkout_id"]),
		Reason: s.Cancellation.Reason,
	}
	for _, it := range s.Items.Data {
		if it.PeriodEnd == 0 {
			it.PeriodStart, it.PeriodEnd = s.PeriodStart, s.PeriodEnd
		}
		out.Items = append(out.Items, facts.Item{
			ID: it.ID, PriceID: string(it.Price), Quantity: it.Quantity,
			Start: facts.Unix(it.PeriodStart), End: facts.Unix(it.PeriodEnd),
		})
	}
	out.PeriodStart, out.PeriodEnd = facts.Unix(s.PeriodStart), facts.Unix(s.PeriodEnd)
	if len(out.Items) > 0 { // which of them is the plan only the plan file knows
		first := out.Items[0]
		out.PriceID, out.Quantity = first.PriceID, first.Quantity
		out.PeriodStart, out.PeriodEnd = first.Start, first.End
	}
	out.LatestID = s.Latest.id
	if s.Latest.invoice != nil {
		in := s.Latest.invoice.facts()
		out.Latest = &in
	}
	return out
}

// schedule is what a subscription will change to: an id in events, the object
// where it was expanded. Only the phase after the present one is looked at, and
// only of one item, as we sell.
type schedule struct {
	id   string
	next string
	at   time.Time
}

func (s *schedule) UnmarshalJSON(b []byte) error {
	var id ref
	if err := id.UnmarshalJSON(b); err != nil || len(b) == 0 || b[0] != '{' {
		s.id = string(id)
		return err
	}
	var o struct {
		Status  string `json:"status"`
		Current struct {
			End int64 `json:"end_date"`
		} `json:"current_phase"`
		Phases []struct {
			Start int64 `json:"start_date"`
			Items []struct {
				Price ref `json:"price"`
			} `json:"items"`
		} `json:"phases"`
	}
	if err := strictjson.DecodeOpen(b, &o); err != nil {
		return err
	}
	s.id = string(id)
	for _, p := range o.Phases {
		if o.Status == "active" && p.Start == o.Current.End && p.Start != 0 && len(p.Items) == 1 &&
			facts.ValidID(string(p.Items[0].Price)) {
			s.next, s.at = string(p.Items[0].Price), facts.Unix(p.Start)
		}
	}
	return nil
}

type session struct {
	ID            string            `json:"id"`
	URL           string            `json:"url"`
	Status        string            `json:"status"`
	PaymentStatus string            `json:"payment_status"`
	Customer      ref               `json:"customer"`
	Subscription  ref               `json:"subscription"`
	Reference     string            `json:"client_reference_id"`
	Metadata      map[string]string `json:"metadata"`
	ExpiresAt     int64             `json:"expires_at"`
	Mode          string            `json:"mode"`
	Total         int64             `json:"amount_total"`
	Subtotal      int64             `json:"amount_subtotal"`
	Created       int64             `json:"created"`
	Currency      string            `json:"currency"`
	Intent        ref               `json:"payment_intent"`
}

func (s *session) facts() *facts.Session {
	return &facts.Session{
		ID: s.ID, URL: s.URL, Status: s.Status, PaymentStatus: s.PaymentStatus, CustomerID: string(s.Customer),
		SubscriptionID: string(s.Subscription), AccountID: facts.OwnID(s.Reference),
		CheckoutID: facts.OwnID(s.Metadata["checkout_id"]), ExpiresAt: facts.Unix(s.ExpiresAt),
		Mode: s.Mode, Total: amount(s.Total, s.Currency), Subtotal: amount(s.Subtotal, s.Currency),
		PaymentID: string(s.Intent), Bought: facts.ReadBought(s.Metadata),
	}
}

type charge struct {
	ID       string `json:"id"`
	Customer ref    `json:"customer"`
	Intent   ref    `json:"payment_intent"`
	Amount   int64  `json:"amount"`
	Refunded int64  `json:"amount_refunded"`
	Currency string `json:"currency"`
	Invoice  ref    `json:"invoice"` // before basil
}

type dispute struct {
	ID       string `json:"id"`
	Charge   ref    `json:"charge"`
	Intent   ref    `json:"payment_intent"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Evidence struct {
		DueBy int64 `json:"due_by"`
	} `json:"evidence_details"`
}

func (d *dispute) facts() *facts.Dispute {
	return &facts.Dispute{
		ID: d.ID, ChargeID: string(d.Charge), IntentID: string(d.Intent), Status: d.Status,
		Amount: amount(d.Amount, d.Currency), RespondBy: facts.Unix(d.Evidence.DueBy),
	}
}

// Decode reads a verified event. Types that we do not act on come back with
// nothing but their envelope.
func Decode(body []byte) (*facts.Event, error) {
	var e struct {
		ID       string `json:"id"`
		Object   string `json:"object"`
		Type     string `json:"type"`
		Created  int64  `json:"created"`
		Livemode *bool  `json:"livemode"`
		Account  string `json:"account"`
		Data     struct {
			Object json.RawMessage `json:"object"`
		} `json:"data"`
	}
	if thin, ok := decodeThin(body); ok {
		return thin, nil
	}
	if err := strictjson.DecodeOpen(body, &e); err != nil {
		return nil, fmt.Errorf("stripe: decode event: %w", err)
	}
	if e.Object != "event" || !facts.ValidID(e.ID) || !facts.ValidID(e.Type) {
		return nil, fmt.Errorf("stripe: decode event: not an event (object %.40q)", e.Object)
	}
	ev := &facts.Event{
		Provider: facts.Stripe, ID: e.ID, Type: e.Type, Created: facts.Unix(e.Created), Live: e.Livemode,
		Account: e.Account,
	}
	if err := decodeObject(ev, e.Data.Object); err != nil {
		return nil, fmt.Errorf("stripe: decode %s: %w", e.Type, err)
	}
	return ev, checkIDs(ev)
}

// decodeThin reads the envelope of a thin event (object v2.core.event), which carries no object and another kind of
// time. Nothing is done with it: what we act on comes as a snapshot too.
func decodeThin(body []byte) (*facts.Event, bool) {
	const mark = "v2.core.event"
	if !bytes.Contains(body, []byte(mark)) {
		return nil, false
	}
	var e struct {
		ID       string    `json:"id"`
		Object   string    `json:"object"`
		Type     string    `json:"type"`
		Created  time.Time `json:"created"`
		Livemode *bool     `json:"livemode"`
	}
	if err := strictjson.DecodeOpen(body, &e); err != nil || e.Object != mark || !facts.ValidID(e.ID) ||
		!facts.ValidID(e.Type) {
		return nil, false
	}
	return &facts.Event{Provider: facts.Stripe, ID: e.ID, Type: e.Type, Created: e.Created, Live: e.Livemode}, true
}

func decodeObject(ev *facts.Event, raw json.RawMessage) error {
	switch {
	case strings.HasPrefix(ev.Type, "customer.subscription."):
		var s subscription
		if err := unmarshal(raw, &s); err != nil {
			return err
		}
		ev.Subscription = s.facts()
		ev.Customer = ev.Subscription.CustomerID
	case strings.HasPrefix(ev.Type, "invoice."):
		var in invoice
		if err := unmarshal(raw, &in); err != nil {
			return err
		}
		ev.Customer = string(in.Customer)
		if ev.Type == "invoice.upcoming" || in.ID == "" || strings.HasPrefix(in.ID, "upcoming_") {
			return nil // a preview of what may come: nothing was invoiced
		}
		ev.Payment = in.payment(ev.Created)
		invoice := in.facts()
		ev.Invoice = &invoice
	case strings.HasPrefix(ev.Type, "checkout.session."):
		var s session
		if err := unmarshal(raw, &s); err != nil {
			return err
		}
		ev.Session = s.facts()
		ev.Customer = ev.Session.CustomerID
	case ev.Type == "charge.refunded":
		var c charge
		if err := unmarshal(raw, &c); err != nil {
			return err
		}
		ev.Refund = &facts.Refund{
			ChargeID: c.ID, IntentID: string(c.Intent), InvoiceID: string(c.Invoice),
			Amount: amount(c.Amount, c.Currency), Refunded: c.Refunded,
		}
		ev.Customer = string(c.Customer)
	case ev.Type == "refund.failed":
		var d dispute
		if err := unmarshal(raw, &d); err != nil {
			return err
		}
		ev.Refund = &facts.Refund{
			ChargeID: string(d.Charge), IntentID: string(d.Intent),
			Amount: amount(d.Amount, d.Currency), Failed: true,
		}
	case strings.HasPrefix(ev.Type, "charge.dispute."):
		var d dispute
		if err := unmarshal(raw, &d); err != nil {
			return err
		}
		ev.Dispute = d.facts()
	case ev.Type == "customer.deleted":
		var c charge
		if err := unmarshal(raw, &c); err != nil {
			return err
		}
		ev.Deleted, ev.Customer = c.ID, c.ID
	}
	return nil
}

func unmarshal(raw json.RawMessage, v any) error {
	if len(bytes.TrimSpace(raw)) == 0 || raw[0] != '{' {
		return fmt.Errorf("data.object is no object")
	}
	return strictjson.DecodeOpen(raw, v)
}

// checkIDs refuses ids that could not be Stripe's: they go into tables and URLs.
func checkIDs(ev *facts.Event) error {
	ids := []string{ev.Customer, ev.Deleted}
	must := []string{ev.ID}
	if s := ev.Subscription; s != nil {
		ids = append(ids, s.PriceID, s.AccountID, s.CheckoutID, s.LatestID)
		for _, it := range s.Items {
			ids = append(ids, it.ID, it.PriceID)
		}
		must = append(must, s.ID, s.Status)
	}
	if p := ev.Payment; p != nil {
		ids = append(ids, p.SubscriptionID, p.InvoiceID)
	}
	if in := ev.Invoice; in != nil {
		must = append(must, in.ID)
		for _, l := range in.Lines {
			ids = append(ids, l.PriceID)
		}
	}
	if s := ev.Session; s != nil {
		ids = append(ids, s.SubscriptionID, s.CheckoutID, s.AccountID, s.PaymentID)
		must = append(must, s.ID)
	}
	if r := ev.Refund; r != nil {
		ids = append(ids, r.IntentID, r.InvoiceID)
		must = append(must, r.ChargeID)
	}
	if d := ev.Dispute; d != nil {
		ids = append(ids, d.IntentID, d.ChargeID, d.Status)
		must = append(must, d.ID)
	}
	for _, id := range ids {
		if id != "" && !facts.ValidID(id) {
			return fmt.Errorf("stripe: decode %s: %.40q is no id", ev.Type, id)
		}
	}
	for _, id := range must {
		if !facts.ValidID(id) {
			return fmt.Errorf("stripe: decode %s: an id is missing or malformed", ev.Type)
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
