package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

const importPlans = testPlans + `
  [[plan.price]]
  provider = "stripe"
  interval = "year"
  currency = "USD"
  amount = 9000
  provider_price = "price_StudioYear"

  [[plan.price]]
  provider = "stripe"
  interval = "month"
  currency = "USD"
  amount = 900
  provider_price = "price_StudioMonth"

  [[plan.price]]
  provider = "stripe"
  interval = "month"
  currency = "USD"
  amount = 500
  provider_price = "price_StudioOld"
  sold = false
` + teamPlan + `
[[top_up]]
id = "extra"
name = "500 credits"
credits = 500

  [[top_up.price]]
  provider = "stripe"
  currency = "USD"
  amount = 300
  provider_price = "price_Extra500"

  [[top_up.price]]
  provider = "razorpay"
  currency = "INR"
  amount = 9900
`

// A mover is an app whose customers pay at simulated providers by subscriptions of which Tijori knows nothing.
type mover struct {
	*testing.T
	db    *pgtest.DB
	clock *clock.Clock
	s     *Service
	app   *App
	sim   *simulator.Simulator
	sc    *stripe.Client
	rc    *razorpay.Client
	held  postgres.Holder
	down  atomic.Bool
}

func moving(t *testing.T) *mover {
	t.Helper()
	m := &mover{T: t, db: pgtest.New(t), clock: clock.New()}
	m.ok(postgres.SetEnvironment(t.Context(), m.db.Config, postgres.Environment{Mode: postgres.Simulated}, m.clock))
	plans, err := billing.ParsePlans([]byte(importPlans), nil)
	m.ok(err)
	m.ok(CreateApp(t.Context(), m.db.DB, "acme-test", "Acme", Test, nil))
	mux, handler := http.NewServeMux(), http.Handler(nil)
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	config := simulator.Config{
		URL: api.URL, AppURL: front.URL, StripeWebhook: front.URL + "/stripe", RazorpayWebhook: front.URL + "/razorpay",
		Now: m.clock.Now, Prices: []simulator.Price{
			{Provider: facts.Stripe, ID: "price_Other", Name: "Other", Interval: "month", Currency: "USD", Amount: 100},
		},
	}
	for _, p := range plans.List {
		for _, price := range p.Prices {
			config.Prices = append(config.Prices, simulator.Price{
				Provider: price.Provider, ID: price.ProviderPrice, Name: p.Name, Interval: price.Interval,
				Currency: price.Amount.Currency, Amount: price.Amount.Minor, Archived: price.Past,
			})
		}
	}
	config.Prices = append(config.Prices, simulator.Price{
		Provider: facts.Stripe, ID: "price_Extra500", Name: "500 credits", Currency: "USD", Amount: 300,
	})
	m.sim, err = simulator.New(config)
	m.ok(err)
	handler = m.sim.Handler()
	m.sc, err = stripe.New(stripe.Config{
		Key: simulator.StripeKey, URL: m.sim.StripeURL(),
		Secrets: []facts.Secret{{Label: "current", Key: simulator.StripeSecret}},
	})
	m.ok(err)
	m.rc, err = razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, URL: m.sim.RazorpayURL(),
		AccountID: simulator.RazorpayAccount,
		Secrets:   []facts.Secret{{Label: "current", Key: simulator.RazorpaySecret}},
	})
	m.ok(err)
	bill, err := billing.New(billing.Config{
		DB: m.db.DB, Plans: plans, Clock: m.clock, Stripe: m.sc, Razorpay: m.rc, PublicURL: front.URL,
	})
	m.ok(err)
	m.ok(bill.SyncPlans(t.Context()))
	mux.Handle("/stripe", bill.Webhook(facts.Stripe))
	mux.Handle("/razorpay", bill.Webhook(facts.Razorpay))
	m.app = &App{
		ID: "acme-test", Plans: plans, Billing: bill,
		Credits: credits.New(credits.Config{DB: m.db.DB, Plans: plans, Clock: m.clock}),
	}
	m.s, err = New(Config{DB: m.db.DB, Clock: m.clock, Apps: []*App{m.app}, Development: true})
	m.ok(err)
	key, _, err := CreateKey(t.Context(), m.db.DB, Listed{ID: "acme-test", Mode: Test}, ServerKey, "server", nil)
	m.ok(err)
	m.held = postgres.Holder{Credential: Hash(key)}
	return m
}

func (m *mover) ok(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// stripePays makes a customer at Stripe who pays a price, and returns their ids.
func (m *mover) stripePays(price string) (customer, sub string) {
	m.Helper()
	customer, err := m.sc.CreateCustomer(m.Context(), uuid.NewString(), "", "same@example.com")
	m.ok(err)
	session, err := m.sc.CreateSession(m.Context(), stripe.SessionRequest{
		Key: uuid.NewString(), CustomerID: customer, PriceID: price, SuccessURL: "http://127.0.0.1/ok",
		CancelURL: "http://127.0.0.1/no", ExpiresAt: m.clock.Now().Add(time.Hour),
	})
	m.ok(err)
	_, err = m.sim.PaySession(session.ID)
	m.ok(err)
	m.ok(m.sim.ForgetMetadata())
	list, _, err := m.sc.SubscriptionPage(m.Context(), customer, "")
	m.ok(err)
	return customer, list[0].ID
}

// razorpayPays makes a subscription at Razorpay that is paid.
func (m *mover) razorpayPays() string {
	m.Helper()
	m.ok(m.sim.Stray("plan_StudioMonth"))
	list, _, err := m.rc.SubscriptionPage(m.Context(), "", "")
	m.ok(err)
	for _, sub := range list {
		if sub.Status == "created" {
			_, err := m.sim.PaySubscription(sub.ID)
			m.ok(err)
			return sub.ID
		}
	}
	m.Fatal("no subscription was made")
	return ""
}

func (m *mover) pass(d time.Duration) {
	m.Helper()
	m.ok(m.db.AdvanceClock(m.Context(), m.clock, d))
	m.ok(m.sim.Hold(false)) // which lets time pass there
}

// settle delivers what the simulator has to tell and applies it.
func (m *mover) settle() {
	m.Helper()
	m.ok(m.sim.Deliver(m.Context()))
	_, err := m.app.Billing.ApplyInbox(m.Context())
	m.ok(err)
	_, err = m.app.Credits.Refill(m.Context())
	m.ok(err)
}

// run sends a file and works it off.
func (m *mover) run(dry bool, lines ...string) *Import {
	m.Helper()
	file := "external_id,provider,id,credits\n" + strings.Join(lines, "\n") + "\n"
	id, err := m.s.BeginImport(m.Context(), m.held, []byte(file), dry)
	m.ok(err)
	in := m.work(id)
	if in.FinishedAt.IsZero() {
		m.Fatalf("the import is not finished: %+v", in)
	}
	return in
}

func (m *mover) work(id uuid.UUID) *Import {
	m.Helper()
	for {
		n, err := m.s.WorkImports(m.Context(), "acme-test")
		m.ok(err)
		if n == 0 {
			break
		}
	}
	in, err := m.s.ImportOf(m.Context(), m.held, id)
	m.ok(err)
	return in
}

type stateJSON struct {
	Plan   string
	Status string
	Until  string
	Meters []struct {
		Meter   string
		Balance int64
	}
}

func (m *mover) state(customer string) (s stateJSON) {
	m.Helper()
	h := m.held
	h.Customer = customer
	raw, err := m.s.Customer(m.Context(), h)
	m.ok(err)
	m.ok(json.Unmarshal(raw, &s))
	return s
}

func (s stateJSON) balance() int64 {
	for _, m := range s.Meters {
		if m.Meter == "credits" {
			return m.Balance
		}
	}
	return 0
}

func (m *mover) count(sql string, args ...any) (n int) {
	m.Helper()
	m.ok(m.db.Super.QueryRow(m.Context(), sql, args...).Scan(&n))
	return n
}

// digest is everything that an import may have written, but the import itself and when something was looked at.
func (m *mover) digest() (sum string) {
	m.Helper()
	m.ok(m.db.Super.QueryRow(m.Context(), `select md5(concat_ws('|',
		(select string_agg(a::text, ',' order by a.account_id) from
			(select account_id, external_id, name, revision from tijori.accounts where app_id = 'acme-test') a),
		(select string_agg(d::text, ',' order by d.kind, d.provider_id) from tijori.provider_directory d),
		(select string_agg(s::text, ',' order by s.id) from (select account_id, id, customer_id, status,
			plan_id, access_until, paid_through, created_at from tijori.subscriptions) s),
		(select string_agg(p::text, ',' order by p.id) from tijori.payments p),
		(select string_agg(c::text, ',' order by c.account_id, c.connection_id) from
			(select account_id, connection_id, customer_id from tijori.provider_customers) c),
		(select string_agg(g::text, ',' order by g.account_id, g.key) from tijori.credit_grants g),
		(select string_agg(e::text, ',' order by e.account_id, e.meter, e.number) from tijori.credit_entries e),
		(select string_agg(n::text, ',' order by n.account_id, n.source) from tijori.credit_anchors n)))`).Scan(&sum))
	return sum
}

func TestImportBringsCustomersIn(t *testing.T) {
	t.Parallel()
	m := moving(t)
	customer, yearly := m.stripePays("price_StudioYear")
	_, old := m.stripePays("price_StudioOld")
	monthly := m.razorpayPays()
	m.pass(40 * 24 * time.Hour)
	m.settle()
	lines := []string{
		"org_year,stripe," + customer + ",", "org_old,stripe," + old + ",600",
		"org_month,razorpay," + monthly + ",1500",
	}
	before := m.digest()
	dry := m.run(true, lines...)
	if after := m.digest(); after != before {
		t.Error("the dry run has written something")
	}
	for i, l := range dry.Lines {
		if l.Outcome != ImportReady || len(l.Found) != 1 || l.Found[0].Plan != "studio" || l.Found[0].Until.IsZero() ||
			!l.Found[0].Charges || l.PaysTwice {
			t.Errorf("line %d of the dry run: %+v", i, l)
		}
	}
	if dry.Lines[0].Found[0].Subscription != yearly {
		t.Errorf("the customer's subscription is %q, want %q", dry.Lines[0].Found[0].Subscription, yearly)
	}
	in := m.run(false, lines...)
	for i, l := range in.Lines {
		if l.Outcome != ImportDone || l.Found[0].Until != dry.Lines[i].Found[0].Until {
			t.Errorf("line %d: %+v, the dry run said until %s", i, l, dry.Lines[i].Found[0].Until)
		}
	}
	m.settle()
	for who, balance := range map[string]int64{"org_year": 1000, "org_old": 600, "org_month": 1500} {
		if s := m.state(who); s.Plan != "studio" || s.Status != "active" || s.balance() != balance {
			t.Errorf("%s: %+v, want studio, active, %d credits", who, s, balance)
		}
	}
	if n := m.count(`select count(*) from tijori.review_items where status = 'open'`); n != 0 {
		t.Errorf("%d items for a person", n)
	}
	// What it charges later comes by the webhooks, and each month brings its allowance, also of the year.
	m.pass(35 * 24 * time.Hour)
	m.settle()
	for who, balance := range map[string]int64{"org_year": 1000, "org_month": 1500} {
		if s := m.state(who); s.Plan != "studio" || s.balance() != balance {
			t.Errorf("%s a month later: %+v, want %d credits", who, s, balance)
		}
	}
	// Again: nothing changes.
	before = m.digest()
	again := m.run(false, lines...)
	m.settle()
	for i, l := range again.Lines {
		if l.Outcome != ImportUnchanged {
			t.Errorf("line %d the second time: %+v", i, l)
		}
	}
	if after := m.digest(); after != before {
		t.Error("the second run has changed something")
	}
}

// TestImportCountsMonthsFromTheStart: the calendar is anchored where the subscription began, and months before the
// import bring nothing.
func TestImportCountsMonthsFromTheStart(t *testing.T) {
	t.Parallel()
	m := moving(t)
	_, sub := m.stripePays("price_StudioYear")
	began := m.clock.Now()
	m.pass(100 * 24 * time.Hour)
	m.settle()
	m.run(false, "org_1,stripe,"+sub+",")
	m.settle()
	var anchor time.Time
	m.ok(m.db.Super.QueryRow(t.Context(), `select anchor from tijori.credit_anchors`).Scan(&anchor))
	if d := anchor.Sub(began).Abs(); d > time.Minute {
		t.Errorf("anchored at %s, the subscription began at %s", anchor, began)
	}
	if n := m.count(`select count(*) from tijori.credit_grants`); n != 1 {
		t.Errorf("%d grants, want that of the running month", n)
	}
	if s := m.state("org_1"); s.balance() != 1000 {
		t.Errorf("balance %d, want 1000", s.balance())
	}
}

func TestImportSaysWhoPaysTwice(t *testing.T) {
	t.Parallel()
	m := moving(t)
	_, a := m.stripePays("price_StudioMonth")
	b := m.razorpayPays()
	m.settle()
	for _, dry := range []bool{true, false} {
		in := m.run(dry, "org_1,stripe,"+a+",", "org_1,razorpay,"+b+",")
		if !in.Lines[0].PaysTwice || !in.Lines[1].PaysTwice {
			t.Errorf("dry %v: %+v", dry, in.Lines)
		}
	}
	if n := m.count(`select count(*) from tijori.review_items where reason = 'multiple_active_subscriptions'
		and status = 'open'`); n != 1 {
		t.Errorf("%d items for a person, want 1", n)
	}
}

func TestImportRefusesWhatIsNotTheCustomers(t *testing.T) {
	t.Parallel()
	m := moving(t)
	customer, mine := m.stripePays("price_StudioMonth")
	_, other := m.stripePays("price_Other")
	m.settle()
	if in := m.run(false, "org_1,stripe,"+mine+","); in.Lines[0].Outcome != ImportDone {
		t.Fatalf("%+v", in.Lines)
	}
	in := m.run(false, "org_2,stripe,"+mine+",", "org_2,stripe,"+customer+",", "org_2,stripe,sub_nobody,",
		"org_2,razorpay,sub_nobody,", "org_2,stripe,"+other+",", "org_2,stripe,cus_nobody,",
		"org_2,razorpay,cust_nobody,")
	want := []error{errOther, errOther, errGone, errGone, errPrice, errNone, errNone}
	for i, l := range in.Lines {
		if l.Outcome != ImportRefused || !strings.Contains(l.Detail, want[i].Error()) {
			t.Errorf("line %d: %s %q, want %q", i, l.Outcome, l.Detail, want[i])
		}
	}
	if n := m.count(`select count(*) from tijori.accounts where external_id = 'org_2'`); n != 0 {
		t.Error("a customer was made of whom nothing was brought in")
	}
}

var (
	errOther = fmt.Errorf("another customer already")
	errGone  = fmt.Errorf("does not know it")
	errPrice = fmt.Errorf("in no plan")
	errNone  = fmt.Errorf("no subscription that runs")
)

// TestImportTriesAgain: a provider that does not answer is asked again, and the file is given up at some time.
func TestImportTriesAgain(t *testing.T) {
	t.Parallel()
	m := moving(t)
	sub := m.razorpayPays()
	id, err := m.s.BeginImport(t.Context(), m.held, []byte("external_id,provider,id\norg_1,razorpay,"+sub+"\n"), false)
	m.ok(err)
	m.down.Store(true)
	again := func() *Import {
		in := m.work(id)
		_, err := m.db.Super.Exec(t.Context(), `update tijori.import_rows set next_at = now()`)
		m.ok(err)
		return in
	}
	if in := again(); in.Lines[0].Outcome != ImportWaiting || !in.FinishedAt.IsZero() {
		t.Fatalf("%+v", in)
	}
	m.down.Store(false)
	if in := again(); in.Lines[0].Outcome != ImportDone {
		t.Fatalf("%+v", in)
	}
	if s := m.state("org_1"); s.Plan != "studio" {
		t.Errorf("%+v", s)
	}
}

// TestUnknownCustomersWaitQuietly: while an app moves in, events of customers whom nobody knows are no alarm; when it
// has ended, they are.
func TestUnknownCustomersWaitQuietly(t *testing.T) {
	t.Parallel()
	m := moving(t)
	_, known := m.stripePays("price_StudioMonth")
	m.run(true, "org_1,stripe,"+known+",")
	stray := m.razorpayPays()
	m.settle()
	m.pass(100 * time.Hour)
	m.settle()
	parked := func() int { return m.count(`select count(*) from tijori.inbox where status = 'parked'`) }
	if n := m.count(`select count(*) from tijori.review_items`); n != 0 || parked() == 0 {
		t.Errorf("%d items for a person, %d events wait", n, parked())
	}
	_, err := m.app.Billing.Reconcile(t.Context(), billing.Reconciliation{Who: "test", Rate: 1000})
	m.ok(err)
	if n := m.count(`select count(*) from tijori.review_items`); n != 0 {
		t.Errorf("a comparison has made %d items for a person", n)
	}
	m.run(false, "org_1,stripe,"+known+",")
	m.settle()
	if n := m.count(`select count(*) from tijori.inbox where subject = $1 and status = 'applied'`, known); n == 0 {
		t.Error("what had waited for the customer was not applied")
	}
	m.ok(m.s.EndImport(t.Context(), m.held))
	m.settle()
	if n := m.count(`select count(*) from tijori.review_items where subscription_id = $1 and status = 'open'`, stray); n == 0 {
		t.Error("when the app has moved in nobody is told of a customer whom it does not know")
	}
}

func TestImportNeedsBothRights(t *testing.T) {
	t.Parallel()
	m := moving(t)
	file := []byte("external_id,provider,id\norg_1,stripe,sub_1\n")
	for _, scopes := range [][]string{{WriteBilling}, {WriteCustomers}, {ReadCustomers, SpendCredits, WriteWebhooks}} {
		key, _, err := CreateKey(t.Context(), m.db.DB, Listed{ID: "acme-test", Mode: Test}, ServerKey, "some", scopes)
		m.ok(err)
		h := postgres.Holder{Credential: Hash(key)}
		if _, err := m.s.BeginImport(t.Context(), h, file, true); !fault.Is(err, fault.Forbidden) {
			t.Errorf("with %v: %v, want Forbidden", scopes, err)
		}
	}
	// Another app does not see it.
	id, err := m.s.BeginImport(t.Context(), m.held, file, true)
	m.ok(err)
	m.ok(CreateApp(t.Context(), m.db.DB, "other-test", "Other", Test, nil))
	if _, err := ImportHere(context.Background(), m.db.DB, "other-test", id); !fault.Is(err, fault.NotFound) {
		t.Errorf("another app: %v, want NotFound", err)
	}
	if _, err := BeginImportHere(t.Context(), m.db.DB, billing.Khata.App, file, true); !fault.Is(err, fault.NotFound) {
		t.Errorf("the khata: %v, want NotFound", err)
	}
}
