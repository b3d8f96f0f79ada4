package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/gate"
	"github.com/tijorihq/tijori/internal/audit/live"
	"github.com/tijorihq/tijori/internal/audit/race"
	"github.com/tijorihq/tijori/internal/audit/target"
	"github.com/tijorihq/tijori/internal/audit/webhook"
	"github.com/tijorihq/tijori/internal/incident"
)

// liveFlags are the settings of engines that aim at a running app.
type liveFlags struct {
	auditFlags `embed:""`

	Config string `default:"audit.toml" type:"path" placeholder:"FILE" help:"What to audit, and as whom (${default})."`
}

func (f *liveFlags) load() (*target.Config, error) {
	c, err := target.Load(f.Config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("%s does not exist\ntijori audit init writes it", f.Config)
	}
	if err != nil {
		return nil, usagef("%v", err)
	}
	return c, nil
}

type liveEngine func(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error)

// attack runs an engine on the configured target.
func (f *liveFlags) attack(e *env, rules []finding.Rule, engine liveEngine) error {
	c, err := f.load()
	if err != nil {
		return err
	}
	return f.audit(e, rules, func(ctx context.Context, show func(int, string)) (*finding.Report, error) {
		r, err := engine(ctx, c, show)
		return r, refused(err)
	})
}

func refused(err error) error {
	if errors.Is(err, target.ErrUsage) {
		return usagef("%v", err)
	}
	return err
}

// A routeFlag narrows an engine to one route.
type routeFlag struct {
	Route string `placeholder:"ROUTE" help:"Only this one, as the file has it: \"GET /invoices/{invoice}\", or a path."`
}

// narrow is the engine, on the chosen route alone.
func (f *routeFlag) narrow(engine liveEngine) liveEngine {
	return func(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error) {
		if f.Route != "" {
			if err := c.Narrow(f.Route); err != nil {
				return nil, err
			}
		}
		return engine(ctx, c, show)
	}
}

type auditHTTPCmd struct {
	liveFlags `embed:""`
	routeFlag `embed:""`
}

// Run attacks every route of the configuration.
func (c *auditHTTPCmd) Run(e *env) error { return c.attack(e, httpRules(), c.narrow(attackHTTP)) }

func httpRules() []finding.Rule { return slices.Concat(live.Rules(), live.PageRules()) }

func attackHTTP(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error) {
	return live.Audit(ctx, live.Options{Config: c, Progress: show})
}

type auditRaceCmd struct {
	liveFlags `embed:""`
	routeFlag `embed:""`
}

// Run sends every race of the configuration.
func (c *auditRaceCmd) Run(e *env) error { return c.attack(e, race.Rules(), c.narrow(attackRace)) }

func attackRace(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error) {
	return race.Audit(ctx, race.Options{Config: c, Reader: readSQL, Progress: show})
}

type auditWebhookCmd struct {
	liveFlags `embed:""`
	routeFlag `embed:""`
}

// Run plays the providers of the configuration.
func (c *auditWebhookCmd) Run(e *env) error {
	return c.attack(e, webhook.Rules(), c.narrow(attackWebhook))
}

func attackWebhook(ctx context.Context, c *target.Config, show func(int, string)) (*finding.Report, error) {
	return webhook.Audit(ctx, webhook.Options{Config: c, Reader: readSQL, Progress: show})
}

// readSQL reads one value in a transaction that can only read.
func readSQL(ctx context.Context, dsn, query string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", errors.New("the database of a reading by SQL cannot be reached") // its text may hold a password
	}
	defer func() {
		away, cancel := hold(5 * time.Second)
		defer cancel()
		_ = conn.Close(away) //nolint:errcheck // it only read
	}()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return "", err
	}
	var out any
	if err := tx.QueryRow(ctx, query).Scan(&out); err != nil {
		return "", fmt.Errorf("the reading by SQL: %w", err)
	}
	return fmt.Sprint(out), tx.Rollback(ctx)
}

type auditSmokeCmd struct {
	liveFlags `embed:""`

	URL string `arg:"" optional:"" help:"The address, where it is another one than the configuration's."`
}

// Run signs everybody in and opens their pages.
func (c *auditSmokeCmd) Run(e *env) error {
	return c.attack(e, live.Rules(), func(ctx context.Context, config *target.Config,
		show func(int, string),
	) (*finding.Report, error) {
		if c.URL != "" {
			config.Target.URL = c.URL
		}
		return live.Smoke(ctx, live.Options{Config: config, Progress: show})
	})
}

type auditGateCmd struct {
	liveFlags     `embed:""`
	databaseFlags `embed:"" group:"With tijori = true in [gate], whose incidents are asked for:"`
}

// Run holds the gate of the configuration.
func (c *auditGateCmd) Run(e *env) error {
	c.Strict = true // what was not tested lets nothing pass
	return c.attack(e, auditRules(), func(ctx context.Context, config *target.Config,
		_ func(int, string),
	) (*finding.Report, error) {
		o := gate.Options{Gate: config.Gate, Dir: filepath.Dir(c.Config), Now: time.Now()}
		if config.Gate.Tijori {
			var err error
			if o.Open, err = c.openIncidents(ctx); err != nil {
				o.NotRead = brief(err)
			}
		}
		return gate.Audit(ctx, o)
	})
}

// openIncidents asks the Tijori of the settings for incidents that are open.
func (c *auditGateCmd) openIncidents(ctx context.Context) (open []gate.Incident, err error) {
	d, err := c.beside(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	list, err := incident.New(d.DB).List(ctx)
	for _, i := range list {
		if i.Open() {
			open = append(open, gate.Incident{
				Name: fmt.Sprintf("incident %d", i.Number), Title: i.Title + ", open since " + stamp(i.OpenedAt),
			})
		}
	}
	return open, err
}

type auditInitCmd struct {
	URL     string `placeholder:"URL" help:"Where the app runs."`
	OpenAPI string `name:"openapi" type:"path" placeholder:"FILE" help:"Routes from an OpenAPI 3 document in JSON."`
	HAR     string `name:"har" type:"path" placeholder:"FILE" help:"Routes from what a browser has recorded."`
	Source  string `name:"source" type:"path" placeholder:"DIR" help:"Routes from the code, as audit source finds them."`
	Crawl   bool   `help:"Routes from the pages that links of the app lead to; only GET is sent."`
	As      string `placeholder:"PERSON" help:"Crawl as a person of the file given by --config."`
	Config  string `type:"path" placeholder:"FILE" help:"With --as: the file that says how the person signs in."`
	Own     bool   `name:"i-own-this" help:"The address is yours; needed to crawl anything but this machine."`
	Output  string `short:"o" type:"path" default:"audit.toml" placeholder:"FILE" help:"The file to write (${default}); it is never written over."`
}

// Run writes the file and says what is left to fill in.
func (c *auditInitCmd) Run(e *env) error {
	if _, err := os.Stat(c.Output); err == nil {
		return usagef("%s exists already\nname another file with -o", c.Output)
	}
	if err := c.ask(e); err != nil {
		return err
	}
	p, err := c.plan(e)
	if err != nil {
		return refused(err)
	}
	if err := writeWhole(c.Output, p.Write); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout,
		"wrote %s with %d routes\nfill in what says FILL IN, set the AUDIT_ variables, then: tijori audit http --config %s\n",
		c.Output, len(p.Routes), c.Output)
	return nil
}
