package cli

import (
	"context"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// How often the private server is started again before it is left to a person: what dies more often does so for a
// reason that another start does not remove.
const (
	mostRestarts = 5
	restartSpan  = 10 * time.Minute
)

// restarts are the moments of the latest starts.
type restarts []time.Time

// allow reports whether to start once more, and after which pause.
func (r *restarts) allow(now time.Time) (pause time.Duration, ok bool) {
	recent := (*r)[:0]
	for _, at := range *r {
		if now.Sub(at) < restartSpan {
			recent = append(recent, at)
		}
	}
	*r = recent
	if len(recent) >= mostRestarts {
		return 0, false
	}
	*r = append(*r, now)
	return (100 * time.Millisecond) << (2 * len(recent)), true
}

// restartPrivate starts the private server again in place. Meanwhile requests are answered with 503; the pools find it
// by its socket, which stays where it was.
func (a *app) restartPrivate(ctx context.Context, r *restarts, why error) error {
	_ = a.database.server.Stop() // it has ended; this releases its directory
	a.database.server = nil
	gone := &postgres.SetupError{
		Problem: "the database has stopped by itself",
		Hint:    "its log is below the state directory; start again: nothing acknowledged is lost", Err: why,
	}
	for {
		pause, ok := r.allow(time.Now())
		if !ok {
			return gone
		}
		a.log.ErrorContext(ctx, "the database has stopped by itself; starting it again", "error", why)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
		dir, err := a.flags.dataDir()
		if err != nil {
			return err
		}
		server, err := embedded.Start(ctx, a.flags.privateConfig(dir))
		if err == nil {
			a.database.server = server
			a.log.WarnContext(ctx, "the database runs again")
			return nil
		}
		if ctx.Err() != nil {
			return nil
		}
		why = err
		gone.Err = err
	}
}
