package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
)

const (
	maxDeliveries = 400 // kept in the list
	maxTries      = 12
)

// enqueue puts an event into the queue of webhooks. Both providers repeat a
// delivery with growing pauses until it is answered 2xx.
func (s *Simulator) enqueue(p facts.Provider, id, kind, about string, created int64, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // our own maps always marshal
	}
	s.s.Serial++
	d := &Delivery{
		Number: s.s.Serial, Provider: p, EventID: id, Type: kind, About: about, Body: b, Created: created,
		Status: "waiting", Due: time.Now(),
	}
	if s.s.Hold {
		d.Status = "held"
	}
	s.s.Deliveries = append(s.s.Deliveries, d)
	if over := len(s.s.Deliveries) - maxDeliveries; over > 0 {
		kept := s.s.Deliveries[:0:0]
		for _, d := range s.s.Deliveries {
			if over > 0 && (d.Status == "delivered" || d.Status == "failed") {
				over--
				continue
			}
			kept = append(kept, d)
		}
		s.s.Deliveries = kept
	}
	s.s.changed = true
}

// again queues an event once more: the same id, as a provider's repeat.
func (s *Simulator) again(number int, unsigned bool) bool {
	for _, d := range s.s.Deliveries {
		if d.Number != number {
			continue
		}
		repeat := *d
		s.s.Serial++
		repeat.Number, repeat.Status, repeat.Attempts, repeat.Code = s.s.Serial, "waiting", 0, 0
		repeat.Due, repeat.Unsigned = time.Now(), unsigned
		s.s.Deliveries = append(s.s.Deliveries, &repeat)
		s.s.changed = true
		return true
	}
	return false
}

// release sends what was held, in the order it happened or backwards.
func (s *Simulator) release(backwards bool) {
	var held []*Delivery
	for _, d := range s.s.Deliveries {
		if d.Status == "held" {
			held = append(held, d)
		}
	}
	for i, d := range held {
		n := i
		if backwards {
			n = len(held) - 1 - i
		}
		d.Status, d.Due = "waiting", time.Now().Add(time.Duration(n-len(held))*time.Millisecond)
		s.s.changed = true
	}
}

// send delivers what is due, oldest first.
func (s *Simulator) send(ctx context.Context) {
	for ctx.Err() == nil {
		s.mu.Lock()
		var next *Delivery
		for _, d := range s.s.Deliveries {
			if d.Status == "waiting" && !d.Due.After(time.Now()) && (next == nil || d.Due.Before(next.Due)) {
				next = d
			}
		}
		if next == nil {
			s.mu.Unlock()
			return
		}
		attempt := *next
		s.mu.Unlock()
		code := s.post(ctx, &attempt)
		s.change(func() {
			next.Attempts++
			next.Code = code
			s.s.changed = true
			switch {
			case code/100 == 2:
				next.Status = "delivered"
			case next.Attempts >= maxTries || next.Unsigned:
				next.Status = "failed"
			default:
				next.Due = time.Now().Add(min(time.Minute, 500*time.Millisecond<<next.Attempts))
			}
		})
	}
}

// post makes one attempt and returns the status, 0 when none came.
func (s *Simulator) post(ctx context.Context, d *Delivery) int {
	target := s.c.StripeWebhook
	if d.Provider == facts.Razorpay {
		target = s.c.RazorpayWebhook
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(d.Body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if d.Provider == facts.Stripe {
		req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
		if !d.Unsigned {
			req.Header.Set(stripe.SignatureHeader, stripe.Sign(d.Body, time.Now(), StripeSecret))
		}
	} else {
		req.Header.Set("User-Agent", "Razorpay-Webhook/v1")
		req.Header.Set(razorpay.EventIDHeader, d.EventID)
		if !d.Unsigned {
			req.Header.Set(razorpay.SignatureHeader, facts.Sign(RazorpaySecret, d.Body))
		}
	}
	res, err := s.client.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<16)) // so that the connection is used again
	return res.StatusCode
}

// Deliver sends everything that waits and returns when nothing is due any
// more, or an error naming what was not accepted. Tests use it instead of Run.
func (s *Simulator) Deliver(ctx context.Context) error {
	s.send(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.s.Deliveries {
		if d.Status == "waiting" || d.Status == "failed" && !d.Unsigned {
			return fmt.Errorf("%s %s was answered %d", d.Type, d.EventID, d.Code)
		}
	}
	return ctx.Err()
}

// Events lists the deliveries that are still known, oldest first.
func (s *Simulator) Events() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Delivery, len(s.s.Deliveries))
	for i, d := range s.s.Deliveries {
		out[i] = *d
	}
	return out
}
