// Package postgres opens the database with one pool per login role, runs a
// caller's work in a transaction that the database itself ties to the caller's
// credential, and turns database errors into faults.
package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Login roles. None of them is superuser, table owner or BYPASSRLS.
const (
	RoleApp     = "tijori_app"     // requests of users and API keys
	RoleAuth    = "tijori_auth"    // sign-in, recovery, credential issue
	RoleBilling = "tijori_billing" // inbox, reconcile, resets
	RoleJobs    = "tijori_jobs"    // the job queue
	RoleSupport = "tijori_support" // support look-ups
)

// DB holds a pool for each login role.
type DB struct {
	App, Auth, Billing, Jobs, Support *pgxpool.Pool

	// Inbox is the billing role's too, for storing webhooks alone: work that waits for a
	// provider never keeps a webhook waiting for a connection.
	Inbox *pgxpool.Pool

	hints hints
	seats seats
}

// A Config says how to reach the database.
type Config struct {
	Admin     *pgx.ConnConfig // the role that sets up: may create roles and schemas
	Password  string          // password of the login roles; "" where the server trusts the socket
	PoolSize  int             // connections of the app pool; the others are smaller. 0 means 8
	ViaPooler bool            // behind a transaction-mode pooler: no prepared statements
}

// Open opens the pools; it does not set up or migrate. Errors are SetupErrors
// when the database cannot be reached.
func Open(ctx context.Context, c Config) (_ *DB, err error) {
	if c.PoolSize == 0 {
		c.PoolSize = 8
	}
	db := &DB{seats: seats{most: max(3, c.PoolSize*3/8)}} // of 8: two accounts that wait for themselves leave some for others
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	for _, p := range []struct {
		pool **pgxpool.Pool
		role string
		size int
		wait time.Duration // for a lock, at most; 0 is without end
	}{
		{&db.App, RoleApp, c.PoolSize, 0},
		{&db.Auth, RoleAuth, max(2, c.PoolSize/2), 0},
		{&db.Billing, RoleBilling, max(8, c.PoolSize/2), 0},
		{&db.Inbox, RoleBilling, 4, time.Second}, // repeats of an event that waits for its provider: the provider sends them again
		{&db.Jobs, RoleJobs, 6, 0},
		{&db.Support, RoleSupport, 2, 0},
	} {
		if *p.pool, err = openPool(ctx, c, p.role, p.size, p.wait); err != nil {
			return nil, fmt.Errorf("connect as %s: %w", p.role, err)
		}
	}
	return db, nil
}

func openPool(ctx context.Context, c Config, role string, size int, lockTimeout time.Duration) (*pgxpool.Pool, error) {
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	pc.ConnConfig = c.Admin.Copy()
	pc.ConnConfig.User = role
	pc.ConnConfig.Password = c.Password
	pc.MaxConns = int32(size)
	pc.MaxConnIdleTime = 5 * time.Minute
	if c.ViaPooler { // a pooler takes no settings of a session
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	reachSoon(pc.ConnConfig)
	if lockTimeout > 0 && !c.ViaPooler {
		pc.ConnConfig.RuntimeParams["lock_timeout"] = fmt.Sprint(lockTimeout.Milliseconds())
	}
	pool, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

// closeLimit is how long Close waits. A server that does not answer costs the driver some seconds for each connection.
const closeLimit = 5 * time.Second

// Close closes every pool and waits for their connections to come back, but not for long: who stops the program
// does not wait for a server that has gone.
func (db *DB) Close() {
	var closing sync.WaitGroup
	for _, p := range []*pgxpool.Pool{db.App, db.Auth, db.Billing, db.Inbox, db.Jobs, db.Support} {
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

// AsBilling runs fn in a transaction of the billing role.
func (db *DB) AsBilling(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginFunc(ctx, db.Billing, fn))
}

// AsSupport runs fn in a read-only transaction of the support role.
func (db *DB) AsSupport(ctx context.Context, fn func(pgx.Tx) error) error {
	return translate(pgx.BeginTxFunc(ctx, db.Support, pgx.TxOptions{AccessMode: pgx.ReadOnly}, fn))
}
