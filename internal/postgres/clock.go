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
func SetSimulated(ctx context.Context, config Config, simulated bool, c *clock.Clock) error {
	var seconds int64
	err := config.asOwner(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			update tijori.service_clock set simulated = $1, offset_seconds = case when $1 then offset_seconds else 0 end
			returning offset_seconds`, simulated).Scan(&seconds)
	})
	if err != nil {
		return &SetupError{Problem: "cannot set the service clock", Err: err}
	}
	c.SetOffset(time.Duration(seconds) * time.Second)
	return nil
}

// ServiceClock returns how far the service clock is ahead and whether payments are simulated.
func (db *DB) ServiceClock(ctx context.Context) (offset time.Duration, simulated bool, err error) {
	var seconds int64
	err = db.AsBilling(ctx, Work{}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select offset_seconds, simulated from tijori.service_clock`).Scan(&seconds, &simulated)
	})
	if err != nil {
		return 0, false, fmt.Errorf("read the service clock: %w", err)
	}
	return time.Duration(seconds) * time.Second, simulated, nil
}

// AdvanceClock moves the service clock by d, in the database and in c. It fails
// where payments are real.
func (db *DB) AdvanceClock(ctx context.Context, c *clock.Clock, d time.Duration) error {
	offset := (c.Offset() + d).Round(time.Second)
	err := db.AsBilling(ctx, Work{}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_ops.set_clock($1)`, int64(offset/time.Second))
		return err
	})
	if err != nil {
		return fmt.Errorf("move the service clock: %w", err)
	}
	c.SetOffset(offset)
	return nil
}
