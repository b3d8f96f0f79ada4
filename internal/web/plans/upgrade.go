package plans

import (
	"net/http"
	"strings"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) UpgradePage(w http.ResponseWriter, r *frame.Request) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	if !r.Plan().Default && r.Rights.Owns { // nothing to offer: what they have stands on the plan's page
		return h.Redirect(w, r, billing.CancelPath)
	}
	view, err := h.upgradeView(r, "")
	if err != nil {
		return err
	}
	return r.Page(upgrade.Page(view))
}

// upgradeView says what the plan in force lacks, and what the plan costs that has it. The reason is the code of the
// fault, "" when somebody just looks.
func (h *Handlers) upgradeView(r *frame.Request, reason string) (upgrade.View, error) {
	now := r.Plan()
	view := upgrade.View{
		Shell: r.Shell(), Reason: reason, PlanNow: now.Name, Limit: now.PartiesMax, PeopleNow: now.MembersMax,
		CanBuy: r.Rights.Owns, Back: above(r),
	}
	have, err := h.bought(r)
	if err != nil {
		return view, err
	}
	currency, missing := h.payCurrency(r)
	if have.currency != "" {
		currency, missing = have.currency, ""
	}
	view.Change = have.live
	p, ok := h.offer(now, reason, currency)
	if !ok {
		for _, other := range h.currencies() { // in another currency than the caller's: they are told which
			if p, ok = h.offer(now, reason, other); ok && have.currency == "" {
				currency, missing = other, ownCurrency(r)
				break
			}
			ok = false
		}
	}
	if !ok {
		return view, nil
	}
	view.PlanID, view.PlanName, view.Features, view.Missing = p.ID, p.Name, p.Entitlements, missing
	view.Parties, view.People = p.PartiesMax, p.MembersMax
	for _, interval := range billing.Intervals() {
		if price, ok := h.priceIn(p.ID, interval, currency); ok {
			view.Prices = append(view.Prices, upgrade.Price{
				Interval: interval, Amount: price.Amount,
				Provider: string(price.Provider),
			})
		}
	}
	return view, nil
}

// above is the page that an upgrade page leads back to: the open business, or what the
// address is about, such as /billing for /billing/usage.csv.
func above(r *frame.Request) string {
	if r.Person.Business != nil {
		return ui.BusinessPath(r.Person.Business.ID.String())
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return "/" + first
}

// ServeUpgrade answers 403 upgrade_required with the page that tells why. It
// reports false when the visitor cannot be read any more.
func (h *Handlers) ServeUpgrade(w http.ResponseWriter, r *frame.Request, f *fault.Fault) bool {
	if !r.Known {
		if err := r.Read(nil); err != nil {
			return false
		}
	}
	view, err := h.upgradeView(r, f.Code)
	if err != nil {
		h.Log.Error("read what can be bought", "request", r.ID, "error", err)
		return false
	}
	h.Render(w, r, http.StatusForbidden, upgrade.Page(view))
	return true
}
