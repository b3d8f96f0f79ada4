package apps

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/web/frame"
)

type spendJSON struct {
	Meter          string `json:"meter"`
	Amount         int64  `json:"amount"`
	IdempotencyKey string `json:"idempotency_key"`
	Note           string `json:"note"`
	Feature        string `json:"feature"`
}

func (j spendJSON) spend() credits.Spend {
	return credits.Spend{Meter: j.Meter, Amount: j.Amount, Key: j.IdempotencyKey, Note: j.Note, Feature: j.Feature}
}

// Consume takes credits of a customer at once.
func (h *Handlers) Consume(w http.ResponseWriter, r *frame.Request) error {
	in := spendJSON{Meter: "credits"}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	app, err := h.Platform.For(r.Context(), r.Holder(), platform.SpendCredits)
	if err != nil {
		return err
	}
	got, err := app.Credits.ConsumeFor(r.Context(), r.Holder(), in.spend())
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, struct {
		Entry    int64  `json:"entry"`
		Meter    string `json:"meter"`
		Amount   int64  `json:"amount"`
		Balance  int64  `json:"balance"`
		Repeated bool   `json:"repeated"`
	}{got.Number, in.Meter, in.Amount, got.Available, got.Repeated})
}

// Hold sets credits of a customer aside. 201 goes to the one caller who may do the work.
func (h *Handlers) Hold(w http.ResponseWriter, r *frame.Request) error {
	in := struct {
		spendJSON
		ExpiresIn int64  `json:"expires_in"`
		Attempt   string `json:"attempt"`
	}{spendJSON: spendJSON{Meter: "credits"}, ExpiresIn: credits.HoldFor}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.ExpiresIn < 0 || in.ExpiresIn > credits.MaxSeconds {
		in.ExpiresIn = 0 // refused with the words of the service
	}
	spend := in.spend()
	if in.Attempt != "" {
		id, err := uuid.Parse(in.Attempt)
		if err != nil || len(in.Attempt) != 36 || id == uuid.Nil {
			return fault.InvalidField("attempt", "An attempt is a random UUID.")
		}
		spend.Attempt = id
	}
	app, err := h.Platform.For(r.Context(), r.Holder(), platform.SpendCredits)
	if err != nil {
		return err
	}
	hold, err := app.Credits.SetAsideFor(r.Context(), r.Holder(), spend, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return err
	}
	out := frame.NewHold(hold, credits.Held)
	out.Balance = &hold.Available
	return h.WriteJSON(w, r, http.StatusCreated, out)
}

// Capture takes amount of a hold, or all of it without a body.
func (h *Handlers) Capture(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Amount *int64 `json:"amount"`
	}
	if r.ContentLength != 0 {
		if err := frame.DecodeJSON(r, &in); err != nil {
			return err
		}
	}
	amount := int64(0)
	if in.Amount != nil {
		if amount = *in.Amount; amount < 1 {
			return fault.InvalidField("amount", "The amount must be a whole number from 1 to %d.",
				int64(credits.MaxAmount))
		}
	}
	return h.settle(w, r, func(s *credits.Service) (credits.Settled, error) {
		return s.CaptureFor(r.Context(), r.Holder(), r.PathID("id"), amount)
	})
}

// Release gives a hold back. What the body says is not read.
func (h *Handlers) Release(w http.ResponseWriter, r *frame.Request) error {
	return h.settle(w, r, func(s *credits.Service) (credits.Settled, error) {
		return s.ReleaseFor(r.Context(), r.Holder(), r.PathID("id"))
	})
}

func (h *Handlers) settle(
	w http.ResponseWriter, r *frame.Request, do func(*credits.Service) (credits.Settled, error),
) error {
	app, err := h.Platform.For(r.Context(), r.Holder(), platform.SpendCredits)
	if err != nil {
		return err
	}
	got, err := do(app.Credits)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, struct {
		Hold     string `json:"hold"`
		Meter    string `json:"meter"`
		Captured int64  `json:"captured"`
		Entry    int64  `json:"entry,omitempty"`
		Balance  int64  `json:"balance"`
	}{got.Hold.String(), got.Meter, got.Captured, got.Number, got.Available})
}

type entryJSON struct {
	Number         int64  `json:"number"`
	Kind           string `json:"kind"`
	Amount         int64  `json:"amount"`
	Balance        int64  `json:"balance"` // the sum of all entries up to this one
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	Note           string `json:"note,omitempty"`
	CreatedAt      string `json:"created_at"`
}

// Entries lists changes of a meter, the newest first.
func (h *Handlers) Entries(w http.ResponseWriter, r *frame.Request) error {
	q := r.URL.Query()
	meter, limit, before := q.Get("meter"), 50, int64(0)
	if meter == "" {
		meter = "credits"
	}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > credits.MaxPage {
			return fault.InvalidField("limit", "The limit lies between 1 and %d.", credits.MaxPage)
		}
		limit = n
	}
	if v := q.Get("cursor"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 1 {
			return fault.InvalidField("cursor", "This cursor is not one of ours.")
		}
		before = n
	}
	list, next, err := h.Platform.Entries(r.Context(), r.Holder(), meter, before, limit)
	if err != nil {
		return err
	}
	body := struct {
		Entries    []entryJSON `json:"entries"`
		NextCursor *string     `json:"next_cursor"`
	}{Entries: []entryJSON{}}
	for _, e := range list {
		body.Entries = append(body.Entries, entryJSON{
			e.Number, e.Kind, e.Amount, e.Balance, e.Key, e.Note, e.CreatedAt.UTC().Format(time.RFC3339Nano),
		})
	}
	if next > 0 {
		text := strconv.FormatInt(next, 10)
		body.NextCursor = &text
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}
