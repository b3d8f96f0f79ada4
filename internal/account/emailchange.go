package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/term"
)

// An EmailChangeView is what the link of a change shows to whoever holds it.
type EmailChangeView struct {
	Email  string // the end that this link confirms
	Former bool   // that is the address of today
	Locale string
}

// AskEmailChange begins to change the address of the caller's user, whose password is asked again: a mail goes to both
// ends, and both must confirm. The answer is the same when the new address is another user's. An earlier change that
// waits is given up.
func (s *Service) AskEmailChange(ctx context.Context, c postgres.Caller, email, password string) error {
	email, err := Email(email)
	if err != nil {
		return err
	}
	id, err := newID()
	if err != nil {
		return err
	}
	var user uuid.UUID
	err = s.asUser(ctx, c, func(tx pgx.Tx, u uuid.UUID) error {
		user = u
		var same bool
		err := tx.QueryRow(ctx, `select email = $2 from users where id = $1`, u, email).Scan(&same)
		if err == nil && same {
			return fault.InvalidField("email", "This is your address already.")
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.proven(ctx, c, password, func(pgx.Tx) error { return nil }); err != nil {
		return err
	}
	// whoever lacks the password counts for nothing
	if err := s.throttle(ctx, emailChangeLimits(user.String(), email)); err != nil {
		return err
	}
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		_, err := tx.Exec(ctx, `
			update email_changes set ended_at = now()
			 where user_id = $1 and done_at is null and ended_at is null`, user)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			insert into email_changes (id, user_id, old_email, new_email, expires_at)
			select $1, u.id, u.email, $3, now() + $4::interval from users u where u.id = $2`,
			id, user, email, term.EmailChange)
		if err != nil {
			return err
		}
		for _, end := range []string{FormerEnd, NewEnd} {
			if err := s.enqueue(ctx, tx, EmailChangeMail{Change: id, End: end}); err != nil {
				return err
			}
		}
		return logUser(ctx, tx, EmailChangeAsked, user)
	})
	if err != nil {
		return fmt.Errorf("ask for a change of address: %w", err)
	}
	return nil
}

// EmailChangeByToken returns what a link confirms and consumes nothing; NotFound when it was used or has ended.
func (s *Service) EmailChangeByToken(ctx context.Context, token string) (v EmailChangeView, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select case when e.old_hash = $1 then e.old_email else e.new_email end,
			       e.old_hash is not distinct from $1, u.locale
			  from email_changes e join users u on u.id = e.user_id
			 where e.done_at is null and e.ended_at is null and e.expires_at > now()
			   and (e.old_hash = $1 and e.old_at is null or e.new_hash = $1 and e.new_at is null)`, hash[:]).
			Scan(&v.Email, &v.Former, &v.Locale)
	})
	return v, linkError(err)
}

// ConfirmEmailChange confirms one end of a change. When both are confirmed, the address is changed, and done is true:
// from then on the user signs in with it. Recovery links end; sessions, keys and memberships stay. NotFound for a link
// that was used or has ended; a Conflict when the new address has become another user's.
func (s *Service) ConfirmEmailChange(ctx context.Context, token string, d Device) (done bool, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var id, user uuid.UUID
		err := tx.QueryRow(ctx, `
			update email_changes
			   set old_at = case when old_hash = $1 then now() else old_at end,
			       new_at = case when new_hash = $1 then now() else new_at end
			 where done_at is null and ended_at is null and expires_at > now()
			   and (old_hash = $1 and old_at is null or new_hash = $1 and new_at is null)
			returning id, user_id, old_at is not null and new_at is not null`, hash[:]).Scan(&id, &user, &done)
		if err != nil || !done {
			return err
		}
		return s.changeEmail(ctx, tx, id, user, d)
	})
	return done && err == nil, linkError(err)
}

func (s *Service) changeEmail(ctx context.Context, tx pgx.Tx, id, user uuid.UUID, d Device) error {
	tag, err := tx.Exec(ctx, `
		update users u set email = e.new_email from email_changes e
		 where u.id = $2 and e.id = $1 and u.email = e.old_email
		   and not exists (select 1 from users o where o.email = e.new_email)`, id, user)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errKnownAddress
	}
	if err := endLinks(ctx, tx, id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update email_changes set done_at = now(), back_until = now() + $2::interval
		 where id = $1`, id, term.EmailBack); err != nil {
		return err
	}
	if err := s.enqueue(ctx, tx, EmailChangeMail{Change: id, End: BackEnd}); err != nil {
		return err
	}
	return logUserFrom(ctx, tx, EmailChanged, user, d)
}

// endLinks ends the recoveries and sign-ups of both addresses of a change.
func endLinks(ctx context.Context, tx pgx.Tx, change uuid.UUID) error {
	if _, err := tx.Exec(ctx, `
		update recoveries r set used_at = now() from email_changes e
		 where e.id = $1 and r.used_at is null and (r.user_id = e.user_id or r.email in (e.old_email, e.new_email))`,
		change); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		delete from signups s using email_changes e where e.id = $1 and s.email = e.new_email`, change)
	return err
}

// EmailBackByToken reports whether the way back to a former address is open: NotFound when not.
func (s *Service) EmailBackByToken(ctx context.Context, token string) (email string, err error) {
	hash := Hash(token)
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select old_email from email_changes
			 where back_hash = $1 and done_at is not null and ended_at is null and back_until > now()`, hash[:]).
			Scan(&email)
	})
	return email, linkError(err)
}

// TakeEmailBack gives a user the former address again, whose owner says that the change was not theirs. Whoever made
// it knew the password: so no password works any more until a new one is set by the mail that goes to the address;
// every session and known device ends, and with endKeys the API keys. Later changes are undone with this one, and
// what was set up for signing in since shortly before it is taken away: it may be theirs as well.
func (s *Service) TakeEmailBack(ctx context.Context, token string, endKeys bool, d Device) error {
	hash := Hash(token)
	recovery, err := newID()
	if err != nil {
		return err
	}
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var user uuid.UUID
		var email string
		err := tx.QueryRow(ctx, `
			update email_changes set ended_at = now()
			 where back_hash = $1 and done_at is not null and ended_at is null and back_until > now()
			returning user_id, old_email`, hash[:]).Scan(&user, &email)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `update users set email = $2, password_hash = '!' where id = $1`, user,
			email); err != nil {
			return err
		}
		if err := endChangesSince(ctx, tx, user, hash); err != nil {
			return err
		}
		if err := comeFrom(ctx, tx, d); err != nil {
			return err
		}
		if err := endAccess(ctx, tx, user, endKeys); err != nil {
			return err
		}
		if err := endFactorsSince(ctx, tx, user, hash); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into recoveries (id, email, expires_at) values ($1, $2, now() + $3::interval)`,
			recovery, email, term.RecoveryAsk); err != nil {
			return err
		}
		if err := s.enqueue(ctx, tx, RecoveryMail{Recovery: recovery}); err != nil {
			return err
		}
		return logUser(ctx, tx, EmailTakenBack, user)
	})
	return linkError(err)
}

// endChangesSince ends what was changed after the change that is taken back, with the ways back of those: they belong
// to whoever made them. Recoveries end as well.
func endChangesSince(ctx context.Context, tx pgx.Tx, user uuid.UUID, back [32]byte) error {
	if _, err := tx.Exec(ctx, `
		update email_changes e set ended_at = now() from email_changes b
		 where e.user_id = $1 and e.ended_at is null and b.back_hash = $2
		   and (e.done_at is null or e.done_at >= b.done_at)`, user, back[:]); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `update recoveries set used_at = now() where user_id = $1 and used_at is null`, user)
	return err
}

// endFactorsSince takes away what a user was given to sign in with since a change that is taken back was asked for, and
// in as many days before as it can be taken back: whoever made the change may have come in earlier. Older ones stay, so
// that a mailbox alone ends no second step.
func endFactorsSince(ctx context.Context, tx pgx.Tx, user uuid.UUID, back [32]byte) error {
	var gone int
	err := tx.QueryRow(ctx, `
		with since as (select created_at - $3::interval as at from email_changes where back_hash = $2),
		     keys as (delete from passkeys p using since s where p.user_id = $1 and p.created_at >= s.at returning 1),
		     apps as (delete from totps t using since s where t.user_id = $1 and t.created_at >= s.at returning 1),
		     codes as (delete from recovery_codes r using since s where r.user_id = $1 and r.created_at >= s.at
		               returning 1)
		select (select count(*) from keys) + (select count(*) from apps) + (select count(*) from codes)`,
		user, back[:], term.EmailBack).Scan(&gone)
	if err != nil || gone == 0 {
		return err
	}
	if err := logUser(ctx, tx, FactorRemoved, user); err != nil {
		return err
	}
	f, err := factorsOf(ctx, tx, user)
	if err != nil || f.Any() {
		return err
	}
	return dropSecondStep(ctx, tx, user)
}

// The letters of a change of address.
const (
	FormerEnd = "former" // asks the address of today
	NewEnd    = "new"    // asks the new one
	BackEnd   = "back"   // tells the former one, with the way back
)

// An EmailChangeLetter asks for, or tells of, a change of address. Known says that the new address is another user's
// already; then there is no token.
type EmailChangeLetter struct {
	To, Locale, Token string
	New               string // the new address
	Known             bool
}

// IssueEmailChange makes the letter to one end; NotFound when it is not wanted any more.
func (s *Service) IssueEmailChange(ctx context.Context, change uuid.UUID, end string) (l EmailChangeLetter, err error) {
	token, hash := newToken()
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		var known bool
		var former string
		err := tx.QueryRow(ctx, `
			select e.old_email, e.new_email, coalesce(o.locale, u.locale), o.id is not null
			  from email_changes e
			  join users u on u.id = e.user_id
			  left join users o on o.email = e.new_email and o.id <> u.id
			 where e.id = $1 and e.ended_at is null
			   and case when $2 = 'back' then e.back_until > now() else e.done_at is null and e.expires_at > now() end`,
			change, end).Scan(&former, &l.New, &l.Locale, &known)
		if err != nil {
			return err
		}
		l.To = former
		if end == NewEnd {
			l.To, l.Known = l.New, known
		}
		if l.Known {
			return nil
		}
		l.Token = token
		tag, err := tx.Exec(ctx, `
			update email_changes
			   set old_hash = case when $3 = 'former' then $2 else old_hash end,
			       new_hash = case when $3 = 'new' then $2 else new_hash end,
			       back_hash = case when $3 = 'back' then $2 else back_hash end
			 where id = $1 and ended_at is null and (done_at is not null) = ($3 = 'back')`, change, hash[:], end)
		if err == nil && tag.RowsAffected() == 0 {
			return pgx.ErrNoRows
		}
		return err
	})
	if err != nil {
		return EmailChangeLetter{}, nothingToSend(err)
	}
	return l, nil
}

// waitingEmail is the address to which the caller's user is about to change, "" for none.
func waitingEmail(ctx context.Context, tx pgx.Tx, user uuid.UUID) (email string, err error) {
	err = tx.QueryRow(ctx, `
		select new_email from email_changes
		 where user_id = $1 and done_at is null and ended_at is null and expires_at > now()
		 order by created_at desc limit 1`, user).Scan(&email)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return email, err
}

// WaitingEmail is the address to which the caller is about to change, "" for none.
func (s *Service) WaitingEmail(ctx context.Context, c postgres.Caller) (email string, err error) {
	err = s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) (err error) {
		email, err = waitingEmail(ctx, tx, user)
		return err
	})
	return email, err
}

// EndEmailChange gives up a change of the caller that waits; without one it changes nothing.
func (s *Service) EndEmailChange(ctx context.Context, c postgres.Caller) error {
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		_, err := tx.Exec(ctx, `
			update email_changes set ended_at = now()
			 where user_id = $1 and done_at is null and ended_at is null`, user)
		return err
	})
}
