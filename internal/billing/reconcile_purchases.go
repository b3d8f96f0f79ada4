package billing

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// purchases completes one-time purchases by comparison alone: those that were
// begun here and wait for a word, and those that the provider lists as paid and
// that are in no book here, because the database was restored to an earlier day.
func (r *reconciler) purchases(ctx context.Context) error {
	if r.book.Cursor == "" {
		if err := r.begun(ctx); err != nil {
			return err
		}
	}
	cursor := r.book.Cursor
	for {
		var list []facts.Purchase
		var next string
		err := r.ask(ctx, func() (err error) {
			list, next, err = r.g.PurchasePage(ctx, r.book.Since, cursor)
			return err
		})
		if err != nil {
			return err
		}
		settled, err := r.s.settledPurchases(ctx, r.g.Provider(), list)
		if err != nil {
			return err
		}
		for _, p := range list {
			r.book.Looked++
			if !settled[p.ID] {
				if err := r.complete(ctx, p); err != nil {
					return err
				}
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
		if err := r.save(ctx, cursor); err != nil {
			return err
		}
	}
}

// begun asks about each purchase that was begun here and is neither paid nor closed.
func (r *reconciler) begun(ctx context.Context) error {
	list, err := r.s.openPurchases(ctx, r.g.Provider(), r.o.Account)
	if err != nil {
		return err
	}
	for _, p := range list {
		r.book.Looked++
		if p.ID == "" && r.g.Provider() == facts.Razorpay { // it may have been made without our hearing of it
			err := r.ask(ctx, func() error {
				link, err := r.s.razorpay.FindLink(ctx, p.PurchaseID)
				if err == nil && link != nil {
					p.ID = link.ID
				}
				return err
			})
			if err != nil {
				if err := r.fail(ctx, Finding{Subscription: p.PurchaseID, Class: DiffPurchase}, DiffPurchase,
					err); err != nil {
					return err
				}
				continue
			}
		}
		if p.ID == "" {
			continue // of a session that was paid the list below tells
		}
		if err := r.complete(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// complete grants what a purchase brings, when the provider says by itself that it
// is paid.
func (r *reconciler) complete(ctx context.Context, p facts.Purchase) error {
	f := Finding{Subscription: p.ID, Class: DiffPurchase}
	var paid bool
	err := r.ask(ctx, func() (err error) { paid, _, _, _, err = r.s.paidOnce(ctx, p.Kind, p.ID); return err })
	switch {
	case facts.IsMissing(err):
		return nil
	case err != nil:
		return r.fail(ctx, f, DiffPurchase, err)
	}
	var account uuid.UUID
	var parked *Review
	apply := func(tx pgx.Tx) error {
		if account, err = owner(ctx, tx, r.g.Provider(), p.Kind, p.ID); err != nil {
			return err
		}
		if account == uuid.Nil && paid {
			if account, err = r.s.existingPayer(ctx, tx, p); err != nil {
				return err
			}
		}
		if r.o.Account != uuid.Nil && account != r.o.Account || account == uuid.Nil && !paid || r.o.DryRun {
			return nil
		}
		if account != uuid.Nil {
			if err := r.s.restorePurchase(ctx, tx, r.g.Provider(), account, p); err != nil {
				return err
			}
		}
		if _, parked, err = r.s.applyPurchase(ctx, tx, r.g, p.Kind, p.ID, nil); err != nil || parked != nil || !paid {
			return err
		}
		b := &pgx.Batch{}
		closeReview(b, r.g.Provider(), "the purchase was completed", r.s.clock.Now(), "unmapped purchase "+p.ID)
		return tx.SendBatch(ctx, b).Close()
	}
	if err := r.ask(ctx, func() error { return r.s.db.AsBilling(ctx, r.s.work, apply) }); err != nil {
		return r.fail(ctx, f, DiffPurchase, err)
	}
	f.AccountID = account
	switch {
	case !paid || r.o.Account != uuid.Nil && account != r.o.Account:
		return nil // closed by now, or still open
	case account == uuid.Nil && p.Bought == nil && uuid.Validate(p.AccountID) != nil:
		return nil // another product's on the same provider account
	case parked != nil || account == uuid.Nil:
		f.Detail = "paid " + p.Amount.Format() + ", for nothing that is known here"
		return r.decide(ctx, f, Review{ReviewUnmappedPurchase, "unmapped purchase " + p.ID, f.Detail})
	}
	f.Outcome, f.Detail = "differs", "paid "+p.Amount.Format()+" for credits, and we did not know"
	if !r.o.DryRun {
		f.Outcome = "repaired"
		r.s.notify(account)
	}
	return r.found(ctx, f)
}

// openPurchases lists the purchases of a provider that wait for its word.
func (s *Service) openPurchases(
	ctx context.Context, provider facts.Provider, account uuid.UUID,
) (list []facts.Purchase, err error) {
	kind := "session"
	if provider == facts.Razorpay {
		kind = "payment_link"
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select account_id, id, coalesce(provider_id, ''), amount_minor, currency, created_at from purchases
			 where connection_id = $1 and status in ('creating', 'open')
			     and ($2 = '00000000-0000-0000-0000-000000000000'::uuid or account_id = $2)
			 order by created_at`, provider, account)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (facts.Purchase, error) {
			p := facts.Purchase{Kind: kind}
			var account, id uuid.UUID
			err := row.Scan(&account, &id, &p.ID, &p.Amount.Minor, &p.Amount.Currency, &p.Created)
			p.AccountID, p.PurchaseID = account.String(), id.String()
			return p, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list open purchases: %w", err)
	}
	return list, nil
}

// settledPurchases says which of the provider's purchases are in the books as paid.
func (s *Service) settledPurchases(
	ctx context.Context, provider facts.Provider, list []facts.Purchase,
) (settled map[string]bool, err error) {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		settled, err = texts(ctx, tx,
			`select provider_id from purchases where connection_id = $1 and provider_id = any ($2) and status = 'paid'`,
			provider,
			ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up purchases: %w", err)
	}
	return settled, nil
}

// existingPayer is the account that began a purchase, by its row here or by our own
// words on the provider's object, or uuid.Nil.
func (s *Service) existingPayer(ctx context.Context, tx pgx.Tx, p facts.Purchase) (account uuid.UUID, err error) {
	if p.Bought != nil {
		return existingAccount(ctx, tx, p.AccountID)
	}
	a, e := uuid.Parse(p.AccountID)
	id, err := uuid.Parse(p.PurchaseID)
	if err != nil || e != nil {
		return uuid.Nil, nil
	}
	err = tx.QueryRow(ctx, `select account_id from purchases where account_id = $1 and id = $2`, a, id).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	return account, err
}

// restorePurchase writes the row of a purchase that is paid and that no book here
// has, from our own words on the provider's object; of one that is there it only
// keeps under which id the provider knows it. What was bought, and for how much,
// was fixed when it was begun: the plan file may say something else today.
func (s *Service) restorePurchase(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, account uuid.UUID, p facts.Purchase,
) error {
	now := s.clock.Now()
	if err := claimOwn(ctx, tx, provider, p.Kind, p.ID, account, now); err != nil {
		return err
	}
	id, err := uuid.Parse(p.PurchaseID)
	if err != nil {
		return nil // applyPurchase says what is wrong
	}
	tag, err := tx.Exec(ctx, `
		update purchases set provider_id = coalesce(provider_id, $3), url = coalesce(url, ''),
		    status = case when status = 'creating' then 'open' else status end
		 where account_id = $1 and id = $2`, account, id, p.ID)
	if err != nil || tag.RowsAffected() > 0 || p.Bought == nil {
		return err
	}
	user, err := uuid.Parse(p.Bought.UserID)
	b := p.Bought
	if _, known := s.plans.Meter(b.Meter); err != nil || !known || b.Credits < 1 || b.Credits > mostCredits ||
		b.Days < 0 || b.Days > 3650 || p.Amount.Minor < 1 {
		return errors.Join(fmt.Errorf("what was written on purchase %s cannot be granted", p.ID), err)
	}
	created := p.Created
	if created.IsZero() {
		created = now
	}
	_, err = tx.Exec(ctx, `
		insert into purchases (account_id, id, user_id, app_id, connection_id, provider, top_up_id, meter,
		    credits, days,
		    amount_minor, currency, status, provider_id, url, created_at, expires_at)
		values ($1, $2, $3, current_setting('tijori.app'), $4, substring($4::text from '[a-z]+$'),
		    $5, $6, $7, $8, $9, $10, 'open',
		    $11, '', $12, $13)`,
		account, id, user, provider, b.TopUpID, b.Meter, b.Credits, b.Days, p.Amount.Minor, p.Amount.Currency,
		p.ID, created,
		created.Add(checkoutLife))
	if err != nil {
		return fmt.Errorf("restore purchase %s: %w", p.ID, err)
	}
	return nil
}
