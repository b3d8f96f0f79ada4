package credits

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// subscribe writes what the reducer would: a plan from now on, paid through until.
func (f *fixture) subscribe(u *pgtest.User, id, plan string, until time.Time) {
	f.Helper()
	now := f.s.clock.Now()
	f.pays(u, id, plan, now, now, until)
}

// pays writes that a plan is paid from one moment to another, and since when without a break.
func (f *fixture) pays(u *pgtest.User, id, plan string, since, from, until time.Time) {
	f.Helper()
	now := f.s.clock.Now()
	f.exec(`insert into plans (app_id, id, name, rank, entitlements, credits_per_month)
		values ('khata', 'pro', 'Pro', 10, '{}', 300), ('khata', 'daily', 'Daily', 5, '{}', 0) on conflict do nothing`)
	f.exec(`
		insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ('razorpay', 'razorpay', 'subscription', $1, $2, now()) on conflict do nothing`, id, u.AccountID)
	f.exec(`
		insert into subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id,
		    plan_id, period, period_start,
		    paid_from, paid_since, paid_through, access_until, seen_at, created_at, changed_at)
		values ('khata', $1, 'razorpay', 'razorpay', $2, 'active', 'active',
		    'p', $3, 'month', $6, $6, $7, $5, $5, $4, $4, $4)
		on conflict (account_id, connection_id, id) do update
		  set plan_id = excluded.plan_id, period_start = excluded.period_start,
		    paid_from = excluded.paid_from, paid_since = excluded.paid_since,
		    paid_through = excluded.paid_through, access_until = excluded.access_until,
		    changed_at = excluded.changed_at`,
		u.AccountID, id, plan, now, until, from, since)
}

func (f *fixture) refill() {
	f.Helper()
	for {
		n, err := f.s.Refill(f.Context())
		f.ok(err)
		if n == 0 {
			return
		}
	}
}

func (f *fixture) allowances() string {
	f.Helper()
	return scalar[string](f,
		`select coalesce(string_agg(split_part(source, ' ', 1) || ' ' || period || ': ' || amount, ', ' order by created_at, source desc, period), '')
		from credit_grants where account_id = $1 and meter = 'credits' and kind = 'allowance'`, f.owner.AccountID)
}

func TestRefill(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	if f.allowances() != "free 0: 10" || f.available() != 10 {
		t.Fatalf("a new account has %d by %q, want its ten", f.available(), f.allowances())
	}
	f.subscribe(f.owner, "sub_1", "pro", f.s.clock.Now().AddDate(0, 0, 20))
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 300" {
		t.Errorf("after buying: %s", got)
	}
	_, err := f.consume(f.key, 1000, "much")
	if e := IsInsufficient(err); e == nil || e.Available != 310 || e.NextAt.IsZero() || e.NextAmount != 10 {
		t.Errorf("told %+v (%v), want 310 and ten when the plan has ended", e, err)
	}
	f.refill()
	// the plan has ended, a month of the free one has begun, and what was given has expired
	f.advance(45 * 24 * time.Hour)
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 300, free 1: 10" {
		t.Errorf("after the end: %s", got)
	}
	if _, err := f.s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	if f.available() != 10 {
		t.Errorf("%d available, want the ten of the running month", f.available())
	}
	f.adds()
}

// After a reset the new allowance can be spent before any job has run, taken and held, on
// every plan and every meter, and it is granted once: also when many ask at once, and not
// to an account whose calendar is worked already.
func TestSpendAtResetBeforeJob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		plan  string
		after time.Duration
		month int64
		want  string
	}{
		{"", 32 * 24 * time.Hour, 10, "free 0: 10, free 1: 10"},
		{"pro", 32 * 24 * time.Hour, 310, "free 0: 10, razorpay 0: 300, razorpay 1: 300"},
		{"daily", 25 * time.Hour, 17, "free 0: 10, razorpay 0: 7, razorpay 1: 7"},
	} {
		t.Run("plan "+c.plan, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.refill()
			if c.plan != "" {
				f.subscribe(f.owner, "sub_1", c.plan, f.s.clock.Now().AddDate(0, 6, 0))
				f.refill()
			}
			if _, err := f.consume(f.key, c.month, "all"); err != nil {
				t.Fatal(err)
			}
			if _, err := f.consume(f.key, 1, "early"); IsInsufficient(err) == nil {
				t.Errorf("before the reset: %v, want insufficient", err)
			}
			f.advance(c.after)
			var wg sync.WaitGroup
			for i := range 4 {
				wg.Go(func() {
					if _, err := f.consume(f.key, 1, fmt.Sprint("new", i)); err != nil {
						t.Errorf("after the reset, without a job: %v", err)
					}
				})
			}
			wg.Wait()
			if _, err := f.s.SetAside(t.Context(), f.key, Spend{Meter: "credits", Amount: 2, Key: "hold"},
				time.Minute); err != nil {
				t.Errorf("a hold after the reset: %v", err)
			}
			if _, err := f.consume(f.key, c.month, "over"); IsInsufficient(err) == nil {
				t.Errorf("more than the allowance: %v, want insufficient", err)
			}
			f.refill()
			if got := f.allowances(); got != c.want {
				t.Errorf("granted %s, want each period once: %s", got, c.want)
			}
			f.adds()
		})
	}
}

// A month's credits for each month that is paid, and for none that was left out: cycles
// that begin at midnight while the first began with its payment, cycles that are paid
// late, months without a payment, and a return on another day of the month.
func TestAsManyAllowancesAsMonthsPaid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for life := range 12 {
		u := f.db.User(t, fmt.Sprintf("life%d", life))
		id := fmt.Sprintf("sub_life%d", life)
		dice := rand.New(rand.NewPCG(uint64(life), 7))
		if f.s.clock.Now().AddDate(0, 0, 1).Day() > 28 { // the days that every month has
			f.advance(4 * 24 * time.Hour)
		}
		anchor := f.s.clock.Now()
		month := func(n int) time.Time { // from the second on they begin at the midnight before
			if n == 0 {
				return anchor
			}
			return anchor.AddDate(0, n, 0).Truncate(24 * time.Hour)
		}
		to := func(at time.Time) { f.advance(max(0, at.Sub(f.s.clock.Now()))) }
		f.refill()
		paid, since, through := 0, anchor, anchor
		var log []string
		for n := range 14 {
			switch act := dice.IntN(6); {
			case n == 0 || act < 3: // on time
				to(month(n))
			case act == 3: // late
				to(month(n).AddDate(0, 0, dice.IntN(20)))
			case act == 4: // not at all
				to(month(n))
				f.refill()
				continue
			default: // on another day, from which the months are counted then
				to(month(n))
				f.refill()
				to(month(n).AddDate(0, 0, 3+dice.IntN(20)))
				if f.s.clock.Now().Day() > 28 {
					continue // a day that some month lacks
				}
				anchor = f.s.clock.Now().AddDate(0, -n, 0)
			}
			if month(n).After(through.Add(24 * time.Hour)) {
				since = month(n)
			}
			through = month(n + 1)
			f.pays(u, id, "pro", since, month(n), through)
			log = append(log, fmt.Sprintf("at %s paid %s to %s since %s", f.s.clock.Now().Format(time.DateTime),
				month(n).Format(time.DateTime), through.Format(time.DateTime), since.Format(time.DateTime)))
			paid++
			f.refill()
			if dice.IntN(2) == 0 {
				to(month(n).AddDate(0, 0, 27))
				f.refill()
			}
		}
		to(through.AddDate(0, 0, -3))
		f.refill()
		got := scalar[int](f,
			`select count(distinct source || period) from credit_grants where account_id = $1 and meter = 'credits'
				and source like 'razorpay %'`, u.AccountID)
		if got != paid {
			t.Errorf("life %d: %d months were paid and brought the credits of %d\n%s\n%s", life, paid, got,
				strings.Join(log, "\n"), scalar[string](f, `
				select string_agg(concat_ws(' ', source, period, 'at', created_at), E'\n' order by created_at, period)
				    from credit_grants
				 where account_id = $1 and meter = 'credits' and source like 'razorpay %'`, u.AccountID))
		}
	}
	f.adds()
}

// A yearly plan brings its allowance every month; three months without a job are caught up once.
func TestRefillAfterDowntime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	f.subscribe(f.owner, "sub_1", "pro", f.s.clock.Now().AddDate(1, 0, 0))
	f.refill()
	f.advance(95 * 24 * time.Hour)
	var wg sync.WaitGroup
	for range 6 { // on several nodes
		wg.Go(func() {
			if _, err := f.s.Refill(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 300, razorpay 1: 300, razorpay 2: 300, razorpay 3: 300" {
		t.Errorf("grants: %s", got)
	}
	if f.available() != 300 {
		t.Errorf("%d available, want this month's 300", f.available())
	}
	f.adds()
}

func TestRefillEveryDay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refill()
	f.subscribe(f.owner, "sub_1", "daily", f.s.clock.Now().AddDate(0, 1, 0))
	for range 3 {
		f.refill()
		f.advance(24 * time.Hour)
	}
	f.refill()
	if got := f.allowances(); got != "free 0: 10, razorpay 0: 7, razorpay 1: 7, razorpay 2: 7, razorpay 3: 7" {
		t.Errorf("grants: %s", got)
	}
	if f.available() != 17 {
		t.Errorf("%d available, want today's seven beside the ten", f.available())
	}
	f.adds()
}

// TestRefillGoesOnAfterOneThatFails: an account whose calendar cannot be worked, here because it has named a place that
// is on no
// map, keeps no other from its allowance.
func TestRefillGoesOnAfterOneThatFails(t *testing.T) {
	t.Parallel()
	f := setup(t)
	mallory := f.db.User(t, "mallory")
	f.refill()
	f.ok(f.db.As(t.Context(), mallory.Account(), func(tx *postgres.Tx) error {
		_, err := tx.Exec(t.Context(), `update accounts set time_zone = 'Mars/Olympus' where account_id = $1`,
			tx.Scope.AccountID)
		return err
	}))
	f.advance(32 * 24 * time.Hour)
	f.exec(`update credit_calendars set due_at = due_at - interval '1 day' where account_id = $1`, mallory.AccountID)
	for range 3 {
		if _, err := f.s.Refill(t.Context()); err != nil && !strings.Contains(err.Error(), mallory.AccountID.String()) {
			t.Error(err)
		}
	}
	if got := f.allowances(); got != "free 0: 10, free 1: 10" {
		t.Errorf("the other account has %s", got)
	}
}

func TestRefillUpgrade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.subscribe(f.owner, "sub_1", "daily", f.s.clock.Now().AddDate(0, 1, 0))
	f.refill()
	f.subscribe(f.owner, "sub_2", "pro", f.s.clock.Now().AddDate(0, 1, 0))
	f.refill()
	f.refill()
	if got := f.allowances(); got != "razorpay 0: 7, razorpay 0: 300" {
		t.Errorf("grants: %s", got)
	}
	f.adds()
}

// Many nodes, many accounts, at once: each is given its month, once.
func TestRefillOnManyNodes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 30 {
		f.db.User(t, "someone")
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 6 {
				if _, err := f.s.Refill(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := scalar[string](f, `select count(*) || ' ' || sum(amount) from credit_grants`); got != "31 310" {
		t.Errorf("grants and their sum: %s, want 31 310", got)
	}
	f.adds()
}

// TestCalendarsComeWithAccountsAndMeters: whoever may be granted credits has a calendar from the first moment on, without
// a job that looks for those who have none.
func TestCalendarsComeWithAccountsAndMeters(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.exec(`insert into apps (app_id, name) values ('acme', 'Acme')`)
	f.exec(`insert into meters (app_id, id, name) values ('acme', 'renders', 'Renders')`)
	for range 3 {
		f.db.User(t, "someone")
	}
	f.exec(`insert into meters (app_id, id, name) values ('khata', 'letters', 'Letters')`)
	f.exec(`insert into accounts (app_id, account_id, name) select 'acme', gen_random_uuid(), 'a' from generate_series(1, 5)`)
	if n := scalar[int](f, `
		select count(*) from accounts a join meters m using (app_id)
		  full join credit_calendars c on c.account_id = a.account_id and c.app_id = a.app_id and c.meter = m.id
		 where c.meter is null or m.id is null`); n != 0 {
		t.Errorf("%d calendars are missing, or are too many", n)
	}
	f.refill()
	if n := scalar[int](f, `select count(*) from credit_calendars where app_id = 'khata' and due_at = '-infinity'`); n != 0 {
		t.Errorf("%d calendars were not worked", n)
	}
	if n := scalar[int](f, `select count(*) from credit_grants`); n != 4 {
		t.Errorf("%d grants, want one for each of four accounts", n)
	}
}
