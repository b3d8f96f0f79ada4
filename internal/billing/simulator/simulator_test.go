package simulator_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
)

var prices = []simulator.Price{
	{Provider: facts.Stripe, ID: "price_m", Name: "Pro", Interval: "month", Currency: "USD", Amount: 500},
	{Provider: facts.Razorpay, ID: "plan_m", Name: "Pro", Interval: "month", Currency: "INR", Amount: 29900},
}

// A world is a simulator, clients of both providers, and a shop that takes the
// webhooks.
type world struct {
	*testing.T
	clock    *clock.Clock
	sim      *simulator.Simulator
	url      string
	stripe   *stripe.Client
	razorpay *razorpay.Client
	config   simulator.Config

	mu     sync.Mutex
	events []*facts.Event
	answer int
}

func setup(t *testing.T) *world {
	// removed after the servers below have answered their last request
	state := filepath.Join(t.TempDir(), "simulator.json")
	t.Parallel()
	w := &world{T: t, clock: clock.At(time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)), answer: 200}
	secrets := func(k string) []facts.Secret { return []facts.Secret{{Label: "current", Key: k}} }
	shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var ev *facts.Event
		if strings.Contains(r.URL.Path, "stripe") {
			if _, err = stripe.Verify(r.Header, body, secrets(simulator.StripeSecret), time.Now()); err == nil {
				ev, err = stripe.Decode(body)
			}
		} else {
			if _, err = razorpay.Verify(r.Header, body, secrets(simulator.RazorpaySecret), time.Now()); err == nil {
				ev, err = razorpay.Decode(r.Header, body)
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		if w.answer == 200 {
			w.events = append(w.events, ev)
		}
		rw.WriteHeader(w.answer)
	}))
	t.Cleanup(shop.Close)
	var handler http.Handler
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(rw,
			r)
	}))
	t.Cleanup(front.Close)
	w.url = front.URL
	w.config = simulator.Config{
		URL: front.URL, AppURL: shop.URL, Prices: prices, Now: w.clock.Now, State: state,
		Advance: func(_ context.Context, d time.Duration) error { w.clock.Advance(d); return nil },
	}
	var err error
	if w.sim, err = simulator.New(w.config); err != nil {
		t.Fatal(err)
	}
	handler = w.sim.Handler()
	if w.stripe, err = stripe.New(stripe.Config{
		Key: simulator.StripeKey, Secrets: secrets(simulator.StripeSecret),
		URL: w.sim.StripeURL(),
	}); err != nil {
		t.Fatal(err)
	}
	if w.razorpay, err = razorpay.New(razorpay.Config{
		KeyID:     simulator.RazorpayKeyID,
		KeySecret: simulator.RazorpayKeySecret, Secrets: secrets(simulator.RazorpaySecret), URL: w.sim.RazorpayURL(),
	}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// types delivers what waits and returns the types that arrived since the last call.
func (w *world) types() string {
	w.Helper()
	w.must(w.sim.Deliver(w.Context()))
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, ev := range w.events {
		out = append(out, ev.Type)
	}
	w.events = nil
	return strings.Join(out, " ")
}

func (w *world) session() *facts.Session {
	w.Helper()
	cus, err := w.stripe.CreateCustomer(w.Context(), "cust_create_1", "acc-1", "asha@example.com")
	w.must(err)
	s, err := w.stripe.CreateSession(w.Context(), stripe.SessionRequest{
		Key: "checkout_1", CustomerID: cus, AccountID: "acc-1", CheckoutID: "c-1", PriceID: "price_m",
		SuccessURL: w.config.AppURL + "/back?session_id={CHECKOUT_SESSION_ID}", CancelURL: w.config.AppURL + "/billing",
		ExpiresAt: w.clock.Now().Add(time.Hour),
	})
	w.must(err)
	return s
}

func TestPermit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		listen, public, key string
		ok                  bool
	}{
		"own machine":     {"127.0.0.1:8081", "http://127.0.0.1:8080", "", true},
		"localhost":       {"localhost:8081", "http://localhost:8080", simulator.StripeKey, true},
		"IPv6":            {"[::1]:8081", "", "", true},
		"every address":   {"0.0.0.0:8081", "", "", false},
		"any address":     {":8081", "", "", false},
		"public listener": {"203.0.113.9:8081", "", "", false},
		"public address":  {"127.0.0.1:8081", "https://tijori.example", "", false},
		"live key":        {"127.0.0.1:8081", "", "sk_live_51", false},
		"real test key":   {"127.0.0.1:8081", "", "rzp_test_1DP5mmOlF5G5ag", false},
		"no port":         {"127.0.0.1", "", "", false},
	} {
		if err := simulator.Permit(c.listen, c.public, c.key); (err == nil) != c.ok {
			t.Errorf("%s: Permit = %v", name, err)
		} else if err != nil && (strings.Contains(err.Error(), "\n") || c.key != "" && strings.Contains(err.Error(),
			c.key)) {
			t.Errorf("%s: the refusal tells too much: %v", name, err)
		}
	}
	if _, err := simulator.New(simulator.Config{
		URL:    "http://203.0.113.9:8081",
		AppURL: "http://127.0.0.1:8080",
	}); err == nil {
		t.Error("New accepts a public address")
	}
}

func TestStripeLife(t *testing.T) {
	w := setup(t)
	s := w.session()
	if again := w.session(); again.ID != s.ID || again.CustomerID != s.CustomerID {
		t.Errorf("the same idempotency keys made %s and %s", s.ID, again.ID)
	}
	if _, err := w.stripe.CreateCustomer(t.Context(), "cust_create_1", "acc-2", "other@example.com"); err == nil {
		t.Error("an idempotency key is accepted with other parameters")
	}
	back, err := w.sim.PaySession(s.ID)
	w.must(err)
	if back != w.config.AppURL+"/back?session_id="+s.ID {
		t.Errorf("back to %s", back)
	}
	if got := w.types(); got != "invoice.paid customer.subscription.created checkout.session.completed" {
		t.Errorf("paid: %s", got)
	}
	s, err = w.stripe.Session(t.Context(), s.ID)
	w.must(err)
	sub, err := w.stripe.Subscription(t.Context(), s.SubscriptionID)
	w.must(err)
	if s.Status != "complete" || sub.Status != "active" || sub.AccountID != "acc-1" || sub.CheckoutID != "c-1" ||
		sub.PriceID != "price_m" {
		t.Errorf("session %+v, subscription %+v", s, sub)
	}
	if want := time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC); !sub.PeriodEnd.Equal(want) {
		t.Errorf("first period ends %v, want %v", sub.PeriodEnd, want)
	}
	w.must(w.sim.Renew(t.Context(), sub.ID))
	if got := w.types(); got != "customer.subscription.updated invoice.created invoice.finalized invoice.paid" {
		t.Errorf("renewed: %s", got)
	}
	sub, err = w.stripe.Subscription(t.Context(), sub.ID)
	w.must(err)
	if want := time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC); !sub.PeriodEnd.Equal(want) {
		t.Errorf("second period ends %v, want %v (31, 28, 31)", sub.PeriodEnd, want)
	}
	w.must(w.sim.SetCard(sub.ID, false))
	w.must(w.sim.Renew(t.Context(), sub.ID))
	if got := w.types(); got != "customer.subscription.updated invoice.created invoice.finalized invoice.payment_failed customer.subscription.updated" {
		t.Errorf("failed: %s", got)
	}
	w.must(w.sim.PayOpen(sub.ID))
	if got := w.types(); got != "invoice.paid customer.subscription.updated" {
		t.Errorf("paid after all: %s", got)
	}
	w.must(w.sim.Cancel(sub.ID, true))
	sub, err = w.stripe.Subscription(t.Context(), sub.ID)
	w.must(err)
	if sub.CancelAtPeriodEnd || sub.CancelAt.IsZero() {
		t.Errorf("a flexible cancellation sets cancel_at alone: %+v", sub)
	}
	w.must(w.sim.Advance(t.Context(), 40*24*time.Hour))
	if got := w.types(); got != "customer.subscription.updated customer.subscription.deleted" {
		t.Errorf("ended: %s", got)
	}
	list, _, err := w.stripe.SubscriptionPage(t.Context(), sub.CustomerID, "")
	if err != nil || len(list) != 1 || list[0].Status != "canceled" {
		t.Errorf("status=all: %v, %v", list, err)
	}
	invoices, err := w.stripe.Invoices(t.Context(), sub.ID)
	if err != nil || len(invoices) != 3 {
		t.Errorf("%d invoices, %v", len(invoices), err)
	}
	if u, err := w.stripe.Portal(t.Context(), sub.CustomerID, w.config.AppURL+"/billing"); err != nil ||
		!strings.HasPrefix(u, w.url) {
		t.Errorf("Portal = %s, %v", u, err)
	}
}

func TestRazorpayLife(t *testing.T) {
	w := setup(t)
	sub, err := w.razorpay.CreateSubscription(t.Context(), razorpay.SubscriptionRequest{
		PlanID: "plan_m", TotalCount: 3,
		AccountID: "acc-1", CheckoutID: "c-1", ExpireBy: w.clock.Now().Add(time.Hour),
	})
	w.must(err)
	if found, err := w.razorpay.FindByCheckout(t.Context(), "plan_m", "c-1",
		w.clock.Now().Add(-time.Hour)); err != nil || found == nil || found.ID != sub.ID {
		t.Errorf("FindByCheckout = %v, %v", found, err)
	}
	paid, err := w.sim.PaySubscription(sub.ID)
	w.must(err)
	if !w.razorpay.VerifyReturn(paid.PaymentID, sub.ID, paid.Signature) {
		t.Error("the return's signature does not fit")
	}
	if got := w.types(); got != "subscription.activated subscription.charged invoice.paid" {
		t.Errorf("paid: %s", got)
	}
	sub, err = w.razorpay.Subscription(t.Context(), sub.ID)
	w.must(err)
	if want := time.Date(2026, 2, 27, 18, 30, 0, 0, time.UTC); sub.Status != "active" || !sub.PeriodEnd.Equal(want) {
		t.Errorf("the first cycle ends %v, want midnight in India, %v", sub.PeriodEnd, want)
	}
	w.must(w.sim.SetCard(sub.ID, false))
	w.must(w.sim.Advance(t.Context(), 34*24*time.Hour))
	if got := w.types(); got != "subscription.pending subscription.pending subscription.pending subscription.halted" {
		t.Errorf("dunning: %s", got)
	}
	halted, err := w.razorpay.Subscription(t.Context(), sub.ID)
	w.must(err)
	if halted.Status != "halted" || halted.PaidCount != 1 || !halted.PeriodStart.Equal(sub.PeriodEnd) {
		t.Errorf("halted shows the unpaid cycle: %+v", halted)
	}
	w.must(w.sim.PayOpen(sub.ID))
	if got := w.types(); got != "subscription.charged invoice.paid subscription.activated" {
		t.Errorf("recovered: %s", got)
	}
	w.must(w.sim.Renew(t.Context(), sub.ID))
	if got := w.types(); got != "subscription.charged invoice.paid subscription.completed" {
		t.Errorf("the last cycle: %s", got)
	}
	payment, err := w.razorpay.Payment(t.Context(), paid.PaymentID)
	if err != nil || payment.SubscriptionID != sub.ID || !payment.Paid {
		t.Errorf("Payment = %+v, %v", payment, err)
	}
}

func TestSilentCancellation(t *testing.T) {
	w := setup(t)
	sub, err := w.razorpay.CreateSubscription(t.Context(), razorpay.SubscriptionRequest{
		PlanID:     "plan_m",
		TotalCount: 12, ExpireBy: w.clock.Now().Add(time.Hour),
	})
	w.must(err)
	_, err = w.sim.PaySubscription(sub.ID)
	w.must(err)
	w.types()
	w.must(w.razorpay.Cancel(t.Context(), sub.ID, true))
	if got := w.types(); got != "" {
		t.Errorf("a cancellation at cycle end sent %s", got)
	}
	w.must(w.sim.Advance(t.Context(), 40*24*time.Hour))
	if sub, err = w.razorpay.Subscription(t.Context(), sub.ID); err != nil || sub.Status != "cancelled" ||
		w.types() != "" {
		t.Errorf("at the end: %+v, %v", sub, err)
	}
}

func TestDeliveriesAreRepeated(t *testing.T) {
	w := setup(t)
	w.mu.Lock()
	w.answer = 500
	w.mu.Unlock()
	s := w.session()
	_, err := w.sim.PaySession(s.ID)
	w.must(err)
	if err := w.sim.Deliver(t.Context()); err == nil {
		t.Error("a refused delivery counts as delivered")
	}
	w.mu.Lock()
	w.answer = 200
	w.mu.Unlock()
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) { // the first pause is a second
		if err = w.sim.Deliver(t.Context()); err == nil || time.Now().After(end) {
			break
		}
	}
	w.must(err)
	if got := w.types(); len(strings.Fields(got)) != 3 {
		t.Errorf("repeated: %s", got)
	}
	w.must(w.sim.Again(w.sim.Events()[0].Number, true))
	w.must(w.sim.Deliver(t.Context()))
	if events := w.sim.Events(); events[len(events)-1].Code != 400 {
		t.Errorf("an unsigned delivery was answered %d", events[len(events)-1].Code)
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	w := setup(t)
	s := w.session()
	_, err := w.sim.PaySession(s.ID)
	w.must(err)
	again, err := simulator.New(w.config)
	w.must(err)
	if len(again.Events()) != 3 {
		t.Errorf("%d events after a restart, want 3", len(again.Events()))
	}
	w.must(os.WriteFile(w.config.State, []byte("{"), 0o600))
	if _, err := simulator.New(w.config); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestKeysAreChecked(t *testing.T) {
	w := setup(t)
	for _, path := range []string{"/v1/subscriptions", "/razorpay/v1/subscriptions"} {
		res, err := http.Get(w.url + path)
		w.must(err)
		var body struct{ Error any }
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil || res.StatusCode != 401 || body.Error == nil {
			t.Errorf("%s without a key: %d, %v", path, res.StatusCode, err)
		}
		res.Body.Close()
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// TestPagesWithoutScript walks the payment and control pages as a browser
// without JavaScript does.
func TestPagesWithoutScript(t *testing.T) {
	w := setup(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(path string, form url.Values) (*http.Response, string) {
		t.Helper()
		res, err := client.PostForm(w.url+path, form)
		w.must(err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		w.must(err)
		return res, string(b)
	}
	get := func(path string) string {
		t.Helper()
		res, err := client.Get(w.url + path)
		w.must(err)
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		w.must(err)
		if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") ||
			strings.Contains(string(b), "<script") || strings.Contains(string(b), "style=") {
			t.Errorf("%s: policy %q", path, csp)
		}
		return string(b)
	}
	s := w.session()
	pay := strings.TrimPrefix(s.URL, w.url)
	if page := get(pay); !strings.Contains(page, "$5") || !strings.Contains(page, "asha@example.com") {
		t.Errorf("the payment page: %s", page)
	}
	if res, page := post(pay, url.Values{"do": {"fail"}}); res.StatusCode != 402 || !strings.Contains(page, "refused") {
		t.Errorf("a refused card: %d", res.StatusCode)
	}
	var running sync.WaitGroup
	t.Cleanup(running.Wait) // it keeps its state in a folder that goes after it
	running.Go(func() { w.sim.Run(t.Context()) })
	if res, _ := post(pay, url.Values{"do": {"pay"}}); res.StatusCode != 303 ||
		res.Header.Get("Location") != w.config.AppURL+"/back?session_id="+s.ID {
		t.Errorf("paid: %d, to %s", res.StatusCode, res.Header.Get("Location"))
	}
	if res, _ := post(pay, url.Values{"do": {"pay"}}); res.StatusCode != 410 {
		t.Errorf("paid twice: %d", res.StatusCode)
	}
	sub, err := w.razorpay.CreateSubscription(t.Context(), razorpay.SubscriptionRequest{
		PlanID:     "plan_m",
		TotalCount: 12, ExpireBy: w.clock.Now().Add(time.Hour),
	})
	w.must(err)
	callback := w.config.AppURL + "/billing/return/razorpay"
	res, _ := post("/razorpay/v1/checkout/embedded", url.Values{
		"key_id":          {simulator.RazorpayKeyID},
		"subscription_id": {sub.ID}, "callback_url": {callback}, "prefill[email]": {"asha@example.com"},
	})
	if res.StatusCode != 303 || w.url+res.Header.Get("Location") != sub.URL {
		t.Fatalf("embedded: %d, to %s, want %s", res.StatusCode, res.Header.Get("Location"), sub.URL)
	}
	_, page := post(res.Header.Get("Location"), url.Values{"do": {"pay"}})
	fields := map[string]string{}
	for _, m := range hidden.FindAllStringSubmatch(page, -1) {
		fields[m[1]] = m[2]
	}
	if !strings.Contains(page, `action="`+callback+`"`) || !w.razorpay.VerifyReturn(fields["razorpay_payment_id"],
		sub.ID, fields["razorpay_signature"]) || fields["razorpay_subscription_id"] != sub.ID {
		t.Errorf("the way back: %v", fields)
	}
	if page := get("/"); strings.Count(page, "active") < 2 || !strings.Contains(page, "subscription.charged") {
		t.Errorf("the control page shows neither purchase")
	}
	if res, _ := post("/act", url.Values{"do": {"cancel"}, "id": {sub.ID}}); res.StatusCode != 303 {
		t.Errorf("cancel: %d", res.StatusCode)
	}
	if sub, err = w.razorpay.Subscription(t.Context(), sub.ID); err != nil || sub.Status != "cancelled" {
		t.Errorf("cancelled: %+v, %v", sub, err)
	}
	if res, _ := post("/act", url.Values{"do": {"advance"}, "days": {"-3"}}); res.StatusCode != 409 {
		t.Errorf("time runs backwards: %d", res.StatusCode)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/act", strings.NewReader("do=hold"))
	w.must(err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	cross, err := client.Do(req)
	w.must(err)
	cross.Body.Close()
	if cross.StatusCode != 403 {
		t.Errorf("a foreign page pushes buttons: %d", cross.StatusCode)
	}
}
