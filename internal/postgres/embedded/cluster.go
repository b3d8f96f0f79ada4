//go:build linux

package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// dataMajor is the major version that made the data, 0 when there is none yet.
func (st *state) dataMajor() (int, error) {
	b, err := st.root.ReadFile(dataName + "/PG_VERSION")
	if err == nil {
		n, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil || n <= 0 {
			return 0, st.notACluster("its PG_VERSION is damaged")
		}
		return n, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, refused(st.dir, err)
	}
	names, err := fs.ReadDir(st.root.FS(), dataName)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, refused(st.dir, err)
	case len(names) > 0:
		return 0, st.notACluster("it has no PG_VERSION")
	}
	return 0, nil
}

func (st *state) notACluster(why string) error {
	return &SetupError{
		fmt.Sprintf("%s is not the data of a postgresql server: %s; nothing was changed", st.path(dataName), why),
		"restore it from a backup, or move it away to start again", ErrWrongVersion,
	}
}

// initdb makes the cluster beside its place and renames it there when it is
// whole, so that an interrupted one never looks like data.
func (st *state) initdb(ctx context.Context, p programs, fast bool) error {
	if err := st.root.RemoveAll(newName); err != nil {
		return refused(st.dir, err)
	}
	if err := st.makeOwnDir(newName); err != nil {
		return err
	}
	args := []string{
		"-D", st.path(newName), "-U", "postgres", "--auth-local=peer", "--auth-host=reject",
		"--data-checksums", "-E", "UTF8", "--locale=C.UTF-8",
	}
	if fast {
		args = append(args, "--no-sync", "--wal-segsize=1") // 1 MB to write, not 16
	}
	cmd := st.command(ctx, p, "initdb", args...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with its children
	cmd.WaitDelay = 2 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out

	runtime.LockOSThread() // Pdeathsig fires when the thread that forked ends
	err := cmd.Run()
	runtime.UnlockOSThread()
	if ctx.Err() != nil {
		return fmt.Errorf("make the database in %s: %w", st.dir, ctx.Err())
	}
	if strings.Contains(out.String(), "could not look up effective user ID") { // a container with a mere number
		return &SetupError{
			"the user that postgresql would run as has no name on this machine: " + lastFailure(out.String(),
				err.Error()),
			"add it to /etc/passwd, or set DATABASE_URL", ErrAccess,
		}
	}
	if err != nil {
		return &SetupError{
			"the database could not be made in " + st.dir + ": " + lastFailure(out.String(), err.Error()),
			"look for a full disk or a limit on memory; nothing else was changed", ErrNotStarted,
		}
	}
	if err := st.root.Rename(newName, dataName); err != nil {
		return refused(st.dir, err)
	}
	if fast {
		return nil
	}
	top, err := st.root.Open(".")
	if err != nil {
		return refused(st.dir, err)
	}
	defer top.Close()
	if err := top.Sync(); err != nil { // the rename survives a power cut
		return refused(st.dir, err)
	}
	return nil
}

// lastFailure picks the line of a log that says why: the last FATAL or PANIC or
// error, else the last line, else otherwise.
func lastFailure(log, otherwise string) string {
	found := otherwise
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		for _, mark := range []string{"FATAL:", "PANIC:", "error:"} {
			// what we were told when we asked
			if _, text, ok := strings.Cut(line, mark); ok && !strings.Contains(text, "the database system is") {
				found = strings.TrimSpace(text)
			}
		}
	}
	if found != otherwise {
		return found
	}
	if lines := strings.Split(strings.TrimSpace(log), "\n"); lines[len(lines)-1] != "" {
		return lines[len(lines)-1]
	}
	return otherwise
}
