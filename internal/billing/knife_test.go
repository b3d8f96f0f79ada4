package billing_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A knife cuts connections to the database between two statements: at the n-th
// from now, on whatever connection, either before it is sent or after, so that it
// is done and nobody hears of it. A COMMIT is a statement like any other.
type knife struct {
	left    atomic.Int64 // statements until the cut; 0 cuts none
	cuts    atomic.Int64
	unheard atomic.Int64 // of those, after the statement was sent
}

// after asks for a cut at the n-th statement from now.
func (k *knife) after(n int) { k.left.Store(int64(n)) }

// A wire is a connection on which every statement, or batch of them, is one write.
type wire struct {
	net.Conn
	k *knife
}

var errCut = errors.New("the connection was cut")

func (w *wire) Write(b []byte) (int, error) {
	if w.k.left.Load() == 0 || w.k.left.Add(-1) != 0 {
		return w.Conn.Write(b)
	}
	if n := w.k.cuts.Add(1); n%2 == 0 {
		_ = w.Close()
		return 0, errCut
	}
	w.k.unheard.Add(1)
	if _, err := w.Conn.Write(b); err != nil {
		return 0, err
	}
	_ = w.Conn.(interface{ CloseRead() error }).CloseRead() // the server does it, and its answer reaches nobody
	return len(b), nil
}

// wound lets a knife at the connections of the billing role.
func (s *shop) wound(k *knife) {
	s.Helper()
	for _, pool := range []**pgxpool.Pool{&s.db.Billing, &s.db.Inbox} {
		config := (*pool).Config()
		dial := config.ConnConfig.DialFunc
		config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &wire{c, k}, nil
		}
		fresh, err := pgxpool.NewWithConfig(s.Context(), config)
		s.must(err)
		s.Cleanup(fresh.Close)
		(*pool).Close()
		*pool = fresh
	}
}
