package store

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

type Store struct{ pool *pgxpool.Pool }

func (s *Store) Grant(ctx context.Context, user string, n int) error {
	_, err := s.pool.Exec(ctx, `UPDATE accounts SET credits = credits + $2 WHERE user_id = $1`, user, n)
	return err
}

func (s *Store) Customer(ctx context.Context, user string) (id string, err error) {
	err = s.pool.QueryRow(ctx, `SELECT stripe_customer FROM accounts WHERE user_id = $1`, user).Scan(&id)
	return id, err
}
