package postgres_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A line leads over TCP to a database's socket, and can be cut.
type line struct {
	net.Listener
	to   string
	hole atomic.Bool // nothing passes
	mu   sync.Mutex
	ends []*net.TCPConn // at the program
}

// throughLine opens a test's database through a line. The pools hold what the line has at the time.
func throughLine(t *testing.T, db *pgtest.DB) (*postgres.DB, *line) {
	t.Helper()
	l, config := lineTo(t, db)
	through, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(through.Close)
	t.Cleanup(func() { l.cut(true) }) // a farewell that does not arrive takes its time
	return through, l
}

func lineTo(t *testing.T, db *pgtest.DB) (*line, postgres.Config) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := db.Config
	config.Admin, config.Server = config.Admin.Copy(), nil // no pooler stands between, where the tests have one
	l := &line{Listener: listener, to: config.Admin.Host + "/.s.PGSQL.5432"}
	addr := listener.Addr().(*net.TCPAddr)
	config.Admin.Host, config.Admin.Port, config.Admin.Fallbacks = "127.0.0.1", uint16(addr.Port), nil
	config.Admin.DialFunc = (&net.Dialer{}).DialContext
	config.Admin.LookupFunc = net.DefaultResolver.LookupHost
	go l.serve()
	t.Cleanup(func() { listener.Close() })
	return l, config
}

func (l *line) serve() {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", l.to)
		if err != nil {
			c.Close()
			continue
		}
		l.mu.Lock()
		l.ends = append(l.ends, c.(*net.TCPConn))
		l.mu.Unlock()
		pass := func(to, from net.Conn) {
			defer to.Close()
			buffer := make([]byte, 1<<15)
			for {
				n, err := from.Read(buffer)
				if err != nil {
					return
				}
				if l.hole.Load() {
					continue
				}
				if _, err := to.Write(buffer[:n]); err != nil {
					return
				}
			}
		}
		go pass(server, c)
		go pass(c, server)
	}
}

// cut ends every connection: with a reset, or in good order.
func (l *line) cut(reset bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.ends {
		if reset {
			_ = c.SetLinger(0)
		}
		c.Close()
	}
	l.ends = nil
}

// askers are the ways to ask the database, each with a statement that is running when the line is cut.
func askers(db *postgres.DB, c postgres.Caller, key [32]byte) map[string]func(ctx context.Context, sql string) error {
	in := func(begin func(context.Context, func(pgx.Tx) error) error) func(context.Context, string) error {
		return func(ctx context.Context, sql string) error {
			return begin(ctx, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, sql, pgx.QueryExecModeExec); return err })
		}
	}
	return map[string]func(context.Context, string) error{
		"As": func(ctx context.Context, sql string) error {
			return db.As(ctx, c, func(tx *postgres.Tx) error { _, err := tx.Exec(ctx, sql); return err })
		},
		"Read": func(ctx context.Context, sql string) error {
			_, err := db.Read(ctx, c, func(_ postgres.Scope, b *pgx.Batch) { b.Queue(sql) })
			return err
		},
		"WriteAtOnce": func(ctx context.Context, sql string) error {
			_, known, err := db.WriteAtOnce(ctx, c, func(_ postgres.Scope, b *pgx.Batch) { b.Queue(sql) })
			if !known {
				return errors.New("the scope is not known")
			}
			return err
		},
		"ReadKey": func(ctx context.Context, sql string) error {
			return db.ReadKey(ctx, key, func(b *pgx.Batch) { b.Queue(sql) })
		},
		"AsAuth": in(db.AsAuth),
		"AsBilling": in(func(ctx context.Context, fn func(pgx.Tx) error) error {
			return db.AsBilling(ctx, postgres.Work{}, fn)
		}),
		"AsSupport": in(db.AsSupport),
	}
}

// What cannot be known, because the connection broke or took too long, is Unavailable: the same may be asked again.
func TestInterruptedIsUnavailable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	key := sha256.Sum256([]byte(t.Name()))
	if _, err := db.Super.Exec(t.Context(), `
		insert into credentials (hash, id, kind, user_id, account_id, expires_at, name, scopes)
		values ($1, gen_random_uuid(), 'api_key', $2, $3, now() + interval '1 day', 'a program', '{credits:read}')`,
		key[:], u.UserID, u.AccountID); err != nil {
		t.Fatal(err)
	}
	through, l := throughLine(t, db)
	const long = "select pg_sleep(20) /* %s */"
	const running = " from pg_stat_activity where query = $1 and wait_event = 'PgSleep'" // not while it is prepared
	// once does something as soon as a statement runs.
	once := func(sql string, do func()) {
		for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
			var n int
			if err := db.Super.QueryRow(t.Context(), "select count(*)"+running, sql).Scan(&n); err != nil || n > 0 {
				break
			}
		}
		do()
	}
	super := func(do string) func(sql string) {
		return func(sql string) {
			once(sql, func() {
				if _, err := db.Super.Exec(t.Context(), "select "+do+"(pid)"+running, sql); err != nil {
					t.Error(err)
				}
			})
		}
	}
	for name, c := range map[string]struct {
		interrupt func(sql string)
		sql       string
		limit     time.Duration
	}{
		"reset":              {func(sql string) { once(sql, func() { l.cut(true) }) }, long, 0},
		"closed":             {func(sql string) { once(sql, func() { l.cut(false) }) }, long, 0},
		"session terminated": {super("pg_terminate_backend"), long, 0},
		"statement canceled": {super("pg_cancel_backend"), long, 0},
		"time is up":         {nil, long, 300 * time.Millisecond},
		"nothing passes":     {func(string) { l.hole.Store(true) }, long, 500 * time.Millisecond},
		"connection lost":    {nil, "do $$ begin raise sqlstate '08006'; end $$ /* %s */", 0},
		"no memory":          {nil, "do $$ begin raise sqlstate '53200'; end $$ /* %s */", 0},
		"recovering":         {nil, "do $$ begin raise sqlstate '57P03'; end $$ /* %s */", 0},
	} {
		for way, ask := range askers(through, u.Caller, key) {
			for _, p := range []*pgxpool.Pool{through.App, through.Auth, through.Billing, through.Support} {
				p.Reset() // those that were cut
			}
			if err := readNothing(through, u); err != nil { // for the scope
				t.Fatal(err)
			}
			about := name + ", " + way
			sql := fmt.Sprintf(c.sql, about)
			ctx, cancel := context.WithTimeout(t.Context(), cmp.Or(c.limit, time.Minute))
			var done sync.WaitGroup
			if c.interrupt != nil {
				done.Go(func() { c.interrupt(sql) })
			}
			err := ask(ctx, sql)
			cancel()
			done.Wait()
			if l.hole.Swap(false) {
				l.cut(true)
			}
			if !fault.Is(err, fault.Unavailable) || !postgres.Interrupted(err) {
				t.Errorf("%s: %v, want a fault of kind Unavailable", about, err)
			}
		}
	}
}

// The limits of the server itself are Unavailable too.
func TestTimeLimitsAreUnavailable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	lock, err := db.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Rollback(context.Background()) }) // a second time changes nothing
	if _, err := lock.Exec(t.Context(), "lock table parties"); err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"statement_timeout": "57014", "lock_timeout": "55P03"} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			if _, err := tx.Exec(t.Context(), "select set_config($1, '200ms', true)", setting); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), "select from parties")
			return err
		})
		if !fault.Is(err, fault.Unavailable) || !errorHas(err, want) {
			t.Errorf("%s: %v, want %s as a fault of kind Unavailable", setting, err, want)
		}
	}
}

func readNothing(db *postgres.DB, u *pgtest.User) error {
	_, err := db.Read(context.Background(), u.Caller, func(postgres.Scope, *pgx.Batch) {})
	return err
}

func errorHas(err error, state string) bool {
	var s interface{ SQLState() string }
	return errors.As(err, &s) && s.SQLState() == state
}

// What the server says when it refuses a connection is not what it says of a visitor.
func TestRefusedConnectionIsUnavailable(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	through, l := throughLine(t, db)
	full := "alter database " + db.Config.Admin.Database + " with connection limit 0" // 53300
	if _, err := db.Super.Exec(t.Context(), full); err != nil {
		t.Fatal(err)
	}
	l.cut(true)
	for range 3 {
		if err := readNothing(through, u); !fault.Is(err, fault.Unavailable) {
			t.Errorf("no connection left: %v, want Unavailable", err)
		}
	}
	l.Close()
	if err := readNothing(through, u); !fault.Is(err, fault.Unavailable) {
		t.Errorf("nobody listens: %v, want Unavailable", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.As(ctx, u.Caller, func(*postgres.Tx) error { return nil })
	if !errors.Is(err, context.Canceled) || fault.Of(err) != nil {
		t.Errorf("who has gone: %v, want context.Canceled and no fault", err)
	}
}
