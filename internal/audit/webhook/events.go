package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/target"
)

// A purchase is one subscription that events tell of.
type purchase struct {
	customer, subscription, reference, product string
	account                                    string // of the provider; for Stripe only where it is another one
	otherMode                                  bool
	step                                       int64 // of the provider's clock, one second for each event
}

// An event is a message that is ready to be signed.
type event struct {
	id, kind string
	body     []byte
}

// A provider writes and signs events as the real one does.
type provider interface {
	// paid, unpaid and ended are the events of a payment, of one that has not happened, and of an end, in order.
	paid(p *purchase) []event
	unpaid(p *purchase) []event
	ended(p *purchase) []event
	// broken is a signed event that lacks what it is about.
	broken(p *purchase) event
	// sign returns the headers that carry a signature made at a time.
	sign(secret string, e event, at time.Time) http.Header
	// dated reports whether a signature says when it was made.
	dated() bool
}

func mac(secret string, parts ...[]byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of texts and numbers always marshal
	}
	return b
}

type object = map[string]any

type stripe struct {
	live  bool
	key   string // of the metadata that names the customer
	start time.Time
}

func (s *stripe) event(p *purchase, kind string, of object) event {
	p.step++
	e := object{
		"id": "evt_" + target.Fresh("Tijori"), "object": "event", "api_version": "2025-09-30.clover", "type": kind,
		"created": s.start.Unix() + p.step, "livemode": s.live != p.otherMode, "pending_webhooks": 1,
		"data": object{"object": of}, "request": object{"id": nil, "idempotency_key": nil},
	}
	if p.account != "" {
		e["account"] = p.account
	}
	return event{e["id"].(string), kind, marshal(e)} //nolint:forcetypeassert // it was just made
}

func (s *stripe) metadata(p *purchase) object { return object{s.key: p.reference} }

func (s *stripe) session(p *purchase, paid string) event {
	return s.event(p, "checkout.session.completed", object{
		"id": "cs_test_" + p.subscription, "object": "checkout.session", "mode": "subscription", "status": "complete",
		"payment_status": paid, "customer": p.customer, "client_reference_id": p.reference,
		"subscription": p.subscription, "metadata": s.metadata(p),
		"livemode": s.live != p.otherMode,
	})
}

func (s *stripe) subscription(p *purchase, kind, status string) event {
	end := s.start.AddDate(0, 1, 0).Unix()
	price := object{
		"id": p.product, "object": "price", "product": "prod_" + p.product, "currency": "usd",
		"recurring": object{"interval": "month"},
	}
	return s.event(p, kind, object{
		"id": p.subscription, "object": "subscription", "status": status, "customer": p.customer,
		"metadata": s.metadata(p), "cancel_at_period_end": false, "current_period_end": end,
		"items": object{"object": "list", "data": []object{{
			"id": "si_" + p.subscription, "price": price, "plan": object{"id": p.product}, "quantity": 1,
			"current_period_start": s.start.Unix(), "current_period_end": end,
		}}},
		"livemode": s.live != p.otherMode,
	})
}

func (s *stripe) invoice(p *purchase, kind, status string) event {
	return s.event(p, kind, object{
		"id": "in_" + p.subscription, "object": "invoice", "status": status, "paid": status == "paid",
		"customer": p.customer, "subscription": p.subscription, "amount_paid": 999, "currency": "usd",
		"billing_reason": "subscription_create", "metadata": s.metadata(p),
		"parent": object{"type": "subscription_details", "subscription_details": object{
			"subscription": p.subscription, "metadata": s.metadata(p),
		}},
		"lines": object{"object": "list", "data": []object{{
			"id": "il_" + p.subscription, "price": object{"id": p.product}, "subscription": p.subscription,
			"pricing": object{"price_details": object{"price": p.product}},
		}}},
		"livemode": s.live != p.otherMode,
	})
}

func (s *stripe) paid(p *purchase) []event {
	return []event{
		s.session(p, "paid"), s.subscription(p, "customer.subscription.created", "active"),
		s.invoice(p, "invoice.paid", "paid"),
	}
}

func (s *stripe) unpaid(p *purchase) []event {
	return []event{
		s.session(p, "unpaid"), s.subscription(p, "customer.subscription.created", "incomplete"),
		s.invoice(p, "invoice.payment_failed", "open"),
	}
}

func (s *stripe) ended(p *purchase) []event {
	return []event{s.subscription(p, "customer.subscription.deleted", "canceled")}
}

func (s *stripe) broken(p *purchase) event {
	return s.event(p, "customer.subscription.updated", object{"object": "subscription"})
}

func (s *stripe) sign(secret string, e event, at time.Time) http.Header {
	t := fmt.Sprint(at.Unix())
	return http.Header{
		"Content-Type":     {"application/json; charset=utf-8"},
		"Stripe-Signature": {"t=" + t + ",v1=" + mac(secret, []byte(t), []byte("."), e.body)},
	}
}

func (s *stripe) dated() bool { return true }

type razorpay struct {
	key   string
	start time.Time
}

func (s *razorpay) event(p *purchase, kind, status string, payment string) event {
	p.step++
	at := s.start.Unix() + p.step
	payload := object{"subscription": object{"entity": object{
		"id": p.subscription, "entity": "subscription", "plan_id": p.product, "customer_id": p.customer,
		"status":        status,
		"current_start": s.start.Unix(), "current_end": s.start.AddDate(0, 1, 0).Unix(), "quantity": 1, "paid_count": 1,
		"total_count": 12, "notes": object{s.key: p.reference}, "created_at": s.start.Unix(),
	}}}
	contains := []string{"subscription"}
	if payment != "" {
		contains = append(contains, "payment")
		payload["payment"] = object{"entity": object{
			"id": "pay_" + strings.TrimPrefix(p.subscription, "sub_"), "entity": "payment", "amount": 49900,
			"currency": "INR",
			"status":   payment, "captured": payment == "captured", "customer_id": p.customer, "created_at": at,
		}}
	}
	return event{"ev" + target.Fresh("Tijori"), kind, marshal(object{
		"entity": "event", "account_id": p.account, "event": kind, "contains": contains, "payload": payload,
		"created_at": at,
	})}
}

func (s *razorpay) paid(p *purchase) []event {
	return []event{
		s.event(p, "subscription.activated", "active", ""), s.event(p, "subscription.charged", "active", "captured"),
	}
}

func (s *razorpay) unpaid(p *purchase) []event {
	return []event{
		s.event(p, "subscription.authenticated", "authenticated", "failed"),
		s.event(p, "payment.failed", "created", "failed"), s.event(p, "subscription.pending", "pending", "failed"),
	}
}

func (s *razorpay) ended(p *purchase) []event {
	return []event{s.event(p, "subscription.cancelled", "cancelled", "")}
}

func (s *razorpay) broken(p *purchase) event {
	p.step++
	return event{"ev" + target.Fresh("Tijori"), "subscription.charged", marshal(object{
		"entity": "event", "account_id": p.account, "event": "subscription.charged",
		"contains": []string{"subscription"},
		"payload":  object{}, "created_at": s.start.Unix() + p.step,
	})}
}

func (s *razorpay) sign(secret string, e event, _ time.Time) http.Header {
	return http.Header{
		"Content-Type": {"application/json"}, "X-Razorpay-Signature": {mac(secret, e.body)},
		"X-Razorpay-Event-Id": {e.id},
	}
}

func (s *razorpay) dated() bool { return false }
