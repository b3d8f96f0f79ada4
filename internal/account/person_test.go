package account

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// What every page costs before it reads anything of its own.
func BenchmarkPerson(b *testing.B) {
	db := pgtest.New(b)
	asha := db.User(b, "Asha")
	for range 3 {
		db.Business(b, asha, "Another")
	}
	for _, c := range []struct {
		name  string
		queue func(*pgx.Batch, *Person)
	}{{"scope alone", func(*pgx.Batch, *Person) {}}, {"with the person", QueuePerson}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				var p Person
				if _, err := db.Read(b.Context(), asha.Caller, func(_ postgres.Scope, batch *pgx.Batch) {
					c.queue(batch,
						&p)
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
