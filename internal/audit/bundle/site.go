package bundle

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// The bounds of a visit. A site that never ends is left, and what was not asked for is said.
const (
	maxRequests  = 200
	maxPages     = 40
	maxBody      = 16 << 20
	maxSite      = 256 << 20
	maxRedirects = 5
	perRequest   = 30 * time.Second
	perVisit     = 5 * time.Minute
)

// A visit is a walk through one host.
type visit struct {
	a        *auditor
	client   *http.Client
	start    *url.URL
	queue    [5][]string // by how much is learnt: scripts and workers, maps, data, pages
	known    map[string]bool
	pages    map[string][]byte // for the data that belongs to them
	index    []byte            // what the site answers to an address that it does not have
	requests int
	bytes    int64
}

// The queues, in the order in which they are worked off.
const (
	queueScripts = iota
	queueMaps
	queueData
	queuePages
	queueGuesses // maps that nothing names
)

// site audits a running site as a visitor without a session sees it.
func (a *auditor) site(ctx context.Context) error {
	start, err := url.Parse(a.o.Target)
	switch {
	case err != nil || start.Host == "" || start.Opaque != "":
		return fmt.Errorf("%q is not an address such as https://app.example.com", a.o.Target)
	case start.User != nil:
		a.report.Target = start.Redacted()
		return errors.New("the address holds a user or a password\ngive it without: what every visitor sees is audited")
	}
	start.Fragment = ""
	if start.Path == "" {
		start.Path = "/"
	}
	v := &visit{a: a, start: start, known: map[string]bool{}, pages: map[string][]byte{}}
	if err := v.open(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, perVisit)
	defer cancel()
	return v.walk(ctx)
}

// open prepares a client that reaches the target's host and nothing else.
func (v *visit) open(ctx context.Context) error {
	local, err := loopbackTarget(ctx, v.start.Hostname())
	if err != nil {
		return err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string,
		_ syscall.RawConn,
	) error {
		return allowed(address, local)
	}}
	v.client = &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second,
			ResponseHeaderTimeout:  20 * time.Second,
			MaxResponseHeaderBytes: 1 << 20, MaxConnsPerHost: 2, IdleConnTimeout: 10 * time.Second,
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		}, // no Proxy: it would resolve names for us
		CheckRedirect: v.redirect,
	}
	return nil
}

// loopbackTarget reports whether the target is this machine, which alone makes private addresses reachable.
func loopbackTarget(ctx context.Context, host string) (bool, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Unmap().IsLoopback(), nil
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host); err != nil {
		return false, fmt.Errorf("the name %s cannot be resolved: %w", host, err)
	}
	return false, nil
}

// allowed is asked for the address that is really dialled, so that a name
// cannot first answer one and then another.
func allowed(address string, local bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	if local {
		if ip.IsLoopback() {
			return nil
		}
		return fmt.Errorf("%s is not this machine, though the target's name says so", ip)
	}
	if !public(ip) {
		return fmt.Errorf("%s is a private address; only a target on this machine (localhost) may have one", ip)
	}
	return nil
}

var notPublic = func() (out []netip.Prefix) {
	for _, p := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "2001:db8::/32", "2002::/16",
	} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}()

func public(ip netip.Addr) bool {
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() &&
		!slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// An elsewhereError is a redirect to another host.
type elsewhereError struct{ to *url.URL }

func (e elsewhereError) Error() string { return "it leads to another host, " + e.to.Host }

// redirect follows within the host, and from http to https.
func (v *visit) redirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("it redirects more than %d times", maxRedirects)
	}
	if v.requests++; v.requests > maxRequests {
		return errTooMany
	}
	upgrade := v.start.Scheme == "http" && r.URL.Scheme == "https" && r.URL.Hostname() == v.start.Hostname() &&
		v.start.Port() == "" && r.URL.Port() == ""
	if upgrade && v.requests <= maxRedirects+1 {
		v.start.Scheme = "https"
	}
	if !v.same(r.URL) {
		return elsewhereError{r.URL}
	}
	return nil
}

var errTooMany = fmt.Errorf("the visit ends after %d requests", maxRequests)

func (v *visit) same(u *url.URL) bool {
	return u.Scheme == v.start.Scheme && strings.EqualFold(u.Host, v.start.Host) && u.User == nil
}

// An answer is what the site gave for an address.
type answer struct {
	url    *url.URL
	status int
	kind   string
	header http.Header
	body   []byte
	more   bool // the body goes on
}

func (v *visit) get(ctx context.Context, address string) (*answer, error) {
	if v.requests++; v.requests > maxRequests {
		return nil, errTooMany
	}
	if v.bytes >= maxSite {
		return nil, fmt.Errorf("the visit ends after %d MB", maxSite>>20)
	}
	ctx, cancel := context.WithTimeout(ctx, perRequest)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "tijori-audit (reads public files only)")
	r.Header.Set("Accept", "*/*")
	response, err := v.client.Do(r)
	if err != nil {
		var elsewhere elsewhereError
		if errors.As(err, &elsewhere) {
			return nil, elsewhere
		}
		var u *url.Error
		if errors.As(err, &u) {
			return nil, u.Err
		}
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	v.bytes += int64(len(body))
	out := &answer{
		url: response.Request.URL, status: response.StatusCode, kind: response.Header.Get("Content-Type"),
		header: response.Header, body: body,
	}
	if len(body) > maxBody {
		out.body, out.more = body[:maxBody], true
		return out, nil
	}
	if err != nil && len(body) > 0 { // what came can be judged, and that more did not come is said
		out.more = true
		return out, nil
	}
	return out, err
}

func (v *visit) walk(ctx context.Context) error {
	v.a.visit = v
	first, err := v.get(ctx, v.start.String())
	var elsewhere elsewhereError
	switch {
	case errors.As(err, &elsewhere):
		return fmt.Errorf("%s leads to another host\naudit that one, if it is yours: tijori audit bundle %s",
			v.start, elsewhere.to.Redacted())
	case err != nil:
		return fmt.Errorf("%s: %w", v.start, err)
	case first.status >= 400:
		return fmt.Errorf("%s answers %d\ngive an address that opens without signing in", v.start, first.status)
	}
	v.known[v.start.String()] = true
	v.read(ctx, first)
	if missing, err := v.get(ctx, v.resolve(v.start, "/tijori-audit-no-such-file.js").String()); err == nil &&
		missing.status == http.StatusOK {
		v.index = missing.body // a single-page application answers every address with its start page
	}
	for _, name := range []string{"/sw.js", "/service-worker.js", "/.env", "/.git/config"} {
		v.add(v.start, name, queueScripts)
	}
	v.follow(ctx)
	return nil
}

// follow works the queues off, the most telling first.
func (v *visit) follow(ctx context.Context) {
	pages := 1
	for {
		q := slices.IndexFunc(v.queue[:], func(list []string) bool { return len(list) > 0 })
		if q < 0 {
			return
		}
		address := v.queue[q][0]
		v.queue[q] = v.queue[q][1:]
		if q == queuePages {
			if pages++; pages > maxPages {
				v.a.notTested(fmt.Sprintf("%d more pages", len(v.queue[q])+1), "the visit reads %d pages", maxPages)
				v.queue[q] = nil
				continue
			}
		}
		if v.requests >= maxRequests || ctx.Err() != nil || v.bytes >= maxSite {
			left := 1
			for _, list := range v.queue {
				left += len(list)
			}
			v.a.notTested(fmt.Sprintf("%d more addresses", left), "the visit ends after %d requests, %d MB or %v",
				maxRequests, maxSite>>20, perVisit)
			return
		}
		got, err := v.get(ctx, address)
		if err != nil {
			v.a.notTested(address, "%v", err)
			continue
		}
		switch {
		case got.status == http.StatusNotFound || got.status == http.StatusGone || got.status == http.StatusForbidden:
		case got.status == http.StatusUnauthorized: // not for visitors
		case got.status != http.StatusOK:
			v.a.notTested(address, "it answers %d", got.status)
		case q != queuePages && v.index != nil && bytes.Equal(got.body, v.index):
		case (q == queueMaps || q == queueGuesses) && strings.HasPrefix(got.kind, "text/html"):
		default:
			v.read(ctx, got)
		}
	}
}

// read judges an answer and queues what it names.
func (v *visit) read(ctx context.Context, got *answer) {
	name := got.url.String()
	if got.more {
		v.a.notTested(name, "the answer was longer than %d MB or broke off; its beginning was read", maxBody>>20)
	}
	if isMedia(got.url.Path) || strings.HasPrefix(got.kind, "image/") || strings.HasPrefix(got.kind, "font/") ||
		strings.HasPrefix(got.kind, "video/") {
		return
	}
	f := file{name: name, body: got.body, kind: kindOf(got.url.Path, got.kind, got.body)}
	if f.kind == "html" && len(v.pages) < maxPages {
		v.pages[got.url.Path] = got.body
	}
	v.a.read(ctx, f)
	switch f.kind {
	case "html":
		v.links(got)
	case "script":
		v.references(got)
	}
	if m := got.header.Get("SourceMap"); m != "" {
		v.add(got.url, m, queueMaps)
	}
}

func (v *visit) resolve(base *url.URL, ref string) *url.URL {
	u, err := base.Parse(strings.TrimSpace(ref))
	if err != nil || len(ref) > 2000 {
		return &url.URL{}
	}
	u.Fragment = ""
	return u
}

// add queues an address of the same host once.
func (v *visit) add(base *url.URL, ref string, queue int) {
	if strings.HasPrefix(ref, "data:") || len(v.known) > 20_000 {
		return
	}
	u := v.resolve(base, ref)
	if !v.same(u) {
		return
	}
	if queue == queuePages {
		u.RawQuery = "" // a page with other parameters is seldom another page, and may do something
	}
	if address := u.String(); !v.known[address] {
		v.known[address] = true
		v.queue[queue] = append(v.queue[queue], address)
	}
}

// links queues what a page loads and where it leads.
func (v *visit) links(got *answer) {
	z := html.NewTokenizer(bytes.NewReader(got.body))
	base := got.url
	inScript := false
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if inScript {
				v.scriptNames(got.url, z.Raw())
			}
		case html.EndTagToken:
			inScript = false
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			inScript = t.Data == "script"
			switch t.Data {
			case "base":
				if u := v.resolve(got.url, attr(t, "href")); v.same(u) {
					base = u
				}
			case "script":
				if src := attr(t, "src"); src != "" {
					v.add(base, src, queueScripts)
				}
			case "link":
				rel, as := attr(t, "rel"), attr(t, "as")
				switch {
				case rel == "modulepreload" || as == "script":
					v.add(base, attr(t, "href"), queueScripts)
				case rel == "manifest" || as == "fetch":
					v.add(base, attr(t, "href"), queueData)
				}
			case "a", "iframe":
				if href := attr(t, "href") + attr(t, "src"); href != "" && !isMedia(href) && !leaves.MatchString(href) {
					v.add(base, href, queuePages)
				}
			}
		}
	}
}

// leaves are links that a reader does not follow, because they may end or change something.
var leaves = lazyregexp.New(`(?i)(log|sign)-?_?out|unsubscribe|delete|remove|cancel|^(javascript|mailto|tel):`)

var (
	mapComment = lazyregexp.New(`(?m)[#@]\s*sourceMappingURL=([^\s'"*]{1,1000})`)
	workers    = lazyregexp.New(`serviceWorker\.register\(\s*["']([^"'\s]{1,300})["']`)
	names      = lazyregexp.New(`["'` + "`" + `]((?:\.{0,2}/)?(?:[A-Za-z0-9_@.~\-\[\]()%]+/)*[A-Za-z0-9_@.~\-\[\]()%]+\.m?js)["'` + "`" + `]`)
)

// references queues what a script names: its map, workers, and further scripts.
func (v *visit) references(got *answer) {
	tail := got.body[max(0, len(got.body)-4096):]
	if m := mapComment.FindAllSubmatch(tail, -1); len(m) > 0 {
		v.add(got.url, string(m[len(m)-1][1]), queueMaps)
	} else {
		v.add(got.url, path.Base(got.url.Path)+".map", queueGuesses)
	}
	v.scriptNames(got.url, got.body)
}

func (v *visit) scriptNames(base *url.URL, b []byte) {
	for _, m := range workers.FindAllSubmatch(b, 10) {
		v.add(v.start, string(m[1]), queueScripts)
	}
	if bytes.Contains(b, []byte(".js")) {
		for _, m := range names.FindAllSubmatch(b, 400) {
			ref := string(m[1])
			if strings.HasPrefix(ref, "static/chunks/") {
				ref = "/_next/" + ref // as Next.js names them
			}
			if strings.Contains(ref, "/") {
				v.add(base, ref, queueScripts)
			}
		}
	}
}

// pageOf is the page with the path of a data file, without what frameworks put before and behind it.
func (v *visit) pageOf(address string) []byte {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	p := nextData.ReplaceAllString(u.Path, "/")
	p = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(p, "/__data"), "/_payload"), "/index")
	for _, candidate := range []string{p, p + "/", p + ".html", p + "/index.html"} {
		if page, ok := v.pages[candidate]; ok {
			return page
		}
	}
	return nil
}

var nextData = lazyregexp.New(`^/_next/data/[^/]+/`)
