package verdict

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
)

// newRow judges what a policy lets a new row, or a changed one, be.
func (c *Court) newRow(v Verdict, j *cond.Judge, a *model.Actor) []Verdict {
	p, r := v.Policy, v.Relation
	if !c.Model.Tied(r) || c.restricted(j, r, v.Verb, a.Role, true) {
		return nil
	}
	v.Check = true
	if v.Verb == "update" && p.Check == nil {
		for _, b := range j.Using(p) {
			if free := c.free(r, b, a, "update"); b.Tied() && !b.Has(cond.Admin) && len(free) > 0 {
				return c.moves(v, b, free)
			}
		}
		return nil
	}
	for _, b := range j.Checks(p) {
		v.Branch, v.At = b, at(b, true, p)
		if b.Has(cond.Admin) {
			continue
		}
		if v.Verb == "insert" {
			if vs := c.inserted(v, b, a, j); vs != nil {
				return vs
			}
			continue
		}
		free := c.free(r, b, a, "update")
		if !b.Tied() || len(free) > 0 {
			if vs := c.moves(v, b, free); vs != nil {
				return vs
			}
		}
	}
	return nil
}

// free are the columns that name a person or tenant and that neither the way b
// nor a grant binds.
func (c *Court) free(r *catalog.Relation, b cond.Branch, a *model.Actor, verb string) []*catalog.Column {
	bound := map[cond.Place]bool{}
	for _, col := range b.Bound() {
		bound[c.Model.Class(r, col.Num)] = true
	}
	var out []*catalog.Column
	for _, col := range r.Columns {
		if col.Generated || !c.Model.Isolating(r, col.Num) || bound[c.Model.Class(r, col.Num)] ||
			!c.Privs.Column(a.Role, r, verb, col.Num) {
			continue
		}
		if (c.Model.PersonColumn(r, col.Num) || !col.NotNull) && b.Tied() {
			continue // who is meant beside the one who writes: followers, assignees
		}
		if b.Tied() && strings.Contains(col.Default, "random") && len(r.Refers(col.Num)) == 0 {
			continue // what a link's holder presents
		}
		if r.InKey(col.Num) && len(r.Primary().Columns) == 1 && len(r.Refers(col.Num)) == 0 &&
			len(c.Model.ClassSlots(c.Model.Class(r, col.Num))) == 0 {
			continue // the tenant itself
		}
		out = append(out, col)
	}
	return out
}

func (c *Court) inserted(v Verdict, b cond.Branch, a *model.Actor, j *cond.Judge) []Verdict {
	r := v.Relation
	v.Visitor = c.visitor(b, a)
	ms := c.Model.MembershipOf(r)
	if !b.Tied() {
		if len(b) == 0 && a.Visitor && !c.Model.Exposed["*"] && c.formOnly(r) {
			return nil
		}
		w, ok := c.open(v, b, a, v.Policy)
		if !ok && w.Public {
			w.Rule, ok = "insert-without-tenant-check", true
		}
		if !ok {
			return nil
		}
		if v.Policy.Command == "*" && w.Rule != "select-true" {
			w.Public = false
			return []Verdict{w}
		}
		if x := b.Find(cond.AnyTenant); x != nil && w.Rule == "admin-of-any-tenant" && x.Slot == (cond.Slot{}) {
			w.Rule = "insert-without-tenant-check"
		}
		if w.Rule == "select-true" || w.Rule == "auth-role-check" || w.Rule == "any-logged-in" ||
			w.Rule == "policy-to-public" && !b.Has(cond.Inverted) {
			w.Rule = "insert-without-tenant-check"
		}
		w.Public = false
		return []Verdict{w}
	}
	if w, ok := c.tied(v, b); ok {
		return []Verdict{w}
	}
	v.Columns = c.free(r, b, a, "insert")
	v.Columns = slices.DeleteFunc(
		v.Columns,
		func(col *catalog.Column) bool { return !col.NotNull && ms == nil && len(r.Refers(col.Num)) > 0 },
	)
	if len(v.Columns) == 0 {
		return nil
	}
	v.Rule = "insert-without-tenant-check"
	if ms != nil && slices.ContainsFunc(b.Bound(), func(col *catalog.Column) bool { return col == ms.Person }) {
		v.Rule = "self-insert-membership"
	}
	if v.Rule == "insert-without-tenant-check" && c.openParents(r, v.Columns, a.Role) {
		return nil // comments on what everybody sees
	}
	return []Verdict{v}
}

// formOnly says whether rows come in through a public form: nobody who sends
// them reads them.
func (c *Court) formOnly(r *catalog.Relation) bool { return false }

// openParents says whether all tables that free columns point to are shown to
// everybody.
func (c *Court) openParents(r *catalog.Relation, free []*catalog.Column, role string) bool {
	j := c.Model.Judge(role)
	for _, col := range free {
		refs := r.Refers(col.Num)
		if len(refs) == 0 {
			return false
		}
		for _, f := range refs {
			t := c.Model.Schema.Relation(f.Target)
			if t == nil {
				return false
			}
			shown := false
			for _, p := range t.Policies {
				if !p.Permissive || !c.Model.Schema.Applies(p, role, "r") {
					continue
				}
				for _, b := range j.Using(p) {
					shown = shown || !b.Tied()
				}
			}
			if !shown {
				return false
			}
		}
	}
	return true
}

// moves judges an update whose new row may belong to somebody else.
func (c *Court) moves(v Verdict, b cond.Branch, free []*catalog.Column) []Verdict {
	if len(free) == 0 && b.Tied() {
		return nil
	}
	v.Branch, v.Columns = b, free
	v.At = at(b, v.Policy.Check != nil, v.Policy)
	v.Rule = "update-moves-tenant"
	if ms := c.Model.MembershipOf(v.Relation); ms != nil &&
		slices.ContainsFunc(b.Bound(), func(col *catalog.Column) bool { return col == ms.Person }) {
		v.Rule = "self-insert-membership"
	}
	if !b.Tied() {
		for _, col := range v.Relation.Columns {
			if c.Model.Isolating(v.Relation, col.Num) {
				v.Columns = append(v.Columns, col)
			}
		}
		if len(v.Columns) == 0 {
			return nil
		}
		if v.Policy.Check == nil {
			return nil // the way to the old row says it already
		}
	}
	return []Verdict{v}
}
