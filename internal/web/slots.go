package web

import (
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

// A seat is one of few. Who waits too long for one is told why.
type seat struct {
	room chan struct{}
	full *fault.Fault
}

// enter waits for one of each of the places, and no longer than that in all.
func (r *request) enter(most time.Duration, places ...seat) (leave func(), err error) {
	var taken []seat
	leave = func() {
		for _, p := range taken {
			<-p.room
		}
	}
	enough := time.After(most)
	for _, p := range places {
		select {
		case p.room <- struct{}{}:
			taken = append(taken, p)
		case <-enough:
			leave()
			return nil, p.full
		case <-r.Context().Done():
			leave()
			return nil, r.Context().Err()
		}
	}
	return leave, nil
}
