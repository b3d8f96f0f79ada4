package programs

import (
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// APICredits lists balances by meter.
func (h *Handlers) APICredits(w http.ResponseWriter, r *frame.Request) error {
	list, err := h.Credits.Balances(r.Context(), r.Caller.Credential)
	if err != nil {
		return err
	}
	type balanceJSON struct {
		Meter         string        `json:"meter"`
		Name          string        `json:"name"`
		Balance       int64         `json:"balance"` // what can be spent
		Held          int64         `json:"held"`
		NextAllowance *frame.Refill `json:"next_allowance"`
	}
	out := []balanceJSON{}
	for _, b := range list {
		out = append(out, balanceJSON{b.Meter, b.Name, b.Available, b.Held, frame.NewRefill(b.NextAt, b.NextAmount)})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"credits": out})
}

type creditEntryJSON struct {
	Number         int64  `json:"number"`
	Kind           string `json:"kind"`
	Amount         int64  `json:"amount"`
	Balance        int64  `json:"balance"` // the sum of all entries up to this one
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	Note           string `json:"note,omitempty"`
	Hold           string `json:"hold,omitempty"`
	Grant          string `json:"grant,omitempty"`
	CreatedAt      string `json:"created_at"`
}

// APICreditEntries lists entries of ?meter, the newest first, ?limit at once; ?cursor goes on where next_cursor says.
func (h *Handlers) APICreditEntries(w http.ResponseWriter, r *frame.Request) error {
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
	list, next, err := h.Credits.Entries(r.Context(), r.Caller.Credential, meter, before, limit)
	if err != nil {
		return err
	}
	body := struct {
		Entries    []creditEntryJSON `json:"entries"`
		NextCursor *string           `json:"next_cursor"`
	}{Entries: []creditEntryJSON{}}
	for _, e := range list {
		j := creditEntryJSON{
			Number: e.Number, Kind: e.Kind, Amount: e.Amount, Balance: e.Balance,
			IdempotencyKey: e.Key, Note: e.Note, CreatedAt: e.CreatedAt.UTC().Format(time.RFC3339Nano),
		}
		if e.Hold != uuid.Nil {
			j.Hold = e.Hold.String()
		}
		if e.Grant != uuid.Nil {
			j.Grant = e.Grant.String()
		}
		body.Entries = append(body.Entries, j)
	}
	if next > 0 {
		text := strconv.FormatInt(next, 10)
		body.NextCursor = &text
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

type spendJSON struct {
	Meter          string `json:"meter"`
	Amount         int64  `json:"amount"`
	IdempotencyKey string `json:"idempotency_key"`
	Note           string `json:"note"`
}

func (j spendJSON) spend() credits.Spend {
	return credits.Spend{Meter: j.Meter, Amount: j.Amount, Key: j.IdempotencyKey, Note: j.Note}
}

type spentJSON struct {
	Entry   int64  `json:"entry"`
	Meter   string `json:"meter"`
	Amount  int64  `json:"amount"`
	Balance int64  `json:"balance"`

	// Repeated: an earlier request with this key has taken them.
	Repeated bool `json:"repeated"`
}

// APIConsume takes credits at once.
func (h *Handlers) APIConsume(w http.ResponseWriter, r *frame.Request) error {
	var in spendJSON
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	got, err := h.Credits.Consume(r.Context(), r.Caller.Credential, in.spend())
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, spentJSON{got.Number, in.Meter, in.Amount, got.Available, got.Repeated})
}

// APIHold sets credits aside for expires_in seconds, ten minutes when it is left
// out. It answers 201 to the one caller that may do the work, which a repeat is
// only with the same attempt and while the hold is open; to all others 409 with
// what became of the hold.
func (h *Handlers) APIHold(w http.ResponseWriter, r *frame.Request) error {
	in := struct {
		spendJSON
		ExpiresIn int64  `json:"expires_in"`
		Attempt   string `json:"attempt"`
	}{ExpiresIn: credits.HoldFor}
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
	hold, err := h.Credits.SetAside(r.Context(), r.Caller.Credential, spend, time.Duration(in.ExpiresIn)*time.Second)
	if err != nil {
		return err
	}
	out := frame.NewHold(hold, credits.Held)
	out.Balance = &hold.Available
	return h.WriteJSON(w, r, http.StatusCreated, out)
}

type settledJSON struct {
	Hold     string `json:"hold"`
	Meter    string `json:"meter"`
	Captured int64  `json:"captured"`
	Entry    int64  `json:"entry,omitempty"`
	Balance  int64  `json:"balance"`
}

// APICapture takes amount of a hold, or all of it without a body.
func (h *Handlers) APICapture(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
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
	return h.settled(w, r, func() (credits.Settled, error) {
		return h.Credits.Capture(r.Context(), r.Caller.Credential, id, amount)
	})
}

// APIRelease gives a hold back. What the body says is not read.
func (h *Handlers) APIRelease(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("id")
	return h.settled(w, r, func() (credits.Settled, error) {
		return h.Credits.Release(r.Context(), r.Caller.Credential,
			id)
	})
}

func (h *Handlers) settled(w http.ResponseWriter, r *frame.Request, do func() (credits.Settled, error)) error {
	got, err := do()
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, settledJSON{
		got.Hold.String(), got.Meter, got.Captured, got.Number,
		got.Available,
	})
}
