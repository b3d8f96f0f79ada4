package billing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// A herald is a shop whose alerts are read as they are told.
type herald struct{ *shop }

func (s herald) told() string {
	s.Helper()
	var out []string
	_, err := s.service.TellAlerts(s.Context(), func(_ context.Context, list []billing.Alert) error {
		for _, a := range list {
			out = append(out, fmt.Sprint(a.Kind, " ", a.State))
		}
		return nil
	})
	s.must(err)
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func (s herald) says(when, want string) {
	s.Helper()
	if got := s.told(); got != want {
		s.Errorf("%s: told %q, want %q", when, got, want)
	}
}

func (s herald) advance(d time.Duration) {
	s.Helper()
	s.must(s.db.AdvanceClock(s.Context(), s.clock, d))
}

func (s herald) mute(kind string, long time.Duration) {
	s.Helper()
	m := billing.Mute{Who: "ravi", Reason: "the bank is looking into it"}
	if long > 0 {
		m.Until = s.clock.Now().Add(long)
	}
	s.must(s.service.MuteAlert(s.Context(), facts.Stripe, kind, m))
}

func (s herald) item(key, reason string, due any) {
	s.Helper()
	s.exec(`insert into review_items (connection_id, provider, key, reason, detail, opened_at, seen_at, turned_at, due_at) values ('stripe', 'stripe', $1, $2, 'x', $3, $3, $3, $4)`,
		key, reason, s.clock.Now(), due)
}

func (s herald) event(id, status, why string) {
	s.Helper()
	s.exec(`insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at, last_error)
		values ('stripe', 'stripe', $1, 'invoice.paid', 'sub_' || $1, $2, '{}', '{}', 'x', $4, $4, $4, $3)`, id, status, why, s.clock.Now())
}

// Every kind of alert that counts something: a dismissal lasts until one more comes, a snooze until its end.
func TestAlertsAreDismissedAndSnoozed(t *testing.T) {
	one := map[string]func(s herald, id string){
		billing.AlertReview:  func(s herald, id string) { s.item("refund "+id, "refund_full", nil) },
		billing.AlertDispute: func(s herald, id string) { s.item("dispute "+id, "dispute", s.clock.Now().Add(20*day)) },
		billing.AlertParked:  func(s herald, id string) { s.event(id, "parked", "nobody is customer") },
		billing.AlertDead:    func(s herald, id string) { s.event(id, "dead", "it failed") },
		billing.AlertForeign: func(s herald, id string) { s.event(id, "ignored", "livemode_mismatch") },
	}
	for kind, add := range one {
		t.Run(kind, func(t *testing.T) {
			s := herald{setup(t)}
			add(s, "1")
			s.says("at first", kind+" raised")
			s.mute(kind, 0)
			s.advance(2 * time.Hour)
			s.says("dismissed", "")
			add(s, "2")
			s.says("one more after the dismissal", kind+" raised")
			s.mute(kind, 3*day)
			s.advance(2 * time.Hour)
			s.says("snoozed", "")
			s.advance(day)
			s.says("snoozed still", "")
			s.advance(2 * day)
			s.says("the snooze is over", kind+" raised")
			// One goes and another comes: as many as were dismissed, and news all the same.
			s.mute(kind, 0)
			s.exec(`update review_items set status = 'resolved', resolved_at = now() where key like '%1'`)
			s.exec(`delete from inbox where event_id = '1'`)
			s.advance(2 * time.Hour)
			s.says("fewer than were dismissed", "")
			add(s, "3")
			s.advance(2 * time.Hour)
			s.says("another in the place of one", kind+" raised")
			// It ends while nobody wants to hear of it.
			s.mute(kind, 0)
			s.exec(`update review_items set status = 'resolved', resolved_at = now() where status = 'open'`)
			s.exec(`delete from inbox`)
			s.advance(2 * time.Hour)
			s.says("over", "")
			add(s, "4")
			s.says("it begins again", kind+" raised")
			acts := s.count(`select count(*) from operator_acts where subject = 'alert stripe ' || $1 and who = 'ravi'
				and reason = 'the bank is looking into it'`, kind)
			if acts != 4 {
				t.Errorf("%d entries in the log, want 4", acts)
			}
		})
	}
}

// What was decided about one item is heard of no more, whatever alert its events are in.
func TestItemsAreSnoozedOneByOne(t *testing.T) {
	s := herald{setup(t)}
	s.item("refund ch_1", "refund_full", nil)
	s.event("evt_1", "dead", "it failed")
	s.item("dead evt_1", "dead_event", nil)
	s.event("evt_2", "parked", "nobody is customer")
	s.item("unmapped customer cus_2", "unmapped_customer", nil)
	s.exec(`update review_items set subscription_id = 'sub_evt_2' where reason = 'unmapped_customer'`)
	s.event("evt_3", "ignored", "livemode_mismatch")
	s.item("livemode_mismatch ", "livemode_mismatch", nil)
	s.says("at first", "dead raised, foreign raised, parked raised, review raised")
	list, err := s.service.ListReviews(t.Context(), false)
	s.must(err)
	for _, item := range list {
		s.must(s.service.SnoozeReview(t.Context(), item.Handle, billing.Mute{
			Who: "ravi", Reason: "next week",
			Until: s.clock.Now().Add(2 * day),
		}))
	}
	s.says("snoozed", "dead over, foreign over, parked over, review over")
	s.advance(3 * day)
	s.says("the snoozes are over", "dead raised, foreign raised, parked raised, review raised")
	for _, item := range list {
		s.must(s.service.ResolveReview(t.Context(), billing.Resolution{
			Handle: item.Handle, Who: "ravi",
			Reason: "it was a trial",
		}))
	}
	s.says("resolved", "dead over, foreign over, parked over, review over")
	s.event("evt_4", "ignored", "livemode_mismatch")
	s.advance(2 * time.Hour)
	s.says("a foreign event after the decision", "foreign raised")
	s.advance(8 * day)
	s.says("a week without any", "foreign over")
	if err := s.service.SnoozeReview(t.Context(), list[0].Handle, billing.Mute{
		Who: "ravi", Reason: "later",
		Until: s.clock.Now().Add(day),
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("snooze what is resolved: %v, want a conflict", err)
	}
}

// Neither a snooze nor a dismissal hides that a dispute takes a graver turn, or that its last day has come.
func TestDisputesAreHeardInSpiteOfASnooze(t *testing.T) {
	s := herald{setup(t)}
	u := s.db.User(t, "asha")
	s.buy(u, "pro", facts.Stripe)
	s.settle()
	id := s.subscription(u)
	s.must(s.sim.Dispute(id))
	s.settle()
	s.says("at first", "dispute raised")
	list, err := s.service.ListReviews(t.Context(), false)
	s.must(err)
	snooze := func() {
		t.Helper()
		s.must(s.service.SnoozeReview(t.Context(), list[0].Handle, billing.Mute{
			Who: "ravi", Reason: "evidence is sent",
			Until: s.clock.Now().Add(20 * day),
		}))
	}
	snooze()
	s.says("the item is snoozed", "dispute over")
	s.exec(`update review_items set due_at = $1`, s.clock.Now().Add(4*day))
	s.advance(2 * day)
	s.says("two days are left", "")
	s.advance(36 * time.Hour)
	s.says("the last day", "dispute raised")
	snooze()
	s.mute(billing.AlertDispute, 10*day)
	s.advance(2 * time.Hour)
	s.says("the group is snoozed", "")
	s.must(s.sim.SettleDispute(id, false))
	s.settle()
	s.advance(2 * time.Hour)
	s.says("lost", "dispute raised")
}

// Refused: no reason, too long, what is not raised, what is no alert.
func TestMutesNeedAReason(t *testing.T) {
	s := herald{setup(t)}
	s.event("1", "dead", "it failed")
	s.says("at first", "dead raised")
	now := s.clock.Now()
	for name, c := range map[string]struct {
		kind string
		m    billing.Mute
		want fault.Kind
	}{
		"no reason":     {"dead", billing.Mute{Who: "ravi"}, fault.Invalid},
		"too long":      {"dead", billing.Mute{Who: "ravi", Reason: "later", Until: now.Add(40 * day)}, fault.Invalid},
		"in the past":   {"dead", billing.Mute{Who: "ravi", Reason: "later", Until: now.Add(-day)}, fault.Invalid},
		"never raised":  {"silent", billing.Mute{Who: "ravi", Reason: "later"}, fault.NotFound},
		"no such alert": {"loud", billing.Mute{Who: "ravi", Reason: "later"}, fault.NotFound},
	} {
		if err := s.service.MuteAlert(t.Context(), facts.Stripe, c.kind, c.m); !fault.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.exec(`delete from inbox`)
	s.says("over", "dead over")
	if err := s.service.MuteAlert(t.Context(), facts.Stripe, "dead", billing.Mute{
		Who:    "ravi",
		Reason: "later",
	}); !fault.Is(err, fault.Conflict) {
		t.Errorf("an alert that is over: %v, want a conflict", err)
	}
	if n := s.count(`select count(*) from operator_acts`); n != 0 {
		t.Errorf("%d entries in the log of what was refused", n)
	}
}
