// Package launch looks at a site from outside, as visitors, mail servers and certificate authorities do, before the
// first customer comes: its names, its certificate, and what its answers say. It signs in as nobody and changes
// nothing.
package launch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"
)

// States of a check.
const (
	OK      = "ok"
	Wrong   = "wrong"
	Unknown = "unknown" // it could not be looked at
)

// A Check is what one look found.
type Check struct {
	Subject string `json:"subject"`
	State   string `json:"state"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix,omitempty"` // what to do, where it is not ok
}

// Options say what to look at.
type Options struct {
	URL        *url.URL // of the site: https, without a path
	MailDomain string   // from which the site sends mail; "" leaves out what belongs to it
	Selectors  []string // under which the mail server's DKIM keys are published
	Resolver   string   // host:port of a DNS server; "" means the machine's

	// Dial reaches the site; nil means the network. Roots are trusted; nil means the machine's. Tests set both.
	Dial  func(ctx context.Context, network, addr string) (net.Conn, error)
	Roots *x509.CertPool
	Now   time.Time // zero means the current time
}

// The bounds of a look. What is looked at may be anybody's by the time it answers.
const (
	patience = 10 * time.Second // for one answer
	maxBody  = 1 << 20
)

type site struct {
	o      Options
	dns    *resolver
	client *http.Client
}

// Run looks at everything. A look that cannot be taken is a check that is unknown, never one that is ok.
func Run(ctx context.Context, o Options) []Check {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: patience}).DialContext
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	s := &site{o: o, dns: newResolver(o.Resolver)}
	s.client = &http.Client{
		Timeout: patience,
		Transport: &http.Transport{
			DialContext: o.Dial, TLSClientConfig: s.tls(tls.VersionTLS12, tls.VersionTLS13), ForceAttemptHTTP2: true,
			DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	looks := []func(context.Context) []Check{
		s.addresses, s.caa, s.spf, s.dkim, s.dmarc, s.certificate, s.oldTLS, s.redirect, s.headers, s.cookies,
		s.caching, s.webhooks, s.ready, s.hidden,
	}
	found := make([][]Check, len(looks))
	var all sync.WaitGroup
	for i, look := range looks {
		all.Go(func() { found[i] = look(ctx) })
	}
	all.Wait()
	var out []Check
	for _, list := range found {
		for _, c := range list {
			c.Detail = Plain(c.Detail)
			out = append(out, c)
		}
	}
	return out
}

func good(subject, format string, args ...any) []Check {
	return []Check{{Subject: subject, State: OK, Detail: fmt.Sprintf(format, args...)}}
}

func wrong(subject, detail, fix string) []Check {
	return []Check{{Subject: subject, State: Wrong, Detail: detail, Fix: fix}}
}

func unknown(subject string, err error, fix string) []Check {
	return []Check{{Subject: subject, State: Unknown, Detail: err.Error(), Fix: fix}}
}

// Plain is a text from outside as a terminal may show it.
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	if letters := []rune(text); len(letters) > 300 {
		text = string(letters[:300]) + "…"
	}
	return text
}

func (s *site) host() string { return s.o.URL.Hostname() }

func (s *site) port() string {
	if p := s.o.URL.Port(); p != "" {
		return p
	}
	return "443"
}

func (s *site) tls(lowest, highest uint16) *tls.Config {
	return &tls.Config{RootCAs: s.o.Roots, ServerName: s.host(), MinVersion: lowest, MaxVersion: highest}
}

// An answer is what came back, bounded.
type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

// ask sends a request below the site's address, or to a whole address.
func (s *site) ask(ctx context.Context, method, address, body string, header ...string) (*answer, error) {
	if strings.HasPrefix(address, "/") {
		address = strings.TrimSuffix(s.o.URL.String(), "/") + address
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "tijori-launch")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := s.client.Do(r)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was read
	text, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	return &answer{res.StatusCode, res.Header, res.Cookies(), string(text)}, err
}
