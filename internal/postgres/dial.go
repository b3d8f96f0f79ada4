package postgres

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	connectTimeout = 5 * time.Second  // for a connection, with TLS and the login
	silenceLimit   = 15 * time.Second // for what was sent to be acknowledged
)

// reachSoon bounds how long a server that cannot be reached keeps anybody waiting: to be connected, unless the
// connection string says how long, and, over TCP, until what was sent has arrived. Without the second, a
// machine that has lost its power is noticed by a request that waits for an answer after a quarter of an hour,
// and by no limit of the server's.
func reachSoon(c *pgx.ConnConfig) {
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	dial := c.DialFunc
	c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			if err := limitSilence(tcp, silenceLimit); err != nil {
				return nil, fmt.Errorf("limit the wait for %s: %w", addr, err)
			}
		}
		return conn, nil
	}
}
