package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
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
		if d.Provider != facts.Stripe || seen[d.EventID] || d.Created < max(createdSince(f), s.now()-30*day) ||
			f.Get("delivery_success") == "false" && answered[d.EventID] {
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
	return []object{{
		"id": "we_simulated", "object": "webhook_endpoint", "url": s.c.StripeWebhook, "status": status,
		"api_version": stripeVersion, "enabled_events": []string{"*"}, "livemode": false,
	}}
}

// razorpayWebhooks is the list of webhooks as Razorpay shows it: the types of events as keys.
func (s *Simulator) razorpayWebhooks() object {
	events := object{}
	for _, kind := range razorpay.Events {
		events[kind] = true
	}
	return object{"entity": "collection", "count": 1, "items": []object{{
		"id": "wh_simulated", "entity": "webhook", "url": s.c.RazorpayWebhook, "active": true, "events": events,
	}}}
}

// stripePrice and razorpayPlan are what a price looks like at its provider.
func stripePrice(p Price) object {
	out := object{
		"id": p.ID, "object": "price", "active": !p.Archived, "currency": strings.ToLower(p.Currency),
		"created": p.Created, "billing_scheme": "per_unit", "unit_amount": p.Amount,
		"type": "one_time", "livemode": false,
	}
	if p.Interval != "" {
		out["type"], out["recurring"] = "recurring", object{
			"interval": p.Interval, "interval_count": 1, "usage_type": "licensed",
		}
	}
	return out
}

// pricesOf lists a provider's prices by id.
func (s *Simulator) pricesOf(provider facts.Provider) (list []Price) {
	for _, p := range s.prices {
		if p.Provider == provider {
			list = append(list, p)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].ID < list[j].ID })
	return list
}

// razorpayPlans lists Razorpay's plans, the newest first.
func (s *Simulator) razorpayPlans() []Price {
	list := s.pricesOf(facts.Razorpay)
	sort.SliceStable(list, func(i, j int) bool { return list[i].Created > list[j].Created })
	return list
}

// stripePrices lists Stripe's prices: those of one name are of one product, which is shown where it is asked for.
func (s *Simulator) stripePrices(f url.Values) (out []object) {
	for _, p := range startingAfter(s.pricesOf(facts.Stripe), f, func(p Price) string { return p.ID }) {
		o, product := stripePrice(p), "prod_"+strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, p.Name)
		o["product"] = product
		if expands(f, "data.product") {
			o["product"] = object{
				"id": product, "object": "product",
				"name": p.Name, "active": true, "default_price": nil,
			}
		}
		out = append(out, o)
	}
	return out
}

func razorpayPlan(p Price) object {
	return object{
		"id": p.ID, "entity": "plan", "interval": 1, "created_at": p.Created, "period": map[string]string{
			"month": "monthly",
			"year":  "yearly",
		}[p.Interval],
		"item": object{"active": true, "name": p.Name, "amount": p.Amount, "currency": p.Currency}, "notes": []any{},
	}
}

// DisableWebhook switches Stripe's webhook off, or on again, as its dashboard does.
func (s *Simulator) DisableWebhook(off bool) error {
	return s.do(func() error { s.s.Disabled = off; return nil })
}

// prorated is what a change to another price costs at a moment: the rest of
// the period at the new price, less the rest at the old one. An interval that
// differs starts a new period.
func (s *Simulator) prorated(sub *subscription, price Price, at int64) int64 {
	old, length := s.priced(sub), sub.PeriodEnd-sub.PeriodStart
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
	n, err := strconv.ParseInt(f.Get("items[0][quantity]")+f.Get(prefix+"[items][0][quantity]"), 10, 64)
	if err != nil || n < 1 {
		n = max(sub.Quantity, 1)
	}
	price = price.times(n)
	item := f.Get("items[0][id]") + f.Get(prefix+"[items][0][id]")
	switch {
	case price.Provider != facts.Stripe:
		return nil, price, 0, "No such price."
	case sub.Pending != "":
		return nil, price, 0, "The subscription has a pending update."
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
		"id": newID("upcoming_in_"), "object": "invoice", "status": "draft", "customer": sub.Customer,
		"currency": strings.ToLower(price.Currency),
		"total":    total, "amount_due": max(total, 0), "billing_reason": "subscription_update",
		"subscription_proration_date": at,
	}
}

// changePrice changes a subscription's price at once and invoices the difference.
// When that cannot be collected nothing changes; with payment_behavior
// pending_if_incomplete the change waits up to 23 hours for its invoice.
func (s *Simulator) changePrice(sub *subscription, f url.Values) (int, object) {
	_, price, at, refusal := s.wanted(f, sub.ID, "")
	if refusal != "" {
		return invalid(refusal)
	}
	if sub.Status == "trialing" { // the trial goes on, and what follows it costs the other price
		sub.Price, sub.Quantity = price.ID, price.quantity
		s.subEvent("customer.subscription.updated", sub, s.now())
		return 200, s.subObject(sub, false, expands(f, "latest_invoice"))
	}
	due := s.prorated(sub, price, at)
	waits := f.Get("payment_behavior") == "pending_if_incomplete"
	if due > 0 && (sub.BadCard || sub.SecondFactor) && !waits {
		if sub.BadCard {
			return 402, stripeError("card_error", "card_declined", "Your card was declined.")
		}
		return 402, stripeError("card_error", "subscription_payment_intent_requires_action",
			"Payment for this subscription requires additional user action before it can be completed successfully.")
	}
	now := s.now()
	old := sub.Price
	in := s.newInvoice(sub, "subscription_update", now)
	start, end := now, sub.PeriodEnd
	if s.prices[old].Interval != price.Interval {
		end = periodEnd(facts.Stripe, now, price.Interval, 1)
	}
	whole := price.Amount
	if s.prices[old].Interval == price.Interval {
		whole = due + s.unused(sub, at)
	}
	in.Amount, in.Off, in.Tax, in.Start, in.End = max(due, 0), 0, 0, start, end
	in.Lines = []line{
		{Price: old, Start: start, End: sub.PeriodEnd, Amount: -s.unused(sub, at), Prorated: true},
		{Price: price.ID, Start: start, End: end, Amount: whole, Prorated: s.prices[old].Interval == price.Interval},
	}
	if due > 0 && (sub.BadCard || sub.SecondFactor) {
		in.Status = "open"
		sub.Pending, sub.PendingInvoice, sub.PendingUntil = price.ID, in.ID, now+23*hour
		sub.PendingQuantity = price.quantity
		s.stripeEvent("invoice.payment_action_required", in.ID, now, s.invoiceJSON(in))
		s.subEvent("customer.subscription.updated", sub, now)
		return 200, s.subObject(sub, false, expands(f, "latest_invoice"))
	}
	s.reprice(sub, price, now)
	s.payStripe(sub, in, now)
	s.subEvent("customer.subscription.updated", sub, now)
	return 200, s.subObject(sub, false, expands(f, "latest_invoice"))
}

// unused is what is left of the present period at its price.
func (s *Simulator) unused(sub *subscription, at int64) int64 {
	length := sub.PeriodEnd - sub.PeriodStart
	if length <= 0 {
		return 0
	}
	return s.priced(sub).Amount * min(max(sub.PeriodEnd-at, 0), length) / length
}

// reprice begins another price; another interval starts a new period.
func (s *Simulator) reprice(sub *subscription, price Price, at int64) {
	if s.prices[sub.Price].Interval != price.Interval {
		sub.Start, sub.PeriodStart, sub.Period = at, at, 1
		sub.PeriodEnd = periodEnd(facts.Stripe, at, price.Interval, 1)
	}
	sub.Price, sub.Quantity = price.ID, price.quantity
}

// times is a price for a number of seats.
func (p Price) times(n int64) Price {
	p.quantity = max(n, 1)
	p.Amount *= p.quantity
	return p
}

// priced is what a period of a subscription costs.
func (s *Simulator) priced(sub *subscription) Price { return s.prices[sub.Price].times(sub.Quantity) }

// voidInvoice answers POST /v1/invoices/{id}/void. A subscription that was past
// due for this invoice alone is active again.
func (s *Simulator) voidInvoice(id string) (int, object) {
	in := s.s.Invoices[id]
	if in == nil || in.Provider != facts.Stripe {
		return missing("invoice", id)
	}
	if in.Status != "open" && in.Status != "uncollectible" {
		return invalid("You can only pass in open or uncollectible invoices. This invoice is " + in.Status + ".")
	}
	in.Status = "void"
	s.s.changed = true
	s.stripeEvent("invoice.voided", in.ID, s.now(), s.invoiceJSON(in))
	sub := s.s.Subscriptions[in.Subscription]
	if sub == nil {
		return 200, s.invoiceJSON(in)
	}
	if sub.PendingInvoice == in.ID {
		s.dropPending(sub, s.now())
	}
	if sub.Open == in.ID {
		sub.Open, sub.Retries, sub.NextRetry = "", 0, 0
		if sub.Status == "past_due" {
			sub.Status = "active"
			s.subEvent("customer.subscription.updated", sub, s.now())
		}
	}
	return 200, s.invoiceJSON(in)
}

// listSessions lists Checkout sessions, newest first.
func (s *Simulator) listSessions(f url.Values) (out []object) {
	var list []*session
	for _, c := range sorted(s.s.Sessions) {
		if c.Created >= createdSince(f) && (f.Get("status") == "" || f.Get("status") == c.Status) &&
			(f.Get("customer") == "" || f.Get("customer") == c.Customer) {
			list = append(list, c)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Created > list[j].Created })
	for _, c := range startingAfter(list, f, func(c *session) string { return c.ID }) {
		out = append(out, s.sessionJSON(c))
	}
	return out
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
		if status, _ := s.makeRazorpay(plan, 12, 1, 0, 0, nil); status != http.StatusOK {
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
		if in.Subscription == id && in.PaidAt != 0 && in.total() > 0 {
			payments++
		}
	}
	return status, payments
}

// A Span is time of a plan that was collected for, and how many months it was for.
type Span struct {
	From, To time.Time
	Months   int
}

// Collected tells a test which time of a subscription's plan was paid for, as the provider's invoices say. At Stripe
// time ends with the subscription.
func (s *Simulator) Collected(id string) (list []Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.s.Subscriptions[id]
	for _, in := range sorted(s.s.Invoices) {
		if sub == nil || in.Subscription != id || in.Status != "paid" {
			continue
		}
		for _, l := range in.Lines {
			if l.Once || l.Amount < 0 {
				continue
			}
			end, months := l.End, 1
			if l.End-l.Start > 40*day {
				months = 12
			}
			if sub.Provider == facts.Stripe && sub.EndedAt != 0 {
				end = min(end, sub.EndedAt)
			}
			if end > l.Start {
				list = append(list, Span{time.Unix(l.Start, 0), time.Unix(end, 0), months})
			}
		}
	}
	return list
}

// PaidUntil tells a test how far the invoices reach that were paid for the plan of
// a subscription, in unix seconds; 0 when none was.
func (s *Simulator) PaidUntil(id string) (until int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, in := range s.s.Invoices {
		if in.Subscription != id || in.Status != "paid" {
			continue
		}
		for _, l := range in.Lines {
			if !l.Once && l.Amount >= 0 {
				until = max(until, l.End)
			}
		}
	}
	return until
}
