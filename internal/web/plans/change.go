package plans

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/frame"
	billingpage "github.com/tijorihq/tijori/internal/web/page/billing"
)

// ChangeForm offers the other plans of the account's provider or, with one
// chosen, says what it costs and when it begins.
func (h *Handlers) ChangeForm(w http.ResponseWriter, r *frame.Request) error {
	return h.renderChange(w, r, http.StatusOK, r.URL.Query().Get("plan"), r.URL.Query().Get("interval"), nil)
}

func (h *Handlers) renderChange(
	w http.ResponseWriter, r *frame.Request, status int, plan, interval string, wrong error,
) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	o, err := h.Billing.Overview(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	view := billingpage.ChangeView{Shell: r.Shell(), Account: o.AccountName}
	if o.Subscription == nil || !o.Subscription.Blocks(h.Clock.Now()) {
		return h.Redirect(w, r, "/pricing")
	}
	if plan != "" {
		q, err := h.Billing.QuoteChange(r.Context(), r.Caller, plan, interval)
		if err != nil && wrong == nil {
			wrong, status = err, frame.FormStatus(err)
		}
		if err == nil {
			view.Quote = h.quoteView(q, view.Now.Location())
		}
	}
	view.Offers = h.changes(o)
	if wrong != nil {
		if fault.Is(wrong, fault.Unavailable) {
			h.Log.Error("change the plan", "request", r.ID, "error", wrong)
			view.Error = r.T(fault.Of(wrong).Text)
		} else if err := r.FormFault(&view.Form, wrong); err != nil {
			return err
		}
	}
	h.Render(w, r, status, billingpage.ChangePage(view))
	return nil
}

// changes are what a subscription can be changed to, with what it is now, at the price that is paid for it.
func (h *Handlers) changes(o *billing.Overview) []billingpage.Offer {
	sub := o.Subscription
	now, _ := h.Plans.ByID(sub.PlanID)
	current := billingpage.Offer{PlanID: now.ID, PlanName: now.Name, Interval: sub.Interval, Current: true}
	if o.Price != nil {
		current.Price = o.Price.Amount
	}
	var out []billingpage.Offer
	for _, p := range h.Plans.Sold() {
		for _, price := range p.Prices {
			switch {
			case price.Past || price.Provider != sub.Provider:
			case p.ID == now.ID && price.Interval == sub.Interval:
				out = append(out, current)
			case o.Price == nil || o.Price.Amount.Currency == price.Amount.Currency:
				out = append(out, billingpage.Offer{
					PlanID: p.ID, PlanName: p.Name, Interval: price.Interval,
					Price: price.Amount,
				})
			}
		}
	}
	// sold no more
	if !slices.ContainsFunc(out, func(offer billingpage.Offer) bool { return offer.Current }) && now.ID != "" {
		out = append([]billingpage.Offer{current}, out...)
	}
	return out
}

func (h *Handlers) quoteView(q *billing.Quote, place *time.Location) *billingpage.Quote {
	to, _ := h.Plans.ByID(q.To.Plan)
	from, _ := h.Plans.ByID(q.From.Plan)
	v := &billingpage.Quote{
		PlanID: to.ID, PlanName: to.Name, Interval: q.To.Interval, FromName: from.Name, Price: q.To.Amount,
		Due: q.Due, AtOnce: q.Starts.Equal(q.At), Starts: q.Starts.In(place), Next: q.Next.In(place),
		Ends: q.Ends, Keeps: q.Keeps.In(place), CanWait: q.CanWait, At: strconv.FormatInt(q.At.Unix(), 10),
		DueMinor: strconv.FormatInt(q.Due.Minor, 10),
	}
	if q.Due.Minor < 0 {
		v.Due, v.Credit = money.Amount{Currency: q.Due.Currency}, money.Amount{
			Minor:    -q.Due.Minor,
			Currency: q.Due.Currency,
		}
	}
	return v
}

// ChangePlan does what the page has said, for the sum that it has said.
func (h *Handlers) ChangePlan(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	plan, interval := r.PostFormValue("plan"), r.PostFormValue("interval")
	at, err := strconv.ParseInt(r.PostFormValue("at"), 10, 64)
	if err != nil || at < 0 || at > 1<<40 {
		return fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	due, err := strconv.ParseInt(r.PostFormValue("due"), 10, 64)
	if err != nil {
		return fault.New(fault.Invalid, "This form is out of date. Reload the page.")
	}
	c, err := h.Billing.ChangePlan(r.Context(), r.Caller, plan, interval, time.Unix(at, 0).UTC(), due)
	if err != nil {
		if k := fault.KindOf(err); k == fault.Conflict || k == fault.Unavailable || k == fault.Invalid {
			return h.renderChange(w, r, frame.FormStatus(err), plan, interval, err)
		}
		return err
	}
	if c == nil {
		code := "plan_changed"
		if o, err := h.Billing.Overview(r.Context(), r.Caller); err == nil && o.Subscription != nil &&
			o.Subscription.NextPriceID != "" {
			code = "plan_changes"
		}
		h.SetFlash(w, code, "")
		return h.Redirect(w, r, billing.CancelPath)
	}
	return h.goToPay(w, r, c)
}

func (h *Handlers) ResumePlan(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Billing.Resume(r.Context(), r.Caller); err != nil {
		return err
	}
	h.SetFlash(w, "resumed", "")
	return h.Redirect(w, r, billing.CancelPath)
}

func invoicePath(p facts.Provider, id string) string {
	return "/billing/invoices/" + url.PathEscape(string(p)) + "/" + url.PathEscape(id)
}

// OpenInvoice leads the owner of an invoice to the provider's page for it. The
// address is the provider's own, as we stored or fetched it; nothing of it
// comes from the request.
func (h *Handlers) OpenInvoice(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	target, err := h.Billing.InvoiceURL(r.Context(), r.Caller, facts.Provider(r.PathValue("provider")),
		r.PathValue("invoice"))
	if err != nil {
		return err
	}
	return h.Redirect(w, r, target)
}
