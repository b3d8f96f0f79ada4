package postgres_test

import (
	"os"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// The same of PgBouncer, where the tests have one.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	if os.Getenv(pgtest.TestPooler) == "" {
		return // TestPoolers has said what it can
	}
	db := pgtest.New(t)
	for setting, want := range map[string]string{
		"max_prepared_statements = 0":   "loses prepared statements",
		"server_reset_query_always = 0": "keeps what one caller's statement leaves",
		"pool_mode = session":           "",
		"pool_mode = statement":         "transaction blocks not allowed",
		"server_round_robin = 1":        "",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			config := db.Config
			config.Server = db.Pooler(t, setting)
			refused(t, t.Context(), config, want)
		})
	}
}
