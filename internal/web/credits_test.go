package web

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/client"
	"github.com/tijorihq/tijori/internal/credits"
)

// spender is an account with its own key and so many credits.
func (w *world) spender(amount int64) *client.Client {
	w.Helper()
	u := w.db.User(w, "spender")
	key, _, err := w.credits.CreateKey(w.Context(), u.Account(), "program",
		[]string{credits.Read, credits.SpendCredits})
	w.ok(err)
	if amount > 0 {
		_, err = w.credits.Grant(w.Context(), credits.Grant{
			AccountID: u.AccountID, Meter: "credits",
			Kind: credits.Promotional, Amount: amount, Key: "test", Reason: "a test", By: "test",
		})
		w.ok(err)
	}
	return client.New(w.url, key)
}

func (w *world) creditsAddUp() {
	w.Helper()
	findings, err := w.credits.Verify(w.Context())
	w.ok(err)
	for _, f := range findings {
		w.Errorf("the books do not add up: %v", f)
	}
}

// TestClient walks through what docs/credits.md tells, as a developer would.
func TestClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.spender(20)
	ctx := t.Context()
	spent, err := c.Consume(ctx, client.Spend{Meter: "credits", Amount: 3, Key: "one", Note: "a page"})
	w.ok(err)
	if spent.Balance != 17 {
		t.Errorf("balance %d, want 17", spent.Balance)
	}
	_, err = c.Consume(ctx, client.Spend{Meter: "credits", Amount: 30, Key: "two"})
	if e := client.Insufficient(err); e == nil || e.Status != 402 || e.Balance != 17 || e.Meter != "credits" {
		t.Errorf("more than there is: %v", err)
	}
	failed := errors.New("the model is down")
	if err := c.Gate(ctx, client.Spend{Meter: "credits", Amount: 5, Key: "job 1"},
		func(context.Context) (int64, error) { return 5, failed }); !errors.Is(err, failed) {
		t.Errorf("Gate of work that fails = %v", err)
	}
	w.ok(c.Gate(ctx, client.Spend{Meter: "credits", Amount: 5, Key: "job 2"},
		func(context.Context) (int64, error) { return 4, nil }))
	list, err := c.Balances(ctx)
	w.ok(err)
	if list[0].Balance != 13 || list[0].Held != 0 {
		t.Errorf("balances %+v, want 13", list)
	}
	var kinds []string
	cursor := ""
	for {
		page, next, err := c.Entries(ctx, "credits", cursor, 2)
		w.ok(err)
		for _, e := range page {
			kinds = append(kinds, fmt.Sprint(e.Kind, " ", e.Amount))
		}
		if cursor = next; next == "" {
			break
		}
	}
	if got := strings.Join(kinds, ", "); got != "capture -4, consume -3, promotional 20" {
		t.Errorf("entries: %s", got)
	}
	if _, err := client.New(w.url, "tijori_wrong").Balances(ctx); err == nil || !strings.Contains(err.Error(),
		"unauthorized") {
		t.Errorf("a wrong key: %v", err)
	}
	w.creditsAddUp()
}

// race lets n programs want one credit each, each twice with the same key, over all servers.
func race(t *testing.T, clients []*client.Client, n int, want func(c *client.Client,
	key string) error,
) map[string]bool {
	t.Helper()
	won := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range n {
		key := fmt.Sprint("race ", i)
		for again := range 2 {
			wg.Go(func() {
				err := want(clients[(i+again)%len(clients)], key)
				switch {
				case err == nil:
					mu.Lock()
					won[key] = true
					mu.Unlock()
				case client.Insufficient(err) == nil && client.Repeated(err) == nil: // a hold goes to one of the two
					t.Errorf("%s: %v", key, err)
				}
			})
		}
	}
	wg.Wait()
	return won
}

// TestRaceOverHTTP: two hundred concurrent requests for ten credits, each of them twice, through two servers of their
// own on one database, at once or by holds. Exactly ten succeed.
func TestRaceOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := httptest.NewServer(w.another())
	t.Cleanup(second.Close)
	for name, want := range map[string]func(*client.Client, string) error{
		"consume": func(c *client.Client, key string) error {
			_, err := c.Consume(t.Context(), client.Spend{Meter: "credits", Amount: 1, Key: key})
			return err
		},
		"hold": func(c *client.Client, key string) error {
			h, err := c.Hold(t.Context(), client.Spend{Meter: "credits", Amount: 1, Key: key}, time.Minute)
			if err == nil {
				_, err = c.Capture(t.Context(), h.ID, 1)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, servers := range []int{1, 2} {
				c := w.spender(10)
				clients := []*client.Client{c}
				if servers == 2 {
					clients = append(clients, client.New(second.URL, c.Key))
				}
				if won := race(t, clients, 200, want); len(won) != 10 {
					t.Errorf("on %d servers %d succeeded, want 10", servers, len(won))
				}
				list, err := c.Balances(t.Context())
				w.ok(err)
				if list[0].Balance != 0 || list[0].Held != 0 {
					t.Errorf("left: %+v, want nothing", list[0])
				}
			}
		})
	}
	w.creditsAddUp()
}

// another is a second server on the same database, with a desk of its own.
func (w *world) another() *Server {
	c := w.config
	c.Credits = credits.New(credits.Config{DB: w.db.DB, Plans: c.Plans, Clock: c.Clock, Log: c.Log})
	return New(c)
}

// fence finds the examples of docs/credits.md.
var fence = regexp.MustCompile("(?s)```(sh|js)\n(.*?)```")

// TestExamplesOfTheDocs runs every example of the page as it stands there.
func TestExamplesOfTheDocs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page, err := os.ReadFile("../../docs/credits.md")
	w.ok(err)
	ran := map[string]int{}
	for _, m := range fence.FindAllStringSubmatch(string(page), -1) {
		kind, text := m[1], m[2]
		program, args := "bash", []string{"-euo", "pipefail", "-c", text}
		if kind == "js" {
			program, args = "node", []string{"--input-type=module", "-e", text}
		}
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("%s is needed to run the examples (scripts/setup-test installs it): %v", program, err)
		}
		c := w.spender(100)
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = append(os.Environ(), "TIJORI_URL="+w.url, "TIJORI_KEY="+c.Key)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s example: %v\n%s\n%s", kind, err, text, out)
		}
		if strings.Contains(text, "/api/credits") && !strings.Contains(string(out), `"balance"`) &&
			!strings.Contains(string(out), "balance") {
			t.Errorf("%s example says nothing of a balance: %s\n%s", kind, out, text)
		}
		if strings.Contains(text, "function gate(") && !strings.Contains(string(out), "[ 200, 202 ] 200") &&
			!strings.Contains(string(out), "[ 202, 200 ] 200") {
			t.Errorf("two tabs do not get the picture and a word to wait: %s", out)
		}
		ran[kind]++
	}
	if ran["sh"] == 0 || ran["js"] == 0 {
		t.Errorf("examples found: %v, want curl and JavaScript", ran)
	}
	w.creditsAddUp()
}
