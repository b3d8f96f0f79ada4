package postgres_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A turnstile is a pooler that knows nothing of prepared statements. It gives each transaction of its clients a
// server connection, or each client one for as long as it stays.
type turnstile struct {
	to       *pgx.ConnConfig
	size     int // server connections for a role
	sessions bool

	cancel context.CancelFunc

	mu   sync.Mutex
	made map[string]int
	free map[string]chan *pgconn.HijackedConn
}

// start serves until the test ends. It returns how pools reach the turnstile.
func (p *turnstile) start(t *testing.T) *pgx.ConnConfig {
	t.Helper()
	p.made, p.free = map[string]int{}, map[string]chan *pgconn.HijackedConn{}
	dir, err := os.MkdirTemp("", "tijori-pooler") // the path of t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.6432"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			context.AfterFunc(ctx, func() { c.Close() })
			clients.Go(func() {
				defer c.Close()
				p.serve(ctx, pgproto3.NewBackend(c, c))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		cancel()
		clients.Wait()
		os.RemoveAll(dir)
	})
	config := p.to.Copy()
	config.Host, config.Port = dir, 6432
	return config
}

// serve speaks with one client until it has gone.
func (p *turnstile) serve(ctx context.Context, client *pgproto3.Backend) {
	hello, err := client.ReceiveStartupMessage()
	start, ok := hello.(*pgproto3.StartupMessage)
	if err != nil || !ok { // whoever asks to cancel has waited long enough
		p.cancel()
		return
	}
	role := start.Parameters["user"]
	client.Send(&pgproto3.AuthenticationOk{})
	client.Send(&pgproto3.BackendKeyData{ProcessID: 1<<31 + 7, SecretKey: []byte("none")})
	client.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if client.Flush() != nil {
		return
	}
	free := p.line(role)
	var server *pgconn.HijackedConn
	for {
		message, err := client.Receive()
		if err != nil {
			break
		}
		if server == nil {
			if server = p.take(ctx, role, free); server == nil {
				return
			}
		}
		server.Frontend.Send(message)
		switch message.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
		default:
			continue
		}
		status, err := answer(client, server.Frontend)
		if err != nil {
			break
		}
		if status == 'I' && !p.sessions {
			free <- server
			server = nil
		}
	}
	if server != nil {
		server.Conn.Close()
	}
}

// answer hands on what the server says, up to its being ready in the status that it returns.
func answer(client *pgproto3.Backend, server *pgproto3.Frontend) (byte, error) {
	if err := server.Flush(); err != nil {
		return 0, err
	}
	for {
		message, err := server.Receive()
		if err != nil {
			return 0, err
		}
		client.Send(message)
		if ready, ok := message.(*pgproto3.ReadyForQuery); ok {
			return ready.TxStatus, client.Flush()
		}
	}
}

// line returns where the free server connections of a role wait.
func (p *turnstile) line(role string) chan *pgconn.HijackedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free[role] == nil {
		p.free[role] = make(chan *pgconn.HijackedConn, p.size)
	}
	return p.free[role]
}

// take returns a free server connection of a role, a new one, or waits until one is free.
func (p *turnstile) take(ctx context.Context, role string, free <-chan *pgconn.HijackedConn) *pgconn.HijackedConn {
	p.mu.Lock()
	fresh := len(free) == 0 && p.made[role] < p.size
	if fresh {
		p.made[role]++
	}
	p.mu.Unlock()
	if !fresh {
		select {
		case server := <-free:
			return server
		case <-ctx.Done():
			return nil
		}
	}
	config := p.to.Copy()
	config.User = role
	conn, err := pgconn.ConnectConfig(ctx, &config.Config)
	if err != nil {
		return nil
	}
	server, err := conn.Hijack()
	if err != nil {
		return nil
	}
	context.AfterFunc(ctx, func() { server.Conn.Close() })
	return server
}

func TestPoolers(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for name, c := range map[string]struct {
		size     int
		sessions bool
		want     string // part of the refusal; "" where it is good enough
	}{
		"transactions": {5, false, "loses prepared statements"},
		"sessions":     {20, true, ""},
		"one server":   {1, false, "gave tijori_app no second server connection"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := db.Config
			p := &turnstile{to: config.Admin, size: c.size, sessions: c.sessions}
			config.Server = p.start(t)
			ctx := t.Context()
			if c.size == 1 { // we do not wait as long as a start does
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 3*time.Second)
				defer cancel()
			}
			refused(t, ctx, config, c.want)
		})
	}
}

// refused opens the pools and looks for a refusal of one sentence and a hint that contains want.
func refused(t *testing.T, ctx context.Context, config postgres.Config, want string) {
	t.Helper()
	db, err := postgres.Open(ctx, config)
	if err == nil {
		db.Close()
	}
	if want == "" && err == nil {
		return
	}
	setup, ok := errors.AsType[*postgres.SetupError](err)
	if want == "" || !ok || !strings.Contains(setup.Error(), want) || setup.Hint == "" {
		t.Errorf("Open = %v, want a refusal with %q", err, want)
	}
}
