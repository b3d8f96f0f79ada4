package cli

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// A listener without file descriptors refuses to accept twice, then is closed.
type exhausted struct {
	net.Listener
	left int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.left--; l.left < 0 {
		return nil, net.ErrClosed
	}
	return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
}

// Connections that cannot be accepted are told at the level that operators see, once; what clients do is not.
func TestAcceptErrorsAreTold(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server := newHTTPServer(http.NotFoundHandler(), log)
	server.ErrorLog.Print("http: TLS handshake error from 192.0.2.1: EOF")
	if err := server.Serve(&exhausted{l, 2}); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	if got := out.String(); strings.Count(got, "cannot be accepted") != 1 || strings.Contains(got, "handshake") {
		t.Errorf("the log has %q", got)
	}
}
