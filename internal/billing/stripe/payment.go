package stripe

import (
	"context"
	"fmt"

	"github.com/stripe/stripe-go/v85"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// CreatePayment opens a hosted Checkout page for one payment of a price. Our ids
// ride on the session.
func (c *Client) CreatePayment(ctx context.Context, r SessionRequest) (*facts.Session, error) {
	p := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String("payment"), Customer: stripe.String(r.CustomerID),
		ClientReferenceID: stripe.String(r.AccountID),
		SuccessURL:        stripe.String(r.SuccessURL), CancelURL: stripe.String(r.CancelURL),
		Metadata: r.Bought.Write(map[string]string{"account_id": r.AccountID, "checkout_id": r.CheckoutID}),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Price:    stripe.String(r.PriceID),
			Quantity: stripe.Int64(1),
		}},
		ExpiresAt: stripe.Int64(r.ExpiresAt.Unix()),
	}
	p.SetIdempotencyKey(r.Key)
	s, err := c.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("create payment session: %w", apiError(err))
	}
	return decodeSession(s.LastResponse)
}
