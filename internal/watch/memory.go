package watch

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// A memory is what was learned since it was last written: how much accounts took by the hour, and who was let in where.
type memory struct {
	hours  map[taken]int
	visits map[[2]uuid.UUID]time.Time
}

type taken struct {
	account uuid.UUID
	kind    detect.Kind
	hour    time.Time
}

func newMemory() memory {
	return memory{hours: map[taken]int{}, visits: map[[2]uuid.UUID]time.Time{}}
}

func (m *memory) learn(routes map[string]detect.Route, e *detect.Event) {
	if e.Verdict != "allowed" {
		return
	}
	who := e.User
	if who == uuid.Nil {
		who = e.Key
	}
	if who != uuid.Nil && e.Business != uuid.Nil {
		m.visits[[2]uuid.UUID{who, e.Business}] = e.At
	}
	switch kind := routes[e.Route].Kind; kind {
	case detect.Export, detect.Invoice, detect.Spend:
		if e.Account != uuid.Nil {
			m.hours[taken{e.Account, kind, e.At.UTC().Truncate(time.Hour)}]++
		}
	}
}

const (
	keepHours  = 36 * 24 * time.Hour
	keepVisits = 400 * 24 * time.Hour
)

// save adds to what is remembered, and forgets what is too old.
func (m *memory) save(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	for t, n := range m.hours {
		b.Queue(`
			insert into watch_hours (account_id, kind, hour, taken) values ($1, $2, $3, $4)
			on conflict (account_id, kind, hour) do update set taken = watch_hours.taken + excluded.taken`,
			t.account, int16(t.kind), t.hour, n)
	}
	for pair, at := range m.visits {
		b.Queue(`
			insert into watch_visits (caller_id, business_id, day) values ($1, $2, $3)
			on conflict (caller_id, business_id) do update set day = excluded.day
			 where watch_visits.day < excluded.day`, pair[0], pair[1], at.UTC())
	}
	if b.Len() == 0 {
		return nil
	}
	b.Queue(`delete from watch_hours where hour < $1`, time.Now().Add(-keepHours))
	b.Queue(`delete from watch_visits where day < $1`, time.Now().Add(-keepVisits))
	return tx.SendBatch(ctx, b).Close()
}

// remember tells a detector what is remembered.
func remember(ctx context.Context, pool *pgxpool.Pool, d *detect.Detector) error {
	rows, err := pool.Query(ctx, `select account_id, kind, hour, taken from watch_hours order by hour`)
	if err != nil {
		return err
	}
	var account, caller, business uuid.UUID
	var kind int16
	var hour time.Time
	var n int
	_, err = pgx.ForEachRow(rows, []any{&account, &kind, &hour, &n}, func() error {
		d.Remember(account, detect.Kind(kind), hour, n)
		return nil
	})
	if err != nil {
		return err
	}
	rows, err = pool.Query(ctx, `select caller_id, business_id from watch_visits`)
	if err != nil {
		return err
	}
	_, err = pgx.ForEachRow(rows, []any{&caller, &business}, func() error {
		d.Know(caller, business)
		return nil
	})
	return err
}
