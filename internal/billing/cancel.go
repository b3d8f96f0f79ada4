package billing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

var errNothingToCancel = fault.New(fault.Conflict, "There is no subscription that could be cancelled.").
	Coded("no_subscription")

// Cancel ends the caller's subscription: at the end of what is paid, and at once
// where nothing is. Nothing is collected from then on, neither for a period to
// come nor for one that is outstanding, nor by another subscription, such as one that
// was to follow. It returns until when the plan stays, which has passed where nothing
// was paid any more. A subscription that the provider has ended already is cancelled.
// Conflict when there is none to cancel.
func (s *Service) Cancel(ctx context.Context, c postgres.Caller) (until time.Time, err error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return until, err
	}
	return s.CancelFor(ctx, p)
}

// CancelFor is Cancel for a payer who is known.
func (s *Service) CancelFor(ctx context.Context, p Payer) (until time.Time, err error) {
	defer s.buying.lock(p.account)()
	var subs []Subscription
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		subs, err = subscriptionsOf(ctx, tx, p.account)
		return err
	})
	if err != nil {
		return until, err
	}
	subs = slices.DeleteFunc(subs, func(sub Subscription) bool { return !sub.Cancellable(s.clock.Now()) })
	if len(subs) == 0 {
		return until, errNothingToCancel
	}
	for _, sub := range subs {
		ended, err := s.end(ctx, p.account, sub, false)
		if err != nil {
			return until, err
		}
		if ended.AccessUntil.After(until) {
			until = ended.AccessUntil
		}
	}
	return until, nil
}

// Cancellable reports whether there is something that a cancellation would stop:
// a renewal to come or, of a subscription that ends already, a payment that is
// still tried.
func (s Subscription) Cancellable(now time.Time) bool {
	return s.Live() && (!s.CancelAtPeriodEnd || !s.PaidThrough.After(now))
}

// end stops a subscription from collecting anything more. What is paid is kept, by the
// provider's word at this moment: a renewal may be paid of which no event has told.
// With now, or where nothing is paid, it ends at once. It returns what the provider
// says then. That it has ended there already is no failure: that is what was asked for.
func (s *Service) end(ctx context.Context, account uuid.UUID, sub Subscription, now bool) (Subscription, error) {
	g, err := s.gateway(sub.Provider)
	if err != nil {
		return sub, err
	}
	fresh, err := s.bring(ctx, sub.Provider, sub.ID, account, nil)
	switch {
	case facts.IsMissing(err):
		return sub, errProviderRefused.Because(err)
	case err != nil:
		return sub, errProviderDown.Because(err)
	case fresh.Ended():
		return fresh, nil
	}
	sub = fresh
	at := s.clock.Now()
	// At Razorpay a cancellation at cycle end is silent and cannot be seen or undone; an immediate one is
	// seen, and the paid time is kept all the same. At Stripe retries go on until the period ends.
	later := sub.Provider == facts.Stripe && !now && sub.PaidThrough.After(at) && sub.ProviderStatus != "unpaid" &&
		sub.Status != Paused
	if sub.Provider == facts.Stripe && s.stripe != nil {
		if sub.NextPriceID != "" { // it ends instead of changing
			err = s.stripe.Unschedule(ctx, sub.ID)
		}
		if err == nil && later && sub.Status == PastDue { // an extra invoice, while the period is paid
			err = s.stripe.VoidOpen(ctx, sub.ID)
		}
	}
	if err == nil {
		err = g.Cancel(ctx, sub.ID, later)
	}
	if err != nil && facts.IsUnreachable(err) {
		return sub, errProviderDown.Because(err)
	}
	told, e := s.bring(ctx, sub.Provider, sub.ID, account, nil)
	switch {
	case e != nil && facts.IsMissing(e):
		return sub, errProviderRefused.Because(errors.Join(err, e))
	case e != nil:
		return sub, errProviderDown.Because(errors.Join(err, e))
	case err != nil && !told.Ended() && !told.CancelAtPeriodEnd:
		return told, errProviderRefused.Because(err)
	}
	return told, nil
}

// idle reports whether a subscription gives nothing and could collect all the
// same, if somebody mended its card: it must not keep anybody from buying, and is
// ended before they do.
func (s Subscription) idle(now time.Time) bool {
	return s.Live() && s.Status != Trialing && s.PlanID != "" && !s.Grants(now)
}

// Blocks reports whether a subscription stands in the way of buying another: it
// gives a plan, or will.
func (s Subscription) Blocks(now time.Time) bool {
	return s.Live() && (s.Status == Trialing || s.Grants(now))
}
