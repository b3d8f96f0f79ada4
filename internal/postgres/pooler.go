package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// poolerRounds is how often checkPooler sees a connection on the same server process before it believes that the
	// process is kept for it.
	poolerRounds = 10

	// poolerPatience is how long a pooler may keep the check waiting for a second server connection.
	poolerPatience = 10 * time.Second

	keepsHint = "set server_reset_query = DISCARD ALL and server_reset_query_always = 1 in PgBouncer, " +
		"or use an address in session mode or without a pooler"

	poolerHint = "use PgBouncer 1.21 or newer in transaction mode with max_prepared_statements of at least 100, " +
		"or an address in session mode or without a pooler"
)

// checkPooler finds out whether conn leads through a pooler, and returns a
// SetupError when that pooler loses prepared statements, or keeps for the next caller
// what a statement leaves on a server connection. A pooler in transaction
// mode runs each transaction on whichever server process is free, so it has to
// prepare the statements of a client there as well; and nobody but the pooler can
// reset a server connection between two clients.
//
// The server process that prepared the probe is kept busy by a second connection
// while conn runs the probe, which answers with the process it runs on: another
// one proves that statements move along. A pooler in session mode keeps one
// process for conn, and nothing can move it.
func checkPooler(ctx context.Context, conn *pgx.Conn) error {
	var process uint32
	if err := conn.QueryRow(ctx, "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&process); err != nil {
		return err
	}
	if process == conn.PgConn().PID() {
		return nil // the server itself answered
	}
	ctx, cancel := context.WithTimeout(ctx, poolerPatience)
	defer cancel()
	moves, err := probePooler(ctx, conn)
	kept := false
	if err == nil && moves {
		kept, err = keepsState(ctx, conn)
	}
	c := conn.Config()
	pooler := fmt.Sprintf("the pooler at %s:%d ", c.Host, c.Port)
	switch pg, _ := errors.AsType[*pgconn.PgError](err); {
	case kept:
		return &SetupError{
			Problem: pooler + "keeps what one caller's statement leaves for the next caller",
			Hint:    keepsHint,
		}
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &SetupError{
			Problem: pooler + "gave " + c.User + " no second server connection",
			Hint:    "let each role have at least two, and better ten: in PgBouncer that is default_pool_size",
		}
	case pg == nil:
		return err
	case pg.Code == "26000": // invalid_sql_statement_name
		return &SetupError{Problem: pooler + "loses prepared statements", Hint: poolerHint}
	}
	return &SetupError{Problem: pooler + "cannot be used", Hint: poolerHint, Err: err}
}

// keepsState reports whether a setting for the session is still there when the pooler
// uses the server connection again.
func keepsState(ctx context.Context, conn *pgx.Conn) (bool, error) {
	mark := rand.Text()
	var home, process uint32
	err := conn.QueryRow(ctx, "select pg_backend_pid() from set_config('tijori.probe', $1, false)",
		pgx.QueryExecModeExec, mark).Scan(&home)
	for err == nil {
		var found string
		err = conn.QueryRow(ctx, "select pg_backend_pid(), coalesce(current_setting('tijori.probe', true), '')",
			pgx.QueryExecModeExec).
			Scan(&process, &found)
		if err == nil && process == home {
			return found == mark, nil
		}
	}
	return false, err
}

// probePooler reports whether statements of one connection run on several server
// connections. It returns the database's error 26000 where the probe is lost.
func probePooler(ctx context.Context, conn *pgx.Conn) (moves bool, err error) {
	probe := "tijori_probe_" + rand.Text() // one that is lost stays on its server connection, so no two have one name
	var home uint32
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Prepare(ctx, probe, "select pg_backend_pid()"); err != nil {
			return err
		}
		return tx.QueryRow(ctx, probe).Scan(&home)
	})
	if err != nil {
		return false, err
	}
	other, err := pgx.ConnectConfig(ctx, conn.Config())
	if err != nil {
		return false, err
	}
	defer other.Close(context.WithoutCancel(ctx))
	process := home
	for range poolerRounds {
		err := pgx.BeginFunc(ctx, other, func(pgx.Tx) error {
			return conn.QueryRow(ctx, probe).Scan(&process)
		})
		if err != nil {
			return false, err
		}
		if process != home {
			break
		}
	}
	return process != home, conn.Deallocate(ctx, probe)
}
