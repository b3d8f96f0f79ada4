// Package live audits a running app: people sign in, plant canaries, and
// everybody else tries to reach them with the real ids. A verdict rests on a
// canary that came back or on the owner's state afterwards, never on a status
// or a length; what could not be tried is not tested.
package live

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

// Options say what to audit.
type Options struct {
	Config   *target.Config
	Progress func(n int, what string)
}

// An engine is one audit under way.
type engine struct {
	r      *target.Range
	report *finding.Report
	found  map[string]int             // rule and object to the place in the report
	legit  map[string]map[string]bool // by person: canaries that they see where they may look
	show   func(int, string)
	spent  error
	looked map[string]int
	alive  map[string]bool // whether a person's session was alive when last asked
}

// Audit attacks the target as its configuration says.
func Audit(ctx context.Context, o Options) (*finding.Report, error) {
	if len(o.Config.Routes) == 0 {
		return nil, fmt.Errorf("%w: it names no [[route]]\ntijori audit init writes them from OpenAPI, a HAR file or a crawl",
			target.ErrUsage)
	}
	r, done, err := target.Open(ctx, o.Config)
	if err != nil {
		return nil, err
	}
	defer done()
	e := &engine{
		r: r, report: &finding.Report{Command: "audit http", Target: r.URL().String()}, found: map[string]int{},
		legit: map[string]map[string]bool{}, show: o.Progress, looked: map[string]int{}, alive: map[string]bool{},
	}
	if e.show == nil {
		e.show = func(int, string) {}
	}
	if err := e.reach(); err != nil {
		return nil, err
	}
	e.run()
	return e.finish(), nil
}

// reach refuses a target that does not answer at all: nothing could be judged.
func (e *engine) reach() error {
	if _, err := e.r.Send(e.nobody(), &target.Shot{Method: "GET", Path: "/"}); err != nil {
		return fmt.Errorf("%s does not answer: %w", e.r.URL(), err)
	}
	return nil
}

func (e *engine) nobody() *target.Someone { return e.r.People[target.Nobody] }

func (e *engine) run() {
	for _, p := range e.people() {
		if err := e.r.SignIn(p); err != nil && !e.ended(err) {
			e.notTested("person "+p.Person.Name, "%v", err)
		}
	}
	e.plant()
	e.learn()
	for _, route := range e.ordered() {
		if e.spent != nil {
			e.notTested(route.String(), "%v", e.spent)
			continue
		}
		e.show(e.r.Sent(), route.String())
		e.route(route)
		if route.IsDangerous() && route.Allow && e.spent == nil {
			e.replant()
		}
	}
	if e.spent == nil {
		e.surface()
	}
	if e.spent != nil {
		e.notTested("the rest of the audit", "%v", e.spent)
	}
}

// ordered are the routes: first those that show, then those that change, and what deletes at the end.
func (e *engine) ordered() (out []*target.Route) {
	for i := range e.r.Config.Routes {
		out = append(out, &e.r.Config.Routes[i])
	}
	rank := func(r *target.Route) int {
		switch {
		case !r.IsWrite():
			return 0
		case !r.IsDangerous():
			return 1
		}
		return 2
	}
	slices.SortStableFunc(out, func(a, b *target.Route) int { return rank(a) - rank(b) })
	return out
}

// people are those who sign in, in an order that two runs share.
func (e *engine) people() (out []*target.Someone) {
	for _, name := range slices.Sorted(maps.Keys(e.r.People)) {
		if name != target.Nobody {
			out = append(out, e.r.People[name])
		}
	}
	return out
}

func (e *engine) plant() {
	for i := range e.r.Config.Seeds {
		seed := &e.r.Config.Seeds[i]
		for _, name := range seed.As {
			e.sow(seed, e.r.People[name])
		}
	}
}

// replant plants again what attackers may have deleted of their own. Where it fails, as at the limit of a plan, what
// was planted before is still named.
func (e *engine) replant() {
	for i := range e.r.Config.Seeds {
		seed := &e.r.Config.Seeds[i]
		for _, name := range seed.As {
			if who := e.r.People[name]; who.Why == "" && e.spent == nil {
				if err := e.r.Plant(who, seed); err != nil {
					e.ended(err)
				}
			}
		}
	}
}

func (e *engine) sow(seed *target.Seed, who *target.Someone) {
	what := fmt.Sprintf("seed %s of %s", seed.Name, who.Person.Name)
	if who.Why != "" {
		e.notTested(what, "nobody is signed in as %s", who.Person.Name)
		return
	}
	e.looked["seeds"]++
	if err := e.r.Plant(who, seed); err != nil && !e.ended(err) {
		e.notTested(what, "%v", err)
	}
}

// learn lets everybody look where they may, so that a canary which somebody
// sees anyway proves nothing elsewhere.
func (e *engine) learn() {
	for name := range e.r.People {
		e.legit[name] = map[string]bool{}
	}
	for i := range e.r.Config.Routes {
		route := &e.r.Config.Routes[i]
		if route.IsWrite() {
			continue
		}
		names := route.May
		if route.Public {
			names = slices.Sorted(maps.Keys(e.r.People))
		}
		if len(names) == 0 || e.spent != nil {
			continue
		}
		owner := e.owner(route)
		for _, name := range names {
			who := e.r.People[name]
			if who.Why != "" {
				continue
			}
			of := owner
			if who.Person.Account != owner.Person.Account && !route.Public {
				of = who
			}
			shot, err := e.r.Shot(of, &route.Request, nil)
			if err != nil {
				continue // the route itself says what is missing
			}
			a, err := e.r.Follow(who, shot)
			if err != nil {
				e.ended(err)
				continue
			}
			for _, c := range e.canaries() {
				if a.Has(c) {
					e.legit[name][c] = true
				}
			}
		}
	}
}

func (e *engine) canaries() (out []string) {
	for _, p := range e.people() {
		out = append(out, p.Canary...)
	}
	return out
}

// owner is who the ids of a route belong to.
func (e *engine) owner(route *target.Route) *target.Someone {
	if len(route.May) > 0 {
		return e.r.People[route.May[0]]
	}
	return e.nobody()
}

// ended notes that the bounds are used up.
func (e *engine) ended(err error) bool {
	if errors.Is(err, target.ErrSpent) {
		e.spent = err
		return true
	}
	return false
}

func (e *engine) notTested(what, reason string, args ...any) {
	n := finding.NotTested{What: what, Reason: fmt.Sprintf(reason, args...)}
	if !slices.Contains(e.report.NotTested, n) {
		e.report.NotTested = append(e.report.NotTested, n)
	}
}

// add reports a finding, or adds to the one that is there: one for each rule and object.
func (e *engine) add(rule, object string, change func(f *finding.Finding)) {
	id := rule + "\x00" + object
	i, ok := e.found[id]
	if !ok {
		of := ruleByID(rule)
		e.report.Findings = append(e.report.Findings, finding.Finding{
			Rule: rule, Severity: of.Severity, Title: of.Title, Object: object, Why: of.Why, Fix: of.Fix,
			ASVS: of.ASVS, CWE: of.CWE,
		})
		i = len(e.report.Findings) - 1
		e.found[id] = i
	}
	change(&e.report.Findings[i])
}

func once(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func (e *engine) finish() *finding.Report {
	for _, what := range slices.Sorted(maps.Keys(e.looked)) {
		e.report.Looked = append(e.report.Looked, finding.Count{What: what, N: e.looked[what]})
	}
	e.report.Looked = append(e.report.Looked,
		finding.Count{What: "routes", N: len(e.r.Config.Routes)},
		finding.Count{What: "people", N: len(e.r.Config.People)}, finding.Count{What: "requests", N: e.r.Sent()})
	e.report.Did = e.r.Did()
	e.report.Sort()
	return e.report
}

// saw is a piece of an answer around what proves the finding.
func saw(a *target.Answer, proof string) string {
	text := strings.ToValidUTF8(string(a.Body), "·")
	at := strings.Index(text, proof)
	if at < 0 {
		return fmt.Sprintf("%d, and in a header %q", a.Status, proof)
	}
	from, to := max(0, at-60), min(len(text), at+len(proof)+60)
	for from > 0 && text[from]&0xc0 == 0x80 {
		from--
	}
	for to < len(text) && text[to]&0xc0 == 0x80 {
		to++
	}
	return fmt.Sprintf("%d: …%s…", a.Status, strings.Join(strings.Fields(text[from:to]), " "))
}
