// Package bench measures the running product: the real server as a process of
// its own on a private PostgreSQL with two thousand businesses and a million
// entries, over real HTTP on loopback, and beside it pgbench with the very
// statements that the server sent, on the same database in the same run.
//
// Only ratios within one run say something: machines are noisy by a factor of two.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A Config says what to measure. Dir and Server are required.
type Config struct {
	Dir    string   // state directory; the benchmark's own is bench below it
	Server []string // argv of the server to measure, such as {"/usr/bin/tijori", "serve"}

	// Businesses, each with Parties and Entries. 0 means 2,000 with 100 and 500.
	Businesses, Parties, Entries int

	Clients  []int         // numbers of clients at once; nil means 1, 8 and 32
	Round    time.Duration // how long each is measured at a time; 0 means 3 s
	Rounds   int           // how often, HTTP and pgbench by turns; 0 means 3
	Turns    string        // a file whose lock is held while something is measured, so that two programs take turns
	BinDirs  []string      // of PostgreSQL; nil searches as embedded does
	Out      io.Writer     // the table and the figures
	Progress io.Writer     // what is under way; nil for silence
}

func (c Config) withDefaults() Config {
	if c.Businesses == 0 {
		c.Businesses, c.Parties, c.Entries = 2000, 100, 500
	}
	if c.Clients == nil {
		c.Clients = []int{1, 8, 32}
	}
	if c.Round == 0 {
		c.Round = 3 * time.Second
	}
	if c.Rounds == 0 {
		c.Rounds = 3
	}
	if c.Progress == nil {
		c.Progress = io.Discard
	}
	return c
}

// compared is the number of clients at which HTTP and pgbench are held against each other.
const compared = 8

// A run is one benchmark under way.
type run struct {
	Config
	pg      *embedded.Server
	log     *statementLog
	super   *pgxpool.Pool
	server  *child
	pgbench string
	large   []largeShop // seeded beside the businesses, numbered after them
	scratch string
}

// Run measures and prints a table, then lines "figure NAME VALUE UNIT". The
// seeded database stays below Dir for the next run. It refuses to start without
// pgbench, with a hint.
func Run(ctx context.Context, c Config) (err error) {
	r := &run{Config: c.withDefaults(), log: &statementLog{}}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seed(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	if r.server, err = startServer(ctx, r.Server, r.pg.DSN(databaseName, "postgres"), r.scratch); err != nil {
		return err
	}
	var report report
	report.machine = r.machine(ctx)
	if err := r.measureRequests(ctx, &report); err != nil {
		return err
	}
	if err := r.measurePolicies(ctx, &report); err != nil {
		return err
	}
	if report.peak, report.resident, err = r.server.memory(); err != nil {
		return err
	}
	if err := r.tidy(ctx); err != nil {
		return err
	}
	return report.write(c.Out)
}

func (r *run) say(format string, args ...any) { fmt.Fprintf(r.Progress, format+"\n", args...) }

// open starts the benchmark's PostgreSQL, with the settings of a server that must
// not lose anything, and finds pgbench.
func (r *run) open(ctx context.Context) (err error) {
	dir := filepath.Join(r.Dir, "bench")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if r.pg, err = embedded.Start(ctx, embedded.Config{
		Dir: filepath.Join(dir, "postgres"), Users: append(postgres.LoginRoles(), comparisonRoles...),
		BinDirs: r.BinDirs, Log: r.log, SharedBuffers: "512MB", MaxConnections: 150,
		ExtraSettings: map[string]string{
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
			"log_line_prefix": "@%u ", "max_wal_size": "4GB",
		},
	}); err != nil {
		return err
	}
	r.pgbench = filepath.Join(r.pg.BinDir(), "pgbench")
	if _, err := os.Stat(r.pgbench); err != nil {
		return &postgres.SetupError{
			Problem: "pgbench is not beside the PostgreSQL server in " + r.pg.BinDir(),
			Hint:    "install postgresql-contrib, which has it",
		}
	}
	if r.scratch, err = os.MkdirTemp("", "tijori-bench"); err != nil {
		return err
	}
	return nil
}

func (r *run) close() (err error) {
	if r.server != nil {
		err = r.server.stop()
	}
	if r.super != nil {
		r.super.Close()
	}
	if r.pg != nil {
		err = errors.Join(err, r.pg.Stop())
	}
	if r.scratch != "" {
		err = errors.Join(err, os.RemoveAll(r.scratch))
	}
	return err
}

// machine says in one line what the figures were measured on.
func (r *run) machine(ctx context.Context) string {
	var version string
	if err := r.super.QueryRow(ctx, "select current_setting('server_version')").Scan(&version); err != nil {
		version = "unknown"
	}
	return fmt.Sprintf("%s, %d cores of %s, PostgreSQL %s (fsync on), %s; load, server and database on the same machine",
		time.Now().Format(time.DateOnly), runtime.NumCPU(), cpuName(), version, runtime.Version())
}

func cpuName() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// tidy takes out what the benchmark wrote, so that the next run meets the same data.
func (r *run) tidy(ctx context.Context) error {
	for _, sql := range []string{
		"delete from tijori.entries where created_at > date '2026-01-01'",
		"vacuum (analyze) tijori.entries",
		"vacuum (analyze) tijori.party_sums",
	} {
		if _, err := r.super.Exec(ctx, sql, pgx.QueryExecModeExec); err != nil {
			return fmt.Errorf("take the benchmark's entries out: %w", err)
		}
	}
	return nil
}
