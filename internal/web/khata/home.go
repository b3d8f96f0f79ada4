package khata

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/home"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// Home is the only business of who is signed in, or the list of businesses.
func (h *Handlers) Home(w http.ResponseWriter, r *frame.Request) error {
	if r.Person.AccountID == uuid.Nil { // removed from the account that the session was in
		moved, err := h.Accounts.GoHome(r.Context(), r.Caller)
		if err != nil {
			return err
		}
		if moved {
			if err := r.Read(nil); err != nil {
				return err
			}
		}
	}
	if len(r.Person.Businesses) == 1 && r.Flash == nil {
		return h.Redirect(w, r, ui.BusinessPath(r.Person.Businesses[0].BusinessID.String()))
	}
	view := home.View{Shell: r.Shell(), Email: r.Person.Email}
	for i, b := range r.Person.Businesses {
		shop := home.Shop{Business: view.Shell.Businesses[i]}
		if err := h.shopTotals(r, b.BusinessID, &shop); err != nil {
			return err
		}
		view.Shops = append(view.Shops, shop)
	}
	view.Sums = home.SumShops(view.Shops)
	return r.Page(home.Page(view))
}

// shopTotals reads what a business's line in the list of businesses shows.
func (h *Handlers) shopTotals(r *frame.Request, business uuid.UUID, shop *home.Shop) error {
	var totals ledger.Totals
	err := r.ReadOf(business, func(_ postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(b, &totals) })
	if fault.Is(err, fault.NotFound) { // left this moment
		return nil
	}
	shop.Parties = totals.Parties
	shop.Get = money.Amount{Minor: totals.Get, Currency: shop.Currency}
	shop.Give = money.Amount{Minor: totals.Give, Currency: shop.Currency}
	return err
}
