package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A SetupError is a reason not to start, with what to do about it.
type SetupError struct {
	Problem, Hint string
	Err           error
}

func (e *SetupError) Error() string {
	s := e.Problem
	if e.Err != nil {
		s += ": " + oneLine(e.Err)
	}
	if e.Hint != "" {
		s += "\n" + e.Hint
	}
	return s
}

func (e *SetupError) Unwrap() error { return e.Err }

func oneLine(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Message
	}
	line, rest, _ := strings.Cut(err.Error(), "\n")
	if strings.HasSuffix(line, ":") { // a failed connection gives its reasons on lines of their own
		next, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		line = strings.TrimSuffix(line+" "+strings.TrimSpace(next), ":")
	}
	return line
}

// Function schemas, one a part; tables are in schema tijori.
var partSchemas = []string{"tijori_access", "tijori_plans", "tijori_credits", "tijori_khata", "tijori_ops"}

const riverSchema = "tijori_river"

// oldSchemaEnd is the last migration number of the schemas before the first release.
const oldSchemaEnd = 1000

// Setup makes the roles and schemas that are missing, gives a login role c's
// password where it cannot log in with it, and runs every migration. It sets c.RolePrefix.
// It is safe to run from several nodes at once.
func Setup(ctx context.Context, c *Config) error {
	conn, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return &SetupError{
			Problem: "cannot reach the database",
			Hint:    "check DATABASE_URL or TIJORI_ADMIN_URL, and that the server runs", Err: err,
		}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkVersion(ctx, conn); err != nil {
		return err
	}
	if err := refuseOldSchema(ctx, conn); err != nil {
		return err
	}
	if err := c.findPrefix(ctx, conn); err != nil {
		return err
	}
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return createRoles(ctx, tx, *c) }); err != nil {
		return setupError("cannot set up roles and schemas", err)
	}
	return Migrate(ctx, *c)
}

// admin is how the administrator connects: without prepared statements or session
// state, so that an address that leads through a pooler works too.
func (c Config) admin() *pgx.ConnConfig {
	config := c.Admin.Copy()
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return config
}

// asOwner runs fn in a transaction of the tables' owner.
func (c Config) asOwner(ctx context.Context, fn func(pgx.Tx) error) error {
	conn, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, c.ownerSQL()); err != nil {
			return err
		}
		return fn(tx)
	})
}

// become makes the rest of a transaction of the set-up another role's.
func (c Config) become(ctx context.Context, tx pgx.Tx, role string) error {
	_, err := tx.Exec(ctx, "set local role "+c.role(role))
	return err
}

// ownerSQL makes the rest of a transaction the owner's.
func (c Config) ownerSQL() string {
	return c.withRoles("set local role tijori_owner; set local search_path = tijori, pg_temp; set local lock_timeout = '200ms'; ")
}

func setupError(problem string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		hint := "the role of DATABASE_URL (or TIJORI_ADMIN_URL) must have CREATEROLE, and CREATE on the database"
		if strings.Contains(pg.Message, "role") && !strings.Contains(pg.Message, "create role") {
			hint = "on PostgreSQL 16 and newer it also needs ADMIN OPTION on Tijori's roles: set up with the role that made them"
		}
		return &SetupError{Problem: problem, Hint: hint, Err: err}
	}
	return &SetupError{Problem: problem, Err: err}
}

func checkVersion(ctx context.Context, conn *pgx.Conn) error {
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return &SetupError{Problem: "cannot ask the database for its version", Err: err}
	}
	if version < 150000 {
		return &SetupError{
			Problem: fmt.Sprintf("the database is PostgreSQL %d", version/10000),
			Hint:    "Tijori needs PostgreSQL 15 or newer",
		}
	}
	return nil
}

// refuseOldSchema refuses a database that a Tijori from before the first release
// has set up. Its functions lived in a schema auth. Nothing is changed.
func refuseOldSchema(ctx context.Context, conn *pgx.Conn) error {
	var old bool
	err := conn.QueryRow(ctx, `
		select exists (
			select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
			 where n.nspname = 'auth' and p.proname = 'spend_credits')
		   and exists (
			select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			 where n.nspname = 'tijori' and c.relname = 'service_clock')`).Scan(&old)
	if err != nil {
		return &SetupError{Problem: "cannot read the database's schemas", Err: err}
	}
	if old {
		return &SetupError{
			Problem: "this database holds data of an unreleased Tijori, which this one cannot take over; nothing was changed",
			Hint: "with the old program download each account's data from its page /mydata/download, " +
				"or start again in an empty database (DATABASE_URL, or TIJORI_DATA without it)",
		}
	}
	return nil
}

func createRoles(ctx context.Context, tx pgx.Tx, c Config) error {
	// One node at a time: the lock ends with the transaction.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(7310577)"); err != nil {
		return err
	}
	var database, admin string
	if err := tx.QueryRow(ctx, "select quote_ident(current_database()), quote_ident(current_user)").Scan(&database,
		&admin); err != nil {
		return err
	}
	for _, role := range append(idleRoles, loginRoles...) {
		if err := createRole(ctx, tx, c, role, database); err != nil {
			return fmt.Errorf("role %s: %w", c.role(role), err)
		}
	}
	statements := []string{
		"grant tijori_owner, tijori_guard, tijori_backup to " + admin,
		// Nobody makes temporary tables, which could stand in for ours. Only the database's owner can say so; for
		// others it is a warning, and what protects is that every statement of a caller runs with our search_path.
		"revoke temporary on database " + database + " from public",
		"grant tijori_guard to tijori_owner",
	}
	for _, schema := range append([]string{"tijori", riverSchema}, partSchemas...) {
		statements = append(statements, "create schema if not exists "+schema+" authorization tijori_owner")
	}
	parts := strings.Join(partSchemas, ", ")
	statements = append(statements,
		"set local role tijori_owner",
		"grant usage on schema tijori, "+parts+
			" to tijori_app, tijori_auth, tijori_billing, tijori_jobs, tijori_support, tijori_log, tijori_watch, tijori_guard",
		"grant create on schema "+parts+" to tijori_guard",
	)
	if c.Private {
		statements = append([]string{narrowSQL}, statements...)
	}
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, c.withRoles(sql)); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// narrowSQL takes from PUBLIC what PostgreSQL lets every role do beside reading and writing tables that it may
// use: make large objects, write into the log of changes, pin it with slots and snapshots, end other sessions of its
// role. docs/postgresql.md has it for servers of one's own.
const narrowSQL = `
	do $$ declare f pg_catalog.regprocedure; begin
		for f in
			select p.oid from pg_catalog.pg_proc p
			 where p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace and p.prokind = 'f'
			   and p.proname ~ '^(lo_.*|loread|lowrite|pg_logical_emit_message|pg_(cancel|terminate)_backend|pg_export_snapshot|pg_.*replication_slot.*|pg_logical_slot_.*|pg_replication_origin_.*|pg_(available_wal_summaries|wal_summary_contents))$'
		loop
			execute pg_catalog.format('revoke execute on function %s from public', f);
		end loop;
	end $$`

// timeLimits end, for each role that logs in, what would otherwise last: a statement, the wait for a lock, and a
// transaction whose client does nothing. A request that takes longer serves nobody; work that takes minutes asks for
// more (see longSQL). The billing role waits for providers within a transaction.
var timeLimits = map[string][]string{
	RoleApp:     limits("30s", "5s", "30s"),
	RoleAuth:    limits("30s", "5s", "30s"),
	RoleBilling: limits("15min", "30s", "3min"),
	RoleJobs:    limits("15min", "30s", "3min"),
	RoleSupport: limits("1min", "5s", "1min"),
	RoleLog:     limits("15s", "5s", "15s"),
	RoleWatch:   limits("1min", "5s", "1min"),
}

func limits(statement, lock, idle string) []string {
	return []string{
		"statement_timeout = '" + statement + "'", "lock_timeout = '" + lock + "'",
		"idle_in_transaction_session_timeout = '" + idle + "'",
	}
}

// createRole makes a role that is missing and sets what Tijori needs of it.
// An existing one is kept; its password too, while the role can log in with it: a
// new one would cut off nodes that are running.
func createRole(ctx context.Context, tx pgx.Tx, c Config, name, database string) error {
	role := c.role(name)
	var exists, privileged, canLogin bool
	err := tx.QueryRow(ctx,
		`select count(*) > 0, coalesce(bool_or(rolsuper or rolbypassrls), false), coalesce(bool_or(rolcanlogin), false)
		from pg_roles where rolname = $1::text`, role).Scan(&exists, &privileged, &canLogin)
	if err != nil {
		return err
	}
	if privileged {
		return errors.New("the role exists and is superuser or BYPASSRLS; it must be neither")
	}
	login := "nologin"
	for _, r := range loginRoles {
		if r == name {
			login = "login"
		}
	}
	password := ""
	if login == "login" && c.Password != "" && !(c.restoring && canLogin) &&
		(!exists || !canLogin || !canLogIn(ctx, c, role)) {
		password = " password '" + strings.ReplaceAll(c.Password, "'", "''") + "'"
	}
	verb := "alter"
	if !exists {
		verb = "create"
	}
	if !exists || canLogin != (login == "login") || password != "" {
		if _, err := tx.Exec(ctx, fmt.Sprintf("%s role %s %s%s", verb, role, login, password)); err != nil {
			return err
		}
	}
	// pg_temp last: a temporary table can never stand in for one of ours.
	settings := append([]string{"search_path = tijori, pg_temp"}, timeLimits[name]...)
	for _, setting := range settings {
		if _, err := tx.Exec(ctx,
			fmt.Sprintf("alter role %s in database %s set %s", role, database, setting)); err != nil {
			return err
		}
	}
	return nil
}

// canLogIn reports whether a role can log in with the password that the nodes have.
// Where something else than the password is in the way, the answer is yes: another password would not help.
func canLogIn(ctx context.Context, c Config, role string) bool {
	config := c.server().Copy()
	config.User, config.Password = role, c.Password
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // it has served
		return true
	}
	var pg *pgconn.PgError
	return !errors.As(err, &pg) || pg.Code != "28P01"
}
