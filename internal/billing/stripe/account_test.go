package stripe

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

func TestAccountID(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		`{"id":"acct_1A","object":"account"}`: "acct_1A",
		`{"id":"acct_1","id":"acct_2"}`:       "", `{"id":"../x"}`: "", `{}`: "",
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v1/account" || r.Header.Get("Authorization") != "Bearer sk_test_1" {
				w.WriteHeader(404)
			}
			_, _ = w.Write([]byte(answer))
		}))
		defer srv.Close()
		c, err := New(Config{Key: "sk_test_1", URL: srv.URL, Secrets: []facts.Secret{{Label: "a", Key: "whsec_12345"}}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.AccountID(t.Context()); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v, want %q", answer, got, err, want)
		}
	}
	for key, ok := range map[string]bool{
		"sk_test_1": true, "rk_live_1": true, "rk_test_1": true, "sk_1": false,
		"sk_production_1": false, "pk_test_1": false, "sk_": false,
	} {
		if _, err := New(Config{
			Key:     key,
			Secrets: []facts.Secret{{Label: "a", Key: "whsec_12345"}},
		}); (err == nil) != ok {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

// A thin event carries no object and another kind of time: it is read, and nothing is done with it.
func TestThinEvent(t *testing.T) {
	t.Parallel()
	ev, err := Decode([]byte(`{"id":"evt_1","object":"v2.core.event","type":"v2.core.account.updated","created":"2026-11-22T10:00:00.000Z","livemode":false}`))
	if err != nil || ev.ID != "evt_1" || ev.Created.IsZero() || ev.Live == nil || ev.Subject() != "" {
		t.Errorf("%+v, %v", ev, err)
	}
	if _, err := Decode([]byte(`{"id":"evt_1","object":"v2.core.event","object":"event","type":"x","created":1}`)); err == nil {
		t.Error("an event with two objects is read")
	}
}
