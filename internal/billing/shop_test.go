package billing_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A shop is the billing service on a real database, with both providers
// simulated behind real HTTP.
type shop struct {
	*testing.T
	db      *pgtest.DB
	clock   *clock.Clock
	service *billing.Service
	sim     *simulator.Simulator
	api     *httptest.Server // in front of the simulator
	front   *httptest.Server // where the webhooks arrive
	down    atomic.Bool      // the providers' API answers 503
	before  atomic.Pointer[func(*http.Request)]
	rewrite atomic.Pointer[func(r *http.Request, status int, body []byte) (int, []byte)]
	again   func(*billing.Plans) *billing.Service
}

func setup(t *testing.T) *shop {
	t.Parallel()
	s := &shop{T: t, db: pgtest.New(t), clock: clock.New()}
	if err := postgres.SetEnvironment(t.Context(), s.db.Config, postgres.Environment{Mode: postgres.Simulated},
		s.clock); err != nil {
		t.Fatal(err)
	}
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.front = httptest.NewServer(mux)
	t.Cleanup(s.front.Close)
	var handler http.Handler
	s.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := s.before.Load(); f != nil {
			(*f)(r)
		}
		if s.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if f := s.rewrite.Load(); f != nil {
			rec := httptest.NewRecorder()
			handler.ServeHTTP(rec, r)
			code, body := (*f)(r, rec.Code, rec.Body.Bytes())
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			w.Header().Del("Content-Length")
			w.WriteHeader(code)
			_, _ = w.Write(body)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.api.Close)
	config := simulator.Config{
		URL: s.api.URL, AppURL: s.front.URL, Now: s.clock.Now,
		Advance: func(ctx context.Context, d time.Duration) error { return s.db.AdvanceClock(ctx, s.clock, d) },
	}
	for _, p := range plans.List {
		for _, price := range p.Prices {
			config.Prices = append(config.Prices, simulator.Price{
				Provider: price.Provider, ID: price.ProviderPrice, Name: p.Name, Interval: price.Interval,
				Currency: price.Amount.Currency, Amount: price.Amount.Minor,
			})
		}
	}
	for _, top := range plans.TopUps {
		for _, price := range top.Prices {
			if price.ProviderPrice != "" {
				config.Prices = append(config.Prices, simulator.Price{
					Provider: price.Provider, ID: price.ProviderPrice,
					Name: top.Name, Currency: price.Amount.Currency, Amount: price.Amount.Minor,
				})
			}
		}
	}
	if s.sim, err = simulator.New(config); err != nil {
		t.Fatal(err)
	}
	handler = s.sim.Handler()
	sc, err := stripe.New(stripe.Config{
		Key:     simulator.StripeKey,
		Secrets: []facts.Secret{{Label: "current", Key: simulator.StripeSecret}}, URL: s.sim.StripeURL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	rc, err := razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, AccountID: simulator.RazorpayAccount,
		Secrets: []facts.Secret{{Label: "current", Key: simulator.RazorpaySecret}}, URL: s.sim.RazorpayURL(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.service, err = billing.New(billing.Config{
		DB: s.db.DB, Plans: plans, Clock: s.clock, Stripe: sc, Razorpay: rc,
		PublicURL: s.front.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.again = func(p *billing.Plans) *billing.Service {
		v, err := billing.New(billing.Config{
			DB: s.db.DB, Plans: p, Clock: s.clock, Stripe: sc, Razorpay: rc,
			PublicURL: s.front.URL,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := v.SyncPlans(t.Context()); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if err := s.service.SyncPlans(t.Context()); err != nil {
		t.Fatal(err)
	}
	mux.Handle("/api/stripe/webhook", s.service.Webhook(facts.Stripe))
	mux.Handle("/api/razorpay/webhook", s.service.Webhook(facts.Razorpay))
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// settle delivers every webhook and applies the inbox.
func (s *shop) settle() {
	s.Helper()
	s.must(s.sim.Deliver(s.Context()))
	s.apply()
}

func (s *shop) apply() {
	s.Helper()
	_, err := s.service.ApplyInbox(s.Context())
	s.must(err)
}

func (s *shop) overview(u *pgtest.User) *billing.Overview {
	s.Helper()
	o, err := s.service.Overview(s.Context(), u.Account())
	s.must(err)
	return o
}

func (s *shop) count(sql string, args ...any) (n int) {
	s.Helper()
	s.must(s.db.Super.QueryRow(s.Context(), sql, args...).Scan(&n))
	return n
}

// start opens a checkout and returns the provider's id of it: Stripe's session
// or Razorpay's subscription.
func (s *shop) start(u *pgtest.User, plan string, provider facts.Provider) (c *billing.Checkout, id string) {
	s.Helper()
	c, err := s.service.StartCheckout(s.Context(), u.Account(), plan, billing.Month, provider)
	s.must(err)
	if provider == facts.Stripe {
		return c, c.URL[strings.LastIndex(c.URL, "/")+1:]
	}
	for _, f := range c.Form.Fields {
		if f.Name == "subscription_id" {
			return c, f.Value
		}
	}
	s.Fatal("the form has no subscription")
	return nil, ""
}

// buy starts a checkout and pays it; the webhooks are not delivered yet.
func (s *shop) buy(u *pgtest.User, plan string, provider facts.Provider) (r billing.Return) {
	s.Helper()
	_, id := s.start(u, plan, provider)
	if provider == facts.Stripe {
		_, err := s.sim.PaySession(id)
		s.must(err)
		return billing.Return{Provider: provider, SessionID: id}
	}
	p, err := s.sim.PaySubscription(id)
	s.must(err)
	return billing.Return{
		Provider: provider, PaymentID: p.PaymentID, SubscriptionID: p.SubscriptionID,
		Signature: p.Signature,
	}
}

// subscription is the provider's id of the account's one subscription.
func (s *shop) subscription(u *pgtest.User) string {
	s.Helper()
	o := s.overview(u)
	if o.Subscription == nil {
		s.Fatal("there is no subscription")
	}
	return o.Subscription.ID
}

var both = []facts.Provider{facts.Razorpay, facts.Stripe}
