package billing_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

const day = 24 * time.Hour

func TestBuyAndLapse(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			if o := s.overview(u); o.Plan.ID != "free" || o.Status != billing.None || o.AccountName != "asha's shop" {
				t.Fatalf("before: %+v", o)
			}
			s.buy(u, "pro", provider)
			s.settle()
			o := s.overview(u)
			if o.Plan.ID != "pro" || o.Status != billing.Active || o.CancelAtPeriodEnd ||
				!o.NextDate.Equal(o.PeriodEnd) || o.PeriodEnd.Before(s.clock.Now().Add(26*day)) {
				t.Fatalf("after paying: %+v", o)
			}
			if len(o.Invoices) != 1 || o.Invoices[0].Status != "paid" || o.Invoices[0].Amount != o.Price.Amount ||
				o.OpenCheckout != nil {
				t.Errorf("invoices %+v, open checkout %+v", o.Invoices, o.OpenCheckout)
			}
			if n := s.count(`select count(*) from payments`); n != 1 {
				t.Errorf("%d payments, want 1", n)
			}
			if n := s.count(`select count(*) from review_items`); n != 0 {
				t.Errorf("%d review items, want 0", n)
			}
			me, err := s.service.Me(t.Context(), u.Account())
			if err != nil || me.Entitlements.Plan != "pro" || !me.Entitlements.Has(billing.Export) ||
				me.Status != billing.Active {
				t.Errorf("Me = %+v, %v", me, err)
			}
			if _, err := s.service.StartCheckout(t.Context(), u.Account(), "team", billing.Month,
				provider); !fault.Is(err, fault.Conflict) {
				t.Errorf("a second purchase: %v, want Conflict", err)
			}

			// Cancelled, then the clock passes the end: Free at once, and nothing has run.
			until, err := s.service.Cancel(t.Context(), u.Account())
			if err != nil || !until.Equal(o.PeriodEnd) {
				t.Fatalf("Cancel = %v, %v, want %v", until, err, o.PeriodEnd)
			}
			if o = s.overview(u); o.Plan.ID != "pro" || !o.CancelAtPeriodEnd {
				t.Errorf("cancelled, before the end: %+v", o)
			}
			s.must(s.db.AdvanceClock(t.Context(), s.clock, until.Sub(s.clock.Now())+2*time.Second))
			if o = s.overview(u); o.Plan.ID != "free" {
				t.Errorf("after the end: plan %s, want free", o.Plan.ID)
			}
			if me, err = s.service.Me(t.Context(), u.Account()); err != nil || me.Entitlements.Has(billing.Export) ||
				me.Entitlements.PartiesMax != 5 {
				t.Errorf("after the end: Me = %+v, %v", me, err)
			}
		})
	}
}

func TestRenewalFailsGraceAndRecovery(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			paid := s.overview(u).PeriodEnd
			id := s.subscription(u)
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			o := s.overview(u)
			if o.Status != billing.Active || !o.PeriodEnd.After(paid) || s.count(`select count(*) from payments`) != 2 {
				t.Fatalf("renewed: %+v", o)
			}
			paid = o.PeriodEnd
			s.must(s.sim.SetCard(id, false))
			s.must(s.sim.Renew(t.Context(), id))
			s.settle()
			if o = s.overview(u); o.Status != billing.PastDue || o.Plan.ID != "pro" || !o.PeriodEnd.Equal(paid) {
				t.Fatalf("renewal failed: %+v", o)
			}
			// Seven days on, without a word from anybody, the grace is over.
			s.must(s.db.AdvanceClock(t.Context(), s.clock, 7*day+time.Hour))
			if o = s.overview(u); o.Plan.ID != "free" {
				t.Errorf("after the grace: plan %s", o.Plan.ID)
			}
			if provider == facts.Stripe { // its retries are over by now, and with them the subscription
				s.must(s.sim.Hold(false))
				s.settle()
				if o = s.overview(u); o.Status != billing.Canceled || o.Plan.ID != "free" {
					t.Errorf("after the last retry: %+v", o)
				}
				return
			}
			s.must(s.sim.PayOpen(id))
			s.settle()
			if o = s.overview(u); o.Status != billing.Active || o.Plan.ID != "pro" || !o.PeriodEnd.After(paid) {
				t.Errorf("paid after all: %+v", o)
			}
			if n := s.count(`select count(*) from review_items`); n != 0 {
				t.Errorf("%d review items, want 0", n)
			}
		})
	}
}

func TestEventsTwiceAndBackwards(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.must(s.sim.Hold(true))
			s.buy(u, "pro", provider)
			s.must(s.sim.Release(true))
			s.settle()
			id := s.subscription(u)
			s.must(s.sim.SetCard(id, false))
			s.must(s.sim.Renew(t.Context(), id))
			s.must(s.sim.PayOpen(id))
			s.must(s.sim.Release(true))
			for _, e := range s.sim.Events() {
				s.must(s.sim.Again(e.Number, false))
			}
			s.settle()
			o := s.overview(u)
			if o.Status != billing.Active || o.Plan.ID != "pro" {
				t.Errorf("status %s, plan %s", o.Status, o.Plan.ID)
			}
			if n := s.count(`select count(*) from payments`); n != 2 {
				t.Errorf("%d payments, want 2", n)
			}
			if n := s.count(`select count(*) from inbox where deliveries < 2`); n != 0 {
				t.Errorf("%d events were not delivered twice", n)
			}
			if n := s.count(`select count(*) from inbox where status not in ('applied', 'ignored')`); n != 0 {
				t.Errorf("%d events are not applied", n)
			}
			if n := s.count(`select count(*) from review_items`); n != 0 {
				t.Errorf("%d review items, want 0", n)
			}
		})
	}
}

func TestParallelDuplicatesApplyOnce(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.must(s.sim.Hold(true))
	s.buy(u, "pro", facts.Stripe)
	var group sync.WaitGroup
	for _, e := range s.sim.Events() {
		for range 20 {
			group.Go(func() {
				h := http.Header{stripe.SignatureHeader: {stripe.Sign(e.Body, time.Now(), simulator.StripeSecret)}}
				if err := s.service.ReceiveWebhook(t.Context(), facts.Stripe, h, e.Body); err != nil {
					t.Error(err)
				}
				if _, err := s.service.ApplyInbox(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	group.Wait()
	s.apply()
	if n := s.count(`select count(*) from inbox where status = 'applied'
		and deliveries = 20`); n != len(s.sim.Events()) {
		t.Errorf("%d events applied after 20 deliveries, want %d", n, len(s.sim.Events()))
	}
	if n := s.count(`select count(*) from payments`); n != 1 {
		t.Errorf("%d payments, want 1", n)
	}
	if o := s.overview(u); o.Plan.ID != "pro" {
		t.Errorf("plan %s", o.Plan.ID)
	}
}

// TestCutWhileApplying ends the worker's connections while it asks the provider,
// between its statements, and then lets it go on: everything is applied once.
func TestCutWhileApplying(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.must(s.sim.Hold(true))
	s.buy(u, "pro", facts.Stripe)
	s.must(s.sim.Release(false))
	s.must(s.sim.Deliver(t.Context()))
	cuts := 0
	cut := func(*http.Request) {
		if cuts++; cuts > 3 {
			return
		}
		if _, err := s.db.Super.Exec(t.Context(),
			`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'tijori_billing'
				and datname = current_database()`); err != nil {
			t.Error(err)
		}
	}
	s.before.Store(&cut)
	for range 30 {
		_, err := s.service.ApplyInbox(t.Context())
		if n := s.count(`select count(*) from inbox where status = 'received'`); err == nil && n == 0 {
			break
		}
		s.must(s.db.AdvanceClock(t.Context(), s.clock, 5*time.Minute))
	}
	if cuts <= 3 {
		t.Fatalf("only %d cuts", cuts)
	}
	if o := s.overview(u); o.Plan.ID != "pro" || s.count(`select count(*) from payments`) != 1 ||
		s.count(`select count(*) from inbox where status = 'applied'`) != 3 {
		t.Errorf("plan %s, %d payments", o.Plan.ID, s.count(`select count(*) from payments`))
	}
}

func TestProviderDownAppliesTheSnapshot(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.down.Store(true)
			s.settle()
			if o := s.overview(u); o.Plan.ID != "pro" || o.Status != billing.Active {
				t.Errorf("from the snapshot: %s, %s", o.Plan.ID, o.Status)
			}
			if n := s.count(`select count(*) from inbox where status = 'applied'`); n != 0 {
				t.Errorf("%d events count as applied without the provider's word", n)
			}
			s.down.Store(false)
			s.must(s.db.AdvanceClock(t.Context(), s.clock, time.Hour))
			s.apply()
			if n := s.count(`select count(*) from inbox where status <> 'applied'`); n != 0 {
				t.Errorf("%d events are left", n)
			}
			if o := s.overview(u); o.Plan.ID != "pro" || s.count(`select count(*) from payments`) != 1 {
				t.Errorf("in the end: %s", o.Plan.ID)
			}
		})
	}
}

func TestWebhookAnswers(t *testing.T) {
	s := setup(t)
	post := func(path string, body []byte, h http.Header) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.front.URL+path, bytes.NewReader(body))
		s.must(err)
		r.Header = h
		res, err := http.DefaultClient.Do(r)
		s.must(err)
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		if bytes.Contains(text, []byte("secret")) || bytes.Contains(text, []byte("simulated")) {
			t.Errorf("the answer tells %s", text)
		}
		return res.StatusCode
	}
	body := []byte(`{"id":"evt_1","object":"event","type":"product.created","livemode":false,"data":{"object":{"id":"prod_1"}}}`)
	signed := func(b []byte, key string) http.Header {
		return http.Header{stripe.SignatureHeader: {stripe.Sign(b, time.Now(), key)}}
	}
	huge := bytes.Repeat([]byte("x"), facts.MaxBody+1)
	strange := []byte(`{"id":"evt_2","object":"event","type":"invoice.paid","livemode":false,"data":{"object":{"id":["?"]}}}`)
	live := []byte(`{"id":"evt_3","object":"event","type":"customer.subscription.deleted","livemode":true,"data":{"object":{"id":"sub_1","status":"canceled"}}}`)
	for name, c := range map[string]struct {
		got, want int
	}{
		"stored":       {post("/api/stripe/webhook", body, signed(body, simulator.StripeSecret)), 200},
		"unsigned":     {post("/api/stripe/webhook", body, http.Header{}), 400},
		"other secret": {post("/api/stripe/webhook", body, signed(body, simulator.RazorpaySecret)), 400},
		"empty secret": {post("/api/stripe/webhook", body, signed(body, "")), 400},
		"too large":    {post("/api/stripe/webhook", huge, signed(huge, simulator.StripeSecret)), 413},
		"undecodable":  {post("/api/stripe/webhook", strange, signed(strange, simulator.StripeSecret)), 200},
		"live mode":    {post("/api/stripe/webhook", live, signed(live, simulator.StripeSecret)), 200},
		"key as secret": {post("/api/razorpay/webhook", body,
			http.Header{razorpay.SignatureHeader: {facts.Sign(simulator.RazorpayKeySecret, body)}}), 400},
	} {
		if c.got != c.want {
			t.Errorf("%s: answered %d, want %d", name, c.got, c.want)
		}
	}
	if n := s.count(`select count(*) from inbox`); n != 3 {
		t.Errorf("%d events are stored, want 3", n)
	}
	for id, want := range map[string]string{"evt_1": "ignored", "evt_3": "ignored"} {
		var got string
		s.must(s.db.Super.QueryRow(t.Context(), `select status from inbox where event_id = $1`, id).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	if n := s.count(`select count(*) from inbox where status = 'dead' and length(body) > 0`); n != 1 {
		t.Errorf("%d undecodable events are kept, want 1", n)
	}
	if n := s.count(`select count(*) from review_items where reason in ('undecodable', 'livemode_mismatch')`); n != 2 {
		t.Errorf("%d review items, want 2", n)
	}
	s.db.Inbox.Close()
	body2 := []byte(`{"id":"evt_4","object":"event","type":"product.created","livemode":false,"data":{"object":{"id":"prod_1"}}}`)
	if got := post("/api/stripe/webhook", body2, signed(body2, simulator.StripeSecret)); got != 503 {
		t.Errorf("without a database: answered %d, want 503", got)
	}
}

func TestUnknownSubscriptionIsParkedThenShown(t *testing.T) {
	s := setup(t)
	body := []byte(`{"id":"evt_1","object":"event","type":"customer.subscription.created","created":1,"livemode":false,"data":{"object":{"id":"sub_X","customer":"cus_X","status":"active"}}}`)
	s.down.Store(true) // the simulator does not know it; the snapshot is all there is
	s.must(s.service.ReceiveWebhook(t.Context(), facts.Stripe,
		http.Header{stripe.SignatureHeader: {stripe.Sign(body, time.Now(), simulator.StripeSecret)}}, body))
	s.apply()
	if n := s.count(`select count(*) from inbox where status = 'parked'`); n != 1 {
		t.Fatalf("%d events are parked, want 1", n)
	}
	if n := s.count(`select count(*) from review_items`); n != 0 {
		t.Errorf("a person is asked at once")
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 2*time.Hour))
	s.apply()
	if n := s.count(`select count(*) from review_items where reason = 'unmapped_customer'
		and status = 'open'`); n != 1 {
		t.Errorf("%d review items after two hours, want 1", n)
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 100*time.Hour))
	s.apply()
	if n := s.count(`select count(*) from inbox where status = 'dead'`); n != 1 {
		t.Errorf("%d events are dead after four days, want 1", n)
	}
}

// TestBrokenEventDoesNotBlock: an event that this program cannot read any more
// is put aside, and those behind it are applied.
func TestBrokenEventDoesNotBlock(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Razorpay)
	_, err := s.db.Super.Exec(t.Context(), `
		insert into inbox (connection_id, provider, event_id, type, status, body, headers, secret_label, received_at,
		    delivered_at, next_attempt_at)
		values ('razorpay', 'razorpay', 'old', 'subscription.charged', 'received', '{', '{}', 'current', '2020-01-01', '2020-01-01', '2020-01-01')`)
	s.must(err)
	s.settle()
	if o := s.overview(u); o.Plan.ID != "pro" ||
		s.count(`select count(*) from inbox where event_id = 'old' and status = 'dead'`) != 1 {
		t.Errorf("plan %s", o.Plan.ID)
	}
}

func TestDeletedCustomer(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	s.must(s.sim.DeleteCustomer(s.overview(u).Subscription.CustomerID))
	s.settle()
	if o := s.overview(u); o.Plan.ID != "free" || o.Status != billing.Canceled {
		t.Errorf("after the customer was deleted: %s, %s", o.Plan.ID, o.Status)
	}
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	if o := s.overview(u); o.Plan.ID != "pro" ||
		s.count(`select count(*) from provider_directory where kind = 'customer'`) != 2 {
		t.Errorf("bought again: %s", o.Plan.ID)
	}
}

func TestRefundAndDisputeAskAPerson(t *testing.T) {
	for _, provider := range both {
		t.Run(string(provider), func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.buy(u, "pro", provider)
			s.settle()
			id := s.subscription(u)
			reasons := func() string {
				rows, err := s.db.Super.Query(t.Context(),
					`select reason from review_items where status = 'open'
						and account_id = $1 order by reason`, u.AccountID)
				s.must(err)
				list, err := pgx.CollectRows(rows, pgx.RowTo[string])
				s.must(err)
				return strings.Join(list, " ")
			}
			s.must(s.sim.Refund(id, false))
			s.settle()
			if got := reasons(); got != "refund_partial" {
				t.Errorf("after half: %q", got)
			}
			s.must(s.sim.Refund(id, true))
			s.must(s.sim.Dispute(id))
			s.settle()
			if got := reasons(); got != "dispute refund_full" {
				t.Errorf("in the end: %q", got)
			}
			if o := s.overview(u); o.Plan.ID != "pro" {
				t.Errorf("a refund alone took the plan: %s", o.Plan.ID)
			}
		})
	}
}

// TestBillingTablesAreClosed asks as the roles that production uses.
func TestBillingTablesAreClosed(t *testing.T) {
	s := setup(t)
	u, stranger := s.db.User(t, "asha"), s.db.User(t, "mallory")
	clerk := s.db.Member(t, u, nil, "manager")
	s.buy(u, "pro", facts.Razorpay)
	s.settle()
	for table, readable := range map[string]bool{
		"subscriptions": true, "payments": true, "invoices": true, "checkouts": true,
		"inbox": false, "review_items": false, "provider_customers": false, "provider_directory": false,
	} {
		for who, c := range map[string]*pgtest.User{"owner": u, "stranger": stranger, "manager": clerk} {
			var n int
			err := s.db.As(t.Context(), c.Account(), func(tx *postgres.Tx) error {
				return tx.QueryRow(t.Context(), fmt.Sprintf(`select count(*) from %s`, table)).Scan(&n)
			})
			switch {
			case !readable && !fault.Is(err, fault.Forbidden):
				t.Errorf("%s reads %s: %d rows, %v", who, table, n, err)
			case readable && (err != nil || (n > 0) != (who == "owner")):
				t.Errorf("%s reads %s: %d rows, %v", who, table, n, err)
			}
		}
		for _, verb := range []string{
			"delete from " + table,
			"insert into " + table + " (account_id) select gen_random_uuid()",
		} {
			err := s.db.As(t.Context(), u.Account(), func(tx *postgres.Tx) error {
				_, err := tx.Exec(t.Context(), verb)
				return err
			})
			if !fault.Is(err, fault.Forbidden) {
				t.Errorf("%s as the owner of the account: %v, want refused", verb, err)
			}
		}
	}
	err := s.db.AsBilling(t.Context(), billing.Khata, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `select 1 from entries`)
		return err
	})
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "42501" {
		t.Errorf("the billing role reads the ledger: %v", err)
	}
	if list := s.overview(stranger).Invoices; len(list) != 0 {
		t.Errorf("the stranger sees %v", list)
	}
}
