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

// subscriptionColumns are what scanSubscription reads, of a table called s.
const subscriptionColumns = `s.account_id, s.provider, s.id, s.customer_id, s.status, s.provider_status, s.price_id,
	s.plan_id, s.period, s.period_start, s.period_end, s.paid_through, s.paid_from, s.paid_price_id, s.paid_count,
	s.access_until, s.failed_at, s.cancel_at_period_end, s.cancel_at, s.trial_end, s.ended_at, s.seen_at,
	s.next_price_id, s.next_at, s.pay_url, s.paid_since, s.quantity`

func scanSubscription(row pgx.CollectableRow) (Subscription, error) {
	var s Subscription
	var plan *string
	var t [12]*time.Time
	err := row.Scan(&s.AccountID, &s.Provider, &s.ID, &s.CustomerID, &s.Status, &s.ProviderStatus, &s.PriceID, &plan,
		&s.Interval,
		&t[0], &t[1], &t[2], &t[3], &s.PaidPriceID, &s.PaidCount, &t[4], &t[5], &s.CancelAtPeriodEnd,
		&t[6], &t[7], &t[8], &t[9], &s.NextPriceID, &t[10], &s.PayURL, &t[11], &s.Quantity)
	if plan != nil {
		s.PlanID = *plan
	}
	for i, p := range []*time.Time{
		&s.PeriodStart, &s.PeriodEnd, &s.PaidThrough, &s.PaidFrom, &s.AccessUntil, &s.FailedAt,
		&s.CancelAt, &s.TrialEnd, &s.EndedAt, &s.SeenAt, &s.NextAt, &s.PaidSince,
	} {
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
	rows, err := q.Query(ctx,
		`select `+subscriptionColumns+` from subscriptions s where s.account_id = $1 order by s.provider, s.id`, account)
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
		insert into subscriptions (app_id, account_id, connection_id, provider, id, customer_id, status,
		    provider_status, price_id, plan_id, period, period_start, period_end, paid_through, paid_from,
		    paid_price_id, paid_count, access_until, failed_at, cancel_at_period_end, cancel_at, trial_end,
		    ended_at, seen_at, created_at, changed_at, next_price_id, next_at, pay_url, paid_since, quantity)
		values (current_setting('tijori.app'), $1, $2, substring($2::text from '[a-z]+$'), $3, $4, $5,
		    $6, $7, $8, $9, $10, $11, $12, $13,
		    $14, $15, $16, $17, $18, $19, $20,
		    $21, $22, $23, $23, $24, $25, $26, $27, $28)
		on conflict (account_id, connection_id, id) do update
		    set customer_id = excluded.customer_id, status = excluded.status,
		    provider_status = excluded.provider_status, price_id = excluded.price_id, plan_id = excluded.plan_id,
		    period = excluded.period, period_start = excluded.period_start, period_end = excluded.period_end,
		    paid_through = excluded.paid_through, paid_from = excluded.paid_from,
		    paid_price_id = excluded.paid_price_id, paid_count = excluded.paid_count,
		    access_until = excluded.access_until, failed_at = excluded.failed_at,
		    cancel_at_period_end = excluded.cancel_at_period_end, cancel_at = excluded.cancel_at,
		    trial_end = excluded.trial_end, ended_at = excluded.ended_at, seen_at = excluded.seen_at,
		    changed_at = excluded.changed_at, next_price_id = excluded.next_price_id, next_at = excluded.next_at,
		    pay_url = excluded.pay_url, paid_since = excluded.paid_since, quantity = excluded.quantity`,
		s.AccountID, s.Provider, s.ID, s.CustomerID, s.Status,
		s.ProviderStatus, s.PriceID, nullText(s.PlanID), s.Interval, null(s.PeriodStart), null(s.PeriodEnd),
		null(s.PaidThrough), null(s.PaidFrom), s.PaidPriceID, s.PaidCount, null(s.AccessUntil), null(s.FailedAt),
		s.CancelAtPeriodEnd, null(s.CancelAt), null(s.TrialEnd), null(s.EndedAt), s.SeenAt, now, s.NextPriceID,
		null(s.NextAt), s.PayURL, null(s.PaidSince), max(s.Quantity, 1))
}

func savePayment(b *pgx.Batch, account uuid.UUID, p facts.Payment, provider facts.Provider, now time.Time) {
	b.Queue(`
		insert into payments (account_id, connection_id, provider, id, subscription_id, invoice_id,
		    amount_minor, currency, paid_at, recorded_at)
		values ($1, $2, substring($2::text from '[a-z]+$'), $3, $4, $5, $6, $7, $8, $9)
		on conflict (account_id, connection_id, id) do nothing`,
		account, provider, p.ID, p.SubscriptionID, p.InvoiceID, p.Amount.Minor, p.Amount.Currency, null(p.At), now)
}

// invoiceStates are the states of an invoice in the order in which they can
// follow one another, at both providers together: none goes back. So the last
// state wins, whichever delivery is the last; paid and void are ends.
const invoiceStates = `array['', 'draft', 'issued', 'open', 'partially_paid', 'uncollectible',
	'expired', 'cancelled', 'deleted', 'void', 'paid']`

// saveInvoice writes an invoice. What was fetched just now replaces what is known
// of the same state; what an event carried does not.
func saveInvoice(b *pgx.Batch, account uuid.UUID, provider facts.Provider, subscriptionID string, in facts.Invoice,
	fetched bool, now time.Time,
) {
	issued := in.IssuedAt
	if issued.IsZero() {
		issued = now
	}
	b.Queue(`
		insert into invoices as i (account_id, connection_id, provider, id, subscription_id, number, status,
		    amount_minor,
		    currency, period_start, period_end, issued_at, paid_at, url)
		values ($1, $2, substring($2::text from '[a-z]+$'), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		on conflict (account_id, connection_id, id) do update set
		    number = case when excluded.number <> '' then excluded.number else i.number end,
		    status = excluded.status, amount_minor = excluded.amount_minor, currency = excluded.currency,
		    period_start = coalesce(excluded.period_start, i.period_start),
		        period_end = coalesce(excluded.period_end, i.period_end),
		    paid_at = coalesce(i.paid_at, excluded.paid_at),
		    url = case when excluded.url <> '' then excluded.url else i.url end
		 where coalesce(array_position(`+invoiceStates+`, excluded.status),
		     1) + $14::int > coalesce(array_position(`+invoiceStates+`, i.status), 1)
		    or i.number = '' and excluded.number <> '' and excluded.status = i.status or i.url = ''
		        and excluded.url <> ''
		        and excluded.status = i.status`,
		account, provider, in.ID, subscriptionID, in.Number, in.Status, max(in.Amount.Minor, 0), in.Amount.Currency,
		null(in.PeriodStart), null(in.PeriodEnd), issued, null(in.PaidAt), in.URL, counts(fetched))
}

// counts is 1 for true.
func counts(b bool) int {
	if b {
		return 1
	}
	return 0
}

// saveReview opens an item, or counts it again. An item that a person has closed
// stays closed unless the finding is now more severe (a refund that grew to
// the whole) or an event that had come alive is dead again. One that had settled by
// itself opens again when its kind says that this is news.
func saveReview(
	b *pgx.Batch, provider facts.Provider, r Review, account uuid.UUID, subscriptionID, eventID string, now time.Time,
) {
	var owner *uuid.UUID
	if account != uuid.Nil {
		owner = &account
	}
	const again = `(excluded.reason = 'refund_full' and review_items.reason <> 'refund_full'
		or excluded.reason = 'dead_event'
		or $9 and review_items.status = 'resolved' and review_items.resolved_by = 'tijori')`
	b.Queue(`
		insert into review_items (connection_id, provider, key, reason, detail, account_id, subscription_id, event_id,
		    opened_at, seen_at, turned_at)
		values ($1, substring($1::text from '[a-z]+$'), $2, $3, $4, $5, $6, $7, $8, $8, $8)
		on conflict (connection_id, key) do update set seen_at = excluded.seen_at, times = review_items.times + 1,
		    account_id = coalesce(review_items.account_id, excluded.account_id),
		    detail = case when excluded.reason = 'refund_full'
		        or excluded.reason = review_items.reason then excluded.detail else review_items.detail end,
		    reason = case when excluded.reason = 'refund_full' then excluded.reason else review_items.reason end,
		    status = case when `+again+` then 'open' else review_items.status end,
		    resolved_at = case when `+again+` then null else review_items.resolved_at end,
		    turned_at = case when `+again+` then excluded.seen_at else review_items.turned_at end,
		    snoozed_until = case when `+again+` then null else review_items.snoozed_until end`,
		provider, r.Key, r.Reason, r.Detail, owner, subscriptionID, eventID, now, kinds[r.Reason].returns)
}

// closeReview closes open items that have settled by themselves, and writes that
// into the book of acts with the reason. Items that are closed, or were never
// there, are left alone.
func closeReview(b *pgx.Batch, provider facts.Provider, why string, now time.Time, keys ...string) {
	b.Queue(`
		with closed as (
			update review_items set status = 'resolved', resolved_at = $3, resolved_by = 'tijori', resolution = $4
			 where connection_id = $1 and key = any ($2) and status = 'open'
			returning provider, key, reason)
		insert into operator_acts (app_id, id, who, act, provider, subject, reason, detail)
		select current_setting('tijori.app'), gen_random_uuid(), 'tijori', 'resolve', provider,
		    'review ' || `+handleSQL+`, $4, reason
		  from closed`,
		provider, keys, now, why)
}

// lockOwner returns the account of a provider's object and locks its directory
// row until the transaction ends, or uuid.Nil when nobody owns it.
func lockOwner(ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string) (uuid.UUID, error) {
	var account uuid.UUID
	err := tx.QueryRow(ctx, `
		select account_id from provider_directory where connection_id = $1 and kind = $2 and provider_id = $3 for update`,
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
		select account_id from provider_directory where connection_id = $1 and kind = $2 and provider_id = $3`,
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
func claim(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string, account uuid.UUID, now time.Time,
) (_ uuid.UUID, first bool, err error) {
	tag, err := tx.Exec(ctx, `
		insert into provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
		values ($1, substring($1::text from '[a-z]+$'), $2, $3, $4, $5)
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
