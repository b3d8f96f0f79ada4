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

// A Claim exists on Linux only, as a Server does.
type Claim struct{}

// An Installation is a PostgreSQL server whose programs are on this machine.
type Installation struct {
	Major    int
	Bin      string
	Upgrades bool
}

// Kept is data that an upgrade has set aside.
type Kept struct {
	Major int
	Name  string
}

// ClaimDir returns a SetupError, as Start does.
func ClaimDir(context.Context, string) (*Claim, error) { return nil, Unpack("", nil) }

// KeptIn is empty: there is no private server.
func KeptIn(string) ([]Kept, error) { return nil, nil }

func (*Claim) Close()                                                 {}
func (*Claim) Major() (int, error)                                    { return 0, ErrUnsupported }
func (*Claim) Start(context.Context, Config) (*Server, error)         { return nil, ErrUnsupported }
func (*Claim) Installations(context.Context, []string) []Installation { return nil }
func (*Claim) Scratch() (string, error)                               { return "", ErrUnsupported }
func (*Claim) RemoveScratch() error                                   { return nil }
func (*Claim) TakeOver(context.Context, string) (Kept, error)         { return Kept{}, ErrUnsupported }

func (*Claim) Undo(Kept) (Kept, error) { return Kept{}, ErrUnsupported }
func (*Claim) Kept() ([]Kept, error)   { return nil, nil }
func (*Claim) Remove(Kept) error       { return ErrUnsupported }
func (*Claim) Altered() []string       { return nil }

// UpgradeFiles is of Linux only.
func (*Claim) UpgradeFiles(context.Context, Installation, Installation, string) error {
	return ErrUnsupported
}
