package stripe

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// pageSize is the most that Stripe gives at once.
const pageSize = 100

// get fetches a path with a query and decodes the answer.
func (c *Client) get(ctx context.Context, path string, q url.Values, out any) error {
	p := &stripe.RawParams{}
	p.Context = ctx
	res, err := c.raw.RawRequest("GET", path+"?"+q.Encode(), "", p)
	if err != nil {
		return apiError(err)
	}
	if err := strictjson.DecodeOpen(res.RawJSON, out); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", path, err)
	}
	return nil
}

// post sends a form. The library's own retries of one call carry one key.
func (c *Client) post(ctx context.Context, path string, form url.Values, out any) error {
	p := &stripe.RawParams{}
	p.Context = ctx
	res, err := c.raw.RawRequest("POST", path, form.Encode(), p)
	if err != nil {
		return apiError(err)
	}
	if err := strictjson.DecodeOpen(res.RawJSON, out); err != nil {
		return fmt.Errorf("decode the answer to %s: %w", path, err)
	}
	return nil
}

type page[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

func pageQuery(cursor string) url.Values {
	q := url.Values{"limit": {strconv.Itoa(pageSize)}}
	if cursor != "" {
		q.Set("starting_after", cursor)
	}
	return q
}

// SubscriptionPage lists subscriptions, ended ones and those of deleted
// customers included, newest first: all, or those of one customer. cursor is
// "" for the first page, and next "" after the last. New ones never shift a
// page: the cursor is an object's id.
func (c *Client) SubscriptionPage(
	ctx context.Context, customer, cursor string,
) (list []*facts.Subscription, next string, err error) {
	q := pageQuery(cursor)
	q.Set("status", "all")
	q.Set("expand[0]", "data.schedule")
	q.Set("expand[1]", "data.latest_invoice")
	if customer != "" {
		q.Set("customer", customer)
	}
	var p page[subscription]
	if err := c.get(ctx, "/v1/subscriptions", q, &p); err != nil {
		return nil, "", fmt.Errorf("list subscriptions: %w", err)
	}
	for i := range p.Data {
		f := p.Data[i].facts()
		if checkIDs(&facts.Event{ID: "api", Type: "subscription", Subscription: f, Customer: f.CustomerID}) != nil {
			// Somebody's strange metadata must not stop the list. Fetched by itself it tells what is wrong.
			f = &facts.Subscription{ID: f.ID, Status: "malformed"}
		}
		if facts.ValidID(f.ID) {
			list = append(list, f)
		}
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

// PaidPage lists paid invoices made since a time as events, each with its
// payment and its invoice.
func (c *Client) PaidPage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	q := pageQuery(cursor)
	q.Set("status", "paid")
	if !since.IsZero() {
		q.Set("created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	var p page[invoice]
	if err := c.get(ctx, "/v1/invoices", q, &p); err != nil {
		return nil, "", fmt.Errorf("list invoices: %w", err)
	}
	for i := range p.Data {
		in := &p.Data[i]
		f := in.facts()
		ev := &facts.Event{
			Provider: facts.Stripe, ID: "reconcile." + in.ID, Type: "reconcile",
			Created: facts.Unix(in.Created), Payment: in.payment(facts.Unix(in.Created)), Invoice: &f,
			Customer: string(in.Customer),
		}
		if checkIDs(ev) == nil {
			list = append(list, ev)
		}
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

// RefundPage lists the refunds since a time as events, each with what was given
// back of its charge in all. However old the charge is: Stripe forgets its events after thirty days.
func (c *Client) RefundPage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	q := pageQuery(cursor)
	q.Set("expand[]", "data.charge")
	if !since.IsZero() {
		q.Set("created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	var p page[refund]
	if err := c.get(ctx, "/v1/refunds", q, &p); err != nil {
		return nil, "", fmt.Errorf("list refunds: %w", err)
	}
	for i := range p.Data {
		r := &p.Data[i]
		ev := &facts.Event{
			Provider: facts.Stripe, ID: "reconcile." + r.ID, Type: "reconcile", Created: facts.Unix(r.Created),
			Customer: string(r.Charge.Customer),
			Refund: &facts.Refund{
				ChargeID: r.Charge.ID, IntentID: string(r.Charge.Intent), InvoiceID: string(r.Charge.Invoice),
				Amount: amount(r.Charge.Amount, r.Charge.Currency), Refunded: r.Charge.Refunded,
				Failed: r.Status == "failed",
			},
		}
		if (r.Status == "failed" || r.Charge.Refunded > 0) && checkIDs(ev) == nil {
			list = append(list, ev)
		}
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

type refund struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // pending, requires_action, succeeded, failed, canceled
	Created int64  `json:"created"`
	Charge  charge `json:"charge"` // expanded
}

// DisputePage lists the disputes since a time as events.
func (c *Client) DisputePage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	q := pageQuery(cursor)
	if !since.IsZero() {
		q.Set("created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	var p page[struct {
		dispute
		Created int64 `json:"created"`
	}]
	if err := c.get(ctx, "/v1/disputes", q, &p); err != nil {
		return nil, "", fmt.Errorf("list disputes: %w", err)
	}
	for i := range p.Data {
		d := &p.Data[i]
		ev := &facts.Event{
			Provider: facts.Stripe, ID: "reconcile." + d.ID, Type: "reconcile", Created: facts.Unix(d.Created),
			Dispute: d.facts(),
		}
		if checkIDs(ev) == nil {
			list = append(list, ev)
		}
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

// Refunded asks how much of a payment intent was given back in all.
func (c *Client) Refunded(ctx context.Context, intent string) (*facts.Refund, error) {
	var p struct {
		ID     string `json:"id"`
		Latest charge `json:"latest_charge"` // expanded
	}
	if err := c.get(ctx, "/v1/payment_intents/"+url.PathEscape(intent), url.Values{"expand[]": {"latest_charge"}},
		&p); err != nil {
		return nil, fmt.Errorf("fetch payment: %w", err)
	}
	f := &facts.Refund{
		ChargeID: p.Latest.ID, IntentID: p.ID, Amount: amount(p.Latest.Amount, p.Latest.Currency),
		Refunded: p.Latest.Refunded, CustomerID: string(p.Latest.Customer),
	}
	return f, checkIDs(&facts.Event{ID: "api", Type: "payment", Refund: f, Customer: f.CustomerID})
}

// PurchasePage lists the one-time payments since a time that are paid. Nothing
// else tells of one whose event was lost.
func (c *Client) PurchasePage(
	ctx context.Context, since time.Time, cursor string,
) (list []facts.Purchase, next string, err error) {
	q := pageQuery(cursor)
	q.Set("status", "complete")
	if !since.IsZero() {
		q.Set("created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	var p page[session]
	if err := c.get(ctx, "/v1/checkout/sessions", q, &p); err != nil {
		return nil, "", fmt.Errorf("list checkout sessions: %w", err)
	}
	for i := range p.Data {
		s := &p.Data[i]
		f := s.facts()
		if f.Mode != "payment" || f.PaymentStatus != "paid" || checkIDs(&facts.Event{
			ID: "api", Type: "session",
			Session: f,
		}) != nil {
			continue
		}
		paid := f.Total
		if f.Subtotal.Minor > 0 {
			paid = f.Subtotal
		}
		list = append(list, facts.Purchase{
			Kind: "session", ID: f.ID, AccountID: f.AccountID, PurchaseID: f.CheckoutID,
			Amount: paid, Created: facts.Unix(s.Created), Bought: f.Bought,
		})
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

// MissedPage lists the events since a time that no endpoint has answered, raw,
// in the shape in which they were to be delivered. Stripe keeps them 30 days.
func (c *Client) MissedPage(
	ctx context.Context, since time.Time, cursor string,
) (list [][]byte, next string, err error) {
	q := pageQuery(cursor)
	q.Set("delivery_success", "false")
	if !since.IsZero() {
		q.Set("created[gte]", strconv.FormatInt(since.Unix(), 10))
	}
	var p page[json.RawMessage]
	if err := c.get(ctx, "/v1/events", q, &p); err != nil {
		return nil, "", fmt.Errorf("list events: %w", err)
	}
	for _, raw := range p.Data {
		list = append(list, raw)
	}
	if p.HasMore && len(p.Data) > 0 {
		var last struct {
			ID string `json:"id"`
		}
		if err := strictjson.DecodeOpen(p.Data[len(p.Data)-1], &last); err != nil {
			return nil, "", fmt.Errorf("list events: %w", err)
		}
		next = last.ID
	}
	return list, next, nil
}

// Invoices lists a subscription's invoices, newest first, a hundred at most,
// each with all of its lines.
func (c *Client) Invoices(ctx context.Context, subscriptionID string) ([]facts.Invoice, error) {
	q := pageQuery("")
	q.Set("subscription", subscriptionID)
	var p page[invoice]
	if err := c.get(ctx, "/v1/invoices", q, &p); err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	out := make([]facts.Invoice, 0, len(p.Data))
	for i := range p.Data {
		if err := c.allLines(ctx, &p.Data[i]); err != nil {
			return nil, err
		}
		f := p.Data[i].facts()
		if checkIDs(&facts.Event{ID: "api", Type: "invoice", Invoice: &f, Customer: f.CustomerID}) == nil {
			out = append(out, f)
		}
	}
	return out, nil
}

// Invoice fetches an invoice as it is now.
func (c *Client) Invoice(ctx context.Context, id string) (*facts.Invoice, error) {
	var in invoice
	if err := c.get(ctx, "/v1/invoices/"+url.PathEscape(id), url.Values{}, &in); err != nil {
		return nil, fmt.Errorf("fetch invoice: %w", err)
	}
	if err := c.allLines(ctx, &in); err != nil {
		return nil, err
	}
	f := in.facts()
	return &f, checkIDs(&facts.Event{ID: "api", Type: "invoice", Invoice: &f, Customer: f.CustomerID})
}

// allLines completes a paid invoice of which Stripe has told the first ten lines
// only: the plan may stand behind them.
func (c *Client) allLines(ctx context.Context, in *invoice) error {
	for in.Status == "paid" && in.Lines.HasMore && len(in.Lines.Data) > 0 {
		var more page[line]
		if err := c.get(ctx, "/v1/invoices/"+url.PathEscape(in.ID)+"/lines",
			pageQuery(in.Lines.Data[len(in.Lines.Data)-1].ID), &more); err != nil {
			return fmt.Errorf("list the lines of an invoice: %w", err)
		}
		in.Lines.Data = append(in.Lines.Data, more.Data...)
		in.Lines.HasMore = more.HasMore && len(more.Data) > 0
	}
	return nil
}
