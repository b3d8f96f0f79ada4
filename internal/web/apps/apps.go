// Package apps is the API of founders' apps, below /api/v1: their customers by ids of their own, asked for with a key of
// the app, or from a browser with a token of one customer.
package apps

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// Handlers answer the routes of this part.
type Handlers struct {
	*frame.Frame
	Platform *platform.Service
}

// InTurn answers a request when it is its app's turn. What asks a provider is not to be wrapped: it holds the turn for as
// long as the provider takes.
func (h *Handlers) InTurn(answer frame.Handler) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		return h.Platform.InTurn(r.Context(), r.Caller.Credential, func() error { return answer(w, r) })
	}
}

// PutCustomer makes a customer, or changes what is said of one.
func (h *Handlers) PutCustomer(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Name     string `json:"name"`
		Email    string `json:"email"`
		TimeZone string `json:"time_zone"`
	}
	if r.ContentLength != 0 {
		if err := frame.DecodeJSON(r, &in); err != nil {
			return err
		}
	}
	state, created, err := h.Platform.PutCustomer(r.Context(), r.Holder(), platform.Profile(in))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	return h.WriteJSON(w, r, status, state)
}

// Customer tells what a customer has.
func (h *Handlers) Customer(w http.ResponseWriter, r *frame.Request) error {
	state, err := h.Platform.Customer(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	if state, err = h.Platform.WithSnapshot(r.Context(), r.Holder(), state); err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, state)
}

// SnapshotKeys lists the public keys with which snapshots of the app's customers are signed.
func (h *Handlers) SnapshotKeys(w http.ResponseWriter, r *frame.Request) error {
	keys, err := h.Platform.SnapshotKeys(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, keys)
}

type checkJSON struct {
	Allowed   bool   `json:"allowed"`
	Reason    string `json:"reason"`
	Kind      string `json:"kind"`
	Plan      string `json:"plan"`
	Limit     *int64 `json:"limit,omitempty"`
	Balance   *int64 `json:"balance,omitempty"`
	UpgradeTo string `json:"upgrade_to,omitempty"`
	Revision  int64  `json:"revision"`
}

// Check tells whether a customer may do something. It writes nothing but, where the app says what its own check said, a
// count of whether they agreed.
func (h *Handlers) Check(w http.ResponseWriter, r *frame.Request) error {
	in := struct {
		Feature string `json:"feature"`
		Need    int64  `json:"need"`
		Shadow  *struct {
			Allowed bool `json:"allowed"`
		} `json:"shadow"`
	}{Need: 1}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	var c platform.Check
	var err error
	if in.Shadow != nil {
		c, err = h.Platform.Shadow(r.Context(), r.Holder(), in.Feature, in.Need, in.Shadow.Allowed)
	} else {
		c, err = h.Platform.Check(r.Context(), r.Holder(), in.Feature, in.Need)
	}
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, checkJSON{
		c.Allowed, c.Reason, c.Kind, c.Plan, c.Limit, c.Balance, c.UpgradeTo, c.Revision,
	})
}
