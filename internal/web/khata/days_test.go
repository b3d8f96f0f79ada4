package khata

import (
	"slices"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

func TestChips(t *testing.T) {
	t.Parallel()
	for now, want := range map[string][]string{
		"2026-11-22": {
			"..", "2026-11-01..2026-11-30", "2026-10-01..2026-10-31", "2026-04-01..2027-03-31",
			"2025-04-01..2026-03-31",
		},
		"2026-03-31": {
			"..", "2026-03-01..2026-03-31", "2026-02-01..2026-02-28", "2025-04-01..2026-03-31",
			"2024-04-01..2025-03-31",
		},
		"2100-01-31": {
			"..", "2100-01-01..2100-01-31", "2099-12-01..2099-12-31", "2099-04-01..2100-03-31",
			"2098-04-01..2099-03-31",
		},
	} {
		at, err := time.Parse(time.DateOnly, now)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range chips(ui.Shell{Now: at}, "", "") {
			got = append(got, c.From+".."+c.To)
		}
		if !slices.Equal(got, want) {
			t.Errorf("on %s: %q, want %q", now, got, want)
		}
	}
}
