package postgres

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

// seats shares the connections of the app pool out: an account has so many at a
// time and no more. Its requests may wait for one another's locks, for as long
// as an import takes; others must not wait for a connection meanwhile.
type seats struct {
	most int
	mu   sync.Mutex
	m    map[uuid.UUID]*seat
}

type seat struct {
	room  chan struct{}
	users int // who sits or waits
}

// enter takes a seat of an account, waiting as long as ctx allows. No account needs none.
func (s *seats) enter(ctx context.Context, account uuid.UUID) error {
	if account == uuid.Nil {
		return nil
	}
	select {
	case s.join(account) <- struct{}{}:
		return nil
	case <-ctx.Done():
		s.part(account)
		return ctx.Err()
	}
}

// try takes a seat if one is free.
func (s *seats) try(account uuid.UUID) bool {
	if account == uuid.Nil {
		return true
	}
	select {
	case s.join(account) <- struct{}{}:
		return true
	default:
		s.part(account)
		return false
	}
}

// leave gives a seat back.
func (s *seats) leave(account uuid.UUID) {
	if account != uuid.Nil {
		<-s.part(account)
	}
}

func (s *seats) join(account uuid.UUID) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.m[account]
	if of == nil {
		of = &seat{room: make(chan struct{}, s.most)}
		if s.m == nil {
			s.m = map[uuid.UUID]*seat{}
		}
		s.m[account] = of
	}
	of.users++
	return of.room
}

// part counts a user off; the last one's seat is forgotten.
func (s *seats) part(account uuid.UUID) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := s.m[account]
	if of.users--; of.users == 0 {
		delete(s.m, account)
	}
	return of.room
}
