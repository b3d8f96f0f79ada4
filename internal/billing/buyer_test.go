package billing_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// A buyer is one owner who does everything that the billing page offers, in any order and in several tabs.
type buyer struct {
	*shop
	u      *pgtest.User
	dice   *rand.Rand
	desk   *credits.Service
	slow   bool                // the worker mostly has something else to do
	pages  []*billing.Checkout // that they were ever led to, each in a tab of its own
	offers []offer             // of changes of plan that they were shown
	did    []string
	paid   []string // the subscriptions and sessions that they paid, in order
}

// An offer is what a page has said of a change of plan.
type offer struct {
	plan, interval string
	at             time.Time
	due            int64
}

// step does something that the page offers. What is refused changes nothing.
func (b *buyer) step() {
	say := func(format string, args ...any) {
		b.did = append(b.did, b.clock.Now().Format("2 Jan 15:04 ")+fmt.Sprintf(format, args...))
	}
	plan := []string{"pro", "team"}[b.dice.IntN(2)]
	interval := []string{billing.Month, billing.Month, billing.Year}[b.dice.IntN(3)]
	provider := both[b.dice.IntN(len(both))]
	open := func(c *billing.Checkout, err error) {
		if err == nil && c != nil {
			b.pages = append(b.pages, c)
		}
	}
	if b.dice.IntN(8) == 0 {
		b.down.Store(true)
		defer b.down.Store(false)
		say("the provider is away")
	}
	ctx, me := b.Context(), b.u.Account()
	switch b.dice.IntN(13) {
	case 0, 1:
		c, err := b.service.StartCheckout(ctx, me, plan, interval, provider)
		say("checkout %s %s %s: %v", plan, interval, provider, err)
		open(c, err)
	case 2, 3:
		q, err := b.service.QuoteChange(ctx, me, plan, interval)
		if err != nil {
			return
		}
		due := q.Due.Minor
		if q.CanWait && b.dice.IntN(2) == 0 {
			due = 0
		}
		b.offers = append(b.offers, offer{plan, interval, q.At, due})
		take := b.offers[len(b.offers)-1-b.dice.IntN(min(2, len(b.offers)))] // of an older tab, too
		c, err := b.service.ChangePlan(ctx, me, take.plan, take.interval, take.at, take.due)
		say("change to %s %s for %d: %v", take.plan, take.interval, take.due, err)
		open(c, err)
	case 4:
		_, err := b.service.Cancel(ctx, me)
		say("cancel: %v", err)
	case 5:
		say("resume: %v", b.service.Resume(ctx, me))
	case 6:
		paid, err := b.service.Discard(ctx, me)
		say("give up: %v, %v", paid, err)
	case 7, 8, 9:
		if len(b.pages) == 0 {
			return
		}
		c := b.pages[len(b.pages)-1-b.dice.IntN(min(3, len(b.pages)))]
		id := c.URL[strings.LastIndex(c.URL, "/")+1:]
		var err error
		switch {
		case strings.Contains(c.URL, "/invoice/"): // with the second factor
			err = b.sim.PayInvoice(id)
		case c.Provider == facts.Stripe:
			_, err = b.sim.PaySession(id)
		default:
			for _, f := range c.Form.Fields {
				if f.Name == "subscription_id" {
					id = f.Value
				}
			}
			p, e := b.sim.PaySubscription(id)
			if err = e; err == nil {
				id = p.SubscriptionID
			}
		}
		if err == nil {
			b.paid = append(b.paid, id)
		}
		say("pay %s %s %s: %v", c.Price.Plan, c.Price.Interval, id, err)
	case 10:
		d := []time.Duration{time.Hour, 9 * time.Hour, 3 * day, 17 * day, 31 * day}[b.dice.IntN(5)]
		b.pass(d)
		say("%v later", d)
	case 11:
		if o := b.overview(b.u); o.Subscription != nil {
			good, asks := b.dice.IntN(3) > 0, b.dice.IntN(4) == 0
			_ = b.sim.SetCard(o.Subscription.ID, good) // it may have ended
			_ = b.sim.SetSecondFactor(o.Subscription.ID, asks)
			say("card of %s good %v, second factor %v", o.Subscription.ID, good, asks)
		}
	case 12: // at the provider, or in the UPI app
		if o := b.overview(b.u); o.Subscription != nil {
			atEnd := b.dice.IntN(2) == 0 && o.Subscription.Provider == facts.Stripe
			if b.dice.IntN(2) == 0 {
				say("pays what is open of %s: %v", o.Subscription.ID, b.sim.PayOpen(o.Subscription.ID))
			} else {
				say("ends %s, with its period %v: %v", o.Subscription.ID, atEnd,
					b.sim.Cancel(o.Subscription.ID, atEnd))
			}
		}
	}
	b.hear((b.dice.IntN(4) > 0) != b.slow)
	b.refill(b.desk)
}

// hear lets events arrive, or be lost. The worker may be slow to apply them.
func (b *buyer) hear(works bool) {
	if b.dice.IntN(8) == 0 {
		b.lose()
		b.did = append(b.did, "events are lost")
	}
	b.must(b.sim.Deliver(b.Context()))
	if works {
		b.apply()
		_, _ = b.service.EndReplaced(b.Context()) // the provider may be away
	}
}

// pass lets time pass as it does for a running program: the worker is at work whenever something can be paid no
// more, and at the beginning of each day the books are compared. Of the last day it may not have heard.
func (b *buyer) pass(d time.Duration) {
	for d > 0 {
		hop := min(d, day)
		var expires *time.Time
		b.must(b.db.Super.QueryRow(b.Context(), `
			select min(expires_at) from checkouts
			 where account_id = $1 and status in ('creating', 'open') and expires_at > $2`, b.u.AccountID,
			b.clock.Now()).Scan(&expires))
		if expires != nil {
			hop = min(hop, expires.Sub(b.clock.Now())+time.Minute)
		}
		b.down.Store(false) // no provider is away for days
		if hop == day {
			b.reconcile(quick)
		}
		b.must(b.sim.Advance(b.Context(), hop))
		d -= hop
		b.hear(d > 0 || b.dice.IntN(2) == 0)
	}
}

// wrong says what may never be.
func (b *buyer) wrong() (out []string) {
	b.must(b.sim.Advance(b.Context(), time.Hour))
	b.settle()
	b.reconcile(quick)
	b.apply()
	for range 2 {
		_, err := b.service.EndReplaced(b.Context())
		b.must(err)
		b.settle()
	}
	b.refill(b.desk)
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if n := b.count(`select count(*) from subscriptions where account_id = $1 and ended_at is null
		and status in ('active', 'trialing', 'past_due', 'paused')`, b.u.AccountID); n > 1 {
		say("%d subscriptions go on", n)
	}
	// At Razorpay no day of a plan is paid for that a plan which gives as much was paid for already.
	type paid struct {
		id, plan, provider string
		from, to           time.Time
		rank               int
		session            string // by which it was bought at Stripe
	}
	rows, err := b.db.Super.Query(b.Context(), `
		select s.id, s.plan_id, s.provider, p.rank,
		    coalesce((select min(c.session_id) from checkouts c
		               where c.account_id = s.account_id and c.subscription_id = s.id), '')
		  from subscriptions s join plans p on p.id = s.plan_id
		 where s.account_id = $1`, b.u.AccountID)
	b.must(err)
	defer rows.Close()
	var all []paid
	months := map[string]int{} // that were paid for, by subscription
	for rows.Next() {
		var p paid
		b.must(rows.Scan(&p.id, &p.plan, &p.provider, &p.rank, &p.session))
		for _, span := range b.sim.Collected(p.id) { // by the provider's own invoices
			p.from, p.to = span.From, span.To
			all = append(all, p)
			months[p.id] += span.Months
		}
	}
	b.must(rows.Err())
	// The clock stands between two steps, so that periods begin at one moment: only this list knows which was paid
	// first.
	turn := func(p paid) int {
		return slices.IndexFunc(b.paid, func(id string) bool { return id == p.id || id == p.session })
	}
	slices.SortStableFunc(all, func(p, q paid) int {
		return cmp.Or(p.from.Compare(q.from), cmp.Compare(turn(p), turn(q)))
	})
	for i, p := range all {
		for _, q := range all[i+1:] {
			if p.id != q.id && q.provider == "razorpay" && q.rank <= p.rank && q.from.Before(p.to.Add(-2*day)) {
				say("%s of %s was paid from %v, and %s of %s from %v until %v", q.plan, q.id, q.from, p.plan, p.id,
					p.from, p.to)
			}
		}
	}
	// Nothing is given beyond what is paid for, by the provider's own invoices, and the one grace.
	ends, err := b.db.Super.Query(b.Context(), `
		select s.id, s.paid_through, s.access_until, (select max(c.starts_at) from checkouts c
		           where c.account_id = s.account_id and c.subscription_id = s.id)
		  from subscriptions s where s.account_id = $1 and s.access_until is not null`, b.u.AccountID)
	b.must(err)
	defer ends.Close()
	for ends.Next() {
		var id string
		var through, access, starts *time.Time
		b.must(ends.Scan(&id, &through, &access, &starts))
		until := time.Unix(b.sim.PaidUntil(id), 0)
		if starts != nil && starts.After(until) { // approved until then
			until = *starts
		}
		if access.After(until.Add(billing.Grace)) || through != nil && through.After(until) {
			say("%s gives until %v as if paid until %v; it is until %v", id, access, through, until)
		}
	}
	b.must(ends.Err())
	for id, paid := range months {
		if n := b.count(`
			select count(distinct period) from credit_grants
			 where account_id = $1 and kind = 'allowance' and source like '%' || $2 || '%'`, b.u.AccountID, id); n > paid {
			say("%s brought the credits of %d months, and %d were paid", id, n, paid)
		}
	}
	if n := b.count(`select count(*) from inbox where status not in ('applied', 'ignored')`); n > 0 {
		say("%d events are not applied", n)
	}
	for _, p := range all {
		now := b.clock.Now()
		if plan, _ := b.service.Plans().ByID(b.overview(b.u).Plan.ID); !now.Before(p.from) && now.Before(p.to) &&
			plan.Rank < p.rank {
			say("%s of %s is paid from %v until %v, and the plan is %s", p.plan, p.id, p.from, p.to, plan.ID)
		}
	}
	// Nobody is stranded: there is a plan, or one can be bought, or what is outstanding can be paid.
	o := b.overview(b.u)
	if o.Plan.ID == "free" {
		_, err := b.service.StartCheckout(b.Context(), b.u.Account(), "pro", billing.Month, facts.Razorpay)
		if err != nil && (o.Subscription == nil || o.Subscription.PayPage() == "") {
			say("stranded: %v, with %+v", err, o.Subscription)
		}
	}
	return out
}

// TestBuyers lets buyers do anything, and holds what they have and have paid against what may never be.
func TestBuyers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("TIJORI_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	buyers := 6
	if os.Getenv("TIJORI_TORTURE") != "" {
		buyers = 150
	}
	for i := range buyers {
		t.Run(fmt.Sprintf("seed %d", seed+uint64(i)), func(t *testing.T) {
			s := setup(t)
			b := &buyer{
				shop: s, u: s.db.User(t, "asha"), dice: rand.New(rand.NewPCG(seed+uint64(i), 1)),
				desk: s.desk(),
			}
			b.slow = b.dice.IntN(3) == 0
			for range 30 {
				b.step()
			}
			if wrong := b.wrong(); len(wrong) > 0 {
				t.Errorf("%s\nafter\n%s", strings.Join(wrong, "\n"), strings.Join(b.did, "\n"))
			}
		})
	}
}
