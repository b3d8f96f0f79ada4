//go:build !linux

package embedded

import (
	"context"
	"io"
)

// A Server exists on Linux only: there alone a child dies with its parent.
type Server struct{}

// Start returns a SetupError: the private PostgreSQL needs Linux.
func Start(context.Context, Config) (*Server, error) {
	return nil, &SetupError{
		"the private postgresql runs on linux only", "set DATABASE_URL to a PostgreSQL server",
		ErrUnsupported,
	}
}

func (*Server) DSN(string, string) string { return "" }
func (*Server) SocketDir() string         { return "" }
func (*Server) BinDir() string            { return "" }
func (*Server) PID() int                  { return 0 }
func (*Server) Done() <-chan error        { return nil }
func (*Server) Wait() error               { return ErrUnsupported }
func (*Server) Stop() error               { return nil }

// Unpack returns a SetupError, as Start does.
func Unpack(string, io.Reader) error { _, err := Start(context.Background(), Config{}); return err }

// Adopt returns a SetupError, as Start does.
func Adopt(context.Context, string, string, bool) (string, error) { return "", Unpack("", nil) }

// InUse returns a SetupError, as Start does.
func InUse(string) error { return Unpack("", nil) }

// HasData is false: there is no private server.
func HasData(string) bool { return false }
