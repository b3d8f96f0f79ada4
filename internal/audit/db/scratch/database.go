package scratch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Connect opens a connection to a database of the server in dsn, as the user
// given or, when empty, as the DSN says.
func Connect(ctx context.Context, dsn, database, user string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("scratch server: %w", err)
	}
	if database != "" {
		config.Database = database
	}
	if user != "" {
		config.User = user
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.ConnectTimeout = 10 * time.Second
	return pgx.ConnectConfig(ctx, config)
}

// A Database is a fresh database of a scratch server. The roles that a schema
// makes belong to the whole server, so only one audit uses a server at a time.
type Database struct {
	DSN   string // of the server
	Name  string
	keep  map[string]bool // roles that were there before
	taken []string        // how the roles that were taken away come back
	admin *pgx.Conn
}

// Create makes a database and waits until no other audit uses the server.
func Create(ctx context.Context, dsn string) (*Database, error) {
	admin, err := Connect(ctx, dsn, "postgres", "")
	if err != nil {
		return nil, fmt.Errorf("connect to the scratch server: %w", err)
	}
	d := &Database{DSN: dsn, admin: admin, keep: map[string]bool{}}
	if err := d.create(ctx); err != nil {
		admin.Close(ctx)
		return nil, err
	}
	return d, nil
}

func (d *Database) create(ctx context.Context) error {
	var super bool
	err := d.admin.QueryRow(ctx, `select rolsuper from pg_roles where rolname = current_user`).Scan(&super)
	if err != nil {
		return fmt.Errorf("scratch server: %w", err)
	}
	if !super {
		return fmt.Errorf("the scratch server's user is no superuser; use a throw-away server")
	}
	if _, err := d.admin.Exec(ctx, `select pg_advisory_lock(7305201)`); err != nil {
		return fmt.Errorf("wait for the scratch server: %w", err)
	}
	rows, _ := d.admin.Query(ctx, `select rolname::text from pg_roles`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list roles: %w", err)
	}
	for _, n := range names {
		d.keep[n] = true
	}
	if err := d.disarm(ctx); err != nil {
		return err
	}
	d.Name = fmt.Sprintf("audit_%d", time.Now().UnixNano())
	if _, err := d.admin.Exec(ctx, `create database `+d.Name+` template template0`); err != nil {
		return fmt.Errorf("create a scratch database: %w", err)
	}
	return nil
}

// disarm takes away the roles that reach files and programs of the server.
// Before PostgreSQL 16 whoever may make roles, as a schema's owner has to, may
// also make himself a member of these, in a DO block as well.
func (d *Database) disarm(ctx context.Context) error {
	rows, _ := d.admin.Query(ctx, `delete from pg_authid
where rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files')
  and current_setting('server_version_num')::int < 160000
returning format('insert into pg_authid (oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb,
  rolcanlogin, rolreplication, rolbypassrls, rolconnlimit) values (%s, %L, %L, %L, %L, %L, %L, %L, %L, %s)',
  oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
  rolconnlimit)`)
	var err error
	if d.taken, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return fmt.Errorf("take the roles away that reach files of the server: %w", err)
	}
	return nil
}

// Connect opens a connection to the database.
func (d *Database) Connect(ctx context.Context, user string) (*pgx.Conn, error) {
	return Connect(ctx, d.DSN, d.Name, user)
}

// Quote writes an identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Copy makes another database with the same contents, for work that commits.
func (d *Database) Copy(ctx context.Context, suffix string) (string, error) {
	name := d.Name + suffix
	if _, err := d.admin.Exec(ctx, `drop database if exists `+name+` with (force)`); err != nil {
		return "", err
	}
	_, err := d.admin.Exec(ctx, `create database `+name+` template `+d.Name)
	return name, err
}

// DropCopy removes what Copy made.
func (d *Database) DropCopy(ctx context.Context, name string) {
	_, _ = d.admin.Exec(ctx, `drop database if exists `+name+` with (force)`)
}

// Drop removes the database and the roles that its schema made.
func (d *Database) Drop() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	defer d.admin.Close(ctx)
	_, _ = d.admin.Exec(ctx, `drop database if exists `+d.Name+` with (force)`)
	rows, _ := d.admin.Query(ctx, `select rolname::text from pg_roles`)
	names, _ := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, n := range names {
		if !d.keep[n] {
			_, _ = d.admin.Exec(ctx, `drop owned by `+Quote(n)+` cascade`)
		}
	}
	for _, n := range names {
		if !d.keep[n] {
			_, _ = d.admin.Exec(ctx, `drop role if exists `+Quote(n))
		}
	}
	for _, sql := range d.taken {
		_, _ = d.admin.Exec(ctx, sql)
	}
}

// Before are the roles that were there before the schema.
func (d *Database) Before() map[string]bool {
	out := map[string]bool{}
	for n := range d.keep {
		out[n] = true
	}
	return out
}
