package platform

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
)

// told lists the events of a type that the app was told, the oldest first.
func (m *mover) told(kind string) (list []map[string]any) {
	m.Helper()
	rows, err := m.db.Super.Query(m.Context(),
		`select body from tijori.events where app_id = 'acme-test' and type = $1 order by number`, kind)
	m.ok(err)
	defer rows.Close()
	for rows.Next() {
		var body string
		m.ok(rows.Scan(&body))
		var e struct{ Data map[string]any }
		m.ok(json.Unmarshal([]byte(body), &e))
		list = append(list, e.Data)
	}
	m.ok(rows.Err())
	return list
}

// customer makes the customer org_1 and returns who pays, with where they come back to.
func (m *mover) customer() Purse {
	m.Helper()
	m.held.Customer = "org_1"
	_, _, err := m.s.PutCustomer(m.Context(), m.held, Profile{Name: "Asha"})
	m.ok(err)
	p, err := m.s.Payer(m.Context(), m.held, WriteBilling, "")
	m.ok(err)
	p.Payer = billing.CustomerOf(p.Account, "Asha", "asha@example.com", "https://acme.example/back")
	return p
}

// A top-up that is paid is there at the next refresh, whatever became of the webhook, and is told once.
func TestTopUpIsToldOnceAndRefreshed(t *testing.T) {
	t.Parallel()
	for _, provider := range []facts.Provider{facts.Stripe, facts.Razorpay} {
		t.Run(string(provider), func(t *testing.T) {
			t.Parallel()
			m := moving(t)
			p := m.customer()
			_, err := m.app.Billing.TopUpFor(t.Context(), p.Payer, "extra", provider)
			m.ok(err)
			before := m.state("org_1").balance()
			m.ok(m.app.Billing.RefreshFor(t.Context(), p.Payer))
			if got := m.state("org_1").balance(); got != before || len(m.told("payment.collected")) != 0 {
				t.Fatalf("before it is paid: %d credits, %v", got, m.told("payment.collected"))
			}
			m.payPurchase()
			m.ok(m.app.Billing.RefreshFor(t.Context(), p.Payer))
			if got := m.state("org_1").balance(); got != before+500 {
				t.Errorf("after a refresh: %d credits, want %d", got, before+500)
			}
			m.settle() // the webhooks come as well
			m.ok(m.app.Billing.RefreshFor(t.Context(), p.Payer))
			told := m.told("payment.collected")
			if len(told) != 1 || told[0]["customer"] != "org_1" || told[0]["top_up"] != "extra" ||
				told[0]["credits"] != 500.0 || told[0]["provider"] != string(provider) || told[0]["id"] == "" {
				t.Errorf("told %v, want the purchase once", told)
			}
			if got := m.state("org_1").balance(); got != before+500 {
				t.Errorf("in the end: %d credits, want %d", got, before+500)
			}
		})
	}
}

// payPurchase pays the one purchase of credits that there is.
func (m *mover) payPurchase() {
	m.Helper()
	var id string
	m.ok(m.db.Super.QueryRow(m.Context(), `select provider_id from tijori.purchases`).Scan(&id))
	if strings.HasPrefix(id, "plink_") {
		_, err := m.sim.PayLink(id)
		m.ok(err)
		return
	}
	_, err := m.sim.PaySession(id)
	m.ok(err)
}

// payCheckout pays the open checkout at Stripe.
func (m *mover) payCheckout() {
	m.Helper()
	var id string
	m.ok(m.db.Super.QueryRow(m.Context(), `select session_id from tijori.checkouts where status = 'open'`).Scan(&id))
	_, err := m.sim.PaySession(id)
	m.ok(err)
}

// Refresh gives what a new plan brings at once: no job has to come by.
func TestRefreshGivesTheAllowanceAtOnce(t *testing.T) {
	t.Parallel()
	m := moving(t)
	p := m.customer()
	_, err := m.app.Billing.CheckoutFor(t.Context(), p.Payer, "studio", "month", facts.Stripe, 1)
	m.ok(err)
	m.payCheckout()
	m.ok(m.app.Billing.RefreshFor(t.Context(), p.Payer))
	m.ok(m.app.Credits.Begin(t.Context(), p.Account))
	if s := m.state("org_1"); s.Plan != "studio" || s.balance() < 1000 {
		t.Errorf("after refresh: %+v, want the plan and its credits", s)
	}
}

// A customer who pays at Razorpay comes back to the app: by a page of ours, which leads to the hosted checkout.
func TestRazorpayLeadsBack(t *testing.T) {
	t.Parallel()
	m := moving(t)
	p := m.customer()
	c, err := m.app.Billing.CheckoutFor(t.Context(), p.Payer, "studio", "month", facts.Razorpay, 1)
	m.ok(err)
	_, token, ok := strings.Cut(c.URL, billing.PayPath)
	if !ok {
		t.Fatalf("the page is %s, want one of ours", c.URL)
	}
	l, err := m.s.PayLink(t.Context(), token)
	m.ok(err)
	if l.Back != "https://acme.example/back" || l.AppName != "Acme" || l.Account != p.Account {
		t.Errorf("the link leads to %+v", l)
	}
	if _, err := m.s.PendingLink(t.Context(), token); err == nil {
		t.Error("a link to pay opens the portal")
	}
	const back, no = "http://127.0.0.1/pay", "http://127.0.0.1/pay?cancelled"
	paying, err := m.app.Billing.PayFormOf(t.Context(), l.Payer, l.Checkout, l.AppName, back, no)
	m.ok(err)
	fields := url.Values{}
	for _, f := range paying.Form.Fields {
		fields.Set(f.Name, f.Value)
	}
	if fields.Get("name") != "Acme" || fields.Get("callback_url") != back || fields.Get("cancel_url") != no {
		t.Errorf("the form says %v", fields)
	}
	// A payment that Razorpay knows nothing of brings nothing.
	forged := billing.Return{
		PaymentID: "pay_1", SubscriptionID: fields.Get("subscription_id"), Signature: strings.Repeat("0", 64),
	}
	if paid, err := m.app.Billing.PaidBack(t.Context(), l.Payer, forged); err == nil || paid {
		t.Errorf("a forged return: paid %t, %v", paid, err)
	}
	brought := m.payHosted(paying.Form.Action, fields)
	paid, err := m.app.Billing.PaidBack(t.Context(), l.Payer, billing.Return{
		PaymentID: brought.Get("razorpay_payment_id"), SubscriptionID: brought.Get("razorpay_subscription_id"),
		Signature: brought.Get("razorpay_signature"),
	})
	if m.ok(err); !paid {
		t.Error("paid, and we do not know it")
	}
	if s := m.state("org_1"); s.Plan != "studio" {
		t.Errorf("come back from paying: %+v", s)
	}
	if _, err := m.app.Billing.PayFormOf(t.Context(), l.Payer, l.Checkout, "", "", ""); err == nil {
		t.Error("a checkout that is paid can be paid again")
	}
	if at := l.BackWith("paid"); at != "https://acme.example/back?tijori=paid" {
		t.Errorf("back to %s", at)
	}
}

// payHosted goes through Razorpay's hosted checkout as a browser does, and returns what it comes back with.
func (m *mover) payHosted(action string, fields url.Values) url.Values {
	m.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(action, fields)
	m.ok(err)
	m.ok(res.Body.Close())
	page, err := res.Location()
	m.ok(err)
	res, err = client.PostForm(page.String(), url.Values{"do": {"pay"}})
	m.ok(err)
	var paid bytes.Buffer
	_, err = paid.ReadFrom(res.Body)
	m.ok(err)
	m.ok(res.Body.Close())
	back := url.Values{}
	for _, name := range []string{"razorpay_payment_id", "razorpay_subscription_id", "razorpay_signature"} {
		_, rest, _ := strings.Cut(paid.String(), `name="`+name+`" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		back.Set(name, value)
	}
	if back.Get("razorpay_signature") == "" {
		m.Fatalf("the hosted checkout answered %d: %.500s", res.StatusCode, paid.String())
	}
	return back
}

// Refunds and disputes are told, each once, however often the provider tells of them.
func TestReversalsAreTold(t *testing.T) {
	t.Parallel()
	m := moving(t)
	p := m.customer()
	_, err := m.app.Billing.TopUpFor(t.Context(), p.Payer, "extra", facts.Stripe)
	m.ok(err)
	m.payPurchase()
	m.settle()
	_, err = m.app.Billing.CheckoutFor(t.Context(), p.Payer, "studio", "month", facts.Stripe, 1)
	m.ok(err)
	m.payCheckout()
	m.settle()
	var session, sub string
	m.ok(m.db.Super.QueryRow(t.Context(), `select provider_id from tijori.purchases`).Scan(&session))
	m.ok(m.db.Super.QueryRow(t.Context(), `select id from tijori.subscriptions`).Scan(&sub))
	for _, turn := range []func() error{
		func() error { return m.sim.RefundPurchase(session, false) },
		func() error { return m.sim.Refund(sub, false) },
		func() error { return m.sim.Refund(sub, true) },
		func() error { return m.sim.Dispute(sub) },
		func() error { return m.sim.SettleDispute(sub, true) },
	} {
		m.ok(turn())
		m.settle()
	}
	refunds, disputes := m.told("payment.refunded"), m.told("payment.disputed")
	var sums []any
	for _, r := range refunds {
		if r["customer"] != "org_1" || r["provider"] != "stripe" || r["id"] == "" {
			t.Errorf("told of a refund: %v", r)
		}
		sums = append(sums, r["amount"], r["refunded"])
	}
	if want := []any{300.0, 150.0, 900.0, 450.0, 900.0, 900.0}; !slices.Equal(sums, want) {
		t.Errorf("amounts and what was given back of them are %v, want %v", sums, want)
	}
	var words []any
	for _, d := range disputes {
		if d["customer"] != "org_1" || d["dispute"] == "" || d["amount"] != 900.0 {
			t.Errorf("told of a dispute: %v", d)
		}
		words = append(words, d["status"])
	}
	if !slices.Equal(words, []any{"needs_response", "won"}) {
		t.Errorf("the dispute was told as %v", words)
	}
	all := m.count(`select count(*) from tijori.events`)
	for _, e := range m.sim.Events() {
		m.ok(m.sim.Again(e.Number, false))
	}
	m.settle()
	if again := m.count(`select count(*) from tijori.events`); again != all {
		t.Errorf("%d events, and %d after everything was sent again", all, again)
	}
}

// An app is told when a customer can spend less than the plan file says: once, until credits come in.
func TestLowCreditsAreTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	low := func() (list []string) {
		for _, h := range p.deliver() {
			if strings.Contains(h.body, `"credits.low"`) {
				list = append(list, h.body)
			}
		}
		return list
	}
	p.exec(`update tijori.meters set low = 20 where app_id = 'acme-test' and id = 'credits'`)
	spend := func(amount int64, key string) {
		p.Helper()
		_, err := p.s.apps["acme-test"].Credits.ConsumeFor(p.Context(), p.held, credits.Spend{
			Meter: "credits", Amount: amount, Key: key,
		})
		p.ok(err)
	}
	spend(30, "a") // exactly the threshold is left
	if n := len(low()); n != 0 {
		t.Fatalf("told %d times at the threshold", n)
	}
	spend(1, "b")
	spend(1, "c")
	got := low()
	if len(got) != 1 || !strings.Contains(got[0], `"balance": 19`) || !strings.Contains(got[0], `"org_1"`) {
		t.Fatalf("told %v, want once, with 19 left", got)
	}
	grant := func(key string) {
		p.Helper()
		_, err := p.s.apps["acme-test"].Credits.Grant(p.Context(), credits.Grant{
			AccountID: p.account, Meter: "credits", Kind: credits.Promotional, Amount: 100, Key: key, Reason: "more",
		})
		p.ok(err)
	}
	grant("one")
	spend(110, "d")
	if n := len(low()); n != 2 {
		t.Errorf("after credits had come in: told %d times in all, want 2", n)
	}
	p.exec(`update tijori.meters set low = null where app_id = 'acme-test' and id = 'credits'`)
	grant("two")
	spend(105, "e")
	if n := len(low()); n != 2 {
		t.Errorf("without a threshold: told %d times in all, want 2", n)
	}
}

const teamPlan = `
[[plan]]
id = "team"
name = "Team"
rank = 20
entitlements = ["render"]
per_seat = true
  [plan.limits]
  seats = 50

  [[plan.price]]
  provider = "stripe"
  interval = "month"
  currency = "USD"
  amount = 700
  provider_price = "price_TeamMonth"

  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 29900
  provider_price = "plan_TeamMonth"
`

// seats is how many seats a check allows the customer.
func (m *mover) seats(need int64) Check {
	m.Helper()
	c, err := m.s.Check(m.Context(), m.held, "seats", need)
	m.ok(err)
	return c
}

// Seats are bought, checked against what the app counts, and changed by a quote: more at once for what the provider
// asks, fewer when the period ends, at nothing.
func TestSeatsAtStripe(t *testing.T) {
	t.Parallel()
	m := moving(t)
	p := m.customer()
	bill := m.app.Billing
	for _, wrong := range []int64{0, -1, 51} {
		if _, err := bill.CheckoutFor(t.Context(), p.Payer, "team", "month", facts.Stripe, wrong); err == nil {
			t.Errorf("%d seats of a plan that has up to 50 were sold", wrong)
		}
	}
	if _, err := bill.CheckoutFor(t.Context(), p.Payer, "studio", "month", facts.Stripe, 2); err == nil {
		t.Error("two seats of a plan that is not sold by the seat were sold")
	}
	_, err := bill.CheckoutFor(t.Context(), p.Payer, "team", "month", facts.Stripe, 5)
	m.ok(err)
	if c := m.seats(2); c.Allowed || c.UpgradeTo != "team" {
		t.Error("a seat that is not paid for is allowed")
	}
	m.payCheckout()
	m.settle()
	if c := m.seats(5); !c.Allowed || *c.Limit != 5 {
		t.Errorf("five of five seats: %+v", c)
	}
	if c := m.seats(6); c.Allowed || c.Reason != OverLimit {
		t.Errorf("a sixth seat: %+v", c)
	}
	if told := m.told("payment.collected"); len(told) != 1 || told[0]["amount"] != 3500.0 {
		t.Errorf("told %v, want five times 7.00", told)
	}
	if _, err := bill.QuoteFor(t.Context(), p.Payer, "", "", 5); err == nil {
		t.Error("as many seats as there are were quoted")
	}
	q, err := bill.QuoteFor(t.Context(), p.Payer, "", "", 8)
	m.ok(err)
	if q.Due.Minor < 2000 || q.Due.Minor > 2100 || q.Seats != 8 || q.To.Plan != "team" {
		t.Errorf("three more seats for the whole month: %+v", q)
	}
	if _, err := bill.ChangeFor(t.Context(), p.Payer, "team", "month", 9, q.At, q.Due.Minor); err == nil {
		t.Error("another number of seats was bought for the amount of eight")
	}
	_, err = bill.ChangeFor(t.Context(), p.Payer, "team", "month", 8, q.At, q.Due.Minor)
	m.ok(err)
	if c := m.seats(8); !c.Allowed || *c.Limit != 8 {
		t.Errorf("after the change: %+v", c)
	}
	states := m.told("customer.state_changed")
	if last := states[len(states)-1]["limits"].(map[string]any); last["seats"] != 8.0 {
		t.Errorf("the state was told with limits %v", last)
	}
	q, err = bill.QuoteFor(t.Context(), p.Payer, "", "", 2)
	m.ok(err)
	if q.Due.Minor != 0 || !q.Starts.After(q.At) {
		t.Errorf("fewer seats: %+v, want nothing due and a beginning later", q)
	}
	_, err = bill.ChangeFor(t.Context(), p.Payer, "team", "month", 2, q.At, 0)
	m.ok(err)
	if c := m.seats(8); !c.Allowed {
		t.Errorf("what is paid for is gone: %+v", c)
	}
	m.pass(32 * 24 * time.Hour)
	m.settle()
	if c := m.seats(2); !c.Allowed || *c.Limit != 2 {
		t.Errorf("in the next period: %+v, want two", c)
	}
	if n := m.count(`select count(*) from tijori.review_items where status = 'open'`); n != 0 {
		t.Errorf("%d items for a person", n)
	}
}

// At Razorpay another subscription takes the place of the present one, which goes on until that is paid.
func TestSeatsAtRazorpay(t *testing.T) {
	t.Parallel()
	m := moving(t)
	p := m.customer()
	bill := m.app.Billing
	_, err := bill.CheckoutFor(t.Context(), p.Payer, "team", "month", facts.Razorpay, 3)
	m.ok(err)
	m.paySubscription()
	m.settle()
	if c := m.seats(3); !c.Allowed || *c.Limit != 3 {
		t.Errorf("three seats: %+v", c)
	}
	q, err := bill.QuoteFor(t.Context(), p.Payer, "", "", 4)
	m.ok(err)
	if q.Due.Minor != 4*29900 || !q.Ends || !q.CanWait {
		t.Errorf("a fourth seat: %+v", q)
	}
	c, err := bill.ChangeFor(t.Context(), p.Payer, "team", "month", 4, q.At, q.Due.Minor)
	m.ok(err)
	if c == nil || !strings.Contains(c.URL, billing.PayPath) {
		t.Fatalf("the change leads to %+v", c)
	}
	if *m.seats(3).Limit != 3 {
		t.Error("an unpaid seat is there")
	}
	m.paySubscription()
	m.settle()
	_, err = bill.EndReplaced(t.Context())
	m.ok(err)
	if c := m.seats(4); !c.Allowed || *c.Limit != 4 {
		t.Errorf("after the change: %+v, want four", c)
	}
	if n := m.count(`select count(*) from tijori.subscriptions where ended_at is null`); n != 1 {
		t.Errorf("%d subscriptions charge", n)
	}
}

// paySubscription pays the open checkout at Razorpay.
func (m *mover) paySubscription() {
	m.Helper()
	var id string
	m.ok(m.db.Super.QueryRow(m.Context(), `select subscription_id from tijori.checkouts where status = 'open'`).Scan(&id))
	_, err := m.sim.PaySubscription(id)
	m.ok(err)
}
