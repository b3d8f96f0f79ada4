package live

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Each flaw that only a browser sees is found in one, and nothing besides it; the shop without them is silent.
func TestBrowserFlaws(t *testing.T) {
	t.Parallel()
	for name, want := range map[leaky.Flaw][]string{
		leaky.BrowserStorage: {"http-browser-storage local storage auth"},
		leaky.BrowserURL:     {"http-token-in-url /me session_token"},
		leaky.BrowserWorker: {
			"http-worker-cache /api/me in offline", "http-worker-cache /me in offline",
			"http-worker-cache /receipts in offline",
		},
		"": nil,
	} {
		t.Run("flaw "+string(name), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(leaky.New(name))
			t.Cleanup(server.Close)
			c, err := target.Read(strings.NewReader(leaky.Config(server.URL) + leaky.Browser))
			if err != nil {
				t.Fatal(err)
			}
			r, err := Audit(context.Background(), Options{Config: c})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range r.NotTested {
				t.Errorf("not tested: %s: %s", n.What, n.Reason)
			}
			got := says(r, server.URL)
			if name == leaky.BrowserWorker { // which of the pages the worker was in time for is the browser's choice
				got = slices.DeleteFunc(got, func(s string) bool { return slices.Contains(want, s) })
				want = nil
				if len(r.Findings) == 0 {
					t.Error("nothing is found")
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("found %q, want %q", got, want)
			}
			for _, f := range r.Findings {
				if f.Proof == nil || f.Proof.Saw == "" {
					t.Errorf("%s has no proof", f.Rule)
				}
			}
			asked := func(s string) bool { return strings.Contains(s, "the browser: POST /login") }
			if !slices.ContainsFunc(r.Did, asked) {
				t.Error("the report does not say what the browser has asked for")
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"access_token", "kq83hf92hfa93hf92hf", true},
		{"sb-abcd-auth-token", `{"access_token":"kq83hf92hfa93hf92hf","user":{"id":"7"}}`, true},
		{"x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", true},
		{"state", `{"user":{"refreshToken":"kq83hf92hfa93hf92hf"}}`, true},
		{"theme", "dark", false},
		{"csrf_token", "kq83hf92hfa93hf92hf", false},
		{"token", "", false},
		{"draft", "a long text that somebody has written and not sent", false},
		{"supabase-anon-key", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", false},
	} {
		if got := token(c.name, c.value) != ""; got != c.want {
			t.Errorf("token(%q, %q) = %t, want %t", c.name, c.value, got, c.want)
		}
	}
}
