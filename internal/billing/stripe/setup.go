package stripe

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// Events are the types of events that a webhook at Stripe has to send.
var Events = []string{
	"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
	"checkout.session.expired",
	"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted",
	"customer.subscription.paused", "customer.subscription.resumed", "customer.subscription.trial_will_end",
	"customer.subscription.pending_update_applied", "customer.subscription.pending_update_expired",
	"invoice.created", "invoice.finalized", "invoice.paid", "invoice.payment_failed", "invoice.payment_action_required",
	"invoice.voided", "invoice.marked_uncollectible", "invoice.updated", "invoice.deleted",
	"invoice.finalization_failed",
	"customer.deleted",
	"charge.refunded", "refund.failed",
	"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn",
	"charge.dispute.funds_reinstated",
}

// Train is the train of API versions whose events are understood.
const Train = "dahlia"

// Events are the types of events that a webhook has to send.
func (c *Client) Events() []string { return Events }

// Train is the train of API versions whose events are understood.
func (c *Client) Train() string { return Train }

// Webhooks lists the webhook endpoints of the account.
func (c *Client) Webhooks(ctx context.Context) (out []facts.Webhook, err error) {
	cursor := ""
	for range 20 {
		var p page[struct {
			ID      string   `json:"id"`
			URL     string   `json:"url"`
			Status  string   `json:"status"`
			Events  []string `json:"enabled_events"`
			Version string   `json:"api_version"`
		}]
		if err := c.get(ctx, "/v1/webhook_endpoints", pageQuery(cursor), &p); err != nil {
			return nil, fmt.Errorf("list webhook endpoints: %w", err)
		}
		for _, e := range p.Data {
			cursor = e.ID
			out = append(out, facts.Webhook{
				ID: e.ID, URL: e.URL, Enabled: e.Status == "enabled", Events: e.Events,
				Version: e.Version,
			})
		}
		if !p.HasMore || len(p.Data) == 0 {
			break
		}
	}
	return out, nil
}

// Offer asks what a price costs. It fails with a missing object when there is none.
func (c *Client) Offer(ctx context.Context, id string) (facts.Offer, error) {
	var p price
	if err := c.get(ctx, "/v1/prices/"+url.PathEscape(id), nil, &p); err != nil {
		return facts.Offer{}, fmt.Errorf("fetch price %s: %w", id, err)
	}
	return p.facts(), nil
}

// OfferPage lists the prices of the account, archived ones too, with the names of their products.
func (c *Client) OfferPage(ctx context.Context, cursor string) (list []facts.Offer, next string, err error) {
	q := pageQuery(cursor)
	q.Set("expand[0]", "data.product")
	var p page[price]
	if err := c.get(ctx, "/v1/prices", q, &p); err != nil {
		return nil, "", fmt.Errorf("list prices: %w", err)
	}
	for i := range p.Data {
		list = append(list, p.Data[i].facts())
	}
	if p.HasMore && len(p.Data) > 0 {
		next = p.Data[len(p.Data)-1].ID
	}
	return list, next, nil
}

type price struct {
	ID        string `json:"id"`
	Active    bool   `json:"active"`
	Currency  string `json:"currency"`
	Amount    *int64 `json:"unit_amount"`
	Created   int64  `json:"created"`
	Scheme    string `json:"billing_scheme"`
	Recurring *struct {
		Interval string `json:"interval"`
		Count    int    `json:"interval_count"`
		Usage    string `json:"usage_type"`
	} `json:"recurring"`
	Product product `json:"product"`
}

// product is the product of a price where it was expanded, else its id.
type product struct {
	ID      string
	Name    string
	Active  bool
	Default ref
}

func (p *product) UnmarshalJSON(b []byte) error {
	var id ref
	if err := id.UnmarshalJSON(b); err != nil {
		return err
	}
	p.ID, p.Active = string(id), true
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	var o struct {
		Name    string `json:"name"`
		Active  bool   `json:"active"`
		Default ref    `json:"default_price"`
		Deleted bool   `json:"deleted"`
	}
	if err := strictjson.DecodeOpen(b, &o); err != nil {
		return err
	}
	p.Name, p.Active, p.Default = o.Name, o.Active && !o.Deleted, o.Default
	return nil
}

func (p *price) facts() facts.Offer {
	out := facts.Offer{
		ID: p.ID, Active: p.Active && (p.Product.Active || p.Product.ID == ""),
		Currency: strings.ToUpper(p.Currency), Created: facts.Unix(p.Created),
		Product: p.Product.ID, Name: p.Product.Name, Preferred: string(p.Product.Default) == p.ID,
	}
	if p.Amount != nil {
		out.Minor = *p.Amount
	} else {
		out.Odd = "it has no one amount"
	}
	if p.Scheme == "tiered" {
		out.Odd = "it has tiers"
	}
	if p.Recurring != nil {
		if p.Recurring.Usage == "metered" {
			out.Odd = "it is billed by use"
		}
		out.Interval = p.Recurring.Interval
		if p.Recurring.Count != 1 {
			out.Interval = fmt.Sprintf("%d %ss", p.Recurring.Count, p.Recurring.Interval)
		}
	}
	return out
}
