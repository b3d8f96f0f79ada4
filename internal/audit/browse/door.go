package browse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// most is how much a browser may be sent in one flow.
const most = 64 << 20

// A Door is a proxy on this machine that leads to the target and nowhere else.
type Door struct {
	target   *url.URL
	dial     func(context.Context) (net.Conn, error)
	ask      func(what string) error // before each request; an error refuses it
	listener net.Listener
	server   *http.Server
	client   *http.Transport

	mu      sync.Mutex
	refused []string
	left    int64
}

// OpenDoor opens a proxy to the target.
func OpenDoor(target *url.URL, dial func(context.Context) (net.Conn, error), ask func(string) error) (*Door, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Door{target: target, dial: dial, ask: ask, listener: l, left: most}
	d.client = &http.Transport{
		DialContext:           func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		ResponseHeaderTimeout: 15 * time.Second, MaxResponseHeaderBytes: 1 << 20, DisableCompression: true,
	}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.server.Serve(l) }() //nolint:errcheck // it ends with Close
	return d, nil
}

// Address is where the proxy listens.
func (d *Door) Address() string { return d.listener.Addr().String() }

// Close ends it.
func (d *Door) Close() error {
	d.client.CloseIdleConnections()
	return d.server.Close()
}

// Refused are the hosts that were asked for besides the target.
func (d *Door) Refused() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.refused)
}

// ServeHTTP lets through what is for the target.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(withPort(r.Host, r.Method == http.MethodConnect || d.target.Scheme == "https"),
		withPort(d.target.Host, d.target.Scheme == "https")) {
		d.refuse(r.Host)
		http.Error(w, "this is not the target", http.StatusForbidden)
		return
	}
	if err := d.ask(fmt.Sprintf("the browser: %s %s", r.Method, r.URL.RequestURI())); err != nil {
		http.Error(w, err.Error(), http.StatusTooManyRequests)
		return
	}
	if r.Method == http.MethodConnect {
		d.tunnel(w, r)
		return
	}
	if d.target.Scheme != "http" {
		http.Error(w, "the target speaks TLS", http.StatusForbidden)
		return
	}
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", d.target.Scheme, d.target.Host
	out.Header.Del("Proxy-Connection")
	a, err := d.client.RoundTrip(out)
	if err != nil {
		http.Error(w, "the target does not answer", http.StatusBadGateway)
		return
	}
	defer a.Body.Close()
	for name, list := range a.Header {
		w.Header()[name] = list
	}
	w.WriteHeader(a.StatusCode)
	_, _ = io.Copy(w, &counted{a.Body, d}) //nolint:errcheck // the browser has gone, or the bound is reached
}

func withPort(host string, tls bool) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	if tls {
		return host + ":443"
	}
	return host + ":80"
}

func (d *Door) refuse(host string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.refused) < 100 && !slices.Contains(d.refused, host) {
		d.refused = append(d.refused, host)
	}
}

// tunnel hands a TLS connection through, whose inside only the browser and the target see.
func (d *Door) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := d.dial(r.Context())
	if err != nil {
		http.Error(w, "the target does not answer", http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	if _, err := io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return
	}
	done := make(chan struct{}, 2)
	pipe := func(dst io.Writer, src io.Reader) {
		_, _ = io.Copy(dst, src) //nolint:errcheck // one of both has gone
		done <- struct{}{}
	}
	go pipe(there, here)
	go pipe(here, &counted{there, d})
	<-done
}

// counted reads until the flow's bound is reached.
type counted struct {
	io.Reader
	d *Door
}

var errMost = errors.New("the browser was sent too much")

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	if c.d.left -= int64(n); c.d.left < 0 {
		return 0, errMost
	}
	return n, err
}
