package cli

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tijorihq/tijori/internal/certificate"
	"github.com/tijorihq/tijori/internal/insight"
)

// A machine tells the operators' room what only the program knows of where it runs.
type machine struct {
	public *url.URL
	keeper *keeper            // nil where no back-ups are made here
	data   string             // the directory that holds data; "" where none is kept here
	own    certificate.Source // where the server has its own certificate; nil where the public address is asked

	mu        sync.Mutex
	asked     time.Time // when the certificate was last asked for
	certFrom  time.Time
	certUntil time.Time
	trouble   string
}

// askAgain is how long the answer about the certificate is good for, and askFor how long it is waited for.
const (
	askAgain = 10 * time.Minute
	askFor   = 3 * time.Second
)

// look is the machine as it is now.
func (m *machine) look(ctx context.Context) insight.Machine {
	out := insight.Machine{Host: m.public.Hostname(), TLS: m.public.Scheme == "https"}
	if k := m.keeper; k != nil {
		out.Backups, out.BackupEvery, out.NewestBackup = true, k.every, unixTime(k.newest.Load())
		out.BackupsKept = k.keep
		out.KeepsLog, out.LogStored = k.logger != nil, unixTime(k.stored.Load())
	}
	if m.data != "" {
		var fs unix.Statfs_t
		if err := unix.Statfs(m.data, &fs); err == nil {
			out.DiskPath = m.data
			//nolint:unconvert // the types differ by system
			out.DiskFree, out.DiskTotal = uint64(fs.Bavail)*uint64(fs.Bsize), uint64(fs.Blocks)*uint64(fs.Bsize)
		}
	}
	switch {
	case m.own != nil:
		if out.CertFrom, out.CertUntil = m.own.Span(); out.CertUntil.IsZero() {
			out.CertTrouble = "there is none yet"
		}
	case out.TLS:
		out.CertFrom, out.CertUntil, out.CertTrouble = m.certificate(ctx)
	}
	return out
}

func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// certificate asks the public address for the end of its certificate, as a visitor would see it.
func (m *machine) certificate(ctx context.Context) (from, until time.Time, trouble string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.asked) < askAgain {
		return m.certFrom, m.certUntil, m.trouble
	}
	port := m.public.Port()
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	m.asked = time.Now()
	m.certFrom, m.certUntil, m.trouble = time.Time{}, time.Time{}, ""
	dialer := tls.Dialer{Config: &tls.Config{ServerName: m.public.Hostname(), MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(m.public.Hostname(), port))
	if err != nil {
		m.trouble = err.Error()
		return m.certFrom, m.certUntil, m.trouble
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	if c, ok := conn.(*tls.Conn); ok {
		for _, cert := range c.ConnectionState().PeerCertificates {
			if m.certUntil.IsZero() || cert.NotAfter.Before(m.certUntil) {
				m.certFrom, m.certUntil = cert.NotBefore, cert.NotAfter
			}
		}
	}
	return m.certFrom, m.certUntil, m.trouble
}
