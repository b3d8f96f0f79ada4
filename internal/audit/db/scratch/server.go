// Package scratch runs the private PostgreSQL in which a schema is rebuilt and
// attacked. It listens on a unix socket only and is thrown away afterwards.
package scratch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Super is the superuser of a private server. It is not called postgres,
// because that role is an ordinary one on hosted platforms.
const Super = "tijori_audit"

// ErrNoServer says that no PostgreSQL server programs were found.
var ErrNoServer = errors.New(
	"no postgresql server programs found; install postgresql 15 or later, or name a scratch server",
)

// A Server is a running private PostgreSQL.
type Server struct {
	dir string
	cmd *exec.Cmd
	out bytes.Buffer
	end chan struct{}
}

// Bin is the folder with the newest server programs, or ErrNoServer.
func Bin() (string, error) {
	var found []string
	for _, pattern := range []string{
		os.Getenv("TIJORI_PG_BIN"), "/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
		"/opt/homebrew/opt/postgresql@*/bin", cached("tijori/pgsql/usr/lib/postgresql/*/bin"),
	} {
		if pattern == "" {
			continue
		}
		dirs, _ := filepath.Glob(pattern)
		slices.Sort(dirs)
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		if path, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(path), nil
		}
		return "", ErrNoServer
	}
	return found[0], nil
}

func cached(path string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, path)
}

// Start makes a cluster in a temporary folder and starts it.
func Start(ctx context.Context) (*Server, error) {
	bin, err := Bin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tijori-audit-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the scratch server: %w", err)
	}
	s := &Server{dir: dir, end: make(chan struct{})}
	if err := s.start(ctx, bin); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, bin string) error {
	if err := give(s.dir); err != nil {
		return fmt.Errorf("give the scratch folder to an ordinary user: %w", err)
	}
	data := filepath.Join(s.dir, "data")
	initdb := s.command(
		filepath.Join(bin, "initdb"),
		"-D",
		data,
		"-U",
		Super,
		"--auth-local=trust",
		"--auth-host=reject",
		"-E",
		"UTF8",
		"--locale=C",
		"--no-sync",
		"--wal-segsize=1",
	)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	args := []string{"-D", data}
	for _, set := range []string{
		"listen_addresses=", "unix_socket_directories=" + s.dir, "unix_socket_permissions=0700", "fsync=off",
		"full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "shared_buffers=64MB", "max_connections=20",
		"jit=off", "wal_level=logical", "max_wal_size=512MB", "temp_file_limit=256MB", "work_mem=8MB",
		"max_locks_per_transaction=512", "max_worker_processes=0", "max_parallel_workers=0",
	} {
		args = append(args, "-c", set)
	}
	s.cmd = s.command(filepath.Join(bin, "postgres"), args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	tie(s.cmd)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the server ends with the thread that started it
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait()
			close(s.end)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start the scratch server: %w", err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		c, err := Connect(ctx, s.DSN(), "postgres", "")
		if err == nil {
			c.Close(ctx)
			return nil
		}
		select {
		case <-s.end:
			return fmt.Errorf("the scratch server ended: %s", strings.TrimSpace(s.out.String()))
		case <-ctx.Done():
			s.Stop()
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.Stop()
			return fmt.Errorf("the scratch server does not answer: %w", err)
		}
	}
}

// DSN is how its superuser connects.
func (s *Server) DSN() string {
	return fmt.Sprintf("host=%s user=%s dbname=postgres", s.dir, Super)
}

// Stop ends the server and removes all it wrote.
func (s *Server) Stop() {
	if s.cmd != nil && s.cmd.Process != nil {
		stop(s.cmd.Process)
		select {
		case <-s.end:
		case <-time.After(10 * time.Second):
			_ = s.cmd.Process.Kill()
			<-s.end
		}
	}
	os.RemoveAll(s.dir)
}
