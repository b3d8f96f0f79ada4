package account

import (
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // a machine may have no time zones of its own

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// maxBusinesses is how many businesses an account has at most: every page lists them, the first one with their totals.
const maxBusinesses = 100

// AddBusiness adds a business to the caller's account; owners only. The same
// id with the same name and currency again is no error and no second one; with
// others it is a Conflict, as is one more than an account may have.
func (s *Service) AddBusiness(ctx context.Context, c postgres.Caller, id uuid.UUID, name, currency string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	if err := checkCurrency(currency); err != nil {
		return err
	}
	c.Business = uuid.Nil
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		// Only an owner may lock the account: for others there is no row.
		if _, err := tx.Exec(ctx, `select 1 from accounts where account_id = $1 for no key update`,
			tx.Scope.AccountID); err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			insert into businesses (account_id, id, name, currency, time_zone)
			select a.account_id, $2, $3, $4, a.time_zone from accounts a
			 where a.account_id = $1 and (select count(*) from businesses b where b.account_id = $1) < $5
			on conflict (account_id, id) do nothing`, tx.Scope.AccountID, id, name, currency, maxBusinesses)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		var oldName, oldCurrency string
		err = tx.QueryRow(ctx, `select name, currency from businesses where account_id = $1 and id = $2 for update`,
			tx.Scope.AccountID, id).
			Scan(&oldName, &oldCurrency)
		if err == pgx.ErrNoRows && tx.Scope.Rights.Owns {
			return fault.New(fault.Conflict, "An account has at most %d businesses.", maxBusinesses)
		}
		if err == pgx.ErrNoRows { // no account that the caller may add to
			return fault.New(fault.Forbidden, "Your role does not allow this.")
		}
		if err == nil && (oldName != name || oldCurrency != currency) {
			return fault.New(fault.Conflict, "This was saved already with another name.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("add business: %w", err)
	}
	return nil
}

// UpdateBusiness sets the name and time zone of the caller's business; owners
// and managers only.
func (s *Service) UpdateBusiness(ctx context.Context, c postgres.Caller, name, timeZone string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	if _, err := time.LoadLocation(timeZone); err != nil || timeZone == "" || timeZone == "Local" ||
		len(timeZone) > 64 {
		return fault.InvalidField("time_zone", "Choose a time zone.")
	}
	if c.Business == uuid.Nil {
		return fault.New(fault.NotFound, "There is no such business.")
	}
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		tag, err := tx.Exec(ctx, `update businesses set name = $3, time_zone = $4 where account_id = $1 and id = $2`,
			tx.Scope.AccountID, tx.Scope.BusinessID, name, timeZone)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.Forbidden, "Your role does not allow this.")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("update business: %w", err)
	}
	return nil
}

// SwitchAccount makes another account the one that the caller's session is in;
// NotFound unless the user is a member of the whole account.
func (s *Service) SwitchAccount(ctx context.Context, c postgres.Caller, account uuid.UUID) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		tag, err := tx.Exec(ctx,
			`update credentials set account_id = $3 where hash = $1
				and tijori_access.belongs($2, $3)`, c.Credential[:], user, account)
		if err == nil && tag.RowsAffected() == 0 {
			return fault.New(fault.NotFound, "Page not found.")
		}
		return err
	})
}
