package credits

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A scissor cuts one connection at a point of its choice. The spend function's call is one message with its commit:
// what is written is the call, what is read is the answer to the commit.
type scissor struct {
	armed atomic.Int32 // a point, or none
	cuts  atomic.Int32
}

const (
	none        = iota
	beforeCall  // the call is never sent
	withinCall  // half of it is
	afterCall   // all of it is, and nobody waits for the answer
	withinReply // half of the answer to the commit arrives
	beforeReply // the commit is done; none of its answer arrives
)

var points = map[string]int32{
	"before the call": beforeCall, "within the call": withinCall, "after the call": afterCall,
	"within the reply": withinReply, "before the reply": beforeReply,
}

var errCut = errors.New("the line was cut")

type cutConn struct {
	net.Conn
	s     *scissor
	mu    sync.Mutex
	reply int32 // what happens to the next answer
}

func (c *cutConn) cut() error {
	c.s.cuts.Add(1)
	return errors.Join(errCut, c.Conn.Close())
}

func (c *cutConn) Write(b []byte) (int, error) {
	point := int32(none)
	if len(b) > 200 { // a call with its arrays, not a handshake
		point = c.s.armed.Swap(none)
	}
	switch point {
	case beforeCall:
		return 0, c.cut()
	case withinCall:
		n, _ := c.Conn.Write(b[:len(b)/2])
		return n, c.cut()
	case afterCall:
		n, err := c.Conn.Write(b)
		return n, errors.Join(err, c.cut())
	case withinReply, beforeReply:
		c.mu.Lock()
		c.reply = point
		c.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	point := c.reply
	c.reply = none
	c.mu.Unlock()
	switch {
	case err != nil || point == none:
		return n, err
	case point == withinReply:
		return n / 2, c.cut()
	}
	time.Sleep(2 * time.Millisecond) // the commit is done when its answer has come
	return 0, c.cut()
}

// TestCutConnections: at every point calls lose their connection (a hundred in make torture). Each is made exactly
// once, and answered.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.give(f.owner, 1_000_000)
	s := &scissor{}
	config := f.db.Config
	config.Admin, config.Server = config.Admin.Copy(), nil // no pooler stands between, where the tests have one
	dial := config.Admin.DialFunc
	config.Admin.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &cutConn{Conn: conn, s: s}, err
	}
	db, err := postgres.Open(t.Context(), config)
	f.ok(err)
	defer db.Close()
	through := New(Config{DB: db, Plans: f.s.plans, Clock: f.s.clock, Log: f.s.log})
	want, each := 0, long(100, 25)
	for name, point := range points {
		before := s.cuts.Load()
		for i := range each {
			once := fmt.Sprint(name, i)
			s.armed.Store(point)
			switch i % 3 {
			case 0, 1:
				_, err = through.Consume(t.Context(), f.key, Spend{Meter: "credits", Amount: 1, Key: once})
			case 2:
				var h Hold
				h, err = through.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 2, Key: once}, time.Hour)
				f.ok(err)
				s.armed.Store(point)
				_, err = through.Capture(t.Context(), f.key, h.ID, 1)
			}
			if err != nil {
				t.Errorf("%s: %v", once, err)
			}
			want++
		}
		if n := s.cuts.Load() - before; n < int32(each) {
			t.Errorf("%s: %d cuts, want %d and more", name, n, each)
		}
	}
	if got := scalar[int](f, `select count(*) from credit_entries where kind in ('consume', 'capture')`); got != want {
		t.Errorf("%d entries, want %d", got, want)
	}
	if f.available() != int64(1_000_000-want) {
		t.Errorf("%d available, want %d", f.available(), 1_000_000-want)
	}
	f.adds()
}
