package export_test

import (
	"runtime"
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A counter counts bytes and, now and then, the memory that is in use.
type counter struct {
	bytes int
	peak  uint64
}

func (c *counter) Write(p []byte) (int, error) {
	if c.bytes += len(p); c.bytes%(1<<20) < len(p) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		c.peak = max(c.peak, m.HeapInuse)
	}
	return len(p), nil
}

func BenchmarkBookCSV(b *testing.B) {
	const entries = 500_000
	db := pgtest.New(b)
	u := db.User(b, "Asha")
	for range 5 {
		addParty(b, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "राम Ram"})
	}
	addEntries(b, db, u, entries/5)
	if _, err := db.Super.Exec(b.Context(), "vacuum analyze"); err != nil {
		b.Fatal(err)
	}
	var w counter
	for b.Loop() {
		if err := db.As(b.Context(), u.Caller, func(tx *postgres.Tx) error {
			return export.BookCSV(b.Context(), tx, &w,
				options)
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(entries*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(w.peak)/(1<<20), "MB-in-use")
}
