package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// null turns the zero time into SQL's null.
func null(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func nullText(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func scanSubscription(row pgx.CollectableRow) (Subscription, error) {
	var s Subscription
	var plan *string
	var t [10]*time.Time
	err := row.Scan(&s.AccountID, &s.Provider, &s.ID, &s.CustomerID, &s.Status, &s.ProviderStatus, &s.PriceID, &plan, &s.Interval,
		&t[0], &t[1], &t[2], &t[3], &t[4], &s.CancelAtPeriodEnd, &t[5], &t[6], &t[7], &t[8], &s.NextPriceID, &t[9])
	if plan != nil {
		s.PlanID = *plan
	}
	for i, p := range []*time.Time{&s.PeriodStart, &s.PeriodEnd, &s.PaidThrough, &s.AccessUntil, &s.FailedAt, &s.CancelAt, &s.TrialEnd, &s.EndedAt, &s.SeenAt, &s.NextAt} {
		*p = value(t[i])
	}
	return s, err
}

// querier is a transaction of any role.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// subscriptionsOf lists the subscriptions of an account. As tijori_app it
// returns none to anybody but an owner.
func subscriptionsOf(ctx context.Context, q querier, account uuid.UUID) ([]Subscription, error) {
	rows, err := q.Query(ctx, `
		select account_id, provider, id, customer_id, status, provider_status, price_id, plan_id, period,
		       period_start, period_end, paid_through, access_until, failed_at, cancel_at_period_end, cancel_at, trial_end, ended_at, seen_at, next_price_id, next_at
		  from subscriptions where account_id = $1 order by provider, id`, account)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	subs, err := pgx.CollectRows(rows, scanSubscription)
	if err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	return subs, nil
}

// saveSubscription writes what the reducer returned. The caller holds the
// subscription's directory row.
func saveSubscription(b *pgx.Batch, s Subscription, now time.Time) {
	b.Queue(`
		insert into subscriptions (app_id, account_id, connection_id, provider, id, customer_id, status, provider_status, price_id, plan_id, period,
		    period_start, period_end, paid_through, access_until, failed_at, cancel_at_period_end, cancel_at, trial_end, ended_at, seen_at, created_at, changed_at, next_price_id, next_at)
		values (current_setting('tijori.app'), $1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21, $22)
		on conflict (account_id, connection_id, id) do update set customer_id = excluded.customer_id, status = excluded.status,
		    provider_status = excluded.provider_status, price_id = excluded.price_id, plan_id = excluded.plan_id, period = excluded.period,
		    period_start = excluded.period_start, period_end = excluded.period_end, paid_through = excluded.paid_through,
		    access_until = excluded.access_until, failed_at = excluded.failed_at, cancel_at_period_end = excluded.cancel_at_period_end,
		    cancel_at = excluded.cancel_at, trial_end = excluded.trial_end, ended_at = excluded.ended_at, seen_at = excluded.seen_at,
		    changed_at = excluded.changed_at, next_price_id = excluded.next_price_id, next_at = excluded.next_at`,
		s.AccountID, s.Provider, s.ID, s.CustomerID, s.Status, s.ProviderStatus, s.PriceID, nullText(s.PlanID), s.Interval,
		null(s.PeriodStart), null(s.PeriodEnd), null(s.PaidThrough), null(s.AccessUntil), null(s.FailedAt), s.CancelAtPeriodEnd,
		null(s.CancelAt), null(s.TrialEnd), null(s.EndedAt), s.SeenAt, now, s.NextPriceID, null(s.NextAt))
}

func savePayment(b *pgx.Batch, account uuid.UUID, p facts.Payment, provider facts.Provider, now time.Time) {
	b.Queue(`
		insert into payments (account_id, connection_id, provider, id, subscription_id, invoice_id, amount_minor, currency, paid_at, recorded_at)
		values ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (account_id, connection_id, id) do nothing`,
		account, provider, p.ID, p.SubscriptionID, p.InvoiceID, p.Amount.Minor, p.Amount.Currency, null(p.At), now)
}

func saveInvoice(b *pgx.Batch, account uuid.UUID, provider facts.Provider, subscriptionID string, in facts.Invoice, now time.Time) {
	issued := in.IssuedAt
	if issued.IsZero() {
		issued = now
	}
	b.Queue(`
		insert into invoices (account_id, connection_id, provider, id, subscription_id, number, status, amount_minor, currency, period_start, period_end, issued_at, paid_at, url)
		values ($1, $2, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		on conflict (account_id, connection_id, id) do update set
		    number = case when excluded.number <> '' then excluded.number else invoices.number end,
		    status = case when invoices.status = 'paid' then invoices.status else excluded.status end,
		    amount_minor = case when invoices.status = 'paid' then invoices.amount_minor else excluded.amount_minor end,
		    paid_at = coalesce(invoices.paid_at, excluded.paid_at),
		    url = case when excluded.url <> '' then excluded.url else invoices.url end`,
		account, provider, in.ID, subscriptionID, in.Number, in.Status, max(in.Amount.Minor, 0), in.Amount.Currency,
		null(in.PeriodStart), null(in.PeriodEnd), issued, null(in.PaidAt), in.URL)
}

// saveReview opens an item, or counts it again. A resolved item stays resolved
// unless the finding has become a graver one (a refund that grew to the whole)
// or an event that had come alive is dead again.
func saveReview(b *pgx.Batch, provider facts.Provider, r Review, account uuid.UUID, subscriptionID, eventID string, now time.Time) {
	var owner *uuid.UUID
	if account != uuid.Nil {
		owner = &account
	}
	b.Queue(`
		insert into review_items (connection_id, provider, key, reason, detail, account_id, subscription_id, event_id, opened_at, seen_at)
		values ($1, $1, $2, $3, $4, $5, $6, $7, $8, $8)
		on conflict (connection_id, key) do update set seen_at = excluded.seen_at, times = review_items.times + 1,
		    account_id = coalesce(review_items.account_id, excluded.account_id),
		    detail = case when excluded.reason = 'refund_full' or excluded.reason = review_items.reason then excluded.detail else review_items.detail end,
		    reason = case when excluded.reason = 'refund_full' then excluded.reason else review_items.reason end,
		    status = case when excluded.reason = 'refund_full' and review_items.reason <> 'refund_full' or excluded.reason = 'dead_event' then 'open' else review_items.status end,
		    resolved_at = case when excluded.reason = 'refund_full' and review_items.reason <> 'refund_full' or excluded.reason = 'dead_event' then null else review_items.resolved_at end`,
		provider, r.Key, r.Reason, r.Detail, owner, subscriptionID, eventID, now)
}

// closeReview closes open items that have settled by themselves, and writes that
// into the book of acts with the reason. Items that are closed, or were never
// there, are left alone.
func closeReview(b *pgx.Batch, provider facts.Provider, why string, now time.Time, keys ...string) {
	b.Queue(`
		with closed as (
			update review_items set status = 'resolved', resolved_at = $3, resolved_by = 'tijori', resolution = $4
			 where provider = $1 and key = any ($2) and status = 'open'
			returning provider, key, reason)
		insert into operator_acts (app_id, id, who, act, provider, subject, reason, detail)
		select current_setting('tijori.app'), gen_random_uuid(), 'tijori', 'resolve', provider, 'review ' || `+handleSQL+`, $4, reason from closed`,
		provider, keys, now, why)
}

// lockOwner returns the account of a provider's object and locks its directory
// row until the transaction ends, or uuid.Nil when nobody owns it.
func lockOwner(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string) (uuid.UUID, error) {
	var account uuid.UUID
	err := tx.QueryRow(ctx, `
		select account_id from provider_directory where provider = $1 and kind = $2 and provider_id = $3 for update`,
		provider, kind, id).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("look up the owner of %s %s: %w", kind, id, err)
	}
	return account, nil
}

// owner is lockOwner without the lock.
func owner(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string) (uuid.UUID, error) {
	var account uuid.UUID
	err := tx.QueryRow(ctx, `
		select account_id from provider_directory where provider = $1 and kind = $2 and provider_id = $3`,
		provider, kind, id).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("look up the owner of %s %s: %w", kind, id, err)
	}
	return account, nil
}

// claim writes that an object belongs to an account, and returns whose it is:
// the first claim holds for ever, and first says that it was this one. The row
// is locked until the transaction ends.
func claim(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string, account uuid.UUID, now time.Time) (_ uuid.UUID, first bool, err error) {
	tag, err := tx.Exec(ctx, `
		insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ($1, $1, $2, $3, $4, $5)
		on conflict (connection_id, kind, provider_id) do nothing`, provider, kind, id, account, now)
	if err != nil {
		return uuid.Nil, false, fmt.Errorf("claim %s %s: %w", kind, id, err)
	}
	if tag.RowsAffected() == 1 {
		return account, true, nil
	}
	account, err = lockOwner(ctx, tx, provider, kind, id)
	return account, false, err
}
