package probe

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A Database keeps the history in the database, as tijori_watch.
type Database struct{ pool *pgxpool.Pool }

// NewDatabase returns the store of a pool of tijori_watch.
func NewDatabase(pool *pgxpool.Pool) *Database { return &Database{pool} }

// Record implements Store.
func (d *Database) Record(ctx context.Context, location string, results []Result) (changes []Change, err error) {
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		known, err := readLast(ctx, tx, location)
		if err != nil {
			return err
		}
		var b pgx.Batch
		newDay := false
		for _, r := range results {
			before := known[r.Name]
			after, news := advance(before, r)
			if news != nil {
				changes = append(changes, *news)
			}
			known[r.Name] = after
			newDay = newDay || dayOf(r.At) != dayOf(before.CheckedAt)
			if err := queueResult(&b, location, r, before, after); err != nil {
				return err
			}
		}
		if newDay {
			b.Queue(`delete from probe_days where day < $1`, dayOf(time.Now()).AddDate(0, 0, -keptDays))
			b.Queue(`delete from probe_outages where until < $1`, time.Now().AddDate(0, 0, -keptDays))
			b.Queue(`delete from probe_lines where checked_at < $1`, time.Now().AddDate(0, 0, -Days))
		}
		return tx.SendBatch(ctx, &b).Close()
	})
	if err != nil {
		return nil, err
	}
	return changes, nil
}

func readLast(ctx context.Context, tx pgx.Tx, location string) (map[string]last, error) {
	rows, err := tx.Query(ctx, `select name, state, since, checked_at from probe_lines where location = $1 for update`,
		location)
	if err != nil {
		return nil, err
	}
	out := map[string]last{}
	var name string
	var l last
	_, err = pgx.ForEachRow(rows, []any{&name, &l.State, &l.Since, &l.CheckedAt}, func() error {
		out[name] = l
		return nil
	})
	return out, err
}

// queueResult counts a look in its day and, where it is the latest, says how the line is now. Outages begin and end
// with that.
func queueResult(b *pgx.Batch, location string, r Result, before, after last) error {
	failures := 0
	if !r.OK {
		failures = 1
	}
	b.Queue(`
		insert into probe_days as d (name, location, day, checks, failures) values ($1, $2, $3, 1, $4)
		on conflict (name, location, day) do update set checks = d.checks + 1, failures = d.failures + excluded.failures`,
		r.Name, location, dayOf(r.At), failures)
	if after == before {
		return nil
	}
	b.Queue(`
		insert into probe_lines (name, location, kind, title, title_hi, hidden, place, state, since, checked_at,
			took_ms,
		    detail)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (name, location) do update set kind = excluded.kind, title = excluded.title,
		    title_hi = excluded.title_hi, hidden = excluded.hidden, place = excluded.place, state = excluded.state,
		    since = excluded.since, checked_at = excluded.checked_at, took_ms = excluded.took_ms,
		    detail = excluded.detail`,
		r.Name, location, r.Kind, r.Title, r.TitleHi, r.Hidden, r.Place, after.State, after.Since, after.CheckedAt,
		r.Took.Milliseconds(), r.Detail)
	switch {
	case after.State == before.State:
	case after.State == Down:
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		b.Queue(`insert into probe_outages (id, name, location, began_at) values ($1, $2, $3, $4)`, id, r.Name, location,
			after.Since)
	case before.State == Down:
		b.Queue(`update probe_outages set until = $3 where name = $1 and location = $2 and until is null`, r.Name,
			location, after.Since)
	}
	return nil
}

// History implements Store.
func (d *Database) History(ctx context.Context, now time.Time) (*History, error) {
	h := &History{At: now}
	var reports []report
	days := map[string]map[time.Time]Day{}
	var b pgx.Batch
	b.Queue(`
		select name, location, kind, title, title_hi, hidden, place, state, since, checked_at, took_ms, detail
		  from probe_lines where checked_at > $1 order by place, name, checked_at desc`, now.AddDate(0, 0, -Days),
	).Query(func(rows pgx.Rows) (err error) {
		reports, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r report, err error) {
			var took int64
			err = row.Scan(&r.Name, &r.Location, &r.Kind, &r.Title, &r.TitleHi, &r.Hidden, &r.Place, &r.State, &r.Since,
				&r.CheckedAt, &took, &r.Detail)
			r.Took = time.Duration(took) * time.Millisecond
			return r, err
		})
		return err
	})
	b.Queue(`select name, day, sum(checks), sum(failures) from probe_days where day > $1 group by name, day`,
		dayOf(now).AddDate(0, 0, -Days)).Query(func(rows pgx.Rows) error {
		var name string
		var one Day
		_, err := pgx.ForEachRow(rows, []any{&name, &one.Day, &one.Checks, &one.Failures}, func() error {
			if days[name] == nil {
				days[name] = map[time.Time]Day{}
			}
			days[name][dayOf(one.Day)] = one
			return nil
		})
		return err
	})
	b.Queue(`
		select o.name, l.title, l.title_hi, o.began_at, o.until from probe_outages o
		  join probe_lines l on l.name = o.name and l.location = o.location
		 where o.began_at > $1 and not l.hidden order by o.began_at desc, o.id limit $2`, now.AddDate(0, 0, -Days),
		shownOutages).Query(func(rows pgx.Rows) (err error) {
		h.Outages, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Outage, err error) {
			var until *time.Time
			err = row.Scan(&o.Name, &o.Title, &o.TitleHi, &o.From, &until)
			if until != nil {
				o.Until = *until
			}
			return o, err
		})
		return err
	})
	if err := d.pool.SendBatch(ctx, &b).Close(); err != nil {
		return nil, err
	}
	for _, r := range reports {
		if r.CheckedAt.After(h.Newest) {
			h.Newest = r.CheckedAt
		}
	}
	h.Lines = combine(now, reports, days)
	return h, nil
}
