package billing

import (
	"encoding/json"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/stripe/stripe-go/v79"
	portalsession "github.com/stripe/stripe-go/v79/billingportal/session"
	checkoutsession "github.com/stripe/stripe-go/v79/checkout/session"

	"example.test/app/internal/auth"
	"example.test/app/internal/store"
)

type Handler struct{ store *store.Store }

func (h *Handler) Mount(r chi.Router) {
	r.With(auth.Required).Post("/billing/portal", h.portal)
	r.With(auth.Required).Post("/billing/checkout", h.checkout)
	r.Post("/internal/grant", h.grant)
}

func (h *Handler) portal(w http.ResponseWriter, r *http.Request) {
	var in struct {
		CustomerID string `json:"customer_id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	s, err := portalsession.New(&stripe.BillingPortalSessionParams{Customer: stripe.String(in.CustomerID)})
	if err != nil {
		http.Error(w, "stripe", http.StatusBadGateway)
		return
	}
	json.NewEncoder(w).Encode(map[string]string{"url": s.URL})
}

func (h *Handler) checkout(w http.ResponseWriter, r *http.Request) {
	var in struct {
		PriceID string `json:"price_id"`
		Amount  int64  `json:"amount"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	s, err := checkoutsession.New(&stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{{
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{UnitAmount: stripe.Int64(in.Amount)},
			Quantity:  stripe.Int64(1),
		}},
	})
	if err != nil {
		http.Error(w, "stripe", http.StatusBadGateway)
		return
	}
	json.NewEncoder(w).Encode(map[string]string{"url": s.URL})
}

func (h *Handler) grant(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User    string `json:"user"`
		Credits int    `json:"credits"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	if err := h.store.Grant(r.Context(), in.User, in.Credits); err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
