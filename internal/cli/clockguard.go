package cli

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// What is granted by this machine's clock is granted only while it agrees with the database's.
const (
	mostGrantSkew = 5 * time.Minute
	askClockEvery = 30 * time.Second
)

// A clockGuard lets work that gives something away by the clock run only while this machine's clock agrees with the
// database's: a node whose clock has jumped a year ahead would grant twelve months of credits at once.
type clockGuard struct {
	ahead func(context.Context) (time.Duration, error) // by how much the database's clock is ahead of this machine's

	mu    sync.Mutex
	asked time.Time // with the monotonic clock, which does not jump
	skew  time.Duration
}

func newClockGuard(server func(context.Context) (string, time.Duration, error)) *clockGuard {
	return &clockGuard{ahead: func(ctx context.Context) (time.Duration, error) {
		_, ahead, err := server(ctx)
		return ahead, err
	}}
}

// guard wraps the work of a loop.
func (g *clockGuard) guard(do func(context.Context) (int, error)) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		if err := g.check(ctx); err != nil {
			return 0, err
		}
		return do(ctx)
	}
}

func (g *clockGuard) check(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.asked.IsZero() || time.Since(g.asked) >= askClockEvery || g.jumped() || g.skew.Abs() > mostGrantSkew {
		skew, err := g.ahead(ctx)
		if err != nil {
			return err
		}
		g.asked, g.skew = time.Now(), skew
	}
	if g.skew.Abs() > mostGrantSkew {
		return fmt.Errorf("the clock of this machine differs by %s from the database's; nothing is granted by it until they agree",
			g.skew.Round(time.Second))
	}
	return nil
}

// jumped reports whether this machine's clock was moved since the database was asked: by it another time has passed than
// by the one that only counts.
func (g *clockGuard) jumped() bool {
	wall := time.Now().Round(0).Sub(g.asked.Round(0))
	return (wall - time.Since(g.asked)).Abs() > time.Second
}
