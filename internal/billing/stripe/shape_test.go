package stripe

import (
	"bufio"
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// mock runs stripe-mock, which holds every request against Stripe's own
// OpenAPI description, and returns its address. It keeps no state: what it
// answers proves nothing, that it answers proves the form of the request.
func mock(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "go", "tool", "-modfile=tools/go.mod", "stripe-mock", "-http-addr", "127.0.0.1:0")
	cmd.Dir = "../../.."
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if _, address, ok := strings.Cut(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() {
				for lines.Scan() { // so that it never waits for a reader
				}
			}()
			return "http://" + strings.TrimSpace(address)
		}
	}
	t.Fatalf("stripe-mock did not start: %s", strings.Join(said, "\n"))
	return ""
}

// TestRequestsHaveStripesForm makes every call that the product makes.
func TestRequestsHaveStripesForm(t *testing.T) {
	c, err := New(Config{
		Key: "sk_test_123", Secrets: []facts.Secret{{Label: "a", Key: "whsec_of_the_test"}},
		URL: mock(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, now := t.Context(), time.Now()
	change := Change{SubscriptionID: "sub_1", CustomerID: "cus_1", PriceID: "price_1", At: now}
	request := SessionRequest{
		Key: "k", CustomerID: "cus_1", AccountID: "acc", CheckoutID: "chk", PriceID: "price_1",
		SuccessURL: "https://example.com/ok?session_id={CHECKOUT_SESSION_ID}",
		CancelURL:  "https://example.com", ExpiresAt: now.Add(time.Hour), Locale: "en",
	}
	for name, call := range map[string]func() error{
		"create customer": func() error {
			_, err := c.CreateCustomer(ctx, "cust_create_1", "acc",
				"asha@example.com")
			return err
		},
		"create session":       func() error { _, err := c.CreateSession(ctx, request); return err },
		"session":              func() error { _, err := c.Session(ctx, "cs_1"); return err },
		"expire session":       func() error { return c.ExpireSession(ctx, "cs_1") },
		"subscription":         func() error { _, err := c.Subscription(ctx, "sub_1"); return err },
		"list subscriptions":   func() error { _, _, err := c.SubscriptionPage(ctx, "", "sub_1"); return err },
		"list of a customer":   func() error { _, _, err := c.SubscriptionPage(ctx, "cus_1", ""); return err },
		"list paid invoices":   func() error { _, _, err := c.PaidPage(ctx, now, "in_1"); return err },
		"list missed events":   func() error { _, _, err := c.MissedPage(ctx, now, "evt_1"); return err },
		"webhook endpoints":    func() error { _, err := c.Webhooks(ctx); return err },
		"offer":                func() error { _, err := c.Offer(ctx, "price_1"); return err },
		"invoices":             func() error { _, err := c.Invoices(ctx, "sub_1"); return err },
		"portal":               func() error { _, err := c.Portal(ctx, "cus_1", "https://example.com"); return err },
		"cancel now":           func() error { return c.Cancel(ctx, "sub_1", false) },
		"cancel at period end": func() error { return c.Cancel(ctx, "sub_1", true) },
		"resume":               func() error { return c.Resume(ctx, "sub_1") },
		"preview a change":     func() error { _, err := c.Preview(ctx, change); return err },
		"change":               func() error { return c.Change(ctx, change) },
		"change at period end": func() error { return c.ChangeAtPeriodEnd(ctx, change) },
		"schedule a change": func() error {
			return c.post(ctx, "/v1/subscription_schedules", url.Values{"from_subscription": {"sub_1"}}, &struct{}{})
		},
		"forget a change": func() error { return c.Unschedule(ctx, "sub_1") },
		"release": func() error {
			return c.post(ctx, "/v1/subscription_schedules/sub_sched_1/release", nil,
				&struct{}{})
		},
		"list refunds":    func() error { _, _, err := c.RefundPage(ctx, now, "re_1"); return err },
		"list disputes":   func() error { _, _, err := c.DisputePage(ctx, now, "dp_1"); return err },
		"refunded in all": func() error { _, err := c.Refunded(ctx, "pi_1"); return err },
		"payment session": func() error { _, err := c.CreatePayment(ctx, request); return err },
		"locate a refund": func() error {
			_, err := c.Locate(ctx, &facts.Event{Refund: &facts.Refund{ChargeID: "ch_1", IntentID: "pi_1"}})
			return err
		},
		"clear cancel_at": func() error {
			return c.post(ctx, "/v1/subscriptions/sub_1", url.Values{"cancel_at": {""}}, &struct{}{})
		},
	} {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := c.post(ctx, "/v1/subscriptions/sub_1", url.Values{"no_such_parameter": {"1"}}, &struct{}{}); err == nil {
		t.Error("an unknown parameter is accepted: the mock checks nothing")
	}
}
