package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
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
		return a
	}
	letter := w.letter()
	for _, rt := range routes {
		if !rt.development {
			continue
		}
		method, _, _ := strings.Cut(rt.pattern, " ")
		k := trials[rt.pattern].ask(newIDs(map[string]string{"letter": letter}))
		if got := send(method, k, nil); got.status != http.StatusNotFound {
			t.Errorf("%s in production: %d, want 404", rt.pattern, got.status)
		}
	}
	got := send("POST", form("/login", "email", w.a.Email, "password", ownersPassword), nil)
	cookie := strings.Join(got.header.Values("Set-Cookie"), "\n")
	if got.status != http.StatusSeeOther || !strings.HasPrefix(cookie, "__Host-session=") || !strings.Contains(cookie, "; Secure") || strings.Contains(cookie, "Domain=") {
		t.Errorf("signed in with %d and %q, want a cookie __Host-session that is Secure", got.status, cookie)
	}
	token := w.anew()
	if got := send("GET", ask{path: "/settings"}, &http.Cookie{Name: "__Host-session", Value: token}); got.status != http.StatusOK {
		t.Errorf("with the host's cookie: %d", got.status)
	}
	// Another host of the domain can set a cookie named session; it is none of ours.
	if got := send("GET", ask{path: "/settings"}, &http.Cookie{Name: "session", Value: token}); got.status != http.StatusSeeOther {
		t.Errorf("with a cookie that any host of the domain can set: %d, want 303 to /login", got.status)
	}
}

// No address that a form carries leads to another site.
func TestNextStaysHere(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, `\\evil.example`, "/\t/evil.example", "javascript:alert(1)", "http:evil.example", "/\n/evil.example", "///evil.example", "/..//evil.example", "%2f%2fevil.example", " //evil.example"} {
		for _, k := range []ask{
			form("/language", "locale", "en", "next", next), form("/account", "account", w.a.ids["account"], "next", next),
			form("/login", "email", w.a.Email, "password", ownersPassword, "next", next),
		} {
			got := w.send("POST", k, w.anew())
			to, err := url.Parse(got.location())
			if err != nil || to.Host != "" || to.Scheme != "" || !strings.HasPrefix(got.location(), "/") || strings.HasPrefix(got.location(), "//") || strings.ContainsAny(got.location(), "\\\t\n") {
				t.Errorf("%s with next %q leads to %q (%d)", k.path, next, got.location(), got.status)
			}
		}
		got := w.send("GET", ask{path: "/login", query: values("next", next)}, "")
		if strings.Contains(got.body, `value="//`) || strings.Contains(got.body, `value="https://evil`) {
			t.Errorf("the sign-in page keeps next %q", next)
		}
	}
}
