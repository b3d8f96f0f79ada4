package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
)

// razorpayNotes is {…}, or [] where there are none: Razorpay answers so.
func razorpayNotes(m map[string]string) any {
	if len(m) == 0 {
		return []any{}
	}
	return m
}

func (s *Simulator) razorpaySub(sub *subscription) object {
	start, end := orNull(sub.PeriodStart), orNull(sub.PeriodEnd)
	price := s.prices[sub.Price]
	var endAt any
	if sub.Start != 0 { // the *start* of the last cycle
		endAt = periodEnd(facts.Razorpay, sub.Start, price.Interval, sub.Total-1)
	}
	charge := orNull(sub.PeriodEnd)
	if sub.ended() {
		charge = nil
	}
	return object{
		"id": sub.ID, "entity": "subscription", "plan_id": sub.Price, "customer_id": textOrNull(sub.Customer),
		"status": sub.Status, "type": 2,
		"current_start": start, "current_end": end, "ended_at": orNull(sub.EndedAt), "quantity": max(sub.Quantity, 1),
		"notes": razorpayNotes(sub.Metadata), "charge_at": charge,
		"start_at": orNull(sub.Start), "end_at": endAt, "auth_attempts": sub.Retries, "total_count": sub.Total,
		"paid_count": sub.Paid, "customer_notify": true,
		"created_at": sub.Created, "expire_by": orNull(sub.ExpireBy), "short_url": s.c.URL + "/razorpay/i/" + sub.Short,
		"has_scheduled_changes": false,
		"change_scheduled_at":   nil, "source": "api", "offer_id": offerOf(sub),
		"remaining_count": sub.Total - sub.Paid,
	}
}

// offerOf is the offer that is linked to a subscription, or null.
func offerOf(sub *subscription) any {
	if sub.Off == 0 {
		return nil
	}
	return "offer_Simulated" + strconv.Itoa(sub.Off)
}

func (s *Simulator) razorpayPayment(in *invoice) object {
	status, refund := paymentStatus(in.total(), in.Refunded)
	// captured is "1" in subscription events of the official samples and true elsewhere.
	return object{
		"id": in.Payment, "entity": "payment", "amount": in.total(), "currency": in.Currency, "status": status,
		"captured": "1", "order_id": "order_" + in.ID,
		"invoice_id": in.ID, "method": "upi", "amount_refunded": in.Refunded, "refund_status": refund,
		"customer_id": textOrNull(in.Customer), "notes": []any{}, "created_at": in.PaidAt,
	}
}

// paymentStatus is the status of a payment of which so much was given back, and what Razorpay says of that: null for
// nothing.
func paymentStatus(amount, refunded int64) (status string, refund any) {
	switch {
	case refunded >= amount:
		return "refunded", "full"
	case refunded > 0:
		return "captured", "partial"
	}
	return "captured", nil
}

func (s *Simulator) razorpayInvoice(in *invoice) object {
	return object{
		"id": in.ID, "entity": "invoice", "invoice_number": in.Number, "subscription_id": in.Subscription,
		"customer_id": textOrNull(in.Customer), "payment_id": textOrNull(in.Payment),
		"status": in.Status, "amount": in.total(), "gross_amount": in.Amount, "tax_amount": in.Tax,
		"taxable_amount": in.Amount - in.Off,
		"line_items": []object{{
			"amount": in.Amount, "quantity": 1, "gross_amount": in.Amount, "tax_amount": in.Tax,
			"taxable_amount": in.Amount - in.Off,
		}}, "currency": in.Currency, "billing_start": in.Start,
		"billing_end": in.End, "issued_at": in.Created,
		"date": in.Created, "paid_at": orNull(in.PaidAt), "short_url": s.c.URL + "/invoice/" + in.ID, "type": "invoice",
		"notes": []any{},
	}
}

func (s *Simulator) razorpaySend(kind, about string, at int64, payload object) {
	contains := []string{}
	for k := range payload {
		contains = append(contains, k)
	}
	sort.Strings(contains)
	s.enqueue(facts.Razorpay, newID("rzpevt_"), kind, about, at,
		object{
			"entity": "event", "account_id": RazorpayAccount, "event": kind, "contains": contains, "payload": payload,
			"created_at": at,
		})
}

// razorpayEvent tells of a subscription, with the payment where there is one.
func (s *Simulator) razorpayEvent(kind string, sub *subscription, in *invoice, at int64) {
	payload := object{"subscription": object{"entity": s.razorpaySub(sub)}}
	if in != nil && in.Payment != "" {
		payload["payment"] = object{"entity": s.razorpayPayment(in)}
	}
	s.razorpaySend(kind, sub.ID, at, payload)
}

func (s *Simulator) razorpayInvoicePaid(sub *subscription, in *invoice, at int64) {
	payment := s.razorpayPayment(in)
	payment["captured"] = true
	s.razorpaySend("invoice.paid", sub.ID, at, object{
		"payment": object{"entity": payment},
		"invoice": object{"entity": s.razorpayInvoice(in)},
	})
}

// razorpayAPI answers /razorpay/v1/….
func (s *Simulator) razorpayAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	id, secret, _ := r.BasicAuth()
	if id != RazorpayKeyID || secret != RazorpayKeySecret {
		writeStripe(w, 401, razorpayError("Authentication failed"))
		return
	}
	var in struct {
		PlanID     string          `json:"plan_id"`
		TotalCount int             `json:"total_count"`
		Quantity   int64           `json:"quantity"`
		StartAt    int64           `json:"start_at"`
		ExpireBy   int64           `json:"expire_by"`
		Notes      json.RawMessage `json:"notes"`
		AtCycleEnd any             `json:"cancel_at_cycle_end"`

		Amount      int64  `json:"amount"` // of a payment link
		Currency    string `json:"currency"`
		Reference   string `json:"reference_id"`
		Description string `json:"description"`
		Callback    string `json:"callback_url"`
	}
	if r.Method == http.MethodPost {
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err == nil {
			err = strictjson.DecodeOpen(text, &in)
		}
		if err != nil {
			writeStripe(w, 400, razorpayError("The request is no JSON object"))
			return
		}
	}
	s.change(func() {
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/razorpay/v1/"), "/")
		switch route := r.Method + " " + parts[0]; {
		case route == "POST subscriptions" && len(parts) == 1:
			notes := map[string]string{}
			if len(in.Notes) > 0 && in.Notes[0] == '{' {
				if err := strictjson.DecodeOpen(in.Notes, &notes); err != nil || len(notes) > 15 {
					writeStripe(w, 400, razorpayError("notes are at most 15 pairs of text"))
					return
				}
			}
			status, body := s.makeRazorpay(in.PlanID, in.TotalCount, in.Quantity, in.StartAt, in.ExpireBy, notes)
			writeStripe(w, status, body)
		case route == "GET subscriptions" && len(parts) == 1:
			writeStripe(w, 200, s.listRazorpay(r))
		case parts[0] == "subscriptions":
			sub := s.s.Subscriptions[parts[1]]
			if sub == nil || sub.Provider != facts.Razorpay {
				writeStripe(w, 400, razorpayError("The id provided does not exist"))
				return
			}
			if r.Method == http.MethodPost && len(parts) == 3 && parts[2] == "cancel" {
				if sub.ended() {
					writeStripe(w, 400, razorpayError("Subscription is not cancellable in "+sub.Status+" status."))
					return
				}
				s.cancelRazorpay(sub, in.AtCycleEnd == true || in.AtCycleEnd == float64(1), "")
			}
			writeStripe(w, 200, s.razorpaySub(sub))
		case route == "GET invoices":
			items := []object{}
			for _, inv := range sorted(s.s.Invoices) {
				if inv.Provider == facts.Razorpay && (len(parts) == 2 && inv.ID == parts[1] || len(parts) == 1 &&
					inv.Subscription == r.URL.Query().Get("subscription_id")) {
					items = append(items, s.razorpayInvoice(inv))
				}
			}
			one(w, items, len(parts) == 2)
		case route == "GET payments" && len(parts) == 1:
			writeStripe(w, 200, s.listPayments(r))
		case route == "POST payment_links" && len(parts) == 1:
			notes := map[string]string{}
			if len(in.Notes) > 0 && in.Notes[0] == '{' {
				if err := strictjson.DecodeOpen(in.Notes, &notes); err != nil || len(notes) > 15 {
					writeStripe(w, 400, razorpayError("notes are at most 15 pairs of text"))
					return
				}
			}
			status, body := s.makeLink(linkRequest{
				in.Amount, in.Currency, in.Reference, in.Description, in.Callback,
				in.ExpireBy, notes,
			})
			writeStripe(w, status, body)
		case route == "GET payment_links" && len(parts) == 1:
			writeStripe(w, 200, s.listLinks(r.URL.Query()))
		case route == "GET payment_links" && len(parts) == 2:
			items := []object{}
			if l := s.linkBy(parts[1]); l != nil {
				items = append(items, s.linkJSON(l))
			}
			one(w, items, true)
		case route == "GET webhooks" && len(parts) == 1:
			writeStripe(w, 200, s.razorpayWebhooks())
		case route == "GET plans" && len(parts) == 1:
			writeStripe(w, 200, collection(r.URL.Query(), s.razorpayPlans(), razorpayPlan))
		case route == "GET plans" && len(parts) == 2:
			if p, ok := s.prices[parts[1]]; ok && p.Provider == facts.Razorpay {
				writeStripe(w, 200, razorpayPlan(p))
				return
			}
			writeStripe(w, 400, razorpayError("The id provided does not exist"))
		case route == "GET refunds" && len(parts) == 1:
			writeStripe(w, 200, s.razorpayReversals(r, "refund"))
		case route == "GET disputes" && len(parts) == 1:
			writeStripe(w, 200, s.razorpayReversals(r, "dispute"))
		case route == "GET payments" && len(parts) == 2:
			items := []object{}
			for _, l := range s.s.Links {
				if l.Payment != "" && l.Payment == parts[1] {
					items = append(items, linkPayment(l))
				}
			}
			for _, inv := range sorted(s.s.Invoices) {
				if inv.Provider == facts.Razorpay && inv.Payment == parts[1] {
					items = append(items, s.razorpayPayment(inv))
				}
			}
			for _, sub := range s.s.Subscriptions {
				if sub.Mandate == parts[1] { // not captured, and for no invoice
					items = append(items, object{
						"id": sub.Mandate, "entity": "payment", "amount": 500, "currency": s.prices[sub.Price].Currency,
						"status": "authorized", "captured": false,
						"invoice_id": nil, "customer_id": textOrNull(sub.Customer), "amount_refunded": 0,
						"notes":      []any{},
						"created_at": s.now(),
					})
				}
			}
			one(w, items, true)
		default:
			writeStripe(w, 400, razorpayError("The requested URL was not found on the server."))
		}
	})
}

func one(w http.ResponseWriter, items []object, single bool) {
	switch {
	case !single:
		writeStripe(w, 200, object{"entity": "collection", "count": len(items), "items": items})
	case len(items) == 0:
		writeStripe(w, 400, razorpayError("The id provided does not exist"))
	default:
		writeStripe(w, 200, items[0])
	}
}

func razorpayError(text string) object {
	return object{"error": object{
		"code": "BAD_REQUEST_ERROR", "description": text, "source": "business", "step": "NA",
		"reason": "input_validation_failed", "metadata": object{},
	}}
}

func (s *Simulator) makeRazorpay(
	plan string, total int, quantity, startAt, expireBy int64, notes map[string]string,
) (int, object) {
	now := s.now()
	switch {
	case s.prices[plan].Provider != facts.Razorpay:
		return 400, razorpayError("The id provided does not exist")
	case total < 1 || total > 1200:
		return 400, razorpayError("The total count must be between 1 and 1200.")
	case startAt != 0 && startAt <= now:
		return 400, razorpayError("start_at cannot be lesser than the current time.")
	case expireBy != 0 && expireBy <= now:
		return 400, razorpayError("expire_by cannot be lesser than the current time.")
	}
	sub := &subscription{
		Provider: facts.Razorpay, ID: newID("sub_"), Price: plan, Status: "created", Metadata: notes,
		Quantity: quantity,
		Created:  now, Start: startAt, Total: total, ExpireBy: expireBy, Short: newID("")[:8],
	}
	s.s.Subscriptions[sub.ID] = sub
	s.s.changed = true
	return 200, s.razorpaySub(sub)
}

func (s *Simulator) listRazorpay(r *http.Request) object {
	q := r.URL.Query()
	var list []*subscription
	for _, sub := range sorted(s.s.Subscriptions) {
		if sub.Provider == facts.Razorpay && (q.Get("plan_id") == "" || sub.Price == q.Get("plan_id")) &&
			sub.Created >= from(q) {
			list = append(list, sub)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Created > list[j].Created })
	return collection(q, list, s.razorpaySub)
}

// from is since when a list is asked for.
func from(q url.Values) int64 {
	from, _ := strconv.ParseInt(q.Get("from"), 10, 64)
	return from
}

// collection answers with a page of a list as Razorpay does: ten, or as many as count says up to a hundred, after skip.
func collection[T any](q url.Values, list []T, entity func(T) object) object {
	count, _ := strconv.Atoi(q.Get("count"))
	skip, _ := strconv.Atoi(q.Get("skip"))
	if count < 1 || count > 100 {
		count = 10
	}
	list = list[min(max(skip, 0), len(list)):]
	items := []object{}
	for _, one := range list[:min(count, len(list))] {
		items = append(items, entity(one))
	}
	return object{"entity": "collection", "count": len(items), "items": items}
}

// cancelRazorpay ends a subscription now, with an event; or notes silently that
// it will end with its cycle.
func (s *Simulator) cancelRazorpay(sub *subscription, atCycleEnd bool, by string) {
	s.s.changed = true
	if atCycleEnd && sub.PeriodEnd != 0 {
		sub.CancelAtEnd = true
		return
	}
	sub.Status, sub.EndedAt, sub.Reason = "cancelled", s.now(), by
	s.razorpayEvent("subscription.cancelled", sub, nil, sub.EndedAt)
}
