package stripe

import (
	"context"
	"fmt"
	"net/url"
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
	PriceID        string
	Interval       string    // of the price: month or year
	At             time.Time // the proration date
}

// item is the subscription's one item, which carries the price.
func (c *Client) item(ctx context.Context, subscriptionID string) (string, error) {
	var s struct {
		Items struct {
			Data []struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"items"`
	}
	if err := c.get(ctx, "/v1/subscriptions/"+url.PathEscape(subscriptionID), nil, &s); err != nil {
		return "", fmt.Errorf("fetch subscription: %w", err)
	}
	if len(s.Items.Data) != 1 || !facts.ValidID(s.Items.Data[0].ID) {
		return "", fmt.Errorf("subscription %s has %d items, and only one can be changed from here", subscriptionID, len(s.Items.Data))
	}
	return s.Items.Data[0].ID, nil
}

// Preview asks what a change would be charged now: positive is collected at
// once, negative is credited to the invoices that follow.
func (c *Client) Preview(ctx context.Context, ch Change) (due money.Amount, err error) {
	item, err := c.item(ctx, ch.SubscriptionID)
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
	item, err := c.item(ctx, ch.SubscriptionID)
	if err != nil {
		return err
	}
	form := url.Values{
		"items[0][id]": {item}, "items[0][price]": {ch.PriceID},
		"proration_behavior": {"always_invoice"}, "proration_date": {strconv.FormatInt(ch.At.Unix(), 10)},
		"payment_behavior": {"error_if_incomplete"},
	}
	var s subscription
	// No key of ours: Stripe would repeat a refused card's answer for a day, after the card was mended.
	if err := c.post(ctx, "/v1/subscriptions/"+url.PathEscape(ch.SubscriptionID), form, &s); err != nil {
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
	if len(s.Items.Data) != 1 || f.PriceID == "" || f.PeriodEnd.IsZero() {
		return fmt.Errorf("subscription %s has %d items, and only one can be changed from here", ch.SubscriptionID, len(s.Items.Data))
	}
	var made struct {
		ID string `json:"id"`
	}
	made.ID = s.Schedule.id
	if made.ID == "" {
		if err := c.post(ctx, "/v1/subscription_schedules", url.Values{"from_subscription": {ch.SubscriptionID}}, &made); err != nil {
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
		"phases[0][start_date]": unix(f.PeriodStart), "phases[0][end_date]": unix(f.PeriodEnd),
		"phases[0][items][0][price]": {f.PriceID}, "phases[0][items][0][quantity]": {"1"}, "phases[0][proration_behavior]": {"none"},
		"phases[1][start_date]": unix(f.PeriodEnd), "phases[1][duration][interval]": {interval}, "phases[1][duration][interval_count]": {"1"},
		"phases[1][items][0][price]": {ch.PriceID}, "phases[1][items][0][quantity]": {"1"}, "phases[1][proration_behavior]": {"none"},
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
	if err := c.post(ctx, "/v1/subscription_schedules/"+url.PathEscape(s.Schedule.id)+"/release", nil, &struct{}{}); err != nil {
		return fmt.Errorf("release the schedule: %w", err)
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
