package insight

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const operator = "op@example.com"

type room struct {
	testing.TB
	db *pgtest.DB
	s  *Service
}

func setup(t testing.TB) *room {
	t.Helper()
	r := &room{TB: t, db: pgtest.New(t)}
	r.s = New(r.db.DB, "khata")
	r.exec(`insert into plans (app_id, id, name, rank, entitlements, credits_per_month) values
		('khata', 'pro', 'Pro', 10, '{}', 0), ('khata', 'team', 'Team', 20, '{}', 0) on conflict do nothing`)
	for _, p := range prices {
		r.exec(`insert into prices (connection_id, id, app_id, provider, plan_id, period, currency, amount_minor)
			values ($1, $2, 'khata', $1, $3, $4, $5, $6)`, p.provider, p.id, p.plan, p.period, p.currency, p.minor)
	}
	return r
}

func (r *room) ok(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *room) exec(sql string, args ...any) {
	r.Helper()
	if _, err := r.db.Super.Exec(r.Context(), sql, args...); err != nil {
		r.Fatalf("%s: %v", sql, err)
	}
}

func (r *room) work() Work {
	r.Helper()
	r.ok(r.s.Begin(r.Context(), operator, "the morning's look"))
	w, err := r.s.WorkOf(r.Context(), operator)
	r.ok(err)
	return w
}

type price struct {
	provider, id, plan, period, currency string
	minor                                int64
}

// The yearly ones do not divide by twelve.
var prices = []price{
	{"razorpay", "plan_pm", "pro", "month", "INR", 29900},
	{"razorpay", "plan_py", "pro", "year", "INR", 299900},
	{"razorpay", "plan_tm", "team", "month", "INR", 79900},
	{"stripe", "price_pm", "pro", "month", "USD", 500},
	{"stripe", "price_py", "pro", "year", "USD", 4999},
}

func (p price) monthly() int64 {
	if p.period == "year" {
		return p.minor / 12
	}
	return p.minor
}

func (p price) next(t time.Time) time.Time {
	if p.period == "year" {
		return t.AddDate(1, 0, 0)
	}
	return t.AddDate(0, 1, 0)
}

// A paid is a time in which an account really paid a price, as the history has it. The books are not asked.
type paid struct {
	price
	from, to time.Time
}

// A life is what happened to one account.
type life struct {
	account uuid.UUID
	made    time.Time
	paid    []paid
	trials  []paid
}

// A told is what the provider says of a subscription at one time: the columns that the reducer writes.
type told struct {
	account                                     uuid.UUID
	sub, status                                 string
	price                                       price
	at, from, through, access, trialEnd, period time.Time
	cancels                                     bool
}

const grace = 7 * 24 * time.Hour

// live makes up a life from made until now, and returns what providers say in it, in order.
func live(rng *rand.Rand, account uuid.UUID, made, now time.Time) (life, []told) {
	l := life{account: account, made: made}
	var out []told
	t := made.Add(time.Duration(rng.IntN(60*24)) * time.Hour)
	for n := 0; n < 4 && t.Before(now) && rng.IntN(4) > 0; n++ { // subscriptions one after another
		p := prices[rng.IntN(len(prices))]
		sub := fmt.Sprintf("sub_%s_%d", account, n)
		say := func(v told) { v.account, v.sub, v.price = account, sub, p; out = append(out, v) }
		if rng.IntN(3) == 0 { // begins with a trial
			end := t.AddDate(0, 0, 14)
			say(told{status: "trialing", at: t, through: end, access: end, trialEnd: end, period: t})
			l.trials = append(l.trials, paid{p, t, end})
			if !end.Before(now) {
				break
			}
			t = end
			if rng.IntN(3) == 0 { // and is not bought
				say(told{status: "canceled", at: end, through: end, access: end, trialEnd: end, period: t})
				t = t.AddDate(0, 0, 2+rng.IntN(60))
				continue
			}
		}
		trialEnd := time.Time{}
		if k := len(l.trials); k > 0 && l.trials[k-1].to.Equal(t) {
			trialEnd = t
		}
		began := t
		for { // cycles
			end, asked := p.next(t), t
			say(told{
				status: "active", at: t, from: t, through: end, access: end.Add(grace), trialEnd: trialEnd,
				period: t,
			})
			if p.id == "plan_pm" && rng.IntN(6) == 0 { // takes a larger plan in the middle
				mid := t.AddDate(0, 0, 1+rng.IntN(25))
				if mid.Before(now) {
					asked = mid
					l.paid = append(l.paid, paid{p, began, mid})
					p, began = prices[2], mid
					say(told{
						status: "active", at: mid, from: mid, through: end, access: end.Add(grace),
						trialEnd: trialEnd, period: t,
					})
				}
			}
			if !end.Before(now) { // goes on; or is to end
				until := end.Add(grace)
				if rng.IntN(3) == 0 {
					until = end
					say(told{
						status: "active", at: now, from: t, through: end, access: end, trialEnd: trialEnd,
						period: t, cancels: true,
					})
				}
				l.paid = append(l.paid, paid{p, began, until})
				return l, out
			}
			switch rng.IntN(8) {
			case 0: // cancelled at the end of the period
				say(told{
					status: "active", at: asked.Add(time.Hour), from: t, through: end, access: end,
					trialEnd: trialEnd, period: t, cancels: true,
				})
				say(told{
					status: "canceled", at: end, from: t, through: end, access: end, trialEnd: trialEnd,
					period: t,
				})
				l.paid = append(l.paid, paid{p, began, end})
			case 1: // the card fails, and nobody mends it
				say(told{
					status: "past_due", at: end, from: t, through: end, access: end.Add(grace),
					trialEnd: trialEnd, period: end,
				})
				if !end.Add(grace).Before(now) {
					l.paid = append(l.paid, paid{p, began, end.Add(grace)})
					return l, out
				}
				say(told{
					status: "past_due", at: end.Add(grace), from: t, through: end, access: end.Add(grace),
					trialEnd: trialEnd, period: end,
				})
				l.paid = append(l.paid, paid{p, began, end.Add(grace)})
			case 2: // ended at once, in the middle of what is paid
				stop := asked.AddDate(0, 0, 1+rng.IntN(3))
				say(told{
					status: "canceled", at: stop, from: t, through: stop, access: stop, trialEnd: trialEnd,
					period: t,
				})
				l.paid = append(l.paid, paid{p, began, stop})
			default: // renewed, sometimes late within the grace
				t = end
				continue
			}
			break
		}
		t = l.paid[len(l.paid)-1].to.AddDate(0, 0, 2+rng.IntN(90))
	}
	return l, out
}

// tell writes what a provider says as the worker does.
func (r *room) tell(v told) {
	r.Helper()
	null := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	r.exec(`insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ($1, $1, 'subscription', $2, $3, now()) on conflict do nothing`, v.price.provider, v.sub, v.account)
	tx, err := r.db.Billing.Begin(r.Context())
	r.ok(err)
	defer func() { _ = tx.Rollback(r.Context()) }()
	_, err = tx.Exec(r.Context(), `select set_config('tijori.app', 'khata', true),
		set_config('tijori.connections', 'razorpay,stripe', true)`)
	r.ok(err)
	_, err = tx.Exec(r.Context(), `
		insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status,
			price_id,
		    plan_id, period, period_start, paid_from, paid_through, paid_price_id, access_until, trial_end,
		    cancel_at_period_end, seen_at, created_at, changed_at)
		values ('khata', $1, $2, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $15)
		on conflict (account_id, connection_id, id) do update set status = excluded.status,
			price_id = excluded.price_id,
		    plan_id = excluded.plan_id, period = excluded.period, period_start = excluded.period_start,
		    paid_from = excluded.paid_from, paid_through = excluded.paid_through,
			paid_price_id = excluded.paid_price_id,
		    access_until = excluded.access_until, trial_end = excluded.trial_end,
		    cancel_at_period_end = excluded.cancel_at_period_end, changed_at = excluded.changed_at`,
		v.account, v.price.provider, v.sub, v.status, v.price.id, v.price.plan, v.price.period, v.period, null(v.from),
		v.through, v.price.id, v.access, null(v.trialEnd), v.cancels, v.at)
	r.ok(err)
	r.ok(tx.Commit(r.Context()))
}

// islands are the times without a break of more than a day in which a life paid.
func (l life) islands() (out []paid) {
	list := slices.Clone(l.paid)
	slices.SortFunc(list, func(a, b paid) int { return a.from.Compare(b.from) })
	for _, p := range list {
		if k := len(out); k > 0 && !p.from.After(out[k-1].to.Add(24*time.Hour)) {
			if p.to.After(out[k-1].to) {
				out[k-1].to = p.to
			}
			continue
		}
		out = append(out, p)
	}
	return out
}

func within(t, from, to time.Time) bool { return !t.Before(from) && t.Before(to) }

// TestFiguresAreSumsOfWhatWasPaid makes up lives of accounts, has the providers tell them, and adds the figures up from
// the lives themselves.
func TestFiguresAreSumsOfWhatWasPaid(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := setup(t)
			rng := rand.New(rand.NewPCG(seed, 16))
			now := time.Now().UTC().Truncate(time.Second)
			var lives []life
			var all []told
			for range 40 {
				made := now.AddDate(0, 0, -rng.IntN(900)).Add(-time.Hour)
				u := r.db.User(t, "shop")
				r.exec(`update accounts set created_at = $2 where account_id = $1`, u.AccountID, made)
				l, say := live(rng, u.AccountID, made, now)
				lives, all = append(lives, l), append(all, say...)
			}
			slices.SortStableFunc(all, func(a, b told) int { return a.at.Compare(b.at) })
			for _, v := range all {
				r.tell(v)
				if rng.IntN(4) == 0 { // what is told twice counts once
					r.tell(v)
				}
			}
			var bounds []time.Time
			for i := 13; i > 0; i-- {
				bounds = append(bounds, now.AddDate(0, -i, 0))
			}
			bounds = append(bounds, now)
			w := r.work()
			got, err := r.s.Figures(t.Context(), operator, w.ID, bounds)
			r.ok(err)
			checkMoments(t, got, lives)
			checkParts(t, got, lives, now)
			checkNow(t, got, lives, all, now)
			checkLists(r, w, got, lives)
		})
	}
}

func checkMoments(t *testing.T, got *Figures, lives []life) {
	t.Helper()
	for _, m := range got.Moments {
		money := map[string]int64{}
		var active, accounts, paying int64
		for _, l := range lives {
			if l.made.Before(m.At) {
				accounts++
			}
			for _, p := range l.paid {
				if p.from.Before(m.At) && !p.to.Before(m.At) {
					active++
					money[p.currency] += p.monthly()
				}
			}
			for _, p := range l.islands() {
				if p.from.Before(m.At) && !p.to.Before(m.At) {
					paying++
				}
			}
		}
		if m.Active != active || m.Accounts != accounts || m.Paying != paying || m.Unpriced != 0 {
			t.Errorf("at %v: %d active, %d accounts, %d paying, %d unpriced, want %d, %d, %d and none", m.At, m.Active,
				m.Accounts, m.Paying, m.Unpriced, active, accounts, paying)
		}
		for _, a := range m.Money {
			if money[a.Currency] != a.Minor {
				t.Errorf("at %v: %v a month, want %d", m.At, a, money[a.Currency])
			}
			delete(money, a.Currency)
		}
		for currency, minor := range money {
			if minor != 0 {
				t.Errorf("at %v: nothing in %s, want %d", m.At, currency, minor)
			}
		}
	}
}

func checkParts(t *testing.T, got *Figures, lives []life, now time.Time) {
	t.Helper()
	for i, p := range got.Parts {
		want := Part{From: p.From, To: p.To, Free: got.Moments[i].Accounts - got.Moments[i].Paying}
		for _, l := range lives {
			if within(l.made, p.From, p.To) {
				want.SignUps++
			}
			for _, v := range l.trials {
				if within(v.from, p.From, p.To) {
					want.Trials++
				}
			}
			for n, v := range l.islands() {
				switch {
				case !within(v.from, p.From, p.To):
				case n == 0:
					want.Won++
				default:
					want.WonBack++
				}
				if within(v.to, p.From, p.To) && v.to.Before(now) {
					want.Lost++
				}
			}
		}
		if p != want {
			t.Errorf("from %v:\n got %+v\nwant %+v", p.From, p, want)
		}
		begin, end := got.Moments[i], got.Moments[i+1]
		if begin.Paying+p.Won+p.WonBack-p.Lost != end.Paying {
			t.Errorf("from %v: %d paid, %d and %d came, %d went, %d pay", p.From, begin.Paying, p.Won, p.WonBack,
				p.Lost,
				end.Paying)
		}
	}
}

func checkNow(t *testing.T, got *Figures, lives []life, all []told, now time.Time) {
	t.Helper()
	last := map[string]told{}
	for _, v := range all {
		last[v.sub] = v
	}
	want := map[string]*Given{}
	at := func(p price) *Given {
		key := p.plan + p.period + p.currency
		if want[key] == nil {
			want[key] = &Given{
				Plan: p.plan, Period: p.period, Monthly: money.Amount{Currency: p.currency},
				FailingMoney: money.Amount{Currency: p.currency}, EndingMoney: money.Amount{Currency: p.currency},
			}
		}
		return want[key]
	}
	for _, v := range last {
		switch {
		case !v.access.After(now):
		case v.status == "trialing":
			at(v.price).Trials++
		default:
			g := at(v.price)
			g.Paid++
			g.Monthly.Minor += v.price.monthly()
			if v.status == "past_due" {
				g.Failing++
				g.FailingMoney.Minor += v.price.monthly()
			}
			if v.cancels {
				g.Ending++
				g.EndingMoney.Minor += v.price.monthly()
			}
		}
	}
	var sorted []Given
	for _, g := range want {
		sorted = append(sorted, *g)
	}
	slices.SortFunc(sorted, func(a, b Given) int {
		return cmp.Or(cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.Period, b.Period),
			cmp.Compare(a.Monthly.Currency, b.Monthly.Currency))
	})
	if !slices.Equal(got.Now, sorted) {
		t.Errorf("now:\n got %+v\nwant %+v", got.Now, sorted)
	}
}

// checkLists holds each figure against the accounts that are listed behind it, page by page.
func checkLists(r *room, w Work, got *Figures, lives []life) {
	r.Helper()
	known := map[uuid.UUID]bool{}
	for _, l := range lives {
		known[l.account] = true
	}
	count := func(f Figure, from, to time.Time) (n int64, sum map[string]int64) {
		sum = map[string]int64{}
		seen := map[string]bool{}
		l := Listing{Figure: f, From: from, To: to, Limit: 3}
		for {
			page, err := r.s.ListAccounts(r.Context(), operator, w.ID, l)
			r.ok(err)
			for _, v := range page {
				key := fmt.Sprint(v.Account, v.At)
				if !known[v.Account] || seen[key] {
					r.Errorf("%s lists %+v, seen before: %t", f, v, seen[key])
				}
				seen[key] = true
				sum[v.Monthly.Currency] += v.Monthly.Minor
			}
			n += int64(len(page))
			if len(page) < l.Limit {
				return n, sum
			}
			l.Before = &page[len(page)-1]
		}
	}
	last := got.Moments[len(got.Moments)-1]
	n, sum := count(Active, time.Time{}, time.Time{})
	if n != last.Active {
		r.Errorf("%d accounts behind %d active subscriptions", n, last.Active)
	}
	for _, a := range last.Money {
		if sum[a.Currency] != a.Minor {
			r.Errorf("%d in %s behind %v", sum[a.Currency], a.Currency, a)
		}
	}
	var failing, ending, trials int64
	for _, g := range got.Now {
		failing, ending, trials = failing+g.Failing, ending+g.Ending, trials+g.Trials
	}
	for f, want := range map[Figure]int64{Failing: failing, Ending: ending, TrialsNow: trials} {
		if n, _ := count(f, time.Time{}, time.Time{}); n != want {
			r.Errorf("%d accounts behind %d %s", n, want, f)
		}
	}
	for _, p := range got.Parts[len(got.Parts)-4:] {
		for f, want := range map[Figure]int64{
			SignUps: p.SignUps, Trials: p.Trials, Won: p.Won, WonBack: p.WonBack, Lost: p.Lost,
		} {
			if n, _ := count(f, p.From, p.To); n != want {
				r.Errorf("%d accounts behind %d %s from %v", n, want, f, p.From)
			}
		}
	}
}

// TestNothingIsSeenWithoutATrace asks as whoever has skipped a step.
func TestNothingIsSeenWithoutATrace(t *testing.T) {
	t.Parallel()
	r := setup(t)
	u := r.db.User(t, "asha")
	bounds := []time.Time{time.Now().AddDate(0, -1, 0), time.Now()}
	if _, err := r.s.WorkOf(t.Context(), operator); err != ErrNoWork {
		t.Errorf("without work: %v", err)
	}
	if _, err := r.s.Figures(t.Context(), operator, uuid.New(), bounds); err == nil {
		t.Error("figures without work")
	}
	if err := r.s.Begin(t.Context(), operator, " x "); err == nil {
		t.Error("work without a reason")
	}
	w := r.work()
	if _, err := r.s.Figures(t.Context(), "other@example.com", w.ID, bounds); err == nil {
		t.Error("figures in somebody else's work")
	}
	if err := r.s.Open(t.Context(), operator, w.ID, u.AccountID, ""); err == nil {
		t.Error("an account opened without a reason")
	}
	if _, ok, err := r.s.Opened(t.Context(), operator, u.AccountID); ok || err != nil {
		t.Errorf("an account is open: %t %v", ok, err)
	}
	r.ok(r.s.Open(t.Context(), operator, w.ID, u.AccountID, "she called"))
	use, ok, err := r.s.Opened(t.Context(), operator, u.AccountID)
	if !ok || err != nil || use.Reason != "she called" {
		t.Errorf("opened: %+v %t %v", use, ok, err)
	}
	// A use of another kind opens nothing, one of this transaction does not, and an old one does not any more.
	for _, sql := range []string{
		`select count(*) from tijori_ops.figures_now($1)`,
		`select count(*) from tijori_ops.accounts_behind($1, 'active', null, null, null, null, 10)`,
	} {
		if _, err := r.db.Support.Exec(t.Context(), sql, use.ID); err == nil {
			t.Errorf("%s with an account's use", sql)
		}
	}
	tx, err := r.db.Support.Begin(t.Context())
	r.ok(err)
	fresh := uuid.New()
	_, err = tx.Exec(t.Context(), `select tijori_ops.note_use($1, 'khata', $2, 'figures', 'overview', '', $3)`, fresh,
		operator, w.ID)
	r.ok(err)
	if _, err := tx.Exec(t.Context(), `select count(*) from tijori_ops.figures_now($1)`, fresh); err == nil {
		t.Error("figures with a use that can be rolled back")
	}
	r.ok(tx.Rollback(t.Context()))
	r.exec(`update support_uses set at = at - interval '5 hours'`)
	if _, err := r.s.WorkOf(t.Context(), operator); err != ErrNoWork {
		t.Errorf("after hours: %v", err)
	}
	if _, ok, _ := r.s.Opened(t.Context(), operator, u.AccountID); ok {
		t.Error("the account is still open")
	}
	var uses int
	r.ok(r.db.Super.QueryRow(t.Context(), `select count(*) from support_uses where who = $1`, operator).Scan(&uses))
	if uses != 2 {
		t.Errorf("%d uses are written down, want 2", uses)
	}
}
