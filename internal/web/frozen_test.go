package web

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/web/frame"
)

const partsFile = "testdata/parts.txt"

// TestEveryRouteHasAPart compares which routes are frozen with which part with a file that people read, and refuses a
// route that nobody has thought about.
func TestEveryRouteHasAPart(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	var b strings.Builder
	b.WriteString("# With which parts of the product a route is frozen.\n" +
		"# Written by: go test ./internal/web -run TestEveryRouteHasAPart -update\n\n")
	for _, rt := range routes {
		named := false
		for _, f := range frozenWith {
			if strings.HasPrefix(rt.Pattern, f.beginning) {
				used[f.beginning], named = true, true
				break
			}
		}
		if !named {
			t.Errorf("%s belongs to no part: name one in parts.go", rt.Pattern)
		}
		part := partOf(rt.Pattern)
		if rt.Limit == frame.MakesFile && part&freeze.Exports == 0 {
			t.Errorf("%s makes a file, and is not frozen with exports", rt.Pattern)
		}
		words := part.String()
		if part == freeze.Never {
			words = "never"
		}
		fmt.Fprintf(&b, "%-70s %s\n", rt.Pattern, words)
	}
	for _, f := range frozenWith {
		if !used[f.beginning] {
			t.Errorf("parts.go has a line %q that decides about no route", f.beginning)
		}
	}
	if *update {
		if err := os.WriteFile(partsFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(partsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("parts of routes differ from %s (-there, +found):\n%s", partsFile, diff)
	}
}

// asOwner sends a route's trial as it is meant.
func (w *world) asOwner(rt *frame.Route, x trial, ids map[string]string) answer {
	method, _, _ := strings.Cut(rt.Pattern, " ")
	token := ""
	switch {
	case rt.Access == frame.Program:
		token = w.a.key
	case rt.Access.OfApp():
		token = w.rightful(*rt, true)
	case !x.visitor:
		token = w.session(w.a.UserID, w.a.AccountID, "30 days", false).token
	}
	return w.send(method, x.ask(newIDs(ids)), token)
}

// TestFrozenRoutes stops each part in turn and uses every route as it is meant: those of the part answer 503 and change
// nothing, all others do not. Two servers on one database know it alike, and a thawed part works at once.
func TestFrozenRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.a.ids["mail address"], w.a.ids["letter"] = w.a.Email, fresh().String()
	desk := incident.New(w.db.DB)
	for i := range routes { // so that scopes are remembered, as on a server that has run for a while
		if strings.HasPrefix(routes[i].Pattern, "GET ") {
			w.asOwner(&routes[i], trials[routes[i].Pattern], w.a.ids)
		}
	}
	for _, part := range append(freeze.All.Single(), freeze.All) {
		_, _, err := desk.Freeze(t.Context(), "the test", 0, part, uuid.Nil, "a drill")
		w.ok(err)
		before := w.rowsOf(w.a)
		for i := range routes {
			rt := &routes[i]
			frozen := partOf(rt.Pattern)&part&freeze.All != 0
			if rt.Pattern == "GET /{$}" || !frozen && !strings.HasPrefix(rt.Pattern, "GET ") {
				continue // the first page is two; and nothing is to be changed here
			}
			got := w.asOwner(rt, trials[rt.Pattern], w.a.ids)
			isJSON := strings.Contains(rt.Pattern, " /api/")
			switch {
			case frozen && (got.status != 503 || got.header.Get("Retry-After") != "600"):
				t.Errorf("%s, with %s frozen: %d, Retry-After %q, want 503 and 600", rt.Pattern, part, got.status,
					got.header.Get("Retry-After"))
			case frozen && isJSON && !strings.Contains(got.body, `"code":"frozen"`):
				t.Errorf("%s, with %s frozen: %s", rt.Pattern, part, got.body)
			case frozen && !isJSON && (!strings.Contains(got.body, "Paused for now") ||
				!strings.Contains(got.body, `href="/settings"`) && !strings.Contains(got.body, `href="/login"`)):
				t.Errorf("%s, with %s frozen, shows %.300s", rt.Pattern, part, got.body)
			case part == freeze.All && frozen && got.leaks(allOf(wordOfA)...) != "":
				t.Errorf("%s, with %s frozen, tells of the account", rt.Pattern, part)
			case !frozen && got.status == 503:
				t.Errorf("%s is frozen with %s, and is of %s", rt.Pattern, part, partOf(rt.Pattern))
			}
		}
		for what, sum := range w.rowsOf(w.a) {
			if before[what] != sum && !moves(what) {
				t.Errorf("%s changed while %s was frozen", what, part)
			}
		}
		_, err = desk.Thaw(t.Context(), "the test", part, uuid.Nil, "the drill is over")
		w.ok(err)
		if got := w.get(part2page[part], w.a.Token); got.status == 503 {
			t.Errorf("%s is thawed, and answers %d", part, got.status)
		}
	}
}

// part2page is a page of each part.
var part2page = map[freeze.Part]string{
	freeze.Billing: "/billing", freeze.Exports: "/mydata", freeze.Ledger: "/", freeze.SignUp: "/signup",
	freeze.Credits: "/billing/usage", freeze.Team: "/team", freeze.All: "/billing",
}

// TestFreezeOfOneAccount stops the khata of A alone: pages, links and keys of A, and nothing of B.
func TestFreezeOfOneAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	desk := incident.New(w.db.DB)
	other := httptest.NewServer(New(w.config)) // another node
	t.Cleanup(other.Close)
	page, shared := "/b/"+w.a.ids["business"], "/s/"+w.a.ids["link"]
	theirs := "/b/" + w.b.ids["business"]
	answers := func() []int {
		credits := func(key string) int {
			return w.send("GET", ask{path: "/api/credits"}, key).status
		}
		url := w.url
		w.url = other.URL
		elsewhere := w.get(page, w.a.Token).status
		w.url = url
		return []int{
			elsewhere, w.get(page, w.a.Token).status, w.get(shared, "").status, credits(w.a.key),
			w.get(theirs, w.b.Token).status, credits(w.b.key), w.get("/signup", "").status,
		}
	}
	if got, want := answers(), []int{200, 200, 200, 200, 200, 200, 200}; !slices.Equal(got, want) {
		t.Fatalf("before: %v, want %v", got, want)
	}
	number, stopped, err := desk.Freeze(t.Context(), "the test", 0, freeze.All, w.a.AccountID, "one account")
	w.ok(err)
	if stopped != freeze.All {
		t.Errorf("stopped %v, want all", stopped)
	}
	if got, want := answers(), []int{503, 503, 503, 503, 200, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("frozen: %v, want %v", got, want)
	}
	_, again, err := desk.Freeze(t.Context(), "the test", 0, freeze.Ledger, w.a.AccountID, "again")
	if err != nil || again != 0 {
		t.Errorf("freezing twice: %v, %v, want nothing", again, err)
	}
	if err := desk.Close(t.Context(), "the test", number, "nothing"); err == nil {
		t.Error("an incident was closed while an account is frozen in it")
	}
	thawed, err := desk.Thaw(t.Context(), "the test", freeze.All, w.a.AccountID, "checked")
	w.ok(err)
	if thawed != freeze.All {
		t.Errorf("thawed %v, want all", thawed)
	}
	if got, want := answers(), []int{200, 200, 200, 200, 200, 200, 200}; !slices.Equal(got, want) {
		t.Errorf("thawed: %v, want %v", got, want)
	}
	w.ok(desk.Close(t.Context(), "the test", number, "a drill"))
	acts, err := desk.Acts(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	w.ok(err)
	seen := map[string]int{}
	for _, a := range acts {
		seen[a.What]++
		if a.Who != "the test" || a.Incident != number {
			t.Errorf("the log has %+v", a)
		}
	}
	if want := map[string]int{"open": 1, "freeze": 2, "thaw": 6, "close": 1}; !maps.Equal(seen, want) {
		t.Errorf("the log has %v, want %v", seen, want)
	}
}

// moves reports tables that looking at pages changes: sessions, letters, and what a provider is asked again.
func moves(what string) bool {
	table, _, _ := strings.Cut(what, ".")
	return slices.Contains([]string{
		"security_log", "credentials", "notices", "devices", "subscriptions", "complaints",
	}, table)
}

func allOf(word string) []string { return slices.Concat(secretsOf(word), namesOf(word)) }
