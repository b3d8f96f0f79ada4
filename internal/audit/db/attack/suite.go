package attack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
)

// Suite is the attack as tests of their own: the rows, every read of every
// other tenant's row, and what else got through. What everybody sees on
// purpose, which found tells, is left out.
func (a *Attacker) Suite(found func(object, verb string) bool) *suite.Suite {
	s := &suite.Suite{}
	for _, r := range a.Seeder.Rows {
		s.Rows = append(s.Rows, insertRow(r))
	}
	seen := map[string]bool{}
	add := func(p *Persona, what string, steps []string) {
		k := p.Actor.Role + strings.Join(steps, "\x00")
		if seen[k] || len(s.Attempts) > 400 {
			return
		}
		seen[k] = true
		for i := range steps {
			steps[i] = strings.TrimSuffix(steps[i], ";")
		}
		s.Attempts = append(s.Attempts, suite.Attempt{Name: p.Who + " as " + p.Actor.Role + " " + what, Steps: steps})
	}
	for _, p := range a.Personas {
		if !p.Actor.Primary || p.Former || p.Extra != nil || p.Context != nil && p.Context.Parent != nil {
			continue
		}
		for _, r := range a.relations(p, "select") {
			rows := a.rows(r, "b")
			if !r.Table() || len(rows) == 0 || rows[0].Key() == "" || !a.Model.Tied(r) ||
				len(a.sights[p][r]) > 0 && !found(r.FullName(), "select") {
				continue
			}
			add(p, "reads "+r.FullName(), append(a.session(p), "select from "+r.SQL()+" where "+rows[0].Key()))
		}
	}
	for _, h := range a.Hits {
		if steps := a.again(h); len(steps) > 0 && h.Persona.Actor.Primary && !h.Persona.Former &&
			(h.Function != nil && found(h.Function.Identity, "execute") ||
				h.Relation != nil && found(h.Relation.FullName(), h.Verb)) {
			what := h.Verb + " on "
			if h.Function != nil {
				what = "calls " + h.Function.Identity
			} else {
				what += h.Relation.FullName()
			}
			add(h.Persona, what, steps)
		}
	}
	return s
}

// again are the steps of a hit, of which the last touches a row only if the
// attack still works.
func (a *Attacker) again(h Hit) []string {
	steps := slices.Clone(h.Steps)
	last := len(steps) - 1
	if last < 0 || h.How == "oracle" || h.How == "shadow" {
		return nil
	}
	theirs := a.Seeder.Seen(h.Saw, "b")
	if h.Verb == "select" || h.Function != nil && h.How == "read" {
		if len(theirs) == 0 {
			return nil
		}
		for i := range theirs {
			theirs[i] = regexp.QuoteMeta(theirs[i])
		}
		steps[last] = fmt.Sprintf("select from (%s) x where x::text ~ %s", strings.TrimSuffix(steps[last], ";"),
			catalog.Literal(strings.Join(theirs, "|")))
	}
	return steps
}

func insertRow(r *seed.Row) string {
	var names, values []string
	for _, c := range r.Relation.Columns {
		v, ok := r.Values[c.Name]
		if !ok || v == nil || c.Generated {
			continue
		}
		names = append(names, catalog.Quote(c.Name))
		values = append(values, seed.Literal(v, c))
	}
	return fmt.Sprintf("insert into %s (%s) overriding system value values (%s) on conflict do nothing",
		r.Relation.SQL(),
		strings.Join(names, ", "), strings.Join(values, ", "))
}
