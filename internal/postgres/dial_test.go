//go:build linux

package postgres_test

import (
	"context"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Every connection of every pool over TCP ends when what it has sent is not acknowledged for a quarter of a minute.
func TestSilenceEndsAConnection(t *testing.T) {
	t.Parallel()
	_, config := lineTo(t, pgtest.New(t))
	var mu sync.Mutex
	var made []*net.TCPConn
	dial := config.Admin.DialFunc
	config.Admin.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			made = append(made, c.(*net.TCPConn))
		}
		return c, err
	}
	db, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	mu.Lock()
	defer mu.Unlock()
	if len(made) < 6 {
		t.Errorf("%d connections, want one of each pool", len(made))
	}
	for _, c := range made {
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var limit int
		const tcpUserTimeout = 18
		e := raw.Control(func(fd uintptr) {
			limit, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout)
		})
		if e != nil || err != nil {
			t.Fatal(e, err)
		}
		if limit != 15_000 {
			t.Errorf("TCP_USER_TIMEOUT = %d ms, want 15000", limit)
		}
	}
}

// A server that has ended the connections that lay idle, as one that was restarted has, refuses nobody.
func TestEndedConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	var users []*pgtest.User // each has seats of its own
	for range 4 {
		users = append(users, db.User(t, "asha"))
	}
	for range 3 {
		var met, all sync.WaitGroup
		met.Add(len(users)) // at once, so that each has a connection of its own
		for _, u := range users {
			all.Go(func() {
				arrive := sync.OnceFunc(met.Done)
				err := db.As(t.Context(), u.Caller, func(*postgres.Tx) error { arrive(); met.Wait(); return nil })
				if arrive(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if _, err := db.Super.Exec(t.Context(), `select pg_terminate_backend(pid, 10000) from pg_stat_activity
			where datname = current_database() and usename = 'tijori_app'`); err != nil {
			t.Fatal(err)
		}
	}
	for _, u := range append(users, users...) {
		if _, err := db.Read(t.Context(), u.Caller, func(postgres.Scope, *pgx.Batch) {}); err != nil {
			t.Error(err)
		}
	}
}

// What asks whether a connection has ended waits for nobody, not even for a driver that is reading it.
func TestSpokenWaitsForNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	other, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	reading := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		reading <- err
	}()
	for range 1000 { // some while the other has begun to read
		if postgres.Spoken(conn) {
			t.Fatal("a connection that lives and is silent counts as ended")
		}
		runtime.Gosched()
	}
	other.Close()
	if err := <-reading; err == nil {
		t.Fatal("the end was read as something else")
	}
	if runtime.GOOS == "linux" && !postgres.Spoken(conn) {
		t.Error("a connection that has ended counts as living")
	}
}

// A server that takes connections and says nothing keeps nobody waiting: not who opens, and not who closes.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	t.Run("open", func(t *testing.T) {
		t.Parallel()
		l, config := lineTo(t, db)
		config.Admin.ConnectTimeout = 0 // ours
		l.hole.Store(true)
		start := time.Now()
		through, err := postgres.Open(t.Context(), config)
		if err == nil {
			through.Close()
			t.Fatal("Open of a silent server succeeds")
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("Open gave up after %v, want 5 s", took)
		}
	})
	t.Run("close", func(t *testing.T) {
		t.Parallel()
		l, config := lineTo(t, db)
		through, err := postgres.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		begun, over, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() { // whose connection does not come back
			defer close(ended)
			_ = through.AsAuth(context.Background(), func(pgx.Tx) error { close(begun); <-over; return nil })
		}()
		<-begun
		l.hole.Store(true)
		start := time.Now()
		through.Close()
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("Close took %v, want 5 s", took)
		}
		close(over)
		l.cut(true)
		<-ended
	})
}
