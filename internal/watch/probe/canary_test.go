package probe

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A fakeShop is a server with the addresses that canaries use, which can be made to leak.
type fakeShop struct {
	mu      sync.Mutex
	people  map[string]*fakePerson // by email
	leak    string                 // "", and what the cases below name
	signIns int
}

type fakePerson struct {
	account, business string
	session           string
	parties           []fakeParty
}

type fakeParty struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func newFakeShop(emails ...string) *fakeShop {
	s := &fakeShop{people: map[string]*fakePerson{}}
	for i, email := range emails {
		s.people[email] = &fakePerson{
			account:  fmt.Sprintf("00000000-0000-7000-8000-00000000000%d", i),
			business: fmt.Sprintf("10000000-0000-7000-8000-00000000000%d", i),
		}
	}
	return s
}

func (s *fakeShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/login" && r.Method == http.MethodPost {
		p := s.people[r.PostFormValue("email")]
		if p == nil || r.PostFormValue("password") != "right" {
			w.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		s.signIns++
		p.session = fmt.Sprint("session ", s.signIns)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: fmt.Sprint(s.signIns), Path: "/"})
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	var me *fakePerson
	if c, err := r.Cookie("session"); err == nil {
		for _, p := range s.people {
			if p.session == "session "+c.Value {
				me = p
			}
		}
	}
	business, ok := strings.CutPrefix(r.URL.Path, "/api/businesses/")
	if !ok {
		business, ok = strings.CutPrefix(r.URL.Path, "/b/")
	}
	business, rest, _ := strings.Cut(business, "/")
	if me == nil && s.leak != "cache" {
		if r.URL.Path == "/login" {
			_, _ = io.WriteString(w, "Sign in")
		} else {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
		}
		return
	}
	switch {
	case r.URL.Path == "/" && me != nil:
		http.Redirect(w, r, "/b/"+me.business, http.StatusSeeOther)
	case ok:
		s.shop(w, r, me, business, rest)
	case r.URL.Path == "/api/billing/me":
		_ = json.NewEncoder(w).Encode(map[string]string{"account_id": me.account})
	case r.URL.Path == "/logout":
		me.session = ""
	case slices.Contains([]string{"/settings", "/billing", "/team"}, r.URL.Path):
		if s.leak == "ids" && r.URL.Path == "/team" {
			for _, p := range s.people {
				_, _ = io.WriteString(w, p.account+"\n")
			}
		}
	default:
		http.NotFound(w, r)
	}
}

// shop answers what belongs to a business; cached pages are answered to anybody, whoever they are.
func (s *fakeShop) shop(w http.ResponseWriter, r *http.Request, me *fakePerson, business, rest string) {
	var owner *fakePerson
	for _, p := range s.people {
		if p.business == business {
			owner = p
		}
	}
	if owner == nil || owner != me && s.leak != "open" && (s.leak != "cache" || strings.HasPrefix(r.URL.Path,
		"/api/")) {
		http.NotFound(w, r)
		return
	}
	if r.Method == http.MethodPost {
		var p fakeParty
		_ = json.NewDecoder(r.Body).Decode(&p)
		owner.parties = append(owner.parties, p)
		w.WriteHeader(http.StatusCreated)
		return
	}
	list := slices.Clone(owner.parties)
	if s.leak == "list" && rest == "parties" {
		for _, p := range s.people {
			if p != owner {
				list = append(list, p.parties...)
			}
		}
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		_ = json.NewEncoder(w).Encode(map[string]any{"parties": list})
		return
	}
	for _, p := range list {
		fmt.Fprintf(w, "<li>%s</li>", p.Name)
	}
}

func canaries(t *testing.T, url string) *Prober {
	t.Helper()
	c := &Config{Timeout: time.Minute, Canaries: []Canary{
		{Name: "a", URL: url, Email: "a@example.in", Password: "right"},
		{Name: "b", URL: url, Email: "b@example.in", Password: "right"},
	}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	p := New(c, NewFile(t.TempDir()+"/history.json"), silent, quietly)
	p.again = 0
	return p
}

func TestCanaries(t *testing.T) {
	t.Parallel()
	shop := newFakeShop("a@example.in", "b@example.in")
	server := httptest.NewServer(shop)
	defer server.Close()
	p := canaries(t, server.URL)
	look := func(leak string) []Result {
		t.Helper()
		shop.mu.Lock()
		shop.leak = leak
		shop.mu.Unlock()
		results, err := p.Once(t.Context())
		if err != nil || len(results) != 2 {
			t.Fatalf("%d results: %v", len(results), err)
		}
		return results
	}
	well := func(what string, results []Result) {
		t.Helper()
		for _, r := range results {
			if !r.OK || len(r.Seen) > 0 {
				t.Errorf("%s, canary %s: %s, saw %q", what, r.Name, r.Detail, r.Seen)
			}
		}
	}
	for range 3 {
		well("nothing leaks", look(""))
	}
	if shop.signIns != 2 || len(shop.people["a@example.in"].parties) != 1 {
		t.Errorf("%d sign-ins and %d marks of one canary after three looks", shop.signIns,
			len(shop.people["a@example.in"].parties))
	}
	for leak, says := range map[string]string{
		"list":  "canary a is shown the mark of canary b at /api/businesses/{id}/parties",
		"ids":   "canary a is shown the account of canary b at /team",
		"open":  "canary a may open /b/{id} of canary b",
		"cache": "a visitor is shown canary a at /b/{id}",
	} {
		results := look(leak)
		if !slices.Contains(results[0].Seen, says) {
			t.Errorf("%s: canary a saw %q (%s)", leak, results[0].Seen, results[0].Detail)
		}
		for _, r := range results {
			for _, seen := range r.Seen {
				if strings.Contains(seen, shop.people["b@example.in"].parties[0].Name) {
					t.Errorf("%q repeats what leaked", seen)
				}
			}
		}
		well("after "+leak, look(""))
	}

	// Another prober uses the marks that are there, and a session that ended is opened again.
	second := canaries(t, server.URL)
	if _, err := second.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(shop.people["a@example.in"].parties); n != 1 {
		t.Errorf("a second prober planted another mark: %d", n)
	}
	well("after another signed in", look(""))
	p.Close(t.Context())
	if p.canaries[0].in || shop.people["a@example.in"].session != "" {
		t.Error("a canary stays signed in after the end")
	}

	// Whoever deletes the mark is noticed once; then it is planted again.
	look("")
	shop.mu.Lock()
	shop.people["b@example.in"].parties = []fakeParty{{ID: "x", Name: "somebody's"}}
	shop.mu.Unlock()
	first := look("")
	if first[1].OK || first[1].Detail != "/b/{id} does not show the canary's own party" {
		t.Errorf("the mark is gone, and the canary says %q", first[1].Detail)
	}
	well("the mark is planted again", look(""))
}

func TestCanaryCannotSignIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newFakeShop("a@example.in"))
	defer server.Close()
	results, err := canaries(t, server.URL).Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !results[0].OK || results[1].OK || !strings.HasPrefix(results[1].Detail, "signing in: it answers 422") {
		t.Errorf("one may sign in, the other not: %+v", results)
	}
}
