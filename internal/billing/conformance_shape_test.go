package billing

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

// render makes the provider's real shape from the normalised fields, and signs it.
func (b *caseBench) render(s conformanceStep) ([]byte, http.Header) {
	var event fields
	if b.c.Provider == facts.Stripe {
		event = fields{
			"id": s.EventID, "object": "event", "type": s.Event, "created": s.Created, "livemode": s.Live,
			"api_version": "2026-03-25.dahlia",
			"data":        fields{"object": b.stripeObject(s.Fields, s.Shape)},
		}
		if s.Connect != "" {
			event["account"] = s.Connect
		}
		if s.Previous != nil {
			event["data"].(fields)["previous_attributes"] = previous(s.Previous)
		}
	} else {
		account := s.Account
		if account == "" {
			account = b.account
		}
		payload, contains := fields{}, []string{}
		for k, v := range s.Fields {
			payload[k] = fields{"entity": b.notes(v.(fields))}
			contains = append(contains, k)
		}
		event = fields{
			"entity": "event", "account_id": account, "event": s.Event, "contains": contains,
			"payload": payload, "created_at": s.Created,
		}
		if s.Shape == "created_at_in_payload" {
			payload["created_at"] = s.Created
			delete(event, "created_at")
		}
	}
	body, err := json.Marshal(event)
	if err != nil {
		b.Fatal(err)
	}
	by, t := []string{"current"}, s.At
	if len(b.c.Setup.Secrets) > 0 {
		by = b.c.Setup.Secrets[:1]
	}
	signed := body
	if s.Sig != nil {
		if s.Sig.By != nil {
			by = s.Sig.By
		}
		if s.Sig.T != 0 {
			t = s.Sig.T
		}
		if s.Sig.Body == "reencoded" {
			body = []byte(strings.ReplaceAll(string(body), `":`, `": `))
		}
	}
	var keys []string
	for _, n := range by {
		keys = append(keys, secretKey(n))
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if b.c.Provider == facts.Stripe {
		h.Set(stripe.SignatureHeader, stripe.Sign(signed, time.Unix(t, 0), keys...))
	} else {
		h.Set(razorpay.SignatureHeader, facts.Sign(keys[0], signed))
		h.Set(razorpay.EventIDHeader, s.EventID)
	}
	return body, h
}

// previous is what a change of a subscription at Stripe says of before.
func previous(f fields) fields {
	out, item := fields{}, fields{}
	for k, v := range f {
		switch k {
		case "price":
			item["price"] = fields{"id": v}
		case "current_period_start", "current_period_end":
			item[k] = v
		default:
			out[k] = v
		}
	}
	if len(item) > 0 {
		out["items"] = fields{"data": []fields{item}}
	}
	return out
}

// notes replaces the case's user id by our account id.
func (b *caseBench) notes(entity fields) fields {
	out := fields{}
	for k, v := range entity {
		if n, ok := v.(fields); ok && k == "notes" {
			v = b.metadata(n)
		}
		out[k] = v
	}
	return out
}

func (b *caseBench) metadata(m fields) fields {
	out := fields{}
	for k, v := range m {
		if k == "user_id" {
			k, v = "account_id", b.user(v.(string)).AccountID.String()
		}
		out[k] = v
	}
	return out
}

func (b *caseBench) stripeObject(f fields, shape string) fields {
	out := fields{}
	for k, v := range f {
		out[k] = v
	}
	switch f["object"] {
	case "subscription":
		item := fields{
			"price": fields{"id": f["price"]}, "current_period_start": f["current_period_start"],
			"current_period_end": f["current_period_end"],
		}
		delete(out, "price")
		if shape == "pre-basil" {
			item = fields{"price": fields{"id": f["price"]}}
		} else {
			delete(out, "current_period_start")
			delete(out, "current_period_end")
		}
		out["items"] = fields{"data": []fields{item}}
		if m, ok := f["metadata"].(fields); ok {
			out["metadata"] = b.metadata(m)
		}
		if r, ok := f["cancellation_reason"]; ok {
			out["cancellation_details"] = fields{"reason": r}
		}
	case "invoice":
		out["parent"] = fields{"subscription_details": fields{"subscription": f["parent_subscription"]}}
		line := fields{"period": fields{"start": f["line_period_start"], "end": f["line_period_end"]}}
		if price, ok := f["line_price"]; ok {
			line["pricing"] = fields{"price_details": fields{"price": price}}
		}
		out["lines"] = fields{"data": []fields{line}}
	case "checkout.session":
		if u, ok := f["client_reference_id"].(string); ok {
			out["client_reference_id"] = b.user(u).AccountID.String()
		}
	}
	return out
}

// ofSubscription reports whether an object is an invoice of a subscription.
func ofSubscription(f fields, id string) bool {
	return f["object"] == "invoice" && f["parent_subscription"] == id
}

// reached reports whether the provider has come to a step by now.
func (b *caseBench) reached(s conformanceStep) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !s.Forged && !s.Foreign && s.Created <= b.now.Unix()
}

// latest is the newest state of an object that the provider has reached by now.
func (b *caseBench) latest(match func(s conformanceStep) (fields, bool)) (found fields, shape string) {
	seq := -1
	for _, s := range b.c.Steps {
		if !b.reached(s) || s.Seq <= seq {
			continue
		}
		if f, ok := match(s); ok {
			found, shape, seq = f, s.Shape, s.Seq
		}
	}
	return found, shape
}

func (b *caseBench) api(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	if r.Method == http.MethodPost { // what was asked for shows in a later step of the case
		path = strings.TrimSuffix(strings.TrimSuffix(path, "/cancel"), "/void")
	}
	id := path[strings.LastIndex(path, "/")+1:]
	byID := func(object string) fields {
		f, shape := b.latest(func(s conformanceStep) (fields, bool) {
			return s.Fields, s.Fields["id"] == id && s.Fields["object"] == object
		})
		if f == nil {
			for _, s := range b.c.Steps {
				if p, ok := s.Fields["provider"].(fields); ok {
					for _, o := range p {
						if o := o.(fields); o["id"] == id {
							f = o
							if o["object"] == nil && object == "subscription" {
								o["object"] = object
							}
						}
					}
				}
			}
		}
		if f == nil {
			return nil
		}
		return b.stripeObject(f, shape)
	}
	out := b.listed(r)
	switch {
	case out != nil:
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "subscriptions/"):
		out = b.withInvoice(byID("subscription"))
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "checkout/sessions/"):
		out = byID("checkout.session")
	case b.c.Provider == facts.Stripe && strings.HasPrefix(path, "invoices/"):
		out = byID("invoice")
	case path == "invoice_payments":
		intent := r.URL.Query().Get("payment[payment_intent]")
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			return s.Fields, s.Fields["payment_intent"] == intent && s.Fields["invoice_via_invoice_payments"] != nil
		})
		data := []fields{}
		if f != nil {
			data = append(data, fields{
				"id": "inpay_1", "object": "invoice_payment",
				"invoice": f["invoice_via_invoice_payments"],
			})
		}
		out = fields{"object": "list", "data": data, "has_more": false, "url": "/v1/invoice_payments"}
	case strings.HasPrefix(path, "subscriptions/"):
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			sub, ok := s.Fields["subscription"].(fields)
			return sub, ok && sub["id"] == id
		})
		if f != nil {
			out = b.notes(f)
		}
	case path == "invoices":
		items := []fields{}
		seen := map[any]bool{}
		for _, s := range b.c.Steps { // each captured payment has settled the invoice of the cycle that it came with
			sub, _ := s.Fields["subscription"].(fields)
			p, _ := s.Fields["payment"].(fields)
			if b.reached(s) && sub != nil && sub["id"] == r.URL.Query().Get("subscription_id") &&
				p["status"] == "captured" && p["invoice_id"] != nil && !seen[p["invoice_id"]] {
				seen[p["invoice_id"]] = true
				items = append(items, fields{
					"id": p["invoice_id"], "entity": "invoice", "subscription_id": sub["id"], "payment_id": p["id"],
					"status": "paid", "amount": p["amount"], "currency": p["currency"],
					"billing_start": sub["current_start"], "billing_end": sub["current_end"],
				})
			}
		}
		out = fields{"entity": "collection", "items": items}
	case strings.HasPrefix(path, "invoices/"):
		f, _ := b.latest(func(s conformanceStep) (fields, bool) {
			p, ok := s.Fields["payment"].(fields)
			sub, _ := s.Fields["subscription"].(fields)
			return fields{"id": id, "subscription_id": sub["id"]}, ok && sub != nil && p["invoice_id"] == id
		})
		if f != nil {
			out = f
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if out == nil || fmt.Sprint(out) == "map[]" {
		w.WriteHeader(404)
		_, _ = w.Write([]byte(`{"error":{"type":"invalid_request_error","code":"resource_missing","message":"no such object","description":"The id provided does not exist"}}`))
		return
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		b.Error(err)
	}
}
