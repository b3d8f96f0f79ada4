//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopLeftovers ends what an earlier owner left running in the directory. We hold
// the lock, so nobody else is using it. Afterwards no process has the data open,
// and what a killed server noted about itself stops no new one.
func (st *state) stopLeftovers(ctx context.Context) error {
	// An interrupted initdb: its result is thrown away, so it need not be gentle.
	if err := st.stopServers(ctx, newName, []stopStep{{syscall.SIGKILL, true, 5 * time.Second}}); err != nil {
		return err
	}
	return st.stopServers(ctx, dataName, []stopStep{
		{syscall.SIGINT, false, 10 * time.Second}, // fast shutdown by the postmaster
		{syscall.SIGQUIT, true, 5 * time.Second},
		{syscall.SIGKILL, true, 5 * time.Second}, // all are gone before ours starts, so recovery is safe
	})
}

type stopStep struct {
	signal syscall.Signal
	all    bool // signal every process, not only the postmaster
	wait   time.Duration
}

func (st *state) stopServers(ctx context.Context, name string, steps []stopStep) error {
	pids, err := serversIn(st.path(name))
	for i := 0; err == nil && len(pids) > 0 && i < len(steps); i++ {
		for _, pid := range pids {
			if steps[i].all || pid == st.notedPID(name) {
				_ = syscall.Kill(pid, steps[i].signal)
			}
		}
		pids, err = awaitNoServer(ctx, st.path(name), steps[i].wait)
	}
	if err != nil {
		return fmt.Errorf("look for an earlier postgresql in %s: %w", st.dir, err)
	}
	if len(pids) > 0 {
		return &SetupError{
			fmt.Sprintf("an earlier postgresql (pid %d) in %s does not end", pids[0], st.dir),
			"end it by hand, or restart the machine", ErrInUse,
		}
	}
	return st.forget(name)
}

// awaitNoServer returns the processes that still work in data when wait is over.
func awaitNoServer(ctx context.Context, data string, wait time.Duration) ([]int, error) {
	for end := time.Now().Add(wait); ; {
		pids, err := serversIn(data)
		if err != nil || len(pids) == 0 || time.Now().After(end) {
			return pids, err
		}
		select {
		case <-ctx.Done():
			return pids, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// notedPID is the postmaster's process id as its pid file has it, 0 without one.
func (st *state) notedPID(name string) int {
	b, err := st.root.ReadFile(name + "/postmaster.pid")
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(b), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid < 0 {
		return 0
	}
	return pid
}

// forget removes the pid file when no server is running but its process id is in
// use: the next server would take that stranger for a rival. A dead id is left
// for the server itself, which then also looks for shared memory still in use.
func (st *state) forget(name string) error {
	pid := st.notedPID(name)
	if pid == 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return nil
	}
	if err := st.root.Remove(name + "/postmaster.pid"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refused(st.dir, err)
	}
	return nil
}

// serversIn lists the PostgreSQL processes that work in a data directory: every
// one of them has it as its current directory, under whatever path. An error
// means that it could not be told, and nothing may be started.
func serversIn(data string) ([]int, error) {
	want, err := os.Stat(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat("/proc/self/cwd"); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		// What we may not read is another account's, and that cannot be a server on our data.
		cwd, err := os.Stat("/proc/" + e.Name() + "/cwd")
		if err != nil || !os.SameFile(cwd, want) {
			continue
		}
		if comm, err := os.ReadFile("/proc/" + e.Name() + "/comm"); err == nil &&
			strings.TrimSpace(string(comm)) == "postgres" {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
