package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

const stripeVersion = "2026-03-25.dahlia"

type object = map[string]any

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func meta(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func stripeList(path string, data []object, limit int) object {
	more := false
	if limit > 0 && len(data) > limit {
		data, more = data[:limit], true
	}
	if data == nil {
		data = []object{}
	}
	return object{"object": "list", "url": path, "has_more": more, "data": data}
}

func (s *Simulator) priceJSON(id string) object {
	p := s.prices[id]
	return object{
		"id": p.ID, "object": "price", "active": true, "currency": strings.ToLower(p.Currency), "unit_amount": p.Amount,
		"type":    "recurring",
		"product": "prod_" + strings.TrimPrefix(p.ID, "price_"), "recurring": object{
			"interval":       p.Interval,
			"interval_count": 1, "usage_type": "licensed",
		}, "livemode": false, "metadata": object{},
	}
}

func (s *Simulator) subJSON(sub *subscription) object { return s.subObject(sub, false, false) }

// expands reports whether a request asks for a part of an object in full.
func expands(f url.Values, part string) bool {
	for k, v := range f {
		if strings.HasPrefix(k, "expand[") && len(v) > 0 && v[0] == part {
			return true
		}
	}
	return false
}

// subObject is a subscription, with its schedule and its newest invoice as objects
// where they are asked for.
func (s *Simulator) subObject(sub *subscription, schedule, invoices bool) object {
	var last *invoice
	for _, in := range s.s.Invoices {
		if in.Subscription == sub.ID && (last == nil || in.Serial > last.Serial) {
			last = in
		}
	}
	var latest, pending any
	switch {
	case last != nil && invoices:
		latest = s.invoiceJSON(last)
	case last != nil:
		latest = last.ID
	}
	if sub.Pending != "" {
		pending = object{"expires_at": sub.PendingUntil, "subscription_items": []object{{
			"price":    s.priceJSON(sub.Pending),
			"quantity": max(sub.PendingQuantity, 1),
		}}}
	}
	items := []object{{
		"id":     "si_" + strings.TrimPrefix(sub.ID, "sub_"),
		"object": "subscription_item", "quantity": max(sub.Quantity, 1), "subscription": sub.ID,
		"price":   s.priceJSON(sub.Price),
		"created": sub.Created, "metadata": object{},
		"current_period_start": sub.PeriodStart, "current_period_end": sub.PeriodEnd,
	}}
	if sub.AddOn {
		items = append([]object{{
			"id": "si_addon_" + sub.ID, "object": "subscription_item", "quantity": 1, "subscription": sub.ID,
			"price":   object{"id": "price_SimulatedAddOn", "object": "price"},
			"created": sub.Created, "metadata": object{}, "current_period_start": sub.PeriodStart,
			"current_period_end": sub.PeriodEnd,
		}}, items...)
	}
	return object{
		"id": sub.ID, "object": "subscription", "customer": sub.Customer, "status": sub.Status, "livemode": false,
		"created":    sub.Created,
		"start_date": sub.Created, "billing_cycle_anchor": sub.Start, "billing_mode": object{"type": "flexible"},
		"collection_method":    "charge_automatically",
		"cancel_at_period_end": sub.CancelAtEnd, "cancel_at": orNull(sub.CancelAt),
		"canceled_at": orNull(sub.CanceledAt),
		"ended_at":    orNull(sub.EndedAt),
		"trial_end":   orNull(sub.TrialEnd), "trial_start": nil, "pause_collection": nil,
		"currency": strings.ToLower(s.prices[sub.Price].Currency),
		"schedule": s.scheduleJSON(sub, schedule), "pending_update": pending,
		"cancellation_details": object{"reason": textOrNull(sub.Reason), "comment": nil, "feedback": nil},
		"latest_invoice":       latest, "metadata": meta(sub.Metadata),
		"items": object{
			"object": "list", "has_more": false, "url": "/v1/subscription_items?subscription=" + sub.ID,
			"data": items,
		},
	}
}

func (s *Simulator) invoiceJSON(in *invoice) object {
	total := in.total()
	paid := int64(0)
	if in.Status == "paid" {
		paid = total
	}
	parts := func(n int64) []object {
		if n == 0 {
			return []object{}
		}
		return []object{{"amount": n}}
	}
	lines := []object{}
	for n, l := range in.Lines {
		parent := object{
			"type": "subscription_item_details", "invoice_item_details": nil,
			"subscription_item_details": object{"subscription": in.Subscription, "subscription_item": "si_" +
				strings.TrimPrefix(in.Subscription, "sub_"), "proration": l.Prorated},
		}
		if l.Once || l.Prorated {
			parent = object{
				"type": "invoice_item_details", "subscription_item_details": nil,
				"invoice_item_details": object{
					"subscription": in.Subscription, "invoice_item": "ii_" + in.ID,
					"proration": l.Prorated,
				},
			}
		}
		lines = append(lines, object{
			"id": "il_" + in.ID + strconv.Itoa(n), "object": "line_item", "amount": l.Amount, "quantity": 1,
			"currency": strings.ToLower(in.Currency), "period": object{"start": l.Start, "end": l.End},
			"parent": parent, "pricing": object{
				"type":          "price_details",
				"price_details": object{"price": l.Price, "product": "prod_" + strings.TrimPrefix(l.Price, "price_")},
			},
		})
	}
	var finalized any
	if in.Status != "draft" {
		finalized = in.Created
	}
	return object{
		"id": in.ID, "object": "invoice", "number": in.Number, "customer": in.Customer, "status": in.Status,
		"billing_reason": in.Reason, "livemode": false,
		"amount_due": total, "amount_paid": paid, "amount_remaining": total - paid, "total": total,
		"subtotal": in.Amount,
		"currency": strings.ToLower(in.Currency), "created": in.Created,
		"total_discount_amounts": parts(in.Off), "total_taxes": parts(in.Tax), "starting_balance": 0,
		"period_start": in.Start, "period_end": in.End, "status_transitions": object{
			"paid_at":      orNull(in.PaidAt),
			"finalized_at": finalized, "marked_uncollectible_at": nil, "voided_at": nil,
		},
		"parent": object{
			"type": "subscription_details", "quote_details": nil,
			"subscription_details": object{"subscription": in.Subscription, "metadata": object{}},
		},
		"lines": object{
			"object": "list", "has_more": false, "url": "/v1/invoices/" + in.ID + "/lines",
			"data": lines,
		},
		"hosted_invoice_url": s.c.URL + "/invoice/" + in.ID, "invoice_pdf": s.c.URL + "/invoice/" + in.ID,
		"metadata": object{},
	}
}

func (s *Simulator) sessionJSON(c *session) object {
	var pay any = s.c.URL + "/c/pay/" + c.ID
	if c.Status != "open" {
		pay = nil
	}
	mode := c.Mode
	if mode == "" {
		mode = "subscription"
	}
	return object{
		"id": c.ID, "object": "checkout.session", "mode": mode, "status": c.Status, "payment_status": c.Paid,
		"customer":     c.Customer,
		"subscription": textOrNull(c.Subscription), "client_reference_id": textOrNull(c.Reference),
		"metadata": meta(c.Metadata), "url": pay, "ui_mode": "hosted_page",
		"success_url": c.SuccessURL, "cancel_url": textOrNull(c.CancelURL), "created": c.Created,
		"expires_at":   c.ExpiresAt,
		"livemode":     false,
		"amount_total": s.prices[c.Price].Amount, "amount_subtotal": s.prices[c.Price].Amount,
		"currency": strings.ToLower(s.prices[c.Price].Currency), "payment_intent": textOrNull(c.Intent),
	}
}

func customerJSON(c *customer) object {
	if c.Deleted {
		return object{"id": c.ID, "object": "customer", "deleted": true}
	}
	return object{
		"id": c.ID, "object": "customer", "email": c.Email, "created": c.Created, "livemode": false,
		"metadata": meta(c.Metadata),
	}
}

func (s *Simulator) stripeEvent(kind, about string, at int64, obj object) {
	id := newID("evt_")
	s.enqueue(facts.Stripe, id, kind, about, at, object{
		"id": id, "object": "event", "api_version": stripeVersion, "created": at, "livemode": false,
		"pending_webhooks": 1, "request": object{"id": nil, "idempotency_key": nil}, "type": kind,
		"data": object{"object": obj},
	})
}

func (s *Simulator) subEvent(kind string, sub *subscription, at int64) {
	s.stripeEvent(kind, sub.ID, at, s.subJSON(sub))
}

// stripeAPI answers /v1/….
func (s *Simulator) stripeAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", newID("req_"))
	if r.Header.Get("Authorization") != "Bearer "+StripeKey {
		writeStripe(w, 401, stripeError("invalid_request_error", "",
			"Invalid API Key provided: the simulator knows only "+StripeKey))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		writeStripe(w, 400, stripeError("invalid_request_error", "", "The body is no form."))
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if r.Method != http.MethodPost || key == "" || len(key) > 255 {
		s.change(func() {
			status, body := s.stripeCall(r)
			writeStripe(w, status, body)
		})
		return
	}
	sum := sha256.Sum256([]byte(r.URL.Path + "\n" + r.PostForm.Encode()))
	request := hex.EncodeToString(sum[:])
	s.change(func() {
		if a := s.s.Idempotent[key]; a != nil {
			if a.Request != request {
				writeStripe(w, 400, stripeError("idempotency_error", "idempotency_error",
					"Keys for idempotent requests can only be used with the same parameters they were first used with."))
				return
			}
			w.Header().Set("Idempotent-Replayed", "true")
			w.WriteHeader(a.Status)
			_, _ = w.Write(a.Body)
			return
		}
		status, body := s.stripeCall(r)
		b := writeStripe(w, status, body)
		if status != 400 { // what fails validation is not stored with the key
			s.s.Idempotent[key] = &answer{Request: request, Status: status, Body: b}
			s.s.changed = true
		}
	})
}

func writeStripe(w http.ResponseWriter, status int, body object) []byte {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // our own maps always marshal
	}
	w.WriteHeader(status)
	_, _ = w.Write(b)
	return b
}

func stripeError(kind, code, text string) object {
	e := object{"type": kind, "message": text}
	if code != "" {
		e["code"] = code
	}
	return object{"error": e}
}

func missing(what, id string) (int, object) {
	return 404, stripeError("invalid_request_error", "resource_missing", "No such "+what+": '"+id+"'")
}

func invalid(text string) (int, object) {
	return 400, stripeError("invalid_request_error", "parameter_invalid", text)
}

// formMap collects name[key]=value.
func formMap(f url.Values, name string) map[string]string {
	out := map[string]string{}
	for k, v := range f {
		if rest,
			ok := strings.CutPrefix(k, name+"["); ok && strings.HasSuffix(rest, "]") && !strings.Contains(rest, "[") {
			out[strings.TrimSuffix(rest, "]")] = v[0]
		}
	}
	return out
}

func (s *Simulator) stripeCall(r *http.Request) (int, object) {
	f := r.Form
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	route := r.Method + " " + parts[0]
	switch {
	case route == "POST customers" && len(parts) == 1:
		c := &customer{ID: newID("cus_"), Email: f.Get("email"), Metadata: formMap(f, "metadata"), Created: s.now()}
		s.s.Customers[c.ID] = c
		s.s.changed = true
		return 200, customerJSON(c)
	case route == "GET customers" && len(parts) == 2:
		if c := s.s.Customers[parts[1]]; c != nil {
			return 200, customerJSON(c)
		}
		return missing("customer", parts[1])
	case parts[0] == "checkout" && len(parts) >= 2 && parts[1] == "sessions":
		return s.stripeSessions(r.Method, parts[2:], f)
	case parts[0] == "subscriptions":
		return s.stripeSubscriptions(r.Method, parts[1:], f)
	case route == "GET invoices" && len(parts) == 2:
		if in := s.s.Invoices[parts[1]]; in != nil && in.Provider == facts.Stripe {
			return 200, s.invoiceJSON(in)
		}
		return missing("invoice", parts[1])
	case route == "POST invoices" && len(parts) == 3 && parts[2] == "void":
		return s.voidInvoice(parts[1])
	case route == "GET invoices":
		return 200, stripeList("/v1/invoices", s.stripeInvoices(f), limitOf(f))
	case route == "POST invoices" && len(parts) == 2 && parts[1] == "create_preview":
		return s.previewChange(f)
	case parts[0] == "subscription_schedules" && r.Method == http.MethodPost:
		return s.stripeSchedules(parts[1:], f)
	case route == "GET refunds" && len(parts) == 1:
		return 200, stripeList("/v1/refunds", s.stripeReversals(f, "refund"), limitOf(f))
	case route == "GET disputes" && len(parts) == 1:
		return 200, stripeList("/v1/disputes", s.stripeReversals(f, "dispute"), limitOf(f))
	case route == "GET payment_intents" && len(parts) == 2:
		for _, c := range s.s.Sessions {
			if c.Intent == parts[1] {
				return 200, object{
					"id": c.Intent, "object": "payment_intent", "status": "succeeded", "customer": c.Customer,
					"latest_charge": s.sessionCharge(c),
				}
			}
		}
		return missing("payment_intent", parts[1])
	case route == "GET events":
		return 200, stripeList("/v1/events", s.stripeEvents(f), limitOf(f))
	case route == "GET webhook_endpoints":
		return 200, stripeList("/v1/webhook_endpoints", s.webhookEndpoints(), limitOf(f))
	case route == "GET prices" && len(parts) == 2:
		if p, ok := s.prices[parts[1]]; ok && p.Provider == facts.Stripe {
			return 200, stripePrice(p)
		}
		return missing("price", parts[1])
	case route == "GET prices" && len(parts) == 1:
		return 200, stripeList("/v1/prices", s.stripePrices(f), limitOf(f))
	case route == "GET invoice_payments":
		var data []object
		for _, in := range sorted(s.s.Invoices) {
			if in.Provider == facts.Stripe && in.Payment != "" && in.Payment == f.Get("payment[payment_intent]") {
				data = append(data, object{
					"id": "inpay_" + in.ID, "object": "invoice_payment", "invoice": in.ID, "status": "paid",
					"amount_paid": in.total(),
					"currency":    strings.ToLower(in.Currency), "payment": object{
						"type":           "payment_intent",
						"payment_intent": in.Payment,
					},
				})
			}
		}
		return 200, stripeList("/v1/invoice_payments", data, limitOf(f))
	case route == "POST billing_portal" && len(parts) == 2 && parts[1] == "sessions":
		c := s.s.Customers[f.Get("customer")]
		if c == nil || c.Deleted {
			return missing("customer", f.Get("customer"))
		}
		return 200, object{
			"id": newID("bps_"), "object": "billing_portal.session", "customer": c.ID, "livemode": false,
			"created":    s.now(),
			"return_url": f.Get("return_url"),
			"url":        s.c.URL + "/p/session/" + c.ID + "?return_url=" + url.QueryEscape(f.Get("return_url")),
		}
	}
	return 404, stripeError("invalid_request_error", "", "Unrecognized request URL ("+r.Method+": "+r.URL.Path+").")
}

func limitOf(f url.Values) int {
	n, err := strconv.Atoi(f.Get("limit"))
	if err != nil || n < 1 || n > 100 {
		return 10
	}
	return n
}

func (s *Simulator) stripeInvoices(f url.Values) []object {
	var list []*invoice
	for _, in := range sorted(s.s.Invoices) {
		if in.Provider == facts.Stripe && (f.Get("subscription") == "" || in.Subscription == f.Get("subscription")) &&
			(f.Get("customer") == "" || in.Customer == f.Get("customer")) &&
			(f.Get("status") == "" || in.Status == f.Get("status")) && in.Created >= createdSince(f) {
			list = append(list, in)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Serial > list[j].Serial })
	list = startingAfter(list, f, func(in *invoice) string { return in.ID })
	var data []object
	for _, in := range list {
		data = append(data, s.invoiceJSON(in))
	}
	return data
}

func (s *Simulator) stripeSessions(method string, parts []string, f url.Values) (int, object) {
	if method == "POST" && len(parts) == 0 {
		price := f.Get("line_items[0][price]")
		cus := s.s.Customers[f.Get("customer")]
		expires, _ := strconv.ParseInt(f.Get("expires_at"), 10, 64)
		now := s.now()
		if expires == 0 {
			expires = now + day
		}
		switch {
		case f.Get("mode") != "subscription" && f.Get("mode") != "payment":
			return invalid("The simulator opens sessions of mode subscription and payment only.")
		case (s.prices[price].Interval == "") != (f.Get("mode") == "payment") &&
			s.prices[price].Provider == facts.Stripe:
			return invalid("You specified a price that does not fit the mode of the session.")
		case s.prices[price].Provider != facts.Stripe:
			return 400, stripeError("invalid_request_error", "resource_missing", "No such price: '"+price+"'")
		case f.Get("customer") != "" && (cus == nil || cus.Deleted):
			return 400,
				stripeError("invalid_request_error", "resource_missing", "No such customer: '"+f.Get("customer")+"'")
		case !strings.HasPrefix(f.Get("success_url"), "http"):
			return invalid("success_url must be an address.")
		case expires < now+30*60-5 || expires > now+day+5:
			return invalid("The expires_at timestamp must be between 30 minutes and 24 hours from now.")
		}
		if cus == nil { // as Stripe does: a new customer every time
			cus = &customer{ID: newID("cus_"), Email: f.Get("customer_email"), Created: now}
			s.s.Customers[cus.ID] = cus
		}
		trial, _ := strconv.Atoi(f.Get("subscription_data[trial_period_days]"))
		c := &session{
			Quantity: seatsOf(f.Get("line_items[0][quantity]")),
			ID:       newID("cs_test_"), Customer: cus.ID, Price: price, Reference: f.Get("client_reference_id"),
			Metadata:    formMap(f, "metadata"),
			SubMetadata: formMap(f, "subscription_data[metadata]"), TrialDays: trial, SuccessURL: f.Get("success_url"),
			CancelURL: f.Get("cancel_url"),
			Status:    "open", Paid: "unpaid", Created: now, ExpiresAt: expires,
		}
		if f.Get("mode") == "payment" {
			c.Mode = "payment"
		}
		s.s.Sessions[c.ID] = c
		s.s.changed = true
		return 200, s.sessionJSON(c)
	}
	if len(parts) == 0 {
		return 200, stripeList("/v1/checkout/sessions", s.listSessions(f), limitOf(f))
	}
	c := s.s.Sessions[parts[0]]
	switch {
	case c == nil:
		return missing("checkout.session", parts[0])
	case method == "GET" && len(parts) == 1:
		return 200, s.sessionJSON(c)
	case method == "POST" && len(parts) == 2 && parts[1] == "expire":
		if c.Status != "open" {
			return invalid("Only Checkout Sessions with a status in [\"open\"] can be expired. " +
				"This Checkout Session has a status of " + c.Status + ".")
		}
		c.Status = "expired"
		s.stripeEvent("checkout.session.expired", c.ID, s.now(), s.sessionJSON(c))
		return 200, s.sessionJSON(c)
	}
	return 404, stripeError("invalid_request_error", "", "Unrecognized request URL.")
}

func (s *Simulator) stripeSubscriptions(method string, parts []string, f url.Values) (int, object) {
	if len(parts) == 0 {
		var list []*subscription
		for _, sub := range sorted(s.s.Subscriptions) {
			if sub.Provider != facts.Stripe || (f.Get("customer") != "" && sub.Customer != f.Get("customer")) ||
				(f.Get("price") != "" && sub.Price != f.Get("price")) {
				continue
			}
			switch st := f.Get("status"); {
			case st == "" && sub.Status == "canceled", st != "" && st != "all" && st != sub.Status:
				continue
			}
			list = append(list, sub)
		}
		sort.SliceStable(list, func(i, j int) bool { return list[i].Created > list[j].Created })
		list = startingAfter(list, f, func(sub *subscription) string { return sub.ID })
		var data []object
		for _, sub := range list {
			data = append(data, s.subObject(sub, expands(f, "data.schedule"), expands(f, "data.latest_invoice")))
		}
		return 200, stripeList("/v1/subscriptions", data, limitOf(f))
	}
	sub := s.s.Subscriptions[parts[0]]
	if sub == nil || sub.Provider != facts.Stripe {
		return missing("subscription", parts[0])
	}
	now := s.now()
	switch method {
	case "GET":
		return 200, s.subObject(sub, expands(f, "schedule"), expands(f, "latest_invoice"))
	case "DELETE":
		if sub.ended() {
			return missing("subscription", sub.ID)
		}
		s.endStripe(sub, now, "cancellation_requested")
		return 200, s.subJSON(sub)
	case "POST":
		if sub.ended() {
			return invalid("A canceled subscription can only update its cancellation_details and metadata.")
		}
		if sub.Pending != "" {
			return invalid("This subscription has a pending update. Pay or void its invoice first.")
		}
		if sub.Schedule != "" && (f.Has("items[0][price]") || f.Has("cancel_at_period_end") || f.Has("cancel_at")) {
			return invalid("The subscription is managed by the subscription schedule `" + sub.Schedule +
				"`, and updating it directly is not allowed.")
		}
		if f.Has("items[0][price]") {
			return s.changePrice(sub, f)
		}
		for k, v := range f {
			switch k {
			case "cancel_at_period_end":
				sub.CancelAtEnd = v[0] == "true"
				sub.CancelAt, sub.CanceledAt = 0, 0
				if sub.CancelAtEnd {
					sub.CancelAt, sub.CanceledAt = sub.PeriodEnd, now
				}
			case "cancel_at":
				sub.CancelAt, _ = strconv.ParseInt(v[0], 10, 64)
			default:
				return invalid("Received unknown parameter: " + k)
			}
		}
		s.subEvent("customer.subscription.updated", sub, now)
		return 200, s.subJSON(sub)
	}
	return 404, stripeError("invalid_request_error", "", "Unrecognized request URL.")
}

// seatsOf is how many of a price are bought, 1 where nothing is said.
func seatsOf(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 1
	}
	return max(n, 1)
}
