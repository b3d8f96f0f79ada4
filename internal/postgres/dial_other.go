//go:build !linux

package postgres

import (
	"net"
	"time"
)

// limitSilence does nothing where the system has no such limit: keep-alives notice the end later.
func limitSilence(*net.TCPConn, time.Duration) error { return nil }

// spoken knows nothing where the system was not asked how: a connection that has ended is noticed when it is used.
func spoken(net.Conn) bool { return false }
