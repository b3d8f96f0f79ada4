// Package pgtest gives tests a real PostgreSQL: one server for the test
// binary, a migrated template, and a fresh clone of it for each test, with the
// roles that production uses; through a pooler when TestPooler names one.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// A DB is a test's own database.
type DB struct {
	*postgres.DB
	Super  *pgxpool.Pool // bypasses row-level security: for set-up and assertions only
	Config postgres.Config
}

// A User is a signed-in user. An owner has an account and a business of their own; a
// member has those of the owner.
type User struct {
	UserID, AccountID, BusinessID uuid.UUID
	Email                         string
	Token                         string          // the session token, as the cookie carries it
	Caller                        postgres.Caller // with Business set
}

// Account returns the caller without a business, for account-level work.
func (u *User) Account() postgres.Caller { return postgres.Caller{Credential: u.Caller.Credential} }

var server struct {
	sync.Mutex
	*embedded.Server
	err     error
	dir     string
	clones  int
	started bool
	pooler  *pooler // nil without TestPooler
	poolers int     // further ones
}

const template = "tijori_template"

// Main runs a package's tests and stops the server; every package that calls New
// calls it from TestMain.
func Main(m *testing.M) {
	code := m.Run()
	server.Lock()
	if server.pooler != nil {
		server.pooler.end()
	}
	if server.Server != nil {
		if err := server.Stop(); err != nil && code == 0 {
			fmt.Fprintln(os.Stderr, "stop the test server:", err)
		}
	}
	if server.dir != "" {
		if err := os.RemoveAll(server.dir); err != nil {
			fmt.Fprintln(os.Stderr, "remove the test server:", err)
		}
	}
	os.Exit(code)
}

func start() error {
	server.Lock()
	defer server.Unlock()
	if server.started {
		return server.err
	}
	server.started = true
	server.err = func() (err error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // the machine may be busy
		defer cancel()
		if server.dir, err = os.MkdirTemp("", "tijori-pg"); err != nil {
			return err
		}
		if err := os.Chmod(server.dir, 0o755); err != nil {
			return err
		}
		server.Server, err = embedded.Start(ctx, embedded.Config{
			Dir: filepath.Join(server.dir, "db"), Fast: true,
			AnyUser: true, MaxConnections: 400,
		})
		if err != nil {
			return err
		}
		admin, err := adminExec(ctx, "create database "+template)
		if err != nil {
			return err
		}
		admin.Database = template
		if err := postgres.Setup(ctx, &postgres.Config{Admin: admin, Private: true}); err != nil {
			return err
		}
		if err := sellNothing(ctx, admin); err != nil {
			return err
		}
		if os.Getenv(TestPooler) != "" {
			server.pooler, err = startPooler(ctx, filepath.Join(server.dir, "pooler"), "max_prepared_statements = 200")
		}
		return err
	}()
	return server.err
}

// sellNothing gives the template what the first start with a plan file would: a default plan, with room for a few, and
// a meter.
func sellNothing(ctx context.Context, admin *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		insert into tijori.plans (app_id, id, name, rank, is_default, limits, entitlements, credits_per_month)
		values ('khata', 'free', 'Free', 0, true, '{"parties.max": 5}', '{}', 0);
		insert into tijori.meters (app_id, id, name) values ('khata', 'credits', 'Credits')`)
	return err
}

func adminExec(ctx context.Context, sql string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(server.DSN("postgres", "postgres"))
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return config, err
}

// Empty returns the set-up configuration of a fresh database without roles' schemas or
// tables, for tests of the set-up itself.
func Empty(t testing.TB) postgres.Config {
	t.Helper()
	return postgres.Config{Admin: create(t, "create database %s"), PoolSize: 4}
}

func create(t testing.TB, format string) *pgx.ConnConfig {
	t.Helper()
	if err := start(); err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}
	server.Lock()
	defer server.Unlock()
	server.clones++
	name := fmt.Sprintf("clone%d", server.clones)
	config, err := adminExec(t.Context(), fmt.Sprintf(format, name))
	if err != nil {
		t.Fatalf("create a test database: %v", err)
	}
	config.Database = name
	config.ConnectTimeout = time.Minute // the machine may be busy
	t.Cleanup(func() {
		server.Lock()
		defer server.Unlock()
		if _, err := adminExec(context.Background(), "drop database if exists "+name+" with (force)"); err != nil {
			t.Errorf("drop a test database: %v", err)
		}
	})
	return config
}

// New returns a fresh migrated database that ends with the test.
func New(t testing.TB) *DB {
	t.Helper()
	config := postgres.Config{Admin: create(t, "create database %s template "+template), PoolSize: 8}
	if err := setSearchPaths(t.Context(), config.Admin); err != nil {
		t.Fatalf("set up the clone: %v", err)
	}
	if server.pooler != nil {
		config.Server = server.pooler.through(config.Admin)
	}
	db, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatalf("open the clone: %v", err)
	}
	t.Cleanup(db.Close)
	super, err := pgxpool.NewWithConfig(t.Context(), superConfig(config.Admin))
	if err != nil {
		t.Fatalf("connect as superuser: %v", err)
	}
	t.Cleanup(super.Close)
	return &DB{DB: db, Super: super, Config: config}
}

func superConfig(admin *pgx.ConnConfig) *pgxpool.Config {
	pc, err := pgxpool.ParseConfig("")
	if err != nil {
		panic(err) // an empty string always parses
	}
	pc.ConnConfig = admin.Copy()
	pc.ConnConfig.RuntimeParams["search_path"] = "tijori"
	pc.ConnConfig.RuntimeParams["tijori.app"] = "khata" // functions of the billing role ask for it
	pc.MaxConns = 4
	return pc
}

// setSearchPaths gives the clone what the template had per database: a clone
// inherits neither the settings of roles in it nor its privileges.
func setSearchPaths(ctx context.Context, admin *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `
		do $$ declare r text; begin
			foreach r in array array['tijori_owner', 'tijori_guard',
			'tijori_backup', 'tijori_app', 'tijori_auth', 'tijori_billing', 'tijori_jobs', 'tijori_support',
			'tijori_log', 'tijori_watch'] loop
				execute format('alter role %I in database %I set search_path = tijori, pg_temp', r, current_database());
			end loop;
			execute format('revoke temporary on database %I from public', current_database());
		end $$`)
	return err
}

// User makes a user with an account, a business, an owner's membership and a session.
func (db *DB) User(t testing.TB, name string) *User {
	t.Helper()
	u := &User{UserID: newID(t), AccountID: newID(t), BusinessID: newID(t)}
	db.insertUser(t, u, name)
	db.exec(t, `select tijori_access.open_account($1, $2, $3, $4, $5, 'INR')`,
		u.UserID, u.AccountID, u.BusinessID, newID(t), name+"'s shop")
	db.insertSession(t, u)
	return u
}

// Member makes a user who is a member of owner's account: of one business, or of the whole
// account when business is nil. The caller's business is that business, or the owner's first.
func (db *DB) Member(t testing.TB, owner *User, business *uuid.UUID, role string) *User {
	t.Helper()
	u := &User{UserID: newID(t), AccountID: owner.AccountID, BusinessID: owner.BusinessID}
	if business != nil {
		u.BusinessID = *business
	}
	db.insertUser(t, u, role)
	db.exec(t, `insert into members (account_id, id, user_id, business_id, role) values ($1, $2, $3, $4, $5)`,
		owner.AccountID, newID(t), u.UserID, business, role)
	db.insertSession(t, u)
	return u
}

// Pro gives the user's account a plan without limits, for a thousand days, as if it had been bought.
func (db *DB) Pro(t testing.TB, u *User) *User {
	t.Helper()
	db.exec(t, `insert into plans (app_id, id, name, rank, entitlements, credits_per_month)
		values ('khata', 'pro', 'Pro', 10, '{export,batch_entry}', 0) on conflict (app_id, id) do nothing`)
	db.Subscription(t, u.AccountID, "razorpay", "sub_"+u.AccountID.String())
	db.exec(t, `update subscriptions set plan_id = 'pro', access_until = now() + interval '1000 days'
		where account_id = $1`, u.AccountID)
	return u
}

// Subscription adds a subscription of an account at a provider, with its place in the directory:
// active, of no plan, granting nothing. Tests update what they are about.
func (db *DB) Subscription(t testing.TB, account uuid.UUID, provider, id string) {
	t.Helper()
	db.exec(t, `insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ($1, $1, 'subscription', $2, $3, now()) on conflict do nothing`, provider, id, account)
	db.exec(t, `insert into subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id, seen_at, created_at, changed_at)
		values ('khata', $1, $2, $2, $3, 'active', 'active', 'plan_test', now(), now(), now())`, account, provider, id)
}

// Business adds a business to owner's account.
func (db *DB) Business(t testing.TB, owner *User, name string) uuid.UUID {
	t.Helper()
	id := newID(t)
	db.exec(t, `insert into businesses (account_id, id, name) values ($1, $2, $3)`, owner.AccountID, id, name)
	return id
}

func (db *DB) insertUser(t testing.TB, u *User, name string) {
	t.Helper()
	u.Email = fmt.Sprintf("%s@example.com", u.UserID)
	db.exec(t, `insert into users (id, email, name, password_hash) values ($1, $2, $3, '!')`, u.UserID, u.Email, name)
}

func (db *DB) insertSession(t testing.TB, u *User) {
	t.Helper()
	token := make([]byte, 32)
	if _, err := rand.Read(token); err != nil {
		t.Fatal(err)
	}
	u.Token = hex.EncodeToString(token)
	hash := sha256.Sum256([]byte(u.Token))
	u.Caller = postgres.Caller{Credential: hash, Business: u.BusinessID}
	db.exec(t, `insert into credentials (hash, id, kind, user_id, account_id, expires_at, strong_at)
		values ($1, $2, 'session', $3, $4, now() + interval '30 days', now())`, hash[:], newID(t), u.UserID, u.AccountID)
}

func (db *DB) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// BinDir is where the programs of the test server are.
func BinDir(t testing.TB) string {
	t.Helper()
	if err := start(); err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}
	return server.BinDir()
}
