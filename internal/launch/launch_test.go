package launch

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
)

const name = "khata.example.in"

// dkimKey is a published key.
var dkimKey = sync.OnceValue(func() string {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
})

// txt is a record whose text is in several parts where it is long.
func txt(name, text string) string {
	var parts []string
	for len(text) > 200 {
		parts, text = append(parts, fmt.Sprintf("%q", text[:200])), text[200:]
	}
	return name + ". 60 IN TXT " + strings.Join(append(parts, fmt.Sprintf("%q", text)), " ")
}

// A world is a site with its names, of which a test makes one thing wrong.
type world struct {
	zone    []string                                                // records
	broken  string                                                  // the DNS server fails for this name
	plain   http.HandlerFunc                                        // port 80; nil where nobody answers
	edit    func(w http.ResponseWriter, r *http.Request) (own bool) // before the site's answer
	life    [2]time.Duration                                        // of the certificate, before and after now
	issuer  string
	names   []string // of the certificate
	lowest  uint16   // TLS version
	mute    []string // addresses at which nobody answers
	options func(*Options)
}

func right(t *testing.T) *world {
	t.Helper()
	return &world{
		zone: []string{
			name + ". 60 IN A 203.0.113.7", name + ". 60 IN AAAA 2001:db8::7",
			`example.in. 60 IN CAA 0 issue "letsencrypt.org"`, `example.in. 60 IN CAA 0 iodef "mailto:a@example.in"`,
			txt("example.in", "v=spf1 include:_spf.mail.example -all"), txt("example.in", "site-verification=1"),
			txt("_spf.mail.example", "v=spf1 ip4:203.0.113.0/24 -all"), txt("s1._domainkey.example.in", dkimKey()),
			txt("_dmarc.example.in", "v=DMARC1; p=reject; rua=mailto:a@example.in"),
		},
		plain: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+name+r.URL.RequestURI(), http.StatusPermanentRedirect)
		},
		edit: func(http.ResponseWriter, *http.Request) bool { return false },
		life: [2]time.Duration{30 * 24 * time.Hour, 60 * 24 * time.Hour}, issuer: "Let's Encrypt",
		names:  []string{name},
		lowest: tls.VersionTLS12, options: func(*Options) {},
	}
}

// without takes the records away that begin so, and adds others.
func (w *world) without(prefix string, more ...string) {
	w.zone = append(slices.DeleteFunc(w.zone, func(rr string) bool { return strings.HasPrefix(rr, prefix) }), more...)
}

// resolve starts a DNS server by UDP and TCP.
func (w *world) resolve(t *testing.T) string {
	t.Helper()
	var records []dns.RR
	for _, text := range w.zone {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		records = append(records, rr)
	}
	handler := dns.HandlerFunc(func(out dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		known := false
		for _, rr := range records {
			if strings.EqualFold(rr.Header().Name, q.Question[0].Name) {
				known = true
				if rr.Header().Rrtype == q.Question[0].Qtype {
					m.Answer = append(m.Answer, rr)
				}
			}
		}
		switch {
		case w.broken != "" && q.Question[0].Name == w.broken+".":
			m.Rcode = dns.RcodeServerFailure
		case !known:
			m.Rcode = dns.RcodeNameError
		}
		if out.LocalAddr().Network() == "udp" {
			m.Truncate(512)
		}
		_ = out.WriteMsg(m)
	})
	var packets net.PacketConn
	var streams net.Listener
	for range 20 { // until a port is free for both
		var err error
		if packets, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if streams, err = net.Listen("tcp", packets.LocalAddr().String()); err == nil {
			break
		}
		_ = packets.Close()
	}
	if streams == nil {
		t.Fatal("no port is free for both UDP and TCP")
	}
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: handler}, {
		Listener: streams,
		Handler:  handler,
	}} {
		var up sync.WaitGroup
		up.Add(1)
		server.NotifyStartedFunc = up.Done
		go func() { _ = server.ActivateAndServe() }()
		up.Wait()
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return packets.LocalAddr().String()
}

// certify makes the site's certificate, and who trusts it.
func (w *world) certify(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	issue := func(c, by *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			by, signer = c, k
		}
		der, err := x509.CreateCertificate(rand.Reader, c, by, &k.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		return der, k
	}
	now := time.Now()
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{w.issuer}}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: now.Add(-1000 * time.Hour), NotAfter: now.Add(10000 * time.Hour),
	}
	rootDER, signer := issue(root, nil, nil)
	der, k := issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: w.names, NotBefore: now.Add(-w.life[0]), NotAfter: now.Add(w.life[1]),
	}, root, signer)
	parsed, err := x509.ParseCertificate(rootDER)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}, roots
}

// answer is a site as it should be.
func (w *world) answer(out http.ResponseWriter, r *http.Request) {
	h := out.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("Cache-Control", "private, no-store")
	if w.edit(out, r) {
		return
	}
	switch {
	case strings.HasSuffix(r.URL.Path, "/webhook"):
		http.Error(out, "no", http.StatusBadRequest)
	case r.URL.Path == "/api/billing/me" || r.URL.Path == "/settings":
		http.Error(out, "no", http.StatusUnauthorized)
	case r.URL.Path == "/" || r.URL.Path == "/login" || r.URL.Path == "/readyz":
		if r.URL.Path == "/login" {
			http.SetCookie(out, &http.Cookie{
				Name: "__Host-x", Value: "1", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			})
		}
		_, _ = io.WriteString(out, "ok")
	default:
		http.NotFound(out, r)
	}
}

// look starts the world and looks at it.
func (w *world) look(t *testing.T) []Check {
	t.Helper()
	pair, roots := w.certify(t)
	site := httptest.NewUnstartedServer(http.HandlerFunc(w.answer))
	site.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: w.lowest} //nolint:gosec // some are wrong
	site.Config.ErrorLog = log.New(io.Discard, "", 0)
	site.StartTLS()
	t.Cleanup(site.Close)
	ports := map[string]string{"443": site.Listener.Addr().String()}
	if w.plain != nil {
		front := httptest.NewServer(w.plain)
		t.Cleanup(front.Close)
		ports["80"] = front.Listener.Addr().String()
	}
	o := Options{
		URL: &url.URL{Scheme: "https", Host: name}, MailDomain: "example.in", Selectors: []string{"s1"},
		Resolver: w.resolve(t), Roots: roots,
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			to, ok := ports[port]
			if !ok || slices.Contains(w.mute, host) {
				return nil, fmt.Errorf("connect to %s: connection refused", addr)
			}
			return (&net.Dialer{}).DialContext(ctx, network, to)
		},
	}
	w.options(&o)
	return Run(t.Context(), o)
}

// answers is an edit that answers one path.
func answers(path string, status int, body string) func(*world) {
	return func(w *world) {
		w.edit = func(out http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path {
				return false
			}
			out.WriteHeader(status)
			_, _ = io.WriteString(out, body)
			return true
		}
	}
}

// header is an edit that changes a header of every answer; "" takes it away.
func header(key, value string) func(*world) {
	return func(w *world) {
		w.edit = func(out http.ResponseWriter, _ *http.Request) bool {
			if out.Header().Set(key, value); value == "" {
				out.Header().Del(key)
			}
			return false
		}
	}
}

func cookie(c http.Cookie) func(*world) {
	return func(w *world) {
		w.edit = func(out http.ResponseWriter, _ *http.Request) bool {
			http.SetCookie(out, &c)
			return false
		}
	}
}

// TestRun makes one thing wrong at a time: exactly that check says so, and how to mend it.
func TestRun(t *testing.T) {
	t.Parallel()
	all := right(t).look(t)
	for _, c := range all {
		if c.State != OK {
			t.Errorf("a site that is right: %+v", c)
		}
	}
	if len(all) != 17 {
		t.Errorf("%d checks, want 17", len(all))
	}
	zone := func(prefix string, more ...string) func(*world) {
		return func(w *world) { w.without(prefix, more...) }
	}
	for _, c := range []struct {
		name, subject, state, detail string
		change                       func(*world)
	}{
		{"no address", "DNS A", Wrong, "has no address for IPv4", zone(name + ". 60 IN A ")},
		{"a private address", "DNS A", Wrong, "only your own network", zone(name+". 60 IN A ",
			name+". 60 IN A 10.0.0.1")},
		{"nobody at an address", "DNS A", Wrong, "nobody answers at 203.0.113.9", func(w *world) {
			w.zone, w.mute = append(w.zone, name+". 60 IN A 203.0.113.9"), []string{"203.0.113.9"}
		}},
		{"no IPv6", "DNS AAAA", OK, "visitors come by IPv4", zone(name + ". 60 IN AAAA")},
		{"nobody at IPv6", "DNS AAAA", Wrong, "nobody answers at 2001:db8::7", func(w *world) {
			w.mute = []string{"2001:db8::7"}
		}},
		{"DNS fails", "DNS SPF", Unknown, "SERVFAIL for example.in", func(w *world) { w.broken = "example.in" }},
		{"no CAA", "DNS CAA", Wrong, "any authority may issue", zone("example.in. 60 IN CAA")},
		{
			"a CAA without the issuer", "DNS CAA", Wrong, "do not permit letsencrypt.org",
			zone("example.in. 60 IN CAA", `example.in. 60 IN CAA 0 issue "digicert.com"`),
		},
		{
			"a nearer CAA", "DNS CAA", Wrong, "records of khata.example.in do not permit",
			zone("nothing", name+`. 60 IN CAA 0 issue ";"`),
		},
		{"no SPF", "DNS SPF", Wrong, "does not say who may send", zone("example.in. 60 IN TXT \"v=spf1")},
		{"two SPF", "DNS SPF", Wrong, "has 2 SPF records", zone("nothing", txt("example.in", "v=spf1 -all"))},
		{
			"SPF for everybody", "DNS SPF", Wrong, "lets everybody send",
			zone("example.in. 60 IN TXT \"v=spf1", txt("example.in", "v=spf1 mx +all")),
		},
		{
			"SPF with too many look-ups", "DNS SPF", Wrong, "more than 10 look-ups",
			zone("_spf.mail.example", txt("_spf.mail.example", "v=spf1 include:_spf.mail.example -all")),
		},
		{"no DKIM", "DNS DKIM", Wrong, "has 0 TXT records", zone("s1._domainkey")},
		{
			"DKIM withdrawn", "DNS DKIM", Wrong, "withdrawn",
			zone("s1._domainkey", txt("s1._domainkey.example.in", "v=DKIM1; p=")),
		},
		{
			"DKIM nonsense", "DNS DKIM", Wrong, "no key that can be read",
			zone("s1._domainkey", txt("s1._domainkey.example.in", "v=DKIM1; p=MIGfMA0")),
		},
		{
			"DKIM short", "DNS DKIM", Wrong, "512 bits",
			zone("s1._domainkey", txt("s1._domainkey.example.in", shortKey)),
		},
		{"no selector", "DNS DKIM", Unknown, "under which selector", func(w *world) {
			w.options = func(o *Options) { o.Selectors = nil }
		}},
		{"no mail address", "DNS DMARC", Unknown, "from which address", func(w *world) {
			w.options = func(o *Options) { o.MailDomain = "" }
		}},
		{"no DMARC", "DNS DMARC", Wrong, "does not exist", zone("_dmarc")},
		{
			"DMARC that watches", "DNS DMARC", Wrong, "is delivered",
			zone("_dmarc", txt("_dmarc.example.in", "v=DMARC1; p=none")),
		},
		{"DMARC of the registered domain", "DNS DMARC", Wrong, "is delivered", func(w *world) {
			w.without("_dmarc", txt("_dmarc.example.in", "v=DMARC1; p=reject; sp=none"))
			w.options = func(o *Options) { o.MailDomain = "mail.example.in" }
		}},
		{"another's certificate", "TLS certificate", Wrong, "browsers refuse", func(w *world) {
			w.names = []string{"other.example.in"}
		}},
		{
			"a certificate that ended", "TLS certificate", Wrong, "browsers refuse",
			func(w *world) { w.life[1] = -time.Minute },
		},
		{"a certificate that ends", "TLS certificate", Wrong, "was not renewed", func(w *world) {
			w.life = [2]time.Duration{80 * 24 * time.Hour, 10 * 24 * time.Hour}
		}},
		{"a short certificate", "TLS certificate", OK, "until", func(w *world) {
			w.life = [2]time.Duration{3 * 24 * time.Hour, 3 * 24 * time.Hour}
		}},
		{"old TLS", "TLS versions", Wrong, "TLS 1.1 is still accepted", func(w *world) { w.lowest = tls.VersionTLS10 }},
		{"port 80 closed", "redirect to https", Wrong, "gets no answer", func(w *world) { w.plain = nil }},
		{"port 80 serves", "redirect to https", Wrong, "answers 200 itself", func(w *world) {
			w.plain = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "welcome") }
		}},
		{"port 80 leads to the front page", "redirect to https", Wrong, "leads to", func(w *world) {
			w.plain = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://"+name+"/", http.StatusPermanentRedirect)
			}
		}},
		{"port 80 redirects for now", "redirect to https", Wrong, "for now only, by 302", func(w *world) {
			w.plain = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://"+name+r.URL.RequestURI(), http.StatusFound)
			}
		}},
		{"no HSTS", "HSTS", Wrong, "not told", header("Strict-Transport-Security", "")},
		{"short HSTS", "HSTS", Wrong, "max-age=60", header("Strict-Transport-Security", "max-age=60")},
		{
			"no content policy", "headers", Wrong, "Content-Security-Policy is missing",
			header("Content-Security-Policy", ""),
		},
		{
			"inline code", "headers", Wrong, "permits inline code",
			header("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
		},
		{"framing", "headers", Wrong, "may frame", header("Content-Security-Policy", "default-src 'self'")},
		{"type sniffing", "headers", Wrong, "X-Content-Type-Options", header("X-Content-Type-Options", "")},
		{"referrers", "headers", Wrong, "Referrer-Policy", header("Referrer-Policy", "")},
		{"other sites may read", "headers", Wrong, "pages of other sites", header("Access-Control-Allow-Origin", "*")},
		{"names its software", "headers", Wrong, "X-Powered-By", header("X-Powered-By", "PHP/5")},
		{
			"a cookie without Secure", "cookies", Wrong, "b goes without TLS",
			cookie(http.Cookie{Name: "b", HttpOnly: true, SameSite: http.SameSiteLaxMode}),
		},
		{
			"a cookie for scripts", "cookies", Wrong, "b can be read by scripts",
			cookie(http.Cookie{Name: "b", Secure: true, SameSite: http.SameSiteLaxMode}),
		},
		{
			"a cookie for other sites", "cookies", Wrong, "b is sent along",
			cookie(http.Cookie{Name: "b", Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode}),
		},
		{
			"a cookie for other hosts", "cookies", Wrong, "b is given to other hosts", cookie(http.Cookie{
				Name: "b", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, Domain: "example.in",
			}),
		},
		{"pages may be kept", "caching of personal pages", Wrong, "may be kept", header("Cache-Control", "max-age=60")},
		{
			"public pages", "caching of personal pages", Wrong, "is called public",
			header("Cache-Control", "public, no-store"),
		},
		{"an old page", "caching of personal pages", Wrong, "30 seconds old", header("Age", "30")},
		{"a kept page", "caching of personal pages", Wrong, "comes from a cache", header("X-Cache",
			"Hit from cloudfront")},
		{
			"Stripe's webhook takes all", "Stripe webhook refuses", Wrong, "an unsigned event is answered with 200",
			answers("/api/stripe/webhook", 200, "{}"),
		},
		{
			"Razorpay's webhook fails", "Razorpay webhook refuses", Wrong, "an unsigned event is answered with 502",
			answers("/api/razorpay/webhook", 502, ""),
		},
		{
			"a webhook takes forged ones", "Stripe webhook refuses", Wrong, "a forged signature is answered with 200",
			func(w *world) {
				w.edit = func(_ http.ResponseWriter, r *http.Request) bool {
					return r.Header.Get("Stripe-Signature") != ""
				}
			},
		},
		{"not ready", "ready", Wrong, "answers 503: migrations are missing", answers("/readyz", 503,
			"migrations are\x1b missing")},
		{"metrics", "nothing more is public", Wrong, "/metrics (metrics)", answers("/metrics", 200, "")},
		{"settings", "nothing more is public", Wrong, "/.env (settings)", answers("/.env", 200, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := right(t)
			c.change(w)
			found := false
			for _, got := range w.look(t) {
				switch {
				case got.Subject == c.subject && got.State == c.state &&
					strings.Contains(strings.Join(strings.Fields(got.Detail), " "), c.detail):
					found = true
					if got.State == Wrong && got.Fix == "" {
						t.Errorf("%+v does not say what to do", got)
					}
				case got.Subject == c.subject:
					t.Errorf("%+v, want %s with %q", got, c.state, c.detail)
				case got.State != OK && !with(c.name, got.Subject):
					t.Errorf("also %+v", got)
				}
				if strings.ContainsRune(got.Detail, 0x1b) {
					t.Errorf("%q could steer a terminal", got.Detail)
				}
			}
			if !found {
				t.Errorf("nothing about %s", c.subject)
			}
		})
	}
}

// with names what cannot but go wrong together.
func with(name, subject string) bool {
	also := map[string][]string{
		"DNS fails":                      {"DNS CAA"},
		"no mail address":                {"DNS SPF", "DNS DKIM"},
		"DMARC of the registered domain": {"DNS SPF", "DNS DKIM"},
		"another's certificate":          everything,
		"a certificate that ended":       everything,
	}
	return slices.Contains(also[name], subject)
}

var everything = []string{
	"TLS versions", "HSTS", "headers", "cookies", "caching of personal pages", "Stripe webhook refuses",
	"Razorpay webhook refuses", "ready", "nothing more is public",
}

// TestNobodyThere: a site that does not exist is never ok, and the look ends.
func TestNobodyThere(t *testing.T) {
	t.Parallel()
	for _, c := range Run(t.Context(), Options{
		URL: &url.URL{Scheme: "https", Host: name}, MailDomain: "example.in", Selectors: []string{"s1"},
		Resolver: "127.0.0.1:1",
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, fmt.Errorf("connection refused")
		},
	}) {
		if c.State == OK {
			t.Errorf("nobody is there, and %+v", c)
		}
	}
}

// shortKey is an RSA key of 512 bits, which nothing makes any more.
const shortKey = "v=DKIM1; k=rsa; p=" +
	"MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBALjcZTBzYdV2INQWHCEYtWMI9wIH8Hybh50bxAo5DJoeAC0N+ugqxjp/VQwMryVhNY5PwciSo/TEWcOypcwqXOECAwEAAQ=="
