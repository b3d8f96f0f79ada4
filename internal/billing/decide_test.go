package billing_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// onlyOpen is the one open item of a reason.
func (s *shop) onlyOpen(reason string) billing.ReviewItem {
	s.Helper()
	list, err := s.service.ListReviews(s.Context(), false)
	s.must(err)
	for _, item := range list {
		if item.Reason == reason {
			return item
		}
	}
	s.Fatalf("there is no open item %s", reason)
	return billing.ReviewItem{}
}

// choices are what an item offers, by what they do.
func (s *shop) choices(item billing.ReviewItem) (out map[string]billing.Choice, why string) {
	s.Helper()
	list, why, err := s.service.Choices(s.Context(), item.Handle)
	s.must(err)
	out = map[string]billing.Choice{}
	for _, c := range list {
		out[strings.TrimSpace(c.Do+" "+c.Subscription)] = c
	}
	return out, why
}

// decided is the detail of the one act of a kind that ravi has done.
func (s *shop) decided(act string) (detail string) {
	s.Helper()
	s.must(s.db.Super.QueryRow(s.Context(), `select coalesce(string_agg(detail, '; '), '') from operator_acts
		where who = 'ravi' and act = $1`, act).Scan(&detail))
	return detail
}

// One of two subscriptions is ended as part of resolving, at the provider as here.
func TestResolveEndsASubscription(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			other := map[facts.Provider]string{facts.Stripe: "razorpay", facts.Razorpay: "stripe"}[provider]
			s.db.Subscription(t, u.AccountID, other, "sub_double")
			s.exec(`update subscriptions set plan_id = 'pro', access_until = $1 where id = 'sub_double'`,
				s.clock.Now().Add(60*day))
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			item := s.onlyOpen("multiple_active_subscriptions")
			list, _ := s.choices(item)
			if len(list) != 2 || list["end "+id].Label == "" {
				t.Fatalf("choices %v, want to end either", list)
			}
			end := func(sub, reason string) error {
				return s.service.ResolveReview(t.Context(), billing.Resolution{
					Handle: item.Handle, Who: "ravi",
					Reason: reason, Do: billing.DoEnd, Subscription: sub,
				})
			}
			for name, err := range map[string]error{"no reason": end(id, " "), "another's": end("sub_of_bina",
				"she asked")} {
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: %v, want invalid", name, err)
				}
			}
			s.down.Store(true)
			if err := end(id, "bought twice"); !fault.Is(err, fault.Unavailable) {
				t.Errorf("while the provider is away: %v, want unavailable", err)
			}
			s.down.Store(false)
			if s.open("multiple_active_subscriptions") != 1 || s.decided("end") != "" {
				t.Error("the item is closed although nothing was ended")
			}
			s.must(end(id, "bought twice"))
			if n := s.count(`select count(*) from subscriptions where id = $1 and ended_at is not null`, id); n != 1 {
				t.Error("the subscription has not ended")
			}
			if s.open("multiple_active_subscriptions") != 0 || s.decided("end") != "subscription "+id+" was ended" {
				t.Errorf("the item is open, or the log says %q", s.decided("end"))
			}
		})
	}
}

// Of a disputed month the credits that are left are taken back, and the plan is ended, if somebody says so.
func TestResolveTakesAllowancesBack(t *testing.T) {
	s := setup(t)
	d := s.desk()
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Razorpay)
	s.settle()
	s.refill(d)
	plan := s.fromPlan(u)
	free := s.credits(u) - plan
	s.spend(u, 10)
	id := s.subscription(u)
	s.must(s.sim.Dispute(id))
	s.settle()
	item := s.onlyOpen("dispute")
	list, _ := s.choices(item)
	if plan < 20 || len(list) != 2 || list["end "+id].Label == "" ||
		list["take_back"].Label != fmt.Sprintf("Take back the %d credits that are left of it", plan-10) &&
			list["take_back"].Label != fmt.Sprintf("Take back the %d credits that are left of it", plan) {
		t.Fatalf("of %d credits: choices %v", plan, list)
	}
	resolve := billing.Resolution{Handle: item.Handle, Who: "ravi", Reason: "a stolen card", Do: billing.DoTakeBack}
	s.must(s.service.ResolveReview(t.Context(), resolve))
	if n := s.credits(u); n > free || n < free-10 {
		t.Errorf("%d credits are left, want those of no plan", n)
	}
	if got := s.decided("take_back"); !strings.HasSuffix(got, " credits taken back") || s.open("dispute") != 0 {
		t.Errorf("the log says %q, and %d items are open", got, s.open("dispute"))
	}
	if err := s.service.ResolveReview(t.Context(), resolve); !fault.Is(err, fault.Conflict) {
		t.Errorf("once more: %v, want a conflict", err)
	}
	// It is lost: the item opens again, and what was taken can be given back.
	s.must(s.sim.SettleDispute(id, false))
	s.settle()
	list, _ = s.choices(s.onlyOpen("dispute"))
	if _, again := list["take_back"]; again || list["give_back"].Label == "" {
		t.Errorf("choices %v, want to give back", list)
	}
	resolve.Do, resolve.Reason = billing.DoGiveBack, "it was their own card"
	s.must(s.service.ResolveReview(t.Context(), resolve))
	if n := s.credits(u); n != free+plan-10 {
		t.Errorf("%d credits after they were given back, want %d", n, free+plan-10)
	}
	s.booksAddUp()
}

// Credits that were bought are taken while the bank decides, and come back by themselves when the dispute is won.
func TestResolveTakesADisputedPurchaseBack(t *testing.T) {
	s := setup(t)
	u, _, _, payment := s.bought("buyer", facts.Stripe, s.desk())
	before := s.credits(u)
	tell := func(event, kind, status string) {
		t.Helper()
		s.postStripe(event, kind, map[string]any{
			"id": "dp_1", "object": "dispute", "charge": "ch_1",
			"payment_intent": payment, "status": status, "amount": 500, "currency": "usd",
		})
	}
	tell("evt_d1", "charge.dispute.created", "needs_response")
	item := s.onlyOpen("dispute")
	if list, _ := s.choices(item); len(list) != 1 || list["take_back"].Label == "" {
		t.Fatalf("choices %v, want to take back", list)
	}
	s.must(s.service.ResolveReview(t.Context(), billing.Resolution{
		Handle: item.Handle, Who: "ravi",
		Reason: "a stolen card", Do: billing.DoTakeBack,
	}))
	if n := s.credits(u); n != before-500 {
		t.Errorf("%d credits are left of %d", n, before)
	}
	tell("evt_d2", "charge.dispute.closed", "won")
	if n := s.credits(u); n != before {
		t.Errorf("the dispute is won and %d credits are there, want %d", n, before)
	}
	s.booksAddUp()
}

// Whatever an item is about, it offers something or says why there is nothing.
func TestEveryItemSaysWhatCanBeDone(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	for i, reason := range billing.Reasons() {
		s.exec(`insert into review_items (connection_id, provider, key, reason, detail, account_id, opened_at, seen_at) values ('stripe', 'stripe', $1, $2, 'x', $3, now(), now())`,
			fmt.Sprint("multiple sub_", i), reason, u.AccountID)
	}
	list, err := s.service.ListReviews(t.Context(), false)
	s.must(err)
	if len(list) != len(billing.Reasons()) || len(list) < 15 {
		t.Fatalf("%d items of %d kinds", len(list), len(billing.Reasons()))
	}
	for _, item := range list {
		if choices, why := s.choices(item); len(choices) == 0 && why == "" {
			t.Errorf("%s offers nothing and does not say why", item.Reason)
		}
		err := s.service.ResolveReview(t.Context(), billing.Resolution{
			Handle: item.Handle, Who: "ravi",
			Reason: "a test", Do: billing.DoTakeBack,
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: take back what is not there: %v, want invalid", item.Reason, err)
		}
	}
}
