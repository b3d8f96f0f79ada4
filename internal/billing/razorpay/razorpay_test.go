package razorpay

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

var (
	now     = time.Unix(1768039200, 0)
	body    = []byte(`{"entity":"event","event":"subscription.charged"}`)
	secrets = []facts.Secret{
		{Label: "new", Key: "secret-new"},
		{Label: "old", Key: "secret-old"},
		{Label: "gone", Key: "secret-gone", Until: now.Add(-1)},
	}
)

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signature string
		body      []byte
		want      string
	}{
		"current":    {facts.Sign("secret-new", body), body, "new"},
		"previous":   {facts.Sign("secret-old", body), body, "old"},
		"expired":    {facts.Sign("secret-gone", body), body, ""},
		"empty":      {facts.Sign("", body), body, ""},
		"re-encoded": {facts.Sign("secret-new", body), []byte(`{"event":"subscription.charged","entity":"event"}`), ""},
		"short":      {"00", body, ""},
		"no hex":     {strings.Repeat("zz", 32), body, ""},
		"absent":     {"", body, ""},
	} {
		got, err := Verify(http.Header{SignatureHeader: {c.signature}}, c.body, secrets, now)
		if got != c.want || (err == nil) != (c.want != "") || (err != nil && !errors.Is(err, facts.ErrSignature)) {
			t.Errorf("%s: Verify = %q, %v, want %q", name, got, err, c.want)
		}
	}
	if _, err := Verify(http.Header{}, body, secrets, now); err == nil {
		t.Error("an unsigned body is accepted")
	}
}

func TestVerifyReturn(t *testing.T) {
	t.Parallel()
	good := SignReturn("key-secret", "pay_1", "sub_1")
	if !VerifyReturn("key-secret", "pay_1", "sub_1", good) {
		t.Error("a genuine return is refused")
	}
	if VerifyReturn("key-secret", "sub_1", "pay_1", good) || VerifyReturn("", "pay_1", "sub_1",
		SignReturn("", "pay_1", "sub_1")) ||
		VerifyReturn("key-secret", "pay_1", "sub_2", good) || VerifyReturn("key-secret", "pay_1", "sub_1", "") {
		t.Error("a forged return is accepted")
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	h := http.Header{EventIDHeader: {"evt_1"}}
	ev, err := Decode(h, []byte(`{"entity":"event","account_id":"acc_1","event":"subscription.charged","contains":["subscription","payment"],"payload":{
	 "subscription":{"entity":{"id":"sub_1","plan_id":"plan_m","customer_id":null,"status":"active","current_start":1768039200,"current_end":1770661800,"paid_count":1,"notes":[]}},
	 "payment":{"entity":{"id":"pay_1","amount":29900,"currency":"INR","status":"captured","captured":"1","invoice_id":"inv_1","notes":[]}},"created_at":1768039200}}`))
	if err != nil {
		t.Fatal(err)
	}
	if ev.ID != "evt_1" || ev.Created.Unix() != 1768039200 || ev.Subject() != "sub_1" ||
		ev.Subscription.PaidCount != 1 || !ev.Payment.Paid || ev.Payment.SubscriptionID != "sub_1" ||
		ev.Account != "acc_1" {
		t.Errorf("event = %+v %+v %+v", ev, ev.Subscription, ev.Payment)
	}
	ev, err = Decode(http.Header{},
		[]byte(`{"entity":"event","event":"refund.processed","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":"pay_1","amount":100}},
	 "payment":{"entity":{"id":"pay_1","amount":29900,"currency":"INR","status":"captured","captured":true,"amount_refunded":29900,"invoice_id":"inv_1","notes":{"account_id":"a","n":5}}}}}`))
	if err != nil || !ev.Refund.Full() || ev.Refund.InvoiceID != "inv_1" || !strings.HasPrefix(ev.ID, "body.") {
		t.Errorf("refund = %+v, %v", ev, err)
	}
	for name, text := range map[string]string{
		"not an event": `{"entity":"payment"}`,
		"path as id":   `{"entity":"event","event":"subscription.charged","payload":{"subscription":{"entity":{"id":"../x","status":"active"}}}}`,
		"no status":    `{"entity":"event","event":"subscription.charged","payload":{"subscription":{"entity":{"id":"sub_1"}}}}`,
	} {
		if ev, err := Decode(h, []byte(text)); err == nil {
			t.Errorf("%s: decoded to %+v", name, ev)
		}
	}
}

// A refund's event may come without its payment, which then is asked for.
func TestRefundWithoutPayment(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/payments/pay_1":
			_, _ = w.Write([]byte(`{"id":"pay_1","amount":29900,"currency":"INR","status":"captured","amount_refunded":9900,"invoice_id":"inv_1","notes":[]}`))
		case "/v1/invoices/inv_1":
			_, _ = w.Write([]byte(`{"id":"inv_1","subscription_id":"sub_1","notes":[]}`))
		default:
			w.WriteHeader(400)
			_, _ = w.Write([]byte(`{"error":{"code":"BAD_REQUEST_ERROR","description":"The id provided does not exist"}}`))
		}
	}))
	defer srv.Close()
	c, err := New(Config{KeyID: "rzp_test_1", KeySecret: "key-secret", Secrets: secrets, URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	event := func(kind, payment string) string {
		return `{"entity":"event","event":"` + kind + `","payload":{"refund":{"entity":{"id":"rfnd_1","payment_id":"` +
			payment + `","amount":4900,"currency":"INR"}}}}`
	}
	for kind, failed := range map[string]bool{
		"refund.created": false, "refund.processed": false,
		"refund.failed": true,
	} {
		ev, err := Decode(http.Header{}, []byte(event(kind, "pay_1")))
		if err != nil {
			t.Fatal(err)
		}
		sub, err := c.Locate(t.Context(), ev)
		want := facts.Refund{
			ChargeID: "pay_1", InvoiceID: "inv_1", Amount: amount(29900, "INR"), Refunded: 9900,
			Failed: failed,
		}
		if err != nil || sub != "sub_1" || *ev.Refund != want {
			t.Errorf("%s: located at %q, %v; refund %+v, want %+v", kind, sub, err, *ev.Refund, want)
		}
	}
	ev, err := Decode(http.Header{}, []byte(event("refund.created", "pay_2")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Locate(t.Context(), ev); !facts.IsMissing(err) {
		t.Errorf("a payment that Razorpay does not know: %v", err)
	}
	if _, err := Decode(http.Header{}, []byte(event("refund.created", "../pay"))); err == nil {
		t.Error("a payment's id that is a path was accepted")
	}
	if ev, err := Decode(http.Header{}, []byte(event("refund.speed_changed", "pay_1"))); err != nil ||
		ev.Refund != nil {
		t.Errorf("refund.speed_changed: %+v, %v", ev, err)
	}
}

func TestClientErrorsAndBackoff(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "rzp_test_1" || secret != "key-secret" {
			w.WriteHeader(401)
			return
		}
		switch n := calls.Add(1); {
		case r.URL.Path == "/v1/subscriptions/sub_none":
			w.WriteHeader(400)
			_, _ = w.Write([]byte(`{"error":{"code":"BAD_REQUEST_ERROR","description":"The id provided does not exist"}}`))
		case r.Method == http.MethodPost:
			w.WriteHeader(502)
		case n < 3:
			w.WriteHeader(429)
		default:
			_, _ = w.Write([]byte(`{"id":"sub_1","status":"active","notes":[]}`))
		}
	}))
	defer srv.Close()
	c, err := New(Config{KeyID: "rzp_test_1", KeySecret: "key-secret", Secrets: secrets, URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := c.Subscription(context.Background(), "sub_1"); err != nil || s.Status != "active" ||
		calls.Load() != 3 {
		t.Errorf("after two 429: %+v, %v, %d calls", s, err, calls.Load())
	}
	if _, err := c.Subscription(context.Background(), "sub_none"); !facts.IsMissing(err) || facts.IsUnreachable(err) {
		t.Errorf("unknown id: %v", err)
	}
	before := calls.Load()
	if err := c.Cancel(context.Background(), "sub_1", false); !facts.IsUnreachable(err) || calls.Load() != before+1 {
		t.Errorf("a write that failed with 502: %v, %d calls", err, calls.Load()-before)
	}
	gone, _ := New(Config{KeyID: "rzp_test_1", KeySecret: "wrong-secret", Secrets: secrets, URL: srv.URL})
	var e *facts.APIError
	if _, err := gone.Subscription(context.Background(), "sub_1"); !errors.As(err, &e) || e.Status != 401 ||
		strings.Contains(err.Error(), "wrong-secret") {
		t.Errorf("wrong key: %v", err)
	}
}

func TestNewRefusesEmptySecrets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no webhook secret":    {KeyID: "rzp_test_1", KeySecret: "key-secret"},
		"empty webhook secret": {KeyID: "rzp_test_1", KeySecret: "key-secret", Secrets: []facts.Secret{{}}},
		"no key secret":        {KeyID: "rzp_test_1", Secrets: secrets},
		"no key id":            {KeySecret: "key-secret", Secrets: secrets},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(facts.Sign("secret-new", body), body)
	f.Fuzz(func(t *testing.T, signature string, b []byte) {
		_, err := Verify(http.Header{SignatureHeader: {signature}}, b, secrets, now)
		low := strings.ToLower(signature)
		if err == nil && low != facts.Sign("secret-new", b) && low != facts.Sign("secret-old", b) {
			t.Fatalf("accepted %q", signature)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add("evt_1", []byte(`{"entity":"event","event":"subscription.charged","payload":{"subscription":{"entity":{"id":"sub_1","status":"active","notes":[]}}}}`))
	f.Add("", []byte(`{"entity":"event","event":"refund.processed","payload":{"payment":{"entity":{"id":"p","captured":"1","notes":{}}}}}`))
	f.Fuzz(func(t *testing.T, id string, b []byte) {
		ev, err := Decode(http.Header{EventIDHeader: {id}}, b)
		if err == nil && (!facts.ValidID(ev.ID) || (ev.Subject() != "" && !facts.ValidID(ev.Subject()))) {
			t.Fatalf("decoded to %+v", ev)
		}
	})
}
