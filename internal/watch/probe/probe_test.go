package probe

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A brokenStore takes nothing while it is broken.
type brokenStore struct {
	Store
	broken bool
	taken  int
}

func (b *brokenStore) Record(ctx context.Context, location string, list []Result) ([]Change, error) {
	if b.broken {
		return nil, errors.New("no database")
	}
	b.taken += len(list)
	return b.Store.Record(ctx, location, list)
}

// While the history cannot be kept, the alarm hears of failures all the same, and the history is complete afterwards.
func TestKeepsWhatTheStoreDidNotTake(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	c := &Config{Every: time.Hour, Timeout: time.Minute, Targets: []Target{{
		Name: "site", Title: "The site",
		URL: server.URL,
	}}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	store := &brokenStore{Store: NewFile(t.TempDir() + "/history.json")}
	var heard []Change
	var deaf bool
	p := New(c, store, func(_ context.Context, list []Change) error {
		if deaf {
			return errors.New("no mail server")
		}
		heard = append(heard, list...)
		return nil
	}, quietly)
	p.again = 0
	round := func(wrong bool) {
		t.Helper()
		p.addressesDue = time.Time{}
		if _, err := p.Do(t.Context()); (err != nil) != wrong {
			t.Fatalf("a round: %v", err)
		}
	}
	round(false)
	if len(heard) != 0 || store.taken != 1 {
		t.Fatalf("all is well, and %d were told, %d kept", len(heard), store.taken)
	}
	down.Store(true)
	store.broken = true
	round(true)
	if len(heard) != 1 || !heard[0].Down || heard[0].Detail != "it answers 503, not 200" {
		t.Fatalf("without a store, the alarm heard %+v", heard)
	}
	round(true)
	store.broken, deaf = false, true
	round(true)
	if store.taken != 4 {
		t.Errorf("%d of 4 looks were kept", store.taken)
	}
	down.Store(false)
	deaf, heard = false, nil
	round(false)
	var up int
	for _, h := range heard {
		if h.Up {
			up++
		}
	}
	if len(heard) != 4 || up != 1 { // three failures that nobody heard of yet, and the end
		t.Errorf("when it can be told again, the alarm heard %d, %d of them that it works", len(heard), up)
	}
	if _, err := p.Do(t.Context()); err != nil || store.taken != 5 {
		t.Errorf("nothing is due, and %d are kept: %v", store.taken, err)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("a long one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CANARY_TWO", "another one")
	c, err := Load(write(t, `
location = "mumbai"
every = "30s"
[[target]]
name = "prices"
title = "Prices"
title_hi = "कीमत"
url = "https://tijori.example/pricing"
contains = "Tijori"
[[canary]]
name = "one"
url = "https://tijori.example/"
email = "one@tijori.example"
password_file = "`+password+`"
[[canary]]
name = "two"
url = "https://tijori.example"
email = "two@tijori.example"
password_env = "CANARY_TWO"
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Every != 30*time.Second || c.CanaryEvery != 5*time.Minute || c.Targets[0].Status != 200 ||
		c.Canaries[0].Password != "a long one" || c.Canaries[1].Password != "another one" ||
		c.Canaries[0].URL != "https://tijori.example" || c.Canaries[0].TitleHi != "one" {
		t.Errorf("it was read as %+v", c)
	}
	const canaries = "[[canary]]\nname = \"a\"\nurl = \"%u\"\nemail = \"a@example.in\"\n" +
		"password_env = \"CANARY_TWO\"\n" +
		"[[canary]]\nname = \"b\"\nurl = \"%u\"\nemail = \"%e\"\npassword_env = \"CANARY_TWO\"\n"
	for text, wrong := range map[string]string{
		"":               "nothing to probe",
		"evry = \"1m\"":  "no setting evry",
		"every = \"1s\"": "10s to 10m",
		"[[target]]\nname = \"A b\"\nurl = \"https://a.example\"":            "a to z",
		"[[target]]\nname = \"a\"\nurl = \"ftp://a.example\"":                "begins with https",
		"[[target]]\nname = \"a\"\nurl = \"https://u:p@a.example\"":          "without a password",
		"[[target]]\nname = \"a\"\nurl = \"https://a.example\"\nstatus = 99": "no HTTP status",
		strings.Repeat("[[target]]\nname = \"a\"\nurl = \"https://a.example\"\n",
			2): "two called a",
		"[[canary]]\nname = \"a\"\nurl = \"https://a.example\"\nemail = \"a@b.in\"\npassword_env=\"CANARY_TWO\"": "second [[canary]]",
		"[[canary]]\nname = \"a\"\npassword_env = \"NOT_SET\"":                                                   "the environment has no NOT_SET",
		"[[canary]]\nname = \"a\"\npassword = \"plain\"":                                                         "no setting",
		strings.NewReplacer("%u", "http://a.example", "%e",
			"b@example.in").Replace(canaries): "plain text",
		strings.NewReplacer("%u", "https://a.example/app", "%e",
			"b@example.in").Replace(canaries): "without a path",
		strings.NewReplacer("%u", "https://a.example", "%e",
			"A@example.in").Replace(canaries): "an email of its own",
	} {
		if _, err := Load(write(t, text)); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%q: %v, want %q", text, err, wrong)
		}
	}
}
