package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/probe"
	"github.com/tijorihq/tijori/internal/web"
)

// watchProbeCmd looks at addresses from outside, in a process of its own.
type watchProbeCmd struct {
	Config  string   `env:"TIJORI_PROBE" type:"path" placeholder:"FILE" help:"What to probe, as TOML (docs/watch.md)."`
	Address []string `placeholder:"URL" help:"Probe this address, too; may be repeated."`
	Once    bool     `help:"Probe everything once, print the results and exit: 3 when something fails."`
	History string   `type:"path" placeholder:"FILE" help:"Run apart: keep the history in this file, not in the database."`
	Page    string   `type:"path" placeholder:"DIR" help:"Also write the status page into this folder after each round, to be served from anywhere."`
	JSON    bool     `name:"json" help:"With --once, print JSON."`
	Verbose bool     `short:"v" help:"Log each failed probe and more."`

	PublicURL     string `name:"public-url" env:"TIJORI_PUBLIC_URL" placeholder:"URL" help:"Where users reach the server; alerts link to it (default: none)."`
	databaseFlags `embed:""`
	mailFlags     `embed:""`
	operatorFlags `embed:""`
}

// Run probes until it is interrupted, or once.
func (c *watchProbeCmd) Run(e *env) (err error) {
	config, err := c.load()
	if err != nil {
		return err
	}
	if err := c.operatorFlags.check(); err != nil {
		return err
	}
	teller, err := c.teller()
	if err != nil {
		return err
	}
	log := newLog(e, c.Verbose)
	var store probe.Store
	alarm := func(ctx context.Context, list []probe.Change) error { return teller.hand(ctx, probeNews(list)) }
	if c.History != "" {
		store = probe.NewFile(c.History)
	} else {
		d, err := c.beside(e)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.Close()) }()
		store = probe.NewDatabase(d.Watch)
		alarm = probeAlarm(watch.New(d.Watch, nil, log), teller)
	}
	p := probe.New(config, store, alarm, log)
	defer func() {
		ctx, cancel := hold(10 * time.Second)
		defer cancel()
		p.Close(ctx)
	}()
	if c.Once {
		return c.once(e, p, store)
	}
	fmt.Fprintf(e.stdout, "probing %d addresses every %s and %d canaries every %s, as %s\n", len(config.Targets),
		config.Every, len(config.Canaries), config.CanaryEvery, config.Location)
	for e.Err() == nil {
		_, err := p.Do(e)
		if err == nil && c.Page != "" {
			err = c.writePage(e, store)
		}
		if err != nil && e.Err() == nil {
			log.Error("probe", "error", err)
		}
		select {
		case <-e.Done():
		case <-time.After(time.Second):
		}
	}
	return nil
}

// load puts together what is to be probed.
func (c *watchProbeCmd) load() (*probe.Config, error) {
	config := &probe.Config{Every: time.Minute, CanaryEvery: 5 * time.Minute, Timeout: 10 * time.Second}
	if c.Config != "" {
		var err error
		if config, err = probe.Load(c.Config); err != nil {
			return nil, usagef("%v", err)
		}
	}
	for i, address := range c.Address {
		config.Targets = append(config.Targets, probe.Target{
			Name: fmt.Sprintf("address-%d", i+1), Title: address, URL: address,
		})
	}
	if err := config.Check(); err != nil {
		return nil, usagef("%v\nname a file by --config, or addresses by --address", err)
	}
	return config, nil
}

// teller is who hears of what cannot be kept in the database, or of everything when there is none.
func (c *watchProbeCmd) teller() (*teller, error) {
	if len(c.AlertMail) == 0 {
		return newTeller(&c.operatorFlags, nil, c.PublicURL), nil
	}
	if c.SMTPURL == "" {
		return nil, usagef("TIJORI_ALERT_MAIL needs a mail server\nset TIJORI_SMTP_URL")
	}
	sender, err := c.smtp("localhost")
	if err != nil {
		return nil, err
	}
	return newTeller(&c.operatorFlags, sender, c.PublicURL), nil
}

// probeAlarm keeps alerts in the database, from where they are told; what cannot be kept is told at once.
func probeAlarm(s *watch.Service, t *teller) func(context.Context, []probe.Change) error {
	return func(ctx context.Context, list []probe.Change) error {
		err := s.Probed(ctx, list)
		if err == nil || ctx.Err() != nil {
			return err
		}
		return errors.Join(err, t.hand(ctx, probeNews(list)))
	}
}

// probeNews are changes as they are told.
func probeNews(list []probe.Change) (out []news) {
	for _, c := range list {
		for _, a := range watch.ProbeAlerts(c) {
			out = append(out, news{
				provider: "watch", kind: string(a.Rule), state: "raised", group: string(a.Rule) + " " + a.Subject,
				times: int64(a.Count), detail: a.Text, since: a.Since,
				sentence: string(a.Rule) + ": " + a.Text + " (since " + a.Since.UTC().Format("2006-01-02 15:04") +
					" UTC)",
			})
		}
		if c.Up {
			out = append(out, news{
				provider: "watch", kind: "down", state: "over", group: "down " + c.Name, times: 1,
				detail: c.Title + " works again", sentence: "down: " + c.Title + " works again: over", since: c.Since,
			})
		}
	}
	return out
}

// once prints what one round found.
func (c *watchProbeCmd) once(e *env, p *probe.Prober, store probe.Store) error {
	results, err := p.Once(e)
	if err != nil && results == nil {
		return err
	}
	if c.Page != "" {
		err = errors.Join(err, c.writePage(e, store))
	}
	if c.JSON {
		if wrong := printJSON(e.stdout, results); wrong != nil {
			return wrong
		}
	} else if wrong := table(e.stdout, "NAME\tKIND\tRESULT\tTOOK\tDETAIL", func(row func(...any)) {
		for _, r := range results {
			row(r.Name, r.Kind, resultWord(r), r.Took.Round(time.Millisecond), strings.Join(append(r.Seen,
				r.Detail), "; "))
		}
	}); wrong != nil {
		return wrong
	}
	if err != nil {
		return err
	}
	var failed []string
	for _, r := range results {
		if !r.OK || len(r.Seen) > 0 {
			failed = append(failed, r.Name)
		}
	}
	if len(failed) > 0 {
		return findings{fmt.Sprintf("%d of %d fail: %s", len(failed), len(results), strings.Join(failed, ", "))}
	}
	return nil
}

func resultWord(r probe.Result) string {
	switch {
	case len(r.Seen) > 0:
		return "LEAK"
	case r.OK:
		return "ok"
	}
	return "FAILS"
}

// writePage writes the status page in both languages, with its style sheet.
func (c *watchProbeCmd) writePage(e *env, store probe.Store) error {
	h, err := store.History(e, time.Now())
	if err != nil {
		return err
	}
	return web.WriteStatusPage(c.Page, h)
}

// startProber begins to probe beside a server, where it is configured.
func (a *app) startProber(sender mail.Sender) (*probe.Prober, error) {
	if a.flags.Probe == "" {
		return nil, nil //nolint:nilnil // nothing is to be probed
	}
	config, err := probe.Load(a.flags.Probe)
	if err != nil {
		return nil, usagef("TIJORI_PROBE: %v", err)
	}
	t := newTeller(&a.flags.operatorFlags, sender, a.public.String())
	p := probe.New(config, probe.NewDatabase(a.database.Watch), probeAlarm(a.watch, t), a.log)
	return p, nil
}
