package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// TestDoctor examines a set-up that is right, and one for each thing that can be wrong with it.
func TestDoctor(t *testing.T) {
	db := pgtest.New(t)
	now := clock.New()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	var edit func(path string, answer map[string]any) int // 0 leaves the status as it is
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		body, status := rec.Body.Bytes(), rec.Code
		var answer map[string]any
		if edit != nil && json.Unmarshal(body, &answer) == nil {
			if s := edit(r.URL.Path, answer); s != 0 {
				status = s
			}
			body, _ = json.Marshal(answer)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	t.Cleanup(api.Close)
	const public = "http://127.0.0.1:8080"
	sim, err := simulator.New(simulator.Config{URL: api.URL, AppURL: public, Prices: prices(plans), Now: now.Now})
	if err != nil {
		t.Fatal(err)
	}
	handler = sim.Handler()
	admin := db.Config.Admin
	t.Setenv("DATABASE_URL", fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", admin.Host, admin.Port,
		admin.User, admin.Database))
	t.Setenv("TIJORI_SIMULATOR_ADDR", strings.TrimPrefix(api.URL, "http://"))
	t.Setenv("TIJORI_PUBLIC_URL", public)
	t.Setenv("TIJORI_DATA", t.TempDir())

	if err := postgres.SetEnvironment(t.Context(), db.Config, postgres.Environment{
		Mode: postgres.Simulated, Accounts: map[string]string{"stripe": "", "razorpay": ""},
	}, now); err != nil {
		t.Fatal(err)
	}

	first := func(answer map[string]any, list string) map[string]any {
		return answer[list].([]any)[0].(map[string]any)
	}
	hook := func(change func(w map[string]any)) func(string, map[string]any) int {
		return func(path string, answer map[string]any) int {
			if path == "/v1/webhook_endpoints" {
				change(first(answer, "data"))
			}
			return 0
		}
	}
	razorpayHook := func(change func(w map[string]any)) func(string, map[string]any) int {
		return func(path string, answer map[string]any) int {
			if path == "/razorpay/v1/webhooks" {
				change(first(answer, "items"))
			}
			return 0
		}
	}
	price := func(change func(p map[string]any) int) func(string, map[string]any) int {
		return func(path string, answer map[string]any) int {
			if path == "/v1/prices/price_TijoriProYear" {
				return change(answer)
			}
			return 0
		}
	}
	broken := filepath.Join(t.TempDir(), "plans.toml")
	if err := os.WriteFile(broken, []byte("[[plan]]\nid = 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	nobody, err := net.Listen("tcp", "127.0.0.1:0") // a port at which nobody answers
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	without := func(kind string) []string {
		return slices.DeleteFunc(slices.Clone(stripe.Events), func(k string) bool { return k == kind })
	}
	for name, c := range map[string]struct {
		args string
		edit func(string, map[string]any) int
		exit int
		says string
	}{
		"all is well": {"", nil, 0, "ok       Stripe webhook: events arrive at " + public +
			"/api/stripe/webhook"},
		"prices are right": {"", nil, 0, "ok       Razorpay prices: 4 are as the plan file says"},
		"as JSON":          {"--json", nil, 0, `"subject": "clock"`},
		"every event by name": {
			"", hook(func(w map[string]any) { w["enabled_events"] = stripe.Events }), 0,
			"ok       Stripe webhook",
		},
		"an event is lacking": {
			"", hook(func(w map[string]any) { w["enabled_events"] = without("invoice.paid") }),
			3, "does not send invoice.paid",
		},
		"webhook off": {
			"", hook(func(w map[string]any) { w["status"] = "disabled" }), 3,
			"is switched off, so no event arrives",
		},
		"webhook elsewhere": {
			"",
			hook(func(w map[string]any) { w["url"] = "https://old.example.com/api/stripe/webhook" }), 3,
			"no webhook leads to",
		},
		"another API version": {
			"", hook(func(w map[string]any) { w["api_version"] = "2024-06-20" }), 3,
			"choose a version of the dahlia train",
		},
		"Razorpay, a list": {
			"", razorpayHook(func(w map[string]any) { w["events"] = razorpay.Events }), 0,
			"ok       Razorpay webhook",
		},
		"Razorpay, one off": {
			"",
			razorpayHook(func(w map[string]any) { w["events"].(map[string]any)["refund.failed"] = false }), 3,
			"does not send refund.failed",
		},
		"Razorpay, switched off": {
			"", razorpayHook(func(w map[string]any) { w["active"] = "0" }), 3,
			"is switched off",
		},
		"Razorpay may not ask": {"", func(path string, _ map[string]any) int {
			if path == "/razorpay/v1/webhooks" {
				return 401
			}
			return 0
		}, 3, "unknown  Razorpay webhook"},
		"price archived": {
			"", price(func(p map[string]any) int { p["active"] = false; return 0 }), 3,
			"price_TijoriProYear is archived",
		},
		"price differs": {
			"", price(func(p map[string]any) int { p["unit_amount"] = 1; return 0 }), 3,
			"price_TijoriProYear costs 1 USD",
		},
		"price in rupees": {
			"", price(func(p map[string]any) int { p["currency"] = "inr"; return 0 }), 3,
			"INR (minor units), the plan file says",
		},
		"price by the month": {"", price(func(p map[string]any) int {
			p["recurring"] = map[string]any{"interval": "month", "interval_count": 12}
			return 0
		}), 3, "every 12 months, the plan file says every year"},
		"price unknown": {"", price(func(p map[string]any) int {
			p["error"] = map[string]any{"code": "resource_missing"}
			return 404
		}), 3, "price_TijoriProYear does not exist"},
		"key may not read prices": {"", price(func(p map[string]any) int {
			p["error"] = map[string]any{"type": "invalid_request_error", "message": "the key may not"}
			return 403
		}), 3, "permit the restricted key to read prices"},
		"plan file":      {"--plans " + broken, nil, 3, "wrong    plan file"},
		"public address": {"--public-url nowhere", nil, 3, "wrong    public address"},
		"no mail server": {"--smtp-url smtp://" + nobody.Addr().String() + "?tls=none", nil, 3, "wrong    mail"},
		"keys of live data": {
			"--stripe-key sk_live_1234567890 --stripe-webhook-secrets whsec_1234567890", nil, 3,
			"wrong    environment",
		},
		"half of the keys": {"--razorpay-key-id rzp_test_1", nil, 3, "wrong    payment keys"},
		"another state": {
			"--database-url= --data " + filepath.Join(t.TempDir(), "none"), nil, 3,
			"there is no database of Tijori in",
		},
		"a flag that is not": {"--fix", nil, 2, "unknown flag"},
	} {
		t.Run(name, func(t *testing.T) {
			edit = c.edit
			var stdout, stderr bytes.Buffer
			exit := Main(append([]string{"doctor"}, strings.Fields(c.args)...), &stdout, &stderr)
			if out := stdout.String() + stderr.String(); exit != c.exit || !strings.Contains(out, c.says) {
				t.Errorf("exit %d, want %d with %q\n%s", exit, c.exit, c.says, out)
			}
		})
	}
}

// TestEventsOfTheDocument: docs/providers.md lists exactly the types of events that are needed.
func TestEventsOfTheDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	section := string(text)
	section = section[strings.Index(section, "## The events to choose"):]
	listed := map[string][]string{}
	provider := ""
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) < 3:
			continue
		case strings.HasSuffix(strings.TrimSpace(cells[2]), "what for"):
			provider = strings.TrimSpace(cells[1])
			continue
		}
		whole := ""
		for _, word := range strings.Split(cells[1], ",") {
			kind := strings.Trim(word, " `")
			if rest, short := strings.CutPrefix(kind, "."); short { // in place of what follows the last dot
				kind = whole[:strings.LastIndex(whole, ".")+1] + rest
			}
			if strings.Contains(kind, ".") {
				whole = kind
				listed[provider] = append(listed[provider], kind)
			}
		}
	}
	for provider, want := range map[string][]string{"Stripe": stripe.Events, "Razorpay": razorpay.Events} {
		if !slices.Equal(listed[provider], want) {
			t.Errorf("%s: the document lists\n%v\nneeded are\n%v", provider, listed[provider], want)
		}
	}
}
