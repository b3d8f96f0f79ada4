package web

import (
	"context"
	"net/http"
	"slices"
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
	view := landing.View{Shell: r.shell()}
	currency, _ := s.payCurrency(r)
	if p, ok := s.offer(s.Plans.Default(), "", currency); ok {
		price, _ := s.anyPrice(p.ID, billing.Month, currency)
		view.PlanName, view.Price, view.Interval = p.Name, price.Amount, price.Interval
	}
	s.render(w, r, http.StatusOK, landing.Page(view))
	return nil
}

func (s *Server) pricingPage(w http.ResponseWriter, r *request) error {
	if err := s.look(w, r); err != nil {
		return err
	}
	q := r.URL.Query()
	view := pricing.View{Shell: r.shell(), Currencies: s.currencies(), Intervals: s.intervals()}
	view.Currency, view.Missing = s.payCurrency(r)
	have, err := s.bought(r)
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
	for _, p := range s.Plans.Sold() {
		view.Plans = append(view.Plans, s.column(r, p, view, have))
	}
	s.render(w, r, http.StatusOK, pricing.Page(view))
	return nil
}

// bought is what an owner's subscription says about offers; zero for everybody else, and without one.
type bought struct {
	interval string
	currency string // that it is paid in, "" when it is not known
	live     bool   // it goes on, so another plan is changed to and not bought
}

func (s *Server) bought(r *request) (have bought, err error) {
	if !r.known || !r.rights.Owns || s.plan(r).Default {
		return have, nil
	}
	o, err := s.Billing.Overview(r.Context(), r.caller)
	if err != nil || o.Subscription == nil {
		return have, err
	}
	have.interval, have.live = o.Subscription.Interval, o.Subscription.Blocks(s.Clock.Now()) && !o.CancelAtPeriodEnd
	if o.Price != nil && have.live {
		have.currency = o.Price.Amount.Currency
	}
	return have, nil
}

// column is a plan on the price list.
func (s *Server) column(r *request, p billing.Plan, view pricing.View, have bought) pricing.Plan {
	c := pricing.Plan{
		ID: p.ID, Name: p.Name, Purpose: p.Purpose[view.Locale], Free: p.Default, Recommended: p.Recommended,
		Parties: p.PartiesMax, People: p.MembersMax, Credits: p.CreditsPerMonth, Features: p.Entitlements,
		Current: r.known && r.person.Plan == p.ID, Interval: view.Interval, Price: money.Amount{Currency: view.Currency},
	}
	price, ok := s.anyPrice(p.ID, view.Interval, view.Currency)
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
	_, err := s.DB.Read(r.Context(), caller, func(_ postgres.Scope, b *pgx.Batch) { ledger.QueueTotals(b, &totals) })
	if fault.Is(err, fault.NotFound) { // left this moment
		return nil
	}
	shop.Parties = totals.Parties
	shop.Get = money.Amount{Minor: totals.Get, Currency: shop.Currency}
	shop.Give = money.Amount{Minor: totals.Give, Currency: shop.Currency}
	return err
}
