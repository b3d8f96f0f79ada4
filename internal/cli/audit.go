package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/accept"
	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/gate"
	"github.com/tijorihq/tijori/internal/audit/live"
	"github.com/tijorihq/tijori/internal/audit/logs"
	"github.com/tijorihq/tijori/internal/audit/past"
	"github.com/tijorihq/tijori/internal/audit/race"
	"github.com/tijorihq/tijori/internal/audit/report"
	"github.com/tijorihq/tijori/internal/audit/source"
	"github.com/tijorihq/tijori/internal/audit/webhook"
)

// auditCmd lists the engines first, then what works on their reports. An
// engine is a command that embeds auditFlags and hands its function to audit;
// its rules stand in auditRules.
type auditCmd struct {
	DB       auditDBCmd       `cmd:"" name:"db" help:"What a database lets a stranger read and change: from migrations, or from the catalogue of a live database."`
	Source   auditSourceCmd   `cmd:"" help:"What the code trusts: identity and prices from the request, webhooks, credits, caches, secrets."`
	Bundle   auditBundleCmd   `cmd:"" help:"What a site gives to every visitor: secrets, personal data and server code in built files or on a running site."`
	Logs     auditLogsCmd     `cmd:"" help:"What request logs show: answers without a session, other people's ids, ids walked one by one, unusual exports; with a time line."`
	HTTP     auditHTTPCmd     `cmd:"" name:"http" help:"Attack a running app of yours as a stranger, a lower role and nobody, with another customer's real ids."`
	Race     auditRaceCmd     `cmd:"" help:"Send a request many times at one moment, and hold balances and limits against what came of it."`
	Webhook  auditWebhookCmd  `cmd:"" help:"Play Stripe or Razorpay to a running app: forged, old, repeated, shuffled and lost events."`
	Gate     auditGateCmd     `cmd:"" help:"One exit code for a release: reports, coverage, reviews of billing routes, incidents."`
	Run      auditAllCmd      `cmd:"" name:"all" help:"Every engine that the configuration has something for, in one report."`
	Smoke    auditSmokeCmd    `cmd:"" help:"After a deploy, within ten seconds: can everybody sign in, and do their pages open for them alone?"`
	Demo     auditDemoCmd     `cmd:"" help:"Start a small leaky shop on this machine, audit it, and write the report."`
	Init     auditInitCmd     `cmd:"" help:"Write a first audit.toml: from OpenAPI, a HAR file, a crawl, or nothing."`
	Report   auditReportCmd   `cmd:"" help:"Write JSON reports again in another format, several as one."`
	Diff     auditDiffCmd     `cmd:"" help:"Compare two JSON reports: what is new, worse, gone, or no longer tested. Or two schemas: what the new one opens."`
	Baseline auditBaselineCmd `cmd:"" help:"Accept what is there today, so that only new findings fail. The file can only shrink."`
	Explain  auditExplainCmd  `cmd:"" help:"Explain a rule: what is wrong, what it costs, how to fix it."`
}

// auditRules are the rules of every engine.
func auditRules() []finding.Rule {
	return slices.Concat(db.Rules(), source.Rules(), bundle.Rules(), logs.Rules(), live.Rules(), race.Rules(),
		webhook.Rules(), gate.Rules())
}

// auditFlags are the settings that every engine has.
type auditFlags struct {
	Format   string `default:"text" enum:"text,json,sarif,html,github,junit" help:"How to write the report: text, json, sarif, html, github or junit."`
	Output   string `short:"o" type:"path" placeholder:"FILE" help:"Write the report there instead of printing it."`
	FailOn   string `name:"fail-on" default:"low" enum:"note,low,medium,high,critical" help:"The lowest severity that makes the command fail (${default})."`
	Strict   bool   `help:"Fail as well, with exit code 4, when something could not be tested."`
	Baseline string `type:"path" placeholder:"FILE" help:"Findings that were there before (default: tijori-baseline.json, where it exists)."`
	Allow    string `type:"path" placeholder:"FILE" help:"The allow-list (default: audit.toml or .tijori-audit.toml, where one exists)."`
	All      bool   `help:"Use no baseline and no allow-list."`
}

const baselineFile = "tijori-baseline.json"

var allowFiles = []string{"audit.toml", ".tijori-audit.toml"}

// audit runs an engine, marks what is accepted, writes the report, and returns
// the error that stands for the exit code.
func (f *auditFlags) audit(
	e *env, rules []finding.Rule, engine func(context.Context, func(int, string)) (*finding.Report, error),
) error {
	baseline, err := f.baseline()
	if err != nil {
		return err
	}
	allow, err := f.allowList()
	if err != nil {
		return err
	}
	p := newProgress(e)
	r, err := engine(e, p.show)
	p.done()
	if err != nil {
		return err
	}
	allow.Apply(r, time.Now(), rules)
	baseline.Apply(r)
	r.Sort()
	if err := writeReport(e, r, f.Format, f.Output); err != nil {
		return err
	}
	return f.verdict(r.Open(), r.NotTested)
}

// verdict is the error that stands for the exit code: 3 for findings, 4 for
// what was not tested under --strict, nothing otherwise.
func (f *auditFlags) verdict(open []finding.Finding, notTested []finding.NotTested) error {
	var lowest finding.Severity
	if err := lowest.UnmarshalText([]byte(f.FailOn)); err != nil {
		return usagef("%v", err)
	}
	n := 0
	for _, found := range open {
		if found.Severity >= lowest {
			n++
		}
	}
	switch {
	case n > 0:
		return findings{fmt.Sprintf("%d of severity %s or above", n, lowest)}
	case f.Strict && len(notTested) > 0:
		return incomplete{fmt.Sprintf("%d not tested, and --strict allows none", len(notTested))}
	}
	return nil
}

// An incomplete error ends a command that ran without findings and could not test everything.
type incomplete struct{ text string }

func (i incomplete) Error() string { return i.text }

func (f *auditFlags) baseline() (*accept.Baseline, error) {
	if f.All {
		return nil, nil
	}
	name, chosen := f.Baseline, f.Baseline != ""
	if !chosen {
		name = baselineFile
	}
	b, err := readBaseline(name)
	if !chosen && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

func readBaseline(name string) (*accept.Baseline, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := accept.ReadBaseline(file)
	if err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	return b, nil
}

func (f *auditFlags) allowList() (*accept.AllowList, error) {
	name := f.Allow
	if name == "" && !f.All {
		for _, candidate := range allowFiles {
			if _, err := os.Stat(candidate); err != nil {
				continue
			}
			if name != "" {
				return nil,
					usagef("there are both %s and %s\nkeep one of them, or name it with --allow", name, candidate)
			}
			name = candidate
		}
	}
	if name == "" || f.All {
		return nil, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	l, err := accept.ReadAllowList(filepath.Base(name), file)
	if err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	return l, nil
}

// writeReport writes to a file as a whole, or to stdout.
func writeReport(e *env, r *finding.Report, format, output string) error {
	o := report.Options{Version: versionText(), Rules: auditRules()}
	if output == "" {
		o.Color = isTerminal(e.stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		return report.Write(e.stdout, format, r, o)
	}
	if err := writeWhole(output, func(w io.Writer) error { return report.Write(w, format, r, o) }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.stderr, "%s\nwrote %s\n", report.Summary(r), output)
	return err
}

// writeWhole writes a file beside the one of that name and then takes its place.
func writeWhole(name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".tijori-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := write(file); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Chmod(0o644); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// A progress shows what is under way on a terminal, and nothing in a pipe.
type progress struct {
	w    io.Writer
	last time.Time
}

func newProgress(e *env) *progress {
	if !terminal(e) {
		return &progress{}
	}
	return &progress{w: e.stderr}
}

func (p *progress) show(n int, what string) {
	if p.w == nil || time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	what = report.Line(what)
	if r := []rune(what); len(r) > 60 {
		what = "…" + string(r[len(r)-59:])
	}
	fmt.Fprintf(p.w, "\r\x1b[K%7d  %s", n, what)
}

func (p *progress) done() {
	if p.w != nil && !p.last.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

type auditBundleCmd struct {
	auditFlags `embed:""`

	Target string `arg:"" name:"dir|url" help:"A folder of built files or a project with one, or the address of a site."`
}

func (c *auditBundleCmd) Run(e *env) error {
	return c.audit(e, bundle.Rules(), func(ctx context.Context, progress func(int, string)) (*finding.Report, error) {
		return bundle.Audit(ctx, bundle.Options{Target: c.Target, Progress: progress})
	})
}

type auditLogsCmd struct {
	auditFlags `embed:""`

	Files   []string  `arg:"" name:"file" help:"Logs as JSON lines, in the common or combined format, or of nginx, Vercel, Cloudflare or Supabase; gzip too; - is standard input."`
	Guarded []string  `placeholder:"PATH" help:"Routes that need a session, such as /api/*. Others are recognised by what they refuse."`
	Public  []string  `placeholder:"PATH" help:"Routes that need none."`
	Since   time.Time `placeholder:"TIME" help:"Where the hour of the time line begins, as 2026-03-01T09:00:00Z (default: at the first finding)."`
}

func (c *auditLogsCmd) Run(e *env) error {
	return c.audit(e, logs.Rules(), func(ctx context.Context, progress func(int, string)) (*finding.Report, error) {
		return logs.Audit(ctx, logs.Options{
			Files: c.Files, Stdin: os.Stdin, Guarded: c.Guarded, Public: c.Public,
			Since: c.Since, Progress: progress,
		})
	})
}

type auditReportCmd struct {
	Files  []string `arg:"" name:"file.json" help:"Reports that were written with --format json; - is standard input."`
	Format string   `default:"text" enum:"text,json,sarif,html,github,junit" help:"How to write the report: text, json, sarif, html, github or junit."`
	Output string   `short:"o" type:"path" placeholder:"FILE" help:"Write it there instead of printing it."`
}

// Run writes and judges nothing: the exit code of the audit itself is the one to act on.
func (c *auditReportCmd) Run(e *env) error {
	reports, err := readReports(c.Files)
	if err != nil {
		return err
	}
	return writeReport(e, report.Merge(reports...), c.Format, c.Output)
}

func readReports(names []string) ([]*finding.Report, error) {
	var out []*finding.Report
	for _, name := range names {
		r, err := readReport(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func readReport(name string) (*finding.Report, error) {
	if name == "-" {
		return report.Read(os.Stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return report.Read(file)
}

type auditDiffCmd struct {
	Old    string `arg:"" name:"old" help:"The earlier report (a .json file), or the earlier schema: migrations, or postgres://…"`
	New    string `arg:"" name:"new" help:"The later one, of the same kind."`
	FailOn string `name:"fail-on" default:"low" enum:"note,low,medium,high,critical" help:"The lowest severity of a new or worse finding that makes the command fail (${default})."`
	Strict bool   `help:"Fail as well, with exit code 4, when something is no longer tested."`

	ConnectsAs []string `placeholder:"ROLE,…" help:"Of schemas: the login roles that serve requests."`
	Scratch    string   `placeholder:"URL" help:"Of schemas: a throw-away server to work on, as its superuser (default: a private one)."`
}

func (c *auditDiffCmd) Run(e *env) error {
	if !strings.HasSuffix(c.Old, ".json") || !strings.HasSuffix(c.New, ".json") {
		return c.schemas(e)
	}
	reports, err := readReports([]string{c.Old, c.New})
	if err != nil {
		return err
	}
	if reports[0].Command != reports[1].Command {
		return usagef("%s is of %q and %s of %q\ncompare two reports of one command",
			c.Old, reports[0].Command, c.New, reports[1].Command)
	}
	d := report.Compare(reports[0], reports[1])
	if err := report.WriteDifference(e.stdout, d,
		report.Options{Color: isTerminal(e.stdout) && os.Getenv("NO_COLOR") == ""}); err != nil {
		return err
	}
	return (&auditFlags{FailOn: c.FailOn, Strict: c.Strict}).verdict(slices.Concat(d.New, d.Worse), d.Blind)
}

type auditBaselineCmd struct {
	Files []string `arg:"" name:"file.json" help:"Reports that were written with --format json; - is standard input."`
	File  string   `name:"file" type:"path" default:"${baseline}" help:"The baseline (${default})."`
	Add   bool     `help:"Take findings in that are new since the baseline was written."`
}

func (c *auditBaselineCmd) Run(e *env) error {
	reports, err := readReports(c.Files)
	if err != nil {
		return err
	}
	b, err := readBaseline(c.File)
	first := errors.Is(err, fs.ErrNotExist)
	if first {
		b, err = &accept.Baseline{}, nil
	}
	if err != nil {
		return err
	}
	turn := b.Update(first || c.Add, reports...)
	if err := writeWhole(c.File, b.Write); err != nil {
		return err
	}
	name := filepath.Base(c.File)
	fmt.Fprintf(e.stdout, "%s: %d accepted; %d added, %d gone\n", name, len(b.Findings), turn.Added, turn.Removed)
	if len(turn.Refused) == 0 {
		return nil
	}
	for _, f := range turn.Refused {
		fmt.Fprintf(e.stdout, "not taken in: %s %s on %s\n", f.Severity, report.Line(f.Rule), report.Line(f.Object))
	}
	return findings{fmt.Sprintf("%d are new or worse than the baseline says\nfix them, or take them in with --add",
		len(turn.Refused))}
}

type auditExplainCmd struct {
	Rule string `arg:"" optional:"" name:"rule" help:"A rule's name, as reports print it; all are listed without one."`
}

func (c *auditExplainCmd) Run(e *env) error {
	rules := auditRules()
	if c.Rule == "" {
		for _, r := range rules {
			fmt.Fprintf(e.stdout, "%-7s %-9s %-34s %s\n", r.Engine, r.Severity, r.ID, r.Title)
		}
		return nil
	}
	known := slices.DeleteFunc(slices.Clone(rules), func(r finding.Rule) bool { return r.ID != c.Rule })
	if len(known) == 0 {
		var near []string
		for _, r := range rules {
			if strings.Contains(r.ID, strings.ToLower(c.Rule)) {
				near = append(near, r.ID)
			}
		}
		if len(near) > 0 {
			return usagef("there is no rule %q\ndo you mean %s?", c.Rule, strings.Join(near, ", "))
		}
		return usagef("there is no rule %q\ntijori audit explain lists all of them", c.Rule)
	}
	for _, r := range known { // the same flaw may be seen by several engines
		r.Why = strings.TrimSpace(r.Why + " " + past.Of(r.ID))
		if err := report.Explain(e.stdout, r); err != nil {
			return err
		}
	}
	return nil
}
