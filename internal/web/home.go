package web

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/home"
	"github.com/tijorihq/tijori/internal/web/page/landing"
	"github.com/tijorihq/tijori/internal/web/page/outbox"
	"github.com/tijorihq/tijori/internal/web/page/pricing"
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

func (s *Server) landing(w http.ResponseWriter, r *request) error {
	free, _ := s.Plans.ByID(billing.FreePlan)
	view := landing.View{Shell: r.shell(), FreeParties: free.PartiesMax}
	if p, ok := s.priceIn("pro", billing.Month, s.visitorCurrency(r)); ok {
		view.Pro = p.Amount
	}
	s.render(w, r, http.StatusOK, landing.Page(view))
	return nil
}

// visitorCurrency is what a visitor most likely pays in.
func (s *Server) visitorCurrency(r *request) string {
	if r.known && r.person.AccountCurrency != "" {
		if _, ok := s.priceIn("pro", billing.Month, r.person.AccountCurrency); ok {
			return r.person.AccountCurrency
		}
		return "USD"
	}
	return "INR"
}

// priceIn finds the price of a plan in a currency: the currency decides the provider.
func (s *Server) priceIn(plan, interval, currency string) (billing.Price, bool) {
	p, ok := s.Plans.ByID(plan)
	if !ok {
		return billing.Price{}, false
	}
	for _, price := range p.Prices {
		if price.Interval == interval && price.Amount.Currency == currency {
			return price, true
		}
	}
	return billing.Price{}, false
}

func (s *Server) pricingPage(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	q := r.URL.Query()
	view := pricing.View{Shell: r.shell(), Interval: billing.Month, Currency: s.visitorCurrency(r)}
	if q.Get("interval") == billing.Year {
		view.Interval = billing.Year
	}
	if c := q.Get("currency"); c == "INR" || c == "USD" {
		view.Currency = c
	}
	interval, live := "", false // of the owner's subscription
	if r.known && r.rights.Owns && r.person.Plan != billing.FreePlan {
		o, err := s.Billing.Overview(r.Context(), r.caller)
		if err != nil {
			return err
		}
		if o.Subscription != nil {
			interval, live = o.Subscription.Interval, o.Subscription.Blocks(s.Clock.Now()) && !o.CancelAtPeriodEnd
		}
	}
	for _, p := range s.Plans.List {
		column := pricing.Plan{
			ID: p.ID, Name: p.Name, Free: p.ID == billing.FreePlan, Parties: p.PartiesMax, Features: p.Entitlements,
			People: p.MembersMax, Credits: p.CreditsPerMonth, Current: r.known && r.person.Plan == p.ID, Price: money.Amount{Currency: view.Currency},
		}
		price, ok := s.priceIn(p.ID, view.Interval, view.Currency)
		if !ok && !column.Free {
			continue
		}
		if ok {
			column.Price, column.Provider = price.Amount, string(price.Provider)
			if view.Interval == billing.Year {
				column.PerMonth = money.Amount{Minor: price.Amount.Minor / 12, Currency: view.Currency}
			}
		}
		if column.Current && interval != "" && interval != view.Interval {
			column.Current, column.Other = !live, live
		}
		column.Change = live && !column.Current && !column.Other && !column.Free
		view.Plans = append(view.Plans, column)
	}
	s.render(w, r, http.StatusOK, pricing.Page(view))
	return nil
}

func (s *Server) nothingHere(w http.ResponseWriter, r *request) error {
	if !r.wantsJSON() {
		if err := s.look(w, r); err != nil {
			return err
		}
	}
	return fault.New(fault.NotFound, "There is nothing here.")
}

func (s *Server) crossOrigin(http.ResponseWriter, *request) error {
	return fault.New(fault.Forbidden, "This came from another site. Open the page here and try again.")
}

func (s *Server) healthz(w http.ResponseWriter, _ *request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("ok\n"))
	return err
}

func (s *Server) readyz(w http.ResponseWriter, r *request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("not ready", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, err := w.Write([]byte("not ready\n"))
		return err
	}
	_, err := w.Write([]byte("ready\n"))
	return err
}

func (s *Server) outboxPage(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	mails, err := s.Outbox.List()
	if err != nil {
		return err
	}
	view := outbox.View{Shell: r.shell()}
	for _, m := range mails {
		view.Mails = append(view.Mails, outbox.Mail{ID: m.ID, To: m.To, Subject: m.Subject, Sent: m.SentAt})
	}
	s.render(w, r, http.StatusOK, outbox.Page(view))
	return nil
}

func (s *Server) outboxMail(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	m, err := s.Outbox.Read(r.PathValue("id"))
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, outbox.One(outbox.MailView{Shell: r.shell(), Mail: outbox.Mail{ID: m.ID, To: m.To, Subject: m.Subject, Text: m.Text, Sent: m.SentAt}}))
	return nil
}

// shopTotals reads what a business's line in the list of businesses shows.
func (s *Server) shopTotals(r *request, business uuid.UUID, shop *home.Shop) error {
	caller := r.caller
	caller.Business = business
	var totals ledger.Totals
	_, err := s.DB.Read(r.Context(), caller, func(scope postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(scope, b, &totals) })
	if fault.Is(err, fault.NotFound) { // left this moment
		return nil
	}
	shop.Parties = totals.Parties
	shop.Get = money.Amount{Minor: totals.Get, Currency: shop.Currency}
	shop.Give = money.Amount{Minor: totals.Give, Currency: shop.Currency}
	return err
}
