package plans

import (
	"net/http"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	billingpage "github.com/tijorihq/tijori/internal/web/page/billing"
)

func (h *Handlers) BillingPage(w http.ResponseWriter, r *frame.Request) error {
	var balances []credits.Balance
	var keys []credits.Key
	var used, people int
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		var b pgx.Batch
		credits.QueueBalances(&b, &balances)
		credits.QueueKeys(&b, &keys)
		if err := tx.SendBatch(r.Context(), &b).Close(); err != nil {
			return err
		}
		if used, err = ledger.CountParties(r.Context(), tx); err != nil {
			return err
		}
		people, err = account.CountPeople(r.Context(), tx)
		return err
	})
	if err != nil {
		return err
	}
	o, err := h.Billing.Overview(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	view := billingpage.View{
		Shell: r.Shell(), Account: o.AccountName, PlanID: o.Plan.ID, PlanName: o.Plan.Name, Status: statusWord(o),
		Next:    o.NextDate,
		Parties: used, Limit: o.Plan.PartiesMax, Features: o.Plan.Entitlements, Allowance: o.Plan.CreditsPerMonth,
		People: people, PeopleMax: o.Plan.MembersMax, Unpaid: o.Plan.Default, DefaultName: h.Plans.Default().Name,
	}
	if !view.Next.IsZero() { // a period ends at midnight here, which is the day before elsewhere
		view.Next = view.Next.In(view.Now.Location())
	}
	if sub := o.Subscription; sub != nil {
		view.Interval = sub.Interval
		if sub.Status != billing.Incomplete { // nothing was paid through anybody before
			view.Provider = string(sub.Provider)
		}
		view.CanCancel, view.EndsNow = sub.Cancellable(h.Clock.Now()), !sub.PaidThrough.After(h.Clock.Now())
		view.Pay = sub.PayPage()
		view.CanPortal = sub.Provider == facts.Stripe
		if price, ok := h.Plans.Price(sub.PlanID, sub.Interval, sub.Provider); ok && h.renewable(o) &&
			h.Billing.Sells(price.Provider) {
			view.Renew = "/billing/checkout?" + url.Values{
				"plan": {price.Plan}, "interval": {price.Interval},
				"provider": {string(price.Provider)},
			}.Encode()
		}
		view.CanResume = sub.Resumable() || sub.NextPriceID != ""
		if next, ok := h.Plans.PriceByID(sub.Provider, sub.NextPriceID); ok {
			view.Becomes, view.Changes = h.follows(r, sub, next.Plan, next.Interval), sub.NextAt.In(view.Now.Location())
		}
		view.Lapsed = h.lapsed(o, view.Now.Location())
		view.CanChange = view.CanCancel && (sub.Status == billing.Active || sub.Status == billing.Trialing)
		if f := o.Follower; f != nil {
			view.Becomes, view.Changes, view.Status = h.follows(r, sub, f.PlanID, f.Interval),
				f.PaidThrough.In(view.Now.Location()), string(billing.Active)
			view.CanCancel, view.CanChange = true, true
		}
		if o.Price != nil && !o.Plan.Default {
			view.Price = o.Price.Amount
		}
	}
	if open := o.OpenCheckout; open != nil {
		p, _ := h.Plans.ByID(open.Plan)
		view.Open = &billingpage.Open{
			PlanID: p.ID, PlanName: p.Name, Interval: open.Interval,
			Provider: string(open.Provider), Until: open.ExpiresAt.In(view.Now.Location()),
		}
		if r.URL.Query().Has("waiting") {
			view.Waiting = open.Plan
		}
	}
	view.UsesAPI = len(keys) > 0
	for _, b := range balances {
		view.Credits = append(view.Credits, billingpage.Credit{Meter: r.T(b.Name), Left: b.Available, Reset: b.NextAt})
	}
	for _, in := range o.Invoices {
		view.Invoices = append(view.Invoices, billingpage.Invoice{
			Number: in.Number,
			Date:   in.IssuedAt.In(view.Now.Location()),
			Amount: in.Amount,
			Status: in.Status,
			Path:   invoicePath(in.Provider, in.ID),
		})
	}
	return r.Page(billingpage.Page(view))
}

// renewable reports whether a plan that was cancelled is still paid for, cannot be taken up
// again at its provider, and nothing follows it: then it can be bought from its end on.
func (h *Handlers) renewable(o *billing.Overview) bool {
	sub := o.Subscription
	return sub.Ended() && sub.Grants(h.Clock.Now()) && o.Follower == nil && o.OpenCheckout == nil
}

// follows names what comes after a subscription: a plan, and of the same plan the interval that will be another.
func (h *Handlers) follows(r *frame.Request, sub *billing.Subscription, plan, interval string) string {
	p, _ := h.Plans.ByID(plan)
	if plan != sub.PlanID {
		return p.Name
	}
	return p.Name + " (" + intervalWord(r, interval) + ")"
}

// intervalWord is the word on the price list's switch.
func intervalWord(r *frame.Request, interval string) string {
	if interval == billing.Year {
		return r.T("Yearly")
	}
	return r.T("Monthly")
}

// lapsed says what an account that has the default plan now has had, nil when nothing.
func (h *Handlers) lapsed(o *billing.Overview, place *time.Location) *billingpage.Lapsed {
	sub := o.Subscription
	if !o.Plan.Default || sub.PaidThrough.IsZero() {
		return nil
	}
	p, ok := h.Plans.ByID(sub.PlanID)
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

func (h *Handlers) CancelPlan(w http.ResponseWriter, r *frame.Request) error {
	until, err := h.Billing.Cancel(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	code := "canceled"
	if !until.After(h.Clock.Now()) {
		code = "ended"
	}
	h.SetFlash(w, code, "")
	return h.Redirect(w, r, billing.CancelPath)
}

func (h *Handlers) OpenPortal(w http.ResponseWriter, r *frame.Request) error {
	target, err := h.Billing.Portal(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return h.Redirect(w, r, target)
}
