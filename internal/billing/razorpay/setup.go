package razorpay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// Events are the types of events that a webhook at Razorpay has to send.
var Events = []string{
	"subscription.authenticated", "subscription.activated", "subscription.charged", "subscription.pending",
	"subscription.halted", "subscription.cancelled", "subscription.completed", "subscription.updated",
	"subscription.paused", "subscription.resumed",
	"invoice.paid", "invoice.partially_paid", "invoice.expired",
	"payment.captured", "payment.failed",
	"payment_link.paid", "payment_link.partially_paid", "payment_link.cancelled", "payment_link.expired",
	"refund.created", "refund.processed", "refund.failed",
	"payment.dispute.created", "payment.dispute.under_review", "payment.dispute.action_required",
	"payment.dispute.won", "payment.dispute.lost", "payment.dispute.closed",
}

// Events are the types of events that a webhook has to send.
func (c *Client) Events() []string { return Events }

// Train is "": Razorpay's events have no version.
func (c *Client) Train() string { return "" }

// kinds are types of events: a list, or an object whose values switch each on or off.
type kinds []string

func (k *kinds) UnmarshalJSON(b []byte) error {
	var list []string
	if err := strictjson.DecodeOpen(b, &list); err == nil {
		*k = list
		return nil
	}
	var set map[string]json.RawMessage
	if err := strictjson.DecodeOpen(b, &set); err != nil {
		return fmt.Errorf("the types of events: %w", err)
	}
	*k = nil
	for kind, on := range set {
		if s := string(on); s == "true" || s == "1" || s == `"1"` {
			*k = append(*k, kind)
		}
	}
	slices.Sort(*k)
	return nil
}

// Webhooks lists the webhooks of the account. Razorpay documents the list for partners only; where a merchant's key
// may not ask, it fails.
func (c *Client) Webhooks(ctx context.Context) (out []facts.Webhook, err error) {
	for skip := 0; ; skip += pageSize {
		var p struct {
			Items []struct {
				ID     string `json:"id"`
				URL    string `json:"url"`
				Active flag   `json:"active"`
				Events kinds  `json:"events"`
			} `json:"items"`
		}
		path := fmt.Sprintf("/v1/webhooks?count=%d&skip=%d", pageSize, skip)
		if err := c.call(ctx, http.MethodGet, path, nil, &p); err != nil {
			return nil, fmt.Errorf("list webhooks: %w", err)
		}
		for _, w := range p.Items {
			out = append(out, facts.Webhook{ID: w.ID, URL: w.URL, Enabled: bool(w.Active), Events: w.Events})
		}
		if len(p.Items) < pageSize || skip > 10*pageSize {
			return out, nil
		}
	}
}

// Offer asks what a plan costs. It fails with a missing object when there is none.
func (c *Client) Offer(ctx context.Context, id string) (facts.Offer, error) {
	var p plan
	if err := c.call(ctx, http.MethodGet, "/v1/plans/"+url.PathEscape(id), nil, &p); err != nil {
		return facts.Offer{}, fmt.Errorf("fetch plan %s: %w", id, err)
	}
	return p.facts(), nil
}

// OfferPage lists the plans of the account, the newest first.
func (c *Client) OfferPage(ctx context.Context, cursor string) (list []facts.Offer, next string, err error) {
	var page struct {
		Items []plan `json:"items"`
	}
	q, skip := pageQuery(cursor)
	if err := c.call(ctx, http.MethodGet, "/v1/plans?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list plans: %w", err)
	}
	for i := range page.Items {
		list = append(list, page.Items[i].facts())
	}
	return list, after(skip, len(page.Items)), nil
}

type plan struct {
	ID       string `json:"id"`
	Period   string `json:"period"`
	Interval int    `json:"interval"`
	Created  int64  `json:"created_at"`
	Item     struct {
		Name     string `json:"name"`
		Active   flag   `json:"active"`
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
	} `json:"item"`
}

func (p *plan) facts() facts.Offer {
	interval := map[string]string{"monthly": "month", "yearly": "year"}[p.Period]
	if interval == "" || p.Interval != 1 {
		interval = fmt.Sprintf("%d × %s", p.Interval, p.Period)
	}
	return facts.Offer{
		ID: p.ID, Active: bool(p.Item.Active), Currency: p.Item.Currency, Minor: p.Item.Amount, Interval: interval,
		Name: p.Item.Name, Created: facts.Unix(p.Created),
	}
}
