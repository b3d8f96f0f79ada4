package billing

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// The format of the case file is described in the file itself ("contract").
type caseFile struct {
	Contract struct {
		Config struct {
			Account string           `json:"razorpay_account_id"`
			Prices  map[string][]any `json:"prices"`
			Tiers   map[string]struct {
				Daily int64 `json:"daily_credits"`
			} `json:"tiers"`
		} `json:"config"`
	} `json:"contract"`
	Cases []conformanceCase `json:"cases"`
}

type fields = map[string]any

type conformanceCase struct {
	Name     string         `json:"name"`
	Provider facts.Provider `json:"provider"`
	EvalAt   int64          `json:"eval_at"`
	Setup    struct {
		Customers     map[string]string `json:"customers"`
		Subscriptions map[string]string `json:"razorpay_subscriptions"`
		Secrets       []string          `json:"secrets"`
	} `json:"setup"`
	Steps  []conformanceStep `json:"steps"`
	Expect struct {
		User       string   `json:"user"`
		Tier       string   `json:"tier"`
		Status     Status   `json:"status"`
		PeriodEnd  *int64   `json:"period_end"`
		Alt        []int64  `json:"period_end_alt"`
		Review     []string `json:"review_queue"`
		WillNotRun *bool    `json:"cancel_at_period_end"`
		Ledger     *struct {
			Payments *int   `json:"payments"`
			Minor    *int64 `json:"paid_minor_units"`
			Display  string `json:"paid_display"`
			Grants   *int   `json:"max_credit_grants"` // that payments have brought
		} `json:"ledger"`
		Also []struct {
			User      string `json:"user"`
			Tier      string `json:"tier"`
			Status    Status `json:"status"`
			PeriodEnd *int64 `json:"period_end"`
		} `json:"also"`
	} `json:"expect"`
}

type conformanceStep struct {
	Event       string `json:"event"`
	EventID     string `json:"event_id"`
	Created     int64  `json:"created"`
	At          int64  `json:"at"`
	Seq         int    `json:"seq"`
	Fields      fields `json:"fields"`
	Previous    fields `json:"previous"` // Stripe: what has changed, as it was
	Live        bool   `json:"livemode"`
	Account     string `json:"account_id"` // Razorpay
	Connect     string `json:"account"`    // Stripe: of a connected account
	Shape       string `json:"shape"`
	Undelivered bool   `json:"undelivered"`
	Forged      bool   `json:"forged"`
	Foreign     bool   `json:"foreign"`
	Concurrent  bool   `json:"concurrent"`
	ExpectHTTP  []int  `json:"expect_http"`
	Sig         *struct {
		By   []string `json:"by"`
		T    int64    `json:"t"`
		Body string   `json:"body"`
	} `json:"sig"`
}

func TestConformance(t *testing.T) {
	t.Parallel()
	path := os.Getenv("TIJORI_CASES")
	if path == "" {
		path = "testdata/webhooks.json"
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f caseFile
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) == 0 {
		t.Fatalf("%s has no cases", path)
	}
	plans := casePlans(t, f)
	for _, c := range f.Cases {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			newBench(t, c, plans, f.Contract.Config.Account).run()
		})
	}
}

// casePlans builds the contract's price list. It sells some intervals twice,
// which a plan file may not.
func casePlans(t *testing.T, f caseFile) *Plans {
	ps := &Plans{byPrice: map[string]Price{}, List: []Plan{
		{ID: "free", Name: "Free", Default: true, PartiesMax: 5},
		{ID: "pro", Name: "Pro", Rank: 1},
		{ID: "team", Name: "Team", Rank: 2},
	}}
	if len(f.Contract.Config.Tiers) > 0 {
		ps.Meters = []Meter{{ID: DefaultMeter, Name: "Credits"}}
	}
	for i := range ps.List {
		if tier := f.Contract.Config.Tiers[ps.List[i].ID]; tier.Daily > 0 {
			ps.List[i].Allowances = []Allowance{{Meter: DefaultMeter, Amount: tier.Daily, Every: Day}}
		}
	}
	for id, p := range f.Contract.Config.Prices {
		provider := facts.Stripe
		if strings.HasPrefix(id, "plan_") {
			provider = facts.Razorpay
		}
		price := Price{
			Plan: p[0].(string), Provider: provider, Interval: p[1].(string), ProviderPrice: id,
			Amount: money.Amount{Minor: int64(p[2].(float64)), Currency: strings.ToUpper(p[3].(string))},
		}
		ps.byPrice[string(provider)+" "+id] = price
		i := slices.IndexFunc(ps.List, func(p Plan) bool { return p.ID == price.Plan })
		if i < 0 {
			t.Fatalf("price %s is of plan %s, which is unknown", id, price.Plan)
		}
		ps.List[i].Prices = append(ps.List[i].Prices, price)
	}
	return ps
}

// A Spender spends credits of a user's account as one of its programs does, after
// what is due has been granted, and returns the status that the program is answered.
type Spender func(u *pgtest.User, amount int64) int

// NewSpender is set from outside: the part that spends credits imports this one.
var NewSpender func(t *testing.T, db *pgtest.DB, plans *Plans, now *clock.Clock) Spender

// caseBench runs one case: the real handler, inbox, worker and database, and a
// provider API that answers as of the bench's time.
type caseBench struct {
	*testing.T
	c       conformanceCase
	account string
	db      *pgtest.DB
	clock   *clock.Clock
	service *Service
	spend   Spender
	plans   *Plans
	mu      sync.Mutex
	users   map[string]*pgtest.User
	now     time.Time
}

func newBench(t *testing.T, c conformanceCase, plans *Plans, account string) *caseBench {
	b := &caseBench{
		T: t, c: c, account: account, db: pgtest.New(t), users: map[string]*pgtest.User{}, plans: plans,
		clock: clock.At(time.Unix(0, 0)),
	}
	api := httptest.NewServer(http.HandlerFunc(b.api))
	t.Cleanup(api.Close)
	names := c.Setup.Secrets
	if names == nil {
		names = []string{"current"}
	}
	var secrets, empty []facts.Secret
	for _, n := range names {
		if n != "" {
			secrets = append(secrets, facts.Secret{Label: n, Key: secretKey(n)})
		} else {
			empty = append(empty, facts.Secret{Label: n})
		}
	}
	// The service does not start with an empty secret, nor without any: whatever comes then is refused.
	if len(empty) > 0 || len(secrets) == 0 {
		if facts.CheckSecrets(c.Provider, append(empty, secrets...)) == nil {
			t.Error("an empty secret, or none, is accepted")
		}
	}
	if len(secrets) == 0 {
		secrets = []facts.Secret{{Label: "none", Key: "whsec_" + rand.Text()}}
	}
	sc, err := stripe.New(stripe.Config{Key: "sk_test_conformance", Secrets: secrets, URL: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	rc, err := razorpay.New(razorpay.Config{
		KeyID: "rzp_test_1", KeySecret: "conformance-key", Secrets: secrets,
		AccountID: account, URL: api.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.service, err = New(Config{
		DB: b.db.DB, Plans: plans, Clock: b.clock, Stripe: sc, Razorpay: rc,
		PublicURL: "http://shop.test", Now: b.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.SyncPlans(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.spend = NewSpender(t, b.db, plans, b.clock)
	return b
}

// secretKey is the secret of a name; that of no name is empty.
func secretKey(name string) string {
	if name == "" {
		return ""
	}
	return "whsec_conformance_" + name
}

func (b *caseBench) at(unix int64) {
	b.Helper()
	b.mu.Lock()
	b.now = time.Unix(unix, 0)
	b.mu.Unlock()
	b.clock.Advance(b.now.Sub(b.clock.Now()))
	b.exec(`update service_clock set simulated = true, offset_seconds = $1 - extract(epoch from now())::bigint`, unix)
}

func (b *caseBench) exec(sql string, args ...any) {
	b.Helper()
	if _, err := b.db.Super.Exec(b.Context(), sql, args...); err != nil {
		b.Fatalf("%s: %v", sql, err)
	}
}

// user returns a user of the case with an account of their own.
func (b *caseBench) user(name string) *pgtest.User {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.users[name] == nil {
		b.users[name] = b.db.User(b.T, name)
	}
	return b.users[name]
}

func (b *caseBench) mapTo(kind, id, user string) {
	b.Helper()
	b.exec(`insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ($1, $1, $2, $3, $4, now())`, b.c.Provider, kind, id, b.user(user).AccountID)
}

func (b *caseBench) run() {
	customers := b.c.Setup.Customers
	if customers == nil && b.c.Provider == facts.Stripe {
		customers = map[string]string{"cus_A": "u1"}
	}
	b.at(b.c.Steps[0].At)
	for id, u := range customers {
		b.mapTo("customer", id, u)
	}
	for id, u := range b.c.Setup.Subscriptions {
		b.mapTo("subscription", id, u)
		b.exec(`insert into subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id, seen_at, created_at, changed_at)
			values ('khata', $1, 'razorpay', 'razorpay', $2, 'incomplete', 'created', '', '1970-01-01', now(), now())`, b.user(u).AccountID, id)
	}
	steps := slices.Clone(b.c.Steps)
	slices.SortStableFunc(steps, func(a, c conformanceStep) int { return int(a.At - c.At) })
	for _, s := range steps {
		if s.Event == "@verify" && s.Fields["session"] != nil {
			if session, _ := s.Fields["provider"].(fields)["session"].(fields); session != nil {
				b.mapTo("session", s.Fields["session"].(string), session["client_reference_id"].(string))
			}
		}
	}
	var group sync.WaitGroup
	for i, s := range steps {
		b.at(s.At)
		if i+1 < len(steps) && steps[i+1].Concurrent {
			group.Go(func() { b.step(s) })
			continue
		}
		b.step(s)
		group.Wait()
		b.work()
	}
	b.at(b.c.EvalAt)
	b.work()
	b.judge()
}

func (b *caseBench) work() {
	b.Helper()
	if _, err := b.service.ApplyInbox(b.Context()); err != nil {
		b.Fatalf("apply inbox: %v", err)
	}
}

func (b *caseBench) step(s conformanceStep) {
	switch s.Event {
	case "@worker_tick", "@clock":
	case "@commit_mapping":
		b.mapTo("customer", s.Fields["customer"].(string), s.Fields["user"].(string))
	case "@reconcile":
		o := Reconciliation{Provider: b.c.Provider, Who: "bench", Rate: 10_000, Backoff: time.Millisecond}
		if _, err := b.service.Reconcile(b.Context(), o); err != nil {
			b.Errorf("@reconcile: %v", err)
		}
	case "@user_cancel":
		b.userCancels(s)
	case "@spend":
		b.spends(s)
	case "@verify":
		b.verify(s)
	default:
		if strings.HasPrefix(s.Event, "@") {
			b.Errorf("unknown action %s", s.Event)
			return
		}
		if !s.Undelivered {
			b.deliver(s)
		}
	}
}

// userCancels cancels as the owner does on the billing page.
func (b *caseBench) userCancels(s conformanceStep) {
	user, _ := s.Fields["user"].(string)
	if user == "" {
		user = b.c.Expect.User
	}
	got := 200
	if _, err := b.service.Cancel(b.Context(), b.user(user).Account()); err != nil {
		got = webhookStatus(err)
		b.Logf("cancel: %v", err)
	}
	if len(s.ExpectHTTP) > 0 && !slices.Contains(s.ExpectHTTP, got) {
		b.Errorf("@user_cancel answered %d, want one of %v", got, s.ExpectHTTP)
	}
}

// spends spends what the step names; 200 is expected where it says nothing, 402 where
// there is not enough.
func (b *caseBench) spends(s conformanceStep) {
	user, _ := s.Fields["user"].(string)
	if user == "" {
		user = b.c.Expect.User
	}
	amount, _ := s.Fields["amount"].(float64)
	want := s.ExpectHTTP
	if len(want) == 0 {
		want = []int{200}
	}
	if got := b.spend(b.user(user), int64(amount)); !slices.Contains(want, got) {
		b.Errorf("@spend of %.0f at %d answered %d, want one of %v", amount, s.At, got, want)
	}
}

func (b *caseBench) verify(s conformanceStep) {
	r := Return{Provider: b.c.Provider}
	if b.c.Provider == facts.Stripe {
		r.SessionID = s.Fields["session"].(string)
	} else {
		r.PaymentID, r.SubscriptionID = s.Fields["razorpay_payment_id"].(string), s.Fields["subscription_id"].(string)
		switch f := s.Fields["signature"].(string); f {
		case "hmac(subscription_id|payment_id)":
			r.Signature = razorpay.SignReturn("conformance-key", r.SubscriptionID, r.PaymentID)
		case "hmac(payment_id|subscription_id)":
			r.Signature = razorpay.SignReturn("conformance-key", r.PaymentID, r.SubscriptionID)
		default:
			r.Signature = f
		}
	}
	var want []int
	for _, v := range s.Fields["expect_http"].([]any) {
		want = append(want, int(v.(float64)))
	}
	got := 200
	if err := b.service.Verify(b.Context(), b.user(s.Fields["user"].(string)).Account(), r); err != nil {
		got = webhookStatus(err)
		b.Logf("verify: %v", err)
	}
	if !slices.Contains(want, got) {
		b.Errorf("@verify answered %d, want one of %v", got, want)
	}
}

func (b *caseBench) deliver(s conformanceStep) {
	body, h := b.render(s)
	code := b.post(body, h)
	want := s.ExpectHTTP
	if len(want) == 0 {
		want = []int{200}
	}
	if !slices.Contains(want, code) {
		b.Errorf("%s answered %d, want one of %v", s.EventID, code, want)
	}
	if code/100 != 2 && slices.ContainsFunc(want, func(w int) bool { return w/100 != 4 }) {
		b.at(s.At + 60)
		b.post(body, h)
	}
}

func (b *caseBench) post(body []byte, h http.Header) int {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/api/webhook", strings.NewReader(string(body)))
	r.Header = h
	w := httptest.NewRecorder()
	b.service.Webhook(b.c.Provider).ServeHTTP(w, r)
	return w.Code
}

func (b *caseBench) judge() {
	b.Helper()
	e := b.c.Expect
	o := b.overview(e.User)
	b.compare(e.User, o, e.Tier, e.Status, e.PeriodEnd, e.Alt)
	if e.WillNotRun != nil && o.CancelAtPeriodEnd != *e.WillNotRun {
		b.Errorf("cancel_at_period_end = %v, want %v", o.CancelAtPeriodEnd, *e.WillNotRun)
	}
	for _, a := range e.Also {
		b.compare(a.User, b.overview(a.User), a.Tier, a.Status, a.PeriodEnd, nil)
	}
	rows, err := b.db.Super.Query(b.Context(),
		`select distinct reason from review_items where status = 'open' order by reason`)
	if err != nil {
		b.Fatal(err)
	}
	got := []string{}
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			b.Fatal(err)
		}
		got = append(got, r)
	}
	want := slices.Clone(e.Review)
	slices.Sort(want)
	if d := cmp.Diff(append([]string{}, want...), got); d != "" {
		b.Errorf("review queue (-want +got):\n%s", d)
	}
	if e.Ledger == nil {
		return
	}
	var n int
	var sum int64
	if err := b.db.Super.QueryRow(b.Context(),
		`select count(*), coalesce(sum(amount_minor), 0) from payments
			where account_id = $1`, b.user(e.User).AccountID).Scan(&n, &sum); err != nil {
		b.Fatal(err)
	}
	if e.Ledger.Payments != nil && n != *e.Ledger.Payments {
		b.Errorf("%d payments, want %d", n, *e.Ledger.Payments)
	}
	if e.Ledger.Minor != nil && sum != *e.Ledger.Minor {
		b.Errorf("paid %d minor units, want %d", sum, *e.Ledger.Minor)
	}
	if e.Ledger.Display != "" {
		var currency string
		if err := b.db.Super.QueryRow(b.Context(), `select min(currency) from payments where account_id = $1`,
			b.user(e.User).AccountID).Scan(&currency); err != nil {
			b.Fatal(err)
		}
		if shown := money.Plain(sum, currency); shown != e.Ledger.Display {
			b.Errorf("paid %q, want %q", shown, e.Ledger.Display)
		}
	}
	if e.Ledger.Grants == nil || len(b.plans.Meters) == 0 {
		return
	}
	b.spend(b.user(e.User), 1) // grants what is due
	if n := b.count(`select count(*) from credit_grants where account_id = $1 and source <> 'free'`,
		b.user(e.User).AccountID); n > *e.Ledger.Grants {
		b.Errorf("%d grants by the plan that was paid, want %d at most", n, *e.Ledger.Grants)
	}
}

func (b *caseBench) count(sql string, args ...any) (n int) {
	b.Helper()
	if err := b.db.Super.QueryRow(b.Context(), sql, args...).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

func (b *caseBench) overview(user string) *Overview {
	b.Helper()
	o, err := b.service.Overview(b.Context(), b.user(user).Account())
	if err != nil {
		b.Fatalf("overview of %s: %v", user, err)
	}
	return o
}

func (b *caseBench) compare(user string, o *Overview, tier string, status Status, end *int64, alt []int64) {
	b.Helper()
	if o.Plan.ID != tier {
		b.Errorf("%s: tier %s, want %s", user, o.Plan.ID, tier)
	}
	if o.Status != status {
		b.Errorf("%s: status %s, want %s", user, o.Status, status)
	}
	var got int64
	if !o.PeriodEnd.IsZero() {
		got = o.PeriodEnd.Unix()
	}
	var want int64
	if end != nil {
		want = *end
	}
	if got != want && !slices.Contains(alt, got) {
		b.Errorf("%s: period end %d, want %d", user, got, want)
	}
}
