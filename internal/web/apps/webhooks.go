package apps

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// number reads a whole number of the query, at least 0 and at most most.
func number(r *frame.Request, name string, otherwise, most int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, fault.InvalidField(name, "This is a whole number from 0 to %d.", most)
	}
	return n, nil
}

// Events lists what happened to the app's customers after a number.
func (h *Handlers) Events(w http.ResponseWriter, r *frame.Request) error {
	after, err := number(r, "after", 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", 50, platform.MaxEvents)
	if err != nil {
		return err
	}
	list, next, err := h.Platform.Events(r.Context(), r.Holder(), after, int(limit))
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{
		"events": append([]json.RawMessage{}, list...), "next": next,
	})
}

type endpointJSON struct {
	ID           string `json:"id"`
	URL          string `json:"url"`
	State        string `json:"state"`
	Reason       string `json:"reason,omitempty"`
	FailingSince string `json:"failing_since,omitempty"`
	CreatedAt    string `json:"created_at"`
	Waiting      int64  `json:"waiting"`
	Failed       int64  `json:"failed"`
}

// Webhooks lists the app's endpoints.
func (h *Handlers) Webhooks(w http.ResponseWriter, r *frame.Request) error {
	list, err := h.Platform.Webhooks(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	out := []endpointJSON{}
	for _, e := range list {
		out = append(out, endpointJSON{
			e.ID.String(), e.URL, e.State, e.Reason, rfc3339(e.FailingSince), rfc3339(e.CreatedAt), e.Waiting, e.Failed,
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"webhooks": out})
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

type secretJSON struct {
	ID     string `json:"id"`
	Secret string `json:"secret"` // shown this once
}

// AddWebhook makes an endpoint.
func (h *Handlers) AddWebhook(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		URL string `json:"url"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	id, secret, err := h.Platform.AddWebhook(r.Context(), r.Holder(), in.URL)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusCreated, secretJSON{id.String(), secret})
}

// RotateWebhook gives an endpoint another secret. Both sign for a day.
func (h *Handlers) RotateWebhook(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	secret, err := h.Platform.RotateWebhook(r.Context(), r.Holder(), id)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, secretJSON{id.String(), secret})
}

// RemoveWebhook ends an endpoint.
func (h *Handlers) RemoveWebhook(w http.ResponseWriter, r *frame.Request) error {
	return h.did(w, r, h.Platform.RemoveWebhook(r.Context(), r.Holder(), r.PathID("id")))
}

// TurnOnWebhook turns an endpoint on again and sends what it has missed.
func (h *Handlers) TurnOnWebhook(w http.ResponseWriter, r *frame.Request) error {
	return h.did(w, r, h.Platform.TurnOnWebhook(r.Context(), r.Holder(), r.PathID("id")))
}

func (h *Handlers) did(w http.ResponseWriter, r *frame.Request, err error) error {
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]bool{"done": true})
}

// TestWebhook sends a test event to an endpoint.
func (h *Handlers) TestWebhook(w http.ResponseWriter, r *frame.Request) error {
	return h.sent(w, r, r.PathID("id"), 0)
}

// Redeliver sends an event to an endpoint once more.
func (h *Handlers) Redeliver(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Number int64 `json:"number"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.Number < 1 {
		return fault.InvalidField("number", "This is the number of an event.")
	}
	return h.sent(w, r, r.PathID("id"), in.Number)
}

func (h *Handlers) sent(w http.ResponseWriter, r *frame.Request, endpoint uuid.UUID, number int64) error {
	sent, err := h.Platform.SendWebhook(r.Context(), r.Holder(), endpoint, number)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]int64{"number": sent})
}

type deliveryJSON struct {
	Number      int64  `json:"number"`
	Type        string `json:"type"`
	Status      string `json:"status"`
	Attempts    int    `json:"attempts"`
	Answer      int    `json:"answer,omitempty"`
	Error       string `json:"error,omitempty"`
	NextAt      string `json:"next_at,omitempty"`
	DeliveredAt string `json:"delivered_at,omitempty"`
}

// Deliveries lists what was sent to an endpoint, the newest event first.
func (h *Handlers) Deliveries(w http.ResponseWriter, r *frame.Request) error {
	before, err := number(r, "before", 0, 1<<53)
	if err != nil {
		return err
	}
	limit, err := number(r, "limit", 50, platform.MaxEvents)
	if err != nil {
		return err
	}
	list, err := h.Platform.Deliveries(r.Context(), r.Holder(), r.PathID("id"), before, int(limit))
	if err != nil {
		return err
	}
	out := []deliveryJSON{}
	for _, d := range list {
		out = append(out, deliveryJSON{
			d.Number, d.Type, d.Status, d.Attempts, d.Answer, d.Error, rfc3339(d.NextAt), rfc3339(d.DeliveredAt),
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"deliveries": out})
}
