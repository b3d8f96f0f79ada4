package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func TestAsTellsWhoIsAsking(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	counter := db.Member(t, asha, &asha.BusinessID, "counter")
	for _, c := range []struct {
		name   string
		caller postgres.Caller
		want   postgres.Scope
	}{
		{"owner in a business", asha.Caller, postgres.Scope{
			UserID: asha.UserID, AccountID: asha.AccountID,
			BusinessID: asha.BusinessID, Role: "owner",
		}},
		{"owner of the account", asha.Account(), postgres.Scope{
			UserID: asha.UserID, AccountID: asha.AccountID,
			Role: "owner",
		}},
		{"counter in the business", counter.Caller, postgres.Scope{
			UserID: counter.UserID, AccountID: asha.AccountID,
			BusinessID: asha.BusinessID, Role: "counter",
		}},
		{"counter at account level", counter.Account(), postgres.Scope{UserID: counter.UserID}},
	} {
		c.want.Rights = role.Of(c.want.Role)
		var got postgres.Scope
		if err := db.As(t.Context(), c.caller, func(tx *postgres.Tx) error { got = tx.Scope; return nil }); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		// Which day it is, the tests of the ledger hold against clocks and zones.
		if got.Today.IsZero() != (c.want.BusinessID == uuid.Nil) {
			t.Errorf("%s: today is %v", c.name, got.Today)
		}
		if got.Today = c.want.Today; got != c.want {
			t.Errorf("%s: scope = %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestAsRefusesEverybodyElse(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	revoked, expired := db.User(t, "Chitra"), db.User(t, "Dev")
	for _, sql := range []string{
		"update credentials set revoked_at = now() where user_id = '" + revoked.UserID.String() + "'",
		"update credentials set expires_at = now() - interval '1 second' where user_id = '" + expired.UserID.String() +
			"'",
	} {
		if _, err := db.Super.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		caller postgres.Caller
		want   fault.Kind
	}{
		{"no credential", postgres.Caller{Business: asha.BusinessID}, fault.Unauthorized},
		{"revoked credential", revoked.Caller, fault.Unauthorized},
		{"expired credential", expired.Caller, fault.Unauthorized},
		{"revoked credential with another's business", postgres.Caller{
			Credential: revoked.Caller.Credential,
			Business:   asha.BusinessID,
		}, fault.Unauthorized},
		{
			"another's business",
			postgres.Caller{Credential: binod.Caller.Credential, Business: asha.BusinessID},
			fault.NotFound,
		},
		{
			"a business that does not exist",
			postgres.Caller{Credential: binod.Caller.Credential, Business: uuid.New()},
			fault.NotFound,
		},
	} {
		err := db.As(t.Context(), c.caller, func(*postgres.Tx) error {
			t.Errorf("%s: the work ran",
				c.name)
			return nil
		})
		if err == nil || fault.KindOf(err) != c.want {
			t.Errorf("%s: %v, want a fault of kind %v", c.name, err, c.want)
		}
		_, err = db.Read(t.Context(), c.caller, func(postgres.Scope, *pgx.Batch) {
			t.Errorf("%s: the read ran",
				c.name)
		})
		if err == nil || fault.KindOf(err) != c.want {
			t.Errorf("%s: Read = %v, want a fault of kind %v", c.name, err, c.want)
		}
	}
}

// A hint of who is asking may be old: the database's answer counts, in the same round trip.
func TestReadNoticesARemovedMember(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	manager := db.Member(t, asha, &asha.BusinessID, "manager")
	read := func() (name string, scope postgres.Scope, err error) {
		scope, err = db.Read(t.Context(), manager.Caller, func(s postgres.Scope, b *pgx.Batch) {
			name = ""
			b.Queue("select name from businesses where account_id = $1 and id = $2", s.AccountID,
				s.BusinessID).QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
		})
		return name, scope, err
	}
	if name, scope, err := read(); err != nil || name != "Asha's shop" || scope.Role != "manager" {
		t.Fatalf("Read = %q, %+v, %v", name, scope, err)
	}
	if _, err := db.Super.Exec(t.Context(), "update members set role = 'accountant' where user_id = $1",
		manager.UserID); err != nil {
		t.Fatal(err)
	}
	if _, scope, err := read(); err != nil || scope.Role != "accountant" {
		t.Errorf("after a new role: %+v, %v, want accountant", scope, err)
	}
	if _, err := db.Super.Exec(t.Context(), "delete from members where user_id = $1", manager.UserID); err != nil {
		t.Fatal(err)
	}
	if name, _, err := read(); !fault.Is(err, fault.NotFound) || name != "" {
		t.Errorf("after removal: %q, %v, want NotFound", name, err)
	}
}

func TestAsRollsBackAndLeavesNoClaim(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	boom := errors.New("boom")
	err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		if _, err := tx.Exec(t.Context(), "update businesses set name = 'X' where account_id = $1 and id = $2",
			tx.Scope.AccountID, tx.Scope.BusinessID); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("As = %v, want boom", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := db.As(ctx, asha.Caller, func(*postgres.Tx) error { cancel(); return ctx.Err() }); !errors.Is(err,
		context.Canceled) {
		t.Fatalf("As with a canceled context = %v", err)
	}
	for range 12 { // every connection of the pool
		_, err := db.App.Exec(t.Context(), "select name from businesses")
		if err == nil || !strings.Contains(err.Error(), "28000") {
			t.Fatalf("a query outside As: %v, want SQLSTATE 28000", err)
		}
	}
	var name string
	if err := db.Super.QueryRow(t.Context(), "select name from businesses").Scan(&name); err != nil ||
		name != "Asha's shop" {
		t.Errorf("the business is called %q (%v), want Asha's shop", name, err)
	}
}

func TestSetupTwiceAndNewerSchema(t *testing.T) {
	t.Parallel()
	config := pgtest.Empty(t)
	for range 2 {
		if err := postgres.Setup(t.Context(), &config); err != nil {
			t.Fatalf("Setup = %v", err)
		}
	}
	conn, err := pgx.ConnectConfig(t.Context(), config.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(),
		"insert into tijori.goose_db_version (version_id, is_applied) values (9999, true)"); err != nil {
		t.Fatal(err)
	}
	err = postgres.Setup(t.Context(), &config)
	if err == nil || !strings.Contains(err.Error(), "at migration 9999") {
		t.Errorf("Setup on a newer schema = %v, want a refusal that names 9999", err)
	}
}

// Text injected into a statement must not be able to add statements of its own:
// one that prepares others would reach the next caller on the connection.
func TestTxTakesOneStatement(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	for _, sql := range []string{"select 1; select 2", "select 1; deallocate all; prepare x as select 1"} {
		err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "multiple commands") {
			t.Errorf("%q: %v, want a refusal of multiple commands", sql, err)
		}
	}
}

// Requests of one account that wait for each other's locks, also on sessions never seen before, leave connections
// for the others.
func TestAccountThatWaitsKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	slow, other := db.User(t, "slow"), db.User(t, "other")
	lock, err := db.Super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = lock.Rollback(context.Background()) }) // a second time changes nothing
	if _, err := lock.Exec(t.Context(), `select pg_advisory_xact_lock(4711)`); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	for i := range 20 {
		c := slow.Caller
		if i%2 == 0 {
			c = db.Member(t, slow, nil, "manager").Caller
		}
		waiting.Go(func() {
			err := db.As(t.Context(), c, func(tx *postgres.Tx) error {
				_, err := tx.Exec(t.Context(), `select pg_advisory_xact_lock(4711)`)
				return err
			})
			if err != nil {
				t.Errorf("who waited: %v", err)
			}
		})
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var n int
		if err := db.Super.QueryRow(t.Context(),
			`select count(*) from pg_locks where locktype = 'advisory' and objid = 4711
				and not granted`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n >= 3 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d of the account wait for the lock", n)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 20 {
		if err := db.As(ctx, other.Caller, func(*postgres.Tx) error { return nil }); err != nil {
			t.Fatalf("another account: %v", err)
		}
		if _, err := db.Read(ctx, other.Caller, func(postgres.Scope, *pgx.Batch) {}); err != nil {
			t.Fatalf("another account reads: %v", err)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := db.As(gone, slow.Caller, func(*postgres.Tx) error { return nil }); err == nil {
		t.Error("who has gone is served")
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	if err := db.As(ctx, slow.Caller, func(*postgres.Tx) error { return nil }); err != nil {
		t.Errorf("the account afterwards: %v", err)
	}
}

// The figures of docs/scale.md.
func TestConnections(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]int{0: 46, 8: 46, 16: 64, 4: 38} {
		if got := postgres.Connections(size); got != want {
			t.Errorf("with a pool size of %d a node takes %d connections, want %d", size, got, want)
		}
	}
}
