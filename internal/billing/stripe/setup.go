package stripe

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
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
func (c *Client) Offer(ctx context.Context, price string) (facts.Offer, error) {
	var p struct {
		ID        string `json:"id"`
		Active    bool   `json:"active"`
		Currency  string `json:"currency"`
		Amount    int64  `json:"unit_amount"`
		Recurring *struct {
			Interval string `json:"interval"`
			Count    int    `json:"interval_count"`
		} `json:"recurring"`
	}
	if err := c.get(ctx, "/v1/prices/"+url.PathEscape(price), nil, &p); err != nil {
		return facts.Offer{}, fmt.Errorf("fetch price %s: %w", price, err)
	}
	out := facts.Offer{ID: p.ID, Active: p.Active, Currency: strings.ToUpper(p.Currency), Minor: p.Amount}
	if p.Recurring != nil {
		out.Interval = p.Recurring.Interval
		if p.Recurring.Count != 1 {
			out.Interval = fmt.Sprintf("%d %ss", p.Recurring.Count, p.Recurring.Interval)
		}
	}
	return out, nil
}
