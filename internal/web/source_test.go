package web

import (
	"encoding/json"
	"html"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// gets are the pages that a signed-in user can open.
func gets() []frame.Route {
	return slices.DeleteFunc(slices.Clone(routes), func(rt frame.Route) bool {
		return !strings.HasPrefix(rt.Pattern, "GET ") || rt.Secret || rt.Development ||
			rt.Access == frame.Program || rt.Access.OfApp() ||
			strings.Contains(rt.Pattern, "healthz") || strings.Contains(rt.Pattern, "readyz") ||
			strings.Contains(rt.Pattern, "openapi.json")
	})
}

// What a counter is shown, in whatever form, has no phone, note, balance, total or entry of others, no
// invoice, and nobody's address but his own.
func TestCounterIsToldNothingMore(t *testing.T) {
	t.Parallel()
	w := owned(t)
	counter := w.people["counter of business"]
	own := ledger.EntryFields{
		Side: ledger.Given, AmountMinor: 4711, Date: time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC),
		Note: "mine",
	}
	w.ok(w.db.As(w.Context(), counter.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.AddEntry(w.Context(), tx, fresh(), w.a.party(), own)
		return err
	}))
	hidden := []string{
		phoneA, wordOfA + "note", "12,34,567", "123456789", "1234567", "1234615", wordOfA + "mail",
		wordOfA + "invoice", wordOfA + "person", "party deleted", `"balance":`, `"get":`, `"phone":`,
	}
	shown := 0
	for _, rt := range gets() {
		got := w.send("GET", trials[rt.Pattern].ask(newIDs(w.a.ids)), counter.Token)
		if word := got.leaks(hidden...); word != "" {
			t.Errorf("%s tells a counter %q (status %d)", rt.Pattern, word, got.status)
		}
		if got.status == 200 && strings.Contains(got.body, "47.11") || strings.Contains(got.body, `"amount":4711`) {
			shown++
		}
	}
	if shown < 2 {
		t.Errorf("the counter's own entry is on %d pages, want his page of the party and its JSON", shown)
	}
}

// No page tells more than it shows: no secret, no id of a user, account or session that none of its forms
// needs, and of other people's addresses only those that the page is about.
func TestSourceTellsNoMore(t *testing.T) {
	t.Parallel()
	w := owned(t)
	userIDs := []string{w.a.ids["user"]}
	emails := []string{}
	for _, p := range w.people {
		userIDs = append(userIDs, p.UserID.String())
		emails = append(emails, p.Email)
	}
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>\s*[^<\s]|<style|\sstyle="|\son[a-z]+="|javascript:|data:text`)
	for _, rt := range gets() {
		for who, token := range map[string]string{
			"owner": w.a.Token, "manager": w.people["manager of account"].Token,
			"accountant": w.people["accountant of business"].Token,
		} {
			got := w.send("GET", trials[rt.Pattern].ask(newIDs(w.a.ids)), token)
			about := rt.Pattern + " for the " + who
			for _, id := range userIDs {
				if strings.Contains(got.body, id) && !strings.Contains(got.body, id+"@") {
					t.Errorf("%s has the id of a user", about)
				}
			}
			if strings.Contains(got.body, w.a.ids["account"]) && rt.Pattern != "GET /api/billing/me" &&
				!strings.HasPrefix(rt.Pattern, "GET /admin/") {
				t.Errorf("%s has the id of the account", about)
			}
			if strings.Contains(got.body, w.a.ids["session"]) && rt.Pattern != "GET /settings" {
				t.Errorf("%s has the id of a session", about)
			}
			if word := got.leaks("$argon2", "password_hash", "token_hash", "credential", "request_hash",
				hexHash(w.a.Token), w.a.ids["invite"], "cus_"+wordOfA, "provider_status"); word != "" {
				t.Errorf("%s has %q", about, word)
			}
			for _, mail := range append(emails, wordOfA+"mail-victim", wordOfA+"mail-invited") {
				// of these the team and the log tell an owner, and nobody else
				tells := slices.Contains([]string{"GET /team", "GET /security", "GET /api/security"}, rt.Pattern) &&
					who == "owner"
				if !tells && got.leaks(mail) != "" && rt.Pattern != "GET /settings" &&
					rt.Pattern != "GET /stepup" { // for the keychain of a browser, their own
					t.Errorf("%s has somebody's address", about)
				}
			}
			if strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
				if found := inline.FindString(got.body); found != "" {
					t.Errorf("%s has an inline script or style: %q", about, found)
				}
			}
		}
	}
}

// The fields of the API are these; a new one is looked at here before strangers find it.
func TestFieldsOfTheAPI(t *testing.T) {
	t.Parallel()
	w := owned(t)
	want := map[string][]string{
		"GET /api/billing/usage": {
			"credits", "credits.balance", "credits.held",
			"credits.meter", "credits.name", "credits.next_allowance", "days", "days.date", "days.used", "meter",
		},
		"GET /api/billing/me": {
			"account_id", "credits", "credits.credits", "entitlements",
			"parties_max", "subscription_status", "tier",
		},
		"GET /api/billing/invoices": {
			"invoices", "invoices.amount", "invoices.currency",
			"invoices.issued_at", "invoices.number", "invoices.status", "invoices.url",
		},
		"GET /api/security": {
			"events", "events.about", "events.at", "events.detail", "events.event", "events.id",
			"events.who",
		},
		"GET /api/businesses/{business}/tasks/{task}": {"done", "state", "stop", "text", "total"},

		"GET /api/offline": {"businesses"},

		"GET /api/businesses/{business}/offline": {
			"book", "book.business", "book.digits", "book.edits", "book.from", "book.indian", "book.name",
			"book.symbol", "book.today", "parties", "parties.before", "parties.entries", "parties.entries.amount",
			"parties.entries.date", "parties.entries.id", "parties.entries.mode", "parties.entries.note",
			"parties.entries.side",
			"parties.entries.version", "parties.id", "parties.kind", "parties.name", "parties.note", "parties.phone",
			"parties.version",
		},
		"GET /api/businesses/{business}/parties": {
			"currency", "get", "give", "parties", "parties.balance",
			"parties.id", "parties.kind", "parties.last_date", "parties.name", "parties.phone",
		},
		"GET /api/businesses/{business}/parties/{party}": {
			"balance", "entries", "entries.amount", "entries.balance",
			"entries.date", "entries.id", "entries.note", "entries.party_id", "entries.side", "id", "kind", "name",
			"note", "phone",
		},
	}
	for _, rt := range gets() {
		if !strings.Contains(rt.Pattern, "/api/") || strings.Contains(rt.Pattern, "/export.") {
			continue
		}
		got := w.send("GET", trials[rt.Pattern].ask(newIDs(w.a.ids)), w.a.Token)
		var body any
		w.ok(json.Unmarshal([]byte(got.body), &body))
		fields := map[string]bool{}
		collect(body, "", fields)
		if have := slices.Sorted(maps.Keys(fields)); !slices.Equal(have, want[rt.Pattern]) {
			t.Errorf("%s has the fields %q, want %q", rt.Pattern, have, want[rt.Pattern])
		}
	}
}

func collect(v any, prefix string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			into[prefix+name] = true
			collect(value, prefix+name+".", into)
		}
	case []any:
		for _, value := range v {
			collect(value, prefix, into)
		}
	}
}

// What a script may do that others may not: entries that wait for a connection and the names they are for are kept on
// the device, and one switch. What is kept is held by TestEntriesWaitOffline and its like.
var mayKeep = map[string][]string{
	"device.js":  {"postMessage", "serviceWorker"},
	"waiting.js": {"postMessage", "serviceWorker"},
	"worker.js":  {"postMessage", "caches."},
	"store.js":   {"indexedDB"},
	"books.js":   {"indexedDB"},    // encrypted; held by TestBooksAreReadOffline and its like
	"keys.js":    {"localStorage"}, // whether the keys are switched off
	"places.js":  {"sessionStorage"},
}

// Scripts keep nothing in the browser but what is named above, and make no text into HTML.
func TestScriptsKeepNothing(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("static/files/*.js")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d scripts (%v)", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{
			"localStorage", "sessionStorage", "indexedDB", "document.cookie", "caches.",
			"eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML",
			"document.write", "postMessage", "serviceWorker", "http://", "https://",
		} {
			if strings.Contains(string(b), bad) && !slices.Contains(mayKeep[filepath.Base(file)], bad) {
				t.Errorf("%s uses %s", file, bad)
			}
		}
	}
}

var (
	formTag  = regexp.MustCompile(`(?s)<form([^>]*)>(.*?)</form>`)
	attr     = regexp.MustCompile(`([a-z-]+)="([^"]*)"`)
	inputTag = regexp.MustCompile(`<input([^>]*)>`)
)

func attributes(tag string) map[string]string {
	m := map[string]string{}
	for _, a := range attr.FindAllStringSubmatch(tag, -1) {
		m[a[1]] = html.UnescapeString(a[2])
	}
	return m
}

// Every form on every page leads to a route of ours by a plain POST, with a button to press.
func TestFormsNeedNoScript(t *testing.T) {
	t.Parallel()
	w := owned(t)
	var known []*regexp.Regexp
	for _, rt := range posts() {
		_, path, _ := strings.Cut(rt.Pattern, " ")
		known = append(known,
			regexp.MustCompile("^"+regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(regexp.QuoteMeta(path),
				`[^/]+`)+`(\?.*)?$`))
	}
	forms := 0
	for _, rt := range gets() {
		got := w.send("GET", trials[rt.Pattern].ask(newIDs(w.a.ids)), w.a.Token)
		if strings.Contains(got.body, "<form") &&
			strings.Count(got.body, "<form") != len(formTag.FindAllString(got.body, -1)) {
			t.Errorf("%s has a form that is not closed or stands in another", rt.Pattern)
		}
		for _, f := range formTag.FindAllStringSubmatch(got.body, -1) {
			a := attributes(f[1])
			if a["method"] != "post" {
				continue
			}
			forms++
			a["action"], _, _ = strings.Cut(a["action"], "#")
			if strings.Contains(f[1], "data-done") { // its module gives it its address
				continue
			}
			// shown by its module, which keeps it on the device
			if strings.Contains(f[1], "data-local") && a["action"] == "/waiting" {
				continue
			}
			if !slices.ContainsFunc(known, func(r *regexp.Regexp) bool { return r.MatchString(a["action"]) }) {
				t.Errorf("%s has a form for %q, which is no route", rt.Pattern, a["action"])
			}
			if !strings.Contains(f[2], `type="submit"`) {
				t.Errorf("%s has a form for %q without a button", rt.Pattern, a["action"])
			}
		}
	}
	if forms < 30 {
		t.Errorf("found %d forms", forms)
	}
}

// An entry is written with what the form itself carries, and a second press of the button is the same entry.
func TestFormAsItStands(t *testing.T) {
	t.Parallel()
	w := owned(t)
	page := w.send("GET", trials["GET /b/{business}/p/{party}/entries/new"].ask(newIDs(w.a.ids)), w.a.Token)
	var fields url.Values
	var action string
	for _, f := range formTag.FindAllStringSubmatch(page.body, -1) {
		if a := attributes(f[1]); strings.HasSuffix(a["action"], "/entries/new") {
			action, fields = a["action"], url.Values{}
			for _, in := range inputTag.FindAllStringSubmatch(f[2], -1) {
				if i := attributes(in[1]); i["name"] != "" {
					fields.Set(i["name"], i["value"])
				}
			}
		}
	}
	if fields.Get("id") == "" || fields.Get("date") == "" || fields.Get("side") != "received" {
		t.Fatalf("the form carries %v", fields)
	}
	fields.Set("amount", "₹1,250.50 + 90")
	before := one[int](w, `select count(*) from entries where account_id = $1`, w.a.AccountID)
	for range 3 {
		if got := w.send("POST", ask{path: action, form: fields}, w.a.Token); got.status != 303 {
			t.Fatalf("the form is answered with %d: %.300s", got.status, got.body)
		}
	}
	if after := one[int](w,
		`select count(*) from entries where account_id = $1 and (id <> $2
			or amount_minor = 134050)`, w.a.AccountID, fields.Get("id")); after != before+1 {
		t.Errorf("three presses made %d entries, want one of 1340.50", after-before)
	}
	fields.Set("amount", "7")
	if got := w.send("POST", ask{path: action, form: fields}, w.a.Token); got.status != 409 ||
		!strings.Contains(got.body, `value="7"`) {
		t.Errorf("the same form with another amount: %d, want 409 with what was typed kept", got.status)
	}
}
