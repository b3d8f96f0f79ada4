package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/term"
)

// MostSnooze is the longest snooze of an alert or of a review item.
const MostSnooze = term.Snooze

// AlertKinds are the kinds of alerts, in the order of a list.
var AlertKinds = []string{
	AlertDispute, AlertReview, AlertDead, AlertParked, AlertForeign, AlertFailing, AlertRefused, AlertSilent,
	AlertDisabled, AlertUntold, AlertPartial, AlertEnding,
}

// A group is what one alert is about, now.
type group struct {
	kind   string
	times  int       // how many, or how grave; 0 ends it
	newest time.Time // when the newest of them came, zero where there is no such thing
	detail string
}

// some are how many of a kind wait for somebody, without those that were snoozed
// or dismissed one by one, and when the newest of them came.
type some struct {
	n      int
	newest time.Time
}

// A queue is what waits for a person at one provider.
type queue struct {
	items         some // review items without disputes, and without events, which have alerts of their own
	dead          some // events
	parked        some // events
	foreign       some // events of another mode or account, within a week
	disputes      some // that wait for an answer or are lost
	soon, tonight int  // of these, due within three days and within one
	first         *time.Time
}

// urgency grows with the number of disputes, and with each as its time runs out,
// so that it is told of again.
func (q queue) urgency() int { return q.disputes.n + q.soon + q.tonight }

func (q queue) disputesText() string {
	text := times(q.disputes.n, "dispute waits", "disputes wait") + " for a person: tijori review list"
	if q.first != nil {
		text += "; the first must be answered at the provider by " + moment(*q.first)
	}
	return text
}

// queueOf counts what waits for a person. Whoever resolves or snoozes the item of a
// dead event, of a payer or of a foreign webhook has decided about those events, too.
// No snooze keeps quiet about the last day of a dispute.
func (s *Service) queueOf(ctx context.Context, provider facts.Provider) (q queue, err error) {
	now := s.clock.Now()
	var newest [5]*time.Time
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			select count(*) filter (where reason <> 'dispute'), max(turned_at) filter (where reason <> 'dispute'),
			       count(*) filter (where reason = 'dispute'), max(turned_at) filter (where reason = 'dispute'),
			       count(*) filter (where reason = 'dispute' and due_at < $2),
			       count(*) filter (where reason = 'dispute' and due_at < $3),
			       min(due_at) filter (where reason = 'dispute')
			  from review_items
			 where connection_id = $1 and status = 'open' and reason not in ('dead_event', 'undecodable')
			   and (snoozed_until is null or snoozed_until <= $4 or reason = 'dispute' and due_at < $3)`,
			provider, now.Add(term.DisputeSoon), now.Add(term.DisputeLast), now).
			Scan(&q.items.n, &newest[0], &q.disputes.n, &newest[1], &q.soon, &q.tonight, &q.first)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			select count(*) filter (where i.status = 'dead'),
			       max(greatest(i.received_at, i.next_attempt_at)) filter (where i.status = 'dead'),
			       count(*) filter (where i.status = 'parked'), max(i.received_at) filter (where i.status = 'parked'),
			       count(*) filter (where i.status = 'ignored'), max(i.received_at) filter (where i.status = 'ignored')
			  from inbox i
			 where i.connection_id = $1
			   and (i.status = 'dead' or i.status = 'parked' and not exists (
			            select from apps a
			             where a.app_id = current_setting('tijori.app') and a.importing_until > $2)
			        or i.status = 'ignored' and i.last_error in ('livemode_mismatch', 'account_mismatch')
			        	and i.received_at > $3)
			   and not exists (
				select from review_items r
				 where r.connection_id = i.connection_id and r.provider = i.provider
				   and (r.snoozed_until > $2 and r.status = 'open' or r.status = 'resolved'
				       and r.resolved_by <> 'tijori'
				       and (i.status <> 'ignored' or i.received_at <= r.resolved_at))
				   and case i.status
				       when 'ignored' then r.reason = i.last_error
				       else r.key in ('dead ' || i.event_id, 'undecodable ' || i.event_id)
				         or r.reason like 'unmapped%' and (r.event_id = i.event_id
				           or i.subject <> '' and r.subscription_id = i.subject) end)`,
			provider, now, now.Add(-quietWeek)).
			Scan(&q.dead.n, &newest[2], &q.parked.n, &newest[3], &q.foreign.n, &newest[4])
	})
	if err != nil {
		return q, fmt.Errorf("look into the review queue: %w", err)
	}
	for i, of := range []*some{&q.items, &q.disputes, &q.dead, &q.parked, &q.foreign} {
		of.newest = value(newest[i])
	}
	return q, nil
}

// raise writes how large a group is now; 0 ends it. A dismissal ends with the group,
// and with anything new in it; a snooze with the group or by itself.
func (s *Service) raise(ctx context.Context, provider facts.Provider, g group) error {
	now := s.clock.Now()
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if g.times == 0 {
			_, err = tx.Exec(ctx, `
				update alerts set state = 'over', times = 0, last_at = $3, muted_at = null, muted_until = null,
				    muted_times = null, muted_newest = null
				 where connection_id = $1 and kind = $2 and state = 'raised'`, provider, g.kind, now)
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into alerts (connection_id, provider, kind, state, times, detail, first_at, last_at, newest_at)
			values ($1, substring($1::text from '[a-z]+$'), $2, 'raised', $3, $4, $5, $5, $6)
			on conflict (connection_id, kind) do update set state = 'raised', times = excluded.times,
			    told_times = least(alerts.told_times, excluded.times), detail = excluded.detail,
			    last_at = excluded.last_at, newest_at = excluded.newest_at,
			    first_at = case when alerts.state = 'over' then excluded.first_at else alerts.first_at end
			 where (alerts.state, alerts.times, alerts.detail, alerts.newest_at) is distinct from
			       ('raised', excluded.times, excluded.detail, excluded.newest_at)`,
			provider, g.kind, g.times, g.detail, now, null(g.newest))
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		return unmuteNews(ctx, tx, provider, g.kind)
	})
	if err != nil {
		return fmt.Errorf("raise %s: %w", g.kind, err)
	}
	return nil
}

// unmuteNews ends a dismissal when the group has grown, or has anything newer than
// what was dismissed. It breaks the snooze of nothing but a dispute that has grown
// more urgent.
func unmuteNews(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind string) error {
	_, err := tx.Exec(ctx, `
		update alerts set muted_at = null, muted_until = null, muted_times = null, muted_newest = null, told_times = 0
		 where connection_id = $1 and kind = $2 and muted_at is not null and (muted_until is null or kind = 'dispute')
		   and (times > muted_times or newest_at > muted_newest or newest_at is not null and muted_newest is null)`,
		provider, kind)
	if err != nil {
		return fmt.Errorf("end a dismissal: %w", err)
	}
	return nil
}

// A Mute says that an operator wants to hear nothing of an alert, or of an item.
type Mute struct {
	Who    string
	Reason string
	Until  time.Time // the end of a snooze; zero dismisses, until there is news
}

// act names what a mute does, for the log. Invalid for a snooze that ends before it
// begins or is longer than MostSnooze.
func (m Mute) act(now time.Time) (act, until string, err error) {
	switch {
	case m.Until.IsZero():
		return "dismiss", "until there is news", nil
	case !m.Until.After(now), m.Until.Sub(now) > MostSnooze:
		return "", "", fault.InvalidField("for", "A snooze lasts up to %d days.", term.Days(MostSnooze))
	}
	return "snooze", "until " + moment(m.Until), nil
}

var errNotRaised = fault.New(fault.Conflict, "This alert is not raised now.")

// MuteAlert snoozes or dismisses an alert, and writes down who did and why. Nothing is
// told of it, also not that it is over, until the snooze ends or something new joins
// what was dismissed. NotFound for a kind that does not exist, Conflict for an alert
// that is not raised, Invalid without a reason.
func (s *Service) MuteAlert(ctx context.Context, provider facts.Provider, kind string, m Mute) error {
	now := s.clock.Now()
	act, until, err := m.act(now)
	if err != nil {
		return err
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		a, err := alertByKind(ctx, tx, provider, kind)
		if err != nil {
			return err
		}
		if a.State != "raised" {
			return errNotRaised
		}
		if _, err := tx.Exec(ctx, `
			update alerts set muted_at = $3, muted_until = $4, muted_times = times,
			    muted_newest = newest_at, told_times = 0
			 where connection_id = $1 and kind = $2`, provider, kind, now, null(m.Until)); err != nil {
			return err
		}
		return saveAct(ctx, tx, Act{
			Who: m.Who, Act: act, Provider: provider, Subject: a.subject(), Reason: m.Reason,
			Detail: until + ": " + a.Detail,
		})
	})
	if err != nil {
		return fmt.Errorf("%s an alert: %w", act, err)
	}
	return nil
}

func (a Alert) subject() string { return "alert " + string(a.Provider) + " " + a.Kind }

// AlertByKind returns an alert with what was done about it. NotFound when it was
// never raised.
func (s *Service) AlertByKind(
	ctx context.Context, provider facts.Provider, kind string) (a *Alert, acts []Act, err error,
) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if a, err = alertByKind(ctx, tx, provider, kind); err != nil {
			return err
		}
		acts, err = actsOn(ctx, tx, a.subject())
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read an alert: %w", err)
	}
	return a, acts, nil
}

func alertByKind(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind string) (*Alert, error) {
	list, err := alertsWhere(ctx, tx, `provider = $1 and kind = $2 for update`, provider, kind)
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, fault.New(fault.NotFound, "There is no such alert.")
	}
	return &list[0], nil
}

// SnoozeReview keeps alerts from telling of one open item until a time, and writes
// down who did and why. The item stays in the queue. A graver turn ends the snooze,
// and the last day of a dispute is told in spite of it. Faults as of ResolveReview.
func (s *Service) SnoozeReview(ctx context.Context, handle string, m Mute) error {
	act, until, err := m.act(s.clock.Now())
	if err != nil {
		return err
	}
	if act == "dismiss" {
		return fault.InvalidField("for", "Say for how long; to dismiss an item, resolve it.")
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		item, err := openItem(ctx, tx, handle)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update review_items set snoozed_until = $3 where provider = $1 and key = $2`,
			item.Provider, item.Key, m.Until); err != nil {
			return err
		}
		return saveAct(ctx, tx, Act{
			Who: m.Who, Act: act, Provider: item.Provider, Subject: item.subject(),
			Reason: m.Reason, Detail: until,
		})
	})
	if err != nil {
		return fmt.Errorf("snooze a review item: %w", err)
	}
	return nil
}
