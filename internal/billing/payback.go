package billing

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// Razorpay's own page of a subscription leads nobody back. So a customer of an app goes to it by a page of ours, whose
// address holds a token: it opens Razorpay's hosted checkout, which comes back to us, and we lead on to the app.

var errNoCheckout = fault.New(fault.NotFound, "There is no such checkout, or it can no longer be paid.")

// leadBack returns the address of the page of a checkout, from which the customer goes back to where this call says.
func (s *Service) leadBack(ctx context.Context, p Payer, r *reserved) (string, error) {
	token := rand.Text() + rand.Text()
	id, err := uuid.NewV7()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(token))
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.make_pay_link($1, $2, $3, $4, $5, $6)`, r.account, id, hash[:],
			p.back, r.id, r.expires)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep where a checkout leads back to: %w", err)
	}
	return s.publicURL + PayPath + token, nil
}

// PayFormOf is the form that leads to Razorpay's hosted checkout for an open checkout of a payer, and comes back to one
// of two addresses. seller is whom the customer pays. NotFound for one that is paid, over, or of somebody else.
func (s *Service) PayFormOf(
	ctx context.Context, p Payer, checkout uuid.UUID, seller, back, cancel string,
) (*Checkout, error) {
	r, err := s.openCheckout(ctx, p.account, checkout)
	if err != nil {
		return nil, err
	}
	price, known := s.plans.PriceByID(facts.Razorpay, r.price)
	if !known || s.razorpay == nil || r.subscription == "" {
		return nil, errNoCheckout
	}
	return &Checkout{
		ID: r.id, Provider: r.provider, Price: price, Expires: r.expires, Starts: r.starts, Account: p.name,
		Form: s.formOf(r, price, seller, p.email, back, cancel),
	}, nil
}

// openCheckout is an account's checkout that can be paid.
func (s *Service) openCheckout(ctx context.Context, account, id uuid.UUID) (r *reserved, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		r, err = livingCheckout(ctx, tx, account)
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case r == nil, r.id != id, r.status != "open", !r.expires.After(s.clock.Now()):
		return nil, errNoCheckout
	}
	return r, nil
}

// PaidBack takes a payer back from Razorpay's page: what the browser brings only says what to ask the provider about. It
// reports whether the checkout is paid, false when the provider cannot say so yet: its webhook will.
func (s *Service) PaidBack(ctx context.Context, p Payer, back Return) (paid bool, err error) {
	back.Provider = facts.Razorpay
	err = s.verify(ctx, p, back)
	if err == nil {
		_, err = s.endReplaced(ctx, p.account)
		return true, err
	}
	if facts.IsUnreachable(err) || fault.Is(err, fault.Conflict) || errors.Is(err, errProviderDown) {
		return false, nil
	}
	return false, err
}
