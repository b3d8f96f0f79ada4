package web

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/web/frame"
)

func (s *Server) StripeWebhook(w http.ResponseWriter, r *frame.Request) error {
	s.Billing.Webhook(facts.Stripe).ServeHTTP(w, r.Request)
	return nil
}

func (s *Server) RazorpayWebhook(w http.ResponseWriter, r *frame.Request) error {
	s.Billing.Webhook(facts.Razorpay).ServeHTTP(w, r.Request)
	return nil
}
