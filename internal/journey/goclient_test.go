package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/client"
)

var (
	payAction = regexp.MustCompile(`action="([^"]+)"`)
	goAction  = regexp.MustCompile(`action="([^"]+)" data-go`)
)

// pay presses the button of a provider's page, without a browser.
func (s *shop) pay(t *testing.T, address string) {
	t.Helper()
	if strings.HasPrefix(address, s.url+"/pay/") {
		address = s.toRazorpay(t, address)
	}
	if !strings.HasPrefix(address, s.payments) {
		t.Fatalf("%s is not the simulator's", address)
	}
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if found := payAction.FindSubmatch(page); found != nil {
		if address, err = url.JoinPath(s.payments, string(found[1])); err != nil {
			t.Fatal(err)
		}
	}
	alone := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if answer, err = alone.PostForm(address, url.Values{"do": {"pay"}}); err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Error(err)
	}
	if answer.StatusCode >= 400 {
		t.Fatalf("the provider's page answers %s", answer.Status)
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// toRazorpay goes from our page of a checkout to Razorpay's hosted one, as a browser does, and returns its address.
func (s *shop) toRazorpay(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	action, fields := goAction.FindSubmatch(page), url.Values{}
	if action == nil {
		t.Fatalf("%s leads nowhere: %s %.500s", address, answer.Status, page)
	}
	for _, f := range hidden.FindAllSubmatch(page, -1) {
		fields.Set(html.UnescapeString(string(f[1])), html.UnescapeString(string(f[2])))
	}
	alone := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if answer, err = alone.PostForm(html.UnescapeString(string(action[1])), fields); err != nil {
		t.Fatal(err)
	}
	at, err := answer.Location()
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatalf("Razorpay's hosted checkout answers %s: %v", answer.Status, err)
	}
	return at.String()
}

// TestGoClientOfAnApp sells to customers of an app from Go, against a server with simulated payments.
func TestGoClientOfAnApp(t *testing.T) {
	t.Parallel()
	s := openShop(t, "http://localhost:3000")
	c := client.New(s.url, s.key)
	ctx := within(t, 5*time.Minute)
	back := s.origin + "/paid"
	for _, provider := range []string{"stripe", "razorpay"} {
		t.Run(provider, func(t *testing.T) {
			org := c.Customer("org|" + provider + ":+@=~")
			if got, err := org.Check(ctx, "render", 0); err != nil || got.Allowed || got.UpgradeTo != "studio" {
				t.Fatalf("Check of a new customer = %+v, %v", got, err)
			}
			p := client.Purchase{
				Plan: "studio", Interval: "month", Provider: provider, ReturnURL: back, Key: uuid.NewString(),
			}
			got, err := org.Checkout(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := org.Checkout(ctx, p); err != nil || again.URL != got.URL {
				t.Errorf("the same checkout again = %+v, %v", again, err)
			}
			s.pay(t, got.URL)
			state, err := org.Refresh(ctx)
			if err != nil || state.Plan != "studio" || state.Status != "active" {
				t.Fatalf("Refresh = %+v, %v", state, err)
			}
			if list, err := org.Invoices(ctx); err != nil || len(list) != 1 || list[0].Provider != provider {
				t.Errorf("Invoices = %+v, %v", list, err)
			}
			spendOnce(t, org)
			if state, err := org.Cancel(ctx); err != nil || state.EndsAt == nil || state.Plan != "studio" {
				t.Errorf("Cancel = %+v, %v", state, err)
			}
		})
	}
	t.Run("change", func(t *testing.T) {
		org := c.Customer("change")
		if _, err := org.Put(ctx, client.Profile{Name: "Change", TimeZone: "Asia/Kolkata"}); err != nil {
			t.Fatal(err)
		}
		got, err := org.Checkout(ctx, client.Purchase{
			Plan: "studio", Interval: "month", Provider: "stripe", ReturnURL: back, Key: "1",
		})
		if err != nil {
			t.Fatal(err)
		}
		s.pay(t, got.URL)
		if _, err := org.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		quote, err := org.PreviewChange(ctx, "studio", "year")
		if err != nil || quote.DueNow.Currency != "USD" || quote.DueNow.Amount <= 0 {
			t.Fatalf("PreviewChange = %+v, %v", quote, err)
		}
		changed, err := org.Change(ctx, quote.Quote, back, "2")
		if err != nil {
			t.Fatal(err)
		}
		if !changed.Done {
			s.pay(t, changed.URL)
		}
		if state, err := org.Refresh(ctx); err != nil || state.Interval != "year" {
			t.Errorf("after the change: %+v, %v", state, err)
		}
		var refused *client.Error
		if _, err := org.PreviewSeats(ctx, 3); !errors.As(err, &refused) || refused.Reason != "no_seats" {
			t.Errorf("PreviewSeats of a plan that is not sold by the seat: %v", err)
		}
		if address, err := org.Portal(ctx, back); err != nil || !strings.HasPrefix(address, "http") {
			t.Errorf("Portal = %q, %v", address, err)
		}
		if token, err := org.Token(ctx, "read", s.origin); err != nil || !strings.HasPrefix(token.Token, "tj_ct_") {
			t.Errorf("Token = %+v, %v", token, err)
		}
		if err := org.EndTokens(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("events", func(t *testing.T) { receiveEvent(t, c) })
	if plans, topUps, err := c.Plans(ctx); err != nil || len(plans) != 2 || len(topUps) != 1 {
		t.Errorf("Plans = %+v, %+v, %v", plans, topUps, err)
	}
}

// spendOnce does work under one key once, whoever calls.
func spendOnce(t *testing.T, org *client.Customer) {
	t.Helper()
	before, err := org.State(t.Context())
	end := time.Now().Add(time.Minute)
	for ; err == nil && before.Meters[0].Balance < 100; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) { // the plan's allowance comes a moment after the plan
			t.Fatalf("a minute after the purchase there are %+v", before.Meters)
		}
		before, err = org.State(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	var done atomic.Int64
	work := func() error {
		return org.Gate(t.Context(), client.Spend{Amount: 10, Feature: "render", Key: "job 1"},
			func(context.Context) (int64, error) {
				done.Add(1)
				return 4, nil
			})
	}
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- work() }()
	}
	paid := 0
	for range cap(errs) {
		if err := <-errs; err == nil {
			paid++
		} else if client.Repeated(err) == nil {
			t.Error(err)
		}
	}
	if hold := client.Repeated(work()); done.Load() != 1 || paid != 1 || hold == nil || hold.Status != client.Captured {
		t.Errorf("the work is done %d times and paid %d times, and is then %+v", done.Load(), paid, hold)
	}
	after, err := org.State(t.Context())
	if err != nil || after.Meters[0].Balance != before.Meters[0].Balance-4 {
		t.Errorf("of %+v is left %+v, %v", before.Meters, after, err)
	}
}

// receiveEvent takes a test event as the server sends it, and verifies it.
func receiveEvent(t *testing.T, c *client.Client) {
	t.Helper()
	got := make(chan *http.Request, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		got <- r
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	ctx := within(t, time.Minute)
	endpoint, err := c.AddWebhook(ctx, receiver.URL+"/hook")
	if err != nil {
		t.Fatal(err)
	}
	number, err := c.TestWebhook(ctx, endpoint.ID)
	if err != nil {
		t.Fatal(err)
	}
	for {
		select {
		case r := <-got:
			e, err := client.VerifyWebhook(r, endpoint.Secret)
			if err != nil {
				t.Fatal(err)
			}
			if e.Number != number {
				continue
			}
			list, next, err := c.Events(ctx, number-1, 1)
			if err != nil || next != number || len(list) != 1 || list[0].ID != e.ID || !json.Valid(list[0].Data) {
				t.Errorf("Events = %+v, %d, %v; sent was %+v", list, next, err, e)
			}
			sent, err := c.Deliveries(ctx, endpoint.ID, number+1, 1)
			if err != nil || len(sent) != 1 || sent[0].Number != number || sent[0].Type != "webhook.test" {
				t.Errorf("Deliveries = %+v, %v", sent, err)
			}
			if err := c.Redeliver(ctx, endpoint.ID, number); err != nil {
				t.Error(err)
			}
			again, err := client.VerifyWebhook(<-got, endpoint.Secret)
			for err == nil && again.Number != number {
				again, err = client.VerifyWebhook(<-got, endpoint.Secret)
			}
			if err != nil || again.ID != e.ID {
				t.Errorf("sent again: %+v, %v", again, err)
			}
			id, err := c.BeginImport(ctx, "external_id,provider,id,credits\nmoved,stripe,sub_nobody,5\n", true)
			if err != nil {
				t.Fatal(err)
			}
			in, err := c.Import(ctx, id)
			if err != nil || !in.DryRun || len(in.Lines) != 1 || in.Lines[0].Customer != "moved" {
				t.Errorf("Import = %+v, %v", in, err)
			}
			if err := c.EndImports(ctx); err != nil {
				t.Error(err)
			}
			if err := c.RemoveWebhook(ctx, endpoint.ID); err != nil {
				t.Error(err)
			}
			return
		case <-ctx.Done():
			t.Fatal("the event does not come")
		}
	}
}
