package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// TestShortCredits runs the benchmark of credits for moments, with the real server, so that it cannot rot.
func TestShortCredits(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := RunCredits(t.Context(), Config{
		Dir: state, Server: []string{program, "serve", "--no-jobs"}, Round: 60 * time.Millisecond, Rounds: 1,
		Out: &out, Progress: &progress,
	})
	if err != nil {
		t.Fatalf("RunCredits = %v\n%s", err, progress.String())
	}
	if !regexp.MustCompile(`(?m)^figure \w+ \d+\.\d\d \S+$`).MatchString(out.String()) {
		t.Errorf("no figure in\n%s", out.String())
	}
}
