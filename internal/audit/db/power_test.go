package db_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Whatever the migrations try, in whatever words, nobody who runs them gets at
// the files and programs of the server.
func TestMigrationsGetNoPower(t *testing.T) {
	t.Parallel()
	flag := filepath.Join(os.TempDir(), fmt.Sprintf("tijori-power-%d", os.Getpid()))
	copies := func(sql string) string { return strings.ReplaceAll(sql, "FLAG", flag) }
	for name, sql := range map[string]string{
		"membership in a block": `
do $$ begin execute 'grant pg_execute' || '_server_program to ' || current_user;
  execute 'grant pg_write_' || 'server_files to ' || current_user; end $$;`,
		"escaped name of the superuser": `grant U&"tijori\005faudit" to current_user;
do $$ begin execute 'set role tijori' || '_audit'; end $$;`,
		"group with power": `create group helpers superuser; grant helpers to current_user; set role helpers;`,
		"comment between words": `create/**/role helpers superuser; grant helpers to current_user; set role helpers;
alter role current_user /* no */ superuser;`,
		"power far behind": `create role helpers /*` + strings.Repeat(" ", 5000) + `*/
  in role pg_execute_server_program;
grant helpers to current_user;`,
		"code of the superuser": `create function run() returns void security definer language plpgsql as $x$ begin
  execute 'copy (select 1) to pro' || 'gram ''touch FLAG'''; end $x$;
alter function run() owner to U&"tijori\005faudit"; select run();`,
		"functions of the server": `grant execute on function lo_export(oid, text) to public;
select lo_export(lo_from_bytea(0, 'x'), 'FLAG');`,
		"settings of the server": `alter role current_user set session_preload_libraries = 'FLAG';
grant alter system on parameter archive_command to current_user;
do $$ begin execute 'alter system set archive_command = ''touch FLAG'''; end $$;`,
	} {
		file := filepath.Join(t.TempDir(), "m.sql")
		write(t, file, copies(sql+`
do $x$ begin execute 'copy (select 1) to pro' || 'gram ''touch FLAG'''; end $x$;
do $x$ begin execute 'copy (select 1) to ''FLAG'''; end $x$;
reset role;
create table last (id int primary key);`))
		r := audit(t, db.Options{Migrations: file, Platform: "postgres"})
		if _, err := os.Stat(flag); err == nil {
			t.Errorf("%s: the schema reached the server's files", name)
			_ = os.Remove(flag)
		}
		if !slices.ContainsFunc(r.Looked, func(c finding.Count) bool { return c.What == "tables" && c.N == 1 }) {
			t.Errorf("%s: looked = %+v, want the table that comes last", name, r.Looked)
		}
		if !slices.ContainsFunc(r.NotTested, func(n finding.NotTested) bool {
			return strings.Contains(n.Reason, "power over the server") ||
				strings.Contains(n.Reason, "does not exist") || strings.Contains(n.Reason, "42501")
		}) {
			t.Errorf("%s: not tested = %+v, want what was refused", name, r.NotTested)
		}
	}
}
