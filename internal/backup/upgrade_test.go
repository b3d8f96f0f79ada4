//go:build linux

package backup_test

import (
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/backup"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/embedded"
)

// serverBins are the folders of the servers that tests run: the system's, and the newest, which scripts/setup-newest
// has fetched.
func serverBins(t *testing.T) []string {
	t.Helper()
	cache := "/var/cache" // as root servers run as another account, which may not enter root's home
	if os.Geteuid() != 0 {
		var err error
		if cache, err = os.UserCacheDir(); err != nil {
			t.Fatal(err)
		}
	}
	return append(embedded.DefaultBinDirs(""), filepath.Join(cache, "tijori/postgresql-*/bin"))
}

// upgradeEnv makes this test binary upgrade the state directory that it names, and kill itself at the step that the
// second one counts.
const (
	upgradeEnv = "TIJORI_TEST_UPGRADE"
	killEnv    = "TIJORI_TEST_KILL"
)

func init() {
	if dir := os.Getenv(upgradeEnv); dir != "" {
		u := upgrader(dir, filepath.SplitList(os.Getenv("TIJORI_PG_BIN")))
		at := len(os.Getenv(killEnv))
		u.Step = func(string) {
			if at--; at == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
		}
		if _, err := u.Run(context.Background(), 0, backup.Rows); err != nil {
			os.Stderr.WriteString(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
}

func upgrader(dir string, bins []string) *backup.Upgrader {
	return &backup.Upgrader{
		Dir: dir, Bins: bins, Users: postgres.LoginRoles(), Program: "test", Step: func(string) {},
		Check: func(ctx context.Context, c postgres.Config) error {
			db, err := postgres.Open(ctx, c)
			if err == nil {
				err = db.CheckMigrations(ctx)
				db.Close()
			}
			return err
		},
	}
}

func adminOf(t *testing.T, s *embedded.Server) *pgx.ConnConfig {
	t.Helper()
	admin, err := pgx.ParseConfig(s.DSN("postgres", "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	return admin
}

// people are the names in the database of a state directory, and the major version that it runs on.
func people(t *testing.T, dir string, bins []string) (names string, major int) {
	t.Helper()
	s, err := embedded.Start(t.Context(), embedded.Config{
		Dir: dir, BinDirs: bins, Users: postgres.LoginRoles(),
		SharedBuffers: "16MB",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	admin := adminOf(t, s)
	return one[string](t, admin, "select coalesce(string_agg(name, ' ' order by name), '') from tijori.users"),
		one[int](t, admin, "select current_setting('server_version_num')::int / 10000")
}

// The data move to a newer version of PostgreSQL; killed at whichever step, they are still there, on the old version or
// the new; they go back, and what was kept is removed only when that is said.
func TestUpgradePostgres(t *testing.T) {
	t.Parallel()
	bins := serverBins(t)
	dir := filepath.Join(folder(t), "postgres")
	s, c := startPrivate(t, dir)
	old := one[int](t, c.Admin, "select current_setting('server_version_num')::int / 10000")
	p := &private{T: t, config: c}
	p.write("a")
	p.write("b")
	exec(t, c.Admin, "alter system set work_mem = '5MB'")
	_, err := upgrader(dir, bins).Run(t.Context(), 0, "")
	if !errors.Is(err, embedded.ErrInUse) {
		t.Errorf("beside a running server: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}

	var steps []string
	for n := 1; ; n++ {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := osexec.Command(exe)
		cmd.Env = append(os.Environ(), upgradeEnv+"="+dir, killEnv+"="+strings.Repeat("x", n),
			"TIJORI_PG_BIN="+strings.Join(bins, ":"))
		out, err := cmd.CombinedOutput()
		if err == nil {
			break // it has fewer steps
		}
		if cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("killed at step %d: %v: %s", n, err, out)
		}
		steps = append(steps, string(out))
		if names, major := people(t, dir, bins); names != "a b" || major != old {
			t.Errorf("killed at step %d: %q on %d", n, names, major)
		}
	}
	if len(steps) != 4 {
		t.Errorf("it was killed at %d steps, want 4", len(steps))
	}
	names, major := people(t, dir, bins)
	if names != "a b" || major <= old {
		t.Fatalf("after the upgrade of %d: %q on %d", old, names, major)
	}
	if list, err := os.ReadDir(dir); err != nil || slices.ContainsFunc(list, func(e os.DirEntry) bool {
		return e.Name() == "upgrade" || e.Name() == "data.next"
	}) {
		t.Errorf("it left %v, %v", list, err)
	}

	u := upgrader(dir, bins)
	_, err = u.Run(t.Context(), 0, "")
	wantRefusal(t, "the newest already", err, "no newer postgresql than")
	_, err = u.Run(t.Context(), old, "")
	wantRefusal(t, "backwards", err, "already")
	_, err = u.Run(t.Context(), 99, "")
	wantRefusal(t, "a version that is not there", err, "postgresql 99 is not installed")
	s, c = startPrivateOf(t, dir, bins)
	(&private{T: t, config: c}).write("c")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	back, kept, err := u.Undo(t.Context())
	if err != nil || back.Major != old || kept.Major != major {
		t.Fatalf("undo: %v, %v, %v", back, kept, err)
	}
	if names, now := people(t, dir, bins); names != "a b" || now != old {
		t.Errorf("after going back: %q on %d", names, now)
	}
	_, _, err = u.Undo(t.Context())
	wantRefusal(t, "undo twice", err, "no upgrade has kept older data")

	// The check refuses: the old data stay.
	u.Check = func(context.Context, postgres.Config) error { return errors.New("a sum is wrong") }
	_, err = u.Run(t.Context(), 0, "")
	wantRefusal(t, "a check that fails", err, "a sum is wrong")
	// So do programs that are missing.
	u.Bins = bins[len(bins)-1:]
	_, err = u.Run(t.Context(), 0, "")
	wantRefusal(t, "without the old programs", err, "which is not installed, and only it can read them")
	if names, now := people(t, dir, bins); names != "a b" || now != old {
		t.Errorf("after refusals: %q on %d", names, now)
	}
	gone, err := u.Remove(t.Context())
	if err != nil || len(gone) != 1 || gone[0].Major != major {
		t.Errorf("remove: %v, %v", gone, err)
	}
	u = upgrader(dir, bins)
	done, err := u.Run(t.Context(), major, "")
	if err != nil || done.Kept.Major != old || !slices.Contains(done.Altered, "work_mem = '5MB'") {
		t.Fatalf("again: %+v, %v", done, err)
	}
	if names, now := people(t, dir, bins); names != "a b" || now != major {
		t.Errorf("after another upgrade: %q on %d", names, now)
	}
}

// pg_upgrade does the same where it is there. The version is the same here, which it permits: two with pg_upgrade are
// not to be had on every machine.
func TestUpgradeByFiles(t *testing.T) {
	t.Parallel()
	bins := embedded.DefaultBinDirs("")
	dir := filepath.Join(folder(t), "postgres")
	s, err := embedded.Start(t.Context(), embedded.Config{Dir: dir, Users: postgres.LoginRoles(), MaxConnections: 40})
	if err != nil {
		t.Fatal(err)
	}
	c := postgres.Config{Admin: adminOf(t, s), Private: true}
	if err := postgres.Setup(t.Context(), &c); err != nil {
		t.Fatal(err)
	}
	(&private{T: t, config: c}).write("a")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	u := upgrader(dir, bins)
	backup.AllowSame(u)
	done, err := u.Run(t.Context(), 0, backup.Files)
	if err != nil {
		t.Fatal(err)
	}
	if done.Method != backup.Files || done.Kept.Major != done.From {
		t.Errorf("it did %+v", done)
	}
	if names, _ := people(t, dir, bins); names != "a" {
		t.Errorf("afterwards there are %q", names)
	}
}
