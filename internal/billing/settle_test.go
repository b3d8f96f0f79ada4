package billing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// open counts the open items of a reason.
func (s *shop) open(reason string) int {
	s.Helper()
	return s.count(`select count(*) from review_items where reason = $1 and status = 'open'`, reason)
}

// Who has two subscriptions ends one: the item closes with that, and stands in the log.
func TestTwoSubscriptionsSettleWhenOneEnds(t *testing.T) {
	for _, ends := range both {
		t.Run(string(ends), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", ends)
			s.settle()
			id := s.subscription(u)
			other := map[facts.Provider]string{facts.Stripe: "razorpay", facts.Razorpay: "stripe"}[ends]
			s.db.Subscription(t, u.AccountID, other, "sub_double") // bought on another device
			s.exec(`update subscriptions set plan_id = 'pro', access_until = $1 where id = 'sub_double'`,
				s.clock.Now().Add(60*day))
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			if s.open("multiple_active_subscriptions") != 1 {
				t.Fatalf("%d items of two subscriptions", s.open("multiple_active_subscriptions"))
			}
			s.must(s.sim.Cancel(id, false))
			s.settle()
			if n := s.open("multiple_active_subscriptions"); n != 0 {
				t.Error("the item of two subscriptions stays open after one has ended")
			}
			if n := s.count(`select count(*) from operator_acts where who = 'tijori' and act = 'resolve'
				and detail = 'multiple_active_subscriptions'`); n != 1 {
				t.Errorf("%d entries in the log, want 1", n)
			}
		})
	}
}

// A payer whom nobody knew is known: the item closes when the next event is applied.
func TestUnmappedPayerSettlesWhenKnown(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.down.Store(true) // the simulator does not have it; what the event says is enough
	s.deliver(`{"id":"evt_1","object":"event","type":"customer.subscription.created","created":1,"livemode":false,"data":{"object":{"id":"sub_X","object":"subscription","customer":"cus_X","status":"active"}}}`)
	s.apply()
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour))
	s.apply()
	if s.open("unmapped_customer") != 1 {
		t.Fatal("nobody is asked whose the customer is")
	}
	s.exec(`insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ('stripe', 'stripe', 'customer', 'cus_X', $1, now())`, u.AccountID)
	s.must(s.db.AdvanceClock(t.Context(), s.clock, time.Hour))
	s.apply()
	if s.open("unmapped_customer") != 0 ||
		s.count(`select count(*) from review_items where account_id = $1 and reason = 'unmapped_customer'`,
			u.AccountID) != 1 {
		t.Error("the item of a customer who is known now stays open, or does not name the account")
	}
}

// A comparison asks the provider what lies between an amount and the price, and closes what is accounted for.
func TestExplainedAmountSettles(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			s.must(s.sim.SetTax(id, 18))
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			with := map[facts.Provider]string{facts.Stripe: "$5.90", facts.Razorpay: "₹352.82"}[provider]
			for _, amount := range []string{with, "$77.77"} {
				s.exec(`insert into review_items (connection_id, provider, key, reason, detail, account_id, subscription_id, opened_at, seen_at)
					values ($1, $1, 'amount ' || $2 || ' ' || $3, 'amount_mismatch', 'x', $4, $2, now(), now())
					on conflict (connection_id, key) do update set status = 'open', resolved_at = null`, provider, id, amount, u.AccountID)
			}
			s.reconcile(quick)
			if n := s.count(`select count(*) from review_items where key like '%' || $1 and status = 'open'`,
				with); n != 0 {
				t.Error("an amount with tax stays open")
			}
			if n := s.count(`select count(*) from review_items where key like '%$77.77' and status = 'open'`); n != 1 {
				t.Error("an amount that nobody has paid is taken for explained")
			}
		})
	}
}

// Events of the other mode are over after a quiet week, and news when they come again.
func TestForeignEventsSettleAndReturn(t *testing.T) {
	s := setup(t)
	live := func(id string) {
		t.Helper()
		body := []byte(`{"id":"` + id + `","object":"event","type":"invoice.paid","created":1,"livemode":true,"data":{"object":{"id":"in_1","object":"invoice"}}}`)
		s.must(s.service.ReceiveWebhook(t.Context(), facts.Stripe,
			http.Header{stripe.SignatureHeader: {stripe.Sign(body, time.Now(), simulator.StripeSecret)}}, body))
	}
	live("evt_1")
	s.reconcile(quick)
	if s.open("livemode_mismatch") != 1 {
		t.Fatal("nobody is told of events of the other mode")
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 8*day))
	look := quick
	look.DryRun = true
	s.reconcile(look)
	if s.open("livemode_mismatch") != 1 {
		t.Error("a look closes an item")
	}
	s.reconcile(quick)
	if s.open("livemode_mismatch") != 0 {
		t.Error("after a week without such events the item stays open")
	}
	live("evt_2")
	if s.open("livemode_mismatch") != 1 {
		t.Error("such events come again, and the item stays closed")
	}
}
