package db_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

var server *scratch.Server

func TestMain(m *testing.M) {
	var err error
	if server, err = scratch.Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	server.Stop()
	os.Exit(code)
}

func audit(t *testing.T, o db.Options) *finding.Report {
	t.Helper()
	if o.Scratch == "" {
		o.Scratch = server.DSN()
	}
	r, err := db.Audit(t.Context(), o)
	if err != nil {
		t.Fatalf("Audit(%s): %v", o.Migrations, err)
	}
	return r
}

// Every rule finds its own leaky case by reading alone, and says nothing grave
// about the repaired one.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, rule := range db.Rules() {
		dir := filepath.Join("rule", rule.ID, "testdata")
		var truth struct {
			Platform string `json:"platform"`
			Connects string `json:"connects_as"`
			Flaws    []struct{ Object, Verb string }
		}
		b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
		if err != nil {
			t.Errorf("rule %s has no cases: %v", rule.ID, err)
			continue
		}
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
		}
		if rule.Title == "" || rule.Why == "" || rule.Fix == "" || len(rule.ASVS) == 0 || len(rule.CWE) == 0 {
			t.Errorf("rule %s does not explain itself", rule.ID)
		}
		o := db.Options{Platform: truth.Platform}
		if truth.Connects != "" {
			o.ConnectsAs = []string{truth.Connects}
		}
		o.Migrations = filepath.Join(dir, "leaky.sql")
		found := slices.ContainsFunc(audit(t, o).Findings, func(f finding.Finding) bool {
			return f.Rule == rule.ID &&
				(f.Object == truth.Flaws[0].Object || slices.ContainsFunc(f.Affects,
					func(a string) bool { return strings.HasPrefix(a, truth.Flaws[0].Object) }))
		})
		if !found {
			t.Errorf("rule %s does not find %+v in its leaky case", rule.ID, truth.Flaws)
		}
		o.Migrations = filepath.Join(dir, "fixed.sql")
		for _, f := range audit(t, o).Findings {
			if f.Severity >= finding.Medium {
				t.Errorf("rule %s: in the repaired case %s %s %s %v", rule.ID, f.Severity, f.Rule, f.Object, f.Verbs)
			}
		}
	}
}

// An attack leaves its proof in the finding.
func TestAttackProves(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{
		"select-true", "self-insert-membership", "own-row-privileged-column",
		"secdef-unchecked-argument", "update-moves-tenant", "view-owner-rights", "soft-delete-ignored",
	} {
		dir := filepath.Join("rule", rule, "testdata")
		o := db.Options{Migrations: filepath.Join(dir, "leaky.sql"), Attack: true}
		if strings.Contains(rule, "moves") {
			o.ConnectsAs = []string{"farm_web"}
		}
		r := audit(t, o)
		i := slices.IndexFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == rule })
		if i < 0 || r.Findings[i].Proof == nil || len(r.Findings[i].Proof.Steps) == 0 {
			t.Errorf("%s: no proof in %+v", rule, r.Findings)
		}
		o.Migrations = filepath.Join(dir, "fixed.sql")
		if worst, any := audit(t, o).Worst(); any && worst >= finding.High {
			t.Errorf("%s: the repaired case still has a finding that is %s", rule, worst)
		}
	}
}

// A guard that works withdraws the suspicion.
func TestGuardTriggerRefutes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.sql")
	write(
		t,
		file,
		`create table fans (id uuid primary key references auth.users, nick text, credits int not null default 0);
alter table fans enable row level security;
create policy s on fans for select to authenticated using (id = auth.uid());
create policy u on fans for update to authenticated using (id = auth.uid());
create function keep() returns trigger language plpgsql as $$ declare r record; begin
  r := old; new := jsonb_populate_record(new, jsonb_build_object('credits', r.credits)); return new; end $$;
create trigger keep before update on fans for each row execute function keep();`,
	)
	r := audit(t, db.Options{Migrations: file, Attack: true})
	if worst, any := r.Worst(); any && worst >= finding.Medium {
		t.Errorf("findings = %+v, want none", r.Findings)
	}
	if len(r.Withdrawn) == 0 {
		t.Error("nothing was withdrawn, although a trigger puts the old value back")
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Hostile migrations end in bounded time, get no power over the server and are
// said to be not tested.
func TestHostile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flag := filepath.Join(os.TempDir(), fmt.Sprintf("tijori-hostile-%d", os.Getpid()))
	file := filepath.Join(dir, "m.sql")
	write(
		t,
		file,
		fmt.Sprintf(
			`create table a (id uuid primary key default gen_random_uuid(), owner uuid not null references auth.users, t text);
alter table a enable row level security;
create policy p on a for select using (owner = auth.uid());
create function forever(x uuid) returns int language plpgsql security definer
as $$ begin loop perform 1; end loop; end $$;
create function escape(x uuid) returns void language plpgsql as $$ begin
  execute 'reset session authorization'; execute 'reset role';
  execute 'copy (select 1) to program ''touch %[1]s'''; end $$;
create role evil superuser login;
grant pg_execute_server_program to postgres;
copy a to program 'touch %[1]s';
create tabel broken (x int);
create table c1 (id int primary key, o int not null); create table c2 (id int primary key,
    o int not null references c1);
alter table c1 add foreign key (o) references c2;`,
			flag,
		),
	)
	start := time.Now()
	r := audit(t, db.Options{Migrations: file, Attack: true})
	if took := time.Since(start); took > 3*time.Minute {
		t.Errorf("it took %s", took)
	}
	if _, err := os.Stat(flag); err == nil {
		t.Fatal("the schema ran a program on the server")
	}
	for _, want := range []string{"syntax error", "superuser", "power over the server", "longer than two seconds"} {
		if !slices.ContainsFunc(
			r.NotTested,
			func(n finding.NotTested) bool { return strings.Contains(n.Reason, want) },
		) {
			t.Errorf("not tested = %+v, want something about %q", r.NotTested, want)
		}
	}
}

// A live database is only read.
func TestTargetStaysAsItWas(t *testing.T) {
	t.Parallel()
	target, err := scratch.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer target.Stop()
	conn, err := scratch.Connect(t.Context(), target.DSN(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(),
		`create role app login; create table notes (id int primary key, firm int not null, body text);
		insert into notes values (1, 1, 'mine');
		alter table notes enable row level security; grant select on notes to app;
		create policy p on notes using (true); create table seen (n bigserial)`); err != nil {
		t.Fatal(err)
	}
	dump := func() string {
		bin, err := scratch.Bin()
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		cmd := exec.Command(filepath.Join(bin, "pg_dumpall"), "--dbname="+target.DSN())
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Fatalf("pg_dumpall: %v: %s", err, out.String())
		}
		return regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).
			ReplaceAllString(out.String(), "")
		// a new word each time
	}
	before := dump()
	r := audit(t, db.Options{DSN: target.DSN(), Attack: true})
	if after := dump(); after != before {
		t.Error("the audit changed the database that it audits")
	}
	if !slices.ContainsFunc(r.Looked, func(c finding.Count) bool { return c.What == "tables" && c.N == 2 }) {
		t.Errorf("looked = %+v, want two tables", r.Looked)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	if _, err := db.Audit(t.Context(), db.Options{}); err == nil {
		t.Error("nothing to audit, and no error")
	}
	if _, err := db.Audit(t.Context(), db.Options{Migrations: t.TempDir(), Scratch: server.DSN()}); err == nil {
		t.Error("an empty folder, and no error")
	}
	broken := filepath.Join(t.TempDir(), "m.sql")
	write(t, broken, "create tabel a (id int);\ncreate table b (id int; select $$")
	if _, err := db.Audit(t.Context(), db.Options{Migrations: broken, Scratch: server.DSN()}); err == nil {
		t.Error("nothing could be read, and no error")
	}
}
