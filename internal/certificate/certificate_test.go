package certificate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/certificate/acmetest"
)

func port(t *testing.T, l net.Listener) int {
	t.Helper()
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("no port: %v", l.Addr())
	}
	return a.Port
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// visit opens a page of a name as a visitor does, whose browser finds the name at addr.
func visit(t *testing.T, address, addr string, roots *x509.CertPool) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{
		ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	return res, err
}

type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A site is a server with an ACME certificate: one listener in the clear, one with TLS.
type site struct {
	*ACME
	public    *url.URL
	plain     net.Listener
	encrypted net.Listener
	log       *logged
}

func newSite(
	t *testing.T, a *acmetest.Authority, plain, encrypted net.Listener, cache string, domains ...string,
) *site {
	t.Helper()
	s := &site{
		plain: plain, encrypted: encrypted, log: &logged{}, public: &url.URL{Scheme: "https", Host: domains[0]},
	}
	var err error
	s.ACME, err = NewACME(ACMEConfig{
		Domains: domains, Cache: cache, Directory: a.URL, Email: "owner@example.in", Client: a.Client,
		Log:   slog.New(slog.NewTextHandler(s.log, nil)),
		pause: func(int) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "namaste") })
	front := &http.Server{Handler: s.Challenges(ToPublic(s.public)), ReadHeaderTimeout: 10 * time.Second}
	back := &http.Server{
		Handler: OnlyPublic(s.public, hello), TLSConfig: s.TLS(), ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = front.Serve(plain) }()
	go func() { _ = back.ServeTLS(encrypted, "", "") }()
	t.Cleanup(func() { _, _ = front.Close(), back.Close() })
	return s
}

// TestACME gets certificates from Let's Encrypt's own test server, each kind of check by itself.
func TestACME(t *testing.T) {
	for _, c := range []struct {
		name      string
		http, tls bool // where the authority reaches us
	}{{"port 80", true, false}, {"port 443", false, true}} {
		t.Run(c.name, func(t *testing.T) {
			plain, encrypted := listen(t), listen(t)
			closed := listen(t)
			nobody := port(t, closed)
			if err := closed.Close(); err != nil {
				t.Fatal(err)
			}
			ports := [2]int{nobody, nobody}
			if c.http {
				ports[0] = port(t, plain)
			}
			if c.tls {
				ports[1] = port(t, encrypted)
			}
			a := acmetest.New(t, ports[0], ports[1])
			cache := filepath.Join(t.TempDir(), "certificates")
			s := newSite(t, a, plain, encrypted, cache, "khata.example.in", "www.example.in")
			if _, err := visit(t, "https://khata.example.in/", encrypted.Addr().String(), a.Roots); err == nil {
				t.Error("a visitor before there is a certificate was served")
			}
			if n := a.Orders.Load(); n != 0 {
				t.Errorf("a visitor made the authority issue: %d orders", n)
			}
			s.Obtain(t.Context())

			res, err := visit(t, "https://khata.example.in/", encrypted.Addr().String(), a.Roots)
			if err != nil {
				t.Fatalf("visit: %v\n%s", err, s.log)
			}
			if res.StatusCode != 200 || res.ProtoMajor != 2 {
				t.Errorf("visit = %s by %s, want 200 by HTTP/2", res.Status, res.Proto)
			}
			from, until := s.Span()
			if leaf := res.TLS.PeerCertificates[0]; until.IsZero() || from.After(time.Now()) ||
				leaf.NotAfter.Before(until) {
				t.Errorf("Span = %v to %v, the certificate ends %v", from, until, leaf.NotAfter)
			}
			res, err = visit(t, "https://www.example.in/a?b=c", encrypted.Addr().String(), a.Roots)
			if err != nil || res.StatusCode != http.StatusPermanentRedirect ||
				res.Header.Get("Location") != "https://khata.example.in/a?b=c" {
				t.Errorf("the other domain = %v, %v, want a redirect", res, err)
			}
			if _, err := visit(t, "https://stranger.example.in/", encrypted.Addr().String(), a.Roots); err == nil {
				t.Error("a stranger's name was served")
			}
			if n := a.Orders.Load(); n != 2 && c.tls { // port 80 is tried second, so there are more
				t.Errorf("%d orders for two domains", n)
			}
			closedToOthers(t, cache)

			// The next run needs nobody.
			a.Down.Store(true)
			later := newSite(t, a, listen(t), listen(t), cache, "khata.example.in", "www.example.in")
			later.Obtain(t.Context())
			if _, err := visit(t, "https://khata.example.in/", later.encrypted.Addr().String(), a.Roots); err != nil {
				t.Errorf("with the certificate from before: %v", err)
			}
		})
	}
}

func closedToOthers(t *testing.T, dir string) {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v, want 0700", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 { // two certificates and the account's key
		t.Errorf("kept: %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v, want 0600", f.Name(), info.Mode(), err)
		}
	}
}

// TestObtainTriesAgain: an authority that is down is asked again, and says why not in the log. The folder that somebody
// else has made is closed.
func TestObtainTriesAgain(t *testing.T) {
	plain, encrypted := listen(t), listen(t)
	a := acmetest.New(t, port(t, plain), port(t, encrypted))
	cache := t.TempDir()
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, a, plain, encrypted, cache, "khata.example.in")
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder stays open to others: %v, %v", info.Mode(), err)
	}
	a.Down.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	failures := make(chan int)
	s.pause = func(n int) time.Duration {
		select {
		case failures <- n:
		case <-ctx.Done():
		}
		return time.Millisecond
	}
	done := make(chan struct{})
	go func() { s.Obtain(ctx); close(done) }()
	for want := 1; want <= 2; want++ {
		if got := <-failures; got != want {
			t.Errorf("failure %d, want %d", got, want)
		}
	}
	if from, until := s.Span(); !from.IsZero() || !until.IsZero() {
		t.Errorf("Span without a certificate = %v, %v", from, until)
	}
	cancel()
	<-done
	if text := s.log.String(); !strings.Contains(text, "no certificate yet") || !strings.Contains(text, "403") {
		t.Errorf("the log does not say why: %s", text)
	}
}

// TestPatience: five failures within an hour end with an authority's refusal.
func TestPatience(t *testing.T) {
	t.Parallel()
	first := time.Duration(0)
	for n := 1; n <= 5; n++ {
		first += patience(n)
	}
	if first < time.Hour || patience(1) < 90*time.Second || patience(100) != time.Hour {
		t.Errorf("five failures within %v, the first pause %v, the last %v", first, patience(1), patience(100))
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"khata.example.in": "khata.example.in", " Khata.Example.IN. ": "khata.example.in",
		"तिजोरी.example.in": "xn--81bp1b6ch8d.example.in",
		"localhost":         "", "": "", "127.0.0.1": "", "::1": "", "*.example.in": "", "khata.example.in:443": "",
		"https://khata.example.in": "", "a b.example.in": "",
	} {
		got, err := Domain(in)
		if got != want && want != "" || (err != nil) != (want == "") {
			t.Errorf("Domain(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// pair writes a certificate for localhost, which a number tells from others.
func pair(t *testing.T, cert, key string, serial int64, life time.Duration) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(life), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name, kind string
		body       []byte
	}{{cert, "CERTIFICATE", der}, {key, "EC PRIVATE KEY", text}} {
		if f.name == "" {
			continue
		}
		if err := os.WriteFile(f.name, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.body}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return roots
}

// TestFiles changes the files below a running server, in every order, and breaks them.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	out := &logged{}
	log := slog.New(slog.NewTextHandler(out, nil))
	if _, err := ReadFiles(cert, key, log); err == nil {
		t.Error("ReadFiles without files = nil, want an error")
	}
	pair(t, cert, key, 1, 90*24*time.Hour)
	f, err := ReadFiles(cert, key, log)
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		t.Helper()
		c, err := f.TLS().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.Int64()
	}
	want := func(what string, n int64) {
		t.Helper()
		if got := serial(); got != n {
			t.Errorf("%s: certificate %d, want %d", what, got, n)
		}
	}
	want("at first", 1)

	pair(t, cert, filepath.Join(dir, "key2.pem"), 2, 60*24*time.Hour) // the key comes later
	want("a certificate without its key", 1)
	if !strings.Contains(out.String(), "the old one stays in use") {
		t.Errorf("nothing is said of it: %s", out)
	}
	move(t, filepath.Join(dir, "key2.pem"), key)
	want("with its key", 2)
	if _, until := f.Span(); time.Until(until) > 61*24*time.Hour {
		t.Errorf("Span ends %v, that of the old one", until)
	}

	move(t, cert, cert+".old")
	want("a file that is missing", 2)
	pair(t, filepath.Join(dir, "cert3.pem"), filepath.Join(dir, "key3.pem"), 3, time.Hour)
	move(t, filepath.Join(dir, "key3.pem"), key) // now the key is first
	want("a key without its certificate", 2)
	move(t, filepath.Join(dir, "cert3.pem"), cert)
	want("with its certificate", 3)

	pair(t, cert, key, 4, -time.Minute)
	want("one that has ended", 3)
	if err := os.WriteFile(cert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	want("nonsense", 3)
}

// TestFilesFollowLinks changes them as Kubernetes does: the folder behind a link is another at once.
func TestFilesFollowLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i, name := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		pair(t, filepath.Join(dir, name, "c"), filepath.Join(dir, name, "k"), int64(i+1), time.Hour)
	}
	link := filepath.Join(dir, "now")
	if err := os.Symlink("one", link); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFiles(filepath.Join(link, "c"), filepath.Join(link, "k"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("two", link+"2"); err != nil {
		t.Fatal(err)
	}
	move(t, link+"2", link)
	if got := f.current().Leaf.SerialNumber.Int64(); got != 2 {
		t.Errorf("certificate %d, want 2", got)
	}
}

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestToPublic: whatever a request says, it leads to the public address and nowhere else.
func TestToPublic(t *testing.T) {
	t.Parallel()
	h := ToPublic(&url.URL{Scheme: "https", Host: "khata.example.in:8443"})
	for _, c := range []struct {
		method, target, host string
		status               int
		location             string
	}{
		{"GET", "/", "khata.example.in", 308, "https://khata.example.in:8443/"},
		{"HEAD", "/b/1?q=%C3%A4", "khata.example.in", 308, "https://khata.example.in:8443/b/1?q=%C3%A4"},
		{"GET", "/", "evil.example", 308, "https://khata.example.in:8443/"},
		{"GET", "//evil.example/x", "khata.example.in", 308, "https://khata.example.in:8443/evil.example/x"},
		{"GET", "/%5Cevil.example", "khata.example.in", 308, "https://khata.example.in:8443/evil.example"},
		{"GET", "http://evil.example/x", "evil.example", 308, "https://khata.example.in:8443/x"},
		{"POST", "/login", "khata.example.in", 421, ""},
	} {
		r := httptest.NewRequest(c.method, c.target, nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.location {
			t.Errorf("%s %s of %s = %d %q, want %d %q", c.method, c.target, c.host, w.Code, w.Header().Get("Location"),
				c.status, c.location)
		}
	}
}
