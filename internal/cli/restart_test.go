package cli

import (
	"testing"
	"time"
)

// Five starts in ten minutes, each after a longer pause, and then no more until the first of them is old.
func TestRestartsAreBounded(t *testing.T) {
	t.Parallel()
	var r restarts
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var last time.Duration
	for i := range mostRestarts {
		pause, ok := r.allow(now.Add(time.Duration(i) * time.Second))
		if !ok || pause <= last || pause > time.Minute {
			t.Errorf("start %d: %s, %t", i+1, pause, ok)
		}
		last = pause
	}
	if _, ok := r.allow(now.Add(time.Minute)); ok {
		t.Error("a sixth start within ten minutes")
	}
	if pause, ok := r.allow(now.Add(restartSpan + 10*time.Second)); !ok || pause != 100*time.Millisecond {
		t.Errorf("later: %s, %t", pause, ok)
	}
}
