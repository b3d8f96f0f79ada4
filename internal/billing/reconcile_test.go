package billing_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
)

var quick = billing.Reconciliation{Who: "test", Rate: 10_000, Backoff: time.Millisecond}

func (s *shop) reconcile(o billing.Reconciliation) []billing.Run {
	s.Helper()
	runs, err := s.service.Reconcile(s.Context(), o)
	s.must(err)
	return runs
}

// lose forgets every webhook that was not delivered.
func (s *shop) lose() {
	s.Helper()
	for _, d := range s.sim.Events() {
		if d.Status != "delivered" {
			s.must(s.sim.Drop(d.Number))
		}
	}
}

func (s *shop) classes(run billing.Run) string {
	s.Helper()
	list, err := s.service.ListFindings(s.Context(), run.ID)
	s.must(err)
	var out []string
	for _, f := range list {
		class, _, _ := strings.Cut(f.Class, " ")
		out = append(out, class+" "+f.Outcome)
	}
	return strings.Join(out, ", ")
}

// TestReconcileRepairsWhatWasLost loses whole lives and compares once.
func TestReconcileRepairsWhatWasLost(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.must(s.sim.Hold(true))
			s.buy(u, "pro", provider)
			s.lose() // it was never heard that she paid
			if o := s.overview(u); o.Plan.ID != "free" {
				t.Fatal("the events were not lost")
			}
			dry := quick
			dry.Provider, dry.DryRun = provider, true
			runs := s.reconcile(dry)
			if len(runs) != 1 || runs[0].State != "complete" || runs[0].Differ == 0 || runs[0].Repaired != 0 ||
				s.count(`select count(*) from payments`) != 0 {
				t.Errorf("dry run: %+v, %s", runs, s.classes(runs[0]))
			}
			if o := s.overview(u); o.Plan.ID != "free" {
				t.Error("a dry run has changed something")
			}
			real := quick
			real.Provider = provider
			run := s.reconcile(real)[0]
			s.apply() // events that Stripe could not deliver are in the inbox now
			if o := s.overview(u); run.State != "complete" || o.Plan.ID != "pro" ||
				s.count(`select count(*) from payments`) != 1 {
				t.Errorf("plan %s, %d payments; %s", o.Plan.ID, s.count(`select count(*) from payments`),
					s.classes(run))
			}

			// Two renewals and a refund are lost, then the cancellation.
			id := s.subscription(u)
			s.must(s.sim.Renew(t.Context(), id))
			s.must(s.sim.Renew(t.Context(), id))
			s.must(s.sim.Refund(id, true))
			s.must(s.sim.Cancel(id, false))
			s.lose()
			s.reconcile(real)
			s.apply()
			o := s.overview(u)
			if o.Status != billing.Canceled || s.count(`select count(*) from payments`) != 3 ||
				s.count(`select count(*) from review_items where reason = 'refund_full'`) != 1 {
				t.Errorf("status %s, %d payments, %d refunds", o.Status, s.count(`select count(*) from payments`),
					s.count(`select count(*) from review_items where reason = 'refund_full'`))
			}
			again := s.reconcile(real)[0]
			if again.Differ != 0 || again.Repaired != 0 {
				t.Errorf("a second comparison finds %s", s.classes(again))
			}
		})
	}
}

// TestReconcileAsksAPerson finds what it may not decide.
func TestReconcileAsksAPerson(t *testing.T) {
	s := setup(t)
	u, other := s.db.User(t, "asha"), s.db.User(t, "bina")
	s.buy(u, "pro", facts.Stripe)
	s.buy(other, "pro", facts.Razorpay)
	s.settle()
	exec := func(sql string, args ...any) {
		t.Helper()
		_, err := s.db.Super.Exec(t.Context(), sql, args...)
		s.must(err)
	}
	// The customer's claim and the subscription are taken away here: nobody owns it, and its metadata names an account
	// that is gone.
	stripeID, razorpayID := s.subscription(u), s.subscription(other)
	exec(`update subscriptions set customer_id = 'cus_of_another' where id = $1`, stripeID)
	exec(`update subscriptions set provider_status = 'cancelled', status = 'canceled', ended_at = now() where id = $1`,
		razorpayID)
	s.db.Subscription(t, u.AccountID, "stripe", "sub_nobody_knows")
	exec(`update subscriptions set price_id = 'price_TijoriProMonth' where id = 'sub_nobody_knows'`)
	runs := s.reconcile(quick)
	got := map[string]string{}
	for _, run := range runs {
		list, err := s.service.ListFindings(t.Context(), run.ID)
		s.must(err)
		for _, f := range list {
			got[f.Subscription] = f.Class + " " + f.Outcome
		}
	}
	for id, want := range map[string]string{
		stripeID: "customer queued", razorpayID: "reopened queued",
		"sub_nobody_knows": "missing_there queued",
	} {
		if got[id] != want {
			t.Errorf("%s: %q, want %q", id, got[id], want)
		}
	}
	for _, reason := range []string{"subscription_customer_changed", "reopened_at_provider", "missing_at_provider"} {
		if n := s.count(`select count(*) from review_items where reason = $1 and status = 'open'`, reason); n != 1 {
			t.Errorf("%d items %s, want 1", n, reason)
		}
	}
	if o := s.overview(u); o.Subscription.CustomerID != "cus_of_another" && o.Subscription.ID == stripeID {
		t.Error("a customer was moved")
	}
	s.reconcile(quick)
	if n := s.count(`select count(*) from review_items`); n != 3 {
		t.Errorf("%d review items after a second comparison, want 3", n)
	}
}

// TestReconcileGoesOnWhereItBroke lets the provider be too busy, then dead.
func TestReconcileGoesOnWhereItBroke(t *testing.T) {
	s := setup(t)
	var busy, pages atomic.Int64
	var dead atomic.Bool
	target, err := url.Parse(s.api.URL)
	s.must(err)
	// as if it were not there
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy.Add(-1) >= 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		if strings.HasSuffix(r.URL.Path, "/v1/subscriptions") && r.Method == http.MethodGet {
			if pages.Add(1) > 1 && dead.Load() {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	plans, err := billing.LoadPlans("", nil)
	s.must(err)
	sc, err := stripe.New(stripe.Config{
		Key:     simulator.StripeKey,
		Secrets: []facts.Secret{{Label: "current", Key: simulator.StripeSecret}}, URL: s.sim.StripeURL(),
	})
	s.must(err)
	rc, err := razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, AccountID: simulator.RazorpayAccount,
		Secrets: []facts.Secret{{Label: "current", Key: simulator.RazorpaySecret}}, URL: gate.URL + "/razorpay",
	})
	s.must(err)
	service, err := billing.New(billing.Config{
		DB: s.db.DB, Plans: plans, Clock: s.clock, Stripe: sc, Razorpay: rc,
		PublicURL: s.front.URL,
	})
	s.must(err)

	u := s.db.User(t, "asha")
	s.must(s.sim.Hold(true))
	s.buy(u, "pro", facts.Razorpay)
	s.lose()
	for range 130 { // more than a page of what others made
		s.must(s.sim.Stray("plan_TijoriProMonth"))
	}
	o := quick
	o.Provider = facts.Razorpay
	dead.Store(true)
	busy.Store(3)
	runs, err := service.Reconcile(t.Context(), o)
	if !errors.Is(err, billing.ErrPartial) || len(runs) != 1 || runs[0].State != "partial" ||
		runs[0].Phase != "theirs" || runs[0].Cursor == "" {
		t.Fatalf("while the provider dies: %+v, %v", runs, err)
	}
	first := runs[0]
	dead.Store(false)
	pages.Store(0)
	runs, err = service.Reconcile(t.Context(), o)
	if err != nil || runs[0].ID != first.ID || runs[0].State != "complete" || pages.Load() != 1 {
		t.Fatalf("going on: %+v, %v, %d pages", runs, err, pages.Load())
	}
	if plan := s.overview(u).Plan.ID; plan != "pro" {
		t.Errorf("plan %s after going on", plan)
	}
	if n := s.count(`select count(*) from reconcile_seen`); n != 0 {
		t.Errorf("%d marks are left", n)
	}
	// The lease: while a run is at work, another is refused.
	_, err = s.db.Super.Exec(t.Context(),
		`update reconcile_runs set state = 'running', finished_at = null, lease_until = now() + interval '1 minute'`)
	s.must(err)
	if _, err := service.Reconcile(t.Context(), o); !fault.Is(err, fault.Conflict) {
		t.Errorf("beside another: %v, want Conflict", err)
	}
}

// TestReconcileOneAccount leaves the others alone.
func TestReconcileOneAccount(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u, other := s.db.User(t, "asha"), s.db.User(t, "bina")
			s.buy(u, "pro", provider)
			s.buy(other, "pro", provider)
			s.settle()
			s.must(s.sim.Hold(true))
			s.must(s.sim.Cancel(s.subscription(u), false))
			s.must(s.sim.Cancel(s.subscription(other), false))
			s.lose()
			o := quick
			o.Account = u.AccountID
			s.reconcile(o)
			if mine, theirs := s.overview(u).Status, s.overview(other).Status; mine != billing.Canceled ||
				theirs != billing.Active {
				t.Errorf("asked for %s, the other is %s", mine, theirs)
			}
		})
	}
}

// TestWebhookSwitchedOff is noticed, told once, and told when it is over.
func TestWebhookSwitchedOff(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	s.must(s.sim.DisableWebhook(true))
	s.reconcile(quick)
	var told []billing.Alert
	tell := func(again bool) int {
		t.Helper()
		told = nil
		_, err := s.service.TellAlerts(t.Context(), func(_ context.Context, list []billing.Alert) error {
			told = append(told, list...)
			if again {
				return errors.New("the mail server is away")
			}
			return nil
		})
		if (err != nil) != (again && len(told) > 0) {
			t.Fatal(err)
		}
		return len(told)
	}
	if tell(true) != 1 || told[0].Kind != billing.AlertDisabled || tell(false) != 1 || tell(false) != 0 {
		t.Errorf("told %+v", told)
	}
	s.must(s.sim.DisableWebhook(false))
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour))
	s.reconcile(quick)
	if tell(false) != 1 || told[0].State != "over" || tell(false) != 0 {
		t.Errorf("afterwards told %+v", told)
	}
}
