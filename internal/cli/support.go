package cli

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/billing"
)

type supportCmd struct {
	Lookup supportLookupCmd `cmd:"" help:"What a user's accounts have bought and why they have what they have. Every use is written down."`
	Why    supportWhyCmd    `cmd:"" help:"Why an account has an entitlement, or has not. Every use is written down."`
	Bundle supportBundleCmd `cmd:"" help:"Collect what helps somebody who helps: version, settings, doctor, figures. No secrets, no names."`
}

type supportLookupCmd struct {
	operateFlags `embed:""`

	Remark string `placeholder:"TEXT" help:"What it is about; it is kept."`
	Email  string `arg:"" help:"The user's mail address."`
}

// Run looks a user up.
func (c *supportLookupCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		a, err := d.SupportLookup(e, d.who, c.Email, c.Remark)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, a)
		}
		fmt.Fprintf(e.stdout, "user %s (%s)\n", a.UserName, a.UserID)
		for _, acc := range a.Accounts {
			if err := tellAccount(e, acc); err != nil {
				return err
			}
		}
		return nil
	})
}

func tellAccount(e *env, acc billing.SupportAccount) error {
	fmt.Fprintf(e.stdout, "\naccount %s (%s), %s, since %s; the user is its %s; %d businesses\n",
		acc.Name, acc.ID, acc.Currency, stamp(acc.CreatedAt), acc.Role, acc.Businesses)
	fmt.Fprintf(e.stdout, "  plan          %s\n", acc.Why)
	fmt.Fprintf(e.stdout, "  entitlements  %s\n", dash(strings.Join(acc.Entitlements, ", ")))
	for _, v := range acc.Subscriptions {
		fmt.Fprintf(e.stdout, "  subscription  %s %s: %s\n", v.Provider, v.ID, v.Why)
	}
	for _, item := range acc.Items {
		fmt.Fprintf(e.stdout, "  open          %s since %s: %s\n", item.Reason, stamp(item.OpenedAt), item.Detail)
	}
	if len(acc.Events) == 0 {
		return nil
	}
	fmt.Fprintln(e.stdout, "  last events")
	return table(e.stdout, "    RECEIVED\tSTATE\tEVENT\tTYPE", func(row func(...any)) {
		for _, ev := range acc.Events {
			row("    "+stamp(ev.Received), ev.Status, ev.ID, ev.Type)
		}
	})
}

type supportWhyCmd struct {
	operateFlags `embed:""`

	Remark      string `placeholder:"TEXT" help:"What it is about; it is kept."`
	Account     string `arg:"" help:"The account's id."`
	Entitlement string `arg:"" help:"Such as export, batch_entry or parties.max."`
}

// Run explains one entitlement.
func (c *supportWhyCmd) Run(e *env) error {
	return c.with(e, func(d *desk) error {
		has, lines, err := d.SupportWhy(e, d.who, c.Account, c.Entitlement, c.Remark)
		if err != nil {
			return err
		}
		if c.JSON {
			return c.printJSON(e.stdout, struct {
				Has bool
				Why []string
			}{has, lines})
		}
		for _, line := range lines {
			fmt.Fprintln(e.stdout, line)
		}
		return nil
	})
}
