package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tijorihq/tijori/internal/watch/probe"
)

// A prober that runs apart: a file for the history, a page to publish, somebody to tell, and exit codes.
func TestProbeApart(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer site.Close()
	slack := newChat(t)
	defer slack.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "probe.toml")
	write(t, map[string]string{config: "location = \"pune\"\n[[target]]\nname = \"site\"\ntitle = \"Website\"\n" +
		"title_hi = \"वेबसाइट\"\nurl = \"" + site.URL + "\"\n"})
	history, pages := filepath.Join(dir, "history.json"), filepath.Join(dir, "status")
	once := func(more ...string) (int, string, string) {
		t.Helper()
		return tijori(t, append([]string{
			"watch", "probe", "--once", "--config", config, "--history", history,
			"--page", pages, "--alert-url", slack.URL,
		}, more...)...)
	}
	if exit, out, errs := once(); exit != exitOK || !strings.Contains(out, "site  address  ok") {
		t.Fatalf("exit %d\n%s%s", exit, out, errs)
	}
	page := func(name string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(pages, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if html := page("index.html"); !strings.Contains(html, "Everything works") || !strings.Contains(html, "Website") ||
		strings.Contains(html, "/static/") || !strings.Contains(page("index.hi.html"), "वेबसाइट") ||
		!strings.Contains(page("status.css"), ".status-head") || len(page("tijori.css")) == 0 {
		t.Errorf("the page that is published:\n%s", html)
	}
	down.Store(true)
	exit, out, errs := once("--json")
	var results []probe.Result
	if err := json.Unmarshal([]byte(out), &results); err != nil || exit != exitFound || len(results) != 1 ||
		results[0].Detail != "it answers 503, not 200" || !strings.Contains(errs, "1 of 1 fail: site") {
		t.Errorf("exit %d, %v\n%s%s", exit, err, out, errs)
	}
	if !strings.Contains(page("index.html"), "Something does not work") {
		t.Error("the page does not say that it fails")
	}
	down.Store(false)
	if exit, out, _ := once(); exit != exitOK {
		t.Errorf("exit %d\n%s", exit, out)
	}
	slack.mu.Lock()
	defer slack.mu.Unlock()
	if len(slack.bodies) != 2 || !strings.Contains(slack.bodies[0], "Website fails seen from outside") ||
		!strings.Contains(slack.bodies[1], "Website works again: over") {
		t.Errorf("operators hear %q", slack.bodies)
	}
}

func TestProbeRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{
		{},
		{"--config", filepath.Join(dir, "none.toml")},
		{"--address", "ftp://example.in", "--history", filepath.Join(dir, "h.json")},
		{"--address", "https://example.in", "--alert-mail", "ops@example.in", "--history", filepath.Join(dir,
			"h.json")},
	} {
		if exit, out, errs := tijori(t, append([]string{"watch", "probe", "--once"},
			args...)...); exit != exitUsage || out != "" {
			t.Errorf("%q: exit %d\n%s%s", args, exit, out, errs)
		}
	}
}
