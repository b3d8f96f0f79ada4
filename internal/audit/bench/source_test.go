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
