package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Refresh asks the provider about every subscription that has not ended and
// applies what it says, so that a lost event is made good. It returns how many
// it asked about; an error names those that could not be asked, after all
// others were.
func (s *Service) Refresh(ctx context.Context) (asked int, err error) {
	type one struct {
		account  uuid.UUID
		provider facts.Provider
		id       string
	}
	var after one
	for {
		var page []one
		e := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `
				select account_id, provider, id from subscriptions
				 where (account_id, provider, id) > ($1, $2, $3)
				   and provider_status not in ('canceled', 'incomplete_expired', 'cancelled', 'expired', 'completed')
				 order by account_id, provider, id limit 200`, after.account, after.provider, after.id)
			if err != nil {
				return err
			}
			page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o one, err error) {
				return o, row.Scan(&o.account, &o.provider, &o.id)
			})
			return err
		})
		if e != nil {
			return asked, fmt.Errorf("list subscriptions: %w", errors.Join(err, e))
		}
		for _, o := range page {
			after = o
			if s.gateways[o.provider] == nil {
				continue
			}
			if _, e := s.bring(ctx, o.provider, o.id, o.account, nil); e != nil {
				err = errors.Join(err, fmt.Errorf("refresh %s %s: %w", o.provider, o.id, e))
				continue
			}
			asked++
		}
		if len(page) == 0 || ctx.Err() != nil {
			return asked, errors.Join(err, ctx.Err())
		}
	}
}
