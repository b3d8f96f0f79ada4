package plans

import (
	"net/http"
	"net/url"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/checkout"
	"github.com/tijorihq/tijori/internal/web/page/paid"
)

func (h *Handlers) CheckoutForm(w http.ResponseWriter, r *frame.Request) error {
	q := r.URL.Query()
	view, err := h.checkoutView(r, q.Get("plan"), q.Get("interval"), q.Get("provider"))
	if err != nil {
		return err
	}
	return r.Page(checkout.Page(view))
}

// checkoutView reads what is about to be bought. The plan, interval and
// provider are names; everything else comes from the plan file and the session.
func (h *Handlers) checkoutView(r *frame.Request, plan, interval, provider string) (checkout.View, error) {
	if err := r.Read(nil); err != nil {
		return checkout.View{}, err
	}
	if provider == "" { // the account's currency decides
		currency, _ := h.payCurrency(r)
		inCurrency, _ := h.priceIn(plan, interval, currency)
		provider = string(inCurrency.Provider)
	}
	price, ok := h.Plans.Price(plan, interval, facts.Provider(provider))
	p, _ := h.Plans.ByID(plan)
	if !ok || !h.Billing.Sells(price.Provider) {
		return checkout.View{}, fault.New(fault.NotFound, "This plan is not for sale that way.")
	}
	view := checkout.View{
		Shell: r.Shell(), Account: r.Person.AccountName, Email: r.Person.Email, PlanID: p.ID, PlanName: p.Name,
		Features: p.Entitlements,
		Parties:  p.PartiesMax, People: p.MembersMax, Interval: interval, Price: price.Amount, Provider: provider,
		Simulated: h.Simulated,
	}
	ahead, err := h.Billing.PaidAhead(r.Context(), r.Caller, plan, interval, price.Provider)
	if fault.Is(err, fault.Forbidden) { // who may not buy is told when they try
		return view, nil
	}
	if err != nil {
		return checkout.View{}, err
	}
	if have, ok := h.Plans.ByID(ahead.Plan); ok {
		view.Ahead = &checkout.Ahead{
			PlanName: have.Name, Until: ahead.Until.In(view.Now.Location()),
			Waits: !ahead.Starts.IsZero(),
		}
	}
	return view, nil
}

func (h *Handlers) Checkout(w http.ResponseWriter, r *frame.Request) error {
	plan, interval, provider := r.PostFormValue("plan"), r.PostFormValue("interval"), r.PostFormValue("provider")
	view, err := h.checkoutView(r, plan, interval, provider)
	if err != nil {
		return err
	}
	c, err := h.Billing.StartCheckout(r.Context(), r.Caller, plan, interval, facts.Provider(view.Provider))
	if err != nil {
		if fault.Is(err, fault.Unavailable) {
			h.Log.Error("open checkout", "request", r.ID, "error", err)
			view.Error = r.T(fault.Of(err).Text)
		} else if e := r.FormFault(&view.Form, err); e != nil {
			return e
		}
		h.Render(w, r, frame.FormStatus(err), checkout.Page(view))
		return nil
	}
	if c.Form == nil {
		return h.Redirect(w, r, c.URL)
	}
	going := checkout.GoView{Shell: r.Shell(), Account: view.Account, Provider: view.Provider, Action: c.Form.Action}
	for _, f := range c.Form.Fields {
		going.Fields = append(going.Fields, checkout.Field(f))
	}
	return r.Page(checkout.GoPage(going))
}

// goToPay leads the browser to the provider's page of a checkout.
func (h *Handlers) goToPay(w http.ResponseWriter, r *frame.Request, c *billing.Checkout) error {
	if c.Form == nil {
		return h.Redirect(w, r, c.URL)
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	going := checkout.GoView{Shell: r.Shell(), Account: c.Account, Provider: string(c.Provider), Action: c.Form.Action}
	for _, f := range c.Form.Fields {
		going.Fields = append(going.Fields, checkout.Field(f))
	}
	return r.Page(checkout.GoPage(going))
}

func (h *Handlers) ReturnPage(w http.ResponseWriter, r *frame.Request) error {
	return h.renderReturn(w, r, r.URL.RawQuery)
}

// RazorpayReturn takes the customer back from Razorpay's page. The browser
// sends it without our cookie and anybody can send anything: it changes nothing
// and hands the values on to the page that asks the signed-in owner.
func (h *Handlers) RazorpayReturn(w http.ResponseWriter, r *frame.Request) error {
	q := url.Values{"provider": {string(facts.Razorpay)}}
	for ours, theirs := range map[string]string{
		"payment_id":      "razorpay_payment_id",
		"subscription_id": "razorpay_subscription_id", "signature": "razorpay_signature",
	} {
		if v := r.PostFormValue(theirs); v != "" && len(v) <= 200 {
			q.Set(ours, v)
		}
	}
	if q.Get("payment_id") == "" { // given up, or failed
		h.SetFlash(w, "not_paid", "")
		return h.Redirect(w, r, billing.CancelPath)
	}
	return h.Redirect(w, r, billing.ReturnPath+"?"+q.Encode())
}

// returnOf reads what a provider sent the browser back with.
func returnOf(q url.Values) billing.Return {
	return billing.Return{
		Provider: facts.Provider(q.Get("provider")), SessionID: q.Get("session_id"),
		PaymentID: q.Get("payment_id"), SubscriptionID: q.Get("subscription_id"), Signature: q.Get("signature"),
	}
}

// VerifyReturn asks the provider now. That nothing is paid yet is no error: the page goes on waiting.
func (h *Handlers) VerifyReturn(w http.ResponseWriter, r *frame.Request) error {
	reference := r.PostFormValue("reference")
	q, err := url.ParseQuery(reference)
	if err != nil {
		return fault.New(fault.NotFound, "There is no such payment.")
	}
	err = h.Billing.Verify(r.Context(), r.Caller, returnOf(q))
	if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable) {
		return err
	}
	return h.Redirect(w, r, billing.ReturnPath+"?"+q.Encode())
}

func (h *Handlers) renderReturn(w http.ResponseWriter, r *frame.Request, reference string) error {
	if err := r.Read(nil); err != nil {
		return err
	}
	o, err := h.Billing.Overview(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	view := paid.View{Shell: r.Shell(), Account: o.AccountName, PlanID: o.Plan.ID, Reference: reference}
	view.Done = o.OpenCheckout == nil && !o.Plan.Default
	plan := o.Plan
	if open := o.OpenCheckout; open != nil {
		plan, _ = h.Plans.ByID(open.Plan)
	}
	view.PlanID, view.PlanName, view.Features = plan.ID, plan.Name, plan.Entitlements
	view.Parties, view.People = plan.PartiesMax, plan.MembersMax
	return r.Page(paid.Page(view))
}

// DiscardCheckout gives a purchase up that was begun. One that was paid meanwhile
// is in force instead.
func (h *Handlers) DiscardCheckout(w http.ResponseWriter, r *frame.Request) error {
	paid, err := h.Billing.Discard(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	if !paid {
		h.SetFlash(w, "discarded", "")
	}
	return h.Redirect(w, r, billing.CancelPath)
}
