//go:build linux

package embedded

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is the unprivileged account that every Debian has by this number.
const nobody = 65534

// TestAsOrdinaryUser runs every other test once more as an unprivileged user
// when we are root. Otherwise they have been run as one already.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return
	}
	dir := tempDir(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "embedded.test") // where go test builds it, nobody else may look
	if out, err := exec.Command("install", "-m", "755", exe, program).CombinedOutput(); err != nil {
		t.Fatalf("install: %v: %s", err, out)
	}
	cmd := exec.Command(program, "-test.v", "-test.parallel=2")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + dir, "HOME=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestOrphan")) {
		t.Errorf("as an ordinary user: %v\n%s", err, out)
	}
}

// TestNamelessUser is a container started with a user id that nobody has named.
func TestNamelessUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // only root can become a user without a name
	}
	dir := tempDir(t)
	st, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer st.close()
	p, err := findPrograms(t.Context(), nil, st, 0)
	if err != nil {
		t.Fatal(err)
	}
	st.account = &syscall.Credential{Uid: 64999, Gid: 64999}
	if e := asSetup(t, st.initdb(t.Context(), p, true), ErrAccess); !strings.Contains(e.Problem, "64999") {
		t.Errorf("problem = %q, want the user id", e.Problem)
	}
}

func TestRootGivesTheServerAway(t *testing.T) {
	t.Parallel()
	s := startIn(t, Config{Dir: clusterDir(t)})
	fi, err := os.Stat(fmt.Sprintf("/proc/%d", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	uid := int(fi.Sys().(*syscall.Stat_t).Uid)
	if uid == 0 {
		t.Error("the server runs as root")
	}
	if os.Geteuid() != 0 && uid != os.Geteuid() {
		t.Errorf("the server runs as %d, want our own %d", uid, os.Geteuid())
	}
}

// TestRootUsesTheOwner: root starts what an ordinary user made, as that user.
func TestRootUsesTheOwner(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	if os.Geteuid() != 0 {
		return // the owner is always us
	}
	if out, err := exec.Command("chown", "-R", "nobody", filepath.Join(dir, dataName)).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, out)
	}
	s := startIn(t, Config{Dir: dir})
	fi, err := os.Stat(fmt.Sprintf("/proc/%d", s.PID()))
	if err != nil || fi.Sys().(*syscall.Stat_t).Uid != nobody {
		t.Errorf("server's account = %v, %v, want that of the data, nobody", fi, err)
	}
}

func TestClosedParent(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // the server is us and may pass wherever we may
	}
	parent := filepath.Join(tempDir(t), "closed")
	if err := os.Mkdir(parent, 0o700); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "state")
	_, err := Start(t.Context(), Config{Dir: dir})
	e := asSetup(t, err, ErrAccess)
	if !strings.Contains(e.Problem, parent+" (mode 0700)") || !strings.Contains(e.Hint, "/var/lib/tijori") {
		t.Errorf("error = %q, want the closed parent and /var/lib/tijori", e.Error())
	}
}

// TestEmptyPrivateDirectory: what mktemp -d makes is good enough for root too.
func TestEmptyPrivateDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "private")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	st, err := openState(dir)
	if err != nil {
		t.Fatalf("openState of an empty private directory: %v", err)
	}
	st.close()
	if os.Geteuid() != 0 {
		return // it is ours, and so will the server be
	}
	if where, _ := barrier(dir, nobody, nobody); where != "" {
		t.Errorf("the server's account may not pass %s", where)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = openState(dir) // now the lock is in it, and its mode is its owner's choice
	asSetup(t, err, ErrAccess)
}

func TestMayPass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode     os.FileMode
		uid, gid uint32
		want     bool
	}{
		{0o700, 1, 1, true},
		{0o077, 1, 1, false}, // the owner's bits only, however open the others are
		{0o710, 2, 1, true},
		{0o701, 2, 1, false},
		{0o701, 2, 2, true},
		{0o776, 2, 2, false},
	} {
		if got := mayPass(c.mode, 1, 1, c.uid, c.gid); got != c.want {
			t.Errorf("mayPass(%04o, 1:1, %d:%d) = %v, want %v", c.mode, c.uid, c.gid, got, c.want)
		}
	}
}

func TestMajorVersion(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 18beta1\n":                        18,
		"postgres (PostgreSQL) 9.6.24\n":                         9,
		"postgres (PostgreSQL) 17":                               17,
		"postgres (PostgreSQL) devel\n":                          0,
		"psql 15\n":                                              0,
		"":                                                       0,
	} {
		if got := majorVersion(line); got != want {
			t.Errorf("majorVersion(%q) = %d, want %d", line, got, want)
		}
	}
}

func TestLastFailure(t *testing.T) {
	t.Parallel()
	for log, want := range map[string]string{
		"":             "otherwise",
		"one\ntwo\n\n": "two",
		"2026 UTC [1] FATAL:  out of luck\n2026 UTC [1] LOG:  database system is shut down\n": "out of luck",
		"initdb: error: could not create file: No space left on device\ninitdb: removing x\n": "could not create file: No space left on device",
	} {
		if got := lastFailure(log, "otherwise"); got != want {
			t.Errorf("lastFailure(%q) = %q, want %q", log, got, want)
		}
	}
}
