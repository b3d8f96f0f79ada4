package credits

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
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
		return id, fault.InvalidField("reason", "Say why, in up to %d characters.", MaxNote)
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
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

// GrantByHand is Grant of promotional credits by an operator, which stands in the
// log of what operators did. With a key that was used for the same it changes
// nothing more; Conflict when it was used for something else. NotFound for an
// account that does not exist.
func (s *Service) GrantByHand(ctx context.Context, g Grant) (id uuid.UUID, err error) {
	g.Kind, g.Priority = Promotional, PromotionalPriority
	if err := s.checkByHand(g.Meter, g.Amount, g.Reason, g.Key); err != nil {
		return id, err
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if err := accountExists(ctx, tx, g.AccountID); err != nil {
			return err
		}
		var reason string
		err = tx.QueryRow(ctx, `select reason from credit_grants where account_id = $1 and key = $2`, g.AccountID,
			g.Key).Scan(&reason)
		again := err == nil
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if again && reason != g.Reason {
			return errReused
		}
		if id, err = AddGrant(ctx, tx, g, s.clock.Now()); err != nil || again {
			return err
		}
		return billing.SaveActOnce(ctx, tx, g.Key, billing.Act{
			Who: g.By, Act: "grant", Subject: "account " + g.AccountID.String(), Reason: g.Reason,
			Detail: fmt.Sprintf("%d %s", g.Amount, g.Meter),
		})
	})
	if errors.Is(err, billing.ErrDone) { // by another call at the same time
		return s.GrantByHand(ctx, g)
	}
	if err != nil {
		return id, fmt.Errorf("grant credits: %w", err)
	}
	return id, nil
}

// A Taking is credits that an operator takes away.
type Taking struct {
	AccountID uuid.UUID
	Meter     string
	Amount    int64  // at most
	Key       string // what it is for: the same key takes once
	Reason    string
	By        string
}

// TakeByHand takes away what can be spent, at most an amount, in the order in
// which it would burn, and returns how many credits it took: 0 where there are
// none. What is spent or on hold stays. The account's owner reads the reason beside
// the entries, and the taking stands in the log of what operators did. With a key
// that was used for the same it takes nothing more and returns what was taken then;
// Conflict when it was used for something else. NotFound for an account that does
// not exist, Invalid without a reason.
func (s *Service) TakeByHand(ctx context.Context, t Taking) (took int64, err error) {
	if err := s.checkByHand(t.Meter, t.Amount, t.Reason, t.Key); err != nil {
		return 0, err
	}
	subject, asked := "account "+t.AccountID.String(), fmt.Sprintf(" of %d %s", t.Amount, t.Meter)
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if err := accountExists(ctx, tx, t.AccountID); err != nil {
			return err
		}
		done, err := billing.ActOf(ctx, tx, "take_back", subject, t.Key)
		if err == nil {
			number, same := strings.CutSuffix(done.Detail, asked)
			if !same || done.Reason != strings.TrimSpace(t.Reason) {
				return errReused
			}
			took, err = strconv.ParseInt(number, 10, 64)
			return err
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := tx.QueryRow(ctx, `select tijori_credits.take_credits($1, $2, $3, $4, $5)`, t.AccountID, t.Meter,
			t.Amount, t.Reason, s.clock.Now()).Scan(&took); err != nil {
			return err
		}
		return billing.SaveActOnce(ctx, tx, t.Key, billing.Act{
			Who: t.By, Act: "take_back", Subject: subject, Reason: t.Reason,
			Detail: strconv.FormatInt(took, 10) + asked,
		})
	})
	if errors.Is(err, billing.ErrDone) { // by another call at the same time; what this one took is rolled back
		return s.TakeByHand(ctx, t)
	}
	if err != nil {
		return 0, fmt.Errorf("take credits: %w", err)
	}
	return took, nil
}

func accountExists(ctx context.Context, tx pgx.Tx, account uuid.UUID) error {
	var known bool
	if err := tx.QueryRow(ctx, `select exists (select from accounts where account_id = $1)`,
		account).Scan(&known); err != nil {
		return err
	}
	if !known {
		return errNoAccount
	}
	return nil
}

var errNoAccount = fault.New(fault.NotFound, "There is no such account.")

// checkByHand refuses what an operator may not ask.
func (s *Service) checkByHand(meter string, amount int64, reason, key string) error {
	switch {
	case blank(key) || len(key) > 200 || !plain(key):
		return fault.InvalidField("key", "The idempotency key is up to 200 characters of text.")
	case amount < 1 || amount > MaxAmount:
		return errAmount
	case !s.hasMeter(meter):
		return fault.InvalidField("meter", "There is no such meter.")
	case blank(reason) || utf8.RuneCountInString(reason) > MaxNote || !plain(reason):
		return fault.InvalidField("reason", "Say why, in up to %d characters.", MaxNote)
	}
	return nil
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
		select tijori_credits.grant_credits($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, 'infinity'), $8, $9, $10,
		    null, null, null, $11)`,
		g.AccountID, g.Meter, id, g.Kind, g.Amount, g.Priority, null(g.ExpiresAt), g.Key, g.Reason, g.By,
		now).Scan(&granted)
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
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_credits.sweep_credits(200)`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("sweep credits: %w", err)
	}
	return n, nil
}
