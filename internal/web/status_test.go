package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/watch/probe"
)

// withPassword is a user who can sign in.
func (w *world) withPassword(name string) *pgtest.User {
	w.Helper()
	u := w.db.User(w, name)
	token := randomToken()
	hash := account.Hash(token)
	w.exec(`insert into recoveries (id, email, user_id, token_hash, expires_at)
		values ($1, $2, $3, $4, now() + interval '1 hour')`, fresh(), u.Email, u.UserID, hash[:])
	_, err := w.accounts.Recover(w.Context(), token, ownersPassword, false, account.Device{Network: "192.0.2.8"})
	w.ok(err)
	return u
}

// The canaries find their way through the real server and see nothing of each other; what a middle box keeps for
// everybody, they notice.
func TestCanariesOnTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.withPassword("canary-one"), w.withPassword("canary-two")
	leaky := false
	kept := map[string]*httptest.ResponseRecorder{}
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		key := r.URL.Path
		if r.Method == http.MethodGet && leaky && strings.HasPrefix(key, "/api/businesses/") &&
			strings.HasSuffix(key, "/parties") {
			answer := kept[key]
			if answer == nil {
				answer = httptest.NewRecorder()
				w.server.ServeHTTP(answer, r)
				kept[key] = answer
			}
			rw.WriteHeader(answer.Code)
			_, _ = rw.Write(answer.Body.Bytes())
			return
		}
		w.server.ServeHTTP(rw, r)
	}))
	defer front.Close()
	c := &probe.Config{
		Timeout: time.Minute, Every: time.Minute, CanaryEvery: time.Minute,
		Targets: []probe.Target{{Name: "prices", URL: front.URL + "/pricing", Contains: "Tijori"}},
		Canaries: []probe.Canary{
			{Name: "one", URL: front.URL, Email: a.Email, Password: ownersPassword},
			{Name: "two", URL: front.URL, Email: b.Email, Password: ownersPassword},
		},
	}
	w.ok(c.Check())
	p := probe.New(c, probe.NewDatabase(w.db.Watch), func(context.Context, []probe.Change) error { return nil },
		slog.New(slog.NewTextHandler(io.Discard, nil)))
	look := func() []probe.Result {
		t.Helper()
		results, err := p.Once(t.Context())
		w.ok(err)
		return results
	}
	for range 2 {
		for _, r := range look() {
			if !r.OK || len(r.Seen) > 0 {
				t.Fatalf("%s: %s, saw %q", r.Name, r.Detail, r.Seen)
			}
		}
	}
	leaky = true
	results := look()
	if seen := strings.Join(results[1].Seen, "\n"); !strings.Contains(seen,
		"a visitor is shown canary one at /api/businesses/{id}/parties") {
		t.Errorf("what was kept for everybody: canary one saw %q (%s)", seen, results[1].Detail)
	}
	if seen := strings.Join(results[2].Seen, "\n"); !strings.Contains(seen,
		"canary two may open /api/businesses/{id}/parties of canary one") {
		t.Errorf("what was kept for everybody: canary two saw %q (%s)", seen, results[2].Detail)
	}
	p.Close(t.Context())
	var open int
	w.ok(w.db.Super.QueryRow(t.Context(), `select count(*) from credentials where user_id = any ($1) and user_agent = 'tijori-probe' and revoked_at is null`,
		[]string{a.UserID.String(), b.UserID.String()}).Scan(&open))
	if open != 0 {
		t.Errorf("%d sessions of canaries are left", open)
	}
}

// A store that counts how often it is read, and may fail.
type countedStore struct {
	probe.Store
	reads  int
	broken bool
}

func (c *countedStore) History(ctx context.Context, now time.Time) (*probe.History, error) {
	c.reads++
	if c.broken {
		return nil, errors.New("no database")
	}
	return c.Store.History(ctx, now)
}

func TestStatusPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.get("/status", "").has(t, "nobody has looked", 200, "Nobody has checked from outside yet.")
	store := &countedStore{Store: probe.NewDatabase(w.db.Watch)}
	w.config.Probes = store
	w.server = New(w.config)
	now := time.Now()
	result := func(name string, at time.Time, ok bool) probe.Result {
		return probe.Result{
			Name: name, Kind: probe.Address, Title: "The " + name, TitleHi: "यह " + name, At: at, OK: ok,
			Detail: "dial tcp 10.0.0.7:5432", Hidden: name == "secret",
		}
	}
	_, err := store.Record(t.Context(), "inner-host-7", []probe.Result{
		result("site", now.Add(-time.Hour), true), result("site", now.Add(-50*time.Minute), false),
		result("site", now.Add(-30*time.Minute), true), result("site", now.Add(-time.Minute), true),
		result("khata", now.Add(-time.Minute), false), result("secret", now.Add(-time.Minute), false),
	})
	w.ok(err)
	shown := w.get("/status", "")
	shown.has(t, "a visitor", 200, "Something does not work", "The site", "The khata",
		"Does not work", "lasted 20 minutes", "75% of checks passed", "Checks failed on 1 day")
	for _, word := range []string{"secret", "10.0.0.7", "inner-host-7"} {
		if strings.Contains(shown.text(), word) {
			t.Errorf("the public page shows %q", word)
		}
	}
	// The same for everybody, in their language; the database is not asked again.
	owners := w.get("/status", w.a.Token)
	owners.has(t, "the owner", 200, "Something does not work", `href="/login"`)
	if strings.Contains(owners.text(), wordOfA) {
		t.Error("the page knows who is signed in")
	}
	hindi, err := http.NewRequest(http.MethodGet, w.url+"/status", nil)
	w.ok(err)
	hindi.Header.Set("Accept-Language", "hi")
	w.do(hindi, "").has(t, "in Hindi", 200, "कुछ काम नहीं कर रहा", "यह site")
	if store.reads != 1 {
		t.Errorf("the database was asked %d times", store.reads)
	}
	// Without a database it answers as well.
	store = &countedStore{broken: true}
	w.config.Probes = store
	w.server = New(w.config)
	w.get("/status", "").has(t, "without a database", 200, "Nobody has checked")
}
