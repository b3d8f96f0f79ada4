package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Return is what the customer's browser brings back from a provider. All of
// it is hostile: it only says what to ask the provider about.
type Return struct {
	Provider       facts.Provider
	SessionID      string // Stripe
	PaymentID      string // Razorpay, with the two below
	SubscriptionID string
	Signature      string
}

// Faults of Verify.
var (
	errNotYours  = fault.New(fault.NotFound, "There is no such payment.")
	errForgedPay = fault.New(fault.Invalid,
		"The payment's signature does not match. If you have paid, your plan starts in a minute.")
	errNotFinished = fault.New(fault.Conflict, "The payment is not finished yet.").Coded("payment_not_finished")
)

// Verify is the shortcut after checkout: the signed-in owner names what was
// paid, and the provider is asked, just as the worker does after a webhook.
// Nothing of what the browser says is written. Faults: NotFound for what
// belongs to somebody else or nobody, Forbidden for all but owners, Invalid for
// a signature that does not fit, Conflict when nothing was paid yet.
func (s *Service) Verify(ctx context.Context, c postgres.Caller, r Return) error {
	p, err := s.payer(ctx, c)
	if err != nil {
		return err
	}
	err = s.verify(ctx, p, r)
	if err == nil { // what the purchase replaces; the worker does it otherwise
		_, err = s.endReplaced(ctx, p.account)
	}
	if err != nil && facts.IsUnreachable(err) {
		return errProviderDown.Because(err)
	}
	return err
}

func (s *Service) verify(ctx context.Context, p Payer, r Return) error {
	// A transaction is held while the provider is asked: one account must not take them all from the webhooks.
	defer s.buying.lock(p.account)()
	switch {
	case r.Provider == facts.Stripe && s.stripe != nil:
		return s.verifyStripe(ctx, p, r)
	case r.Provider == facts.Razorpay && s.razorpay != nil:
		return s.verifyRazorpay(ctx, p, r)
	}
	return errNotYours
}

func (s *Service) verifyStripe(ctx context.Context, p Payer, r Return) error {
	if !facts.ValidID(r.SessionID) {
		return errNotYours
	}
	if err := s.ownOnly(ctx, p.account, facts.Stripe, "session", r.SessionID); err != nil {
		return err
	}
	session, err := s.stripe.Session(ctx, r.SessionID)
	if facts.IsMissing(err) {
		return errNotYours.Because(err)
	}
	if err != nil {
		return err
	}
	if session.AccountID != p.account.String() {
		return errNotYours
	}
	if session.SubscriptionID == "" || session.Status != "complete" {
		return errNotFinished
	}
	_, err = s.bring(ctx, facts.Stripe, session.SubscriptionID, p.account,
		[]*facts.Event{{Provider: facts.Stripe, ID: "return", Type: "return", Session: session}})
	return err
}

func (s *Service) verifyRazorpay(ctx context.Context, p Payer, r Return) error {
	if !facts.ValidID(r.SubscriptionID) || !facts.ValidID(r.PaymentID) {
		return errNotYours
	}
	if err := s.ownOnly(ctx, p.account, facts.Razorpay, "subscription", r.SubscriptionID); err != nil {
		return err
	}
	// The id that is signed is the one in our database, which ownOnly has just found.
	if !s.razorpay.VerifyReturn(r.PaymentID, r.SubscriptionID, r.Signature) {
		return errForgedPay
	}
	payment, err := s.razorpay.Payment(ctx, r.PaymentID)
	if facts.IsMissing(err) {
		return errNotYours.Because(err)
	}
	if err != nil {
		return err
	}
	if payment.SubscriptionID != "" && payment.SubscriptionID != r.SubscriptionID {
		return errNotYours
	}
	payment.SubscriptionID = r.SubscriptionID
	sub, err := s.bring(ctx, facts.Razorpay, r.SubscriptionID, p.account,
		[]*facts.Event{{Provider: facts.Razorpay, ID: "return", Type: "return", Payment: payment}})
	if err == nil && sub.Status == Incomplete {
		return errNotFinished
	}
	return err
}

// ownOnly returns NotFound unless the object is the account's, in our own
// directory. A session that we opened is there before the customer sees it.
func (s *Service) ownOnly(ctx context.Context, account uuid.UUID, provider facts.Provider, kind, id string) error {
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		whose, err := owner(ctx, tx, provider, kind, id)
		if err != nil {
			return err
		}
		if whose == uuid.Nil || whose != account {
			return errNotYours
		}
		return nil
	})
}

// Portal opens Stripe's own page for the caller's account, where cards are
// changed and subscriptions cancelled or resumed, and returns its address.
// Conflict when the account has no Stripe customer.
func (s *Service) Portal(ctx context.Context, c postgres.Caller) (string, error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return "", err
	}
	return s.PortalFor(ctx, p)
}

// PortalFor is Portal for a payer who is known.
func (s *Service) PortalFor(ctx context.Context, p Payer) (string, error) {
	var id *string
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx,
			`select customer_id from provider_customers where account_id = $1 and connection_id = $2`,
			p.account, facts.Stripe).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("look up the customer: %w", err)
	}
	if id == nil || s.stripe == nil {
		return "", fault.New(fault.Conflict, "This account has never paid by Stripe.")
	}
	u, err := s.stripe.Portal(ctx, *id, p.from(s.publicURL+CancelPath, "portal"))
	if facts.IsCustomerMissing(err) {
		if err := s.forgetCustomer(ctx, p.account, *id); err != nil {
			return "", err
		}
		return "", fault.New(fault.Conflict, "This account has never paid by Stripe.")
	}
	if err != nil {
		return "", errProviderDown.Because(err)
	}
	return u, nil
}
