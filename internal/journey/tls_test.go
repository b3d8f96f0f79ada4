package journey

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/certificate/acmetest"
	"github.com/tijorihq/tijori/internal/launch"
)

// freePort is one on which nobody listens now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it is given away
	_, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serveKeys starts a server with keys of a provider's test mode and waits until it greets. Nothing of it asks the
// provider: it runs no jobs.
func serveKeys(t *testing.T, extra ...string) *server {
	t.Helper()
	s := &server{t: t, data: stateDir(t), stderr: &lockedBuffer{}, done: make(chan struct{})}
	s.cmd = exec.Command(program, "serve", "--no-jobs")
	s.cmd.Env = environment(append([]string{
		"TIJORI_DATA=" + s.data, "RAZORPAY_KEY_ID=rzp_test_0123456789", "RAZORPAY_KEY_SECRET=0123456789",
		"RAZORPAY_WEBHOOK_SECRETS=0123456789abcdef", "TIJORI_SMTP_URL=smtp://127.0.0.1:1",
		"TIJORI_MAIL_FROM=Tijori <tijori@example.in>",
	}, extra...)...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	greeted := make(chan string, 1)
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if strings.Contains(lines.Text(), "listens on") {
				greeted <- lines.Text()
			}
		}
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	select {
	case s.greeting = <-greeted:
	case <-s.done:
		t.Fatalf("tijori serve ended: %v\n%s", s.err, s.stderr)
	case <-time.After(time.Minute):
		t.Fatalf("tijori serve did not greet in a minute\n%s", s.stderr)
	}
	return s
}

// browserOf finds every name at one address, and trusts roots.
func browserOf(network, addr string, roots *x509.CertPool) *http.Client {
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{
			ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func page(t *testing.T, c *http.Client, address string) (*http.Response, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(res.Body)
	return res, string(body), errors.Join(err, res.Body.Close())
}

// TestAutomaticTLS starts the program on a fresh machine with nothing but a name, and visits it as soon as the
// authority has issued a certificate.
func TestAutomaticTLS(t *testing.T) {
	https, plain, metrics := freePort(t), freePort(t), freePort(t)
	a := acmetest.New(t, plain, https)
	at := func(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
	s := serveKeys(t, "TIJORI_TLS_DOMAIN=khata.example.in", "TIJORI_ADDR="+at(https), "TIJORI_HTTP_ADDR="+at(plain),
		"TIJORI_PUBLIC_URL=https://khata.example.in", "TIJORI_ACME_DIRECTORY="+a.URL,
		"TIJORI_ACME_EMAIL=owner@example.in", "TIJORI_METRICS_ADDR="+at(metrics), "SSL_CERT_FILE="+a.File)
	browser := browserOf("tcp", at(https), a.Roots)
	var res *http.Response
	var err error
	for ctx := within(t, time.Minute); ; {
		if res, _, err = page(t, browser, "https://khata.example.in/login"); err == nil || ctx.Err() != nil {
			break
		}
		time.Sleep(100 * time.Millisecond) // nothing tells when the authority is done
	}
	if err != nil {
		t.Fatalf("no page within a minute: %v\n%s", err, s.stderr)
	}
	if res.StatusCode != 200 || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the page = %s by %s with %v", res.Status, res.Proto, res.Header)
	}
	res, _, err = page(t, browserOf("tcp", at(plain), nil), "http://khata.example.in/login?next=%2Fb")
	if err != nil || res.StatusCode != http.StatusPermanentRedirect ||
		res.Header.Get("Location") != "https://khata.example.in/login?next=%2Fb" {
		t.Errorf("port 80 = %v, %v", res, err)
	}
	if _, _, err := page(t, browser, "https://stranger.example.in/"); err == nil {
		t.Error("a stranger's name has a certificate")
	}
	_, text, err := page(t, http.DefaultClient, "http://"+at(metrics)+"/metrics")
	if err != nil || !strings.Contains(text, "\ntijori_certificate_end_timestamp_seconds 1.") &&
		!strings.Contains(text, "\ntijori_certificate_end_timestamp_seconds 2.") {
		t.Errorf("the metric of the certificate's end is missing: %v", err)
	}
	lookBeforeLaunch(t, a.Roots, map[string]string{"443": at(https), "80": at(plain)})
	info, err := os.Stat(filepath.Join(s.data, "certificates"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of certificates: %v, %v", info, err)
	}
}

// lookBeforeLaunch finds nothing wrong with a server that gets its certificate automatically; names are not asked for.
func lookBeforeLaunch(t *testing.T, roots *x509.CertPool, ports map[string]string) {
	t.Helper()
	for _, c := range launch.Run(t.Context(), launch.Options{
		URL: &url.URL{Scheme: "https", Host: "khata.example.in"}, Resolver: "127.0.0.1:1", Roots: roots,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, ports[port])
		},
	}) {
		if c.State != launch.OK && !strings.HasPrefix(c.Subject, "DNS") {
			t.Errorf("before the launch: %+v", c)
		}
	}
}

// ownCertificate writes a pair for localhost and returns who trusts it.
func ownCertificate(t *testing.T, dir string, serial int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(30 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "EC PRIVATE KEY", Bytes: text},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
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

// TestOwnCertificate serves a certificate from files, and the next one after they have changed.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := ownCertificate(t, dir, 1)
	port := strconv.Itoa(freePort(t))
	s := serveKeys(t, "TIJORI_TLS_CERT="+filepath.Join(dir, "cert.pem"),
		"TIJORI_TLS_KEY="+filepath.Join(dir, "key.pem"), "TIJORI_ADDR=localhost:"+port,
		"TIJORI_PUBLIC_URL=https://localhost:"+port)
	browser := browserOf("tcp", "localhost:"+port, first)
	if res, _, err := page(t, browser, "https://localhost:"+port+"/healthz"); err != nil || res.ProtoMajor != 2 {
		t.Fatalf("with the first certificate: %v, %v\n%s", res, err, s.stderr)
	}
	second := ownCertificate(t, dir, 2)
	if _, _, err := page(t, browser, "https://localhost:"+port+"/healthz"); err == nil {
		t.Error("the old certificate is still served")
	}
	browser = browserOf("tcp", "localhost:"+port, second)
	if _, _, err := page(t, browser, "https://localhost:"+port+"/healthz"); err != nil {
		t.Errorf("with the second certificate: %v\n%s", err, s.stderr)
	}
}

// TestSocketForProxies listens on a socket, speaks HTTP/2 without TLS there, tells systemd that it is ready, and takes
// over the socket of a server that was killed.
func TestSocketForProxies(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	socket, bus := filepath.Join(dir, "web.sock"), filepath.Join(dir, "notify")
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: bus, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close() //nolint:errcheck // it only reads
	heard := func() string {
		t.Helper()
		if err := systemd.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 100)
		n, err := systemd.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	settings := []string{
		"TIJORI_ADDR=unix:" + socket, "TIJORI_PUBLIC_URL=https://khata.example.in", "NOTIFY_SOCKET=" + bus,
	}
	s := serveKeys(t, settings...)
	if got := heard(); got != "READY=1" {
		t.Errorf("systemd hears %q", got)
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("the socket: %v, %v, want 0660", info, err)
	}
	for _, http2 := range []bool{false, true} {
		var protocols http.Protocols
		protocols.SetHTTP1(!http2)
		protocols.SetUnencryptedHTTP2(http2)
		proxy := &http.Client{Transport: &http.Transport{
			Protocols: &protocols, DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "unix", socket)
			},
		}}
		res, _, err := page(t, proxy, (&url.URL{Scheme: "http", Host: "khata.example.in", Path: "/login"}).String())
		if err != nil || res.StatusCode != 200 || (res.ProtoMajor == 2) != http2 {
			t.Errorf("HTTP/2 %t: %v, %v", http2, res, err)
		}
	}
	s.kill()
	again := serveKeys(t, settings...)
	if got := heard(); got != "READY=1" {
		t.Errorf("systemd hears %q", got)
	}
	again.stop()
	if got := heard(); got != "STOPPING=1" {
		t.Errorf("systemd hears %q", got)
	}
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}
}
