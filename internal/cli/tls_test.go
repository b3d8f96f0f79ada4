package cli

import (
	"crypto/tls"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/watch"
)

// spanned is a certificate of which only the life is known.
type spanned struct{ from, until time.Time }

func (s *spanned) TLS() *tls.Config             { return nil }
func (s *spanned) Span() (time.Time, time.Time) { return s.from, s.until }
func (s *spanned) set(before, left time.Duration) {
	s.from, s.until = time.Now().Add(-before), time.Now().Add(left)
}

// TestCertificateEnds: operators hear that a certificate was not renewed, once for half a day, and that it is.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	log := slog.New(slog.DiscardHandler)
	own := &spanned{}
	a := &app{
		watch: watch.New(db.Watch, nil, log), log: log,
		place: &machine{public: &url.URL{Scheme: "https", Host: "khata.example.in"}, own: own},
	}
	w := &certificateWatch{a: a}
	look := func(want string) watch.Alert {
		t.Helper()
		if _, err := w.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := a.watch.ListAlerts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if len(list) != 0 {
				t.Errorf("alerts: %+v, want none", list)
			}
			return watch.Alert{}
		}
		if len(list) != 1 || list[0].Rule != "certificate" || list[0].State != want ||
			list[0].Subject != "khata.example.in" {
			t.Fatalf("alerts: %+v, want one that is %s", list, want)
		}
		return list[0]
	}
	const day = 24 * time.Hour
	look("") // there is no certificate yet
	own.set(50*day, 40*day)
	look("")
	own.set(4*day, 2*day) // six days are the whole life: a third is left
	look("")
	own.set(70*day, 20*day)
	first := look("raised")
	if !strings.Contains(first.Detail, "was not renewed") || first.Times != 1 {
		t.Errorf("the alert: %+v", first)
	}
	if again := look("raised"); again.Times != 1 {
		t.Errorf("it is raised %d times within minutes", again.Times)
	}
	w.raised = w.raised.Add(-certificateAgain)
	if again := look("raised"); again.Times != 2 {
		t.Errorf("after half a day it is raised %d times, want 2", again.Times)
	}
	own.set(0, 90*day)
	look("over")
}

// TestAddresses: where the server listens and where users reach it, by what is set.
func TestAddresses(t *testing.T) {
	t.Parallel()
	domain := tlsFlags{TLSDomain: []string{"khata.example.in", "www.example.in"}}
	files := tlsFlags{TLSCert: "c", TLSKey: "k"}
	for _, c := range []struct {
		name                 string
		flags                serveFlags
		listen, http, public string // public "!" is refused
	}{
		{"nothing", serveFlags{}, "127.0.0.1:8080", "", "http://127.0.0.1:8080"},
		{"an address", serveFlags{Addr: "0.0.0.0:80"}, "0.0.0.0:80", "", "http://0.0.0.0:80"},
		{"a domain", serveFlags{tlsFlags: domain}, ":443", ":80", "https://khata.example.in"},
		{
			"a domain on an address",
			serveFlags{Addr: "10.0.0.1:443", tlsFlags: domain},
			"10.0.0.1:443", "10.0.0.1:80", "https://khata.example.in",
		},
		{
			"a domain on a port",
			serveFlags{Addr: ":8443", tlsFlags: domain},
			":8443", "", "https://khata.example.in:8443",
		},
		{
			"files",
			serveFlags{PublicURL: "https://khata.example.in", tlsFlags: files},
			":443", ":80", "https://khata.example.in",
		},
		{"files without a public address", serveFlags{tlsFlags: files}, ":443", ":80", "!"},
		{
			"files for this machine",
			serveFlags{Addr: "localhost:8443", tlsFlags: files},
			"localhost:8443", "", "https://localhost:8443",
		},
		{"a socket", serveFlags{Addr: "unix:/run/x"}, "unix:/run/x", "", "!"},
		{
			"a socket with a public address",
			serveFlags{Addr: "unix:/run/x", PublicURL: "https://a.example"},
			"unix:/run/x", "", "https://a.example",
		},
		{
			"no redirect",
			serveFlags{tlsFlags: tlsFlags{TLSDomain: domain.TLSDomain, HTTPAddr: "off"}},
			":443", "", "https://khata.example.in",
		},
	} {
		f := c.flags
		if got := f.listenAddr(); got != c.listen {
			t.Errorf("%s: listens on %q, want %q", c.name, got, c.listen)
		}
		if got := f.httpAddr(); got != c.http {
			t.Errorf("%s: redirects on %q, want %q", c.name, got, c.http)
		}
		public, err := publicAddress(f.PublicURL, f.listenAddr(), f.TLSDomain, f.tls())
		if c.public == "!" {
			if err == nil {
				t.Errorf("%s: public at %s, want a refusal", c.name, public)
			}
			continue
		}
		if err != nil || public.String() != c.public {
			t.Errorf("%s: public at %v, %v, want %s", c.name, public, err, c.public)
		}
	}
}
