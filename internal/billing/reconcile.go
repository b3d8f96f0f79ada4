package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/tracing"
)

// Review reasons of the reconciler.
const (
	ReviewMissingThere = "missing_at_provider"
	ReviewReopened     = "reopened_at_provider"
)

// How the reconciler works.
const (
	reconcileEvery  = term.Comparison
	reconcileAgain  = 10 * time.Minute // after a run that broke off
	reconcileResume = 24 * time.Hour   // how long a broken run can be resumed
	reconcileLease  = 3 * time.Minute  // after which another node may go on
	reconcileSlack  = 72 * time.Hour   // how far payments are looked at again before the last complete run
)

// A Reconciliation says what to compare.
type Reconciliation struct {
	Provider facts.Provider // "" means all that are set up
	Account  uuid.UUID      // zero means all
	DryRun   bool           // look and tell, change nothing
	Who      string         // who asked, for the book
	Rate     int            // calls a second at most; 0 means 10
	Backoff  time.Duration  // first pause after a 429; 0 means a second
	Progress func(Run)      // called after each page; may be nil
}

// A Run is one comparison of a provider with us, as the book has it.
type Run struct {
	ID         uuid.UUID
	Provider   facts.Provider
	AccountID  uuid.UUID // zero for all
	DryRun     bool
	AskedBy    string
	State      string // running, complete, partial
	Phase      string // where it is, or where it broke off
	Cursor     string
	Since      time.Time // payments since then
	StartedAt  time.Time // machine time
	FinishedAt time.Time
	Calls      int // to the provider
	Looked     int // subscriptions and payments compared
	Differ     int // findings
	Repaired   int
	Queued     int // shown to a person
	Failed     int // could not be compared or repaired
	Note       string

	lease time.Time
}

// A Finding is one difference, and what was done about it.
type Finding struct {
	RunID        uuid.UUID
	Subscription string
	Class        string
	AccountID    uuid.UUID
	Outcome      string // differs (a dry run), repaired, queued, failed
	Detail       string
	FoundAt      time.Time
}

// ErrPartial is in the chain of the error of a run that has not compared
// everything.
var ErrPartial = errors.New("the comparison is not complete")

var errReconciling = fault.New(fault.Conflict,
	"Another comparison is running. Wait for it, or watch with --dry-run.")

// phases of a run, in order. Each goes on at its cursor.
var phases = []struct {
	name string
	do   func(*reconciler, context.Context) error
}{
	{"theirs", (*reconciler).theirs},
	{"ours", (*reconciler).ours},
	{"payments", (*reconciler).payments},
	{"purchases", (*reconciler).purchases},
	{"invoices", (*reconciler).unsettled},
	{"refunds", (*reconciler).refunds},
	{"disputes", (*reconciler).disputes},
	{"events", (*reconciler).missed},
	{"items", (*reconciler).items},
	{"webhook", (*reconciler).webhook},
}

// phaseDone is the phase of a run that has been through all.
const phaseDone = "done"

// Reconcile compares what the providers hold with what we hold, ended
// subscriptions included: it repairs, through the same path as a webhook, what
// differs, and shows to a person what may not be decided by itself. A run that
// broke off resumes where it stopped. The error wraps ErrPartial when
// anything was not compared or not repaired; the runs say how far each came.
// Conflict while another run of the same provider is at work.
func (s *Service) Reconcile(ctx context.Context, o Reconciliation) (runs []Run, err error) {
	if o.Rate <= 0 {
		o.Rate = 10
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	for _, p := range providersOr(o.Provider) {
		provider := facts.Provider(p)
		g, e := s.gateway(provider)
		if e != nil {
			if o.Provider != "" {
				err = errors.Join(err, e)
			}
			continue
		}
		r := &reconciler{s: s, g: g, o: o, pace: pace{every: time.Second / time.Duration(o.Rate), backoff: o.Backoff}}
		e = r.run(ctx)
		if r.book.ID != uuid.Nil {
			runs = append(runs, r.book)
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("reconcile %s: %w", provider.Name(), e))
		}
	}
	return runs, err
}

// ReconcileDue compares each provider when the last comparison is six hours
// old, or broke off. It is a loop's body: it may run on several nodes, of which
// one does the work. It returns 0: there is nothing to go on with at once.
func (s *Service) ReconcileDue(ctx context.Context) (int, error) {
	for _, p := range providersOr("") {
		provider := facts.Provider(p)
		if s.gateways[provider] == nil {
			continue
		}
		due, err := s.reconcileIsDue(ctx, provider)
		if err != nil {
			return 0, err
		}
		if !due {
			continue
		}
		_, err = s.Reconcile(ctx, Reconciliation{Provider: provider, Who: "the clock"})
		if err != nil && !fault.Is(err, fault.Conflict) {
			s.log.WarnContext(ctx, "reconcile", "provider", provider, "error", err)
		}
	}
	return 0, nil
}

// A reconciler is one run at work.
type reconciler struct {
	s    *Service
	g    gateway
	o    Reconciliation
	book Run
	pace pace
}

func (r *reconciler) run(ctx context.Context) error {
	ctx, span := tracing.Start(ctx, tracing.Internal, "compare with "+string(r.g.Provider()))
	defer span.End()
	var err error
	if r.book, err = r.s.beginRun(ctx, r.g.Provider(), r.o); err != nil {
		return err
	}
	err = r.phases(ctx)
	run := &r.book
	switch {
	case err != nil:
		run.State, run.Note = "partial", brief(err)
	case run.Failed > 0:
		run.State, run.Note = "partial", fmt.Sprintf("%d could not be compared or repaired", run.Failed)
		err = errors.New(run.Note)
	default:
		run.State, run.Note = "complete", ""
	}
	run.FinishedAt = time.Now().UTC()
	if e := r.s.endRun(context.WithoutCancel(ctx), run); e != nil {
		return errors.Join(err, e, ErrPartial)
	}
	if err != nil {
		return errors.Join(err, ErrPartial)
	}
	return nil
}

func (r *reconciler) phases(ctx context.Context) error {
	at := false
	for _, p := range phases {
		if p.name == r.book.Phase {
			at = true
		}
		if !at {
			continue
		}
		r.book.Phase = p.name
		if err := p.do(r, ctx); err != nil {
			return err
		}
		r.book.Cursor = ""
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	r.book.Phase = phaseDone
	return r.save(ctx, "")
}

// save writes how far the run has come, so that another can go on from there.
func (r *reconciler) save(ctx context.Context, cursor string) error {
	r.book.Cursor = cursor
	if err := r.s.saveRun(ctx, &r.book); err != nil {
		return err
	}
	if r.o.Progress != nil {
		r.o.Progress(r.book)
	}
	return nil
}

// ask makes one call to the provider, not too fast, and again after a 429 or a
// fault on its side.
func (r *reconciler) ask(ctx context.Context, fn func() error) error {
	if time.Until(r.book.lease) < reconcileLease/2 { // a long page of repairs
		if err := r.s.saveRun(ctx, &r.book); err != nil {
			return err
		}
	}
	return r.pace.do(ctx, func() error {
		r.book.Calls++
		return fn()
	})
}

// found writes a finding into the book and counts it.
func (r *reconciler) found(ctx context.Context, f Finding) error {
	f.RunID, f.FoundAt = r.book.ID, r.s.clock.Now()
	r.book.Differ++
	switch f.Outcome {
	case "repaired":
		r.book.Repaired++
	case "queued":
		r.book.Queued++
	case "failed":
		r.book.Failed++
	}
	return r.s.saveFinding(ctx, f)
}

func brief(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > 500 {
		text = strings.ToValidUTF8(text[:500], "")
	}
	return text
}
