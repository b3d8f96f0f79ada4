package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// TestRestoreThenReconcile loses a database after a purchase that no back-up has. The archive comes back, and the
// comparison with the provider brings the purchase.
func TestRestoreThenReconcile(t *testing.T) {
	db := pgtest.New(t)
	now := clock.New()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w,
			r)
	}))
	t.Cleanup(api.Close)
	mux := http.NewServeMux()
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	sim, err := simulator.New(simulator.Config{URL: api.URL, AppURL: front.URL, Prices: prices(plans), Now: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	handler = sim.Handler()
	admin := db.Config.Admin
	dir, state := t.TempDir(), stateFolder(t)
	t.Setenv("DATABASE_URL", fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", admin.Host, admin.Port,
		admin.User, admin.Database))
	t.Setenv("TIJORI_SIMULATOR_ADDR", strings.TrimPrefix(api.URL, "http://"))
	t.Setenv("TIJORI_DATA", state)
	if err := postgres.SetEnvironment(t.Context(), db.Config, postgres.Environment{
		Mode: postgres.Simulated, Accounts: map[string]string{"stripe": "", "razorpay": ""},
	}, now); err != nil {
		t.Fatal(err)
	}
	var o operateFlags
	o.SimulatorAddr = strings.TrimPrefix(api.URL, "http://")
	s, r, err := o.reach()
	if err != nil {
		t.Fatal(err)
	}
	service, err := billing.New(billing.Config{
		DB: db.DB, Plans: plans, Clock: now, Stripe: s, Razorpay: r,
		PublicURL: front.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := service.SyncPlans(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/stripe/webhook", service.Webhook(facts.Stripe))
	mux.Handle("/api/razorpay/webhook", service.Webhook(facts.Razorpay))
	buy := func(u *pgtest.User) {
		t.Helper()
		c, err := service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, facts.Stripe)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sim.PaySession(c.URL[strings.LastIndex(c.URL, "/")+1:]); err != nil {
			t.Fatal(err)
		}
		if err := sim.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := service.ApplyInbox(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, says string, args ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		exit := Main(args, &stdout, &stderr)
		if out := stdout.String() + stderr.String(); exit != want || !strings.Contains(out, says) {
			t.Fatalf("tijori %s: exit %d, want %d with %q\n%s", strings.Join(args, " "), exit, want, says, out)
		}
	}
	plan := func(u *pgtest.User) (plan string) {
		t.Helper()
		again, err := postgres.Open(t.Context(), db.Config)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		if err := again.Auth.QueryRow(t.Context(), "select 1").Scan(new(int)); err != nil {
			t.Fatal(err)
		}
		service, err := billing.New(billing.Config{
			DB: again, Plans: plans, Clock: now, Stripe: s, Razorpay: r,
			PublicURL: front.URL,
		})
		if err != nil {
			t.Fatal(err)
		}
		view, err := service.Overview(t.Context(), u.Account())
		if err != nil {
			t.Fatal(err)
		}
		return view.Plan.ID
	}
	asha, binod := db.User(t, "Asha"), db.User(t, "Binod")
	buy(asha)
	keys := filepath.Join(t.TempDir(), "key")
	run(0, "age1", "backup", "key", keys)
	run(1, "name a file that does not exist yet", "backup", "key", keys)
	public, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	recipient := strings.Fields(string(public)[strings.Index(string(public), "age1"):])[0]
	run(0, "everything adds up", "backup", dir, "--recipient", recipient)
	run(0, "simulated", "backup", "list", dir)
	run(0, "whole, as it was written", "backup", "verify", dir, "--read", "--identity", keys)
	buy(binod)
	if plan(binod) != "pro" {
		t.Fatalf("Binod has %s before", plan(binod))
	}
	db.Close() // every node is stopped
	db.Super.Close()
	run(1, "no key was given", "restore", dir, "--replace")
	run(0, "what was there is kept as", "restore", dir, "--replace", "--identity", keys)
	if plan(asha) != "pro" || plan(binod) == "pro" {
		t.Fatalf("after the restore Asha has %s and Binod %s", plan(asha), plan(binod))
	}
	run(0, "repaired", "reconcile", "--provider", "stripe")
	if plan(binod) != "pro" {
		t.Errorf("after the comparison Binod has %s, want pro", plan(binod))
	}
	run(0, "every balance", "credits", "verify")
	run(0, "the sums of every party", "ledger", "verify")
}

// stateFolder is an empty folder that the database's user can walk through.
func stateFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tijori-b")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
