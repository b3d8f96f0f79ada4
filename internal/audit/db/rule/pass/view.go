package pass

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Keyed says whether a view shows rows that can be told apart, or only figures
// over everybody.
func (p *Pass) Keyed(q *cond.Query) bool {
	if q.Union || !q.Aggregates && !q.Grouped {
		return true
	}
	for _, x := range q.Select {
		if x.Op != cond.Var || x.Source.Relation == nil {
			continue
		}
		r := x.Source.Relation
		if p.Model.Isolating(r, x.Column.Num) || r.InKey(x.Column.Num) || len(r.Refers(x.Column.Num)) > 0 {
			return true
		}
	}
	return false
}

// ReadsOwned says whether a query reads a table whose rows belong to somebody.
func (p *Pass) ReadsOwned(q *cond.Query) bool {
	return slices.ContainsFunc(
		q.From,
		func(s *cond.Source) bool {
			return s.Relation != nil && (p.Model.Tied(s.Relation) || p.TenantSchema(s.Relation))
		},
	)
}

// PassesBy says whether a view reads, with its owner's rights, a table whose
// policies or grants would hold the role.
func (p *Pass) PassesBy(r *catalog.Relation, q *cond.Query, role string) bool {
	for _, s := range q.From {
		t := s.Relation
		if t == nil || !p.Model.Tied(t) || t.Kind == "m" || p.Court.Card(t) && p.open(t) ||
			!t.RLS && !Platform(t.Schema) {
			continue
		}
		if p.Schema.Exempt(r.Owner, t) && (!p.Schema.Exempt(role, t) || !p.Privs.Some(role, t, "select")) {
			return true
		}
	}
	return false
}

// open says whether a table shows all rows by its own policies.
func (p *Pass) open(r *catalog.Relation) bool {
	return slices.ContainsFunc(r.Policies, func(x *catalog.Policy) bool {
		return x.Permissive && (x.Command == "r" || x.Command == "*") && x.UsingText == "true"
	})
}

// CanInsert says whether a row for anybody can be put in through a view.
func (p *Pass) CanInsert(r *catalog.Relation, q *cond.Query, role string) bool {
	if len(q.From) != 1 || q.From[0].Relation == nil {
		return false
	}
	base := q.From[0].Relation
	owner := false
	for _, c := range base.Columns {
		i := slices.IndexFunc(q.Select, func(x *cond.Expr) bool { return x.Op == cond.Var && x.Column == c })
		if i < 0 || i >= len(r.Columns) {
			if c.NotNull && c.Default == "" && c.Identity == "" && !c.Generated {
				return false
			}
			continue
		}
		if p.Privs.Column(role, r, "insert", r.Columns[i].Num) &&
			(p.Model.Isolating(base, c.Num) || len(base.Refers(c.Num)) > 0) {
			owner = true
		}
	}
	return owner
}

// ViewRule is the rule that an open view breaks.
func (p *Pass) ViewRule(r *catalog.Relation, q *cond.Query) string {
	for _, x := range q.Select {
		if x.Op == cond.Var && x.Source.Relation != nil && p.Court.Invitation(x.Source.Relation) &&
			p.Court.Secret(x.Source.Relation, x.Column) {
			return "invitation-token-readable"
		}
	}
	return "view-owner-rights"
}

// TenantSchemas are the relations of schemas that are made alike, one for each
// tenant.
func (p *Pass) TenantSchemas() [][]*catalog.Relation {
	tables := map[string][]*catalog.Relation{}
	for _, r := range p.Schema.Relations {
		if r.Table() && p.Own(r) {
			tables[r.Schema] = append(tables[r.Schema], r)
		}
	}
	groups := map[string][]*catalog.Relation{}
	schemas := map[string]int{}
	for _, list := range tables {
		var names []string
		for _, r := range list {
			names = append(names, r.Name+"/"+Quoted(r.Columns))
		}
		slices.Sort(names)
		k := strings.Join(names, "\n")
		groups[k] = append(groups[k], list...)
		schemas[k]++
	}
	var out [][]*catalog.Relation
	for k, g := range groups {
		if schemas[k] > 1 {
			slices.SortFunc(
				g,
				func(a, b *catalog.Relation) int { return strings.Compare(a.FullName(), b.FullName()) },
			)
			out = append(out, g)
		}
	}
	slices.SortFunc(
		out,
		func(a, b []*catalog.Relation) int { return strings.Compare(a[0].FullName(), b[0].FullName()) },
	)
	return out
}

// TenantSchema says whether a relation lies in a schema of one tenant.
func (p *Pass) TenantSchema(r *catalog.Relation) bool {
	return slices.ContainsFunc(p.TenantSchemas(), func(g []*catalog.Relation) bool { return slices.Contains(g, r) })
}

// OwnerFinding reports that a role owns guarded tables, once for each owner.
func (p *Pass) OwnerFinding(role string) []*finding.Finding {
	x := p.Schema.Role(role)
	if x == nil || x.Bypass || x.Super {
		return nil
	}
	byOwner := map[string][]*catalog.Relation{}
	var owners []string
	for _, r := range p.Schema.Relations {
		if !r.RLS || r.Force || !p.Own(r) || !p.Schema.Member(role, r.Owner, true) {
			continue
		}
		if byOwner[r.Owner] == nil {
			owners = append(owners, r.Owner)
		}
		byOwner[r.Owner] = append(byOwner[r.Owner], r)
	}
	var out []*finding.Finding
	for _, o := range owners {
		list := byOwner[o]
		main := slices.MaxFunc(list, func(a, b *catalog.Relation) int { return len(a.Columns) - len(b.Columns) })
		f := p.Finding(
			"owner-connection",
			main,
			finding.High,
			"login "+role+" has the rights of the owner of "+main.FullName()+", whom no policy binds",
			"select",
			"insert",
			"update",
			"delete",
		)
		f.Key, f.Actors = role, []string{"another tenant"}
		for _, r := range list {
			if r != main {
				f.Affects = append(f.Affects, r.FullName()+" select, insert, update, delete")
			}
		}
		if at := p.Load.Mentioning(role, "CREATE ROLE", "CREATE USER", "ALTER ROLE"); at.File != "" {
			f.Place = at
		}
		f.Patch = "alter table " + main.SQL() + " force row level security;"
		out = append(out, p.Add(f))
	}
	return out
}
