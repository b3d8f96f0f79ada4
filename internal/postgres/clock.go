package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/clock"
)

// ServiceClock returns how far the service clock is ahead.
func (db *DB) ServiceClock(ctx context.Context) (offset time.Duration, err error) {
	var seconds int64
	err = db.AsBilling(ctx, Work{}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select offset_seconds from tijori.service_clock`).Scan(&seconds)
	})
	if err != nil {
		return 0, fmt.Errorf("read the service clock: %w", err)
	}
	return time.Duration(seconds) * time.Second, nil
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

// Server returns the version of the database server, and by how much its clock is
// ahead of this machine's, give or take the time of the question.
func (db *DB) Server(ctx context.Context) (version string, ahead time.Duration, err error) {
	var now time.Time
	before := time.Now()
	err = db.Auth.QueryRow(ctx, "select current_setting('server_version'), clock_timestamp()").Scan(&version, &now)
	if err != nil {
		return "", 0, fmt.Errorf("ask the database server: %w", err)
	}
	return version, now.Sub(before.Add(time.Since(before) / 2)), nil
}
