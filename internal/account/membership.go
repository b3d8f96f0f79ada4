package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
)

// A Membership is one of the caller's own roles. BusinessName is "" for a whole account.
type Membership struct {
	ID                              uuid.UUID
	AccountName, BusinessName, Role string
	Stays                           bool // the last owner, who cannot leave
}

// Memberships lists the caller's own roles, the oldest first.
func (s *Service) Memberships(ctx context.Context, c postgres.Caller) (list []Membership, err error) {
	c.Business = uuid.Nil
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		rows, err := tx.Query(ctx,
			`select id, account_name, business_name, role, stays from tijori_access.my_memberships()`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Membership])
		return err
	})
	return list, err
}

// LeaveTeam ends one of the caller's own memberships, at once. NotFound for any other; a Conflict for the last owner.
func (s *Service) LeaveTeam(ctx context.Context, c postgres.Caller, membership uuid.UUID) error {
	c.Business = uuid.Nil
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.leave_team($1)`, membership)
		return err
	})
	if err != nil {
		return fmt.Errorf("leave the team: %w", err)
	}
	return nil
}

// ForgetMe erases the caller's user for good, at once: out of every team, with address and sessions. The password is
// asked again. A Conflict for the last owner of an account, who deletes that first.
func (s *Service) ForgetMe(ctx context.Context, c postgres.Caller, password string) error {
	c.Business = uuid.Nil
	err := s.proven(ctx, c, password, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.forget_me()`)
		return err
	})
	if err != nil {
		return fmt.Errorf("forget the caller: %w", err)
	}
	return nil
}

// OpenAccount opens an account with its first business for a user who owns none, as a sign-up does, and moves the
// caller's session there. Who owns one already is moved to that: a double tap opens one account.
func (s *Service) OpenAccount(ctx context.Context, c postgres.Caller, name, currency string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	if err := checkCurrency(currency); err != nil {
		return err
	}
	var ids [3]uuid.UUID
	for i := range ids {
		if ids[i], err = newID(); err != nil {
			return err
		}
	}
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		var account uuid.UUID
		err := tx.QueryRow(ctx, `select tijori_access.open_own_account($1, $2, $3, $4, $5, $6)`,
			user, ids[0], ids[1], ids[2], name, currency).Scan(&account)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update credentials set account_id = $2 where hash = $1`, c.Credential[:], account)
		return err
	})
	if err != nil {
		return fmt.Errorf("open an account: %w", err)
	}
	return nil
}

// GoHome moves a session whose account its user does not belong to any more to one that the user does belong to, and
// reports whether there is one.
func (s *Service) GoHome(ctx context.Context, c postgres.Caller) (found bool, err error) {
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		var account *uuid.UUID
		if err := tx.QueryRow(ctx, `select tijori_access.home_account($1)`, user).Scan(&account); err != nil ||
			account == nil {
			return err
		}
		tag, err := tx.Exec(ctx, `
			update credentials set account_id = $3
			 where hash = $1 and (account_id is null or not tijori_access.belongs($2, account_id))`, c.Credential[:], user, *account)
		found = tag.RowsAffected() == 1
		return err
	})
	return found, err
}
