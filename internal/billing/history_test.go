package billing_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// A life is one subscription at a simulated provider, without network or
// database, and what a worker makes of its events. The worker is that of
// apply.go in a few lines: fetch (or take the snapshot when the provider is
// away), reduce, commit all or nothing.
type life struct {
	t        *rapid.T
	provider facts.Provider
	plans    *billing.Plans
	now      time.Time
	sim      *simulator.Simulator
	api      http.Handler
	id       string
	apply    reducer

	state    billing.Subscription
	payments map[string]int // how often each was written; the key keeps it one row
	reviews  map[string]string
	owed     []*facts.Event // accepted, not applied by the provider's own word yet
	lost     bool           // something was dropped, or happened in silence
}

// A reducer is billing.Reduce, or a mutant of it.
type reducer func(billing.Subscription, billing.Facts, *billing.Plans, time.Time) (billing.Subscription, billing.Effects)

func newLife(t *rapid.T, provider facts.Provider, plans *billing.Plans, apply reducer) *life {
	l := &life{t: t, provider: provider, plans: plans, apply: apply, payments: map[string]int{}, reviews: map[string]string{}}
	l.now = time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 31).Draw(t, "day"), 9, 30, 0, 0, time.UTC)
	config := simulator.Config{
		URL: "http://127.0.0.1:1", AppURL: "http://127.0.0.1:2", Now: func() time.Time { return l.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Advance: func(_ context.Context, d time.Duration) error { l.now = l.now.Add(d); return nil },
	}
	for _, p := range plans.List {
		for _, price := range p.Prices {
			config.Prices = append(config.Prices, simulator.Price{Provider: price.Provider, ID: price.ProviderPrice, Name: p.Name, Interval: price.Interval, Currency: price.Amount.Currency, Amount: price.Amount.Minor})
		}
	}
	var err error
	l.sim, err = simulator.New(config)
	l.ok(err)
	l.ok(l.sim.Hold(true))
	l.api = l.sim.Handler()
	l.begin()
	l.state = billing.Subscription{Provider: provider, ID: l.id}
	return l
}

func (l *life) ok(err error) {
	if err != nil {
		l.t.Fatal(err)
	}
}

// call asks the provider's API in memory.
func (l *life) call(method, path, body string) map[string]any {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if l.provider == facts.Stripe {
		r.Header.Set("Authorization", "Bearer "+simulator.StripeKey)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(simulator.RazorpayKeyID+":"+simulator.RazorpayKeySecret)))
	}
	w := httptest.NewRecorder()
	l.api.ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != 200 {
		l.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return out
}

// begin buys a plan.
func (l *life) begin() {
	if l.provider == facts.Stripe {
		price := rapid.SampledFrom([]string{"price_TijoriProMonth", "price_TijoriTeamMonth"}).Draw(l.t, "price")
		form := "mode=subscription&success_url=http%3A%2F%2F127.0.0.1%2F&line_items[0][price]=" + price
		if rapid.Bool().Draw(l.t, "trial") {
			form += "&subscription_data[trial_period_days]=14"
		}
		cs := l.call("POST", "/v1/checkout/sessions", form)["id"].(string)
		_, err := l.sim.PaySession(cs)
		l.ok(err)
		l.id = l.call("GET", "/v1/checkout/sessions/"+cs, "")["subscription"].(string)
		return
	}
	body := map[string]any{"plan_id": rapid.SampledFrom([]string{"plan_TijoriProMonth", "plan_TijoriTeamMonth"}).Draw(l.t, "price"), "total_count": rapid.IntRange(2, 6).Draw(l.t, "cycles")}
	if rapid.Bool().Draw(l.t, "trial") {
		body["start_at"] = l.now.Add(14 * day).Unix()
	}
	b, err := json.Marshal(body)
	l.ok(err)
	l.id = l.call("POST", "/razorpay/v1/subscriptions", string(b))["id"].(string)
	_, err = l.sim.PaySubscription(l.id)
	l.ok(err)
}

// raw is the provider's own object.
func (l *life) raw() map[string]any {
	if l.provider == facts.Stripe {
		return l.call("GET", "/v1/subscriptions/"+l.id, "")
	}
	return l.call("GET", "/razorpay/v1/subscriptions/"+l.id, "")
}

// decode gives the provider's JSON to the real decoders.
func (l *life) decode(kind string, payload map[string]any) *facts.Event {
	var ev *facts.Event
	var err error
	var b []byte
	if l.provider == facts.Stripe {
		b, err = json.Marshal(map[string]any{"id": "evt_asked", "object": "event", "type": kind, "created": l.now.Unix(), "data": map[string]any{"object": payload}})
		l.ok(err)
		ev, err = stripe.Decode(b)
	} else {
		b, err = json.Marshal(map[string]any{"entity": "event", "event": kind, "created_at": l.now.Unix(), "payload": payload})
		l.ok(err)
		ev, err = razorpay.Decode(http.Header{razorpay.EventIDHeader: {"asked"}}, b)
	}
	l.ok(err)
	return ev
}

// fetch is the gateway's Subscription.
func (l *life) fetch() *facts.Subscription {
	if l.provider == facts.Stripe {
		return l.decode("customer.subscription.updated", l.raw()).Subscription
	}
	f := l.decode("subscription.updated", map[string]any{"subscription": map[string]any{"entity": l.raw()}}).Subscription
	if f.Status == "cancelled" || f.Status == "paused" {
		for _, in := range l.items("/razorpay/v1/invoices?count=100&subscription_id=" + l.id) {
			if end := facts.Unix(int64(number(in["billing_end"]))); in["status"] == "paid" && end.After(f.PaidUntil) {
				f.PaidUntil = end
			}
		}
	}
	return f
}

func number(v any) float64 { n, _ := v.(float64); return n }

func (l *life) items(path string) (out []map[string]any) {
	answer := l.call("GET", path, "")
	list, ok := answer["data"].([]any)
	if !ok {
		list, _ = answer["items"].([]any)
	}
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}

// paid lists what the provider has collected, as a reconciler asks for it.
func (l *life) paid() (out []*facts.Event) {
	if l.provider == facts.Stripe {
		for _, in := range l.items("/v1/invoices?limit=100&status=paid&subscription=" + l.id) {
			out = append(out, l.decode("invoice.paid", in))
		}
		return out
	}
	for _, p := range l.items("/razorpay/v1/payments?count=100") {
		ev := l.decode("payment.captured", map[string]any{"payment": map[string]any{"entity": p}})
		ev.Payment.SubscriptionID = l.id
		out = append(out, ev)
		if back := number(p["amount_refunded"]); back > 0 {
			out = append(out, &facts.Event{Provider: l.provider, Type: "reconcile", Payment: ev.Payment, Refund: &facts.Refund{ChargeID: ev.Payment.ID, Amount: ev.Payment.Amount, Refunded: int64(back)}})
		}
	}
	return out
}

// work applies one batch of events. With crash nothing is committed; without
// the provider the snapshot is, and the events are still owed.
func (l *life) work(events []*facts.Event, reachable, crash bool) {
	f := billing.Facts{Events: events}
	if reachable {
		f.Subscription, f.Fetched = l.fetch(), true
	} else {
		for _, ev := range events {
			if ev.Subscription != nil && (f.Subscription == nil || !ev.Created.Before(f.At)) {
				f.Subscription, f.At = ev.Subscription, ev.Created
			}
		}
	}
	next, out := l.apply(l.state, f, l.plans, l.now)
	if crash {
		l.owed = append(l.owed, events...)
		return
	}
	if next.Status == "" || !reachable {
		l.owed = append(l.owed, events...)
	}
	if next.Status == "" {
		return
	}
	l.state = next
	for _, p := range out.Payments {
		l.payments[p.ID]++
	}
	for _, r := range out.Reviews {
		if l.reviews[r.Key] != billing.ReviewRefundFull { // as saveReview: the graver stays
			l.reviews[r.Key] = r.Reason
		}
	}
}

// acts are what can happen at the provider; the second says it tells nobody.
var acts = []struct {
	name   string
	do     func(*life) error
	silent bool
}{
	{"renew", func(l *life) error { return l.sim.Renew(context.Background(), l.id) }, false},
	{"days", func(l *life) error {
		return l.sim.Advance(context.Background(), time.Duration(rapid.IntRange(1, 40).Draw(l.t, "days"))*day)
	}, true}, // something may fall due of which Razorpay tells nothing
	{"bad card", func(l *life) error { return l.sim.SetCard(l.id, false) }, false},
	{"good card", func(l *life) error { return l.sim.SetCard(l.id, true) }, false},
	{"pay what is open", func(l *life) error { return l.sim.PayOpen(l.id) }, false},
	{"cancel", func(l *life) error { return l.sim.Cancel(l.id, false) }, false},
	{"cancel at the end", func(l *life) error { return l.sim.Cancel(l.id, true) }, true},
	{"resume", func(l *life) error { return l.sim.Resume(l.id) }, false},
	{"pause", func(l *life) error { return l.sim.Pause(l.id) }, false},
	{"half back", func(l *life) error { return l.sim.Refund(l.id, false) }, false},
	{"all back", func(l *life) error { return l.sim.Refund(l.id, true) }, false},
	{"dispute", func(l *life) error { return l.sim.Dispute(l.id) }, false},
}

// live draws a history with its faults, and lets the worker at it: some events
// while things happen, the rest in any order, some twice under the same or
// another id, some never.
func (l *life) live(drops bool) {
	sent := 0
	var inbox []*facts.Event
	arrive := func() {
		all := l.sim.Events()
		for ; sent < len(all); sent++ {
			d := all[sent]
			if drops && rapid.IntRange(0, 3).Draw(l.t, "lose") == 0 {
				l.lost = true
				continue
			}
			h := http.Header{razorpay.EventIDHeader: {d.EventID}}
			ev, err := stripe.Decode(d.Body)
			if l.provider == facts.Razorpay {
				ev, err = razorpay.Decode(h, d.Body)
			}
			l.ok(err)
			inbox = append(inbox, ev)
			switch rapid.IntRange(0, 5).Draw(l.t, "again") {
			case 0: // the same id: the inbox keeps one row, and counts
			case 1:
				copied := *ev
				copied.ID += "_again"
				inbox = append(inbox, &copied)
			}
		}
	}
	take := func() []*facts.Event {
		i := rapid.IntRange(0, len(inbox)-1).Draw(l.t, "which")
		n := min(rapid.IntRange(1, 3).Draw(l.t, "batch"), len(inbox)-i)
		batch := slices.Clone(inbox[i : i+n])
		inbox = slices.Delete(inbox, i, i+n)
		return batch
	}
	for range rapid.IntRange(0, 9).Draw(l.t, "steps") {
		a := acts[rapid.IntRange(0, len(acts)-1).Draw(l.t, "act")]
		if err := a.do(l); err == nil && a.silent && l.provider == facts.Razorpay {
			l.lost = true
		}
		arrive()
		for len(inbox) > 0 && rapid.Bool().Draw(l.t, "work") {
			l.work(take(), rapid.IntRange(0, 3).Draw(l.t, "reachable") != 0, rapid.IntRange(0, 4).Draw(l.t, "crash") == 0)
		}
	}
	arrive()
	for len(inbox) > 0 {
		l.work(take(), true, rapid.IntRange(0, 4).Draw(l.t, "crash") == 0)
	}
	owed := l.owed // tried again by the backoff, until the provider answers
	l.owed = nil
	for _, ev := range owed {
		l.work([]*facts.Event{ev}, true, false)
	}
	if l.provider == facts.Razorpay && rapid.Bool().Draw(l.t, "anyway") {
		l.lost = true
	}
	if l.lost { // one comparison makes it good
		l.work(nil, true, false)
		for _, ev := range l.paid() {
			l.work([]*facts.Event{ev}, true, false)
		}
	}
}

// judge holds what the worker made of it against the provider's own objects,
// read by this test and by none of our decoders.
func (l *life) judge() (wrong []string) {
	raw := l.raw()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	unix := func(v any) time.Time { return facts.Unix(int64(number(v))) }
	price, start, end := raw["plan_id"], raw["current_start"], raw["current_end"]
	if l.provider == facts.Stripe {
		item := raw["items"].(map[string]any)["data"].([]any)[0].(map[string]any)
		price, start, end = item["price"].(map[string]any)["id"], item["current_period_start"], item["current_period_end"]
	}
	status, _ := raw["status"].(string)
	if l.state.ProviderStatus != status {
		say("status %s, the provider says %s", l.state.ProviderStatus, status)
	}
	if l.state.PriceID != price {
		say("price %s, the provider says %v", l.state.PriceID, price)
	}
	if !l.state.PeriodStart.Equal(unix(start)) || !l.state.PeriodEnd.Equal(unix(end)) {
		say("period until %v, the provider says %v", l.state.PeriodEnd, unix(end))
	}
	if !l.state.EndedAt.Equal(unix(raw["ended_at"])) {
		say("ended at %v, the provider says %v", l.state.EndedAt, unix(raw["ended_at"]))
	}
	if l.provider == facts.Stripe && !l.state.CancelAt.Equal(unix(raw["cancel_at"])) {
		say("ends at %v, the provider says %v", l.state.CancelAt, unix(raw["cancel_at"]))
	}
	collected := map[string]bool{}
	var until time.Time // the end of the last paid period
	path, key := "/v1/invoices?limit=100&status=paid&subscription="+l.id, "id"
	if l.provider == facts.Razorpay {
		path, key = "/razorpay/v1/invoices?count=100&subscription_id="+l.id, "payment_id"
	}
	for _, in := range l.items(path) {
		if in["status"] != "paid" {
			continue
		}
		to := unix(in["billing_end"])
		if l.provider == facts.Stripe {
			to = unix(in["period_end"])
		}
		if to.After(until) {
			until = to
		}
		if number(in["amount_paid"]) > 0 || l.provider == facts.Razorpay {
			collected[in[key].(string)] = true
		}
	}
	if got := slices.Sorted(mapKeys(l.payments)); !slices.Equal(got, slices.Sorted(mapKeys(collected))) {
		say("payments %v, the provider has %v", got, slices.Sorted(mapKeys(collected)))
	}
	if l.provider == facts.Razorpay {
		for _, p := range l.items("/razorpay/v1/payments?count=100") {
			want := ""
			switch back := number(p["amount_refunded"]); {
			case back >= number(p["amount"]):
				want = billing.ReviewRefundFull
			case back > 0:
				want = billing.ReviewRefundPartial
			}
			if got := l.reviews["refund "+p["id"].(string)]; got != want {
				say("review of payment %s: %q, the provider's refund asks for %q", p["id"], got, want)
			}
		}
	}
	if gives, may := l.state.Grants(l.now), l.given(status, raw, until); may != nil && gives != *may {
		say("gives its plan: %v, by the table of statuses %v (%s, paid until %v, now %v)", gives, *may, status, until, l.now)
	}
	sort.Strings(wrong)
	return wrong
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// given says by the table of statuses (providers.md 3) whether the plan is given
// now: nil where that depends on when a payment was first known to fail.
func (l *life) given(status string, raw map[string]any, paid time.Time) *bool {
	yes, no := true, false
	switch status {
	case "active":
		if at := facts.Unix(int64(number(raw["cancel_at"]))); l.provider == facts.Stripe && !at.IsZero() && !l.now.Before(at) {
			return &no
		}
		if l.now.After(paid.Add(billing.Grace)) { // taken up after a pause, and not charged yet
			return nil
		}
		return &yes
	case "trialing", "authenticated":
		return &yes
	case "past_due", "pending":
		if paid.IsZero() { // the first payment, after a trial
			paid = l.state.PeriodStart
		}
		if l.now.Before(paid) {
			return &yes
		}
		if l.now.After(paid.Add(billing.Grace + 2*day)) {
			return &no
		}
		return nil
	case "cancelled", "paused", "halted":
		if l.now.Before(paid) {
			return &yes
		}
		return &no
	case "completed":
		gives := l.now.Before(paid)
		return &gives
	}
	return &no
}

// histories is how many are drawn for each provider at every run.
const histories = 5000

func TestEveryHistoryEndsInTheProvidersState(t *testing.T) {
	t.Parallel()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range both {
		for part := range histories / 100 { // rapid draws a hundred of each seed, which it prints, and shrinks what fails
			t.Run(fmt.Sprintf("%s/%d", provider, part), func(t *testing.T) {
				rapid.Check(t, func(t *rapid.T) {
					l := newLife(t, provider, plans, billing.Reduce)
					l.live(rapid.Bool().Draw(t, "drops"))
					if wrong := l.judge(); len(wrong) > 0 {
						t.Fatalf("%s\nheld: %+v", strings.Join(wrong, "\n"), l.state)
					}
				})
			})
		}
	}
}

// lastWriteWins believes whatever event comes last, as many do.
func lastWriteWins(state billing.Subscription, f billing.Facts, plans *billing.Plans, now time.Time) (billing.Subscription, billing.Effects) {
	for _, ev := range f.Events {
		if ev.Subscription != nil {
			f.Subscription, f.Fetched = ev.Subscription, true
		}
	}
	fresh := billing.Subscription{Provider: state.Provider, ID: state.ID} // an end reopens
	if f.Subscription == nil || len(f.Events) > 0 && !slices.ContainsFunc(f.Events, func(ev *facts.Event) bool { return ev.Subscription != nil }) {
		_, out := billing.Reduce(state, billing.Facts{Events: f.Events}, plans, now)
		return state, out
	}
	return billing.Reduce(fresh, f, plans, now)
}

// trustsCreated orders by the events' own time, in seconds, without asking.
func trustsCreated(state billing.Subscription, f billing.Facts, plans *billing.Plans, now time.Time) (billing.Subscription, billing.Effects) {
	f.Fetched, f.Subscription = false, nil
	for _, ev := range f.Events {
		if ev.Subscription != nil && ev.Created.After(state.SeenAt) {
			f.Subscription, f.At = ev.Subscription, ev.Created
		}
	}
	return billing.Reduce(state, f, plans, now)
}

// forgetsRepeats counts a payment of a duplicate under another key again.
func forgetsRepeats(state billing.Subscription, f billing.Facts, plans *billing.Plans, now time.Time) (billing.Subscription, billing.Effects) {
	next, out := billing.Reduce(state, f, plans, now)
	for i := range out.Payments {
		if len(f.Events) > 0 && strings.HasSuffix(f.Events[0].ID, "_again") {
			out.Payments[i].ID += "_again"
		}
	}
	return next, out
}

// TestMutantsAreFound: a property that lets these pass proves nothing.
func TestMutantsAreFound(t *testing.T) {
	t.Parallel()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, mutant := range map[string]reducer{"last write wins": lastWriteWins, "trusts created": trustsCreated, "forgets repeats": forgetsRepeats} {
		for _, provider := range both {
			found := 0
			for seed := range 300 {
				history := rapid.Custom(func(t *rapid.T) bool {
					l := newLife(t, provider, plans, mutant)
					l.live(false)
					return len(l.judge()) > 0
				})
				if history.Example(seed) {
					found++
				}
			}
			if found == 0 {
				t.Errorf("%s: the mutant %q ends well in all histories", provider, name)
			}
			t.Logf("%s: %q is found by %d of 300 histories", provider, name, found)
		}
	}
}
