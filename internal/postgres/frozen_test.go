package postgres_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres/migrations"
)

// TestSchemaIsFrozen holds each migration against the digest that was committed with it. What is released, up to the
// number in the first line, is in people's databases: there nothing may change, nothing may come between, and -update
// writes nothing. A release moves that number to its newest migration.
func TestSchemaIsFrozen(t *testing.T) {
	t.Parallel()
	const golden = "testdata/migrations.txt"
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	head, list, _ := strings.Cut(string(text), "\n")
	released, ok := strings.CutPrefix(head, "released up to ")
	if !ok {
		t.Fatalf("%s begins with %q, not with what is released", golden, head)
	}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var now strings.Builder
	for _, name := range names {
		sql, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&now, "%x  %s\n", sha256.Sum256(sql), name)
	}
	old, fresh := until(released, list), until(released, now.String())
	if old != fresh {
		t.Fatalf("a migration of a release was changed, removed, or came between:\n%s", differing(old, fresh))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(head+"\n"+now.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if list != now.String() {
		t.Errorf("%s is not what the files are; with -update it will be:\n%s", golden, differing(list, now.String()))
	}
}

// until is the part of a list of digests whose migrations are numbered up to one.
func until(number, list string) string {
	var out strings.Builder
	for line := range strings.Lines(list) {
		if _, name, ok := strings.Cut(line, "  "); ok && name[:4] <= number {
			out.WriteString(line)
		}
	}
	return out.String()
}

func differing(old, fresh string) string {
	var out strings.Builder
	for line := range strings.Lines(old) {
		if !strings.Contains(fresh, line) {
			out.WriteString("- " + line)
		}
	}
	for line := range strings.Lines(fresh) {
		if !strings.Contains(old, line) {
			out.WriteString("+ " + line)
		}
	}
	return out.String()
}

// What the test of frozen migrations is for: each of these differs within what is released.
func TestFrozenFindsChanges(t *testing.T) {
	t.Parallel()
	const list = "aa  1001_a.sql\nbb  1010_b.sql\ncc  1020_c.sql\n"
	for name, now := range map[string]string{
		"changed":      "aa  1001_a.sql\nb0  1010_b.sql\ncc  1020_c.sql\n",
		"removed":      "aa  1001_a.sql\ncc  1020_c.sql\n",
		"came between": "aa  1001_a.sql\nbb  1010_b.sql\ndd  1009_d.sql\ncc  1020_c.sql\n",
	} {
		if until("1010", list) == until("1010", now) {
			t.Errorf("a migration that was %s is not found", name)
		}
	}
	if until("1010", list) != until("1010", "aa  1001_a.sql\nbb  1010_b.sql\nc0  1020_c.sql\ndd  1021_d.sql\n") {
		t.Error("what is not released may change")
	}
}
