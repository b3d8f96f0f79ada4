//go:build linux

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// TestPooler names the PgBouncer that tests go through, if any: what the program
// does with its pools then happens in transaction mode. Set-up and assertions go
// to the server itself.
const TestPooler = "TIJORI_TEST_POOLER"

const poolerPort = 6432

// A pooler is a PgBouncer in front of the test server.
type pooler struct {
	dir  string // of its socket
	end  func() // closes it and waits
	done chan struct{}
}

// startPooler starts the PgBouncer named by TestPooler with a socket in dir.
// Further settings are lines of its configuration.
func startPooler(ctx context.Context, dir string, settings ...string) (*pooler, error) {
	owner, err := os.Stat(server.SocketDir()) // PgBouncer refuses root as PostgreSQL does, and must reach the socket
	if err != nil {
		return nil, err
	}
	uid, gid := owner.Sys().(*syscall.Stat_t).Uid, owner.Sys().(*syscall.Stat_t).Gid
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, err
	}
	config := append([]string{
		"[databases]",
		"* = host=" + server.SocketDir(),
		"[pgbouncer]",
		"unix_socket_dir = " + dir,
		fmt.Sprint("listen_port = ", poolerPort), // of the socket's name
		"auth_type = trust",
		"auth_file = " + filepath.Join(dir, "users"),
		"pool_mode = transaction",
		"server_reset_query = DISCARD ALL",
		"server_reset_query_always = 1",
		"default_pool_size = 40",
		"max_client_conn = 2000",
		"server_login_retry = 1",
		"log_connections = 0",
		"log_disconnections = 0",
	}, settings...)
	var users strings.Builder
	roles := []string{
		postgres.RoleApp, postgres.RoleAuth, postgres.RoleBilling, postgres.RoleJobs, postgres.RoleSupport,
		postgres.RoleLog, postgres.RoleWatch,
	}
	for _, role := range roles {
		fmt.Fprintf(&users, "%q \"\"\n", role)
	}
	for name, text := range map[string]string{"users": users.String(), "ini": strings.Join(config, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	cmd := exec.Command(os.Getenv(TestPooler), filepath.Join(dir, "ini"))
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	p := &pooler{dir: dir, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig fires when the thread that forked ends
		defer close(p.done)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", os.Getenv(TestPooler), err)
	}
	p.end = func() {
		_ = cmd.Process.Kill() // fails only when it has ended already
		<-p.done
	}
	if err := p.ready(ctx); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// ready waits until the pooler accepts connections.
func (p *pooler) ready(ctx context.Context) error {
	socket := filepath.Join(p.dir, fmt.Sprint(".s.PGSQL.", poolerPort))
	for {
		if c, err := net.Dial("unix", socket); err == nil {
			return c.Close()
		}
		select {
		case <-p.done:
			log, err := os.ReadFile(filepath.Join(p.dir, "log"))
			return errors.Join(fmt.Errorf("pgbouncer did not start: %s", log), err)
		case <-ctx.Done():
			return fmt.Errorf("wait for pgbouncer: %w", ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// through is how pools reach what config leads to.
func (p *pooler) through(config *pgx.ConnConfig) *pgx.ConnConfig {
	config = config.Copy()
	config.Host, config.Port = p.dir, poolerPort
	return config
}

// Pooler starts another PgBouncer with further settings for db, and returns how
// pools reach it. It ends with the test. Only where TestPooler is set.
func (db *DB) Pooler(t testing.TB, settings ...string) *pgx.ConnConfig {
	t.Helper()
	server.Lock()
	server.poolers++
	dir := filepath.Join(server.dir, fmt.Sprint("pooler", server.poolers))
	server.Unlock()
	p, err := startPooler(t.Context(), dir, settings...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.end)
	return p.through(db.Config.Admin)
}
