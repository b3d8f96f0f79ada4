package razorpay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// pageSize is the most that Razorpay gives at once.
const pageSize = 100

// SubscriptionPage lists subscriptions of every status, newest first. Razorpay
// has no filter by customer: with one it lists nothing, and the caller asks
// about the subscriptions that it knows. The cursor counts what was skipped;
// one made meanwhile shifts the pages, so that some come twice and none is missed.
func (c *Client) SubscriptionPage(
	ctx context.Context, customer, cursor string,
) (list []*facts.Subscription, next string, err error) {
	if customer != "" {
		return nil, "", nil
	}
	var page struct {
		Items []subscription `json:"items"`
	}
	q, skip := pageQuery(cursor)
	if err := c.call(ctx, http.MethodGet, "/v1/subscriptions?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list subscriptions: %w", err)
	}
	for i := range page.Items {
		f, err := checked(&page.Items[i])
		if err != nil { // somebody's strange notes must not stop the list; fetched by itself it tells what is wrong
			f = &facts.Subscription{ID: page.Items[i].ID, Status: "malformed"}
		}
		if facts.ValidID(f.ID) {
			list = append(list, f)
		}
	}
	return list, after(skip, len(page.Items)), nil
}

// PaidPage lists the payments since a time as events: what was collected for
// an invoice. Which subscription a payment
// belongs to is told by its invoice only (Locate).
func (c *Client) PaidPage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	var page struct {
		Items []payment `json:"items"`
	}
	q, skip := pageQuery(cursor)
	if !since.IsZero() {
		q.Set("from", strconv.FormatInt(since.Unix(), 10))
	}
	if err := c.call(ctx, http.MethodGet, "/v1/payments?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list payments: %w", err)
	}
	for i := range page.Items {
		p := page.Items[i].facts("", time.Time{})
		if !p.Paid || p.InvoiceID == "" {
			continue
		}
		ev := &facts.Event{
			Provider: facts.Razorpay, ID: "reconcile." + p.ID, Type: "reconcile", Created: p.At, Payment: p,
			Customer: p.CustomerID,
		}
		if checkIDs(ev) != nil {
			continue
		}
		list = append(list, ev)
	}
	return list, after(skip, len(page.Items)), nil
}

// RefundPage lists the refunds since a time as events, each with its payment,
// which tells what was given back of it in all. However old the payment is:
// PaidPage has only those that were made since the time.
func (c *Client) RefundPage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	var page struct {
		Items []reversal `json:"items"`
	}
	q, skip := pageQuery(cursor)
	if !since.IsZero() {
		q.Set("from", strconv.FormatInt(since.Unix(), 10))
	}
	if err := c.call(ctx, http.MethodGet, "/v1/refunds?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list refunds: %w", err)
	}
	for _, r := range page.Items {
		if !facts.ValidID(r.ID) || !facts.ValidID(r.PaymentID) || r.Status == "pending" {
			continue
		}
		back, err := c.Refunded(ctx, r.PaymentID)
		if err != nil {
			return nil, "", err
		}
		back.Failed = r.Status == "failed"
		if back.Failed || back.Refunded > 0 {
			list = append(list, &facts.Event{
				Provider: facts.Razorpay, ID: "reconcile." + r.ID, Type: "reconcile",
				Created: facts.Unix(r.CreatedAt), Refund: back,
			})
		}
	}
	return list, after(skip, len(page.Items)), nil
}

// Refunded asks how much of a payment was given back in all.
func (c *Client) Refunded(ctx context.Context, id string) (*facts.Refund, error) {
	var p payment
	if err := c.call(ctx, http.MethodGet, "/v1/payments/"+url.PathEscape(id), nil, &p); err != nil {
		return nil, fmt.Errorf("fetch payment: %w", err)
	}
	f := &facts.Refund{
		ChargeID: p.ID, InvoiceID: p.InvoiceID, Amount: amount(p.Amount, p.Currency),
		Refunded: p.Refunded,
	}
	return f, checkIDs(&facts.Event{Type: "payment", Payment: &facts.Payment{ID: p.ID, InvoiceID: p.InvoiceID}})
}

// DisputePage lists the disputes since a time as events.
func (c *Client) DisputePage(
	ctx context.Context, since time.Time, cursor string,
) (list []*facts.Event, next string, err error) {
	var page struct {
		Items []reversal `json:"items"`
	}
	q, skip := pageQuery(cursor)
	if !since.IsZero() {
		q.Set("from", strconv.FormatInt(since.Unix(), 10))
	}
	if err := c.call(ctx, http.MethodGet, "/v1/disputes?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list disputes: %w", err)
	}
	for _, d := range page.Items {
		ev := &facts.Event{
			Provider: facts.Razorpay, ID: "reconcile." + d.ID, Type: "reconcile", Created: facts.Unix(d.CreatedAt),
			Dispute: &facts.Dispute{
				ID: d.ID, ChargeID: d.PaymentID, Status: d.Status, Amount: amount(d.Amount, d.Currency),
				RespondBy: facts.Unix(d.RespondBy),
			},
		}
		if checkIDs(ev) == nil {
			list = append(list, ev)
		}
	}
	return list, after(skip, len(page.Items)), nil
}

// MissedPage lists nothing: Razorpay does not tell which events it could not
// deliver.
func (c *Client) MissedPage(context.Context, time.Time, string) ([][]byte, string, error) {
	return nil, "", nil
}

func pageQuery(cursor string) (url.Values, int) {
	skip, err := strconv.Atoi(cursor)
	if err != nil || skip < 0 {
		skip = 0
	}
	return url.Values{"count": {strconv.Itoa(pageSize)}, "skip": {strconv.Itoa(skip)}}, skip
}

// after is the cursor that follows a page of n, "" when it was the last.
func after(skip, n int) string {
	if n < pageSize {
		return ""
	}
	return strconv.Itoa(skip + n)
}
