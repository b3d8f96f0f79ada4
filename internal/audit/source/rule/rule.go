// Package rule is what every rule of the source auditor is made of: an
// explanation, a check over the recorded flow of a program, and the means to
// report what it found.
package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// A Rule explains itself and checks a program.
type Rule struct {
	finding.Rule
	Check func(*Pass)
}

// A Pass is one rule at work on one program.
type Pass struct {
	*flow.Program
	Rule  *Rule
	found map[string]bool
	add   func(finding.Finding)
	sites map[string]bool // shared by all rules of a run: what stands at which line
}

// A Hit is what a rule reports.
type Hit struct {
	At       flow.Pos
	Entry    *flow.Entry
	Severity finding.Severity // 0 takes the rule's
	Note     bool
	Title    string
	Why, Fix string
	Key      string
	Object   string
	Verbs    []string
	Way      []finding.Place
	Actors   []string
}

// Run runs the rules over a program and gives every finding to add.
func Run(p *flow.Program, rules []*Rule, add func(finding.Finding), failed func(rule string, err any)) {
	sites := map[string]bool{}
	for _, r := range rules {
		pass := &Pass{Program: p, Rule: r, found: map[string]bool{}, add: add, sites: sites}
		func() {
			defer func() {
				if err := recover(); err != nil {
					failed(r.ID, err)
				}
			}()
			r.Check(pass)
		}()
	}
}

// Place is a position as findings show it.
func Place(p flow.Pos, what string) finding.Place {
	if p.File == nil {
		return finding.Place{What: what}
	}
	line, col := p.File.Line(p.At)
	text := strings.TrimSpace(strings.ToValidUTF8(p.File.LineText(line), "?"))
	if len(text) > 200 {
		cut := 200
		for cut > 0 && text[cut]&0xc0 == 0x80 {
			cut--
		}
		text = text[:cut]
	}
	return finding.Place{File: p.File.Path, Line: line, Column: col, Text: Mask(text), What: what}
}

var secret = lazyregexp.New(`(sk_live_|sk_test_|rk_live_|whsec_|sb_secret_|eyJ[A-Za-z0-9_-]{6}|AKIA|ghp_|xox[bp]-|rzp_live_)[A-Za-z0-9_.\-]{6,}`)

// Mask hides most of a secret that stands in a line.
func Mask(s string) string {
	return secret.ReplaceAllStringFunc(s, func(m string) string { return m[:min(len(m), 10)] + "…" })
}

// Report adds a finding, once for its rule and place.
func (p *Pass) Report(h Hit) {
	if h.At.File == nil {
		return
	}
	line := h.At.Line()
	id := fmt.Sprintf("%s:%d:%s", h.At.File.Path, line, h.Key)
	if p.found[id] {
		return
	}
	p.found[id] = true
	p.sites[fmt.Sprintf("%s:%s:%d", p.Rule.ID, h.At.File.Path, line)] = true
	f := finding.Finding{
		Rule: p.Rule.ID, Severity: h.Severity, Title: h.Title, Why: h.Why, Fix: h.Fix, Place: Place(h.At, ""),
		Way: h.Way, Verbs: h.Verbs, ASVS: p.Rule.ASVS, CWE: p.Rule.CWE, Key: h.Key, Object: h.Object, Actors: h.Actors,
	}
	if f.Severity == 0 && !h.Note {
		f.Severity = p.Rule.Severity
	}
	if f.Title == "" {
		f.Title = p.Rule.Title
	}
	if f.Why == "" {
		f.Why = p.Rule.Why
	}
	if f.Fix == "" {
		f.Fix = p.Rule.Fix
	}
	if f.Object == "" {
		f.Object = Object(h.Entry, h.At)
	}
	if h.Entry != nil && h.Entry.Path != "" && h.Entry.Kind != "client" {
		f.Route = strings.TrimPrefix(h.Entry.Label(), "ALL ")
	}
	if h.Entry != nil && h.Entry.Method != "" && h.Entry.Kind != "action" && f.Verbs == nil &&
		!strings.HasPrefix(f.Object, h.Entry.Method+" ") {
		f.Verbs = []string{h.Entry.Method}
	}
	p.add(f)
}

// At tells whether a rule reported something on the line already.
func (p *Pass) At(rule string, pos flow.Pos) bool {
	if pos.File == nil {
		return false
	}
	return p.sites[fmt.Sprintf("%s:%s:%d", rule, pos.File.Path, pos.Line())]
}

// Object names what is at fault: the route, or the file and its function.
func Object(e *flow.Entry, at flow.Pos) string {
	if e != nil && e.Path != "" {
		return e.Label()
	}
	if e != nil && e.Fn != nil && e.Fn.File == at.File && e.Fn.Name != "" {
		return e.Label()
	}
	return at.File.Path
}

// Way is the way of a value from its origin to a place.
func Way(o *flow.Origin, at flow.Pos, what string) []finding.Place {
	var list []finding.Place
	if o != nil {
		label := "comes from the " + o.Kind.String()
		if o.Path != "" {
			label += ": " + o.Path
		}
		list = append(list, Place(o.Pos, label))
		var hops []*flow.Hop
		for h := o.Hops; h != nil; h = h.Prev {
			hops = append(hops, h)
		}
		slices.Reverse(hops)
		for _, h := range hops {
			if h.Pos.File == nil || h.What == "" {
				continue
			}
			list = append(list, Place(h.Pos, h.What))
		}
	}
	end := Place(at, what)
	if n := len(list); n == 0 || list[n-1].File != end.File || list[n-1].Line != end.Line || n == 1 {
		list = append(list, end)
	}
	return list
}

// Ops calls f for every event of every entry of the program itself, tests
// apart.
func (p *Pass) Ops(f func(e *flow.Entry, op *flow.Op)) {
	for _, e := range p.Entries {
		for _, op := range e.Ops {
			f(e, op)
		}
	}
}

// Site is where an event belongs for a reader: the call in the program's own
// code when the event itself stands in generated code.
func Site(op *flow.Op) flow.Pos {
	pos := op.Pos
	if !generated(pos) {
		return pos
	}
	for i := len(op.Sites) - 1; i >= 0; i-- {
		if !generated(op.Sites[i]) && op.Sites[i].File != nil {
			return op.Sites[i]
		}
	}
	return pos
}

var gen = lazyregexp.New(`(?i)code generated|@generated|do not edit`)

func generated(p flow.Pos) bool {
	if p.File == nil {
		return true
	}
	for i, c := range p.File.Comments {
		if i > 3 {
			break
		}
		if gen.MatchString(c.Text) {
			return true
		}
	}
	return false
}

// Fn names the function of an event.
func Fn(op *flow.Op) string {
	if op.Fn == nil {
		return ""
	}
	return op.Fn.Name
}

// Once is true the first time that a rule asks for a key.
func (p *Pass) Once(key string) bool {
	if p.found["once:"+key] {
		return false
	}
	p.found["once:"+key] = true
	return true
}
