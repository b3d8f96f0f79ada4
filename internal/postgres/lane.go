package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A lane is a pool for callers, with a share of it for each account. There are two: one for requests, whose
// transactions are short, and one for work that takes long. So old transactions never take the connections that
// requests need.
type lane struct {
	pool      *pgxpool.Pool
	seats     seats
	limitsSQL string       // at the beginning of each transaction
	returned  atomic.Int64 // when a connection came back last, in nanoseconds
}

// longSQL gives a transaction of the long lane its time. It must not wait for a lock as long as it may run.
const longSQL = `select set_config('statement_timeout', '5min', true), set_config('lock_timeout', '1min', true),
	set_config('idle_in_transaction_session_timeout', '5min', true)`

// release gives a connection back to its pool, or closes it when a statement may have left on it what is not
// cleared away.
func (l *lane) release(conn *pgxpool.Conn, lasting bool) {
	if lasting {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
		defer cancel()
		_ = conn.Conn().Close(ctx) // the socket is closed also when the farewell is not heard
	}
	conn.Release()
	l.returned.Store(time.Now().UnixNano())
}

// stuckAfter is longer than a request may take: where all connections are in use and none came back meanwhile,
// something else is wrong.
const stuckAfter = 40 * time.Second

// stuck reports since when no connection came back while all are in use; 0 where the lane moves.
func (l *lane) stuck(now time.Time) time.Duration {
	since := now.Sub(time.Unix(0, l.returned.Load()))
	if stat := l.pool.Stat(); stat.AcquiredConns() < stat.MaxConns() || since < stuckAfter {
		return 0
	}
	return since
}

// CheckReady returns nil when requests can be served: the database answers, the program may run on its schema, and the
// connections for requests move. It asks on a connection of its own, so it answers also when all others are in use.
// The error is a SetupError where the reason is known; its Problem may be shown to anybody.
func (db *DB) CheckReady(ctx context.Context) error {
	if err := db.checkMigrations(ctx, db.Health); err != nil {
		return err
	}
	if since := db.short.stuck(time.Now()); since > 0 {
		return &SetupError{
			Problem: fmt.Sprintf("all %d connections for requests are in use, and none came back for %s",
				db.App.Stat().MaxConns(), since.Round(time.Second)),
			Hint: "look for locks in pg_stat_activity",
		}
	}
	return nil
}
