// Package pass is what a rule gets to look at, and how it reports.
package pass

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A Pass is one look at a schema.
type Pass struct {
	Schema   *catalog.Schema
	Model    *model.Model
	Privs    *catalog.Privileges
	Load     *load.Result
	Court    *verdict.Court
	Verdicts []verdict.Verdict
	// OwnColumns are what findings about one's own rows are about.
	OwnColumns map[*finding.Finding][]OwnColumn
	findings   map[string]*finding.Finding
	order      []string
}

// A Rule is a finding.Rule with its code.
type Rule struct {
	finding.Rule
	Find func(*Pass) // nil: found by the attack, or by another rule's look
}

// Add reports a finding; a second one with the same rule, object and key adds
// its verbs, actors and objects to the first.
func (p *Pass) Add(f finding.Finding) *finding.Finding {
	k := f.Rule + "\x00" + f.Object + "\x00" + f.Key
	if p.findings == nil {
		p.findings = map[string]*finding.Finding{}
	}
	old := p.findings[k]
	if old == nil {
		p.findings[k] = &f
		p.order = append(p.order, k)
		return &f
	}
	old.Verbs = Union(old.Verbs, f.Verbs)
	old.Actors = Union(old.Actors, f.Actors)
	old.Affects = Union(old.Affects, f.Affects)
	old.Severity = max(old.Severity, f.Severity)
	if old.Proof == nil {
		old.Proof = f.Proof
	}
	if old.Place.File == "" {
		old.Place = f.Place
	}
	return old
}

// Drop takes a finding back.
func (p *Pass) Drop(f *finding.Finding) {
	k := f.Rule + "\x00" + f.Object + "\x00" + f.Key
	delete(p.findings, k)
	p.order = slices.DeleteFunc(p.order, func(s string) bool { return s == k })
}

// Findings are all reported so far, in the order in which they came.
func (p *Pass) Findings() []*finding.Finding {
	var out []*finding.Finding
	for _, k := range p.order {
		out = append(out, p.findings[k])
	}
	return out
}

// On says whether something is already reported about an object and a verb;
// rules narrow the question when given.
func (p *Pass) On(object, verb string, rules ...string) bool {
	for _, f := range p.Findings() {
		if len(rules) > 0 && !slices.Contains(rules, f.Rule) {
			continue
		}
		if f.Object == object && (verb == "" || slices.Contains(f.Verbs, verb)) ||
			slices.Contains(f.Affects, object+" "+verb) {
			return true
		}
	}
	return false
}

// Union joins lists without repeating.
func Union(a, b []string) []string {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}

// TablePlace is where a relation was made.
func (p *Pass) TablePlace(r *catalog.Relation) finding.Place {
	return p.Load.Place(load.Class, uint32(r.OID), r.Kind == "v", -1)
}

// PolicyPlace is where a policy was last written.
func (p *Pass) PolicyPlace(x *catalog.Policy, at int) finding.Place {
	return p.Load.Place(load.Policy, uint32(x.OID), true, at)
}

// FunctionPlace is where a function was last written.
func (p *Pass) FunctionPlace(f *catalog.Function) finding.Place {
	return p.Load.Place(load.Proc, uint32(f.OID), true, -1)
}

// Actor names who can go a way, for reports.
func Actor(visitor bool) string {
	if visitor {
		return "anonymous"
	}
	return "signed in"
}

// Quoted lists column names for a sentence.
func Quoted(cols []*catalog.Column) string {
	var out []string
	for _, c := range cols {
		if !slices.Contains(out, c.Name) {
			out = append(out, c.Name)
		}
	}
	return strings.Join(out, ", ")
}

// Verdict turns a verdict on a policy into a finding.
func (p *Pass) Verdict(v verdict.Verdict) *finding.Finding {
	f := finding.Finding{
		Rule: v.Rule, Object: v.Relation.FullName(), Verbs: []string{v.Verb}, Actors: []string{Actor(v.Visitor)},
		Severity: finding.High, Key: v.Policy.Name, Place: p.PolicyPlace(v.Policy, v.At),
	}
	if v.Weak {
		f.Severity = finding.Medium
	}
	text := v.Policy.UsingText
	if v.Check && v.Policy.CheckText != "" {
		text = v.Policy.CheckText
	}
	f.Title = fmt.Sprintf("policy %q on %s lets others through: %s", v.Policy.Name, f.Object, short(text))
	if len(v.Columns) > 0 {
		f.Title = fmt.Sprintf(
			"policy %q on %s leaves %s free in new rows",
			v.Policy.Name,
			f.Object,
			Quoted(v.Columns),
		)
	}
	if v.Function != nil && !v.Function.Extension {
		f.Affects = []string{f.Object + " " + v.Verb}
		f.Object, f.Key = v.Function.Identity, ""
		f.Place = p.FunctionPlace(v.Function)
		f.Title = fmt.Sprintf(
			"%s, which policy %q asks, does not compare what it seems to",
			v.Function.Identity,
			v.Policy.Name,
		)
	}
	return p.Add(f)
}

func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 140 {
		s = strings.ToValidUTF8(s[:140], "") + " …"
	}
	return s
}
