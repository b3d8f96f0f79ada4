package watch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// An Alert is what was found, one for each rule and subject however often it is raised.
type Alert struct {
	ID       uuid.UUID
	Rule     detect.Rule
	Subject  string
	Account  uuid.UUID
	State    string // raised or over
	Times    int64
	Detail   string
	Requests []string
	FirstAt  time.Time
	LastAt   time.Time
	ToldAt   time.Time

	MutedAt, MutedUntil time.Time // a zero MutedUntil beside a MutedAt holds until there is news
	TakenBy             string    // the operator who looks after it
}

// Muted reports whether an operator wants to hear nothing of the alert at now.
func (a *Alert) Muted(now time.Time) bool {
	return !a.MutedAt.IsZero() && (a.MutedUntil.IsZero() || now.Before(a.MutedUntil))
}

// Sentence says the alert in one line.
func (a *Alert) Sentence() string {
	text := string(a.Rule) + ": " + a.Detail
	if a.State == "over" {
		return text + ": over"
	}
	return text + " (since " + a.FirstAt.UTC().Format("2006-01-02 15:04") + " UTC)"
}

const (
	overAfter = 24 * time.Hour // without news, an alert ends by itself
	quiet     = time.Hour      // how long nothing more is told of one that was told
)

// Raise keeps an alert, or adds to the one that there is.
func (s *Service) Raise(ctx context.Context, a detect.Alert) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return raise(ctx, tx, a) })
}

// End says that an alert is over, if it is raised.
func (s *Service) End(ctx context.Context, rule detect.Rule, subject string, at time.Time) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error { return end(ctx, tx, rule, subject, at) })
}

// raise also ends a dismissal: what is raised again is news.
func raise(ctx context.Context, tx pgx.Tx, a detect.Alert) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var account *uuid.UUID
	if a.Account != uuid.Nil {
		account = &a.Account
	}
	requests := a.Requests
	if requests == nil {
		requests = []string{}
	}
	detail := []rune(a.Text)
	_, err = tx.Exec(ctx, `
		insert into watch_alerts as w (id, rule, subject, account_id, state, times, detail, requests, first_at, last_at)
		values ($1, $2, $3, $4, 'raised', $5, $6, $7, $8, $9)
		on conflict (rule, subject) do update set state = 'raised', account_id = excluded.account_id,
		    times = case when w.state = 'over' then excluded.times else greatest(w.times + 1, excluded.times) end,
		    told_times = case when w.state = 'over' then 0 else w.told_times end,
		    detail = excluded.detail, requests = excluded.requests, last_at = excluded.last_at,
		    first_at = case when w.state = 'over' then excluded.first_at else w.first_at end,
		    muted_at = case when w.muted_until > now() then w.muted_at end,
		    muted_until = case when w.muted_until > now() then w.muted_until end,
		    taken_by = case when w.state = 'over' then null else w.taken_by end`,
		id, string(a.Rule), a.Subject, account, max(1, a.Count), string(detail[:min(len(detail), 500)]),
		requests[:min(len(requests), 20)], a.Since, a.At)
	if err != nil {
		return fmt.Errorf("raise %s: %w", a.Rule, err)
	}
	return nil
}

const alertColumns = `id, rule, subject, account_id, state, times, detail, requests, first_at, last_at,
	coalesce(told_at, first_at), muted_at, muted_until, coalesce(taken_by, '')`

func scanAlert(row pgx.CollectableRow) (a Alert, err error) {
	var account *uuid.UUID
	var since, until *time.Time
	err = row.Scan(&a.ID, &a.Rule, &a.Subject, &account, &a.State, &a.Times, &a.Detail, &a.Requests, &a.FirstAt,
		&a.LastAt,
		&a.ToldAt, &since, &until, &a.TakenBy)
	if account != nil {
		a.Account = *account
	}
	if since != nil {
		a.MutedAt = *since
	}
	if until != nil {
		a.MutedUntil = *until
	}
	return a, err
}

// ListAlerts lists what is raised, the latest first, and what ended within a week.
func (s *Service) ListAlerts(ctx context.Context) ([]Alert, error) {
	rows, err := s.pool.Query(ctx, `select `+alertColumns+` from watch_alerts
		where state = 'raised' or last_at > now() - interval '7 days' order by state desc, last_at desc, id limit 200`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scanAlert)
}

// An Act is what an operator did about an alert.
type Act struct {
	At                time.Time
	Who, What, Reason string
	Until             time.Time
}

// AlertByID returns an alert with what was done about it. NotFound where there is none.
func (s *Service) AlertByID(ctx context.Context, id uuid.UUID) (*Alert, []Act, error) {
	rows, err := s.pool.Query(ctx, `select `+alertColumns+` from watch_alerts where id = $1`, id)
	if err != nil {
		return nil, nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, scanAlert)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, fault.New(fault.NotFound, "There is no such alert.")
	}
	if err != nil {
		return nil, nil, err
	}
	rows, err = s.pool.Query(ctx, `select at, who, act, reason, until from watch_acts where alert_id = $1
		order by at desc, id limit 50`, id)
	if err != nil {
		return nil, nil, err
	}
	acts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (act Act, err error) {
		var until *time.Time
		err = row.Scan(&act.At, &act.Who, &act.What, &act.Reason, &until)
		if until != nil {
			act.Until = *until
		}
		return act, err
	})
	return &a, acts, err
}

// What an operator can do about an alert.
const (
	Take    = "take"    // looks after it: nothing is told until there is news
	Snooze  = "snooze"  // hears nothing of it for a while, whatever happens
	Dismiss = "dismiss" // hears nothing of it until there is news
)

// Mute keeps quiet about an alert, and writes down who wanted that and why. Conflict for one that is not raised,
// Invalid without a reason or for a snooze that is too long.
func (s *Service) Mute(ctx context.Context, id uuid.UUID, act string, until time.Time, who, reason string) error {
	now := time.Now()
	if n := len([]rune(reason)); n < 3 || n > 1000 {
		return fault.InvalidField("reason", "Say why, in a few words. It is kept.")
	}
	var end *time.Time
	if act == Snooze {
		if !until.After(now) || until.Sub(now) > term.Snooze {
			return fault.InvalidField("for", "A snooze lasts up to %d days.", term.Days(term.Snooze))
		}
		end = &until
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update watch_alerts set muted_at = now(), muted_until = $2, muted_times = times, told_times = 0,
			    taken_by = case when $3 = 'take' then $4 else taken_by end
			 where id = $1 and state = 'raised'`, id, end, act, who)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return fault.New(fault.Conflict, "This alert is not raised now.")
		}
		made, err := uuid.NewV7()
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into watch_acts (id, alert_id, who, act, until, reason)
			values ($1, $2, $3, $4, $5, $6)`, made, id, who, act, end, reason)
		return err
	})
}

// Tell ends what has had no news for a day, and hands what is new, has grown or is over to tell, in one call. What tell
// fails to deliver is handed over again at the next call; of several nodes one tells.
func (s *Service) Tell(ctx context.Context, tell func(context.Context, []Alert) error) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `update watch_alerts set state = 'over', muted_at = null, muted_until = null
			where state = 'raised' and last_at < $1`, time.Now().Add(-overAfter))
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `select `+alertColumns+` from watch_alerts
			where state = 'raised' and times > told_times and (told_at is null or told_at <= $1)
			    and (muted_at is null or muted_until <= now())
			   or state = 'over' and told_times > 0
			order by first_at, id limit 100 for update skip locked`, time.Now().Add(-quiet))
		if err != nil {
			return err
		}
		due, err := pgx.CollectRows(rows, scanAlert)
		if err != nil || len(due) == 0 {
			return err
		}
		if err := tell(ctx, due); err != nil {
			return fmt.Errorf("tell %d alerts: %w", len(due), err)
		}
		for _, a := range due {
			if _, err := tx.Exec(ctx, `update watch_alerts set told_at = now(),
				told_times = case when state = 'over' then 0 else times end where id = $1`, a.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
