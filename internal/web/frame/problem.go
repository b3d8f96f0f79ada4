package frame

import (
	"errors"
	"time"

	"github.com/tijorihq/tijori/internal/credits"
)

// A Refill says when credits come by themselves.
type Refill struct {
	At     string `json:"at"`
	Amount int64  `json:"amount"`
}

// NewRefill is nil when no credits come by themselves.
func NewRefill(at time.Time, amount int64) *Refill {
	if at.IsZero() {
		return nil
	}
	return &Refill{At: at.UTC().Format(time.RFC3339), Amount: amount}
}

// A Hold is credits that are set aside, as the API says it.
type Hold struct {
	ID        string `json:"id"`
	Meter     string `json:"meter"`
	Amount    int64  `json:"amount"`
	Status    string `json:"status"` // held; in a refusal also captured, released, expired
	ExpiresAt string `json:"expires_at"`

	// Of a hold that was made: what can be spent after it.
	Balance *int64 `json:"balance,omitempty"`
	// Of one that was captured: how much of it.
	Captured int64 `json:"captured,omitempty"`
}

// NewHold is a hold in a status.
func NewHold(h credits.Hold, status string) Hold {
	return Hold{
		ID: h.ID.String(), Meter: h.Meter, Amount: h.Amount, Status: status,
		ExpiresAt: h.ExpiresAt.Format(time.RFC3339Nano),
	}
}

// explain adds to a 402 what is there and when the next allowance comes, and to
// the 409 of a hold that was asked for before what became of it.
func explain(err error, p *Problem) {
	var e *credits.Insufficient
	if errors.As(err, &e) {
		p.Meter, p.Balance, p.NextAllowance = e.Meter, &e.Available, NewRefill(e.NextAt, e.NextAmount)
	}
	if e := credits.IsRepeat(err); e != nil {
		h := NewHold(e.Hold, e.Status)
		h.Captured = e.Captured
		p.Hold = &h
	}
}

// A Problem is the body of an API error, application/problem+json.
type Problem struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Error     string `json:"error"` // the kind of refusal
	Code      string `json:"code"`  // the same, or which one of that kind
	Field     string `json:"field,omitempty"`
	RequestID string `json:"request_id"`

	// Of insufficient_credits: what is there, and when the next allowance comes.
	Meter         string  `json:"meter,omitempty"`
	Balance       *int64  `json:"balance,omitempty"`
	NextAllowance *Refill `json:"next_allowance,omitempty"`

	// Of a hold that was asked for before: what became of it.
	Hold *Hold `json:"hold,omitempty"`
}
