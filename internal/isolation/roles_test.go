package isolation

import (
	"slices"
	"testing"
)

// rolesAreWeak holds what our roles are: nothing but who they are.
func rolesAreWeak(t testing.TB, super querier) {
	all := slices.Concat(loginRoles, idleRoles)
	none(t, super, "a role that is not named here",
		`select rolname::text from pg_roles where rolname like 'tijori%' and rolname <> all ($1)`, all)
	none(t, super, "a role may do too much", `
		select rolname || ': superuser, bypassrls, createrole, createdb or replication' from pg_roles
		 where rolname = any ($1) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication)`, all)
	none(t, super, "who may log in",
		`select rolname::text from pg_roles where rolname = any ($1)
			and rolcanlogin <> (rolname = any ($2))`, all, loginRoles)
	none(t, super, "a role can become another", `
		select m.member::regrole || ' can become ' || m.roleid::regrole from pg_auth_members m
		 where m.member::regrole::text = any ($1)
		   and not (m.member = 'tijori_owner'::regrole and m.roleid = 'tijori_guard'::regrole) -- migrations hand functions over; nobody logs in as either`, all)
	none(t, super, "a predefined role was given to one of ours", `
		select r.rolname || ' has the rights of ' || p.rolname from pg_roles r, pg_roles p
		 where r.rolname = any ($1) and p.rolname like 'pg\_%' and p.rolname <> 'pg_database_owner' and pg_has_role(r.oid, p.oid, 'usage')`, loginRoles)
	none(t, super, "a login role owns something", `
		select r.rolname || ' owns ' || pg_describe_object(d.classid, d.objid, d.objsubid)
		  from pg_shdepend d join pg_roles r on r.oid = d.refobjid
		 where d.deptype = 'o' and r.rolname = any ($1) and d.dbid = (select oid from pg_database where datname = current_database())`, loginRoles)
	none(t, super, "tijori_guard owns more than functions of a part", `
		select pg_describe_object(d.classid, d.objid, d.objsubid) from pg_shdepend d
		 where d.deptype = 'o' and d.refobjid = 'tijori_guard'::regrole and d.dbid = (select oid from pg_database
		     where datname = current_database())
		   and not (d.classid = 'pg_proc'::regclass and exists (select 1 from pg_proc p where p.oid = d.objid
		       and p.pronamespace = any (array[`+partSchemas+`]::regnamespace[])))`)
	none(t, super, "a login role makes things of its own", `
		select r.rolname || ' in schema ' || n.nspname from pg_roles r, pg_namespace n
		 where r.rolname = any ($1) and has_schema_privilege(r.oid, n.oid, 'create')
		union all
		select r.rolname || ': ' || v.verb || ' in the database' from pg_roles r, unnest(array['create',
		    'temporary']) v(verb)
		 where r.rolname = any ($1) and has_database_privilege(r.oid, current_database(), v.verb)`, loginRoles)
	none(t, super, "a role looks into a schema that is not its own", `
		select r.rolname || ' in schema ' || n.nspname from pg_roles r, pg_namespace n
		 where r.rolname = any ($1) and has_schema_privilege(r.oid, n.oid, 'usage')
		   and (n.nspname = 'tijori_river' and r.rolname not in ('tijori_jobs', 'tijori_auth', 'tijori_billing')
		     or n.nspname not in ('tijori', `+partSchemas+
		`, 'tijori_river', 'public', 'pg_catalog', 'information_schema'))`, loginRoles)
	none(t, super, "a temporary table could stand in for one of ours", `
		select r.rolname::text from pg_roles r
		 where r.rolname = any ($1) and not exists (
			select 1 from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
			 where s.setrole = r.oid and d.datname = current_database() and 'search_path=tijori, pg_temp' = any (s.setconfig))`, all)
	none(t, super, "untrusted languages and extensions",
		`select lanname::text from pg_language where lanname not in ('internal', 'c', 'sql', 'plpgsql')
		union all select extname::text from pg_extension where extname <> 'plpgsql'`)
}
