package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/term"
)

// A Proof is one of the ways to prove who one is. The first that is not empty counts.
type Proof struct {
	Passkey  string // what the browser's authenticator answered, as passkey.js writes it
	Code     string // of an authenticator app, or a recovery code
	Password string
}

var (
	errStepUp = fault.New(fault.Forbidden, "Please confirm that it is you.").Coded(fault.StepUp)
	// ErrHalfWayEnded is what FinishSignIn answers when the first step is too long ago, or was used.
	ErrHalfWayEnded = fault.New(fault.Invalid, "This took too long. Please sign in again.").Coded("sign_in_ended")
)

// A HalfWay is a sign-in whose password was right, and which a second step completes. It is an error so that whoever
// does not expect it has no session.
type HalfWay struct {
	Token     string // for the browser that goes on
	ExpiresAt time.Time
}

func (h *HalfWay) Error() string { return "the sign-in needs a second step" }

func (h *HalfWay) err() error {
	if h.Token == "" {
		return nil
	}
	return h
}

// openOrStop opens a session, or stops half way where the user asks for a second step.
func (s *Service) openOrStop(ctx context.Context, tx pgx.Tx, user uuid.UUID,
	d Device,
) (session Session, half HalfWay, err error) {
	var twoStep bool
	if err := tx.QueryRow(ctx, `select two_step from users where id = $1`, user).Scan(&twoStep); err != nil {
		return session, half, err
	}
	if !twoStep {
		session, err = s.openSession(ctx, tx, user, d)
		return session, half, err
	}
	token, hash := newToken()
	half.Token = token
	err = tx.QueryRow(ctx, `
		insert into challenges (hash, kind, user_id, expires_at) values ($1, 'half_way', $2, now() + $3::interval)
		returning expires_at`, hash[:], user, term.HalfWay).Scan(&half.ExpiresAt)
	return session, half, err
}

// openStrong opens a session that was proved by more than a password.
func (s *Service) openStrong(ctx context.Context, tx pgx.Tx, user uuid.UUID, d Device) (Session, error) {
	session, err := s.enter(ctx, tx, user, d)
	if err != nil {
		return Session{}, err
	}
	return session, strengthen(ctx, tx, session)
}

// strengthen says of a session just opened that it was proved by more than a password.
func strengthen(ctx context.Context, tx pgx.Tx, session Session) error {
	hash := Hash(session.Token)
	_, err := tx.Exec(ctx, `update credentials set strong_at = now() where hash = $1`, hash[:])
	return err
}

// enter opens a session and writes into the security log from which device, known or new.
func (s *Service) enter(ctx context.Context, tx pgx.Tx, user uuid.UUID, d Device) (Session, error) {
	var email string
	if err := tx.QueryRow(ctx, `select email from users where id = $1`, user).Scan(&email); err != nil {
		return Session{}, err
	}
	known, err := knowsDevice(ctx, tx, email, d.Token)
	if err != nil {
		return Session{}, err
	}
	session, err := s.openSession(ctx, tx, user, d)
	if err != nil {
		return Session{}, err
	}
	return session, logUserFrom(ctx, tx, entered(known), user, d)
}

// entered is what the security log says of a new session, from a device that the user has signed in from, or not.
func entered(known bool) Event {
	if known {
		return SignedIn
	}
	return DeviceAdded
}

// asFresh is asUser for what only a user may do who has just proved to be there; step_up for others. The user's row is
// locked first: what changes a user's factors runs one after another, and a session that ends meanwhile adds none.
func (s *Service) asFresh(ctx context.Context, c postgres.Caller, fn func(tx pgx.Tx, user uuid.UUID) error) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if err := lockUser(ctx, tx, user); err != nil {
			return err
		}
		var fresh bool
		if err := tx.QueryRow(ctx, `select tijori_access.fresh($1)`, c.Credential[:]).Scan(&fresh); err != nil {
			return err
		}
		if !fresh {
			return errStepUp
		}
		return fn(tx, user)
	})
}

// HalfWayFactors returns what the second step of a sign-in may be; ErrHalfWayEnded for a token that is none.
func (s *Service) HalfWayFactors(ctx context.Context, token string) (f Factors, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		user, err := halfWay(ctx, tx, hash)
		if err != nil {
			return err
		}
		f, err = factorsOf(ctx, tx, user)
		return err
	})
	return f, err
}

// halfWay is whose sign-in a token completes.
func halfWay(ctx context.Context, tx pgx.Tx, hash [32]byte) (user uuid.UUID, err error) {
	err = tx.QueryRow(ctx, `
		select user_id from challenges where hash = $1 and kind = 'half_way' and expires_at > now()`,
		hash[:]).Scan(&user)
	if errors.Is(err, pgx.ErrNoRows) {
		return user, ErrHalfWayEnded
	}
	return user, err
}

// FinishSignIn completes a sign-in that is half way with a passkey or a code, and ends the session of oldToken. Each
// token completes one sign-in.
func (s *Service) FinishSignIn(ctx context.Context, token string, p Proof, d Device,
	oldToken string,
) (session Session, err error) {
	hash := Hash(token)
	var user uuid.UUID
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) (err error) { user, err = halfWay(ctx, tx, hash); return err })
	if err != nil {
		return Session{}, err
	}
	defer func() { err = s.keepWrong(ctx, user, d, err) }()
	take, err := s.strong(ctx, user, p, "second_step", hash)
	if err != nil {
		return Session{}, err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		if err := lockUser(ctx, tx, user); err != nil {
			return halfWayGone(err)
		}
		tag, err := tx.Exec(ctx, `
			delete from challenges where hash = $1 and kind = 'half_way' and expires_at > now()`, hash[:])
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return ErrHalfWayEnded
		}
		if err := take(tx); err != nil {
			return err
		}
		if oldToken != "" {
			if err := endSession(ctx, tx, Hash(oldToken)); err != nil {
				return err
			}
		}
		session, err = s.openStrong(ctx, tx, user, d)
		return err
	})
	if err != nil {
		return Session{}, fmt.Errorf("finish the sign-in: %w", err)
	}
	return session, nil
}

// halfWayGone is the answer where the user of a sign-in has been erased meanwhile.
func halfWayGone(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrHalfWayEnded
	}
	return err
}

// strong counts a try and checks what it can of a passkey or a code. What it returns takes the proof in the transaction
// in which it counts; only then it is used up.
func (s *Service) strong(ctx context.Context, user uuid.UUID, p Proof, kind string,
	bound [32]byte,
) (take func(pgx.Tx) error, err error) {
	if p.Passkey != "" {
		if err := s.throttle(ctx, passkeyUserLimits(user.String())); err != nil {
			return nil, err
		}
		a, err := s.answered(ctx, p.Passkey, kind, &user, bound[:])
		if err != nil {
			return nil, err
		}
		// Its counter moves, or tells of a copy, whatever becomes of the rest.
		if _, err := s.checkAssertion(ctx, a, &user); err != nil {
			return nil, err
		}
		return func(tx pgx.Tx) error { return a.stillThere(ctx, tx, user) }, nil
	}
	if code := codeOf(p.Code); code != "" {
		limits := codeLimits(user.String())
		if err := s.throttle(ctx, limits); err != nil {
			return nil, err
		}
		return func(tx pgx.Tx) error {
			if err := takeCode(ctx, tx, user, code); err != nil {
				return err
			}
			return forgive(ctx, tx, limits)
		}, nil
	}
	limits := totpLimits(user.String())
	if err := s.throttle(ctx, limits); err != nil {
		return nil, err
	}
	return func(tx pgx.Tx) error {
		if err := s.takeTOTP(ctx, tx, user, p.Code, true); err != nil {
			return err
		}
		return forgive(ctx, tx, limits)
	}, nil
}

// StepUp proves once more that the caller's user is there. A password counts where sign-in has one step only; then a
// passkey or a code is asked for.
func (s *Service) StepUp(ctx context.Context, c postgres.Caller, p Proof) (err error) {
	var user uuid.UUID
	var twoStep bool
	var stored string
	var d Device
	err = s.asUser(ctx, c, func(tx pgx.Tx, id uuid.UUID) error {
		user = id
		return tx.QueryRow(ctx, `
			select u.two_step, u.password_hash, c.network, c.user_agent
			  from users u join credentials c on c.user_id = u.id
			 where u.id = $1 and c.hash = $2`, id, c.Credential[:]).Scan(&twoStep, &stored, &d.Network, &d.UserAgent)
	})
	if err != nil {
		return err
	}
	defer func() { err = s.keepWrong(ctx, user, d, err) }()
	if p.Passkey == "" && p.Code == "" {
		if twoStep {
			return fault.New(fault.Invalid, "Use a passkey or a code here: your sign-in has two steps.").
				Coded("strong_proof")
		}
		if err := s.provePassword(ctx, user, stored, p.Password); err != nil {
			return err
		}
		return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
			tag, err := tx.Exec(ctx, `
				update credentials c set proven_at = now() from users u
				 where c.hash = $1 and u.id = c.user_id and u.password_hash = $2`, c.Credential[:], stored)
			if err == nil && tag.RowsAffected() == 0 { // changed while this was under way
				return errNotYourPassword
			}
			return err
		})
	}
	take, err := s.strong(ctx, user, p, "step_up", c.Credential)
	if err != nil {
		return err
	}
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		if err := take(tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update credentials set proven_at = now(), strong_at = now() where hash = $1`,
			c.Credential[:])
		return err
	})
	if err != nil {
		return fmt.Errorf("step up: %w", err)
	}
	return nil
}

// provePassword holds a password against a user's stored one; tries that succeed count too, since each costs a hash.
func (s *Service) provePassword(ctx context.Context, user uuid.UUID, stored, password string) error {
	if len(password) > 4*maxPassword {
		return errNotYourPassword
	}
	if err := s.throttle(ctx, passwordLimits(user.String())); err != nil {
		return err
	}
	ok, _, err := s.passwords.verify(ctx, stored, password)
	if err == nil && !ok {
		return errNotYourPassword
	}
	return err
}

// provenNow holds a password against the stored one of the caller's user. Whoever has none, or signs in by two steps,
// has just proved to be there in another way.
func (s *Service) provenNow(ctx context.Context, c postgres.Caller, user uuid.UUID, stored, password string) error {
	if err := s.provenBeside(ctx, c, stored); err != nil || stored == "" {
		return err
	}
	return s.provePassword(ctx, user, stored, password)
}

// provenBeside asks for a fresh proof, beside the password, of whoever has no password or signs in by two steps: what
// guards a way in is as strong as the way in.
func (s *Service) provenBeside(ctx context.Context, c postgres.Caller, stored string) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		var enough bool
		err := tx.QueryRow(ctx, `
			select not u.two_step and $2 <> '' or tijori_access.fresh($3) from users u where u.id = $1`,
			user, stored, c.Credential[:]).Scan(&enough)
		if err == nil && !enough {
			return errStepUp
		}
		return err
	})
}
