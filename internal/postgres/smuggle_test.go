package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// samples are values to call functions with, by their type. The words of a type that takes words stand for the
// statement that is smuggled.
var samples = map[string]string{
	"text": "", "varchar": "", "bpchar": "", "name": "", "cstring": "", "refcursor": "", "anyelement": "", "any": "",
	"bool": "true", "int2": "1::int2", "int4": "1", "int8": "1::int8", "oid": "'tijori.parties'::regclass::oid",
	"float4": "1::float4", "float8": "1::float8", "numeric": "1::numeric", "regclass": "'tijori.parties'::regclass",
	"regconfig": "'simple'::regconfig", "regdictionary": "'simple'::regdictionary", "regproc": "'now'::regproc",
	"regtype": "'text'::regtype", "regnamespace": "'tijori'::regnamespace", "char": `'a'::"char"`,
	"tsquery": "'a'::tsquery", "tsvector": "'a'::tsvector", "json": "'{}'::json", "jsonb": "'{}'::jsonb",
	"jsonpath": "'$'::jsonpath", "xml": "'<a/>'::xml", "bytea": `'\x00'::bytea`, "timestamptz": "now()",
	"timestamp": "now()::timestamp", "date": "now()::date", "time": "'12:00'::time", "interval": "'1 day'::interval",
	"uuid": "gen_random_uuid()", "inet": "'127.0.0.1'::inet", "_text": "'{a}'::text[]", "_bool": "'{t}'::bool[]",
	"_int4": "'{1}'::int[]", "_char": `'{a}'::"char"[]`, "anyarray": "'{a}'::text[]", "pg_lsn": "'0/0'::pg_lsn",
}

// smuggled are statements that would stay on the connection. None of them may run inside another.
var smuggled = []string{
	"deallocate canary",
	"deallocate all",
	"prepare smuggled as select 1",
	"select 1; prepare smuggled as select 1",
	"listen smuggled",
	"declare smuggled cursor with hold for select 1",
	"explain analyze execute canary",
}

// TestNoFunctionRunsMoreThanQueries calls every function that tijori_app may call and that takes words with statements
// for words. Functions do run them (query_to_xml, ts_stat …), and only the server's rule that these may but read keeps
// the connection as it is: this is what closing connections after a whole statement of such a kind stands on.
func TestNoFunctionRunsMoreThanQueries(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	conn, err := db.App.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = conn.Conn().Close(context.WithoutCancel(t.Context())) // the canary goes with it
		conn.Release()
	}()
	send := func(sql string) error {
		_, err := conn.Conn().PgConn().Exec(t.Context(), sql).ReadAll()
		return err
	}
	must := func(sql string) {
		if err := send(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	must("set statement_timeout = '5s'; prepare canary as select 1; begin")
	calls, ran := 0, map[string]bool{}
	for _, f := range functionsOfWords(t, db) {
		for position, kind := range f.arguments {
			if samples[kind] != "" {
				continue
			}
			for _, sql := range smuggled {
				args := make([]string, len(f.arguments))
				for i, k := range f.arguments {
					switch {
					case i == position:
						args[i] = "'" + sql + "'"
					case samples[k] == "":
						args[i] = "'a'"
					default:
						args[i] = samples[k]
					}
					if k != "any" && samples[k] == "" {
						args[i] += "::" + strings.Replace(k, "anyelement", "text", 1)
					}
				}
				call := fmt.Sprintf("select %s(%s)", f.name, strings.Join(args, ", "))
				calls++
				must("savepoint before")
				if err := send(call); err != nil && strings.Contains(err.Error(), "in a non-volatile function") {
					ran[f.name] = true
				}
				must("rollback to before")
			}
		}
		if left := leftOf(t, conn.Conn()); left != "statement canary" {
			t.Errorf("%s left %q, want the canary alone", f.name, left)
		}
	}
	t.Logf("%d calls; words were run as SQL by %v", calls, ran)
	for _, f := range []string{"query_to_xml", "query_to_xmlschema", "ts_rewrite", "ts_stat"} {
		if !ran["pg_catalog."+f] {
			t.Errorf("%s did not run its words: the test does not look where it should", f)
		}
	}
}

// leftOf tells what a session has beside settings and locks.
func leftOf(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var left *string
	err := conn.QueryRow(t.Context(), `select string_agg(what, ', ') from (
		select 'statement ' || name from pg_prepared_statements where from_sql
		union all select 'cursor ' || name from pg_cursors where is_holdable
		union all select 'channel ' || c from pg_listening_channels() c) l(what)`, pgx.QueryExecModeExec).Scan(&left)
	if err != nil {
		t.Fatal(err)
	}
	if left == nil {
		return ""
	}
	return *left
}

type function struct {
	name      string
	arguments []string // names of their types
}

// functionsOfWords lists the functions that tijori_app may call, of whose arguments we have samples and one is words.
func functionsOfWords(t *testing.T, db *pgtest.DB) []function {
	t.Helper()
	rows, err := db.Super.Query(t.Context(), `
		select n.nspname || '.' || quote_ident(p.proname), array(
			select ty.typname::text from unnest(p.proargtypes) with ordinality a(oid, i)
			  join pg_type ty on ty.oid = a.oid order by a.i)
		  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		 where p.prokind = 'f' and has_function_privilege('tijori_app', p.oid, 'execute')
		   and has_schema_privilege('tijori_app', n.oid, 'usage')
		   and p.prorettype <> all ('{trigger,event_trigger,internal,language_handler,fdw_handler,index_am_handler,
				table_am_handler,tsm_handler}'::regtype[])
		 order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f function, err error) {
		var arguments pgtype.FlatArray[string]
		err = row.Scan(&f.name, &arguments)
		f.arguments = arguments
		return f, err
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []function
	for _, f := range all {
		words, known := false, true
		for _, kind := range f.arguments {
			sample, ok := samples[kind]
			known = known && ok
			words = words || ok && sample == ""
		}
		if words && known {
			found = append(found, f)
		}
	}
	if len(found) < 300 {
		t.Errorf("%d functions take words, want some hundreds", len(found))
	}
	return found
}

// What the server reads a statement by, set by one statement of a caller, does not shape what others of that
// caller, prepared meanwhile under the driver's names, mean to the next.
func TestStatementsKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	one := oneConnection(t, db)
	const epoch = `select extract(epoch from %s)::text`
	for setting, c := range map[string]struct{ value, sql, want string }{
		"standard_conforming_strings": {"off", `select '\101'`, `\101`},
		"IntervalStyle":               {"sql_standard", fmt.Sprintf(epoch, `interval '-1 2:00'`), "-79200.000000"},
		"TimeZone":                    {"Asia/Kolkata", fmt.Sprintf(epoch, `timestamptz '1970-01-02'`), "86400.000000"},
		"DateStyle":                   {"ISO, DMY", `select date '02/01/2026' - date '2026-01-01'`, "31"},
	} {
		for _, local := range []string{"true", "false"} {
			set := fmt.Sprintf("select set_config('%s', '%s', %s)", setting, c.value, local)
			sql := c.sql + " -- " + local // prepared again
			ask := func(caller postgres.Caller, before string) (answer string) {
				err := one.As(t.Context(), caller, func(tx *postgres.Tx) error {
					if before != "" {
						if _, err := tx.Exec(t.Context(), before); err != nil {
							return err
						}
					}
					return tx.QueryRow(t.Context(), sql).Scan(&answer)
				})
				if err != nil {
					t.Errorf("%s: %v", sql, err)
				}
				return answer
			}
			if got := ask(asha.Caller, set); got == c.want {
				t.Errorf("%s changes nothing in %q: the test is blind", set, sql)
			}
			if got := ask(binod.Caller, ""); got != c.want {
				t.Errorf("after another's %s, %s = %q, want %q", set, sql, got, c.want)
			}
		}
	}
}
