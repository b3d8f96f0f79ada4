package postgres_test

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// What is changed by hand is named; what the migrations made is not.
func TestDrift(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	list, err := db.Drift(t.Context())
	if err != nil || len(list) > 0 {
		t.Fatalf("Drift of a new database = %q, %v", list, err)
	}
	for sql, says := range map[string]string{
		"alter table tijori.entries no force row level security":       "row-level security of entries",
		"grant select on tijori.parties to public":                     "SELECT on parties is granted to PUBLIC",
		"alter table tijori.users owner to postgres":                   "table users belongs to postgres",
		"alter table tijori.entries disable trigger user":              "of entries is off",
		"alter table tijori.accounts disable row level security":       "row-level security of accounts",
		"grant select on tijori.credentials to pg_read_all_settings":   "SELECT on credentials is granted to pg_read_all_settings",
		"alter table tijori.party_sums no force row level security":    "row-level security of party_sums",
		"alter table tijori.credit_entries disable row level security": "row-level security of credit_entries",
		"grant truncate on tijori.changes to public":                   "TRUNCATE on changes is granted to PUBLIC",
		"alter table tijori.payments owner to postgres":                "table payments belongs to postgres",
	} {
		if _, err := db.Super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
		list, err := db.Drift(t.Context())
		if err != nil || !strings.Contains(strings.Join(list, "\n"), says) {
			t.Errorf("after %s: %q, %v, want %q", sql, list, err, says)
		}
	}
}
