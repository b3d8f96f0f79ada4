package billing_test

import (
	"fmt"
	"testing"
)

// Other products live on the same account at the provider, and webhooks cannot be narrowed to one. Their events are
// answered with success, kept and counted; they are no dead letters, no alerts and no work for anybody.
func TestEventsOfOthersAreNobodysWork(t *testing.T) {
	s := setup(t)
	sub := func(id, price, meta string) string {
		return fmt.Sprintf(`{"id":"sub_%s","object":"subscription","customer":"cus_%s","status":"active","metadata":%s,"items":{"data":[{"price":{"id":"%s"},"current_period_start":1,"current_period_end":2}]}}`, id, id, meta, price)
	}
	event := func(id, kind, extra, object string) string {
		return fmt.Sprintf(`{"id":"evt_%s","object":"event","type":"%s","created":1,"livemode":false%s,"data":{"object":%s}}`, id, kind, extra, object)
	}
	bodies := []string{
		event("words", "customer.subscription.updated", "", sub("words", "price_other",
			`{"account_id":"Acme & Sons, Pune"}`)),
		event("plain", "customer.subscription.created", "", sub("plain", "price_other", `{}`)),
		event("uuid", "customer.subscription.deleted", "", sub("uuid", "price_other",
			`{"account_id":"0198f3f0-7d6b-7c55-9c3a-3f8f6f0d6a11","checkout_id":"order 17"}`)),
		event("connect", "customer.subscription.created", `,"account":"acct_connected"`,
			sub("connect", "price_TijoriProMonth", `{}`)),
		event("connectdel", "customer.deleted", `,"account":"acct_connected"`,
			`{"id":"cus_their","object":"customer"}`),
		event("product", "product.created", "", `{"id":"prod_1","object":"product"}`),
		`{"id":"evt_thin","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","created":"2026-11-22T10:00:00.000Z","livemode":false,"related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}`,
		`{"id":"evt_thin2","object":"v2.core.event","type":"v2.core.account.updated","created":"2026-11-22T10:00:00.000Z","livemode":false,"context":"acct_9","related_object":null}`,
	}
	s.down.Store(true) // Stripe does not have them in this simulator; what the events say is enough
	for _, body := range bodies {
		s.deliver(body)
	}
	s.apply()
	if n := s.count(`select count(*) from inbox`); n != len(bodies) {
		t.Errorf("%d events are kept, want %d", n, len(bodies))
	}
	rows, err := s.db.Super.Query(t.Context(),
		`select event_id, status, last_error from inbox where status <> 'ignored'`)
	s.must(err)
	for rows.Next() {
		var id, status, why string
		s.must(rows.Scan(&id, &status, &why))
		t.Errorf("%s is %s (%s), want ignored", id, status, why)
	}
	s.must(rows.Err())
	if n := s.count(`select count(*) from review_items`); n != 0 {
		t.Errorf("%d items for a person", n)
	}
	s.must(s.service.CheckAlerts(t.Context()))
	if n := s.count(`select count(*) from alerts where state = 'raised'`); n != 0 {
		t.Errorf("%d alerts", n)
	}
	// One of ours that nobody has claimed yet still waits for its owner.
	s.deliver(event("ours", "customer.subscription.created", "", sub("ours", "price_TijoriProMonth", `{}`)))
	s.apply()
	if n := s.count(`select count(*) from inbox where event_id = 'evt_ours' and status = 'parked'`); n != 1 {
		t.Error("an event of a price of ours is not parked")
	}
}
