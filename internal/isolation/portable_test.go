package isolation

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A missing feature is one of PostgreSQL's that YugabyteDB documents as missing, or has only in its newest releases.
// docs/scale.md says what takes its place wherever the schema uses one.
type missing struct {
	name   string
	sql    string // lists what uses it, as one text a row
	mutant string // a migration that uses it
}

// ours are the schemas that are looked through.
const ours = `('tijori', 'tijori_access', 'tijori_plans', 'tijori_credits', 'tijori_khata', 'tijori_ops', 'tijori_river')`

// body finds functions whose text matches a pattern.
func body(pattern string) string {
	return `select p.oid::regproc::text from pg_proc p where p.pronamespace::regnamespace::text in ` + ours +
		` and p.prosrc ~* '` + pattern + `'`
}

var missingFeatures = []missing{
	{
		"transition tables", `select t.tgrelid::regclass || '.' || t.tgname from pg_trigger t
			where t.tgoldtable is not null or t.tgnewtable is not null`,
		`create trigger m after insert on tijori.parties referencing new table as n for each statement execute function m()`,
	},
	{
		"constraint triggers", `select t.tgrelid::regclass || '.' || t.tgname from pg_trigger t
			where t.tgconstraint <> 0 and not t.tgisinternal`,
		`create constraint trigger m after insert on tijori.parties for each row execute function m()`,
	},
	{
		"row triggers before a partitioned table", `select t.tgrelid::regclass || '.' || t.tgname from pg_trigger t
			join pg_class c on c.oid = t.tgrelid and c.relkind = 'p' where t.tgtype & 3 = 3 and not t.tgisinternal and t.tgparentid = 0`,
		`create trigger m before insert on tijori.access_log for each row execute function m()`,
	},
	{"LISTEN and NOTIFY", body(`\m(listen|notify)\s|pg_notify`), `create function tijori.n() returns void language plpgsql as 'begin notify x; end'`},
	{"table locks", body(`\mlock\s+table\M`), `create function tijori.n() returns void language plpgsql as 'begin lock table tijori.parties; end'`},
	{"advisory locks", body(`advisory`), `create function tijori.n() returns void language plpgsql as 'begin perform pg_advisory_xact_lock(1); end'`},
	{
		"inheritance", `select i.inhrelid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhparent
			where c.relkind = 'r'`,
		`create table tijori.n () inherits (tijori.roles)`,
	},
	{
		"exclusion constraints", `select conrelid::regclass || '.' || conname from pg_constraint where contype = 'x'`,
		`create table tijori.n (v int4range, exclude using gist (v with &&))`,
	},
	{
		"deferrable keys", `select conrelid::regclass || '.' || conname from pg_constraint
			where contype in ('p', 'u') and condeferrable`,
		`create table tijori.n (v int unique deferrable)`,
	},
	{
		"indexes other than btree, hash and gin", `select c.oid::regclass::text from pg_class c join pg_am a on a.oid = c.relam
			where c.relkind in ('i', 'I') and a.amname not in ('btree', 'hash', 'gin') and ` + inOurs,
		`create table tijori.n (v int4range); create index on tijori.n using gist (v)`,
	},
	{
		"gin indexes over several columns", `select c.oid::regclass::text from pg_class c join pg_am a on a.oid = c.relam
			join pg_index i on i.indexrelid = c.oid where a.amname = 'gin' and i.indnatts > 1 and ` + inOurs,
		`create table tijori.n (v jsonb, w jsonb); create index on tijori.n using gin (v, w)`,
	},
	{
		"indexes over composite, array, inet and jsonb values", `select c.oid::regclass::text from pg_class c join pg_am a on a.oid = c.relam
			join pg_attribute t on t.attrelid = c.oid join pg_type y on y.oid = t.atttypid
			where c.relkind in ('i', 'I') and a.amname = 'btree' and ` + inOurs + `
			  and (y.typtype = 'c' or y.typcategory in ('A', 'I') or y.typname in ('jsonb', 'tsvector', 'citext'))`,
		`create table tijori.n (v inet); create index on tijori.n (v)`,
	},
	{"XML", `select attrelid::regclass || '.' || attname from pg_attribute where atttypid = 'xml'::regtype and attrelid >= 16384
		union ` + body(`\mxml\w*\s*\(|xpath`), `create table tijori.n (v xml)`},
	{
		"generated columns", `select c.oid::regclass || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid
			where attgenerated = 's' and ` + inOurs,
		`create table tijori.n (v int, w int generated always as (v) stored)`,
	},
	{"system columns", body(`\m(ctid|xmin|xmax|cmin|cmax|tableoid)\M`), `create function tijori.n() returns bigint language sql as 'select count(ctid) from tijori.roles'`},
	{
		"transaction ids", `select c.oid::regclass || '.' || attname from pg_attribute join pg_class c on c.oid = attrelid
			where c.relkind in ('r', 'p') and attnum > 0 and atttypid::regtype::text ~ '^xid8?$' and ` + inOurs + `
			union ` + body(`pg_current_xact_id|txid_|pg_current_snapshot`),
		`create table tijori.n (v xid8)`,
	},
	{
		"storage parameters", `select c.oid::regclass::text from pg_class c
			where c.relkind in ('r', 'p', 'i', 'I') and c.reloptions is not null and ` + inOurs,
		`create table tijori.n (v int) with (fillfactor = 50)`,
	},
	{"unlogged tables", `select c.oid::regclass::text from pg_class c where c.relkind = 'r' and c.relpersistence = 'u' and ` + inOurs, `create unlogged table tijori.n (v int)`},
	{"large objects", body(`\mlo_\w+\s*\(`), `create function tijori.n() returns oid language sql as 'select lo_create(0)'`},
	{"views with a check option", `select c.oid::regclass::text from pg_class c where c.relkind = 'v' and array_to_string(c.reloptions, ',') ~ 'check_option'`, `create view tijori.n as select * from tijori.roles where owns with check option`},
	{"rules", `select r.ev_class::regclass || '.' || r.rulename from pg_rewrite r where r.rulename <> '_RETURN' and r.oid >= 16384`, `create rule n as on delete to tijori.roles do instead nothing`},
	{"event triggers", `select evtname::text from pg_event_trigger`, `create function tijori.e() returns event_trigger language plpgsql as 'begin end'; create event trigger n on ddl_command_end execute function tijori.e()`},
	{"extensions", `select extname::text from pg_extension where extname <> 'plpgsql'`, `create extension pg_trgm`},
}

const inOurs = `c.relnamespace::regnamespace::text in ` + ours

// TestPortable holds the list of what the schema uses and YugabyteDB lacks against docs/scale.md, which has a
// replacement for each: a new use is a decision, and is written down. Each query finds what it looks for.
func TestPortable(t *testing.T) {
	t.Parallel()
	super := pgtest.New(t).Super
	text, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(text), "<!-- missing features -->\n")
	part, _, end := strings.Cut(part, "<!-- end -->")
	if !ok || !end {
		t.Fatal("docs/scale.md has no list of missing features")
	}
	documented := map[string]map[string]bool{}
	for line := range strings.Lines(part) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		uses := map[string]bool{}
		for i, name := range strings.Split(cells[2], "`") {
			if i%2 == 1 {
				uses[name] = true
			}
		}
		documented[strings.TrimSpace(cells[1])] = uses
		if len(uses) > 0 && len(strings.TrimSpace(cells[3])) < 20 {
			t.Errorf("docs/scale.md: %s has no replacement", strings.TrimSpace(cells[1]))
		}
	}
	for _, m := range missingFeatures {
		used := uses(t, super, m.sql)
		want, ok := documented[m.name]
		if !ok {
			t.Errorf("docs/scale.md does not list %s", m.name)
		}
		for _, u := range used {
			if !want[u] {
				t.Errorf("%s uses %s: docs/scale.md lists what does, and its replacement", u, m.name)
			}
			delete(want, u)
		}
		for u := range want {
			t.Errorf("docs/scale.md says that %s uses %s; it does not", u, m.name)
		}
		delete(documented, m.name)
	}
	for name, rest := range documented {
		if name != "feature" && !strings.HasPrefix(name, "-") {
			t.Errorf("docs/scale.md lists %s (%v), which nothing looks for", name, rest)
		}
	}
	for _, m := range missingFeatures {
		foundByItsQuery(t, super, m)
	}
}

func foundByItsQuery(t *testing.T, super *pgxpool.Pool, m missing) {
	t.Helper()
	tx, err := super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing is to stay
	before := len(uses(t, tx, m.sql))
	_, err = tx.Exec(t.Context(), `
		create function m() returns trigger language plpgsql as 'begin return null; end';
		`+m.mutant)
	if err != nil {
		t.Errorf("%s: %v", m.name, err)
		return
	}
	if after := len(uses(t, tx, m.sql)); after != before+1 {
		t.Errorf("a migration that uses %s is not found", m.name)
	}
}

func uses(t *testing.T, q querier, sql string) []string {
	t.Helper()
	rows, err := q.Query(t.Context(), "select distinct u from ("+sql+") as s(u) order by 1")
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}
