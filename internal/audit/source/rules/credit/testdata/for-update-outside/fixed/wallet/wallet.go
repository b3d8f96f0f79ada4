package wallet

import (
	"context"
	"database/sql"
	"errors"
)

type Store struct{ db *sql.DB }

var ErrPoor = errors.New("not enough")

func (s *Store) Spend(ctx context.Context, user string, n int64) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var bal int64
	if err := tx.QueryRowContext(ctx, `SELECT balance FROM wallets WHERE user_id = $1 FOR UPDATE`, user).Scan(&bal); err != nil {
		return err
	}
	if bal < n {
		return ErrPoor
	}
	if _, err := tx.ExecContext(ctx, `UPDATE wallets SET balance = $1 WHERE user_id = $2`, bal-n, user); err != nil {
		return err
	}
	return tx.Commit()
}
