package race

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// TestMain lets this process trust the certificate of test servers, as one trusts that of a staging server.
func TestMain(m *testing.M) { os.Exit(trusting(m)) }

func trusting(m *testing.M) int {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	dir, err := os.MkdirTemp("", "race-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "roots.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := errors.Join(os.WriteFile(file, text, 0o600), os.Setenv("SSL_CERT_FILE", file)); err != nil {
		panic(err)
	}
	return m.Run()
}

func run(t *testing.T, server *httptest.Server, change func(*target.Config)) *finding.Report {
	t.Helper()
	c, err := target.Read(strings.NewReader(leaky.Config(server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c)
	}
	r, err := Audit(context.Background(), Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Both flaws are found over each protocol, and the atomic twins pass.
func TestRaces(t *testing.T) {
	t.Parallel()
	servers := map[string]func(http.Handler) *httptest.Server{
		"HTTP/1.1": httptest.NewServer,
		"HTTP/1.1 with TLS": func(h http.Handler) *httptest.Server {
			return httptest.NewTLSServer(h)
		},
		"HTTP/2": func(h http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(h)
			s.EnableHTTP2 = true
			s.StartTLS()
			return s
		},
		"HTTP/2 without TLS": func(h http.Handler) *httptest.Server {
			s := httptest.NewUnstartedServer(h)
			s.Config.Protocols = new(http.Protocols)
			s.Config.Protocols.SetHTTP1(true)
			s.Config.Protocols.SetUnencryptedHTTP2(true)
			s.Start()
			return s
		},
	}
	for name, start := range servers {
		for _, c := range []struct {
			flaws []leaky.Flaw
			want  []string
		}{
			{nil, nil},
			{[]leaky.Flaw{leaky.QuotaRaced}, []string{"race-quota"}},
			{[]leaky.Flaw{leaky.CreditsRaced}, []string{"race-balance"}},
		} {
			t.Run(name+" "+strings.Join(c.want, ""), func(t *testing.T) {
				t.Parallel()
				server := start(leaky.New(append(c.flaws, leaky.NoCSRF)...))
				defer server.Close()
				r := run(t, server, func(c *target.Config) {
					for i := range c.Races {
						c.Races[i].HTTP2 = strings.HasPrefix(name, "HTTP/2 without")
					}
				})
				var got []string
				for _, f := range r.Findings {
					got = append(got, f.Rule)
					if !strings.Contains(f.Proof.Steps[0], name[:len("HTTP/1")]) {
						t.Errorf("it was raced by %s", f.Proof.Steps[0])
					}
				}
				if !slices.Equal(got, c.want) || len(r.NotTested) > 0 {
					t.Errorf("found %v, want %v; not tested %v", got, c.want, r.NotTested)
				}
			})
		}
	}
}

// What was never accepted, or cannot be read, is not tested.
func TestNothingRaced(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(leaky.New(leaky.CreditsRaced, leaky.QuotaRaced))
	t.Cleanup(server.Close)
	for name, change := range map[string]func(*target.Config){
		"refused": func(c *target.Config) { c.Races[0].Path, c.Races[1].Path = "/nothing", "/nothing" },
		"unread": func(c *target.Config) {
			c.Races[0].Count.From, c.Races[1].Balance.From = "json:no", "json:plan"
		},
		"no session": func(c *target.Config) { c.People["bina"].SignIn.Form["password"] = "wrong" },
		"no setup": func(c *target.Config) {
			c.Races[0].Setup = &target.Request{Method: "POST", Path: "/gone"}
			c.Races = c.Races[:1]
		},
		"used up": func(c *target.Config) { c.Target.MaxRequests = 12 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, server, change)
			if len(r.Findings) > 0 || len(r.NotTested) == 0 {
				t.Errorf("found %v, not tested %v", r.Findings, r.NotTested)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	t.Parallel()
	balance, count := &target.Reading{}, &target.Reading{}
	for _, c := range []struct {
		race target.Race
		r    round
		want bool
	}{
		{target.Race{Cost: 10, Balance: balance}, round{before: 100, after: 50, accepted: 5}, true},
		{target.Race{Cost: 10, Balance: balance}, round{before: 100, after: 60, accepted: 5}, false},
		// paid for what was refused
		{target.Race{Cost: 10, Balance: balance}, round{before: 100, after: 40, accepted: 5}, false},
		{target.Race{Cost: 10, Balance: balance}, round{before: 100, after: 40, accepted: 5, failed: 1}, true},
		{target.Race{Cost: 10, Balance: balance}, round{before: 30, after: -20, accepted: 5}, false},
		{target.Race{Cost: 10, Balance: balance, Once: true}, round{before: 100, after: 90, accepted: 5}, true},
		{target.Race{Cost: 10, Balance: balance, Once: true}, round{before: 100, after: 80, accepted: 2}, false},
		{target.Race{Cost: -10, Balance: balance, Once: true}, round{before: 0, after: 10, accepted: 2}, true},
		{target.Race{Cost: -10, Balance: balance, Once: true}, round{before: 0, after: 20, accepted: 2}, false},
		{target.Race{Limit: 5, Count: count}, round{before: 0, after: 5, accepted: 5}, true},
		{target.Race{Limit: 5, Count: count}, round{before: 0, after: 6, accepted: 6}, false},
		{target.Race{Limit: 5, Count: count}, round{before: 7, after: 7}, true}, // from a time before the limit
	} {
		if got := holds(&c.race, c.r); got != c.want {
			t.Errorf("holds(%+v, %+v) = %v", c.race, c.r, got)
		}
	}
}
