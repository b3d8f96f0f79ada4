package mail

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A sink is a real SMTP server that keeps what it is given.
type sink struct {
	mu       sync.Mutex
	got      []delivered
	refuse   error // answer to RCPT
	dropQuit bool  // fail everything after a message was taken
	user     string
	password string
	roots    *x509.CertPool
	host     string
	port     int
}

type delivered struct {
	from, to string
	data     []byte
	tls      bool
	auth     bool
}

type sinkSession struct {
	s    *sink
	conn *smtp.Conn
	d    delivered
}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &sinkSession{s: s, conn: c}, nil
}

func (x *sinkSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (x *sinkSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != x.s.user || password != x.s.password {
			return smtp.ErrAuthFailed
		}
		x.d.auth = true
		return nil
	}), nil
}
func (x *sinkSession) Reset()        {}
func (x *sinkSession) Logout() error { return nil }
func (x *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	if x.s.user != "" && !x.d.auth {
		return smtp.ErrAuthRequired
	}
	x.d.from = from
	return nil
}

func (x *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.d.to = to
	return x.s.refuse
}

func (x *sinkSession) Data(r io.Reader) (err error) {
	if x.d.data, err = io.ReadAll(r); err != nil {
		return err
	}
	_, x.d.tls = x.conn.TLSConnectionState()
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.got = append(x.s.got, x.d)
	if x.s.dropQuit {
		time.AfterFunc(20*time.Millisecond, func() { x.conn.Close() })
	}
	return nil
}

func (s *sink) messages() []delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]delivered(nil), s.got...)
}

// serve starts the sink on 127.0.0.1, with STARTTLS, TLS or neither.
func serve(t *testing.T, s *sink, security string) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(s)
	server.Domain, server.AllowInsecureAuth = "localhost", security == NoTLS
	server.ErrorLog = log.New(io.Discard, "", 0)
	config, roots := certificate(t)
	s.roots = roots
	switch security {
	case StartTLS:
		server.TLSConfig = config
	case TLS:
		l = tls.NewListener(l, config)
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.host = host
	if s.port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the sink: %v", err)
		}
	})
	return s
}

// certificate makes a server's certificate for 127.0.0.1, and the roots that trust it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}

func (s *sink) sender(t *testing.T, security string) *SMTP {
	t.Helper()
	sender, err := NewSMTP(SMTPConfig{
		Host: s.host, Port: s.port, Security: security, Username: s.user, Password: s.password, From: "तिजोरी <no-reply@example.com>",
		Timeout: 3 * time.Second, TLSConfig: &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatalf("NewSMTP = %v", err)
	}
	return sender
}
