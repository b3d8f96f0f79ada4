package credits

import (
	"context"
	"fmt"
	"time"

	"github.com/tijorihq/tijori/internal/billing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

// Kinds of grants.
const (
	AllowanceKind = "allowance"
	TopUpKind     = "top_up"
	Promotional   = "promotional"
)

// A Grant adds credits, once for its key, and is never changed.
type Grant struct {
	AccountID uuid.UUID
	Meter     string
	Kind      string // TopUpKind or Promotional; allowances come from the calendar alone
	Amount    int64
	Priority  int
	ExpiresAt time.Time // zero is never
	Key       string    // what it is for: the same key is granted once
	Reason    string
	By        string // who granted it: an operator's name, or the provider
}

// Grant adds credits as the billing role and returns the grant's id; the first
// one's when the key was used for the same. Conflict when it was used for
// something else, Invalid without a reason.
func (s *Service) Grant(ctx context.Context, g Grant) (id uuid.UUID, err error) {
	switch {
	case g.Kind != TopUpKind && g.Kind != Promotional:
		return id, fault.InvalidField("kind", "Only top-ups and promotions are granted by hand.")
	case g.Amount < 1 || g.Amount > MaxAmount:
		return id, errAmount
	case !s.hasMeter(g.Meter):
		return id, fault.InvalidField("meter", "There is no such meter.")
	case g.Reason == "" || len(g.Reason) > MaxNote || !plain(g.Reason):
		return id, fault.InvalidField("reason", "Say why, in up to %d letters.", MaxNote)
	}
	err = s.db.AsBilling(ctx, billing.Khata, func(tx pgx.Tx) (err error) {
		id, err = AddGrant(ctx, tx, g, s.clock.Now())
		return err
	})
	if fault.Is(err, fault.Forbidden) { // a policy's: an account that is not one of the app's is no account
		return id, fault.New(fault.NotFound, "There is no such account.").Because(err)
	}
	if err != nil {
		return id, fmt.Errorf("grant credits: %w", err)
	}
	return id, nil
}

// AddGrant is Grant within a transaction of the billing role, for what pays for
// credits and grants them in one step.
func AddGrant(ctx context.Context, tx pgx.Tx, g Grant, now time.Time) (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, err
	}
	var granted uuid.UUID
	err = tx.QueryRow(ctx, `
		select tijori_credits.grant_credits($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, 'infinity'), $8, $9, $10, null, null, null, $11)`,
		g.AccountID, g.Meter, id, g.Kind, g.Amount, g.Priority, null(g.ExpiresAt), g.Key, g.Reason, g.By, now).Scan(&granted)
	return granted, err
}

func null(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// Sweep settles balances whose time has come: holds that ended, grants that
// expired. It may run on many nodes at once, and does nothing that spending would not do
// by itself; it keeps what pages show up to date. It returns how many it settled.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	err = s.db.AsBilling(ctx, billing.Khata, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_credits.sweep_credits(200)`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("sweep credits: %w", err)
	}
	return n, nil
}
