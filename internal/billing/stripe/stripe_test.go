package stripe

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

var (
	now     = time.Unix(1768039200, 0)
	body    = []byte(`{"id":"evt_1","object":"event"}`)
	secrets = []facts.Secret{
		{Label: "new", Key: "whsec_new_1"},
		{Label: "old", Key: "whsec_old_1"},
		{Label: "gone", Key: "whsec_gone_1", Until: now},
	}
)

func header(v string) http.Header { return http.Header{SignatureHeader: {v}} }

func TestVerify(t *testing.T) {
	t.Parallel()
	good := Sign(body, now, "whsec_new_1")
	for name, c := range map[string]struct {
		header string
		body   []byte
		want   string
	}{
		"current":        {good, body, "new"},
		"previous":       {Sign(body, now, "whsec_old_1"), body, "old"},
		"two signatures": {Sign(body, now, "whsec_unknown", "whsec_old_1"), body, "old"},
		"with spaces":    {strings.ReplaceAll(good, ",", ", "), body, "new"},
		"other schemes":  {good + ",v0=00", body, "new"},
		"upper case": {
			strings.Replace(strings.ToUpper(good), "T=1768039200,V1", "t=1768039200,v1", 1), body,
			"new",
		},
		"299 s old":          {Sign(body, now.Add(-299*time.Second), "whsec_new_1"), body, "new"},
		"301 s old":          {Sign(body, now.Add(-301*time.Second), "whsec_new_1"), body, ""},
		"301 s ahead":        {Sign(body, now.Add(301*time.Second), "whsec_new_1"), body, ""},
		"300 s ahead":        {Sign(body, now.Add(300*time.Second), "whsec_new_1"), body, "new"},
		"expired secret":     {Sign(body, now, "whsec_gone_1"), body, ""},
		"empty secret":       {Sign(body, now, ""), body, ""},
		"unknown secret":     {Sign(body, now, "whsec_unknown"), body, ""},
		"re-encoded body":    {good, []byte(`{"id": "evt_1", "object": "event"}`), ""},
		"v0 only":            {strings.Replace(good, "v1=", "v0=", 1), body, ""},
		"two timestamps":     {"t=1," + good, body, ""},
		"no timestamp":       {strings.TrimPrefix(good, "t=1768039200,"), body, ""},
		"overflow":           {"t=99999999999999999999,v1=00", body, ""},
		"empty":              {"", body, ""},
		"timestamp replaced": {strings.Replace(good, "t=1768039200", "t=1768039201", 1), body, ""},
	} {
		got, err := Verify(header(c.header), c.body, secrets, now)
		if got != c.want || (err == nil) != (c.want != "") || (err != nil && !errors.Is(err, facts.ErrSignature)) {
			t.Errorf("%s: Verify = %q, %v, want %q", name, got, err, c.want)
		}
	}
	if _, err := Verify(http.Header{SignatureHeader: {good, good}}, body, secrets, now); err == nil {
		t.Error("two headers are accepted")
	}
	if _, err := Verify(header(Sign(body, now, "")), body, []facts.Secret{{Label: "empty"}}, now); err == nil {
		t.Error("an empty secret is believed")
	}
}

func TestNewRefusesEmptySecrets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no secret":       {Key: "sk_test_1"},
		"empty secret":    {Key: "sk_test_1", Secrets: []facts.Secret{{Label: "current"}}},
		"one empty":       {Key: "sk_test_1", Secrets: []facts.Secret{{Label: "a", Key: "whsec_12345"}, {Label: "b"}}},
		"no key":          {Secrets: secrets},
		"publishable key": {Key: "pk_test_1", Secrets: secrets},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if c, err := New(Config{Key: "sk_live_1", Secrets: secrets}); err != nil || !c.Live() {
		t.Errorf("New = %v, %v", c, err)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	basil := `{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":1768039200,"livemode":false,"data":{"object":
	 {"id":"sub_1","object":"subscription","customer":{"id":"cus_A"},"status":"active","cancel_at":1770717600,"cancel_at_period_end":false,"trial_end":null,
	 "items":{"data":[{"price":{"id":"price_m"},"current_period_start":1768039200,"current_period_end":1770717600}]},"metadata":{"account_id":"a-1"}}}}`
	ev, err := Decode([]byte(basil))
	if err != nil {
		t.Fatal(err)
	}
	s := ev.Subscription
	if s.CustomerID != "cus_A" || s.PriceID != "price_m" || s.PeriodEnd.Unix() != 1770717600 ||
		s.CancelAt.Unix() != 1770717600 || !s.TrialEnd.IsZero() || s.AccountID != "a-1" || *ev.Live {
		t.Errorf("subscription = %+v", s)
	}
	old := strings.Replace(basil,
		`"items":{"data":[{"price":{"id":"price_m"},"current_period_start":1768039200,"current_period_end":1770717600}]}`,
		`"current_period_start":1,"current_period_end":2,"items":{"data":[{"price":{"id":"price_m"}}]}`, 1)
	if ev, err = Decode([]byte(old)); err != nil || ev.Subscription.PeriodEnd.Unix() != 2 {
		t.Errorf("before basil: %+v, %v", ev, err)
	}
	ev, err = Decode([]byte(`{"id":"evt_2","object":"event","type":"invoice.paid","created":5,"data":{"object":{"id":"in_1","customer":"cus_A","status":"paid","amount_paid":3000,"currency":"jpy",
	 "billing_reason":"subscription_create","parent":{"subscription_details":{"subscription":"sub_1"}},"lines":{"data":[{"period":{"start":1,"end":9}}]}}}}`))
	if err != nil || ev.Subject() != "sub_1" || ev.Payment.Amount.Minor != 3000 ||
		ev.Payment.Amount.Currency != "JPY" || !ev.Payment.Paid || !ev.Payment.Full || ev.Payment.At.Unix() != 5 {
		t.Errorf("invoice = %+v, %v", ev, err)
	}
	ev, err = Decode([]byte(`{"id":"evt_3","object":"event","type":"charge.refunded","data":{"object":{"id":"ch_1","payment_intent":"pi_1","amount":2000,"amount_refunded":1500,"currency":"usd"}}}`))
	if err != nil || ev.Refund.Full() || ev.Refund.IntentID != "pi_1" {
		t.Errorf("refund = %+v, %v", ev, err)
	}
	ev, err = Decode([]byte(`{"id":"evt_4","object":"event","type":"product.created","data":{"object":{"id":"prod_1"}}}`))
	if err != nil || ev.Subject() != "" {
		t.Errorf("unknown type = %+v, %v", ev, err)
	}
	for name, text := range map[string]string{
		"no id":        `{"object":"event","type":"x"}`,
		"path as id":   `{"id":"evt_1","object":"event","type":"customer.subscription.updated","data":{"object":{"id":"../../v1/refunds","status":"active"}}}`,
		"NUL in id":    `{"id":"evt_\u0000","object":"event","type":"x"}`,
		"no object":    `{"id":"evt_1","object":"event","type":"invoice.paid","data":{}}`,
		"status array": `{"id":"evt_1","object":"event","type":"customer.subscription.updated","data":{"object":{"id":"sub_1","status":[]}}}`,
	} {
		if ev, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s: decoded to %+v", name, ev)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(Sign(body, now, "whsec_new_1"), body)
	f.Add("t=1,v1=00", []byte("{}"))
	f.Fuzz(func(t *testing.T, h string, b []byte) {
		label, err := Verify(header(h), b, secrets, now)
		if err == nil && label == "" {
			t.Fatal("accepted without a secret")
		}
		if err == nil && !strings.Contains(strings.ToLower(h),
			strings.ToLower(facts.Sign("whsec_new_1", []byte("1768039200."), b))) && !strings.Contains(h, "t=17680") {
			t.Fatalf("accepted %q", h)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"invoice.paid","data":{"object":{"id":"in_1","customer":null}}}`))
	f.Add([]byte(`{"id":"evt_1","object":"event","type":"customer.subscription.updated","created":-1,"data":{"object":{"id":"s","status":"active","customer":[]}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		ev, err := Decode(b)
		if err == nil && (!facts.ValidID(ev.ID) || (ev.Subject() != "" && !facts.ValidID(ev.Subject()))) {
			t.Fatalf("decoded to %+v", ev)
		}
	})
}
