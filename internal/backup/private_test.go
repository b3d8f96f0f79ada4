//go:build linux

package backup_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// private is a private server as tijori serve runs it, with a log that is stored.
type private struct {
	*testing.T
	*embedded.Server
	dir    string
	config postgres.Config
	logger *backup.Logger
	to     backup.Target
	at     string // where back-ups are
}

func startPrivate(t *testing.T, dir string) (*embedded.Server, postgres.Config) {
	t.Helper()
	return startPrivateOf(t, dir, nil)
}

func startPrivateOf(t *testing.T, dir string, bins []string) (*embedded.Server, postgres.Config) {
	t.Helper()
	s, err := embedded.Start(t.Context(), embedded.Config{
		Dir: dir, BinDirs: bins, Users: postgres.LoginRoles(), Fast: true,
		SharedBuffers: "16MB",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // it may have been stopped
	admin, err := pgx.ParseConfig(s.DSN("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	c := postgres.Config{Admin: admin, Private: true}
	if err := postgres.Setup(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tijori-b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func (p *private) write(name string) time.Time {
	p.Helper()
	exec(p.T, p.config.Admin,
		`insert into tijori.users (id, email, name, password_hash)
			values (gen_random_uuid(), $1 || '@example.com', $1, '!')`, name)
	return one[time.Time](p.T, p.config.Admin, "select clock_timestamp()")
}

func (p *private) store() {
	p.Helper()
	if _, err := p.logger.Store(p.Context()); err != nil {
		p.Fatal(err)
	}
}

// names are the people in the database of a state directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	s, c := startPrivate(t, dir)
	defer s.Stop()
	return one[string](t, c.Admin, "select coalesce(string_agg(name, ' ' order by name), '') from tijori.users")
}

// A base back-up with the log since brings back any moment, encrypted or not; a log with a hole, or that ends before
// the
// moment, is refused, and the data that is there stays.
func TestPointInTime(t *testing.T) {
	t.Parallel()
	top := folder(t)
	p := &private{T: t, dir: filepath.Join(top, "postgres"), at: filepath.Join(top, "b")}
	p.Server, p.config = startPrivate(t, p.dir)
	p.to = target(t, p.at)
	secret := key(t)
	to := []age.Recipient{secret.Recipient()}
	p.logger = &backup.Logger{Target: p.to, Admin: p.config.Admin, Dir: filepath.Join(p.dir, "data", "pg_wal"), To: to}
	line, err := p.logger.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.write("a")
	p.store()
	m, err := maker(p.to, p.config, secret).Make(t.Context(), backup.Base)
	if err != nil {
		t.Fatal(err)
	}
	if m.Cluster.Line != line || m.Cluster.Segment == 0 {
		t.Fatalf("the cluster is %+v, want the line %s", m.Cluster, line)
	}
	time.Sleep(time.Until(m.Ended.Add(1100 * time.Millisecond))) // the moment comes after the back-up
	afterB := p.write("b")
	time.Sleep(20 * time.Millisecond) // so that no write of the same moment follows
	for range 3 {                     // some whole segments
		exec(t, p.config.Admin, "select pg_switch_wal()")
		p.write("c" + time.Now().Format("150405.000000"))
	}
	exec(t, p.config.Admin,
		"update tijori.users set name = 'c' where name like 'c%' and id = (select min(id::text)::uuid from tijori.users where name like 'c%'); delete from tijori.users where name ~ '^c.'")
	p.write("d")
	p.store()
	afterD := time.Now()
	p.write("lost") // within the minute before the machine is gone
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	r := &backup.Restorer{Target: p.to, Keys: []age.Identity{secret}, Users: postgres.LoginRoles()}
	restore := func(dir string, until time.Time, replace bool) (string, error) {
		m, err := r.Choose(t.Context(), "", until, nil)
		if err != nil {
			return "", err
		}
		return r.Private(t.Context(), m, dir, until, replace)
	}
	if _, err := restore(filepath.Join(top, "at-b"), afterB, false); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(top, "at-b")); got != "a b" {
		t.Errorf("at the moment after b there are %q", got)
	}
	_, err = restore(p.dir, time.Time{}, false)
	wantRefusal(t, "restore over data", err, "there is a database in")
	_, err = restore(p.dir, afterD.Add(time.Hour), true)
	wantRefusal(t, "a moment that is not stored", err, "ends before")
	_, err = restore(p.dir, m.Began.Add(-time.Hour), true)
	wantRefusal(t, "a moment before", err, "no back-up in")
	kept, err := restore(p.dir, time.Time{}, true)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, p.dir); got != "a b c d" {
		t.Errorf("with the whole log there are %q", got)
	}
	if _, err := os.Stat(filepath.Join(kept, "PG_VERSION")); err != nil {
		t.Errorf("what was there is not kept: %v", err)
	}
	stored, err := p.to.List(t.Context(), "log/"+line+"/")
	if err != nil || len(stored) < 4 {
		t.Fatalf("the log has %v, %v", stored, err)
	}
	if err := p.to.Remove(t.Context(), stored[len(stored)-2].Name); err != nil {
		t.Fatal(err)
	}
	_, err = restore(filepath.Join(top, "hole"), time.Time{}, false)
	wantRefusal(t, "a hole in the log", err, "lacks the segment")
	if embedded.HasData(filepath.Join(top, "hole")) {
		t.Error("after a refusal there is data")
	}
	left, err := filepath.Glob(filepath.Join(top, "restore-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("restores left %v, %v", left, err)
	}

	// A restored server begins a log of its own, and a logical archive of it fits into an empty state directory.
	s, c := startPrivate(t, p.dir)
	other := &backup.Logger{Target: p.to, Admin: c.Admin, Dir: filepath.Join(p.dir, "data", "pg_wal"), To: to}
	if again, err := other.Start(t.Context()); err != nil || again == line {
		t.Errorf("the restored server goes on with the line %q, %v", again, err)
	}
	logical := filepath.Join(top, "l")
	rows, err := maker(target(t, logical), c).Make(t.Context(), backup.Logical)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.DropLog(t.Context(), c.Admin); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	lr := &backup.Restorer{Target: target(t, logical), Users: postgres.LoginRoles()}
	if _, err := lr.Private(t.Context(), rows, filepath.Join(top, "rows"), time.Time{}, false); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(top, "rows")); got != "a b c d" {
		t.Errorf("of the rows there are %q", got)
	}
}

// A flipped bit in a base back-up is found, and nothing is left.
func TestDamagedBase(t *testing.T) {
	t.Parallel()
	top := folder(t)
	s, c := startPrivate(t, filepath.Join(top, "postgres"))
	to := target(t, filepath.Join(top, "b"))
	m, err := maker(to, c).Make(t.Context(), backup.Base)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(top, "b", m.Name)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &backup.Restorer{Target: to, Users: postgres.LoginRoles()}
	_, err = r.Private(t.Context(), m, filepath.Join(top, "new"), time.Time{}, false)
	wantRefusal(t, "a flipped bit", err, "damaged or cut short")
	if embedded.HasData(filepath.Join(top, "new")) {
		t.Error("after a refusal there is data")
	}
	list, err := os.ReadDir(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "restore-") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
