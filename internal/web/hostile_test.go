package web

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// owned is one populated world for tests that only knock at doors; A's letter exists.
func owned(t *testing.T) *world {
	w := newWorld(t).populate()
	for _, s := range []*side{w.a, w.b} {
		s.ids["mail address"] = s.Email
		s.ids["letter"] = fresh().String()
	}
	return w
}

// freshSession returns a fresh session of A's owner: some routes end the one they are asked with.
func (w *world) freshSession() string {
	return w.session(w.a.UserID, w.a.AccountID, "30 days", false).token
}

func (w *world) unchanged(before map[string]string, what string) {
	w.Helper()
	for table, sum := range w.rowsOf(w.a) {
		if before[table] != sum && !strings.HasPrefix(table, "credentials") { // sessions are made for the test
			w.Errorf("%s changed %s", what, table)
		}
	}
}

// rightful is what the owner asks a route with: the key of a program, a session, or one more session where it may end.
func (w *world) rightful(rt frame.Route, once bool) string {
	switch {
	case rt.Access == frame.Program:
		return w.a.key
	case rt.Access.OfApp():
		return w.a.appKey
	case once:
		return w.freshSession()
	}
	return w.a.Token
}

func posts() []frame.Route {
	return slices.DeleteFunc(slices.Clone(routes), func(rt frame.Route) bool {
		return !strings.HasPrefix(rt.Pattern,
			"POST ")
	})
}

// A form or a script of another site can do nothing with a visitor's cookie.
func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before := w.rowsOf(w.a)
	for _, rt := range posts() {
		for _, from := range []map[string]string{
			{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
			{"Sec-Fetch-Site": "cross-site"},
			{"Sec-Fetch-Site": "same-site"},
			{"Origin": "https://evil.example"},
			{"Origin": "null"},
		} {
			r, err := trials[rt.Pattern].ask(newIDs(w.a.ids)).request("POST", w.url)
			w.ok(err)
			for name, value := range from {
				r.Header.Set(name, value)
			}
			got := w.do(r, w.a.Token)
			// The provider's page posts the buyer back. What it says is believed when it is signed, and no cookie is asked.
			back := map[string]string{"POST " + razorpayCallback: "/billing", "POST /pay/{token}": "tijori=cancelled"}
			if way, ok := back[rt.Pattern]; ok {
				if got.status != 303 || !strings.Contains(got.location(), way) {
					t.Errorf("%s from %v: %d to %q, want the way back from the payment", rt.Pattern, from, got.status,
						got.location())
				}
				continue
			}
			want := 403
			if rt.Access == frame.Customer || rt.Access == frame.Sold { // for pages of others, which no cookie opens
				want = 401
			}
			if got.status != want {
				t.Errorf("%s from %v: %d, want a refusal", rt.Pattern, from, got.status)
			}
		}
	}
	w.unchanged(before, "a post of another site")
}

// Providers send no Origin: their posts get through to the check of the signature.
func TestWebhooksAreHeardAndNotBelieved(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before := w.rowsOf(w.a)
	for _, path := range []string{"/api/stripe/webhook", "/api/razorpay/webhook"} {
		for _, signature := range []string{"", "t=1,v1=00", strings.Repeat("0", 64)} {
			r, err := ask{path: path, json: map[string]any{
				"id":         "evt_1",
				"account_id": w.a.ids["account"],
			}}.request("POST", w.url)
			w.ok(err)
			r.Header.Set("Stripe-Signature", signature)
			r.Header.Set("X-Razorpay-Signature", signature)
			r.Header.Set("X-Razorpay-Event-Id", "evt_1")
			if got := w.do(r, ""); got.status != 400 && got.status != 401 {
				t.Errorf("%s signed %q: %d, want a refusal", path, signature, got.status)
			}
		}
	}
	if n := one[int](w, `select count(*) from inbox where event_id = 'evt_1'`); n != 0 {
		t.Errorf("%d unsigned events were stored", n)
	}
	w.unchanged(before, "an unsigned event")
}

// A link, an image or a prefetch cannot change anything, and no method does what another is for.
func TestMethodsAreNotConfused(t *testing.T) {
	t.Parallel()
	w := owned(t)
	registered, browsers := map[string]bool{}, map[string]bool{}
	for _, rt := range routes {
		registered[rt.Pattern] = true
		if rt.Access == frame.Customer || rt.Access == frame.Sold {
			browsers[rt.Pattern[strings.Index(rt.Pattern, "/"):]] = true
		}
	}
	before := w.rowsOf(w.a)
	for _, rt := range routes {
		own, path, _ := strings.Cut(rt.Pattern, " ")
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"} {
			if method == own {
				continue
			}
			if registered[method+" "+path] { // which has a trial of its own
				continue
			}
			if method == "OPTIONS" && browsers[path] { // a browser asks first; TestTokensInBrowsers holds the answers
				continue
			}
			if method == "HEAD" && own == "GET" { // which is that GET, with an answer that is not sent
				continue
			}
			k := trials[rt.Pattern].ask(newIDs(w.a.ids))
			got := w.send(method, k, w.rightful(rt, false))
			safe := (method == "GET" || method == "HEAD") && registered["GET "+path]
			if !safe && got.status < 400 {
				t.Errorf("%s for %s: %d to %q", method, rt.Pattern, got.status, got.location())
			}
		}
	}
	for _, override := range []string{"X-HTTP-Method-Override", "X-Method-Override"} {
		r, err := ask{
			path:  "/b/" + w.a.ids["business"] + "/p/" + w.a.ids["party"] + "/delete",
			query: values("_method", "POST"),
		}.request("GET", w.url)
		w.ok(err)
		r.Header.Set(override, "POST")
		if got := w.do(r, w.a.Token); got.status < 400 {
			t.Errorf("%s: %d", override, got.status)
		}
	}
	w.unchanged(before, "another method")
}

func TestHugeBodies(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before := w.rowsOf(w.a)
	for _, rt := range posts() {
		size := frame.MaxForm + 1
		if rt.MaxBody > 0 {
			size = int(rt.MaxBody) + 1
		}
		k := trials[rt.Pattern].ask(newIDs(w.a.ids))
		if trials[rt.Pattern].noBody {
			continue
		}
		body, kind := `{"id":"`+strings.Repeat("x", size)+`"}`, "application/json"
		if k.json == nil {
			body, kind = "name="+strings.Repeat("x", size), "application/x-www-form-urlencoded"
		}
		r, err := http.NewRequest("POST", w.url+k.path, strings.NewReader(body))
		w.ok(err)
		r.Header.Set("Content-Type", kind)
		if got := w.do(r, w.rightful(rt, true)); got.status != 413 {
			t.Errorf("%s with %d bytes: %d, want 413", rt.Pattern, len(body), got.status)
		}
	}
	w.unchanged(before, "a huge body")
}

// appsOwn is what an app may call a customer.
var appsOwn = regexp.MustCompile(`^\w[\w.:@|~+=-]{0,254}$`)

// An id that is none is not found, like one of somebody else.
func TestMalformedIDs(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before := w.rowsOf(w.a)
	bad := func(id string) []string {
		return []string{
			"x", "0", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "%00", "%FF%FE",
			"%2e%2e%2f", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""),
			id + "%00", id + "%20", id + "%27", strings.Repeat("a", 5000), "%27%20or%201=1--", "..%2f..%2fetc%2fpasswd",
			"${jndi}", "-1",
		}
	}
	for _, rt := range routes {
		probe := newIDs(w.a.ids)
		path := trials[rt.Pattern].ask(probe).path
		method, _, _ := strings.Cut(rt.Pattern, " ")
		for _, name := range probe.names() {
			id := w.a.ids[name]
			if !strings.Contains(path, id) {
				continue
			}
			for _, b := range bad(id) {
				if b == id { // a token has no dashes
					continue
				}
				want := http.StatusNotFound
				// An app chooses the ids of its customers; what is none is refused with the reason.
				if strings.HasPrefix(rt.Pattern, "PUT ") {
					want = http.StatusUnprocessableEntity
					if appsOwn.MatchString(b) {
						continue
					}
				}
				// An operator says why before anything tells whether there is such an account.
				if strings.HasSuffix(rt.Pattern, " /admin/accounts/{id}") && uuid.Validate(b) == nil && len(b) == 36 {
					continue
				}
				k := trials[rt.Pattern].ask(newIDs(w.a.ids))
				k.path = strings.Replace(k.path, id, b, 1)
				got := w.send(method, k, w.rightful(rt, false))
				if got.status == http.StatusTooManyRequests && rt.Pattern == "POST /s/{token}/report" {
					continue // strangers may report a few times only
				}
				if got.status != want && got.status != http.StatusNotFound {
					t.Errorf("%s with %s %.60q: %d, want %d", rt.Pattern, name, b, got.status, want)
				}
			}
		}
	}
	w.unchanged(before, "a malformed id")
}

func TestBadCursors(t *testing.T) {
	t.Parallel()
	w := owned(t)
	shop, party := "/b/"+w.a.ids["business"], "/p/"+w.a.ids["party"]
	for _, path := range []string{
		shop, shop + "/bin", shop + party, shop + party + "/history",
		"/api/businesses/" + w.a.ids["business"] + "/parties", "/api/businesses/" + w.a.ids["business"] + "/parties/" +
			w.a.ids["party"],
	} {
		for _, after := range []string{
			"x", "%%%", "null", "e30", "bnVsbA", "W10", "MQ", "eyJEYXRlIjoiMDAwMC0wMC0wMCJ9",
			"\x00", "\xff", strings.Repeat("A", 20000), "IiI", "eyJpZCI6IlwidTAwMDAifQ", "' or 1=1 --",
		} {
			for _, token := range []string{w.a.Token, w.people["counter of business"].Token} {
				if got := w.send("GET", ask{path: path, query: values("after", after)}, token); got.status >= 500 {
					t.Errorf("%s after %.40q: %d", path, after, got.status)
				}
			}
		}
		for name, value := range map[string]string{
			"q": "\x00\xff", "sort": "name; drop table", "show": "\x00",
			"kind": "\xff", "side": "\x00",
		} {
			if got := w.send("GET", ask{path: path, query: values(name, value)}, w.a.Token); got.status >= 500 {
				t.Errorf("%s with %s %q: %d", path, name, value, got.status)
			}
		}
	}
}

// What cannot be stored or shown is refused, in every field of every form and of the API: with an
// answer that says so, and nothing kept.
func TestHostileText(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.password()
	w.a.Token = w.freshSession()
	// These choose among known values or are compared; anything else is the default or simply wrong.
	chosen := map[string]bool{
		"locale": true, "next": true, "password": true, "current": true, "then": true,
		"reference": true, "version": true, "scope": true, "dry": true,
		"from": true, // of a report: what is no path is left out
	}
	for _, rt := range posts() {
		x := trials[rt.Pattern]
		plain := x.ask(newIDs(w.a.ids))
		if rt.Secret || strings.Contains(rt.Pattern, "razorpay") || strings.Contains(rt.Pattern, "logout") {
			continue
		}
		// A draft keeps what was typed, to be mended; a file may be in any encoding, and is read before anything is
		// believed.
		keeps := strings.HasSuffix(rt.Pattern, "/grid") || strings.Contains(rt.Pattern, "/import")
		for _, bad := range []string{"a\x00b", "\xff\xfe", "a\u202eb", "\x1b[2J", strings.Repeat("क", 6000)} {
			for name := range plain.form {
				k := x.ask(newIDs(w.a.ids))
				k.form = maps.Clone(k.form)
				k.form.Set(name, bad)
				got := w.send("POST", k, w.rightful(rt, true))
				if got.status >= 500 || got.status < 400 && !chosen[name] && !keeps {
					t.Errorf("%s with %s %.20q: %d to %q, want a refusal", rt.Pattern, name, bad, got.status,
						got.location())
				}
			}
			for name, was := range plain.json {
				if _, ok := was.(string); !ok {
					continue
				}
				k := x.ask(newIDs(w.a.ids))
				k.json = maps.Clone(k.json)
				k.json[name] = bad
				got := w.send("POST", k, w.rightful(rt, true))
				// JSON replaces broken letters by ones that can be shown
				if got.status >= 500 || got.status < 400 && bad != "\xff\xfe" {
					t.Errorf("%s with %s %.20q: %d %s, want a refusal", rt.Pattern, name, bad, got.status, got.body)
				}
			}
		}
	}
	if n := one[int](w, `select count(*) from parties where name ~ '[\u0001-\u001f]'`); n != 0 {
		t.Errorf("%d parties have a name that cannot be shown", n)
	}
}

// The body cannot say who is asking, for whom, or what it costs.
func TestBodyNamesNobody(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.free(w.b)
	w.exec(`update checkouts set status = 'closed' where account_id = $1`, w.b.AccountID)
	before := w.rowsOf(w.a)
	forged := map[string]any{
		"account_id": w.a.ids["account"], "user_id": w.a.ids["user"], "price": 1, "amount": 1, "tier": "team",
		"currency": "USD", "email": "evil@example.com", "customer_id": "cus_x", "price_id": "price_x",
		"AccountID": w.a.ids["account"], "__proto__": map[string]any{"plan": "team"},
	}
	for name, value := range forged {
		body := map[string]any{"plan": "pro", "interval": "month", "provider": "razorpay", name: value}
		if got := w.send("POST", ask{path: "/api/billing/checkout", json: body}, w.b.Token); got.status != 422 {
			t.Errorf("checkout with %s in the body: %d %s, want 422", name, got.status, got.body)
		}
	}
	for _, bad := range []map[string]any{
		{"plan": "free", "interval": "month", "provider": "razorpay"},
		{"plan": "pro", "interval": "month", "provider": "paypal"},
		{"plan": "pro", "interval": "day", "provider": "stripe"},
		{"plan": "gold", "interval": "month", "provider": "stripe"},
		{},
	} {
		if got := w.send("POST", ask{path: "/api/billing/checkout", json: bad}, w.b.Token); got.status != 422 &&
			got.status != 404 {
			t.Errorf("checkout of %v: %d", bad, got.status)
		}
	}
	k := form("/billing/checkout", "plan", "pro", "interval", "month", "provider", "razorpay")
	for name, value := range forged {
		k.form.Set(name, fmt.Sprint(value))
	}
	if got := w.send("POST", k, w.b.Token); got.status != 200 || !strings.Contains(got.body, "embedded") {
		t.Fatalf("checkout form: %d %.300s", got.status, got.body)
	}
	var price, plan string
	w.ok(w.db.Super.QueryRow(w.Context(), `select price_id, plan_id from checkouts where account_id = $1
		and status = 'open'`, w.b.AccountID).Scan(&price, &plan))
	if price != "plan_TijoriProMonth" || plan != "pro" {
		t.Errorf("the checkout is of %s at %s, want the file's price of pro", plan, price)
	}
	for name, value := range map[string]any{
		"account_id": w.a.ids["account"], "business_id": w.a.ids["business"],
		"created_by": w.a.ids["user"], "version": 7, "deleted_at": nil,
	} {
		k := trials["POST /api/businesses/{business}/parties"].ask(newIDs(w.b.ids))
		k.json[name] = value
		if got := w.send("POST", k, w.b.Token); got.status != 422 {
			t.Errorf("party with %s in the body: %d, want 422", name, got.status)
		}
	}
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
		r, err := trials["POST /api/businesses/{business}/parties"].ask(newIDs(w.b.ids)).request("POST", w.url)
		w.ok(err)
		r.Header.Set("Content-Type", kind)
		if got := w.do(r, w.b.Token); got.status != 422 {
			t.Errorf("JSON sent as %q: %d, want 422", kind, got.status)
		}
	}
	w.unchanged(before, "a forged body")
}
