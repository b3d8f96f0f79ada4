package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// What became of a line of an import.
const (
	ImportWaiting   = "waiting"
	ImportReady     = "ready"     // of a dry run: it would be brought in
	ImportDone      = "imported"  // it was
	ImportUnchanged = "unchanged" // it was before
	ImportRefused   = "refused"   // detail says why
	ImportFailed    = "failed"    // the provider could not be asked; the file can be sent again
)

var errNoImport = fault.New(fault.NotFound, "There is no such import.").Coded("no_such_import")

// An Import is a file that an app has sent, and what came of it so far.
type Import struct {
	ID         uuid.UUID
	DryRun     bool
	CreatedAt  time.Time
	FinishedAt time.Time // zero while lines wait
	Lines      []Imported
}

// Count returns how many lines have an outcome.
func (i *Import) Count(outcome string) (n int) {
	for _, l := range i.Lines {
		if l.Outcome == outcome {
			n++
		}
	}
	return n
}

// An Imported is a line of an import.
type Imported struct {
	Line      int
	Customer  string
	Provider  facts.Provider
	ID        string // of a subscription, or of a customer at the provider
	Outcome   string
	Detail    string
	Found     []billing.Found
	PaysTwice bool // more than one subscription of this customer gives its plan and charges
}

// markTwice says which customers pay twice, by lines of this file or by what they had here before.
func (i *Import) markTwice() {
	paying := map[string]map[string]bool{}
	for _, l := range i.Lines {
		for _, f := range l.Found {
			if !f.Charges {
				continue
			}
			if paying[l.Customer] == nil {
				paying[l.Customer] = map[string]bool{}
			}
			for _, id := range append([]string{f.Subscription}, f.Beside...) {
				paying[l.Customer][id] = true
			}
		}
	}
	for n := range i.Lines {
		i.Lines[n].PaysTwice = len(paying[i.Lines[n].Customer]) > 1
	}
}

// BeginImport keeps a file of the app of a server key, which must make customers and bill them, and returns its id.
// What it says is worked off by a job; a dry run writes nothing of it. From then on, for thirty days or until
// EndImport, events of customers that nobody here knows wait without an alarm.
func (s *Service) BeginImport(ctx context.Context, h postgres.Holder, file []byte, dry bool) (uuid.UUID, error) {
	app, err := s.appOf(ctx, h, WriteBilling)
	if err != nil {
		return uuid.Nil, err
	}
	lines, err := ParseImport(file, func(m string) bool { _, ok := app.Plans.Meter(m); return ok })
	if err != nil {
		return uuid.Nil, err
	}
	if app.Billing == nil {
		return uuid.Nil, errNoProvider
	}
	id, args, err := importArgs(lines, dry)
	if err != nil {
		return uuid.Nil, err
	}
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_plans.begin_import($1, $2, $3, $4, $5, $6, $7)`, args...)
	})
	return id, told(err)
}

// BeginImportHere is BeginImport for who runs the server. NotFound for no app of a founder.
func BeginImportHere(ctx context.Context, db *postgres.DB, app string, file []byte, dry bool) (uuid.UUID, error) {
	var meters map[string]bool
	work := postgres.Work{App: app}
	err := db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select id from meters where app_id = $1`, app)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		meters = map[string]bool{}
		for _, m := range list {
			meters[m] = true
		}
		return err
	})
	if err != nil {
		return uuid.Nil, fmt.Errorf("read the meters of %s: %w", app, err)
	}
	lines, err := ParseImport(file, func(m string) bool { return meters[m] })
	if err != nil {
		return uuid.Nil, err
	}
	id, args, err := importArgs(lines, dry)
	if err != nil {
		return uuid.Nil, err
	}
	err = db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_plans.begin_import_here($1, $2, $3, $4, $5, $6, $7)`, args...)
		return err
	})
	return id, noApp(err)
}

func importArgs(lines []ImportLine, dry bool) (id uuid.UUID, args []any, err error) {
	if id, err = uuid.NewV7(); err != nil {
		return id, nil, err
	}
	n := len(lines)
	numbers, credits := make([]int, n), make([]string, n)
	customers, providers, ids := make([]string, n), make([]string, n), make([]string, n)
	for i, l := range lines {
		numbers[i], customers[i], providers[i], ids[i] = l.Line, l.Customer, string(l.Provider), l.ID
		text, err := json.Marshal(l.Credits)
		if err != nil {
			return id, nil, err
		}
		if credits[i] = string(text); l.Credits == nil {
			credits[i] = "{}"
		}
	}
	return id, []any{id, dry, numbers, customers, providers, ids, credits}, nil
}

// ImportOf returns an import of the app of a server key, with its lines.
func (s *Service) ImportOf(ctx context.Context, h postgres.Holder, id uuid.UUID) (*Import, error) {
	app, err := s.appOf(ctx, h, WriteBilling)
	if err != nil {
		return nil, err
	}
	out := &Import{ID: id}
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select i.dry_run, i.created_at, i.finished_at from tijori_plans.import_file($1) i`, id).
			QueryRow(out.scan)
		b.Queue(`
			select l.line, l.customer, l.provider, l.provider_id, l.outcome, l.detail, l.found_json
			  from tijori_plans.import_lines($1) l order by l.line`, id).Query(out.scanLines)
	})
	if fault.Is(err, fault.NotFound) {
		return nil, errNoImport.Because(err)
	}
	if err != nil {
		return nil, told(err)
	}
	out.markTwice()
	return out, nil
}

// ImportHere is ImportOf for who runs the server.
func ImportHere(ctx context.Context, db *postgres.DB, app string, id uuid.UUID) (*Import, error) {
	out := &Import{ID: id}
	err := db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`select dry_run, created_at, finished_at from imports where app_id = $1 and id = $2`, app, id).
			QueryRow(out.scan)
		b.Queue(`
			select line, customer, provider, provider_id, outcome, detail, found from import_rows
			 where app_id = $1 and import_id = $2 order by line`, app, id).Query(out.scanLines)
		return tx.SendBatch(ctx, b).Close()
	})
	if errors.Is(err, pgx.ErrNoRows) || fault.Is(err, fault.NotFound) {
		return nil, errNoImport.Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read an import of %s: %w", app, err)
	}
	out.markTwice()
	return out, nil
}

func (i *Import) scan(row pgx.Row) error {
	var finished *time.Time
	err := row.Scan(&i.DryRun, &i.CreatedAt, &finished)
	i.FinishedAt = value(finished)
	return err
}

func (i *Import) scanLines(rows pgx.Rows) error {
	for rows.Next() {
		var l Imported
		var found []byte
		err := rows.Scan(&l.Line, &l.Customer, &l.Provider, &l.ID, &l.Outcome, &l.Detail, &found)
		if err == nil {
			err = strictjson.Decode(found, &l.Found)
		}
		if err != nil {
			return err
		}
		i.Lines = append(i.Lines, l)
	}
	return rows.Err()
}

// EndImport ends the time in which unknown customers' events wait without an alarm, for the app of a server key.
func (s *Service) EndImport(ctx context.Context, h postgres.Holder) error {
	app, err := s.appOf(ctx, h, WriteBilling)
	if err != nil {
		return err
	}
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) { b.Queue(`select tijori_plans.end_import()`) })
	if err != nil || app.Billing == nil {
		return told(err)
	}
	return app.Billing.EndQuiet(ctx)
}

// EndImportHere is EndImport for who runs the server. Events that wait are looked at again when their time comes.
func EndImportHere(ctx context.Context, db *postgres.DB, app string) error {
	return noApp(db.AsBilling(ctx, billing.WorkOf(app), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_plans.end_import_here()`)
		return err
	}))
}
