package cli

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tijorihq/tijori/internal/certificate"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// tlsFlags say where the server's certificate comes from. Without them a proxy has it.
type tlsFlags struct {
	TLSDomain     []string `name:"tls-domain" env:"TIJORI_TLS_DOMAIN" placeholder:"NAME,…" help:"Get a certificate for these names and renew it, automatically; needs the ports 443 and 80. The first is the public address, to which the others lead."`
	ACMEEmail     string   `name:"acme-email" env:"TIJORI_ACME_EMAIL" placeholder:"EMAIL" help:"Whom the certificate authority may write to."`
	ACMEDirectory string   `name:"acme-directory" env:"TIJORI_ACME_DIRECTORY" placeholder:"URL" help:"The ACME directory of the authority (default: Let's Encrypt)."`
	TLSCert       string   `name:"tls-cert" env:"TIJORI_TLS_CERT" type:"path" placeholder:"FILE" help:"Serve TLS with this certificate and its chain (PEM). It is read again when it changes."`
	TLSKey        string   `name:"tls-key" env:"TIJORI_TLS_KEY" type:"path" placeholder:"FILE" help:"The certificate's key (PEM)."`
	HTTPAddr      string   `name:"http-addr" env:"TIJORI_HTTP_ADDR" placeholder:"HOST:PORT" help:"With TLS, where visitors without it are sent to https, and where the authority's checks are answered; off for nowhere (default: port 80 beside port 443)."`
}

const (
	plainAddr = "127.0.0.1:8080" // where nothing else is set
	tlsAddr   = ":443"
	off       = "off"
)

func (f *tlsFlags) tls() bool { return len(f.TLSDomain) > 0 || f.TLSCert != "" || f.TLSKey != "" }

// check refuses settings that contradict each other.
func (f *tlsFlags) check(public *url.URL) error {
	if !f.tls() {
		if f.HTTPAddr != "" && f.HTTPAddr != off {
			return usagef("TIJORI_HTTP_ADDR leads to https, which is not served\nset TIJORI_TLS_DOMAIN, or TIJORI_TLS_CERT and TIJORI_TLS_KEY")
		}
		return nil
	}
	switch {
	case len(f.TLSDomain) > 0 && (f.TLSCert != "" || f.TLSKey != ""):
		return usagef("TIJORI_TLS_DOMAIN and TIJORI_TLS_CERT exclude each other\none gets a certificate automatically, the other reads one from a file")
	case len(f.TLSDomain) == 0 && (f.TLSCert == "" || f.TLSKey == ""):
		return usagef("a certificate needs its key\nset both TIJORI_TLS_CERT and TIJORI_TLS_KEY")
	case public.Scheme != "https":
		return usagef("TLS is served, and the public address %s does not begin with https://\nset TIJORI_PUBLIC_URL", public)
	}
	var domains []string
	for _, name := range f.TLSDomain {
		domain, err := certificate.Domain(name)
		if err != nil {
			return usagef("TIJORI_TLS_DOMAIN: %v", err)
		}
		domains = append(domains, domain)
	}
	if len(domains) > 0 && !slices.Contains(domains, public.Hostname()) {
		return usagef("the public address %s is none of TIJORI_TLS_DOMAIN\nname it there, so that it gets a certificate", public)
	}
	if f.ACMEDirectory != "" && !strings.HasPrefix(f.ACMEDirectory, "https://") {
		return usagef("TIJORI_ACME_DIRECTORY does not begin with https://")
	}
	return nil
}

// listenAddr is where the server listens.
func (f *serveFlags) listenAddr() string {
	if f.tls() {
		return cmp.Or(f.Addr, tlsAddr)
	}
	return cmp.Or(f.Addr, plainAddr)
}

// httpAddr is where visitors without TLS are sent on, "" for nowhere.
func (f *serveFlags) httpAddr() string {
	host, port, err := net.SplitHostPort(f.listenAddr())
	switch {
	case !f.tls() || f.HTTPAddr == off:
		return ""
	case f.HTTPAddr == "" && err == nil && port == "443":
		return net.JoinHostPort(host, "80")
	}
	return f.HTTPAddr
}

// publicAddress is where users reach the server: as it is set, or else what the certificate or the listener says.
func publicAddress(text, addr string, domains []string, tls bool) (*url.URL, error) {
	host, port, err := net.SplitHostPort(addr)
	switch {
	case text != "":
	case len(domains) > 0:
		domain, err := certificate.Domain(domains[0])
		if err != nil {
			return nil, usagef("TIJORI_TLS_DOMAIN: %v", err)
		}
		text = "https://" + domain
		if port != "443" && port != "" {
			text += ":" + port
		}
	case tls || err != nil:
		if err != nil || !loopbackHost(host) {
			return nil, usagef("nothing says where users reach this server\nset TIJORI_PUBLIC_URL, such as https://khata.example.com")
		}
		text = "https://" + addr
	}
	return parsePublicURL(text, addr)
}

// A secured server has its own certificate.
type secured struct {
	certificate.Source
	acme *certificate.ACME // nil with files
	http net.Listener      // where visitors without TLS are sent on; nil for nowhere
}

// secure opens what TLS needs besides the main listener; nil without TLS.
func (f *serveFlags) secure(log *slog.Logger) (s *secured, err error) {
	if !f.tls() {
		return nil, nil //nolint:nilnil // a proxy has the certificate
	}
	s = &secured{}
	if len(f.TLSDomain) > 0 {
		dir, err := f.dataDir()
		if err != nil {
			return nil, err
		}
		s.acme, err = certificate.NewACME(certificate.ACMEConfig{
			Domains: f.TLSDomain, Cache: filepath.Join(dir, "certificates"), Directory: f.ACMEDirectory,
			Email: f.ACMEEmail, Log: log,
		})
		if err != nil {
			return nil, &postgres.SetupError{
				Problem: "cannot keep certificates",
				Hint:    "set TIJORI_DATA to a folder that you may write to", Err: err,
			}
		}
		s.Source = s.acme
	} else if s.Source, err = certificate.ReadFiles(f.TLSCert, f.TLSKey, log); err != nil {
		return nil, &postgres.SetupError{
			Problem: "cannot read the certificate", Hint: "TIJORI_TLS_CERT and TIJORI_TLS_KEY name a pair of PEM files",
			Err: err,
		}
	}
	if addr := f.httpAddr(); addr != "" {
		s.http, err = listen(addr, "TIJORI_HTTP_ADDR")
	}
	return s, err
}

// serveSecured answers with TLS, and sends visitors without it there.
func (a *app) serveSecured(l net.Listener, s *secured, h http.Handler) {
	if s.http != nil {
		front := certificate.ToPublic(a.public)
		if s.acme != nil {
			front = s.acme.Challenges(front)
		}
		a.serveOn(s.http, front)
	}
	if s.acme == nil {
		a.serve(l, h, s.TLS())
		return
	}
	a.serve(l, certificate.OnlyPublic(a.public, h), s.TLS())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.acme.Obtain(ctx)
	}()
	a.closers = append(a.closers, func() error {
		cancel()
		select { // asking the authority may take minutes, and writes nothing half
		case <-done:
		case <-time.After(time.Second):
		}
		return nil
	})
}

// certificateWatch raises an alert when the certificate should have been renewed, and ends it when it is.
type certificateWatch struct {
	a      *app
	raised time.Time
}

// How often the end of the certificate is looked at, and told again.
const (
	certificateEvery = 10 * time.Minute
	certificateAgain = 12 * time.Hour
)

// look is a loop's body.
func (w *certificateWatch) look(ctx context.Context) (int, error) {
	m, now := w.a.place.look(ctx), time.Now()
	if m.CertUntil.IsZero() { // whoever looks from outside says that nothing answers
		return 0, nil
	}
	due, _ := m.CertMargins()
	if m.CertUntil.Sub(now) >= due {
		w.raised = time.Time{}
		return 0, w.a.watch.End(ctx, detect.Certificate, m.Host, now)
	}
	if now.Sub(w.raised) < certificateAgain {
		return 0, nil
	}
	err := w.a.watch.Raise(ctx, detect.Alert{
		Rule: detect.Certificate, Subject: m.Host, Since: now, At: now, Count: 1,
		Text: "the certificate of " + m.Host + " ends at " + m.CertUntil.UTC().Format("2006-01-02 15:04") +
			" UTC and was not renewed",
	})
	if err == nil {
		w.raised = now
	}
	return 0, err
}

// certificateMetric says when the certificate of the public address ends.
func (a *app) certificateMetric() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tijori_certificate_end_timestamp_seconds",
		Help: "When the certificate of the public address ends; 0 without TLS, or when it cannot be asked.",
	}, func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), askFor)
		defer cancel()
		if m := a.place.look(ctx); !m.CertUntil.IsZero() {
			return float64(m.CertUntil.Unix())
		}
		return 0
	})
}
