package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// BenchmarkTransaction shows what the begin and the end of a caller's transaction cost, without work between them. The
// quickest twentieth is reported beside the mean: it tells two versions apart on a machine that does other work.
func BenchmarkTransaction(b *testing.B) {
	db := pgtest.New(b)
	u := db.User(b, "Asha")
	for _, way := range []struct {
		name string
		once func() error
	}{
		{"Read", func() error {
			_, err := db.Read(b.Context(), u.Caller, func(postgres.Scope, *pgx.Batch) {})
			return err
		}},
		{"WriteAtOnce", func() error {
			_, _, err := db.WriteAtOnce(b.Context(), u.Caller, func(postgres.Scope, *pgx.Batch) {})
			return err
		}},
		{"As", func() error { return db.As(b.Context(), u.Caller, func(*postgres.Tx) error { return nil }) }},
		{"ReadKey", func() error { return db.ReadKey(b.Context(), [32]byte{}, func(*pgx.Batch) {}) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				if err := way.once(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/20].Nanoseconds()), "p5-ns/op")
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns/op")
		})
	}
}
