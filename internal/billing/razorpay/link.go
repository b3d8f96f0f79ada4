package razorpay

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
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
	CreatedAt  int64  `json:"created_at"`
	Payments   []struct {
		ID     string `json:"payment_id"`
		Status string `json:"status"`
	} `json:"payments"`
}

func (l *link) facts() *facts.Link {
	f := &facts.Link{
		ID: l.ID, Status: l.Status, Amount: amount(l.Amount, l.Currency), Paid: l.AmountPaid,
		PurchaseID: facts.OwnID(l.Reference), URL: l.ShortURL,
		AccountID: facts.OwnID(l.Notes["account_id"]), Bought: facts.ReadBought(l.Notes),
	}
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
	Bought      facts.Bought
}

// CreateLink makes a hosted page on which an amount is paid once. Our ids ride in
// its reference and notes. After an unclear answer look with FindLink before repeating.
func (c *Client) CreateLink(ctx context.Context, r LinkRequest) (*facts.Link, error) {
	body := map[string]any{
		"amount": r.Amount, "currency": "INR", "accept_partial": false, "description": r.Description,
		"reference_id": r.PurchaseID,
		"expire_by":    r.ExpireBy.Unix(), "callback_url": r.CallbackURL, "callback_method": "get",
		"reminder_enable": false,
		"notes":           r.Bought.Write(map[string]string{"account_id": r.AccountID, "purchase_id": r.PurchaseID}),
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
	if err := c.call(ctx, http.MethodGet, "/v1/payment_links?"+url.Values{"reference_id": {purchaseID}}.Encode(), nil,
		&page); err != nil {
		return nil, fmt.Errorf("look for a payment link: %w", err)
	}
	for _, l := range page.Links {
		if l.Reference == purchaseID {
			return checkedLink(&l)
		}
	}
	return nil, nil
}

// PurchasePage lists the payment links since a time that are paid. Nothing else
// tells of one whose event was lost: Razorpay does not say which those are.
func (c *Client) PurchasePage(
	ctx context.Context, since time.Time, cursor string,
) (list []facts.Purchase, next string, err error) {
	var page struct {
		Links []link `json:"payment_links"`
	}
	q, skip := pageQuery(cursor)
	if !since.IsZero() {
		q.Set("from", strconv.FormatInt(since.Unix(), 10))
	}
	if err := c.call(ctx, http.MethodGet, "/v1/payment_links?"+q.Encode(), nil, &page); err != nil {
		return nil, "", fmt.Errorf("list payment links: %w", err)
	}
	for i := range page.Links {
		f, err := checkedLink(&page.Links[i])
		if err != nil || f.Status != "paid" {
			continue
		}
		list = append(list, facts.Purchase{
			Kind: "payment_link", ID: f.ID, AccountID: f.AccountID, PurchaseID: f.PurchaseID,
			Amount:  money.Amount{Minor: f.Paid, Currency: f.Amount.Currency},
			Created: facts.Unix(page.Links[i].CreatedAt), Bought: f.Bought,
		})
	}
	return list, after(skip, len(page.Links)), nil
}

func checkedLink(l *link) (*facts.Link, error) {
	f := l.facts()
	return f, checkIDs(&facts.Event{Type: "payment_link", Link: f})
}
