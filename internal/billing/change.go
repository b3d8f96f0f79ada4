package billing

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Quote is what a change of plan would cost and when it takes effect, as the
// owner is to read it before it is done.
type Quote struct {
	AccountName string
	Provider    facts.Provider
	From, To    Price
	Seats       int64        // of the new price
	At          time.Time    // the moment that the amount is for
	Due         money.Amount // collected at once; negative is credited to later invoices
	Starts      time.Time    // when the new plan begins
	Next        time.Time    // the payment after that
	// another subscription takes the place of the present one, which ends when that is paid (Razorpay)
	Ends    bool
	Keeps   time.Time // until when the present plan is paid for; with Ends
	CanWait bool      // with Ends and an amount: with none due it begins at Keeps, so that nothing paid is lost
}

var (
	errNothingToChange = fault.New(fault.Conflict, "There is no subscription whose plan could be changed.").
				Coded("no_subscription")
	errSamePlan = fault.New(fault.Conflict, "This is the plan you have.").Coded("same_plan")
	errEnding   = fault.New(fault.Conflict, "This subscription is ending. Keep the plan first, or wait for its end.").
			Coded("subscription_ending")
	errPayFirst = fault.New(fault.Conflict, "A payment is outstanding. Pay it first.").
			Coded("payment_outstanding")
	errRenewing = fault.New(fault.Conflict,
		"Your plan is being renewed. Change it after that payment, in a few hours.").Coded("renewal_under_way")
	errAmountChanged = fault.New(fault.Conflict, "The amount has changed meanwhile. Check it again.").
				Coded("amount_changed")
	errOtherCurrency = fault.New(fault.Conflict,
		"Your plan is paid in another currency, which a subscription cannot change. "+
			"Cancel it, and buy this one when it has ended.").
		Coded("other_currency")
	errCannotResume = fault.New(fault.Conflict,
		"A subscription that was cancelled at Razorpay cannot be resumed. Buy the plan again when it ends.").
		Coded("cannot_resume")
	errSecondFactor = fault.New(fault.Conflict,
		"Your bank wants you to confirm this payment yourself. "+
			"Nothing was changed and nothing was charged. Update your card at Stripe, then try again.").
		Coded("authentication_required")
	errNotEnding = fault.New(fault.Conflict, "This subscription is not ending.").Coded("subscription_not_ending")
)

// quoteLife is how long a quoted amount can be accepted.
const quoteLife = 30 * time.Minute

// QuoteChange says what it would cost to change the caller's plan, and when
// that takes effect, by what the providers say of the account now. It changes nothing.
// At Stripe more begins at once, for an amount that is Stripe's own preview, and less begins when the period ends, without
// any amount. Razorpay cannot change most subscriptions (providers.md 2.1): another one
// takes the place of the present one, which goes on until the new one is paid. A higher
// plan begins at once or, as the owner chooses, when what is paid has run out; others
// begin then. Forbidden for all but owners; Conflict when there is
// nothing to change, or not now.
func (s *Service) QuoteChange(ctx context.Context, c postgres.Caller, plan, interval string) (*Quote, error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.QuoteFor(ctx, p, plan, interval, 0)
}

// QuoteFor is QuoteChange for a payer who is known, of a number of seats: 0 keeps as many as there are. Without a plan
// it is the present one, so that only the number of seats changes.
func (s *Service) QuoteFor(ctx context.Context, p Payer, plan, interval string, seats int64) (*Quote, error) {
	unlock := s.buying.lock(p.account)
	s.look(ctx, p.account)
	unlock()
	q, _, err := s.quote(ctx, p, plan, interval, seats, s.clock.Now().Truncate(time.Second))
	return q, err
}

func (s *Service) quote(
	ctx context.Context, p Payer, plan, interval string, seats int64, at time.Time,
) (*Quote, *Subscription, error) {
	sub, subs, err := s.changeable(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	if plan == "" {
		plan, interval = sub.PlanID, sub.Interval
	}
	if wanted, ok := s.plans.ByID(plan); seats == 0 {
		if seats = 1; ok && wanted.PerSeat {
			seats = sub.Quantity
		}
	}
	if err := s.checkSeats(plan, seats); err != nil {
		return nil, nil, err
	}
	to, ok := s.plans.Price(plan, interval, sub.Provider)
	if !ok {
		return nil, nil, errNotForSale
	}
	from, known := s.plans.PriceByID(sub.Provider, sub.PriceID)
	if !known { // a price that the file does not name: the plan is kept all the same
		from = Price{
			Plan: sub.PlanID, Provider: sub.Provider, Interval: sub.Interval, ProviderPrice: sub.PriceID,
			Past: true,
		}
	}
	switch {
	case to.Plan == from.Plan && to.Interval == from.Interval && (seats == sub.Quantity || !s.perSeat(to.Plan)):
		// at what it cost when it was bought
		return nil, nil, errSamePlan
	case known && to.Amount.Currency != from.Amount.Currency:
		return nil, nil, errOtherCurrency
	}
	q := &Quote{AccountName: p.name, Provider: sub.Provider, From: from, To: to, Seats: seats, At: at, Starts: at}
	if sub.Provider == facts.Stripe && sub.Status != Trialing && s.lower(from, to, seats, *sub) &&
		sub.PeriodEnd.After(at) {
		q.Starts, q.Keeps, q.Due = sub.PeriodEnd, sub.PeriodEnd, money.Amount{Currency: to.Amount.Currency}
		q.Next = later(q.Starts, to.Interval)
		return q, sub, nil
	}
	if sub.Provider == facts.Stripe {
		q.Next = sub.PeriodEnd
		if from.Interval != to.Interval {
			q.Next = later(at, to.Interval)
		}
		q.Due, err = s.stripe.Preview(ctx, stripe.Change{
			SubscriptionID: sub.ID, CustomerID: sub.CustomerID,
			FromID: sub.PriceID, PriceID: to.ProviderPrice, Quantity: seats, At: at,
		})
		if err != nil {
			return nil, nil, providerFault(err)
		}
		return q, sub, nil
	}
	q.Ends, q.Keeps, q.Due = true, sub.PaidThrough, forSeats(to.Amount, seats)
	switch ahead := s.ahead(subs, to, seats, at); {
	case !ahead.Starts.IsZero():
		q.wait(ahead.Starts)
	case q.Keeps.After(at.Add(leastAhead)):
		q.CanWait = true
	case !s.more(to.Plan, seats, *sub): // it collects about now, and both would be paid for the same days
		return nil, nil, errRenewing
	}
	q.Next = later(q.Starts, to.Interval)
	return q, sub, nil
}

// wait makes the new plan begin later: when what is paid has run out.
func (q *Quote) wait(starts time.Time) {
	q.Starts, q.Due = starts, money.Amount{Currency: q.To.Amount.Currency}
	q.Next = later(q.Starts, q.To.Interval)
}

// lower says whether a change gives less, or the same for a shorter time: it waits
// until what is paid has run out, so that nobody loses what they have paid for.
func (s *Service) lower(from, to Price, seats int64, sub Subscription) bool {
	if from.Plan == to.Plan && from.Interval == to.Interval {
		return seats < sub.Quantity
	}
	if from.Plan == to.Plan {
		return from.Interval == Year && to.Interval == Month
	}
	return s.higher(from.Plan, to.Plan)
}

func (s *Service) perSeat(plan string) bool {
	p, _ := s.plans.ByID(plan)
	return p.PerSeat
}

// more says whether a plan with so many seats gives more than a subscription does.
func (s *Service) more(plan string, seats int64, sub Subscription) bool {
	return s.higher(plan, sub.PlanID) || plan == sub.PlanID && s.perSeat(plan) && seats > sub.Quantity
}

func (s *Service) higher(a, b string) bool {
	pa, _ := s.plans.ByID(a)
	pb, _ := s.plans.ByID(b)
	return pa.Rank > pb.Rank
}

func later(t time.Time, interval string) time.Time {
	if interval == Year {
		return t.AddDate(1, 0, 0)
	}
	return t.AddDate(0, 1, 0)
}

// changeable is the one subscription whose plan an account may change, and all that the
// account has.
func (s *Service) changeable(ctx context.Context, p Payer) (*Subscription, []Subscription, error) {
	var all, live []Subscription
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		all, err = subscriptionsOf(ctx, tx, p.account)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, sub := range all {
		if sub.Live() && s.gateways[sub.Provider] != nil {
			live = append(live, sub)
		}
	}
	if len(live) != 1 {
		return nil, nil, errNothingToChange
	}
	switch sub := &live[0]; {
	case sub.CancelAtPeriodEnd:
		return nil, nil, errEnding
	case sub.Status == PastDue:
		return nil, nil, errPayFirst
	case sub.Status != Active && sub.Status != Trialing:
		return nil, nil, errNothingToChange
	default:
		return sub, all, nil
	}
}

// ChangePlan does what a quote has said: at is its At and due its amount in
// minor units, so that nobody is charged another sum than they have read. At
// Stripe it is done when this returns nil, and when the bank asks for the customer
// the page is returned on which they confirm it; at Razorpay the present subscription
// is ended, what is paid is kept, and the checkout of the new one is returned.
// Faults as of QuoteChange; Conflict when the amount is another by now.
func (s *Service) ChangePlan(
	ctx context.Context, c postgres.Caller, plan, interval string, at time.Time, due int64,
) (*Checkout, error) {
	p, err := s.payer(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.ChangeFor(ctx, p, plan, interval, 0, at, due)
}

// ChangeFor is ChangePlan for a payer who is known, of a number of seats as in QuoteFor.
func (s *Service) ChangeFor(
	ctx context.Context, p Payer, plan, interval string, seats int64, at time.Time, due int64,
) (*Checkout, error) {
	defer s.buying.lock(p.account)()
	if now := s.clock.Now(); at.After(now.Add(time.Minute)) || at.Before(now.Add(-quoteLife)) {
		return nil, errAmountChanged
	}
	if err := s.catchUp(ctx, p.account); err != nil {
		return nil, err
	}
	q, sub, err := s.quote(ctx, p, plan, interval, seats, at)
	if err != nil {
		return nil, err
	}
	if q.CanWait && due == 0 {
		q.wait(q.Keeps)
	}
	if q.Due.Minor != due {
		return nil, errAmountChanged
	}
	if sub.Provider == facts.Stripe {
		change := stripe.Change{
			SubscriptionID: sub.ID, CustomerID: sub.CustomerID, FromID: sub.PriceID,
			PriceID: q.To.ProviderPrice, Quantity: q.Seats, Interval: q.To.Interval, At: at,
		}
		if q.Starts.After(at) {
			err = s.stripe.ChangeAtPeriodEnd(ctx, change)
		} else if err = s.stripe.Unschedule(ctx, sub.ID); err == nil {
			err = s.stripe.Change(ctx, change)
		}
		if needsCustomer(err) { // the bank asks for them: on the invoice's page they can answer it
			page, err := s.stripe.ChangePending(ctx, change)
			if err != nil {
				return nil, providerFault(err)
			}
			if page != "" {
				return &Checkout{Provider: sub.Provider, Price: q.To, URL: page, Account: p.name}, nil
			}
		} else if err != nil {
			return nil, providerFault(err)
		}
		_, err = s.bring(ctx, sub.Provider, sub.ID, p.account, nil)
		return nil, providerFault(err)
	}
	starts := time.Time{}
	if q.Starts.After(at) {
		starts = q.Starts
	}
	return s.purchase(ctx, p, wish{price: q.To, seats: q.Seats, starts: starts, replaces: sub.ID})
}

// needsCustomer reports whether a payment was refused because the bank wants to
// hear from the customer themselves (3-D Secure): no fault of the card.
func needsCustomer(err error) bool {
	var e *facts.APIError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "subscription_payment_intent_requires_action", "invoice_payment_intent_requires_action",
		"payment_intent_authentication_failure", "authentication_required":
		return true
	}
	return false
}

// providerFault turns a provider's refusal or silence into what the owner may
// read.
func providerFault(err error) error {
	var e *facts.APIError
	switch {
	case err == nil || fault.Of(err) != nil:
		return err
	case needsCustomer(err):
		return errSecondFactor.Because(err)
	case errors.As(err, &e) && e.Status == 402:
		return fault.New(fault.Conflict,
			"The card was refused. Nothing was changed and nothing was charged.").Because(err)
	}
	return errProviderDown.Because(err)
}

// Resume takes back that the caller's subscription ends with its period, or that
// it changes then. Conflict when it does not end, or cannot be taken up again, as at Razorpay.
func (s *Service) Resume(ctx context.Context, c postgres.Caller) error {
	p, err := s.payer(ctx, c)
	if err != nil {
		return err
	}
	return s.ResumeFor(ctx, p)
}

// ResumeFor is Resume for a payer who is known.
func (s *Service) ResumeFor(ctx context.Context, p Payer) error {
	defer s.buying.lock(p.account)()
	var best *Subscription
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		subs, err := subscriptionsOf(ctx, tx, p.account)
		best = Best(subs, s.plans, s.clock.Now())
		return err
	})
	switch {
	case err != nil:
		return err
	case best == nil:
		return errNotEnding
	case best.Provider == facts.Razorpay && best.Ended():
		return errCannotResume
	case !best.Resumable() && best.NextPriceID == "" || s.stripe == nil:
		return errNotEnding
	}
	if best.NextPriceID != "" {
		err = s.stripe.Unschedule(ctx, best.ID)
	} else {
		err = s.stripe.Resume(ctx, best.ID)
	}
	if err != nil {
		return providerFault(err)
	}
	_, err = s.bring(ctx, best.Provider, best.ID, p.account, nil)
	return providerFault(err)
}

// Resumable reports whether a scheduled end can be taken back.
func (sub Subscription) Resumable() bool {
	return sub.Provider == facts.Stripe && sub.Live() && sub.CancelAtPeriodEnd
}

var errNoInvoice = fault.New(fault.NotFound, "There is no such invoice.")

// InvoiceURL returns the provider's page for one of the caller's own invoices.
// It is asked for afresh where we have none. NotFound for an invoice of
// somebody else, or none; Forbidden for all but owners.
func (s *Service) InvoiceURL(
	ctx context.Context, c postgres.Caller, provider facts.Provider, id string,
) (string, error) {
	if !provider.Known() || !facts.ValidID(id) {
		return "", errNoInvoice
	}
	if address, leaks, err := s.misread(ctx, id); leaks {
		return address, err
	}
	var address, subscription string
	var p Payer
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		if !tx.Scope.Rights.Owns {
			return errOwnersOnly
		}
		p.account = tx.Scope.AccountID
		err := tx.QueryRow(ctx, `
			select url, subscription_id from invoices where account_id = $1 and connection_id = $2 and id = $3`,
			p.account, provider,
			id).Scan(&address, &subscription)
		if errors.Is(err, pgx.ErrNoRows) {
			return errNoInvoice
		}
		return err
	})
	if err != nil {
		return "", err
	}
	if address == "" {
		if address, err = s.fetchInvoice(ctx, p, provider, subscription, id); err != nil {
			return "", err
		}
	}
	if !isPage(address) {
		return "", fault.New(fault.NotFound, "The payment provider has no page for this invoice.")
	}
	return address, nil
}

// isPage reports whether an address of a provider can be led to.
func isPage(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") && u.User == nil
}

// PayPage is the provider's page on which what is outstanding is paid, or another
// card or mandate is given; "" when nothing is, or none is known.
func (s Subscription) PayPage() string {
	if s.Status != PastDue || !isPage(s.PayURL) {
		return ""
	}
	return s.PayURL
}

// fetchInvoice asks the provider for a subscription's invoices, keeps what they
// tell, and returns the page of one.
func (s *Service) fetchInvoice(
	ctx context.Context, p Payer, provider facts.Provider, subscription, id string,
) (string, error) {
	g, err := s.gateway(provider)
	if err != nil {
		return "", err
	}
	list, err := g.Invoices(ctx, subscription)
	if err != nil {
		return "", providerFault(err)
	}
	address, now := "", s.clock.Now()
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		for _, in := range list {
			if in.ID == id && facts.ValidID(in.ID) {
				address = in.URL
				saveInvoice(b, p.account, provider, subscription, in, true, now)
			}
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return "", fmt.Errorf("keep the invoice: %w", err)
	}
	return address, nil
}
