// Package postgres opens the database with one pool per login role, runs a
// caller's work in a transaction that the database itself ties to the caller's
// credential, and turns database errors into faults.
package postgres

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/freeze"
)

// DB holds a pool for each login role.
type DB struct {
	App, Auth, Billing, Jobs, Support *pgxpool.Pool

	// Inbox is the billing role's too, for storing webhooks alone: work that waits for a
	// provider never keeps a webhook waiting for a connection.
	Inbox *pgxpool.Pool

	Long   *pgxpool.Pool // the app role's too, for work that takes minutes
	Links  *pgxpool.Pool // the sign-in role's too, for what a link opens to anybody: nobody signs in more slowly for it
	Health *pgxpool.Pool // the app role's too, for readiness alone

	Log, Watch *pgxpool.Pool // the access log: written by one role, read by another

	pools       []tracedPool
	hints, keys hints // callers with a scope, and API keys, that were seen
	short, long lane  // over App and Long
	newest      int64 // the program's own migration
}

type tracedPool struct {
	name   string
	pool   *pgxpool.Pool
	tracer *tracer
}

// A Config says how to reach the database.
type Config struct {
	Admin      *pgx.ConnConfig // the role that sets up: may create roles and schemas; leads straight to the server
	Server     *pgx.ConnConfig // where the login roles connect, possibly through a pooler; nil: where Admin does
	Private    bool            // the server is ours alone: what it leaves open to every role is closed
	Password   string          // password of the login roles; "" where the server trusts the socket
	RolePrefix string          // what the names of roles begin with; Setup finds it, and "" means tijori
	Migrations fs.FS           // instead of the program's own: for tests of upgrades
	PoolSize   int             // connections of the app pool; the others are smaller. 0 means 8

	upTo      int64 // the migration to stop at; 0: the newest
	restoring bool  // a restore: passwords of roles that exist stay, and roles may be another database's too
}

// Open opens the pools; it does not set up or migrate. A pooler that loses
// prepared statements is refused with a SetupError.
func Open(ctx context.Context, c Config) (_ *DB, err error) {
	newest, err := c.newest()
	if err != nil {
		return nil, err
	}
	db := &DB{newest: newest}
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	for _, p := range db.plan(c.PoolSize) {
		heard := &tracer{pool: p.name}
		if *p.pool, err = openPool(ctx, c, p.role, p.size, heard); err != nil {
			return nil, fmt.Errorf("connect as %s: %w", c.role(p.role), err)
		}
		db.pools = append(db.pools, tracedPool{p.name, *p.pool, heard})
	}
	// of 8: two accounts that wait for themselves leave some for others
	db.short.pool, db.short.seats.most = db.App, max(3, cmp.Or(c.PoolSize, defaultPoolSize)*3/8)
	db.long.pool, db.long.seats.most, db.long.limitsSQL = db.Long, 2, longSQL
	db.short.returned.Store(time.Now().UnixNano())
	return db, nil
}

const defaultPoolSize = 8

type plannedPool struct {
	pool **pgxpool.Pool
	name string // in metrics
	role string
	size int
}

// plan says how many connections each pool has at most.
func (db *DB) plan(size int) []plannedPool {
	size = cmp.Or(size, defaultPoolSize)
	return []plannedPool{
		{&db.App, "requests", RoleApp, size},
		{&db.Auth, "sign-in", RoleAuth, max(2, size/2)},
		{&db.Billing, "billing", RoleBilling, max(8, size/2)},
		{&db.Inbox, "inbox", RoleBilling, 4},
		{&db.Jobs, "jobs", RoleJobs, 6},
		{&db.Support, "support", RoleSupport, 2},
		{&db.Long, "long", RoleApp, max(4, size*3/4)},
		{&db.Links, "links", RoleAuth, 2},
		{&db.Health, "health", RoleApp, 1},
		{&db.Log, "access-log", RoleLog, 2},
		{&db.Watch, "watch", RoleWatch, 3},
	}
}

// Connections is how many a node takes at most, by its pool size; 0 means the default.
func Connections(poolSize int) (n int) {
	for _, p := range (&DB{}).plan(poolSize) {
		n += p.size
	}
	return n
}

func openPool(ctx context.Context, c Config, role string, size int, heard *tracer) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	pc.ConnConfig = c.server().Copy()
	pc.ConnConfig.User = c.role(role)
	pc.ConnConfig.Password = c.Password
	pc.ConnConfig.Tracer = heard
	pc.MaxConns = int32(size)
	pc.MaxConnIdleTime = 5 * time.Minute
	reachSoon(pc.ConnConfig)
	// A server that was restarted has closed the connections that lay idle. Nobody is refused for that: they are thrown
	// away before anything is sent.
	pc.PrepareConn = func(_ context.Context, conn *pgx.Conn) (bool, error) { return !spoken(conn.PgConn().Conn()), nil }
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	err = pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return checkPooler(ctx, c.Conn()) })
	if err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func (c Config) server() *pgx.ConnConfig {
	if c.Server != nil {
		return c.Server
	}
	return c.Admin
}

// closeLimit is how long Close waits. A server that does not answer costs the driver some seconds for each connection.
const closeLimit = 5 * time.Second

// Close closes every pool and waits for their connections to come back, but not for long: who stops the program
// does not wait for a server that has gone.
func (db *DB) Close() {
	var closing sync.WaitGroup
	for _, p := range []*pgxpool.Pool{
		db.App, db.Auth, db.Billing, db.Inbox, db.Jobs, db.Support, db.Long, db.Links, db.Health,
		db.Log, db.Watch,
	} {
		if p != nil {
			closing.Go(p.Close)
		}
	}
	closed := make(chan struct{})
	go func() {
		closing.Wait()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeLimit):
	}
}

// AsAuth runs fn in a transaction of the sign-in role.
func (db *DB) AsAuth(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginFunc(ctx, db.Auth, fn))
}

// AsLink runs fn in a transaction of the sign-in role that knows no user, for what a link opens to anybody.
func (db *DB) AsLink(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginTxFunc(ctx, db.Links, pgx.TxOptions{AccessMode: pgx.ReadOnly}, fn))
}

// A Work says whose billing a transaction is about: the customers of one app, and
// what the app's connections to providers said. Policies let it reach nothing else.
type Work struct {
	App         string
	Connections []string

	// Value, where it is set, says what a value of a statement stands for in this work. Billing names a provider, and
	// means the app's connection to it.
	Value func(any) any
}

// AsBilling runs fn in a transaction of the billing role that works for w.
func (db *DB) AsBilling(ctx context.Context, w Work, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginTxFunc(ctx, db.Billing, pgx.TxOptions{BeginQuery: w.beginSQL()}, func(tx pgx.Tx) error {
		if w.Value != nil {
			tx = valuedTx{tx, w.Value}
		}
		return fn(tx)
	}))
}

// InboxAtOnce runs an insertion that works for w, and whatever queue adds to it, in one transaction and one round trip,
// on the connections that store webhooks. The insertion reads its row from work, which has one: only then the
// transaction works for w, and policies are asked about a row after it was read. Nothing waits longer than wait for a
// lock.
func (db *DB) InboxAtOnce(
	ctx context.Context, w Work, wait time.Duration, insert string, args []any, queue func(*pgx.Batch),
) error {
	n := len(args)
	insert = fmt.Sprintf(`
		with work as materialized (
			select set_config('tijori.app', $%d, true), set_config('tijori.connections', $%d, true),
			       set_config('lock_timeout', $%d, true))`, n+1, n+2, n+3) + insert
	args = append(w.values(args), w.App, w.connections(), strconv.FormatInt(wait.Milliseconds(), 10)+"ms")
	if queue == nil {
		_, err := db.Inbox.Exec(ctx, insert, args...)
		return translate(err)
	}
	b := &pgx.Batch{}
	b.Queue(insert, args...)
	queue(b)
	for _, q := range b.QueuedQueries[1:] {
		q.Arguments = w.values(q.Arguments)
	}
	return translate(db.Inbox.SendBatch(ctx, b).Close())
}

// beginSQL begins a transaction with the settings that the policies of the billing role ask for.
func (w Work) beginSQL() string {
	return "begin; set local tijori.app = " + quote(w.App) + "; set local tijori.connections = " +
		quote(w.connections())
}

// values are what the values of a statement stand for.
func (w Work) values(args []any) []any {
	out := slices.Clone(args)
	for i := range out {
		if w.Value != nil {
			out[i] = w.Value(out[i])
		}
	}
	return out
}

// valuedTx is a transaction whose statements' values are looked at first.
type valuedTx struct {
	pgx.Tx
	value func(any) any
}

func (t valuedTx) values(args []any) []any { return Work{Value: t.value}.values(args) }

func (t valuedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.Tx.Exec(ctx, sql, t.values(args)...)
}

func (t valuedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.Tx.Query(ctx, sql, t.values(args)...)
}

func (t valuedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.Tx.QueryRow(ctx, sql, t.values(args)...)
}

func (t valuedTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	for _, q := range b.QueuedQueries {
		q.Arguments = t.values(q.Arguments)
	}
	return t.Tx.SendBatch(ctx, b)
}

func (w Work) connections() string { return strings.Join(w.Connections, ",") }

// quote makes a string literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// AsSupport runs fn in a read-only transaction of the support role.
func (db *DB) AsSupport(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginTxFunc(ctx, db.Support, pgx.TxOptions{AccessMode: pgx.ReadOnly}, fn))
}

// AsOperator runs fn in a transaction of the support role that may call functions which write: those of incidents, each
// of which logs who acts.
func (db *DB) AsOperator(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginFunc(ctx, db.Support, fn))
}

// FrozenForAll is what operators have stopped for everybody: what visitors need to know, who have no scope.
func (db *DB) FrozenForAll(ctx context.Context) (parts freeze.Part, err error) {
	err = db.Auth.QueryRow(ctx, frozenForAllSQL).Scan(&parts)
	return parts, translate(err)
}
