package isolation

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// harmless are the functions of PostgreSQL that are more than a computation and that a login role may call, with why.
var harmless = []struct{ names, why string }{
	{`clock_timestamp|timeofday|random|random_normal|array_(sample|shuffle)|setseed|gen_random_uuid|uuidv[47]|bernoulli|system`, "tell a time or a number, or set where the session's own numbers begin"},
	{
		`set_config|query_to_xml.*|cursor_to_xml.*|current_query|ts_rewrite|ts_stat`,
		"do what a statement of the role could do",
	},
	{
		`nextval|currval|lastval|setval|pg_sequence_last_value|pg_get_sequence_data`,
		"ask for the right to the sequence; there is none",
	},
	{`pg_sleep.*`, "wait, as a loop would, until the statement's time is over"},
	{
		`pg_(try_)?advisory_.*`,
		"the next caller's begin releases them, and nothing of ours waits for one: see TestForeignRowsDoNotInterfere",
	},
	{`pg_notify`, "as NOTIFY, which no right guards; what a worker is told is a hint to look"},
	{`binary_upgrade_.*`, "refused unless the server is being upgraded"},
	{
		`brin_.*|gin_clean_pending_list|amvalidate|.*handler|plpgsql_.*|dsnowball_.*`,
		"of the tables' owner, or called by the server alone",
	},
	{`pg_(stat_(get|clear|force)_.*|.*_size|partition_.*|is_.*|get_.*|current_wal_.*|last_.*|control_.*|xact_.*|txid_.*|blocking_pids|safe_snapshot_blocking_pids|isolation_test_.*|lock_status|prepared_xact|jit_available|notification_queue_usage|collation_actual_version|database_collation_actual_version)|txid_status`, "tell about the server"},
	{`currtid2|heap_tableam_handler`, "read a table that the role may read"},
	{`pg_(nextoid|import_system_collations|extension_config_dump|stop_making_pinned_objects|rotate_logfile_old|read_file_old|restore_.*|clear_.*)`, "ask for more than any of our roles is, or for a right that none has"},
}

// In Tijori's own server no login role may write outside the tables, pin what the server keeps, or end other sessions.
// A
// function that a newer PostgreSQL adds is looked at here first.
func TestNothingOutsideTheTables(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var patterns []string
	for _, h := range harmless {
		patterns = append(patterns, h.names)
	}
	known := regexp.MustCompile(`^(` + strings.Join(patterns, "|") + `)$`)
	for _, role := range postgres.LoginRoles() {
		var may []string
		err := db.Super.QueryRow(t.Context(), `
			select array_agg(distinct proname::text) from pg_proc
			 where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v' and prokind = 'f'
			   and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype) and has_function_privilege($1, oid, 'execute')`, role).Scan(&may)
		if err != nil {
			t.Fatal(err)
		}
		if len(may) < 50 {
			t.Errorf("%s may call %d functions: the wrong question?", role, len(may))
		}
		for _, name := range may {
			if !known.MatchString(name) {
				t.Errorf("%s may call pg_catalog.%s", role, name)
			}
		}
		for _, name := range []string{
			"lo_creat", "lo_from_bytea", "lo_put", "lowrite", "lo_unlink",
			"pg_logical_emit_message", "pg_terminate_backend", "pg_cancel_backend", "pg_export_snapshot",
		} {
			if slices.Contains(may, name) {
				t.Errorf("%s may call %s", role, name)
			}
		}
	}
	for _, sql := range []string{
		"select lo_create(0)", "select lo_from_bytea(0, 'x')",
		"select pg_logical_emit_message(false, 'x', 'y')",
		"select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()",
	} {
		if _, err := db.App.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v, want permission denied", sql, err)
		}
	}
}
