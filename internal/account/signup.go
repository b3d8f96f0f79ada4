package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

// A SignUpForm is what a stranger fills in. Network is the address of the caller.
type SignUpForm struct {
	Name, Email, BusinessName, Locale, Currency, Network string
}

// A PendingSignUp is a sign-up whose address is not confirmed yet.
type PendingSignUp struct {
	Name, Email, BusinessName, Locale string
}

// clean trims the form and returns everything that is wrong with it, each with its field.
func (f *SignUpForm) clean() error {
	var wrong [5]error
	f.Name, wrong[0] = cleanOr("name", f.Name)
	f.BusinessName, wrong[1] = cleanOr("business", f.BusinessName)
	email, err := Email(f.Email)
	if err == nil {
		f.Email = email
	}
	wrong[2] = err
	wrong[3] = checkLocale(f.Locale)
	wrong[4] = checkCurrency(f.Currency)
	return errors.Join(wrong[:]...)
}

// cleanOr is cleanName, but leaves what is wrong as it was typed.
func cleanOr(field, name string) (string, error) {
	clean, err := cleanName(field, name)
	if err != nil {
		return name, err
	}
	return clean, nil
}

// SignUp keeps the form until the address is confirmed and mails one message
// to it: a link to confirm, or, when the address is a user's already, a note that
// says so. The caller cannot tell which. Nothing is an account before ConfirmSignUp.
func (s *Service) SignUp(ctx context.Context, f SignUpForm) error {
	if err := f.clean(); err != nil {
		return err
	}
	if err := s.throttle(ctx, signUpLimits(f.Email, networkOf(f.Network))); err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into signups (id, email, name, business_name, locale, currency, expires_at)
			values ($1, $2, $3, $4, $5, $6, now() + $7::interval)`,
			id, f.Email, f.Name, f.BusinessName, f.Locale, f.Currency, term.SignUpLink)
		if err != nil {
			return err
		}
		return s.enqueue(ctx, tx, ConfirmationMail{SignUp: id})
	})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	return nil
}

// ResendSignUp mails the link of an address's sign-up once more; the older link ends when the new one is sent. The
// caller cannot tell whether there is such a sign-up: a job is queued in any case.
func (s *Service) ResendSignUp(ctx context.Context, email, network string) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	if err := s.throttle(ctx, signUpLimits(email, networkOf(network))); err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx,
			`select id from signups where email = $1
				and expires_at > now() order by created_at desc, id desc limit 1`, email).Scan(&id)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return s.enqueue(ctx, tx, ConfirmationMail{SignUp: id})
	})
	if err != nil {
		return fmt.Errorf("send a sign-up again: %w", err)
	}
	return nil
}

var errLinkEnded = fault.New(fault.NotFound, "This link was used or has ended.")

// SignUpByToken returns the sign-up that a link is for and consumes nothing;
// NotFound when the link was used or has ended.
func (s *Service) SignUpByToken(ctx context.Context, token string) (p PendingSignUp, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx,
			`select name, email, business_name, locale from signups where token_hash = $1 and expires_at > now()`, hash[:]).
			Scan(&p.Name, &p.Email, &p.BusinessName, &p.Locale)
	})
	return p, linkError(err)
}

func linkError(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errLinkEnded
	}
	return err
}

// ConfirmSignUp makes the user, the account and its first business, and signs
// in. The link proves the address, and whoever holds it chooses the password: nobody
// prepares an account for somebody else's address. A link works once: NotFound
// afterwards. Other sign-ups of the address end. Conflict when the address has become a
// user's in the meantime.
func (s *Service) ConfirmSignUp(ctx context.Context, token, password string, d Device) (session Session, err error) {
	p, err := s.SignUpByToken(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if err := checkPassword(password, p.Name, p.Email, p.BusinessName); err != nil {
		return Session{}, err
	}
	hash := Hash(token)
	// one link, many at once: each would cost a hash
	if err := s.throttle(ctx, linkLimits("confirm", hash)); err != nil {
		return Session{}, err
	}
	hashed, err := s.passwords.hash(ctx, password)
	if err != nil {
		return Session{}, err
	}
	taken := false
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		user, err := insertUser(ctx, tx, hash, hashed)
		if errors.Is(err, pgx.ErrNoRows) {
			taken, err = true, nil
		}
		if err != nil {
			return err
		}
		if !taken {
			if err := openAccount(ctx, tx, hash, user); err != nil {
				return err
			}
			if session, err = s.openSession(ctx, tx, user, d); err != nil {
				return err
			}
			if err := logUserFrom(ctx, tx, SignedIn, user, d); err != nil {
				return err
			}
		}
		tag, err := tx.Exec(ctx, `
			delete from signups where email = (
				select email from signups where token_hash = $1 and expires_at > now())`, hash[:])
		if err == nil && tag.RowsAffected() == 0 {
			return pgx.ErrNoRows // used at the same moment
		}
		return err
	})
	if err == nil && taken {
		return Session{}, errKnownAddress
	}
	return session, linkError(err)
}

// insertUser makes the user of a sign-up; ErrNoRows when the address is taken.
// Links that are confirmed at the same time wait here for each other.
func insertUser(ctx context.Context, tx pgx.Tx, hash [32]byte, password string) (user uuid.UUID, err error) {
	id, err := newID()
	if err != nil {
		return uuid.Nil, err
	}
	err = tx.QueryRow(ctx, `
		insert into users (id, email, name, password_hash, locale)
		select $2, email, name, $3, locale from signups where token_hash = $1 and expires_at > now()
		on conflict (email) do nothing
		returning id`, hash[:], id, password).Scan(&user)
	return user, err
}

func openAccount(ctx context.Context, tx pgx.Tx, hash [32]byte, user uuid.UUID) error {
	var ids [3]uuid.UUID
	for i := range ids {
		var err error
		if ids[i], err = newID(); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		select tijori_access.open_account($2, $3, $4, $5, s.business_name, s.currency) from signups s where s.token_hash = $1`,
		hash[:], user, ids[0], ids[1], ids[2])
	return err
}
