package remedy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
)

type actor = model.Actor

// A writer writes conditions in the schema's own terms.
type writer struct{ p *pass.Pass }

// roles lists those that serve requests; public too, where a grant to everybody
// would make a revoke void.
func (w *writer) roles(public bool) string {
	var out []string
	if public {
		out = append(out, "public")
	}
	for _, a := range w.p.Model.Acting {
		if a.Primary {
			out = append(out, catalog.Quote(a.Role))
		}
	}
	if len(out) == 0 {
		return "public"
	}
	return strings.Join(out, ", ")
}

// condition ties a row of r to the caller: by the tenant that the caller says
// or belongs to, by the person, or by the row that r hangs on.
func (w *writer) condition(r *catalog.Relation) string { return w.tie(r, r.SQL(), 0) }

func (w *writer) tie(r *catalog.Relation, name string, depth int) string {
	if depth > 3 {
		return ""
	}
	person := ""
	for _, c := range r.Columns {
		at := name + "." + catalog.Quote(c.Name)
		class := w.p.Model.Class(r, c.Num)
		if s := w.slot(class, c); s != "" {
			if !w.p.Model.PersonColumn(r, c.Num) {
				return at + " = " + s
			}
			if person == "" {
				person = at + " = " + s
			}
		}
	}
	for _, c := range r.Columns {
		if m := w.member(r, c, name+"."+catalog.Quote(c.Name)); m != "" {
			return m
		}
	}
	if person != "" {
		return person
	}
	for _, f := range r.Foreign {
		t := w.p.Schema.Relation(f.Target)
		if t == nil || t == r || !w.p.Model.Tied(t) {
			continue
		}
		inner := w.tie(t, fmt.Sprintf("p%d", depth), depth+1)
		if inner == "" {
			continue
		}
		var on []string
		for i, n := range f.Columns {
			on = append(on, fmt.Sprintf("p%d.%s = %s.%s", depth, catalog.Quote(t.Column(f.Targets[i]).Name), name,
				catalog.Quote(r.Column(n).Name)))
		}
		return fmt.Sprintf("exists (select from %s p%d where %s and %s)", t.SQL(), depth,
			strings.Join(on, " and "), inner)
	}
	return ""
}

// member asks whether the caller belongs to the tenant that a column names.
func (w *writer) member(r *catalog.Relation, c *catalog.Column, at string) string {
	for _, ms := range w.p.Model.Memberships {
		if ms.Relation == r {
			continue // asking itself never ends
		}
		s := w.slot(w.p.Model.Class(ms.Relation, ms.Person.Num), ms.Person)
		if s == "" {
			continue
		}
		for _, t := range ms.Tenants {
			if w.p.Model.Class(ms.Relation, t.Num) != w.p.Model.Class(r, c.Num) {
				continue
			}
			q := fmt.Sprintf("exists (select from %s m where m.%s = %s and m.%s = %s", ms.Relation.SQL(),
				catalog.Quote(t.Name), at, catalog.Quote(ms.Person.Name), s)
			for _, e := range ms.Relation.Columns { // who has left is no member
				if !e.NotNull && w.p.Model.NullTested(ms.Relation, e.Num) {
					q += " and m." + catalog.Quote(e.Name) + " is null"
				}
			}
			return q + ")"
		}
	}
	return ""
}

// slot is where a request says what a class of columns holds, as an expression.
func (w *writer) slot(class cond.Place, c *catalog.Column) string {
	slots := slices.Clone(w.p.Model.ClassSlots(class))
	slices.SortFunc(slots, func(a, b cond.Slot) int { return strings.Compare(a.String(), b.String()) })
	for _, s := range slots {
		switch {
		case s.Client() || s.Role() && !s.Login():
			continue
		case s.Login():
			return "(select " + s.Setting + "::text)::" + c.TypeText
		case w.p.Model.Supabase && s.Path == "sub" && w.p.Schema.BaseType(c.Type).OID == 2950:
			return "(select auth.uid())"
		case s.Path == "":
			return "(select nullif(current_setting(" + catalog.Literal(s.Setting) + ", true), '')::" + c.TypeText + ")"
		}
		return "(select (nullif(current_setting(" + catalog.Literal(s.Setting) + ", true), '')::jsonb #>> " +
			catalog.Literal("{"+strings.ReplaceAll(s.Path, ".", ",")+"}") + ")::" + c.TypeText + ")"
	}
	return ""
}

// wholeKey makes a foreign key carry the tenant, so that a row hangs on a row
// of its own tenant only.
func (w *writer) wholeKey(r *catalog.Relation, name string) string {
	for _, f := range r.Foreign {
		t := w.p.Schema.Relation(f.Target)
		if f.Name != name || t == nil {
			continue
		}
		for _, c := range r.Columns {
			for _, d := range t.Columns {
				if slices.Contains(f.Columns, c.Num) || !w.p.Model.Isolating(r, c.Num) || !c.NotNull ||
					w.p.Model.PersonColumn(r, c.Num) || t.InKey(d.Num) && len(t.Primary().Columns) == 1 ||
					w.p.Model.Class(r, c.Num) != w.p.Model.Class(t, d.Num) {
					continue
				}
				mine, theirs := []string{catalog.Quote(c.Name)}, []string{catalog.Quote(d.Name)}
				for i, n := range f.Columns {
					mine = append(mine, catalog.Quote(r.Column(n).Name))
					theirs = append(theirs, catalog.Quote(t.Column(f.Targets[i]).Name))
				}
				key := "(" + strings.Join(theirs, ", ") + ")"
				return "alter table " + t.SQL() + " add unique " + key + ";\nalter table " + r.SQL() +
					" drop constraint " + catalog.Quote(f.Name) + ",\n  add constraint " + catalog.Quote(f.Name) +
					" foreign key (" + strings.Join(mine, ", ") + ") references " + t.SQL() + " " + key +
					onDelete(f) + ";"
			}
		}
	}
	return ""
}

func onDelete(f *catalog.Foreign) string {
	return map[string]string{"c": " on delete cascade", "r": " on delete restrict"}[f.OnDelete]
}
