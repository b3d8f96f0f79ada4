package web

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/home"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// home is the landing page, the only business, or the list of businesses.
func (s *Server) home(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	if !r.known {
		return s.landing(w, r)
	}
	if r.person.AccountID == uuid.Nil { // removed from the account that the session was in
		moved, err := s.Accounts.GoHome(r.Context(), r.caller)
		if err != nil {
			return err
		}
		if moved {
			if err := r.read(nil); err != nil {
				return err
			}
		}
	}
	if len(r.person.Businesses) == 1 && r.flash == nil {
		return s.redirect(w, r, ui.BusinessPath(r.person.Businesses[0].BusinessID.String()))
	}
	view := home.View{Shell: r.shell(), Email: r.person.Email}
	for i, b := range r.person.Businesses {
		shop := home.Shop{Business: view.Shell.Businesses[i]}
		if err := s.shopTotals(r, b.BusinessID, &shop); err != nil {
			return err
		}
		view.Shops = append(view.Shops, shop)
	}
	view.Sums = home.SumShops(view.Shops)
	s.render(w, r, http.StatusOK, home.Page(view))
	return nil
}

// shopTotals reads what a business's line in the list of businesses shows.
func (s *Server) shopTotals(r *request, business uuid.UUID, shop *home.Shop) error {
	caller := r.caller
	caller.Business = business
	var totals ledger.Totals
	_, err := s.DB.Read(r.Context(), caller, func(_ postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(b, &totals) })
	if fault.Is(err, fault.NotFound) { // left this moment
		return nil
	}
	shop.Parties = totals.Parties
	shop.Get = money.Amount{Minor: totals.Get, Currency: shop.Currency}
	shop.Give = money.Amount{Minor: totals.Give, Currency: shop.Currency}
	return err
}
