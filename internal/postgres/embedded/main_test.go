//go:build linux

package embedded

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ownerEnv makes this test binary an owner of the state directory it names: it
// starts a server, says so on stdout and waits to be killed.
const ownerEnv = "TIJORI_TEST_OWNER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerEnv); dir != "" {
		own(dir)
	}
	code := m.Run()
	if template.dir != "" {
		os.RemoveAll(template.dir)
	}
	os.Exit(code)
}

func own(dir string) {
	s, err := Start(context.Background(), Config{Dir: dir, Fast: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.PID())
	fmt.Fprintln(os.Stderr, s.Wait())
	os.Exit(1)
}

// startOwner starts another process that owns dir, in a process group of its own.
func startOwner(t *testing.T, dir string) (cmd *exec.Cmd, stdout io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), ownerEnv+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err = cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, stdout
}

// readyOwner waits until another owner's server runs and returns its postmaster.
func readyOwner(t *testing.T, dir string) (cmd *exec.Cmd, pid int) {
	t.Helper()
	cmd, out := startOwner(t, dir)
	if _, err := fmt.Fscan(out, &pid); err != nil {
		t.Fatalf("the other owner did not start: %v", err)
	}
	return cmd, pid
}

// tempDir is t.TempDir, but short enough for a socket and open to the server's
// account when we are root.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := makeTemp()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func makeTemp() (string, error) {
	base := os.TempDir()
	if len(base) > 40 {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "tijori")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// template is a cluster made once and copied for most tests: initdb takes a second.
var template struct {
	sync.Once
	dir string
	err error
}

// clusterDir returns a state directory with a stopped, fresh cluster.
func clusterDir(t *testing.T) string {
	t.Helper()
	template.Do(func() {
		if template.dir, template.err = makeTemp(); template.err != nil {
			return
		}
		s := startIn(t, Config{Dir: template.dir})
		for _, sql := range []string{ // two thirds of a thousand files less to copy
			"update pg_database set datistemplate = false",
			"drop database template0",
			"drop database template1",
		} {
			query(t, s, sql)
		}
		template.err = s.Stop()
	})
	if template.err != nil {
		t.Fatalf("make the template: %v", template.err)
	}
	dir := tempDir(t)
	if out, err := exec.Command("cp", "-a", filepath.Join(template.dir, dataName), dir).CombinedOutput(); err != nil {
		t.Fatalf("copy the template: %v: %s", err, out)
	}
	return dir
}

// startIn runs a server on dir until the test ends.
func startIn(t *testing.T, c Config) *Server {
	t.Helper()
	c.Fast = true
	if c.SharedBuffers == "" {
		c.SharedBuffers = "16MB"
	}
	s, err := Start(t.Context(), c)
	if err != nil {
		t.Fatalf("Start(%q): %v", c.Dir, err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

// query runs one statement as the superuser and returns its first value as text.
func query(t *testing.T, s *Server, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.DSN("postgres", "postgres"))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	first := ""
	if rows.Next() && len(rows.RawValues()) > 0 {
		first = string(rows.RawValues()[0])
	}
	rows.Close()
	if rows.Err() != nil {
		t.Fatalf("%s: %v", sql, rows.Err())
	}
	return first
}

// await polls until ok or fails the test.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// gone says whether no process, or only one not yet waited for, has the id.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(b), ") Z ")
}

// asSetup fails the test unless err is a SetupError about want whose text is one
// lower-case sentence and a hint on its own line.
func asSetup(t *testing.T, err, want error) *SetupError {
	t.Helper()
	e, ok := err.(*SetupError)
	if !ok || e.Err != want {
		t.Fatalf("error = %v (%T), want a SetupError of %q", err, err, want)
	}
	lines := strings.Split(e.Error(), "\n")
	if len(lines) != 2 || lines[0] == "" || lines[1] == "" || strings.HasSuffix(lines[0], ".") {
		t.Errorf("error text = %q, want a sentence and a hint, each on a line", e.Error())
	}
	return e
}
