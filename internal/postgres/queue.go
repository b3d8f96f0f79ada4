package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// A QueueCount is how many jobs are in a state.
type QueueCount struct {
	State string
	N     int
}

// QueueState says how many jobs are in which state, and for how long the oldest that could run has been due.
func (db *DB) QueueState(ctx context.Context) (counts []QueueCount, oldest time.Duration, err error) {
	rows, err := db.Jobs.Query(ctx,
		`select state::text, count(*)::int from tijori_river.river_job group by 1 order by 1`)
	if err == nil {
		counts, err = pgx.CollectRows(rows, pgx.RowToStructByPos[QueueCount])
	}
	if err != nil {
		return nil, 0, fmt.Errorf("count the jobs: %w", err)
	}
	var seconds float64 // no money
	err = db.Jobs.QueryRow(ctx, `
		select coalesce(extract(epoch from now() - (select j.scheduled_at from tijori_river.river_job j
		    where j.state in ('available', 'retryable', 'scheduled') and j.scheduled_at <= now()
		    order by j.scheduled_at limit 1)), 0)::float8`).Scan(&seconds)
	if err != nil {
		return nil, 0, fmt.Errorf("look for the oldest job: %w", err)
	}
	return counts, time.Duration(seconds * float64(time.Second)), nil
}

// TakeTurn is true for one node in so long a time: work under a name that one of several does.
func (db *DB) TakeTurn(ctx context.Context, name string, every time.Duration) (mine bool, err error) {
	err = db.Jobs.QueryRow(ctx, `select tijori_ops.take_turn($1, $2)`, name, every).Scan(&mine)
	if err != nil {
		return false, fmt.Errorf("take the turn of %s: %w", name, translate(err))
	}
	return mine, nil
}
