package billing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
)

// Entitlements are the rights now in force for the account that a transaction
// is about, derived from its subscriptions against the service clock.
type Entitlements struct {
	Plan       string // id
	PlanName   string
	PartiesMax int // 0 means without limit
	Rights     []string
}

// Has reports whether a right such as Export is in force.
func (e Entitlements) Has(right string) bool { return slices.Contains(e.Rights, right) }

// Require returns an UpgradeRequired fault unless the right is in force.
func (e Entitlements) Require(right string) error {
	if e.Has(right) {
		return nil
	}
	return NeedsPlan(right)
}

// NeedsPlan is the UpgradeRequired fault of a right that is not in force.
func NeedsPlan(right string) error {
	switch right {
	case Export:
		return fault.Upgrade(fault.ExportNeedsPlan, "Downloads as PDF or spreadsheet are not in your plan.")
	case BatchEntry:
		return fault.Upgrade(fault.BatchEntryNeedsPlan, "The grid is not in your plan.")
	}
	return fault.Upgrade(right+"_needs_plan", "This is not in your plan.")
}

// EntitlementsSQL reads the caller's entitlements in one row; ScanEntitlements
// takes it. They are for batches (postgres.DB.Read).
const EntitlementsSQL = `
	select p.plan_id, p.name, coalesce((p.limits -> 'parties.max')::int, 0), p.entitlements from tijori_plans.plan() p`

// ScanEntitlements returns a scanner for a row of EntitlementsSQL.
func ScanEntitlements(e *Entitlements) func(pgx.Row) error {
	return func(row pgx.Row) error { return row.Scan(&e.Plan, &e.PlanName, &e.PartiesMax, &e.Rights) }
}

// EntitlementsOf returns what the caller of a transaction of tijori_app may do.
// An error means no entitlement: it denies.
func EntitlementsOf(ctx context.Context, tx pgx.Tx) (Entitlements, error) {
	var e Entitlements
	if err := ScanEntitlements(&e)(tx.QueryRow(ctx, EntitlementsSQL)); err != nil {
		return Entitlements{}, fmt.Errorf("read entitlements: %w", err)
	}
	return e, nil
}

// An Overview is what the billing page shows of an account.
type Overview struct {
	AccountID         uuid.UUID
	AccountName       string // on top of the page, so that nobody acts on the wrong one
	Plan              Plan   // in force now
	Status            Status // of the subscription that decides, None without one
	Subscription      *Subscription
	PeriodEnd         time.Time // paid through, end of trial, or when it ended; zero when never entitled
	NextDate          time.Time // when the plan renews, or ends; zero when neither lies ahead
	CancelAtPeriodEnd bool
	Price             *Price // what it costs, nil when the price is not sold any more
	Others            []Subscription
	Invoices          []Invoice
	OpenCheckout      *OpenCheckout
	Follower          *Subscription // approved already, begins when the present one has run out (Razorpay)
}

// An Invoice is a line of the billing page.
type Invoice struct {
	Provider    facts.Provider
	ID          string
	Number      string
	Status      string // the provider's word: paid, open, void …
	Amount      money.Amount
	PeriodStart time.Time
	PeriodEnd   time.Time
	IssuedAt    time.Time
	PaidAt      time.Time
	URL         string // the provider's page for it; may be empty
}

// An OpenCheckout is a purchase that was begun and neither paid nor closed.
type OpenCheckout struct {
	Provider  facts.Provider
	Plan      string
	Interval  string
	URL       string
	ExpiresAt time.Time
}

// Overview returns the billing page's contents for the caller's account.
// Forbidden for all but owners.
func (s *Service) Overview(ctx context.Context, c postgres.Caller) (*Overview, error) {
	var o *Overview
	err := s.db.As(ctx, c, func(tx *postgres.Tx) (err error) {
		if !tx.Scope.Rights.Owns {
			return errOwnersOnly
		}
		if o, err = s.status(ctx, tx); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `select name from accounts where account_id = $1`, o.AccountID).
			Scan(&o.AccountName); err != nil {
			return fmt.Errorf("read the account's name: %w", err)
		}
		if o.Invoices, err = invoicesOf(ctx, tx, o.AccountID); err != nil {
			return err
		}
		o.OpenCheckout, err = openCheckout(ctx, tx, o.AccountID, s.clock.Now())
		return err
	})
	return o, err
}

// Me is what GET /api/billing/me tells any member: the plan in force and its
// entitlements; to an owner also the subscription.
type Me struct {
	AccountID         uuid.UUID
	Rights            role.Rights // of the caller
	Entitlements      Entitlements
	Status            Status    // None for all but owners
	PeriodEnd         time.Time // zero for all but owners
	CancelAtPeriodEnd bool
}

// Me returns the caller's plan and entitlements. What more queues is read in the
// same round trip; like every queue of postgres.DB.Read it starts from empty results.
func (s *Service) Me(ctx context.Context, c postgres.Caller, more ...func(postgres.Scope, *pgx.Batch)) (*Me, error) {
	me := &Me{}
	var subs []Subscription
	scope, err := s.db.Read(ctx, c, func(scope postgres.Scope, b *pgx.Batch) {
		subs = nil
		b.Queue(EntitlementsSQL).QueryRow(ScanEntitlements(&me.Entitlements))
		b.Queue(`select `+subscriptionColumns+` from subscriptions s where s.account_id = $1`, scope.AccountID).
			Query(func(rows pgx.Rows) (err error) {
				subs, err = pgx.CollectRows(rows, scanSubscription)
				return err
			})
		for _, queue := range more {
			queue(scope, b)
		}
	})
	if err != nil {
		return nil, err
	}
	me.AccountID, me.Rights, me.Status = scope.AccountID, scope.Rights, None
	now := s.clock.Now()
	if best := Best(subs, s.plans, now); best != nil {
		me.Status, me.PeriodEnd, me.CancelAtPeriodEnd = best.StatusAt(now), best.EndShown(), best.CancelAtPeriodEnd
	}
	return me, nil
}

// status reads the subscriptions of the caller's account. The plan comes from
// the database's own function, the same that enforces limits.
func (s *Service) status(ctx context.Context, tx *postgres.Tx) (*Overview, error) {
	e, err := EntitlementsOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	plan, ok := s.plans.ByID(e.Plan)
	if !ok { // sold once, not in the file any more
		plan = Plan{ID: e.Plan, Name: e.PlanName, PartiesMax: e.PartiesMax, Entitlements: e.Rights}
	}
	return s.standing(ctx, tx, tx.Scope.AccountID, plan)
}

// OverviewFor is Overview for a payer who is known, with the plan in force as the database has said it.
func (s *Service) OverviewFor(ctx context.Context, p Payer, plan string) (o *Overview, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		inForce, ok := s.plans.ByID(plan)
		if !ok {
			inForce = Plan{ID: plan, Name: plan}
		}
		if o, err = s.standing(ctx, tx, p.account, inForce); err != nil {
			return err
		}
		o.AccountName = p.name
		if o.Invoices, err = invoicesOf(ctx, tx, p.account); err != nil {
			return err
		}
		o.OpenCheckout, err = openCheckout(ctx, tx, p.account, s.clock.Now())
		return err
	})
	return o, err
}

// standing is where the subscriptions of an account stand.
func (s *Service) standing(ctx context.Context, q querier, account uuid.UUID, plan Plan) (*Overview, error) {
	o := &Overview{AccountID: account, Status: None, Plan: plan}
	subs, err := subscriptionsOf(ctx, q, o.AccountID)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	best := Best(subs, s.plans, now)
	if best == nil {
		return o, nil
	}
	o.Subscription, o.Status = best, best.StatusAt(now)
	o.PeriodEnd, o.CancelAtPeriodEnd = best.EndShown(), best.CancelAtPeriodEnd
	if next := best.next(now); next.After(now) {
		o.NextDate = next
	}
	// another one is not paid yet
	if price, ok := s.plans.PriceByID(best.Provider, best.PriceID); ok && price.Plan == best.PlanID {
		o.Price = &price
	}
	for _, sub := range subs {
		if sub.ID != best.ID && (sub.Live() || sub.Grants(now)) {
			o.Others = append(o.Others, sub)
		}
		if sub.ID != best.ID && best.Grants(now) && best.Ended() && sub.Status == Trialing && !sub.CancelAtPeriodEnd {
			follower := sub
			o.Follower, o.CancelAtPeriodEnd = &follower, false
		}
	}
	return o, nil
}

// next is the date that matters to the customer: the renewal, or the end.
func (s Subscription) next(now time.Time) time.Time {
	switch s.StatusAt(now) {
	case PastDue, Paused, Canceled:
		return s.AccessUntil
	case Incomplete, Expired:
		return time.Time{}
	}
	if !s.CancelAt.IsZero() && s.CancelAt.Before(s.PaidThrough) {
		return s.CancelAt
	}
	return s.PaidThrough
}

// Invoices lists the invoices of the caller's account, newest first. Forbidden
// for all but owners.
func (s *Service) Invoices(ctx context.Context, c postgres.Caller) (list []Invoice, err error) {
	err = s.db.As(ctx, c, func(tx *postgres.Tx) (err error) {
		if !tx.Scope.Rights.Owns {
			return errOwnersOnly
		}
		list, err = invoicesOf(ctx, tx, tx.Scope.AccountID)
		return err
	})
	return list, err
}

func invoicesOf(ctx context.Context, q querier, account uuid.UUID) ([]Invoice, error) {
	rows, err := q.Query(ctx, `
		select provider, id, number, status, amount_minor, currency, period_start, period_end, issued_at, paid_at, url
		  from invoices where account_id = $1 and status not in ('draft', 'deleted') order by issued_at desc, id desc
		      limit 120`, account)
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Invoice, error) {
		var in Invoice
		var start, end, paid *time.Time
		err := row.Scan(&in.Provider, &in.ID, &in.Number, &in.Status, &in.Amount.Minor, &in.Amount.Currency,
			&start, &end,
			&in.IssuedAt, &paid, &in.URL)
		in.PeriodStart, in.PeriodEnd, in.PaidAt = value(start), value(end), value(paid)
		return in, err
	})
	if err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	return list, nil
}

func openCheckout(ctx context.Context, tx pgx.Tx, account uuid.UUID, now time.Time) (*OpenCheckout, error) {
	var o OpenCheckout
	err := tx.QueryRow(ctx, `
		select provider, plan_id, period, url, expires_at from checkouts
		 where account_id = $1 and status = 'open' and expires_at > $2`, account, now).
		Scan(&o.Provider, &o.Plan, &o.Interval, &o.URL, &o.ExpiresAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up the open checkout: %w", err)
	}
	return &o, nil
}
