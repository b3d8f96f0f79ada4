package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Drift lists what somebody has changed by hand in what keeps accounts apart: what roles are, who is a member of whom,
// row-level security, and who owns tables. It reads catalogues only.
func (db *DB) Drift(ctx context.Context) ([]string, error) {
	rows, err := db.Auth.Query(ctx, `
		with ours as (
			select r.* from pg_catalog.pg_roles r
			 where r.rolname in (
				select pg_catalog.regexp_replace(pg_catalog.pg_get_userbyid(n.nspowner)::text, 'owner$', x.name)
				  from pg_catalog.pg_namespace n, pg_catalog.unnest(array['owner', 'guard', 'backup', 'app', 'auth',
				      'billing', 'jobs', 'support', 'log', 'watch']) x(name)
				 where n.nspname = 'tijori')),
		tabs as (
			select c.* from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			 where n.nspname = 'tijori' and c.relkind in ('r', 'p'))
		select 'role ' || rolname || ' is superuser, BYPASSRLS, CREATEROLE, CREATEDB or REPLICATION' from ours
		 where rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
		union all
		select 'role ' || rolname || ' may log in' from ours where rolcanlogin and rolname ~ '_(owner|guard|backup)$'
		union all
		select 'role ' || m.rolname || ' is a member of ' || g.rolname
		  from pg_catalog.pg_auth_members a join ours m on m.oid = a.member
		      join pg_catalog.pg_roles g on g.oid = a.roleid
		 where not (m.rolname ~ '_owner$' and g.rolname ~ '_guard$')
		union all
		select 'row-level security of ' || t.relname || ' is not on, or not forced' from tabs t
		 where not (t.relrowsecurity and t.relforcerowsecurity)
		   and exists (select from pg_catalog.pg_policy p where p.polrelid = t.oid)
		union all
		select 'table ' || t.relname || ' belongs to ' || pg_catalog.pg_get_userbyid(t.relowner) from tabs t
		 where t.relowner <> (select nspowner from pg_catalog.pg_namespace where nspname = 'tijori')
		union all
		select pg_catalog.format('%s on %s is granted to %s', a.privilege_type, t.relname,
		    case when a.grantee = 0 then 'PUBLIC' else pg_catalog.pg_get_userbyid(a.grantee)::text end)
		  from tabs t, pg_catalog.aclexplode(t.relacl) a
		 where a.grantee not in (select oid from ours)
		union all
		select 'trigger ' || g.tgname || ' of ' || t.relname ||
		    ' is off' from tabs t join pg_catalog.pg_trigger g on g.tgrelid = t.oid where g.tgenabled = 'D'
		 order by 1`)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// Checksums reports whether the server finds pages that the disk has changed.
func (db *DB) Checksums(ctx context.Context) (on bool, err error) {
	err = db.Auth.QueryRow(ctx, "select pg_catalog.current_setting('data_checksums') = 'on'").Scan(&on)
	return on, err
}

// Inside are figures of the database that name nobody: versions, settings that are not the server's own defaults, sizes
// of tables, and how many jobs and events are in which state.
func (db *DB) Inside(ctx context.Context) (text string, err error) {
	err = db.Jobs.QueryRow(ctx, `
		select pg_catalog.version() || e'\n\n' || (
			select pg_catalog.string_agg(name || ' = ' || setting || coalesce(' ' || unit, ''),
			    e'\n' order by name) from pg_catalog.pg_settings
			 where source not in ('default', 'client', 'override', 'session')
			   and name !~ '(file|directory|directories|command|conninfo|name|path)$') || e'\n\n' || (
			select pg_catalog.string_agg(pg_catalog.format('%s.%s: %s kB, about %s rows, %s dead, vacuumed %s',
			    schemaname, relname,
				pg_catalog.pg_total_relation_size(relid) / 1024, n_live_tup, n_dead_tup, coalesce(greatest(last_vacuum,
				    last_autovacuum)::text, 'never')), e'\n' order by schemaname, relname)
			  from pg_catalog.pg_stat_all_tables where schemaname in ('tijori', 'tijori_river')) || e'\n\n' || (
			select coalesce(pg_catalog.string_agg(kind || ' ' || state || ': ' || n, e'\n' order by kind, state),
			    'no jobs')
			  from (select kind, state::text, count(*) as n from tijori_river.river_job group by 1, 2) j) || e'\n'`).Scan(&text)
	return text, err
}
