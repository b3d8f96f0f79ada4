package billing

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// Customers of an app who pay already, by subscriptions that the app made before it sold with Tijori. Nothing about
// them is made or changed at the provider: whose they are is claimed, and from then on they are refetched and reduced
// as after a webhook.

// Why a subscription is not brought in.
var (
	errNoObject = fault.New(fault.NotFound, "The provider does not know it, or knows it with the other mode's key.").
			Coded("unknown_at_provider")
	errOfAnother = fault.New(fault.Conflict, "It belongs to another customer already.").Coded("of_another_customer")
	errNoPrice   = fault.New(fault.Conflict, "Its price is in no plan of the app's plan file.").Coded("unknown_price")
	errNoneThere = fault.New(fault.NotFound, "This customer of the provider has no subscription that runs.").
			Coded("no_subscription_there")
	errBroken = fault.New(fault.Invalid, "What the provider says of it cannot be read.").Coded("unreadable")
)

// A Found is a subscription that a customer pays, and what it gives here.
type Found struct {
	Subscription string    `json:"subscription"`
	Plan         string    `json:"plan"`
	Interval     string    `json:"interval"`
	Status       Status    `json:"status"`
	Until        time.Time `json:"until"`             // until when it gives the plan; zero when it gives none
	StartedAt    time.Time `json:"started_at"`        // at the provider
	Known        bool      `json:"known"`             // it was the customer's here before
	Differs      string    `json:"differs,omitempty"` // from what was known
	Charges      bool      `json:"charges"`           // it gives its plan and goes on charging
	Beside       []string  `json:"beside,omitempty"`  // others of the customer that do so as well: they pay twice
}

// A Finder finds the subscriptions that lines of a file name. It may be used for one file only: Razorpay has no list by
// customer, so that its whole list is read once.
type Finder struct {
	s      *Service
	bought map[string][]string // Razorpay's, by customer; nil before they are asked for
}

// Find returns a finder.
func (s *Service) Find() *Finder { return &Finder{s: s} }

// Subscriptions returns the ids that an id of a subscription or of a customer stands for: of a customer, those that
// still run. NotFound for what the provider does not know.
func (f *Finder) Subscriptions(ctx context.Context, provider facts.Provider, id string) (ids []string, err error) {
	g, err := f.s.gateway(provider)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(id, "sub_") {
		return []string{id}, nil
	}
	if provider == facts.Razorpay {
		if f.bought == nil {
			bought := map[string][]string{}
			if err := f.s.eachRunning(ctx, g, "", func(sub *facts.Subscription) {
				bought[sub.CustomerID] = append(bought[sub.CustomerID], sub.ID)
			}); err != nil {
				return nil, err
			}
			f.bought = bought
		}
		ids = f.bought[id]
	} else if err := f.s.eachRunning(ctx, g, id, func(sub *facts.Subscription) {
		ids = append(ids, sub.ID)
	}); err != nil {
		if facts.IsCustomerMissing(err) || facts.IsMissing(err) {
			return nil, errNoObject.Because(err)
		}
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errNoneThere
	}
	return ids, nil
}

// eachRunning calls fn for each subscription of a customer, or of all, that may still charge.
func (s *Service) eachRunning(ctx context.Context, g gateway, customer string, fn func(*facts.Subscription)) error {
	cursor := ""
	for {
		list, next, err := g.SubscriptionPage(ctx, customer, cursor)
		if err != nil {
			return err
		}
		for _, sub := range list {
			if sub.CustomerID != "" && charges(g.Provider(), sub, s.clock.Now()) {
				fn(sub)
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// LookIn says what a subscription would give an account, uuid.Nil for one that is not there yet, and writes nothing.
// NotFound for what the provider does not know, Conflict for what cannot become the account's.
func (s *Service) LookIn(
	ctx context.Context, account uuid.UUID, provider facts.Provider, id string,
) (out Found, err error) {
	g, err := s.gateway(provider)
	if err != nil {
		return out, err
	}
	theirs, err := s.fetchIn(ctx, g, id)
	if err != nil {
		return out, err
	}
	now := s.clock.Now()
	var subs []Subscription
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if err := s.mayBringIn(ctx, tx, account, provider, theirs); err != nil || account == uuid.Nil {
			return err
		}
		subs, err = subscriptionsOf(ctx, tx, account)
		return err
	})
	if err != nil {
		return out, err
	}
	held := heldOf(subs, provider, id)
	state := held
	state.AccountID, state.Provider, state.ID = account, provider, id
	f := Facts{Subscription: theirs, Fetched: true}
	if err := s.askInvoices(ctx, g, state, &f, now); err != nil {
		return out, err
	}
	next, _ := Reduce(state, f, s.plans, now)
	return s.found(held, next, theirs, subs, now), nil
}

// BringIn makes a subscription the account's that who returns, with the provider's customer where nobody has it, and
// applies it by the path that webhooks take. also is done in the same transaction, as who is. Faults as of LookIn; once
// it is the account's, doing it again refetches it and changes nothing else.
func (s *Service) BringIn(
	ctx context.Context, who func(pgx.Tx) (uuid.UUID, error), provider facts.Provider, id string,
	also func(pgx.Tx, uuid.UUID, Found) error,
) (out Found, err error) {
	var account uuid.UUID
	g, err := s.gateway(provider)
	if err != nil {
		return out, err
	}
	done, err := s.turn(ctx)
	if err != nil {
		return out, err
	}
	defer done()
	theirs, err := s.fetchIn(ctx, g, id)
	if err != nil {
		return out, err
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		now := s.clock.Now()
		var err error
		if account, err = who(tx); err != nil {
			return err
		}
		if err := s.mayBringIn(ctx, tx, account, provider, theirs); err != nil {
			return err
		}
		if err := s.claimIn(ctx, tx, account, provider, theirs, now); err != nil {
			return err
		}
		before, err := subscriptionsOf(ctx, tx, account)
		if err != nil {
			return err
		}
		res, err := s.applySubject(ctx, tx, g, id, nil)
		if err == nil {
			err = res.provisional
		}
		if err != nil {
			return err
		}
		subs, err := subscriptionsOf(ctx, tx, account)
		if err != nil {
			return err
		}
		next := heldOf(subs, provider, id)
		out = s.found(heldOf(before, provider, id), next, theirs, subs, now)
		return also(tx, account, out)
	})
	if err == nil {
		s.notify(account)
		s.Wake() // events of it that waited are due
	}
	return out, err
}

func (s *Service) fetchIn(ctx context.Context, g gateway, id string) (*facts.Subscription, error) {
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	theirs, err := g.Subscription(asking, id)
	switch {
	case facts.IsMissing(err):
		return nil, errNoObject.Because(err)
	case err != nil:
		return nil, err
	case theirs.ID != id:
		return nil, errBroken
	}
	return theirs, nil
}

// mayBringIn refuses what is somebody else's, by the directory or by the account that stands on it, and what is of no
// plan. An address or a name says nothing.
func (s *Service) mayBringIn(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, theirs *facts.Subscription,
) error {
	for kind, id := range map[string]string{"subscription": theirs.ID, "customer": theirs.CustomerID} {
		if id == "" {
			continue
		}
		whose, err := owner(ctx, tx, provider, kind, id)
		if err != nil {
			return err
		}
		if whose != uuid.Nil && whose != account {
			return errOfAnother
		}
	}
	whose, err := existingAccount(ctx, tx, theirs.AccountID)
	if err != nil {
		return err
	}
	if whose != uuid.Nil && whose != account {
		return errOfAnother
	}
	if !s.prices(provider, theirs) {
		return errNoPrice
	}
	return nil
}

// prices reports whether a price of a subscription is in the plan file, a past one too.
func (s *Service) prices(provider facts.Provider, theirs *facts.Subscription) bool {
	_, ours := planItem(provider, theirs, s.plans)
	if !ours {
		_, ours = s.plans.PriceByID(provider, theirs.PriceID)
	}
	return ours
}

// claimIn writes that a subscription and its customer are the account's, and makes the customer the one by which the
// account buys from now on, unless it has another.
func (s *Service) claimIn(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, theirs *facts.Subscription,
	now time.Time,
) error {
	if err := claimCustomer(ctx, tx, account, provider, now); err != nil {
		return err
	}
	for _, c := range []struct{ kind, id string }{
		{"subscription", theirs.ID}, {"customer", theirs.CustomerID},
	} {
		if c.id == "" {
			continue
		}
		whose, _, err := claim(ctx, tx, provider, c.kind, c.id, account, now)
		if err != nil {
			return err
		}
		if whose != account {
			return errOfAnother
		}
	}
	if provider == facts.Stripe && theirs.CustomerID != "" {
		if _, err := tx.Exec(ctx, `
			update provider_customers set customer_id = $3
			 where account_id = $1 and connection_id = $2 and customer_id is null`, account, provider,
			theirs.CustomerID); err != nil {
			return fmt.Errorf("keep the customer of %s: %w", theirs.ID, err)
		}
	}
	return foundAccount(ctx, tx, provider, theirs.ID, theirs.CustomerID, account, now)
}

func heldOf(subs []Subscription, provider facts.Provider, id string) Subscription {
	for _, sub := range subs {
		if sub.Provider == provider && sub.ID == id {
			return sub
		}
	}
	return Subscription{}
}

// found describes a subscription as it is, or would be, beside the others of its account.
func (s *Service) found(held, next Subscription, theirs *facts.Subscription, subs []Subscription, now time.Time) Found {
	out := Found{
		Subscription: theirs.ID, Plan: next.PlanID, Interval: next.Interval, Status: next.StatusAt(now),
		StartedAt: theirs.StartAt, Known: held.ID != "", Charges: next.Grants(now) && next.Live(),
	}
	if next.Grants(now) {
		out.Until = next.AccessUntil
	}
	if out.Known {
		_, out.Differs = differences(held, theirs, s.plans, now)
	}
	if out.Charges {
		out.Beside = slices.DeleteFunc(Overlapping(subs, now), func(id string) bool { return id == theirs.ID })
	}
	return out
}

// importing reports whether the app is moving in: what nobody here owns waits quietly then.
func (s *Service) importing(ctx context.Context, tx pgx.Tx) (is bool, err error) {
	err = tx.QueryRow(ctx, `
		select coalesce(importing_until > $1, false) from apps where app_id = current_setting('tijori.app')`,
		s.clock.Now()).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("ask whether the app is moving in: %w", err)
	}
	return is, nil
}

func (s *Service) isImporting(ctx context.Context) (is bool, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		is, err = s.importing(ctx, tx)
		return err
	})
	return is, err
}

// EndQuiet makes what has waited quietly due now: who is still unknown is shown to a person, as at other times.
func (s *Service) EndQuiet(ctx context.Context) error {
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update inbox set next_attempt_at = $2
			 where connection_id = any ($1) and status = 'parked' and next_attempt_at > $2`,
			s.work.Connections, s.clock.Now())
		return err
	})
	if err != nil {
		return fmt.Errorf("look again at what has waited: %w", err)
	}
	s.Wake()
	return nil
}
