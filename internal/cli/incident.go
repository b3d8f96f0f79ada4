package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/incident"
)

type incidentCmd struct {
	Open   incidentOpenCmd   `cmd:"" help:"Open an incident: releases wait until it is closed."`
	List   incidentListCmd   `cmd:"" help:"List incidents, and what is frozen."`
	Close  incidentCloseCmd  `cmd:"" help:"Close an incident, and say what it was."`
	Freeze incidentFreezeCmd `cmd:"" help:"Stop a part at once, on every node: billing, exports, ledger, sign-up, credits, members or all."`
	Thaw   incidentThawCmd   `cmd:"" help:"Let a part work again."`

	Evidence incidentEvidenceCmd `cmd:"" help:"Collect evidence into one ZIP, bound to the one before; verify FILE…"`
	Blast    incidentBlastCmd    `cmd:"" help:"Say who saw what, how often, through which release, and what is not known."`
	Notify   incidentNotifyCmd   `cmd:"" help:"Draft letters to those affected, in both languages; nothing is sent."`
	Reports  incidentReportsCmd  `cmd:"" help:"List what people reported as not theirs, by release."`
}

// incidentFlags are what every command about incidents needs.
type incidentFlags struct {
	databaseFlags `embed:""`

	As   string `placeholder:"NAME" help:"Who acts, as it is logged (default: this machine's user)."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// An incidentDesk is what these commands work with.
type incidentDesk struct {
	*incident.Service
	who      string
	database *database
}

// with opens the database of a running server, or the private one when none runs, and calls fn.
func (f *incidentFlags) with(e *env, fn func(*incidentDesk) error) error {
	d := &incidentDesk{who: f.As}
	if d.who == "" {
		d.who = thisUser()
	}
	var err error
	if d.database, err = f.beside(e); err != nil {
		return err
	}
	d.Service = incident.New(d.database.DB)
	return errors.Join(fn(d), d.database.Close())
}

type incidentOpenCmd struct {
	incidentFlags `embed:""`

	Title string `arg:"" help:"What it is about, in a few words."`
}

// Run opens an incident.
func (c *incidentOpenCmd) Run(e *env) error {
	return c.with(e, func(d *incidentDesk) error {
		number, err := d.Open(e, d.who, c.Title)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, map[string]int{"incident": number})
		}
		fmt.Fprintf(e.stdout, "incident %d is open; releases wait until it is closed\n", number)
		return nil
	})
}

type incidentCloseCmd struct {
	incidentFlags `embed:""`

	Number  int    `arg:"" help:"The incident's number."`
	Outcome string `required:"" placeholder:"TEXT" help:"What it was and what was done; it is kept."`
}

// Run closes an incident.
func (c *incidentCloseCmd) Run(e *env) error {
	return c.with(e, func(d *incidentDesk) error {
		if err := d.Close(e, d.who, c.Number, c.Outcome); err != nil {
			return err
		}
		if !c.JSON {
			fmt.Fprintf(e.stdout, "incident %d is closed\n", c.Number)
			return nil
		}
		return printJSON(e.stdout, map[string]int{"closed": c.Number})
	})
}

type incidentListCmd struct {
	incidentFlags `embed:""`
}

// Run lists incidents and freezes.
func (c *incidentListCmd) Run(e *env) error {
	return c.with(e, func(d *incidentDesk) error {
		list, err := d.List(e)
		if err != nil {
			return err
		}
		frozen, err := d.Freezes(e, time.Now())
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, struct {
				Incidents []incident.Incident
				Frozen    []incident.Freeze
			}{list, frozen})
		}
		return showIncidents(e.stdout, list, frozen)
	})
}

func showIncidents(w io.Writer, list []incident.Incident, frozen []incident.Freeze) error {
	if len(list) == 0 {
		fmt.Fprintln(w, "there was no incident yet")
		return nil
	}
	err := table(w, "INCIDENT\tOPENED\tBY\tCLOSED\tTITLE", func(row func(...any)) {
		for _, i := range list {
			row(i.Number, stamp(i.OpenedAt), i.OpenedBy, stamp(i.ClosedAt), i.Title)
		}
	})
	if err != nil || len(frozen) == 0 {
		return err
	}
	fmt.Fprintln(w)
	return table(w, "FROZEN\tFOR\tSINCE\tBY\tINCIDENT\tREASON", func(row func(...any)) {
		for _, f := range frozen {
			row(f.Part, whom(f.Account), stamp(f.At), f.By, f.Incident, f.Reason)
		}
	})
}

// whom says for whom something is frozen.
func whom(account uuid.UUID) string {
	if account == uuid.Nil {
		return "everybody"
	}
	return "account " + account.String()
}

// partFlags name what is stopped, for whom, and why.
type partFlags struct {
	incidentFlags `embed:""`

	Part     string    `arg:"" help:"billing, exports, ledger, sign-up, credits, members or all."`
	Account  uuid.UUID `placeholder:"ID" help:"Only for this account (default: for everybody)."`
	App      string    `placeholder:"ID" help:"With --customer: only for one customer of this app."`
	Customer string    `placeholder:"ID" help:"The customer, by the app's own id."`
	Reason   string    `required:"" placeholder:"TEXT" help:"Why; it is logged."`
}

// account is for whom a part is stopped, zero for everybody.
func (f *partFlags) account(e *env, d *incidentDesk) (uuid.UUID, error) {
	switch {
	case (f.App == "") != (f.Customer == ""):
		return uuid.Nil, usagef("--app and --customer name one customer together")
	case f.App != "" && f.Account != uuid.Nil:
		return uuid.Nil, usagef("name an account or a customer of an app, not both")
	case f.App == "":
		return f.Account, nil
	}
	return d.AccountOf(e, f.App, f.Customer)
}

// whom says for whom a part is stopped.
func (f *partFlags) whom() string {
	if f.App != "" {
		return "customer " + f.Customer + " of the app " + f.App
	}
	return whom(f.Account)
}

func (f *partFlags) part() (freeze.Part, error) {
	p, ok := freeze.Parse(f.Part)
	if !ok {
		return 0, usagef("there is no part %q\nit is one of %s", f.Part, strings.Join(freeze.Words(), ", "))
	}
	return p, nil
}

type incidentFreezeCmd struct {
	partFlags `embed:""`

	Incident int `placeholder:"N" help:"The incident it belongs to (default: the newest open one, or a new one)."`
}

// Run freezes a part.
func (c *incidentFreezeCmd) Run(e *env) error {
	part, err := c.part()
	if err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		account, err := c.account(e, d)
		if err != nil {
			return err
		}
		number, stopped, err := d.Freeze(e, d.who, c.Incident, part, account, c.Reason)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, struct {
				Incident int    `json:"incident"`
				Frozen   string `json:"frozen"`
			}{number, stopped.String()})
		}
		fmt.Fprintf(e.stdout, "frozen for %s: %s (incident %d)\n", c.whom(), stopped, number)
		if left := part &^ stopped; left != 0 {
			fmt.Fprintf(e.stdout, "frozen already: %s\n", left)
		}
		fmt.Fprintln(e.stdout, "every node refuses new requests from now on; sign-in and webhooks keep working")
		return nil
	})
}

type incidentThawCmd struct {
	partFlags `embed:""`
}

// Run thaws a part.
func (c *incidentThawCmd) Run(e *env) error {
	part, err := c.part()
	if err != nil {
		return err
	}
	return c.with(e, func(d *incidentDesk) error {
		account, err := c.account(e, d)
		if err != nil {
			return err
		}
		thawed, err := d.Thaw(e, d.who, part, account, c.Reason)
		if err != nil {
			return err
		}
		left, err := d.stillFrozen(e)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e.stdout, struct {
				Thawed string            `json:"thawed"`
				Frozen []incident.Freeze `json:"still_frozen"`
			}{thawed.String(), left})
		}
		fmt.Fprintf(e.stdout, "works again for %s: %s\n", c.whom(), thawed)
		for _, f := range left {
			fmt.Fprintf(e.stdout, "still frozen for %s: %s, since %s: %s\n", whom(f.Account), f.Part, stamp(f.At),
				f.Reason)
		}
		return nil
	})
}

func (d *incidentDesk) stillFrozen(ctx context.Context) ([]incident.Freeze, error) {
	return d.Freezes(ctx, time.Now())
}
