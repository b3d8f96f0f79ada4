package ledger_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// BenchmarkReads times the hot reads of one business, as the program runs them: one round trip,
// production roles, policies and credential look-up.
func BenchmarkReads(b *testing.B) {
	for _, size := range []struct{ parties, entriesEach int }{{40, 12}, {1_000, 20}, {10_000, 100}} {
		b.Run(fmt.Sprintf("parties=%d,entries=%d", size.parties, size.parties*size.entriesEach), func(b *testing.B) {
			db := pgtest.New(b)
			u := db.Pro(b, db.User(b, "Asha"))
			if _, err := db.Super.Exec(b.Context(), "alter table parties disable trigger user"); err != nil {
				b.Fatal(err)
			}
			fill(b, db, u, size.parties, size.entriesEach)
			if _, err := db.Super.Exec(b.Context(), "vacuum analyze"); err != nil {
				b.Fatal(err)
			}
			timeReads(b, db, u)
		})
	}
}

func timeReads(b *testing.B, db *pgtest.DB, u *pgtest.User) {
	var party uuid.UUID
	if err := db.Super.QueryRow(b.Context(), "select id from parties limit 1").Scan(&party); err != nil {
		b.Fatal(err)
	}
	list := func(f ledger.PartyFilter) func(postgres.Scope, *pgx.Batch) {
		return func(s postgres.Scope, q *pgx.Batch) { ledger.QueueParties(s, q, f, &ledger.PartyList{}) }
	}
	for _, read := range []struct {
		name  string
		queue func(postgres.Scope, *pgx.Batch)
	}{
		{"scope alone", func(postgres.Scope, *pgx.Batch) {}},
		{"list", list(ledger.PartyFilter{})},
		{"search", list(ledger.PartyFilter{Query: "party 77"})},
		{"oldest", list(ledger.PartyFilter{Sort: ledger.SortOldest})},
		{"page", func(s postgres.Scope, q *pgx.Batch) { ledger.QueuePartyPage(s, q, party, "", &ledger.PartyPage{}) }},
	} {
		b.Run(read.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := db.Read(b.Context(), u.Caller, read.queue); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
