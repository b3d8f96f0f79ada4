package billing

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// The lists of the provider's API, for @reconcile: what a case has brought about until now, newest first.

// listed answers a list, or nil where the path is none.
func (b *caseBench) listed(r *http.Request) any {
	if r.Method != http.MethodGet {
		return nil
	}
	q, path := r.URL.Query(), strings.TrimPrefix(r.URL.Path, "/v1/")
	if b.c.Provider == facts.Stripe {
		var data []fields
		switch path {
		case "subscriptions":
			for _, sub := range b.stripeObjects("subscription") {
				if q.Get("customer") == "" || sub["customer"] == q.Get("customer") {
					data = append(data, b.withInvoice(sub))
				}
			}
		case "invoices":
			for _, in := range b.stripeObjects("invoice") {
				if fits(q, "subscription", in["parent_subscription"]) && fits(q, "status", in["status"]) {
					data = append(data, in)
				}
			}
		case "checkout/sessions":
			for _, s := range b.stripeObjects("checkout.session") {
				if fits(q, "status", s["status"]) {
					data = append(data, s)
				}
			}
		case "refunds":
			for _, ch := range b.stripeObjects("charge") {
				if back, _ := ch["amount_refunded"].(float64); back > 0 {
					data = append(data, fields{"id": "re_of_" + ch["id"].(string), "status": "succeeded", "charge": ch})
				}
			}
		case "disputes":
			data = b.stripeObjects("dispute")
		case "events", "webhook_endpoints": // Stripe knows of none that was not delivered
		default:
			return nil
		}
		return fields{"object": "list", "data": append([]fields{}, data...), "has_more": false, "url": r.URL.Path}
	}
	var items []fields
	switch path {
	case "subscriptions":
		items = b.razorpayEntities("subscription")
	case "payments":
		items = b.razorpayEntities("payment")
	case "refunds":
		items = b.razorpayEntities("refund")
	case "disputes":
		items = b.razorpayEntities("dispute")
	case "payment_links":
		items = b.razorpayEntities("payment_link")
	case "webhooks":
	default:
		return nil
	}
	if path == "payment_links" {
		return fields{"payment_links": append([]fields{}, items...)}
	}
	if q.Get("skip") != "" && q.Get("skip") != "0" {
		items = nil
	}
	return fields{"entity": "collection", "count": len(items), "items": append([]fields{}, items...)}
}

// fits reports whether an object is among what a query asks for.
func fits(q url.Values, name string, value any) bool {
	return q.Get(name) == "" || value == q.Get(name)
}

// stripeObjects are the objects of a kind as they are now.
func (b *caseBench) stripeObjects(kind string) (list []fields) {
	for _, id := range b.ids(func(s conformanceStep) any {
		if s.Fields["object"] == kind {
			return s.Fields["id"]
		}
		return nil
	}) {
		f, shape := b.latest(func(s conformanceStep) (fields, bool) {
			return s.Fields, s.Fields["object"] == kind && s.Fields["id"] == id
		})
		list = append(list, b.stripeObject(f, shape))
	}
	return list
}

// razorpayEntities are the entities of a kind as they are now.
func (b *caseBench) razorpayEntities(kind string) (list []fields) {
	of := func(s conformanceStep) fields { f, _ := s.Fields[kind].(fields); return f }
	for _, id := range b.ids(func(s conformanceStep) any { return of(s)["id"] }) {
		f, _ := b.latest(func(s conformanceStep) (fields, bool) { return of(s), of(s)["id"] == id })
		list = append(list, b.notes(f))
	}
	return list
}

// ids are those of the steps that the provider has come to, the newest first, each once.
func (b *caseBench) ids(of func(conformanceStep) any) (ids []any) {
	for _, s := range slices.Backward(b.c.Steps) {
		if id := of(s); id != nil && b.reached(s) && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// withInvoice puts the latest invoice into a subscription of Stripe.
func (b *caseBench) withInvoice(sub fields) fields {
	if sub == nil || sub["latest_invoice"] != nil {
		return sub
	}
	sub["latest_invoice"] = nil
	id, _ := sub["id"].(string)
	if in, _ := b.latest(func(s conformanceStep) (fields, bool) {
		return s.Fields, ofSubscription(s.Fields, id)
	}); in != nil {
		sub["latest_invoice"] = b.stripeObject(in, "")
	}
	return sub
}
