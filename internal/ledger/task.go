package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A TaskState is how it stands with long work.
type TaskState string

// The states. Work that has not been heard of for taskSilence has failed.
const (
	TaskRunning TaskState = "running"
	TaskStopped TaskState = "stopped"
	TaskDone    TaskState = "done"
	TaskFailed  TaskState = "failed"
)

// The kinds of long work.
const (
	ExportTask = "export"
	ImportTask = "import"
)

const taskSilence = 20 * time.Second

// A Task is long work that who began it can watch, and stop, from another request.
type Task struct {
	Kind        string
	State       TaskState
	Done, Total int64 // rows; Total is 0 while it is not known
}

var errNoTask = fault.New(fault.NotFound, "Page not found.")

// BeginTask writes down that work has begun under an id that the client made; work under an id that has ended begins
// again. An id that somebody else of the business uses is a Conflict fault. All but counters.
func BeginTask(ctx context.Context, tx *postgres.Tx, id uuid.UUID, kind string, done int64) error {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return err
	}
	if id == uuid.Nil {
		return errNoID
	}
	s := tx.Scope
	_, err := tx.Exec(ctx, `
		insert into tijori.tasks (account_id, business_id, id, kind, done, created_by) values ($1, $2, $3, $4, $5, $6)
		on conflict (account_id, business_id, id) do update set state = 'running', done = excluded.done, total = 0, seen_at = now()`,
		s.AccountID, s.BusinessID, id, kind, done, s.UserID)
	if fault.Is(postgres.Translate(err), fault.Forbidden) { // another user's row, which the policy keeps
		return errUsedID
	}
	if err != nil {
		return fmt.Errorf("begin task %s: %w", id, err)
	}
	return nil
}

// KeepTask writes down how far work is. It reports that its user wants it to stop.
func KeepTask(ctx context.Context, tx *postgres.Tx, id uuid.UUID, done, total int64) (stop bool, err error) {
	var state TaskState
	err = tx.QueryRow(ctx, `
		update tijori.tasks set done = $4, total = $5, seen_at = now()
		where account_id = $1 and business_id = $2 and id = $3
		returning state`, tx.Scope.AccountID, tx.Scope.BusinessID, id, done, total).Scan(&state)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, errNoTask
	}
	if err != nil {
		return false, fmt.Errorf("keep task %s: %w", id, err)
	}
	return state == TaskStopped, nil
}

// EndTask writes down how work has ended. Work that was to stop has stopped, also when its reader went away first.
func EndTask(ctx context.Context, tx *postgres.Tx, id uuid.UUID, state TaskState, done int64) error {
	_, err := tx.Exec(ctx, `
		update tijori.tasks set state = case when state = 'stopped' and $4 = 'failed' then state else $4 end,
		    done = $5, seen_at = now()
		where account_id = $1 and business_id = $2 and id = $3`, tx.Scope.AccountID, tx.Scope.BusinessID, id, state, done)
	if err != nil {
		return fmt.Errorf("end task %s: %w", id, err)
	}
	return nil
}

// TaskByID returns the caller's own task.
func TaskByID(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (t Task, err error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return t, err
	}
	var silent bool
	err = tx.QueryRow(ctx, `
		select kind, state, done, total, seen_at < now() - $4::interval from tijori.tasks
		where account_id = $1 and business_id = $2 and id = $3`, tx.Scope.AccountID, tx.Scope.BusinessID, id, taskSilence).
		Scan(&t.Kind, &t.State, &t.Done, &t.Total, &silent)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, errNoTask
	}
	if err != nil {
		return t, fmt.Errorf("task %s: %w", id, err)
	}
	if t.State == TaskRunning && silent {
		t.State = TaskFailed
	}
	return t, nil
}

// StopTask asks the caller's own running work to stop, which it does within about a second. Work that has
// ended stays as it ended.
func StopTask(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if _, err := TaskByID(ctx, tx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		update tijori.tasks set state = 'stopped'
		where account_id = $1 and business_id = $2 and id = $3 and state = 'running'`, tx.Scope.AccountID, tx.Scope.BusinessID, id)
	if err != nil {
		return fmt.Errorf("stop task %s: %w", id, err)
	}
	return nil
}

// CountEntries is how many living entries a business has, or one party of it in a range of days.
func CountEntries(ctx context.Context, tx *postgres.Tx, party uuid.UUID, r Range) (n int64, err error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return 0, err
	}
	if party == uuid.Nil {
		err = tx.QueryRow(ctx, `
			select count(*) from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.deleted_at is null`, tx.Scope.AccountID, tx.Scope.BusinessID).Scan(&n)
	} else {
		to := r.To
		if to.IsZero() {
			to = LastDate
		}
		err = tx.QueryRow(ctx, `
			select count(*) from tijori.entries e
			where e.account_id = $1 and e.business_id = $2 and e.party_id = $3 and e.deleted_at is null and e.business_date <= $4`,
			tx.Scope.AccountID, tx.Scope.BusinessID, party, to).Scan(&n)
	}
	if err != nil {
		return 0, fmt.Errorf("count entries: %w", err)
	}
	return n, nil
}
