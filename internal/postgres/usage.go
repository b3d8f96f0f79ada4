package postgres

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// A Usage is what a request has asked of the database.
type Usage struct {
	rows, statements atomic.Int64
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

// A tracer hears of each statement on the connections of a pool.
type tracer struct{}

func (tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	if u, ok := ctx.Value(usageKey{}).(*Usage); ok && !ours(d.SQL) {
		return context.WithValue(ctx, countedKey{}, u)
	}
	return ctx
}

// countedKey stands in the context of a statement that counts: its text is not there any more at its end.
type countedKey struct{}

func (tracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryEndData) {
	if u, ok := ctx.Value(countedKey{}).(*Usage); ok {
		u.count(d.CommandTag.Select(), d.CommandTag.RowsAffected())
	}
}

func (tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	if u, ok := ctx.Value(usageKey{}).(*Usage); ok && !ours(d.SQL) {
		u.count(d.CommandTag.Select(), d.CommandTag.RowsAffected())
	}
}

func (tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

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
