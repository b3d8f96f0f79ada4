package web

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Who is removed, or has another role, is held to it by the next request of a session that is open already.
func TestMembersChangeAtOnce(t *testing.T) {
	t.Parallel()
	w := owned(t)
	manager := w.people["manager of account"]
	shop := "/b/" + w.a.ids["business"]
	member := one[string](w, `select id::text from members where account_id = $1 and user_id = $2`, w.a.AccountID,
		manager.UserID)
	if got := w.send("GET", ask{path: shop + "/bin"}, manager.Token); got.status != 200 {
		t.Fatalf("a manager opens the bin: %d", got.status)
	}
	if got := w.send("POST", form("/team/members/"+member+"/role", "role", "counter"), w.a.Token); got.status != 303 {
		t.Fatalf("change the role: %d", got.status)
	}
	if got := w.send("GET", ask{path: shop + "/bin"}, manager.Token); got.status != 403 ||
		got.leaks(secretsOf(wordOfA)...) != "" {
		t.Errorf("now a counter opens the bin: %d", got.status)
	}
	if got := w.send("POST", form("/team/members/"+member+"/remove"), w.a.Token); got.status != 303 {
		t.Fatalf("remove: %d", got.status)
	}
	nobody := w.db.User(t, "nobody")
	for _, rt := range routes {
		if !strings.Contains(rt.Pattern, "{business}") {
			continue
		}
		method, _, _ := strings.Cut(rt.Pattern, " ")
		k := trials[rt.Pattern].ask(newIDs(w.a.ids))
		removed, stranger := w.send(method, k, manager.Token), w.send(method, k, nobody.Token)
		if removed.status != 404 || stranger.status != 404 {
			t.Errorf("%s: %d for who was removed, %d for who never was a member, want 404", rt.Pattern, removed.status,
				stranger.status)
		}
		if word := removed.leaks(append(secretsOf(wordOfA), namesOf(wordOfA)...)...); word != "" {
			t.Errorf("%s tells who was removed %q", rt.Pattern, word)
		}
	}
}

// A session ends on the button's other side, on all devices.
func TestSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	w := owned(t)
	phone, laptop := w.freshSession(), w.freshSession()
	if got := w.send("POST", form("/logout/everywhere"), phone); got.status != 303 {
		t.Fatal(got.status)
	}
	for name, token := range map[string]string{"phone": phone, "laptop": laptop, "first": w.a.Token} {
		if got := w.send("GET", ask{path: "/settings"}, token); got.status != 303 || !strings.HasPrefix(got.location(),
			"/login") {
			t.Errorf("after signing out everywhere the %s is answered with %d", name, got.status)
		}
	}
	if got := w.send("GET", ask{path: "/"}, phone); got.status != 200 || got.leaks(secretsOf(wordOfA)...) != "" {
		t.Errorf("the start page with a dead session: %d", got.status)
	}
}

// When what was paid for has ended, the account is Free by the next request, and keeps what it has.
func TestLapsedIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	w := owned(t)
	shop := "/b/" + w.a.ids["business"]
	for i := range 6 {
		k := trials["POST /api/businesses/{business}/parties"].ask(newIDs(w.a.ids))
		if got := w.send("POST", k, w.a.Token); got.status != 201 {
			t.Fatalf("party %d on Pro: %d %s", i, got.status, got.body)
		}
	}
	w.exec(`update subscriptions set access_until = now() - interval '1 second' where account_id = $1`, w.a.AccountID)
	for _, path := range []string{shop + "/export.csv", shop + "/p/" + w.a.ids["party"] + "/export.csv"} {
		if got := w.send("GET", ask{path: path}, w.a.Token); got.status != 403 || !strings.Contains(got.body,
			"/billing/checkout?plan=pro") || strings.Contains(got.body, "1234567.89") {
			t.Errorf("%s: %d, want 403 with the upgrade page", path, got.status)
		}
	}
	for _, path := range []string{"/api/businesses/" + w.a.ids["business"] + "/export.csv"} {
		if got := w.send("GET", ask{path: path}, w.a.Token); got.status != 403 || !strings.Contains(got.body,
			`"upgrade_required"`) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := w.send("POST", trials["POST /api/businesses/{business}/parties"].ask(newIDs(w.a.ids)),
		w.a.Token); got.status != 403 || !strings.Contains(got.body, `"upgrade_required"`) {
		t.Errorf("another party: %d %s", got.status, got.body)
	}
	for _, path := range []string{
		shop, shop + "/p/" + w.a.ids["party"], shop + "/p/" + w.a.ids["party"] + "/history",
		shop + "/bin",
	} {
		if got := w.send("GET", ask{path: path}, w.a.Token); got.status != 200 {
			t.Errorf("%s: %d, want what was entered readable", path, got.status)
		}
	}
	if got := w.send("POST", trials["POST /b/{business}/p/{party}/entries/new"].ask(newIDs(w.a.ids)),
		w.a.Token); got.status != 303 {
		t.Errorf("an entry after the lapse: %d, want it taken", got.status)
	}
	manager := w.people["manager of business"]
	if got := w.send("GET", ask{path: shop + "/upgrade"}, manager.Token); got.status != 200 ||
		strings.Contains(got.body, "Ask .") || strings.Contains(got.body, "/billing/checkout") {
		t.Errorf("the upgrade page for a manager offers to buy, or names nobody to ask: %d", got.status)
	}
}

// Twenty forms at once for the last place of a free account add one party.
func TestTwentyForTheLastPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.db.User(t, "free")
	values := map[string]string{"business": u.BusinessID.String()}
	add := func() int {
		return w.send("POST", trials["POST /b/{business}/parties/new"].ask(newIDs(values)), u.Token).status
	}
	for range 4 {
		if status := add(); status != http.StatusSeeOther {
			t.Fatalf("one of the first four: %d", status)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	for range 20 {
		wg.Go(func() {
			status := add()
			mu.Lock()
			counts[status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if counts[303] != 1 || counts[403] != 19 {
		t.Errorf("twenty at once are answered with %v, want 1 taken and 19 refused with 403", counts)
	}
	if n := one[int](w, `select count(*) from parties where account_id = $1`, u.AccountID); n != 5 {
		t.Errorf("%d parties, want 5", n)
	}
}
