// Package certificate gives a server its TLS certificate: one that a certificate authority issues and renews by ACME,
// or one from files, which is read again when they change.
package certificate

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/idna"
)

// A Source is where a server's certificate comes from.
type Source interface {
	// TLS returns the configuration of the server that presents the certificate.
	TLS() *tls.Config
	// Span is for how long the certificate in use is valid; both are zero while there is none. Of several it is the one
	// that ends first.
	Span() (from, until time.Time)
}

// An ACME certificate comes from an authority such as Let's Encrypt, which checks on port 80 or 443 that the names
// lead here. It is renewed a month before it ends, or when a third of a short life is left.
type ACME struct {
	manager *autocert.Manager
	domains []string
	log     *slog.Logger
	pause   func(failures int) time.Duration

	mu    sync.RWMutex
	ready map[string]bool // of which domains there is a certificate
}

// An ACMEConfig says which names are certified, and by whom.
type ACMEConfig struct {
	Domains   []string     // at least one
	Cache     string       // the folder that keeps the account's key and the certificates; it is made, for nobody else
	Directory string       // of the authority; "" means Let's Encrypt
	Email     string       // whom the authority may write to; may be empty
	Client    *http.Client // reaches the authority; nil means the default
	Log       *slog.Logger

	pause func(failures int) time.Duration // tests change it
}

// Domain returns a name in the form in which certificates hold it, or an error when no authority certifies it.
func Domain(name string) (string, error) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(strings.TrimSpace(name), "."))
	if err != nil || !strings.Contains(ascii, ".") || net.ParseIP(ascii) != nil || strings.ContainsAny(ascii, ":/*") {
		return "", fmt.Errorf("%q is not a domain such as khata.example.com", name)
	}
	return ascii, nil
}

// NewACME prepares the folder. It asks nobody before Obtain.
func NewACME(c ACMEConfig) (*ACME, error) {
	if err := os.MkdirAll(c.Cache, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for certificates: %w", err)
	}
	if err := os.Chmod(c.Cache, 0o700); err != nil { // it may have been there
		return nil, fmt.Errorf("close the folder for certificates to others: %w", err)
	}
	a := &ACME{log: c.Log, ready: map[string]bool{}, pause: c.pause}
	if a.pause == nil {
		a.pause = patience
	}
	for _, name := range c.Domains {
		domain, err := Domain(name)
		if err != nil {
			return nil, err
		}
		a.domains = append(a.domains, domain)
	}
	a.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(c.Cache), Email: c.Email, HostPolicy: a.allow,
		Client: &acme.Client{
			DirectoryURL: cmp.Or(c.Directory, autocert.DefaultACMEDirectory), HTTPClient: c.Client,
			UserAgent: "tijori", RetryBackoff: retry,
		},
	}
	return a, nil
}

// retry is for what passes within seconds. What does not is for Obtain, which says so in the log: the default goes on
// for minutes without a word.
func retry(n int, _ *http.Request, res *http.Response) time.Duration {
	if n > 4 || res != nil && res.StatusCode == http.StatusTooManyRequests {
		return -1
	}
	return 250 * time.Millisecond << (n - 1)
}

// patience is how long to wait after failures: an authority refuses a name for an hour after five failed checks.
func patience(failures int) time.Duration {
	return min(2*time.Minute<<min(failures-1, 5), time.Hour)
}

// allow refuses other names than the configured ones.
func (a *ACME) allow(_ context.Context, host string) error {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if !slices.Contains(a.domains, host) {
		return fmt.Errorf("%q is not one of the domains", host)
	}
	return nil
}

// Challenges answers the authority's checks on port 80, and hands all other requests on.
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// Obtain gets a certificate for each domain, those from an earlier run included, and tries again until it has all of
// them or ctx ends. The server must already answer, so that the authority can check the names. Renewal then runs
// by itself.
func (a *ACME) Obtain(ctx context.Context) {
	var all sync.WaitGroup
	for _, domain := range a.domains {
		all.Go(func() { a.obtain(ctx, domain) })
	}
	all.Wait()
}

func (a *ACME) obtain(ctx context.Context, domain string) {
	for failures := 1; ctx.Err() == nil; failures++ {
		_, err := a.manager.GetCertificate(hello(domain))
		if err == nil {
			a.mu.Lock()
			a.ready[domain] = true
			a.mu.Unlock()
			return
		}
		wait := a.pause(failures)
		a.log.ErrorContext(ctx, "no certificate yet", "domain", domain, "again in", wait, "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// hello asks for the one kind of certificate that is kept: ECDSA, which every browser of the last ten years speaks. A
// visitor with another wish would make the authority issue one more.
func hello(domain string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	}
}

// get never makes the authority issue a certificate: only Obtain and the renewal do, so no stranger can spend what the
// authority allows us in an hour.
func (a *ACME) get(info *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if len(info.SupportedProtos) == 1 && info.SupportedProtos[0] == acme.ALPNProto {
		return a.manager.GetCertificate(info)
	}
	domain, err := Domain(info.ServerName)
	if err != nil {
		return nil, err
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	if !a.ready[domain] {
		return nil, fmt.Errorf("no certificate for %q", domain)
	}
	return a.manager.GetCertificate(hello(domain))
}

// TLS implements Source.
func (a *ACME) TLS() *tls.Config {
	return &tls.Config{
		GetCertificate: a.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1", acme.ALPNProto},
	}
}

// Span implements Source.
func (a *ACME) Span() (from, until time.Time) {
	for _, domain := range a.domains {
		c, err := a.get(hello(domain))
		if err != nil || c.Leaf == nil {
			return time.Time{}, time.Time{}
		}
		if until.IsZero() || c.Leaf.NotAfter.Before(until) {
			from, until = c.Leaf.NotBefore, c.Leaf.NotAfter
		}
	}
	return from, until
}

// Files is a certificate that somebody else renews. It is read again when a file has changed; until the new pair
// is whole, the old one is used.
type Files struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	used   *tls.Certificate
	seen   [2]os.FileInfo // as they were when they were last read
	failed time.Time      // when the changed pair was last refused
}

// again is how long a pair that was refused is left alone while its files do not change.
const again = time.Second

// ReadFiles reads a certificate with its chain, and its key, both as PEM.
func ReadFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	if err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Files) read() (err error) {
	for i, name := range []string{f.cert, f.key} { // before the contents: a change in between is read again
		if f.seen[i], err = os.Stat(name); err != nil {
			return err
		}
	}
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return err
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return err
		}
	}
	if time.Now().After(pair.Leaf.NotAfter) && f.used != nil {
		return errors.New("the new certificate has ended already")
	}
	f.used = &pair
	return nil
}

// changed reports whether a file is another than the one that was read last. A file that is missing has not changed: it
// is about to be replaced.
func (f *Files) changed() bool {
	for i, name := range []string{f.cert, f.key} {
		info, err := os.Stat(name)
		if err != nil {
			return false
		}
		old := f.seen[i]
		if old == nil || !os.SameFile(old, info) || !old.ModTime().Equal(info.ModTime()) || old.Size() != info.Size() {
			return true
		}
	}
	return false
}

func (f *Files) current() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := f.changed()
	if !changed && (f.failed.IsZero() || time.Since(f.failed) < again) {
		return f.used
	}
	err := f.read()
	switch {
	case err == nil:
		f.failed = time.Time{}
		f.log.Warn("the certificate was read again", "until", f.used.Leaf.NotAfter)
	default:
		if changed {
			f.log.Error("the certificate has changed and cannot be used; the old one stays in use", "error", err)
		}
		f.failed = time.Now()
	}
	return f.used
}

// TLS implements Source.
func (f *Files) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current(), nil },
	}
}

// Span implements Source.
func (f *Files) Span() (from, until time.Time) {
	leaf := f.current().Leaf
	return leaf.NotBefore, leaf.NotAfter
}

// ToPublic sends visitors of port 80 to the same page below the public address. It follows no name that the request
// brings along, and takes nothing but GET and HEAD: what a form would send has gone over the wire in the clear already.
func ToPublic(public *url.URL) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "private, no-store")
		h.Set("Connection", "close")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "This address takes requests by HTTPS only: "+public.String(), http.StatusMisdirectedRequest)
			return
		}
		to := url.URL{
			Scheme: public.Scheme, Host: public.Host, Path: "/" + strings.TrimLeft(r.URL.Path, `/\`),
			RawQuery: r.URL.RawQuery,
		}
		http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
	})
}

// OnlyPublic serves the public address, and sends visitors of the other domains there.
func OnlyPublic(public *url.URL, next http.Handler) http.Handler {
	away := ToPublic(public)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !strings.EqualFold(strings.TrimSuffix(host, "."), public.Hostname()) {
			away.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
