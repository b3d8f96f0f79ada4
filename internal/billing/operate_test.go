package billing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
)

// deliver hands a body to the service as Stripe would.
func (s *shop) deliver(body string) {
	s.Helper()
	s.must(s.service.ReceiveWebhook(s.Context(), facts.Stripe,
		http.Header{stripe.SignatureHeader: {stripe.Sign([]byte(body), time.Now(),
			simulator.StripeSecret)}}, []byte(body)))
}

func TestInboxForOperators(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	s.deliver(`{"id":"evt_live","object":"event","type":"customer.subscription.deleted","livemode":true,"data":{"object":{"id":"sub_1","status":"canceled"}}}`)
	s.deliver(`{"id":"evt_strange","object":"event","type":"invoice.paid","livemode":false,"data":{"object":{"id":["?"]}}}`)
	s.down.Store(true)
	s.deliver(`{"id":"evt_nobody","object":"event","type":"customer.subscription.created","created":1,"livemode":false,"data":{"object":{"id":"sub_X","customer":"cus_X","status":"active"}}}`)
	s.apply()
	s.down.Store(false)

	list, err := s.service.ListEvents(t.Context(), billing.InboxFilter{})
	s.must(err)
	by := map[string]string{}
	for _, e := range list {
		by[e.Status] = e.ID
		if e.Secret != "current" || e.ReceivedAt.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	if len(list) != 6 || by["ignored"] != "evt_live" || by["parked"] != "evt_nobody" || !strings.HasPrefix(by["dead"],
		"body.") || by["applied"] == "" {
		t.Fatalf("the inbox has %v", by)
	}
	page, err := s.service.ListEvents(t.Context(), billing.InboxFilter{Limit: 2})
	s.must(err)
	rest, err := s.service.ListEvents(t.Context(), billing.InboxFilter{Before: page[1].ReceivedAt})
	s.must(err)
	if len(page) != 2 || len(rest) != 4 {
		t.Errorf("pages of %d and %d", len(page), len(rest))
	}
	d, err := s.service.EventByID(t.Context(), "", by["applied"])
	s.must(err)
	if !json.Valid(d.Body) || d.Headers["Stripe-Signature"] == "" || d.Provider != facts.Stripe {
		t.Errorf("%+v", d)
	}
	for id, want := range map[string]string{
		by["applied"]: "was applied at", "evt_live": "livemode_mismatch",
		"evt_nobody": "parked, because nobody here owns", by["dead"]: "cannot be read",
	} {
		lines, err := s.service.Explain(t.Context(), "", id)
		if text := strings.Join(lines, "\n"); err != nil || !strings.Contains(text, want) {
			t.Errorf("explain %s: %v\n%s", id, err, text)
		}
	}

	// Replays go through the worker and count nothing twice; those without a use are refused.
	before := s.count(`select count(*) from payments`)
	s.must(s.service.Replay(t.Context(), "op", "to see", "", by["applied"]))
	s.apply()
	if n := s.count(`select count(*) from inbox where event_id = $1 and status = 'applied'`, by["applied"]); n != 1 ||
		s.count(`select count(*) from payments`) != before {
		t.Errorf("after a replay: applied %d", n)
	}
	for _, id := range []string{"evt_live", by["dead"]} {
		if err := s.service.Replay(t.Context(), "op", "to see", "", id); !fault.Is(err, fault.Conflict) {
			t.Errorf("replay of %s: %v, want Conflict", id, err)
		}
	}
	if err := s.service.Replay(t.Context(), "op", " ", "", by["applied"]); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if err := s.service.Replay(t.Context(), "op", "to see", "", "evt_unknown"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an unknown event: %v", err)
	}
	n, err := s.service.Retry(t.Context(), "op", "the provider is back", billing.InboxFilter{Status: "parked"})
	if err != nil || n != 1 {
		t.Errorf("Retry = %d, %v", n, err)
	}
	if _, err := s.service.Retry(t.Context(), "op", "all of them",
		billing.InboxFilter{Status: "applied"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("retry of what is applied: %v", err)
	}
	acts, err := s.service.ListActs(t.Context(), 10)
	s.must(err)
	if len(acts) != 2 || acts[1].Act != "replay" || acts[1].Reason != "to see" || acts[0].Act != "retry" ||
		acts[0].Who != "op" {
		t.Errorf("acts %+v", acts)
	}
	for _, sql := range []string{
		`delete from operator_acts`, `update operator_acts set who = 'nobody'`,
		`delete from inbox`, `update inbox set body = ''`,
	} {
		if _, err := s.db.Billing.Exec(t.Context(), sql); err == nil {
			t.Errorf("the billing role may %s", sql)
		}
	}
}

// TestDeadLetterIsRetried lets an event fail in all its attempts, and then succeed.
func TestDeadLetterIsRetried(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Razorpay)
	s.down.Store(true)
	s.must(s.sim.Deliver(t.Context()))
	for range 22 {
		s.apply()
		s.must(s.db.AdvanceClock(t.Context(), s.clock, 31*time.Minute))
	}
	dead := s.count(`select count(*) from inbox where status = 'dead'`)
	if dead != 3 || s.count(`select count(*) from inbox`) != 3 {
		t.Fatalf("%d of %d are dead", dead, s.count(`select count(*) from inbox`))
	}
	alerts := 0
	_, err := s.service.TellAlerts(t.Context(), func(_ context.Context, list []billing.Alert) error {
		for _, a := range list {
			if a.Kind == billing.AlertDead && a.Times == int64(dead) {
				alerts++
			}
		}
		return nil
	})
	s.must(err)
	if alerts != 1 {
		t.Errorf("told %d times of %d dead events, want once", alerts, dead)
	}
	s.down.Store(false)
	n, err := s.service.Retry(t.Context(), "op", "the provider is back", billing.InboxFilter{Status: "dead"})
	if err != nil || n != dead {
		t.Fatalf("Retry = %d, %v", n, err)
	}
	s.apply()
	if o := s.overview(u); o.Plan.ID != "pro" || s.count(`select count(*) from inbox where status = 'dead'`) != 0 {
		t.Errorf("plan %s", o.Plan.ID)
	}
}

func TestResolveByAssigning(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.must(s.sim.Deliver(t.Context()))
	// What would say whose it is, is gone.
	for _, sql := range []string{
		`update provider_customers set customer_id = null`, `delete from provider_directory`,
		`update checkouts set status = 'closed'`,
	} {
		_, err := s.db.Super.Exec(t.Context(), sql)
		s.must(err)
	}
	s.must(s.sim.ForgetMetadata())
	s.apply()
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour))
	s.apply()
	list, err := s.service.ListReviews(t.Context(), false)
	s.must(err)
	if len(list) != 1 || list[0].Reason != billing.ReviewUnmappedCustomer || !list[0].Assignable() {
		t.Fatalf("the queue has %+v", list)
	}
	handle := list[0].Handle
	resolve := func(r billing.Resolution) error {
		r.Handle, r.Who = handle, "op"
		return s.service.ResolveReview(t.Context(), r)
	}
	if err := resolve(billing.Resolution{Reason: "hers", Assign: uuid.New()}); !fault.Is(err, fault.NotFound) {
		t.Errorf("to nobody: %v", err)
	}
	if err := resolve(billing.Resolution{Assign: u.AccountID}); !fault.Is(err, fault.Invalid) {
		t.Errorf("without a reason: %v", err)
	}
	if o := s.overview(u); o.Plan.ID != "free" {
		t.Fatal("a refused resolution has changed something")
	}
	s.must(resolve(billing.Resolution{Reason: "she showed her invoice", Assign: u.AccountID}))
	s.apply()
	if o := s.overview(u); o.Plan.ID != "pro" || s.count(`select count(*) from payments`) != 1 {
		t.Errorf("after assigning: %s", o.Plan.ID)
	}
	if err := resolve(billing.Resolution{Reason: "again"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("twice: %v", err)
	}
	item, acts, err := s.service.ReviewByHandle(t.Context(), handle)
	if err != nil || item.Status != "resolved" || item.ResolvedBy != "op" ||
		item.Resolution != "she showed her invoice" || len(acts) != 1 || acts[0].Act != "assign" {
		t.Errorf("%+v, %+v, %v", item, acts, err)
	}
}

func TestSupport(t *testing.T) {
	s := setup(t)
	u, other := s.db.User(t, "asha"), s.db.User(t, "bina")
	s.buy(u, "pro", facts.Razorpay)
	s.buy(other, "pro", facts.Stripe)
	s.settle()
	s.must(s.sim.Refund(s.subscription(u), true))
	s.settle()
	a, err := s.service.SupportLookup(t.Context(), "op", strings.ToUpper(u.Email), "she called")
	s.must(err)
	if len(a.Accounts) != 1 || a.UserID != u.UserID {
		t.Fatalf("%+v", a)
	}
	acc := a.Accounts[0]
	if acc.ID != u.AccountID || acc.Plan != "pro" || len(acc.Subscriptions) != 1 || len(acc.Events) == 0 ||
		len(acc.Items) != 1 || !strings.Contains(acc.Why, "Pro, by subscription "+s.subscription(u)) ||
		!strings.Contains(acc.Why, "Last event") {
		t.Errorf("%+v", acc)
	}
	if all := fmt.Sprintf("%+v", a); strings.Contains(all, other.AccountID.String()) ||
		strings.Contains(all, s.subscription(other)) {
		t.Error("the answer holds another account's ids")
	}
	for entitlement, want := range map[string]bool{"export": true, "batch_entry": true, "parties.max": true} {
		has, lines, err := s.service.SupportWhy(t.Context(), "op", u.AccountID.String(), entitlement, "")
		if err != nil || has != want || len(lines) < 3 {
			t.Errorf("why %s: %v, %v, %v", entitlement, has, lines, err)
		}
	}
	cara := s.db.User(t, "cara")
	if has, lines, err := s.service.SupportWhy(t.Context(), "op", cara.AccountID.String(), "export", ""); err != nil ||
		has || len(lines) < 3 {
		t.Errorf("who has paid nothing: %v, %v, %v", has, lines, err)
	}
	if _, _, err := s.service.SupportWhy(t.Context(), "op", u.AccountID.String(), "everything", ""); !fault.Is(err,
		fault.Invalid) {
		t.Errorf("an entitlement that is none: %v", err)
	}
	for _, email := range []string{"nobody@example.com", "' or true --@x"} {
		if _, err := s.service.SupportLookup(t.Context(), "op", email, ""); !fault.Is(err, fault.NotFound) {
			t.Errorf("lookup %s: %v", email, err)
		}
	}
	uses, err := s.service.ListSupportUses(t.Context(), time.Time{}, 20)
	if err != nil || len(uses) != 7 || uses[len(uses)-1].Subject != u.Email ||
		uses[len(uses)-1].Detail != "she called" {
		t.Errorf("uses %+v, %v", uses, err)
	}

	// No look-up without a trace: what another transaction has not committed opens nothing.
	id := uuid.New()
	err = pgx.BeginFunc(t.Context(), s.db.Support, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `select tijori_ops.support_use($1, 'op', 'lookup', $2, '')`, id,
			u.Email); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `select * from tijori_ops.support_people($1)`, id)
		return err
	})
	if err == nil {
		t.Error("a use that is not committed opens the book")
	}
	for _, sql := range []string{
		`select * from support_uses`, `delete from support_uses`, `select * from parties`, `select * from entries`,
		`select * from users`, `select * from subscriptions`,
		`select * from inbox`, `select body from inbox`, `select * from credentials`,
		`select tijori_ops.support_scope('00000000-0000-0000-0000-000000000000')`,
	} {
		if _, err := s.db.Support.Exec(t.Context(), sql); err == nil {
			t.Errorf("support may %s", sql)
		}
	}
	if _, err := s.db.Billing.Exec(t.Context(), `delete from support_uses`); err == nil {
		t.Error("the book of look-ups can be shortened")
	}
}

// TestSecretsAreRotated changes both secrets while events are under way, in the
// order that docs/billing.md tells: no event is lost, and the old secret ends.
func TestSecretsAreRotated(t *testing.T) {
	s := setup(t)
	plans, err := billing.LoadPlans("", nil)
	s.must(err)
	start := time.Now()
	now := start
	with := func(secrets ...facts.Secret) *billing.Service {
		sc, err := stripe.New(stripe.Config{Key: simulator.StripeKey, Secrets: secrets, URL: s.sim.StripeURL()})
		s.must(err)
		rc, err := razorpay.New(razorpay.Config{
			KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret,
			Secrets: secrets, URL: s.sim.RazorpayURL(),
		})
		s.must(err)
		b, err := billing.New(billing.Config{
			DB: s.db.DB, Plans: plans, Clock: s.clock, Stripe: sc, Razorpay: rc,
			PublicURL: s.front.URL, Now: func() time.Time { return now },
		})
		s.must(err)
		return b
	}
	before := with(facts.Secret{Label: "old", Key: "whsec_the_old_one"})
	during := with(facts.Secret{Label: "new", Key: "whsec_the_new_one"}, facts.Secret{
		Label: "old",
		Key:   "whsec_the_old_one", Until: start.Add(15 * 24 * time.Hour),
	})
	n := 0
	send := func(b *billing.Service, keys ...string) (accepted int) {
		t.Helper()
		for _, p := range both {
			n++
			body := fmt.Appendf(nil,
				`{"id":"evt_%d","object":"event","type":"product.created","livemode":false,"data":{"object":{}}}`, n)
			h := http.Header{stripe.SignatureHeader: {stripe.Sign(body, now, keys...)}}
			if p == facts.Razorpay {
				body = fmt.Appendf(nil, `{"entity":"event","event":"order.paid","created_at":%d,"payload":{}}`, n)
				h = http.Header{
					razorpay.SignatureHeader: {facts.Sign(keys[0], body)},
					razorpay.EventIDHeader:   {fmt.Sprintf("ev%d", n)},
				}
			}
			if err := b.ReceiveWebhook(t.Context(), p, h, body); err == nil {
				accepted++
			} else if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		}
		return accepted
	}
	for name, c := range map[string]struct{ got, want int }{
		"old key, before":               {send(before, "whsec_the_old_one"), 2},
		"old key, new server":           {send(during, "whsec_the_old_one"), 2},
		"both signatures, while rolled": {send(during, "whsec_the_old_one", "whsec_the_new_one"), 2},
		"new key":                       {send(during, "whsec_the_new_one"), 2},
		"no key of ours":                {send(during, "whsec_of_a_stranger"), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d accepted, want %d", name, c.got, c.want)
		}
	}
	now = start.Add(15*24*time.Hour + time.Second)
	if got := send(during, "whsec_the_old_one"); got != 0 {
		t.Errorf("the old key after its end: %d accepted", got)
	}
	if got := send(during, "whsec_the_new_one"); got != 2 {
		t.Errorf("the new key after the old one's end: %d accepted", got)
	}
	old := s.count(`select count(*) from inbox where secret_label = 'old'`)
	if fresh := s.count(`select count(*) from inbox where secret_label = 'new'`); old != 5 || fresh != 5 {
		t.Errorf("%d under the old secret, %d under the new", old, fresh)
	}
	if _, err := stripe.New(stripe.Config{
		Key:     simulator.StripeKey,
		Secrets: []facts.Secret{{Label: "empty"}},
	}); err == nil {
		t.Error("an empty secret is taken")
	}
	sc, err := stripe.New(stripe.Config{
		Key:     "sk_live_x",
		Secrets: []facts.Secret{{Label: "a", Key: "whsec_live_secret"}},
	})
	s.must(err)
	rc, err := razorpay.New(razorpay.Config{
		KeyID: "rzp_test_x", KeySecret: "secret-of-the-test",
		Secrets: []facts.Secret{{Label: "a", Key: "whsec_test_secret"}},
	})
	s.must(err)
	if _, err := billing.New(billing.Config{
		DB: s.db.DB, Plans: plans, Clock: s.clock, Stripe: sc, Razorpay: rc,
		PublicURL: s.front.URL,
	}); err == nil {
		t.Error("test and live are mixed")
	}
}

func TestRefusedDeliveriesAreToldAsOne(t *testing.T) {
	s := setup(t)
	for i := range 50 {
		body := fmt.Appendf(nil, `{"id":"evt_%d","object":"event","type":"x"}`, i)
		err := s.service.ReceiveWebhook(t.Context(), facts.Stripe,
			http.Header{stripe.SignatureHeader: {stripe.Sign(body, time.Now(), "whsec_of_a_stranger")}}, body)
		if !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		_ = s.service.ReceiveWebhook(t.Context(), facts.Stripe, http.Header{}, body) // noise without a signature
	}
	var told []billing.Alert
	tell := func(_ context.Context, list []billing.Alert) error { told = append(told, list...); return nil }
	for range 3 {
		_, err := s.service.TellAlerts(t.Context(), tell)
		s.must(err)
	}
	if len(told) != 1 || told[0].Kind != billing.AlertRefused || told[0].Times != 50 {
		t.Errorf("told %+v", told)
	}
	if n := s.count(`select count(*) from inbox`); n != 0 {
		t.Errorf("%d unsigned events are stored", n)
	}
}

func TestSilenceIsNoticed(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	for i := range 30 {
		s.must(s.db.AdvanceClock(t.Context(), s.clock, 4*time.Hour))
		s.deliver(fmt.Sprintf(`{"id":"evt_%d","object":"event","type":"product.created","livemode":false,"data":{"object":{}}}`, i))
	}
	kinds := func() string {
		var out []string
		_, err := s.service.TellAlerts(t.Context(), func(_ context.Context, list []billing.Alert) error {
			for _, a := range list {
				out = append(out, a.Kind+" "+a.State)
			}
			return nil
		})
		s.must(err)
		return strings.Join(out, ", ")
	}
	if got := kinds(); got != "" {
		t.Errorf("while events come: %s", got)
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 7*time.Hour))
	if got := kinds(); got != "" {
		t.Errorf("after seven quiet hours: %s", got)
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour))
	if got := kinds(); got != "silent raised" {
		t.Errorf("after nine quiet hours: %s", got)
	}
	s.deliver(`{"id":"evt_at_last","object":"event","type":"product.created","livemode":false,"data":{"object":{}}}`)
	if got := kinds(); got != "silent over" {
		t.Errorf("heard again: %s", got)
	}
}

// A provider that sends an event again while it is being applied is told to come back, and keeps nobody waiting.
func TestRepeatOfAnEventAtWork(t *testing.T) {
	s := setup(t)
	const body = `{"id":"evt_twice","object":"event","type":"product.created","livemode":false,"data":{"object":{"id":"prod_1"}}}`
	s.deliver(body)
	work, err := s.db.Super.Begin(t.Context())
	s.must(err)
	defer work.Rollback(t.Context())
	_, err = work.Exec(t.Context(), `select from inbox where event_id = 'evt_twice' for update`)
	s.must(err)
	header := http.Header{stripe.SignatureHeader: {stripe.Sign([]byte(body), time.Now(), simulator.StripeSecret)}}
	if err := s.service.ReceiveWebhook(t.Context(), facts.Stripe, header, []byte(body)); !fault.Is(err,
		fault.Unavailable) {
		t.Errorf("a repeat during the work: %v, want Unavailable", err)
	}
	s.must(work.Rollback(t.Context()))
	s.deliver(body)
	if n := s.count(`select deliveries from inbox where event_id = 'evt_twice'`); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
}
