package pass

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// tenantColumns are columns that name a tenant, not a person.
func (p *Pass) tenantColumns(r *catalog.Relation) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		if p.Model.Isolating(r, c.Num) && !p.Model.PersonColumn(r, c.Num) &&
			!(r.InKey(c.Num) && len(r.Primary().Columns) == 1) {
			out = append(out, c)
		}
	}
	return out
}

// Oracle is a unique key over all tenants on what one tenant writes.
func (p *Pass) Oracle(r *catalog.Relation) *catalog.Key {
	if !r.Table() || !r.RLS || !p.Own(r) || len(p.tenantColumns(r)) == 0 || !p.may(r, "insert") {
		return nil
	}
	for _, k := range r.Keys {
		if k.Primary || k.Predicate != "" {
			continue
		}
		ok := true
		for _, n := range k.Columns {
			c := r.Column(n)
			if c == nil || p.Model.Isolating(r, n) || len(r.Refers(n)) > 0 || c.Default != "" || c.Identity != "" ||
				!p.settable(r, c) {
				ok = false
				continue
			}
			if t := p.Schema.BaseType(c.Type); t.Category != "S" && t.Category != "N" {
				ok = false
			}
			if hashes.MatchString(c.Name) || tokens.MatchString(c.Name) || address.MatchString(c.Name) ||
				p.mentionedSecret(c) {
				ok = false
			}
		}
		if ok {
			return k
		}
	}
	return nil
}

func (p *Pass) mentionedSecret(c *catalog.Column) bool {
	return strings.Contains(strings.ToLower(c.Name), "secret")
}

func (p *Pass) settable(r *catalog.Relation, c *catalog.Column) bool {
	for _, a := range p.Model.Acting {
		if a.Primary && p.Privs.Column(a.Role, r, "insert", c.Num) {
			return true
		}
	}
	return false
}

// CrossKeys reports foreign keys between tables of tenants that do not carry
// the tenant: small by themselves, grave when something follows them.
func (p *Pass) CrossKeys() {
	for _, r := range p.Schema.Relations {
		if !r.Table() || !p.Own(r) || !r.RLS || r.Partition {
			continue
		}
		mine := p.tenantColumns(r)
		if len(mine) == 0 {
			continue
		}
		for _, f := range r.Foreign {
			t := p.Schema.Relation(f.Target)
			if t == nil || t == r || len(f.Columns) != 1 || Platform(t.Schema) {
				continue
			}
			key := r.Column(f.Columns[0])
			if key == nil || p.Model.Isolating(r, key.Num) || !p.sameTenant(mine, r, t) {
				continue
			}
			verbs := p.freeKey(r, key)
			if len(verbs) == 0 {
				continue
			}
			p.crossKey(r, t, key, f, verbs)
		}
	}
}

func (p *Pass) sameTenant(mine []*catalog.Column, r, t *catalog.Relation) bool {
	for _, a := range mine {
		for _, b := range p.tenantColumns(t) {
			if p.Model.Class(r, a.Num) == p.Model.Class(t, b.Num) {
				return true
			}
		}
	}
	return false
}

// freeKey are the verbs with which requests set a key that no policy binds.
func (p *Pass) freeKey(r *catalog.Relation, key *catalog.Column) []string {
	var out []string
	for _, a := range p.Model.Acting {
		if !a.Primary || a.Visitor {
			continue
		}
		j := p.Model.Judge(a.Role)
		for _, verb := range []string{"insert", "update"} {
			if !p.Privs.Column(a.Role, r, verb, key.Num) {
				continue
			}
			for _, x := range r.Policies {
				if !x.Permissive || !p.Schema.Applies(x, a.Role, verdict.Letters[verb]) {
					continue
				}
				for _, b := range j.Checks(x) {
					bound := slices.ContainsFunc(b, func(m cond.Atom) bool { return slices.Contains(m.Columns, key) })
					if !bound {
						out = Union(out, []string{verb})
					}
				}
			}
		}
	}
	return out
}

func (p *Pass) crossKey(r, t *catalog.Relation, key *catalog.Column, f *catalog.Foreign, verbs []string) {
	out := p.Finding(
		"cross-tenant-fk",
		r,
		finding.Low,
		fmt.Sprintf(
			"%s of %s may point to a row of another tenant in %s",
			key.Name,
			r.FullName(),
			t.FullName(),
		),
		verbs...)
	out.Key, out.Actors = key.Name, []string{"another tenant"}
	if at := p.Load.Place(2606, uint32(f.OID), false, -1); at.File != "" {
		out.Place = at
	}
	why := ""
	for _, g := range r.Triggers {
		x := p.Schema.Function(g.Function)
		if x != nil && x.Definer && Writes(Code(x), t, "update") &&
			lazyregexp.New(`new\."?`+regexp.QuoteMeta(strings.ToLower(key.Name))).MatchString(Code(x)) {
			why = ", and a trigger then changes that row"
		}
	}
	for _, x := range p.Schema.Functions {
		if x.Definer && !x.Trigger && !x.Extension && len(p.Callers(x)) > 0 && p.Model.Reachable(x.Schema) &&
			Reads(Code(x), r) &&
			Reads(Code(x), t) &&
			!p.On(x.Identity, "execute") {
			why = ", and " + x.Identity + " then shows that row"
		}
	}
	if why != "" {
		out.Severity, out.Title = finding.High, out.Title+why
	} else if f.OnDelete == "r" {
		out.Severity, out.Title = finding.Medium, out.Title+", who then cannot delete it"
	}
	if why != "" && p.On(r.FullName(), "insert", "insert-without-tenant-check", "rls-off") {
		return
	}
	p.Add(out)
}

var ended = lazyregexp.New(
	`(?i)left|ended|revok|delet|remov|expir|disabl|archiv|cancel|until|deactiv|suspend|banned`,
)

// Ended reports policies that ask for a membership, or a link, and not for its
// end.
func (p *Pass) Ended() {
	for _, r := range p.Schema.Relations {
		if !r.RLS || !p.Own(r) {
			continue
		}
		for _, pol := range r.Policies {
			for _, a := range p.Model.Acting {
				if !a.Primary || !pol.Permissive {
					continue
				}
				for _, b := range p.Model.Judge(a.Role).Using2(pol) {
					p.endedIn(r, pol, b)
				}
			}
		}
	}
}

func (p *Pass) endedIn(r *catalog.Relation, pol *catalog.Policy, b cond.Branch) {
	for _, a := range b {
		if a.Kind != cond.Member || a.Via == nil || a.Expr == nil || a.Via == r {
			continue
		}
		ends := p.ends(a.Via, a.Slot.Client())
		asks := false
		cond.Walk(a.Expr, func(e *cond.Expr) {
			asks = asks || e.Op == cond.Var && slices.Contains(ends, e.Column)
		})
		if len(ends) == 0 || asks {
			continue
		}
		if p.Model.MembershipOf(a.Via) == nil && !a.Slot.Client() || len(p.granted(r, verbsOf(pol))) == 0 {
			continue
		}
		f := p.Finding(
			"soft-delete-ignored",
			r,
			finding.High,
			fmt.Sprintf(
				"policy %q counts rows of %s that have ended (%s)",
				pol.Name,
				a.Via.FullName(),
				Quoted(ends),
			),
			p.granted(r, verbsOf(pol))...)
		f.Key, f.Actors, f.Place = pol.Name, []string{"a former member"}, p.PolicyPlace(pol, -1)
		if a.Slot.Client() && a.Function != nil {
			for _, v := range f.Verbs {
				f.Affects = append(f.Affects, f.Object+" "+v)
			}
			f.Object, f.Key, f.Place = a.Function.Identity, "", p.FunctionPlace(a.Function)
			f.Verbs = []string{"select"}
		}
		p.Add(f)
		return
	}
}

// ends are the columns of a membership or link that say that it is over.
func (p *Pass) ends(r *catalog.Relation, link bool) []*catalog.Column {
	var out []*catalog.Column
	for _, c := range r.Columns {
		t := p.Schema.BaseType(c.Type)
		if t.Category != "D" || c.Default != "" && !ended.MatchString(c.Name) {
			continue
		}
		if !c.NotNull && (p.Model.NullTested(r, c.Num) || ended.MatchString(c.Name)) || link && c.NotNull {
			out = append(out, c)
		}
	}
	return out
}

// Plants says whether requests choose whose a new row is.
func (p *Pass) Plants(r *catalog.Relation) bool {
	for _, c := range r.Columns {
		if p.Model.Isolating(r, c.Num) && p.settable(r, c) {
			return true
		}
	}
	return false
}
