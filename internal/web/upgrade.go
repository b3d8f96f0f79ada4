package web

import (
	"net/http"
	"strings"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (s *Server) upgradePage(w http.ResponseWriter, r *request) error {
	if err := r.read(nil); err != nil {
		return err
	}
	if !s.plan(r).Default && r.rights.Owns { // nothing to offer: what they have stands on the plan's page
		return s.redirect(w, r, billing.CancelPath)
	}
	view, err := s.upgradeView(r, "")
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, upgrade.Page(view))
	return nil
}

// upgradeView says what the plan in force lacks, and what the plan costs that has it. The reason is the code of the fault,
// "" when somebody just looks.
func (s *Server) upgradeView(r *request, reason string) (upgrade.View, error) {
	now := s.plan(r)
	view := upgrade.View{
		Shell: r.shell(), Reason: reason, PlanNow: now.Name, Limit: now.PartiesMax, PeopleNow: now.MembersMax, CanBuy: r.rights.Owns, Back: r.above(),
	}
	have, err := s.bought(r)
	if err != nil {
		return view, err
	}
	currency, missing := s.payCurrency(r)
	if have.currency != "" {
		currency, missing = have.currency, ""
	}
	view.Change = have.live
	p, ok := s.offer(now, reason, currency)
	if !ok {
		for _, other := range s.currencies() { // in another currency than the caller's: they are told which
			if p, ok = s.offer(now, reason, other); ok && have.currency == "" {
				currency, missing = other, r.ownCurrency()
				break
			}
			ok = false
		}
	}
	if !ok {
		return view, nil
	}
	view.PlanID, view.PlanName, view.Features, view.Parties, view.People, view.Missing = p.ID, p.Name, p.Entitlements, p.PartiesMax, p.MembersMax, missing
	for _, interval := range billing.Intervals() {
		if price, ok := s.priceIn(p.ID, interval, currency); ok {
			view.Prices = append(view.Prices, upgrade.Price{Interval: interval, Amount: price.Amount, Provider: string(price.Provider)})
		}
	}
	return view, nil
}

// above is the page that an upgrade page leads back to: the open business, or what the
// address is about, such as /billing for /billing/usage.csv.
func (r *request) above() string {
	if r.person.Business != nil {
		return ui.BusinessPath(r.person.Business.ID.String())
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return "/" + first
}

// serveUpgrade answers 403 upgrade_required with the page that tells why. It
// reports false when the visitor cannot be read any more.
func (s *Server) serveUpgrade(w http.ResponseWriter, r *request, f *fault.Fault) bool {
	if !r.known {
		if err := r.read(nil); err != nil {
			return false
		}
	}
	view, err := s.upgradeView(r, f.Code)
	if err != nil {
		s.Log.Error("read what can be bought", "request", r.id, "error", err)
		return false
	}
	s.render(w, r, http.StatusForbidden, upgrade.Page(view))
	return true
}
