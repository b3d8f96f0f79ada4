package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
)

// doctorCmd checks a set-up with the settings of the server. It changes nothing.
type doctorCmd struct {
	operateFlags `embed:""`
	mailFlags    `embed:""`
	backupFlags  `embed:""`
}

// mostSkew is by how much the clocks of this machine and of the database may differ.
const mostSkew = time.Minute

// An examination gathers what the doctor looked at.
type examination struct{ checks []billing.Check }

func (x *examination) ok(subject, format string, args ...any) {
	x.checks = append(x.checks,
		billing.Check{Subject: subject, State: billing.CheckOK, Detail: fmt.Sprintf(format, args...)})
}

// bad takes the hint of an error as what there is to do.
func (x *examination) bad(subject, state string, err error, fix string) {
	text := err.Error()
	if f := fault.Of(err); f != nil {
		text = f.Sentence()
	}
	detail, hint, _ := strings.Cut(text, "\n")
	if hint != "" {
		fix = strings.ReplaceAll(strings.TrimSpace(hint), "\n", "; ")
	}
	x.checks = append(x.checks, billing.Check{Subject: subject, State: state, Detail: detail, Fix: fix})
}

// Run looks at everything that can be looked at and says what to do. It ends with 3
// when something is wrong, or could not be looked at.
func (c *doctorCmd) Run(e *env) error {
	x := &examination{}
	plans := c.settings(x)
	if plans != nil {
		c.services(e, x, plans)
	}
	c.mailServer(e, x)
	c.backups(e, x)
	c.disk(x)
	c.kept(x)
	open := 0
	for _, k := range x.checks {
		if k.State != billing.CheckOK {
			open++
		}
	}
	if c.JSON {
		if err := c.printJSON(e.stdout, x.checks); err != nil {
			return err
		}
	} else {
		x.print(e)
	}
	switch {
	case open == 1:
		return findings{"one check is not ok"}
	case open > 1:
		return findings{fmt.Sprintf("%d checks are not ok", open)}
	}
	return nil
}

func (x *examination) print(e *env) {
	for _, k := range x.checks {
		fmt.Fprintf(e.stdout, "%-8s %s: %s\n", k.State, k.Subject, k.Detail)
		if k.Fix != "" && k.State != billing.CheckOK {
			fmt.Fprintf(e.stdout, "%-8s   to do: %s\n", "", k.Fix)
		}
	}
}

// settings checks what needs nobody else. Without a plan file that can be read there is nothing to ask about.
func (c *doctorCmd) settings(x *examination) *billing.Plans {
	if public, err := c.public(); err != nil {
		x.bad("public address", billing.CheckWrong, err, "")
	} else if public.Scheme != "https" && !c.simulated() && !loopbackHost(public.Hostname()) {
		x.bad("public address", billing.CheckWrong,
			fmt.Errorf("%s has no TLS: sessions could be read on the way", public),
			"set TIJORI_PUBLIC_URL to an address that begins with https://")
	} else {
		x.ok("public address", "%s", public)
	}
	if _, _, err := c.reach(); err != nil {
		x.bad("payment keys", billing.CheckWrong, err, "docs/providers.md says where each is found")
	} else if c.simulated() {
		x.ok("payment keys", "none: payments are simulated, and only this machine is served")
	} else {
		x.ok("payment keys", "%s", c.named())
	}
	plans, err := billing.LoadPlans(c.Plans, os.Environ())
	if err != nil {
		x.bad("plan file", billing.CheckWrong, err, "mend the plan file, or unset TIJORI_PLANS for the one built in")
		return nil
	}
	x.ok("plan file", "%d plans, %d top-ups", len(plans.List), len(plans.TopUps))
	return plans
}

// named are the providers whose keys are set, with their mode.
func (c *doctorCmd) named() string {
	var out []string
	for _, k := range []struct{ provider, key, live string }{
		{facts.Stripe.Name(), c.StripeKey, ""}, {facts.Razorpay.Name(), c.RazorpayKeyID, "rzp_live_"},
	} {
		if k.key == "" {
			continue
		}
		mode := "test"
		if stripe.Live(k.key) || k.live != "" && strings.HasPrefix(k.key, k.live) {
			mode = "live"
		}
		out = append(out, k.provider+" ("+mode+")")
	}
	return strings.Join(out, ", ")
}

// services checks the database, and on it the providers.
// releases says what the server that started last is, and how it differs from the one before: nothing is wrong with a
// difference, but whoever looks for the cause of trouble wants to know.
func (c *doctorCmd) releases(e *env, x *examination, db *database) {
	list, err := incident.New(db.DB).Releases(e, time.Now().Add(time.Hour), 2)
	switch {
	case err != nil:
		x.bad("releases", billing.CheckWrong, err, "")
	case len(list) == 0:
		x.ok("releases", "no server has started on this database yet")
	case len(list) == 1:
		x.ok("releases", "%s has run since %s; none before it", list[0].Version, stamp(list[0].StartedAt))
	default:
		changes := strings.Join(list[0].Since(list[1]), "; ")
		if changes == "" {
			changes = "nothing"
		}
		x.ok("releases", "%s started at %s; changed since the start before: %s (tijori release list shows all)",
			list[0].Version, stamp(list[0].StartedAt), changes)
	}
}

func (c *doctorCmd) services(e *env, x *examination, plans *billing.Plans) {
	s, r, err := c.reach()
	if err != nil {
		return // said already
	}
	db, err := c.beside(e)
	if err != nil {
		x.bad("database", billing.CheckWrong, err, "start the server once, or name its database")
		return
	}
	defer db.Close() //nolint:errcheck // nothing was written
	c.databaseServer(e, x, db)
	c.releases(e, x, db)
	environment, err := c.environment(nil, s, r)
	if err != nil {
		x.bad("environment", billing.CheckWrong, err, "")
		return
	}
	if !c.simulated() && s != nil {
		c.account(e, x, s, &environment)
	}
	if err := db.CheckEnvironment(e, billing.Khata, environment); err != nil {
		x.bad("environment", billing.CheckWrong, err, "docs/providers.md says what a database belongs to")
	} else {
		x.ok("environment", "the database holds %s payments of these accounts", environment.Mode)
	}
	now, err := serviceClock(e, db.DB)
	if err != nil {
		x.bad("service clock", billing.CheckWrong, err, "")
		return
	}
	public, err := c.public()
	if err != nil {
		return // said already
	}
	service, err := billing.New(billing.Config{
		DB: db.DB, Plans: plans, Clock: now, Stripe: s, Razorpay: r,
		PublicURL: public.String(), Log: newLog(e, false),
	})
	if err != nil {
		x.bad("payments", billing.CheckWrong, err, "")
		return
	}
	x.checks = append(x.checks, service.CheckProviders(e)...)
}

func (c *doctorCmd) databaseServer(e *env, x *examination, db *database) {
	version, ahead, err := db.Server(e)
	if err != nil {
		x.bad("database", billing.CheckWrong, err, "")
		return
	}
	x.ok("database", "PostgreSQL %s, %s; its schema is this program's", version, db.describe)
	c.drift(e, x, db)
	if ahead.Abs() > mostSkew {
		x.bad("clock", billing.CheckWrong,
			fmt.Errorf("the clock of the database differs by %s from this machine's", ahead.Round(time.Second)),
			"set both by NTP: signatures of webhooks and ends of sessions depend on them")
		return
	}
	x.ok("clock", "agrees with the database's")
}

// account asks Stripe whose the key is.
func (c *doctorCmd) account(e *env, x *examination, s *stripe.Client, environment *postgres.Environment) {
	id, err := s.AccountID(e)
	var refusal *facts.APIError
	switch {
	case errors.As(err, &refusal) && refusal.Status == 403:
		x.bad("Stripe account", billing.CheckUnknown, errors.New("the restricted key may not read its account"),
			"permit it in Stripe's dashboard")
	case err != nil:
		x.bad("Stripe account", billing.CheckUnknown, err,
			"look whether Stripe can be reached from here, and whether the key is valid")
	default:
		environment.Accounts[string(facts.Stripe)] = id
		x.ok("Stripe account", "%s", id)
	}
}

// mailServer connects and signs in; it sends nothing.
func (c *doctorCmd) mailServer(e *env, x *examination) {
	if c.SMTPURL == "" {
		if c.simulated() {
			x.ok("mail", "none: a development set-up keeps it in its outbox")
			return
		}
		x.bad("mail", billing.CheckWrong, errors.New("no mail server is set"),
			"set TIJORI_SMTP_URL, or people cannot confirm their address or recover a password")
		return
	}
	from := c.MailFrom
	if from == "" {
		from = "tijori@localhost"
	}
	config, err := mail.ParseSMTP(c.SMTPURL, from)
	if err != nil {
		x.bad("mail", billing.CheckWrong, fmt.Errorf("TIJORI_SMTP_URL: %w", err), "")
		return
	}
	sender, err := mail.NewSMTP(config)
	if err != nil {
		x.bad("mail", billing.CheckWrong, err, "")
		return
	}
	ctx, cancel := context.WithTimeout(e, 30*time.Second)
	defer cancel()
	if err := sender.Check(ctx); err != nil {
		x.bad("mail", billing.CheckWrong, err, "look at TIJORI_SMTP_URL: host, port, user and password")
		return
	}
	x.ok("mail", "%s takes mail from this machine", config.Host)
}
