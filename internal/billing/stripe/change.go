package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

// A Change is another price for a subscription, from a moment that is fixed
// when it is previewed, so that what is charged is what was shown.
type Change struct {
	SubscriptionID string
	CustomerID     string
	FromID         string // the price that it has now: which of several items is changed
	PriceID        string
	Quantity       int64     // of the price; 0 leaves it
	Interval       string    // of the price: month or year
	At             time.Time // the proration date
}

// item is the subscription's item that carries the plan's price. The others are
// add-ons and stay as they are.
func (c *Client) item(ctx context.Context, ch Change) (string, error) {
	var s subscription
	if err := c.get(ctx, "/v1/subscriptions/"+url.PathEscape(ch.SubscriptionID), nil, &s); err != nil {
		return "", fmt.Errorf("fetch subscription: %w", err)
	}
	i, err := s.plan(ch)
	if err != nil {
		return "", err
	}
	return s.Items.Data[i].ID, nil
}

// plan finds the item that a change is about.
func (s *subscription) plan(ch Change) (int, error) {
	for i, it := range s.Items.Data {
		if facts.ValidID(it.ID) && (string(it.Price) == ch.FromID || len(s.Items.Data) == 1) {
			return i, nil
		}
	}
	return 0,
		fmt.Errorf("subscription %s has %d items, none of which has price %s", ch.SubscriptionID, len(s.Items.Data),
			ch.FromID)
}

// Preview asks what a change would be charged now: positive is collected at
// once, negative is credited to the invoices that follow.
func (c *Client) Preview(ctx context.Context, ch Change) (due money.Amount, err error) {
	item, err := c.item(ctx, ch)
	if err != nil {
		return due, err
	}
	form := url.Values{
		"customer": {ch.CustomerID}, "subscription": {ch.SubscriptionID},
		"subscription_details[items][0][id]":       {item},
		"subscription_details[items][0][price]":    {ch.PriceID},
		"subscription_details[proration_behavior]": {"always_invoice"},
		"subscription_details[proration_date]":     {strconv.FormatInt(ch.At.Unix(), 10)},
	}
	if ch.Quantity > 0 {
		form.Set("subscription_details[items][0][quantity]", strconv.FormatInt(ch.Quantity, 10))
	}
	var in struct {
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	}
	if err := c.post(ctx, "/v1/invoices/create_preview", form, &in); err != nil {
		return due, fmt.Errorf("preview the change: %w", err)
	}
	return amount(in.Total, in.Currency), nil
}

// Change moves a subscription to another price now. What it costs is invoiced
// at once; when that cannot be collected nothing is changed.
func (c *Client) Change(ctx context.Context, ch Change) error {
	var s subscription
	return c.change(ctx, ch, "error_if_incomplete", &s)
}

// ChangePending moves a subscription to another price as soon as the customer has
// paid what that costs, with their second factor, on the page that is returned;
// until then, for 23 hours at most, it stays as it is. The page is "" when Stripe
// could collect without them after all.
func (c *Client) ChangePending(ctx context.Context, ch Change) (page string, err error) {
	var s struct {
		Latest  expanded        `json:"latest_invoice"`
		Pending json.RawMessage `json:"pending_update"`
	}
	if err := c.change(ctx, ch, "pending_if_incomplete", &s); err != nil {
		return "", err
	}
	if len(s.Pending) == 0 || string(s.Pending) == "null" {
		return "", nil
	}
	if s.Latest.invoice == nil || s.Latest.invoice.HostedURL == "" {
		return "", errors.New("change subscription: Stripe has named no page for the invoice")
	}
	return s.Latest.invoice.HostedURL, nil
}

func (c *Client) change(ctx context.Context, ch Change, behaviour string, out any) error {
	item, err := c.item(ctx, ch)
	if err != nil {
		return err
	}
	form := url.Values{
		"items[0][id]": {item}, "items[0][price]": {ch.PriceID},
		"proration_behavior": {"always_invoice"}, "proration_date": {strconv.FormatInt(ch.At.Unix(), 10)},
		"payment_behavior": {behaviour}, "expand[0]": {"latest_invoice"},
	}
	if ch.Quantity > 0 {
		form.Set("items[0][quantity]", strconv.FormatInt(ch.Quantity, 10))
	}
	// No key of ours: Stripe would repeat a refused card's answer for a day, after the card was mended.
	if err := c.post(ctx, "/v1/subscriptions/"+url.PathEscape(ch.SubscriptionID), form, out); err != nil {
		return fmt.Errorf("change subscription: %w", err)
	}
	return nil
}

// ChangeAtPeriodEnd lets a subscription go on at another price when its period
// ends, by a schedule that lets it go afterwards. Nothing is charged or credited
// now. A schedule that it has already is rewritten, so the call can be repeated
// after a crash between its two halves.
func (c *Client) ChangeAtPeriodEnd(ctx context.Context, ch Change) error {
	var s subscription
	if err := c.get(ctx, "/v1/subscriptions/"+url.PathEscape(ch.SubscriptionID), nil, &s); err != nil {
		return fmt.Errorf("fetch subscription: %w", err)
	}
	f := s.facts()
	plan, err := s.plan(ch)
	if err != nil {
		return err
	}
	item := f.Items[plan]
	if item.PriceID == "" || item.End.IsZero() {
		return fmt.Errorf("subscription %s has no period to change after", ch.SubscriptionID)
	}
	var made struct {
		ID string `json:"id"`
	}
	made.ID = s.Schedule.id
	if made.ID == "" {
		if err := c.post(ctx, "/v1/subscription_schedules", url.Values{"from_subscription": {ch.SubscriptionID}},
			&made); err != nil {
			return fmt.Errorf("schedule the change: %w", err)
		}
	}
	unix := func(t time.Time) []string { return []string{strconv.FormatInt(t.Unix(), 10)} }
	interval := ch.Interval
	if interval == "" {
		interval = "month"
	}
	form := url.Values{
		"end_behavior": {"release"}, "proration_behavior": {"none"},
		"phases[0][start_date]": unix(item.Start), "phases[0][end_date]": unix(item.End),
		"phases[0][proration_behavior]": {"none"},
		"phases[1][start_date]":         unix(item.End), "phases[1][duration][interval]": {interval},
		"phases[1][duration][interval_count]": {"1"}, "phases[1][proration_behavior]": {"none"},
	}
	// the plan first, then what is added to it
	items := append([]facts.Item{item}, append(slices.Clone(f.Items[:plan]), f.Items[plan+1:]...)...)
	for n, it := range items {
		next := it.PriceID
		if n == 0 {
			next = ch.PriceID
		}
		for phase, price := range []string{it.PriceID, next} {
			at := fmt.Sprintf("phases[%d][items][%d]", phase, n)
			form.Set(at+"[price]", price)
			quantity := max(it.Quantity, 1)
			if n == 0 && phase == 1 && ch.Quantity > 0 {
				quantity = ch.Quantity
			}
			form.Set(at+"[quantity]", strconv.FormatInt(quantity, 10))
		}
	}
	if err := c.post(ctx, "/v1/subscription_schedules/"+url.PathEscape(made.ID), form, &struct{}{}); err != nil {
		return fmt.Errorf("schedule the change: %w", err)
	}
	return nil
}

// Unschedule forgets a scheduled change: the subscription goes on as it is. While
// one is there, Stripe refuses to change or cancel the subscription otherwise.
func (c *Client) Unschedule(ctx context.Context, id string) error {
	var s subscription
	if err := c.get(ctx, "/v1/subscriptions/"+url.PathEscape(id), nil, &s); err != nil {
		return fmt.Errorf("fetch subscription: %w", err)
	}
	if s.Schedule.id == "" {
		return nil
	}
	if err := c.post(ctx, "/v1/subscription_schedules/"+url.PathEscape(s.Schedule.id)+"/release", nil,
		&struct{}{}); err != nil {
		return fmt.Errorf("release the schedule: %w", err)
	}
	return nil
}

// VoidOpen declares the open invoices of a subscription void, so that they are not
// tried again. One that is paid in this moment is left alone.
func (c *Client) VoidOpen(ctx context.Context, id string) error {
	list, err := c.Invoices(ctx, id)
	if err != nil {
		return err
	}
	for _, in := range list {
		if in.Status != "open" {
			continue
		}
		var out struct{}
		if err := c.post(ctx, "/v1/invoices/"+url.PathEscape(in.ID)+"/void", nil, &out); err != nil {
			fresh, e := c.Invoice(ctx, in.ID)
			if e != nil || fresh.Status == "open" {
				return fmt.Errorf("void invoice: %w", err)
			}
		}
	}
	return nil
}

// Resume takes a scheduled cancellation back, however it was scheduled: the
// customer portal sets cancel_at without cancel_at_period_end.
func (c *Client) Resume(ctx context.Context, id string) error {
	var s subscription
	if err := c.get(ctx, "/v1/subscriptions/"+url.PathEscape(id), nil, &s); err != nil {
		return fmt.Errorf("fetch subscription: %w", err)
	}
	form := url.Values{}
	switch {
	case s.CancelAtPeriodEnd:
		form.Set("cancel_at_period_end", "false")
	case s.CancelAt != 0:
		form.Set("cancel_at", "")
	default:
		return nil
	}
	if err := c.post(ctx, "/v1/subscriptions/"+url.PathEscape(id), form, &s); err != nil {
		return fmt.Errorf("resume subscription: %w", err)
	}
	return nil
}
