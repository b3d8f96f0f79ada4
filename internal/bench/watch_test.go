package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// TestShortWatchRun runs the whole measurement on a small scale, with the real server. How large the figures are is no
// matter of a test.
func TestShortWatchRun(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := RunWatch(t.Context(), Config{
		Dir: state, Server: []string{program, "serve"}, Businesses: 5, Parties: 12, Entries: 40, Round: time.Second,
		Rounds: 1, Out: &out, Progress: &progress,
	}, Watch{Rows: 5000})
	if err != nil {
		t.Fatalf("RunWatch = %v\n%s", err, progress.String())
	}
	for _, name := range []string{"watch_party_list_page_on", "watch_write_entry_off", "watch_account_day"} {
		m := regexp.MustCompile(`(?m)^figure ` + name + ` (\d+\.\d\d) \S+$`).FindStringSubmatch(out.String())
		if m == nil || m[1] == "0.00" {
			t.Errorf("no figure %s in\n%s", name, out.String())
		}
	}
}
