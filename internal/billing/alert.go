package billing

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// Kinds of trouble that are told to whoever is configured, each as one group a
// provider, however many events it concerns.
const (
	AlertDead     = "dead"     // events that could not be applied in all attempts
	AlertFailing  = "failing"  // events that have failed three times and wait
	AlertForeign  = "foreign"  // events of another mode or account
	AlertRefused  = "refused"  // deliveries whose signature does not fit
	AlertSilent   = "silent"   // no event for longer than usual
	AlertDisabled = "disabled" // the webhook is switched off at the provider, or does not send every event
	AlertUntold   = "untold"   // changes of which no event has told
	AlertPartial  = "partial"  // the last comparison is not complete
	AlertEnding   = "ending"   // the last webhook secret ends within a week, or has ended
	AlertReview   = "review"   // items that only a person may decide
	AlertParked   = "parked"   // events about payers whom nobody here knows
	AlertDispute  = "dispute"  // disputes that wait for an answer; told again as their time runs out
)

// alertQuiet is how long a group says nothing after it was told of.
const alertQuiet = time.Hour

// An Alert is one group of trouble.
type Alert struct {
	Provider facts.Provider
	Kind     string
	State    string // raised or over
	Times    int64  // how often, or how many now
	Told     int64  // as last told
	Detail   string
	FirstAt  time.Time // service time
	LastAt   time.Time
	ToldAt   time.Time

	// An operator wants to hear nothing of it: since when, and until when. A zero
	// MutedUntil beside a MutedAt is a dismissal, which holds until there is news.
	MutedAt, MutedUntil time.Time
}

// Muted reports whether an operator has snoozed or dismissed the alert at now.
func (a Alert) Muted(now time.Time) bool {
	return !a.MutedAt.IsZero() && (a.MutedUntil.IsZero() || now.Before(a.MutedUntil))
}

// Sentence says the alert in one line.
func (a Alert) Sentence() string {
	if a.State == "over" {
		return fmt.Sprintf("%s: %s: over (it was: %s)", a.Provider.Name(), a.Kind, a.Detail)
	}
	since := "since " + moment(a.FirstAt)
	if a.Kind == AlertRefused { // the others say in their detail how many there are
		since = times(int(a.Times), "delivery", "deliveries") + " " + since
	}
	return fmt.Sprintf("%s: %s: %s (%s)", a.Provider.Name(), a.Kind, a.Detail, since)
}

// TellAlerts looks at the inbox, the comparisons and the silence, and hands all
// groups that are new, have grown or are over to tell, in one call. What tell
// fails to deliver is handed over again at the next call. It is a loop's body;
// of several nodes one tells. It returns 0: there is nothing to go on with.
func (s *Service) TellAlerts(ctx context.Context, tell func(context.Context, []Alert) error) (int, error) {
	if err := s.CheckAlerts(ctx); err != nil {
		return 0, err
	}
	now := s.clock.Now()
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		due, err := alertsWhere(ctx, tx, `
			(state = 'raised' and times > told_times and (told_at is null or told_at <= $1)
			    and (muted_at is null or muted_until <= $2)
			 or state = 'over' and told_times > 0) for update skip locked`, now.Add(-alertQuiet), now)
		if err != nil || len(due) == 0 {
			return err
		}
		if err := tell(ctx, due); err != nil {
			return fmt.Errorf("tell %d alerts: %w", len(due), err)
		}
		for _, a := range due {
			if _, err := tx.Exec(ctx, `
				update alerts set told_at = $3, told_times = case when $4 = 'over' then 0 else $5 end
				    where connection_id = $1 and kind = $2`,
				a.Provider, a.Kind, now, a.State, a.Times); err != nil {
				return err
			}
		}
		return nil
	})
	return 0, err
}

// ListAlerts lists what is raised now, and what was.
func (s *Service) ListAlerts(ctx context.Context) (list []Alert, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		list, err = alertsWhere(ctx, tx, `true order by provider, kind`)
		return err
	})
	return list, err
}

func alertsWhere(ctx context.Context, tx pgx.Tx, condition string, args ...any) ([]Alert, error) {
	rows, err := tx.Query(ctx, `
		select provider, kind, state, times, told_times, detail, first_at, last_at,
		    coalesce(told_at, first_at), muted_at,
		    muted_until from alerts where `+condition, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a Alert, err error) {
		var since, until *time.Time
		err = row.Scan(&a.Provider, &a.Kind, &a.State, &a.Times, &a.Told, &a.Detail, &a.FirstAt, &a.LastAt,
			&a.ToldAt, &since,
			&until)
		a.MutedAt, a.MutedUntil = value(since), value(until)
		return a, err
	})
}

// CheckAlerts raises and ends the groups that can be seen by looking.
func (s *Service) CheckAlerts(ctx context.Context) error {
	if err := s.followTakeBacks(ctx); err != nil {
		return err
	}
	counts, err := s.CountInbox(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		if s.gateways[c.Provider] == nil {
			continue
		}
		silent, quiet, err := s.silence(ctx, c)
		if err != nil {
			return err
		}
		partial, why, err := s.lastPartial(ctx, c.Provider)
		if err != nil {
			return err
		}
		ending, whenEnds := s.secretsEnding(ctx, c.Provider)
		q, err := s.queueOf(ctx, c.Provider)
		if err != nil {
			return err
		}
		for _, g := range []group{
			{
				kind: AlertDead, times: q.dead.n, newest: q.dead.newest,
				detail: fmt.Sprintf("%s could not be applied and wait for somebody: tijori inbox list --state dead",
					times(q.dead.n, "event", "events")),
			},
			{
				kind: AlertFailing, times: c.Failing,
				detail: fmt.Sprintf("%s failed three times or more and are tried again",
					times(c.Failing, "event", "events")),
			},
			{
				kind: AlertForeign, times: q.foreign.n, newest: q.foreign.newest,
				detail: fmt.Sprintf("%s of another mode or account were ignored within a week: a webhook leads to the wrong server",
					times(q.foreign.n, "event", "events")),
			},
			{kind: AlertSilent, times: silent, detail: quiet},
			{kind: AlertPartial, times: partial, detail: why},
			{kind: AlertEnding, times: ending, detail: whenEnds},
			{
				kind: AlertReview, times: q.items.n, newest: q.items.newest,
				detail: fmt.Sprintf("%s for a person: tijori review list",
					times(q.items.n, "item waits", "items wait")),
			},
			{
				kind: AlertParked, times: q.parked.n, newest: q.parked.newest,
				detail: fmt.Sprintf("%s about payers whom no account here owns: tijori inbox list --state parked",
					times(q.parked.n, "event is", "events are")),
			},
			{kind: AlertDispute, times: q.urgency(), newest: q.disputes.newest, detail: q.disputesText()},
		} {
			if err := s.raise(ctx, c.Provider, g); err != nil {
				return err
			}
		}
		if err := s.raiseRefused(ctx, c.Provider); err != nil {
			return err
		}
	}
	return nil
}

// secretNotice is how long before the last webhook secret's end people are told of it.
const secretNotice = 7 * 24 * time.Hour

// secretsEnding returns 1 (2: it has ended) and a sentence when no webhook can be believed any more within a week, and
// writes that into the log once a day.
func (s *Service) secretsEnding(ctx context.Context, p facts.Provider) (int, string) {
	end, now := s.gateways[p].SecretsEnd(), s.now()
	if end.IsZero() || now.Add(secretNotice).Before(end) {
		return 0, ""
	}
	grave, text := 1, "the last webhook secret ends on "+moment(end)+
		": from then on every event is refused; add the next one"
	if !now.Before(end) {
		grave, text = 2, "the last webhook secret ended on "+moment(end)+
			": every event is refused; set the one that the dashboard has"
	}
	if s.endingTold.due(p, now) {
		s.log.WarnContext(ctx, text, "provider", p)
	}
	return grave, text
}

// daily remembers when it last let something about a provider be said.
type daily struct {
	sync.Mutex
	last map[facts.Provider]time.Time
}

func (d *daily) due(p facts.Provider, now time.Time) bool {
	d.Lock()
	defer d.Unlock()
	if last, ok := d.last[p]; ok && now.Sub(last) < 24*time.Hour {
		return false
	}
	if d.last == nil {
		d.last = map[facts.Provider]time.Time{}
	}
	d.last[p] = now
	return true
}

// raiseRefused adds the refusals since the last look to their group, which is
// over after a day without any.
func (s *Service) raiseRefused(ctx context.Context, provider facts.Provider) error {
	n := s.refusals.take(provider)
	now := s.clock.Now()
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if n == 0 {
			_, err = tx.Exec(ctx, `
				update alerts set state = 'over', times = 0, muted_at = null, muted_until = null, muted_times = null,
				    muted_newest = null
				 where connection_id = $1 and kind = $2 and state = 'raised' and last_at < $3`, provider, AlertRefused,
				now.Add(-24*time.Hour))
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into alerts (connection_id, provider, kind, state, times, detail, first_at, last_at)
			values ($1, substring($1::text from '[a-z]+$'), $2, 'raised', $3,
			    'deliveries were refused because no secret fits their signature: has it been changed at the provider?', $4, $4)
			on conflict (connection_id, kind) do update
			    set state = 'raised', times = alerts.times + excluded.times, last_at = excluded.last_at,
			    first_at = case when alerts.state = 'over' then excluded.first_at else alerts.first_at end`, provider,
			AlertRefused, n, now)
		if err != nil {
			return err
		}
		return unmuteNews(ctx, tx, provider, AlertRefused)
	})
	if err != nil {
		s.refusals.add(provider, n)
	}
	return err
}

// lastPartial says whether the last whole comparison broke off.
func (s *Service) lastPartial(ctx context.Context, provider facts.Provider) (n int, why string, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		last, err := lastRun(ctx, tx, provider)
		if err == nil && last != nil && last.State == "partial" {
			n, why = 1, "the last comparison is not complete: "+last.Note
		}
		return err
	})
	return n, why, err
}

// A tally counts refused deliveries on this node until somebody takes them.
type tally struct {
	mu sync.Mutex
	n  map[facts.Provider]int
}

func (t *tally) add(p facts.Provider, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[facts.Provider]int{}
	}
	t.n[p] += n
}

func (t *tally) take(p facts.Provider) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.n[p]
	delete(t.n, p)
	return n
}

// refused counts a delivery that claims to be signed and is not by us; what
// carries no signature at all is the noise of the internet.
func (t *tally) refused(p facts.Provider, h http.Header) {
	if h.Get(stripe.SignatureHeader) != "" || h.Get(razorpay.SignatureHeader) != "" {
		t.add(p, 1)
	}
}
