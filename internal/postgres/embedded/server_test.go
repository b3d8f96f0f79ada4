//go:build linux

package embedded

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestStartFresh(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(tempDir(t), "a 'state' dir") // made by Start; needs quoting everywhere
	s := startIn(t, Config{Dir: dir, ExtraSettings: map[string]string{
		"listen_addresses": "*", "port": "6000", "work_mem": "7MB",
	}})
	for name, want := range map[string]string{
		"listen_addresses": "", "port": "5432", "work_mem": "7MB", "unix_socket_permissions": "0700",
		"data_checksums": "on", "server_encoding": "UTF8", "max_connections": "60", "jit": "off",
	} {
		if got := query(t, s, "show "+name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if n := tcpSockets(t, s.PID()); n != 0 {
		t.Errorf("the server has %d TCP sockets, want 0", n)
	}
	fi, err := os.Stat(s.SocketDir())
	if err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("socket folder = %v, %v, want mode 0700", fi.Mode(), err)
	}
	if _, err := os.Stat(filepath.Join(s.BinDir(), "postgres")); err != nil {
		t.Errorf("BinDir: %v", err)
	}
	query(t, s, "create table kept as select 42 as n")
	if err := s.Stop(); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if err, open := <-s.Done(); err != nil || !open {
		t.Errorf("Done after Stop = %v, %v, want nil once", err, open)
	}
	if _, open := <-s.Done(); open {
		t.Error("Done reports twice, want once")
	}
	if s = startIn(t, Config{Dir: dir}); query(t, s, "select n from kept") != "42" {
		t.Error("the second start lost the data")
	}
}

// tcpSockets counts the TCP sockets among a process's files.
func tcpSockets(t *testing.T, pid int) int {
	t.Helper()
	base := "/proc/" + strconv.Itoa(pid)
	tables := ""
	for _, name := range []string{"/net/tcp", "/net/tcp6"} {
		b, err := os.ReadFile(base + name)
		if err != nil {
			t.Fatal(err)
		}
		tables += string(b)
	}
	files, err := os.ReadDir(base + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		to, _ := os.Readlink(base + "/fd/" + f.Name())
		if inode, ok := strings.CutPrefix(to, "socket:["); ok && strings.Contains(tables, " "+strings.TrimSuffix(inode,
			"]")+" ") {
			n++
		}
	}
	return n
}

func TestParentKilled(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	owner, pid := readyOwner(t, dir)
	owner.Process.Kill()
	await(t, "the postmaster followed its owner", func() bool { return gone(pid) })
	if s := startIn(t, Config{Dir: dir}); query(t, s, "select 1") != "1" {
		t.Error("no answer after the owner was killed")
	}
}

func TestPostmasterKilled(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	s := startIn(t, Config{Dir: dir})
	query(t, s, "create table kept as select 42 as n")
	syscall.Kill(s.PID(), syscall.SIGKILL)
	if err := <-s.Done(); err == nil || !strings.Contains(err.Error(), "ended by itself") {
		t.Errorf("Done = %v, want that it ended by itself", err)
	}
	if s.Wait() == nil || s.Stop() == nil {
		t.Error("Wait and Stop = nil after the server was killed, want why it ended")
	}
	if s = startIn(t, Config{Dir: dir}); query(t, s, "select n from kept") != "42" {
		t.Error("recovery lost a committed row")
	}
}

func TestStoppedByAStranger(t *testing.T) {
	t.Parallel()
	s := startIn(t, Config{Dir: clusterDir(t)})
	syscall.Kill(s.PID(), syscall.SIGINT) // ends with status 0, but we did not ask for it
	if err := <-s.Done(); err == nil {
		t.Error("Done = nil after a shutdown we did not ask for, want an error")
	}
}

func TestInitdbKilled(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	owner, _ := startOwner(t, dir)
	await(t, "initdb is half done", func() bool {
		_, err := os.Stat(filepath.Join(dir, newName, "base"))
		return err == nil
	})
	owner.Process.Kill()
	owner.Wait()
	if _, err := os.Stat(filepath.Join(dir, dataName)); err == nil {
		t.Fatal("data exists after an interrupted initdb")
	}
	if s := startIn(t, Config{Dir: dir}); query(t, s, "select 1") != "1" {
		t.Error("no answer after an interrupted initdb")
	}
	if _, err := os.Stat(filepath.Join(dir, newName)); err == nil {
		t.Error("data.new is left over")
	}
}

func TestInitdbCancelled(t *testing.T) {
	t.Parallel()
	dir := tempDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := Start(ctx, Config{Dir: dir, Fast: true})
		failed <- err
	}()
	await(t, "initdb is half done", func() bool {
		_, err := os.Stat(filepath.Join(dir, newName, "base"))
		return err == nil
	})
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("Start = %v, want canceled", err)
	}
	if pids, err := awaitNoServer(t.Context(), filepath.Join(dir, newName), 5e9); err != nil || len(pids) > 0 {
		t.Errorf("initdb's servers %v still run (%v)", pids, err)
	}
}

func TestStalePIDFile(t *testing.T) {
	t.Parallel()
	stranger := exec.Command("sleep", "900")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stranger.Process.Kill(); stranger.Wait() })
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"dead":     strconv.Itoa(dead.Process.Pid) + "\n",
		"stranger": strconv.Itoa(stranger.Process.Pid) + "\n",
		"negative": "-1\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := clusterDir(t)
			file := filepath.Join(dir, dataName, "postmaster.pid")
			writeAs(t, filepath.Join(dir, dataName), file, text+filepath.Join(dir, dataName)+"\n0\n5432\n"+dir+
				"/s\n\n  1 2\n")
			if err := os.Mkdir(filepath.Join(dir, socketName), 0o700); err != nil {
				t.Fatal(err)
			}
			writeAs(t, filepath.Join(dir, dataName), filepath.Join(dir, socketName, ".s.PGSQL.5432.lock"), text)
			if s := startIn(t, Config{Dir: dir}); query(t, s, "select 1") != "1" {
				t.Error("no answer after a stale pid file")
			}
		})
	}
	t.Cleanup(func() {
		if gone(stranger.Process.Pid) {
			t.Error("the stranger with the noted process id was killed")
		}
	})
}

// writeAs writes a file that belongs to the owner of like.
func writeAs(t *testing.T, like, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(like)
	if err != nil {
		t.Fatal(err)
	}
	own := fi.Sys().(*syscall.Stat_t)
	if err := os.Chown(name, int(own.Uid), int(own.Gid)); err != nil {
		t.Fatal(err)
	}
}

func TestOrphan(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	first := startIn(t, Config{Dir: dir})
	query(t, first, "create table kept as select 42 as n")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	// The same postmaster again, but nobody's: no signal at its parent's death, and its lock is free.
	st, err := openState(dir)
	if err != nil {
		t.Fatal(err)
	}
	orphan := st.command(context.Background(), programs{bin: first.BinDir(), libraries: libraryPath(first.BinDir())},
		"postgres", serverArgs(Config{Fast: true, SharedBuffers: "16MB"}, st)...)
	st.close()
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	go orphan.Wait()
	t.Cleanup(func() { orphan.Process.Kill() })
	await(t, "the orphan accepts connections", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, dataName, "postmaster.pid"))
		return bytes.Contains(b, []byte("\nready"))
	})

	s := startIn(t, Config{Dir: dir})
	if !gone(orphan.Process.Pid) {
		t.Error("the orphan still runs")
	}
	if query(t, s, "select n from kept") != "42" {
		t.Error("a row was lost with the orphan")
	}
}

func TestSecondOwner(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	owner, pid := readyOwner(t, dir)
	_, err := Start(t.Context(), Config{Dir: dir})
	e := asSetup(t, err, ErrInUse)
	if want := "pid " + strconv.Itoa(owner.Process.Pid); !strings.Contains(e.Problem, dir) ||
		!strings.Contains(e.Problem, want) {
		t.Errorf("problem = %q, want the directory and %q", e.Problem, want)
	}
	if gone(pid) || gone(owner.Process.Pid) {
		t.Error("the first owner was disturbed")
	}
}

func TestStopTogether(t *testing.T) {
	t.Parallel()
	s := startIn(t, Config{Dir: clusterDir(t)})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := s.Stop(); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
	all.Wait()
	if !gone(s.PID()) {
		t.Error("the postmaster runs after Stop")
	}
}

func TestBadSetting(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]*bytes.Buffer{"file": nil, "writer": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{Dir: clusterDir(t), ExtraSettings: map[string]string{"shared_buffers": "plenty"}}
			if log != nil {
				c.Log = log
			}
			_, err := Start(t.Context(), c)
			if e := asSetup(t, err, ErrNotStarted); !strings.Contains(e.Problem, `"shared_buffers": "plenty"`) {
				t.Errorf("problem = %q, want the setting that is wrong", e.Problem)
			}
			s := startIn(t, Config{Dir: c.Dir}) // the directory was released
			if log != nil && !strings.Contains(log.String(), "plenty") {
				t.Errorf("log = %q, want the server's words", log)
			}
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLogSetAside(t *testing.T) {
	t.Parallel()
	dir := clusterDir(t)
	log := filepath.Join(dir, logName)
	if err := os.WriteFile(log, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(log, logLimit+1); err != nil {
		t.Fatal(err)
	}
	startIn(t, Config{Dir: dir})
	if fi, err := os.Stat(log); err != nil || fi.Size() > logLimit || fi.Size() == 0 {
		t.Errorf("log after the start = %v, %v, want a new one", fi, err)
	}
	if fi, err := os.Stat(log + ".1"); err != nil || fi.Size() != logLimit+1 {
		t.Errorf("log set aside = %v, %v, want the old one", fi, err)
	}
}
