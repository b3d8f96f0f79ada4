package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

var errWrongOldPassword = fault.InvalidField("current", "This is not your password.")

// ChangePassword sets a new password after proof of the old one. All other
// sessions and every recovery link of the user end; the caller's session stays.
func (s *Service) ChangePassword(ctx context.Context, c postgres.Caller, old, password string) error {
	var user uuid.UUID
	var stored, name, email string
	err := s.asUser(ctx, c, func(tx pgx.Tx, id uuid.UUID) error {
		user = id
		return tx.QueryRow(ctx, `select password_hash, name, email from users where id = $1`,
			id).Scan(&stored, &name, &email)
	})
	if err != nil {
		return err
	}
	if err := checkPassword(password, name, email); err != nil {
		return err
	}
	// changes that succeed count too: each costs two hashes
	if err := s.throttle(ctx, passwordLimits(user.String())); err != nil {
		return err
	}
	if err := s.provenBeside(ctx, c, stored); err != nil {
		return err
	}
	if stored != "" { // else it is the first password of a user who has passkeys
		if ok, _, err := s.passwords.verify(ctx, stored, old); err != nil {
			return err
		} else if !ok {
			return errWrongOldPassword
		}
	}
	hash, err := s.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		var id uuid.UUID
		err := tx.QueryRow(ctx, `select id from users where id = $1 and password_hash = $2 for no key update`,
			user, stored).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) { // changed while this was under way
			return errWrongOldPassword
		}
		if err != nil {
			return err
		}
		if err := setPassword(ctx, tx, user, hash); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			update credentials set revoked_at = now()
			 where user_id = $1 and kind = 'session' and hash <> $2 and revoked_at is null`, user, c.Credential[:])
		if err != nil {
			return err
		}
		return logUser(ctx, tx, PasswordChanged, user)
	})
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

// SetSessionLocale changes the language of the user whom a session signs in.
func (s *Service) SetSessionLocale(ctx context.Context, session Session, locale string) error {
	if err := checkLocale(locale); err != nil {
		return err
	}
	return s.asUser(ctx, postgres.Caller{Credential: Hash(session.Token)}, func(tx pgx.Tx, user uuid.UUID) error {
		_, err := tx.Exec(ctx, `update users set locale = $2 where id = $1`, user, locale)
		return err
	})
}

// UpdateProfile sets the name and language of the caller's user.
func (s *Service) UpdateProfile(ctx context.Context, c postgres.Caller, name, locale string) error {
	name, err := cleanName("name", name)
	if err != nil {
		return err
	}
	if err := checkLocale(locale); err != nil {
		return err
	}
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		_, err := tx.Exec(ctx, `update users set name = $2, locale = $3 where id = $1`, user, name, locale)
		return err
	})
}
