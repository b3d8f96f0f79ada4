package backup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func target(t testing.TB, dir string) backup.Target {
	t.Helper()
	out, err := backup.OpenTarget(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func key(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func exec(t testing.TB, c *pgx.ConnConfig, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
}

func one[T any](t testing.TB, c *pgx.ConnConfig, sql string) (v T) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
	return v
}

// wantRefusal wants one sentence with a hint.
func wantRefusal(t testing.TB, what string, err error, says string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v, want %q", what, err, says)
		return
	}
	var r *backup.Refusal
	var s *postgres.SetupError
	if !errors.As(err, &r) && !errors.As(err, &s) || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("%s: %v, want one sentence and a hint", what, err)
	}
}

// book is a database with people, entries, jobs that wait, and strange text.
func book(t testing.TB) *pgtest.DB {
	t.Helper()
	db := pgtest.New(t)
	for _, name := range []string{"Asha", "Binod \\N \t \"x\"", "चंदा"} {
		u := db.Pro(t, db.User(t, name))
		exec(t, db.Config.Admin, `set search_path = tijori; `+fmt.Sprintf(`
			insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
			values ('%[1]s', '%[2]s', '%[3]s', 'customer', 'Ram', 'ram', sha256('x'), '%[3]s');
			insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash,
			    created_by)
			select '%[1]s', '%[2]s', gen_random_uuid(), '%[3]s', 'given', 100 + n, current_date, sha256('y'), '%[3]s' from generate_series(1, 200) n`,
			u.AccountID, u.BusinessID, u.UserID))
	}
	exec(t, db.Config.Admin, `update tijori.connections set mode = 'live', provider_account = 'acct_' || connection_id`)
	return db
}

func maker(to backup.Target, c postgres.Config, keys ...*age.X25519Identity) *backup.Maker {
	m := &backup.Maker{Target: to, Config: c, Program: "v9 (test)", Now: time.Now}
	for _, k := range keys {
		m.To = append(m.To, k.Recipient())
	}
	return m
}

func digests(m backup.Manifest) string {
	var out strings.Builder
	for _, t := range m.Tables {
		fmt.Fprintln(&out, t.Name, t.Rows, t.SHA256)
	}
	for _, s := range m.Sequences {
		fmt.Fprintln(&out, s.Name, s.Last, s.Called)
	}
	return out.String()
}

// What a logical archive brings back is what was there, to the byte, in an empty database and beside one that is there;
// passwords of login roles stay as they are.
func TestLogical(t *testing.T) {
	t.Parallel()
	db := book(t)
	secret := key(t)
	to := target(t, t.TempDir())
	m, err := maker(to, db.Config, secret).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	if m.Mode != "live" || m.Accounts["stripe"] != "acct_stripe" || m.Rows() < 600 || !m.Encrypted ||
		m.Schema != postgres.NewestMigration() {
		t.Errorf("the manifest is %+v", m)
	}
	r := &backup.Restorer{Target: to, Keys: []age.Identity{secret}}
	empty := pgtest.Empty(t)
	if _, err := r.Server(t.Context(), m, empty, false); err != nil {
		t.Fatalf("restore into an empty database: %v", err)
	}
	again, err := maker(target(t, t.TempDir()), empty).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	if digests(again) != digests(m) {
		t.Errorf("restored:\n%s\nwas:\n%s", digests(again), digests(m))
	}
	sameSchema(t, db.Config.Admin, empty.Admin)

	_, err = r.Server(t.Context(), m, db.Config, false)
	wantRefusal(t, "restore over an installation", err, "there is an installation in the database")
	_, err = r.Server(t.Context(), m, db.Config, true)
	wantRefusal(t, "restore while nodes are connected", err, "cannot take the place of "+db.Config.Admin.Database)
	db.Close()
	db.Super.Close()
	exec(t, db.Config.Admin, "delete from tijori.party_sums; alter role tijori_app password 'theirs'")
	before := one[string](t, db.Config.Admin, "select rolpassword from pg_authid where rolname = 'tijori_app'")
	withSecret := db.Config
	withSecret.Password = "ours"
	kept, err := r.Server(t.Context(), m, withSecret, true)
	if err != nil {
		t.Fatalf("restore beside: %v", err)
	}
	t.Cleanup(func() {
		c := empty.Admin.Copy()
		conn, err := pgx.ConnectConfig(context.Background(), c)
		if err == nil {
			_, _ = conn.Exec(context.Background(), "drop database "+kept+" with (force)")
			_ = conn.Close(context.Background())
		}
	})
	if n := one[int](t, db.Config.Admin, "select count(*) from tijori.party_sums"); n != 3 {
		t.Errorf("%d sums after the swap, want 3", n)
	}
	old := db.Config.Admin.Copy()
	old.Database = kept
	if n := one[int](t, old, "select count(*) from tijori.party_sums"); n != 0 {
		t.Errorf("the database that was kept has %d sums, want 0", n)
	}
	if after := one[string](t, db.Config.Admin,
		"select rolpassword from pg_authid where rolname = 'tijori_app'"); after != before {
		t.Error("the password of tijori_app was changed")
	}
}

// sameSchema compares references, triggers and row-level security, which a restore takes off and puts back.
func sameSchema(t *testing.T, a, b *pgx.ConnConfig) {
	t.Helper()
	const list = `
		select string_agg(x, e'\n' order by x) from (
			select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated as x
			    from pg_constraint where connamespace::regnamespace::text like 'tijori%'
			union all select tgrelid::regclass || ' ' || tgname || ' ' || tgenabled::text from pg_trigger
			    where not tgisinternal
			union all select oid::regclass || ' ' || relrowsecurity || relforcerowsecurity from pg_class where relnamespace = 'tijori'::regnamespace) y`
	if was, is := one[string](t, a, list), one[string](t, b, list); was != is {
		t.Errorf("after the restore the schema is\n%s\nwant\n%s", is, was)
	}
}

// The administrator of a managed server, who is no superuser and has not BYPASSRLS, backs up and restores.
func TestManagedAdministrator(t *testing.T) {
	t.Parallel()
	c := pgtest.Empty(t)
	name := c.Admin.Database
	exec(t, c.Admin, "create role admin_"+name+" login createrole createdb; alter database "+name+" owner to admin_"+
		name)
	super := c.Admin.Copy()
	c.Admin = c.Admin.Copy()
	c.Admin.User = "admin_" + name
	if err := postgres.Setup(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	exec(t, super, `insert into tijori.users (id, email, name, password_hash)
		values (gen_random_uuid(), 'a@example.com', 'Asha', '!')`)
	to := target(t, t.TempDir())
	m, err := maker(to, c).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	exec(t, super, "delete from tijori.users")
	kept, err := (&backup.Restorer{Target: to}).Server(t.Context(), m, c, true)
	if err != nil {
		t.Fatal(err)
	}
	if n := one[int](t, super, "select count(*) from tijori.users"); n != 1 {
		t.Errorf("%d users, want 1", n)
	}
	exec(t, super, "drop database "+kept)
}

// Whatever is wrong with an archive is said in one sentence, and an empty database is empty afterwards.
func TestRefusals(t *testing.T) {
	t.Parallel()
	db := book(t)
	secret := key(t)
	dir := t.TempDir()
	to := target(t, dir)
	sealed, err := maker(to, db.Config, secret).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	plainDir := t.TempDir()
	plain, err := maker(target(t, plainDir), db.Config).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	live := postgres.Environment{Mode: postgres.Live, Accounts: map[string]string{"stripe": "acct_stripe"}}
	empty := pgtest.Empty(t)
	for what, c := range map[string]struct {
		from   string
		m      backup.Manifest
		keys   []age.Identity
		env    postgres.Environment
		change func(*backup.Manifest, []byte) []byte
		says   string
	}{
		"no key":    {dir, sealed, nil, live, nil, "is encrypted, and no key was given"},
		"wrong key": {dir, sealed, []age.Identity{key(t)}, live, nil, "is encrypted to another key"},
		"simulated keys": {
			plainDir, plain, nil,
			postgres.Environment{Mode: postgres.Simulated},
			nil,
			"this back-up holds live payments, and no payment keys are set",
		},
		"other account": {plainDir, plain, nil, postgres.Environment{
			Mode:     postgres.Live,
			Accounts: map[string]string{"stripe": "acct_other"},
		}, nil, "belongs to the stripe account acct_stripe"},
		"newer schema": {plainDir, plain, nil, live, func(m *backup.Manifest, b []byte) []byte {
			m.Schema = 9000
			return b
		}, "has the schema of migration 9000"},
		"unknown migration": {plainDir, plain, nil, live, func(m *backup.Manifest, b []byte) []byte {
			m.Migrations = append(m.Migrations, 1002, 1019)
			return b
		}, "has run migration 1019"},
		"cut short": {
			plainDir, plain, nil, live,
			func(_ *backup.Manifest, b []byte) []byte { return b[:len(b)/2] }, "damaged or cut short",
		},
		"cut at its end": {
			plainDir, plain, nil, live,
			func(_ *backup.Manifest, b []byte) []byte { return b[:len(b)-9] }, "damaged or cut short",
		},
		"cut short, encrypted": {
			dir, sealed,
			[]age.Identity{secret},
			live,
			func(_ *backup.Manifest, b []byte) []byte { return b[:len(b)/2] }, "damaged or cut short",
		},
		"a byte flipped": {
			plainDir, plain, nil, live,
			func(_ *backup.Manifest, b []byte) []byte { b[len(b)/3] ^= 4; return b }, "damaged or cut short",
		},
		"a byte flipped, sealed": {
			dir, sealed,
			[]age.Identity{secret},
			live,
			func(_ *backup.Manifest, b []byte) []byte { b[len(b)/3] ^= 4; return b }, "damaged or cut short",
		},
		"more behind it": {plainDir, plain, nil, live, func(_ *backup.Manifest, b []byte) []byte {
			return append(b,
				"more"...)
		}, "damaged or cut short"},
		"empty": {
			plainDir, plain, nil, live, func(*backup.Manifest, []byte) []byte { return nil },
			"damaged or cut short",
		},
		"something else": {
			plainDir, plain, nil, live,
			func(*backup.Manifest, []byte) []byte { return []byte("hello, world") },
			"does not begin as an archive does",
		},
	} {
		at := t.TempDir()
		bytes, err := os.ReadFile(filepath.Join(c.from, c.m.Name))
		if err != nil {
			t.Fatal(err)
		}
		if c.change != nil {
			bytes = c.change(&c.m, bytes)
		}
		description, err := json.Marshal(c.m)
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{c.m.Name: bytes, c.m.Name + ".json": description} {
			if err := os.WriteFile(filepath.Join(at, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := &backup.Restorer{Target: target(t, at), Keys: c.keys}
		m, err := r.Choose(t.Context(), "", time.Time{}, &c.env)
		if err == nil {
			_, err = r.Server(t.Context(), m, empty, false)
		}
		wantRefusal(t, what, err, c.says)
		if there, err := empty.IsSetUp(t.Context()); err != nil || there {
			t.Fatalf("%s: the database holds something, %v", what, err)
		}
	}
	r := &backup.Restorer{Target: target(t, t.TempDir())}
	_, err = r.Choose(t.Context(), "", time.Time{}, nil)
	wantRefusal(t, "no back-up", err, "there is no back-up in")
	_, err = backup.OpenTarget(filepath.Join(dir, "none"), false)
	wantRefusal(t, "no folder", err, "is no folder of back-ups")

	bad := &backup.Restorer{Target: target(t, plainDir), Check: func(context.Context,
		postgres.Config,
	) error {
		return errors.New("3 balances do not add up")
	}}
	_, err = bad.Server(t.Context(), plain, empty, false)
	wantRefusal(t, "checks fail", err, "does not pass the checks: 3 balances do not add up")
	if there, err := empty.IsSetUp(t.Context()); err != nil || there {
		t.Errorf("checks fail: the database holds something, %v", err)
	}
}

// small is a target on a disk that is full after some bytes.
type small struct {
	backup.Target
	room int
}

type smallFile struct {
	backup.File
	disk *small
}

func (s *small) Create(ctx context.Context, name string) (backup.File, error) {
	f, err := s.Target.Create(ctx, name)
	return &smallFile{f, s}, err
}

func (f *smallFile) Write(p []byte) (int, error) {
	if f.disk.room -= len(p); f.disk.room < 0 {
		return 0, &backup.Refusal{Problem: "there is no space left", Hint: "make room", Err: syscall.ENOSPC}
	}
	return f.File.Write(p)
}

// A disk that is full leaves no back-up that looks like one, and those before as they were.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	db := book(t)
	dir := t.TempDir()
	to := target(t, dir)
	if _, err := maker(to, db.Config).Make(t.Context(), backup.Logical); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // names have seconds
	for _, room := range []int{0, 1, 5000, 20000} {
		if _, err := maker(&small{to, room}, db.Config).Make(t.Context(), backup.Logical); !errors.Is(err,
			syscall.ENOSPC) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
	after, err := os.ReadDir(dir)
	if err != nil || len(after) != len(before) {
		t.Errorf("the folder has %v, %v; had %v", after, err, before)
	}
}

// The newest stay, and the newest that was verified always.
func TestKeep(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	to := target(t, t.TempDir())
	mk := maker(to, db.Config)
	var made []backup.Manifest
	for i := range 4 {
		mk.Now = func() time.Time { return time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC) }
		m, err := mk.Make(t.Context(), backup.Logical)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, m)
	}
	if err := backup.Verified(t.Context(), to, made[0], time.Now()); err != nil {
		t.Fatal(err)
	}
	gone, err := backup.Keep(t.Context(), to, 2)
	if err != nil || len(gone) != 1 || gone[0] != made[1].Name {
		t.Errorf("Keep = %v, %v; want %s gone", gone, err, made[1].Name)
	}
	list, err := backup.List(t.Context(), to)
	if err != nil || len(list) != 3 || list[0].Name != made[3].Name {
		t.Errorf("List = %+v, %v", list, err)
	}
}

// Two back-ups of one database are not made at once.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	err := db.Config.ReadAll(t.Context(), func(pgx.Tx, postgres.Facts, []postgres.Rows) error {
		return db.Config.ReadAll(t.Context(), func(pgx.Tx, postgres.Facts, []postgres.Rows) error { return nil })
	})
	if !errors.Is(err, postgres.ErrBusy) {
		t.Errorf("the second: %v, want ErrBusy", err)
	}
}

// A table whose rows are hidden from the back-up is named, and no back-up is made.
func TestHiddenRows(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	exec(t, db.Config.Admin, "drop policy entries_select_backup on tijori.entries")
	_, err := maker(target(t, t.TempDir()), db.Config).Make(t.Context(), backup.Logical)
	if err == nil || !strings.Contains(err.Error(), "does not see every row of tijori.entries") {
		t.Errorf("Make = %v", err)
	}
}
