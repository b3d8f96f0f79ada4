// Package suite writes the attack of one tenant on another as tests that need
// nothing of the auditor: for pgTAP, and for Go.
package suite

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A Suite is what the tests do: rows of two tenants, and what one tries on the other.
type Suite struct {
	Rows     []string // statements that make the rows, without constraints between tables and without triggers
	Attempts []Attempt
}

// An Attempt must be refused, or reach no row.
type Attempt struct {
	Name  string
	Steps []string // the session first; the last one must touch no row
}

// frame is what both kinds of tests need: attempt carries out statements, undoes them, and returns how many rows the
// last one touched; what is refused has touched none.
const frame = `create schema tijori_attempts;
grant usage on schema tijori_attempts to public;
create function tijori_attempts.attempt(variadic steps text[]) returns bigint language plpgsql as $attempt$
declare
    step text;
    touched bigint := 0;
begin
    foreach step in array steps[:array_upper(steps, 1) - 1] loop
        execute step;
    end loop;
    begin
        execute steps[array_upper(steps, 1)];
        get diagnostics touched = row_count;
    exception
        when query_canceled then raise;
        when others then touched := 0; -- whatever the reason, it has reached nothing
    end;
    raise exception using errcode = 'TJ000', message = touched::text;
exception
    when sqlstate 'TJ000' then return sqlerrm::bigint;
    when insufficient_privilege or integrity_constraint_violation or raise_exception then return 0;
end $attempt$;
set local session_replication_role = replica;
`

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func literals(steps []string) string {
	var out []string
	for _, s := range steps {
		out = append(out, "  "+escape(s))
	}
	return strings.Join(out, ",\n")
}

// escape writes a text so that it reads the same whatever standard_conforming_strings says.
func escape(s string) string {
	if strings.Contains(s, `\`) {
		return "E" + literal(strings.ReplaceAll(s, `\`, `\\`))
	}
	return literal(s)
}

// WritePgTAP writes a test for pg_prove, or for supabase test db.
func (s *Suite) WritePgTAP(w io.Writer) error {
	var b strings.Builder
	b.WriteString("-- Written by tijori audit db --write-tests. One tenant tries what the auditor tried on another.\n" +
		"-- Run it on a throw-away database with the schema, as a superuser: pg_prove, or supabase test db.\n" +
		"begin;\ncreate extension if not exists pgtap;\n")
	b.WriteString(frame)
	for _, r := range s.Rows {
		b.WriteString(r + ";\n")
	}
	fmt.Fprintf(&b, "set local session_replication_role = origin;\nselect plan(%d);\n", len(s.Attempts))
	for _, a := range s.Attempts {
		fmt.Fprintf(&b, "select is(tijori_attempts.attempt(\n%s), 0::bigint, %s);\n", literals(a.Steps),
			literal(a.Name))
	}
	b.WriteString("select * from finish();\nrollback;\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteGo writes a test for go test with pgx; DATABASE_URL names the database.
func (s *Suite) WriteGo(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`// Written by tijori audit db --write-tests. One tenant tries what the auditor tried on another.
//
// DATABASE_URL names a throw-away database with the schema, as a superuser.

package tenants

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestOneTenantReachesNothingOfAnother(t *testing.T) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	for _, statement := range rows {
		if _, err := tx.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	for _, a := range attempts {
		var touched int64
		err := tx.QueryRow(ctx, "select tijori_attempts.attempt(variadic $1::text[])", a.steps).Scan(&touched)
		if err != nil {
			t.Fatalf("%s: %v", a.name, err)
		}
		if touched > 0 {
			t.Errorf("%s: %d rows\n%v", a.name, touched, a.steps)
		}
	}
}

`)
	b.WriteString("var rows = []string{\n\t" + strconv.Quote(frame) + ",\n")
	for _, r := range s.Rows {
		b.WriteString("\t" + strconv.Quote(r) + ",\n")
	}
	b.WriteString("\t\"set local session_replication_role = origin\",\n}\n\nvar attempts = []struct {\n\tname  string\n\tsteps []string\n}{\n")
	for _, a := range s.Attempts {
		b.WriteString("\t{" + strconv.Quote(a.Name) + ", []string{\n")
		for _, step := range a.Steps {
			b.WriteString("\t\t" + strconv.Quote(step) + ",\n")
		}
		b.WriteString("\t}},\n")
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
