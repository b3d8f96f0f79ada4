// Package clock is the service clock: the time by which plans, grace and
// credits are judged. It is the machine's clock, which development and tests
// may move; sessions and signatures of ours use the machine's time directly.
package clock

import (
	"sync"
	"time"
)

// A Clock tells the service's time. The zero value is not usable; call New or At.
type Clock struct {
	mu     sync.RWMutex
	offset time.Duration
	fixed  time.Time
}

// New returns a clock that follows the machine's clock.
func New() *Clock { return &Clock{} }

// At returns a clock that stands still at t until it is moved.
func At(t time.Time) *Clock { return &Clock{fixed: t} }

// Now returns the service's time in UTC.
func (c *Clock) Now() time.Time {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.fixed.IsZero() {
		return c.fixed.Add(c.offset).UTC()
	}
	return time.Now().Add(c.offset).UTC()
}

// Offset returns how far the clock was moved.
func (c *Clock) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}

// Advance moves the clock by d. Only development and tests call it; the
// database keeps the same offset (tijori_ops.clock()), see postgres.SetClockOffset.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// SetOffset sets how far the clock stands from the machine's clock, as read
// from the database at start.
func (c *Clock) SetOffset(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = d
}
