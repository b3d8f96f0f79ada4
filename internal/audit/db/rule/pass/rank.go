package pass

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// ranks are the values of a membership's rank, the lowest first: what a new
// member gets by default.
func (p *Pass) ranks(ms *model.Membership, c *catalog.Column) []string {
	t := p.Schema.BaseType(c.Type)
	var out []string
	switch {
	case t.OID == 16:
		out = []string{"false", "true"}
	case t.Kind == "e":
		out = slices.Clone(t.Labels)
	default:
		for _, k := range ms.Relation.Checks {
			if slices.Contains(k.Columns, c.Num) {
				for _, m := range lazyregexp.New(`'([^']*)'`).FindAllStringSubmatch(k.Expression, -1) {
					out = Union(out, []string{m[1]})
				}
			}
		}
		for _, v := range p.Model.Constants(ms.Relation.FullName() + "." + c.Name) {
			out = Union(out, []string{v})
		}
		if len(out) > 0 && c.Default == "" {
			slices.Reverse(out)
		}
	}
	if m := lazyregexp.New(`^'([^']*)'|^(true|false)$`).FindStringSubmatch(c.Default); m != nil {
		lowest := m[1] + m[2]
		out = append([]string{lowest}, slices.DeleteFunc(out, func(v string) bool { return v == lowest })...)
	}
	return out
}

// holds evaluates a condition for a member whose rank column holds a value;
// everything else is taken to hold.
func (p *Pass) holds(x *cond.Expr, c *catalog.Column, value string, neg bool) bool {
	switch x.Op {
	case cond.And, cond.Or:
		all := (x.Op == cond.And) != neg
		for _, a := range x.Args {
			if p.holds(a, c, value, neg) != all {
				return !all
			}
		}
		return all
	case cond.Not:
		return p.holds(x.Args[0], c, value, !neg)
	case cond.Const:
		return (x.Text == "true") != neg
	case cond.Var:
		if x.Column == c && x.Source.Query != nil {
			return (value == "true") != neg
		}
		return true
	case cond.Eq, cond.Ne, cond.Oper, cond.Distinct:
		if len(x.Args) != 2 {
			return true
		}
		v, k := x.Args[0], x.Args[1]
		if v.Op != cond.Var || v.Column != c || v.Source.Query == nil || k.Op != cond.Const {
			return true
		}
		return p.compare(x, c, value, p.label(k.Text)) != neg
	case cond.Exists, cond.Sub:
		return true
	}
	return true
}

func (p *Pass) label(text string) string {
	if n, ok := strings.CutPrefix(text, "enum:"); ok {
		return p.Schema.Labels[n]
	}
	return text
}

func (p *Pass) compare(x *cond.Expr, c *catalog.Column, value, with string) bool {
	order := strings.Compare(value, with)
	if t := p.Schema.BaseType(c.Type); t.Kind == "e" {
		order = slices.Index(t.Labels, value) - slices.Index(t.Labels, with)
	}
	switch {
	case x.Op == cond.Eq:
		return value == with
	case x.Op == cond.Ne || x.Op == cond.Distinct:
		return value != with
	case x.Name == ">=":
		return order >= 0
	case x.Name == ">":
		return order > 0
	case x.Name == "<=":
		return order <= 0
	case x.Name == "<":
		return order < 0
	}
	return true
}

// lets says whether a way through a policy lets a member of a rank pass; known
// is false when the way does not go through the membership.
func (p *Pass) lets(b cond.Branch, ms *model.Membership, c *catalog.Column, value string) (lets, known bool) {
	lets = true
	for _, a := range b {
		if (a.Kind != cond.Member && a.Kind != cond.Parent) || a.Expr == nil || a.Expr.Query == nil {
			continue
		}
		about := false
		for _, s := range cond.Sources(a.Expr) {
			about = about || s.Relation == ms.Relation
		}
		if !about {
			continue
		}
		known = true
		for _, w := range a.Expr.Query.Where {
			lets = lets && p.holds(w, c, value, false)
		}
		for _, w := range a.Expr.Query.Where { // one function deeper
			cond.Walk(w, func(e *cond.Expr) {
				if e.Op == cond.Exists && e.Query != nil {
					for _, x := range e.Query.Where {
						lets = lets && p.holds(x, c, value, false)
					}
				}
			})
		}
	}
	return lets, known
}

// byRank says whether a policy lets the lowest rank pass, without asking for
// rows of his own; denies says whether it lets another rank pass instead.
func (p *Pass) byRank(pol *catalog.Policy, ms *model.Membership, c *catalog.Column) (lowest, denies bool) {
	ranks := p.ranks(ms, c)
	if len(ranks) < 2 {
		return false, false
	}
	for _, a := range p.Model.Acting {
		if !a.Primary || a.Visitor {
			continue
		}
		for _, b := range p.Model.Judge(a.Role).Using2(pol) {
			own := slices.ContainsFunc(b, func(x cond.Atom) bool {
				return x.Kind == cond.Bind && len(x.Columns) == 1 &&
					p.Model.PersonColumn(pol.Relation, x.Columns[0].Num) ||
					x.Kind == cond.Admin
			})
			ok, known := p.lets(b, ms, c, ranks[0])
			if !known || own && ok {
				continue
			}
			if ok {
				lowest = true
				continue
			}
			for _, other := range ranks[1:] {
				if ok, _ := p.lets(b, ms, c, other); ok {
					denies = true
				}
			}
		}
	}
	return lowest, denies && !lowest
}

func verbsOf(pol *catalog.Policy) []string {
	for v, l := range verdict.Letters {
		if l == pol.Command {
			return []string{v}
		}
	}
	return slices.Clone(verdict.Verbs)
}

func (p *Pass) granted(r *catalog.Relation, verbs []string) []string {
	reach, _ := p.Reach(r)
	return slices.DeleteFunc(verbs, func(v string) bool { return !slices.Contains(reach, v) })
}

// Unranked are the verbs that a policy gives to every member although there
// are ranks.
func (p *Pass) Unranked(pol *catalog.Policy) []string {
	for _, ms := range p.Model.Memberships {
		for _, c := range ms.Ranks {
			if lowest, _ := p.byRank(pol, ms, c); lowest {
				return p.granted(pol.Relation, verbsOf(pol))
			}
		}
	}
	return nil
}

// LowestWrites are the writing verbs that a policy gives to a rank that other
// policies keep from writing.
func (p *Pass) LowestWrites(pol *catalog.Policy) []string {
	if pol.Command == "r" || !pol.Permissive {
		return nil
	}
	r := pol.Relation
	for _, ms := range p.Model.Memberships {
		if ms.Relation == r {
			continue
		}
		root := slices.ContainsFunc(ms.Tenants, func(t *catalog.Column) bool {
			return slices.ContainsFunc(
				ms.Relation.Refers(t.Num),
				func(f *catalog.Foreign) bool { return f.Target == r.OID },
			)
		})
		for _, c := range ms.Ranks {
			if lowest, _ := p.byRank(pol, ms, c); !lowest {
				continue
			}
			if !(root && pol.Command != "a") &&
				(len(p.ranks(ms, c)) < 3 || !p.keptOut(ms, c, r, pol) && !(pol.Command == "*" && p.readOnly(ms, c))) {
				continue
			}
			verbs := slices.DeleteFunc(p.granted(r, verbsOf(pol)), func(v string) bool { return v == "select" })
			if pol.Command == "a" {
				continue
			}
			return verbs
		}
	}
	return nil
}

// readOnly says whether the lowest rank was never meant to write: some policy
// for adding rows refuses it, and no policy for a single writing command lets
// it change what belongs to the tenant.
func (p *Pass) readOnly(ms *model.Membership, c *catalog.Column) bool {
	refused := false
	for _, r := range p.Schema.Relations {
		root := slices.ContainsFunc(ms.Tenants, func(t *catalog.Column) bool {
			return slices.ContainsFunc(
				ms.Relation.Refers(t.Num),
				func(f *catalog.Foreign) bool { return f.Target == r.OID },
			)
		})
		for _, pol := range r.Policies {
			if pol.Command == "r" || pol.Command == "*" || r == ms.Relation {
				continue
			}
			lowest, denies := p.byRank(pol, ms, c)
			if lowest && !root {
				return false
			}
			refused = refused || denies && pol.Command == "a"
		}
	}
	return refused
}

// keptOut says whether the lowest rank only reads: another policy refuses it to
// write in the same table, or to add to one that hangs together with it.
func (p *Pass) keptOut(ms *model.Membership, c *catalog.Column, r *catalog.Relation, but *catalog.Policy) bool {
	for _, t := range p.Schema.Relations {
		near := t == r
		for _, f := range t.Foreign {
			near = near || f.Target == r.OID
		}
		for _, f := range r.Foreign {
			near = near || f.Target == t.OID
		}
		if !near || t == ms.Relation {
			continue
		}
		for _, pol := range t.Policies {
			if pol == but || pol.Command == "r" || t != r && pol.Command != "a" && pol.Command != "*" {
				continue
			}
			if _, denies := p.byRank(pol, ms, c); denies {
				return true
			}
		}
	}
	return false
}

var (
	hashes = lazyregexp.New(`(?i)hash|passw|totp|otp_|_otp|mfa|recovery|private_?key`)
	tokens = lazyregexp.New(`(?i)token|api_?key|secret_?key`)
)

// SharedSecrets are columns with secrets that members of a tenant read in each
// other's rows.
func (p *Pass) SharedSecrets(r *catalog.Relation) []*catalog.Column {
	shared, ranked := p.sharedRead(r)
	if !shared {
		return nil
	}
	var out []*catalog.Column
	for _, c := range r.Columns {
		t := p.Schema.BaseType(c.Type)
		if t.Category != "S" && t.OID != 17 {
			continue
		}
		if !hashes.MatchString(c.Name) && !(ranked && tokens.MatchString(c.Name)) {
			continue
		}
		if slices.ContainsFunc(
			p.Model.Acting,
			func(a *model.Actor) bool { return a.Primary && p.Privs.Column(a.Role, r, "select", c.Num) },
		) {
			out = append(out, c)
		}
	}
	return out
}

// sharedRead says whether every member of a tenant reads all its rows.
func (p *Pass) sharedRead(r *catalog.Relation) (shared, ranked bool) {
	for _, pol := range r.Policies {
		if pol.Command != "r" && pol.Command != "*" || !pol.Permissive {
			continue
		}
		for _, a := range p.Model.Acting {
			if !a.Primary || !p.Schema.Applies(pol, a.Role, "r") {
				continue
			}
			for _, b := range p.Model.Judge(a.Role).Using(pol) {
				tenant, person := false, false
				for _, x := range b {
					for _, c := range x.Columns {
						if x.Kind == cond.Bind && p.Model.PersonColumn(r, c.Num) ||
							x.Kind == cond.Bind && r.InKey(c.Num) {
							person = true
						} else if x.Kind == cond.Bind || x.Kind == cond.Member {
							tenant = true
						}
					}
					person = person || x.Kind == cond.Admin
				}
				if !tenant || person {
					continue
				}
				for _, ms := range p.Model.Memberships {
					for _, c := range ms.Ranks {
						lowest, denies := p.byRank(pol, ms, c)
						if denies {
							tenant = false
						}
						ranked = ranked || lowest
					}
				}
				shared = shared || tenant
			}
		}
	}
	return shared, ranked
}

// SecretVerbs are the verbs that go with the policies that show a table.
func (p *Pass) SecretVerbs(r *catalog.Relation) []string {
	out := []string{"select"}
	for _, pol := range r.Policies {
		if pol.Command == "*" {
			out = Union(out, p.granted(r, verbsOf(pol)))
		}
	}
	return out
}
