package db

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/scratch"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A Change is what a new schema lets somebody do that the old one did not, or
// no longer lets him.
type Change struct {
	Opens  bool
	Either bool // what it does cannot be said: somebody has to read it
	Object string
	What   string // a sentence
	Place  finding.Place
}

// rank puts what opens first.
func (c Change) rank() int {
	switch {
	case c.Opens:
		return 0
	case c.Either:
		return 1
	}
	return 2
}

// A Comparison is what changed between two schemas.
type Comparison struct {
	Changes  []Change
	Old, New *finding.Report // what reading finds in each
}

// Opens counts the changes that open something.
func (c *Comparison) Opens() int {
	n := 0
	for _, x := range c.Changes {
		if x.Opens {
			n++
		}
	}
	return n
}

// Compare reads two schemas and says in words what the new one opens and closes:
// policies, grants, functions, triggers, views and roles.
func Compare(ctx context.Context, old, newer Options) (*Comparison, error) {
	dsn := newer.Scratch
	if dsn == "" {
		newer.say("starting a scratch server")
		s, err := scratch.Start(ctx)
		if err != nil {
			return nil, err
		}
		defer s.Stop()
		dsn = s.DSN()
	}
	before, was, err := old.readOnly(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("the old schema: %w", err)
	}
	after, is, err := newer.readOnly(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("the new schema: %w", err)
	}
	c := &comparer{old: before, now: after}
	c.tables()
	c.functions()
	c.roles()
	slices.SortStableFunc(c.out, func(a, b Change) int {
		return cmp.Or(a.rank()-b.rank(), strings.Compare(a.Object, b.Object))
	})
	return &Comparison{Changes: c.out, Old: was, New: is}, nil
}

// readOnly reads a schema and drops the copy again: two at a time cannot share
// a server, whose roles are everybody's.
func (o Options) readOnly(ctx context.Context, dsn string) (*pass.Pass, *finding.Report, error) {
	if (o.Migrations == "") == (o.DSN == "") {
		return nil, nil, ErrUsage
	}
	files, target, err := o.files(ctx)
	if err != nil {
		return nil, nil, err
	}
	d, err := scratch.Create(ctx, dsn)
	if err != nil {
		return nil, nil, err
	}
	defer d.Drop()
	report := &finding.Report{Command: "audit db", Target: target, Findings: []finding.Finding{}}
	p, err := o.read(ctx, d, files, report)
	if err != nil {
		return nil, nil, err
	}
	if len(report.NotTested) > 0 && len(p.Schema.Relations) == 0 {
		return nil, nil, errors.New(report.NotTested[0].What + ": " + report.NotTested[0].Reason)
	}
	o.judge(p, report)
	finish(p, report)
	report.Sort()
	return p, report, nil
}

type comparer struct {
	old, now *pass.Pass
	out      []Change
}

func (c *comparer) say(opens bool, object string, place finding.Place, format string, args ...any) {
	c.out = append(c.out, Change{Opens: opens, Object: object, What: fmt.Sprintf(format, args...), Place: place})
}

func acting(p *pass.Pass) []string {
	var out []string
	for _, a := range p.Model.Acting {
		if a.Primary && !slices.Contains(out, a.Role) {
			out = append(out, a.Role)
		}
	}
	return out
}

func (c *comparer) tables() {
	for _, r := range c.now.Schema.Relations {
		if pass.Platform(r.Schema) && r.FullName() != "storage.objects" || r.Extension {
			continue
		}
		was := c.old.Schema.ByName(r.FullName())
		place := c.now.TablePlace(r)
		if was != nil && r.Table() {
			switch {
			case was.RLS && !r.RLS:
				c.say(true, r.FullName(), place, "row-level security is off: every role with a grant reaches every row")
			case !was.RLS && r.RLS:
				c.say(false, r.FullName(), place, "row-level security is on")
			case was.Force && !r.Force:
				c.say(true, r.FullName(), place, "policies no longer bind the table's owner %s", r.Owner)
			}
			c.policies(was, r)
			c.triggers(was, r, place)
		}
		if was != nil && r.Kind == "v" && was.Invoker && !r.Invoker {
			c.say(true, r.FullName(), place, "the view no longer asks with its caller's rights (security_invoker)")
		}
		c.grants(was, r, place)
	}
	for _, r := range c.old.Schema.Relations {
		if c.now.Schema.ByName(r.FullName()) == nil && !r.Extension {
			c.say(false, r.FullName(), finding.Place{}, "is gone")
		}
	}
}

// triggers that run before a row is stored may guard it.
func (c *comparer) triggers(was, r *catalog.Relation, place finding.Place) {
	guards := func(p *pass.Pass, r *catalog.Relation) map[string]*catalog.Function {
		out := map[string]*catalog.Function{}
		for _, t := range r.Triggers {
			for _, f := range p.Schema.Functions {
				if f.OID == t.Function && t.Before() {
					out[t.Name] = f
				}
			}
		}
		return out
	}
	before, after := guards(c.old, was), guards(c.now, r)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		switch f := after[name]; {
		case f == nil:
			c.say(true, r.FullName(), place, "trigger %q is gone: it ran %s before a row was stored", name,
				before[name].Identity)
		case pass.Code(f) != pass.Code(before[name]):
			c.say(false, r.FullName(), c.now.FunctionPlace(f),
				"trigger %q does something else before a row is stored: read %s again", name, f.Identity)
			c.out[len(c.out)-1].Either = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if before[name] == nil {
			c.say(false, r.FullName(), place, "trigger %q runs %s before a row is stored", name, after[name].Identity)
		}
	}
}

// grants are compared as the server answers, column by column.
func (c *comparer) grants(was, r *catalog.Relation, place finding.Place) {
	for _, role := range acting(c.now) {
		var gained, lost []string
		for _, verb := range verdict.Verbs {
			before := was != nil && c.old.Privs.Can(role, was, verb)
			after := c.now.Privs.Can(role, r, verb)
			switch {
			case after && !before:
				gained = append(gained, verb)
			case before && !after:
				lost = append(lost, verb)
			}
			if after || before {
				continue
			}
			var columns []string
			for _, col := range r.Columns {
				had := false
				if was != nil {
					for _, o := range was.Columns {
						had = had || o.Name == col.Name && c.old.Privs.Column(role, was, verb, o.Num)
					}
				}
				if !had && c.now.Privs.Column(role, r, verb, col.Num) {
					columns = append(columns, col.Name)
				}
			}
			if len(columns) > 0 {
				gained = append(gained, verb+" of "+strings.Join(columns, ", "))
			}
		}
		if len(gained) > 0 {
			how := "its policies decide which rows"
			switch {
			case r.Table() && !r.RLS:
				how = "without row-level security, so every row"
			case r.Table() && !c.lets(r, role):
				how = "no policy lets it see a row yet"
			case !r.Table():
				how = "as the view shows them"
			}
			if was == nil {
				how += "; the table is new"
			}
			c.say(true, r.FullName(), place, "%s gains %s (%s)", role, strings.Join(gained, ", "), how)
		}
		if len(lost) > 0 {
			c.say(false, r.FullName(), place, "%s loses %s", role, strings.Join(lost, ", "))
		}
	}
}

func (c *comparer) lets(r *catalog.Relation, role string) bool {
	return slices.ContainsFunc(r.Policies, func(p *catalog.Policy) bool {
		return p.Permissive && slices.ContainsFunc(verdict.Verbs, func(v string) bool {
			return c.now.Schema.Applies(p, role, verdict.Letters[v])
		})
	})
}
