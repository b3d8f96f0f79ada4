package jobs

import (
	"context"
	"errors"
	"net/netip"

	"github.com/riverqueue/river"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/mail"
)

// Each letter's token is made here, at the time of sending. Its hash is stored before the
// message goes out: a link that arrives works. A job may run twice after a crash; then
// the later mail's link counts.

func (c *Config) sendConfirmation(ctx context.Context, job *river.Job[account.ConfirmationMail]) error {
	l, err := c.Accounts.IssueSignUp(ctx, job.Args.SignUp)
	if err != nil {
		return unlessNothing(err)
	}
	if l.Known {
		return c.send(ctx)(c.Links.Known(l.To, l.Locale, l.Name))
	}
	return c.send(ctx)(c.Links.Confirm(l.To, l.Locale, l.Token))
}

func (c *Config) sendRecovery(ctx context.Context, job *river.Job[account.RecoveryMail]) error {
	l, err := c.Accounts.IssueRecovery(ctx, job.Args.Recovery)
	if err != nil {
		return unlessNothing(err)
	}
	return c.send(ctx)(c.Links.Recover(l.To, l.Locale, l.Name, l.Token))
}

func (c *Config) sendInvitation(ctx context.Context, job *river.Job[account.InvitationMail]) error {
	// A swept invitation may have been mailed by its own job meanwhile.
	onlyFirst := job.Args.Swept && job.Attempt == 1
	l, err := c.Accounts.IssueInvitation(ctx, job.Args.Account, job.Args.Invitation, onlyFirst)
	if err != nil {
		return unlessNothing(err)
	}
	return c.send(ctx)(c.Links.Invite(l.To, l.Locale, l.Inviter, l.Role, l.Token))
}

func (c *Config) sendEmailChange(ctx context.Context, job *river.Job[account.EmailChangeMail]) error {
	l, err := c.Accounts.IssueEmailChange(ctx, job.Args.Change, job.Args.End)
	if err != nil {
		return unlessNothing(err)
	}
	switch {
	case l.Known:
		return c.send(ctx)(c.Links.Known(l.To, l.Locale, ""))
	case job.Args.End == account.NewEnd:
		return c.send(ctx)(c.Links.ConfirmNew(l.To, l.Locale, l.Token))
	case job.Args.End == account.BackEnd:
		return c.send(ctx)(c.Links.EmailChanged(l.To, l.Locale, l.New, l.Token))
	}
	return c.send(ctx)(c.Links.ConfirmFormer(l.To, l.Locale, l.New, l.Token))
}

// sendNotice tells somebody what happened. Of the device it says what we make of the browser's name, which is
// whatever its user likes.
func (c *Config) sendNotice(ctx context.Context, job *river.Job[account.NoticeMail]) error {
	l, err := c.Accounts.NoticeByID(ctx, job.Args.Notice)
	if err != nil {
		return unlessNothing(err)
	}
	n := mail.Notice{Event: string(l.Event), Actor: l.Actor, Device: account.DeviceName(l.UserAgent), At: l.At}
	if address, err := netip.ParseAddr(l.Network); err == nil {
		n.Network = address.WithZone("").String()
	}
	if err := c.send(ctx)(c.Links.Notice(l.To, l.Locale, n)); err != nil {
		return err
	}
	return c.Accounts.NoticeSent(ctx, job.Args.Notice)
}

// unlessNothing ends a job whose letter is not wanted any more.
func unlessNothing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// send sends a message that was just written. An address that the server refuses
// for good ends the job.
func (c *Config) send(ctx context.Context) func(mail.Message, error) error {
	return func(m mail.Message, err error) error {
		if err != nil {
			return err
		}
		err = c.Sender.Send(ctx, m)
		if errors.Is(err, mail.ErrRefused) {
			return river.JobCancel(err)
		}
		return err
	}
}
