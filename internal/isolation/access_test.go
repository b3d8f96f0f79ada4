package isolation

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
)

// TestRolesAreThoseOfTheDatabase compares package role with the table that the policies' rights come from.
func TestRolesAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	type row struct {
		Name                                     string
		SeesTotals, AddsEntries, RunsKhata, Owns bool
	}
	var want []row
	for _, r := range role.All() {
		want = append(want, row{r.Name, r.Rights.SeesTotals, r.Rights.AddsEntries, r.Rights.RunsKhata, r.Rights.Owns})
	}
	got := rowsOf[row](t, pgtest.New(t).Super,
		`select role, sees_totals, adds_entries, runs_khata, owns from tijori.roles order by rank`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("package role and tijori.roles differ (-package, +database):\n%s", diff)
	}
}

// TestAccessTable holds testdata/access.txt against the matrix that TestMatrix tries on the database: who may do what
// with which table, for people to read.
func TestAccessTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("Who may do what with rows of their own account, or of their own business where a row belongs to one.\n")
	b.WriteString("all: every such row; own: only rows that the member made; –: nothing. Nobody deletes; a row is put in the bin.\n")
	b.WriteString("TestMatrix tries every cell on the database. Written by: go test ./internal/isolation -run TestAccessTable -update\n")
	fmt.Fprintf(&b, "\n%-20s%-8s", "table", "")
	for _, r := range role.All() {
		fmt.Fprintf(&b, "%-12s", r.Name)
	}
	b.WriteString("\n")
	for _, table := range sortedKeys(may) {
		for _, verb := range []string{"select", "insert", "update"} {
			line := fmt.Sprintf("%-20s%-8s", table, verb)
			for _, r := range role.All() {
				cell, roles := "–", strings.Fields(may[table][verb])
				switch {
				case slices.Contains(roles, r.Name):
					cell = "all"
				case slices.Contains(roles, r.Name+"*"):
					cell = "own"
				}
				line += cell + strings.Repeat(" ", 12-len([]rune(cell)))
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	const golden = "testdata/access.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("the table differs from %s (-there, +found):\n%s", golden, diff)
	}
}
