// Package jobs runs what runs by itself: mail, sweeps, and the loops that the
// program hands it. The queue is River, in its own schema, worked as tijori_jobs; what a
// job does in the database it does through the part that it belongs to.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/tracing"
)

// A Config is what the jobs work with.
type Config struct {
	DB       *postgres.DB
	Accounts *account.Service
	Sender   mail.Sender
	Links    mail.Links
	Loops    []Loop          // such as applying the inbox
	Traces   *tracing.Source // nil: none
	Log      *slog.Logger
}

// The table of contents: every job that is queued, and every one that comes by the clock.
func (c *Config) workers() *river.Workers {
	all := river.NewWorkers()
	river.AddWorker(all, work(c, c.sendConfirmation))
	river.AddWorker(all, work(c, c.sendRecovery))
	river.AddWorker(all, work(c, c.sendInvitation))
	river.AddWorker(all, work(c, c.sendLeaving))
	river.AddWorker(all, work(c, c.sendEmailChange))
	river.AddWorker(all, work(c, c.sendNotice))
	river.AddWorker(all, work(c, c.sweepNotices))
	river.AddWorker(all, work(c, c.sweepInvitations))
	river.AddWorker(all, work(c, c.depart))
	river.AddWorker(all, work(c, c.expire))
	return all
}

func periodic() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		every(time.Minute, invitationSweep{}),
		every(15*time.Second, noticeSweep{}),
		every(time.Hour, expiry{}),
		every(10*time.Minute, departure{}),
	}
}

// A job that outlives the timeout is canceled; one whose process was killed is
// taken up again after rescueAfter.
const (
	timeout     = 45 * time.Second
	rescueAfter = 90 * time.Second
)

// A Runner is the jobs at work.
type Runner struct {
	client *river.Client[pgx.Tx]
	stop   context.CancelFunc // loops begin nothing new
	cancel context.CancelFunc // ends what they are at
	loops  sync.WaitGroup
}

// Start begins to work the queue and the loops, until Stop. The end of ctx stops nothing.
func Start(ctx context.Context, c Config) (*Runner, error) {
	client, err := river.NewClient(riverpgxv5.New(c.DB.Jobs), &river.Config{
		Schema: "tijori_river",
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: 2},
			account.MailQueue:  {MaxWorkers: 4},
		},
		Workers:              c.workers(),
		PeriodicJobs:         periodic(),
		JobTimeout:           timeout,
		RescueStuckJobsAfter: rescueAfter,
		RetryPolicy:          retryPolicy{},
		PollOnly:             true, // whoever reaches the database in any role may NOTIFY, also that all queues pause
		Logger:               c.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("set up the job queue: %w", err)
	}
	working, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if err := client.Start(working); err != nil {
		cancel()
		return nil, fmt.Errorf("start the job queue: %w", err)
	}
	open, stop := context.WithCancel(working)
	r := &Runner{client: client, stop: stop, cancel: cancel}
	for _, l := range c.Loops {
		r.loops.Go(func() { l.run(open, c.Traces.With(working), c.DB.TakeTurn, c.Log) })
	}
	return r, nil
}

// Stop takes nothing new and waits for what is at work. When ctx ends first, that
// is canceled and taken up again at the next start.
func (r *Runner) Stop(ctx context.Context) error {
	r.stop()
	defer r.cancel()
	err := r.client.Stop(ctx)
	if err != nil {
		hard, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer done()
		err = errors.Join(fmt.Errorf("wait for jobs: %w", err), r.client.StopAndCancel(hard))
	}
	context.AfterFunc(ctx, r.cancel)
	r.loops.Wait()
	return err
}

// work makes a worker of a function.
func work[T river.JobArgs](c *Config, fn func(context.Context, *river.Job[T]) error) river.Worker[T] {
	return river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		ctx, span := tracing.Start(c.Traces.With(ctx), tracing.Internal, "job "+job.Kind)
		defer span.End()
		span.SetNumber("tijori.attempt", int64(job.Attempt))
		err := fn(ctx, job)
		if err != nil {
			span.Fail("failed")
		}
		return err
	})
}

// every makes a job come by the clock, on one node at a time, and soon after a start.
func every(interval time.Duration, args river.JobArgs) *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, &river.InsertOpts{MaxAttempts: 3} },
		&river.PeriodicJobOpts{RunOnStart: true})
}
