package watch

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// RaisedAlerts says how many alerts are raised, by their rule.
func (s *Service) RaisedAlerts(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	rows, err := s.pool.Query(ctx, `select rule, count(*) from watch_alerts where state = 'raised' group by rule order by rule`)
	if err != nil {
		return nil, err
	}
	var rule string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&rule, &n}, func() error {
		out[rule] = n
		return nil
	})
	return out, err
}

// Behind is how old the oldest row is that the detector has not read; 0 where it has read all.
func (s *Service) Behind(ctx context.Context) (time.Duration, error) {
	var seconds float64 // no money
	err := s.pool.QueryRow(ctx, `
		select coalesce(extract(epoch from now() - (select l.kept_at from access_log l where l.kept_at > c.kept_at
		    order by l.kept_at limit 1)), 0)::float8 from watch_cursor c`).Scan(&seconds)
	return time.Duration(seconds * float64(time.Second)), err
}

// Reads is how fast the dashboard was within the last hour, on all nodes: what 95 in 100 stayed below, of how many.
func (s *Service) Reads(ctx context.Context) (p95 time.Duration, n int, err error) {
	var patterns []string
	for pattern, route := range s.routes {
		if route.Kind == detect.Dashboard {
			patterns = append(patterns, pattern)
		}
	}
	var took float64 // milliseconds
	err = s.pool.QueryRow(ctx, `
		select coalesce(percentile_cont(0.95) within group (order by took_ms), 0)::float8, count(*) from access_log
		 where kept_at > now() - interval '1 hour' and at > now() - interval '2 hours' and verdict = 'allowed'
		   and route = any ($1)`, patterns).Scan(&took, &n)
	return time.Duration(took * float64(time.Millisecond)), n, err
}
