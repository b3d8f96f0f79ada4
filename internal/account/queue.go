package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// MailQueue is the queue of everything that sends mail.
const MailQueue = "mail"

// Mail is tried for about a day; see jobs for how often.
var mailOpts = river.InsertOpts{Queue: MailQueue, MaxAttempts: 60}

// What is mailed, by the id of its row alone: addresses are read and tokens are made
// by the worker at the time of sending.
type (
	// ConfirmationMail asks a sign-up to confirm its address.
	ConfirmationMail struct {
		SignUp uuid.UUID `json:"sign_up"`
	}
	// RecoveryMail sends a recovery link, if the address is a user's.
	RecoveryMail struct {
		Recovery uuid.UUID `json:"recovery"`
	}
	// InvitationMail sends an invitation's link.
	InvitationMail struct {
		Account    uuid.UUID `json:"account"`
		Invitation uuid.UUID `json:"invitation"`
		Swept      bool      `json:"swept"` // found without a mail, by the sweep
	}
	// LeavingMail tells an owner that the account is going to be erased.
	LeavingMail struct {
		Account uuid.UUID `json:"account"`
		User    uuid.UUID `json:"user"`
	}
	// EmailChangeMail goes to one end of a change of address.
	EmailChangeMail struct {
		Change uuid.UUID `json:"change"`
		End    string    `json:"end"`
	}
	// NoticeMail tells somebody what concerns the safety of their account.
	NoticeMail struct {
		Notice uuid.UUID `json:"notice"`
	}
)

func (ConfirmationMail) Kind() string { return "confirmation_mail" }
func (RecoveryMail) Kind() string     { return "recovery_mail" }
func (InvitationMail) Kind() string   { return "invitation_mail" }
func (LeavingMail) Kind() string      { return "leaving_mail" }
func (EmailChangeMail) Kind() string  { return "email_change_mail" }
func (NoticeMail) Kind() string       { return "notice_mail" }

func (ConfirmationMail) InsertOpts() river.InsertOpts { return mailOpts }
func (RecoveryMail) InsertOpts() river.InsertOpts     { return mailOpts }
func (InvitationMail) InsertOpts() river.InsertOpts   { return mailOpts }
func (LeavingMail) InsertOpts() river.InsertOpts      { return mailOpts }
func (EmailChangeMail) InsertOpts() river.InsertOpts  { return mailOpts }
func (NoticeMail) InsertOpts() river.InsertOpts       { return mailOpts }

// enqueue adds a job to the transaction. The sign-in role may insert jobs and
// nothing else, so the insert returns nothing.
func (s *Service) enqueue(ctx context.Context, tx pgx.Tx, args river.JobArgs) error {
	if _, err := s.queue.InsertManyFastTx(ctx, tx, []river.InsertManyParams{{Args: args}}); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}
