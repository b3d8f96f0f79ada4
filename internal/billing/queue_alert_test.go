package billing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
)

// The review queue tells: items, disputes with their time, and again as that runs out; and that it is over.
func TestTheQueueRaisesAlerts(t *testing.T) {
	s := setup(t)
	told := func() string {
		t.Helper()
		var out []string
		_, err := s.service.TellAlerts(t.Context(), func(_ context.Context, list []billing.Alert) error {
			for _, a := range list {
				out = append(out, fmt.Sprint(a.Kind, " ", a.State))
				if a.State == "raised" && a.Kind == billing.AlertDispute && !strings.Contains(a.Detail,
					"must be answered at the provider by") {
					t.Errorf("the dispute's alert says %q", a.Detail)
				}
			}
			return nil
		})
		s.must(err)
		return strings.Join(out, ", ")
	}
	advance := func(d time.Duration) { t.Helper(); s.must(s.db.AdvanceClock(t.Context(), s.clock, d)) }
	add := func(key, reason string, due any) {
		t.Helper()
		s.exec(`insert into review_items (connection_id, provider, key, reason, detail, opened_at, seen_at, due_at)
			values ('stripe', 'stripe', $1, $2, 'x', now(), now(), $3)`, key, reason, due)
	}
	if got := told(); got != "" {
		t.Errorf("at first: %s", got)
	}
	add("refund ch_1", "refund_full", nil)
	add("dispute dp_1", "dispute", s.clock.Now().Add(7*day))
	if got := told(); got != "review raised, dispute raised" && got != "dispute raised, review raised" {
		t.Errorf("told %q", got)
	}
	if got := told(); got != "" {
		t.Errorf("told twice: %s", got)
	}
	for _, left := range []time.Duration{5 * day, 2 * day, 12 * time.Hour} {
		advance(0)
		s.exec(`update review_items set due_at = $1 where reason = 'dispute'`, s.clock.Now().Add(left))
		advance(2 * time.Hour)
		want := map[bool]string{true: "dispute raised", false: ""}[left < 3*day]
		if got := told(); got != want {
			t.Errorf("with %v left: told %q, want %q", left, got, want)
		}
	}
	s.exec(`update review_items set status = 'resolved', resolved_at = now()`)
	if got := told(); got != "review over, dispute over" && got != "dispute over, review over" {
		t.Errorf("in the end: %q", got)
	}
}

// One outage does not set the bar for silence.
func TestSilenceIsMeasuredByOrdinaryDays(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.db.Subscription(t, u.AccountID, "stripe", "sub_1")
	now := s.clock.Now()
	for d := 1; d <= 60; d++ {
		if d > 8 && d < 40 {
			continue // the outage
		}
		for _, h := range []int{0, 1, 5} {
			s.exec(`insert into inbox (connection_id, provider, event_id, type, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at)
				values ('stripe', 'stripe', $1, 'invoice.paid', 'ignored', '{}', '{}', 'x', $2, $2, $2)`, fmt.Sprint("evt_", d, "_", h), now.Add(-time.Duration(d)*day-time.Duration(h)*time.Hour))
		}
	}
	silent := func() bool {
		t.Helper()
		s.must(s.service.CheckAlerts(t.Context()))
		return s.count(`select count(*) from alerts where kind = 'silent' and state = 'raised'`) > 0
	}
	if silent() {
		t.Error("a day without an event is silence, where pauses of 19 hours are usual")
	}
	s.must(s.db.AdvanceClock(t.Context(), s.clock, 3*day))
	if !silent() {
		t.Error("four days without an event are no silence after one outage of a month")
	}
}

// A provider that sends often is silent when what usually comes at these hours does not; a night is no silence.
func TestSilenceKnowsTheWeek(t *testing.T) {
	s := setup(t)
	u := s.db.User(t, "asha")
	s.db.Subscription(t, u.AccountID, "stripe", "sub_1")
	last := s.clock.Now().UTC().Truncate(day).Add(-7 * time.Hour) // 17 o'clock of yesterday
	s.exec(`insert into inbox (connection_id, provider, event_id, type, status, body, headers, secret_label, received_at,
		    delivered_at, next_attempt_at)
		select 'stripe', 'stripe', 'evt_' || d || '_' || h || '_' || n, 'invoice.paid', 'ignored', '{}', '{}', 'x',
		       t, t, t
		  from generate_series(0, 27) d, generate_series(0, 12) h, generate_series(0, 7) n,
		       lateral (select $1::timestamptz - make_interval(days => d, hours => h, mins => n * 6)) x(t)`, last)
	silent := func() bool {
		t.Helper()
		s.must(s.service.CheckAlerts(t.Context()))
		return s.count(`select count(*) from alerts where kind = 'silent' and state = 'raised'`) > 0
	}
	at := func(hours int) { // after the last event
		t.Helper()
		s.must(s.db.AdvanceClock(t.Context(), s.clock, last.Add(time.Duration(hours)*time.Hour).Sub(s.clock.Now())))
	}
	if at(11); silent() {
		t.Error("a night without an event is silence, where none comes at night")
	}
	if at(15); !silent() {
		t.Error("four hours of the day without an event are no silence, where eight an hour come")
	}
}
