package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// A Loop is work that waits in a table of its own, such as billing's inbox. Do
// works a batch and returns how many it worked; it may run on several nodes at once.
// Wake is a hint that there is work; without it the table is asked every Poll.
type Loop struct {
	Name string
	Do   func(context.Context) (n int, err error)
	Wake <-chan struct{} // may be nil; never closed
	Poll time.Duration   // 0 means 2 s

	// Turn, where it is set, makes it work of one node: a batch is begun when no node has begun one for so long.
	Turn time.Duration
}

// A turn says whether it is this node's to begin a batch of what is named.
type turn func(ctx context.Context, name string, every time.Duration) (bool, error)

const maxBackoff = 30 * time.Second

// run begins batches until open ends. A batch that was begun ends with working.
func (l Loop) run(open, working context.Context, take turn, log *slog.Logger) {
	poll := l.Poll
	if poll == 0 {
		poll = 2 * time.Second
	}
	failures := 0
	for open.Err() == nil {
		n, err := l.inTurn(working, take, failures > 0)
		wait := poll
		switch {
		case err != nil && working.Err() == nil:
			failures++
			wait = min(poll<<min(failures-1, 10), maxBackoff)
			log.Error("a loop failed", "loop", l.Name, "failures", failures, "error", err)
		case err == nil:
			failures = 0
			if n > 0 {
				continue
			}
		}
		l.sleep(open, wait, failures == 0)
	}
}

// inTurn runs Do unless another node has. A node whose batch has failed tries it again: the turn is still its own.
func (l Loop) inTurn(ctx context.Context, take turn, again bool) (int, error) {
	if l.Turn > 0 && !again {
		if mine, err := take(ctx, l.Name, l.Turn); err != nil || !mine {
			return 0, err
		}
	}
	return l.once(ctx)
}

// once runs Do and turns a panic into an error: one bad row must not end the process.
func (l Loop) once(ctx context.Context) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return l.Do(ctx)
}

// sleep waits; a wake-up ends it early, except after a failure.
func (l Loop) sleep(ctx context.Context, wait time.Duration, wakeable bool) {
	wake := l.Wake
	if !wakeable {
		wake = nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
}
