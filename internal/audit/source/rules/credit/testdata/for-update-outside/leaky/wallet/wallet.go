package wallet

import (
	"context"
	"database/sql"
	"errors"
)

type Store struct{ db *sql.DB }

var ErrPoor = errors.New("not enough")

func (s *Store) Spend(ctx context.Context, user string, n int64) error {
	var bal int64
	if err := s.db.QueryRowContext(ctx, `SELECT balance FROM wallets WHERE user_id = $1 FOR UPDATE`, user).Scan(&bal); err != nil {
		return err
	}
	if bal < n {
		return ErrPoor
	}
	_, err := s.db.ExecContext(ctx, `UPDATE wallets SET balance = $1 WHERE user_id = $2`, bal-n, user)
	return err
}
