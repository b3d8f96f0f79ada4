package billing

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"os"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/stripe/stripe-go/v79"
	portalsession "github.com/stripe/stripe-go/v79/billingportal/session"

	"example.test/app/internal/auth"
	"example.test/app/internal/store"
)

type Handler struct{ store *store.Store }

func (h *Handler) Mount(r chi.Router) {
	r.With(auth.Required).Post("/billing/portal", h.portal)
	r.With(internalOnly).Post("/internal/grant", h.grant)
}

func internalOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := os.Getenv("INTERNAL_SECRET")
		got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if secret == "" || subtle.ConstantTimeCompare([]byte(got), []byte(secret)) != 1 {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h *Handler) portal(w http.ResponseWriter, r *http.Request) {
	customer, err := h.store.Customer(r.Context(), auth.User(r))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	s, err := portalsession.New(&stripe.BillingPortalSessionParams{Customer: stripe.String(customer)})
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
