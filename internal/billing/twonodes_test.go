package billing_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
)

// TestTwoNodesOpenOneCheckout: one node is slow to hear the provider's answer, and meanwhile
// the customer asks another node for the same plan, or for another. Whatever pages they were
// led to, one of them at most can be paid.
func TestTwoNodesOpenOneCheckout(t *testing.T) {
	for _, provider := range both {
		for _, c := range []struct {
			plan  string
			asked bool // the slow node has reached the provider already
		}{{"pro", true}, {"pro", false}, {"team", true}, {"team", false}} {
			t.Run(fmt.Sprintf("%s/pro and %s, asked %v", provider, c.plan, c.asked), func(t *testing.T) {
				s := setup(t)
				u := s.db.User(t, "asha")
				other := s.again(s.service.Plans())
				slow, arrived := make(chan struct{}), make(chan struct{})
				var once sync.Once
				wait := func(r *http.Request) {
					if r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/v1/subscriptions") ||
						strings.HasSuffix(r.URL.Path, "/v1/checkout/sessions")) {
						first := false
						once.Do(func() { first = true })
						if first {
							close(arrived)
							<-slow
						}
					}
				}
				if c.asked {
					after := func(r *http.Request, code int, body []byte) (int, []byte) { wait(r); return code, body }
					s.rewrite.Store(&after)
				} else {
					s.before.Store(&wait)
				}
				pages := make([]*billing.Checkout, 2)
				errs := make([]error, 2)
				done := make(chan struct{})
				go func() {
					defer close(done)
					pages[0], errs[0] = s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month,
						provider)
				}()
				<-arrived
				pages[1], errs[1] = other.StartCheckout(t.Context(), u.Account(), c.plan, billing.Month, provider)
				close(slow)
				<-done
				s.rewrite.Store(nil)
				paid := 0
				for i, c := range pages {
					if errs[i] != nil {
						t.Logf("node %d: %v", i, errs[i])
						continue
					}
					var err error
					if provider == facts.Stripe {
						_, err = s.sim.PaySession(c.URL[strings.LastIndex(c.URL, "/")+1:])
					} else {
						for _, f := range c.Form.Fields {
							if f.Name == "subscription_id" {
								_, err = s.sim.PaySubscription(f.Value)
							}
						}
					}
					if err == nil {
						paid++
					}
				}
				s.settle()
				if n := s.count(`select count(*) from payments`); paid != 1 || n != 1 {
					t.Errorf("%d pages were paid, %d payments; want 1", paid, n)
				}
				if o := s.overview(u); o.Plan.ID == "free" {
					t.Errorf("the plan is %s", o.Plan.ID)
				}
			})
		}
	}
}

// TestTwoNodesOpenOneTopUp: Razorpay makes one link for a purchase. The node that is told so
// does not close what the other is about to hand out.
func TestTwoNodesOpenOneTopUp(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	other := s.again(s.service.Plans())
	var calls atomic.Int32
	before, arrived := make(chan struct{}), make(chan struct{}, 2)
	after := make(chan struct{})
	create := func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/v1/payment_links")
	}
	first := func(r *http.Request) {
		if create(r) && calls.Add(1) == 1 { // the first node is slow to ask
			arrived <- struct{}{}
			<-before
		}
	}
	second := func(r *http.Request, code int, body []byte) (int, []byte) {
		if create(r) && code == 200 { // the second is slow to hear the answer
			arrived <- struct{}{}
			<-after
		}
		return code, body
	}
	s.before.Store(&first)
	s.rewrite.Store(&second)
	var urls [2]string
	var errs [2]error
	ends := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	for i, node := range []*billing.Service{s.service, other} {
		go func() {
			defer close(ends[i])
			urls[i], errs[i] = node.StartTopUp(t.Context(), u.Account(), s.service.Plans().TopUps[0].ID, facts.Razorpay)
		}()
		<-arrived
	}
	close(before)
	<-ends[0]
	close(after)
	<-ends[1]
	s.before.Store(nil)
	s.rewrite.Store(nil)
	paid := 0
	for i, address := range urls {
		if errs[i] != nil {
			t.Logf("node %d: %v", i, errs[i])
			continue
		}
		if _, err := s.sim.PayLink(address[strings.LastIndex(address, "/")+1:]); err == nil {
			paid++
		}
	}
	s.settle()
	n := s.count(`select count(*) from credit_grants where account_id = $1 and kind = 'top_up'`, u.AccountID)
	if dead := s.count(`select count(*) from inbox where status <> 'applied'`); paid != 1 || n != 1 || dead != 0 {
		t.Errorf("%d links were paid, %d grants, %d events are not applied; want 1, 1 and 0", paid, n, dead)
	}
}
