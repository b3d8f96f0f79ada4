package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
)

type creditsCmd struct {
	Verify verifyCreditsCmd `cmd:"" help:"Hold every balance against its entries, holds and grants. Exit 3 when one does not add up."`
	Grant  grantCreditsCmd  `cmd:"" help:"Give an account credits, with a reason."`
	Take   takeCreditsCmd   `cmd:"" help:"Take credits back from an account, with a reason: what can be spent, as many as there are."`
}

// openCredits connects for a command about credits, beside a running server or
// without one, at the service's time. The returned function closes.
func openCredits(
	e *env, f *databaseFlags, plansFile string,
) (_ *credits.Service, now *clock.Clock, done func() error, err error) {
	plans, err := billing.LoadPlans(plansFile, nil)
	if err != nil {
		return nil, nil, nil, usagef("%v", err)
	}
	d, err := f.beside(e)
	if err != nil {
		return nil, nil, nil, err
	}
	if now, err = serviceClock(e, d.DB); err != nil {
		return nil, nil, nil, errors.Join(err, d.Close())
	}
	return credits.New(credits.Config{DB: d.DB, Plans: plans, Clock: now, Log: newLog(e, false)}), now, d.Close, nil
}

type verifyCreditsCmd struct {
	databaseFlags `embed:""`
}

// Run prints what does not add up, and fails when anything does not.
func (c *verifyCreditsCmd) Run(e *env) (err error) {
	s, _, done, err := openCredits(e, &c.databaseFlags, "")
	if err != nil {
		return err
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	start := time.Now()
	wrong, err := s.Verify(e)
	if err != nil {
		return err
	}
	for _, f := range wrong {
		fmt.Fprintln(e.stdout, f)
	}
	if len(wrong) > 0 {
		return findings{fmt.Sprintf("%d balances do not add up\nstop selling credits until it is known why; nothing was changed", len(wrong))}
	}
	fmt.Fprintf(e.stdout, "every balance is the sum of its entries and what its grants have left (%s)\n",
		time.Since(start).Round(time.Millisecond))
	return nil
}

// onceFlags make a command safe to repeat.
type onceFlags struct {
	IdempotencyKey string `placeholder:"KEY" help:"What it is for: a repeat with the same key applies once (default: a new one, which is printed)."`
}

// key is the key of the command; it makes one where none was given.
func (f *onceFlags) key() string {
	if f.IdempotencyKey == "" {
		f.IdempotencyKey = uuid.NewString()
	}
	return f.IdempotencyKey
}

// failed tells how to repeat what may have been done without an answer.
func (f *onceFlags) failed(err error) error {
	switch {
	case fault.Is(err, fault.Invalid):
		return usagef("%s", fault.Of(err).Sentence())
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Conflict):
		return err
	}
	return fmt.Errorf("%w\nif you repeat it, add --idempotency-key %s: then it applies once", err, f.IdempotencyKey)
}

type grantCreditsCmd struct {
	databaseFlags `embed:""`

	Plans   string    `env:"TIJORI_PLANS" type:"path" placeholder:"FILE" help:"What is sold (default: the plans.toml built in)."`
	Account uuid.UUID `arg:"" help:"The account's id."`
	Amount  int64     `arg:"" help:"How many credits."`
	Reason  string    `required:"" help:"Why; the account's owner reads it."`
	By      string    `required:"" help:"Who grants it."`
	Meter   string    `default:"credits" help:"The kind of credit (default: ${default})."`
	Days    int       `help:"How many days they last (default: for ever)."`

	onceFlags `embed:""`
}

// Run grants and prints the grant's id.
func (c *grantCreditsCmd) Run(e *env) (err error) {
	if c.Days < 0 || c.Days > 3650 {
		return usagef("--days %d is not between 0 and 3650", c.Days)
	}
	s, now, done, err := openCredits(e, &c.databaseFlags, c.Plans)
	if err != nil {
		return err
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	g := credits.Grant{
		AccountID: c.Account, Meter: c.Meter, Amount: c.Amount, Key: "operator " + c.key(),
		Reason: c.Reason, By: c.By,
	}
	if c.Days > 0 {
		g.ExpiresAt = now.Now().AddDate(0, 0, c.Days)
	}
	id, err := s.GrantByHand(e, g)
	if err != nil {
		return c.failed(err)
	}
	_, err = fmt.Fprintf(e.stdout, "%s\nidempotency key %s\n", id, c.IdempotencyKey)
	return err
}

type takeCreditsCmd struct {
	databaseFlags `embed:""`

	Plans   string    `env:"TIJORI_PLANS" type:"path" placeholder:"FILE" help:"What is sold (default: the plans.toml built in)."`
	Account uuid.UUID `arg:"" help:"The account's id."`
	Amount  int64     `arg:"" help:"How many credits, at most."`
	Reason  string    `required:"" help:"Why; the account's owner reads it."`
	By      string    `required:"" help:"Who takes them."`
	Meter   string    `default:"credits" help:"The kind of credit (default: ${default})."`

	onceFlags `embed:""`
}

// Run takes credits back and says how many.
func (c *takeCreditsCmd) Run(e *env) (err error) {
	s, _, done, err := openCredits(e, &c.databaseFlags, c.Plans)
	if err != nil {
		return err
	}
	defer func() {
		if e := done(); err == nil {
			err = e
		}
	}()
	took, err := s.TakeByHand(e, credits.Taking{
		AccountID: c.Account, Meter: c.Meter, Amount: c.Amount,
		Key: "operator " + c.key(), Reason: c.Reason, By: c.By,
	})
	if err != nil {
		return c.failed(err)
	}
	_, err = fmt.Fprintf(e.stdout, "%d of %d taken back; what is spent or on hold stays\nidempotency key %s\n",
		took, c.Amount, c.IdempotencyKey)
	return err
}
