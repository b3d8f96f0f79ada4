//go:build !linux

package postgres

import (
	"net"
	"time"
)

// limitSilence does nothing where the system has no such limit: keep-alives notice the end later.
func limitSilence(*net.TCPConn, time.Duration) error { return nil }
