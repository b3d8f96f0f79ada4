package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// portalLink makes a link to the page of a customer of a side's app and returns its token.
func (w *world) portalLink(s *side, customer string) string {
	w.Helper()
	got := w.send("POST", ask{path: "/api/v1/customers/" + customer + "/portal", json: map[string]any{
		"return_url": "https://" + s.word + ".example/account",
	}}, s.appKey)
	_, rest, _ := strings.Cut(got.body, "/portal/")
	token, _, found := strings.Cut(rest, `"`)
	if got.status != http.StatusOK || !found {
		w.Fatalf("make a portal link: %d %s", got.status, got.body)
	}
	return token
}

// openPortal uses a link up and returns the answer and the session that it has begun, "" for none.
func (w *world) openPortal(link string) (answer, string) {
	w.Helper()
	got := w.send("POST", form("/portal/"+link), "")
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == "portal" && c.MaxAge >= 0 {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge > 30*60 {
				w.Errorf("the session's cookie is %v", c)
			}
			return got, c.Value
		}
		w.Errorf("opening a portal sets the cookie %q", c.Name)
	}
	return got, ""
}

// withPortal asks with a cookie of the portal.
func (w *world) withPortal(method string, k ask, session, cookie string) answer {
	w.Helper()
	r, err := k.request(method, w.url)
	w.ok(err)
	r.AddCookie(&http.Cookie{Name: cookie, Value: session})
	return w.do(r, "")
}

// portal tries what a link and a session open and do not open, and returns what is not as docs/platform.md says.
func (w *world) portal() (wrong []string) {
	w.Helper()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	foreign := slices.Concat(secretsOf(wordOfB), namesOf(wordOfB))
	page := ask{path: "/portal"}
	none := func(what string, got answer) {
		if got.status != http.StatusNotFound && got.status != http.StatusGone ||
			!strings.Contains(got.body, "This link has ended") {
			say("%s: %d to %q", what, got.status, got.location())
		}
		if word := got.leaks(slices.Concat(secretsOf(wordOfA), namesOf(wordOfA), foreign)...); word != "" {
			say("%s: the answer holds %q", what, word)
		}
	}
	link := w.portalLink(w.a, w.a.ids["customer"])
	w.writeCounts()
	before := w.appRows(w.b.app.ID)
	// To look at a link uses nothing up; to open it does, once, however many do it at once.
	for range 2 {
		if got := w.send("GET", ask{path: "/portal/" + link}, ""); got.status != http.StatusOK {
			say("a look at the link: %d", got.status)
		}
	}
	var mu sync.Mutex
	var sessions []string
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			_, session := w.openPortal(link)
			mu.Lock()
			defer mu.Unlock()
			if session != "" {
				sessions = append(sessions, session)
			}
		})
	}
	wg.Wait()
	if len(sessions) != 1 {
		say("a link was opened %d times", len(sessions))
		return wrong
	}
	session := sessions[0]
	none("the link once more", w.send("GET", ask{path: "/portal/" + link}, ""))
	got := w.withPortal("GET", page, session, "portal")
	if got.status != http.StatusOK || !strings.Contains(got.body, wordOfA+"person of customer") {
		say("the page: %d %.300s", got.status, got.body)
	}
	if word := got.leaks(foreign...); word != "" {
		say("the page holds %q", word)
	}
	// A session is no link and no session of a user, a link no session, and none of them a key or token of the API.
	_, other := w.openPortal(session)
	if other != "" {
		say("a session opened as a link")
	}
	none("a link as a session", w.withPortal("GET", page, w.portalLink(w.a, w.a.ids["customer"]), "portal"))
	none("a user's session", w.withPortal("GET", page, w.a.Token, "portal"))
	none("a payment's link as a session", w.withPortal("GET", page, w.a.ids["pay link"], "portal"))
	_, paid := w.openPortal(w.a.ids["pay link"])
	if paid != "" {
		say("a payment's link opened the portal")
	}
	if got := w.withPortal("GET", ask{path: "/settings"}, session, "session"); got.status != http.StatusSeeOther {
		say("a portal's session in the place of a user's: %d", got.status)
	}
	for _, secret := range []string{session, link} {
		got := w.send("GET", ask{path: "/api/v1/customers/" + w.a.ids["customer"]}, secret)
		if got.status != http.StatusUnauthorized {
			say("a portal's secret as a key: %d", got.status)
		}
	}
	for _, act := range []string{"cancel", "resume", "method"} {
		none("to "+act+" without a session", w.send("POST", form("/portal/act/"+act), ""))
		if got := w.withPortal("POST", form("/portal/act/"+act), session, "portal"); got.status != http.StatusConflict {
			say("to %s without a subscription: %d, want 409", act, got.status)
		}
		r, err := form("/portal/act/"+act).request("POST", w.url)
		w.ok(err)
		r.Header.Set("Origin", "https://"+wordOfA+".example")
		r.AddCookie(&http.Cookie{Name: "portal", Value: session})
		if got := w.do(r, ""); got.status != http.StatusForbidden {
			say("to %s from another site: %d", act, got.status)
		}
	}
	// It ends: when it is left, with its time, and with the tokens of its customer and of the app.
	if got := w.withPortal("POST", form("/portal/act/leave"), session, "portal"); got.status != http.StatusSeeOther {
		say("leaving: %d", got.status)
	}
	none("a session that was left", w.withPortal("GET", page, session, "portal"))
	for what, change := range map[string]string{
		"whose time is over": `update customer_links set expires_at = now() - interval '1 second', created_at = now() - interval '1 minute'
			where account_id = $1`,
		"of a customer whose tokens were ended": `update customer_links set generation = generation - 1 where account_id = $1`,
		"of an app whose tokens were ended":     `update customer_links set app_generation = app_generation - 1 where account_id = $1`,
		"of an account that is being erased": `update accounts set leaving_at = now(), erase_at = now(),
			erasing_at = now() where account_id = $1`,
	} {
		link := w.portalLink(w.a, w.a.ids["customer"])
		_, session := w.openPortal(w.portalLink(w.a, w.a.ids["customer"]))
		w.exec(change, w.a.customer)
		none("a link "+what, w.send("GET", ask{path: "/portal/" + link}, ""))
		if _, opened := w.openPortal(link); opened != "" {
			say("a link %s was opened", what)
		}
		none("a session "+what, w.withPortal("GET", page, session, "portal"))
		w.exec(`update accounts set leaving_at = null, erase_at = null, erasing_at = null where account_id = $1`, w.a.customer)
	}
	for what, sum := range w.appRows(w.b.app.ID) {
		if before[what] != sum {
			say("%s of the other app has changed", what)
		}
	}
	return wrong
}

// TestPortal: a link opens one customer's page, once; a session of its own kind shows it for a short time; neither opens
// anything else, and nothing else opens it.
func TestPortal(t *testing.T) {
	t.Parallel()
	for _, wrong := range newWorld(t).populate().portal() {
		t.Error(wrong)
	}
}

// Each mutant drops one condition of the function that decides what a link opens. TestPortal must notice.
func TestPortalNoticesMutants(t *testing.T) {
	t.Parallel()
	for _, m := range []struct{ name, from, to string }{
		{"a link of any kind", "and l.opens = wanted ", ""},
		{"a link that was used", "and l.used_at is null ", ""},
		{"a link for ever", "and l.expires_at > now() ", ""},
		{"an erased account's", "and a.erasing_at is null", ""},
		{"an ended generation", "l.generation = a.token_generation", "true"},
		{"an app's ended generation", "l.app_generation = p.token_generation", "true"},
		{"anybody's link", "l.hash = decode", "true or l.hash = decode"},
	} {
		t.Run(strings.ReplaceAll(m.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t).populate()
			source := one[string](w, `select pg_get_functiondef('tijori_access.link_of(text)'::regprocedure)`)
			if strings.Count(source, m.from) != 1 {
				t.Fatalf("%q stands %d times in the function", m.from, strings.Count(source, m.from))
			}
			_, err := w.db.Super.Exec(t.Context(), strings.Replace(source, m.from, m.to, 1))
			w.ok(err)
			if len(w.portal()) == 0 {
				t.Error("the portal's test did not notice")
			}
		})
	}
}

// Two who open a link at once both find it unused. The update decides who was first.
func TestPortalOpensOnceWhateverWasRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	source := one[string](w, `select pg_get_functiondef('tijori_access.link_of(text)'::regprocedure)`)
	_, err := w.db.Super.Exec(t.Context(), strings.Replace(source, "and l.used_at is null ", "", 1))
	w.ok(err)
	link := w.portalLink(w.a, w.a.ids["customer"])
	if _, first := w.openPortal(link); first == "" {
		t.Fatal("the link did not open")
	}
	if _, second := w.openPortal(link); second != "" {
		t.Error("the link opened twice")
	}
}
