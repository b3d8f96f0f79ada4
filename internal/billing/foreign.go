package billing

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Money of other products comes and goes on the same account at the provider. It is
// work for nobody when it is certain that nothing about it is ours.

// bearsOurs reports whether a one-time payment that no account here owns bears
// anything of ours all the same: a customer, a purchase, or the words that we write
// on each. Without an event nothing is certain, so it may.
func (s *Service) bearsOurs(ctx context.Context, tx pgx.Tx, provider facts.Provider, ev *facts.Event) (bool, error) {
	var customer, account, purchase string
	var bought *facts.Bought
	switch {
	case ev == nil:
		return true, nil
	case ev.Session != nil:
		customer, account, purchase, bought = ev.Session.CustomerID, ev.Session.AccountID, ev.Session.CheckoutID,
			ev.Session.Bought
	case ev.Link != nil:
		account, purchase, bought = ev.Link.AccountID, ev.Link.PurchaseID, ev.Link.Bought
	default:
		return true, nil
	}
	if bought != nil {
		return true, nil
	}
	if whose, err := existingAccount(ctx, tx, account); err != nil || whose != uuid.Nil {
		return true, err
	}
	if whose, err := customerOwner(ctx, tx, provider, customer); err != nil || whose != uuid.Nil {
		return true, err
	}
	id, err := uuid.Parse(purchase)
	if err != nil {
		return false, nil
	}
	var known bool
	if err := tx.QueryRow(ctx, `select exists (select from purchases where id = $1)`, id).Scan(&known); err != nil {
		return false, fmt.Errorf("look up purchase %s: %w", id, err)
	}
	return known, nil
}

func customerOwner(ctx context.Context, tx pgx.Tx, provider facts.Provider, customer string) (uuid.UUID, error) {
	if customer == "" {
		return uuid.Nil, nil
	}
	return owner(ctx, tx, provider, "customer", customer)
}

// mostAsked is of how many purchases that wait the provider is asked whether one
// payment has paid them. Of more it is not certain whose the payment is.
const mostAsked = 10

// foreignReversal says why a refund or a dispute is of another product, "" when it may
// be ours: of a payment that no purchase here knows, for no subscription, of no
// customer of ours. Money that goes back may be heard of before the payment; so the
// purchases that wait are looked at first, and the one that it paid is completed.
func (s *Service) foreignReversal(ctx context.Context, tx pgx.Tx, g gateway, ev *facts.Event) (string, error) {
	provider, payment := g.Provider(), paymentOf(ev)
	if payment == "" {
		return "", nil
	}
	var charged, invoice, currency string
	if ev.Refund != nil {
		charged, invoice, currency = ev.Refund.ChargeID, ev.Refund.InvoiceID, ev.Refund.Amount.Currency
	} else {
		charged, currency = ev.Dispute.ChargeID, ev.Dispute.Amount.Currency
	}
	var booked bool
	if err := tx.QueryRow(ctx, `
		select exists (select from payments where connection_id = $1 and id = any ($2))
		    or exists (select from review_items where connection_id = $1 and key = any ($3) and account_id is not null)`,
		provider, present(charged, invoice, payment), []string{
			"refund " + charged,
			"after end " + charged,
		}).Scan(&booked); err != nil {
		return "", fmt.Errorf("look up payment %s: %w", payment, err)
	}
	if booked {
		return "", nil
	}
	waiting, err := s.waitingPurchases(ctx, tx, provider, currency)
	if err != nil {
		return "", err
	}
	if len(waiting) > mostAsked || slices.Contains(waiting, "") {
		return "", nil
	}
	kind := "session"
	if provider == facts.Razorpay {
		kind = "payment_link"
	}
	for _, id := range waiting {
		paid, _, _, by, err := s.paidOnce(ctx, kind, id)
		if facts.IsMissing(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if paid && by == payment {
			_, _, err := s.applyPurchase(ctx, tx, g, kind, id, nil)
			return "", err
		}
	}
	customer := ev.Customer
	if provider == facts.Stripe && customer == "" { // disputes do not name it
		back, err := g.Refunded(ctx, payment)
		if facts.IsMissing(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		customer = back.CustomerID
	}
	if whose, err := customerOwner(ctx, tx, provider, customer); err != nil || whose != uuid.Nil {
		return "", err
	}
	return "payment " + payment + " is of another product: no purchase and no subscription of ours was paid by it", nil
}

// waitingPurchases lists under which ids the provider knows the purchases that wait
// for its word, one more than are asked about; "" is one of which we have not heard its id.
func (s *Service) waitingPurchases(ctx context.Context, tx pgx.Tx, provider facts.Provider,
	currency string,
) ([]string, error) {
	rows, err := tx.Query(ctx, `
		select coalesce(provider_id, '') from purchases
		 where connection_id = $1 and currency = $2 and status in ('creating', 'open') order by created_at desc limit $3`,
		provider, currency, mostAsked+1)
	if err != nil {
		return nil, fmt.Errorf("list purchases that wait: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list purchases that wait: %w", err)
	}
	return list, nil
}

// present are the texts that are not empty.
func present(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}
