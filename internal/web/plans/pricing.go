package plans

import (
	"net/http"
	"slices"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/landing"
	"github.com/tijorihq/tijori/internal/web/page/pricing"
)

func (h *Handlers) Landing(w http.ResponseWriter, r *frame.Request) error {
	view := landing.View{Shell: r.Shell()}
	currency, _ := h.payCurrency(r)
	if p, ok := h.offer(h.Plans.Default(), "", currency); ok {
		price, _ := h.anyPrice(p.ID, billing.Month, currency)
		view.PlanName, view.Price, view.Interval = p.Name, price.Amount, price.Interval
	}
	return r.Page(landing.Page(view))
}

func (h *Handlers) PricingPage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Look(); err != nil {
		return err
	}
	q := r.URL.Query()
	view := pricing.View{Shell: r.Shell(), Currencies: h.currencies(), Intervals: h.intervals()}
	view.Currency, view.Missing = h.payCurrency(r)
	have, err := h.bought(r)
	if err != nil {
		return err
	}
	if have.currency != "" { // a subscription cannot change its currency
		view.Currency, view.Missing = have.currency, ""
	}
	if c := q.Get("currency"); slices.Contains(view.Currencies, c) {
		view.Currency = c
	}
	if i := q.Get("interval"); slices.Contains(view.Intervals, i) {
		view.Interval = i
	} else if len(view.Intervals) > 0 {
		view.Interval = view.Intervals[0]
	}
	for _, p := range h.Plans.Sold() {
		view.Plans = append(view.Plans, h.column(r, p, view, have))
	}
	return r.Page(pricing.Page(view))
}

// bought is what an owner's subscription says about offers; zero for everybody else, and without one.
type bought struct {
	interval string
	currency string // that it is paid in, "" when it is not known
	live     bool   // it goes on, so another plan is changed to and not bought
}

func (h *Handlers) bought(r *frame.Request) (have bought, err error) {
	if !r.Known || !r.Rights.Owns || r.Plan().Default {
		return have, nil
	}
	o, err := h.Billing.Overview(r.Context(), r.Caller)
	if err != nil || o.Subscription == nil {
		return have, err
	}
	have.interval, have.live = o.Subscription.Interval, o.Subscription.Blocks(h.Clock.Now()) && !o.CancelAtPeriodEnd
	if o.Price != nil && have.live {
		have.currency = o.Price.Amount.Currency
	}
	return have, nil
}

// column is a plan on the price list.
func (h *Handlers) column(r *frame.Request, p billing.Plan, view pricing.View, have bought) pricing.Plan {
	c := pricing.Plan{
		ID: p.ID, Name: p.Name, Purpose: p.Purpose[view.Locale], Free: p.Default, Recommended: p.Recommended,
		Parties: p.PartiesMax, People: p.MembersMax, Credits: p.CreditsPerMonth, Features: p.Entitlements,
		Current: r.Known && r.Person.Plan == p.ID, Interval: view.Interval,
		Price: money.Amount{Currency: view.Currency},
	}
	price, ok := h.anyPrice(p.ID, view.Interval, view.Currency)
	if ok {
		c.Price, c.Provider, c.Interval = price.Amount, string(price.Provider), price.Interval
		if price.Interval == billing.Year {
			c.PerMonth = money.Amount{Minor: price.Amount.Minor / 12, Currency: view.Currency}
		}
	}
	c.Unsold = !ok && !c.Free
	if c.Current && have.interval != "" && have.interval != c.Interval && !c.Unsold {
		c.Current, c.Other = !have.live, have.live
	}
	c.Change = have.live && !c.Current && !c.Other && !c.Free
	if have.currency != "" && have.currency != view.Currency {
		c.Unsold = c.Unsold || c.Change || c.Other
	}
	return c
}
