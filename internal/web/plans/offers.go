package plans

import (
	"slices"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// What is offered to whom. All of it comes from the plan file: an offer is a price that is sold now, at a provider that
// is set up, and the currency of who looks decides which.

// localCurrency is what visitors are taken to pay in, of whom nothing is known.
const localCurrency = "INR"

// ownCurrency is what the caller's account reckons in.
func ownCurrency(r *frame.Request) string {
	if r.Known && r.Person.AccountCurrency != "" {
		return r.Person.AccountCurrency
	}
	return localCurrency
}

// currencies are what plans are sold in, the local one first.
func (h *Handlers) currencies() []string {
	var out []string
	for _, p := range h.Plans.Sold() {
		for _, price := range p.Prices {
			if !price.Past && h.Billing.Sells(price.Provider) && !slices.Contains(out, price.Amount.Currency) {
				out = append(out, price.Amount.Currency)
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		switch {
		case a == localCurrency:
			return -1
		case b == localCurrency:
			return 1
		}
		return 0
	})
	return out
}

// payCurrency is what the caller's offers are in: their own currency where something is sold in it, else the one that
// most of the world can pay. missing is their own one then, "" otherwise.
func (h *Handlers) payCurrency(r *frame.Request) (currency, missing string) {
	own, sold := ownCurrency(r), h.currencies()
	if len(sold) == 0 || slices.Contains(sold, own) {
		return own, ""
	}
	if !r.Known { // nothing is known of a visitor, so nothing is missing
		return sold[0], ""
	}
	for _, c := range []string{"USD", "EUR"} {
		if slices.Contains(sold, c) {
			return c, own
		}
	}
	return sold[0], own
}

// priceIn finds the price of a plan in a currency: the currency decides the provider.
func (h *Handlers) priceIn(plan, interval, currency string) (billing.Price, bool) {
	p, ok := h.Plans.ByID(plan)
	if !ok || p.Withdrawn {
		return billing.Price{}, false
	}
	for _, price := range p.Prices {
		if !price.Past && price.Interval == interval && price.Amount.Currency == currency &&
			h.Billing.Sells(price.Provider) {
			return price, true
		}
	}
	return billing.Price{}, false
}

// anyPrice is the price of a plan in a currency for an interval, or for another interval where it has none.
func (h *Handlers) anyPrice(plan, interval, currency string) (billing.Price, bool) {
	if price, ok := h.priceIn(plan, interval, currency); ok {
		return price, true
	}
	for _, other := range billing.Intervals() {
		if price, ok := h.priceIn(plan, other, currency); ok {
			return price, true
		}
	}
	return billing.Price{}, false
}

// intervals are the intervals that something is sold by.
func (h *Handlers) intervals() (out []string) {
	for _, interval := range billing.Intervals() {
		for _, c := range h.currencies() {
			if slices.ContainsFunc(h.Plans.Sold(), func(p billing.Plan) bool {
				_, ok := h.priceIn(p.ID, interval,
					c)
				return ok
			}) {
				out = append(out, interval)
				break
			}
		}
	}
	return out
}

// lifts reports whether a plan has what a fault says that another lacks; any reason that is none of a plan's is lifted
// by every higher plan.
func lifts(p, now billing.Plan, reason string) bool {
	more := func(a, b int) bool { return b > 0 && (a == 0 || a > b) }
	switch reason {
	case fault.PartiesMax:
		return more(p.PartiesMax, now.PartiesMax)
	case fault.MembersMax:
		return more(p.MembersMax, now.MembersMax)
	case fault.ExportNeedsPlan:
		return p.Has(billing.Export)
	case fault.BatchEntryNeedsPlan:
		return p.Has(billing.BatchEntry)
	}
	return p.Rank > now.Rank
}

// offer is the plan that gives what another one lacks: the lowest higher one that is sold in the currency, else any
// that is. It reports false when none is.
func (h *Handlers) offer(now billing.Plan, reason, currency string) (billing.Plan, bool) {
	var found *billing.Plan
	for _, p := range h.Plans.Sold() {
		_, sold := h.anyPrice(p.ID, billing.Month, currency)
		if !sold || p.ID == now.ID || !lifts(p, now, reason) {
			continue
		}
		if p.Rank > now.Rank {
			if reason == "" && p.Recommended {
				return p, true
			}
			if found == nil || found.Rank < now.Rank {
				found = &p
			}
		} else if found == nil {
			found = &p
		}
	}
	if found == nil {
		return billing.Plan{}, false
	}
	return *found, true
}

// Carriers names for each entitlement the plan that it comes with, in whatever currency it is sold.
func (h *Handlers) Carriers() map[string]string {
	out := map[string]string{}
	for _, e := range billing.EntitlementNames() {
		for _, p := range h.Plans.Sold() {
			if _, have := out[e]; !have && p.Has(e) && slices.ContainsFunc(h.currencies(),
				func(c string) bool { _, ok := h.anyPrice(p.ID, billing.Month, c); return ok }) {
				out[e] = p.Name
			}
		}
	}
	return out
}

// Roomier names the plan that holds more parties than the caller's, "" when none does.
func (h *Handlers) Roomier(r *frame.Request) string {
	currency, _ := h.payCurrency(r)
	p, _ := h.offer(r.Plan(), fault.PartiesMax, currency)
	return p.Name
}
