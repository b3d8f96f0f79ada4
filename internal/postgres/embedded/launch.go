//go:build linux

package embedded

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// launch starts the postmaster and the goroutine that waits for its end.
func launch(c Config, st *state, p programs) (*Server, error) {
	log, err := openLog(c.Log, st)
	if err != nil {
		return nil, err
	}
	cmd := st.command(context.Background(), p, "postgres", serverArgs(c, st)...)
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT // a fast shutdown when we die, even by kill -9
	cmd.Stdout, cmd.Stderr = log.out, log.out
	cmd.WaitDelay = 5 * time.Second // sessions may hold the log's pipe a little longer than the postmaster

	s := &Server{state: st, bin: p.bin, log: log, exited: make(chan struct{}), done: make(chan error, 1)}
	started := make(chan error)
	go func() {
		// Pdeathsig fires when the thread that forked ends: this one is kept until the server's end.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			s.await(cmd)
		}
		log.close()
	}()
	if err := <-started; err != nil {
		return nil, &SetupError{
			"postgresql could not be started: " + reason(err),
			"check that " + p.bin + " may be run", ErrNotStarted,
		}
	}
	s.process = cmd.Process
	go log.keepSmall(s.exited)
	return s, nil
}

// await reports the end of the process. Without Stop even a clean one is an error.
func (s *Server) await(cmd *exec.Cmd) {
	_ = cmd.Wait() // the state below says more than the error
	if !s.stopping.Load() {
		s.exitErr = fmt.Errorf("postgresql (pid %d) ended by itself: %s", cmd.Process.Pid, cmd.ProcessState)
	}
	close(s.exited)
	s.done <- s.exitErr
	close(s.done)
}

// serverArgs puts the settings on the command line, which outranks every file
// in the data directory; the last of two wins.
func serverArgs(c Config, st *state) []string {
	args := []string{"-D", st.path(dataName)}
	set := func(name, value string) { args = append(args, "-c", name+"="+value) }

	set("shared_buffers", cmp.Or(c.SharedBuffers, "128MB"))
	set("max_connections", strconv.Itoa(cmp.Or(c.MaxConnections, 60)))
	set("max_slot_wal_keep_size", "4GB") // a log that nobody stores does not fill the disk
	set("jit", "off")                    // its libraries may be missing, and short queries only lose by it
	if c.Fast {
		for _, name := range []string{"fsync", "full_page_writes"} {
			set(name, "off")
		}
		set("max_wal_size", "1GB") // as with segments of the usual size
		set("min_wal_size", "80MB")
	}
	for _, name := range slices.Sorted(maps.Keys(c.ExtraSettings)) {
		set(name, c.ExtraSettings[name])
	}
	if c.Recovery != nil {
		for name, value := range c.Recovery.settings() {
			set(name, value)
		}
	}
	set("listen_addresses", "")
	set("port", port)
	set("unix_socket_directories", st.path(socketName))
	set("unix_socket_permissions", "0700")
	set("logging_collector", "off") // we write the log
	set("external_pid_file", "")
	set("hba_file", st.path(hbaName))
	set("ident_file", st.path(identName))
	return args
}
