package billing

import (
	"slices"
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// A Status is our word for where a subscription stands, the same for both providers.
type Status string

// The statuses. None is that of an account without any subscription.
const (
	None       Status = "none"
	Incomplete Status = "incomplete" // the first payment is outstanding
	Trialing   Status = "trialing"
	Active     Status = "active"
	PastDue    Status = "past_due"
	Paused     Status = "paused"
	Canceled   Status = "canceled"
	Expired    Status = "expired"
)

// Grace is how long an account keeps its plan after what is paid has run out,
// when a renewal fails or no word of it has come (our policy).
const Grace = term.PaymentGrace

// A Subscription is an account's agreement to a price, as the provider last
// told us. Times that do not apply are zero.
type Subscription struct {
	AccountID      uuid.UUID
	Provider       facts.Provider
	ID             string // the provider's id
	CustomerID     string // the provider's customer, "" until it is known
	Status         Status
	ProviderStatus string // the provider's own word
	PriceID        string // the provider's price, as last told
	PlanID         string // the plan that is given, "" when the price is unknown
	Quantity       int64  // of the price: seats of a plan that is sold by them, else 1
	Interval       string
	PeriodStart    time.Time
	PeriodEnd      time.Time
	PaidThrough    time.Time // the end of the latest period that is paid for, or of the trial
	PaidFrom       time.Time // when the line begins that is paid until then
	// since when it is paid for without a break, as far as is known; zero when there was none
	PaidSince         time.Time
	PaidPriceID       string    // the price that was paid for; a higher one is not given
	PaidCount         int       // Razorpay: cycles that were collected
	AccessUntil       time.Time // from when it grants nothing; the tier is read from this alone
	FailedAt          time.Time // first known failure of the current dunning, to tell of it
	CancelAtPeriodEnd bool      // it will not renew
	CancelAt          time.Time
	TrialEnd          time.Time
	EndedAt           time.Time
	NextPriceID       string // the price that it changes to by itself at NextAt, "" when it does not
	NextAt            time.Time
	PayURL            string    // the provider's page on which what is outstanding is paid, or a card replaced
	SeenAt            time.Time // service time of the last refetch, or created of the last snapshot
}

// Grants reports whether the subscription gives its plan at now.
func (s Subscription) Grants(now time.Time) bool {
	return s.PlanID != "" && now.Before(s.AccessUntil)
}

// StatusAt is the status at now. It differs from Status only for Razorpay's
// completed, which is active until the last paid cycle ends.
func (s Subscription) StatusAt(now time.Time) Status {
	if s.ProviderStatus == "completed" && !now.Before(s.PaidThrough) {
		return Expired
	}
	return s.Status
}

// Ended reports whether the provider will never bring it back.
func (s Subscription) Ended() bool {
	switch s.ProviderStatus {
	case "canceled", "incomplete_expired", "cancelled", "expired", "completed":
		return true
	}
	return false
}

// EndShown is the date that goes with the status: until when it is paid, or on
// trial, or when it ended. It is zero when nothing was ever paid.
func (s Subscription) EndShown() time.Time {
	if s.Provider == facts.Stripe && s.Status == Canceled && !s.PaidThrough.IsZero() && !s.EndedAt.IsZero() {
		return s.EndedAt
	}
	return s.PaidThrough
}

// Live reports whether it may still charge the customer.
func (s Subscription) Live() bool {
	return !s.Ended() && (s.Status == Trialing || s.Status == Active || s.Status == PastDue || s.Status == Paused)
}

// Best returns the subscription that decides the tier at now: of those that
// grant access the one of highest rank, else the one that says most about the
// account. It returns nil when there is none.
func Best(subs []Subscription, plans *Plans, now time.Time) *Subscription {
	var best *Subscription
	for i := range subs {
		if best == nil || better(&subs[i], best, plans, now) {
			best = &subs[i]
		}
	}
	return best
}

func better(a, b *Subscription, plans *Plans, now time.Time) bool {
	if ga, gb := a.Grants(now), b.Grants(now); ga != gb {
		return ga
	} else if ga {
		pa, _ := plans.ByID(a.PlanID)
		pb, _ := plans.ByID(b.PlanID)
		if pa.Rank != pb.Rank {
			return pa.Rank > pb.Rank
		}
	}
	if a.Live() != b.Live() {
		return a.Live()
	}
	if !a.PaidThrough.Equal(b.PaidThrough) {
		return a.PaidThrough.After(b.PaidThrough)
	}
	return a.ID > b.ID
}

// Overlapping returns the ids of the subscriptions of an account that grant
// access and may charge at now. With more than one, somebody pays twice.
func Overlapping(subs []Subscription, now time.Time) []string {
	var ids []string
	for _, s := range subs {
		if s.Grants(now) && s.Live() {
			ids = append(ids, s.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// Succeeds reports whether a subscription can take the place of another: it is paid for,
// or is approved and begins when the other has run out.
func (s Subscription) Succeeds(now time.Time) bool {
	return s.Live() && (s.Status == Trialing || s.Status == Active && s.PaidThrough.After(now))
}
