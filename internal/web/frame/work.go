package frame

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Heartbeat is how often long work looks whether it may go on, and says how far it is.
// Work that is shorter leaves no trace.
const Heartbeat = time.Second

var errNobodyWatches = errors.New("the id of a task is used")

// ErrStopped is how work ends that its user has stopped.
var ErrStopped = fault.New(fault.Conflict, "Stopped.").Coded("stopped")

// A Task is long work of one request, which another request may watch and stop.
type Task struct {
	ID   uuid.UUID // zero: nobody watches
	Kind string
	// of rows, asked once beside the work; nil when the work itself says it
	Total func(context.Context, *postgres.Tx) (int64, error)
	Done  atomic.Int64 // rows so far
	All   atomic.Int64 // rows in all, as soon as it is known

	sending atomic.Bool        // it is ready, and on its way to its reader
	halt    func(*fault.Fault) // ends it; set while it runs
}

// sendingBeats is how many heartbeats apart a file that is on its way is looked at: it needs the database no more.
const sendingBeats = 5

// Work runs fn, which may use r. It ends early with ErrStopped when its user says so, and with the
// database's refusal when its session ends or its user's role no longer reaches: a file of a million
// rows does not go on to somebody who was removed a second ago.
func (r *Request) Work(t *Task, fn func() error) error {
	ctx, cancel := context.WithCancelCause(r.Context())
	asked := r.Request
	r.Request = r.WithContext(ctx)
	out := http.NewResponseController(r.w)
	t.halt = func(f *fault.Fault) {
		cancel(f)
		if err := out.SetWriteDeadline(time.Now()); err != nil { // it may be waiting for a reader who does not read
			r.f.Log.Warn("stop a file", "request", r.ID, "error", err)
		}
	}
	b := &beat{Task: t, caller: r.Caller, route: r.route, db: r.f.config.DB}
	var running sync.WaitGroup
	over := make(chan struct{})
	running.Go(func() { b.run(ctx, over) })
	if t.Total != nil && t.ID != uuid.Nil {
		running.Go(func() { b.count(ctx, over) })
	}
	err := fn()
	close(over)
	running.Wait()
	cause := context.Cause(ctx)
	cancel(nil)
	r.Request = asked
	if fault.Of(cause) != nil { // not the reader's leaving
		if err != nil { // else the work was done before it heard
			err = cause
		}
		if late := out.SetWriteDeadline(time.Now().Add(time.Minute)); late != nil { // for saying so
			return errors.Join(err, late)
		}
	}
	if b.begun {
		if lost := b.end(asked.Context(), err); lost != nil { // who watches is told so after a while of silence
			r.f.Log.Info("write down how work ended", "request", r.ID, "error", lost)
		}
	}
	return err
}

// A beat is what goes on beside the work.
type beat struct {
	*Task
	caller postgres.Caller
	route  *Route
	db     *postgres.DB
	begun  bool // a row says so
}

func (b *beat) run(ctx context.Context, over <-chan struct{}) {
	tick := time.NewTicker(Heartbeat)
	defer tick.Stop()
	for beats := 1; ; beats++ {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if b.sending.Load() && beats%sendingBeats != 0 {
			continue
		}
		err := b.once(ctx)
		if f := fault.Of(err); f != nil && (f.Kind != fault.Unavailable && f.Kind != fault.Internal ||
			f.Code == fault.Frozen) {
			b.halt(f)
			return
		}
	}
}

// count learns how many rows there are in all; short work ends before it asks. It may take a while, so the beat does
// not wait for it.
func (b *beat) count(ctx context.Context, over <-chan struct{}) {
	select {
	case <-over:
		return
	case <-time.After(Heartbeat):
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		err := b.as(ctx, func(tx *postgres.Tx) error {
			if _, err := tx.Exec(ctx, `set local statement_timeout = '3s'`); err != nil {
				return err
			}
			rows, err := b.Total(ctx, tx)
			b.All.Store(rows)
			return err
		})
		if err != nil { // then nobody is told how many
			b.All.Store(0)
		}
	}()
	select {
	case <-over:
		cancel()
		<-counted
	case <-counted:
	}
}

// once asks whether the work may go on. An error that is no refusal stops nothing.
func (b *beat) once(ctx context.Context) error {
	return b.as(ctx, func(tx *postgres.Tx) error {
		if b.ID == uuid.Nil {
			return nil
		}
		if !b.begun {
			if err := ledger.BeginTask(ctx, tx, b.ID, b.Kind, b.Done.Load()); err != nil {
				if fault.Is(err, fault.Conflict) { // the id is somebody else's: nobody watches
					b.ID = uuid.Nil
					return errNobodyWatches
				}
				return err
			}
			b.begun = true
			return nil
		}
		stop, err := ledger.KeepTask(ctx, tx, b.ID, b.Done.Load(), b.All.Load())
		if err == nil && stop {
			return ErrStopped
		}
		return err
	})
}

func (b *beat) as(ctx context.Context, fn func(*postgres.Tx) error) error {
	return b.db.As(ctx, b.caller, func(tx *postgres.Tx) error {
		if err := b.route.admit(tx.Scope); err != nil {
			return err
		}
		return fn(tx)
	})
}

// end writes down how the work has ended, also when its reader has gone.
func (b *beat) end(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	state := ledger.TaskDone
	switch {
	case errors.Is(err, ErrStopped):
		state = ledger.TaskStopped
	case err != nil:
		state = ledger.TaskFailed
	}
	return b.as(ctx, func(tx *postgres.Tx) error { return ledger.EndTask(ctx, tx, b.ID, state, b.Done.Load()) })
}

// Counted counts the rows that a transaction reads.
func (t *Task) Counted(tx *postgres.Tx) *postgres.Tx {
	return &postgres.Tx{Tx: countedTx{tx.Tx, &t.Done}, Scope: tx.Scope}
}

type countedTx struct {
	pgx.Tx
	n *atomic.Int64
}

func (t countedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := t.Tx.Query(ctx, sql, args...)
	return countedRows{rows, t.n}, err
}

type countedRows struct {
	pgx.Rows
	n *atomic.Int64
}

func (r countedRows) Next() bool {
	ok := r.Rows.Next()
	if ok {
		r.n.Add(1)
	}
	return ok
}
