package billing

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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
	return s.catchUp(ctx, p.account)
}

// InvoicesFor lists the invoices of a payer's account, the newest first.
func (s *Service) InvoicesFor(ctx context.Context, account uuid.UUID) (list []Invoice, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		list, err = invoicesOf(ctx, tx, account)
		return err
	})
	return list, err
}
