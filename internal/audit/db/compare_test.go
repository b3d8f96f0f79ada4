package db_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db"
)

const openBase = `
create role web login;
create table teams (id uuid primary key);
create table notes (id uuid primary key, team_id uuid not null references teams, body text, secret text);
alter table notes enable row level security;
create policy notes_all on notes for all to web
  using (team_id = current_setting('app.team')::uuid and body is not null)
  with check (team_id = current_setting('app.team')::uuid);
create policy notes_limit on notes as restrictive for all to web using (body <> 'x');
grant select (id, team_id, body) on notes to web;
create view mine with (security_invoker = true) as select * from notes;
create function count_notes() returns bigint language sql as $$ select count(*) from notes $$;
revoke execute on function count_notes() from public;
create function keep() returns trigger language plpgsql as $$ begin new.team_id := old.team_id; return new; end $$;
create trigger keep before update on notes for each row execute function keep();
`

// Every change that opens something is named as one, and its reverse as one that closes.
func TestCompare(t *testing.T) {
	for _, c := range []struct{ change, opens, back string }{
		{"alter table notes disable row level security", "row-level security is off", "row-level security is on"},
		{
			"create policy extra on notes for select to web using (body = 'public')",
			`policy "extra" lets web select rows where (body = 'public'::text)`, `policy "extra" is gone: it let`,
		},
		{"drop policy notes_limit on notes", `policy "notes_limit" is gone: it held back`, `holds web back from rows`},
		{
			"alter policy notes_all on notes using (team_id = current_setting('app.team')::uuid)",
			`policy "notes_all" on rows asks`, `policy "notes_all" on rows asks`,
		},
		{
			"alter policy notes_all on notes to public", `is for everybody, and was for web`,
			`is for web, and was for everybody`,
		},
		{"grant select (secret) on notes to web", "web gains select of secret", ""},
		{"grant delete on notes to web", "web gains delete (its policies decide which rows)", "web loses delete"},
		{"alter view mine set (security_invoker = false)", "no longer asks with its caller's rights", ""},
		{"grant execute on function count_notes() to web", "web may call it", "web may no longer call it"},
		{
			"alter function count_notes() security definer", "runs with the rights of",
			"runs with its caller's rights",
		},
		{"alter role web bypassrls", "(BYPASSRLS)", ""},
		{"drop trigger keep on notes", `trigger "keep" is gone`, `trigger "keep" runs public.keep() before`},
		{
			"create table loose (id int); grant select on loose to web",
			"web gains select (without row-level security, so every row; the table is new)", "is gone",
		},
	} {
		dir := t.TempDir()
		before, after := filepath.Join(dir, "before.sql"), filepath.Join(dir, "after.sql")
		for name, text := range map[string]string{before: openBase, after: openBase + c.change + ";"} {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		compare := func(from, to string) *db.Comparison {
			d, err := db.Compare(t.Context(), db.Options{Migrations: from, ConnectsAs: []string{"web"}},
				db.Options{Migrations: to, ConnectsAs: []string{"web"}, Scratch: server.DSN()})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		says := func(d *db.Comparison, opens bool, text string) bool {
			for _, x := range d.Changes {
				if x.Opens == opens && strings.Contains(x.What, text) {
					return true
				}
			}
			return false
		}
		forth := compare(before, after)
		if forth.Opens() != 1 || !says(forth, true, c.opens) {
			t.Errorf("%s: %+v\nwant one that opens: %s", c.change, forth.Changes, c.opens)
		}
		back := compare(after, before)
		if back.Opens() != 0 || c.back != "" && !says(back, false, c.back) {
			t.Errorf("%s, undone: %+v\nwant none that opens, and: %s", c.change, back.Changes, c.back)
		}
	}
	same := filepath.Join(t.TempDir(), "a.sql")
	if err := os.WriteFile(same, []byte(openBase), 0o600); err != nil {
		t.Fatal(err)
	}
	o := db.Options{Migrations: same, Scratch: server.DSN()}
	other := filepath.Join(t.TempDir(), "b.sql")
	text := openBase + `create or replace function keep() returns trigger language plpgsql as $$ begin return new; end $$;`
	if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := db.Compare(t.Context(), o, db.Options{Migrations: other, Scratch: server.DSN()})
	if err != nil || len(d.Changes) != 1 || d.Opens() != 0 || !d.Changes[0].Either {
		t.Errorf("a guard with another body: %+v %v, want one change that somebody has to read", d, err)
	}
	if d, err := db.Compare(t.Context(), o, o); err != nil || len(d.Changes) > 0 {
		t.Errorf("a schema compared with itself: %+v %v", d, err)
	}
}
