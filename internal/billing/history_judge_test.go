package billing_test

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
)

// judge holds what the worker made of it against the provider's own objects,
// read by this test and by none of our decoders.
func (l *life) judge() (wrong []string) {
	wrong = append(wrong, l.wrong...)
	raw := l.raw()
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	unix := func(v any) time.Time { return facts.Unix(int64(number(v))) }
	price, start, end := raw["plan_id"], raw["current_start"], raw["current_end"]
	if l.provider == facts.Stripe {
		items := raw["items"].(map[string]any)["data"].([]any)
		item := items[len(items)-1].(map[string]any) // an add-on stands before it
		price = item["price"].(map[string]any)["id"]
		start, end = item["current_period_start"], item["current_period_end"]
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
	key := "id"
	if l.provider == facts.Razorpay {
		key = "payment_id"
	}
	for _, in := range l.rawInvoices() {
		if in["status"] == "paid" && (number(in["amount_paid"]) > 0 || l.provider == facts.Razorpay) {
			collected[in[key].(string)] = true
		}
	}
	if got := slices.Sorted(mapKeys(l.payments)); !slices.Equal(got, slices.Sorted(mapKeys(collected))) {
		say("payments %v, the provider has %v", got, slices.Sorted(mapKeys(collected)))
	}
	if l.provider == facts.Razorpay && !l.failed { // an item of a refund that failed later is for a person
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
	until, plan := l.covered(raw)
	if !l.state.PaidThrough.Equal(until) && status != "incomplete_expired" && status != "expired" {
		say("paid through %v, the paid invoices cover until %v", l.state.PaidThrough, until)
	}
	if gives := l.state.Grants(l.now); l.now.Before(until) && !gives && status != "created" {
		say("gives nothing, and is paid until %v (%s, now %v)", until, status, l.now)
	} else if gives && l.now.Before(until) && l.state.PlanID != plan && status != "trialing" &&
		status != "authenticated" {
		say("gives %s, %s is paid", l.state.PlanID, plan)
	}
	sort.Strings(wrong)
	return wrong
}

// planOf is the plan of a price of the simulator, by its name, and rank its place.
func planOf(price any) string {
	if strings.Contains(fmt.Sprint(price), "Team") {
		return "team"
	}
	return "pro"
}

// covered says, by the provider's own invoices and by none of our code, until when
// the plan is paid for, or on trial, and which plan: a line that begins inside
// an earlier one ends that, for what was left of it was credited.
func (l *life) covered(raw map[string]any) (until time.Time, plan string) {
	type stretch struct {
		from, to time.Time
		plan     string
	}
	unix := func(v any) time.Time { return facts.Unix(int64(number(v))) }
	var paid []stretch
	for _, in := range slices.Backward(l.rawInvoices()) { // the oldest first
		if in["status"] != "paid" {
			continue
		}
		if l.provider == facts.Razorpay {
			paid = append(paid, stretch{unix(in["billing_start"]), unix(in["billing_end"]), planOf(raw["plan_id"])})
			continue
		}
		for _, v := range in["lines"].(map[string]any)["data"].([]any) {
			line := v.(map[string]any)
			period, price := line["period"].(map[string]any), line["pricing"].(map[string]any)["price_details"].(map[string]any)["price"]
			if number(line["amount"]) >= 0 && strings.HasPrefix(price.(string), "price_Tijori") {
				paid = append(paid, stretch{unix(period["start"]), unix(period["end"]), planOf(price)})
			}
		}
	}
	sort.SliceStable(paid, func(i, j int) bool { return paid[i].from.Before(paid[j].from) })
	for i := range paid {
		for _, after := range paid[i+1:] {
			if raw["cut"] == nil && after.from.Before(paid[i].to) {
				paid[i].to = after.from
			}
		}
		if paid[i].to.After(until) || paid[i].to.Equal(until) {
			until, plan = paid[i].to, paid[i].plan
		}
	}
	status, _ := raw["status"].(string)
	trial := unix(raw["trial_end"])
	if l.provider == facts.Razorpay {
		trial = time.Time{}
		if start := unix(raw["start_at"]); start.After(unix(raw["created_at"]).Add(day)) && (status != "cancelled" ||
			number(raw["paid_count"]) > 0) {
			trial = start
		}
	}
	if trial.After(until) {
		until = trial
	}
	if ended := unix(raw["ended_at"]); l.provider == facts.Stripe && !ended.IsZero() && ended.Before(until) {
		until = ended
	}
	// At Stripe a lower price that was asked for holds at once.
	if l.provider == facts.Stripe && raw["items"] != nil {
		for _, it := range raw["items"].(map[string]any)["data"].([]any) {
			if price := it.(map[string]any)["price"].(map[string]any)["id"].(string); strings.HasPrefix(price,
				"price_Tijori") && planOf(price) == "pro" {
				plan = "pro"
			}
		}
	}
	return until, plan
}

// never checks what may not be at any moment, whatever has arrived by then: time in
// a paid plan that no paid invoice covers, nor the one grace after it; and a
// month's credits that nobody has paid for.
func (l *life) never() {
	raw := l.raw()
	until, _ := l.covered(map[string]any{
		"trial_end": raw["trial_end"], "start_at": raw["start_at"],
		"created_at": raw["created_at"], "plan_id": raw["plan_id"], "cut": "no",
	})
	say := func(format string, args ...any) { l.wrong = append(l.wrong, fmt.Sprintf(format, args...)) }
	if access := l.state.AccessUntil; !access.IsZero() && access.After(until.Add(billing.Grace)) {
		say("gives until %v, paid until %v", access, until)
	}
	if l.state.PaidThrough.After(until) {
		say("paid through %v, the paid invoices cover until %v", l.state.PaidThrough, until)
	}
	for _, d := range l.allowances() {
		if !d.Starts.Before(until) {
			say("%d credits for a month from %v, paid until %v", d.Amount, d.Starts, until)
		}
	}
	if l.provider == facts.Razorpay { // an invoice for each month, or for twelve
		paid, months := 0, 1
		if strings.Contains(raw["plan_id"].(string), "Year") {
			months = 12
		}
		for _, in := range l.rawInvoices() {
			if in["status"] == "paid" {
				paid += months
			}
		}
		if number(raw["start_at"]) > number(raw["created_at"]) {
			paid++ // the trial
		}
		if len(l.given) > paid {
			say("credits of %d months, and %d are paid", len(l.given), paid)
		}
	}
}

// allowances is what the calendar of credits grants now, and has not granted yet.
func (l *life) allowances() []credits.Due {
	if l.state.AccessUntil.IsZero() || l.state.PlanID == "" {
		return nil
	}
	if l.anchor.IsZero() {
		if l.anchor = l.state.PeriodStart; l.anchor.IsZero() || l.anchor.After(l.now) {
			l.anchor = l.now
		}
		l.source = l.id
	}
	plan, _ := l.plans.ByID(l.state.PlanID)
	stretch := credits.Stretch{
		Source: l.source, Anchor: l.anchor, From: l.anchor, Until: l.state.AccessUntil,
		Paid: l.state.PaidThrough, Rank: plan.Rank,
	}
	for _, a := range plan.Allowances {
		if a.Every == billing.Month {
			stretch.Allowance = a
		}
	}
	if !l.state.PaidSince.IsZero() {
		stretch = stretch.After(l.state.PaidSince, l.id, time.UTC)
		l.source, l.anchor = stretch.Source, stretch.Anchor
	}
	due := credits.AllDue([]credits.Stretch{stretch}, time.UTC, l.given, l.now)
	for _, d := range due {
		l.given[credits.Period{Source: d.Source, Number: d.Period}] = d.Level
	}
	return due
}
