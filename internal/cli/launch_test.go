package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func quietEnv(t *testing.T) *env {
	t.Helper()
	return &env{Context: t.Context(), stdout: io.Discard, stderr: io.Discard}
}

// TestLaunchCheckCommand: usage, the formats, and that nothing is ok where nobody answers.
func TestLaunchCheckCommand(t *testing.T) {
	for _, name := range []string{"DATABASE_URL", "STRIPE_SECRET_KEY", "TIJORI_ALERT_URL", "TIJORI_MAIL_FROM"} {
		t.Setenv(name, "")
	}
	t.Setenv("TIJORI_DATA", t.TempDir())
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := Main(append([]string{"launch", "check"}, args...), &out, &errs)
		return code, out.String(), errs.String()
	}
	for _, args := range [][]string{
		{},
		{"http://khata.example.in"},
		{"khata.example.in"},
		{"https://khata.example.in/path"},
		{"https://khata.example.in", "--format", "pdf"},
		{"https://khata.example.in", "--alert-url", "nowhere"},
	} {
		if code, out, errs := run(args...); code != exitUsage || out != "" || !strings.Contains(errs, "hint: ") {
			t.Errorf("launch check %v: exit %d\n%s%s", args, code, out, errs)
		}
	}
	nobody := []string{"https://127.0.0.1:1", "--resolver", "127.0.0.1:1", "--config", filepath.Join(t.TempDir(),
		"none.toml")}
	code, out, errs := run(append(nobody, "--format", "json")...)
	var list []billing.Check
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitFound {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	states := map[string]string{}
	for _, k := range list {
		states[k.Subject] = k.State
	}
	for subject, want := range map[string]string{
		"DNS A": "unknown", "TLS certificate": "wrong", "Stripe webhook refuses": "unknown",
		"secrets in the bundle": "unknown", "signed-in smoke test": "unknown", "live keys": "wrong",
		"alert delivery": "wrong", "database": "wrong", "back-ups": "ok",
	} {
		if states[subject] != want {
			t.Errorf("%s is %q, want %q", subject, states[subject], want)
		}
	}
	code, out, errs = run(append(nobody, "--outside")...)
	if code != exitFound || strings.Contains(out, "live keys") || strings.Contains(out, "database") ||
		!strings.Contains(out, "wrong    TLS certificate: ") || !strings.Contains(errs, "checks are not ok") {
		t.Errorf("from outside: exit %d\n%s%s", code, out, errs)
	}
}

// one runs a part of the check and returns what it found.
func one(t *testing.T, part func(x *examination)) billing.Check {
	t.Helper()
	x := &examination{}
	part(x)
	if len(x.checks) != 1 {
		t.Fatalf("%+v, want one check", x.checks)
	}
	return x.checks[0]
}

func is(t *testing.T, name string, got billing.Check, state, detail string) {
	t.Helper()
	if got.State != state || !strings.Contains(got.Detail, detail) || state != billing.CheckOK && got.Fix == "" {
		t.Errorf("%s: %+v, want %s with %q", name, got, state, detail)
	}
}

func TestLaunchLiveKeys(t *testing.T) {
	t.Parallel()
	const hook, pair = "whsec_0123456789abcdef", "0123456789"
	for _, c := range []struct {
		name          string
		flags         providerFlags
		state, detail string
	}{
		{"none", providerFlags{}, "wrong", "simulated"},
		{
			"test",
			providerFlags{StripeKey: "sk_test_0123456789", StripeWebhookSecrets: hook},
			"wrong",
			"Stripe are of its test mode",
		},
		{"live", providerFlags{StripeKey: "sk_live_0123456789", StripeWebhookSecrets: hook}, "ok", "Stripe (live)"},
		{"Razorpay's test", providerFlags{
			RazorpayKeyID: "rzp_test_0123456789", RazorpayKeySecret: pair, RazorpayWebhookSecrets: pair,
		}, "wrong", "Razorpay are of its test mode"},
		{"one of two", providerFlags{
			StripeKey: "sk_live_0123456789", StripeWebhookSecrets: hook, RazorpayKeyID: "rzp_test_0123456789",
			RazorpayKeySecret: pair, RazorpayWebhookSecrets: pair,
		}, "wrong", "Razorpay are of its test mode"},
	} {
		check := &launchCheckCmd{}
		check.providerFlags = c.flags
		is(t, c.name, one(t, check.liveKeys), c.state, c.detail)
	}
}

func TestLaunchAlerts(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	var heard atomic.Value
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		heard.Store(string(b))
		w.WriteHeader(int(status.Load()))
	}))
	defer receiver.Close()
	site := &url.URL{Scheme: "https", Host: "khata.example.in"}
	check := &launchCheckCmd{}
	look := func() billing.Check {
		return one(t, func(x *examination) { check.alerts(quietEnv(t), x, site) })
	}
	is(t, "nobody", look(), "wrong", "nobody hears of trouble")
	check.AlertURL = receiver.URL + "/secret-path"
	status.Store(200)
	got := look()
	is(t, "heard", got, "ok", "a message went to 127.0.0.1")
	if text, _ := heard.Load().(string); !strings.Contains(text, "launch check of https://khata.example.in") {
		t.Errorf("the receiver heard %q", text)
	}
	if strings.Contains(got.Detail, "secret-path") {
		t.Errorf("%q gives the address away", got.Detail)
	}
	status.Store(500)
	is(t, "refused", look(), "wrong", "answered 500")
	check.NoMessage = true
	is(t, "not sent", look(), "unknown", "no message was sent")
	check.NoMessage, check.AlertMail = false, []string{"owner@example.in"}
	is(t, "no mail server", look(), "wrong", "no mail server is set")
}

func TestLaunchBundle(t *testing.T) {
	t.Parallel()
	script := ""
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<!doctype html><title>Shop</title><script src="/app.js"></script>`)
		case "/app.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, script)
		default:
			http.NotFound(w, r)
		}
	}))
	defer site.Close()
	u, err := url.Parse(site.URL)
	if err != nil {
		t.Fatal(err)
	}
	look := func() billing.Check {
		return one(t, func(x *examination) { (&launchCheckCmd{}).bundle(quietEnv(t), x, u) })
	}
	script = `const a = 1;`
	is(t, "clean", look(), "ok", "nothing that every visitor gets")
	script = `const key = "sk_` + `live_51H` + rand.Text() + `";`
	is(t, "a secret", look(), "wrong", "bundle-payment-key")
	site.Close()
	is(t, "nobody", look(), "unknown", "")
}

func TestLaunchSmoke(t *testing.T) {
	t.Parallel()
	shop := httptest.NewServer(leaky.New())
	defer shop.Close()
	u, err := url.Parse(shop.URL)
	if err != nil {
		t.Fatal(err)
	}
	check := &launchCheckCmd{Config: filepath.Join(t.TempDir(), "audit.toml")}
	look := func() billing.Check {
		return one(t, func(x *examination) { check.smoke(quietEnv(t), x, u) })
	}
	is(t, "nobody is named", look(), "unknown", "nobody signs in")
	write := func(text string) {
		if err := os.WriteFile(check.Config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[target]\nurl = 7\n")
	is(t, "a file that cannot be read", look(), "unknown", "")
	write(leaky.Config(shop.URL))
	is(t, "all is well", look(), "ok", "everybody signs in")
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "down", http.StatusBadGateway)
	}))
	defer down.Close()
	write(leaky.Config(down.URL))
	if u, err = url.Parse(down.URL); err != nil {
		t.Fatal(err)
	}
	is(t, "nobody can sign in", look(), "wrong", "smoke-down")
}

// TestHandover: the document says what is set, and nothing that is secret; what somebody typed is text.
func TestHandover(t *testing.T) {
	db := pgtest.New(t)
	admin := db.Config.Admin
	secrets := map[string]string{
		"DATABASE_URL": fmt.Sprintf("postgres://%s:secret-0-word@/%s?host=%s&port=%d&sslmode=disable", admin.User,
			admin.Database, admin.Host, admin.Port),
		"STRIPE_SECRET_KEY": "sk_test_secret1word", "STRIPE_WEBHOOK_SECRETS": "whsec_secret2word",
		"RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "secret3word", "RAZORPAY_WEBHOOK_SECRETS": "secret4word",
		"TIJORI_SMTP_URL":        "smtp://mailer:secret5word@mail.example.in",
		"TIJORI_ALERT_URL":       "https://hooks.slack.com/services/secret6word",
		"TIJORI_KEY":             strings.Repeat("secret7word", 4),
		"TIJORI_DATABASE_SECRET": "secret8word", "AWS_SECRET_ACCESS_KEY": "secret9word",
		"TIJORI_ALERT_SECRET":         "whsec_c2VjcmV0LTEwLXdvcmQtc2VjcmV0LTEwLXdvcmQ=",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "https://user:secret11word@traces.example.in/secret11word",
		"TIJORI_BACKUP":               "s3://keys:secret12word@backups/khata?token=secret12word",
		"TIJORI_ADMIN_URL":            "",
	}
	for name, value := range secrets {
		t.Setenv(name, value)
	}
	t.Setenv("TIJORI_TLS_DOMAIN", "khata.example.in,www.example.in")
	t.Setenv("TIJORI_OPERATORS", "asha@example.in")
	t.Setenv("TIJORI_MAIL_FROM", "Tijori <tijori@example.in>")
	t.Setenv("TIJORI_DATA", t.TempDir())
	run := func(args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		args = append([]string{
			"launch", "handover", "--contact", "Asha, <b>payments</b> | +91 _1_", "--contact",
			"Bina",
		}, args...)
		if code := Main(args, &out, &errs); code != 0 {
			t.Fatalf("%v: exit %d\n%s", args, code, &errs)
		}
		return out.String()
	}
	markdown, page := run(), run("--format", "html")
	for name, text := range map[string]string{"Markdown": markdown, "HTML": page} {
		for _, want := range []string{
			"https://khata.example.in", "automatic, by ACME, for khata.example.in, www.example.in", "PostgreSQL 1",
			"test keys", "hooks.slack.com", "traces.example.in", "s3://backups/khata", "asha@example.in", "Bina",
			"SPF, DKIM and DMARC are records of example.in", "not encrypted", "Metrics", "Rollback",
		} {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
		for _, not := range []string{
			"secret0", "secret-0", "secret1", "secret2", "secret3", "secret4", "secret5",
			"secret6",
			"secret7", "secret8", "secret9", "secret11", "c2VjcmV0", "<b>payments",
		} {
			if strings.Contains(text, not) {
				t.Errorf("%s has %q", name, not)
			}
		}
		for _, r := range rotation {
			if !strings.Contains(strings.ReplaceAll(text, `\_`, "_"), r[0]) {
				t.Errorf("%s does not say how %s is changed", name, r[0])
			}
		}
	}
	for line := range strings.Lines(markdown) {
		if strings.HasPrefix(line, "|") && strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") != 3 {
			t.Errorf("not a row of two cells: %s", line)
		}
	}
	if _, err := html.Parse(strings.NewReader(page)); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "handover.md")
	if run("--output", file) != "" {
		t.Error("with --output it prints as well")
	}
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "# Handover: khata.example.in") {
		t.Errorf("the file: %v\n%s", err, text)
	}
}

// TestEverySecretIsRotated: whatever setting holds a secret, the document says how it is changed.
func TestEverySecretIsRotated(t *testing.T) {
	t.Parallel()
	known := map[string]bool{"AWS_SECRET_ACCESS_KEY": true}
	for _, r := range rotation {
		known[r[0]] = true
	}
	for name := range settingsTags(serveFlags{}) {
		for _, word := range []string{"SECRET", "_KEY", "PASSWORD", "TOKEN", "DATABASE_URL", "SMTP_URL"} {
			if strings.Contains(name, word) && !known[name] && name != "RAZORPAY_KEY_ID" && name != "TIJORI_TLS_KEY" {
				t.Errorf("%s is not in the table of rotation", name)
			}
		}
	}
}

// settingsTags are the names of all settings of a command.
func settingsTags(flags any) map[string]bool {
	out := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous && f.Type.Kind() == reflect.Struct {
				walk(f.Type)
			} else if name := f.Tag.Get("env"); name != "" {
				out[name] = true
			}
		}
	}
	walk(reflect.TypeOf(flags))
	return out
}
