package attack

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/db/suite"
)

// most is how many attempts a suite holds: what got through comes first.
const most = 3000

// Suite is the attack as tests of their own: the rows, what got through, and
// every read, change and removal of another tenant's row. What everybody sees
// on purpose, which found tells, is left out.
func (a *Attacker) Suite(found func(object, verb string) bool) *suite.Suite {
	s := &suite.Suite{}
	for _, r := range a.Seeder.Rows {
		s.Rows = append(s.Rows, insertRow(r))
	}
	seen := map[string]bool{}
	add := func(p *Persona, what string, steps []string) {
		k := p.Actor.Role + strings.Join(steps, "\x00")
		if seen[k] || len(s.Attempts) == most {
			return
		}
		seen[k] = true
		for i := range steps {
			steps[i] = strings.TrimSuffix(steps[i], ";")
		}
		s.Attempts = append(s.Attempts, suite.Attempt{Name: p.Who + " as " + p.Actor.Role + " " + what, Steps: steps})
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
	for _, h := range a.Raised {
		if found(h.Relation.FullName(), h.Verb) {
			add(h.Persona, "raises "+h.Columns[0].Name+" of "+h.Relation.FullName(), h.Steps)
		}
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
		for _, r := range a.Model.Schema.Relations {
			rows := a.rows(r, "b")
			if !r.Table() || len(rows) == 0 || rows[0].Key() == "" || !a.Model.Tied(r) {
				continue
			}
			for verb, sql := range a.spoils(p, r, rows[0].Key()) {
				if !a.known(p, r, verb) || found(r.FullName(), verb) {
					add(p, verb+"s rows of "+r.FullName(), append(a.session(p), sql))
				}
			}
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

// spoils are statements that change and remove another tenant's row, for the
// verbs that the persona's role may use at all.
func (a *Attacker) spoils(p *Persona, r *catalog.Relation, where string) iter.Seq2[string, string] {
	return func(yield func(verb, sql string) bool) {
		if cols := a.changeable(p, r); len(cols) > 0 && a.Privs.Some(p.Actor.Role, r, "update") {
			c := catalog.Quote(cols[0].Name)
			if !yield("update", "update "+r.SQL()+" set "+c+" = "+c+" where "+where) {
				return
			}
		}
		if a.Privs.Some(p.Actor.Role, r, "delete") {
			yield("delete", "delete from "+r.SQL()+" where "+where)
		}
	}
}

// raised is a step that touches a row only if a column of one's own row really
// becomes what it is set to.
func raised(sql string, c *catalog.Column, value string) string {
	return fmt.Sprintf("with x as (%s returning %s::text as v) select from x where v = (%s)::text",
		sql, catalog.Quote(c.Name), value)
}
