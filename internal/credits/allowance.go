package credits

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/postgres"
)

// unpaidSource is what the periods without a subscription are counted by. It stands in
// the book of grants for ever and is no plan's id: whichever plan is the default, a
// month that was given is not given again.
const unpaidSource = "free"

// lookAgain is how long a calendar without a date is left alone.
const lookAgain = 30 * 24 * time.Hour

// failedAgain is how long a calendar that could not be worked is left alone, so that
// it keeps no other waiting.
const failedAgain = time.Minute

// Refill grants what the calendar says is due, for one account and meter at a
// time, and returns how many calendars it worked. Several may run at once, here and on
// other nodes: each calendar is locked by one of them, and a grant is made once for
// its period by a key in the database. The error names those that could not be worked,
// after all others were.
func (s *Service) Refill(ctx context.Context) (worked int, failed error) {
	if err := s.bringForward(ctx); err != nil {
		return 0, err
	}
	for range 100 {
		if ctx.Err() != nil {
			break
		}
		c, err := s.refillOne(ctx)
		if c == nil {
			return worked, errors.Join(failed, err)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			if err := s.postpone(ctx, c); err != nil {
				return worked, errors.Join(failed, err)
			}
			continue
		}
		worked++
	}
	return worked, errors.Join(failed, ctx.Err())
}

// postpone lets the other calendars go before one that could not be worked.
func (s *Service) postpone(ctx context.Context, c *calendarRow) error {
	now := s.clock.Now()
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update credit_calendars
			   set due_at = $3, worked_to = case when due_at > '-infinity' then worked_to else $4 end
			 where account_id = $1 and meter = $2 and due_at <= $4`,
			c.account, c.meter, now.Add(failedAgain), now)
		return err
	})
	if err != nil {
		return fmt.Errorf("postpone a calendar: %w", err)
	}
	return nil
}

// accountsAtOnce is how many accounts one transaction brings forward.
const accountsAtOnce = 1000

// bringForward makes calendars due whose subscriptions have changed. Each change has left a row in its own transaction,
// which is deleted here, in the transaction that makes the calendar due. So nothing is lost, whatever ends first: a row
// that is not yet committed stays for the next look, and a calendar that is being worked meanwhile is waited for and
// then worked again. No times are compared.
func (s *Service) bringForward(ctx context.Context) error {
	for more := true; more; {
		err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, `
				select distinct account_id from calendar_changes order by account_id limit $1`, accountsAtOnce)
			if err != nil {
				return err
			}
			accounts, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
			if more = len(accounts) == accountsAtOnce; err != nil || len(accounts) == 0 {
				return err
			}
			// The locks come first and in order: several nodes do this at once. Each calendar is written, also one
			// that was due already: it may have been worked from what was there before the change.
			b := &pgx.Batch{}
			b.Queue(`
				select from credit_calendars where account_id = any ($1) order by account_id, meter for update`, accounts)
			b.Queue(`delete from calendar_changes where account_id = any ($1)`, accounts)
			b.Queue(`update credit_calendars set due_at = least(due_at, $2) where account_id = any ($1)`,
				accounts, s.clock.Now())
			return tx.SendBatch(ctx, b).Close()
		})
		if err != nil {
			return fmt.Errorf("bring calendars forward: %w", err)
		}
	}
	return nil
}

// A page of the calendar: one account and meter. The database makes it with the account, due since ever; one that was
// never worked begins when it is worked first.
type calendarRow struct {
	account uuid.UUID
	meter   string
	worked  time.Time
	sources []string // that were in force when it was last worked
}

// refillOne works the calendar that waits longest, in one transaction, and returns it:
// nil when none waits.
func (s *Service) refillOne(ctx context.Context) (found *calendarRow, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		found = nil
		now := s.clock.Now()
		var c calendarRow
		err := tx.QueryRow(ctx, `
			select account_id, meter, case when due_at > '-infinity' then worked_to else $1 end, sources
			  from credit_calendars
			 where due_at <= $1 order by due_at limit 1 for update skip locked`, now).
			Scan(&c.account, &c.meter, &c.worked, &c.sources)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		found = &c
		return s.refill(ctx, tx, c, now)
	})
	if err != nil {
		return found, fmt.Errorf("refill credits: %w", err)
	}
	return found, nil
}

// accountOf is the account that a call is about, the zero id when there is none.
func (s *Service) accountOf(ctx context.Context, w whose) (account uuid.UUID, err error) {
	if w.customer != "" {
		held := postgres.Holder{Credential: w.hash, Customer: w.customer}
		err = s.db.ReadHeld(ctx, s.work.App, held, func(b *pgx.Batch) {
			b.Queue(`select a.account from tijori_access.customer_account('credits:spend') a`).
				QueryRow(func(row pgx.Row) error { return row.Scan(&account) })
		})
		return account, err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select account_id from tijori.credentials where hash = $1 and kind = 'api_key'`,
			w.hash[:]).Scan(&account)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return account, err
}

// refillNow works the calendar of the account that a call is about, if it is due. When
// it returns, no job is working it any more.
func (s *Service) refillNow(ctx context.Context, w whose, meter string) error {
	account, err := s.accountOf(ctx, w)
	if err != nil {
		return fmt.Errorf("look up the account of a key: %w", err)
	}
	if account == uuid.Nil {
		return nil
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		now := s.clock.Now()
		var c calendarRow
		err := tx.QueryRow(ctx, `
			select account_id, meter, case when due_at > '-infinity' then worked_to else $3 end, sources
			  from credit_calendars
			 where account_id = $1 and meter = $2 and due_at <= $3 for update`, account, meter, now).
			Scan(&c.account, &c.meter, &c.worked, &c.sources)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.refill(ctx, tx, c, now)
	})
	if err != nil {
		return fmt.Errorf("refill credits at a reset: %w", err)
	}
	return nil
}

func (s *Service) refill(ctx context.Context, tx pgx.Tx, c calendarRow, now time.Time) error {
	stretches, zone, err := s.stretches(ctx, tx, c, now)
	if err != nil {
		return err
	}
	given, err := givenTo(ctx, tx, c)
	if err != nil {
		return err
	}
	for _, d := range AllDue(stretches, zone, given, now) {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		key := fmt.Sprintf("allowance %s %s %d %d", c.meter, d.Source, d.Period, d.Level)
		if _, err := tx.Exec(ctx,
			`select tijori_credits.grant_credits($1, $2, $3, 'allowance', $4, $5, $6, $7, '', 'calendar', $8, $9, $10, $11)`,
			c.account, c.meter, id, d.Amount, AllowancePriority,
			d.Expires, key, d.Source, d.Period, d.Level, now); err != nil {
			return fmt.Errorf("grant %s: %w", key, err)
		}
		given[Period{d.Source, d.Period}] = d.Level
	}
	sources := []string{}
	for _, st := range stretches {
		if st.Until.IsZero() || st.Until.After(now) {
			sources = append(sources, st.Source)
		}
	}
	next, amount := Next(stretches, zone, given, now)
	_, err = tx.Exec(ctx, `
		update credit_calendars set next_at = $3, next_amount = $4, due_at = $5, worked_to = $6, sources = $7
		 where account_id = $1 and meter = $2`,
		c.account, c.meter, null(next), nullAmount(amount), wake(stretches, next, now), now, sources)
	return err
}

// wake is when the calendar must be looked at again: at the next allowance, and when a
// plan ends.
func wake(stretches []Stretch, next, now time.Time) time.Time {
	at := now.Add(lookAgain)
	if !next.IsZero() && next.Before(at) {
		at = next
	}
	for _, s := range stretches {
		if s.Until.After(now) && s.Until.Before(at) {
			at = s.Until
		}
	}
	return at
}

func nullAmount(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

// stretches are the plans of an account that were in force since its calendar was
// last worked, as the subscriptions tell it now. One that was not in force then is in
// force from now on, not from some day in between: a pause brings nothing.
func (s *Service) stretches(
	ctx context.Context, tx pgx.Tx, c calendarRow, now time.Time,
) ([]Stretch, *time.Location, error) {
	var created time.Time
	var zoneName string
	if err := tx.QueryRow(ctx, `select created_at, time_zone from accounts where account_id = $1`, c.account).
		Scan(&created, &zoneName); err != nil {
		return nil, nil, fmt.Errorf("read account %s: %w", c.account, err)
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, nil, fmt.Errorf("account %s: %w", c.account, err)
	}
	known := map[string]bool{unpaidSource: true}
	for _, source := range c.sources {
		known[source] = true
	}
	out := []Stretch{{
		Source: unpaidSource, Anchor: earlier(created, now), From: earlier(c.worked, now),
		Allowance: s.allowance(s.plans.Default().ID, c.meter),
	}}
	rows, err := tx.Query(ctx, `
		select s.provider || ' ' || s.id, coalesce(a.source, s.provider || ' ' || s.id), s.plan_id,
		    least(coalesce(s.period_start, case when s.trial_end <= $2 then s.trial_end end, s.created_at), $2),
		    a.anchor, s.access_until,
		    coalesce(s.paid_through, s.access_until), s.paid_since
		  from subscriptions s
		  left join lateral (
		    select source, anchor from credit_anchors
		     where account_id = s.account_id
		       and (source = s.provider || ' ' || s.id or starts_with(source, s.provider || ' ' || s.id || ' '))
		     order by anchor desc limit 1) a on true
		 where s.account_id = $1 and s.plan_id is not null and s.access_until > $3 order by 1`, c.account, now, c.worked)
	if err != nil {
		return nil, nil, err
	}
	subs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x counted, err error) {
		return x, row.Scan(&x.subscription, &x.source, &x.plan, &x.first, &x.anchor, &x.until, &x.paid, &x.since)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read subscriptions: %w", err)
	}
	for _, x := range subs {
		if x.anchor == nil {
			if err := keepAnchor(ctx, tx, c.account, x.source, x.first); err != nil {
				return nil, nil, err
			}
			x.anchor = &x.first
		}
		plan, _ := s.plans.ByID(x.plan)
		st := Stretch{
			Source: x.source, Anchor: *x.anchor, From: now, Until: x.until, Paid: x.paid, Rank: plan.Rank,
			Allowance: s.allowance(x.plan, c.meter),
		}
		if x.since != nil {
			if st = st.After(*x.since, x.subscription, zone); !st.Anchor.Equal(*x.anchor) {
				if err := keepAnchor(ctx, tx, c.account, st.Source, st.Anchor); err != nil {
					return nil, nil, err
				}
			}
		}
		switch {
		case known[st.Source] || len(c.sources) == 0: // a calendar that was never worked knows nothing of before
			st.From = later(earlier(c.worked, now), st.Anchor)
		case x.until.Before(now):
			continue // it came and went between two looks, and was never seen to grant
		}
		out = append(out, st)
	}
	return out, zone, nil
}

// A counted subscription is one that gives a plan, with what its months are counted by.
type counted struct {
	subscription string // provider and id
	source       string // what its present months are counted by
	plan         string
	first        time.Time  // the start of its present period
	anchor       *time.Time // nil when it is seen for the first time
	until, paid  time.Time
	since        *time.Time // when the time began that is paid for without a break
}

func keepAnchor(ctx context.Context, tx pgx.Tx, account uuid.UUID, source string, at time.Time) error {
	_, err := tx.Exec(ctx, `
		insert into credit_anchors (account_id, source, anchor) values ($1, $2, $3)
		on conflict on constraint credit_anchors_pkey do nothing`,
		account, source, at)
	if err != nil {
		return fmt.Errorf("keep the anchor of %s: %w", source, err)
	}
	return nil
}

// allowance is what a plan brings of a meter. One that is sold no more brings what it did.
func (s *Service) allowance(plan, meter string) billing.Allowance {
	p, _ := s.plans.ByID(plan)
	for _, a := range p.Allowances {
		if a.Meter == meter {
			return a
		}
	}
	return billing.Allowance{Meter: meter, Every: billing.Month}
}

// givenTo is what each period has been given.
func givenTo(ctx context.Context, tx pgx.Tx, c calendarRow) (map[Period]int64, error) {
	rows, err := tx.Query(ctx, `
		select source, period, max(level) from credit_grants
		 where account_id = $1 and meter = $2 and source is not null group by source, period`, c.account, c.meter)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	given := map[Period]int64{}
	for rows.Next() {
		var p Period
		var level int64
		if err := rows.Scan(&p.Source, &p.Number, &level); err != nil {
			return nil, err
		}
		given[p] = level
	}
	return given, rows.Err()
}

// Begin gives an account what its plan brings now, instead of within some seconds: one that is new, or whose plan has
// just changed. While a job works one of its calendars, this waits.
func (s *Service) Begin(ctx context.Context, account uuid.UUID) error {
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		now := s.clock.Now()
		b := &pgx.Batch{}
		b.Queue(`select from credit_calendars where account_id = $1 order by meter for update`, account)
		b.Queue(`
			with changed as (delete from calendar_changes where account_id = $1 returning account_id)
			update credit_calendars set due_at = least(due_at, $2)
			 where account_id in (select account_id from changed)`, account, now)
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select account_id, meter, case when due_at > '-infinity' then worked_to else $2 end, sources
			  from credit_calendars
			 where account_id = $1 and due_at <= $2 order by meter for update`, account, now)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c calendarRow, err error) {
			return c, row.Scan(&c.account, &c.meter, &c.worked, &c.sources)
		})
		if err != nil {
			return err
		}
		for _, c := range list {
			if err := s.refill(ctx, tx, c, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("begin the calendars: %w", err)
	}
	return nil
}
