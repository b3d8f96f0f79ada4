package billing_test

import "testing"

// Webhooks that were applied or ignored go after 400 days, a batch at a time; what a person may still look at stays.
func TestForgetWebhooks(t *testing.T) {
	s := setup(t)
	add := func(id, status string, days int) {
		t.Helper()
		s.exec(`insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label,
			    received_at, delivered_at, next_attempt_at, applied_at)
			select 'stripe', 'stripe', $1, 'invoice.paid', '', $2, '{}', '{}', 'x', x, x, x,
			       case when $2 = 'applied' then x end
			  from (select now() - make_interval(days => $3)) t(x)`, id, status, days)
	}
	add("old", "applied", 401)
	add("old ignored", "ignored", 500)
	add("old parked", "parked", 401)
	add("old dead", "dead", 401)
	add("old under review", "ignored", 401)
	add("young", "applied", 399)
	s.exec(`insert into review_items (connection_id, provider, key, reason, detail, opened_at, seen_at, event_id)
		values ('stripe', 'stripe', 'k', 'undecodable', 'x', now(), now(), 'old under review')`)
	for _, want := range []int{2, 0} {
		if n, err := s.service.ForgetWebhooks(t.Context()); err != nil || n != want {
			t.Fatalf("ForgetWebhooks = %d, %v, want %d", n, err, want)
		}
	}
	if n := s.count(`select count(*) from inbox where event_id in ('old parked', 'old dead', 'old under review', 'young')`); n != 4 {
		t.Errorf("%d of four stay", n)
	}
}
