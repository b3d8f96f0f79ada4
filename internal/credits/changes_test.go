package credits

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// writes writes, in a transaction that is still open, what the reducer would: a plan from now on, paid through until.
func (f *fixture) writes(tx pgx.Tx, account uuid.UUID, id, plan string, until time.Time) error {
	now := f.s.clock.Now()
	_, err := tx.Exec(f.Context(), `
		insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status,
		    price_id, plan_id, period, period_start, paid_from, paid_since, paid_through, access_until, seen_at,
		    created_at, changed_at)
		values ('khata', $1, 'razorpay', 'razorpay', $2, 'active', 'active', 'p', $3, 'month', $4, $4, $4, $5, $5,
		    $4, $4, $4)
		on conflict (account_id, connection_id, id) do update
		    set plan_id = excluded.plan_id, paid_through = excluded.paid_through, access_until = excluded.access_until,
		        changed_at = excluded.changed_at`, account, id, plan, now, until)
	return err
}

func (f *fixture) begin() pgx.Tx {
	f.Helper()
	tx, err := f.db.Super.Begin(f.Context())
	f.ok(err)
	f.Cleanup(func() { _ = tx.Rollback(f.Context()) })
	return tx
}

// knowSubscription makes what a subscription refers to.
func (f *fixture) knowSubscription(u *pgtest.User, id string) {
	f.Helper()
	f.exec(`insert into plans (app_id, id, name, rank, entitlements, credits_per_month)
		values ('khata', 'pro', 'Pro', 10, '{}', 300), ('khata', 'daily', 'Daily', 5, '{}', 0) on conflict do nothing`)
	f.exec(`
		insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ('razorpay', 'razorpay', 'subscription', $1, $2, now()) on conflict do nothing`, id, u.AccountID)
}

// everyCalendarDue makes all calendars due, so that the next look works each of them.
func (f *fixture) everyCalendarDue() {
	f.Helper()
	f.exec(`update credit_calendars set due_at = least(due_at, $1)`, f.s.clock.Now())
}

// calendars is what the calendars say. It does not change when they are worked again, unless one has missed a change.
func (f *fixture) calendars() string {
	f.Helper()
	return scalar[string](f, `
		select string_agg(concat_ws(' ', account_id, meter, sources, next_at, next_amount,
		        case when due_at < now() + interval '25 days' then due_at end), E'\n' order by account_id, meter)
		  from credit_calendars`) + "\n" + scalar[string](f, `
		select string_agg(concat_ws(' ', account_id, meter, source, period, level), E'\n'
		        order by account_id, meter, source, period, level)
		  from credit_grants where source is not null`)
}

// missesNothing works everything that is due, then every calendar once more: that must change nothing.
func (f *fixture) missesNothing(what string) {
	f.Helper()
	f.refill()
	before := f.calendars()
	f.everyCalendarDue()
	f.refill()
	if after := f.calendars(); after != before {
		f.Errorf("%s: a calendar had missed a change. It said:\n%s\nand now says:\n%s", what, before, after)
	}
	if n := scalar[int](f, `select count(*)::int from calendar_changes`); n != 0 {
		f.Errorf("%s: %d changes were left lying", what, n)
	}
}

// TestChangeCommittedAfterCalendar: a calendar that is worked while a subscription is being written sees it as soon as
// it is committed.
func TestChangeCommittedAfterCalendar(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	f.knowSubscription(f.owner, "sub_1")
	tx := f.begin()
	f.ok(f.writes(tx, f.owner.AccountID, "sub_1", "pro", f.s.clock.Now().AddDate(0, 0, 20)))
	f.everyCalendarDue()
	f.refill() // after the change was written, before anybody can see it
	if got := f.allowances(); got != "free 0: 10" {
		t.Fatalf("before the commit: %s", got)
	}
	f.ok(tx.Commit(t.Context()))
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 300" {
		t.Errorf("after the commit: %s, want the plan's 300", got)
	}
	f.missesNothing("a commit after the calendar")
	f.adds()
}

// TestChangeWhileCalendarIsWorked: the change is committed and taken by one node, while another one works the calendar
// from what was there before.
func TestChangeWhileCalendarIsWorked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	f.knowSubscription(f.owner, "sub_1")
	worker := f.begin()
	_, err := worker.Exec(t.Context(), `
		update tijori.credit_calendars set due_at = now() + interval '30 days' where account_id = $1`, f.owner.AccountID)
	f.ok(err) // worked, and not yet committed
	f.subscribe(f.owner, "sub_1", "pro", f.s.clock.Now().AddDate(0, 0, 20))
	looked := make(chan error, 1)
	go func() { looked <- f.s.bringForward(t.Context()) }()
	f.waitsForLock(looked)
	f.ok(worker.Commit(t.Context()))
	f.ok(<-looked)
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 300" {
		t.Errorf("grants: %s, want the plan's 300", got)
	}
	f.missesNothing("a calendar at work")
}

// waitsForLock returns when somebody in the database waits for a lock, or fails when ended comes first.
func (f *fixture) waitsForLock(ended <-chan error) {
	f.Helper()
	for {
		select {
		case err := <-ended:
			f.Fatalf("ended without waiting for the calendar that is being worked: %v", err)
		default:
		}
		if scalar[bool](f, `select exists (select from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock')`) {
			return
		}
	}
}

// TestOnlyWhatTheCalendarReadsIsNoted: a webhook that says nothing new about the time that is paid works no calendar.
func TestOnlyWhatTheCalendarReadsIsNoted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.subscribe(f.owner, "sub_1", "pro", f.s.clock.Now().AddDate(0, 0, 20))
	f.refill()
	noted := func(set string) int {
		f.exec(`update subscriptions set ` + set)
		n := scalar[int](f, `select count(*)::int from calendar_changes`)
		f.exec(`delete from calendar_changes`)
		return n
	}
	for _, set := range []string{
		"seen_at = now(), changed_at = now()", "status = 'past_due', failed_at = now()", "cancel_at_period_end = true",
	} {
		if n := noted(set); n != 0 {
			t.Errorf("%s: noted %d times, want none", set, n)
		}
	}
	for _, set := range []string{
		"plan_id = 'daily'", "plan_id = null", "period_start = now()", "trial_end = now()", "created_at = now()",
		"access_until = now()", "paid_through = now()", "paid_since = now()",
	} {
		if n := noted(set); n != 1 {
			t.Errorf("%s: noted %d times, want once", set, n)
		}
	}
}

// TestChangesInAnyOrder plays generated interleavings of writers, that commit or take back, and of looks.
func TestChangesInAnyOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	users := []*pgtest.User{f.owner, f.db.User(t, "bela"), f.db.User(t, "chand")}
	for i, u := range users {
		f.knowSubscription(u, fmt.Sprint("sub_", i))
	}
	f.refill()
	for seed := range uint64(25) {
		dice := rand.New(rand.NewPCG(seed, 11))
		open := make([]pgx.Tx, len(users))
		var log []string
		for range 14 {
			i := dice.IntN(len(users))
			switch act := dice.IntN(6); {
			case act < 2 && open[i] == nil:
				plan, days := []string{"daily", "pro"}[dice.IntN(2)], 1+dice.IntN(20)
				open[i] = f.begin()
				f.ok(f.writes(open[i], users[i].AccountID, fmt.Sprint("sub_", i), plan,
					f.s.clock.Now().AddDate(0, 0, days)))
				log = append(log, fmt.Sprintf("%d writes %s for %d days", i, plan, days))
			case act == 2 && open[i] != nil:
				f.ok(open[i].Commit(t.Context()))
				open[i] = nil
				log = append(log, fmt.Sprint(i, " commits"))
			case act == 3 && open[i] != nil && dice.IntN(3) == 0:
				f.ok(open[i].Rollback(t.Context()))
				open[i] = nil
				log = append(log, fmt.Sprint(i, " takes back"))
			case act == 4:
				f.everyCalendarDue()
				f.refill()
				log = append(log, "all are worked")
			case act == 5:
				f.refill()
				log = append(log, "a look")
			}
		}
		for i, tx := range open {
			if tx != nil {
				f.ok(tx.Commit(t.Context()))
				log = append(log, fmt.Sprint(i, " commits"))
			}
		}
		f.missesNothing(fmt.Sprintf("seed %d, %q", seed, log))
	}
	f.adds()
}

var errTakenBack = errors.New("taken back")

// TestChangesAmongManyNodes: writers and nodes that look, all at once.
func TestChangesAmongManyNodes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var users []*pgtest.User
	for i := range 6 {
		users = append(users, f.db.User(t, "someone"))
		f.knowSubscription(users[i], fmt.Sprint("sub_", i))
	}
	var writers, nodes sync.WaitGroup
	done := make(chan struct{})
	for i, u := range users {
		writers.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(i), 13))
			for range 12 {
				err := pgx.BeginFunc(t.Context(), f.db.Super, func(tx pgx.Tx) error {
					if err := f.writes(tx, u.AccountID, fmt.Sprint("sub_", i), []string{"daily", "pro"}[dice.IntN(2)],
						f.s.clock.Now().AddDate(0, 0, 1+dice.IntN(20))); err != nil {
						return err
					}
					if _, err := f.s.Refill(t.Context()); err != nil {
						return err
					}
					if dice.IntN(4) == 0 {
						return errTakenBack
					}
					return nil
				})
				if err != nil && !errors.Is(err, errTakenBack) {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		nodes.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, u := range users { // due, so that they are worked while something is written
					if _, err := f.db.Super.Exec(t.Context(), `update tijori.credit_calendars
						set due_at = least(due_at, $2) where account_id = $1 and meter = 'credits'`, u.AccountID,
						f.s.clock.Now()); err != nil {
						t.Error(err)
					}
				}
				if _, err := f.s.Refill(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	nodes.Wait()
	f.missesNothing("many nodes")
	f.adds()
}
