package leaky

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What the shop is configured with at its providers.
const (
	StripeSecret    = "whsec_leaky_shop_stripe"
	RazorpaySecret  = "leaky-shop-razorpay"
	EndedSecret     = "whsec_leaky_shop_rotated_away"
	price           = "price_pro_monthly"
	razorpayPlan    = "plan_ProMonthly001"
	razorpayAccount = "acc_LeakyShop00001"
	maxHook         = 1 << 20
	perPayment      = 100
)

func sign(secret string, b []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(b)
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Shop) signed(b []byte, given, secret string) bool {
	secrets := []string{secret}
	if s.has(HookEmpty) {
		secrets = append(secrets, "")
	}
	if s.has(HookEnded) {
		secrets = append(secrets, EndedSecret)
	}
	for _, k := range secrets {
		if hmac.Equal([]byte(sign(k, b)), []byte(given)) {
			return true
		}
	}
	return s.has(HookWrong) && given != ""
}

// readHook is the body, within bounds unless the flaw is on.
func (s *Shop) readHook(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	if s.has(HookUnbounded) {
		b, err := io.ReadAll(r.Body)
		return b, err == nil
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return nil, false
	}
	return b, true
}

// parsed is what the signature is verified over.
func (s *Shop) parsed(b []byte) []byte {
	var out bytes.Buffer
	if !s.has(HookReencoded) || json.Compact(&out, b) != nil {
		return b
	}
	return out.Bytes()
}

// An event is what both providers say, in one form.
type event struct {
	id, reference, customer, subscription, product string
	created                                        int64
	paid, ended, opens                             bool
}

var (
	errShape = errors.New("this event has not the shape that it should have")
	errEarly = errors.New("the customer is not known yet")
)

func (s *Shop) stripe(w http.ResponseWriter, r *http.Request) {
	b, ok := s.readHook(w, r)
	if !ok {
		return
	}
	var stamp, given string
	for part := range strings.SplitSeq(r.Header.Get("Stripe-Signature"), ",") {
		name, v, _ := strings.Cut(part, "=")
		switch name {
		case "t":
			stamp = v
		case "v1":
			given = v
		}
	}
	at, err := strconv.ParseInt(stamp, 10, 64)
	age := time.Since(time.Unix(at, 0)).Abs()
	fresh := err == nil && age < 5*time.Minute || s.has(HookStale)
	payload := append([]byte(stamp+"."), s.parsed(b)...)
	if !s.has(HookUnsigned) && (!fresh || !s.signed(payload, given, StripeSecret)) {
		http.Error(w, "this signature is not Stripe's", http.StatusBadRequest)
		return
	}
	s.settle(w, r, b, s.stripeEvent)
}

func (s *Shop) stripeEvent(b []byte) (*event, error) {
	var raw struct {
		ID, Type, Account string
		Created           int64
		Livemode          bool
		Data              struct {
			Object struct {
				ID, Customer, Subscription, Status, Object string
				Reference                                  string `json:"client_reference_id"`
				PaymentStatus                              string `json:"payment_status"`
				Items                                      struct {
					Data []struct{ Price struct{ ID string } }
				}
				Lines struct {
					Data []struct{ Price struct{ ID string } }
				}
			}
		}
	}
	if err := json.Unmarshal(b, &raw); err != nil || raw.ID == "" {
		return nil, errShape
	}
	if raw.Livemode && !s.has(HookOtherMode) || raw.Account != "" && !s.has(HookAccount) {
		return nil, nil
	}
	o := raw.Data.Object
	e := &event{
		id: raw.ID, created: raw.Created, customer: o.Customer, reference: o.Reference, subscription: o.Subscription,
	}
	switch raw.Type {
	case "checkout.session.completed":
		e.opens = true
		return e, nil
	case "customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted":
		if len(o.Items.Data) == 0 {
			return nil, errShape
		}
		e.subscription, e.product = o.ID, o.Items.Data[0].Price.ID
		e.paid = o.Status == "active" || s.has(HookUnpaid) && o.Status == "incomplete"
		e.ended = !e.paid
	case "invoice.paid":
		if len(o.Lines.Data) == 0 {
			return nil, errShape
		}
		e.product, e.paid = o.Lines.Data[0].Price.ID, o.Status == "paid"
	default:
		return nil, nil
	}
	if e.product != price && !s.has(HookProduct) {
		return nil, nil
	}
	return e, nil
}

func (s *Shop) razorpay(w http.ResponseWriter, r *http.Request) {
	b, ok := s.readHook(w, r)
	if !ok {
		return
	}
	if !s.has(HookUnsigned) && !s.signed(s.parsed(b), r.Header.Get("X-Razorpay-Signature"), RazorpaySecret) {
		http.Error(w, "this signature is not Razorpay's", http.StatusBadRequest)
		return
	}
	id := r.Header.Get("X-Razorpay-Event-Id")
	s.settle(w, r, b, func(b []byte) (*event, error) { return s.razorpayEvent(id, b) })
}

func (s *Shop) razorpayEvent(id string, b []byte) (*event, error) {
	var raw struct {
		Event     string
		AccountID string `json:"account_id"`
		CreatedAt int64  `json:"created_at"`
		Payload   struct {
			Subscription struct {
				Entity struct {
					ID, Status string
					PlanID     string `json:"plan_id"`
					CustomerID string `json:"customer_id"`
					Notes      map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal(b, &raw); err != nil || raw.Payload.Subscription.Entity.ID == "" || id == "" {
		return nil, errShape
	}
	if raw.AccountID != razorpayAccount && !s.has(HookAccount) {
		return nil, nil
	}
	o := raw.Payload.Subscription.Entity
	e := &event{
		id: id, created: raw.CreatedAt, customer: o.CustomerID, reference: o.Notes["account"], subscription: o.ID,
		product: o.PlanID,
	}
	switch raw.Event {
	case "subscription.charged":
		e.paid = o.Status == "active"
	case "subscription.authenticated", "subscription.pending":
		e.paid = s.has(HookUnpaid) && raw.Event == "subscription.authenticated"
		if !e.paid {
			return nil, nil
		}
	case "subscription.cancelled", "subscription.halted":
		e.ended = true
	default:
		return nil, nil
	}
	if e.product != razorpayPlan && !s.has(HookProduct) {
		return nil, nil
	}
	return e, nil
}

// settle applies an event once, and acknowledges it only then.
func (s *Shop) settle(w http.ResponseWriter, r *http.Request, b []byte, read func([]byte) (*event, error)) {
	e, err := read(bytes.Clone(b))
	if err == nil && e != nil {
		err = s.apply(r, e)
	}
	switch {
	case err == nil, s.has(HookOKOnError):
		w.WriteHeader(http.StatusOK)
	case errors.Is(err, errShape):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func (s *Shop) apply(r *http.Request, e *event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[e.id] && !s.has(HookRepeated) {
		return nil
	}
	if s.has(HookLost) {
		s.seen[e.id] = true
		s.mu.Unlock()
		select {
		case <-r.Context().Done(): // the caller has gone, and the database call ends with it
			s.mu.Lock()
			return r.Context().Err()
		case <-time.After(200 * time.Millisecond):
		}
		s.mu.Lock()
	}
	if e.opens || e.reference != "" {
		if s.accounts[e.reference] == nil {
			return errShape
		}
		s.customers[e.customer] = e.reference
	}
	a := s.accounts[s.customers[e.customer]]
	if a == nil {
		if s.has(HookDropsEarly) {
			s.seen[e.id] = true
			return nil
		}
		return errEarly
	}
	s.seen[e.id] = true
	if e.opens {
		return nil
	}
	sub := a.subscriptions[e.subscription]
	if sub == nil {
		sub = &subscription{account: a.id}
		a.subscriptions[e.subscription] = sub
	}
	if e.created < sub.seen && !s.has(HookLate) {
		return nil
	}
	sub.seen = max(sub.seen, e.created)
	sub.active = e.paid
	if e.paid {
		a.credits += perPayment
	}
	return nil
}
