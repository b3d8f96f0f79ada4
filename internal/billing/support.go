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
	"github.com/tijorihq/tijori/internal/role"
)

// A SupportAnswer is what support may know of a user's accounts: who pays for
// what and why. It holds nothing of a ledger and no credential.
type SupportAnswer struct {
	Use      uuid.UUID // under which the look-up was written down
	UserID   uuid.UUID // of a look-up by address
	UserName string
	Accounts []SupportAccount
}

// A SupportAccount is one account of an answer.
type SupportAccount struct {
	ID            uuid.UUID
	Name          string
	Currency      string
	CreatedAt     time.Time
	Role          string   // of the user who was looked up
	Owners        []string // names; of an account that was named
	Businesses    int
	Plan          string // id of the plan in force
	PlanName      string
	Entitlements  []string
	Why           string // which event, which plan, until when
	Subscriptions []SupportSubscription
	Events        []SupportEvent
	Items         []SupportItem
}

// A SupportSubscription is a subscription with the last event that was applied
// to it.
type SupportSubscription struct {
	Subscription
	ChangedAt time.Time
	EventID   string // "" when none is kept
	EventType string
	EventAt   time.Time
	Why       string
}

// A SupportEvent is an event of an account, without its body.
type SupportEvent struct {
	Provider  facts.Provider
	ID        string
	Type      string
	Subject   string
	Status    string
	Received  time.Time
	Applied   time.Time
	Attempts  int
	LastError string
}

// A SupportItem is an open review item of an account.
type SupportItem struct {
	Provider facts.Provider
	Reason   string
	Detail   string
	OpenedAt time.Time
}

// SupportLookup tells support about the user of an address: their accounts,
// the plan in force there with its reason, subscriptions, last events and open
// items. It reads as tijori_support, and the use is written down and committed
// before anything is read. NotFound when there is no such user.
func (s *Service) SupportLookup(ctx context.Context, who, email, remark string) (*SupportAnswer, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if !strings.Contains(email, "@") {
		return nil, fault.InvalidField("email", "This is not an email address.")
	}
	a, err := s.support(ctx, who, "lookup", email, remark)
	if err != nil {
		return nil, err
	}
	if len(a.Accounts) == 0 {
		return nil, fault.New(fault.NotFound, "Nobody with this address has an account.")
	}
	return a, nil
}

// SupportWhy explains one entitlement of an account: whether it is in force,
// and why. NotFound for an account that does not exist, Invalid for an
// entitlement that no plan has.
func (s *Service) SupportWhy(
	ctx context.Context, who, account, entitlement, remark string,
) (has bool, lines []string, err error) {
	id, err := uuid.Parse(strings.TrimSpace(account))
	if err != nil {
		return false, nil, fault.InvalidField("account", "This is not the ID of an account.")
	}
	carriers := s.carriers(entitlement)
	if carriers == nil {
		return false, nil, fault.New(fault.Invalid, "No plan has such an entitlement.")
	}
	a, err := s.support(ctx, who, "why", id.String(), strings.TrimSpace(entitlement+" "+remark))
	if err != nil {
		return false, nil, err
	}
	if len(a.Accounts) == 0 {
		return false, nil, fault.New(fault.NotFound, "There is no account with this ID.")
	}
	acc := a.Accounts[0]
	has = slices.Contains(carriers, acc.PlanName)
	verb := "does not have"
	if has {
		verb = "has"
	}
	lines = append(lines, fmt.Sprintf("Account %s (%s) %s %s.", acc.Name, acc.ID, verb, entitlement),
		fmt.Sprintf("%s comes with %s; the plan in force is %s.",
			entitlement, strings.Join(carriers, " and "), acc.PlanName),
		acc.Why)
	for _, sub := range acc.Subscriptions {
		lines = append(lines, fmt.Sprintf("%s %s: %s%s", sub.Provider.Name(), sub.ID, sub.Why, sub.lastEvent()))
	}
	for _, item := range acc.Items {
		lines = append(lines, fmt.Sprintf("Open: %s since %s: %s.", item.Reason, moment(item.OpenedAt), item.Detail))
	}
	return has, lines, nil
}

// carriers lists the names of the plans that have an entitlement. parties.max
// is one of all that have no limit.
func (s *Service) carriers(entitlement string) []string {
	var out []string
	for _, p := range s.plans.List {
		if p.Has(entitlement) || entitlement == "parties.max" && p.PartiesMax == 0 {
			out = append(out, p.Name)
		}
	}
	return out
}

func (v SupportSubscription) lastEvent() string {
	if v.EventID == "" {
		return " No event of it is kept; it came by asking the provider."
	}
	return fmt.Sprintf(" Last event: %s (%s) of %s.", v.EventType, v.EventID, moment(v.EventAt))
}

// support writes the use down, and then reads in a read-only transaction.
func (s *Service) support(ctx context.Context, who, question, subject, remark string) (*SupportAnswer, error) {
	use, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	if len(remark) > 1000 || len(subject) > 254 || who == "" || len(who) > 254 {
		return nil, fault.New(fault.Invalid, "This is too long.")
	}
	if _, err := s.db.Support.Exec(ctx, `select tijori_ops.support_use($1, $2, $3, $4, $5)`,
		use, who, question, subject,
		remark); err != nil {
		return nil, fmt.Errorf("write the look-up down: %w", err)
	}
	return s.readSupport(ctx, use, question)
}

// SupportAccountOf tells about the account that was opened under a use, which is written down. NotFound when there is
// no such account any more.
func (s *Service) SupportAccountOf(ctx context.Context, use uuid.UUID) (*SupportAccount, error) {
	a, err := s.readSupport(ctx, use, "account")
	if err != nil {
		return nil, err
	}
	if len(a.Accounts) == 0 {
		return nil, fault.New(fault.NotFound, "There is no account with this ID.")
	}
	return &a.Accounts[0], nil
}

// readSupport reads what a use is about.
func (s *Service) readSupport(ctx context.Context, use uuid.UUID, question string) (*SupportAnswer, error) {
	a := &SupportAnswer{Use: use}
	err := s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		if err := s.supportPeople(ctx, tx, a, question); err != nil {
			return err
		}
		if err := s.supportSubscriptions(ctx, tx, a); err != nil {
			return err
		}
		if err := supportEvents(ctx, tx, a); err != nil {
			return err
		}
		return supportItems(ctx, tx, a)
	})
	if err != nil {
		return nil, fmt.Errorf("look up: %w", err)
	}
	now := s.clock.Now()
	for i := range a.Accounts {
		a.Accounts[i].Why = a.Accounts[i].why(s.plans, now)
	}
	return a, nil
}

func (a *SupportAnswer) account(id uuid.UUID) *SupportAccount {
	for i := range a.Accounts {
		if a.Accounts[i].ID == id {
			return &a.Accounts[i]
		}
	}
	a.Accounts = append(a.Accounts, SupportAccount{ID: id})
	return &a.Accounts[len(a.Accounts)-1]
}

func (s *Service) supportPeople(ctx context.Context, tx pgx.Tx, a *SupportAnswer, question string) error {
	rows, err := tx.Query(ctx,
		`
			select user_id, name, account_id, account_name, currency, account_created, role, businesses, plan
			    from tijori_ops.support_people($1)`, a.Use)
	if err != nil {
		return err
	}
	var user, account uuid.UUID
	var name, title, currency, as, plan string
	var created time.Time
	var businesses int
	_, err = pgx.ForEachRow(rows, []any{&user, &name, &account, &title, &currency, &created, &as, &businesses, &plan},
		func() error {
			acc := a.account(account)
			acc.Name, acc.Currency, acc.CreatedAt, acc.Businesses = title, currency, created, businesses
			acc.Plan, acc.PlanName = plan, plan
			if p, ok := s.plans.ByID(plan); ok {
				acc.PlanName, acc.Entitlements = p.Name, p.Entitlements
			}
			if question == "lookup" {
				a.UserID, a.UserName = user, name
				if !role.Of(acc.Role).Owns { // of one business and of the account, what owns counts
					acc.Role = as
				}
			} else {
				acc.Owners = append(acc.Owners, name)
			}
			return nil
		})
	return err
}

func (s *Service) supportSubscriptions(ctx context.Context, tx pgx.Tx, a *SupportAnswer) error {
	rows, err := tx.Query(ctx, `
		select account_id, provider, id, customer_id, status, provider_status, price_id, plan_id, period, period_start,
		    period_end, paid_through,
		       access_until, failed_at, cancel_at_period_end, cancel_at, trial_end, ended_at, seen_at, changed_at,
		       event_id,
		           event_type, event_at
		  from tijori_ops.support_subscriptions($1)`, a.Use)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (SupportSubscription, error) {
		var v SupportSubscription
		var t [11]*time.Time
		err := row.Scan(&v.AccountID, &v.Provider, &v.ID, &v.CustomerID, &v.Status, &v.ProviderStatus, &v.PriceID,
			&v.PlanID,
			&v.Interval, &t[0], &t[1], &t[2],
			&t[3], &t[4], &v.CancelAtPeriodEnd, &t[5], &t[6], &t[7], &t[8], &t[9], &v.EventID, &v.EventType, &t[10])
		for i, to := range []*time.Time{
			&v.PeriodStart, &v.PeriodEnd, &v.PaidThrough, &v.AccessUntil, &v.FailedAt,
			&v.CancelAt, &v.TrialEnd, &v.EndedAt, &v.SeenAt, &v.ChangedAt, &v.EventAt,
		} {
			*to = value(t[i])
		}
		v.Why = v.Subscription.Why(s.plans, now)
		return v, err
	})
	for _, v := range list {
		acc := a.account(v.AccountID)
		acc.Subscriptions = append(acc.Subscriptions, v)
	}
	return err
}

func supportEvents(ctx context.Context, tx pgx.Tx, a *SupportAnswer) error {
	rows, err := tx.Query(ctx,
		`
			select account_id, provider, event_id, type, subject, status, received_at, applied_at, attempts, last_error
			    from tijori_ops.support_events($1)`, a.Use)
	if err != nil {
		return err
	}
	var account uuid.UUID
	var e SupportEvent
	var applied *time.Time
	_, err = pgx.ForEachRow(rows, []any{
		&account, &e.Provider, &e.ID, &e.Type, &e.Subject, &e.Status, &e.Received,
		&applied, &e.Attempts, &e.LastError,
	}, func() error {
		e.Applied = value(applied)
		acc := a.account(account)
		acc.Events = append(acc.Events, e)
		return nil
	})
	return err
}

func supportItems(ctx context.Context, tx pgx.Tx, a *SupportAnswer) error {
	rows, err := tx.Query(ctx, `select account_id, provider, reason, detail, opened_at
		from tijori_ops.support_items($1)`,
		a.Use)
	if err != nil {
		return err
	}
	var account uuid.UUID
	var item SupportItem
	_, err = pgx.ForEachRow(rows, []any{&account, &item.Provider, &item.Reason, &item.Detail, &item.OpenedAt},
		func() error {
			acc := a.account(account)
			acc.Items = append(acc.Items, item)
			return nil
		})
	return err
}

// why is the reason of the plan in force.
func (acc SupportAccount) why(plans *Plans, now time.Time) string {
	subs := make([]Subscription, len(acc.Subscriptions))
	for i, v := range acc.Subscriptions {
		subs[i] = v.Subscription
	}
	best := Best(subs, plans, now)
	if best == nil {
		return acc.PlanName + ", because the account has never had a subscription."
	}
	for _, v := range acc.Subscriptions {
		if v.ID == best.ID && v.Provider == best.Provider {
			name := acc.PlanName
			if !best.Grants(now) {
				return fmt.Sprintf("%s, because no subscription gives more now. %s%s", name, v.Why, v.lastEvent())
			}
			return fmt.Sprintf("%s, by subscription %s. %s%s", name, v.ID, v.Why, v.lastEvent())
		}
	}
	return ""
}

// A SupportUse is one look-up, as it was written down.
type SupportUse struct {
	At       time.Time
	Who      string
	Question string
	Subject  string
	Detail   string
}

// ListSupportUses lists who looked at what, newest first, from before a time; zero is the newest.
func (s *Service) ListSupportUses(ctx context.Context, before time.Time, limit int) (list []SupportUse, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select at, who, question, subject, detail
			from support_uses where $1::timestamptz is null or at < $1 order by at desc limit $2`,
			null(before), limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[SupportUse])
		return err
	})
	return list, err
}
