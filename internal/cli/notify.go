package cli

import (
	"log/slog"
	"net"
	"os"
	"strings"
)

// notify tells systemd, where it waits to hear, that the server is ready or stops.
func notify(log *slog.Logger, state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	if strings.HasPrefix(name, "@") { // an abstract socket
		name = "\x00" + name[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err == nil {
		_, err = conn.Write([]byte(state))
		_ = conn.Close() // a datagram has left, or has not
	}
	if err != nil {
		log.Warn("systemd does not hear", "state", state, "error", err)
	}
}
