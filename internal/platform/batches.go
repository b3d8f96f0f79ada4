package platform

import (
	"context"
	"sync"
)

// batches works requests in groups: one that arrives while both clerks are at the database goes with all others that
// wait then. Nobody waits for a timer, and the more there is to do, the less each costs.
type batches[T any] struct {
	work func(context.Context, []*request[T]) // gives each an answer or an error

	mu     sync.Mutex
	queue  []*request[T]
	clerks int
}

const (
	maxClerks = 2
	maxBatch  = 256
)

// A request is one question on its way.
type request[T any] struct {
	ctx  context.Context
	done chan struct{}
	it   T
	err  error
}

// ask waits for an answer. When ctx ends first, nobody does.
func (b *batches[T]) ask(ctx context.Context, it T) (T, error) {
	r := &request[T]{ctx: ctx, done: make(chan struct{}), it: it}
	b.mu.Lock()
	b.queue = append(b.queue, r)
	if b.clerks < maxClerks {
		b.clerks++
		go b.clerk()
	}
	b.mu.Unlock()
	select {
	case <-r.done:
		return r.it, r.err
	case <-ctx.Done():
		return it, ctx.Err()
	}
}

func (b *batches[T]) clerk() {
	for {
		b.mu.Lock()
		n := min(len(b.queue), maxBatch)
		batch := b.queue[:n:n]
		b.queue = b.queue[n:]
		if n == 0 {
			b.queue = nil
			b.clerks--
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		b.work(context.WithoutCancel(batch[0].ctx), batch)
		for _, r := range batch {
			close(r.done)
		}
	}
}
