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
	if strings.HasSuffix(line, ":") { // a connection that fails tells why on lines of their own
		next, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		line = strings.TrimSuffix(line+" "+strings.TrimSpace(next), ":")
	}
	return line
}

// roles that nobody logs in as: the owner of the tables, and the owner of the
// functions that answer who is asking.
var roles = []string{"tijori_owner", "tijori_guard"}

var loginRoles = []string{RoleApp, RoleAuth, RoleBilling, RoleJobs, RoleSupport}

// schemas belong to tijori_owner.
var schemas = []string{"tijori", "auth", "river"}

// Setup makes the roles and schemas that are missing, gives the login roles
// their password ("" leaves them without one), and runs every migration. It is
// safe to run from several nodes at once.
func Setup(ctx context.Context, c Config) error {
	conn, err := pgx.ConnectConfig(ctx, c.Admin)
	if err != nil {
		return &SetupError{Problem: "cannot reach the database", Hint: "check DATABASE_URL, and that the server runs", Err: err}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := checkVersion(ctx, conn); err != nil {
		return err
	}
	if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return createRoles(ctx, tx, c) }); err != nil {
		return setupError("cannot set up roles and schemas", err)
	}
	if err := Migrate(ctx, c.Admin); err != nil {
		return err
	}
	return nil
}

func setupError(problem string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return &SetupError{Problem: problem, Hint: "the role of DATABASE_URL must have CREATEROLE, and CREATE on the database", Err: err}
	}
	return &SetupError{Problem: problem, Err: err}
}

func checkVersion(ctx context.Context, conn *pgx.Conn) error {
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return &SetupError{Problem: "cannot ask the database for its version", Err: err}
	}
	if version < 150000 {
		return &SetupError{Problem: fmt.Sprintf("the database is PostgreSQL %d", version/10000), Hint: "Tijori needs PostgreSQL 15 or newer"}
	}
	return nil
}

func createRoles(ctx context.Context, tx pgx.Tx, c Config) error {
	// One node at a time: the lock ends with the transaction.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(7310577)"); err != nil {
		return err
	}
	var database, admin string
	if err := tx.QueryRow(ctx, "select quote_ident(current_database()), quote_ident(current_user)").Scan(&database, &admin); err != nil {
		return err
	}
	for _, role := range append(roles, loginRoles...) {
		if err := createRole(ctx, tx, role, c.Password, database); err != nil {
			return fmt.Errorf("role %s: %w", role, err)
		}
	}
	statements := []string{
		"grant tijori_owner, tijori_guard to " + admin,
		// Nobody makes temporary tables, which could stand in for ours. Only the database's owner can say so; for others
		// it is a warning, and what protects is that every statement of a caller runs with our search_path.
		"revoke temporary on database " + database + " from public",
		"grant tijori_guard to tijori_owner",
	}
	for _, schema := range schemas {
		statements = append(statements, "create schema if not exists "+schema+" authorization tijori_owner")
	}
	statements = append(statements,
		"set local role tijori_owner",
		"grant usage on schema tijori, auth to tijori_app, tijori_auth, tijori_billing, tijori_jobs, tijori_support, tijori_guard",
		"grant create on schema auth to tijori_guard",
	)
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// createRole makes a role that is missing and sets what Tijori needs of it.
// Roles belong to the whole server, so an existing one is kept.
func createRole(ctx context.Context, tx pgx.Tx, role, password, database string) error {
	var exists, privileged, canLogin bool
	err := tx.QueryRow(ctx, `select count(*) > 0, coalesce(bool_or(rolsuper or rolbypassrls), false), coalesce(bool_or(rolcanlogin), false)
		from pg_roles where rolname = $1`, role).Scan(&exists, &privileged, &canLogin)
	if err != nil {
		return err
	}
	if privileged {
		return errors.New("the role exists and is superuser or BYPASSRLS; it must be neither")
	}
	login := "nologin"
	for _, r := range loginRoles {
		if r == role {
			login = "login"
		}
	}
	verb := "alter"
	if !exists {
		verb = "create"
	}
	sql := fmt.Sprintf("%s role %s %s", verb, role, login)
	if login == "login" && password != "" {
		sql += " password '" + strings.ReplaceAll(password, "'", "''") + "'"
	}
	if !exists || canLogin != (login == "login") || password != "" {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return err
		}
	}
	// pg_temp last: a temporary table can never stand in for one of ours.
	settings := []string{"search_path = tijori, pg_temp"}
	if role == RoleApp { // a request that takes longer serves nobody; exports ask for more
		settings = append(settings, "statement_timeout = '30s'")
	}
	for _, setting := range settings {
		if _, err := tx.Exec(ctx, fmt.Sprintf("alter role %s in database %s set %s", role, database, setting)); err != nil {
			return err
		}
	}
	return nil
}
