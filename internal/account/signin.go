package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

var errWrongPassword = fault.New(fault.Invalid, "The email or the password is not right.")

// SignIn opens a session, and ends the one of oldToken if there is one. Where the user asks for a second step, the
// error
// is a *HalfWay, with which FinishSignIn goes on. The answer and the
// work are the same for a wrong password and for an address that nobody has, or that is not
// confirmed.
func (s *Service) SignIn(ctx context.Context, email, password string, d Device, oldToken string) (Session, error) {
	email, err := Email(email)
	if err != nil {
		return Session{}, err
	}
	if utf8.RuneCountInString(password) > maxPassword {
		return Session{}, errWrongPassword
	}
	limits, err := s.admitSignIn(ctx, email, d)
	if err != nil {
		return Session{}, err
	}
	var user *uuid.UUID
	var stored string
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select u.id, coalesce(u.password_hash, '')
			  from (select $1::text as email) asked left join users u on u.email = asked.email`, email).Scan(&user, &stored)
	})
	if err != nil {
		return Session{}, err
	}
	ok, stale, err := s.passwords.verify(ctx, stored, password)
	if err != nil {
		return Session{}, err
	}
	if !ok || user == nil {
		if err := s.keepFailure(ctx, email, d); err != nil {
			return Session{}, err
		}
		return Session{}, errWrongPassword
	}
	upgraded := stored
	if stale {
		if upgraded, err = s.passwords.hash(ctx, password); err != nil {
			return Session{}, err
		}
	}
	return s.signedIn(ctx, email, *user, stored, upgraded, limits, d, oldToken)
}

// signedIn opens the session of a user whose password was right, unless it has
// changed since: a recovery that ends all sessions ends this one too.
func (s *Service) signedIn(ctx context.Context, email string, user uuid.UUID, stored, upgraded string, limits []limit,
	d Device, oldToken string,
) (session Session, err error) {
	var half HalfWay
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `select id from users where id = $1 and password_hash = $2 for no key update`,
			user, stored).Scan(&user)
		if errors.Is(err, pgx.ErrNoRows) {
			return errWrongPassword
		}
		if err != nil {
			return err
		}
		if upgraded != stored {
			if _, err := tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, user, upgraded); err != nil {
				return err
			}
		}
		if oldToken != "" {
			if err := endSession(ctx, tx, Hash(oldToken)); err != nil {
				return err
			}
		}
		known, err := knowsDevice(ctx, tx, email, d.Token)
		if err != nil {
			return err
		}
		if session, half, err = s.openOrStop(ctx, tx, user, d); err != nil {
			return err
		}
		if half.Token == "" {
			if err := logUserFrom(ctx, tx, entered(known), user, d); err != nil {
				return err
			}
		}
		if err := forgive(ctx, tx, limits); err != nil {
			return err
		}
		rows, err := tally(ctx, tx, signedInLimits(email))
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("sign in: %w", err)
	}
	return session, half.err()
}

// admitSignIn counts the try, refuses it when there were too many, and returns the limits that it was counted
// against. From a device that the user has signed in from, tries are counted for that device alone: nobody else can
// use them up. Otherwise, when only the address's own limit is exceeded, a network that its user signed in from is let
// through: strangers elsewhere cannot lock a user out.
func (s *Service) admitSignIn(ctx context.Context, email string, d Device) ([]limit, error) {
	limits := signInLimits(email, networkOf(d.Network))
	known := false
	err := s.db.AsAuth(ctx, func(tx pgx.Tx) (err error) {
		known, err = knowsDevice(ctx, tx, email, d.Token)
		return err
	})
	if err != nil {
		return nil, err
	}
	if known {
		limits = deviceLimits(email, Hash(d.Token))
	}
	narrow := slices.DeleteFunc(slices.Clone(limits), func(l limit) bool { return l.name == signInAddress })
	if err := s.refuse(ctx, append(narrow, signedInLimits(email)...)); err != nil {
		return nil, err
	}
	exceeded, wait, err := s.count(ctx, limits)
	if err != nil || len(exceeded) == 0 {
		return limits, err
	}
	if len(exceeded) == 1 && exceeded[0] == signInAddress {
		familiar, err := s.familiar(ctx, email, d)
		if err != nil || familiar {
			return limits, err
		}
	}
	return nil, tooMany(wait)
}

// familiar reports whether the user of an address has had a session on this network, within what credentials remember.
func (s *Service) familiar(ctx context.Context, email string, d Device) (found bool, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.network from credentials c join users u on u.id = c.user_id
			 where u.email = $1 and c.kind = 'session'
			 order by c.created_at desc limit 200`, email)
		if err != nil {
			return err
		}
		var network string
		_, err = pgx.ForEachRow(rows, []any{&network}, func() error {
			found = found || networkOf(network) == networkOf(d.Network) && networkOf(network) != "unknown"
			return nil
		})
		return err
	})
	return found, err
}

// keepWrong writes down for the log that a user's passkey, code or password was refused, and returns the refusal. Tries
// that a limit refuses are not written.
func (s *Service) keepWrong(ctx context.Context, user uuid.UUID, d Device, refusal error) error {
	if !slices.ContainsFunc([]error{errWrongCode, errPasskey, errCopied, errNotYourPassword},
		func(e error) bool { return errors.Is(refusal, e) }) {
		return refusal
	}
	var email string
	err := s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select email from users where id = $1`, user).Scan(&email)
	})
	if errors.Is(err, pgx.ErrNoRows) { // nobody's, or erased meanwhile
		return refusal
	}
	if err == nil {
		err = s.keepFailure(ctx, email, d)
	}
	if err != nil {
		return err
	}
	return refusal
}

// keepFailure writes down a wrong password for the log, whether the address is a user's or not: both take as long.
func (s *Service) keepFailure(ctx context.Context, email string, d Device) error {
	id, err := newID()
	if err != nil {
		return err
	}
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `insert into sign_in_failures (id, email, network, user_agent) values ($1, $2, $3, $4)`,
			id, email, shown(d.Network, 64), shown(d.UserAgent, 300))
		return err
	})
}
