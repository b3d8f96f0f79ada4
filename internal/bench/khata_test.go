package bench

import (
	"bytes"
	"regexp"
	"testing"
	"time"
)

// TestShortKhata runs the benchmark of the khata on small books, with the real server, so that it cannot rot.
func TestShortKhata(t *testing.T) {
	program, state := server(t)
	var out, progress bytes.Buffer
	err := RunKhata(t.Context(), Config{
		Dir: state, Server: []string{program, "serve"}, Businesses: 5, Parties: 12,
		Entries: 40, Round: 60 * time.Millisecond, Rounds: 1, Out: &out, Progress: &progress,
	},
		Khata{Parties: 300, Entries: 3000, SheetRows: 1000, PageRows: 200})
	if err != nil {
		t.Fatalf("RunKhata = %v\n%s", err, progress.String())
	}
	for _, name := range []string{
		"party_list_p95", "party_list_oldest_p95", "party_page_p95", "search_p95", "khata_add_entry_p95",
		"csv_rows_per_second", "csv_memory_above_idle",
		"xlsx_memory_above_idle", "pdf_seconds", "first_view_bytes", "javascript_bytes", "javascript_bytes_grid",
	} {
		if !regexp.MustCompile(`(?m)^figure ` + name + ` \d+\.\d\d \S+$`).MatchString(out.String()) {
			t.Errorf("no figure %s in\n%s", name, out.String())
		}
	}
}
