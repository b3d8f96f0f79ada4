package clock_test

import (
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/clock"
)

func TestClockMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	c := clock.At(start)
	c.Advance(24 * time.Hour)
	if got, want := c.Now(), start.Add(24*time.Hour); !got.Equal(want) {
		t.Errorf("Now = %v, want %v", got, want)
	}
	c.SetOffset(0)
	if got := c.Now(); !got.Equal(start) {
		t.Errorf("Now = %v, want %v", got, start)
	}
	if d := time.Since(clock.New().Now()); d < 0 || d > time.Minute {
		t.Errorf("a new clock is %v off the machine's", d)
	}
}
