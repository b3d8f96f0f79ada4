package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	billingpage "github.com/tijorihq/tijori/internal/web/page/billing"
	"github.com/tijorihq/tijori/internal/web/page/checkout"
	"github.com/tijorihq/tijori/internal/web/page/paid"
	"github.com/tijorihq/tijori/internal/web/page/upgrade"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// checkoutView reads what is about to be bought. The plan, interval and
// provider are names; everything else comes from the plan file and the session.
func (s *Server) checkoutView(r *request, plan, interval, provider string) (checkout.View, error) {
	if err := r.read(nil); err != nil {
		return checkout.View{}, err
	}
	if provider == "" { // the account's currency decides
		currency, _ := s.payCurrency(r)
		inCurrency, _ := s.priceIn(plan, interval, currency)
		provider = string(inCurrency.Provider)
	}
	price, ok := s.Plans.Price(plan, interval, facts.Provider(provider))
	p, _ := s.Plans.ByID(plan)
	if !ok || !s.Billing.Sells(price.Provider) {
		return checkout.View{}, fault.New(fault.NotFound, "This plan is not for sale that way.")
	}
	view := checkout.View{
		Shell: r.shell(), Account: r.person.AccountName, Email: r.person.Email, PlanID: p.ID, PlanName: p.Name, Features: p.Entitlements,
		Parties: p.PartiesMax, People: p.MembersMax, Interval: interval, Price: price.Amount, Provider: provider, Simulated: s.Simulated,
	}
	ahead, err := s.Billing.PaidAhead(r.Context(), r.caller, plan, interval, price.Provider)
	if fault.Is(err, fault.Forbidden) { // who may not buy is told when they try
		return view, nil
	}
	if err != nil {
		return checkout.View{}, err
	}
	if have, ok := s.Plans.ByID(ahead.Plan); ok {
		view.Ahead = &checkout.Ahead{PlanName: have.Name, Until: ahead.Until.In(view.Now.Location()), Waits: !ahead.Starts.IsZero()}
	}
	return view, nil
}

func (s *Server) checkoutForm(w http.ResponseWriter, r *request) error {
	q := r.URL.Query()
	view, err := s.checkoutView(r, q.Get("plan"), q.Get("interval"), q.Get("provider"))
	if err != nil {
		return err
	}
	s.render(w, r, http.StatusOK, checkout.Page(view))
	return nil
}

func (s *Server) checkout(w http.ResponseWriter, r *request) error {
	plan, interval, provider := r.PostFormValue("plan"), r.PostFormValue("interval"), r.PostFormValue("provider")
	view, err := s.checkoutView(r, plan, interval, provider)
	if err != nil {
		return err
	}
	c, err := s.Billing.StartCheckout(r.Context(), r.caller, plan, interval, facts.Provider(view.Provider))
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			s.Log.Error("open checkout", "request", r.id, "error", err)
			view.Error = r.t(fault.Of(err).Text)
		} else if e := r.formFault(&view.Form, err); e != nil {
			return e
		}
		s.render(w, r, formStatus(err), checkout.Page(view))
		return nil
	}
	if c.Form == nil {
		return s.redirect(w, r, c.URL)
	}
	going := checkout.GoView{Shell: r.shell(), Account: view.Account, Provider: view.Provider, Action: c.Form.Action}
	for _, f := range c.Form.Fields {
		going.Fields = append(going.Fields, checkout.Field(f))
	}
	s.render(w, r, http.StatusOK, checkout.GoPage(going))
	return nil
}

// razorpayReturn takes the customer back from Razorpay's page. The browser
// sends it without our cookie and anybody can send anything: it changes nothing
// and hands the values on to the page that asks the signed-in owner.
func (s *Server) razorpayReturn(w http.ResponseWriter, r *request) error {
	q := url.Values{"provider": {string(facts.Razorpay)}}
	for ours, theirs := range map[string]string{"payment_id": "razorpay_payment_id", "subscription_id": "razorpay_subscription_id", "signature": "razorpay_signature"} {
		if v := r.PostFormValue(theirs); v != "" && len(v) <= 200 {
			q.Set(ours, v)
		}
	}
	if q.Get("payment_id") == "" { // given up, or failed
		s.setFlash(w, "not_paid", "")
		return s.redirect(w, r, billing.CancelPath)
	}
	return s.redirect(w, r, billing.ReturnPath+"?"+q.Encode())
}

// returnOf reads what a provider sent the browser back with.
func returnOf(q url.Values) billing.Return {
	return billing.Return{
		Provider: facts.Provider(q.Get("provider")), SessionID: q.Get("session_id"),
		PaymentID: q.Get("payment_id"), SubscriptionID: q.Get("subscription_id"), Signature: q.Get("signature"),
	}
}

func (s *Server) returnPage(w http.ResponseWriter, r *request) error {
	return s.renderReturn(w, r, r.URL.RawQuery)
}

// verifyReturn asks the provider now. That nothing is paid yet is no error: the page goes on waiting.
func (s *Server) verifyReturn(w http.ResponseWriter, r *request) error {
	reference := r.PostFormValue("reference")
	q, err := url.ParseQuery(reference)
	if err != nil {
		return fault.New(fault.NotFound, "There is no such payment.")
	}
	err = s.Billing.Verify(r.Context(), r.caller, returnOf(q))
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
		return err
	}
	return s.redirect(w, r, billing.ReturnPath+"?"+q.Encode())
}

func (s *Server) renderReturn(w http.ResponseWriter, r *request, reference string) error {
	if err := r.read(nil); err != nil {
		return err
	}
	o, err := s.Billing.Overview(r.Context(), r.caller)
	if err != nil {
		return err
	}
	view := paid.View{Shell: r.shell(), Account: o.AccountName, PlanID: o.Plan.ID, Reference: reference}
	view.Done = o.OpenCheckout == nil && !o.Plan.Default
	plan := o.Plan
	if open := o.OpenCheckout; open != nil {
		plan, _ = s.Plans.ByID(open.Plan)
	}
	view.PlanID, view.PlanName, view.Features, view.Parties, view.People = plan.ID, plan.Name, plan.Entitlements, plan.PartiesMax, plan.MembersMax
	s.render(w, r, http.StatusOK, paid.Page(view))
	return nil
}

func (s *Server) billingPage(w http.ResponseWriter, r *request) error {
	var balances []credits.Balance
	if err := r.read(func(_ postgres.Scope, b *pgx.Batch) { credits.QueueBalances(b, &balances) }); err != nil {
		return err
	}
	o, err := s.Billing.Overview(r.Context(), r.caller)
	if err != nil {
		return err
	}
	var used, people int
	err = r.as(func(tx *postgres.Tx) (err error) {
		if used, err = ledger.CountParties(r.Context(), tx); err != nil {
			return err
		}
		people, err = account.CountPeople(r.Context(), tx)
		return err
	})
	if err != nil {
		return err
	}
	view := billingpage.View{
		Shell: r.shell(), Account: o.AccountName, PlanID: o.Plan.ID, PlanName: o.Plan.Name, Status: statusWord(o), Next: o.NextDate,
		Parties: used, Limit: o.Plan.PartiesMax, Features: o.Plan.Entitlements, Allowance: o.Plan.CreditsPerMonth,
		People: people, PeopleMax: o.Plan.MembersMax, Unpaid: o.Plan.Default, DefaultName: s.Plans.Default().Name,
	}
	if !view.Next.IsZero() { // a period ends at midnight here, which is the day before elsewhere
		view.Next = view.Next.In(view.Now.Location())
	}
	if sub := o.Subscription; sub != nil {
		view.Interval = sub.Interval
		if sub.Status != billing.Incomplete { // nothing was paid through anybody before
			view.Provider = string(sub.Provider)
		}
		view.CanCancel, view.EndsNow = sub.Cancellable(s.Clock.Now()), !sub.PaidThrough.After(s.Clock.Now())
		view.Pay = sub.PayPage()
		view.CanPortal = sub.Provider == facts.Stripe
		if price, ok := s.Plans.Price(sub.PlanID, sub.Interval, sub.Provider); ok && s.renewable(o) && s.Billing.Sells(price.Provider) {
			view.Renew = "/billing/checkout?" + url.Values{"plan": {price.Plan}, "interval": {price.Interval}, "provider": {string(price.Provider)}}.Encode()
		}
		view.CanResume = sub.Resumable() || sub.NextPriceID != ""
		if next, ok := s.Plans.PriceByID(sub.Provider, sub.NextPriceID); ok {
			view.Becomes, view.Changes = s.follows(r, sub, next.Plan, next.Interval), sub.NextAt.In(view.Now.Location())
		}
		view.Lapsed = s.lapsed(o, view.Now.Location())
		view.CanChange = view.CanCancel && (sub.Status == billing.Active || sub.Status == billing.Trialing)
		if f := o.Follower; f != nil {
			view.Becomes, view.Changes, view.Status = s.follows(r, sub, f.PlanID, f.Interval), f.PaidThrough.In(view.Now.Location()), string(billing.Active)
			view.CanCancel, view.CanChange = true, true
		}
		if o.Price != nil && !o.Plan.Default {
			view.Price = o.Price.Amount
		}
	}
	if open := o.OpenCheckout; open != nil {
		p, _ := s.Plans.ByID(open.Plan)
		view.Open = &billingpage.Open{PlanID: p.ID, PlanName: p.Name, Interval: open.Interval, Provider: string(open.Provider), Until: open.ExpiresAt.In(view.Now.Location())}
		if r.URL.Query().Has("waiting") {
			view.Waiting = open.Plan
		}
	}
	for _, b := range balances {
		view.Credits = append(view.Credits, billingpage.Credit{Meter: r.t(b.Name), Left: b.Available, Reset: b.NextAt})
	}
	for _, in := range o.Invoices {
		view.Invoices = append(view.Invoices, billingpage.Invoice{Number: in.Number, Date: in.IssuedAt.In(view.Now.Location()), Amount: in.Amount, Status: in.Status, Path: invoicePath(in.Provider, in.ID)})
	}
	s.render(w, r, http.StatusOK, billingpage.Page(view))
	return nil
}

// renewable reports whether a plan that was cancelled is still paid for, cannot be taken up
// again at its provider, and nothing follows it: then it can be bought from its end on.
func (s *Server) renewable(o *billing.Overview) bool {
	sub := o.Subscription
	return sub.Ended() && sub.Grants(s.Clock.Now()) && o.Follower == nil && o.OpenCheckout == nil
}

// follows names what comes after a subscription: a plan, and of the same plan the interval that will be another.
func (s *Server) follows(r *request, sub *billing.Subscription, plan, interval string) string {
	p, _ := s.Plans.ByID(plan)
	if plan != sub.PlanID {
		return p.Name
	}
	return p.Name + " (" + r.intervalWord(interval) + ")"
}

// intervalWord is the word on the price list's switch.
func (r *request) intervalWord(interval string) string {
	if interval == billing.Year {
		return r.t("Yearly")
	}
	return r.t("Monthly")
}

// lapsed says what an account that has the default plan now has had, nil when nothing.
func (s *Server) lapsed(o *billing.Overview, place *time.Location) *billingpage.Lapsed {
	sub := o.Subscription
	if !o.Plan.Default || sub.PaidThrough.IsZero() {
		return nil
	}
	p, ok := s.Plans.ByID(sub.PlanID)
	if !ok {
		return nil
	}
	return &billingpage.Lapsed{PlanName: p.Name, Paid: sub.PaidThrough.In(place), Why: string(sub.Status)}
}

// statusWord is the billing page's word for where the account stands.
func statusWord(o *billing.Overview) string {
	switch {
	case o.Subscription == nil || o.Status == billing.Incomplete && o.Plan.Default:
		return string(billing.None)
	case o.CancelAtPeriodEnd && (o.Status == billing.Active || o.Status == billing.Trialing),
		o.Status == billing.Canceled && !o.Plan.Default: // paid for until then
		return "canceling"
	case o.Status == billing.Expired:
		return "canceled"
	case o.Status == billing.Incomplete:
		return "pending"
	}
	return string(o.Status)
}

func (s *Server) cancelPlan(w http.ResponseWriter, r *request) error {
	until, err := s.Billing.Cancel(r.Context(), r.caller)
	if err != nil {
		return err
	}
	code := "canceled"
	if !until.After(s.Clock.Now()) {
		code = "ended"
	}
	s.setFlash(w, code, "")
	return s.redirect(w, r, billing.CancelPath)
}

func (s *Server) openPortal(w http.ResponseWriter, r *request) error {
	target, err := s.Billing.Portal(r.Context(), r.caller)
	if err != nil {
		return err
	}
	return s.redirect(w, r, target)
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
