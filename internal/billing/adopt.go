package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// adopt finds whose a subscription is that nobody has claimed yet, and claims
// it: by its customer, by our own ids in its metadata, or by the session that we
// opened; never by an e-mail address or a name. When nothing says so, or two
// signs disagree, it returns what a person must look at, and claims nothing.
// first says that the claim was made here and now.
func (s *Service) adopt(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, id string, sub *facts.Subscription, events []*facts.Event,
) (account uuid.UUID, first bool, parked *Review, err error) {
	now := s.clock.Now()
	customer, metadata := "", ""
	if sub != nil {
		customer, metadata = sub.CustomerID, sub.AccountID
	}
	var found []uuid.UUID
	if customer != "" {
		account, err := owner(ctx, tx, provider, "customer", customer)
		if err != nil {
			return uuid.Nil, false, nil, err
		}
		found = appendOnce(found, account)
	}
	if metadata != "" {
		account, err := existingAccount(ctx, tx, metadata)
		if err != nil {
			return uuid.Nil, false, nil, err
		}
		found = appendOnce(found, account)
	}
	for _, ev := range events {
		if ev.Session == nil {
			continue
		}
		account, err := owner(ctx, tx, provider, "session", ev.Session.ID)
		if err != nil {
			return uuid.Nil, false, nil, err
		}
		found = appendOnce(found, account)
	}
	switch len(found) {
	case 0:
		if sub != nil && sub.PriceID != "" {
			if _, ours := s.plans.PriceByID(provider, sub.PriceID); !ours {
				return uuid.Nil, false, &Review{notOurs, "", "subscription " + id +
					" is of another product: nobody here made it, and its price is not sold here"}, nil
			}
		}
		if provider == facts.Stripe {
			return uuid.Nil, false, &Review{
				ReviewUnmappedCustomer, "unmapped customer " + customer,
				"nobody here is customer " +
					customer + ", who has subscription " + id,
			}, nil
		}
		return uuid.Nil, false, &Review{
			ReviewUnmappedSubscription, "unmapped subscription " + id,
			"subscription " + id +
				" was not made by a checkout of ours",
		}, nil
	case 1:
	default:
		return uuid.Nil, false, &Review{
			ReviewCustomerChanged, "customer " + id,
			"the customer and the metadata of subscription " + id + " name different accounts",
		}, nil
	}
	if account, first, err = claim(ctx, tx, provider, "subscription", id, found[0], now); err != nil {
		return uuid.Nil, false, nil, err
	}
	if customer != "" {
		if _, _, err := claim(ctx, tx, provider, "customer", customer, account, now); err != nil {
			return uuid.Nil, false, nil, err
		}
	}
	if err := foundAccount(ctx, tx, provider, id, customer, account, now); err != nil {
		return uuid.Nil, false, nil, err
	}
	return account, first, nil, nil
}

// foundAccount writes whose the unmapped subject of a review item is, so that the
// item closes, and wakes its parked events.
func foundAccount(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, id, customer string, account uuid.UUID, now time.Time,
) error {
	b := &pgx.Batch{}
	b.Queue(`
		update review_items set account_id = $4
		 where connection_id = $1 and status = 'open' and account_id is null
		   and (key in ('unmapped subscription ' || $2::text, 'unmapped customer ' || $3::text)
		       or key = 'customer ' || $2::text)`,
		provider, id, customer, account)
	b.Queue(`
		update inbox set next_attempt_at = $3
		    where connection_id = $1 and subject = $2 and status = 'parked' and next_attempt_at > $3`,
		provider, id, now)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("%s has found its account: %w", id, err)
	}
	return nil
}

func appendOnce(list []uuid.UUID, id uuid.UUID) []uuid.UUID {
	if id == uuid.Nil {
		return list
	}
	for _, have := range list {
		if have == id {
			return list
		}
	}
	return append(list, id)
}

// existingAccount returns the account of an id from metadata, or uuid.Nil when
// it is no account of ours.
func existingAccount(ctx context.Context, tx pgx.Tx, text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, nil
	}
	var account uuid.UUID
	err = tx.QueryRow(ctx, `select account_id from accounts where account_id = $1`, id).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("look up account: %w", err)
	}
	return account, nil
}

// applyLoose applies events that lead to no subscription: refunds and disputes
// are still shown to a person, a session that expired closes its checkout.
func (s *Service) applyLoose(ctx context.Context, tx pgx.Tx, g gateway, events []*facts.Event) (outcome, error) {
	provider, now := g.Provider(), s.clock.Now()
	b := &pgx.Batch{}
	var out outcome
	foreign := ""            // why an event is of another product
	var shown []*facts.Event // to a person; a refund of credits is settled, or shown, by itself
	for _, ev := range events {
		if list := Objections(ev); len(list) > 0 {
			account, err := s.applyReversal(ctx, tx, g, ev)
			if err != nil {
				return outcome{}, err
			}
			if account == uuid.Nil {
				why, err := s.foreignReversal(ctx, tx, g, ev)
				if err != nil {
					return outcome{}, err
				}
				if why != "" {
					foreign = why
					continue
				}
				// asking may have completed the purchase
				if account, err = s.applyReversal(ctx, tx, g, ev); err != nil {
					return outcome{}, err
				}
			}
			if account != uuid.Nil {
				out.account = account
				tellReversal(b, account, ev)
			}
			for _, r := range list {
				if account == uuid.Nil || r.Reason == ReviewDispute || r.Reason == ReviewRefundFailed {
					saveReview(b, provider, r, account, "", ev.ID, now)
					shown = append(shown, ev)
				}
			}
		}
		if kind, id := purchaseOf(ev); id != "" {
			account, parked, err := s.applyPurchase(ctx, tx, g, kind, id, ev)
			if err != nil || parked != nil {
				return outcome{parked: parked}, err
			}
			out.account = account
		}
		if ev.Session == nil || ev.Session.Status != "expired" || ev.Session.Mode == "payment" {
			continue
		}
		account, err := owner(ctx, tx, provider, "session", ev.Session.ID)
		if err != nil {
			return outcome{}, err
		}
		b.Queue(`
			update checkouts set status = 'closed' where account_id = $1 and session_id = $2 and status in ('creating', 'open')`,
			account, ev.Session.ID)
	}
	saveTurns(b, provider, shown, now)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return outcome{}, fmt.Errorf("apply loose events: %w", err)
	}
	if foreign != "" && out.account == uuid.Nil && len(shown) == 0 {
		return outcome{parked: &Review{notOurs, "", foreign}}, nil
	}
	return out, s.settleItems(ctx, tx, provider, out.account)
}

// applyDeleted unmaps a deleted customer and brings its subscriptions to the
// state that the provider left them in. The directory keeps the old id: it was
// this account's and can never be another's.
func (s *Service) applyDeleted(ctx context.Context, tx pgx.Tx, g gateway, ev *facts.Event) (outcome, error) {
	provider := g.Provider()
	account, err := lockOwner(ctx, tx, provider, "customer", ev.Deleted)
	if err != nil {
		return outcome{}, err
	}
	if account == uuid.Nil {
		return outcome{}, nil // a customer that was never ours
	}
	if _, err := tx.Exec(ctx, `
		update provider_customers set customer_id = null, generation = generation + 1, claimed_at = $4
		 where account_id = $1 and connection_id = $2 and customer_id = $3`, account, provider, ev.Deleted,
		s.clock.Now()); err != nil {
		return outcome{}, fmt.Errorf("unmap customer: %w", err)
	}
	subs, err := subscriptionsOf(ctx, tx, account)
	if err != nil {
		return outcome{}, err
	}
	out := outcome{account: account}
	events := []*facts.Event{ev}
	for _, sub := range subs {
		if sub.Provider != provider || sub.CustomerID != ev.Deleted || sub.Ended() {
			continue
		}
		one, err := s.applySubject(ctx, tx, g, sub.ID, events)
		if err != nil {
			return outcome{}, err
		}
		if one.provisional != nil {
			out.provisional = one.provisional
		}
	}
	return out, nil
}
