package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/live"
	"github.com/tijorihq/tijori/internal/audit/target"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/launch"
	tijorimail "github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
)

type launchCmd struct {
	Check    launchCheckCmd    `cmd:"" help:"Before the first customer comes: names, TLS, headers, webhooks, keys, back-ups, alerts; exits with 3 when something is wrong."`
	Handover launchHandoverCmd `cmd:"" help:"Write the document that whoever takes over needs: domains, roles, rotation, monitoring, rollback. It has no secret."`
}

// launchCheckCmd looks at a server from outside as its visitors do, and from within with its own settings.
type launchCheckCmd struct {
	doctorCmd     `embed:""`
	operatorFlags `embed:""`

	URL string `arg:"" placeholder:"URL" help:"The public address, such as https://khata.example.com."`

	Outside      bool     `help:"Only what is seen from outside. Without it, run it with the settings of the server."`
	NoMessage    bool     `help:"Send no message to where alerts go."`
	DKIMSelector []string `name:"dkim-selector" placeholder:"NAME" help:"Under which name the mail provider's DKIM key is published; may be repeated."`
	Resolver     string   `placeholder:"HOST:PORT" help:"The DNS server to ask (default: this machine's)."`
	Config       string   `default:"audit.toml" type:"path" placeholder:"FILE" help:"Who signs in for the smoke test, as in tijori audit smoke (${default})."`
	Format       string   `default:"text" enum:"text,json" help:"text or json."`

	options func(*launch.Options) // tests change where the site is found
}

// Run looks at everything, one after the other. What could not be looked at is not ok.
func (c *launchCheckCmd) Run(e *env) error {
	site, err := parsePublicURL(c.URL, "")
	if err != nil || site.Scheme != "https" {
		return usagef("%q is not an address such as https://khata.example.com", c.URL)
	}
	if err := c.operatorFlags.check(); err != nil {
		return err
	}
	c.PublicURL, c.JSON = site.String(), c.JSON || c.Format == "json"
	x := &examination{}
	fmt.Fprintf(e.stderr, "looking at %s from outside…\n", site)
	o := launch.Options{
		URL: site, MailDomain: c.mailDomain(site), Selectors: c.DKIMSelector, Resolver: c.Resolver,
	}
	if c.options != nil {
		c.options(&o)
	}
	for _, k := range launch.Run(e, o) {
		x.checks = append(x.checks, billing.Check(k))
	}
	c.bundle(e, x, site)
	c.smoke(e, x, site)
	if !c.Outside {
		fmt.Fprintln(e.stderr, "looking at the set-up…")
		c.liveKeys(x)
		if plans := c.settings(x); plans != nil {
			c.services(e, x, plans)
		}
		c.mailServer(e, x)
		c.backups(e, x)
		c.disk(x)
		c.alerts(e, x, site)
	}
	return c.end(e, x)
}

// end prints what was found and returns the error that stands for the exit code.
func (c *launchCheckCmd) end(e *env, x *examination) error {
	open := 0
	for i := range x.checks {
		k := &x.checks[i]
		k.Detail, k.Fix = launch.Plain(k.Detail), launch.Plain(k.Fix)
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
	switch open {
	case 0:
		fmt.Fprintf(e.stderr, "all %d checks are ok\n", len(x.checks))
		return nil
	case 1:
		return findings{fmt.Sprintf("one of %d checks is not ok", len(x.checks))}
	}
	return findings{fmt.Sprintf("%d of %d checks are not ok", open, len(x.checks))}
}

// mailDomain is that of the sender, as the server would name it.
func (c *launchCheckCmd) mailDomain(site *url.URL) string {
	if c.MailFrom == "" {
		if c.Outside {
			return ""
		}
		return site.Hostname()
	}
	a, err := mail.ParseAddress(c.MailFrom)
	if err != nil {
		return ""
	}
	_, domain, _ := strings.Cut(a.Address, "@")
	return domain
}

// liveKeys looks whether money moves.
func (c *launchCheckCmd) liveKeys(x *examination) {
	const subject, fix = "live keys", "set the live keys of Stripe or Razorpay: docs/providers.md"
	if c.simulated() {
		x.bad(subject, billing.CheckWrong, errors.New("payments are simulated: nobody pays anything"), fix)
		return
	}
	s, r, err := c.reach()
	if err != nil {
		return // said with the payment keys
	}
	for _, k := range []struct {
		set, live bool
		name      string
	}{{s != nil, s != nil && s.Live(), "Stripe"}, {r != nil, r != nil && r.Live(), "Razorpay"}} {
		if k.set && !k.live {
			x.bad(subject, billing.CheckWrong, fmt.Errorf("the keys of %s are of its test mode: nobody pays anything",
				k.name), fix)
			return
		}
	}
	x.ok(subject, "%s", c.named())
}

// bundle looks for secrets in what every visitor gets.
func (c *launchCheckCmd) bundle(e *env, x *examination, site *url.URL) {
	r, err := bundle.Audit(e, bundle.Options{Target: site.String()})
	c.audited(x, "secrets in the bundle", "tijori audit bundle "+site.String()+" shows where", r, err,
		"nothing that every visitor gets holds a secret")
}

// smoke signs people in and opens their pages.
func (c *launchCheckCmd) smoke(e *env, x *examination, site *url.URL) {
	const subject = "signed-in smoke test"
	config, err := target.Load(c.Config)
	if errors.Is(err, fs.ErrNotExist) {
		x.bad(subject, billing.CheckUnknown, fmt.Errorf("%s does not exist, so nobody signs in", c.Config),
			"tijori audit init writes one; name two accounts of yours in it")
		return
	}
	var r *finding.Report
	if err == nil {
		config.Target.URL = site.String()
		r, err = live.Smoke(e, live.Options{Config: config})
	}
	c.audited(x, subject, "tijori audit smoke "+site.String()+" shows more", r, err,
		"everybody signs in, and their pages open for them alone")
}

// audited turns the report of an engine into a check.
func (c *launchCheckCmd) audited(x *examination, subject, fix string, r *finding.Report, err error, fine string) {
	switch {
	case err != nil:
		x.bad(subject, billing.CheckUnknown, err, fix)
	case len(r.Open()) > 0:
		var list []string
		for _, f := range r.Open() {
			list = append(list, f.Object+": "+f.Rule)
		}
		x.bad(subject, billing.CheckWrong, errors.New(strings.Join(list[:min(len(list), 5)], "; ")), fix)
	case len(r.NotTested) > 0:
		x.bad(subject, billing.CheckUnknown, fmt.Errorf("%s was not tested: %s", r.NotTested[0].What,
			r.NotTested[0].Reason), fix)
	default:
		x.ok(subject, "%s", fine)
	}
}

// alerts sends one message to everybody who hears of trouble.
func (c *launchCheckCmd) alerts(e *env, x *examination, site *url.URL) {
	const subject = "alert delivery"
	var to []string
	to = append(to, c.AlertMail...)
	if u, err := url.Parse(c.AlertURL); c.AlertURL != "" && err == nil {
		to = append(to, u.Hostname()) // the rest may be a secret
	}
	switch {
	case len(to) == 0:
		x.bad(subject, billing.CheckWrong, errors.New("nobody hears of trouble"),
			"set TIJORI_ALERT_MAIL or TIJORI_ALERT_URL")
		return
	case c.NoMessage:
		x.bad(subject, billing.CheckUnknown, errors.New("no message was sent"), "leave out --no-message")
		return
	}
	var sender tijorimail.Sender
	if len(c.AlertMail) > 0 {
		var err error
		if sender, err = c.smtp(site.Hostname()); err != nil || c.SMTPURL == "" {
			x.bad(subject, billing.CheckWrong, errors.New("alerts go by mail, and no mail server is set"),
				"set TIJORI_SMTP_URL")
			return
		}
	}
	ctx, cancel := context.WithTimeout(e, time.Minute)
	defer cancel()
	text := "launch check of " + site.String() + ": this is where alerts arrive; nothing is wrong"
	err := newTeller(&c.operatorFlags, sender, site.String()).hand(ctx, []news{{
		provider: watchProvider, kind: "test", state: "raised", group: "test", times: 1, detail: text, sentence: text,
		since: time.Now(),
	}})
	if err != nil {
		x.bad(subject, billing.CheckWrong, err, "look at TIJORI_ALERT_MAIL, TIJORI_SMTP_URL and TIJORI_ALERT_URL")
		return
	}
	x.ok(subject, "a message went to %s; see that it arrived", strings.Join(to, ", "))
}

// launchHandoverCmd writes down what is set, of secrets only that they are.
type launchHandoverCmd struct {
	serveFlags `embed:""`

	Contact []string `placeholder:"TEXT" sep:"none" help:"Somebody to call, such as \"Asha, payments, +91 …\"; may be repeated."`
	Output  string   `short:"o" type:"path" placeholder:"FILE" help:"Write it there instead of printing it."`
	Format  string   `default:"markdown" enum:"markdown,html" help:"markdown or html."`
}

// Run writes the document. What of the database cannot be read is said in its place.
func (c *launchHandoverCmd) Run(e *env) error {
	d, err := c.handover(e)
	if err != nil {
		return err
	}
	write := d.markdown
	if c.Format == "html" {
		write = d.html
	}
	if c.Output == "" {
		return write(e.stdout)
	}
	if err := writeWhole(c.Output, func(w io.Writer) error { return write(w) }); err != nil {
		return &postgres.SetupError{
			Problem: "cannot write " + c.Output,
			Hint:    "name a file in a folder that you may write to", Err: err,
		}
	}
	_, err = fmt.Fprintf(e.stderr, "wrote %s\n", c.Output)
	return err
}
