package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

// paymentOf is the payment that an event takes money back from, by the id under
// which a purchase knows it: Stripe's intent, Razorpay's payment.
func paymentOf(ev *facts.Event) string {
	switch {
	case ev.Refund != nil && ev.Provider == facts.Stripe:
		return ev.Refund.IntentID
	case ev.Refund != nil:
		return ev.Refund.ChargeID
	case ev.Dispute != nil && ev.Provider == facts.Stripe:
		return ev.Dispute.IntentID
	case ev.Dispute != nil:
		return ev.Dispute.ChargeID
	}
	return ""
}

// applyReversal takes credits back for a payment that was given back, or that the
// bank has given back in a dispute, and returns whose it was: uuid.Nil when no
// purchase was paid by it. A dispute takes nothing back until it is lost.
func (s *Service) applyReversal(ctx context.Context, tx pgx.Tx, g gateway, ev *facts.Event) (uuid.UUID, error) {
	payment := paymentOf(ev)
	account, err := lockOwner(ctx, tx, g.Provider(), "payment", payment)
	if err != nil || account == uuid.Nil {
		return account, err
	}
	if ev.Dispute != nil {
		changed, err := keepDispute(ctx, tx, g.Provider(), account, payment, ev.Dispute)
		// what an operator took meanwhile comes back when it is won
		if err != nil || !changed && ev.Dispute.Status != disputeWon {
			return account, err
		}
		return account, s.takeBackLost(ctx, tx, account, g.Provider(), payment, ev.Dispute.ChargeID, changed)
	}
	return account, s.takeBack(ctx, tx, g, account, payment)
}

// keepDispute writes down for a purchase that the bank has decided a dispute of its
// payment against us, once, and takes that back should the bank think better of it.
func keepDispute(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, account uuid.UUID, payment string, d *facts.Dispute,
) (changed bool, err error) {
	tag, err := tx.Exec(ctx, `
		update purchases set
		    lost_disputes = case when $5 then lost_disputes || $4::text else array_remove(lost_disputes, $4::text) end,
		    lost_minor = greatest(lost_minor + case when $5 then $6::bigint else -$6::bigint end, 0)
		 where account_id = $1 and connection_id = $2 and payment_id = $3 and ($4::text = any (lost_disputes)) <> $5`,
		account, provider, payment, d.ID, d.Status == disputeLost, d.Amount.Minor)
	if err != nil {
		return false, fmt.Errorf("keep dispute %s: %w", d.ID, err)
	}
	return tag.RowsAffected() > 0, nil
}

// A bought is a purchase whose money went back, in all or in part.
type bought struct {
	account        uuid.UUID
	provider       facts.Provider
	id             uuid.UUID
	grant          uuid.UUID
	payment        string
	meter          string
	currency       string
	credits        int64
	amount         int64
	refunded, lost int64 // minor units
	taken, held    int64 // credits, as last written
	charge         string
}

const boughtSQL = `
	select p.account_id, p.provider, p.id, g.id, p.payment_id, p.meter, p.currency, p.credits, p.amount_minor,
	    p.refunded_minor, p.lost_minor, p.taken_back, p.held_back, p.charge_id
	  from purchases p join credit_grants g on g.account_id = p.account_id and g.key = 'top-up ' || p.id::text`

func scanBought(row pgx.CollectableRow) (b bought, err error) {
	return b,
		row.Scan(&b.account, &b.provider, &b.id, &b.grant, &b.payment, &b.meter, &b.currency, &b.credits, &b.amount,
			&b.refunded, &b.lost, &b.taken, &b.held, &b.charge)
}

// takeBack asks the provider how much of a purchase's payment was given back and
// takes as large a part of its credits back. It follows the provider's answer,
// which is cumulative: repeated, and in any order, it takes nothing twice, and
// what a refund that failed has taken comes back. The caller holds the directory
// row of the payment.
func (s *Service) takeBack(ctx context.Context, tx pgx.Tx, g gateway, account uuid.UUID, payment string) error {
	back, err := g.Refunded(ctx, payment)
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx,
		boughtSQL+` where p.account_id = $1 and p.connection_id = $2 and p.payment_id = $3 for update of p`,
		account, g.Provider(),
		payment)
	if err != nil {
		return fmt.Errorf("look up the purchase of %s: %w", payment, err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanBought)
	if errors.Is(err, pgx.ErrNoRows) {
		// gone with the credits that there were to take
		if gone, err := erased(ctx, tx, account); err != nil || gone || back.Refunded == 0 {
			return err
		}
		return fmt.Errorf("payment %s is claimed and paid for no purchase", payment)
	}
	if err != nil {
		return fmt.Errorf("look up the purchase of %s: %w", payment, err)
	}
	before := p.refunded
	p.refunded, p.charge = min(back.Refunded, p.amount), back.ChargeID
	if before == 0 && p.refunded == 0 && p.lost == 0 && p.taken == 0 {
		return nil
	}
	return s.reclaim(ctx, tx, p, p.refunded != before)
}

// takeBackLost takes back what a decided dispute is for, or gives it back.
func (s *Service) takeBackLost(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, payment, charge string, changed bool,
) error {
	rows, err := tx.Query(ctx,
		boughtSQL+` where p.account_id = $1 and p.connection_id = $2 and p.payment_id = $3 for update of p`,
		account, provider,
		payment)
	if err != nil {
		return fmt.Errorf("look up the purchase of %s: %w", payment, err)
	}
	p, err := pgx.CollectExactlyOneRow(rows, scanBought)
	if errors.Is(err, pgx.ErrNoRows) && !changed { // erased with its account
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up the purchase of %s: %w", payment, err)
	}
	if p.charge == "" {
		p.charge = charge
	}
	return s.reclaim(ctx, tx, p, changed)
}

// reclaim takes back as large a part of a purchase's credits as money went back,
// as far as they are not spent. What is set aside for work under way is taken when
// it comes back; what is spent is shown to a person, whenever something has changed.
func (s *Service) reclaim(ctx context.Context, tx pgx.Tx, p bought, changed bool) error {
	now := s.clock.Now()
	gone := money.Amount{Minor: min(p.refunded+p.lost, p.amount), Currency: p.currency}
	part := share(p.credits, gone.Minor, p.amount)
	why := "refund of " + gone.Format()
	switch {
	case gone.Minor == 0:
		why = "the refund failed"
	case p.refunded == 0:
		why = "lost dispute about " + gone.Format()
	}
	var taken, held int64
	if err := tx.QueryRow(ctx, `select t.taken, t.held from tijori_credits.take_back_credits($1, $2, $3, $4, $5, $6) t`,
		p.account, p.meter, p.grant, part, why, now).Scan(&taken, &held); err != nil {
		return fmt.Errorf("take credits back: %w", err)
	}
	if !changed && taken == p.taken && held == p.held {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		update purchases set refunded_minor = $3, taken_back = $4, held_back = $5, charge_id = $6
		    where account_id = $1 and id = $2`,
		p.account, p.id, p.refunded, taken, held, p.charge); err != nil {
		return fmt.Errorf("keep what was taken back: %w", err)
	}
	return tellTaken(ctx, tx, p, gone, part, taken, held, now)
}

// share is the part of credits that a refund is for, rounded down: to the
// customer's good.
func share(credits, refunded, amount int64) int64 {
	if refunded >= amount {
		return credits
	}
	return credits * refunded / amount // at most 10^9 × 10^8
}

// tellTaken writes what went back into the review queue: closed by itself when its
// credits are taken back, open while some of them are set aside and when some are
// spent.
func tellTaken(
	ctx context.Context, tx pgx.Tx, p bought, gone money.Amount, part, taken, held int64, now time.Time,
) error {
	reason, key := ReviewRefundPartial, "refund "+p.charge
	switch {
	case p.refunded >= p.amount:
		reason = ReviewRefundFull
	case p.refunded == 0 && p.lost > 0:
		reason, key = ReviewDisputeLost, "lost "+p.charge
	}
	detail := fmt.Sprintf("%s of a purchase of credits was given back: %d of its %d credits are taken back",
		gone.Format(),
		taken, part)
	if gone.Minor == 0 {
		detail = "the money did not go back: its credits are there again"
	}
	b := &pgx.Batch{}
	saveReview(b, p.provider, Review{reason, key, detail}, p.account, "", "", now)
	if taken == part {
		closeReview(b, p.provider, detail, now, key)
	} else { // a further part of the same kind opens it again
		if held > 0 {
			detail += fmt.Sprintf("; %d are set aside for work under way and are taken when they come back", held)
		}
		if spent := part - taken - held; spent > 0 {
			detail += fmt.Sprintf("; %d were spent. Decide whether to leave it at that", spent)
		}
		b.Queue(`
			update review_items set status = 'open', resolved_at = null, detail = $3, turned_at = $4,
			    snoozed_until = null
			 where connection_id = $1 and key = $2`,
			p.provider, key, detail, now)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("tell of the refund: %w", err)
	}
	return nil
}

// followTakeBacks looks again at purchases of which credits were set aside when
// their money went back, and writes down what has become of these.
func (s *Service) followTakeBacks(ctx context.Context) error {
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx,
			boughtSQL+` where p.held_back > 0 order by p.account_id, p.id limit 200 for update of p skip locked`)
		if err != nil {
			return fmt.Errorf("look up what is set aside: %w", err)
		}
		list, err := pgx.CollectRows(rows, scanBought)
		if err != nil {
			return fmt.Errorf("look up what is set aside: %w", err)
		}
		for _, p := range list {
			if err := s.reclaim(ctx, tx, p, false); err != nil {
				return err
			}
		}
		return nil
	})
}
