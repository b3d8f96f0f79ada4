package platform

import (
	"context"
	"sync"
)

// batches works requests in groups: one that arrives while both clerks are at the database goes with others that wait
// then. Nobody waits for a timer, and the more there is to do, the less each costs. Apps take turns, and a group is
// small, so that what one app asks for keeps no other waiting longer than a group takes.
type batches[T any] struct {
	work func(context.Context, []*request[T]) // gives each an answer or an error

	mu     sync.Mutex
	queues map[string][]*request[T] // of each app that waits, the first first
	turns  []string                 // the apps that wait, in the order of their turns
	clerks int
}

const (
	maxClerks = 2
	maxBatch  = 64
)

// A request is one question on its way.
type request[T any] struct {
	ctx  context.Context
	done chan struct{}
	it   T
	err  error
}

// ask waits for an answer. When ctx ends first, nobody does. app is whose turn it is asked in.
func (b *batches[T]) ask(ctx context.Context, app string, it T) (T, error) {
	r := &request[T]{ctx: ctx, done: make(chan struct{}), it: it}
	b.mu.Lock()
	if b.queues == nil {
		b.queues = map[string][]*request[T]{}
	}
	if len(b.queues[app]) == 0 {
		b.turns = append(b.turns, app)
	}
	b.queues[app] = append(b.queues[app], r)
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

// next takes the requests of the next group: one of each app that waits, and again, until it is full. b.mu is held.
func (b *batches[T]) next() (batch []*request[T]) {
	for len(b.turns) > 0 && len(batch) < maxBatch {
		app := b.turns[0]
		b.turns = b.turns[1:]
		queue := b.queues[app]
		batch = append(batch, queue[0])
		if len(queue) == 1 {
			delete(b.queues, app)
			continue
		}
		queue[0] = nil
		b.queues[app] = queue[1:]
		b.turns = append(b.turns, app)
	}
	return batch
}

func (b *batches[T]) clerk() {
	for {
		b.mu.Lock()
		batch := b.next()
		if len(batch) == 0 {
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
