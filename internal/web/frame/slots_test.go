package frame

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
)

var (
	errTestFull    = fault.New(fault.Unavailable, "full")
	errTestOwnFull = fault.New(fault.TooMany, "own share is full").Coded("own")
)

// An account that holds its share and waits for more keeps no other account waiting, and is told so.
func TestOneAccountsShareOfSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(3, 2, errTestFull, errTestOwnFull)
		greedy, other := uuid.New(), uuid.New()
		acquire := func(id uuid.UUID) (func(), error) { return s.Acquire(t.Context(), id, time.Minute) }
		var held []func()
		for range 2 {
			leave, err := acquire(greedy)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, leave)
		}
		var waiting sync.WaitGroup
		for range 3 {
			waiting.Go(func() {
				if _, err := acquire(greedy); !errors.Is(err, errTestOwnFull) {
					t.Errorf("one more of the same account: %v", err)
				}
			})
		}
		synctest.Wait()
		leave, err := acquire(other)
		if err != nil {
			t.Fatalf("another account: %v", err)
		}
		if _, err := acquire(uuid.New()); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a third account, while all are held: %v", err)
		}
		waiting.Wait()
		leave()
		held[0]()
		held[1]()
		if s.Held() != 0 || len(s.own) != 0 {
			t.Errorf("%d are held, and %d accounts remembered, by nobody", s.Held(), len(s.own))
		}
	})
}

// Who goes while waiting leaves nothing behind.
func TestSlotsOfWhoGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := NewSlots(1, 1, errTestFull, errTestOwnFull)
		leave, err := s.Acquire(t.Context(), uuid.New(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := s.Acquire(ctx, uuid.New(), time.Minute)
			gone <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone: %v", err)
		}
		leave()
		if s.Held() != 0 || len(s.own) != 0 {
			t.Errorf("%d are held, and %d accounts remembered, by nobody", s.Held(), len(s.own))
		}
	})
}
