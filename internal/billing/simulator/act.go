package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
)

// What a person, or a test, can make happen. Each is one step at the provider,
// with the events that the provider would send.

var errNoSuch = errors.New("the simulator has no such object, or it is past that")

// do runs an act under the lock.
func (s *Simulator) do(fn func() error) (err error) {
	s.change(func() {
		s.pass()
		err = fn()
		if err == nil {
			s.s.changed = true
		}
	})
	return err
}

// PaySession pays a Stripe Checkout session and returns where the customer is
// sent. With a card that is refused the first payment fails and the session
// stays open.
func (s *Simulator) PaySession(id string) (back string, err error) {
	err = s.do(func() error {
		c := s.s.Sessions[id]
		if c == nil || c.Status != "open" {
			return errNoSuch
		}
		if c.Mode == "payment" {
			s.payOnce(c)
			back = strings.ReplaceAll(c.SuccessURL, "{CHECKOUT_SESSION_ID}", c.ID)
			return nil
		}
		now := s.now()
		sub := &subscription{
			Provider: facts.Stripe, ID: newID("sub_"), Customer: c.Customer, Price: c.Price, Status: "active",
			Metadata: c.SubMetadata, Quantity: c.Quantity,
			Created: now, Start: now, PeriodStart: now, Period: 1,
		}
		sub.PeriodEnd = periodEnd(facts.Stripe, now, s.prices[c.Price].Interval, 1)
		c.Status, c.Subscription, c.Paid = "complete", sub.ID, "paid"
		s.s.Subscriptions[sub.ID] = sub
		if c.TrialDays > 0 {
			sub.Status, sub.TrialEnd, c.Paid = "trialing", now+int64(c.TrialDays)*day, "no_payment_required"
			sub.Start, sub.PeriodEnd, sub.Period = sub.TrialEnd, sub.TrialEnd, 0
		}
		in := s.newInvoice(sub, "subscription_create", now)
		if c.TrialDays > 0 {
			in.Amount, in.Lines[0].Amount = 0, 0
		}
		// The order is as it comes: the invoice before the subscription that it is for.
		s.payStripe(sub, in, now)
		s.subEvent("customer.subscription.created", sub, now)
		s.stripeEvent("checkout.session.completed", c.ID, now, s.sessionJSON(c))
		back = strings.ReplaceAll(c.SuccessURL, "{CHECKOUT_SESSION_ID}", c.ID)
		return nil
	})
	return back, err
}

// A Paid is what Razorpay's page sends back through the customer's browser.
type Paid struct {
	Callback                             string // empty for the plain hosted page, which leads nowhere
	PaymentID, SubscriptionID, Signature string
}

// PaySubscription makes the first payment of a Razorpay subscription, known by
// its id or its short name.
func (s *Simulator) PaySubscription(id string) (p Paid, err error) {
	err = s.do(func() error {
		sub := s.razorpayBy(id)
		if sub == nil || sub.Status != "created" {
			return errNoSuch
		}
		now := s.now()
		sub.Customer = newID("cust_")
		if sub.Start > now { // a trial: the mandate alone
			sub.Status = "authenticated"
			sub.PeriodEnd = sub.Start
			sub.Mandate = newID("pay_")
			s.razorpayEvent("subscription.authenticated", sub, nil, now)
			p = Paid{
				Callback: sub.Callback, PaymentID: sub.Mandate, SubscriptionID: sub.ID,
				Signature: razorpay.SignReturn(RazorpayKeySecret, sub.Mandate, sub.ID),
			}
			return nil
		}
		sub.Status, sub.Start, sub.PeriodStart, sub.Period, sub.Paid = "active", now, now, 1, 1
		sub.PeriodEnd = periodEnd(facts.Razorpay, now, s.prices[sub.Price].Interval, 1)
		in := s.newInvoice(sub, "subscription_create", now)
		in.Status, in.PaidAt, in.Payment = "paid", now, newID("pay_")
		s.razorpayEvent("subscription.activated", sub, in, now)
		s.razorpayEvent("subscription.charged", sub, in, now)
		s.razorpayInvoicePaid(sub, in, now)
		p = Paid{
			Callback: sub.Callback, PaymentID: in.Payment, SubscriptionID: sub.ID,
			Signature: razorpay.SignReturn(RazorpayKeySecret, in.Payment, sub.ID),
		}
		return nil
	})
	return p, err
}

func (s *Simulator) razorpayBy(id string) *subscription {
	for _, sub := range s.s.Subscriptions {
		if sub.Provider == facts.Razorpay && (sub.ID == id || sub.Short == id) {
			return sub
		}
	}
	return nil
}

// SetCard makes the next payments of a subscription succeed or fail. The card can
// be mended when the subscription has ended, too: nothing may be charged then.
func (s *Simulator) SetCard(id string, good bool) error {
	return s.do(func() error {
		sub := s.s.Subscriptions[id]
		if sub == nil {
			return errNoSuch
		}
		sub.BadCard = !good
		return nil
	})
}

// on runs fn on a subscription that has not ended.
func (s *Simulator) on(id string, fn func(*subscription) error) error {
	return s.do(func() error {
		sub := s.s.Subscriptions[id]
		if sub == nil || sub.ended() {
			return errNoSuch
		}
		return fn(sub)
	})
}

// set changes a setting of a subscription.
func (s *Simulator) set(id string, fn func(*subscription)) error {
	return s.on(id, func(sub *subscription) error { fn(sub); return nil })
}

// SetSecondFactor makes the bank ask for the customer at each payment, so that
// none goes through without them.
func (s *Simulator) SetSecondFactor(id string, on bool) error {
	return s.set(id, func(sub *subscription) { sub.SecondFactor = on })
}

// SetOff takes percent off each invoice, by a coupon or an offer; SetTax adds some.
func (s *Simulator) SetOff(id string, percent int) error {
	return s.set(id, func(sub *subscription) { sub.Off = percent })
}

// SetTax adds percent of tax to each invoice.
func (s *Simulator) SetTax(id string, percent int) error {
	return s.set(id, func(sub *subscription) { sub.Tax = percent })
}

// SetDunning says what follows the last retry at Stripe: "" cancels, "unpaid" and
// "past_due" leave the subscription so.
func (s *Simulator) SetDunning(id, what string) error {
	return s.set(id, func(sub *subscription) { sub.Dunning = what })
}

// SetAddOn puts another item before the plan of a Stripe subscription.
func (s *Simulator) SetAddOn(id string) error {
	return s.on(id, func(sub *subscription) error {
		if sub.Provider != facts.Stripe {
			return errNoSuch
		}
		sub.AddOn = true
		s.subEvent("customer.subscription.updated", sub, s.now())
		return nil
	})
}

// Turn moves the clock five minutes past the end of a subscription's period: it
// has renewed, and nothing is collected yet.
func (s *Simulator) Turn(ctx context.Context, id string) error {
	return s.to(ctx, id, 5*60)
}

// ChangeCard gives Razorpay another card while a payment is outstanding. The
// subscription is active at once, and nothing is charged for the cycle that runs.
func (s *Simulator) ChangeCard(id string) error {
	return s.on(id, func(sub *subscription) error {
		if sub.Provider != facts.Razorpay || sub.Status != "pending" && sub.Status != "halted" {
			return errNoSuch
		}
		sub.BadCard, sub.Status, sub.Open, sub.Retries, sub.NextRetry = false, "active", "", 0, 0
		s.razorpayEvent("subscription.activated", sub, nil, s.now())
		return nil
	})
}

// ExtraInvoice bills something besides the plan at Stripe, in the middle of a
// period, and tries to collect it at once: for the rest of the period, or, once,
// for something of another kind, whose line names a year.
func (s *Simulator) ExtraInvoice(id string, amount int64, once bool) error {
	return s.on(id, func(sub *subscription) error {
		if sub.Provider != facts.Stripe || sub.Open != "" || sub.Status != "active" {
			return errNoSuch
		}
		now := s.now()
		in := s.newInvoice(sub, "subscription_update", now)
		in.Amount, in.Off, in.Tax, in.Start = amount, 0, 0, now
		in.Lines = []line{{Price: sub.Price, Start: now, End: sub.PeriodEnd, Amount: amount, Prorated: true}}
		if once {
			in.Reason = "manual"
			in.Lines = []line{{
				Price: "price_SimulatedSetUp", Start: now, End: now + 365*day, Amount: amount,
				Once: true,
			}}
		}
		in.Status, sub.Open = "open", in.ID
		s.collectStripe(sub, now)
		return nil
	})
}

// PayInvoice pays an open invoice of Stripe on its hosted page, with the
// customer's second factor where it is asked for.
func (s *Simulator) PayInvoice(id string) error {
	return s.do(func() error {
		in := s.s.Invoices[id]
		if in == nil || in.Provider != facts.Stripe || in.Status != "open" && in.Status != "uncollectible" {
			return errNoSuch
		}
		sub := s.s.Subscriptions[in.Subscription]
		now := s.now()
		switch {
		case sub == nil:
			return errNoSuch
		case sub.PendingInvoice == id:
			s.applyPending(sub, now)
		case sub.Open == id && !sub.ended():
			s.payStripe(sub, in, now)
			if sub.Status != "active" {
				sub.Status = "active"
				s.subEvent("customer.subscription.updated", sub, now)
			}
		default: // of an ended subscription, or an older one: it changes no status
			s.payStripe(sub, in, now)
		}
		return nil
	})
}

// PayOpen pays what is outstanding, as a customer with a new card does.
func (s *Simulator) PayOpen(id string) error {
	return s.on(id, func(sub *subscription) error {
		in := s.s.Invoices[sub.Open]
		if in == nil {
			return errNoSuch
		}
		sub.BadCard, sub.SecondFactor = false, false
		if sub.Provider == facts.Stripe {
			s.collectStripe(sub, s.now())
			return nil
		}
		s.payRazorpay(sub, in, s.now())
		s.razorpayEvent("subscription.activated", sub, in, s.now())
		sub.Open = ""
		return nil
	})
}

// Cancel ends a subscription now, or with its period: at Stripe by cancel_at,
// as its customer portal does, at Razorpay silently.
func (s *Simulator) Cancel(id string, atPeriodEnd bool) error {
	return s.on(id, func(sub *subscription) error {
		switch {
		case sub.Provider == facts.Razorpay:
			s.cancelRazorpay(sub, atPeriodEnd, "customer")
		case atPeriodEnd:
			sub.CancelAt, sub.CanceledAt = sub.PeriodEnd, s.now()
			s.subEvent("customer.subscription.updated", sub, s.now())
		default:
			s.endStripe(sub, s.now(), "cancellation_requested")
		}
		return nil
	})
}

// Resume takes a scheduled cancellation back, or ends a pause. Razorpay cannot
// do the first.
func (s *Simulator) Resume(id string) error {
	return s.on(id, func(sub *subscription) error {
		switch {
		case sub.Provider == facts.Razorpay && sub.Status == "paused":
			sub.Status = "active"
			s.razorpayEvent("subscription.resumed", sub, nil, s.now())
		case sub.Provider == facts.Stripe && (sub.CancelAt != 0 || sub.CancelAtEnd):
			sub.CancelAt, sub.CancelAtEnd, sub.CanceledAt = 0, false, 0
			s.subEvent("customer.subscription.updated", sub, s.now())
		default:
			return errNoSuch
		}
		return nil
	})
}

// Pause pauses a Razorpay subscription, as its customer can.
func (s *Simulator) Pause(id string) error {
	return s.on(id, func(sub *subscription) error {
		if sub.Provider != facts.Razorpay || sub.Status != "active" {
			return errNoSuch
		}
		sub.Status = "paused"
		s.razorpayEvent("subscription.paused", sub, nil, s.now())
		return nil
	})
}

// Refund gives the newest payment of a subscription back, whole or half.
func (s *Simulator) Refund(id string, whole bool) error {
	return s.do(func() error {
		sub, in := s.s.Subscriptions[id], s.lastPaid(id)
		if sub == nil || in == nil || in.Refunded >= in.total() {
			return errNoSuch
		}
		back := in.total() - in.Refunded
		if !whole {
			back = (back + 1) / 2
		}
		in.Refunded += back
		if sub.Provider == facts.Stripe {
			s.newReversal(sub.Provider, "refund", in.Charge, back, in.Currency)
			s.stripeEvent("charge.refunded", sub.ID, s.now(), stripeCharge(in))
			return nil
		}
		r := s.newReversal(sub.Provider, "refund", in.Payment, back, in.Currency)
		s.razorpaySend("refund.processed", sub.ID, s.now(), object{
			"payment": object{"entity": s.razorpayPayment(in)},
			"refund":  object{"entity": razorpayReversal(r)},
		})
		return nil
	})
}

// Dispute opens a chargeback on the newest payment.
func (s *Simulator) Dispute(id string) error {
	return s.do(func() error {
		sub, in := s.s.Subscriptions[id], s.lastPaid(id)
		if sub == nil || in == nil {
			return errNoSuch
		}
		if sub.Provider == facts.Stripe {
			r := s.newReversal(sub.Provider, "dispute", in.Charge, in.total(), in.Currency)
			s.stripeEvent("charge.dispute.created", sub.ID, s.now(), s.stripeReversal(r))
			return nil
		}
		r := s.newReversal(sub.Provider, "dispute", in.Payment, in.total(), in.Currency)
		s.razorpaySend("payment.dispute.created", sub.ID, s.now(), object{
			"payment": object{"entity": s.razorpayPayment(in)},
			"dispute": object{"entity": razorpayReversal(r)},
		})
		return nil
	})
}

func (s *Simulator) lastPaid(id string) *invoice {
	var last *invoice
	for _, in := range s.s.Invoices {
		if in.Subscription == id && in.PaidAt != 0 && in.total() > 0 &&
			(last == nil || in.PaidAt > last.PaidAt || in.PaidAt == last.PaidAt && in.Serial > last.Serial) {
			last = in
		}
	}
	return last
}

// DeleteCustomer deletes a Stripe customer, which ends its subscriptions at once.
func (s *Simulator) DeleteCustomer(id string) error {
	return s.do(func() error {
		c := s.s.Customers[id]
		if c == nil || c.Deleted {
			return errNoSuch
		}
		c.Deleted = true
		for _, sub := range sorted(s.s.Subscriptions) {
			if sub.Provider == facts.Stripe && sub.Customer == id && !sub.ended() {
				s.endStripe(sub, s.now(), "cancellation_requested")
			}
		}
		s.stripeEvent("customer.deleted", id, s.now(), object{"id": id, "object": "customer", "email": c.Email})
		return nil
	})
}

// Renew moves the clock just past the end of a subscription's period, so that
// it renews, or fails to.
func (s *Simulator) Renew(ctx context.Context, id string) error {
	return s.to(ctx, id, 2*hour)
}

// to moves the clock past the end of a subscription's period.
func (s *Simulator) to(ctx context.Context, id string, past int64) error {
	s.mu.Lock()
	sub := s.s.Subscriptions[id]
	var end int64
	if sub != nil && !sub.ended() {
		end = sub.PeriodEnd
	}
	s.mu.Unlock()
	if end == 0 {
		return errNoSuch
	}
	return s.Advance(ctx, time.Duration(max(end-s.now(), 0)+past)*time.Second)
}

// Advance moves the service clock by d, here and in Tijori, and does what
// falls due.
func (s *Simulator) Advance(ctx context.Context, d time.Duration) error {
	if s.c.Advance == nil {
		return errors.New("the clock cannot be moved here")
	}
	if d <= 0 || d > 2*366*24*time.Hour {
		return fmt.Errorf("the clock moves forward by up to two years, not by %s", d)
	}
	if err := s.c.Advance(ctx, d); err != nil {
		return fmt.Errorf("move the clock: %w", err)
	}
	return s.do(func() error { s.pass(); return nil })
}

// Hold keeps new events back until Release sends them, in order or backwards.
// When it ends, what is held is sent in order.
func (s *Simulator) Hold(on bool) error {
	return s.do(func() error {
		if s.s.Hold = on; !on {
			s.release(false)
		}
		return nil
	})
}

// Release sends what was held.
func (s *Simulator) Release(backwards bool) error {
	return s.do(func() error { s.release(backwards); return nil })
}

// Again sends an event once more, by its number in Events; unsigned it must be refused.
func (s *Simulator) Again(number int, unsigned bool) error {
	return s.do(func() error {
		if !s.again(number, unsigned) {
			return errNoSuch
		}
		return nil
	})
}

// Drop forgets an event that was not delivered, as if it had been lost.
func (s *Simulator) Drop(number int) error {
	return s.do(func() error {
		for i, d := range s.s.Deliveries {
			if d.Number == number && d.Status != "delivered" {
				s.s.Lost = append(s.s.Lost, d) // Stripe still lists what it could not deliver
				s.s.Lost = s.s.Lost[max(0, len(s.s.Lost)-maxDeliveries):]
				s.s.Deliveries = append(s.s.Deliveries[:i:i], s.s.Deliveries[i+1:]...)
				return nil
			}
		}
		return errNoSuch
	})
}

// address accepts an address of this machine only: the simulator sends nobody elsewhere.
func address(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !loopback(u.Hostname()) {
		return ""
	}
	return raw
}
