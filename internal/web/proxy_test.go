package web

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tijorihq/tijori/internal/web/static"
)

// A cache is a proxy before the server that many people share. It keeps what RFC 9111 lets a shared cache
// keep, by heuristic freshness for ever; a greedy one keeps whatever does not say private or no-store,
// redirects and errors as well, and looks at the address alone.
type cache struct {
	origin string
	greedy bool
	client *http.Client
	mu     sync.Mutex
	kept   map[string][]*kept
}

type kept struct {
	vary   map[string]string // request headers that must be equal
	status int
	header http.Header
	body   []byte
}

// heuristic are the statuses that may be kept without a word about it (RFC 9110, 15.1).
var heuristic = []int{200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501}

func (c *cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k := c.find(r); k != nil {
		c.send(w, k, "hit")
		return
	}
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(c.origin, "http://")
	res, err := c.client.Do(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	k := &kept{vary: map[string]string{}, status: res.StatusCode, header: res.Header, body: body}
	if c.may(r, k) {
		c.mu.Lock()
		c.kept[r.URL.RequestURI()] = append(c.kept[r.URL.RequestURI()], k)
		c.mu.Unlock()
	}
	c.send(w, k, "miss")
}

func (c *cache) send(w http.ResponseWriter, k *kept, how string) {
	maps.Copy(w.Header(), k.header)
	w.Header().Set("X-Cache", how)
	w.WriteHeader(k.status)
	_, _ = w.Write(k.body)
}

func (c *cache) find(r *http.Request) *kept {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.kept[r.URL.RequestURI()] {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(k.vary)),
			func(name string) bool { return r.Header.Get(name) != k.vary[name] }) {
			return k
		}
	}
	return nil
}

func (c *cache) may(r *http.Request, k *kept) bool {
	control := strings.ToLower(strings.Join(k.header.Values("Cache-Control"), ","))
	if r.Method != http.MethodGet || strings.Contains(control, "no-store") || strings.Contains(control, "private") {
		return false
	}
	if c.greedy {
		return true
	}
	for _, name := range strings.Split(strings.Join(k.header.Values("Vary"), ","), ",") {
		if name = strings.TrimSpace(name); name == "*" {
			return false
		} else if name != "" {
			k.vary[name] = r.Header.Get(name)
		}
	}
	explicit := strings.Contains(control, "public") || strings.Contains(control, "max-age") ||
		k.header.Get("Expires") != ""
	return !strings.Contains(control, "no-cache") && (explicit || slices.Contains(heuristic, k.status))
}

func newCache(t *testing.T, origin string, greedy bool) *httptest.Server {
	c := &cache{origin: origin, greedy: greedy, kept: map[string][]*kept{}}
	c.client = &http.Client{CheckRedirect: func(*http.Request,
		[]*http.Request,
	) error {
		return http.ErrUseLastResponse
	}}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return s
}

// Behind one shared cache nobody is shown a page, an error or a redirect that was made for somebody else.
func TestSharedCache(t *testing.T) {
	t.Parallel()
	w := owned(t)
	direct := w.url
	var paths []string
	for _, rt := range routes {
		if method, _, _ := strings.Cut(rt.Pattern, " "); method == "GET" && !rt.Secret {
			k := trials[rt.Pattern].ask(newIDs(w.a.ids))
			if len(k.query) > 0 {
				k.path += "?" + k.query.Encode()
			}
			paths = append(paths, k.path)
		}
	}
	paths = append(paths, "/nothing/here", "/b/"+newIDText(), "/static/nothing.css", "/b/x")
	for name, greedy := range map[string]bool{"proper": false, "greedy": true} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.T, w.url = t, newCache(t, direct, greedy).URL
			get := func(path, token string) answer {
				r, err := ask{path: path}.request("GET", w.url)
				w.ok(err)
				if token != "" {
					r.AddCookie(&http.Cookie{Name: "session", Value: token})
				}
				res, err := w.client.Do(r)
				w.ok(err)
				defer res.Body.Close()
				b, err := io.ReadAll(res.Body)
				w.ok(err)
				return answer{status: res.StatusCode, header: res.Header, body: string(b)}
			}
			for _, path := range paths {
				seen := map[string]string{}
				for _, who := range []struct{ name, token, may string }{
					{"a visitor", "", ""},
					{"owner A", w.a.Token, wordOfA},
					{"stranger B", w.b.Token, wordOfB},
					{"a visitor again", "", ""},
					{"owner A again", w.a.Token, wordOfA},
				} {
					got := get(path, who.token)
					if got.header.Get("X-Cache") == "hit" {
						t.Errorf("%s for %s came from the cache", path, who.name)
					}
					for _, word := range []string{wordOfA, wordOfB} {
						// an operator's pages are about everybody
						if word != who.may && got.leaks(slices.Concat(secretsOf(word), namesOf(word))...) != "" &&
							!strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/admin") {
							t.Errorf("%s shows %s what is of %s", path, who.name, word)
						}
					}
					seen[who.name] = got.same(nil)
				}
				// which say when they were made: a quote is of its second, and the operators' log has the first look
				if id := madeID; id.ReplaceAllString(seen["owner A"],
					"ID") != id.ReplaceAllString(seen["owner A again"], "ID") && path != "/mydata/download" &&
					!strings.HasPrefix(path, "/billing/change?") && path != "/admin" && path != "/admin/log" {
					t.Errorf("%s shows owner A another page the second time", path)
				}
			}
			file := static.URL("tijori.css")
			first, second := get(file, w.a.Token), get(file, w.b.Token)
			if first.header.Get("X-Cache") != "miss" || second.header.Get("X-Cache") != "hit" ||
				second.body != first.body || second.status != 200 {
				t.Errorf("a static file: %s, then %s (%d)", first.header.Get("X-Cache"), second.header.Get("X-Cache"),
					second.status)
			}
			if len(first.header.Values("Set-Cookie")) > 0 || strings.Contains(strings.Join(first.header.Values("Vary"),
				","), "Cookie") {
				t.Errorf("a static file has cookies or varies by them: %v", first.header)
			}
		})
	}
}

// A server that says nothing about caching is kept, in both ways: otherwise the test above proves nothing.
func TestCacheKeeps(t *testing.T) {
	t.Parallel()
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/for-"+r.Header.Get("Cookie"), http.StatusSeeOther)
			return
		}
		w.Header().Set("Vary", r.URL.Query().Get("vary"))
		_, _ = io.WriteString(w, "for "+r.Header.Get("Cookie"))
	}))
	t.Cleanup(origin.Close)
	for _, c := range []struct {
		greedy bool
		path   string
		leaks  bool
	}{
		{false, "/", true},
		{false, "/?vary=Cookie", false},
		{false, "/away", false},
		{true, "/?vary=Cookie", true},
		{true, "/away", true},
	} {
		proxy := newCache(t, origin.URL, c.greedy)
		var texts []string
		for _, who := range []string{"who=a", "who=b"} {
			r, err := http.NewRequest("GET", proxy.URL+c.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Cookie", who)
			res, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			texts = append(texts, string(b)+res.Header.Get("Location"))
		}
		if leaks := regexp.MustCompile(`who=a`).MatchString(texts[1]); leaks != c.leaks {
			t.Errorf("greedy %v, %s: b is shown %q, want a's: %v", c.greedy, c.path, texts[1], c.leaks)
		}
	}
}
