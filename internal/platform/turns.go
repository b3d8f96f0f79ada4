package platform

import (
	"cmp"
	"context"
	"runtime"
	"sync"
	"time"
)

// turns lets apps share the machine. An app that is alone has all of it; while others ask, each has its share of the
// processors at a time, and what it asks beyond waits for its own, never for a stranger's.
type turns struct {
	processors int // that they share; 0 for those of the program

	mu   sync.Mutex
	apps map[string]*turn
}

// A turn is what one app has under way.
type turn struct {
	running int
	waiting []chan struct{}
	last    time.Time // when it last asked or was answered
}

// present is for how long an app counts as asking after it did: the pause between two requests of a client is shorter.
const present = 50 * time.Millisecond

// enter waits for an app's turn; leave ends it. The error is the context's.
func (t *turns) enter(ctx context.Context, app string) error {
	t.mu.Lock()
	if t.apps == nil {
		t.apps = map[string]*turn{}
	}
	a := t.apps[app]
	if a == nil {
		a = &turn{}
		t.apps[app] = a
	}
	a.last = time.Now()
	if a.running < t.share(a) {
		a.running++
		t.mu.Unlock()
		return nil
	}
	woken := make(chan struct{})
	a.waiting = append(a.waiting, woken)
	t.mu.Unlock()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, w := range a.waiting {
		if w == woken {
			a.waiting = append(a.waiting[:i], a.waiting[i+1:]...)
			return ctx.Err()
		}
	}
	t.end(a) // it was woken at the same moment
	return ctx.Err()
}

func (t *turns) leave(app string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(t.apps[app])
}

// end gives a place back and hands on what the app may have now. It has a request under way whenever one waits, so that
// none is forgotten when the others fall silent. t.mu is held.
func (t *turns) end(a *turn) {
	a.running--
	a.last = time.Now()
	share := t.share(a)
	for len(a.waiting) > 0 && a.running < share {
		a.running++
		close(a.waiting[0])
		a.waiting[0] = nil
		a.waiting = a.waiting[1:]
	}
}

// share is how many requests an app may have under way now. t.mu is held.
func (t *turns) share(a *turn) int {
	others, now := 0, a.last
	for _, o := range t.apps {
		if o != a && (o.running > 0 || now.Sub(o.last) < present) {
			others++
		}
	}
	if others == 0 {
		return 1 << 20
	}
	return max(1, cmp.Or(t.processors, runtime.GOMAXPROCS(0))/(others+1))
}

// InTurn does something for the holder of a key or token when it is its app's turn. One whose app is not known yet is
// about to be asked who it is, and waits for nobody.
func (s *Service) InTurn(ctx context.Context, credential [32]byte, do func() error) error {
	s.mu.RLock()
	app, known := s.seen[credential]
	s.mu.RUnlock()
	if !known {
		return do()
	}
	if err := s.turns.enter(ctx, app); err != nil {
		return err
	}
	defer s.turns.leave(app)
	return do()
}
