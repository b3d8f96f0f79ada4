package db_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
)

const suiteBase = `
create role web login;
create table teams (id uuid primary key, name text not null);
create table notes (id uuid primary key, team_id uuid not null references teams, body text not null);
create table news (id uuid primary key, headline text not null);
alter table teams enable row level security;
alter table notes enable row level security;
create policy teams_own on teams for select to web using (id = current_setting('app.team')::uuid);
create policy notes_own on notes for all to web
  using (team_id = current_setting('app.team')::uuid) with check (team_id = current_setting('app.team')::uuid);
create function notes_of(team uuid) returns setof notes language sql security definer set search_path = ''
  as $$ select * from public.notes n where n.team_id = team and (%s) $$;
revoke execute on function notes_of(uuid) from public;
grant execute on function notes_of(uuid) to web;
grant select on teams, news to web;
grant select, insert, update, delete on notes to web;
create table purses (team_id uuid primary key references teams, label text, credits int not null default 0);
alter table purses enable row level security;
create policy purses_own on purses to web using (team_id = current_setting('app.team')::uuid);
grant select, update on purses to web;
%s
`

// The tests that are written from a leaky schema fail there and pass on its repaired twin, in SQL and in Go; nobody
// has to take our word for a finding.
func TestSuite(t *testing.T) {
	dir := t.TempDir()
	leaky, fixed := filepath.Join(dir, "leaky.sql"), filepath.Join(dir, "fixed.sql")
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(leaky, fmt.Sprintf(suiteBase, "true", `create policy notes_leak on notes for select to web using (true);
create policy notes_gone on notes for delete to web using (true);`))
	write(fixed, fmt.Sprintf(suiteBase, "team = current_setting('app.team')::uuid", `
create function keep() returns trigger language plpgsql as $$ begin new.credits := old.credits; return new; end $$;
create trigger keep before update on purses for each row execute function keep();`))
	var tap, code bytes.Buffer
	web := []string{"web"}
	audit(t, db.Options{Migrations: leaky, Attack: true, ConnectsAs: web, Suite: func(s *suite.Suite) error {
		if err := s.WritePgTAP(&tap); err != nil {
			return err
		}
		return s.WriteGo(&code)
	}})
	// pgTAP itself may not be installed: its three functions that are used, in short
	sql := strings.Replace(tap.String(), "create extension if not exists pgtap;", `
create function plan(n int) returns text language sql as $$ select '1..' || n $$;
create function is(got bigint, want bigint, what text) returns text language sql as $$
  select case when got = want then 'ok ' else 'not ok ' end || what $$;
create function finish() returns setof text language sql as $$ select ''::text where false $$;`, 1)
	if sql == tap.String() {
		t.Fatal("the test does not ask for pgtap")
	}
	if err := os.Mkdir(filepath.Join("testdata"), 0o755); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	goDir, err := os.MkdirTemp("testdata", "written") // within the module, which has pgx
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(goDir) })
	write(filepath.Join(goDir, "tenants_test.go"), code.String())
	for schema, leaks := range map[string]bool{leaky: true, fixed: false} {
		d, err := scratch.Create(t.Context(), server.DSN())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := d.Connect(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(schema)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(t.Context(), string(text)); err != nil {
			t.Fatal(err)
		}
		results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Fatalf("%v\n%s", err, sql)
		}
		var said strings.Builder
		for _, r := range results {
			for _, row := range r.Rows {
				if len(row) > 0 {
					said.Write(append(row[0], '\n'))
				}
			}
		}
		out := said.String()
		if !strings.Contains(out, "\nok ") {
			t.Errorf("%s: nothing holds, so nothing was tried:\n%s", schema, out)
		}
		for _, what := range []string{
			"reads public.notes", "notes_of(uuid)", "deletes rows of public.notes", "raises credits of public.purses",
		} {
			bad := false
			for line := range strings.Lines(out) {
				bad = bad || strings.HasPrefix(line, "not ok ") && strings.Contains(line, what)
			}
			if bad != leaks {
				t.Errorf("%s: %s leaks: %v, want %v\n%s", schema, what, bad, leaks, out)
			}
		}
		if strings.Contains(out, "news") {
			t.Errorf("%s: what everybody may read is tried:\n%s", schema, out)
		}
		c := exec.CommandContext(t.Context(), "go", "test", "-count=1", "./"+goDir)
		c.Env = append(os.Environ(),
			"DATABASE_URL="+strings.Replace(server.DSN(), "dbname=postgres", "dbname="+d.Name, 1))
		ran, err := c.CombinedOutput()
		if (err != nil) != leaks || leaks && !strings.Contains(string(ran), "notes_of(uuid)") {
			t.Errorf("%s: go test: %v\n%s", schema, err, ran)
		}
		conn.Close(t.Context())
		d.Drop()
	}
}
