package cli

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A node whose clock has jumped grants nothing; when it agrees again, it goes on at once.
func TestClockGuard(t *testing.T) {
	t.Parallel()
	ahead, asked, granted := time.Duration(0), 0, 0
	var broken error
	g := newClockGuard(func(context.Context) (string, time.Duration, error) {
		asked++
		return "15", ahead, broken
	})
	refill := g.guard(func(context.Context) (int, error) { granted++; return 1, nil })
	again := func() { g.asked = time.Time{} } // half a minute later
	for name, c := range map[string]struct {
		ahead  time.Duration
		broken error
		grants bool
	}{
		"agrees":               {time.Second, nil, true},
		"a year ahead":         {-365 * 24 * time.Hour, nil, false},
		"an hour behind":       {time.Hour, nil, false},
		"the database is down": {0, errors.New("no connection"), false},
	} {
		ahead, broken = c.ahead, c.broken
		again()
		before := granted
		n, err := refill(t.Context())
		if (err == nil) != c.grants || (granted > before) != c.grants || (n == 1) != c.grants {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	ahead, broken = time.Hour, nil
	again()
	if _, err := refill(t.Context()); err == nil {
		t.Error("an hour of difference is not refused")
	}
	ahead = 0 // mended
	if _, err := refill(t.Context()); err != nil {
		t.Errorf("after the clock was mended: %v", err)
	}
	before := asked
	if g.jumped() {
		t.Error("a clock that nobody moved has jumped")
	}
	if _, err := refill(t.Context()); err != nil || asked != before {
		t.Errorf("the database is asked each time: %d, %v", asked-before, err)
	}
}
