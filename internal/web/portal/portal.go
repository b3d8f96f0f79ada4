// Package portal is the pages to which an app leads one of its customers: what they have bought, and the way to
// Razorpay's checkout and back. A token in the address opens them, and a session of its own kind; no session of a user
// is read, and neither opens anything else.
package portal

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/web/frame"
	portalpage "github.com/tijorihq/tijori/internal/web/page/portal"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Accounts *account.Service
	Platform *platform.Service
}

// ended shows that a link or session is none, in the same words whether it ever was one.
func (h *Handlers) ended(w http.ResponseWriter, r *frame.Request, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	h.Render(w, r, http.StatusNotFound, portalpage.Ended(r.Shell()))
	return nil
}

// Door shows whose page a link opens. It uses nothing up: programs look at links, too.
func (h *Handlers) Door(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	p, err := h.Platform.PendingLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, err)
	}
	return r.Page(portalpage.Door(portalpage.DoorView{Shell: r.Shell(), App: p.AppName, Path: r.URL.Path}))
}

// Open uses a link up and begins a session.
func (h *Handlers) Open(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	session, err := h.Platform.OpenPortal(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, err)
	}
	h.SetCookie(w, frame.PortalCookie, session, term.PortalSession)
	return h.Redirect(w, r, platform.PortalPath)
}

// closed is ended for a session, which every visitor may have had.
func (h *Handlers) closed(w http.ResponseWriter, r *frame.Request, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	h.Render(w, r, http.StatusGone, portalpage.Ended(r.Shell()))
	return nil
}

// session is the customer whose page the browser's session opens.
func (h *Handlers) session(r *frame.Request) (platform.Portal, error) {
	return h.Platform.PortalOf(r.Context(), h.ReadCookie(r.Request, frame.PortalCookie),
		h.Absolute(platform.PortalPath))
}

// Page shows what the customer has.
func (h *Handlers) Page(w http.ResponseWriter, r *frame.Request) error {
	p, err := h.session(r)
	if err != nil {
		return h.closed(w, r, err)
	}
	view, err := h.view(r, p)
	if err != nil {
		return err
	}
	switch r.URL.Query().Get("done") {
	case "cancel":
		view.Note = r.T("The plan is cancelled. Nothing more is charged.")
	case "resume":
		view.Note = r.T("The plan continues.")
	}
	return r.Page(portalpage.Page(view))
}

func (h *Handlers) view(r *frame.Request, p platform.Portal) (portalpage.View, error) {
	o, err := p.App.Billing.OverviewFor(r.Context(), p.Payer, p.State.Plan)
	if err != nil {
		return portalpage.View{}, err
	}
	now := h.Clock.Now()
	view := portalpage.View{
		Shell: r.Shell(), App: p.AppName, Customer: o.AccountName, Back: p.Back, PlanName: o.Plan.Name,
		Status: string(o.Status), Next: o.NextDate,
	}
	place := view.Now.Location()
	view.Closes = p.ExpiresAt.In(place)
	if o.CancelAtPeriodEnd && o.Status != billing.Canceled && o.Status != billing.Expired {
		view.Status = "canceling"
	}
	if !view.Next.IsZero() {
		view.Next = view.Next.In(place)
	}
	if sub := o.Subscription; sub != nil {
		view.Interval = sub.Interval
		if sub.Status != billing.Incomplete {
			view.Provider = string(sub.Provider)
		}
		view.CanCancel, view.EndsNow = sub.Cancellable(now), !sub.PaidThrough.After(now)
		view.CanResume = sub.Resumable() || sub.NextPriceID != ""
		view.CanMethod, view.Pay = sub.Provider == facts.Stripe, sub.PayPage()
		if o.Price != nil && !o.Plan.Default {
			view.Price = o.Price.Amount
			if o.Plan.PerSeat {
				view.Seats = sub.Quantity
				view.Price.Minor *= sub.Quantity
			}
		}
	}
	for _, m := range p.State.Meters {
		name := m.Meter
		if known, ok := p.App.Plans.Meter(m.Meter); ok {
			name = known.Name
		}
		view.Credits = append(view.Credits, portalpage.Credit{Meter: name, Left: m.Balance})
	}
	for _, in := range o.Invoices {
		line := portalpage.Invoice{
			Number: in.Number, Date: in.IssuedAt.In(place), Amount: in.Amount, Status: wordOf(in.Status),
		}
		if u, err := url.Parse(in.URL); err == nil && slices.Contains([]string{"http", "https"}, u.Scheme) {
			line.URL = in.URL
		}
		view.Invoices = append(view.Invoices, line)
	}
	return view, nil
}

// wordOf puts the providers' words for invoices into ours.
func wordOf(status string) string {
	switch status {
	case "paid":
		return "paid"
	case "void", "cancelled", "expired":
		return "void"
	case "uncollectible":
		return "failed"
	}
	return "open"
}

// act does something for the customer of the session, and shows the page with what came of it.
func (h *Handlers) act(
	w http.ResponseWriter, r *frame.Request, done string, do func(platform.Portal) error,
) error {
	p, err := h.session(r)
	if err != nil {
		return h.closed(w, r, err)
	}
	if err := r.Throttle(p.App.ID, p.Account); err != nil {
		return err
	}
	err = do(p)
	if err == nil {
		return h.Redirect(w, r, platform.PortalPath+"?done="+done)
	}
	f := fault.Of(err)
	if f == nil {
		return err
	}
	view, e := h.view(r, p)
	if e != nil {
		return e
	}
	view.Note, view.Refused = r.T(f.Text, f.Args...), true
	h.Render(w, r, frame.FormStatus(err), portalpage.Page(view))
	return nil
}

// Cancel ends collection; what is paid is kept.
func (h *Handlers) Cancel(w http.ResponseWriter, r *frame.Request) error {
	return h.act(w, r, "cancel", func(p platform.Portal) error {
		_, err := p.App.Billing.CancelFor(r.Context(), p.Payer)
		return err
	})
}

// Resume takes back that the plan ends.
func (h *Handlers) Resume(w http.ResponseWriter, r *frame.Request) error {
	return h.act(w, r, "resume", func(p platform.Portal) error {
		return p.App.Billing.ResumeFor(r.Context(), p.Payer)
	})
}

// PaymentMethod leads to the provider's own page for cards.
func (h *Handlers) PaymentMethod(w http.ResponseWriter, r *frame.Request) error {
	p, err := h.session(r)
	if err != nil {
		return h.closed(w, r, err)
	}
	if err := r.Throttle(p.App.ID, p.Account); err != nil {
		return err
	}
	target, err := p.App.Billing.PortalFor(r.Context(), p.Payer)
	if err != nil {
		return err
	}
	return h.Redirect(w, r, target)
}

// Leave ends the session.
func (h *Handlers) Leave(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Platform.LeavePortal(r.Context(), h.ReadCookie(r.Request, frame.PortalCookie)); err != nil {
		return err
	}
	h.SetCookie(w, frame.PortalCookie, "", -1)
	return h.Redirect(w, r, platform.PortalPath)
}

// Pay leads to Razorpay's checkout for what an app's customer is about to buy. With "cancelled" in its query the
// customer has given up there, and is led back to the app.
func (h *Handlers) Pay(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	p, err := h.Platform.PayLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, err)
	}
	if r.URL.Query().Has("cancelled") {
		return h.Redirect(w, r, p.BackWith("cancelled"))
	}
	here := h.Absolute(r.URL.Path)
	c, err := p.App.Billing.PayFormOf(r.Context(), p.Payer, p.Checkout, p.AppName, here, here+"?cancelled")
	if fault.Is(err, fault.NotFound) { // paid already, or given up
		return h.Redirect(w, r, p.BackWith("pending"))
	}
	if err != nil {
		return err
	}
	plan, _ := p.App.Plans.ByID(c.Price.Plan)
	view := portalpage.PayView{Shell: r.Shell(), App: p.AppName, Plan: plan.Name, Action: c.Form.Action}
	for _, f := range c.Form.Fields {
		view.Fields = append(view.Fields, portalpage.Field(f))
	}
	return r.Page(portalpage.Pay(view))
}

// PaidBack takes a customer back from Razorpay's page and leads on to the app. Anybody can send anything: it only says
// what to ask Razorpay about.
func (h *Handlers) PaidBack(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Accounts.ThrottleLinks(r.Context(), h.Network(r.Request)); err != nil {
		return err
	}
	p, err := h.Platform.PayLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return h.ended(w, r, err)
	}
	payment := r.PostFormValue("razorpay_payment_id")
	if payment == "" { // given up, or failed
		return h.Redirect(w, r, p.BackWith("cancelled"))
	}
	if err := r.Throttle(p.App.ID, p.Account); err != nil {
		return err
	}
	paid, err := p.App.Billing.PaidBack(r.Context(), p.Payer, billing.Return{
		PaymentID: payment, SubscriptionID: r.PostFormValue("razorpay_subscription_id"),
		Signature: r.PostFormValue("razorpay_signature"),
	})
	if err != nil {
		return err
	}
	if !paid {
		return h.Redirect(w, r, p.BackWith("pending"))
	}
	if err := p.App.Credits.Begin(r.Context(), p.Account); err != nil {
		return err
	}
	return h.Redirect(w, r, p.BackWith("paid"))
}
