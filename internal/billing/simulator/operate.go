package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// What a reconciler and a change of plan ask of the providers.

// createdSince is the bound of created[gte], 0 without.
func createdSince(f url.Values) int64 {
	n, err := strconv.ParseInt(f.Get("created[gte]"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// startingAfter cuts a list behind the object that starting_after names.
func startingAfter[T any](list []T, f url.Values, id func(T) string) []T {
	after := f.Get("starting_after")
	if after == "" {
		return list
	}
	for i, v := range list {
		if id(v) == after {
			return list[i+1:]
		}
	}
	return nil
}

// stripeEvents lists Stripe's events, newest first; with delivery_success=false
// those that were never answered. Stripe keeps them thirty days.
func (s *Simulator) stripeEvents(f url.Values) []object {
	seen := map[string]bool{}
	answered := map[string]bool{}
	var list []*Delivery
	for _, d := range append(append([]*Delivery{}, s.s.Deliveries...), s.s.Lost...) {
		if d.Provider == facts.Stripe && d.Status == "delivered" {
			answered[d.EventID] = true
		}
	}
	for _, d := range append(append([]*Delivery{}, s.s.Deliveries...), s.s.Lost...) {
		if d.Provider != facts.Stripe || seen[d.EventID] || d.Created < max(createdSince(f), s.now()-30*day) || f.Get("delivery_success") == "false" && answered[d.EventID] {
			continue
		}
		seen[d.EventID] = true
		list = append(list, d)
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Number > list[j].Number })
	var out []object
	for _, d := range startingAfter(list, f, func(d *Delivery) string { return d.EventID }) {
		var o object
		if json.Unmarshal(d.Body, &o) == nil {
			out = append(out, o)
		}
	}
	return out
}

func (s *Simulator) webhookEndpoints() []object {
	status := "enabled"
	if s.s.Disabled {
		status = "disabled"
	}
	return []object{{"id": "we_simulated", "object": "webhook_endpoint", "url": s.c.StripeWebhook, "status": status, "api_version": stripeVersion, "enabled_events": []string{"*"}, "livemode": false}}
}

// DisableWebhook switches Stripe's webhook off, or on again, as its dashboard does.
func (s *Simulator) DisableWebhook(off bool) error {
	return s.do(func() error { s.s.Disabled = off; return nil })
}

// prorated is what a change to another price costs at a moment: the rest of
// the period at the new price, less the rest at the old one. An interval that
// differs begins a period anew.
func (s *Simulator) prorated(sub *subscription, price Price, at int64) int64 {
	old, length := s.prices[sub.Price], sub.PeriodEnd-sub.PeriodStart
	left := min(max(sub.PeriodEnd-at, 0), length)
	if length <= 0 {
		return price.Amount
	}
	unused := old.Amount * left / length
	if price.Interval != old.Interval {
		return price.Amount - unused
	}
	return price.Amount*left/length - unused
}

// wanted reads which subscription is to go to which price, and when.
func (s *Simulator) wanted(f url.Values, id, prefix string) (sub *subscription, price Price, at int64, refusal string) {
	sub = s.s.Subscriptions[id]
	if sub == nil || sub.Provider != facts.Stripe || sub.ended() {
		return nil, price, 0, "No such subscription: '" + id + "'"
	}
	price = s.prices[f.Get(prefix+"items[0][price]")]
	if prefix != "" {
		price = s.prices[f.Get(prefix+"[items][0][price]")]
		at, _ = strconv.ParseInt(f.Get(prefix+"[proration_date]"), 10, 64)
	} else {
		at, _ = strconv.ParseInt(f.Get("proration_date"), 10, 64)
	}
	item := f.Get("items[0][id]") + f.Get(prefix+"[items][0][id]")
	switch {
	case price.Provider != facts.Stripe:
		return nil, price, 0, "No such price."
	case item != "si_"+strings.TrimPrefix(sub.ID, "sub_"):
		return nil, price, 0, "No such subscription item: '" + item + "'"
	}
	if at == 0 {
		at = s.now()
	}
	if at < sub.PeriodStart || at > sub.PeriodEnd {
		return nil, price, 0, "The proration date must lie in the current period."
	}
	return sub, price, at, ""
}

func (s *Simulator) previewChange(f url.Values) (int, object) {
	sub, price, at, refusal := s.wanted(f, f.Get("subscription"), "subscription_details")
	if refusal != "" {
		return invalid(refusal)
	}
	total := s.prorated(sub, price, at)
	return 200, object{
		"id": newID("upcoming_in_"), "object": "invoice", "status": "draft", "customer": sub.Customer, "currency": strings.ToLower(price.Currency),
		"total": total, "amount_due": max(total, 0), "billing_reason": "subscription_update", "subscription_proration_date": at,
	}
}

// changePrice changes a subscription's price at once and invoices the
// difference; with a card that fails nothing changes.
func (s *Simulator) changePrice(sub *subscription, f url.Values) (int, object) {
	_, price, at, refusal := s.wanted(f, sub.ID, "")
	if refusal != "" {
		return invalid(refusal)
	}
	due := s.prorated(sub, price, at)
	if due > 0 && sub.BadCard {
		return 402, stripeError("card_error", "card_declined", "Your card was declined.")
	}
	now := s.now()
	if s.prices[sub.Price].Interval != price.Interval {
		sub.Start, sub.PeriodStart, sub.Period = now, now, 1
		sub.PeriodEnd = periodEnd(facts.Stripe, now, price.Interval, 1)
	}
	sub.Price = price.ID
	in := s.newInvoice(sub, "subscription_update", now)
	in.Amount = max(due, 0)
	s.payStripe(sub, in, now)
	s.subEvent("customer.subscription.updated", sub, now)
	return 200, s.subJSON(sub)
}

// listPayments lists Razorpay's payments, newest first.
func (s *Simulator) listPayments(r *http.Request) object {
	q := r.URL.Query()
	var list []*invoice
	for _, in := range sorted(s.s.Invoices) {
		if in.Provider == facts.Razorpay && in.Payment != "" && in.PaidAt >= from(q) {
			list = append(list, in)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].PaidAt > list[j].PaidAt })
	return collection(q, list, s.razorpayPayment)
}

// Stray makes a Razorpay subscription that no checkout of the application made,
// as somebody can in Razorpay's dashboard.
func (s *Simulator) Stray(plan string) error {
	return s.do(func() error {
		if status, _ := s.makeRazorpay(plan, 12, 0, 0, nil); status != http.StatusOK {
			return errNoSuch
		}
		return nil
	})
}

// ForgetMetadata empties what the application wrote on its subscriptions.
func (s *Simulator) ForgetMetadata() error {
	return s.do(func() error {
		for _, sub := range s.s.Subscriptions {
			sub.Metadata = nil
		}
		return nil
	})
}

// Truth tells a test how a subscription stands, in the provider's word, and how
// many payments were collected for it.
func (s *Simulator) Truth(id string) (status string, payments int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.s.Subscriptions[id]; sub != nil {
		status = sub.Status
	}
	for _, in := range s.s.Invoices {
		if in.Subscription == id && in.PaidAt != 0 && in.Amount > 0 {
			payments++
		}
	}
	return status, payments
}
