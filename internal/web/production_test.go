package web

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// Behind TLS and with real payments there is no outbox and no demonstration, and cookies are the host's own.
func TestProduction(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	c := w.config
	public, err := url.Parse("https://khata.example.com")
	w.ok(err)
	c.Outbox, c.Demo, c.Simulated, c.PublicURL = nil, nil, false, public
	server := New(c)
	set := map[frame.CookieName]bool{}
	send := func(method string, k ask, cookie *http.Cookie) answer {
		r, err := k.request(method, "https://khata.example.com")
		w.ok(err)
		if cookie != nil {
			r.AddCookie(cookie)
		}
		rec := httptest.NewRecorder()
		server.ServeHTTP(rec, r)
		a := answer{status: rec.Code, header: rec.Header(), body: rec.Body.String()}
		checkAnswer(t, method+" "+k.path, a, "")
		if got := a.header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=") {
			t.Errorf("%s: Strict-Transport-Security %q", k.path, got)
		}
		for _, line := range a.header.Values("Set-Cookie") {
			c, err := http.ParseSetCookie(line)
			w.ok(err)
			name, ok := strings.CutPrefix(c.Name, "__Host-")
			if !ok || !c.Secure || c.Domain != "" || c.Path != "/" {
				t.Errorf("%s sets %q", k.path, line)
			}
			set[frame.CookieName(name)] = true
		}
		return a
	}
	letter := w.letter()
	for _, rt := range routes {
		if !rt.Development {
			continue
		}
		method, _, _ := strings.Cut(rt.Pattern, " ")
		k := trials[rt.Pattern].ask(newIDs(map[string]string{"letter": letter}))
		if got := send(method, k, nil); got.status != http.StatusNotFound {
			t.Errorf("%s in production: %d, want 404", rt.Pattern, got.status)
		}
	}
	got := send("POST", form("/login", "email", w.a.Email, "password", ownersPassword), nil)
	cookie := strings.Join(got.header.Values("Set-Cookie"), "\n")
	if got.status != http.StatusSeeOther || !strings.HasPrefix(cookie, "__Host-session=") || !strings.Contains(cookie,
		"; Secure") || strings.Contains(cookie, "Domain=") {
		t.Errorf("signed in with %d and %q, want a cookie __Host-session that is Secure", got.status, cookie)
	}
	token := w.freshSession()
	if got := send("GET", ask{path: "/settings"}, &http.Cookie{
		Name:  "__Host-session",
		Value: token,
	}); got.status != http.StatusOK {
		t.Errorf("with the host's cookie: %d", got.status)
	}
	own := &http.Cookie{Name: "__Host-session", Value: token}
	for _, k := range []ask{
		form("/signup", "name", "Asha", "email", "asha-"+token[:8]+"@example.com",
			"business", "Asha's", "locale", "hi"),
		form("/language", "locale", "hi", "next", "/login"),
		trials["POST /b/{business}/p/{party}/share"].ask(newIDs(w.a.ids)),
	} {
		if got := send("POST", k, own); got.status >= 400 {
			t.Errorf("%s: %d %.200s", k.path, got.status, got.body)
		}
	}
	for _, name := range []frame.CookieName{
		frame.SessionCookie, frame.FlashCookie, frame.LinkCookie,
		frame.SentToCookie, frame.LanguageCookie,
	} {
		if !set[name] {
			t.Errorf("no page of this test sets %s: is it in use?", name)
		}
	}
	// Another host of the domain can set a cookie named session; it is none of ours.
	if got := send("GET", ask{path: "/settings"}, &http.Cookie{
		Name:  "session",
		Value: token,
	}); got.status != http.StatusSeeOther {
		t.Errorf("with a cookie that any host of the domain can set: %d, want 303 to /login", got.status)
	}
}

// No address that a form carries leads to another site.
func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	for _, next := range []string{
		"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`,
		"/\t/evil.example", "javascript:alert(1)", "http:evil.example", "/\n/evil.example", "///evil.example",
		"/..//evil.example", "%2f%2fevil.example", " //evil.example",
	} {
		for _, k := range []ask{
			form("/language", "locale", "en", "next", next), form("/account", "account", w.a.ids["account"], "next",
				next),
			form("/login", "email", w.a.Email, "password", ownersPassword, "next", next),
		} {
			got := w.send("POST", k, w.freshSession())
			to, err := url.Parse(got.location())
			if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(got.location(), "/") ||
				strings.HasPrefix(got.location(), "//") || strings.ContainsAny(got.location(), "\\\t\n") {
				t.Errorf("%s with next %q leads to %q (%d)", k.path, next, got.location(), got.status)
			}
		}
		got := w.send("GET", ask{path: "/login", query: values("next", next)}, "")
		if strings.Contains(got.body, `value="//`) || strings.Contains(got.body, `value="https://evil`) {
			t.Errorf("the sign-in page keeps next %q", next)
		}
	}
}

// Every cookie is made and read in cookie.go, where its name and its flags are decided.
func TestCookiesHaveOneDoor(t *testing.T) {
	t.Parallel()
	around := regexp.MustCompile(`http\.SetCookie|http\.Cookie\{|Set-Cookie|\.Cookies?\(|AddCookie|CookiesNamed`)
	seen := 0
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		outside := []string{"../audit", "../launch"} // they look at a site as its visitors do
		if err == nil && d.IsDir() && slices.Contains(outside, filepath.ToSlash(name)) {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		seen++
		text, err := os.ReadFile(name)
		if err == nil && filepath.ToSlash(name) != "../web/frame/cookie.go" {
			for _, found := range around.FindAllString(string(text), -1) {
				t.Errorf("%s uses %s; cookie.go makes and reads cookies", name, found)
			}
		}
		return err
	})
	if err != nil || seen < 200 {
		t.Errorf("%d files looked at, %v", seen, err)
	}
}
