package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/account"
)

type usersCmd struct {
	ResetFactors resetFactorsCmd `cmd:"" help:"Take away a user's passkeys, authenticator app and recovery codes, and end all sessions: for who lost everything. It is written down."`
}

type resetFactorsCmd struct {
	databaseFlags `embed:""`

	As     string `placeholder:"NAME" help:"Who acts, as it is written down (default: this machine's user)."`
	Reason string `required:"" placeholder:"TEXT" help:"How you know who asks; it is kept."`
	Email  string `arg:"" help:"The user's mail address."`
}

// Run writes down who does it and why, and then does it. The password stays: whoever forgot that too asks for a mail.
func (c *resetFactorsCmd) Run(e *env) (err error) {
	email, err := account.Email(c.Email)
	if err != nil {
		return err
	}
	if len(strings.TrimSpace(c.Reason)) < 5 {
		return usagef("--reason says how you know who asks")
	}
	who := c.As
	if who == "" {
		who = thisUser()
	}
	d, err := c.beside(e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	accounts, err := account.New(d.DB, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	if _, err := d.Support.Exec(e, `select tijori_ops.support_use($1, $2, 'reset_factors', $3, $4)`, uuid.New(), who,
		email, c.Reason); err != nil {
		return fmt.Errorf("write down what is done: %w", err)
	}
	if err := accounts.ResetFactors(e, email); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s signs in with the password alone now, and is signed out everywhere\n", email)
	return err
}
