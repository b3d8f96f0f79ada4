package simulator

import (
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

// link is a Razorpay payment link: a page on which an amount is paid once.
type link struct {
	ID          string            `json:"id"`
	Short       string            `json:"short"`
	Status      string            `json:"status"` // created, paid, expired
	Amount      int64             `json:"amount"`
	Paid        int64             `json:"paid"`
	Currency    string            `json:"currency"`
	Reference   string            `json:"reference"`
	Description string            `json:"description"`
	Callback    string            `json:"callback"`
	Notes       map[string]string `json:"notes"`
	Created     int64             `json:"created"`
	ExpireBy    int64             `json:"expire_by"`
	Payment     string            `json:"payment"`
	Refunded    int64             `json:"refunded"`
}

func (s *Simulator) linkJSON(l *link) object {
	return object{
		"id": l.ID, "entity": "payment_link", "status": l.Status, "amount": l.Amount, "amount_paid": l.Paid,
		"currency": l.Currency, "reference_id": l.Reference,
		"description": l.Description, "callback_url": l.Callback, "callback_method": "get",
		"notes":      razorpayNotes(l.Notes),
		"created_at": l.Created,
		"expire_by":  orNull(l.ExpireBy), "short_url": s.c.URL + "/razorpay/l/" + l.Short, "accept_partial": false,
		"upi_link": false, "payments": l.payments(),
	}
}

// payments is null until the link is paid.
func (l *link) payments() any {
	if l.Payment == "" {
		return nil
	}
	return []object{{
		"payment_id": l.Payment, "amount": l.Amount, "method": "upi", "status": "captured",
		"created_at": l.Created,
	}}
}

// linkPayment is the payment by which a link was paid.
func linkPayment(l *link) object {
	status, refund := paymentStatus(l.Amount, l.Refunded)
	return object{
		"id": l.Payment, "entity": "payment", "amount": l.Amount, "currency": l.Currency, "status": status,
		"captured":   true,
		"order_id":   "order_" + l.ID,
		"invoice_id": nil, "method": "upi", "amount_refunded": l.Refunded, "refund_status": refund, "customer_id": nil,
		"notes": []any{}, "created_at": l.Created,
	}
}

// RefundPurchase gives a one-time purchase back, whole or half: by the id of
// Razorpay's link or Stripe's session.
func (s *Simulator) RefundPurchase(id string, whole bool) error {
	part := func(amount, refunded int64) int64 {
		if back := amount - refunded; whole {
			return back
		} else {
			return (back + 1) / 2
		}
	}
	return s.do(func() error {
		if l := s.linkBy(id); l != nil && l.Payment != "" && l.Refunded < l.Amount {
			back := part(l.Amount, l.Refunded)
			l.Refunded += back
			r := s.newReversal(facts.Razorpay, "refund", l.Payment, back, l.Currency)
			s.razorpaySend("refund.processed", l.ID, s.now(), object{
				"payment": object{"entity": linkPayment(l)},
				"refund":  object{"entity": razorpayReversal(r)},
			})
			return nil
		}
		c := s.s.Sessions[id]
		if c == nil || c.Intent == "" || c.Refunded >= s.prices[c.Price].Amount {
			return errNoSuch
		}
		back := part(s.prices[c.Price].Amount, c.Refunded)
		c.Refunded += back
		s.newReversal(facts.Stripe, "refund", chargeOf(c.Intent), back, s.prices[c.Price].Currency)
		s.stripeEvent("charge.refunded", c.ID, s.now(), s.sessionCharge(c))
		return nil
	})
}

// chargeOf is the charge of a session's payment intent.
func chargeOf(intent string) string { return "ch_" + strings.TrimPrefix(intent, "pi_") }

func (s *Simulator) sessionCharge(c *session) object {
	p := s.prices[c.Price]
	return object{
		"id": chargeOf(c.Intent), "object": "charge", "customer": c.Customer, "payment_intent": c.Intent,
		"amount":          p.Amount,
		"amount_refunded": c.Refunded,
		"refunded":        c.Refunded == p.Amount, "currency": strings.ToLower(p.Currency),
	}
}

// makeLink answers POST /v1/payment_links.
func (s *Simulator) makeLink(in linkRequest) (int, object) {
	now := s.now()
	switch {
	case in.Amount < 100:
		return 400, razorpayError("amount: The amount must be at least INR 1.00")
	case in.Currency != "INR":
		return 400, razorpayError("Currency is not supported")
	case len(in.Reference) > 40:
		return 400, razorpayError("reference_id: the length must be no more than 40.")
	case in.ExpireBy != 0 && in.ExpireBy < now+15*60:
		return 400, razorpayError("expire_by should be at least 15 minutes ahead of the current time.")
	}
	for _, l := range s.s.Links {
		if in.Reference != "" && l.Reference == in.Reference {
			return 400, razorpayError("payment link with given reference_id (" + in.Reference + ") already exists.")
		}
	}
	l := &link{
		ID: newID("plink_"), Short: newID("")[:8], Status: "created", Amount: in.Amount, Currency: in.Currency,
		Reference: in.Reference, Description: in.Description,
		Callback: in.Callback, Notes: in.Notes, Created: now, ExpireBy: in.ExpireBy,
	}
	s.s.Links[l.ID] = l
	s.s.changed = true
	return 200, s.linkJSON(l)
}

type linkRequest struct {
	Amount                                     int64
	Currency, Reference, Description, Callback string
	ExpireBy                                   int64
	Notes                                      map[string]string
}

// listLinks answers GET /v1/payment_links, newest first.
func (s *Simulator) listLinks(q url.Values) object {
	var list []*link
	for _, l := range sorted(s.s.Links) {
		if (q.Get("reference_id") == "" || l.Reference == q.Get("reference_id")) && l.Created >= from(q) {
			list = append(list, l)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Created > list[j].Created })
	return object{"payment_links": collection(q, list, s.linkJSON)["items"]}
}

func (s *Simulator) linkBy(id string) *link {
	for _, l := range s.s.Links {
		if l.ID == id || l.Short == id {
			return l
		}
	}
	return nil
}

// PayLink pays a payment link, known by its id or its short name, and returns
// where the customer is sent.
func (s *Simulator) PayLink(id string) (back string, err error) {
	err = s.do(func() error {
		l := s.linkBy(id)
		if l == nil || l.Status != "created" || l.ExpireBy != 0 && l.ExpireBy < s.now() {
			return errNoSuch
		}
		now := s.now()
		l.Status, l.Paid, l.Payment = "paid", l.Amount, newID("pay_")
		payment := linkPayment(l)
		s.razorpaySend("payment.captured", l.ID, now, object{"payment": object{"entity": payment}})
		s.razorpaySend("payment_link.paid", l.ID, now, object{
			"payment_link": object{"entity": s.linkJSON(l)},
			"payment":      object{"entity": payment},
		})
		back = l.Callback
		return nil
	})
	return back, err
}

func (s *Simulator) unpaidLink(r *http.Request) (v payView, ok bool) {
	s.change(func() {
		if l := s.linkBy(r.PathValue("short")); l != nil && l.Status == "created" {
			v, ok = payView{
				Provider: "Razorpay", Plan: strings.TrimPrefix(l.Description, "Tijori, "),
				Amount: money.Amount{Minor: l.Amount, Currency: l.Currency}.Short(),
				Action: r.URL.Path, Cancel: s.c.AppURL + "/billing/usage", Home: s.c.AppURL + "/billing/usage",
			}, true
		}
	})
	return v, ok
}

func (s *Simulator) linkPage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.unpaidLink(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This payment is made, has expired, or was never there.")
		return
	}
	s.show(w, http.StatusOK, "pay.html", v)
}

func (s *Simulator) payLink(w http.ResponseWriter, r *http.Request) {
	v, ok := s.unpaidLink(r)
	if !ok {
		s.sorry(w, http.StatusGone, "This payment is made, has expired, or was never there.")
		return
	}
	if r.PostFormValue("do") != "pay" {
		v.Notice = "The bank refused the payment. Nothing was charged."
		s.show(w, http.StatusPaymentRequired, "pay.html", v)
		return
	}
	back, err := s.PayLink(r.PathValue("short"))
	if err != nil {
		s.sorry(w, http.StatusConflict, err.Error())
		return
	}
	s.mu.Lock()
	about := s.linkBy(r.PathValue("short")).ID
	s.mu.Unlock()
	s.arrive(r, about)
	if address(back) == "" {
		back = v.Home
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// payOnce settles a Stripe session of mode payment.
func (s *Simulator) payOnce(c *session) {
	now := s.now()
	c.Status, c.Paid, c.Intent = "complete", "paid", newID("pi_")
	s.stripeEvent("checkout.session.completed", c.ID, now, s.sessionJSON(c))
}
