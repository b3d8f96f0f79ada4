package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// EndReplaced ends subscriptions in whose place others have come: those that a paid
// purchase names. It returns how many have ended. What the provider does not answer is
// tried again with the next call. Of a purchase that can be paid no more the provider is asked
// whether it was: no event may have told, and the subscription that it follows renews an hour later.
func (s *Service) EndReplaced(ctx context.Context) (int, error) {
	if err := s.followUp(ctx); err != nil {
		s.log.WarnContext(ctx, "follow purchases up", "error", err)
	}
	return s.endReplaced(ctx, uuid.Nil)
}

// followUp closes purchases in place of a subscription when their time is over, or applies that they were
// paid. Those of which nothing could be learned in a day are left to the comparison.
func (s *Service) followUp(ctx context.Context) error {
	now := s.clock.Now()
	var accounts []uuid.UUID
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select account_id from checkouts
			 where status in ('creating', 'open') and replaces is not null and expires_at <= $1 and expires_at > $2
			 order by expires_at limit 20`, now, now.AddDate(0, 0, -1))
		if err != nil {
			return err
		}
		accounts, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	if err != nil {
		return fmt.Errorf("list purchases whose time is over: %w", err)
	}
	var all error
	for _, account := range accounts {
		if err := s.closeExpired(ctx, account); err != nil && !errors.Is(err, errSubscribed) {
			all = errors.Join(all, err)
		}
	}
	return all
}

// closeExpired closes the checkout of an account whose time is over; errSubscribed says that it was paid.
func (s *Service) closeExpired(ctx context.Context, account uuid.UUID) error {
	defer s.buying.lock(account)()
	var open *reserved
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		open, err = livingCheckout(ctx, tx, account)
		return err
	})
	if err != nil || open == nil || open.expires.After(s.clock.Now()) {
		return err
	}
	return s.close(ctx, open)
}

// endReplaced is EndReplaced for one account, or for all.
func (s *Service) endReplaced(ctx context.Context, account uuid.UUID) (ended int, err error) {
	type pair struct {
		account   uuid.UUID
		provider  facts.Provider
		old, next string
	}
	var only *uuid.UUID
	if account != uuid.Nil {
		only = &account
	}
	var list []pair
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.account_id, c.provider, c.replaces, c.subscription_id
			  from checkouts c
			  join subscriptions o on o.account_id = c.account_id and o.connection_id = c.connection_id
			      and o.id = c.replaces
			  join subscriptions n on n.account_id = c.account_id and n.connection_id = c.connection_id
			      and n.id = c.subscription_id
			 where c.replaces is not null and c.status = 'complete' and o.ended_at is null and n.ended_at is null
			   and n.status in ('trialing', 'active') and ($1::uuid is null or c.account_id = $1)
			 order by c.created_at`, only)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p pair, err error) {
			return p, row.Scan(&p.account, &p.provider, &p.old, &p.next)
		})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("list replaced subscriptions: %w", err)
	}
	for _, p := range list {
		done, err := s.endOld(ctx, p.account, p.provider, p.old, p.next)
		if err != nil {
			s.log.WarnContext(ctx, "end a replaced subscription", "provider", p.provider, "subscription", p.old,
				"error", err)
			continue
		}
		if done {
			ended++
		}
	}
	return ended, ctx.Err()
}

// endOld ends the old subscription when the new one is paid, or is approved to follow it.
func (s *Service) endOld(
	ctx context.Context, account uuid.UUID, provider facts.Provider, old, next string,
) (bool, error) {
	defer s.buying.lock(account)()
	var subs []Subscription
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		subs, err = subscriptionsOf(ctx, tx, account)
		return err
	})
	if err != nil {
		return false, err
	}
	find := func(id string) int {
		return slices.IndexFunc(subs, func(sub Subscription) bool { return sub.Provider == provider && sub.ID == id })
	}
	o, n := find(old), find(next)
	if o < 0 || n < 0 || !subs[o].Live() || !subs[n].Succeeds(s.clock.Now()) {
		return false, nil
	}
	told, err := s.end(ctx, account, subs[o], true)
	return err == nil && !told.Live(), err
}

// withoutReplaced leaves those out in whose place another one of a list has come.
func withoutReplaced(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, ids []string,
) ([]string, error) {
	rows, err := tx.Query(ctx, `
		select replaces from checkouts
		 where account_id = $1 and connection_id = $2 and replaces = any($3) and subscription_id = any($3) and status <> 'closed'`,
		account, provider, ids)
	if err != nil {
		return nil, err
	}
	replaced, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look up replaced subscriptions: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(replaced, id) }), nil
}
