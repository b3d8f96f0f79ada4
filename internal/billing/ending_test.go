package billing_test

import (
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
)

// A week before the last webhook secret ends somebody is told; a secret that stays says nothing.
func TestTheLastSecretsEndIsAnnounced(t *testing.T) {
	s := setup(t)
	now := time.Now()
	for _, c := range []struct {
		name    string
		secrets []facts.Secret
		raised  bool
	}{
		{"in two weeks", []facts.Secret{{Label: "a", Key: "12345678", Until: now.Add(14 * day)}}, false},
		{"in six days", []facts.Secret{{Label: "a", Key: "12345678", Until: now.Add(6 * day)}}, true},
		{"the later one counts", []facts.Secret{
			{Label: "a", Key: "12345678", Until: now.Add(6 * day)},
			{Label: "b", Key: "12345679", Until: now.Add(30 * day)},
		}, false},
		{"over", []facts.Secret{{Label: "a", Key: "12345678", Until: now.Add(-time.Minute)}}, true},
		{"one stays", []facts.Secret{
			{Label: "a", Key: "12345678", Until: now.Add(-time.Minute)},
			{Label: "b", Key: "12345679"},
		}, false},
	} {
		rc, err := razorpay.New(razorpay.Config{
			KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret,
			Secrets: c.secrets, URL: s.sim.RazorpayURL(),
		})
		s.must(err)
		service, err := billing.New(billing.Config{
			DB: s.db.DB, Plans: s.service.Plans(), Clock: s.clock, Razorpay: rc,
			PublicURL: s.front.URL,
		})
		s.must(err)
		s.must(service.CheckAlerts(t.Context()))
		list, err := service.ListAlerts(t.Context())
		s.must(err)
		raised := false
		for _, a := range list {
			raised = raised || a.Kind == billing.AlertEnding && a.State == "raised"
		}
		if raised != c.raised {
			t.Errorf("%s: raised %v, want %v", c.name, raised, c.raised)
		}
	}
}
