package billing_test

import (
	"bytes"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

func TestManyClicksMakeOneCustomer(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			var mu sync.Mutex
			calls, urls := map[string]int{}, map[string]bool{}
			count := func(r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if r.Method == http.MethodPost {
					calls[r.URL.Path]++
				}
			}
			s.before.Store(&count)
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					c, err := s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, provider)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					urls[c.URL] = true
				})
			}
			group.Wait()
			if len(urls) != 1 || s.count(`select count(*) from checkouts`) != 1 {
				t.Errorf("%d addresses, want 1: %v", len(urls), calls)
			}
			for path, n := range calls {
				if n != 1 {
					t.Errorf("POST %s was called %d times", path, n)
				}
			}
			if n := s.count(`select count(*) from provider_directory
				where kind = 'customer'`); provider == facts.Stripe && n != 1 {
				t.Errorf("%d customers, want 1", n)
			}
		})
	}
}

func TestAnotherPlanClosesTheOpenCheckout(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	_, old := s.start(u, "pro", facts.Stripe)
	_, sub := s.start(u, "team", facts.Razorpay)
	if _, err := s.sim.PaySession(old); err == nil {
		t.Error("the older checkout can still be paid")
	}
	_, err := s.sim.PaySubscription(sub)
	s.must(err)
	// It is paid, and no webhook has come: a third purchase learns of it from the provider.
	if _, err := s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Year, facts.Stripe); !fault.Is(err,
		fault.Conflict) {
		t.Errorf("a purchase after an unreported payment: %v, want Conflict", err)
	}
	if o := s.overview(u); o.Plan.ID != "team" {
		t.Errorf("plan %s, want team", o.Plan.ID)
	}
}

func TestCheckoutRefusals(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	clerk := s.db.Member(t, u, nil, "manager")
	for name, c := range map[string]struct {
		caller         postgres.Caller
		plan, interval string
		provider       facts.Provider
		want           fault.Kind
	}{
		"free plan":     {u.Account(), "free", billing.Month, facts.Stripe, fault.Invalid},
		"unknown plan":  {u.Account(), "gold", billing.Month, facts.Stripe, fault.Invalid},
		"interval":      {u.Account(), "pro", "week", facts.Stripe, fault.Invalid},
		"provider":      {u.Account(), "pro", billing.Month, "paypal", fault.Invalid},
		"a manager":     {clerk.Account(), "pro", billing.Month, facts.Stripe, fault.Forbidden},
		"nobody":        {postgres.Caller{}, "pro", billing.Month, facts.Stripe, fault.Unauthorized},
		"injected plan": {u.Account(), "pro' or '1'='1", billing.Month, facts.Stripe, fault.Invalid},
	} {
		if _, err := s.service.StartCheckout(t.Context(), c.caller, c.plan, c.interval, c.provider); err == nil ||
			fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := s.service.Overview(t.Context(), clerk.Account()); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a manager's overview: %v", err)
	}
	if me, err := s.service.Me(t.Context(), clerk.Caller); err != nil || me.Entitlements.Plan != "free" ||
		me.Status != billing.None {
		t.Errorf("a manager's Me = %+v, %v", me, err)
	}
	s.down.Store(true)
	if _, err := s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, facts.Razorpay); !fault.Is(err,
		fault.Unavailable) {
		t.Errorf("with the provider down: %v, want Unavailable", err)
	}
	s.down.Store(false)
	if _, err := s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, facts.Razorpay); err != nil {
		t.Errorf("with the provider up again: %v", err)
	}
}

func TestVerify(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u, stranger := s.db.User(t, "asha"), s.db.User(t, "mallory")
			clerk := s.db.Member(t, u, nil, "manager")
			s.must(s.sim.Hold(true))
			r := s.buy(u, "pro", provider)
			for who, caller := range map[string]postgres.Caller{
				"a stranger":               stranger.Account(),
				"a stranger in their shop": stranger.Caller,
			} {
				if err := s.service.Verify(t.Context(), caller, r); !fault.Is(err, fault.NotFound) {
					t.Errorf("%s: %v, want NotFound", who, err)
				}
			}
			if err := s.service.Verify(t.Context(), clerk.Account(), r); !fault.Is(err, fault.Forbidden) {
				t.Errorf("a manager: %v, want Forbidden", err)
			}
			forged := r
			forged.SessionID, forged.Signature = "cs_test_nothing", razorpay.SignReturn(simulator.RazorpayKeySecret,
				r.SubscriptionID, r.PaymentID)
			if err := s.service.Verify(t.Context(), u.Account(), forged); err == nil {
				t.Error("a forged return is accepted")
			}
			if o := s.overview(stranger); o.Plan.ID != "free" || o.Status != billing.None {
				t.Errorf("the stranger has %s, %s", o.Plan.ID, o.Status)
			}
			if o := s.overview(u); o.Plan.ID != "free" {
				t.Errorf("refused returns gave %s", o.Plan.ID)
			}
			s.must(s.service.Verify(t.Context(), u.Account(), r))
			if o := s.overview(u); o.Plan.ID != "pro" {
				t.Errorf("after the return: plan %s", o.Plan.ID)
			}
			s.must(s.service.Verify(t.Context(), u.Account(), r))
			s.must(s.sim.Release(true))
			s.settle()
			if n := s.count(`select count(*) from payments`); n != 1 {
				t.Errorf("%d payments, want 1", n)
			}
			if n := s.count(`select count(*) from subscriptions`); n != 1 {
				t.Errorf("%d subscriptions, want 1", n)
			}
		})
	}
}

func TestReturnBeforePaying(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	_, session := s.start(u, "pro", facts.Stripe)
	if err := s.service.Verify(t.Context(), u.Account(), billing.Return{
		Provider:  facts.Stripe,
		SessionID: session,
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("Verify = %v, want Conflict", err)
	}
}

func TestFormOrigins(t *testing.T) {
	s := setup(t)
	if got := s.service.FormOrigins(); len(got) != 1 || got[0] != s.api.URL {
		t.Errorf("FormOrigins = %v, want the simulator's %s", got, s.api.URL)
	}
}

// Who asks again and again whether they have paid does not keep the webhooks of everybody from being stored.
func TestVerifyLeavesRoomForWebhooks(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "Asha")
	r := s.buy(u, "pro", facts.Razorpay)
	release := make(chan struct{})
	slow := func(r *http.Request) {
		if strings.Contains(r.URL.Path, "/subscriptions/") {
			<-release
		}
	}
	s.before.Store(&slow)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			if err := s.service.Verify(t.Context(), u.Account(), r); err != nil {
				t.Errorf("Verify = %v", err)
			}
		})
	}
	// All of them are under way: at the provider, or waiting for one that is. Were there no turns to wait for, some
	// would wait for a connection instead, and never come here.
	stacks := make([]byte, 4<<20)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); runtime.Gosched() {
		if n := runtime.Stack(stacks, true); bytes.Count(stacks[:n], []byte("billing.(*Service).verify(")) >= 12 {
			break
		}
	}
	err := s.sim.Deliver(t.Context())
	close(release)
	wg.Wait()
	s.must(err)
	if n := s.count(`select count(*) from inbox`); n == 0 {
		t.Error("no webhook was stored while one account verified")
	}
}

// A purchase that was begun can be resumed or given up; one that is given up can no longer be paid.
func TestUnfinishedCheckout(t *testing.T) {
	s := setup(t)
	for _, provider := range both {
		u := s.db.User(t, "undecided "+string(provider))
		c, id := s.start(u, "pro", provider)
		if o := s.overview(u); o.OpenCheckout == nil || o.OpenCheckout.Plan != "pro" || o.OpenCheckout.URL != c.URL {
			t.Fatalf("%s: nothing is left of the checkout: %+v", provider, o.OpenCheckout)
		}
		if again, _ := s.start(u, "pro", provider); again.URL != c.URL {
			t.Errorf("%s: going on leads to %s, want %s", provider, again.URL, c.URL)
		}
		if paid, err := s.service.Discard(t.Context(), u.Account()); paid || err != nil {
			t.Fatalf("%s: Discard = %v, %v", provider, paid, err)
		}
		var err error
		if provider == facts.Stripe {
			_, err = s.sim.PaySession(id)
		} else {
			_, err = s.sim.PaySubscription(id)
		}
		if o := s.overview(u); err == nil || o.OpenCheckout != nil || o.Plan.ID != "free" {
			t.Errorf("%s: given up and yet there: %v, %+v", provider, err, o.OpenCheckout)
		}
		if paid, err := s.service.Discard(t.Context(), u.Account()); paid || err != nil {
			t.Errorf("%s: without one: %v, %v", provider, paid, err)
		}
		s.buy(u, "pro", provider) // paid, and nobody has told us yet
		if paid, err := s.service.Discard(t.Context(), u.Account()); !paid || err != nil ||
			s.overview(u).Plan.ID != "pro" {
			t.Errorf("%s: paid meanwhile: %v, %v, plan %s", provider, paid, err, s.overview(u).Plan.ID)
		}
	}
}
