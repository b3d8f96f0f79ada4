package billing_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/strictjson"
)

var keyOfText = regexp.MustCompile(`"([A-Za-z_]+)":`)

// twice returns body once for each of its keys, with that key standing twice.
func twice(body string) map[string]string {
	out := map[string]string{}
	for i, at := range keyOfText.FindAllStringIndex(body, -1) {
		key := body[at[0]:at[1]]
		out[fmt.Sprintf("%s number %d", key, i)] = body[:at[0]] + key + `"x",` + body[at[0]:]
	}
	return out
}

func signedBy(p facts.Provider, s *shop, id string, body []byte) http.Header {
	if p == facts.Stripe {
		return http.Header{stripe.SignatureHeader: {stripe.Sign(body, s.clock.Now(), simulator.StripeSecret)}}
	}
	h := http.Header{razorpay.SignatureHeader: {facts.Sign(simulator.RazorpaySecret, body)}}
	h.Set(razorpay.EventIDHeader, id)
	return h
}

// A signed event with a key that stands twice has two meanings. It is kept for a person with the reason, and neither
// of them is applied.
func TestAmbiguousEventIsNeverApplied(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			events := s.sim.Events()
			if len(events) < 2 {
				t.Fatalf("%d events", len(events))
			}
			decode := func(h http.Header, body string) error {
				var err error
				if provider == facts.Stripe {
					_, err = stripe.Decode([]byte(body))
				} else {
					_, err = razorpay.Decode(h, []byte(body))
				}
				return err
			}
			sent := 0
			for _, e := range events {
				body := string(e.Body)
				if err := decode(http.Header{}, body); err != nil {
					t.Fatalf("%s: %v", body, err)
				}
				changed := twice(body)
				for _, name := range []string{"status", "id"} {
					if key := `"` + name + `":`; strings.Contains(body, key) {
						changed[name+" in capitals"] = strings.Replace(body, key, strings.ToUpper(key), 1)
						changed[name+" in capitals, too"] = strings.Replace(body, key, strings.ToUpper(key)+`"x",`+key,
							1)
					}
				}
				for what, text := range changed {
					err := decode(http.Header{}, text)
					if err == nil {
						t.Errorf("%s is read with %s", e.Type, what)
					}
					if err == nil || sent >= 40 {
						continue
					}
					sent++
					s.must(s.service.ReceiveWebhook(t.Context(), provider,
						signedBy(provider, s, fmt.Sprintf("ambiguous_%d", sent), []byte(text)), []byte(text)))
				}
			}
			s.apply()
			if n := s.count(`select count(*) from inbox where status = 'dead' and type = 'undecodable'
				and last_error like '%' || $1 || '%'`, string(strictjson.Duplicate)); n < 10 {
				t.Errorf("%d events are dead for a key that stands twice, of %d", n, sent)
			}
			if n := s.count(`select count(*) from inbox where status <> 'dead'`); n != 0 {
				t.Errorf("%d ambiguous events are not dead", n)
			}
			if n := s.count(`select count(*) from review_items where reason = 'undecodable'`); n != sent {
				t.Errorf("%d items for a person, want %d", n, sent)
			}
			if o := s.overview(u); o.Plan.ID != "free" || s.count(`select count(*) from payments`) != 0 {
				t.Errorf("an ambiguous event was applied: plan %s", o.Plan.ID)
			}
			s.settle()
			if o := s.overview(u); o.Plan.ID != "pro" {
				t.Errorf("the event itself: plan %s, want pro", o.Plan.ID)
			}
		})
	}
}
