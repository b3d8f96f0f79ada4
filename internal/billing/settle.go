package billing

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// matterItems, a condition and matterFacts make a statement that reads open items with what is known of their
// matter, and locks them. An item that somebody else has locked is in the hands of another step. $1 is how many.
const (
	matterItems = `
	with items as materialized (
		select *, substring(key from '[^ ]*$') as about from review_items r where r.status = 'open' and `
	matterFacts = `
		 order by r.key limit $1 for update skip locked)
	select r.key, r.reason, r.provider, r.account_id, r.subscription_id, r.opened_at, r.seen_at, r.about,
	    d.account_id is not null,
	       coalesce((select e.status from inbox e where e.connection_id = r.connection_id and e.event_id = r.about),
	           ''),
	       p.status, p.credits, p.amount_minor, p.refunded_minor, p.lost_minor, p.taken_back,
	       exists (select from review_items f where f.connection_id = r.connection_id and f.key = 'refund ' || r.about
	           and f.reason = 'refund_full')
	         and not exists (select from review_items f where f.connection_id = r.connection_id
	             and f.key = 'refund failed ' || r.about and f.status = 'open')
	  from items r
	  left join lateral (
		select d.account_id from provider_directory d
		 where d.connection_id = r.connection_id
		   and (d.kind in ('customer', 'subscription', 'session', 'payment_link') and d.provider_id = r.about
		        or d.kind = 'subscription' and d.provider_id = r.subscription_id)
		 limit 1) d on true
	  left join lateral (
		select p.* from purchases p
		 where p.account_id = coalesce(r.account_id, d.account_id) and p.connection_id = r.connection_id
		     and r.about in (p.provider_id, p.charge_id)
		 limit 1) p on true
	 order by r.key`
)

// The statements that matters sends. Their parameters follow the number of items.
const (
	// accountMattersSQL are the items of an account: provider, account.
	accountMattersSQL = matterItems + `r.connection_id = $2 and r.account_id = $3` + matterFacts
	// keyedMattersSQL are items by key: provider, keys.
	keyedMattersSQL = matterItems + `r.connection_id = $2 and r.key = any ($3)` + matterFacts
	// nextMattersSQL are the items after a key: provider, key, account (the zero id for all).
	nextMattersSQL = matterItems + `r.connection_id = $2 and r.key > $3
		    and ($4 = '00000000-0000-0000-0000-000000000000'::uuid or r.account_id = $4)` + matterFacts
)

// matters reads what one of the statements above finds, at most limit items.
func (s *Service) matters(ctx context.Context, tx pgx.Tx, sql string, limit int, args ...any) ([]matter, error) {
	now := s.clock.Now()
	rows, err := tx.Query(ctx, sql, append([]any{limit}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("look at review items: %w", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (matter, error) {
		m := matter{plans: s.plans, now: now, item: ReviewItem{Status: "open"}}
		var account *uuid.UUID
		var status *string
		var n [5]*int64
		err := row.Scan(&m.item.Key, &m.item.Reason, &m.item.Provider, &account, &m.item.SubscriptionID,
			&m.item.OpenedAt,
			&m.item.SeenAt, &m.about, &m.owned,
			&m.event, &status, &n[0], &n[1], &n[2], &n[3], &n[4], &m.refunded)
		if account != nil {
			m.item.AccountID = *account
		}
		if status != nil {
			p := &reversed{status: *status, credits: *n[0], amount: *n[1], refunded: *n[2], lost: *n[3], taken: *n[4]}
			p.expects = share(p.credits, min(p.refunded+p.lost, p.amount), p.amount)
			m.purchase = p
		}
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("look at review items: %w", err)
	}
	subs, keys := map[uuid.UUID][]Subscription{}, map[uuid.UUID]map[string]bool{}
	for i := range list {
		m := &list[i]
		account := m.item.AccountID
		if account == uuid.Nil {
			continue
		}
		if _, have := keys[account]; !have {
			if subs[account], err = subscriptionsOf(ctx, tx, account); err != nil {
				return nil, err
			}
			if keys[account],
				err = texts(ctx, tx, `select key from review_items where account_id = $1 and status = 'open'`,
				account); err != nil {
				return nil, fmt.Errorf("look at review items: %w", err)
			}
		}
		m.subs, m.openKeys = subs[account], keys[account]
	}
	return list, nil
}

// closeSettled closes those of the items that have settled.
func closeSettled(ctx context.Context, tx pgx.Tx, list []matter, now time.Time) error {
	b := &pgx.Batch{}
	for _, m := range list {
		if why := settledNow(m); why != "" {
			closeReview(b, m.item.Provider, why, now, m.item.Key)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("close what has settled: %w", err)
	}
	return nil
}

// settleItems closes what has settled of an account's items: the last step
// whenever something of the account was applied.
func (s *Service) settleItems(ctx context.Context, tx pgx.Tx, provider facts.Provider, account uuid.UUID) error {
	if account == uuid.Nil {
		return nil
	}
	list, err := s.matters(ctx, tx, accountMattersSQL, 200, provider, account)
	if err != nil {
		return err
	}
	return closeSettled(ctx, tx, list, s.clock.Now())
}

// items closes what has settled of all open items. Only here the provider is asked,
// for what no book here tells.
func (r *reconciler) items(ctx context.Context) error {
	if r.o.DryRun {
		return nil
	}
	after := r.book.Cursor
	for {
		list, err := r.openItems(ctx, after)
		if err != nil || len(list) == 0 {
			return err
		}
		explained := map[string]bool{}
		for _, m := range list {
			if after = m.item.Key; m.item.Reason != ReviewAmountMismatch || m.sub() == nil {
				continue
			}
			if explained[m.item.Key], err = r.explains(ctx, m); err != nil {
				if err := r.fail(ctx, Finding{Subscription: m.item.SubscriptionID}, "item", err); err != nil {
					return err
				}
			}
		}
		err = r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
			keys := make([]string, len(list))
			for i, m := range list {
				keys[i] = m.item.Key
			}
			list, err := r.s.matters(ctx, tx, keyedMattersSQL, len(keys), r.g.Provider(), keys)
			if err != nil {
				return err
			}
			for i := range list {
				list[i].explained = explained[list[i].item.Key]
			}
			return closeSettled(ctx, tx, list, r.s.clock.Now())
		})
		if err != nil {
			return err
		}
		if err := r.save(ctx, after); err != nil {
			return err
		}
	}
}

// openItems is a page of the provider's open items, after a key.
func (r *reconciler) openItems(ctx context.Context, after string) (list []matter, err error) {
	err = r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
		list, err = r.s.matters(ctx, tx, nextMattersSQL, 100, r.g.Provider(), after, r.o.Account)
		return err
	})
	return list, err
}

// explains asks the provider for what lies between an amount that was paid and the
// price: tax, a discount, an add-on. Every payment of the amount must be accounted for.
func (r *reconciler) explains(ctx context.Context, m matter) (bool, error) {
	paid, err := r.s.paymentsFor(ctx, *m.sub())
	if err != nil {
		return false, err
	}
	f := Facts{Fetched: true}
	err = r.ask(ctx, func() (err error) { f.Subscription, err = r.g.Subscription(ctx, m.sub().ID); return err })
	if err == nil {
		err = r.ask(ctx, func() (err error) { f.Invoices, err = r.g.Invoices(ctx, m.sub().ID); return err })
	}
	if facts.IsMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	n := 0
	for _, p := range paid {
		if !strings.HasSuffix(m.item.Key, " "+p.Amount.Format()) {
			continue
		}
		if n++; !explained(*m.sub(), p, f, r.s.plans) {
			return false, nil
		}
	}
	return n > 0, nil
}

// paymentsFor lists what is booked as paid for a subscription.
func (s *Service) paymentsFor(ctx context.Context, sub Subscription) (list []facts.Payment, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, invoice_id, amount_minor, currency from payments
			 where account_id = $1 and connection_id = $2 and subscription_id = $3`, sub.AccountID, sub.Provider, sub.ID)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (facts.Payment, error) {
			p := facts.Payment{SubscriptionID: sub.ID, Paid: true}
			return p, row.Scan(&p.ID, &p.InvoiceID, &p.Amount.Minor, &p.Amount.Currency)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list payments: %w", err)
	}
	return list, nil
}
