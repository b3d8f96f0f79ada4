package bench

import (
	"os"
	"testing"
)

// TestSource measures the auditor of source code on the pairs at hand.
func TestSource(t *testing.T) {
	dir := SourceCases("../../..")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no cases: %v", err)
	}
	score, err := Source(t.Context(), dir, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	if score.HighOnFixed > 0 {
		t.Errorf("%d findings of severity high on repaired twins, want none", score.HighOnFixed)
	}
}

// TestSourceOwn measures the rules on their own pairs: every flaw is found, and
// the repaired twins stay silent.
func TestSourceOwn(t *testing.T) {
	score, err := Source(t.Context(), SourceOwn("../../.."), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range score.Notes {
		t.Error(n)
	}
}
