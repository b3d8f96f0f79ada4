package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// RequestRecovery mails a link to set a new password, if the address is a
// user's. It does not look: the worker that sends the mail does.
func (s *Service) RequestRecovery(ctx context.Context, email, network string) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	if err := s.throttle(ctx, recoveryLimits(email, networkOf(network))); err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `insert into recoveries (id, email, expires_at)
			values ($1, $2, now() + $3::interval)`,
			id, email, term.RecoveryAsk); err != nil {
			return err
		}
		return s.enqueue(ctx, tx, RecoveryMail{Recovery: id})
	})
	if err != nil {
		return fmt.Errorf("request recovery: %w", err)
	}
	return nil
}

// RecoveryByToken reports whether a recovery link still works and consumes
// nothing: NotFound when it was used or has ended.
func (s *Service) RecoveryByToken(ctx context.Context, token string) error {
	_, err := s.recovery(ctx, token)
	return linkError(err)
}

type recoveryUser struct {
	id          uuid.UUID
	name, email string
}

func (s *Service) recovery(ctx context.Context, token string) (u recoveryUser, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select u.id, u.name, u.email from recoveries r join users u on u.id = r.user_id
			 where r.token_hash = $1 and r.used_at is null and r.expires_at > now()`, hash[:]).Scan(&u.id, &u.name, &u.email)
	})
	return u, err
}

// Recover sets a new password by a recovery link, ends every session, every known device and every
// other recovery link of the user, and signs in, or returns a *HalfWay where the user asks for a second step: a mailbox
// alone is no way around it. API keys that the user made go on unless endKeys. A link works once: NotFound afterwards.
func (s *Service) Recover(ctx context.Context, token, password string, endKeys bool,
	d Device,
) (session Session, err error) {
	u, err := s.recovery(ctx, token)
	if err != nil {
		return Session{}, linkError(err)
	}
	if err := checkPassword(password, u.name, u.email); err != nil {
		return Session{}, err
	}
	hash := Hash(token)
	// one link, many at once: each would cost a hash
	if err := s.throttle(ctx, linkLimits("recovery", hash)); err != nil {
		return Session{}, err
	}
	hashed, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	var half HalfWay
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		// The user's row first: recoveries of one user, by whichever links, run one after another.
		if _, err := tx.Exec(ctx, `select 1 from users where id = $1 for no key update`, u.id); err != nil {
			return err
		}
		var user uuid.UUID
		err := tx.QueryRow(ctx, `
			update recoveries set used_at = now()
			 where token_hash = $1 and used_at is null and expires_at > now()
			returning user_id`, hash[:]).Scan(&user)
		if err != nil {
			return err
		}
		if err := setPassword(ctx, tx, user, hashed); err != nil {
			return err
		}
		if err := comeFrom(ctx, tx, d); err != nil {
			return err
		}
		if err := endAccess(ctx, tx, user, endKeys); err != nil {
			return err
		}
		if session, half, err = s.openOrStop(ctx, tx, user, d); err != nil {
			return err
		}
		return logUser(ctx, tx, PasswordRecovered, user)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return Session{}, errLinkEnded
	}
	if err != nil {
		return Session{}, fmt.Errorf("recover: %w", err)
	}
	return session, half.err()
}

// endAccess ends every session of a user and forgets the devices; with keys, the user's API keys end as well.
func endAccess(ctx context.Context, tx pgx.Tx, user uuid.UUID, keys bool) error {
	if _, err := tx.Exec(ctx, `
		update credentials set revoked_at = now()
		 where user_id = $1 and revoked_at is null and (kind = 'session' or $2)`, user, keys); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `delete from devices where user_id = $1`, user)
	return err
}

// setPassword stores a new hash and ends every recovery of the user, also those
// whose mail is still to be sent.
func setPassword(ctx context.Context, tx pgx.Tx, user uuid.UUID, hash string) error {
	if _, err := tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, user, hash); err != nil {
		return err
	}
	// a sign-in that is half way has shown the old password
	if _, err := tx.Exec(ctx, `delete from challenges where user_id = $1 and kind = 'half_way'`, user); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		update recoveries set used_at = now()
		 where used_at is null and (user_id = $1 or email = (select email from users where id = $1))`, user)
	return err
}
