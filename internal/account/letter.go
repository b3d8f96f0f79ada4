package account

import (
	"context"
	"errors"
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
)

// Letters are what a mail says, with a token made for this very mail: it
// exists in the letter alone, the table has its hash. Issuing again, because the mail could
// not be sent, makes a new token and ends the last one.
type (
	// A SignUpLetter asks to confirm an address. Known says that the address
	// is a user's already; then there is no token.
	SignUpLetter struct {
		To, Name, Locale, Token string // Name is of a user whose address it is, "" for a stranger's sign-up
		Known                   bool
	}
	// A RecoveryLetter brings a link to set a new password.
	RecoveryLetter struct {
		To, Name, Locale, Token string
	}
	// An InvitationLetter brings a link to become a member. Inviter is the confirmed address of who invites:
	// the link shows names, the letter none.
	InvitationLetter struct {
		To, Locale, Token, Role, Inviter string
	}
)

var errNothingToSend = fault.New(fault.NotFound, "There is nothing to send.")

func nothingToSend(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return errNothingToSend
	}
	return err
}

// IssueSignUp makes the letter of a sign-up; NotFound when it is confirmed or has ended.
func (s *Service) IssueSignUp(ctx context.Context, id uuid.UUID) (l SignUpLetter, err error) {
	token, hash := newToken()
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `
			select s.email, coalesce(u.name, ''), coalesce(u.locale, s.locale), u.id is not null
			  from signups s left join users u on u.email = s.email
			 where s.id = $1 and s.expires_at > now()`, id).Scan(&l.To, &l.Name, &l.Locale, &l.Known)
		if err != nil || l.Known {
			return err
		}
		l.Token = token
		_, err = tx.Exec(ctx, `update signups set token_hash = $2, expires_at = now() + $3::interval where id = $1`,
			id, hash[:], term.SignUpLink)
		return err
	})
	if err != nil {
		return SignUpLetter{}, nothingToSend(err)
	}
	return l, nil
}

// IssueRecovery makes the letter of a recovery, whose link is good from now for
// term.RecoveryLink; NotFound when no user has the address, or the recovery has ended.
func (s *Service) IssueRecovery(ctx context.Context, id uuid.UUID) (l RecoveryLetter, err error) {
	token, hash := newToken()
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			update recoveries r set user_id = u.id, token_hash = $2, expires_at = now() + $3::interval
			  from users u
			 where r.id = $1 and u.email = r.email and r.used_at is null and r.created_at > now() - $4::interval
			returning u.email, u.name, u.locale`,
			id, hash[:], term.RecoveryLink, term.RecoveryAsk).Scan(&l.To, &l.Name, &l.Locale)
	})
	if err != nil {
		return RecoveryLetter{}, nothingToSend(err)
	}
	l.Token = token
	return l, nil
}

// IssueInvitation makes the letter of an invitation; NotFound when it is not
// open any more or, with onlyFirst, when a letter was made before.
func (s *Service) IssueInvitation(
	ctx context.Context, account, invitation uuid.UUID, onlyFirst bool,
) (l InvitationLetter, err error) {
	token, hash := newToken()
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx,
			`select email, locale, role from tijori_access.issue_invitation($1, $2, $3, $4)`,
			account, invitation, hash[:], onlyFirst).Scan(&l.To, &l.Locale, &l.Role)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select tijori_access.inviter_address($1, $2)`, account, invitation).Scan(&l.Inviter)
	})
	if err != nil {
		return InvitationLetter{}, nothingToSend(err)
	}
	l.Token = token
	return l, nil
}

// SweepInvitations enqueues a mail for every invitation that has stood without one
// for a while, and returns how many: the job of an invitation is inserted after it,
// by another role, and a machine may stop in between.
func (s *Service) SweepInvitations(ctx context.Context, minAge time.Duration) (n int, err error) {
	err = s.db.AsAuth(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx,
			`select account_id, id
				from tijori_access.unmailed_invitations(make_interval(secs => $1))`, minAge.Seconds())
		if err != nil {
			return err
		}
		type found struct{ Account, Invitation uuid.UUID }
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[found])
		if err != nil {
			return err
		}
		for _, f := range list {
			if err := s.enqueue(ctx, tx, InvitationMail{
				Account: f.Account, Invitation: f.Invitation,
				Swept: true,
			}); err != nil {
				return err
			}
		}
		n = len(list)
		return nil
	})
	return n, err
}

// Expire deletes what has ended and nobody will ask for: sign-ups, recoveries,
// throttles, and credentials that ended 90 days ago.
func (s *Service) Expire(ctx context.Context) (n int64, err error) {
	for _, sql := range []string{
		`with gone as (delete from signups where expires_at < now() returning 1) select count(*) from gone`,
		`with gone as (delete from recoveries
			where expires_at < now() - interval '1 day' or user_id is null and expires_at < now() returning 1)
		select count(*) from gone`,
		`with gone as (delete from devices where expires_at < now() returning 1) select count(*) from gone`,
		`with gone as (delete from email_changes
			where expires_at < now() and (back_until is null or back_until < now()) returning 1)
		select count(*) from gone`,
		`with gone as (delete from challenges where expires_at < now() returning 1) select count(*) from gone`,
		`with gone as (delete from throttles where ends_at < now() returning 1) select count(*) from gone`,
		`with gone as (delete from credentials
			where expires_at < now() - interval '90 days' or revoked_at < now() - interval '90 days' returning 1)
		select count(*) from gone`,
		`select tijori_khata.forget_uploads()`, // files of imports whose hour is over
		`select tijori_khata.forget_tasks()`,   // how far long work was, a day ago
	} {
		var gone int64
		err := s.db.AsAuth(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, sql).Scan(&gone) })
		if err != nil {
			return n, err
		}
		n += gone
	}
	return n, nil
}
