package postgres_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// oneConnection opens a test's database again with a single connection for all callers.
func oneConnection(t *testing.T, db *pgtest.DB) *postgres.DB {
	t.Helper()
	config := db.Config
	config.PoolSize = 1
	one, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(one.Close)
	return one
}

var errUndo = errors.New("undo this")

// ways are the ways in which a caller's statements reach the database, and what their end may be.
var ways = map[string]func(context.Context, *postgres.DB, postgres.Caller, []string) error{
	"As": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		return db.As(ctx, c, func(tx *postgres.Tx) error {
			for _, sql := range statements {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
			return nil
		})
	},
	"As, undone": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		err := db.As(ctx, c, func(tx *postgres.Tx) error {
			for _, sql := range statements {
				rows, err := tx.Query(ctx, sql)
				if err != nil {
					return err
				}
				for rows.Next() {
				}
				if rows.Err() != nil {
					return rows.Err()
				}
			}
			return errUndo
		})
		if errors.Is(err, errUndo) {
			return nil
		}
		return err
	},
	"As, in a batch": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		return db.As(ctx, c, func(tx *postgres.Tx) error {
			b := &pgx.Batch{}
			for _, sql := range statements {
				b.Queue(sql)
			}
			return tx.SendBatch(ctx, b).Close()
		})
	},
	"Read": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		_, err := db.Read(ctx, c, func(_ postgres.Scope, b *pgx.Batch) {
			for _, sql := range statements {
				b.Queue(sql)
			}
		})
		return err
	},
	"WriteAtOnce": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		if _, err := db.Read(ctx, c, func(postgres.Scope, *pgx.Batch) {}); err != nil {
			return err
		}
		_, known, err := db.WriteAtOnce(ctx, c, func(_ postgres.Scope, b *pgx.Batch) {
			for _, sql := range statements {
				b.Queue(sql)
			}
		})
		if !known {
			return errors.New("the statements were not sent")
		}
		return err
	},
	"ReadKey": func(ctx context.Context, db *postgres.DB, c postgres.Caller, statements []string) error {
		return db.ReadKey(ctx, c.Credential, func(b *pgx.Batch) {
			for _, sql := range statements {
				b.Queue(sql)
			}
		})
	},
}

// leavings are statements that leave something for the whole session.
var leavings = map[string][]string{
	"advisory lock":        {"select pg_advisory_lock(4711)"},
	"shared advisory lock": {"select pg_advisory_lock_shared(4712)"},
	"lock in a query in a function": {
		"select query_to_xml('select pg_advisory_lock(n) from generate_series(1, 100) n', true, true, '')",
	},
	"setting":          {"select set_config('search_path', 'public', false)"},
	"claim":            {"select set_config('tijori.business', 'x', false)"},
	"LISTEN":           {"listen gossip"},
	"cursor":           {"declare kept cursor with hold for select 1"},
	"PREPARE":          {"prepare mine as select 1"},
	"PREPARE, masked":  {"/* select /* 1 */ */ -- select\n ; prepare mine as select 1"},
	"SET":              {"set search_path = public"},
	"end of the work":  {"commit"},
	"end and lock":     {"rollback", "select pg_advisory_lock(4713)"},
	"an own statement": {"explain (analyze) select pg_advisory_lock(4714)"},
}

// What a caller's statement leaves behind for the session is gone when the next caller comes, and a lock at once.
func TestNothingStaysOnAConnection(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	one := oneConnection(t, db)
	for way, send := range ways {
		for what, statements := range leavings {
			about := way + ", " + what
			if err := send(t.Context(), one, asha.Caller, statements); err != nil {
				t.Logf("%s: %v", about, err) // some are refused in some ways; what counts is what is left
			}
			noLocks(t, db, about)
			var left []string
			err := one.As(t.Context(), binod.Caller, func(tx *postgres.Tx) error {
				if tx.Scope.UserID != binod.UserID {
					t.Errorf("%s: the next caller is %v, want %v", about, tx.Scope.UserID, binod.UserID)
				}
				rows, err := tx.Query(t.Context(), `
					select 'statement ' || name from pg_prepared_statements where from_sql
					union all select 'cursor ' || name from pg_cursors where name <> ''
					union all select 'channel ' || c from pg_listening_channels() c
					union all select name || ' = ' || setting from pg_settings
						where source = 'session' and name not like 'transaction%'`)
				if err != nil {
					return err
				}
				left, err = pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
			if err != nil {
				t.Errorf("%s: the next caller: %v", about, err)
			}
			if len(left) > 0 {
				t.Errorf("%s left %q", about, left)
			}
		}
	}
}

// noLocks waits for the moment when no session of the database holds an advisory lock, which must come by itself.
func noLocks(t *testing.T, db *pgtest.DB, about string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		var n int
		err := db.Super.QueryRow(t.Context(), `select count(*) from pg_locks
			where locktype = 'advisory'
			  and database = (select oid from pg_database where datname = current_database())`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Errorf("%s: %d advisory locks stay", about, n)
			return
		}
	}
}

// A statement that the driver has prepared is replaced by one of the caller's own under the same name: what the next
// caller sends must not run it, in whichever way it is tried.
func TestNobodyReplacesAPreparedStatement(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	one := oneConnection(t, db)
	for way, send := range ways {
		var names []string // of the claims and of the question who asks
		err := one.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
			rows, err := tx.Query(t.Context(), `select name from pg_prepared_statements
				where statement like '%set_config(''tijori.credential''%'`)
			if err != nil {
				return err
			}
			names, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err != nil || len(names) == 0 {
			t.Fatalf("the prepared claims: %q, %v", names, err)
		}
		var theirs []string
		for _, name := range names { // of callers that were seen before, and of others
			name = pgx.Identifier{name}.Sanitize()
			theirs = append(theirs, "deallocate "+name, fmt.Sprintf(`prepare %s (text, text) as
				select set_config('tijori.credential', case when $1 = $2 then $1 else '%s' end, true), $1`,
				name, hex.EncodeToString(asha.Caller.Credential[:])))
		}
		_ = send(t.Context(), one, asha.Caller, theirs)
		var scope postgres.Scope
		err = one.As(t.Context(), postgres.Caller{Credential: binod.Caller.Credential}, func(tx *postgres.Tx) error {
			scope = tx.Scope
			return nil
		})
		if err != nil || scope.UserID != binod.UserID {
			t.Errorf("%s: Binod is %+v (%v), want %v; Asha is %v", way, scope, err, binod.UserID, asha.UserID)
		}
	}
}
