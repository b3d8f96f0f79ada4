//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Server is a running PostgreSQL that belongs to this process.
type Server struct {
	state    *state
	bin      string
	process  *os.Process
	log      *serverLog
	claimed  bool // the directory belongs to a Claim, which releases it
	stopping atomic.Bool
	exited   chan struct{} // closed when the process has ended
	exitErr  error         // why; set before exited is closed
	done     chan error
}

// Start brings up the PostgreSQL of c.Dir and returns when it accepts
// connections: the cluster is made when there is none, what an earlier owner
// left running is stopped first, and a crash is recovered from. Data is never
// removed. What the operator can mend comes back as a *SetupError.
//
// The caller must call Stop, which also releases the directory.
func Start(ctx context.Context, c Config) (*Server, error) {
	dir, err := statePath(c.Dir)
	if err != nil {
		return nil, err
	}
	st, err := openState(dir)
	if err != nil {
		return nil, err
	}
	s, err := start(ctx, c, st)
	if err != nil {
		st.close()
		return nil, err
	}
	return s, nil
}

func start(ctx context.Context, c Config, st *state) (*Server, error) {
	want, err := st.dataMajor()
	if err != nil {
		return nil, err
	}
	found, err := findPrograms(ctx, c.BinDirs, st, want)
	if err != nil {
		return nil, err
	}
	if err := st.stopLeftovers(ctx); err != nil {
		return nil, err
	}
	if want == 0 {
		if err := st.initdb(ctx, found, c.Fast); err != nil {
			return nil, err
		}
	}
	if err := st.prepareSocket(); err != nil {
		return nil, err
	}
	if err := st.writeAccess(c); err != nil {
		return nil, err
	}
	if err := st.recover(c.Recovery); err != nil {
		return nil, err
	}
	s, err := launch(c, st, found)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// ready waits until a connection succeeds. Recovery from a crash may take long:
// only ctx or the end of the process ends the wait.
func (s *Server) ready(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, s.DSN("postgres", "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			return &SetupError{"postgresql did not start: " + s.log.lastFailure(), s.log.hint(), ErrNotStarted}
		case <-ctx.Done():
			return fmt.Errorf("wait for postgresql in %s: %w", s.state.dir, errors.Join(ctx.Err(), err))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// DSN is a keyword connection string for pgx and libpq. As user "postgres" it is
// the superuser, who bypasses row-level security: for set-up only.
func (s *Server) DSN(dbname, user string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable",
		quote(s.SocketDir()), port, quote(user), quote(dbname))
}

// quote writes v as a value of a keyword connection string.
func quote(v string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
}

// SocketDir is the folder of the server's unix socket, closed to other users.
func (s *Server) SocketDir() string { return s.state.path(socketName) }

// BinDir is the folder of the programs in use, where pg_dump and pgbench may be
// as well.
func (s *Server) BinDir() string { return s.bin }

// PID is the process id of the postmaster.
func (s *Server) PID() int { return s.process.Pid }

// Done receives once when the server has ended, then is closed: nil after Stop,
// otherwise why it ended by itself. The directory stays ours until Stop.
func (s *Server) Done() <-chan error { return s.done }

// Wait blocks until the server has ended and returns what Done reports. Any
// number of callers may wait.
func (s *Server) Wait() error {
	<-s.exited
	return s.exitErr
}

// Stop ends all sessions, shuts the server down, waits for it and releases the
// directory. It returns nil after a shutdown, otherwise why the server had
// ended before. Calling it again, also at the same time, returns the same.
func (s *Server) Stop() error {
	s.stopping.Store(true)
	return s.end()
}

// end makes the process end, the gentlest way first, and closes what it used.
func (s *Server) end() error {
	if !s.claimed {
		defer s.state.close()
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{
		{syscall.SIGINT, 20 * time.Second},  // fast shutdown: sessions are ended, everything is written
		{syscall.SIGQUIT, 10 * time.Second}, // immediate: recovered at the next start
		{syscall.SIGKILL, 10 * time.Second},
	} {
		_ = s.process.Signal(step.signal) // fails only when it has ended already
		select {
		case <-s.exited:
			return s.exitErr
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("postgresql (pid %d) in %s does not end", s.PID(), s.state.dir)
}

const (
	dataName   = "data"
	newName    = "data.new"
	socketName = "s"
	lockName   = "lock"
	logName    = "postgres.log"
	hbaName    = "pg_hba.conf"
	identName  = "pg_ident.conf"
	port       = "5432" // part of the socket's name; nothing listens on TCP
)

func (st *state) path(name ...string) string {
	return filepath.Join(append([]string{st.dir}, name...)...)
}
