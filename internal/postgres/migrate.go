package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/tijorihq/tijori/internal/postgres/migrations"
)

// Migrate brings the schema up to this program's version, as tijori_owner, and
// refuses a schema that is newer than the program.
func Migrate(ctx context.Context, admin *pgx.ConnConfig) error {
	pool, err := ownerPool(ctx, admin)
	if err != nil {
		return &SetupError{Problem: "cannot connect to migrate", Err: err}
	}
	defer pool.Close()
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	current, err := provider.GetDBVersion(ctx)
	if err != nil {
		return &SetupError{Problem: "cannot read the schema's version", Err: err}
	}
	if newest := NewestMigration(); current > newest {
		return &SetupError{
			Problem: fmt.Sprintf("the database is at migration %d, this program knows only %d", current, newest),
			Hint:    "run the newer tijori that migrated it; data is untouched",
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return &SetupError{Problem: "a migration failed", Hint: "the schema stands at the last one that succeeded", Err: unwrapPartial(err)}
	}
	if _, err := pool.Exec(ctx, "grant select on tijori.goose_db_version to tijori_app"); err != nil {
		return err
	}
	return migrateRiver(ctx, pool)
}

func unwrapPartial(err error) error {
	var p *goose.PartialError
	if errors.As(err, &p) {
		return fmt.Errorf("%s: %w", p.Failed.Source.Path, p.Err)
	}
	return err
}

// NewestMigration is the number of the newest embedded migration.
func NewestMigration() int64 {
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(files) == 0 {
		panic("no embedded migrations")
	}
	var newest int64
	for _, f := range files {
		number, _, _ := strings.Cut(f, "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			panic("migration without a number: " + f)
		}
		newest = max(newest, n)
	}
	return newest
}

func ownerPool(ctx context.Context, admin *pgx.ConnConfig) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	pc.ConnConfig = admin.Copy()
	pc.MaxConns = 2
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "set role tijori_owner; set search_path = tijori; set lock_timeout = '5s'")
		return err
	}
	return pgxpool.NewWithConfig(ctx, pc)
}

// migrateRiver brings the job queue's own schema up and lets the roles that
// enqueue insert jobs (by InsertManyFastTx, which reads nothing back); only tijori_jobs
// sees and works them.
func migrateRiver(ctx context.Context, pool *pgxpool.Pool) error {
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: "river"})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return &SetupError{Problem: "the job queue's migration failed", Err: err}
	}
	_, err = pool.Exec(ctx, `
		grant usage on schema river to tijori_jobs, tijori_auth, tijori_billing;
		grant select, insert, update, delete on all tables in schema river to tijori_jobs;
		grant usage on all sequences in schema river to tijori_jobs, tijori_auth, tijori_billing;
		grant execute on all functions in schema river to tijori_jobs, tijori_auth, tijori_billing;
		grant insert on river.river_job to tijori_auth, tijori_billing`)
	return err
}

// MigrationsCurrent reports whether the schema is at this program's version.
func (db *DB) MigrationsCurrent(ctx context.Context) (bool, error) {
	var current int64
	err := db.App.QueryRow(ctx, "select coalesce(max(version_id), 0) from tijori.goose_db_version where is_applied").Scan(&current)
	return current == NewestMigration(), err
}
