package simulator

import (
	"net/url"
	"strconv"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Stripe's subscription schedules, as far as one plan follows another.

func (s *Simulator) scheduleJSON(sub *subscription, expand bool) any {
	if sub.Schedule == "" || !expand {
		return textOrNull(sub.Schedule)
	}
	item := func(price string, n int64) []object { return []object{{"price": price, "quantity": max(n, 1)}} }
	phases := []object{{
		"start_date": sub.PeriodStart, "end_date": sub.PeriodEnd, "items": item(sub.Price, sub.Quantity),
	}}
	if sub.NextPrice != "" {
		phases = append(phases, object{
			"start_date": sub.PeriodEnd,
			"end_date":   periodEnd(facts.Stripe, sub.PeriodEnd, s.prices[sub.NextPrice].Interval, 1),
			"items":      item(sub.NextPrice, sub.NextQuantity),
		})
	}
	return object{
		"id": sub.Schedule, "object": "subscription_schedule", "status": "active", "subscription": sub.ID,
		"customer": sub.Customer, "end_behavior": "release",
		"current_phase": object{"start_date": sub.PeriodStart, "end_date": sub.PeriodEnd}, "phases": phases,
	}
}

// stripeSchedules answers POST /v1/subscription_schedules….
func (s *Simulator) stripeSchedules(parts []string, f url.Values) (int, object) {
	if len(parts) == 0 {
		sub := s.s.Subscriptions[f.Get("from_subscription")]
		switch {
		case sub == nil || sub.Provider != facts.Stripe || sub.ended():
			return invalid("No such subscription: '" + f.Get("from_subscription") + "'")
		case sub.Schedule != "":
			return invalid("You cannot migrate a subscription that is already attached to a schedule: " + sub.Schedule)
		}
		sub.Schedule, sub.NextPrice = newID("sub_sched_"), ""
		s.s.changed = true
		return 200, s.scheduleJSON(sub, true).(object)
	}
	var sub *subscription
	for _, v := range s.s.Subscriptions {
		if v.Schedule != "" && v.Schedule == parts[0] {
			sub = v
		}
	}
	if sub == nil {
		return missing("subscription_schedule", parts[0])
	}
	if len(parts) == 2 && parts[1] == "release" {
		out := s.scheduleJSON(sub, true).(object)
		out["status"], out["released_subscription"] = "released", sub.ID
		sub.Schedule, sub.NextPrice = "", ""
		s.subEvent("customer.subscription.updated", sub, s.now())
		return 200, out
	}
	price, starts := s.prices[f.Get("phases[1][items][0][price]")], f.Get("phases[1][start_date]")
	switch {
	case len(parts) != 1:
		return 404, stripeError("invalid_request_error", "", "Unrecognized request URL.")
	case price.Provider != facts.Stripe || price.Interval == "":
		return invalid("No such price: '" + f.Get("phases[1][items][0][price]") + "'")
	case f.Get("phases[0][items][0][price]") != sub.Price ||
		f.Get("phases[0][start_date]") != strconv.FormatInt(sub.PeriodStart, 10):
		return invalid("You can not modify the start date or the items of the current phase.")
	case starts != strconv.FormatInt(sub.PeriodEnd, 10) || f.Get("phases[0][end_date]") != starts:
		return invalid("The second phase must begin where the first ends.")
	case f.Get("phases[1][duration][interval]") != price.Interval:
		return invalid("The duration must be a multiple of the price's interval.")
	}
	sub.NextPrice = price.ID
	sub.NextQuantity, _ = strconv.ParseInt(f.Get("phases[1][items][0][quantity]"), 10, 64)
	s.subEvent("customer.subscription.updated", sub, s.now())
	return 200, s.scheduleJSON(sub, true).(object)
}

// nextPhase lets the price that was scheduled begin with a new period.
func (s *Simulator) nextPhase(sub *subscription) {
	if sub.NextPrice == "" {
		return
	}
	if s.prices[sub.Price].Interval != s.prices[sub.NextPrice].Interval {
		sub.Start, sub.Period = sub.PeriodEnd, 0
	}
	sub.Price, sub.NextPrice, sub.Schedule = sub.NextPrice, "", ""
	sub.Quantity = max(sub.NextQuantity, 1)
}
