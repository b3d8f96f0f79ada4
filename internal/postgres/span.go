package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/tracing"
)

type spanKey struct{}

// span begins the span of a statement, or of several at once, below the work that asks. Its text is a constant of the
// program; values are never in it.
func (t *tracer) span(ctx context.Context, sql string) context.Context {
	if !tracing.Current(ctx).Recording() {
		return ctx
	}
	verb, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	name := "database " + strings.ToLower(cutWord(verb))
	if sql == "" {
		name = "database batch"
	}
	ctx, span := tracing.Within(ctx, tracing.Client, name)
	span.SetText("db.system.name", "postgresql")
	span.SetText("tijori.pool", t.pool)
	if sql != "" {
		span.SetText("db.query.text", cutStatement(sql))
	}
	return context.WithValue(ctx, spanKey{}, span)
}

func spanOf(ctx context.Context) (tracing.Span, bool) {
	span, ok := ctx.Value(spanKey{}).(tracing.Span)
	return span, ok
}

// endSpan ends the span of a statement. Of an error it says the code alone: its text may hold what a row holds.
func endSpan(ctx context.Context, rows int64, err error) {
	span, ok := spanOf(ctx)
	if !ok {
		return
	}
	if rows >= 0 {
		span.SetNumber("db.response.returned_rows", rows)
	}
	if err != nil {
		code := "no answer"
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
			code = pg.Code
			span.SetText("db.response.status_code", code)
		}
		span.Fail(code)
	}
	span.End()
}

const (
	longestStatement = 2000
	longestWord      = 12
)

// cutStatement is a statement in one line, as far as a span holds it.
func cutStatement(sql string) string {
	sql = strings.Join(strings.Fields(sql), " ")
	return sql[:min(len(sql), longestStatement)]
}

func cutWord(word string) string { return word[:min(len(word), longestWord)] }
