// Package confirm ties what `audit source` has read to what runs: each finding
// names the dynamic check that can prove it on the configured target, and once
// that check has run, what came of it.
package confirm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Plan gives each finding the check that proves it, as far as the configuration has one. name is the file that the
// configuration was read from, for the command line.
func Plan(r *finding.Report, c *target.Config, name string) {
	for i := range r.Findings {
		f := &r.Findings[i]
		p, ok := proofs[f.Rule]
		if !ok {
			continue
		}
		f.Check = &finding.Check{Engine: p.engine, Rules: p.rules, Result: finding.NotRun}
		at, found := item(c, p.engine, f)
		if !found {
			f.Check.Result, f.Check.Detail = finding.Untested, missing(p.engine, f, name)
			continue
		}
		f.Check.On = at
		f.Check.Command = command(p.engine, at, name)
	}
}

func command(engine, at, name string) string {
	switch {
	case engine == "bundle":
		return "tijori audit all --only bundle --config " + quote(name)
	case at == "":
		return "tijori audit " + engine + " --config " + quote(name)
	}
	return fmt.Sprintf("tijori audit %s --config %s --route %s", engine, quote(name), quote(at))
}

// quote is a word for a shell.
func quote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./=:", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var tables = map[string]string{
	"http": "[[route]]", "race": "[[race]]", "webhook": "[[webhook]]", "bundle": "bundle in [all]",
}

func missing(engine string, f *finding.Finding, name string) string {
	switch {
	case engine == "bundle":
		return fmt.Sprintf("%s names no %s", name, tables[engine])
	case f.Route == "":
		return "the code does not say by which route this is reached"
	}
	return fmt.Sprintf("no %s of %s is %s", tables[engine], name, f.Route)
}

// item is the part of the configuration that reaches the finding's route.
func item(c *target.Config, engine string, f *finding.Finding) (at string, found bool) {
	switch engine {
	case "bundle":
		return "", c.All.Bundle != ""
	case "http":
		if wholeSite[f.Rule] && len(c.Routes) > 0 {
			return "", true
		}
		for i := range c.Routes {
			if Matches(f.Route, &c.Routes[i].Request) {
				return c.Routes[i].String(), true
			}
		}
	case "race":
		for i := range c.Races {
			if Matches(f.Route, &c.Races[i].Request) {
				return c.Races[i].String(), true
			}
		}
	case "webhook":
		for i := range c.Webhooks {
			if Matches(f.Route, &target.Request{Method: "POST", Path: c.Webhooks[i].Path}) {
				return "POST " + c.Webhooks[i].Path, true
			}
		}
		// a helper of the only webhook there is
		if f.Route == "" && len(c.Webhooks) == 1 {
			return "POST " + c.Webhooks[0].Path, true
		}
	}
	return "", false
}

// Matches tells whether a request of the configuration reaches a route as the code registers it. A part of the path
// that varies matches every other; a route whose prefix the code does not show matches at its end.
func Matches(route string, r *target.Request) bool {
	verb, path, ok := strings.Cut(route, " ")
	if !ok {
		verb, path = "", route
	}
	if path == "" || verb != "" && verb != "ALL" && verb != r.Verb() {
		return false
	}
	with, _, _ := strings.Cut(r.Path, "?")
	a, b := segments(path), segments(with)
	if len(a) < len(b) && len(a) > 1 && !slices.Contains(a, "") {
		b = b[len(b)-len(a):]
	}
	if len(a) != len(b) {
		return false
	}
	fixed := len(a) == 0
	for i := range a {
		switch {
		case a[i] == b[i]:
			fixed = fixed || a[i] != ""
		case a[i] != "" && b[i] != "":
			return false
		}
	}
	return fixed // at least one word in common
}

// segments are the parts of a path; what varies is empty.
func segments(path string) []string {
	var out []string
	for _, s := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' }) {
		switch {
		case strings.HasPrefix(s, "(") && strings.HasSuffix(s, ")"): // a group of Next.js, which is in no address
			continue
		case strings.ContainsAny(s, "{[:*$"):
			s = ""
		}
		out = append(out, s)
	}
	return out
}

// Results writes beside the findings of audit source what the other reports say of their checks.
func Results(source *finding.Report, others ...*finding.Report) {
	for i := range source.Findings {
		f := &source.Findings[i]
		if f.Check == nil || f.Check.Result == finding.Untested {
			continue
		}
		for _, r := range others {
			if r.Command == "audit "+f.Check.Engine {
				judge(f, r)
			}
		}
	}
}

func judge(f *finding.Finding, r *finding.Report) {
	c := f.Check
	for _, g := range r.Findings {
		if !slices.Contains(c.Rules, g.Rule) || c.On != "" && g.Object != c.On {
			continue
		}
		c.Result = finding.Proved
		c.Detail = fmt.Sprintf("%s on %s (finding %s)", g.Rule, g.Object, g.Fingerprint())
		if f.Proof == nil {
			f.Proof = g.Proof
		}
		return
	}
	for _, n := range r.NotTested {
		if n.What == "audit "+c.Engine || n.What == "the rest of the audit" || c.On != "" && strings.Contains(n.What,
			strings.TrimPrefix(c.On, "POST ")) {
			c.Result, c.Detail = finding.Untested, n.Reason
			return
		}
	}
	c.Result = finding.Withstood
	c.Detail = "something else may protect it: look at the code all the same"
}
