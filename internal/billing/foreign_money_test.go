package billing_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Money of another product on the same account at the provider: one-time payments, refunds and disputes of these are
// kept
// and counted, and no work for anybody, while purchases of ours wait.
func TestMoneyOfOthersIsNobodysWork(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	for _, provider := range both { // these wait for their customer
		_, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
		s.must(err)
	}
	session := func(id, more string) map[string]any {
		m := map[string]any{
			"id": "cs_" + id, "object": "checkout.session", "mode": "payment", "status": "complete",
			"payment_status": "paid", "customer": "cus_" + id, "payment_intent": "pi_" +
				id, "amount_total": 500, "currency": "usd", "metadata": map[string]any{},
		}
		if more != "" {
			m["metadata"], m["client_reference_id"] = map[string]any{"account_id": more, "order": "17"}, more
		}
		return m
	}
	intents := func(r *http.Request, code int, body []byte) (int, []byte) { // the simulator sells nothing but ours
		id, is := strings.CutPrefix(r.URL.Path, "/v1/payment_intents/")
		if !is || code != 404 {
			return code, body
		}
		return 200, []byte(`{"id":"` + id + `","object":"payment_intent","latest_charge":{"id":"ch_of_` + id +
			`","object":"charge","customer":"cus_` + id + `","payment_intent":"` + id +
			`","amount":500,"amount_refunded":0,"currency":"usd"}}`)
	}
	s.rewrite.Store(&intents)
	s.postStripe("evt_1", "checkout.session.completed", session("plain", ""))
	s.postStripe("evt_2", "checkout.session.completed", session("words", "0198f3f0-7d6b-7c55-9c3a-3f8f6f0d6a11"))
	s.postStripe("evt_3", "charge.refunded", map[string]any{
		"id": "ch_1", "object": "charge", "customer": "cus_plain",
		"payment_intent": "pi_plain", "amount": 500, "amount_refunded": 500, "currency": "usd",
	})
	s.postStripe("evt_4", "charge.dispute.created", map[string]any{
		"id": "dp_1", "object": "dispute", "charge": "ch_2",
		"payment_intent": "pi_words", "status": "needs_response", "amount": 500, "currency": "usd",
	})
	s.postStripe("evt_5", "refund.failed", map[string]any{
		"id": "re_1", "object": "refund", "charge": "ch_3",
		"payment_intent": "pi_three", "status": "failed", "amount": 500, "currency": "usd",
	})
	payment := `{"id":"pay_Other0000000%d","entity":"payment","amount":49900,"currency":"INR","status":"refunded","amount_refunded":49900,"refund_status":"full","captured":true}`
	pay := func(n int) string { return `"payment":{"entity":` + fmt.Sprintf(payment, n) + `}` }
	s.post("payment_link.paid",
		`{"payment_link":{"entity":{"id":"plink_Other000000001","status":"paid","amount":49900,"amount_paid":49900,"currency":"INR","reference_id":"order 17","notes":{"shop":"other"},"created_at":1}},`+pay(1)+`}`, "r1")
	s.post("refund.processed",
		`{"refund":{"entity":{"id":"rfnd_Other00000001","payment_id":"pay_Other00000002","amount":49900,"currency":"INR","status":"processed"}},`+pay(2)+`}`, "r2")
	rows, err := s.db.Super.Query(t.Context(),
		`select event_id, status, last_error from inbox where status <> 'ignored'`)
	s.must(err)
	for rows.Next() {
		var id, status, why string
		s.must(rows.Scan(&id, &status, &why))
		t.Errorf("%s is %s (%s), want ignored", id, status, why)
	}
	s.must(rows.Err())
	if n := s.count(`select count(*) from inbox where last_error like '%another product%'`); n != 7 {
		t.Errorf("%d events say that they are of another product, want 7", n)
	}
	if n := s.count(`select count(*) from review_items`); n != 0 {
		t.Errorf("%d items for a person", n)
	}
	s.must(s.service.CheckAlerts(t.Context()))
	if n := s.count(`select count(*) from alerts where state = 'raised'`); n != 0 {
		t.Errorf("%d alerts", n)
	}
}

// What bears anything of ours is shown to a person as before, though nobody began it here.
func TestMoneyThatMayBeOursWaitsForAPerson(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	customer := s.overview(u).Subscription.CustomerID
	ours := map[string]any{"account_id": u.AccountID.String()}
	for i, m := range []map[string]any{
		{"customer": customer},
		{"client_reference_id": u.AccountID.String(), "metadata": ours},
		{"metadata": map[string]any{
			"user_id": u.UserID.String(), "meter": "credits", "top_up": "credits_500",
			"credits": "500", "days": "0",
		}},
	} {
		m["id"], m["object"], m["mode"], m["status"], m["payment_status"] = fmt.Sprint("cs_",
			i), "checkout.session", "payment", "complete", "paid"
		s.postStripe(fmt.Sprint("evt_", i), "checkout.session.completed", m)
	}
	s.postStripe("evt_r", "charge.refunded", map[string]any{
		"id": "ch_1", "object": "charge", "customer": customer,
		"payment_intent": "pi_1", "amount": 700, "amount_refunded": 700, "currency": "usd",
	})
	if n := s.count(`select count(*) from inbox where event_id like 'evt_%' and length(event_id) = 5
		and status = 'ignored'`); n != 0 {
		t.Errorf("%d events that bear something of ours are ignored", n)
	}
	if n := s.open("refund_full"); n != 1 {
		t.Errorf("%d items of a refund to a customer of ours, want 1", n)
	}
}

// A refund that is heard of before the payment is no matter of another product: the purchase is completed, and its
// credits are taken back.
func TestRefundBeforeThePaymentIsOurs(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			page, err := s.service.StartTopUp(t.Context(), u.Account(), "credits_500", provider)
			s.must(err)
			s.pay(page)
			s.lose() // the event of the payment
			s.must(s.sim.RefundPurchase(purchaseID(page), true))
			s.settle()
			if n := s.count(`select count(*) from purchases where account_id = $1 and status = 'paid'
				and taken_back = 500`, u.AccountID); n != 1 || s.credits(u) != 0 {
				t.Errorf("the purchase is not completed, or not taken back: %d credits", s.credits(u))
			}
			if n := s.count(`select count(*) from inbox where last_error like '%another product%'`); n != 0 {
				t.Errorf("%d events of ours are taken for another product's", n)
			}
		})
	}
}
