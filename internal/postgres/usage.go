package postgres

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A Usage is what a request has asked of the database.
type Usage struct {
	rows, statements atomic.Int64

	mu       sync.Mutex
	scope    Scope
	accounts []uuid.UUID
}

// Scope is who the database said last is asking; zero while it has named nobody.
func (u *Usage) Scope() Scope {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.scope
}

// Accounts are all that the caller was let into meanwhile.
func (u *Usage) Accounts() []uuid.UUID {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.accounts)
}

// SawUser remembers whose session the sign-in role has found, for what knows of no account but perhaps the session's.
func SawUser(ctx context.Context, user uuid.UUID, account *uuid.UUID) {
	s := Scope{UserID: user}
	if account != nil {
		s.AccountID = *account
	}
	if u, ok := ctx.Value(usageKey{}).(*Usage); ok && u.Scope().UserID != user {
		saw(ctx, s)
	}
}

// saw remembers who is asking.
func saw(ctx context.Context, s Scope) {
	u, ok := ctx.Value(usageKey{}).(*Usage)
	if !ok {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.scope = s
	if s.AccountID != uuid.Nil && !slices.Contains(u.accounts, s.AccountID) {
		u.accounts = append(u.accounts, s.AccountID)
	}
}

// Rows is how many rows were answered, besides those that say who is asking.
func (u *Usage) Rows() int { return int(u.rows.Load()) }

// Statements is how many statements were run.
func (u *Usage) Statements() int { return int(u.statements.Load()) }

type usageKey struct{}

// WithUsage returns a context under which statements are counted.
func WithUsage(ctx context.Context) (context.Context, *Usage) {
	u := &Usage{}
	return context.WithValue(ctx, usageKey{}, u), u
}

// A tracer hears of each statement on the connections of a pool, and adds up how long they took.
type tracer struct {
	pool               string
	trips, nanoseconds atomic.Int64
}

type startKey struct{}

func start(ctx context.Context) context.Context {
	return context.WithValue(ctx, startKey{}, time.Now())
}

func (t *tracer) end(ctx context.Context) {
	if at, ok := ctx.Value(startKey{}).(time.Time); ok {
		t.trips.Add(1)
		t.nanoseconds.Add(int64(time.Since(at)))
	}
}

// A PoolUse is what the connections of a pool did since the start.
type PoolUse struct {
	Name     string
	Trips    int64         // to the database and back: a statement, or several at once
	Took     time.Duration // all of them
	Waits    int64         // for a connection, because none was free
	Waited   time.Duration // all of them
	Busy     int           // connections now
	Most     int
	Canceled int64 // waits that were given up
}

// Pools says of each pool what it did, in the order in which they were opened.
func (db *DB) Pools() (out []PoolUse) {
	for _, p := range db.pools {
		stat := p.pool.Stat()
		out = append(out, PoolUse{
			Name: p.name, Trips: p.tracer.trips.Load(), Took: time.Duration(p.tracer.nanoseconds.Load()),
			Waits: stat.EmptyAcquireCount(), Waited: stat.EmptyAcquireWaitTime(), Busy: int(stat.AcquiredConns()),
			Most: int(stat.MaxConns()), Canceled: stat.CanceledAcquireCount(),
		})
	}
	return out
}

func (t *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	ctx = t.span(start(ctx), d.SQL)
	if u, ok := ctx.Value(usageKey{}).(*Usage); ok && !ours(d.SQL) {
		return context.WithValue(ctx, countedKey{}, u)
	}
	return ctx
}

// countedKey stands in the context of a statement that counts: its text is not there any more at its end.
type countedKey struct{}

func (t *tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	t.end(ctx)
	endSpan(ctx, d.CommandTag.RowsAffected(), d.Err)
	if u, ok := ctx.Value(countedKey{}).(*Usage); ok {
		u.count(d.CommandTag.Select(), d.CommandTag.RowsAffected())
	}
}

func (t *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return t.span(start(ctx), "")
}

func (t *tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	if span, ok := spanOf(ctx); ok {
		span.Happened("statement", "db.query.text", cutStatement(d.SQL), "db.response.returned_rows",
			d.CommandTag.RowsAffected())
	}
	if u, ok := ctx.Value(usageKey{}).(*Usage); ok && !ours(d.SQL) {
		u.count(d.CommandTag.Select(), d.CommandTag.RowsAffected())
	}
}

func (t *tracer) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchEndData) {
	t.end(ctx)
	endSpan(ctx, -1, d.Err)
}

func (u *Usage) count(read bool, rows int64) {
	u.statements.Add(1)
	if read {
		u.rows.Add(rows)
	}
}

// ours reports whether a statement is of the transaction itself: it answers a row, but none that anybody asked for.
func ours(sql string) bool {
	switch sql {
	case scopeSQL, tryScopeSQL, claimSQL, longSQL, unlockSQL, resetSQL, beginReadSQL, beginWriteSQL, "commit", "begin",
		frozenSQL, frozenForAllSQL, FrozenShareSQL:
		return true
	}
	return false
}
