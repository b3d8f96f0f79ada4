package billing_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// A provider that does not answer keeps nobody else waiting: not the webhooks,
// though repeats of the event under work arrive; not the pages; not what owners
// begin, but for those who ask the same provider.
func TestSlowProviderStallsNobody(t *testing.T) {
	s := setup(t)
	reader := s.db.User(t, "reader")
	var owners []struct {
		page func() error
	}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		u := s.db.User(t, name)
		_, id := s.start(u, "pro", facts.Razorpay)
		p, err := s.sim.PaySubscription(id)
		s.must(err)
		owners = append(owners, struct{ page func() error }{func() error {
			return s.service.Verify(t.Context(), u.Account(), billing.Return{
				Provider:  facts.Razorpay,
				PaymentID: p.PaymentID, SubscriptionID: p.SubscriptionID, Signature: p.Signature,
			})
		}})
	}
	s.buy(reader, "pro", facts.Stripe)
	s.must(s.sim.Deliver(t.Context()))
	var first struct {
		id   string
		body []byte
	}
	s.must(s.db.Super.QueryRow(t.Context(), `select event_id, body from inbox where provider = 'stripe'
		and subject <> '' limit 1`).Scan(&first.id, &first.body))

	release := make(chan struct{})
	var asked sync.WaitGroup
	asked.Add(1)
	var once sync.Once
	block := func(r *http.Request) {
		if strings.Contains(r.URL.Path, "/subscriptions/") {
			once.Do(asked.Done)
			select {
			case <-release:
			case <-time.After(20 * time.Second):
			}
		}
	}
	s.before.Store(&block)
	var busy sync.WaitGroup
	for range 2 { // the two workers, and six owners at once
		busy.Go(func() { _, _ = s.service.ApplyInbox(t.Context()) })
	}
	for _, o := range owners {
		busy.Go(func() { _ = o.page() })
	}
	asked.Wait()
	for range 8 { // the provider repeats what it thinks is lost
		busy.Go(func() {
			_ = s.service.ReceiveWebhook(t.Context(), facts.Stripe,
				http.Header{stripe.SignatureHeader: {stripe.Sign(first.body, time.Now(),
					simulator.StripeSecret)}}, first.body)
		})
	}
	within := func(what string, do func(context.Context) error) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second) // as long as a webhook may take
		defer cancel()
		if err := do(ctx); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 5 {
		within("a fresh webhook", func(ctx context.Context) error {
			body := []byte(`{"id":"evt_fresh","object":"event","type":"product.created","livemode":false,"data":{"object":{}}}`)
			return s.service.ReceiveWebhook(ctx, facts.Stripe,
				http.Header{stripe.SignatureHeader: {stripe.Sign(body, time.Now(), simulator.StripeSecret)}}, body)
		})
		within("the plan page", func(ctx context.Context) error {
			_, err := s.service.Overview(ctx,
				reader.Account())
			return err
		})
		within("the operators' desk", func(ctx context.Context) error {
			_,
				err := s.service.CountInbox(ctx)
			return err
		})
	}
	close(release)
	s.before.Store(nil)
	busy.Wait()
	s.must(s.db.AdvanceClock(t.Context(), s.clock, time.Hour))
	s.settle()
	if n := s.count(`select count(*) from subscriptions where status = 'active'`); n != 7 {
		t.Errorf("%d subscriptions are active, want 7", n)
	}
}
