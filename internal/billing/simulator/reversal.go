package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Refunds and disputes, as both providers list them.

func (s *Simulator) newReversal(p facts.Provider, kind, payment string, amount int64, currency string) *reversal {
	r := &reversal{Provider: p, Kind: kind, Payment: payment, Amount: amount, Currency: currency, Created: s.now()}
	switch {
	case p == facts.Stripe && kind == "refund":
		r.ID, r.Status = newID("re_"), "succeeded"
	case p == facts.Stripe:
		r.ID, r.Status = newID("dp_"), "needs_response"
	case kind == "refund":
		r.ID, r.Status = newID("rfnd_"), "processed"
	default:
		r.ID, r.Status = newID("disp_"), "open"
	}
	s.s.Reversals = append(s.s.Reversals, r)
	s.s.changed = true
	return r
}

func razorpayReversal(r *reversal) object {
	return object{
		"id": r.ID, "entity": r.Kind, "payment_id": r.Payment, "amount": r.Amount, "currency": r.Currency,
		"status": r.Status, "notes": []any{}, "created_at": r.Created,
	}
}

func stripeCharge(in *invoice) object {
	return object{
		"id": in.Charge, "object": "charge", "customer": in.Customer, "payment_intent": in.Payment,
		"amount": in.total(), "amount_refunded": in.Refunded, "refunded": in.Refunded == in.total(),
		"currency": strings.ToLower(in.Currency),
	}
}

// SettleDispute lets the bank decide the newest dispute of a subscription.
func (s *Simulator) SettleDispute(id string, won bool) error {
	return s.do(func() error {
		sub, in := s.s.Subscriptions[id], s.lastPaid(id)
		if sub == nil || in == nil {
			return errNoSuch
		}
		for _, r := range slices.Backward(s.s.Reversals) {
			if r.Kind != "dispute" || r.Payment != in.Charge && r.Payment != in.Payment {
				continue
			}
			r.Status = "lost"
			if won {
				r.Status = "won"
			}
			if sub.Provider == facts.Stripe {
				s.stripeEvent("charge.dispute.closed", sub.ID, s.now(), s.stripeReversal(r))
			} else {
				s.razorpaySend("payment.dispute."+r.Status, sub.ID, s.now(),
					object{
						"payment": object{"entity": s.razorpayPayment(in)},
						"dispute": object{"entity": razorpayReversal(r)},
					})
			}
			return nil
		}
		return errNoSuch
	})
}

// FailRefund lets the newest refund of a payment fail: what was given back comes
// back, at the provider as well. id is that of a subscription, a link or a session.
func (s *Simulator) FailRefund(id string) error {
	return s.do(func() error {
		payment := ""
		var give func(int64)
		if l := s.linkBy(id); l != nil {
			payment, give = l.Payment, func(n int64) { l.Refunded -= n }
		} else if c := s.s.Sessions[id]; c != nil && c.Intent != "" {
			payment, give = chargeOf(c.Intent), func(n int64) { c.Refunded -= n }
		} else if in := s.lastPaid(id); in != nil {
			payment, give = in.Payment, func(n int64) { in.Refunded -= n }
			if in.Provider == facts.Stripe {
				payment = in.Charge
			}
		}
		for _, r := range slices.Backward(s.s.Reversals) {
			if payment == "" || r.Kind != "refund" || r.Payment != payment || r.Status == "failed" {
				continue
			}
			r.Status = "failed"
			give(r.Amount)
			if r.Provider == facts.Stripe {
				s.stripeEvent("refund.failed", id, s.now(), s.stripeReversal(r))
				return nil
			}
			payload := object{"refund": object{"entity": razorpayReversal(r)}}
			if l := s.linkBy(id); l != nil {
				payload["payment"] = object{"entity": linkPayment(l)}
			} else {
				payload["payment"] = object{"entity": s.razorpayPayment(s.lastPaid(id))}
			}
			s.razorpaySend("refund.failed", id, s.now(), payload)
			return nil
		}
		return errNoSuch
	})
}

// ForgetEvents forgets every event that was lost, as Stripe does after thirty days.
func (s *Simulator) ForgetEvents() error {
	return s.do(func() error { s.s.Lost = nil; return nil })
}

// chargeByID is a charge of a subscription's invoice or of a one-time purchase.
func (s *Simulator) chargeByID(id string) object {
	for _, in := range s.s.Invoices {
		if in.Provider == facts.Stripe && in.Charge == id {
			return stripeCharge(in)
		}
	}
	for _, c := range s.s.Sessions {
		if c.Intent != "" && chargeOf(c.Intent) == id {
			return s.sessionCharge(c)
		}
	}
	return object{"id": id, "object": "charge"}
}

func (s *Simulator) stripeReversal(r *reversal) object {
	charge := s.chargeByID(r.Payment)
	return object{
		"id": r.ID, "object": r.Kind, "charge": r.Payment, "payment_intent": charge["payment_intent"],
		"status":   r.Status,
		"amount":   r.Amount,
		"currency": strings.ToLower(r.Currency), "created": r.Created,
	}
}

// stripeReversals answers GET /v1/refunds and /v1/disputes, newest first.
func (s *Simulator) stripeReversals(f url.Values, kind string) (out []object) {
	var list []*reversal
	for _, r := range slices.Backward(s.s.Reversals) {
		if r.Provider == facts.Stripe && r.Kind == kind && r.Created >= createdSince(f) {
			list = append(list, r)
		}
	}
	for _, r := range startingAfter(list, f, func(r *reversal) string { return r.ID }) {
		o := s.stripeReversal(r)
		if f.Get("expand[]") == "data.charge" {
			o["charge"] = s.chargeByID(r.Payment)
		}
		out = append(out, o)
	}
	return out
}

// razorpayReversals answers GET /v1/refunds and /v1/disputes, newest first.
func (s *Simulator) razorpayReversals(r *http.Request, kind string) object {
	q := r.URL.Query()
	var list []*reversal
	for _, v := range slices.Backward(s.s.Reversals) {
		if v.Provider == facts.Razorpay && v.Kind == kind && v.Created >= from(q) {
			list = append(list, v)
		}
	}
	return collection(q, list, razorpayReversal)
}
