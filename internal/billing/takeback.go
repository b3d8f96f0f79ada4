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

// applyReversal takes credits back for a payment that was given back, and returns
// whose it was: uuid.Nil when no purchase was paid by it. A dispute takes nothing
// back: the bank has not decided.
func (s *Service) applyReversal(ctx context.Context, tx pgx.Tx, g gateway, ev *facts.Event) (uuid.UUID, error) {
	payment := paymentOf(ev)
	account, err := lockOwner(ctx, tx, g.Provider(), "payment", payment)
	if err != nil || account == uuid.Nil || ev.Refund == nil {
		return account, err
	}
	return account, s.takeBack(ctx, tx, g, account, payment)
}

// takeBack asks the provider how much of a purchase's payment was given back and
// takes as large a part of its credits back, as far as they are not spent; what
// is spent is shown to a person. It is cumulative, as the provider's answer is:
// repeated, and in any order, it takes nothing twice. The caller holds the
// directory row of the payment.
func (s *Service) takeBack(ctx context.Context, tx pgx.Tx, g gateway, account uuid.UUID, payment string) error {
	provider := g.Provider()
	back, err := g.Refunded(ctx, payment)
	if err != nil || back.Refunded == 0 {
		return err
	}
	var p struct {
		id                               uuid.UUID
		meter, currency                  string
		credits, amount, refunded, taken int64
		grant                            uuid.UUID
	}
	err = tx.QueryRow(ctx, `
		select p.id, p.meter, p.currency, p.credits, p.amount_minor, p.refunded_minor, p.taken_back, g.id
		  from purchases p join credit_grants g on g.account_id = p.account_id and g.key = 'top-up ' || p.id::text
		 where p.account_id = $1 and p.provider = $2 and p.payment_id = $3 for update of p`, account, provider, payment).
		Scan(&p.id, &p.meter, &p.currency, &p.credits, &p.amount, &p.refunded, &p.taken, &p.grant)
	if errors.Is(err, pgx.ErrNoRows) {
		if gone, err := erased(ctx, tx, account); err != nil || gone { // with the credits that there were to take
			return err
		}
		return fmt.Errorf("payment %s is claimed and paid for no purchase", payment)
	}
	if err != nil {
		return fmt.Errorf("look up the purchase of %s: %w", payment, err)
	}
	if back.Refunded <= p.refunded {
		return nil
	}
	now := s.clock.Now()
	part := share(p.credits, back.Refunded, p.amount)
	given := money.Amount{Minor: min(back.Refunded, p.amount), Currency: p.currency}
	why := "refund of " + given.Format()
	var took int64
	if err := tx.QueryRow(ctx, `select tijori_credits.take_back_credits($1, $2, $3, $4, $5, $6)`, account, p.meter, p.grant, part-p.taken, why, now).Scan(&took); err != nil {
		return fmt.Errorf("take credits back: %w", err)
	}
	p.taken += took
	if _, err := tx.Exec(ctx, `update purchases set refunded_minor = $3, taken_back = $4 where account_id = $1 and id = $2`, account, p.id, given.Minor, p.taken); err != nil {
		return fmt.Errorf("keep what was taken back: %w", err)
	}
	return s.tellTaken(ctx, tx, provider, account, back, given, part, p.taken, now)
}

// share is the part of credits that a refund is for, rounded down: to the
// customer's good.
func share(credits, refunded, amount int64) int64 {
	if refunded >= amount {
		return credits
	}
	return credits * refunded / amount // at most 10^9 × 10^8
}

// tellTaken writes the refund into the review queue: closed by itself when its
// credits are taken back, open when some of them are spent.
func (s *Service) tellTaken(ctx context.Context, tx pgx.Tx, provider facts.Provider, account uuid.UUID, back *facts.Refund, given money.Amount, part, taken int64, now time.Time) error {
	reason, key := ReviewRefundPartial, "refund "+back.ChargeID
	if back.Full() {
		reason = ReviewRefundFull
	}
	detail := fmt.Sprintf("%s of a purchase of credits was given back: %d of its %d credits are taken back", given.Format(), taken, part)
	b := &pgx.Batch{}
	saveReview(b, provider, Review{reason, key, detail}, account, "", "", now)
	if taken == part {
		closeReview(b, provider, detail, now, key)
	} else { // a further part of the same kind opens it again
		b.Queue(`
			update review_items set status = 'open', resolved_at = null, detail = $3 where provider = $1 and key = $2`,
			provider, key, detail+"; the others were spent. Decide whether to leave it at that")
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("tell of the refund: %w", err)
	}
	return nil
}
