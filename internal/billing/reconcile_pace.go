package billing

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// pace keeps calls to a provider apart, and repeats those that it was too busy
// for, with pauses that grow and differ.
type pace struct {
	every   time.Duration
	backoff time.Duration // first pause
	next    time.Time
}

const (
	busyTries = 7 // after a 429
	deadTries = 3 // after silence or a 5xx
	maxPause  = time.Minute
)

func (p *pace) do(ctx context.Context, fn func() error) error {
	for n := 1; ; n++ {
		if err := wait(ctx, time.Until(p.next)); err != nil {
			return err
		}
		p.next = time.Now().Add(p.every)
		err := fn()
		if err == nil || !facts.IsUnreachable(err) || n >= p.tries(err) {
			return err
		}
		pause := min(p.backoff<<(n-1), maxPause)
		if err := wait(ctx, pause/2+rand.N(pause/2+1)); err != nil {
			return err
		}
	}
}

func (p *pace) tries(err error) int {
	var e *facts.APIError
	if errors.As(err, &e) && e.Status == 429 {
		return busyTries
	}
	return deadTries
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
