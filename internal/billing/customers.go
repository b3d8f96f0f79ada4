package billing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// errKeyUsed is the answer to an idempotency key that was used with another body.
var errKeyUsed = fault.New(fault.Conflict, "This idempotency key was used for another request.").
	Coded("idempotency_key_reused")

// Once does what costs money at most once for an idempotency key of a customer, and returns what it has answered: when
// the key comes again with the same request, the first answer; with another request, Conflict. request is everything
// that the request says. While nothing was answered, because the program or its connection ended, do is done again: it
// finds what it has begun.
func (s *Service) Once(
	ctx context.Context, p Payer, key, request string, do func() (answer string, err error),
) (string, error) {
	digest := sha256.Sum256([]byte(request))
	var known []byte
	var answer *string
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			insert into customer_requests (account_id, key, digest, created_at) values ($1, $2, $3, $4)
			on conflict on constraint customer_requests_pkey do nothing`, p.account, key, digest[:],
			s.clock.Now()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select digest, answer from customer_requests where account_id = $1 and key = $2`,
			p.account, key).Scan(&known, &answer)
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("remember a request: %w", err)
	case [32]byte(known) != digest:
		return "", errKeyUsed
	case answer != nil:
		return *answer, nil
	}
	out, err := do()
	if err != nil {
		return "", err
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			update customer_requests set answer = coalesce(answer, $3) where account_id = $1 and key = $2
			returning answer`, p.account, key, out).Scan(&out)
		if errors.Is(err, pgx.ErrNoRows) { // erased with its account meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep the answer to a request: %w", err)
	}
	return out, nil
}

// RefreshFor asks the providers what a customer has, also about a purchase on its way, and applies it: for the page to
// which one comes back from paying.
func (s *Service) RefreshFor(ctx context.Context, p Payer) error {
	defer s.buying.lock(p.account)()
	var open *reserved
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		open, err = livingCheckout(ctx, tx, p.account)
		return err
	})
	if err != nil {
		return err
	}
	if open != nil && open.status == "open" {
		if _, err := s.paidMeanwhile(ctx, open); err != nil {
			return err
		}
	}
	if err := s.catchUp(ctx, p.account); err != nil {
		return err
	}
	return s.catchUpPurchases(ctx, p.account)
}

// catchUpPurchases asks the providers about the purchases of credits of an account that are not known to be paid, the
// newest ones, and grants what was paid for: as the webhook would.
func (s *Service) catchUpPurchases(ctx context.Context, account uuid.UUID) error {
	type open struct {
		Provider facts.Provider
		ID       string
	}
	var list []open
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select provider, provider_id from purchases
			 where account_id = $1 and status = 'open' and provider_id is not null and expires_at > $2
			 order by created_at desc limit 5`, account, s.clock.Now().Add(-time.Hour))
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[open])
		return err
	})
	if err != nil {
		return fmt.Errorf("look up open purchases: %w", err)
	}
	for _, one := range list {
		if s.gateways[one.Provider] == nil {
			continue
		}
		err := s.bringPurchase(ctx, one.Provider, one.ID, account)
		if err != nil && facts.IsUnreachable(err) {
			return errProviderDown.Because(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bringPurchase applies the provider's present word on a purchase of credits.
func (s *Service) bringPurchase(ctx context.Context, provider facts.Provider, id string, account uuid.UUID) error {
	kind := "session"
	if provider == facts.Razorpay {
		kind = "payment_link"
	}
	done, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, _, err := s.applyPurchase(ctx, tx, s.gateways[provider], kind, id, &facts.Event{
			Provider: provider, ID: "return", Type: "return",
		})
		return err
	})
	if facts.IsMissing(err) {
		return nil
	}
	if err == nil {
		s.notify(account)
	}
	return err
}

// InvoicesFor lists the invoices of a payer's account, the newest first.
func (s *Service) InvoicesFor(ctx context.Context, account uuid.UUID) (list []Invoice, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		list, err = invoicesOf(ctx, tx, account)
		return err
	})
	return list, err
}
