package target

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Nobody is the person without a session.
const Nobody = "nobody"

// maxBody is how much of an answer is read, and keepBody how much of all answers a verdict looks at.
const maxBody = 4 << 20

// ErrSpent ends an audit: its requests or its time are used up, or it was stopped.
var ErrSpent = errors.New("the audit has used up what it was allowed")

// A Range is a target that is open: its client, its people, and the account of
// everything that was done.
type Range struct {
	Config *Config
	People map[string]*Someone

	door, also *door
	client     http.RoundTripper // and no http.Client: nothing is followed, whatever a Location holds
	ctx        context.Context   //nolint:containedctx // bounds everything that the range does

	mu   sync.Mutex
	sent int
	next time.Time
	did  []string
}

// Open looks the target up and prepares its people. Close ends it.
func Open(ctx context.Context, c *Config) (*Range, func(), error) {
	d, err := openDoor(ctx, c.Target.URL, c.Target.Own)
	if err != nil {
		return nil, nil, err
	}
	r := &Range{Config: c, door: d, People: map[string]*Someone{}}
	if c.Target.Also != "" {
		if r.also, err = openDoor(ctx, c.Target.Also, false); err != nil {
			return nil, nil, err
		}
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if r.also != nil && strings.HasSuffix(address, ":"+r.also.port()) && r.also.port() != d.port() {
				return r.also.dial(ctx)
			}
			return d.dial(ctx)
		},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: seconds(c.Target.Seconds),
		MaxResponseHeaderBytes: 1 << 20, MaxConnsPerHost: 8, MaxIdleConnsPerHost: 8, IdleConnTimeout: 10 * time.Second,
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
	} // no Proxy: it would resolve names for us
	r.client = transport
	ctx, cancel := context.WithTimeout(ctx, time.Duration(c.Target.MaxMinutes*float64(time.Minute)))
	r.ctx = ctx
	for name, p := range c.People {
		r.People[name] = newSomeone(p)
	}
	r.People[Nobody] = newSomeone(&Person{Name: Nobody})
	return r, func() { cancel(); transport.CloseIdleConnections() }, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// URL is the target's address.
func (r *Range) URL() *url.URL { return r.door.url }

// Context ends when the audit's time is over or somebody stops it.
func (r *Range) Context() context.Context { return r.ctx }

// Did is the account of every request, in order.
func (r *Range) Did() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.did...)
}

// Sent is how many requests were sent.
func (r *Range) Sent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// Spend takes n requests out of the bounds and waits for their turn.
func (r *Range) Spend(n int, what string) error {
	r.mu.Lock()
	if r.sent+n > r.Config.Target.MaxRequests {
		r.mu.Unlock()
		return fmt.Errorf("%w: %d requests", ErrSpent, r.Config.Target.MaxRequests)
	}
	r.sent += n
	r.did = append(r.did, what)
	now := time.Now()
	if r.next.Before(now.Add(-time.Second)) {
		r.next = now.Add(-time.Second) // a second's worth may come at once
	}
	r.next = r.next.Add(time.Duration(float64(n) * float64(time.Second) / r.Config.Target.Rate))
	wait := time.Until(r.next)
	r.mu.Unlock()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-r.ctx.Done():
		}
	}
	if r.ctx.Err() != nil {
		return fmt.Errorf("%w: it was stopped, or its time is over", ErrSpent)
	}
	return nil
}

// A Shot is a request that is ready to be sent.
type Shot struct {
	Method, Path string // the path with its query, escaped
	Header       http.Header
	Body         []byte
}

// Clone is a copy that may be changed.
func (s *Shot) Clone() *Shot {
	c := *s
	c.Header, c.Body = s.Header.Clone(), bytes.Clone(s.Body)
	return &c
}

// String is the shot as somebody would write it down, without credentials.
func (s *Shot) String() string {
	out := s.Method + " " + s.Path
	for name, values := range s.Header {
		if name != "Cookie" && name != "Authorization" && name != "Apikey" {
			out += "  " + name + ": " + strings.Join(values, ", ")
		}
	}
	if len(s.Body) > 0 {
		out += "  " + cut(string(s.Body), 300)
	}
	return out
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n] + "…"
}

// An Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	More   bool // it was longer than is read, or broke off
}

// OK reports a status of success.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Has reports whether a text stands in the answer: its body or its headers,
// as it is, or as HTML, JSON and URLs write it. Canaries need no escaping.
func (a *Answer) Has(text string) bool {
	if text == "" {
		return false
	}
	if bytes.Contains(a.Body, []byte(text)) {
		return true
	}
	for _, values := range a.Header {
		for _, v := range values {
			if strings.Contains(v, text) {
				return true
			}
		}
	}
	return false
}

// Send sends a shot as somebody and reads the answer within bounds.
// Redirects are not followed.
func (r *Range) Send(who *Someone, s *Shot) (*Answer, error) {
	return r.send(who, r.door, r.client, s)
}

func (r *Range) send(who *Someone, d *door, client http.RoundTripper, s *Shot) (*Answer, error) {
	if err := r.Spend(1, who.Person.Name+": "+cut(s.Method+" "+s.Path, 200)); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.ctx, seconds(r.Config.Target.Seconds))
	defer cancel()
	u, err := url.Parse(d.url.String() + s.Path)
	if err != nil || !d.leads(u) {
		return nil, fmt.Errorf("%q is not an address of the target", s.Path)
	}
	q, err := http.NewRequestWithContext(ctx, s.Method, u.String(), bytes.NewReader(s.Body))
	if err != nil {
		return nil, err
	}
	if strings.Contains(u.Path, "//") || strings.Contains(s.Path, "..;") { // as it stands, not cleaned
		q.URL.Opaque = "//" + u.Host + strings.SplitN(s.Path, "?", 2)[0]
	}
	q.Header = s.Header.Clone()
	if q.Header == nil {
		q.Header = http.Header{}
	}
	who.dress(q.Header)
	response, err := client.RoundTrip(q)
	if err != nil {
		if r.ctx.Err() != nil {
			return nil, fmt.Errorf("%w: it was stopped, or its time is over", ErrSpent)
		}
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	a := &Answer{Status: response.StatusCode, Header: response.Header, Body: body, More: err != nil ||
		len(body) > maxBody}
	if len(body) > maxBody {
		a.Body = body[:maxBody]
	}
	if a.More && len(body) == 0 {
		return nil, err
	}
	who.keep(response.Cookies())
	return a, nil
}

// Follow is Send that follows redirects within the target, as a browser does.
func (r *Range) Follow(who *Someone, s *Shot) (*Answer, error) {
	for range 6 {
		a, err := r.Send(who, s)
		if err != nil || a.Status < 300 || a.Status > 399 || a.Header.Get("Location") == "" {
			return a, err
		}
		to, err := r.Resolve(s.Path, a.Header.Get("Location"))
		if err != nil || !r.door.leads(to) {
			return a, nil
		}
		next := &Shot{Method: "GET", Path: to.RequestURI(), Header: http.Header{}}
		if s.Header.Get("Accept") != "" {
			next.Header.Set("Accept", s.Header.Get("Accept"))
		}
		if a.Status == 307 || a.Status == 308 {
			next.Method, next.Header, next.Body = s.Method, s.Header, s.Body
		}
		s = next
	}
	return nil, errors.New("it redirects again and again")
}

// Resolve is where a reference on a page of the target leads.
func (r *Range) Resolve(from, ref string) (*url.URL, error) {
	base, err := url.Parse(r.door.url.String() + from)
	if err != nil {
		return nil, err
	}
	return base.Parse(ref)
}

// Inside reports whether an address belongs to the target.
func (r *Range) Inside(u *url.URL) bool { return r.door.leads(u) }

// AtProvider sends a request to the simulated provider.
func (r *Range) AtProvider(q *Request, value func(string) (string, bool)) (*Answer, error) {
	if r.also == nil {
		return nil, errors.New("[target] names no provider_url")
	}
	s, err := Expand(q, func(o Occurrence) (string, bool) { return value(o.Name) })
	if err != nil {
		return nil, err
	}
	return r.send(newSomeone(&Person{Name: "provider"}), r.also, r.client, s)
}

// exchange asks Supabase Auth for a token by password.
func (r *Range) exchange(d *door, key string, body []byte) (*Answer, error) {
	client := &http.Transport{
		DialContext: d.dialAny, ResponseHeaderTimeout: seconds(r.Config.Target.Seconds), DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	return r.send(newSomeone(&Person{Name: Nobody}), d, client, &Shot{
		Method: "POST", Path: "/auth/v1/token?grant_type=password", Body: body,
		Header: http.Header{"Apikey": {key}, "Content-Type": {"application/json"}},
	})
}
