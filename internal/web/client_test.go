package web

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/credits"
)

// An answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) location() string { return a.header.Get("Location") }

// text is all of an answer that its receiver can read.
func (a answer) text() string {
	return strings.ToLower(a.body + "\n" + a.location() + "\n" + strings.Join(a.header.Values("Set-Cookie"),
		"\n") + "\n" + a.header.Get("Content-Disposition"))
}

func (k ask) request(method, base string) (*http.Request, error) {
	var body io.Reader
	kind := ""
	switch {
	case k.json != nil:
		b, err := json.Marshal(k.json)
		if err != nil {
			return nil, err
		}
		body, kind = bytes.NewReader(b), "application/json"
	case k.form != nil:
		body, kind = strings.NewReader(k.form.Encode()), "application/x-www-form-urlencoded"
	}
	address := base + k.path
	if len(k.query) > 0 {
		address += "?" + k.query.Encode()
	}
	r, err := http.NewRequest(method, address, body)
	if err == nil && kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, err
}

// send asks with a session, or with none, and holds every answer against what every answer must carry.
func (w *world) send(method string, k ask, token string) answer {
	w.Helper()
	r, err := k.request(method, w.url)
	w.ok(err)
	return w.do(r, token)
}

func (w *world) do(r *http.Request, token string) answer {
	w.Helper()
	if strings.HasPrefix(token, credits.KeyPrefix) || strings.HasPrefix(token, "tj_") {
		r.Header.Set("Authorization", "Bearer "+token)
	} else if token != "" {
		r.AddCookie(&http.Cookie{Name: "session", Value: token})
	}
	got, err := w.client.Do(r)
	w.ok(err)
	b, err := io.ReadAll(got.Body)
	w.ok(err)
	w.ok(got.Body.Close())
	a := answer{status: got.StatusCode, header: got.Header, body: string(b)}
	checkAnswer(w, r.Method+" "+r.URL.Path, a, token)
	return a
}

// checkAnswer holds what is true of every answer that is not a static file.
func checkAnswer(t testing.TB, what string, a answer, token string) {
	t.Helper()
	if a.status >= 500 && a.status != http.StatusServiceUnavailable {
		t.Errorf("%s: status %d: %.300s", what, a.status, a.body)
	}
	want := "private, no-store"
	if strings.HasSuffix(what, "/card.png") && a.status == http.StatusOK {
		want = "private, max-age=600" // the picture of a link: for who has the link, and for minutes
	}
	if got := a.header.Get("Cache-Control"); got != want {
		t.Errorf("%s: Cache-Control %q", what, got)
	}
	if !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Cookie") {
		t.Errorf("%s: Vary %q, want Cookie in it", what, a.header.Values("Vary"))
	}
	if csp := a.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") ||
		strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
		t.Errorf("%s: Content-Security-Policy %q", what, csp)
	}
	if a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: no nosniff", what)
	}
	if token != "" && strings.Contains(a.body+a.location(), token) {
		t.Errorf("%s: the session's token stands in the answer", what)
	}
	for _, c := range a.header.Values("Set-Cookie") {
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") ||
			strings.Contains(c, "Domain") {
			t.Errorf("%s: a cookie is %q", what, c)
		}
	}
}

var requestID = regexp.MustCompile(`[0-9a-f]{16}`)

// madeID is what a form is given again each time: an id, and the token of a link that is not made yet.
var madeID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|name="token" value="[A-Za-z0-9_-]{22}"|/s/[A-Za-z0-9_-]{22}`)

// same returns an answer's text without what differs by its nature: the ids
// that were asked for, which some pages repeat, and the request's id.
func (a answer) same(asked map[string]string) string {
	text := a.text()
	for name, id := range asked {
		text = strings.ReplaceAll(text, strings.ToLower(id), "<"+name+">")
	}
	if id := a.header.Get("X-Request-Id"); requestID.MatchString(id) {
		text = strings.ReplaceAll(text, id, "<request>")
	}
	return text
}

// leaks returns the first of the words that an answer holds, or "".
func (a answer) leaks(words ...string) string {
	text := a.text()
	for _, word := range words {
		if strings.Contains(text, strings.ToLower(word)) {
			return word
		}
	}
	return ""
}
