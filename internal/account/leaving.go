package account

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

var errOtherAccount = fault.New(fault.Conflict, "Your account changed meanwhile. Please try again.").
	Coded("account_changed")

// LeaveAccount begins the days (term.Deletion) after which the account that the caller's session is in is erased,
// and returns their end. The password is asked again; only an owner may, and of no other account than the one
// named: Conflict, since a page may have been open while the session switched. A subscription that renews is a
// Conflict as well. At once, shared links, API keys and invitations end. Twice is no error.
func (s *Service) LeaveAccount(
	ctx context.Context, c postgres.Caller, account uuid.UUID, password string,
) (eraseAt time.Time, err error) {
	c.Business = uuid.Nil
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		if !tx.Scope.Rights.Owns {
			return errNotOwner
		}
		if tx.Scope.AccountID != account {
			return errOtherAccount
		}
		return nil
	})
	if err != nil {
		return time.Time{}, err
	}
	err = s.proven(ctx, c, password, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select tijori_access.leave_account($1)`, account).Scan(&eraseAt); err != nil {
			return err
		}
		return s.tellLeaving(ctx, tx, &account)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("leave account: %w", err)
	}
	return eraseAt, nil
}

// QueueRenews queues the read whether a subscription of the caller's account will ask for money again: then it is
// canceled before the account is deleted. It is for batches of postgres.Read, as an owner.
func QueueRenews(scope postgres.Scope, b *pgx.Batch, renews *bool) {
	b.Queue(`
		select exists (select 1 from subscriptions
		                where account_id = $1 and ended_at is null
		                  and (status = 'past_due'
				       or status in ('trialing', 'active', 'paused') and not cancel_at_period_end and cancel_at is null))`,
		scope.AccountID).QueryRow(func(row pgx.Row) error { return row.Scan(renews) })
}

// KeepAccount ends the thirty days of the caller's account; owners only. Of one that does not leave, it changes
// nothing.
func (s *Service) KeepAccount(ctx context.Context, c postgres.Caller) error {
	c.Business = uuid.Nil
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.keep_account()`)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep account: %w", err)
	}
	return nil
}

// proven runs fn as the sign-in role in the name of the caller, whose password was asked again and is still the same;
// whoever has none has just proved to be there in another way.
// In its transaction, tijori_access.scope() knows the caller.
func (s *Service) proven(ctx context.Context, c postgres.Caller, password string, fn func(pgx.Tx) error) error {
	var user uuid.UUID
	var stored string
	err := s.asUser(ctx, c, func(tx pgx.Tx, id uuid.UUID) error {
		user = id
		return tx.QueryRow(ctx, `select password_hash from users where id = $1`, id).Scan(&stored)
	})
	if err != nil {
		return err
	}
	if err := s.provenNow(ctx, c, user, stored, password); err != nil {
		return err
	}
	return s.asUser(ctx, c, func(tx pgx.Tx, user uuid.UUID) error {
		err := tx.QueryRow(ctx, `select id from users where id = $1 and password_hash = $2 for no key update`,
			user, stored).Scan(&user)
		if errors.Is(err, pgx.ErrNoRows) { // changed while this was under way
			return errNotYourPassword
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx,
			`select set_config('tijori.credential', $1, true), set_config('tijori.business', '', true)`,
			hex.EncodeToString(c.Credential[:])); err != nil {
			return err
		}
		return fn(tx)
	})
}

var errNotYourPassword = fault.InvalidField("password", "This is not your password.")

// TellLeaving enqueues the letters that are due to owners of accounts that leave: the first at once, the second some
// days before the end. Each is enqueued once, however many nodes do this.
func (s *Service) TellLeaving(ctx context.Context) error {
	return s.db.AsAuth(ctx, func(tx pgx.Tx) error { return s.tellLeaving(ctx, tx, nil) })
}

func (s *Service) tellLeaving(ctx context.Context, tx pgx.Tx, account *uuid.UUID) error {
	rows, err := tx.Query(ctx, `select account_id, user_id from tijori_access.tell_leaving($1)`, account)
	if err != nil {
		return err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LeavingMail])
	if err != nil {
		return err
	}
	for _, job := range list {
		if err := s.enqueue(ctx, tx, job); err != nil {
			return err
		}
	}
	return nil
}

// A LeavingLetter tells an owner that the account is going to be erased. Told says which letter it is: 1 the first, 2
// the second.
type LeavingLetter struct {
	To, Name, Locale, AccountName string
	EraseAt                       time.Time
	Told                          int
}

// LeavingLetters are the letters to all owners of an account that leaves, or to one of them; none when it was kept
// meanwhile.
func (s *Service) LeavingLetters(
	ctx context.Context, account uuid.UUID, user *uuid.UUID,
) (list []LeavingLetter, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx,
			`select email, name, locale, account_name, erase_at, told
				from tijori_access.leaving_letters($1, $2)`, account, user)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[LeavingLetter])
		return err
	})
	return list, err
}

// A DueErasure is an account whose thirty days are over.
type DueErasure struct {
	Account uuid.UUID
	Begun   bool // nobody belongs to it any more
	Told    int  // 3 when the last letters are out
	Late    bool // for a day already
}

// DueErasures lists up to a hundred accounts that are to be erased by the service clock, the longest due first.
func (s *Service) DueErasures(ctx context.Context) (list []DueErasure, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select account_id, begun, told, late from tijori_access.due_erasures()`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[DueErasure])
		return err
	})
	return list, err
}

// TellErasure hands the last letters of an account to send, and writes down that they are out when it returns nil.
// While another node is at it, it reports false and sends nothing: letters go out twice only when a node dies between.
func (s *Service) TellErasure(
	ctx context.Context, account uuid.UUID, send func([]LeavingLetter) error,
) (told bool, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `select tijori_access.lock_leaving($1)`, account).Scan(&told); err != nil || !told {
			return err
		}
		rows, err := tx.Query(ctx,
			`select email, name, locale, account_name, erase_at, told from tijori_access.leaving_letters($1)
				where told < 3`, account)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[LeavingLetter])
		if err != nil {
			return err
		}
		if err := send(list); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `select tijori_access.told_erasure($1)`, account)
		return err
	})
	return told && err == nil, err
}

// BeginErasing takes an account whose thirty days are over from its members, and erases those who belong to no other.
// It reports false, and does nothing, when a subscription still renews. The database refuses it before its time.
func (s *Service) BeginErasing(ctx context.Context, account uuid.UUID) (begun bool, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_access.begin_erasing($1)`, account).Scan(&begun)
	})
	if err != nil {
		return false, fmt.Errorf("begin to erase account %s: %w", account, err)
	}
	return begun, nil
}

// EraseRows erases up to about most rows of an account, in one transaction, and reports whether there may be more.
// False also while another node is at the same account.
func (s *Service) EraseRows(ctx context.Context, account uuid.UUID, most int) (more bool, err error) {
	var n *int
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_access.erase_rows($1, $2)`, account, most).Scan(&n)
	})
	if err != nil {
		return false, fmt.Errorf("erase rows of account %s: %w", account, err)
	}
	return n != nil && *n > 0, nil
}
