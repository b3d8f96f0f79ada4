package pairs

import "testing"

// TestSourceOwn measures the rules on their own pairs: every flaw is found, and
// the repaired twins stay silent.
func TestSourceOwn(t *testing.T) {
	t.Parallel()
	score, err := Source(t.Context(), SourceOwn("../../../.."), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range score.Notes {
		t.Error(n)
	}
}
