package launch

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const fixTLS = "docs/install.md#tls: let Tijori get a certificate by TIJORI_TLS_DOMAIN, or see what the proxy presents"

// handshake opens a connection with TLS versions between two.
func (s *site) handshake(ctx context.Context, lowest, highest uint16) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	plain, err := s.o.Dial(ctx, "tcp", net.JoinHostPort(s.host(), s.port()))
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer plain.Close() //nolint:errcheck // nothing was sent
	conn := tls.Client(plain, s.tls(lowest, highest))
	err = conn.HandshakeContext(ctx)
	return conn.ConnectionState(), err
}

// issuer names the organisation that issued the certificate, "" when there is none to be had.
func (s *site) issuer(ctx context.Context) string {
	state, err := s.handshake(ctx, tls.VersionTLS12, tls.VersionTLS13)
	if err != nil || len(state.PeerCertificates[0].Issuer.Organization) == 0 {
		return ""
	}
	return state.PeerCertificates[0].Issuer.Organization[0]
}

func (s *site) certificate(ctx context.Context) []Check {
	const subject = "TLS certificate"
	state, err := s.handshake(ctx, tls.VersionTLS12, tls.VersionTLS13)
	if err != nil {
		return wrong(subject, "browsers refuse the connection: "+err.Error(), fixTLS)
	}
	leaf := state.PeerCertificates[0]
	left := leaf.NotAfter.Sub(s.o.Now)
	if left < margins(leaf.NotBefore, leaf.NotAfter) {
		return wrong(subject, fmt.Sprintf("it ends on %s and was not renewed", leaf.NotAfter.Format("2006-01-02")),
			fixTLS)
	}
	return good(subject, "of %s, for %s, until %s", strings.Join(leaf.Issuer.Organization, ", "),
		strings.Join(leaf.DNSNames, ", "), leaf.NotAfter.Format("2006-01-02"))
}

func (s *site) oldTLS(ctx context.Context) []Check {
	const subject = "TLS versions"
	if _, err := s.handshake(ctx, tls.VersionTLS12, tls.VersionTLS13); err != nil {
		return unknown(subject, err, fixTLS)
	}
	if state, err := s.handshake(ctx, tls.VersionTLS10, tls.VersionTLS11); err == nil {
		return wrong(subject, tls.VersionName(state.Version)+" is still accepted",
			"allow TLS 1.2 and 1.3 only in the proxy")
	}
	return good(subject, "1.2 and newer only")
}

func (s *site) redirect(ctx context.Context) []Check {
	const subject = "redirect to https"
	if s.port() != "443" {
		return good(subject, "none: the address has a port of its own")
	}
	const fix = "have port 80 answer every page with 308 and the same page below https:// (TIJORI_HTTP_ADDR, or the proxy)"
	a, err := s.ask(ctx, http.MethodGet, "http://"+s.host()+"/pricing?a=b", "")
	if err != nil {
		return wrong(subject, "who types the name without https:// gets no answer: "+err.Error(), fix)
	}
	to, err := url.Parse(a.header.Get("Location"))
	switch {
	case a.status < 300 || a.status > 399:
		return wrong(subject, fmt.Sprintf("port 80 answers %d itself: what is typed there is sent in the clear", a.status), fix)
	case err != nil || to.Scheme != "https" || to.Host != s.o.URL.Host || to.RequestURI() != "/pricing?a=b":
		return wrong(subject, fmt.Sprintf("port 80 leads to %q", a.header.Get("Location")), fix)
	case a.status != http.StatusMovedPermanently && a.status != http.StatusPermanentRedirect:
		return wrong(subject, fmt.Sprintf("port 80 redirects for now only, by %d", a.status), fix)
	}
	return good(subject, "port 80 leads to %s by %d", s.o.URL, a.status)
}

// halfYear is what browsers' preload lists and auditors ask for at least.
const halfYear = 15768000

func (s *site) headers(ctx context.Context) (out []Check) {
	const pass = "Tijori sends it: see what the proxy takes out or adds"
	a, err := s.ask(ctx, http.MethodGet, "/login", "")
	if err != nil {
		return append(unknown("HSTS", err, ""), unknown("headers", err, "")...)
	}
	h := a.header
	age := -1
	for part := range strings.SplitSeq(strings.ToLower(h.Get("Strict-Transport-Security")), ";") {
		if text, ok := strings.CutPrefix(strings.TrimSpace(part), "max-age="); ok {
			if n, err := strconv.Atoi(strings.Trim(text, `"`)); err == nil {
				age = n
			}
		}
	}
	if age < halfYear {
		out = wrong("HSTS", fmt.Sprintf("browsers are not told to come by https only: %q",
			h.Get("Strict-Transport-Security")), "Tijori sends it where TIJORI_PUBLIC_URL begins with https://")
	} else {
		out = good("HSTS", "%s", h.Get("Strict-Transport-Security"))
	}
	var bad []string
	csp := h.Get("Content-Security-Policy")
	switch {
	case csp == "":
		bad = append(bad, "Content-Security-Policy is missing")
	case strings.Contains(csp, "'unsafe-inline'") || strings.Contains(csp, "'unsafe-eval'"):
		bad = append(bad, "Content-Security-Policy permits inline code")
	case !strings.Contains(csp, "frame-ancestors") && h.Get("X-Frame-Options") == "":
		bad = append(bad, "any site may frame the pages")
	}
	if !strings.EqualFold(h.Get("X-Content-Type-Options"), "nosniff") {
		bad = append(bad, "X-Content-Type-Options is missing")
	}
	if h.Get("Referrer-Policy") == "" || strings.Contains(h.Get("Referrer-Policy"), "unsafe-url") {
		bad = append(bad, "Referrer-Policy gives addresses away")
	}
	if h.Get("Access-Control-Allow-Origin") != "" {
		bad = append(bad, "pages of other sites may read the pages (Access-Control-Allow-Origin)")
	}
	if by := h.Get("X-Powered-By"); by != "" {
		bad = append(bad, "X-Powered-By names "+by)
	}
	if len(bad) > 0 {
		return append(out, wrong("headers", strings.Join(bad, "; "), pass)...)
	}
	return append(out, good("headers", "content policy, type sniffing, framing and referrers are as they should be")...)
}

func (s *site) cookies(ctx context.Context) []Check {
	const subject = "cookies"
	var bad []string
	n := 0
	for _, page := range []string{"/", "/login"} {
		a, err := s.ask(ctx, http.MethodGet, page, "")
		if err != nil {
			return unknown(subject, err, "")
		}
		for _, c := range a.cookies {
			n++
			switch {
			case !c.Secure:
				bad = append(bad, c.Name+" goes without TLS, too")
			case !c.HttpOnly:
				bad = append(bad, c.Name+" can be read by scripts")
			case c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode:
				bad = append(bad, c.Name+" is sent along by other sites")
			case c.Domain != "":
				bad = append(bad, c.Name+" is given to other hosts of "+c.Domain)
			}
		}
	}
	slices.Sort(bad)
	if bad = slices.Compact(bad); len(bad) > 0 {
		return wrong(subject, strings.Join(bad, "; "),
			"Tijori's own are Secure where TIJORI_PUBLIC_URL begins with https://; others are set by what is in front of it")
	}
	return good(subject, "%d on the pages for visitors; all Secure, HttpOnly and SameSite", n)
}

// personal are addresses whose answers depend on who asks.
var personal = []string{"/", "/settings", "/api/billing/me", "/login"}

// caching looks whether something in front keeps personal answers. Each is asked for twice: what is kept is seen on the
// second time.
func (s *site) caching(ctx context.Context) []Check {
	const subject = "caching of personal pages"
	const fix = "have the proxy or content network keep nothing but /static/"
	for _, page := range personal {
		for range 2 {
			a, err := s.ask(ctx, http.MethodGet, page, "")
			if err != nil {
				return unknown(subject, err, "")
			}
			control := strings.ToLower(a.header.Get("Cache-Control"))
			switch {
			case !strings.Contains(control, "no-store"):
				return wrong(subject, fmt.Sprintf("%s may be kept: Cache-Control is %q", page, control), fix)
			case strings.Contains(control, "public"):
				return wrong(subject, fmt.Sprintf("%s is called public: %q", page, control), fix)
			case a.header.Get("Age") != "" && a.header.Get("Age") != "0":
				return wrong(subject, fmt.Sprintf("%s comes from a cache, %s seconds old", page, a.header.Get("Age")),
					fix)
			}
			for _, name := range []string{"X-Cache", "Cf-Cache-Status", "X-Cache-Status", "X-Vercel-Cache"} {
				if strings.Contains(strings.ToUpper(a.header.Get(name)), "HIT") {
					return wrong(subject, fmt.Sprintf("%s comes from a cache: %s is %q", page, name,
						a.header.Get(name)), fix)
				}
			}
		}
	}
	return good(subject, "nothing keeps what depends on who asks")
}

func (s *site) webhooks(ctx context.Context) (out []Check) {
	for _, hook := range []struct{ provider, path, header, body string }{
		{"Stripe", "/api/stripe/webhook", "Stripe-Signature", `{"id":"evt_launch","object":"event","type":"ping"}`},
		{"Razorpay", "/api/razorpay/webhook", "X-Razorpay-Signature", `{"entity":"event","event":"ping"}`},
	} {
		subject := hook.provider + " webhook refuses"
		for _, header := range [][]string{nil, {hook.header, "t=1,v1=" + strings.Repeat("0", 64)}} {
			a, err := s.ask(ctx, http.MethodPost, hook.path, hook.body,
				append([]string{"Content-Type", "application/json"}, header...)...)
			what := "an unsigned event"
			if header != nil {
				what = "a forged signature"
			}
			switch {
			case err != nil:
				out = append(out, unknown(subject, err, "")...)
			case a.status < 400:
				out = append(out, wrong(subject, fmt.Sprintf("%s is answered with %d", what, a.status),
					"the webhook must not answer before Tijori has verified the signature: see what is in front of it")...)
			case a.status >= 500:
				out = append(out, wrong(subject, fmt.Sprintf("%s is answered with %d", what, a.status),
					"see the server's log: the provider tries again, and then gives up")...)
			case header != nil:
				out = append(out, good(subject, "unsigned and forged events, with %d", a.status)...)
				continue
			default:
				continue
			}
			break
		}
	}
	return out
}

func (s *site) ready(ctx context.Context) []Check {
	const subject = "ready"
	a, err := s.ask(ctx, http.MethodGet, "/readyz", "")
	switch {
	case err != nil:
		return unknown(subject, err, "")
	case a.status != http.StatusOK:
		return wrong(subject, fmt.Sprintf("/readyz answers %d: %s", a.status, a.body),
			"it says what is missing; tijori doctor says more")
	}
	return good(subject, "the database answers")
}

// hidden are addresses at which nobody from outside may find anything.
var hidden = map[string]string{
	"/dev/outbox": "the outbox of a development set-up", "/metrics": "metrics", "/debug/pprof/": "profiles",
	"/.env": "settings", "/.git/HEAD": "the source",
}

func (s *site) hidden(ctx context.Context) []Check {
	const subject = "nothing more is public"
	var bad []string
	for path, what := range hidden {
		a, err := s.ask(ctx, http.MethodGet, path, "")
		if err != nil {
			return unknown(subject, err, "")
		}
		if a.status < 300 {
			bad = append(bad, path+" ("+what+")")
		}
	}
	if slices.Sort(bad); len(bad) > 0 {
		return wrong(subject, "anybody can open "+strings.Join(bad, ", "), "serve them to your own network only")
	}
	return good(subject, "no metrics, profiles, settings or outbox")
}
