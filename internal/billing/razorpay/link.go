package razorpay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

type link struct {
	ID         string `json:"id"`
	Status     string `json:"status"` // created, partially_paid, paid, cancelled, expired
	Amount     int64  `json:"amount"`
	AmountPaid int64  `json:"amount_paid"`
	Currency   string `json:"currency"`
	Reference  string `json:"reference_id"`
	ShortURL   string `json:"short_url"`
	Notes      notes  `json:"notes"`
	Payments   []struct {
		ID     string `json:"payment_id"`
		Status string `json:"status"`
	} `json:"payments"`
}

func (l *link) facts() *facts.Link {
	f := &facts.Link{ID: l.ID, Status: l.Status, Amount: amount(l.Amount, l.Currency), Paid: l.AmountPaid, PurchaseID: l.Reference, URL: l.ShortURL}
	for _, p := range l.Payments {
		if p.Status != "failed" && facts.ValidID(p.ID) {
			f.PaymentID = p.ID
		}
	}
	return f
}

// LinkRequest is what a payment link is made from.
type LinkRequest struct {
	AccountID   string
	PurchaseID  string // unique among all links of the merchant
	Amount      int64  // paise
	Description string
	CallbackURL string
	ExpireBy    time.Time
}

// CreateLink makes a hosted page on which an amount is paid once. Our ids ride in
// its reference and notes. After an unclear answer look with FindLink before repeating.
func (c *Client) CreateLink(ctx context.Context, r LinkRequest) (*facts.Link, error) {
	body := map[string]any{
		"amount": r.Amount, "currency": "INR", "accept_partial": false, "description": r.Description, "reference_id": r.PurchaseID,
		"expire_by": r.ExpireBy.Unix(), "callback_url": r.CallbackURL, "callback_method": "get", "reminder_enable": false,
		"notes": map[string]string{"account_id": r.AccountID, "purchase_id": r.PurchaseID},
	}
	var l link
	if err := c.call(ctx, http.MethodPost, "/v1/payment_links", body, &l); err != nil {
		return nil, fmt.Errorf("create payment link: %w", err)
	}
	return checkedLink(&l)
}

// Link fetches a payment link as it is now.
func (c *Client) Link(ctx context.Context, id string) (*facts.Link, error) {
	var l link
	if err := c.call(ctx, http.MethodGet, "/v1/payment_links/"+url.PathEscape(id), nil, &l); err != nil {
		return nil, fmt.Errorf("fetch payment link: %w", err)
	}
	return checkedLink(&l)
}

// FindLink returns the link of a purchase, or nil when Razorpay has none.
func (c *Client) FindLink(ctx context.Context, purchaseID string) (*facts.Link, error) {
	var page struct {
		Links []link `json:"payment_links"`
	}
	if err := c.call(ctx, http.MethodGet, "/v1/payment_links?"+url.Values{"reference_id": {purchaseID}}.Encode(), nil, &page); err != nil {
		return nil, fmt.Errorf("look for a payment link: %w", err)
	}
	for _, l := range page.Links {
		if l.Reference == purchaseID {
			return checkedLink(&l)
		}
	}
	return nil, nil
}

func checkedLink(l *link) (*facts.Link, error) {
	f := l.facts()
	return f, checkIDs(&facts.Event{Type: "payment_link", Link: f})
}
