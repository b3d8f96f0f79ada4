// Package acmetest runs the test server of Let's Encrypt, Pebble, for tests.
package acmetest

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// An Authority is Let's Encrypt's own test server, which finds every name on this machine.
type Authority struct {
	URL    string         // of its directory
	Client *http.Client   // that trusts the API
	File   string         // a file with the certificate of the API, for SSL_CERT_FILE
	Roots  *x509.CertPool // that trusts what it issues
	Down   atomic.Bool    // answers nothing but 403
	Orders atomic.Int64   // how many certificates were asked for
}

// resolver answers every question for an address with 127.0.0.1.
func resolver(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1},
				A:   net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(m)
	})}
	go func() { _ = server.ActivateAndServe() }()
	t.Cleanup(func() { _ = server.Shutdown() })
	return l.Addr().String()
}

// New returns an authority that checks names on the ports given. It sets variables of the environment, so its test runs
// beside no other.
func New(t *testing.T, httpPort, tlsPort int) *Authority {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	t.Setenv("PEBBLE_CHAIN_LENGTH", "1")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	issuer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, true, resolver(t), store), issuer,
		[]string{"pebble.letsencrypt.org"}, true, false, 1, 1)
	api := front.Handler()
	a := &Authority{Roots: x509.NewCertPool()}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.Down.Load() {
			http.Error(w, "down", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/order-plz") {
			a.Orders.Add(1)
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	a.URL, a.Client = server.URL+wfe.DirectoryPath, server.Client()
	a.File = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(a.File, pem.EncodeToMemory(&pem.Block{
		Type: "CERTIFICATE", Bytes: server.Certificate().Raw,
	}), 0o600); err != nil {
		t.Fatal(err)
	}
	a.Roots.AddCert(issuer.GetRootCert(0).Cert)
	return a
}
