package billing

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ForgetWebhooks deletes a batch of webhooks that were applied or ignored and came more than 400 days ago, and returns
// how many. What a person may still have to look at stays: see tijori_plans.forget_webhooks.
func (s *Service) ForgetWebhooks(ctx context.Context) (n int, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_plans.forget_webhooks(1000)`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("forget webhooks: %w", err)
	}
	return n, nil
}
