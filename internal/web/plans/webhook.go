package plans

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/web/frame"
)

func (h *Handlers) StripeWebhook(w http.ResponseWriter, r *frame.Request) error {
	h.Billing.Webhook(facts.Stripe).ServeHTTP(w, r.Request)
	return nil
}

func (h *Handlers) RazorpayWebhook(w http.ResponseWriter, r *frame.Request) error {
	h.Billing.Webhook(facts.Razorpay).ServeHTTP(w, r.Request)
	return nil
}
