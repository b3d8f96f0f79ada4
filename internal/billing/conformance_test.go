package billing

import (
	"encoding/json"
	"fmt"
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
	Live        bool   `json:"livemode"`
	Account     string `json:"account_id"`
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
	ps := &Plans{byPrice: map[string]Price{}, List: []Plan{{ID: "free", Name: "Free", PartiesMax: 5}, {ID: "pro", Name: "Pro", Rank: 1}, {ID: "team", Name: "Team", Rank: 2}}}
	for id, p := range f.Contract.Config.Prices {
		provider := facts.Stripe
		if strings.HasPrefix(id, "plan_") {
			provider = facts.Razorpay
		}
		price := Price{Plan: p[0].(string), Provider: provider, Interval: p[1].(string), ProviderPrice: id,
			Amount: money.Amount{Minor: int64(p[2].(float64)), Currency: strings.ToUpper(p[3].(string))}}
		ps.byPrice[string(provider)+" "+id] = price
		i := slices.IndexFunc(ps.List, func(p Plan) bool { return p.ID == price.Plan })
		if i < 0 {
			t.Fatalf("price %s is of plan %s, which is unknown", id, price.Plan)
		}
		ps.List[i].Prices = append(ps.List[i].Prices, price)
	}
	return ps
}

// caseBench runs one case: the real handler, inbox, worker and database, and a
// provider API that answers as of the bench's time.
type caseBench struct {
	*testing.T
	c       conformanceCase
	account string
	db      *pgtest.DB
	clock   *clock.Clock
	service *Service
	mu      sync.Mutex
	users   map[string]*pgtest.User
	now     time.Time
}

func newBench(t *testing.T, c conformanceCase, plans *Plans, account string) *caseBench {
	b := &caseBench{T: t, c: c, account: account, db: pgtest.New(t), users: map[string]*pgtest.User{}, clock: clock.At(time.Unix(0, 0))}
	api := httptest.NewServer(http.HandlerFunc(b.api))
	t.Cleanup(api.Close)
	names := c.Setup.Secrets
	if names == nil {
		names = []string{"current"}
	}
	var secrets []facts.Secret
	for _, n := range names {
		secrets = append(secrets, facts.Secret{Label: n, Key: secretKey(n)})
	}
	sc, err := stripe.New(stripe.Config{Key: "sk_test_conformance", Secrets: secrets, URL: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	rc, err := razorpay.New(razorpay.Config{KeyID: "rzp_test_1", KeySecret: "conformance-key", Secrets: secrets, AccountID: account, URL: api.URL})
	if err != nil {
		t.Fatal(err)
	}
	b.service, err = New(Config{DB: b.db.DB, Plans: plans, Clock: b.clock, Stripe: sc, Razorpay: rc, PublicURL: "http://shop.test", Now: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.service.SyncPlans(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

func secretKey(name string) string { return "whsec_conformance_" + name }

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
	b.exec(`insert into provider_directory (provider, kind, provider_id, account_id, created_at) values ($1, $2, $3, $4, now())`, b.c.Provider, kind, id, b.user(user).AccountID)
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
		b.exec(`insert into subscriptions (account_id, provider, id, status, provider_status, price_id, seen_at, created_at, changed_at)
			values ($1, 'razorpay', $2, 'incomplete', 'created', '', '1970-01-01', now(), now())`, b.user(u).AccountID, id)
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
		if _, err := b.service.Refresh(b.Context()); err != nil {
			b.Errorf("refresh: %v", err)
		}
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

// render makes the provider's real shape from the normalised fields, and signs it.
func (b *caseBench) render(s conformanceStep) ([]byte, http.Header) {
	var event fields
	if b.c.Provider == facts.Stripe {
		event = fields{"id": s.EventID, "object": "event", "type": s.Event, "created": s.Created, "livemode": s.Live, "api_version": "2026-03-25.dahlia",
			"data": fields{"object": b.stripeObject(s.Fields, s.Shape)}}
	} else {
		account := s.Account
		if account == "" {
			account = b.account
		}
		payload, contains := fields{}, []string{}
		for k, v := range s.Fields {
			payload[k] = fields{"entity": b.notes(v.(fields))}
			contains = append(contains, k)
		}
		event = fields{"entity": "event", "account_id": account, "event": s.Event, "contains": contains, "payload": payload, "created_at": s.Created}
		if s.Shape == "created_at_in_payload" {
			payload["created_at"] = s.Created
			delete(event, "created_at")
		}
	}
	body, err := json.Marshal(event)
	if err != nil {
		b.Fatal(err)
	}
	by, t := []string{"current"}, s.At
	if len(b.c.Setup.Secrets) > 0 {
		by = b.c.Setup.Secrets[:1]
	}
	signed := body
	if s.Sig != nil {
		if s.Sig.By != nil {
			by = s.Sig.By
		}
		if s.Sig.T != 0 {
			t = s.Sig.T
		}
		if s.Sig.Body == "reencoded" {
			body = []byte(strings.ReplaceAll(string(body), `":`, `": `))
		}
	}
	var keys []string
	for _, n := range by {
		keys = append(keys, secretKey(n))
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if b.c.Provider == facts.Stripe {
		h.Set(stripe.SignatureHeader, stripe.Sign(signed, time.Unix(t, 0), keys...))
	} else {
		h.Set(razorpay.SignatureHeader, facts.Sign(keys[0], signed))
		h.Set(razorpay.EventIDHeader, s.EventID)
	}
	return body, h
}

// notes replaces the case's user id by our account id.
func (b *caseBench) notes(entity fields) fields {
	out := fields{}
	for k, v := range entity {
		if n, ok := v.(fields); ok && k == "notes" {
			v = b.metadata(n)
		}
		out[k] = v
	}
	return out
}

func (b *caseBench) metadata(m fields) fields {
	out := fields{}
	for k, v := range m {
		if k == "user_id" {
			k, v = "account_id", b.user(v.(string)).AccountID.String()
		}
		out[k] = v
	}
	return out
}

func (b *caseBench) stripeObject(f fields, shape string) fields {
	out := fields{}
	for k, v := range f {
		out[k] = v
	}
	switch f["object"] {
	case "subscription":
		item := fields{"price": fields{"id": f["price"]}, "current_period_start": f["current_period_start"], "current_period_end": f["current_period_end"]}
		delete(out, "price")
		if shape == "pre-basil" {
			item = fields{"price": fields{"id": f["price"]}}
		} else {
			delete(out, "current_period_start")
			delete(out, "current_period_end")
		}
		out["items"] = fields{"data": []fields{item}}
		if m, ok := f["metadata"].(fields); ok {
			out["metadata"] = b.metadata(m)
		}
		if r, ok := f["cancellation_reason"]; ok {
			out["cancellation_details"] = fields{"reason": r}
		}
	case "invoice":
		out["parent"] = fields{"subscription_details": fields{"subscription": f["parent_subscription"]}}
		out["lines"] = fields{"data": []fields{{"period": fields{"start": f["line_period_start"], "end": f["line_period_end"]}}}}
	case "checkout.session":
		if u, ok := f["client_reference_id"].(string); ok {
			out["client_reference_id"] = b.user(u).AccountID.String()
		}
	}
	return out
}

// latest is the newest state of an object that the provider has reached by now.
func (b *caseBench) latest(match func(s conformanceStep) (fields, bool)) (found fields, shape string) {
	b.mu.Lock()
	now := b.now.Unix()
	b.mu.Unlock()
	seq := -1
	for _, s := range b.c.Steps {
		if s.Forged || s.Foreign || s.Created > now || s.Seq <= seq {
			continue
		}
		if f, ok := match(s); ok {
			found, shape, seq = f, s.Shape, s.Seq
		}
	}
	return found, shape
}

func (b *caseBench) api(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	id := path[strings.LastIndex(path, "/")+1:]
	byID := func(object string) fields {
		f, shape := b.latest(func(s conformanceStep) (fields, bool) {
			return s.Fields, s.Fields["id"] == id && s.Fields["object"] == object
		})
		if f == nil {
			for _, s := range b.c.Steps {
				if p, ok := s.Fields["provider"].(fields); ok {
					for _, o := range p {
						if o := o.(fields); o["id"] == id {
							f = o
							if o["object"] == nil && object == "subscription" {
								o["object"] = object
							}
						}
					}
				}
			}
		}
		if f == nil {
			return nil
		}
		return b.stripeObject(f, shape)
	}
	var out any
	switch {
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "subscriptions/"):
		out = byID("subscription")
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "checkout/sessions/"):
		out = byID("checkout.session")
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "invoices/"):
		out = byID("invoice")
	case path == "invoice_payments":
		intent := r.URL.Query().Get("payment[payment_intent]")
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			return s.Fields, s.Fields["payment_intent"] == intent && s.Fields["invoice_via_invoice_payments"] != nil
		})
		data := []fields{}
		if f != nil {
			data = append(data, fields{"id": "inpay_1", "object": "invoice_payment", "invoice": f["invoice_via_invoice_payments"]})
		}
		out = fields{"object": "list", "data": data, "has_more": false, "url": "/v1/invoice_payments"}
	case strings.HasPrefix(path, "subscriptions/"):
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			sub, ok := s.Fields["subscription"].(fields)
			return sub, ok && sub["id"] == id
		})
		if f != nil {
			out = b.notes(f)
		}
	case path == "invoices":
		out = fields{"entity": "collection", "items": []fields{}}
	case strings.HasPrefix(path, "invoices/"):
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			p, ok := s.Fields["payment"].(fields)
			sub, _ := s.Fields["subscription"].(fields)
			return fields{"id": id, "subscription_id": sub["id"]}, ok && sub != nil && p["invoice_id"] == id
		})
		if f != nil {
			out = f
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if out == nil || fmt.Sprint(out) == "map[]" {
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"resource_missing","message":"no such object","description":"The id provided does not exist"}}`))
		return
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		b.Error(err)
	}
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
	rows, err := b.db.Super.Query(b.Context(), `select distinct reason from review_items where status = 'open' order by reason`)
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
	if err := b.db.Super.QueryRow(b.Context(), `select count(*), coalesce(sum(amount), 0) from payments where account_id = $1`, b.user(e.User).AccountID).Scan(&n, &sum); err != nil {
		b.Fatal(err)
	}
	if e.Ledger.Payments != nil && n != *e.Ledger.Payments {
		b.Errorf("%d payments, want %d", n, *e.Ledger.Payments)
	}
	if e.Ledger.Minor != nil && sum != *e.Ledger.Minor {
		b.Errorf("paid %d minor units, want %d", sum, *e.Ledger.Minor)
	}
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
