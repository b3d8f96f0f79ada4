package postgres_test

import (
	"flag"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

var update = flag.Bool("update", false, "write testdata/schema.sql; read the difference as a reviewer would")

// notSchema are lines of a dump that say nothing of the schema: comments, settings of the session, and the random word
// with which newer minor versions guard a dump.
var notSchema = regexp.MustCompile(`^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)?$`)

// TestSchemaIsAsCommitted compares the schema that the migrations make with the one that was last looked at, as
// PostgreSQL 15 dumps it; other versions write it in other words.
func TestSchemaIsAsCommitted(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var version int
	if err := db.Super.QueryRow(t.Context(),
		"select current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if version != 15 {
		return
	}
	admin := db.Config.Admin
	cmd := osexec.CommandContext(t.Context(), filepath.Join(pgtest.BinDir(t), "pg_dump"), "--schema-only",
		"--exclude-schema=tijori_river",
		"--host="+admin.Host, "--port=5432", "--username="+admin.User, "--dbname="+admin.Database)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimRight(line, "\n"); !notSchema.MatchString(line) {
			lines = append(lines, line)
		}
	}
	dump := "-- The schema as PostgreSQL 15 dumps it. Written by: go test ./internal/postgres -run TestSchema -update\n" + strings.Join(lines, "\n") + "\n"
	const golden = "testdata/schema.sql"
	if *update {
		if err := os.WriteFile(golden, []byte(dump), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(dump, "\n")); diff != "" {
		t.Errorf("the schema differs from %s (-committed, +made):\n%s", golden, diff)
	}
}
