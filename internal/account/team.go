package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Member is a user with a role in the account, or in one of its businesses.
type Member struct {
	ID, UserID   uuid.UUID
	Name, Email  string
	BusinessID   *uuid.UUID // nil for the whole account
	BusinessName string
	Role         string
	CreatedAt    time.Time
	You          bool // the caller
	Stays        bool // the last owner, who cannot be removed
}

// An Invitation is one that nobody has accepted yet. It may have expired.
type Invitation struct {
	ID           uuid.UUID
	Email, Role  string
	BusinessID   *uuid.UUID // nil for the whole account
	BusinessName string
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

var errNotOwner = fault.New(fault.Forbidden, "Your role does not allow this.")

// Team returns the members of the caller's account and its open invitations; owners only.
func (s *Service) Team(ctx context.Context, c postgres.Caller) (members []Member, invitations []Invitation, err error) {
	c.Business = uuid.Nil
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		if !tx.Scope.Rights.Owns {
			return errNotOwner
		}
		rows, err := tx.Query(ctx, `
			select id, user_id, name, email, business_id, business_name, role, created_at, user_id = $1,
			       role = 'owner' and count(*) filter (where role = 'owner') over () = 1
			  from tijori_access.team()`, tx.Scope.UserID)
		if err != nil {
			return err
		}
		if members, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Member]); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			select i.id, i.email, i.role, i.business_id, coalesce(b.name, ''), i.created_at, i.expires_at
			  from invitations i
			  left join businesses b on b.account_id = i.account_id and b.id = i.business_id
			 where i.account_id = $1 and i.accepted_at is null and i.revoked_at is null
			 order by i.created_at, i.id`, tx.Scope.AccountID)
		if err != nil {
			return err
		}
		invitations, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Invitation])
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the team: %w", err)
	}
	return members, invitations, nil
}

// RemoveMember ends a membership at once, on open sessions too; owners only,
// and never of the last owner.
func (s *Service) RemoveMember(ctx context.Context, c postgres.Caller, member uuid.UUID) error {
	c.Business = uuid.Nil
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.remove_member($1)`, member)
		return err
	})
	if err != nil {
		return fmt.Errorf("remove member %s: %w", member, err)
	}
	return nil
}

// ChangeRole gives a member another role; owners only. The last owner stays one,
// and only a member of the whole account can become one.
func (s *Service) ChangeRole(ctx context.Context, c postgres.Caller, member uuid.UUID, role string) error {
	c.Business = uuid.Nil
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.change_role($1, $2)`, member, role)
		return err
	})
	if err != nil {
		return fmt.Errorf("change the role of member %s: %w", member, err)
	}
	return nil
}
