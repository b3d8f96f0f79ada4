package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// An InvitationView is what an invitation's link shows to whoever holds it.
type InvitationView struct {
	Email, Role, AccountName, BusinessName, Inviter string // BusinessName is "" for the whole account
	Known                                           bool   // the address is a user's: sign in, not up
	Locale                                          string // of that user, "" when not known
}

// Invite invites an address by mail into one business, or the whole account
// when business is nil; owners only. The link ends after term.Invitation. The same id again
// is no second invitation; a Conflict when the address is invited or a member already.
func (s *Service) Invite(
	ctx context.Context, c postgres.Caller, id uuid.UUID, email, role string, business *uuid.UUID,
) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	c.Business = uuid.Nil
	var account uuid.UUID
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		account = tx.Scope.AccountID
		if !tx.Scope.Rights.Owns {
			return errNotOwner
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.throttle(ctx, invitationLimits(account.String(), email)); err != nil {
		return err
	}
	fresh := false
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		fresh, err = insertInvitation(ctx, tx, id, email, role, business)
		return err
	})
	if err != nil {
		return fmt.Errorf("invite: %w", err)
	}
	if !fresh {
		return nil
	}
	// Were this lost, the sweep would find the invitation without a mail.
	return s.mailInvitation(ctx, InvitationMail{Account: account, Invitation: id})
}

func (s *Service) mailInvitation(ctx context.Context, job InvitationMail) error {
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error { return s.enqueue(ctx, tx, job) })
}

func insertInvitation(
	ctx context.Context, tx *postgres.Tx, id uuid.UUID, email, role string, business *uuid.UUID,
) (fresh bool, err error) {
	var member bool
	err = tx.QueryRow(ctx,
		`select exists (select 1 from tijori_access.team() where email = $1
			and business_id is not distinct from $2)`, email, business).Scan(&member)
	if err != nil {
		return false, err
	}
	if member {
		return false, fault.New(fault.Conflict, "This person is a member already.").Coded("already_member")
	}
	_, err = tx.Exec(ctx, `
		update invitations set revoked_at = now()
		 where account_id = $1 and email = $2 and business_id is not distinct from $3
		   and accepted_at is null and revoked_at is null and expires_at <= now()`, tx.Scope.AccountID, email, business)
	if err != nil {
		return false, err
	}
	tag, err := tx.Exec(ctx, `
		insert into invitations (account_id, id, business_id, email, role, invited_by, expires_at)
		values ($1, $2, $3, $4, $5, $6, now() + $7::interval)
		on conflict (account_id, id) do nothing`,
		tx.Scope.AccountID, id, business, email, role, tx.Scope.UserID, term.Invitation)
	if err != nil || tag.RowsAffected() == 1 {
		return err == nil, err
	}
	var same bool
	err = tx.QueryRow(ctx, `
		select email = $3 and role = $4 and business_id is not distinct from $5 from invitations
		 where account_id = $1 and id = $2 for update`, tx.Scope.AccountID, id, email, role, business).Scan(&same)
	if err == nil && !same {
		return false, fault.New(fault.Conflict, "This was saved already with other values.")
	}
	return false, err
}

// RevokeInvitation ends an open invitation; owners only. NotFound for one that is not open.
func (s *Service) RevokeInvitation(ctx context.Context, c postgres.Caller, id uuid.UUID) error {
	c.Business = uuid.Nil
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		tag, err := tx.Exec(ctx, `
			update invitations set revoked_at = now()
			 where account_id = $1 and id = $2 and accepted_at is null and revoked_at is null`, tx.Scope.AccountID, id)
		if err == nil && tag.RowsAffected() == 0 {
			return notFoundOr(tx.Scope)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke invitation %s: %w", id, err)
	}
	return nil
}

func notFoundOr(s postgres.Scope) error {
	if !s.Rights.Owns {
		return errNotOwner
	}
	return fault.New(fault.NotFound, "Page not found.")
}

// ResendInvitation mails an open invitation once more, for another term.Invitation;
// the older link ends when the new one is sent. Owners only.
func (s *Service) ResendInvitation(ctx context.Context, c postgres.Caller, id uuid.UUID) error {
	c.Business = uuid.Nil
	var account uuid.UUID
	var email string
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		account = tx.Scope.AccountID
		err := tx.QueryRow(ctx, `
			update invitations set expires_at = now() + $3::interval
			 where account_id = $1 and id = $2 and accepted_at is null and revoked_at is null
			returning email`, account, id, term.Invitation).Scan(&email)
		if errors.Is(err, pgx.ErrNoRows) {
			return notFoundOr(tx.Scope)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("resend invitation %s: %w", id, err)
	}
	if err := s.throttle(ctx, invitationLimits(account.String(), email)); err != nil {
		return err
	}
	return s.mailInvitation(ctx, InvitationMail{Account: account, Invitation: id})
}

// InvitationByToken returns what an invitation's link offers and consumes
// nothing; NotFound when it was used, revoked or has ended.
func (s *Service) InvitationByToken(ctx context.Context, token string) (v InvitationView, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error { v, err = invitationByToken(ctx, tx, token); return err })
	return v, linkError(err)
}

func invitationByToken(ctx context.Context, tx pgx.Tx, token string) (v InvitationView, err error) {
	hash := Hash(token)
	err = tx.QueryRow(ctx, `
		select i.email, i.role, i.account_name, i.business_name, i.inviter, u.id is not null, coalesce(u.locale, '')
		  from tijori_access.invitation_by_token($1) i left join users u on u.email = i.email`,
		hash[:]).Scan(&v.Email, &v.Role, &v.AccountName, &v.BusinessName, &v.Inviter, &v.Known, &v.Locale)
	return v, err
}

// AcceptInvitation makes the caller's user a member, if the invitation is
// addressed to the user's own address: Forbidden otherwise. It returns the business, nil for the
// whole account, into which the session then goes.
func (s *Service) AcceptInvitation(
	ctx context.Context, c postgres.Caller, token string,
) (business *uuid.UUID, err error) {
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		account, b, err := accept(ctx, tx, token, user)
		if errors.Is(err, pgx.ErrNoRows) {
			if _, err := invitationByToken(ctx, tx, token); err == nil {
				return fault.New(fault.Forbidden,
					"This invitation is for another address. Sign in with the address it was sent to.")
			}
			return errLinkEnded
		}
		if err != nil {
			return err
		}
		business = b
		_, err = tx.Exec(ctx,
			`update credentials set account_id = $2 where hash = $1
				and tijori_access.belongs($3, $2)`, c.Credential[:], account, user)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accept invitation: %w", err)
	}
	return business, nil
}

func accept(
	ctx context.Context, tx pgx.Tx, token string, user uuid.UUID,
) (account uuid.UUID, business *uuid.UUID, err error) {
	hash := Hash(token)
	member, err := newID()
	if err != nil {
		return uuid.Nil, nil, err
	}
	err = tx.QueryRow(ctx, `select account_id, business_id from tijori_access.accept_invitation($1, $2, $3)`,
		hash[:], member, user).Scan(&account, &business)
	return account, business, err
}

// SignUpByInvitation makes a user of the invited address, which the link
// proves, accepts the invitation and signs in. Conflict when the address is a user's already.
func (s *Service) SignUpByInvitation(
	ctx context.Context, token, name, password, locale string, d Device,
) (session Session, err error) {
	v, err := s.InvitationByToken(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if v.Known {
		return Session{}, errKnownAddress
	}
	if name, err = cleanName("name", name); err != nil {
		return Session{}, err
	}
	if err := checkLocale(locale); err != nil {
		return Session{}, err
	}
	if err := checkPassword(password, name, v.Email); err != nil {
		return Session{}, err
	}
	if err := s.throttle(ctx, linkLimits("invitation", Hash(token))); err != nil {
		return Session{}, err
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		session, err = s.signUpInvited(ctx, tx, token, v.Email, name, hash, locale, d)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("sign up by invitation: %w", err)
	}
	return session, nil
}

var errKnownAddress = fault.New(fault.Conflict, "This address has an account already. Please sign in.")

func (s *Service) signUpInvited(ctx context.Context, tx pgx.Tx, token, email, name, hash, locale string,
	d Device,
) (Session, error) {
	if err := comeFrom(ctx, tx, d); err != nil {
		return Session{}, err
	}
	id, err := newID()
	if err != nil {
		return Session{}, err
	}
	tag, err := tx.Exec(ctx, `
		insert into users (id, email, name, password_hash, locale) values ($1, $2, $3, $4, $5)
		on conflict (email) do nothing`, id, email, name, hash, locale)
	if err != nil {
		return Session{}, err
	}
	if tag.RowsAffected() == 0 {
		return Session{}, errKnownAddress
	}
	if _, _, err := accept(ctx, tx, token, id); err != nil {
		return Session{}, linkError(err)
	}
	if _, err := tx.Exec(ctx, `delete from signups where email = $1`, email); err != nil {
		return Session{}, err
	}
	session, err := s.openSession(ctx, tx, id, d)
	if err != nil {
		return Session{}, err
	}
	return session, logUser(ctx, tx, SignedIn, id)
}
