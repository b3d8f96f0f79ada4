package frame

import (
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

// A Slot is one of few. Who waits too long for one is told why.
type Slot struct {
	Places chan struct{}
	Full   *fault.Fault
}

// Acquire waits for one of each of the places, and no longer than that in all.
func (r *Request) Acquire(most time.Duration, places ...Slot) (leave func(), err error) {
	var taken []Slot
	leave = func() {
		for _, p := range taken {
			<-p.Places
		}
	}
	enough := time.After(most)
	for _, p := range places {
		select {
		case p.Places <- struct{}{}:
			taken = append(taken, p)
		case <-enough:
			leave()
			return nil, p.Full
		case <-r.Context().Done():
			leave()
			return nil, r.Context().Err()
		}
	}
	return leave, nil
}
