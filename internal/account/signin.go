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

var errWrongPassword = fault.New(fault.Invalid, "The e-mail or the password is not right.")

// ErrUnconfirmed is what SignIn answers to the right password of a sign-up whose address is not confirmed yet.
var ErrUnconfirmed = fault.New(fault.Invalid, "This address is not confirmed yet. Open the link in our mail first.").
	Coded("address_unconfirmed")

// SignIn opens a session, and ends the one of oldToken if there is one. The answer and the
// work are the same for a wrong password and for an address that nobody has, or that is not
// confirmed: then only who knows the password of its latest sign-up is told so.
func (s *Service) SignIn(ctx context.Context, email, password string, d Device, oldToken string) (Session, error) {
	email, err := Email(email)
	if err != nil {
		return Session{}, err
	}
	if utf8.RuneCountInString(password) > maxPassword {
		return Session{}, errWrongPassword
	}
	limits := signInLimits(email, networkOf(d.Network))
	if err := s.admitSignIn(ctx, limits, email, d, oldToken); err != nil {
		return Session{}, err
	}
	var user *uuid.UUID
	var stored string
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select u.id, coalesce(u.password_hash, p.password_hash, '')
			  from (select $1::text as email) asked
			  left join users u on u.email = asked.email
			  left join lateral (select s.password_hash from signups s where s.email = asked.email
			      and s.expires_at > now()
			                      order by s.created_at desc, s.id desc limit 1) p on true`, email).Scan(&user, &stored)
	})
	if err != nil {
		return Session{}, err
	}
	ok, stale, err := s.passwords.verify(ctx, stored, password)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, errWrongPassword
	}
	if user == nil {
		return Session{}, ErrUnconfirmed
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
		if session, err = openSession(ctx, tx, user, d); err != nil {
			return err
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
	return session, nil
}

// admitSignIn counts the try and refuses it when there were too many. When only
// the address's own limit is exceeded, a device or network that its user signed in from
// is let through, and a known device also when its whole network has used its limit
// up: strangers cannot lock a user out.
func (s *Service) admitSignIn(ctx context.Context, limits []limit, email string, d Device, oldToken string) error {
	others := slices.DeleteFunc(slices.Clone(limits), func(l limit) bool {
		return l.name == signInAddress ||
			l.name == signInNetwork
	})
	if err := s.refuse(ctx, append(others, signedInLimits(email)...)); err != nil {
		return err
	}
	if err := s.refuse(ctx, networkOnly(limits)); err != nil {
		onDevice, _, e := s.familiar(ctx, email, d, oldToken)
		if e != nil || !onDevice {
			return errors.Join(err, e)
		}
	}
	exceeded, wait, err := s.count(ctx, limits)
	if err != nil || len(exceeded) == 0 {
		return err
	}
	wide := []string{signInAddress, signInNetwork}
	if !slices.ContainsFunc(exceeded, func(name string) bool { return !slices.Contains(wide, name) }) {
		device, network, err := s.familiar(ctx, email, d, oldToken)
		if err != nil {
			return err
		}
		if device || network && !slices.Contains(exceeded, signInNetwork) {
			return nil
		}
	}
	return tooMany(wait)
}

func networkOnly(limits []limit) []limit {
	return slices.DeleteFunc(slices.Clone(limits), func(l limit) bool { return l.name != signInNetwork })
}

// familiar reports whether the user of an address has had a session on this
// device, and whether one was on this network, within what credentials remember.
func (s *Service) familiar(
	ctx context.Context, email string, d Device, oldToken string,
) (onDevice, onNetwork bool, err error) {
	old := Hash(oldToken)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select c.hash = $2, c.network from credentials c join users u on u.id = c.user_id
			 where u.email = $1 and c.kind = 'session'
			 order by c.created_at desc limit 200`, email, old[:])
		if err != nil {
			return err
		}
		var same bool
		var network string
		_, err = pgx.ForEachRow(rows, []any{&same, &network}, func() error {
			onDevice = onDevice || same
			onNetwork = onNetwork || networkOf(network) == networkOf(d.Network) && networkOf(network) != "unknown"
			return nil
		})
		return err
	})
	return onDevice, onNetwork, err
}
