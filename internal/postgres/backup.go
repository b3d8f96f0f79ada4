package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Facts are what a back-up says of the database that it is of.
type Facts struct {
	Server     int     // PostgreSQL's version, as in 150018
	Schema     int64   // the newest migration that has run
	Migrations []int64 // all that have
	Mode       Mode    // "" before the first start
	Accounts   map[string]string
}

// A Rows is a table of ours, and its columns that are not made by the database itself.
type Rows struct {
	Schema, Table string
	Columns       []string
}

// Name is the table's name with its schema.
func (r Rows) Name() string { return r.Schema + "." + r.Table }

// columns is the list of columns in SQL.
func (r Rows) columns() string {
	quoted := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		quoted[i] = pgx.Identifier{c}.Sanitize()
	}
	return strings.Join(quoted, ", ")
}

func (r Rows) quoted() string { return pgx.Identifier{r.Schema, r.Table}.Sanitize() }

// CopyOut is the statement that reads the table.
func (r Rows) CopyOut() string {
	return "copy (select " + r.columns() + " from " + r.quoted() + ") to stdout"
}

// CopyIn is the statement that fills it.
func (r Rows) CopyIn() string { return "copy " + r.quoted() + " (" + r.columns() + ") from stdin" }

// ourTables is a condition on pg_class c and pg_namespace n: every table of ours with rows that must not be lost. What
// the migrations write about themselves they write again; who runs the queue is known again within a minute.
const ourTables = `c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
	and (n.nspname = 'tijori' and c.relname not in ('goose_db_version', 'schema_compat')
	  or n.nspname = 'tijori_river' and c.relname in ('river_job', 'river_queue'))`

// listRows lists our tables. A transaction's number means nothing in another cluster: a column of them gets its
// default.
func listRows(ctx context.Context, tx pgx.Tx) ([]Rows, error) {
	rows, err := tx.Query(ctx, `
		select n.nspname::text, c.relname::text, array(
			select a.attname::text from pg_catalog.pg_attribute a
			 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
			   and a.atttypid <> 'pg_catalog.xid8'::pg_catalog.regtype
			 order by a.attnum)
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		 where `+ourTables+` order by 1, 2`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Rows])
}

// ErrBusy is why ReadAll does not begin: another back-up is being made.
var ErrBusy = errors.New("another back-up of the database is being made")

// backupLock is held while a database is read for a back-up.
const backupLock = 7310581

// ReadAll runs fn in one read-only snapshot of the database, as the role that reads everything. A migration that
// would change a table waits until it has ended.
func (c Config) ReadAll(ctx context.Context, fn func(pgx.Tx, Facts, []Rows) error) error {
	conn, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return &SetupError{
			Problem: "cannot reach the database",
			Hint:    "check DATABASE_URL or TIJORI_ADMIN_URL, and that the server runs", Err: err,
		}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := c.findPrefix(ctx, conn); err != nil {
		return err
	}
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			if err := c.lockAll(ctx, conn, tx); err != nil {
				return err
			}
			facts, err := c.readFacts(ctx, tx)
			if err != nil {
				return fmt.Errorf("read what the database is: %w", err)
			}
			if err := c.checkReadable(ctx, tx); err != nil {
				return err
			}
			tables, err := listRows(ctx, tx)
			if err != nil {
				return err
			}
			return fn(tx, facts, tables)
		})
}

// lockAll becomes the role of back-ups, and locks every table before the snapshot is taken, so that the snapshot and
// the tables' shapes are of one moment.
func (c Config) lockAll(ctx context.Context, conn *pgx.Conn, tx pgx.Tx) error {
	before, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return err
	}
	defer before.Close(context.WithoutCancel(ctx))
	var tables string
	var role bool
	err = before.QueryRow(ctx, `
		select coalesce(string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ', ' order by n.nspname,
		    c.relname), ''),
		       exists (select from pg_catalog.pg_roles where rolname = $1::text)
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where `+
		ourTables, c.role(roleBackup)).Scan(&tables, &role)
	if err != nil {
		return err
	}
	if tables == "" || !role {
		return &SetupError{Problem: "the database is not set up for back-ups", Hint: "run tijori migrate"}
	}
	_, err = tx.Exec(ctx, "set local role "+c.role(roleBackup)+`;
		set local search_path = ''; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0;
		set local lock_timeout = '10s'; set local row_security = on;
		set local datestyle = iso; set local intervalstyle = postgres; set local timezone = utc;
		set local bytea_output = hex; set local extra_float_digits = 1; set local client_encoding = utf8;
		lock table `+tables+" in access share mode")
	if err != nil {
		return setupBackup(err)
	}
	var got bool
	if err := tx.QueryRow(ctx, "select pg_catalog.pg_try_advisory_xact_lock($1::bigint)",
		int64(backupLock)).Scan(&got); err != nil {
		return err
	}
	if !got {
		return ErrBusy
	}
	return nil
}

func setupBackup(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == "42501" {
		return &SetupError{
			Problem: "this role may not read for a back-up",
			Hint:    "use the role that set the database up, or one that is a member of tijori_backup", Err: err,
		}
	}
	return err
}

func (c Config) readFacts(ctx context.Context, tx pgx.Tx) (f Facts, err error) {
	err = tx.QueryRow(ctx, `
		select pg_catalog.current_setting('server_version_num')::int,
		       pg_catalog.array_agg(version_id order by version_id) from tijori.goose_db_version where is_applied and version_id > 0`).Scan(&f.Server, &f.Migrations)
	if err != nil {
		return f, err
	}
	f.Schema, f.Accounts = slices.Max(f.Migrations), map[string]string{}
	rows, err := tx.Query(ctx,
		"select connection_id, coalesce(mode, ''), coalesce(provider_account, '') from tijori.connections order by connection_id")
	if err != nil {
		return f, err
	}
	var connection, mode, account string
	_, err = pgx.ForEachRow(rows, []any{&connection, &mode, &account}, func() error {
		if mode != "" {
			f.Mode, f.Accounts[connection] = Mode(mode), account
		}
		return nil
	})
	return f, err
}

// checkReadable refuses a table whose policies would hide rows: a back-up that lacks some is worse than none.
func (c Config) checkReadable(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		select n.nspname || '.' || c.relname
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		 where `+ourTables+` and (
			not pg_catalog.has_table_privilege(c.oid, 'select')
			or c.relrowsecurity and (
				not exists (
					select from pg_catalog.pg_policy p where p.polrelid = c.oid and p.polpermissive
					    and p.polcmd in ('r', '*')
					   and (select r.oid from pg_catalog.pg_roles r where r.rolname = current_user) = any (p.polroles)
					   and pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true')
				or exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid and not p.polpermissive)))
		union all
		select n.nspname || '.' || c.relname
		  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		 where n.nspname in ('tijori', 'tijori_river') and case when c.relkind = 'S' then not pg_catalog.has_sequence_privilege(c.oid, 'select') else false end`)
	if err != nil {
		return err
	}
	hidden, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(hidden) > 0 {
		return &SetupError{
			Problem: "the back-up's role does not see every row of " + strings.Join(hidden, ", "),
			Hint:    "a new table is given to tijori_access.protect, others are granted to tijori_backup; run tijori migrate",
		}
	}
	return nil
}

// A Loading fills a database that has the schema and nothing else.
type Loading struct {
	Tx     pgx.Tx
	Tables []Rows
}

// Load makes roles and schema as they were at a migration in a database that has none, lets fn fill every table, and
// brings the schema up to this program's. The passwords of login roles that exist stay as they are. An error leaves the
// database unfit for use.
func Load(ctx context.Context, c *Config, schema int64, fn func(Loading) error) error {
	then := *c
	then.upTo, then.restoring = schema, true
	if err := Setup(ctx, &then); err != nil {
		return err
	}
	c.RolePrefix = then.RolePrefix
	err := c.asOwner(ctx, func(tx pgx.Tx) error {
		undo, err := loosen(ctx, tx)
		if err != nil {
			return err
		}
		tables, err := listRows(ctx, tx)
		if err != nil {
			return err
		}
		if err := fn(Loading{tx, tables}); err != nil {
			return err
		}
		for _, sql := range undo {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return fmt.Errorf("%.200s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	now := *c
	now.restoring = true
	return Setup(ctx, &now)
}

// loosen empties every table and takes from it what rows in any order would be refused by, or would set off:
// references, triggers, and row-level security for the owner. It returns the statements that put all of it back,
// which for references means that every row is checked.
func loosen(ctx context.Context, tx pgx.Tx) (undo []string, err error) {
	rows, err := tx.Query(ctx, `
		with t as (
			select c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, c.relforcerowsecurity as forced
			  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
			 where `+ourTables+`)
		select 1, pg_catalog.format('alter table %s drop constraint %I', t.name, f.conname),
		       pg_catalog.format('alter table %s add constraint %I %s', t.name, f.conname,
		           pg_catalog.pg_get_constraintdef(f.oid))
		  from t join pg_catalog.pg_constraint f on f.conrelid = t.oid and f.contype = 'f' and f.conparentid = 0
		union all
		select 2, pg_catalog.format('alter table %s disable trigger %I', t.name, g.tgname),
		       pg_catalog.format('alter table %s enable %s trigger %I',
		           t.name, case g.tgenabled when 'A' then 'always' when 'R' then 'replica' else '' end, g.tgname)
		  from t join pg_catalog.pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal and g.tgenabled <> 'D'
		union all
		select 3, pg_catalog.format('alter table %s no force row level security', t.name),
		    pg_catalog.format('alter table %s force row level security', t.name)
		  from t where t.forced
		union all
		select 4, 'truncate ' || pg_catalog.string_agg(t.name, ', '), 'select 1' from t
		 order by 1, 2`)
	if err != nil {
		return nil, err
	}
	var now []string
	var order int
	var do, back string
	if _, err := pgx.ForEachRow(rows, []any{&order, &do, &back}, func() error {
		now, undo = append(now, do), append(undo, back)
		return nil
	}); err != nil {
		return nil, err
	}
	now = append(now, "set local statement_timeout = 0")
	for _, sql := range now {
		if _, err := tx.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%.200s: %w", sql, err)
		}
	}
	return undo, nil
}

// KnownMigrations are the numbers of the program's migrations.
func (c Config) KnownMigrations() ([]int64, error) {
	steps, err := readSteps(c.migrations())
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(steps))
	for i, s := range steps {
		out[i] = s.number
	}
	return out, nil
}

// IsSetUp reports whether the database holds an installation.
func (c Config) IsSetUp(ctx context.Context) (there bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, c.admin())
	if err != nil {
		return false, &SetupError{
			Problem: "cannot reach the database",
			Hint:    "check DATABASE_URL or TIJORI_ADMIN_URL, and that the server runs; the database must exist",
			Err:     err,
		}
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = conn.QueryRow(ctx,
		"select exists (select from pg_catalog.pg_namespace where nspname = 'tijori')").Scan(&there)
	return there, err
}

// DropSchemas removes an installation's schemas, with everything in them, from a database. Its roles stay.
func (c Config) DropSchemas(ctx context.Context) error {
	return c.asOwner(ctx, func(tx pgx.Tx) error {
		for _, schema := range slices.Concat([]string{"tijori", riverSchema}, partSchemas) {
			if _, err := tx.Exec(ctx,
				"set local lock_timeout = '10s'; drop schema if exists "+schema+" cascade"); err != nil {
				return err
			}
		}
		return nil
	})
}

// Belongs returns a SetupError when a back-up's facts are of other payments than e.
func (f Facts) Belongs(e Environment) error {
	if f.Mode == "" {
		return nil
	}
	if f.Mode != e.Mode && !e.permits(changeOf(f.Mode, e.Mode)) {
		return &SetupError{
			Problem: fmt.Sprintf("this back-up holds %s payments, and %s", f.Mode, e.Mode.keys()),
			Hint:    fmt.Sprintf("set the keys that it belongs to, or choose another; --permit %s restores it all the same", changeOf(f.Mode, e.Mode)),
		}
	}
	for _, connection := range slices.Sorted(maps.Keys(f.Accounts)) {
		theirs, ours := f.Accounts[connection], e.Accounts[connection]
		if f.Mode == e.Mode && theirs != "" && ours != "" && theirs != ours && !e.permits(OtherAccount) {
			return &SetupError{
				Problem: fmt.Sprintf("this back-up belongs to the %s account %s, and the keys are of %s",
					connection, theirs, ours),
				Hint: "use that account's keys, or choose another back-up; --permit " + OtherAccount +
					" restores it all the same",
			}
		}
	}
	return nil
}
