package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/mail"
)

// sendLeaving tells an owner that the account is going to be erased, unless it was kept meanwhile.
func (c *Config) sendLeaving(ctx context.Context, job *river.Job[account.LeavingMail]) error {
	list, err := c.Accounts.LeavingLetters(ctx, job.Args.Account, &job.Args.User)
	if err != nil {
		return err
	}
	for _, l := range list { // one, or none
		if err := c.send(ctx)(c.Links.Leaving(l.To, l.Locale, mail.Leaving{
			Name: l.Name, Account: l.AccountName,
			Day: l.EraseAt, Soon: l.Told > 1,
		})); err != nil {
			return err
		}
	}
	return nil
}

// departure writes the letters that are due to owners of accounts that leave, and erases accounts whose thirty days are
// over. It comes by the clock, on any node, and on several at once; each step is a transaction of its own, and what a
// crash leaves is taken up by the next.
type departure struct{}

func (departure) Kind() string { return "departure" }

const (
	// rows in a transaction: a million entries take four minutes, and no transaction more than some seconds
	erasePiece = 2000
	eraseFor   = timeout * 2 / 3 // how long one job goes on; the next takes up the rest
)

func (c *Config) depart(ctx context.Context, _ *river.Job[departure]) error {
	if err := c.Accounts.TellLeaving(ctx); err != nil {
		return err
	}
	due, err := c.Accounts.DueErasures(ctx)
	if err != nil {
		return err
	}
	end := time.Now().Add(eraseFor)
	for _, d := range due {
		done, e := c.erase(ctx, d, end)
		err = errors.Join(err, e) // one account that cannot be erased keeps no other
		if e == nil && !done && time.Now().After(end) {
			return errors.Join(err, river.JobSnooze(time.Second))
		}
	}
	return err
}

// erase works one account until it is erased, or time is up.
func (c *Config) erase(ctx context.Context, d account.DueErasure, end time.Time) (done bool, err error) {
	if !d.Begun {
		begun, err := c.beginErasing(ctx, d)
		if err != nil || !begun {
			return false, err
		}
		c.Log.Info("erasing an account", "account", d.Account)
	}
	for ctx.Err() == nil && time.Now().Before(end) {
		more, err := c.Accounts.EraseRows(ctx, d.Account, erasePiece)
		if err != nil || !more {
			return err == nil, err
		}
	}
	return false, ctx.Err()
}

// beginErasing sends the last letters, whose addresses are about to be erased, and takes the account from its members.
func (c *Config) beginErasing(ctx context.Context, d account.DueErasure) (begun bool, err error) {
	if d.Told < 3 {
		told, err := c.Accounts.TellErasure(ctx, d.Account,
			func(list []account.LeavingLetter) error { return c.sendLast(ctx, d, list) })
		if err != nil || !told {
			return false, err
		}
	}
	begun, err = c.Accounts.BeginErasing(ctx, d.Account)
	if err == nil && !begun {
		c.Log.Warn("an account is to be erased and its subscription renews still", "account", d.Account)
	}
	return begun, err
}

// sendLast sends the last letters. A mail server that is away delays the end by a day at most.
func (c *Config) sendLast(ctx context.Context, d account.DueErasure, list []account.LeavingLetter) error {
	for _, l := range list {
		m, err := c.Links.Erased(l.To, l.Locale, mail.Leaving{Name: l.Name, Account: l.AccountName, Day: l.EraseAt})
		if err == nil {
			err = c.Sender.Send(ctx, m)
		}
		if err != nil && !errors.Is(err, mail.ErrRefused) && !d.Late {
			return err
		}
	}
	return nil
}
