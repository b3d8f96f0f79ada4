package platform

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const testPlans = `app = "acme-test"

[[plan]]
id = "starter"
name = "Starter"
default = true
rank = 0
entitlements = []
credits_per_month = 50
  [plan.limits]
  projects = 3
  seats = 1

[[plan]]
id = "studio"
name = "Studio"
rank = 10
entitlements = ["render"]
credits_per_month = 1000
  [plan.limits]
  seats = 1

  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 49900
  provider_price = "plan_StudioMonth"
`

// A shop is an app with a key, a customer and an endpoint that a test answers for.
type shop struct {
	*testing.T
	db       *pgtest.DB
	s        *Service
	held     postgres.Holder
	account  uuid.UUID
	endpoint uuid.UUID
	key      []byte // of the endpoint

	mu     sync.Mutex
	got    []heard
	status int
	header http.Header // of the answers
}

type heard struct {
	header http.Header
	body   string
}

func open(t *testing.T) *shop {
	t.Helper()
	p := &shop{T: t, db: pgtest.New(t), status: 204}
	now := clock.New()
	plans, err := billing.ParsePlans([]byte(testPlans), nil)
	p.ok(err)
	p.ok(CreateApp(t.Context(), p.db.DB, "acme-test", "Acme", Test, nil))
	p.ok(billing.WritePlans(t.Context(), p.db.DB, plans, now, nil))
	app := &App{
		ID: "acme-test", Plans: plans, Credits: credits.New(credits.Config{DB: p.db.DB, Plans: plans, Clock: now}),
	}
	p.s, err = New(Config{
		DB: p.db.DB, Clock: now, Apps: []*App{app}, Key: []byte(strings.Repeat("k", 32)), Development: true,
	})
	p.ok(err)
	key, _, err := CreateKey(t.Context(), p.db.DB, Listed{ID: "acme-test", Mode: Test}, ServerKey, "server", nil)
	p.ok(err)
	p.held = postgres.Holder{Credential: Hash(key), Customer: "org_1"}
	_, created, err := p.s.PutCustomer(t.Context(), p.held, Profile{Name: "Asha"})
	if p.ok(err); !created {
		t.Fatal("the customer was there before")
	}
	p.ok(p.db.Super.QueryRow(t.Context(), `select account_id from tijori.accounts where external_id = 'org_1'`).
		Scan(&p.account))
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		p.got = append(p.got, heard{r.Header.Clone(), string(b)})
		for name := range p.header {
			w.Header().Set(name, p.header.Get(name))
		}
		w.WriteHeader(p.status)
	}))
	t.Cleanup(receiver.Close)
	id, secret, err := p.s.AddWebhook(t.Context(), p.held, receiver.URL+"/hook")
	p.ok(err)
	p.endpoint = id
	p.key, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, SecretPrefix))
	p.ok(err)
	return p
}

func (p *shop) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *shop) exec(sql string, args ...any) {
	p.Helper()
	_, err := p.db.Super.Exec(p.Context(), sql, args...)
	p.ok(err)
}

// pays gives the customer the plan studio until a time, as the reducer would.
func (p *shop) pays(until string) {
	p.Helper()
	p.exec(`insert into tijori.provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ('acme-test-razorpay', 'razorpay', 'subscription', 'sub_1', $1, now()) on conflict do nothing`, p.account)
	p.exec(`insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status,
		    price_id, plan_id, period, access_until, paid_through, seen_at, created_at, changed_at)
		values ('acme-test', $1, 'acme-test-razorpay', 'razorpay', 'sub_1', 'active', 'active', 'plan_StudioMonth',
		    'studio', 'month', now() + $2::text::interval, now() + $2::text::interval, now(), now(), now())
		on conflict (account_id, connection_id, id) do update set access_until = excluded.access_until,
		    paid_through = excluded.paid_through`, p.account, until)
}

// deliver sends what is due and returns what the receiver has heard by then.
func (p *shop) deliver() []heard {
	p.Helper()
	_, err := p.s.Deliver(p.Context(), "acme-test")
	p.ok(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.got
}

func (p *shop) delivery(number int64) (status string, attempts int, waits float64) {
	p.Helper()
	p.ok(p.db.Super.QueryRow(p.Context(), `
		select status, attempts, extract(epoch from next_at - now())::float8 from tijori.deliveries where number = $1`,
		number).Scan(&status, &attempts, &waits))
	return status, attempts, waits
}

// signed reports whether one of an answer's signatures is by a key.
func signed(h heard, key []byte) bool {
	at, err := strconv.ParseInt(h.header.Get("Webhook-Timestamp"), 10, 64)
	if err != nil {
		return false
	}
	want := Sign(key, h.header.Get("Webhook-Id"), time.Unix(at, 0), h.body)
	for _, one := range strings.Fields(h.header.Get("Webhook-Signature")) {
		if one == want {
			return true
		}
	}
	return false
}

// What is paid is told in the transaction that books it, once, with the whole state and a revision.
func TestStateIsTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.pays("30 days")
	p.exec(`update tijori.subscriptions set seen_at = now()`) // nothing that the app would see
	got := p.deliver()
	if len(got) != 1 || !signed(got[0], p.key) {
		t.Fatalf("heard %d events, signed %t; want one that is signed", len(got), len(got) > 0 && signed(got[0], p.key))
	}
	var event struct {
		ID, Type, Mode string
		Number         int64
		Data           struct {
			ID           string
			Revision     int64
			Plan, Status string
			Entitlements []string
		}
	}
	p.ok(json.Unmarshal([]byte(got[0].body), &event))
	if event.Type != "customer.state_changed" || event.Mode != Test || event.Number != 1 || event.Data.ID != "org_1" ||
		event.Data.Revision != 1 || event.Data.Plan != "studio" || len(event.Data.Entitlements) != 1 {
		t.Errorf("told %s", got[0].body)
	}
	if got[0].header.Get("Webhook-Id") != event.ID {
		t.Errorf("webhook-id %q, the event is %s", got[0].header.Get("Webhook-Id"), event.ID)
	}
	list, next, err := p.s.Events(t.Context(), p.held, 0, 10)
	if p.ok(err); len(list) != 1 || next != 1 || string(list[0]) != got[0].body {
		t.Errorf("the log has %d events up to %d: %s", len(list), next, list)
	}
	if len(p.deliver()) != 1 {
		t.Error("an event was delivered twice")
	}
}

// A change that is rolled back is told to nobody, and leaves no gap.
func TestWhatDidNotHappenIsNotTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	tx, err := p.db.Super.Begin(t.Context())
	p.ok(err)
	_, err = tx.Exec(t.Context(), `select set_config('tijori.app', 'acme-test', true)`)
	p.ok(err)
	p.ok(tx.Rollback(t.Context()))
	p.pays("30 days")
	p.pays("30 days")
	var numbers, last int64
	p.ok(p.db.Super.QueryRow(t.Context(), `
		select count(*), (select last_event from tijori.apps where app_id = 'acme-test') from tijori.events
		 where app_id = 'acme-test'`).Scan(&numbers, &last))
	if numbers != last {
		t.Errorf("%d events, the last is number %d", numbers, last)
	}
}

// A try that fails is made again later, with the same id; one whose node died is made again, too.
func TestDeliveryIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.status = 500
	p.pays("30 days")
	first := p.deliver()
	if status, attempts, waits := p.delivery(1); status != "waiting" || attempts != 1 || waits < 3 || waits > 7 {
		t.Errorf("after a failure: %s, %d attempts, again in %.1f s", status, attempts, waits)
	}
	p.status, p.header = 503, http.Header{"Retry-After": {"3600"}}
	p.exec(`update tijori.deliveries set next_at = now()`)
	p.deliver()
	if _, _, waits := p.delivery(1); waits < 3500 {
		t.Errorf("Retry-After: 3600, and it is tried again in %.1f s", waits)
	}
	// A node has taken it and is gone: the lease has ended, and nothing was written down.
	p.status, p.header = 200, nil
	p.exec(`update tijori.deliveries set attempts = attempts + 1, next_at = now() - interval '1 second'`)
	got := p.deliver()
	if status, attempts, _ := p.delivery(1); status != "delivered" || attempts != 4 {
		t.Errorf("after a node died: %s, %d attempts", status, attempts)
	}
	for _, h := range got {
		if h.header.Get("Webhook-Id") != first[0].header.Get("Webhook-Id") || h.body != first[0].body {
			t.Error("a repeat differs from the first try")
		}
	}
}

// After a rotation both secrets sign; an endpoint that has gone is turned off, and hears what it missed when it is on.
func TestEndpointsLife(t *testing.T) {
	t.Parallel()
	p := open(t)
	secret, err := p.s.RotateWebhook(t.Context(), p.held, p.endpoint)
	p.ok(err)
	fresh, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, SecretPrefix))
	p.ok(err)
	p.pays("30 days")
	if got := p.deliver(); len(got) != 1 || !signed(got[0], p.key) || !signed(got[0], fresh) {
		t.Error("after a rotation not both secrets sign")
	}
	p.status = http.StatusGone
	p.exec(`update tijori.subscriptions set cancel_at_period_end = true`)
	p.deliver()
	list, err := p.s.Webhooks(t.Context(), p.held)
	if p.ok(err); list[0].State != "off" {
		t.Errorf("after 410 the endpoint is %s", list[0].State)
	}
	p.status = 200
	p.exec(`update tijori.subscriptions set cancel_at_period_end = false`)
	before := len(p.deliver())
	p.ok(p.s.TurnOnWebhook(t.Context(), p.held, p.endpoint))
	p.exec(`update tijori.deliveries set next_at = now() where status = 'waiting'`)
	if after := len(p.deliver()); after != before+2 {
		t.Errorf("turned on again it heard %d events, want the two that it missed", after-before)
	}
}

// A lapse is nobody's write: the job tells of it, once.
func TestLapseIsTold(t *testing.T) {
	t.Parallel()
	p := open(t)
	p.pays("30 days")
	p.deliver()
	p.exec(`alter table tijori.subscriptions disable trigger subscriptions_tell`)
	p.pays("-1 second")
	for range 2 {
		_, err := p.s.TellLapses(t.Context(), "acme-test")
		p.ok(err)
	}
	got := p.deliver()
	if len(got) != 2 || !strings.Contains(got[1].body, `"plan": "starter"`) ||
		!strings.Contains(got[1].body, `"revision": 2`) {
		t.Errorf("a lapse was told %d times: %v", len(got)-1, got)
	}
}

// Events reach the internet alone: the address that is dialed decides, whatever name led there.
func TestPrivateNetworksAreNotReached(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1": false, "10.1.2.3": false, "192.168.0.1": false, "172.16.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "::": false,
		"fe80::1": false, "fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false,
		"64:ff9b::7f00:1": false,
		"2002:7f00:1::":   false, "93.184.216.34": true, "2606:2800:220:1:248:1893:25c8:1946": true,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("public(%s) = %t, want %t", address, got, want)
		}
	}
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a server of this machine was reached")
	}))
	t.Cleanup(inside.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, inside.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := newSender(false).Do(r)
	if err == nil {
		_ = got.Body.Close() // the test has failed
		t.Fatal("dialed this machine")
	}
	if !strings.Contains(err.Error(), errAddress.Error()) {
		t.Errorf("refused with %v", err)
	}
}
