package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tijorihq/tijori/internal/postgres/migrations"
)

// versionTable is goose's list of the migrations that have run.
const versionTable = "tijori.goose_db_version"

// lockPatience is how long a migration tries to get its locks, a fifth of a second at a
// time: a statement that waits longer in one piece makes every request behind it wait too.
const lockPatience = 2 * time.Minute

// Migrate brings the schema up to this program's version, as the tables' owner. A
// schema that is newer is left alone when it says that this program may run on it, and refused otherwise.
func Migrate(ctx context.Context, c Config) error {
	steps, err := readSteps(c.migrations())
	if err != nil {
		return err
	}
	if c.upTo > 0 {
		steps = slices.DeleteFunc(steps, func(s step) bool { return s.number > c.upTo })
	}
	pool, err := adminPool(ctx, c)
	if err != nil {
		return &SetupError{Problem: "cannot connect to migrate", Err: err}
	}
	defer pool.Close()
	// One node migrates, the others wait. The lock belongs to a transaction, because a session may be a pooler's.
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(7310579)"); err != nil {
			return &SetupError{Problem: "cannot wait for a migration that is under way", Err: err}
		}
		if err := migrateSteps(ctx, c, pool, steps); err != nil {
			return err
		}
		return migrateRiver(ctx, c, pool)
	})
	return err
}

func adminPool(ctx context.Context, c Config) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	pc.ConnConfig = c.admin()
	pc.MaxConns = 3
	return pgxpool.NewWithConfig(ctx, pc)
}

// A step is one migration file.
type step struct {
	number, compatibleFrom int64
	name, sql              string
	alone                  bool // outside a transaction, as create index concurrently must be
}

var (
	compatibleLine = regexp.MustCompile(`(?m)^-- compatible from: ([0-9]+)$`)
	aloneLine      = regexp.MustCompile(`(?m)^-- no transaction$`)
)

func (c Config) migrations() fs.FS {
	if c.Migrations != nil {
		return c.Migrations
	}
	return migrations.FS
}

// readSteps reads NNNN_verb_object.sql files in order of their numbers. Each says in a line
// "-- compatible from: N" which program, named by its newest migration, is the oldest that works with the schema
// afterwards.
func readSteps(files fs.FS) ([]step, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, name := range names { // Glob sorts, and the numbers have four digits
		number, _, _ := strings.Cut(name, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || len(number) != 4 {
			return nil, fmt.Errorf("migration %s does not begin with a number of four digits", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		line := compatibleLine.FindSubmatch(text)
		if line == nil {
			return nil, fmt.Errorf("migration %s does not say which programs it is compatible with", name)
		}
		from, err := strconv.ParseInt(string(line[1]), 10, 64)
		if err != nil || from <= oldSchemaEnd || from > n {
			return nil, fmt.Errorf("migration %s is compatible from %s, which is no migration up to it", name, line[1])
		}
		steps = append(steps, step{
			number: n, compatibleFrom: from, name: name, sql: string(text),
			alone: aloneLine.Match(text),
		})
	}
	if len(steps) == 0 {
		return nil, errors.New("no migrations")
	}
	return steps, nil
}

// NewestMigration is the number of the newest embedded migration, which is also the program's schema version.
func NewestMigration() int64 {
	steps, err := readSteps(migrations.FS)
	if err != nil {
		panic(err) // they are embedded; a test reads them
	}
	return steps[len(steps)-1].number
}

// A MigrationHash is an embedded migration with the SHA-256 of its text.
type MigrationHash struct{ Name, SHA256 string }

// MigrationHashes lists the migrations that the program carries, in order.
func MigrationHashes() (list []MigrationHash, err error) {
	entries, err := migrations.FS.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := migrations.FS.ReadFile(e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		list = append(list, MigrationHash{e.Name(), hex.EncodeToString(sum[:])})
	}
	return list, nil
}

func (c Config) newest() (int64, error) {
	steps, err := readSteps(c.migrations())
	if err != nil {
		return 0, err
	}
	return steps[len(steps)-1].number, nil
}

func migrateSteps(ctx context.Context, c Config, pool *pgxpool.Pool, steps []step) error {
	if err := createVersionTable(ctx, c, pool); err != nil {
		return &SetupError{Problem: "cannot make the list of migrations", Err: err}
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	var list []*goose.Migration
	for _, s := range steps {
		list = append(list, c.migration(s))
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, nil,
		goose.WithTableName(versionTable), goose.WithGoMigrations(list...), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return &SetupError{Problem: "cannot read the schema's version", Err: err}
	}
	if newest := steps[len(steps)-1].number; current > newest {
		var from int64
		err := pool.QueryRow(ctx,
			"select coalesce(max(compatible_from), 0) from tijori.schema_compat where migration > $1", newest).Scan(&from)
		if err != nil {
			return &SetupError{Problem: "cannot read what the schema is compatible with", Err: err}
		}
		return checkCompatible(current, newest, from)
	}
	for deadline := time.Now().Add(lockPatience); ; {
		_, err := provider.UpByOne(ctx)
		var pg *pgconn.PgError
		switch {
		case err == nil:
			deadline = time.Now().Add(lockPatience)
		case errors.Is(err, goose.ErrNoNextVersion):
			return nil
		case errors.As(err, &pg) && pg.Code == "55P03" && time.Now().Before(deadline):
			if err := pause(ctx, 300*time.Millisecond); err != nil {
				return err
			}
		default:
			return &SetupError{
				Problem: "a migration failed", Hint: "the schema stands at the last one that succeeded",
				Err: unwrapPartial(err),
			}
		}
	}
}

// pause lets the requests that queued behind a lock go first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// checkCompatible refuses a schema that is newer than the program and does not
// say that the program works with it.
func checkCompatible(current, newest, compatibleFrom int64) error {
	if current <= newest || compatibleFrom > 0 && compatibleFrom <= newest {
		return nil
	}
	return &SetupError{
		Problem: fmt.Sprintf("the database is at migration %d, this program knows only %d", current, newest),
		Hint:    "run the newer tijori that migrated it; data is untouched",
	}
}

// createVersionTable makes goose's table, as goose would, but the owner's.
func createVersionTable(ctx context.Context, c Config, pool *pgxpool.Pool) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		var there bool
		if err := tx.QueryRow(ctx, "select to_regclass('"+versionTable+"') is not null").Scan(&there); err != nil ||
			there {
			return err
		}
		_, err := tx.Exec(ctx, c.ownerSQL()+c.withRoles(`
			create table tijori.goose_db_version (
				id integer generated by default as identity,
				version_id bigint not null,
				is_applied boolean not null,
				tstamp timestamp not null default now(),
				constraint goose_db_version_pkey primary key (id)
			);
			insert into tijori.goose_db_version (version_id, is_applied) values (0, true);
			grant select on tijori.goose_db_version to tijori_app`))
		return err
	})
}

// migration makes a step one that goose runs. What it is compatible with is
// written down in the same transaction or, outside one, before.
func (c Config) migration(s step) *goose.Migration {
	compat := fmt.Sprintf("; insert into tijori.schema_compat (migration, compatible_from) values (%d, %d) on conflict do nothing", s.number, s.compatibleFrom)
	up := &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, c.ownerSQL()+c.withRoles(s.sql)+compat)
		return named(s.name, err)
	}}
	if s.alone {
		up = &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
			return named(s.name, c.runAlone(ctx, db, s, compat))
		}}
	}
	return goose.NewGoMigration(s.number, up, nil)
}

// runAlone runs one statement outside a transaction, as the administrator, who may because
// the owner's rights are theirs too.
func (c Config) runAlone(ctx context.Context, db *sql.DB, s step, compat string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it changes nothing
	if _, err := tx.ExecContext(ctx, c.ownerSQL()+compat); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, c.withRoles(s.sql))
	return err
}

func named(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}

func unwrapPartial(err error) error {
	var p *goose.PartialError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// migrateRiver brings the job queue's own schema up and lets the roles that
// enqueue insert jobs (by InsertManyFastTx, which reads nothing back); only the role for jobs
// sees and works them. One version a transaction: a value added to an enum can be used only after its commit.
func migrateRiver(ctx context.Context, c Config, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: riverSchema})
	if err != nil {
		return err
	}
	for done := false; !done; {
		err := c.inOwnersTx(ctx, pool, func(tx pgx.Tx) error {
			//lint:ignore SA1019 one version a transaction is what the deprecation asks for
			result, err := m.MigrateTx(ctx, tx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{MaxSteps: 1})
			done = err == nil && len(result.Versions) == 0
			return err
		})
		if err != nil {
			return &SetupError{Problem: "the job queue's migration failed", Err: err}
		}
	}
	return c.inOwnersTx(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, c.withRoles(`
			grant usage on schema tijori_river to tijori_jobs, tijori_auth, tijori_billing;
			grant select, insert, update, delete on all tables in schema tijori_river to tijori_jobs;
			grant usage on all sequences in schema tijori_river to tijori_jobs, tijori_auth, tijori_billing;
			revoke all on all functions in schema tijori_river from public;
			grant execute on all functions in schema tijori_river to tijori_jobs, tijori_auth, tijori_billing;
			grant insert on tijori_river.river_job to tijori_auth, tijori_billing;
			grant usage on schema tijori_river to tijori_backup;
			grant select on all tables in schema tijori_river to tijori_backup;
			grant select on all sequences in schema tijori_river to tijori_backup`))
		return err
	})
}

func (c Config) inOwnersTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, c.ownerSQL()); err != nil {
			return err
		}
		return fn(tx)
	})
}

// CheckMigrations returns nil when the program may run on the schema: when it is at the program's
// migration, or at a newer one that says it is compatible. Otherwise it returns a SetupError.
func (db *DB) CheckMigrations(ctx context.Context) error { return db.checkMigrations(ctx, db.App) }

func (db *DB) checkMigrations(ctx context.Context, pool *pgxpool.Pool) error {
	var current, from int64
	err := pool.QueryRow(ctx, `
		select (select coalesce(max(version_id), 0) from tijori.goose_db_version where is_applied),
		       (select coalesce(max(compatible_from), 0) from tijori.schema_compat where migration > $1)`,
		db.newest).Scan(&current, &from)
	if err != nil {
		return err
	}
	if current < db.newest {
		return &SetupError{
			Problem: fmt.Sprintf("the database is at migration %d, this program needs %d", current, db.newest),
			Hint:    "run tijori migrate",
		}
	}
	return checkCompatible(current, db.newest, from)
}
