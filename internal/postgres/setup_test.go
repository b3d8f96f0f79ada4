package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/migrations"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// super connects to a database as the test server's superuser.
func super(t testing.TB, c postgres.Config) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), c.Admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the test is over
	return conn
}

func exec(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%.60s: %v", sql, err)
	}
}

func setUp(t testing.TB, c *postgres.Config) *postgres.DB {
	t.Helper()
	if err := postgres.Setup(t.Context(), c); err != nil {
		t.Fatalf("Setup = %v", err)
	}
	db, err := postgres.Open(t.Context(), *c)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

func wantRefusal(t testing.TB, what string, err error, says ...string) {
	t.Helper()
	var setup *postgres.SetupError
	if !errors.As(err, &setup) || setup.Hint == "" {
		t.Errorf("%s: %v, want a SetupError with a hint", what, err)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%s: %v, want it to say %q", what, err, s)
		}
	}
}

// A database of a Tijori from before the first release is refused in one sentence, and untouched.
func TestSetupRefusesAnOlderSchema(t *testing.T) {
	t.Parallel()
	c := pgtest.Empty(t)
	conn := super(t, c)
	exec(t, conn, `create schema auth; create schema tijori; create table tijori.service_clock (id int);
		create function auth.spend_credits() returns int language sql as 'select 1'`)
	before := catalogue(t, conn)
	wantRefusal(t, "Setup", postgres.Setup(t.Context(), &c), "unreleased", "/mydata/download", "nothing was changed")
	if after := catalogue(t, conn); after != before {
		t.Errorf("Setup changed the database:\n%s\nwas\n%s", after, before)
	}
}

// catalogue lists every schema, table and function of a database.
func catalogue(t testing.TB, conn *pgx.Conn) (list string) {
	t.Helper()
	err := conn.QueryRow(t.Context(), `
		select string_agg(x, e'\n' order by x) from (
			select nspname::text as x from pg_namespace
			union all select relnamespace::regnamespace || '.' || relname from pg_class where relnamespace > 16000
			union all select oid::regprocedure::text from pg_proc where oid > 16000) all_of_it`).Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The product runs inside a Supabase project, set up by a role that is no superuser, twice; nothing of it can be
// reached by the project's API roles, and nothing of the project is changed.
func TestSupabaseProject(t *testing.T) {
	t.Parallel()
	c := pgtest.Empty(t)
	conn := super(t, c)
	stub, err := os.ReadFile("testdata/supabase.sql")
	if err != nil {
		t.Fatal(err)
	}
	exec(t, conn, string(stub))
	theirs := `select string_agg(x, e'\n' order by x) from (
		select c.oid::regclass || ' ' || coalesce(c.relacl::text, '') as x from pg_class c
		    join pg_namespace n on n.oid = c.relnamespace
		 where n.nspname in ('auth', 'storage', 'realtime', 'public')
		union all select nspname || ' ' || coalesce(nspacl::text, '') from pg_namespace where nspname in ('auth',
		    'storage', 'realtime', 'extensions', 'public')
		union all select defaclrole::regrole || ' ' || defaclacl::text from pg_default_acl) y`
	var before, after string
	if err := conn.QueryRow(t.Context(), theirs).Scan(&before); err != nil {
		t.Fatal(err)
	}
	c.Admin.User = "project_owner"
	db := setUp(t, &c)
	again := c
	if err := postgres.Setup(t.Context(), &again); err != nil {
		t.Fatalf("Setup the second time = %v", err)
	}
	if err := db.CheckMigrations(t.Context()); err != nil {
		t.Errorf("CheckMigrations = %v", err)
	}
	if err := conn.QueryRow(t.Context(), theirs).Scan(&after); err != nil {
		t.Fatal(err)
	}
	if before != after {
		t.Errorf("the project's own rights changed from\n%s\nto\n%s", before, after)
	}
	rows, err := conn.Query(t.Context(), `
		select r.rolname || ' may use schema ' || n.nspname from pg_roles r, pg_namespace n
		 where r.rolname = any ($1) and n.nspname like 'tijori%' and has_schema_privilege(r.oid, n.oid, 'usage')
		union all
		select r.rolname || ' may ' || v.verb || ' ' || c.oid::regclass
		  from pg_roles r, pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest(array['select', 'insert',
		      'update', 'delete']) v(verb)
		 where r.rolname = any ($1) and n.nspname like 'tijori%' and c.relkind in ('r', 'p', 'v')
		   and has_table_privilege(r.oid, c.oid, v.verb)
		union all
		select r.rolname || ' may run ' || p.oid::regprocedure
		  from pg_roles r, pg_proc p join pg_namespace n on n.oid = p.pronamespace
		 where r.rolname = any ($1) and n.nspname like 'tijori%' and has_function_privilege(r.oid, p.oid, 'execute')
		union all
		select 'published: ' || tablename from pg_publication_tables where schemaname like 'tijori%'`,
		[]string{"anon", "authenticated", "service_role", "authenticator"})
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	useIt(t, db)
}

// useIt signs a user up in the database and reads as that user.
func useIt(t testing.TB, db *postgres.DB) {
	t.Helper()
	user, account, business, member := uuid.New(), uuid.New(), uuid.New(), uuid.New()
	hash := [32]byte{1, 2, 3}
	copy(hash[16:], user[:])
	err := db.AsAuth(t.Context(), func(tx pgx.Tx) error {
		for _, q := range []struct {
			sql  string
			args []any
		}{
			{
				`insert into users (id, email, name, password_hash) values ($1, $2, 'Asha', '!')`,
				[]any{user, user.String() + "@example.com"},
			},
			{`select tijori_access.open_account($1, $2, $3, $4, 'Asha Stores', 'INR')`, []any{
				user, account, business,
				member,
			}},
			{`insert into credentials (hash, id, kind, user_id, account_id, expires_at)
				values ($1, $2, 'session', $3, $4, now() + interval '1 day')`, []any{hash[:], uuid.New(), user, account}},
		} {
			if _, err := tx.Exec(t.Context(), q.sql, q.args...); err != nil {
				return fmt.Errorf("%.50s: %w", q.sql, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var name string
	scope, err := db.Read(t.Context(), postgres.Caller{Credential: hash, Business: business},
		func(s postgres.Scope, b *pgx.Batch) {
			b.Queue(`select name from businesses where account_id = $1`,
				s.AccountID).QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
		})
	if err != nil || name != "Asha Stores" || scope.Role != "owner" {
		t.Errorf("Read = %q, %+v, %v", name, scope, err)
	}
}

// Several installations share a server: each database has roles of its own, found again at the next start, and one
// administrator's set-up changes nothing of the other's.
func TestInstallationsShareAServer(t *testing.T) {
	t.Parallel()
	a, b := pgtest.Empty(t), pgtest.Empty(t)
	dbA, dbB := setUp(t, &a), setUp(t, &b)
	if a.RolePrefix == b.RolePrefix || a.RolePrefix == "" {
		t.Fatalf("the installations have roles %q and %q", a.RolePrefix, b.RolePrefix)
	}
	again := b
	again.RolePrefix = ""
	if err := postgres.Setup(t.Context(), &again); err != nil || again.RolePrefix != b.RolePrefix {
		t.Errorf("Setup again = %v with roles %q, want %q", err, again.RolePrefix, b.RolePrefix)
	}
	useIt(t, dbA)
	useIt(t, dbB)
	wrong := b
	wrong.RolePrefix = a.RolePrefix
	wantRefusal(t, "another prefix", postgres.Setup(t.Context(), &wrong), b.RolePrefix)
	for _, prefix := range []string{"Robert'); drop table", "pg_x\x00", "1a", strings.Repeat("a", 41)} {
		wrong.RolePrefix = prefix
		wantRefusal(t, prefix, postgres.Setup(t.Context(), &wrong), "TIJORI_ROLE_PREFIX")
	}
	fresh := pgtest.Empty(t)
	fresh.RolePrefix = a.RolePrefix
	wantRefusal(t, "a prefix in use", postgres.Setup(t.Context(), &fresh), "TIJORI_ROLE_PREFIX")
}

// withMigrations is the program's migrations and some more.
func withMigrations(t testing.TB, more map[string]string) fstest.MapFS {
	t.Helper()
	files, err := migrations.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		text, err := migrations.FS.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = &fstest.MapFile{Data: text}
	}
	for name, sql := range more {
		out[name] = &fstest.MapFile{Data: []byte(sql)}
	}
	return out
}

// A deploy that rolls over the nodes, and one that is rolled back: the old program serves while a new one migrates and
// afterwards, the new one is taken back, and a schema that the old one cannot work with is refused.
func TestRollingDeployAndRollback(t *testing.T) {
	t.Parallel()
	old := pgtest.Empty(t)
	oldDB := setUp(t, &old)
	newest := postgres.NewestMigration()
	next := old
	next.Migrations = withMigrations(t, map[string]string{
		"9001_add_label.sql":    fmt.Sprintf("-- compatible from: %d\nalter table tijori.businesses add column label text not null default '';", newest),
		"9002_index_labels.sql": fmt.Sprintf("-- compatible from: %d\n-- no transaction\ncreate index concurrently businesses_label_idx on tijori.businesses (account_id, label)", newest),
	})
	if err := oldDB.CheckMigrations(t.Context()); err != nil {
		t.Fatal(err)
	}

	// A report reads for long, so that the migration cannot have its lock at once; requests go on meanwhile.
	reader := super(t, old)
	exec(t, reader, "begin; select count(*) from tijori.businesses")
	migrated := make(chan error, 1)
	go func() { migrated <- postgres.Setup(context.WithoutCancel(t.Context()), &next) }()
	waitForLock(t, old)
	for range 20 {
		useIt(t, oldDB)
	}
	select {
	case err := <-migrated:
		t.Fatalf("the migration ended while a reader held the table: %v", err)
	default:
	}
	exec(t, reader, "commit")
	if err := <-migrated; err != nil {
		t.Fatalf("migrate under load: %v", err)
	}

	newDB, err := postgres.Open(t.Context(), next)
	if err != nil {
		t.Fatal(err)
	}
	defer newDB.Close()
	for name, db := range map[string]*postgres.DB{"old": oldDB, "new": newDB} {
		if err := db.CheckMigrations(t.Context()); err != nil {
			t.Errorf("the %s program on the new schema: %v", name, err)
		}
		useIt(t, db)
	}
	back := old // rolled back: the old program starts on the new schema
	if err := postgres.Setup(t.Context(), &back); err != nil {
		t.Errorf("the old program starts on the new schema: %v", err)
	}

	breaking := old
	breaking.Migrations = withMigrations(t, map[string]string{
		"9001_add_label.sql":    string(next.Migrations.(fstest.MapFS)["9001_add_label.sql"].Data),
		"9002_index_labels.sql": string(next.Migrations.(fstest.MapFS)["9002_index_labels.sql"].Data),
		"9003_drop_label.sql":   "-- compatible from: 9003\nalter table tijori.businesses drop column label;",
	})
	if err := postgres.Setup(t.Context(), &breaking); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "the old program on a schema it cannot work with", oldDB.CheckMigrations(t.Context()), "9003")
	wantRefusal(t, "the old program's start", postgres.Setup(t.Context(), &back), "9003", "untouched")
}

// waitForLock waits until a migration has asked for a lock and has not got it.
func waitForLock(t testing.TB, c postgres.Config) {
	t.Helper()
	conn := super(t, c)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		var waits bool
		err := conn.QueryRow(t.Context(), `
			select exists (select from pg_locks where relation = 'tijori.businesses'::regclass and mode = 'AccessExclusiveLock' and not granted)`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			return
		}
	}
	t.Fatal("the migration never waited")
}

// Each migration says what it is compatible with and has a number of its own.
func TestMigrationsAreWellFormed(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fstest.MapFS{
		"no line":         {"1001_a.sql": {Data: []byte("select 1")}},
		"from the future": {"1001_a.sql": {Data: []byte("-- compatible from: 1002\n")}},
		"before the base": {"1001_a.sql": {Data: []byte("-- compatible from: 99\n")}},
		"no number":       {"first.sql": {Data: []byte("-- compatible from: 1001\n")}},
		"none":            {},
	} {
		c := postgres.Config{Admin: pgtest.Empty(t).Admin, Migrations: files}
		if err := postgres.Setup(t.Context(), &c); err == nil {
			t.Errorf("%s: Setup accepts it", name)
		}
	}
	if n := postgres.NewestMigration(); n < 1001 {
		t.Errorf("NewestMigration() = %d", n)
	}
}
