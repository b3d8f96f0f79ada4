package apps

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Hook takes what a provider sends about an app. The address names the connection, so that the secret is chosen before
// anything of the body is read.
func (h *Handlers) Hook(w http.ResponseWriter, r *frame.Request) error {
	id, provider := billing.ConnectionOf(r.PathValue("connection"))
	app, ok := h.Platform.App(id)
	if !ok || app.Billing == nil || !app.Billing.Sells(provider) {
		return fault.New(fault.NotFound, "There is no such connection.")
	}
	app.Billing.Webhook(provider).ServeHTTP(w, r.Request)
	return nil
}
