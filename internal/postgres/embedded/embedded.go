// Package embedded runs the private PostgreSQL of the default set-up: a child
// process that listens on a unix socket only, belongs to one state directory
// and ends when its owner does. DATABASE_URL bypasses it.
//
// The DSN it hands out is of the superuser, who bypasses row-level security: it
// is for set-up (roles, migrations) and never for requests.
package embedded

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config says where a server keeps its state and how it is tuned. Only Dir is
// required.
type Config struct {
	// Dir is the state directory; it is made when missing. The server owns in
	// it data, data.new, s, lock, postgres.log, pg_hba.conf and pg_ident.conf. At most MaxPath bytes long.
	Dir string

	// BinDirs are folders (or globs) with the server's programs. When given,
	// nothing else is searched; otherwise the folders of TIJORI_PG_BIN, separated
	// by colons; otherwise DefaultBinDirs(Dir).
	BinDirs []string

	// Users are the roles, beside postgres, as which the process's own account on the machine may
	// connect. No other account may connect at all.
	Users []string

	// AnyUser lets whoever reaches the socket connect as any role, for tests only.
	AnyUser bool

	// Fast gives up surviving a power cut for speed, for tests only. What was
	// committed still survives the death of every process.
	Fast bool

	// Log receives what the server writes. It must not block. When nil, the
	// log is Dir/postgres.log.
	Log io.Writer

	SharedBuffers  string // default "128MB"
	MaxConnections int    // default 60

	// ExtraSettings are further server settings by name. They cannot change
	// where the server listens.
	ExtraSettings map[string]string

	upgrading bool // the server's own account connects too, as pg_upgrade

	// Recovery, when given, makes the server replay a log before it serves.
	Recovery *Recovery
}

// A Recovery says which log a base back-up replays before it serves, and how far.
type Recovery struct {
	LogDir string    // has the segments; the server's account may read it
	Until  time.Time // zero: all there is. A moment that the log does not reach is an error.
}

// MaxPath is the longest state directory, in bytes: the path of a unix socket
// ends at 107, and ours adds "/s/.s.PGSQL.5432".
const MaxPath = 85

// MinMajor is the oldest PostgreSQL that Tijori runs on.
const MinMajor = 15

// What a SetupError can be about, for errors.Is.
var (
	ErrNoBinaries   = errors.New("no postgresql server programs")
	ErrWrongVersion = errors.New("data of another postgresql version")
	ErrInUse        = errors.New("state directory in use")
	ErrPath         = errors.New("unusable state directory path")
	ErrAccess       = errors.New("state directory not accessible")
	ErrNotStarted   = errors.New("postgresql did not start")
	ErrUnsupported  = errors.New("platform not supported")
)

// A SetupError is something about the machine that its operator can mend.
type SetupError struct {
	Problem string // one lower-case sentence without a full stop
	Hint    string // what to do about it, in one line
	Err     error  // one of the Err variables above
}

// Error gives the problem and, on a line of its own, the hint.
func (e *SetupError) Error() string {
	if e.Hint == "" {
		return e.Problem
	}
	return e.Problem + "\n" + e.Hint
}

func (e *SetupError) Unwrap() error { return e.Err }

// DefaultBinDirs lists, in order of preference, where the programs of a
// PostgreSQL server may be: what the system installed, then packages unpacked
// below the state directory or the user's cache directory.
func DefaultBinDirs(dir string) []string {
	dirs := []string{
		"/usr/lib/postgresql/*/bin", // Debian, Ubuntu
		"/usr/pgsql-*/bin",          // PostgreSQL's own RPM packages
		"/usr/local/pgsql/bin",      // built from source
		filepath.Join(dir, "pgsql/usr/lib/postgresql/*/bin"),
	}
	if cache, err := os.UserCacheDir(); err == nil {
		dirs = append(dirs, filepath.Join(cache, "tijori/pgsql/usr/lib/postgresql/*/bin"))
	}
	return dirs
}

// statePath makes dir absolute and refuses what a socket's path cannot hold.
func statePath(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", &SetupError{
			"the current directory cannot be read: " + reason(err), "start in another directory",
			ErrPath,
		}
	}
	const hint = "set TIJORI_DATA to a shorter path, such as /var/lib/tijori"
	if len(abs) > MaxPath {
		return "", &SetupError{"the path of the state directory is too long for a unix socket: " + abs, hint, ErrPath}
	}
	// The server and its clients read a comma as the end of a directory.
	if strings.ContainsAny(abs, ",\"\n\r") {
		return "", &SetupError{
			"the path of the state directory contains a comma, a quote or a line break: " + abs,
			"set TIJORI_DATA to a path without them, such as /var/lib/tijori", ErrPath,
		}
	}
	return abs, nil
}

// reason is the system's word for err without Go's "open x:" in front.
func reason(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}
