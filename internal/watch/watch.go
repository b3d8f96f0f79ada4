// Package watch looks over the access log while it is written: it feeds the
// detector, keeps what that raises, and hands it to whoever is told.
package watch

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// A Service watches. Its methods may be called from many goroutines, but for Look.
type Service struct {
	pool   *pgxpool.Pool // of tijori_watch
	routes map[string]detect.Route
	log    *slog.Logger
	self   uuid.UUID // this process, among the nodes
	settle time.Duration

	detector *detect.Detector // while this node reads the log; nil otherwise
	lately   []rowID          // the rows that it has read of the last moments before the cursor; see late
	fresh    memory           // what must be remembered over a restart and is not yet written
}

// New returns a service for a list of routes by their patterns.
func New(pool *pgxpool.Pool, routes map[string]detect.Route, log *slog.Logger) *Service {
	return &Service{pool: pool, routes: routes, log: log, self: uuid.New(), settle: settle, fresh: newMemory()}
}

const (
	// settle is how old a row is before it is read: nearly all that were written before it can be seen by then.
	settle = 3 * time.Second
	// late is how far behind the cursor rows are still looked for that were written before it and committed after it
	// was moved: for twice as long as a statement of tijori_log may take.
	late   = 30 * time.Second
	lease  = 45 * time.Second // how long another node waits for one that says nothing
	page   = 5_000            // rows at once
	replay = time.Hour        // of rows that a node which begins to read feeds first, without raising anything
)

// Look reads what is new in the log and keeps the alerts that it raises. Of several nodes one reads; for the others it
// does nothing. It is a loop's body, and returns how many rows it has read where there may be more.
func (s *Service) Look(ctx context.Context) (int, error) {
	since, mine, err := s.lead(ctx)
	if err != nil || !mine {
		s.detector = nil
		return 0, err
	}
	if s.detector == nil {
		if err := s.begin(ctx, since); err != nil {
			s.detector = nil
			return 0, fmt.Errorf("begin to watch: %w", err)
		}
	}
	read, upTo, alerts, err := s.next(ctx, since)
	if err != nil {
		s.detector = nil // as below
		return 0, fmt.Errorf("read the access log: %w", err)
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, a := range alerts {
			if err := raise(ctx, tx, a); err != nil {
				return err
			}
		}
		if err := s.fresh.save(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update watch_cursor set kept_at = $1 where holder = $2`, upTo, s.self)
		return err
	})
	if err != nil {
		s.detector = nil // it has heard of rows that will be read again
		return 0, fmt.Errorf("keep what was found: %w", err)
	}
	s.fresh = newMemory()
	for _, a := range alerts {
		s.log.Warn("watch", "rule", a.Rule, "subject", a.Subject, "detail", a.Text)
	}
	if read == page {
		return read, nil
	}
	return 0, nil
}

// lead reports whether this node reads the log, and up to where it was read.
func (s *Service) lead(ctx context.Context) (since time.Time, mine bool, err error) {
	rows, err := s.pool.Query(ctx, `
		update watch_cursor set holder = $1, held_until = now() + make_interval(secs => $2)
		 where holder is null or holder = $1 or held_until < now() returning kept_at`, s.self, lease.Seconds())
	if err != nil {
		return since, false, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[time.Time])
	if err != nil || len(list) == 0 {
		return since, false, err
	}
	return list[0], true, nil
}

// Release lets another node read on at once.
func (s *Service) Release(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, `update watch_cursor set holder = null, held_until = null where holder = $1`, s.self)
	return err
}

// A rowID is which row of the log it is, for as long as it matters.
type rowID struct {
	place string
	kept  time.Time
}

const eventColumns = `tableoid::text || ctid::text, at, coalesce(user_id, $1), coalesce(key_id, $1), coalesce(account_id, $1), coalesce(business_id, $1),
	route, coalesce(object, ''), verdict, rows, took_ms, coalesce(host(address), ''), request_id, kept_at`

func scanEvent(row pgx.CollectableRow) (e detect.Event, id rowID, err error) {
	var took int64
	err = row.Scan(&id.place, &e.At, &e.User, &e.Key, &e.Account, &e.Business, &e.Route, &e.Object, &e.Verdict, &e.Rows,
		&took, &e.Address, &e.RequestID, &id.kept)
	e.Took = time.Duration(took) * time.Millisecond
	return e, id, err
}

// next feeds the detector with a page of the log. Rows of one moment are read together.
func (s *Service) next(ctx context.Context, since time.Time) (
	read int, upTo time.Time, alerts []detect.Alert, err error,
) {
	upTo = since
	if alerts, err = s.catchUp(ctx, since); err != nil {
		return 0, upTo, nil, err
	}
	rows, err := s.pool.Query(ctx, `
		select `+eventColumns+` from access_log
		 where kept_at > $2 and kept_at <= now() - make_interval(secs => $3) order by kept_at, at
		 fetch first ($4) rows with ties`, uuid.Nil, since, s.settle.Seconds(), page)
	if err != nil {
		return 0, upTo, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, id, err := scanEvent(rows)
		if err != nil {
			return 0, upTo, nil, err
		}
		read, upTo = read+1, id.kept
		s.lately = append(s.lately, id)
		s.fresh.learn(s.routes, &e)
		alerts = append(alerts, s.detector.Feed(e)...)
	}
	return read, upTo, alerts, rows.Err()
}

// catchUp feeds the detector with the rows before the cursor that could not be seen when it was moved: a time says when
// a row was written, not when it was committed. It counts, and reads only when there are more than were read.
func (s *Service) catchUp(ctx context.Context, since time.Time) (alerts []detect.Alert, err error) {
	from := since.Add(-late)
	s.lately = slices.DeleteFunc(s.lately, func(id rowID) bool { return !id.kept.After(from) })
	var there int
	if err := s.pool.QueryRow(ctx, `select count(*) from access_log where kept_at > $1 and kept_at <= $2`, from, since).
		Scan(&there); err != nil {
		return nil, err
	}
	if there == len(s.lately) {
		return nil, nil
	}
	known := make(map[rowID]bool, len(s.lately))
	for _, id := range s.lately {
		known[id] = true
	}
	rows, err := s.pool.Query(ctx, `
		select `+eventColumns+` from access_log
		 where kept_at > $2 and kept_at <= $3 order by kept_at, at`, uuid.Nil, from, since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, id, err := scanEvent(rows)
		if err != nil {
			return nil, err
		}
		if known[id] {
			continue
		}
		s.lately = append(s.lately, id)
		s.fresh.learn(s.routes, &e)
		alerts = append(alerts, s.detector.Feed(e)...)
	}
	return alerts, rows.Err()
}

// begin makes a detector that knows what the one before it knew: what accounts took, who was let in where, and the last
// hour; of refusals the last day.
func (s *Service) begin(ctx context.Context, since time.Time) error {
	d := detect.New(s.routes)
	s.lately = nil
	if err := remember(ctx, s.pool, d); err != nil {
		return err
	}
	rows, err := s.pool.Query(ctx, `
		select `+eventColumns+` from access_log
		 where kept_at <= $2 and (kept_at > $3 or kept_at > $4 and verdict <> 'allowed')
		   and at > $4 order by kept_at, at`, uuid.Nil, since, since.Add(-replay), since.Add(-24*time.Hour))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		e, id, err := scanEvent(rows)
		if err != nil {
			return err
		}
		if id.kept.After(since.Add(-late)) {
			s.lately = append(s.lately, id)
		}
		d.Feed(e)
	}
	s.detector, s.fresh = d, newMemory()
	return rows.Err()
}
