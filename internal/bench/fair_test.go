package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// TestShortFairRun runs the whole measurement on a small scale, with the real server: the attack is one, and the
// tenant is measured beside it. How large the figures are is no matter of a test.
func TestShortFairRun(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := RunFair(t.Context(), Config{
		Dir: state, Server: []string{program, "serve"}, Businesses: 5, Parties: 12, Entries: 40, Round: time.Second,
		Rounds: 1, Out: &out, Progress: &progress,
	}, Fair{Accounts: 2, Idle: 50, Readers: 1, Hammers: 1, Entries: 2000})
	if err != nil {
		t.Fatalf("RunFair = %v\n%s", err, progress.String())
	}
	for _, name := range []string{
		"fair_party_list_page_alone_p95", "fair_party_page_attacked_p95", "fair_write_entry_times", "fair_limit",
	} {
		m := regexp.MustCompile(`(?m)^figure ` + name + ` (\d+\.\d\d) \S+$`).FindStringSubmatch(out.String())
		if m == nil || m[1] == "0.00" {
			t.Errorf("no figure %s in\n%s", name, out.String())
		}
	}
	if m := regexp.MustCompile(`answered ([1-9]\d*) times.*; ([1-9]\d*) files for slow readers`).FindString(out.String()); m == "" {
		t.Errorf("nobody was hostile:\n%s", out.String())
	}
}
