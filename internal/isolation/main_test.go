package isolation

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// partSchemas are the schemas of functions, as a list in SQL.
const partSchemas = `'tijori_access', 'tijori_plans', 'tijori_credits', 'tijori_khata', 'tijori_ops'`

func TestMain(m *testing.M) { pgtest.Main(m) }

// loginRoles and idleRoles are all the roles there may be: those that connect,
// and those that only own.
var (
	loginRoles = []string{
		"tijori_app", "tijori_auth", "tijori_billing", "tijori_jobs", "tijori_support", "tijori_log", "tijori_watch",
	}
	idleRoles = []string{"tijori_owner", "tijori_guard", "tijori_backup"}
)

// A querier is the superuser's pool, or a transaction of it.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// rowsOf returns what a query of the superuser finds.
func rowsOf[T any](t testing.TB, pool querier, sql string, args ...any) []T {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// namesOf returns the one text column that a query of the superuser finds.
func namesOf(t testing.TB, pool querier, sql string, args ...any) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// none fails for each finding of a query that must find nothing. The query
// returns one text per finding.
func none(t testing.TB, pool querier, rule, sql string, args ...any) {
	t.Helper()
	for _, finding := range namesOf(t, pool, sql, args...) {
		t.Errorf("%s: %s", rule, finding)
	}
}

// listed fails when what is there and what is named differ, in either direction.
func listed[V any](t testing.TB, what string, there []string, named map[string]V) {
	t.Helper()
	seen := map[string]bool{}
	for _, name := range there {
		seen[name] = true
		if _, ok := named[name]; !ok {
			t.Errorf("%s %s is new: class it here, with the reason", what, name)
		}
	}
	for name := range named {
		if !seen[name] {
			t.Errorf("%s %s is named here but does not exist", what, name)
		}
	}
}
