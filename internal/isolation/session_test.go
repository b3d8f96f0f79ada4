package isolation

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func (w *world) pools() map[string]*pgxpool.Pool {
	return map[string]*pgxpool.Pool{
		"tijori_app": w.App, "tijori_auth": w.Auth, "tijori_billing": w.Billing,
		"tijori_jobs": w.Jobs, "tijori_support": w.Support,
		"tijori_log": w.Log, "tijori_watch": w.Watch,
	}
}

// TestNobodyBecomesAnother tries, as each login role, to gain another's rights.
func TestNobodyBecomesAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for role, pool := range w.pools() {
		var attempts []string
		for _, other := range slices.Concat(loginRoles, idleRoles, []string{"postgres"}) {
			if other == role {
				continue
			}
			attempts = append(attempts,
				"set role "+other, "set local role "+other, "set session authorization "+other,
				"select set_config('role', '"+other+"', false)", "select set_config('session_authorization', '"+other+
					"', false)",
				"grant "+other+" to "+role, "alter role "+role+" in role "+other)
		}
		attempts = append(attempts,
			"alter role "+role+" superuser", "alter role "+role+" bypassrls", "alter role "+role+" createrole",
			"create role intruder",
			"create table tijori.t (x int)", "create table public.t (x int)", "create temporary table parties (x int)",
			"create temporary view parties as select 1",
			"create function tijori.f() returns int language sql security definer as 'select 1'",
			"create function pg_temp.f() returns int language sql as 'select 1'",
			"create function public.f() returns int language sql as 'select 1'", "create schema s",
			"create extension dblink", "create extension plperlu", "create extension pgcrypto",
			"create server s foreign data wrapper postgres_fdw", "create publication p for all tables",
			"create event trigger e on ddl_command_start execute function tijori_khata.record_changes()",
			"alter function tijori_access.scope() owner to "+role,
			"create or replace function tijori_access.scope(out user_id uuid, out account_id uuid, out business_id uuid, out role text) language sql as 'select null::uuid, null::uuid, null::uuid, ''owner''::text'",
			"alter function tijori_access.scope() security invoker", "drop function tijori_access.scope() cascade",
			"alter table tijori.parties disable row level security",
			"alter table tijori.parties no force row level security",
			"alter policy parties_select_app on tijori.parties using (true)",
			"create policy open_app on tijori.parties using (true)", "drop policy parties_select_app on tijori.parties",
			"alter table tijori.parties owner to "+role,
			"create trigger mine before insert on tijori.parties for each row execute function tijori_khata.record_changes('party')",
			"comment on table tijori.parties is 'mine'", "vacuum full tijori.parties; create table x()",
			"reindex table tijori.parties", "cluster tijori.parties using parties_pkey",
			"lock table tijori.parties in access exclusive mode",
			"set session_replication_role = replica", "set local session_replication_role = replica",
			"set allow_system_table_mods = on", "load 'plpgsql'", "load '/tmp/x.so'",
			"copy (select 1) to program 'id'", "copy (select 1) to '/tmp/isolation'",
			"select pg_read_file('/etc/passwd')", "select pg_ls_dir('.')", "select lo_import('/etc/passwd')",
			"select pg_reload_conf()",
			"alter system set fsync = off", "alter database "+w.name(t)+" set row_security = off",
			"alter role all set row_security = off",
			"select * from pg_authid", "select rolpassword from pg_authid", "select * from pg_statistic",
			"select * from pg_user_mapping", "update pg_proc set prosecdef = false", "delete from pg_policy",
			"do $$ begin execute 'set role tijori_owner'; end $$",
			"select query_to_xml('set role tijori_owner', true, true, '')",
			"prepare p as select * from tijori.credentials where kind = 'api_key_of_'; create table t()",
			"select pg_catalog.pg_logical_slot_peek_changes('x', null, null)",
			"select pg_create_logical_replication_slot('x', 'test_decoding')",
			"select pg_export_snapshot(); create table t()",
		)
		for _, sql := range attempts {
			err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
				_, err := tx.Conn().PgConn().Exec(t.Context(), sql).ReadAll()
				return err
			})
			if err == nil {
				t.Errorf("%s may: %s", role, sql)
			}
		}
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var current, session string
		if err := conn.QueryRow(t.Context(), "select current_user::text, session_user::text").Scan(&current,
			&session); err != nil || current != role || session != role {
			t.Errorf("%s is now %s, %s (%v)", role, current, session, err)
		}
		// What anybody may send, and what comes of it: themselves again.
		for _, sql := range []string{"reset role", "reset session authorization", "discard all", "reset all"} {
			if _, err := conn.Exec(t.Context(), sql); err != nil {
				t.Errorf("%s: %s: %v", role, sql, err)
			}
			if err := conn.QueryRow(t.Context(), "select current_user::text, session_user::text",
				pgx.QueryExecModeExec).Scan(&current, &session); err != nil || current != role || session != role {
				t.Errorf("after %s, %s is %s, %s (%v)", sql, role, current, session, err)
			}
		}
		conn.Release()
	}
}

func (w *world) name(t testing.TB) string {
	t.Helper()
	return namesOf(t, w.Super, "select quote_ident(current_database())")[0]
}

// TestRoomsAreClosed reads as each role what belongs to others, in the database as it runs.
func TestRoomsAreClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	closed := map[string][]string{
		"tijori_app": {
			"tijori.users", "tijori.credentials", "tijori.signups", "tijori.recoveries",
			"tijori.devices", "tijori.email_changes", "tijori.sign_in_failures",
			"tijori.notices", "tijori.security_log",
			"tijori.access_log", "tijori.access_log_allowed", "tijori.access_log_refused",
			"tijori.throttles", "tijori.inbox", "tijori.review_items", "tijori.provider_directory",
			"tijori.provider_customers", "tijori.service_clock", "tijori_river.river_job", "tijori_river.river_queue",
			"pg_authid",
		},
		"tijori_billing": {
			"tijori.parties", "tijori.entries", "tijori.changes", "tijori.businesses", "tijori.users",
			"tijori.credentials", "tijori.invitations", "tijori.signups", "tijori.recoveries",
			"tijori.devices", "tijori.email_changes", "tijori.notices", "tijori.security_log",
		},
		"tijori_auth": {
			"tijori.parties", "tijori.entries", "tijori.changes", "tijori.businesses", "tijori.accounts",
			"tijori.members", "tijori.invitations", "tijori.subscriptions", "tijori.inbox",
		},
		"tijori_jobs": {
			"tijori.parties", "tijori.entries", "tijori.users", "tijori.credentials", "tijori.inbox",
			"tijori.accounts", "tijori.subscriptions", "tijori.plans",
		},
		"tijori_support": {
			"tijori.parties", "tijori.entries", "tijori.users", "tijori.credentials", "tijori.inbox",
			"tijori.accounts", "tijori.subscriptions", "tijori_river.river_job", "tijori.access_log",
		},
		// Who writes down what everybody did reads none of it.
		"tijori_log": {
			"tijori.access_log", "tijori.access_log_allowed", "tijori.access_log_refused", "tijori.credentials",
			"tijori.users", "tijori.accounts", "tijori.parties", "tijori_river.river_job",
		},
		"tijori_watch": {
			"tijori.access_log_allowed", "tijori.access_log_refused", "tijori.access_log_allowed_rest",
			"tijori.users", "tijori.credentials", "tijori.accounts", "tijori.parties", "tijori.entries",
			"tijori_river.river_job",
		},
	}
	pools := w.pools()
	for _, role := range loginRoles {
		if len(closed[role]) == 0 {
			t.Errorf("nothing is closed to %s: say what is", role)
		}
		for _, table := range closed[role] {
			for _, sql := range []string{
				"select * from " + table, "select count(*) from " + table,
				"select 1 from " + table + " for update", "delete from " + table, "table " +
					table, "select query_to_xml('select * from " + table + "', true, true, '')",
			} {
				_, err := pools[role].Exec(t.Context(), sql)
				if err == nil || !strings.Contains(err.Error(), "42501") {
					t.Errorf("%s: %s: %v, want permission denied", role, sql, err)
				}
			}
		}
	}
	asVictim := actor{name: "owner", settings: claims(w.victim, w.victim.BusinessID)}
	for _, sql := range []string{
		"select email from tijori.users", "select token_hash from tijori.invitations",
		"select * from tijori.invitations", "select hash from tijori.credentials",
	} {
		if o := w.run(t, asVictim, sql, false); o.code != "42501" {
			t.Errorf("%s as an owner: %v, want permission denied", sql, o)
		}
	}
}

// TestStatisticsTellNothing looks where PostgreSQL itself keeps samples of rows and texts of statements.
func TestStatisticsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(t, "analyze")
	s := actor{name: "stranger", settings: claims(w.stranger, w.stranger.BusinessID)}
	for _, sql := range []string{
		"select * from pg_stats where schemaname = 'tijori' and tablename = any ('{" + strings.Join(w.tables,
			",") + "}')",
		"select * from pg_stats_ext where schemaname = 'tijori'",
		"select * from pg_prepared_statements where statement like '%" + victimMark + "%'",
	} {
		if o := w.run(t, s, sql, false); o.code != "" || len(o.rows) != 0 {
			t.Errorf("%s: %v, want no rows", sql, o)
		}
	}
	// Sessions of one role see each other's statements. A credential must never stand in one.
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		done <- w.As(ctx, w.victim.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(ctx, "select pg_sleep(3), $1::text", victimMark)
			return err
		})
	}()
	secret := hex.EncodeToString(w.victim.Caller.Credential[:])
	for deadline := time.Now().Add(2 * time.Minute); ; {
		o := w.run(t, s, "select query from pg_stat_activity where query like '%pg_sleep(3), $1%' and pid <> pg_backend_pid()", false)
		if len(o.rows) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the victim's statement was never seen")
		}
	}
	o := w.run(t, s, "select a::text, (select string_agg(l::text, ' ') from pg_locks l) from pg_stat_activity a where pid <> pg_backend_pid()", false)
	if o.code != "" || strings.Contains(o.text, secret) || strings.Contains(o.text, victimMark) ||
		strings.Contains(o.text, w.victim.BusinessID.String()) {
		t.Errorf("another session sees what the victim sent: %v", o)
	}
	cancel()
	<-done
}

// TestNothingStaysInASession puts into a session what the next caller on the same connection might
// stumble over. Whoever comes next must see and write what is theirs, in the tables that are ours.
func TestNothingStaysInASession(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	config := db.Config
	config.PoolSize = 1 // the same connection for everybody
	one, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	// On servers that were set up before PostgreSQL 15, everybody may make tables here.
	if _, err := db.Super.Exec(t.Context(),
		"grant create, usage on schema public to public; create table public.parties as select * from tijori.parties; grant all on public.parties to public"); err != nil {
		t.Fatal(err)
	}
	for _, poison := range []string{
		"select set_config('tijori.credential', '" + hex.EncodeToString(binod.Caller.Credential[:]) +
			"', false), set_config('tijori.business', '" + binod.BusinessID.String() + "', false)",
		"select set_config('search_path', 'public, pg_catalog', false)",
		"select set_config('search_path', '', false)",
		"select set_config('row_security', 'off', false)",
		"select set_config('default_transaction_read_only', 'on', false)",
		"select set_config('default_transaction_isolation', 'serializable', false)",
		"select set_config('statement_timeout', '60', false)",
		"select set_config('TimeZone', 'Pacific/Kiritimati', false), set_config('DateStyle', 'German', false)",
		"select set_config('standard_conforming_strings', 'off', false), set_config('client_encoding', 'LATIN1', false)",
		"select set_config('constraint_exclusion', 'off', false), set_config('plan_cache_mode', 'force_custom_plan', false), set_config('work_mem', '64kB', false)",
	} {
		t.Run(poison, func(t *testing.T) {
			err := one.As(t.Context(), binod.Caller, func(tx *postgres.Tx) error {
				_, err := tx.Exec(t.Context(), poison)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			id, err := uuid.NewV7()
			if err != nil {
				t.Fatal(err)
			}
			err = one.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
				if tx.Scope.AccountID != asha.AccountID {
					return fmt.Errorf("the scope is %+v", tx.Scope)
				}
				var path, zone, readOnly string
				if err := tx.QueryRow(t.Context(),
					"select current_setting('search_path'), current_setting('TimeZone'), current_setting('transaction_read_only')").Scan(&path, &zone, &readOnly); err != nil {
					return err
				}
				if path != "tijori, pg_temp" || zone == "Pacific/Kiritimati" || readOnly != "off" {
					return fmt.Errorf("search_path %q, time zone %q, read only %s", path, zone, readOnly)
				}
				_, err := tx.Exec(t.Context(), "update businesses set name = $3 where account_id = $1 and id = $2",
					asha.AccountID, asha.BusinessID, "Asha's "+id.String())
				return err
			})
			if err != nil {
				t.Fatalf("the next caller: %v", err)
			}
			var name string
			_, err = one.Read(t.Context(), asha.Caller, func(s postgres.Scope, b *pgx.Batch) {
				b.Queue("select name from businesses where account_id = $1 and id = $2", s.AccountID,
					s.BusinessID).QueryRow(func(r pgx.Row) error { return r.Scan(&name) })
			})
			if err != nil || name != "Asha's "+id.String() {
				t.Errorf("the next caller reads %q, %v", name, err)
			}
			// A statement that this connection has never prepared, as the first thing after the poison.
			if err := one.As(t.Context(), binod.Caller, func(tx *postgres.Tx) error {
				_, err := tx.Exec(t.Context(),
					poison)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			for try := range 2 {
				_, err = one.Read(t.Context(), asha.Caller, func(s postgres.Scope, b *pgx.Batch) {
					b.Queue("select name, '"+id.String()+"' from businesses where account_id = $1 and id = $2",
						s.AccountID, s.BusinessID).QueryRow(func(r pgx.Row) error { return r.Scan(&name, nil) })
				})
				if err == nil {
					break
				}
				if try == 1 {
					t.Errorf("a new statement after the poison, tried twice: %v", err)
				}
			}
			if name != "Asha's "+id.String() {
				t.Errorf("a new statement after the poison reads %q", name)
			}
			if err := one.App.QueryRow(t.Context(),
				"select count(*) from tijori.businesses").Scan(new(int)); err == nil ||
				!strings.Contains(err.Error(), "28000") {
				t.Errorf("a query outside of a caller's transaction: %v, want SQLSTATE 28000", err)
			}
		})
	}
}
