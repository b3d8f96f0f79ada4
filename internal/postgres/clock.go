package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/clock"
)

// SetSimulated tells the database whether payments are simulated, as its owner,
// and sets c to the offset that the service clock has there: development keeps
// it over a restart, production has none.
func (db *DB) SetSimulated(ctx context.Context, admin *pgx.ConnConfig, simulated bool, c *clock.Clock) error {
	pool, err := ownerPool(ctx, admin)
	if err != nil {
		return &SetupError{Problem: "cannot set the service clock", Err: err}
	}
	defer pool.Close()
	var seconds int64
	err = pool.QueryRow(ctx, `
		update tijori.service_clock set simulated = $1, offset_seconds = case when $1 then offset_seconds else 0 end
		returning offset_seconds`, simulated).Scan(&seconds)
	if err != nil {
		return &SetupError{Problem: "cannot set the service clock", Err: err}
	}
	c.SetOffset(time.Duration(seconds) * time.Second)
	return nil
}

// AdvanceClock moves the service clock by d, in the database and in c. It fails
// where payments are real.
func (db *DB) AdvanceClock(ctx context.Context, c *clock.Clock, d time.Duration) error {
	offset := (c.Offset() + d).Round(time.Second)
	err := db.AsBilling(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select auth.set_clock($1)`, int64(offset/time.Second))
		return err
	})
	if err != nil {
		return fmt.Errorf("move the service clock: %w", err)
	}
	c.SetOffset(offset)
	return nil
}
