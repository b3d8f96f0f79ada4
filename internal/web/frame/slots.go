package frame

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

// Slots limit how much of one kind of work runs at once, in all and for each account. Nobody holds one while it
// waits for a client.
type Slots struct {
	Full, OwnFull *fault.Fault // what to say to who waits too long

	all  chan struct{} // nil: no limit in all
	most int           // of one account
	mu   sync.Mutex
	own  map[uuid.UUID]*ownSlots
}

type ownSlots struct {
	places chan struct{}
	users  int // who holds one or waits for one
}

// NewSlots returns slots for so many at once in all, where 0 is any number, and of one account.
func NewSlots(all, own int, full, ownFull *fault.Fault) *Slots {
	s := &Slots{Full: full, OwnFull: ownFull, most: own, own: map[uuid.UUID]*ownSlots{}}
	if all > 0 {
		s.all = make(chan struct{}, all)
	}
	return s
}

// Held is how many are held at the moment; only those that are limited in all are counted.
func (s *Slots) Held() int { return len(s.all) }

// Acquire waits for a slot of an account, its own share first, and no longer than wait in all.
func (s *Slots) Acquire(ctx context.Context, account uuid.UUID, wait time.Duration) (leave func(), err error) {
	enough := time.NewTimer(wait)
	defer enough.Stop()
	own := s.join(account)
	if err := enter(ctx, own, enough.C, s.OwnFull); err != nil {
		s.part(account)
		return nil, err
	}
	leaveOwn := func() {
		<-own
		s.part(account)
	}
	if s.all == nil {
		return leaveOwn, nil
	}
	if err := enter(ctx, s.all, enough.C, s.Full); err != nil {
		leaveOwn()
		return nil, err
	}
	return func() {
		<-s.all
		leaveOwn()
	}, nil
}

func enter(ctx context.Context, places chan struct{}, enough <-chan time.Time, full *fault.Fault) error {
	select { // a free one is taken however late it is
	case places <- struct{}{}:
		return nil
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-enough:
		return full
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Slots) join(account uuid.UUID) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.own[account]
	if of == nil {
		of = &ownSlots{places: make(chan struct{}, s.most)}
		s.own[account] = of
	}
	of.users++
	return of.places
}

// part counts a user off; the share of an account without any is forgotten.
func (s *Slots) part(account uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.own[account]; of != nil {
		if of.users--; of.users == 0 {
			delete(s.own, account)
		}
	}
}
