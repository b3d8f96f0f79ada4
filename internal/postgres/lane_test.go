package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Whatever a role that logs in does, the database ends it: a statement, the wait for a lock, a transaction that does
// nothing.
func TestEveryLoginRoleHasTimeLimits(t *testing.T) {
	t.Parallel()
	c := pgtest.Empty(t)
	if err := postgres.Setup(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	for _, role := range postgres.LoginRoles() {
		config := c.Admin.Copy()
		config.User = c.RolePrefix + strings.TrimPrefix(role, "tijori")
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
			var value string
			var unlimited bool
			err := conn.QueryRow(t.Context(),
				fmt.Sprintf("select current_setting('%[1]s'), current_setting('%[1]s') = '0'", setting)).
				Scan(&value, &unlimited)
			if err != nil || unlimited {
				t.Errorf("%s: %s = %q (%v), want a limit", role, setting, value, err)
			}
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// Work that takes long runs on connections of its own, with more time; its limits end with its transaction.
func TestLongWorkHasItsOwnConnections(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "asha")
	limit := func(as func(func(*postgres.Tx) error) error) (text string) {
		t.Helper()
		err := as(func(tx *postgres.Tx) error {
			return tx.QueryRow(t.Context(), "select current_setting('statement_timeout')").Scan(&text)
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	short := func(fn func(*postgres.Tx) error) error { return db.As(t.Context(), u.Caller, fn) }
	long := func(fn func(*postgres.Tx) error) error { return db.AsLong(t.Context(), u.Caller, fn) }
	before := limit(short)
	if got := limit(long); got != "5min" {
		t.Errorf("long work may take %s", got)
	}
	if got := limit(short); got != before {
		t.Errorf("a request afterwards may take %s, before %s", got, before)
	}
	err := long(func(*postgres.Tx) error {
		if db.App.Stat().AcquiredConns() != 0 || db.Long.Stat().AcquiredConns() != 1 {
			t.Errorf("long work holds %d connections of requests", db.App.Stat().AcquiredConns())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Where all connections for requests are in use and none comes back, the program is not ready, and says why; busy alone
// is ready.
func TestReadinessSeesAStuckPool(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	if err := db.CheckReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range db.App.Stat().MaxConns() {
		conn, err := db.App.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
	}
	if err := db.CheckReady(t.Context()); err != nil {
		t.Errorf("busy: %v", err)
	}
	postgres.SetReturned(db.DB, time.Now().Add(-time.Minute))
	var setup *postgres.SetupError
	if err := db.CheckReady(t.Context()); !errors.As(err, &setup) || !strings.Contains(setup.Problem, "in use") {
		t.Errorf("stuck for a minute: %v", err)
	}
}

// A stranger's credential is refused by an answer, not by an error: the server logs errors with their statements, as
// many as a stranger likes.
func TestStrangersLeaveNothingInTheLog(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "asha")
	stranger := postgres.Caller{Credential: [32]byte{1, 2, 3}}
	elsewhere := postgres.Caller{Credential: u.Caller.Credential, Business: db.User(t, "binod").BusinessID}
	nothing := func(*postgres.Tx) error { t.Error("the work of a stranger was run"); return nil }
	queue := func(postgres.Scope, *pgx.Batch) { t.Error("the queries of a stranger were asked for") }
	for name, c := range map[string]postgres.Caller{"a stranger": stranger, "another's business": elsewhere} {
		for way, ask := range map[string]func() error{
			"As":     func() error { return db.As(t.Context(), c, nothing) },
			"AsLong": func() error { return db.AsLong(t.Context(), c, nothing) },
			"Read":   func() error { _, err := db.Read(t.Context(), c, queue); return err },
			"ReadKey": func() error {
				return db.ReadKey(t.Context(), c.Credential, func(*pgx.Batch) { t.Error("a stranger's key was used") })
			},
		} {
			err := ask()
			var pg *pgconn.PgError
			refused := fault.Is(err, fault.Unauthorized) || fault.Is(err, fault.NotFound)
			if !refused || !errors.As(err, &pg) || pg.Severity != "REFUSED" {
				t.Errorf("%s, %s: %v, want a refusal that the server has not raised", name, way, err)
			}
		}
	}
	if _, known, err := db.WriteAtOnce(t.Context(), stranger, queue); known || err != nil {
		t.Errorf("a stranger writes at once: %t, %v", known, err)
	}
}
