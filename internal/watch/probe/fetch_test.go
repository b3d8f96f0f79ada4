package probe

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var quietly = slog.New(slog.NewTextHandler(io.Discard, nil))

// lookAt looks at an address once, as a prober does.
func lookAt(t *testing.T, timeout time.Duration, target Target) error {
	t.Helper()
	c := &Config{Targets: []Target{target}, Timeout: timeout}
	c.Targets[0].Name = "target"
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return New(c, nil, nil, quietly).look(t.Context(), &c.Targets[0])
}

// What is probed may be anybody's: it can hold a prober up neither by being slow nor by being large, nor lead it away.
func TestHostileTargets(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirect led to another port")
	}))
	defer elsewhere.Close()
	// Without Content-Length, and longer than anybody waits: ends with the client.
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	endless := func(w http.ResponseWriter, r *http.Request) {
		block := []byte(strings.Repeat("x", 64<<10))
		for r.Context().Err() == nil {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name    string
		handle  http.HandlerFunc
		target  Target
		timeout time.Duration
		wrong   string // "" is well
	}{
		{
			"says nothing", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			Target{},
			300 * time.Millisecond, "no answer in time",
		},
		{"drips", drip, Target{}, 300 * time.Millisecond, "no answer in time"},
		{"never ends", endless, Target{}, time.Minute, ""},
		{"never ends and lacks the text", endless, Target{Contains: "khata"}, time.Minute, "the first 2 MiB of its answer lack the text that they should have"},
		{"large headers", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Large", strings.Repeat("x", 200<<10))
		}, Target{}, time.Minute, "exceeded"},
		{"redirects for ever", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/again", http.StatusFound)
		}, Target{}, time.Minute, "redirects more than 5 times"},
		{"redirects to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://internal.example/", http.StatusFound)
		}, Target{}, time.Minute, "redirects to another host"},
		{"redirects to another port", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
		}, Target{}, time.Minute, "redirects to another port"},
		{"redirects to a file", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusFound)
		}, Target{}, time.Minute, "redirects to another host"},
		{"a redirect that is asked for", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://internal.example/", http.StatusFound)
		}, Target{Status: 302}, time.Minute, ""},
		{
			"another status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
			Target{},
			time.Minute, "it answers 500, not 200",
		},
		{
			"a status that is asked for", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
			Target{Status: 401},
			time.Minute, "",
		},
		{
			"lacks the text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") },
			Target{Contains: "khata"},
			time.Minute, "its answer lacks the text that it should have",
		},
		{
			"has the text", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a khata") },
			Target{Contains: "khata"},
			time.Minute, "",
		},
		{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "a")
		}, Target{}, time.Minute, "unexpected EOF"},
		{"speaks something else", func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "\x1b[31mnot HTTP\r\n\r\n")
			_ = conn.Close()
		}, Target{}, time.Minute, "malformed HTTP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(c.handle)
			defer server.Close()
			c.target.URL = server.URL + "/?secret=hush"
			err := lookAt(t, c.timeout, c.target)
			switch {
			case c.wrong == "" && err != nil:
				t.Errorf("it is well, and the prober says %q", err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("the prober says %v, want %q", err, c.wrong)
			}
			if err != nil && (strings.Contains(err.Error(), "hush") || strings.ContainsRune(err.Error(), 0x1b)) {
				t.Errorf("%q repeats the address or what steers a terminal", err)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(quietly.Handler(), slog.LevelDebug)
	server.StartTLS()
	defer server.Close()
	if err := lookAt(t, time.Minute, Target{URL: server.URL}); err == nil ||
		err.Error() != "its certificate is of an unknown authority" {
		t.Errorf("a certificate that nobody vouches for: %v", err)
	}
	server = httptest.NewServer(http.NotFoundHandler())
	gone := server.URL
	server.Close()
	if err := lookAt(t, time.Minute, Target{URL: gone}); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("nobody listens: %v", err)
	}
	if err := lookAt(t, time.Minute, Target{URL: strings.Replace(gone, "http:", "https:", 1)}); err == nil {
		t.Error("nobody listens, and that is well")
	}
}

// A lost packet is no outage: a failure is believed when it comes twice.
func TestLooksTwice(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var broken atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 || broken.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	}))
	defer server.Close()
	c := &Config{Location: "here", Timeout: time.Minute, Targets: []Target{{Name: "site", URL: server.URL}}}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	p := New(c, NewFile(t.TempDir()+"/history.json"), silent, quietly)
	p.again = 0
	once := func() Result {
		t.Helper()
		results, err := p.Once(t.Context())
		if err != nil || len(results) != 1 {
			t.Fatalf("%d results: %v", len(results), err)
		}
		return results[0]
	}
	if r := once(); !r.OK || asked.Load() != 2 {
		t.Errorf("after one failure: %+v, asked %d times", r, asked.Load())
	}
	broken.Store(true)
	if r := once(); r.OK || r.Detail != "it answers 502, not 200" || asked.Load() != 4 {
		t.Errorf("after two failures: %+v, asked %d times", r, asked.Load())
	}
}

func silent(context.Context, []Change) error { return nil }
