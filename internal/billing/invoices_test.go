package billing_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// TestInvoicesEndInTheLastState: in whatever order its events come, an invoice
// shows the state that comes last at the provider, whether it can be asked for
// it still or not; a preview is none.
func TestInvoicesEndInTheLastState(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	id := s.subscription(u)
	kinds := map[string]string{
		"draft": "invoice.created", "open": "invoice.finalized",
		"uncollectible": "invoice.marked_uncollectible", "void": "invoice.voided", "paid": "invoice.paid",
	}
	n := 0
	tell := func(invoice, status string) {
		n++
		paid := 0
		if status == "paid" {
			paid = 500
		}
		s.postStripe(fmt.Sprint("evt_state_", n), kinds[status], map[string]any{
			"id": invoice, "object": "invoice", "customer": "cus_x", "status": status, "total": 500, "amount_due": 500,
			"amount_paid": paid, "currency": "usd", "created": 1796000000,
			"billing_reason": "manual",
			"parent":         map[string]any{"subscription_details": map[string]any{"subscription": id}},
			"lines":          map[string]any{"data": []any{}},
		})
	}
	for i, states := range [][]string{
		{"draft", "open", "void"},
		{"void", "open", "draft"},
		{"open", "void", "draft"},
		{"draft", "void", "open"},
		{"void", "draft", "open"},
		{"open", "uncollectible"},
		{"uncollectible", "open"},
		{"uncollectible", "open", "paid"},
		{"paid", "uncollectible", "draft"},
		{"open", "draft"},
		{"void", "uncollectible", "open"},
	} {
		last := ""
		for _, state := range []string{"draft", "open", "uncollectible", "void", "paid"} {
			for _, has := range states {
				if has == state {
					last = state
				}
			}
		}
		invoice := fmt.Sprint("in_order_", i)
		for _, state := range states {
			tell(invoice, state)
		}
		if n := s.count(`select count(*) from invoices where id = $1 and status = $2`, invoice, last); n != 1 {
			t.Errorf("%v: the invoice is not %s", states, last)
		}
	}
	// What the provider says now counts more than what an event says of the same invoice.
	answer := func(r *http.Request, code int, body []byte) (int, []byte) {
		if strings.HasSuffix(r.URL.Path, "/v1/invoices/in_asked") {
			return 200, []byte(fmt.Sprintf(`{"id":"in_asked","object":"invoice","status":"void","currency":"usd","total":500,"parent":{"subscription_details":{"subscription":%q}},"lines":{"data":[]}}`, id))
		}
		return code, body
	}
	s.rewrite.Store(&answer)
	tell("in_asked", "open")
	if n := s.count(`select count(*) from invoices where id = 'in_asked' and status = 'void'`); n != 1 {
		t.Error("the invoice is void at the provider, and an event that said open has won")
	}
	before := s.count(`select count(*) from invoices`)
	for i, object := range []map[string]any{
		{"object": "invoice", "status": "draft", "customer": "cus_x", "subscription": id},
		{"id": "upcoming_in_1", "object": "invoice", "status": "draft", "customer": "cus_x", "subscription": id},
	} {
		s.postStripe(fmt.Sprint("evt_upcoming_", i), "invoice.upcoming", object)
	}
	if after := s.count(`select count(*) from invoices`); after != before {
		t.Error("a preview is listed among the invoices")
	}
}

// TestComparisonAsksAboutOpenInvoices: the event that told of an invoice's end may
// be lost; the page must not ask for what is void for ever.
func TestComparisonAsksAboutOpenInvoices(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	id := s.subscription(u)
	s.must(s.sim.SetCard(id, false))
	s.must(s.sim.ExtraInvoice(id, 700, false))
	s.settle()
	if n := s.count(`select count(*) from invoices where status = 'open'`); n != 1 {
		t.Fatalf("%d open invoices, want 1", n)
	}
	s.must(s.sim.Hold(true))
	_, err := s.service.Cancel(t.Context(), u.Account()) // voids it
	s.must(err)
	s.lose()
	s.must(s.sim.ForgetEvents())
	s.must(s.sim.Hold(false))
	s.reconcile(quick)
	if n := s.count(`select count(*) from invoices where status = 'void'`); n != 1 {
		t.Errorf("%d void invoices, want 1", n)
	}
}

// TestRazorpayInvoiceExpires: an invoice event without a payment is told by its subscription.
func TestRazorpayInvoiceExpires(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Razorpay)
	s.settle()
	id := s.subscription(u)
	for i, status := range []string{"expired", "issued"} { // backwards
		s.post("invoice."+status,
			fmt.Sprintf(`{"invoice":{"entity":{"id":"inv_x","entity":"invoice","subscription_id":%q,"status":%q,"amount":29900,"currency":"INR","issued_at":1796000000}}}`, id, status), fmt.Sprint("inv_", i))
	}
	if n := s.count(`select count(*) from invoices where id = 'inv_x' and status = 'expired'`); n != 1 {
		t.Error("the invoice is not expired")
	}
}
