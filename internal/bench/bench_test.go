package bench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestShortRun runs the whole benchmark on a handful of businesses, with the
// real server, so that it cannot rot.
func TestShortRun(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := Run(t.Context(), Config{
		Dir: state, Server: []string{program, "serve"}, Businesses: 20, Parties: 12, Entries: 40,
		Clients: []int{compared}, Round: time.Second, Rounds: 1, Out: &out, Progress: &progress,
	})
	if err != nil {
		t.Fatalf("Run = %v\n%s", err, progress.String())
	}
	for _, name := range []string{
		"read_party_list_vs_pgbench", "read_party_page_vs_pgbench", "read_me_vs_pgbench",
		"write_entry_vs_pgbench", "rls_cost", "lookup_cost", "party_list_p95", "server_rss",
	} {
		m := regexp.MustCompile(`(?m)^figure ` + name + ` (\d+\.\d\d) \S+$`).FindStringSubmatch(out.String())
		if m == nil || m[1] == "0.00" {
			t.Errorf("no figure %s in\n%s", name, out.String())
		}
	}
	if !strings.Contains(progress.String(), "seeding") {
		t.Errorf("progress = %q, want word of the seeding", progress.String())
	}
}

// server builds the real server, and makes a folder for its state whose path leaves room for a unix socket's.
func server(t *testing.T) (program, state string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "tijori")
	if out, err := exec.Command("go", "build", "-o", program, "../..").CombinedOutput(); err != nil {
		t.Fatalf("build the server: %v: %s", err, out)
	}
	state, err := os.MkdirTemp("", "bench")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(state); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(state, 0o755); err != nil {
		t.Fatal(err)
	}
	return program, state
}
