package billing

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Discard gives up a purchase of the caller's account that was begun, so that it
// can no longer be paid. One that was paid meanwhile is in force then, and paid
// says so; without one nothing happens.
func (s *Service) Discard(ctx context.Context, c postgres.Caller) (paid bool, err error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return false, err
	}
	defer s.buying.lock(p.account)()
	for range 5 { // another node may open it just now
		var open *reserved
		err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
			open, err = livingCheckout(ctx, tx, p.account)
			return err
		})
		if err != nil || open == nil {
			return false, err
		}
		if err := s.close(ctx, open); errors.Is(err, errSubscribed) {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
	return false, errProviderDown
}

// paidMeanwhile asks the provider whether a checkout has been paid, and applies
// it when it has.
func (s *Service) paidMeanwhile(ctx context.Context, r *reserved) (bool, error) {
	subscription := r.subscription
	if r.session != "" && s.stripe != nil {
		session, err := s.stripe.Session(ctx, r.session)
		if err != nil && !facts.IsMissing(err) {
			return false, errProviderDown.Because(err)
		}
		if err != nil || session.SubscriptionID == "" {
			return false, nil
		}
		subscription = session.SubscriptionID
	}
	if subscription == "" {
		return false, nil
	}
	sub, err := s.bring(ctx, r.provider, subscription, r.account, nil)
	if err != nil {
		if facts.IsMissing(err) {
			return false, nil
		}
		return false, errProviderDown.Because(err)
	}
	return sub.Live(), nil
}

// bring applies the provider's present word on a subscription that belongs to
// an account, claiming it when nobody has.
func (s *Service) bring(ctx context.Context, provider facts.Provider, id string, account uuid.UUID,
	events []*facts.Event,
) (sub Subscription, err error) {
	g, err := s.gateway(provider)
	if err != nil {
		return sub, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return sub, err
	}
	defer done()
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if err := claimOwn(ctx, tx, provider, "subscription", id, account, s.clock.Now()); err != nil {
			return err
		}
		out, err := s.applySubject(ctx, tx, g, id, events)
		if err != nil {
			return err
		}
		if out.provisional != nil {
			return out.provisional
		}
		subs, err := subscriptionsOf(ctx, tx, account)
		for _, have := range subs {
			if have.Provider == provider && have.ID == id {
				sub = have
			}
		}
		return err
	})
	if err == nil {
		s.notify(account)
	}
	return sub, err
}
