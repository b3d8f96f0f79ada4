// Package model finds out from a catalogue what a person and a tenant are:
// which columns hold them, where a request says who it is, who belongs to
// whom, and as which roles requests come.
package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Model is what the catalogue says about people and tenants.
type Model struct {
	Schema      *catalog.Schema
	Reader      *cond.Reader
	Supabase    bool
	Slots       []cond.Slot // in the order of their names
	Memberships []*Membership
	Acting      []*Actor
	Exposed     map[string]bool // schemas that requests reach; empty: all

	class      map[cond.Place]cond.Place // union-find
	slots      map[cond.Place][]cond.Slot
	classSlots map[cond.Place][]cond.Slot
	tied       map[*catalog.Relation]bool
	isolating  map[cond.Place]bool
	constants  map[string][]string // by what they are compared with
	correlated map[cond.Place]bool // columns of sub-queries that are compared with other rows
	decides    map[cond.Place]bool // columns of sub-queries that are compared with constants
	paths      map[cond.Place][]string
	nulls      map[cond.Place]bool // columns that some condition wants null
	depends    map[*catalog.Relation]map[*catalog.Relation]bool
}

// A Membership is a table that says who belongs to what.
type Membership struct {
	Relation *catalog.Relation
	Person   *catalog.Column
	Tenants  []*catalog.Column
	Ranks    []*catalog.Column
}

// An Actor is a role as which requests come.
type Actor struct {
	Role    string
	Login   string // that sets the role; the same as Role for most
	Primary bool   // named by the user, or the only kind there is
	Visitor bool   // anonymous by its nature
}

// Config is what a user tells about how his application connects.
type Config struct {
	Supabase   bool
	ConnectsAs []string
	Exposed    []string
	Loader     string
	Ignore     map[string]bool // roles that were there before
}

// New builds the model.
func New(s *catalog.Schema, c Config) *Model {
	m := &Model{
		Schema: s, Reader: &cond.Reader{Schema: s}, Supabase: c.Supabase, Exposed: map[string]bool{},
		class: map[cond.Place]cond.Place{}, slots: map[cond.Place][]cond.Slot{},
		classSlots: map[cond.Place][]cond.Slot{},
		tied:       map[*catalog.Relation]bool{}, isolating: map[cond.Place]bool{}, constants: map[string][]string{},
		correlated: map[cond.Place]bool{}, decides: map[cond.Place]bool{}, paths: map[cond.Place][]string{},
		depends: map[*catalog.Relation]map[*catalog.Relation]bool{},
	}
	for _, e := range c.Exposed {
		m.Exposed[e] = true
	}
	if c.Supabase && len(c.Exposed) == 0 {
		m.Exposed["public"] = true
	}
	if c.Supabase {
		m.Exposed["storage"] = true
	}
	m.actors(c)
	m.link()
	m.joinByName()
	m.findSlots()
	m.memberships()
	m.tie()
	return m
}

func (m *Model) actors(c Config) {
	named := map[string]bool{}
	for _, text := range c.ConnectsAs {
		for _, w := range lazyregexp.New(`[\w$<>-]+`).FindAllString(text, -1) {
			stem, _, cut := strings.Cut(w, "<")
			for _, r := range m.Schema.Roles {
				if r.Name == w || cut && stem != "" && strings.HasPrefix(r.Name, stem) && r.Login ||
					r.Name == w+"_n" {
					named[r.Name] = true
				}
			}
		}
	}
	if c.Supabase {
		m.Acting = append(m.Acting, &Actor{Role: "anon", Login: "authenticator", Primary: true, Visitor: true},
			&Actor{Role: "authenticated", Login: "authenticator", Primary: true})
	}
	add := func(role, login string) {
		if slices.ContainsFunc(m.Acting, func(a *Actor) bool { return a.Role == role }) {
			return
		}
		m.Acting = append(
			m.Acting,
			&Actor{Role: role, Login: login, Primary: len(named) == 0 || named[role] || named[login]},
		)
	}
	for _, r := range m.Schema.Roles {
		if r.System || r.Super || c.Ignore[r.Name] || r.Name == c.Loader || !r.Login {
			continue
		}
		if c.Supabase &&
			(r.Name == "authenticator" || strings.HasPrefix(r.Name, "supabase_") || r.Name == "service_role") {
			continue
		}
		add(r.Name, r.Name)
		for _, g := range m.Schema.Roles {
			if g.Name == r.Name || g.Login || g.System || !m.Schema.Member(r.Name, g.Name, false) {
				continue
			}
			if !r.Inherit || g.Bypass {
				add(g.Name, r.Name)
			}
		}
	}
	if !c.Supabase {
		m.groups(c, add)
	}
}

// groups adds roles that requests take on although no login of the schema
// leads to them: those that policies and grants name.
func (m *Model) groups(c Config, add func(role, login string)) {
	owns := map[string]bool{}
	for _, r := range m.Schema.Relations {
		owns[r.Owner] = true
	}
	for _, f := range m.Schema.Functions {
		owns[f.Owner] = true
	}
	for _, r := range m.Schema.Roles {
		if r.System || r.Super || r.Login || r.Bypass || c.Ignore[r.Name] || r.Name == c.Loader || owns[r.Name] {
			continue
		}
		if slices.ContainsFunc(m.Schema.Roles, func(l *catalog.Role) bool {
			return l.Name != r.Name && l.Name != c.Loader && !l.Super && m.Schema.Member(l.Name, r.Name, false)
		}) {
			continue
		}
		add(r.Name, r.Name)
	}
}

// root finds the class of a column.
func (m *Model) root(p cond.Place) cond.Place {
	for {
		q, ok := m.class[p]
		if !ok || q == p {
			return p
		}
		p = q
	}
}

func (m *Model) join(a, b cond.Place) {
	a, b = m.root(a), m.root(b)
	if a != b {
		m.class[a] = b
	}
}

func place(v *cond.Expr) cond.Place {
	return cond.Place{Relation: v.Source.Relation, Column: v.Column.Num}
}

// Expressions visits every condition of the schema.
func (m *Model) Expressions(visit func(x *cond.Expr, about *catalog.Relation)) {
	for _, r := range m.Schema.Relations {
		for _, p := range r.Policies {
			for _, n := range []*cond.Expr{first(m.Reader.Row(p.Using, r)), first(m.Reader.Row(p.Check, r))} {
				if n != nil {
					visit(n, r)
				}
			}
		}
		if q := m.Reader.View(r); q != nil {
			visit(&cond.Expr{Op: cond.Exists, Query: q}, r)
		}
		for _, c := range r.Checks {
			if x := first(m.Reader.Row(c.Node, r)); x != nil {
				visit(x, nil)
			}
		}
	}
	for _, f := range m.Schema.Functions {
		if f.Extension {
			continue
		}
		for _, q := range m.Reader.Body(f) {
			visit(&cond.Expr{Op: cond.Exists, Query: q}, nil)
		}
	}
}

func first(x *cond.Expr, _ *cond.Source) *cond.Expr { return x }

// link joins columns that foreign keys and conditions compare.
func (m *Model) link() {
	for _, r := range m.Schema.Relations {
		for _, f := range r.Foreign {
			if t := m.Schema.Relation(f.Target); t != nil {
				for i, c := range f.Columns {
					m.join(cond.Place{Relation: r, Column: c}, cond.Place{Relation: t, Column: f.Targets[i]})
				}
			}
		}
		for _, p := range r.Parents {
			if t := m.Schema.Relation(p); t != nil {
				for _, c := range r.Columns {
					for _, d := range t.Columns {
						if c.Name == d.Name {
							m.join(cond.Place{Relation: r, Column: c.Num}, cond.Place{Relation: t, Column: d.Num})
						}
					}
				}
			}
		}
		for _, c := range r.Columns {
			if x := first(m.Reader.Row(c.DefaultAt, r)); x != nil {
				if s, ok := cond.SlotOf(x); ok {
					m.slots[cond.Place{Relation: r, Column: c.Num}] = append(
						m.slots[cond.Place{Relation: r, Column: c.Num}],
						s,
					)
				}
			}
		}
	}
	m.Expressions(func(x *cond.Expr, about *catalog.Relation) {
		for _, s := range cond.Sources(x) {
			if about != nil && s.Relation != nil {
				if m.depends[s.Relation] == nil {
					m.depends[s.Relation] = map[*catalog.Relation]bool{}
				}
				m.depends[s.Relation][about] = true
			}
		}
		cond.Walk(x, func(e *cond.Expr) { m.compared(e, about) })
		if about != nil && about.Table() {
			m.rights(x)
		}
	})
}

// rights finds the columns of rows about the caller on which a policy decides.
func (m *Model) rights(x *cond.Expr) {
	cond.Walk(x, func(e *cond.Expr) {
		if e.Query == nil {
			return
		}
		about := map[*cond.Source]bool{}
		cond.WalkQuery(e.Query, func(w *cond.Expr) {
			if (w.Op == cond.Eq || w.Op == cond.Distinct) && len(w.Args) == 2 {
				for i := range 2 {
					if s, ok := cond.SlotOf(w.Args[i]); ok && !s.Client() && w.Args[1-i].Op == cond.Var {
						about[w.Args[1-i].Source] = true
					}
				}
			}
		})
		mark := func(v *cond.Expr) {
			if v != nil && about[v.Source] && v.Source.Query != nil && v.Source.Relation != nil {
				m.decides[place(v)] = true
			}
		}
		for _, w := range e.Query.Where {
			for _, part := range append([]*cond.Expr{w}, w.Args...) {
				for _, y := range append([]*cond.Expr{part}, part.Args...) {
					if y.Op == cond.Var && y.Type == 16 {
						mark(y)
					}
					if len(y.Args) == 2 && y.Args[1].Op == cond.Const {
						mark(cond.VarOf(y.Args[0]))
					}
				}
			}
		}
		if e.Op == cond.Sub {
			for _, y := range e.Query.Select {
				mark(cond.VarOf(y))
			}
		}
	})
}

func (m *Model) compared(e *cond.Expr, about *catalog.Relation) {
	if e.Called != nil && about != nil { // the body is text: what it mentions may decide
		for _, r := range m.Schema.Relations {
			if r.Table() && strings.Contains(e.Called.Body, r.Name) {
				if m.depends[r] == nil {
					m.depends[r] = map[*catalog.Relation]bool{}
				}
				m.depends[r][about] = true
			}
		}
	}
	if len(e.Args) != 2 ||
		e.Op != cond.Eq && e.Op != cond.Ne && e.Op != cond.Distinct && e.Op != cond.Oper && e.Op != cond.Func {
		return
	}
	a, b := e.Args[0], e.Args[1]
	if e.Name == "->>" || e.Name == "->" {
		if v := cond.VarOf(a); v != nil && v.Source.Relation != nil && b.Op == cond.Const {
			m.paths[place(v)] = append(m.paths[place(v)], b.Text)
		}
	}
	exact := e.Op == cond.Eq || e.Op == cond.Ne || e.Op == cond.Distinct
	for range 2 {
		for _, x := range alternatives(a) {
			for _, y := range alternatives(b) {
				if s, ok := cond.SlotOf(x); ok && !s.Role() || ok && s.Login() {
					if y.Op == cond.Var && y.Source.Relation != nil {
						m.slots[place(y)] = append(m.slots[place(y)], s)
					} else if v := cond.VarOf(y); v != nil && !exact && v.Source.Relation != nil {
						m.slots[place(v)] = append(m.slots[place(v)], s)
					}
				}
				if v := cond.VarOf(x); exact && v != nil && v.Source.Query != nil && v.Source.Relation != nil {
					if w := cond.VarOf(y); y.Op == cond.Param ||
						w != nil && w.Source != v.Source &&
							(w.Source.Query == nil || w.Source.Query != v.Source.Query) {
						m.correlated[place(v)] = true
					}
				}
				if exact && x.Op == cond.Var && y.Op == cond.Var && x.Source.Relation != nil &&
					y.Source.Relation != nil &&
					!cond.Same(x, y) &&
					m.Schema.BaseType(x.Type).OID == m.Schema.BaseType(y.Type).OID {
					m.join(place(x), place(y))
				}
			}
		}
		if b.Op == cond.Const && !b.Null && b.Text != "?" {
			key := ""
			if s, ok := cond.SlotOf(a); ok {
				key = s.String()
			} else if v := cond.VarOf(a); v != nil && v.Source.Relation != nil {
				key = v.Source.Relation.FullName() + "." + v.Column.Name
			}
			if key != "" && !slices.Contains(m.constants[key], b.Text) && len(m.constants[key]) < 24 {
				m.constants[key] = append(m.constants[key], b.Text)
			}
		}
		a, b = b, a
	}
}

// alternatives are what an expression may be: the parts of coalesce and of
// scalar sub-queries' results.
func alternatives(x *cond.Expr) []*cond.Expr {
	switch {
	case x.Op == cond.Coalesce:
		var out []*cond.Expr
		for _, a := range x.Args {
			out = append(out, alternatives(a)...)
		}
		if s, ok := cond.SlotOf(x); ok && s.Setting != "" {
			out = append(out, x)
		}
		return out
	case x.Op == cond.Sub && x.Query != nil && len(x.Query.Select) == 1:
		return append(alternatives(x.Query.Select[0]), x)
	}
	return []*cond.Expr{x}
}

// joinByName puts a column without a key of its own into the class of columns
// that have the same name and type and do point somewhere.
func (m *Model) joinByName() {
	type key struct {
		name string
		typ  int
	}
	known, said := map[key]cond.Place{}, map[key]bool{}
	for _, r := range m.Schema.Relations {
		for _, c := range r.Columns {
			p := cond.Place{Relation: r, Column: c.Num}
			if len(m.slots[p]) > 0 {
				said[key{c.Name, c.Type}] = true
			}
			if len(r.Refers(c.Num)) > 0 || len(m.slots[p]) > 0 {
				known[key{c.Name, c.Type}] = p
			}
		}
	}
	for _, r := range m.Schema.Relations {
		if !r.Table() {
			continue
		}
		for _, c := range r.Columns {
			p := cond.Place{Relation: r, Column: c.Num}
			if k, ok := known[key{c.Name, c.Type}]; ok && len(r.Refers(c.Num)) == 0 && len(m.slots[p]) == 0 &&
				(said[key{c.Name, c.Type}] || !(r.InKey(c.Num) && len(r.Primary().Columns) == 1)) &&
				c.Name != "id" &&
				c.Name != "name" {
				m.join(p, k)
			}
		}
	}
}

func (m *Model) findSlots() {
	if u := m.Schema.ByName("auth.users"); u != nil && m.Supabase {
		for _, c := range u.Columns {
			if path := map[string]string{"id": "sub", "email": "email", "phone": "phone"}[c.Name]; path != "" {
				p := cond.Place{Relation: u, Column: c.Num}
				m.slots[p] = append(m.slots[p], cond.Slot{Setting: "request.jwt.claims", Path: path})
			}
		}
	}
	first := map[cond.Slot]cond.Place{}
	for _, r := range m.Schema.Relations { // what is compared with the same slot is the same kind of thing
		for _, c := range r.Columns {
			p := cond.Place{Relation: r, Column: c.Num}
			for _, s := range m.slots[p] {
				if q, ok := first[s]; !ok {
					first[s] = p
				} else if !s.Client() &&
					m.Schema.BaseType(q.Relation.Column(q.Column).Type).OID == m.Schema.BaseType(c.Type).OID {
					m.join(p, q)
				}
			}
		}
	}
	seen := map[cond.Slot]bool{}
	for p, slots := range m.slots {
		for _, s := range slots {
			if !seen[s] {
				seen[s] = true
				m.Slots = append(m.Slots, s)
			}
			c := m.root(p)
			if !slices.Contains(m.classSlots[c], s) {
				m.classSlots[c] = append(m.classSlots[c], s)
			}
		}
	}
	// slots that are only compared with constants
	m.Expressions(func(x *cond.Expr, _ *catalog.Relation) {
		cond.Walk(x, func(e *cond.Expr) {
			if s, ok := cond.SlotOf(e); ok && !seen[s] {
				seen[s] = true
				m.Slots = append(m.Slots, s)
			}
		})
	})
	for _, f := range m.Schema.Functions { // and those that only code reads
		for _, g := range settingName.FindAllStringSubmatch(f.Body, -1) {
			if s := (cond.Slot{Setting: g[1]}); !f.Extension && !seen[s] && !strings.HasPrefix(g[1], "request.") {
				seen[s] = true
				m.Slots = append(m.Slots, s)
			}
		}
	}
	slices.SortFunc(m.Slots, func(a, b cond.Slot) int { return strings.Compare(a.String(), b.String()) })
}

var settingName = lazyregexp.New(`(?i)current_setting\s*\(\s*'([\w]+\.[\w.]+)'`)

// Class is the class of a column: all columns that hold the same kind of thing.
func (m *Model) Class(r *catalog.Relation, column int) cond.Place {
	return m.root(cond.Place{Relation: r, Column: column})
}

// ClassSlots are the slots that a class is compared with.
func (m *Model) ClassSlots(c cond.Place) []cond.Slot { return m.classSlots[c] }

// ClassOfSlot is the class that a slot is compared with.
func (m *Model) ClassOfSlot(s cond.Slot) (cond.Place, bool) {
	var best cond.Place
	found := false
	for c, slots := range m.classSlots {
		if slices.Contains(slots, s) && (!found || c.Relation.FullName() < best.Relation.FullName()) {
			best, found = c, true
		}
	}
	return best, found
}

// Constants are what a column or slot is compared with anywhere.
func (m *Model) Constants(key string) []string { return m.constants[key] }

// Judge reads conditions for a role.
func (m *Model) Judge(role string) *cond.Judge {
	return &cond.Judge{Reader: m.Reader, Role: role, Tenancy: m.tenancy, Privileged: m.privileged}
}

func (m *Model) privileged(role string) bool {
	for _, a := range m.Acting {
		if a.Role == role && a.Primary {
			return false
		}
	}
	if m.Supabase {
		return role != "authenticated" && role != "anon" && role != "public" && role != ""
	}
	r := m.Schema.Role(role)
	return r == nil || r.Super || r.Bypass ||
		!slices.ContainsFunc(m.Acting, func(a *Actor) bool { return a.Role == role && a.Primary })
}

// tenancy says whether a table names a tenant beside the person in a column.
func (m *Model) tenancy(r *catalog.Relation, person *catalog.Column) bool {
	return len(m.tenants(r, person)) > 0
}

// tenants are the columns of a membership that name what the person belongs
// to: they form a key with the person, or conditions compare them with rows.
func (m *Model) tenants(r *catalog.Relation, person *catalog.Column) []*catalog.Column {
	var out []*catalog.Column
	mine := m.Class(r, person.Num)
	for _, c := range r.Columns {
		cl := m.Class(r, c.Num)
		if c.Num == person.Num || cl == mine || len(r.Refers(c.Num)) == 0 && !m.elsewhere(cl, r) && !m.trusted(cl) {
			continue
		}
		if r.InKey(c.Num) && len(r.Primary().Columns) == 1 {
			continue
		}
		together := slices.ContainsFunc(r.Keys, func(k *catalog.Key) bool {
			return len(k.Columns) > 1 && slices.Contains(k.Columns, c.Num) && slices.Contains(k.Columns, person.Num)
		})
		if together || m.correlated[cond.Place{Relation: r, Column: c.Num}] {
			out = append(out, c)
		}
	}
	return out
}

// shared says whether a class has columns in other relations too.
func (m *Model) shared(c cond.Place, r *catalog.Relation) bool {
	if len(m.classSlots[c]) > 0 {
		return true
	}
	for p := range m.class {
		if p.Relation != r && m.root(p) == c {
			return true
		}
	}
	return c.Relation != r
}

// elsewhere says whether a class has columns in other relations.
func (m *Model) elsewhere(c cond.Place, r *catalog.Relation) bool {
	for p := range m.class {
		if p.Relation != r && m.root(p) == c {
			return true
		}
	}
	return c.Relation != r
}

// trusted says whether a class is compared with something that the caller
// cannot choose.
func (m *Model) trusted(c cond.Place) bool {
	return slices.ContainsFunc(m.classSlots[c], func(s cond.Slot) bool { return !s.Client() && !s.Role() })
}

// wide says whether a class has more than one column.
func (m *Model) wide(c cond.Place) bool {
	n := 0
	for p := range m.class {
		if m.root(p) == c {
			n++
		}
	}
	return n > 1
}

// memberships finds the tables that policies ask who belongs to what.
func (m *Model) memberships() {
	byRelation := map[*catalog.Relation]*Membership{}
	m.Expressions(func(x *cond.Expr, _ *catalog.Relation) {
		cond.Walk(x, func(e *cond.Expr) {
			if e.Op != cond.Eq && e.Op != cond.Distinct || len(e.Args) != 2 {
				return
			}
			for i := range 2 {
				s, ok := cond.SlotOf(e.Args[i])
				v := e.Args[1-i]
				if !ok || s.Role() && !s.Login() || v.Op != cond.Var || v.Source.Query == nil ||
					v.Source.Relation == nil ||
					!v.Source.Relation.Table() {
					continue
				}
				r := v.Source.Relation
				t := m.tenants(r, v.Column)
				if byRelation[r] != nil || len(t) == 0 {
					continue
				}
				ms := &Membership{Relation: r, Person: v.Column, Tenants: t}
				byRelation[r] = ms
				m.Memberships = append(m.Memberships, ms)
			}
		})
	})
	for _, r := range m.Schema.Relations { // those that lean on their own policies
		for _, c := range r.Columns {
			if byRelation[r] != nil || !r.Table() || !r.RLS || !m.ownRead(r, c) ||
				!slices.ContainsFunc(
					m.slots[cond.Place{Relation: r, Column: c.Num}],
					func(s cond.Slot) bool { return !s.Client() && !s.Role() },
				) {
				continue
			}
			var t []*catalog.Column
			for _, x := range m.tenants(r, c) {
				if m.correlated[cond.Place{Relation: r, Column: x.Num}] && len(r.Refers(x.Num)) > 0 {
					t = append(t, x)
				}
			}
			if len(t) > 0 {
				byRelation[r] = &Membership{Relation: r, Person: c, Tenants: t}
				m.Memberships = append(m.Memberships, byRelation[r])
			}
		}
	}
	for _, ms := range m.Memberships {
		for _, c := range ms.Relation.Columns {
			if c.Num == ms.Person.Num || slices.Contains(ms.Tenants, c) || ms.Relation.InKey(c.Num) ||
				len(ms.Relation.Refers(c.Num)) > 0 ||
				c.Generated {
				continue
			}
			if t := m.Schema.BaseType(c.Type); t.OID == 16 || t.Kind == "e" ||
				len(m.constants[ms.Relation.FullName()+"."+c.Name]) > 0 && t.Category != "D" {
				ms.Ranks = append(ms.Ranks, c)
			}
		}
	}
	slices.SortFunc(
		m.Memberships,
		func(a, b *Membership) int { return strings.Compare(a.Relation.FullName(), b.Relation.FullName()) },
	)
}

// ownRead says whether a policy shows people the rows that name them.
func (m *Model) ownRead(r *catalog.Relation, c *catalog.Column) bool {
	for _, p := range r.Policies {
		if p.Command != "r" && p.Command != "*" {
			continue
		}
		for _, b := range m.Judge("").Using(p) {
			for _, a := range b {
				if a.Kind == cond.Bind && slices.Contains(a.Columns, c) {
					return true
				}
			}
		}
	}
	return false
}

// MembershipOf is the membership that a relation holds, nil for others.
func (m *Model) MembershipOf(r *catalog.Relation) *Membership {
	for _, ms := range m.Memberships {
		if ms.Relation == r {
			return ms
		}
	}
	return nil
}

// tie finds the relations whose rows belong to somebody.
func (m *Model) tie() {
	for c, slots := range m.classSlots {
		if slices.ContainsFunc(slots, func(s cond.Slot) bool { return (!s.Role() || s.Login()) && !s.Client() }) ||
			m.shared(c, c.Relation) && m.wide(c) {
			m.isolating[c] = true
		}
	}
	for _, ms := range m.Memberships {
		m.isolating[m.Class(ms.Relation, ms.Person.Num)] = true
		for _, t := range ms.Tenants {
			m.isolating[m.Class(ms.Relation, t.Num)] = true
		}
	}
	for _, r := range m.Schema.Relations { // what a person owns, and others hang on
		k := r.Primary()
		if !r.Table() || k == nil || len(k.Columns) != 1 ||
			!m.correlated[cond.Place{Relation: r, Column: k.Columns[0]}] {
			continue
		}
		for _, c := range r.Columns {
			if c.Num != k.Columns[0] && m.trusted(m.Class(r, c.Num)) && m.elsewhere(m.Class(r, k.Columns[0]), r) {
				m.isolating[m.Class(r, k.Columns[0])] = true
			}
		}
	}
	for _, r := range m.Schema.Relations {
		for _, c := range r.Columns {
			if r.Table() && m.isolating[m.Class(r, c.Num)] {
				m.tied[r] = true
			}
		}
	}
	if u := m.Schema.ByName("auth.users"); u != nil && m.Supabase {
		m.tied[u] = true
		m.isolating[m.Class(u, 1)] = true
	}
	if o := m.Schema.ByName("storage.objects"); o != nil && m.Supabase {
		m.tied[o] = true
	}
	for changed := true; changed; {
		changed = false
		for _, r := range m.Schema.Relations {
			if m.tied[r] || !r.Table() {
				continue
			}
			for _, f := range r.Foreign {
				if t := m.Schema.Relation(f.Target); t != nil && m.tied[t] {
					m.tied[r], changed = true, true
				}
			}
			for _, id := range r.Parents {
				if t := m.Schema.Relation(id); t != nil && m.tied[t] {
					m.tied[r], changed = true, true
				}
			}
		}
	}
}

// Tied says whether a table's rows belong to somebody.
func (m *Model) Tied(r *catalog.Relation) bool { return m.tied[r] }

// Isolating says whether a column names a person or a tenant.
func (m *Model) Isolating(r *catalog.Relation, column int) bool {
	return m.isolating[m.Class(r, column)]
}

// PersonColumn says whether a column names a person rather than a tenant: its
// class is that of a membership's person, or of the caller himself.
func (m *Model) PersonColumn(r *catalog.Relation, column int) bool {
	c := m.Class(r, column)
	for _, ms := range m.Memberships {
		if m.Class(ms.Relation, ms.Person.Num) == c {
			return true
		}
	}
	return slices.ContainsFunc(
		m.classSlots[c],
		func(s cond.Slot) bool { return s.Path == "sub" || s.Setting == "request.jwt.claim.sub" },
	)
}

// Decides says whether a right depends on the column: a condition looks it up
// and compares it with a constant.
func (m *Model) Decides(r *catalog.Relation, column int) bool {
	return m.decides[cond.Place{Relation: r, Column: column}]
}

// Paths are the keys under which conditions look into a column of JSON.
func (m *Model) Paths(r *catalog.Relation, column int) []string {
	return m.paths[cond.Place{Relation: r, Column: column}]
}

// Dependents are the relations whose conditions read r.
func (m *Model) Dependents(r *catalog.Relation) map[*catalog.Relation]bool { return m.depends[r] }

// Reachable says whether requests reach a schema.
func (m *Model) Reachable(schema string) bool { return len(m.Exposed) == 0 || m.Exposed[schema] }

// RoleNamed says whether the user named the role as one that serves requests.
func (m *Model) RoleNamed(role string) bool {
	return slices.ContainsFunc(m.Acting, func(a *Actor) bool { return a.Role == role && a.Primary })
}

// NullTested says whether a condition demands that the column is null.
func (m *Model) NullTested(r *catalog.Relation, column int) bool {
	if m.nulls == nil {
		m.nulls = map[cond.Place]bool{}
		m.Expressions(func(x *cond.Expr, _ *catalog.Relation) {
			filled := map[*cond.Expr]bool{} // is not null
			cond.Walk(x, func(e *cond.Expr) {
				if e.Op == cond.Not && e.Args[0].Op == cond.IsNull {
					filled[e.Args[0]] = true
				}
				if e.Op == cond.IsNull && !filled[e] && e.Args[0].Op == cond.Var && e.Args[0].Source.Relation != nil {
					m.nulls[place(e.Args[0])] = true
				}
			})
		})
	}
	return m.nulls[cond.Place{Relation: r, Column: column}]
}

// Describe writes down what the model found, for those who work on it.
func (m *Model) Describe() string {
	var b strings.Builder
	for _, a := range m.Acting {
		fmt.Fprintf(&b, "acting %s through %s primary=%v\n", a.Role, a.Login, a.Primary)
	}
	for _, s := range m.Slots {
		c, ok := m.ClassOfSlot(s)
		fmt.Fprintf(&b, "slot %s", s)
		if ok {
			fmt.Fprintf(&b, " = %s.%d", c.Relation.FullName(), c.Column)
		}
		b.WriteByte('\n')
	}
	for _, ms := range m.Memberships {
		fmt.Fprintf(&b, "membership %s person %s tenants", ms.Relation.FullName(), ms.Person.Name)
		for _, t := range ms.Tenants {
			fmt.Fprintf(&b, " %s", t.Name)
		}
		for _, t := range ms.Ranks {
			fmt.Fprintf(&b, " rank %s", t.Name)
		}
		b.WriteByte('\n')
	}
	for _, r := range m.Schema.Relations {
		if !r.Table() {
			continue
		}
		fmt.Fprintf(&b, "table %s tied=%v:", r.FullName(), m.Tied(r))
		for _, c := range r.Columns {
			if m.Isolating(r, c.Num) {
				fmt.Fprintf(&b, " %s", c.Name)
				if m.PersonColumn(r, c.Num) {
					b.WriteString("(person)")
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
