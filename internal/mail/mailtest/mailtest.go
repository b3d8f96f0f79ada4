// Package mailtest is a real SMTP server that tests send to. It is imported by tests alone.
package mailtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A Sink keeps what it is given. Set its fields before Serve.
type Sink struct {
	Security       string // "starttls", "tls" or "none"
	User, Password string // asked for when not ""
	Refuse         error  // answer to RCPT
	HangUp         bool   // close the connection right after a message was taken

	Host  string // set by Serve
	Port  int    // chosen by Serve when 0
	Roots *x509.CertPool

	mu  sync.Mutex
	got []Delivered
}

// Delivered is a message as it arrived.
type Delivered struct {
	From, To  string
	Data      []byte
	TLS, Auth bool
}

// Messages returns what has arrived so far.
func (s *Sink) Messages() []Delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivered(nil), s.got...)
}

// Wait waits until n messages have arrived, and a moment longer to see that no more do.
func (s *Sink) Wait(t testing.TB, n int) []Delivered {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for len(s.Messages()) < n && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond)
	got := s.Messages()
	if len(got) != n {
		t.Fatalf("%d mails arrived, want %d", len(got), n)
	}
	return got
}

// Serve starts the sink on 127.0.0.1 until the test ends.
func (s *Sink) Serve(t testing.TB) *Sink {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().(*net.TCPAddr)
	s.Host, s.Port = address.IP.String(), address.Port
	server := smtp.NewServer(backend{s})
	server.Domain, server.AllowInsecureAuth = "localhost", s.Security == "none"
	server.ErrorLog = log.New(io.Discard, "", 0)
	config, roots := certificate(t)
	s.Roots = roots
	switch s.Security {
	case "starttls":
		server.TLSConfig = config
	case "tls":
		l = tls.NewListener(l, config)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		l.Close() // a server that has not begun to serve does not know its listener yet
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the sink: %v", err)
		}
	})
	return s
}

// Strangers returns roots that trust another certificate than the sink's.
func Strangers(t testing.TB) *x509.CertPool {
	_, roots := certificate(t)
	return roots
}

// A Mail is a message taken apart as a mail program does.
type Mail struct {
	Header              netmail.Header
	Subject, Text, HTML string
}

// Read takes a message apart.
func (d Delivered) Read(t testing.TB) Mail {
	t.Helper()
	raw, err := netmail.ReadMessage(bytes.NewReader(d.Data))
	if err != nil {
		t.Fatalf("read the message: %v\n%s", err, d.Data)
	}
	m := Mail{Header: raw.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(raw.Header.Get("Subject")); err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(raw.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	parts := multipart.NewReader(raw.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return m
		}
		if err != nil {
			t.Fatal(err)
		}
		var r io.Reader = p
		if strings.EqualFold(p.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
			r = quotedprintable.NewReader(p)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			m.HTML = string(body)
		} else {
			m.Text = string(body)
		}
	}
}

// Link returns the address in the text that has the given path before its token, and the token.
func (m Mail) Link(t testing.TB, path string) (link, token string) {
	t.Helper()
	for line := range strings.Lines(m.Text) {
		line = strings.TrimSpace(line)
		if _, after, ok := strings.Cut(line, path); ok && strings.HasPrefix(line, "http") {
			return line, after
		}
	}
	t.Fatalf("no link with %s in:\n%s", path, m.Text)
	return "", ""
}

type session struct {
	s    *Sink
	conn *smtp.Conn
	d    Delivered
}

type backend struct{ s *Sink }

func (b backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{s: b.s, conn: c}, nil
}

func (x *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (x *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != x.s.User || password != x.s.Password {
			return smtp.ErrAuthFailed
		}
		x.d.Auth = true
		return nil
	}), nil
}
func (x *session) Reset()        {}
func (x *session) Logout() error { return nil }
func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	if x.s.User != "" && !x.d.Auth {
		return smtp.ErrAuthRequired
	}
	x.d.From = from
	return nil
}

func (x *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.d.To = to
	return x.s.Refuse
}

func (x *session) Data(r io.Reader) (err error) {
	if x.d.Data, err = io.ReadAll(r); err != nil {
		return err
	}
	_, x.d.TLS = x.conn.TLSConnectionState()
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.got = append(x.s.got, x.d)
	if x.s.HangUp {
		time.AfterFunc(20*time.Millisecond, func() { x.conn.Close() })
	}
	return nil
}

// certificate makes a server's certificate for 127.0.0.1, and the roots that trust it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
	}, roots
}
