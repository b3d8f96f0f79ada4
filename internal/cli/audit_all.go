package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/begin"
	"github.com/tijorihq/tijori/internal/audit/browse"
	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/confirm"
	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/logs"
	"github.com/tijorihq/tijori/internal/audit/report"
	"github.com/tijorihq/tijori/internal/audit/source"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// ask asks on a terminal for what no flag says.
func (c *auditInitCmd) ask(e *env) error {
	if c.URL != "" || c.OpenAPI != "" || c.HAR != "" || c.Source != "" || c.As != "" {
		return nil
	}
	if !terminal(e) {
		return usagef("say where the app runs: --url http://127.0.0.1:3000")
	}
	in := bufio.NewReader(os.Stdin)
	line := func(question string) string {
		fmt.Fprintf(e.stderr, "%s ", question)
		text, err := in.ReadString('\n')
		if err != nil && text == "" {
			return ""
		}
		return strings.TrimSpace(text)
	}
	if c.URL = line("Where does the app run? (http://127.0.0.1:3000)"); c.URL == "" {
		c.URL = "http://127.0.0.1:3000"
	}
	switch from := line("An OpenAPI document, a HAR file or the folder of the code, or empty to follow the app's links:"); {
	case strings.HasSuffix(from, ".har"):
		c.HAR = from
	case isFolder(from):
		c.Source = from
	case from != "":
		c.OpenAPI = from
	default:
		c.Crawl = true
		c.Own = strings.HasPrefix(strings.ToLower(line("Is the app yours, or may you audit it? (yes)")), "y")
	}
	return nil
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return name != "" && err == nil && info.IsDir()
}

func (c *auditInitCmd) plan(e *env) (*begin.Plan, error) {
	read := func(name string, from func(io.Reader, string) (*begin.Plan, error)) (*begin.Plan, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		p, err := from(f, c.URL)
		if err != nil {
			return nil, usagef("%s: %v", name, err)
		}
		return p, nil
	}
	switch {
	case c.OpenAPI != "":
		return read(c.OpenAPI, begin.FromOpenAPI)
	case c.HAR != "":
		return read(c.HAR, begin.FromHAR)
	case c.Source != "":
		routes, err := source.Routes(e, c.Source)
		if err != nil {
			return nil, err
		}
		return begin.FromRoutes(routes, c.URL), nil
	case c.As != "":
		config, err := target.Load(c.Config)
		if err != nil {
			return nil, usagef("%v", err)
		}
		return begin.Crawl(e, config, c.As)
	case c.Crawl:
		config, err := target.Read(strings.NewReader(fmt.Sprintf("[target]\nurl = %q\ni_own_this = %t\n", c.URL,
			c.Own)))
		if err != nil {
			return nil, err
		}
		return begin.Crawl(e, config, "")
	}
	return &begin.Plan{URL: c.URL}, nil
}

type auditAllCmd struct {
	liveFlags `embed:""`

	Only  []string `placeholder:"ENGINE,…" help:"Only these engines: db, source, bundle, logs, http, race, webhook."`
	Since string   `placeholder:"COMMIT" help:"Of findings in files, only those in files that have changed since that commit."`
}

var allEngines = []string{"db", "source", "bundle", "logs", "http", "race", "webhook"}

// Run runs what the configuration has something for. An engine that cannot run is not tested.
func (c *auditAllCmd) Run(e *env) error {
	for _, name := range c.Only {
		if !slices.Contains(allEngines, name) {
			return usagef("there is no engine %q\nthe engines are %s", name, strings.Join(allEngines, ", "))
		}
	}
	config, err := c.load()
	if err != nil {
		return err
	}
	return c.audit(e, auditRules(), func(ctx context.Context, show func(int, string)) (*finding.Report, error) {
		engines := engines(config, filepath.Dir(c.Config), show)
		var reports []*finding.Report
		var code *finding.Report
		for _, name := range allEngines {
			run := engines[name]
			if run == nil || len(c.Only) > 0 && !slices.Contains(c.Only, name) {
				continue
			}
			r, err := run(ctx)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if err != nil {
				r = &finding.Report{
					Command:   "audit " + name,
					NotTested: []finding.NotTested{{What: "audit " + name, Reason: err.Error()}},
				}
			}
			if name == "source" {
				code = r
			}
			reports = append(reports, r)
		}
		if code != nil && config.Target.URL != "" {
			confirm.Plan(code, config, relative(c.Config))
			confirm.Results(code, reports...)
		}
		if len(reports) == 0 {
			return nil, usagef("%s has nothing to run\nadd [[route]], [[race]], [[webhook]] or [all]", c.Config)
		}
		all := report.Merge(reports...)
		return all, c.since(ctx, all)
	})
}

// engines are those that the configuration has something for.
func engines(c *target.Config, dir string, show func(int,
	string),
) map[string]func(context.Context) (*finding.Report, error) {
	at := func(name string) string {
		if filepath.IsAbs(name) || strings.Contains(name, "://") {
			return name
		}
		return filepath.Join(dir, name)
	}
	out := map[string]func(context.Context) (*finding.Report, error){}
	live := func(engine liveEngine) func(context.Context) (*finding.Report, error) {
		return func(ctx context.Context) (*finding.Report, error) { return engine(ctx, c, show) }
	}
	if c.All.Migrations != "" {
		out["db"] = func(ctx context.Context) (*finding.Report, error) {
			return db.Audit(ctx, db.Options{
				Migrations: at(c.All.Migrations), Attack: c.All.Attack,
				Progress: func(s string) { show(0, s) },
			})
		}
	}
	if c.All.Source != "" {
		out["source"] = func(ctx context.Context) (*finding.Report, error) {
			return source.Audit(ctx, source.Options{Dir: at(c.All.Source)})
		}
	}
	if c.All.Bundle != "" {
		out["bundle"] = func(ctx context.Context) (*finding.Report, error) {
			return bundle.Audit(ctx, bundle.Options{Target: at(c.All.Bundle), Progress: show})
		}
	}
	if len(c.All.Logs) > 0 {
		out["logs"] = func(ctx context.Context) (*finding.Report, error) {
			var files []string
			for _, name := range c.All.Logs {
				files = append(files, at(name))
			}
			return logs.Audit(ctx, logs.Options{Files: files, Progress: show})
		}
	}
	if len(c.Routes) > 0 {
		out["http"] = live(attackHTTP)
	}
	if len(c.Races) > 0 {
		out["race"] = live(attackRace)
	}
	if len(c.Webhooks) > 0 {
		out["webhook"] = live(attackWebhook)
	}
	return out
}

// since keeps findings in files only where the file has changed. Findings without a file all stay.
func (c *auditAllCmd) since(ctx context.Context, r *finding.Report) error {
	if c.Since == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if strings.HasPrefix(c.Since, "-") {
		return usagef("%q is no commit", c.Since)
	}
	cmd := exec.CommandContext(ctx, "git", "diff", "--name-only", "--no-renames", c.Since,
		"--") //nolint:gosec // a commit, not a flag
	cmd.Dir = filepath.Dir(c.Config)
	out, err := cmd.Output()
	if err != nil {
		return usagef("git does not know what has changed since %s", c.Since)
	}
	changed := strings.Fields(string(out))
	before := len(r.Findings)
	r.Findings = slices.DeleteFunc(r.Findings, func(f finding.Finding) bool {
		return f.Place.File != "" && !slices.ContainsFunc(changed, func(name string) bool {
			return name == f.Place.File || strings.HasSuffix(f.Place.File, "/"+name) || strings.HasSuffix(name,
				"/"+f.Place.File)
		})
	})
	if n := before - len(r.Findings); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d findings in files that have not changed since %s are left out", n,
			c.Since))
	}
	return nil
}

type auditDemoCmd struct {
	Output string `short:"o" type:"path" default:"tijori-audit-demo.html" placeholder:"FILE" help:"Where to write the report (${default})."`
	Sound  bool   `help:"Repair the shop first: nothing is found then."`
}

// Run starts the leaky shop on this machine, for as long as the audit takes, and audits it; then the code and the
// schemas of a shop like it.
func (c *auditDemoCmd) Run(e *env) (err error) {
	listener, err := leaky.Listen()
	if err != nil {
		return err
	}
	flaws := leaky.Flaws()
	if c.Sound {
		flaws = nil
	}
	server := &http.Server{Handler: leaky.New(flaws...), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		err = errors.Join(err, server.Close())
		if end := <-served; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
	}()
	address := "http://" + listener.Addr().String()
	fmt.Fprintf(e.stderr, "a shop with %d flaws runs on %s until the audit is over\n", len(flaws), address)
	text := leaky.Config(address)
	if _, err := browse.Browser(); err == nil { // the rest is found without one
		text += leaky.Browser
	}
	config, err := target.Read(strings.NewReader(text))
	if err != nil {
		return err
	}
	p := newProgress(e)
	var reports []*finding.Report
	for _, engine := range []liveEngine{attackHTTP, attackRace, attackWebhook} {
		r, err := engine(e, config, p.show)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	p.done()
	texts, err := c.auditTexts(e)
	if err != nil {
		return err
	}
	all := report.Merge(append(reports, texts...)...)
	all.Sort()
	if err := writeReport(e, all, "html", c.Output); err != nil {
		return err
	}
	for _, f := range all.Findings {
		fmt.Fprintf(e.stdout, "%-8s  %-28s  %s\n", f.Severity, report.Line(f.Rule), report.Line(f.Object))
	}
	return nil
}

// auditTexts audits the code and the schemas of the demonstration, in a folder that is thrown away. A schema is
// attacked in a private PostgreSQL; where this machine has none, the report says that it was not tested.
func (c *auditDemoCmd) auditTexts(e *env) (reports []*finding.Report, err error) {
	folder, err := os.MkdirTemp("", "tijori-audit-demo")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, dir := range []string{leaky.CodeDir, leaky.SupabaseDir, leaky.PostgresDir} {
		var flaws []string
		if !c.Sound {
			flaws = leaky.TreeFlaws(dir)
		}
		if err := leaky.WriteTree(folder, dir, flaws); err != nil {
			return nil, err
		}
		fmt.Fprintf(e.stderr, "the files in %s have %d flaws\n", dir, len(flaws))
		r, err := auditText(e, filepath.Join(folder, filepath.FromSlash(dir)), dir)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// auditText audits one folder of the demonstration.
func auditText(e *env, at, dir string) (*finding.Report, error) {
	if dir == leaky.CodeDir {
		return source.Audit(e, source.Options{Dir: at, Deadline: time.Hour}) // it is small
	}
	o := db.Options{Migrations: at, Platform: "postgres", Attack: true}
	if dir == leaky.SupabaseDir {
		o.Platform = "supabase"
	}
	r, err := db.Audit(e, o)
	if errors.Is(err, scratch.ErrNoServer) {
		return &finding.Report{Command: "audit db", Target: dir, NotTested: []finding.NotTested{
			{What: dir, Reason: err.Error()},
		}}, nil
	}
	return r, err
}
