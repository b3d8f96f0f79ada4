package simulate

import (
	"testing"
)

// The promise, on fewer accounts than it is about; tijori watch simulate plays all of them.
func TestDetectorKeepsItsPromise(t *testing.T) {
	t.Parallel()
	r := Run(Config{Accounts: 2000, Weeks: 2, Warm: 2, Attacks: 6, Seed: 1})
	if r.Planted < 100 {
		t.Fatalf("only %d attacks were planted", r.Planted)
	}
	if r.Detection() < 95 {
		t.Errorf("found %.1f %% of %d attacks: %+v", r.Detection(), r.Planted, r.Kinds)
	}
	if len(r.False) > 1 { // of two weeks of a fifth of the accounts
		t.Errorf("%d false alarms: %+v", len(r.False), r.False)
	}
}
