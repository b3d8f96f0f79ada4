package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

func (s *Server) stripeWebhook(w http.ResponseWriter, r *request) error {
	s.Billing.Webhook(facts.Stripe).ServeHTTP(w, r.Request)
	return nil
}

func (s *Server) razorpayWebhook(w http.ResponseWriter, r *request) error {
	s.Billing.Webhook(facts.Razorpay).ServeHTTP(w, r.Request)
	return nil
}
