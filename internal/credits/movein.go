package credits

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

var errBrought = fault.New(fault.Conflict, "Credits of this meter were brought along before, and another number.").
	Coded("credits_brought_along")

// BringIn begins the calendar of a subscription that an account has paid for elsewhere before: its months are counted
// from the day on which the subscription began, and those before now bring nothing. source is the provider and the id.
//
// brought are the credits by meter that were left there, and key is what they are granted once by, followed by the
// meter.
// Up to the allowance of the running period they are what is left of it: they end with it, and it brings nothing else.
// What is more stays. A meter that is not named has the allowance of the running period in full.
//
// It runs in the transaction that makes the subscription the account's, and reports whether it has granted anything.
// Conflict when another number was brought before.
func (s *Service) BringIn(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, source string, began time.Time, key string,
	brought map[string]int64, by string,
) (granted bool, err error) {
	now := s.clock.Now()
	if source != "" && !began.IsZero() && began.Before(now) {
		if err := keepAnchor(ctx, tx, account, source, began); err != nil {
			return false, err
		}
	}
	for _, m := range s.plans.Meters {
		n := brought[m.ID]
		if n == 0 {
			continue
		}
		if n < 0 || n > MaxAmount {
			return false, errAmount
		}
		known, err := broughtBefore(ctx, tx, account, m.ID, key)
		if err != nil {
			return false, err
		}
		if known > 0 {
			if known != n {
				return false, errBrought
			}
			continue
		}
		if err := s.bring(ctx, tx, account, source, m.ID, n, key, by, now); err != nil {
			return false, err
		}
		granted = true
	}
	return granted, nil
}

func broughtBefore(ctx context.Context, tx pgx.Tx, account uuid.UUID, meter, key string) (n int64, err error) {
	err = tx.QueryRow(ctx, `
		select coalesce(sum(amount), 0)::bigint from credit_grants
		 where account_id = $1 and meter = $2 and key in ($3, $4)`,
		account, meter, key+" "+meter, key+" "+meter+" left").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("look for credits that were brought along: %w", err)
	}
	return n, nil
}

// bring grants what was left: first as the allowance of the running period, then for ever.
func (s *Service) bring(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, source, meter string, n int64, key, by string, now time.Time,
) error {
	const why = "brought along from before"
	st, zone, err := s.stretchOf(ctx, tx, account, source, meter, now)
	if err != nil {
		return err
	}
	if level := st.Allowance.Amount; level > 0 && st.counts(st.Number(now, zone), zone) {
		period, id := st.Number(now, zone), uuid.New()
		part := min(n, level)
		if _, err := tx.Exec(ctx,
			`select tijori_credits.grant_credits($1, $2, $3, 'allowance', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			account, meter, id, part, AllowancePriority, st.expires(period, zone), key+" "+meter+" left", why, by,
			st.Source, period, level, now); err != nil {
			return fmt.Errorf("grant what is left of a month: %w", err)
		}
		n -= part
	}
	if n == 0 {
		return nil
	}
	_, err = AddGrant(ctx, tx, Grant{
		AccountID: account, Meter: meter, Kind: Promotional, Amount: n, Priority: PromotionalPriority,
		Key: key + " " + meter, Reason: why, By: by,
	}, now)
	return err
}

// stretchOf is the stretch of a subscription that gives its plan now; a zero one for none.
func (s *Service) stretchOf(
	ctx context.Context, tx pgx.Tx, account uuid.UUID, source, meter string, now time.Time,
) (st Stretch, zone *time.Location, err error) {
	list, zone, err := s.stretches(ctx, tx, calendarRow{
		account: account, meter: meter, worked: now, sources: []string{unpaidSource},
	}, now)
	if err != nil || source == "" {
		return st, zone, err
	}
	for _, one := range list {
		if one.Source == source || strings.HasPrefix(one.Source, source+" ") {
			st = one
		}
	}
	return st, zone, nil
}
