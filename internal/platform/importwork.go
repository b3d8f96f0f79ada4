package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/strictjson"
)

const (
	importLease = 2 * time.Minute // after which a line whose node has died is worked again
	importTries = 6
	importAtOne = 50 // lines in one call
)

// A waiting line of an import.
type waitingLine struct {
	file     uuid.UUID
	dry      bool
	attempts int
	ImportLine
}

// WorkImports works off lines of imports of an app and returns how many. It may run on many nodes at once. Each line is
// done in a transaction of its own; done again, it changes nothing.
func (s *Service) WorkImports(ctx context.Context, id string) (n int, err error) {
	app := s.apps[id]
	if app == nil || app.Billing == nil {
		return 0, nil
	}
	work := postgres.Work{App: id}
	finders := map[uuid.UUID]*billing.Finder{}
	for n < importAtOne && ctx.Err() == nil {
		l, err := s.nextLine(ctx, work)
		if err != nil || l == nil {
			return n, err
		}
		if finders[l.file] == nil {
			finders[l.file] = app.Billing.Find()
		}
		found, outcome, cause := s.workLine(ctx, app, finders[l.file], l)
		if err := s.settleLine(ctx, work, l, found, outcome, cause); err != nil {
			return n, err
		}
		n++
	}
	return n, ctx.Err()
}

// nextLine takes the next line that waits; nil when none does, and then files of which all is done are finished.
func (s *Service) nextLine(ctx context.Context, work postgres.Work) (*waitingLine, error) {
	l := &waitingLine{}
	var credits []byte
	err := s.db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			with next as materialized (
				select r.import_id, r.line from import_rows r
				 where r.app_id = $1 and r.outcome = 'waiting' and r.next_at <= now()
				 order by r.next_at, r.import_id, r.line limit 1 for update skip locked)
			update import_rows r set attempts = r.attempts + 1, next_at = now() + $2::bigint * interval '1 ms'
			  from next n join imports i on i.app_id = $1 and i.id = n.import_id
			 where r.app_id = $1 and r.import_id = n.import_id and r.line = n.line
			returning r.import_id, i.dry_run, r.line, r.customer, r.provider, r.provider_id, r.credits, r.attempts`,
			work.App, importLease.Milliseconds()).
			Scan(&l.file, &l.dry, &l.Line, &l.Customer, &l.Provider, &l.ID, &credits, &l.attempts)
		if !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		l = nil
		_, err = tx.Exec(ctx, `
			update imports i set finished_at = now()
			 where i.app_id = $1 and i.finished_at is null and not exists (
			    select from import_rows r where r.app_id = $1 and r.import_id = i.id and r.outcome = 'waiting')`, work.App)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("take a line of an import of %s: %w", work.App, err)
	}
	if l == nil {
		return nil, nil //nolint:nilnil // nothing waits, which is no fault
	}
	return l, strictjson.Decode(credits, &l.Credits)
}

// workLine brings in what a line names, or looks at it.
func (s *Service) workLine(
	ctx context.Context, app *App, finder *billing.Finder, l *waitingLine,
) (found []billing.Found, outcome string, err error) {
	ids, err := finder.Subscriptions(ctx, l.Provider, l.ID)
	if err != nil {
		return nil, "", err
	}
	account := uuid.Nil
	if l.dry {
		if account, err = s.accountOf(ctx, app, l.Customer); err != nil {
			return nil, "", err
		}
	}
	outcome = ImportUnchanged
	for _, id := range ids {
		var one billing.Found
		granted := false
		if l.dry {
			one, err = app.Billing.LookIn(ctx, account, l.Provider, id)
		} else {
			one, granted, err = s.bringIn(ctx, app, l, id)
		}
		if err != nil {
			return found, "", err
		}
		found = append(found, one)
		switch {
		case one.Known && one.Differs == "" && !granted:
		case l.dry:
			outcome = ImportReady
		default:
			outcome = ImportDone
		}
	}
	return found, outcome, nil
}

// accountOf is the account of a customer, uuid.Nil for none.
func (s *Service) accountOf(ctx context.Context, app *App, customer string) (account uuid.UUID, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app.ID}, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select account_id from accounts where app_id = $1 and external_id = $2`, app.ID,
			customer).Scan(&account)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return account, err
}

// bringIn makes one subscription a customer's, whom it makes where there is none, and brings their credits along, all in
// one transaction: until it has ended, nobody sees the customer on the default plan.
func (s *Service) bringIn(
	ctx context.Context, app *App, l *waitingLine, id string,
) (found billing.Found, granted bool, err error) {
	fresh, err := uuid.NewV7()
	if err != nil {
		return found, false, err
	}
	found, err = app.Billing.BringIn(ctx, func(tx pgx.Tx) (account uuid.UUID, err error) {
		err = tx.QueryRow(ctx, `select tijori_plans.import_customer($1, $2)`, fresh, l.Customer).Scan(&account)
		return account, err
	}, l.Provider, id, func(tx pgx.Tx, account uuid.UUID, f billing.Found) (err error) {
		began := f.StartedAt
		if f.Known { // its months are counted already
			began = time.Time{}
		}
		granted, err = app.Credits.BringIn(ctx, tx, account, string(l.Provider)+" "+id, began, "import "+l.Customer,
			l.Credits, "import")
		return err
	})
	return found, granted, err
}

// settleLine writes down what came of a line, or when it is tried again.
func (s *Service) settleLine(
	ctx context.Context, work postgres.Work, l *waitingLine, found []billing.Found, outcome string, cause error,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	detail, wait := "", time.Duration(0)
	switch {
	case cause == nil:
	case facts.IsUnreachable(cause) || fault.Of(cause) == nil || fault.Is(cause, fault.Unavailable):
		s.log.WarnContext(ctx, "import", "app", work.App, "line", l.Line, "try", l.attempts, "error", cause)
		outcome, wait = ImportWaiting, 5*time.Second<<l.attempts
		if l.attempts >= importTries {
			outcome, detail = ImportFailed, "The provider could not be asked. Send the file again."
		}
	default:
		outcome, detail = ImportRefused, fault.Of(cause).Sentence()
	}
	text, err := json.Marshal(append([]billing.Found{}, found...))
	if err != nil {
		return err
	}
	err = s.db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update import_rows set outcome = $4, detail = $5, found = $6,
			    next_at = now() + $7::bigint * interval '1 ms'
			 where app_id = $1 and import_id = $2 and line = $3`,
			work.App, l.file, l.Line, outcome, strings.ToValidUTF8(detail, ""), string(text), wait.Milliseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("settle a line of an import of %s: %w", work.App, err)
	}
	return nil
}
