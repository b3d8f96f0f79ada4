package billing_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/credits"
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
	wrong    []string       // what may never be, and was
	anchor   time.Time
	source   string // what its months of credits are counted by since the anchor
	given    map[credits.Period]int64
	failed   bool // a refund has failed
	lost     bool // something was dropped, or happened in silence
}

// A reducer is billing.Reduce, or a mutant of it.
type reducer func(billing.Subscription, billing.Facts, *billing.Plans, time.Time) (billing.Subscription,
	billing.Effects)

func newLife(t *rapid.T, provider facts.Provider, plans *billing.Plans, apply reducer) *life {
	l := &life{
		t: t, provider: provider, plans: plans, apply: apply, payments: map[string]int{},
		reviews: map[string]string{}, given: map[credits.Period]int64{},
	}
	l.now = time.Date(2026, time.Month(rapid.IntRange(1, 12).Draw(t, "month")), rapid.IntRange(1, 31).Draw(t, "day"), 9,
		30, 0, 0, time.UTC)
	config := simulator.Config{
		URL: "http://127.0.0.1:1", AppURL: "http://127.0.0.1:2", Now: func() time.Time { return l.now },
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
		Advance: func(_ context.Context, d time.Duration) error { l.now = l.now.Add(d); return nil },
	}
	for _, p := range plans.List {
		for _, price := range p.Prices {
			config.Prices = append(config.Prices, simulator.Price{
				Provider: price.Provider, ID: price.ProviderPrice,
				Name: p.Name, Interval: price.Interval, Currency: price.Amount.Currency, Amount: price.Amount.Minor,
			})
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
	code, out := l.try(method, path, body)
	if code != 200 {
		l.t.Fatalf("%s %s: %d %v", method, path, code, out)
	}
	return out
}

func (l *life) try(method, path, body string) (code int, out map[string]any) {
	r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
	if l.provider == facts.Stripe {
		r.Header.Set("Authorization", "Bearer "+simulator.StripeKey)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.Header.Set("Authorization",
			"Basic "+base64.StdEncoding.EncodeToString([]byte(simulator.RazorpayKeyID+":"+simulator.RazorpayKeySecret)))
	}
	w := httptest.NewRecorder()
	l.api.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		l.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	return w.Code, out
}

// begin buys a plan.
func (l *life) begin() {
	if l.provider == facts.Stripe {
		price := rapid.SampledFrom([]string{
			"price_TijoriProMonth", "price_TijoriTeamMonth",
			"price_TijoriProYear", "price_TijoriTeamYear",
		}).Draw(l.t, "price")
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
	body := map[string]any{"plan_id": rapid.SampledFrom([]string{
		"plan_TijoriProMonth", "plan_TijoriTeamMonth",
		"plan_TijoriProYear0", "plan_TijoriTeamYear0",
	}).Draw(l.t, "price"), "total_count": rapid.IntRange(2, 6).Draw(l.t, "cycles")}
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
		return l.call("GET", "/v1/subscriptions/"+l.id+"?expand[0]=schedule&expand[1]=latest_invoice", "")
	}
	return l.call("GET", "/razorpay/v1/subscriptions/"+l.id, "")
}

// decode gives the provider's JSON to the real decoders.
func (l *life) decode(kind string, payload map[string]any) *facts.Event {
	var ev *facts.Event
	var err error
	var b []byte
	if l.provider == facts.Stripe {
		b, err = json.Marshal(map[string]any{
			"id": "evt_asked", "object": "event", "type": kind,
			"created": l.now.Unix(), "data": map[string]any{"object": payload},
		})
		l.ok(err)
		ev, err = stripe.Decode(b)
	} else {
		b, err = json.Marshal(map[string]any{
			"entity": "event", "event": kind, "created_at": l.now.Unix(),
			"payload": payload,
		})
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
	return l.decode("subscription.updated",
		map[string]any{"subscription": map[string]any{"entity": l.raw()}}).Subscription
}

// rawInvoices are the provider's own invoices of the subscription.
func (l *life) rawInvoices() []map[string]any {
	if l.provider == facts.Stripe {
		return l.items("/v1/invoices?limit=100&subscription=" + l.id)
	}
	return l.items("/razorpay/v1/invoices?count=100&subscription_id=" + l.id)
}

// invoices is the gateway's Invoices.
func (l *life) invoices() (out []facts.Invoice) {
	for _, in := range l.rawInvoices() {
		if l.provider == facts.Stripe {
			out = append(out, *l.decode("invoice.updated", in).Invoice)
		} else {
			out = append(out, *l.decode("invoice.updated",
				map[string]any{"invoice": map[string]any{"entity": in}}).Invoice)
		}
	}
	return out
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
			out = append(out, &facts.Event{
				Provider: l.provider, Type: "reconcile", Payment: ev.Payment,
				Refund: &facts.Refund{ChargeID: ev.Payment.ID, Amount: ev.Payment.Amount, Refunded: int64(back)},
			})
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
		if billing.Unclear(l.state, f, l.plans, l.now) {
			f.Invoices = l.invoices()
		}
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
	l.never()
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
	{"the hour before collection", func(l *life) error { return l.sim.Turn(context.Background(), l.id) }, false},
	{"another card, no charge", func(l *life) error { return l.sim.ChangeCard(l.id) }, false},
	{"extra invoice", func(l *life) error {
		return l.sim.ExtraInvoice(l.id, 100, rapid.Bool().Draw(l.t, "once"))
	}, false},
	{"dunning", func(l *life) error {
		return l.sim.SetDunning(l.id, rapid.SampledFrom([]string{"", "unpaid", "past_due"}).Draw(l.t, "then"))
	}, false},
	{"second factor", func(l *life) error { return l.sim.SetSecondFactor(l.id, rapid.Bool().Draw(l.t, "on")) }, false},
	{"coupon", func(l *life) error {
		percent := rapid.SampledFrom([]int{0, 50, 100}).Draw(l.t, "percent")
		if l.provider == facts.Razorpay { // which collects a rupee at least
			percent = min(percent, 50)
		}
		return l.sim.SetOff(l.id, percent)
	}, false},
	{
		"tax", func(l *life) error { return l.sim.SetTax(l.id, rapid.SampledFrom([]int{0, 18}).Draw(l.t, "percent")) },
		false,
	},
	{"add-on", func(l *life) error { return l.sim.SetAddOn(l.id) }, false},
	{"another price", (*life).change, false},
	{"refund fails", func(l *life) error {
		err := l.sim.FailRefund(l.id)
		l.failed = l.failed || err == nil
		return err
	}, false},
	{"pay on the invoice's page", (*life).payPage, false},
	{"days", func(l *life) error {
		days := rapid.SampledFrom([]int{1, 3, 8, 20, 40, 200, 400}).Draw(l.t, "days")
		return l.sim.Advance(context.Background(), time.Duration(days)*day)
	}, true}, // something may fall due of which Razorpay tells nothing
	{"renew once more", func(l *life) error { return l.sim.Renew(context.Background(), l.id) }, false},
	{"renew and renew", func(l *life) error {
		return errors.Join(l.sim.Renew(context.Background(), l.id), l.sim.Renew(context.Background(), l.id))
	}, false},
	{"bad card", func(l *life) error { return l.sim.SetCard(l.id, false) }, false},
	{"bad card, and renew", func(l *life) error {
		return errors.Join(l.sim.SetCard(l.id, false), l.sim.Renew(context.Background(), l.id))
	}, false},
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

// change asks for another price at once, as the portal or a dashboard does: now and
// for the difference, or pending until that is paid.
func (l *life) change() error {
	if l.provider != facts.Stripe {
		return errors.New("not there")
	}
	l.now = l.now.Add(time.Minute) // nobody changes a plan twice in one second
	form := url.Values{
		"items[0][id]": {"si_" + strings.TrimPrefix(l.id, "sub_")}, "proration_behavior": {"always_invoice"},
		"items[0][price]": {rapid.SampledFrom([]string{
			"price_TijoriProMonth", "price_TijoriTeamMonth",
			"price_TijoriProYear", "price_TijoriTeamYear",
		}).Draw(l.t, "to")},
		"payment_behavior": {rapid.SampledFrom([]string{"error_if_incomplete", "pending_if_incomplete"}).Draw(l.t,
			"behaviour")},
	}
	status, _ := l.try("POST", "/v1/subscriptions/"+l.id, form.Encode())
	if status != 200 {
		return fmt.Errorf("refused with %d", status)
	}
	return nil
}

// payPage pays the newest open invoice on its page.
func (l *life) payPage() error {
	if l.provider != facts.Stripe {
		return errors.New("not there")
	}
	for _, in := range l.rawInvoices() {
		if in["status"] == "open" {
			return l.sim.PayInvoice(in["id"].(string))
		}
	}
	return errors.New("nothing is open")
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
	for range rapid.IntRange(0, 10).Draw(l.t, "steps") {
		a := acts[rapid.IntRange(0, len(acts)-1).Draw(l.t, "act")]
		if err := a.do(l); err == nil && a.silent && l.provider == facts.Razorpay {
			l.lost = true
		}
		if l.provider == facts.Razorpay && l.raw()["status"] == "halted" { // its cycles go on in silence
			l.lost = true
		}
		arrive()
		for len(inbox) > 0 && rapid.Bool().Draw(l.t, "work") {
			l.work(take(), rapid.IntRange(0, 3).Draw(l.t, "reachable") != 0, rapid.IntRange(0, 4).Draw(l.t,
				"crash") == 0)
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

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// histories is how many are drawn for each provider: ten thousand by make torture.
func histories() int {
	if os.Getenv("TIJORI_TORTURE") != "" {
		return 10_000
	}
	return 500
}

func TestEveryHistoryEndsInTheProvidersState(t *testing.T) {
	t.Parallel()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, provider := range both {
		// rapid draws a hundred of each seed, which it prints, and shrinks what fails
		for part := range histories() / 100 {
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
