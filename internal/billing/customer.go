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

// claimCustomer makes sure that the account has a claim at the provider, and
// locks it: everything that starts a purchase passes here one by one.
func claimCustomer(ctx context.Context, tx pgx.Tx, account uuid.UUID, provider facts.Provider, now time.Time) error {
	if _, err := tx.Exec(ctx, `
		insert into provider_customers (account_id, app_id, connection_id, provider, claimed_at)
		values ($1, current_setting('tijori.app'), $2, substring($2::text from '[a-z]+$'), $3)
		on conflict (account_id, connection_id) do nothing`, account, provider, now); err != nil {
		return fmt.Errorf("claim a customer: %w", err)
	}
	// Both rows where there are two, in one order: a purchase at one provider excludes one at the other.
	_, err := tx.Exec(ctx, `select 1 from provider_customers where account_id = $1 order by provider for update`,
		account)
	return err
}

// withCustomer does something with the account's Stripe customer. One that Stripe does not know any more is forgotten,
// and the same is done once again with a new one. fn is given what to add to its idempotency key, because Stripe
// remembers a refusal with its key.
func (s *Service) withCustomer(ctx context.Context, p Payer, fn func(customer, keySuffix string) error) error {
	for again := true; ; again = false {
		id, generation, err := s.customer(ctx, p)
		if err != nil {
			return err
		}
		suffix := ""
		if generation > 0 {
			suffix = fmt.Sprintf("_%d", generation)
		}
		err = fn(id, suffix)
		if !facts.IsCustomerMissing(err) || !again {
			return err
		}
		if err := s.forgetCustomer(ctx, p.account, id); err != nil {
			return err
		}
	}
}

// forgetCustomer lets go of a customer that Stripe does not know. Whose it was stays in the directory: news of it may
// still come.
func (s *Service) forgetCustomer(ctx context.Context, account uuid.UUID, id string) error {
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update provider_customers set customer_id = null, generation = generation + 1
			 where account_id = $1 and connection_id = $3 and customer_id = $2`, account, id, facts.Stripe)
		return err
	})
}

// customer returns the account's Stripe customer, making it on first use, and
// how often another key was needed for it. The claim is in the database before
// Stripe is asked, and every repeat carries the same idempotency key, so parallel
// clicks make one customer.
func (s *Service) customer(ctx context.Context, p Payer) (_ string, generation int, _ error) {
	var id *string
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx,
			`select customer_id, generation from provider_customers where account_id = $1
				and connection_id = $2`, p.account, facts.Stripe).
			Scan(&id, &generation)
	})
	if err != nil {
		return "", 0, fmt.Errorf("look up the customer: %w", err)
	}
	if id != nil {
		return *id, generation, nil
	}
	key := "cust_create_" + p.account.String()
	if generation > 0 {
		key = fmt.Sprintf("%s_%d", key, generation)
	}
	made, err := s.stripe.CreateCustomer(ctx, key, p.account.String(), p.email)
	if err != nil {
		return "", 0, errors.Join(err, s.skipKey(ctx, p.account, generation, err))
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if err := claimOwn(ctx, tx, facts.Stripe, "customer", made, p.account, s.clock.Now()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			update provider_customers set customer_id = coalesce(customer_id,
			    $2) where account_id = $1 and connection_id = $3
			    returning customer_id, generation`,
			p.account, made, facts.Stripe).Scan(&made, &generation)
	})
	if err != nil {
		return "", 0, fmt.Errorf("save the customer: %w", err)
	}
	return made, generation, nil
}

// skipKey gives the next try another idempotency key after a refusal that
// Stripe stores with the key: it would repeat the refusal for a day.
func (s *Service) skipKey(ctx context.Context, account uuid.UUID, generation int, cause error) error {
	var e *facts.APIError
	if !errors.As(cause, &e) || (e.Status < 500 && e.Code != "idempotency_error") {
		return nil
	}
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			update provider_customers set generation = generation + 1
			 where account_id = $1 and connection_id = $3 and generation = $2 and customer_id is null`, account, generation,
			facts.Stripe)
		return err
	})
}

// claimOwn claims an object that was made for an account, and fails when it
// belongs to another already.
func claimOwn(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, kind, id string, account uuid.UUID, now time.Time,
) error {
	whose, _, err := claim(ctx, tx, provider, kind, id, account, now)
	if err == nil && whose != account {
		err = fmt.Errorf("%s %s %s belongs to another account", provider, kind, id)
	}
	return err
}
