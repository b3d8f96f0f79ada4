package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

func (s *Server) StripeWebhook(w http.ResponseWriter, r *Request) error {
	s.Billing.Webhook(facts.Stripe).ServeHTTP(w, r.Request)
	return nil
}

func (s *Server) RazorpayWebhook(w http.ResponseWriter, r *Request) error {
	s.Billing.Webhook(facts.Razorpay).ServeHTTP(w, r.Request)
	return nil
}
