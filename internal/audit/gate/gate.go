// Package gate decides about a release: reports without a finding and without
// anything untested, coverage of the packages that matter, a person's review of
// every billing route that is younger than its handler, and no open incident.
package gate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/report"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Options say what to hold.
type Options struct {
	Gate target.Gate
	Dir  string // of the configuration, which its paths are relative to
	Now  time.Time

	Open    []Incident // that are open elsewhere than in the folder of the configuration
	NotRead string     // why those could not be asked for; "" when they were, or need not be
}

// An Incident is open.
type Incident struct{ Name, Title string }

type gate struct {
	o      Options
	report *finding.Report
}

// defaultLeast is the coverage of critical packages, in percent.
const defaultLeast = 95

// Audit holds the gate.
func Audit(_ context.Context, o Options) (*finding.Report, error) {
	g := &gate{o: o, report: &finding.Report{Command: "audit gate", Target: o.Dir}}
	if len(o.Gate.Reports)+len(o.Gate.Packages)+len(o.Gate.Billing) == 0 {
		return nil, fmt.Errorf("%w: [gate] names no reports, packages or billing routes, so it would let everything pass",
			target.ErrUsage)
	}
	for _, step := range []func() error{g.reports, g.coverage, g.reviews, g.incidents} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	g.report.Sort()
	return g.report, nil
}

func (g *gate) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(g.o.Dir, name)
}

func (g *gate) source(name string) string {
	if g.o.Gate.Root == "" {
		return g.path(name)
	}
	return filepath.Join(g.path(g.o.Gate.Root), name)
}

func (g *gate) notTested(what, reason string, args ...any) {
	g.report.NotTested = append(g.report.NotTested, finding.NotTested{What: what, Reason: fmt.Sprintf(reason, args...)})
}

func (g *gate) count(what string, n int) {
	g.report.Looked = append(g.report.Looked, finding.Count{What: what, N: n})
}

func (g *gate) add(rule, object, key, saw string) {
	of := rules[slices.IndexFunc(rules, func(r finding.Rule) bool { return r.ID == rule })]
	g.report.Findings = append(g.report.Findings, finding.Finding{
		Rule: rule, Severity: of.Severity, Title: of.Title, Object: object, Key: key, Why: of.Why, Fix: of.Fix,
		ASVS: of.ASVS, CWE: of.CWE, Affects: []string{saw},
	})
}

// reports lets no finding and nothing untested through.
func (g *gate) reports() error {
	n := 0
	for _, pattern := range g.o.Gate.Reports {
		names, err := filepath.Glob(g.path(pattern))
		if err != nil {
			return fmt.Errorf("%w: %s: %w", target.ErrUsage, pattern, err)
		}
		if len(names) == 0 {
			g.notTested("report "+pattern, "there is no such file: run the audit with --format json -o first")
		}
		for _, name := range names {
			if err := g.read(name); err != nil {
				g.notTested("report "+name, "%v", err)
			}
			n++
		}
	}
	g.count("reports", n)
	return nil
}

func (g *gate) read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := report.Read(f)
	if err != nil {
		return err
	}
	g.report.Findings = append(g.report.Findings, r.Findings...)
	g.report.NotTested = append(g.report.NotTested, r.NotTested...)
	return nil
}

// coverage holds each package against the least.
func (g *gate) coverage() error {
	if len(g.o.Gate.Packages) == 0 {
		return nil
	}
	least := g.o.Gate.Least
	if least <= 0 {
		least = defaultLeast
	}
	all := profile{}
	for _, name := range g.o.Gate.Coverage {
		if err := all.read(g.path(name)); err != nil {
			g.notTested("coverage "+name, "%v", err)
		}
	}
	for _, pkg := range g.o.Gate.Packages {
		covered, total := all.of(pkg)
		switch share := 100 * float64(covered) / float64(max(total, 1)); {
		case total == 0:
			g.notTested("coverage of "+pkg, "no profile names a file of it")
		case share < least:
			g.add("gate-coverage", pkg, "", fmt.Sprintf("%.1f %% of %d are covered, and %.0f %% have to be", share,
				total, least))
		}
	}
	g.count("packages", len(g.o.Gate.Packages))
	return nil
}

// A Review is a person's look at a billing route.
type Review struct {
	Route    string `toml:"route"`
	Reviewer string `toml:"reviewer"`
	Date     string `toml:"date"`
	Hash     string `toml:"handler"` // as tijori audit gate prints it
	Reads    string `toml:"who_can_read"`
	Writes   string `toml:"who_can_write"`
	Tampered string `toml:"if_an_id_is_tampered_with"`
}

func (g *gate) reviews() error {
	if len(g.o.Gate.Billing) == 0 {
		return nil
	}
	name := g.o.Gate.Reviews
	if name == "" {
		name = "reviews.toml"
	}
	var file struct {
		Review []Review `toml:"review"`
	}
	meta, err := toml.DecodeFile(g.path(name), &file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		g.report.Notes = append(g.report.Notes, name+" does not exist yet")
	case err != nil:
		return fmt.Errorf("%w: %s: %w", target.ErrUsage, name, err)
	case len(meta.Undecoded()) > 0:
		return fmt.Errorf("%w: %s: unknown setting %s", target.ErrUsage, name, meta.Undecoded()[0])
	}
	for _, route := range g.o.Gate.Billing {
		hash, err := Hash(g.source(""), route.Handler)
		if err != nil {
			g.notTested("review of "+route.Route, "%v", err)
			continue
		}
		g.judge(route, hash, file.Review)
	}
	for _, r := range file.Review {
		if !slices.ContainsFunc(g.o.Gate.Billing, func(b target.BillingRoute) bool { return b.Route == r.Route }) {
			g.report.Notes = append(g.report.Notes,
				name+" reviews "+r.Route+", which [gate] does not name; take it out")
		}
	}
	g.count("billing routes", len(g.o.Gate.Billing))
	return nil
}

// judge looks for a whole review of the handler as it is. The newest entry of a route counts.
func (g *gate) judge(route target.BillingRoute, hash string, reviews []Review) {
	var newest *Review
	for i := range reviews {
		if reviews[i].Route == route.Route && (newest == nil || reviews[i].Date >= newest.Date) {
			newest = &reviews[i]
		}
	}
	template := fmt.Sprintf("[[review]] route = %q, handler = %q, reviewer, date, who_can_read, who_can_write, if_an_id_is_tampered_with",
		route.Route, hash)
	if newest == nil {
		g.add("gate-review-missing", route.Route, route.Handler, "write "+template)
		return
	}
	day, err := time.Parse(time.DateOnly, newest.Date)
	var lacks []string
	for what, v := range map[string]string{
		"reviewer": newest.Reviewer, "who_can_read": newest.Reads, "who_can_write": newest.Writes,
		"if_an_id_is_tampered_with": newest.Tampered,
	} {
		if strings.TrimSpace(v) == "" {
			lacks = append(lacks, what)
		}
	}
	slices.Sort(lacks)
	switch {
	case len(lacks) > 0:
		g.add("gate-review-missing", route.Route, route.Handler, "the review lacks "+strings.Join(lacks, ", "))
	case err != nil || day.After(g.o.Now.Add(24*time.Hour)):
		g.add("gate-review-missing", route.Route, route.Handler,
			fmt.Sprintf("the review's date %q is no day such as 2027-01-31, or in the future",
				newest.Date))
	case newest.Hash != hash:
		g.add("gate-review-stale", route.Route, route.Handler,
			fmt.Sprintf("%s has reviewed %q on %s; it is %q now", newest.Reviewer, newest.Hash, newest.Date, hash))
	}
}

// incidents are what Tijori has open, and files of a folder; one of those is closed when it says on which day.
func (g *gate) incidents() error {
	for _, i := range g.o.Open {
		g.add("gate-incident", i.Name, "", i.Title)
	}
	if g.o.NotRead != "" {
		g.notTested("incidents of Tijori", "%s", g.o.NotRead)
	}
	if g.o.Gate.Incident == "" {
		return nil
	}
	entries, err := os.ReadDir(g.path(g.o.Gate.Incident))
	if err != nil {
		g.notTested("incidents", "%v", err)
		return nil
	}
	n := 0
	for _, entry := range entries {
		if entry.IsDir() || !slices.Contains([]string{".md", ".toml", ".txt"}, filepath.Ext(entry.Name())) {
			continue
		}
		n++
		b, err := os.ReadFile(filepath.Join(g.path(g.o.Gate.Incident), entry.Name()))
		if err != nil {
			g.notTested("incident "+entry.Name(), "%v", err)
			continue
		}
		if !closed.Match(b) {
			g.add("gate-incident", entry.Name(), "", `no line says "closed: 2027-01-31"`)
		}
	}
	g.count("incidents", n)
	return nil
}
