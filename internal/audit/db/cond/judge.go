package cond

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
)

// A Kind is what a part of a condition asks.
type Kind int

// What a part can ask. Those up to Unknown tie the row to the caller.
const (
	Bind        Kind = iota // the row's column is the caller's
	Member                  // the caller belongs to the row's tenant
	Parent                  // a parent that the caller may see
	Admin                   // a right that only the server hands out
	Unknown                 // could not be read: taken for a tie
	LoggedIn                // somebody is signed in
	RoleCheck               // a role of the database or the token
	AnyTenant               // the caller belongs to some tenant
	Inverted                // passes when the caller is nobody, or somebody else
	Client                  // something that the caller says about himself
	SelfCompare             // a column compared with itself
	ParentOpen              // a parent that others may see as well
	ExistsOnly              // that a row exists somewhere
	Gate                    // a state of the row, such as published
	Filler                  // something about the row or the clock that narrows nothing
)

// An Atom is a part of a condition.
type Atom struct {
	Kind     Kind
	Slot     Slot
	Columns  []*catalog.Column // of the row
	Via      *catalog.Relation
	Inner    []Branch // of a parent that is open
	Function *catalog.Function
	Fuzzy    bool // by pattern or prefix
	NullSafe bool // null matches null
	Negated  bool
	Value    string // of a gate
	Expr     *Expr
	At       int

	pair   [2]*Expr // columns of two sub-queries' tables
	inner  *Expr    // column of a sub-query's table that the caller or the row is compared with
	corr   bool
	asked  bool // compared with an argument of the function that is read
	filter bool
}

// A Branch is parts that must all hold.
type Branch []Atom

// Tied says whether the branch ties the row to the caller.
func (b Branch) Tied() bool {
	return slices.ContainsFunc(b, func(a Atom) bool { return a.Kind <= Unknown })
}

// Has says whether the branch contains a part of a kind.
func (b Branch) Has(k Kind) bool {
	return slices.ContainsFunc(b, func(a Atom) bool { return a.Kind == k })
}

// Find is the first part of a kind, nil when there is none.
func (b Branch) Find(k Kind) *Atom {
	for i := range b {
		if b[i].Kind == k {
			return &b[i]
		}
	}
	return nil
}

// Bound are the row's columns that the branch ties to the caller.
func (b Branch) Bound() []*catalog.Column {
	var out []*catalog.Column
	for _, a := range b {
		if a.Kind == Bind || a.Kind == Member || a.Kind == Parent || a.Kind == Unknown {
			out = append(out, a.Columns...)
		}
	}
	return out
}

const maxBranches = 48

// A Judge reads conditions as a role meets them.
type Judge struct {
	Reader *Reader
	Role   string
	depth  int
	// Tenancy says whether a relation holds memberships: whether it has a
	// column beside the person that names a tenant.
	Tenancy func(*catalog.Relation, *catalog.Column) bool
	// Privileged are values of the role claim that no user carries.
	Privileged func(string) bool
}

// Using are the ways in which an existing row passes a policy.
func (j *Judge) Using(p *catalog.Policy) []Branch {
	x, src := j.Reader.Row(p.Using, p.Relation)
	if x == nil {
		return []Branch{{}}
	}
	return j.dnf(x, src, false)
}

// Checks are the ways in which a new row passes a policy.
func (j *Judge) Checks(p *catalog.Policy) []Branch {
	n := p.Check
	if n == nil {
		n = p.Using
	}
	x, src := j.Reader.Row(n, p.Relation)
	if x == nil {
		return []Branch{{}}
	}
	return j.dnf(x, src, false)
}

// Expression are the ways in which an expression over a row holds.
func (j *Judge) Expression(x *Expr, src *Source) []Branch { return j.dnf(x, src, false) }

func (j *Judge) dnf(x *Expr, row *Source, neg bool) []Branch {
	switch x.Op {
	case And, Or:
		if (x.Op == And) != neg {
			out := []Branch{{}}
			for _, a := range x.Args {
				out = cross(out, j.dnf(a, row, neg))
			}
			return out
		}
		var out []Branch
		for _, a := range x.Args {
			out = append(out, j.dnf(a, row, neg)...)
		}
		return limit(out)
	case Not:
		return j.dnf(x.Args[0], row, !neg)
	case Const:
		if x.Null || (x.Text == "true") == neg {
			return nil
		}
		return []Branch{{}}
	case BoolTest:
		var out []Branch
		switch name := x.Name; {
		case name == "true" && !neg || name == "nottrue" && neg:
			return j.dnf(x.Args[0], row, false)
		case name == "false" && !neg || name == "notfalse" && neg:
			return j.dnf(x.Args[0], row, true)
		case name == "nottrue" || name == "true":
			out = append(j.dnf(x.Args[0], row, true), j.nulls(x.Args[0], row)...)
		case name == "notfalse" || name == "false":
			out = append(j.dnf(x.Args[0], row, false), j.nulls(x.Args[0], row)...)
		case name == "unknown":
			return j.nulls(x.Args[0], row)
		}
		return out
	case Case:
		var out []Branch
		before := []Branch{{}}
		for i := 0; i+1 < len(x.Args); i += 2 {
			out = append(out, cross(cross(before, j.dnf(x.Args[i], row, false)), j.dnf(x.Args[i+1], row, neg))...)
			before = cross(before, j.dnf(x.Args[i], row, true))
		}
		return limit(append(out, cross(before, j.dnf(x.Args[len(x.Args)-1], row, neg))...))
	case Coalesce:
		if len(x.Args) == 2 && x.Args[1].Op == Const {
			out := j.dnf(x.Args[0], row, neg)
			if !x.Args[1].Null && (x.Args[1].Text == "true") != neg {
				out = append(out, j.nulls(x.Args[0], row)...)
			}
			return out
		}
		var out []Branch
		for _, a := range x.Args {
			out = append(out, j.dnf(a, row, neg)...)
		}
		return limit(out)
	case Exists:
		return j.exists(x.Query, row, neg, x.At)
	case Sub:
		if x.Query != nil && len(x.Query.Select) == 1 {
			return j.exists(x.Query.with(&Expr{Op: And, Args: []*Expr{x.Query.Select[0]}, At: -1}), row, neg, x.At)
		}
	case Eq, Ne, Distinct:
		return j.compare(x, row, neg)
	}
	return j.other(x, row, neg)
}

// with adds a condition to a query.
func (q *Query) with(x *Expr) *Query {
	c := *q
	c.Where = append(append([]*Expr{}, q.Where...), x)
	return &c
}

func cross(a, b []Branch) []Branch {
	var out []Branch
	for _, x := range a {
		for _, y := range b {
			out = append(out, append(append(Branch{}, x...), y...))
			if len(out) > maxBranches {
				return limit(out)
			}
		}
	}
	return out
}

// limit cuts what would grow without end; what is cut counts as a tie.
func limit(b []Branch) []Branch {
	if len(b) > maxBranches {
		b = append(b[:maxBranches:maxBranches], Branch{{Kind: Unknown, At: -1}})
	}
	return b
}

// nulls are the ways in which an expression is null: above all, when nobody is
// signed in.
func (j *Judge) nulls(x *Expr, row *Source) []Branch {
	var out []Branch
	Walk(x, func(e *Expr) {
		if s, ok := SlotOf(e); ok && !s.Role() && len(out) == 0 {
			out = append(out, Branch{{Kind: Inverted, Slot: s, At: x.At, Expr: x}})
		}
	})
	if out == nil {
		out = append(out, Branch{{Kind: Gate, At: x.At, Expr: x, Columns: rowColumns(x, row)}})
	}
	return out
}

func rowColumns(x *Expr, row *Source) []*catalog.Column {
	var out []*catalog.Column
	Walk(x, func(e *Expr) {
		if e.Op == Var && e.Source == row && !slices.Contains(out, e.Column) {
			out = append(out, e.Column)
		}
	})
	return out
}

// readsTable finds a scalar sub-query within an expression.
func readsTable(x *Expr) *Expr {
	if x == nil || x.Op == Sub && x.Query != nil && x.Name != "array" {
		return x
	}
	if x.Op == Exists || x.Op == And || x.Op == Or {
		return nil
	}
	for _, a := range x.Args {
		if s := readsTable(a); s != nil {
			return s
		}
	}
	return nil
}

func (j *Judge) compare(x *Expr, row *Source, neg bool) []Branch {
	a, b := x.Args[0], x.Args[len(x.Args)-1]
	equal := (x.Op == Eq) != neg && x.Op != Distinct || x.Op == Distinct && neg
	for range 2 { // = coalesce(setting, column)
		if b.Op == Coalesce && len(b.Args) == 2 && equal {
			if s, ok := SlotOf(b.Args[0]); ok && b.Args[1].Op != Const {
				first := j.dnf(&Expr{Op: Eq, Name: "=", Args: []*Expr{a, b.Args[0]}, At: x.At}, row, false)
				second := j.dnf(&Expr{Op: Eq, Name: "=", Args: []*Expr{a, b.Args[1]}, At: x.At}, row, false)
				null := Branch{{Kind: Inverted, Slot: s, At: x.At, Expr: x}}
				if s.Client() {
					null = Branch{{Kind: Client, Slot: s, At: x.At, Expr: x}}
				}
				for i := range second { // of the sub-query around it, this compares nothing
					second[i] = slices.DeleteFunc(second[i], func(a Atom) bool { return a.Kind == SelfCompare })
				}
				return append(first, cross([]Branch{null}, second)...)
			}
		}
		a, b = b, a
	}
	for range 2 {
		if s := readsTable(a); s != nil && s != a || s == a && a.Op == Sub {
			q := s.Query
			if a.Op == Sub && len(q.Select) == 1 {
				return j.exists(
					q.with(&Expr{Op: x.Op, Name: x.Name, Args: []*Expr{q.Select[0], b}, At: -1}),
					row,
					neg && x.Op != Distinct && x.Op != Ne,
					x.At,
				)
			}
			return j.exists(q.with(&Expr{Op: Func, Name: "rank", Args: nil, At: -1}), row, neg, x.At)
		}
		a, b = b, a
	}
	sa, oka := SlotOf(a)
	sb, okb := SlotOf(b)
	if oka && okb {
		if sa == sb && a.Op == b.Op {
			return []Branch{{{Kind: SelfCompare, Slot: sa, At: x.At, Expr: x}}}
		}
		return []Branch{{{Kind: Unknown, At: x.At, Expr: x}}}
	}
	if okb {
		a, b, sa, oka = b, a, sb, true
	}
	if oka {
		return j.slotAgainst(x, sa, b, row, equal)
	}
	if f := unread(x); f != nil {
		return []Branch{{{Kind: Unknown, At: x.At, Expr: x, Function: f.Called, Columns: rowColumns(x, row)}}}
	}
	va, vb := VarOf(a), VarOf(b)
	switch {
	case Same(a, b):
		if !equal {
			return nil
		}
		return []Branch{
			{
				{
					Kind:     SelfCompare,
					Columns:  rowColumns(x, row),
					At:       x.At,
					Expr:     x,
					Function: functionOf(va),
					inner:    va,
				},
			},
		}
	case va != nil && vb != nil && (va.Source == row) != (vb.Source == row) && row != nil:
		if va.Source != row {
			va, vb = vb, va
		}
		if !equal {
			return []Branch{{{Kind: Filler, filter: true, At: x.At, Expr: x}}}
		}
		return []Branch{
			{{Kind: Filler, corr: true, Columns: []*catalog.Column{va.Column}, inner: vb, At: x.At, Expr: x}},
		}
	}
	at := j.rowState(x, row, !equal)
	for _, side := range [][2]*Expr{{a, b}, {b, a}} { // with what a function is asked about
		if v := VarOf(side[0]); v != nil && v.Source != row && v.Source.Query != nil && side[1].Op == Param &&
			side[1].Text != "sub" &&
			equal {
			at.asked = true
		}
	}
	if va != nil && vb != nil && va.Source != vb.Source && equal {
		at.pair = [2]*Expr{va, vb}
	}
	return []Branch{{at}}
}

func functionOf(v *Expr) *catalog.Function {
	if v != nil && v.Source != nil && v.Source.Query != nil {
		return v.Source.Query.Function
	}
	return nil
}

// rowState is a comparison with nothing of the caller in it.
func (j *Judge) rowState(x *Expr, row *Source, neg bool) Atom {
	a := Atom{Kind: Filler, At: x.At, Expr: x, Columns: rowColumns(x, row), Negated: neg}
	a.filter = len(a.Columns) == 0
	if len(a.Columns) == 1 && (x.Op == Eq || x.Op == Var) && !neg || len(a.Columns) == 1 && x.Op == IsNull {
		a.Kind = Gate
		for _, arg := range x.Args {
			if arg.Op == Const {
				a.Value = arg.Text
			} else if arg.Op != Var && arg.Op != Const {
				a.Kind = Filler
			}
		}
	}
	for _, arg := range x.Args {
		if v := VarOf(arg); v != nil && v.Source != row {
			a.inner = v
		}
	}
	return a
}

func (j *Judge) slotAgainst(x *Expr, s Slot, other *Expr, row *Source, equal bool) []Branch {
	at := Atom{Slot: s, At: x.At, Expr: x}
	v := VarOf(other)
	switch {
	case v == nil && other.Op == Const, v == nil && !depends(other):
		switch {
		case s.Client():
			at.Kind = Client
		case s.Role() && equal && j.Privileged != nil && j.Privileged(other.Text):
			at.Kind = Admin
		case s.Role() && !equal && other.Text == "authenticated":
			at.Kind = Inverted
		case s.Role():
			at.Kind = RoleCheck
		case equal:
			at.Kind = Admin
		default:
			at.Kind = LoggedIn
		}
		if s.Path == "sub" || s.Path == "email" {
			at.Kind = Admin
			if !equal {
				at.Kind = LoggedIn
			}
		}
		return []Branch{{at}}
	case v == nil:
		at.Kind = Unknown
		return []Branch{{at}}
	case !equal:
		if v.Source == row {
			at.Kind = Inverted
		} else {
			at.Kind, at.filter, at.inner = Filler, true, v
		}
		return []Branch{{at}}
	}
	at.NullSafe = x.Op == Distinct
	at.Kind = Bind
	if s.Client() {
		at.Kind = Client
	}
	if v.Source == row {
		at.Columns = []*catalog.Column{v.Column}
		out := []Branch{{at}}
		if at.NullSafe && !v.Column.NotNull {
			out = append(
				out,
				Branch{{Kind: Inverted, Slot: s, NullSafe: true, Columns: at.Columns, At: x.At, Expr: x}},
			)
		}
		return out
	}
	at.inner = v
	return []Branch{{at}}
}

// other judges everything that is neither a comparison nor a connective.
func (j *Judge) other(x *Expr, row *Source, neg bool) []Branch {
	if f := unread(x); f != nil && x.Op != Case {
		return []Branch{{{Kind: Unknown, At: x.At, Expr: x, Function: f.Called, Columns: rowColumns(x, row)}}}
	}
	if x.Op == IsNull {
		a := x.Args[0]
		if s, ok := SlotOf(a); ok {
			k := LoggedIn
			if !neg {
				k = Inverted
			}
			if s.Client() {
				k = Client
			}
			return []Branch{{{Kind: k, Slot: s, At: x.At, Expr: x}}}
		}
		if sub := readsTable(a); sub != nil {
			return j.exists(sub.Query, row, !neg, x.At)
		}
		return []Branch{{j.rowState(x, row, neg)}}
	}
	if x.Op == Var {
		if x.Source == row {
			return []Branch{
				{{Kind: Gate, Columns: []*catalog.Column{x.Column}, Value: "true", Negated: neg, At: x.At, Expr: x}},
			}
		}
		return []Branch{{{Kind: Filler, filter: true, inner: x, At: x.At, Expr: x}}}
	}
	if s, ok := SlotOf(x); ok { // a claim that is a boolean
		switch {
		case s.Client():
			return []Branch{{{Kind: Client, Slot: s, At: x.At, Expr: x}}}
		case neg:
			return []Branch{{{Kind: RoleCheck, Slot: s, At: x.At, Expr: x}}}
		}
		return []Branch{{{Kind: Admin, Slot: s, At: x.At, Expr: x}}}
	}
	if x.Op == Oper && len(x.Args) == 2 {
		for i := range 2 { // a rank that is looked up, compared
			if s := x.Args[i]; s.Op == Sub && s.Query != nil && len(s.Query.Select) == 1 {
				args := []*Expr{x.Args[0], x.Args[1]}
				args[i] = s.Query.Select[0]
				return j.exists(s.Query.with(&Expr{Op: Oper, Name: x.Name, Args: args, At: -1}), row, neg, x.At)
			}
		}
	}
	if sub := readsTable(x); sub != nil {
		q := sub.Query
		return j.exists(q.with(&Expr{Op: Func, Name: "rank", At: -1}), row, neg, x.At)
	}
	if x.Called != nil || x.Op == Opaque {
		return []Branch{
			{{Kind: j.opaque(x, row), At: x.At, Expr: x, Function: x.Called, Columns: rowColumns(x, row)}},
		}
	}
	if f := unread(x); f != nil {
		return []Branch{{{Kind: Unknown, At: x.At, Expr: x, Function: f.Called, Columns: rowColumns(x, row)}}}
	}
	return j.pattern(x, row, neg)
}

// unread is a call, within an expression, of a function that could not be
// looked into.
func unread(x *Expr) *Expr {
	if x == nil || x.Called != nil {
		return x
	}
	if x.Op == Exists || x.Op == Sub {
		return nil
	}
	for _, a := range x.Args {
		if f := unread(a); f != nil {
			return f
		}
	}
	return nil
}

// pattern judges like, starts_with, containment and their kin.
func (j *Judge) pattern(x *Expr, row *Source, neg bool) []Branch {
	var slot Slot
	hasSlot := false
	var rowVar, innerVar *Expr
	Walk(x, func(e *Expr) {
		if s, ok := SlotOf(e); ok && !hasSlot {
			slot, hasSlot = s, true
		}
		if e.Op == Var && e.Source == row && rowVar == nil {
			rowVar = e
		}
		if e.Op == Var && e.Source != row && innerVar == nil {
			innerVar = e
		}
	})
	at := Atom{Kind: Filler, Slot: slot, At: x.At, Expr: x, Fuzzy: true, Columns: rowColumns(x, row), inner: innerVar}
	switch {
	case hasSlot && !neg && (rowVar != nil || innerVar != nil):
		at.Kind = Bind
		if slot.Client() {
			at.Kind = Client
		}
		if rowVar != nil {
			at.inner = nil
		}
	case hasSlot && rowVar != nil:
		at.Kind = Inverted
	case hasSlot && slot.Client():
		at.Kind = Client
	case hasSlot && slot.Role():
		at.Kind = RoleCheck
	case hasSlot:
		at.Kind = Unknown
	case rowVar != nil && innerVar != nil && !neg:
		at.corr = true
	case rowVar == nil:
		at.filter = true
	}
	return []Branch{{at}}
}

// opaque judges a call of a function whose body cannot be read: it ties the
// row if it is given something of it and asks who is calling.
func (j *Judge) opaque(x *Expr, row *Source) Kind {
	if x.Called == nil {
		return Unknown
	}
	return Unknown
}

// exists judges a sub-query: does it look for the caller, and for the row's
// tenant, and who may see what it reads.
func (j *Judge) exists(q *Query, row *Source, neg bool, at int) []Branch {
	if q == nil || j.depth > 6 {
		return []Branch{{{Kind: Unknown, At: at}}}
	}
	if neg {
		return []Branch{{{Kind: Filler, filter: true, At: at, Expr: &Expr{Op: Exists, Query: q}}}}
	}
	j.depth++
	defer func() { j.depth-- }()
	inside := []Branch{{}}
	for _, w := range q.Where {
		inside = cross(inside, j.dnf(w, row, false))
	}
	var out []Branch
	for _, b := range inside {
		out = append(out, j.lift(q, b, row, at)...)
	}
	return limit(out)
}

// lift says what a way through a sub-query means for the row outside.
func (j *Judge) lift(q *Query, b Branch, row *Source, at int) []Branch {
	var keep Branch
	var identity, client, self, meta *Atom
	var columns []*catalog.Column
	corr, fuzzy, ranked := false, false, false
	var function *catalog.Function
	own := map[*Source]bool{}
	for _, s := range q.From {
		own[s] = true
	}
	for i := range b {
		a := b[i]
		switch {
		case a.pair[0] != nil && own[a.pair[0].Source] != own[a.pair[1].Source]:
			corr = true // with the query around this one
		case a.asked:
			corr = true
		case a.corr:
			corr, fuzzy = true, fuzzy || a.Fuzzy
			columns = append(columns, a.Columns...)
		case a.Kind == Bind && a.inner != nil:
			identity = &b[i]
		case a.Kind == Client && a.inner != nil:
			client = &b[i]
		case a.Kind == SelfCompare:
			self = &b[i]
		case a.inner != nil && relation(a.inner) != nil && a.inner.Column.Name == "raw_user_meta_data" &&
			relation(a.inner).FullName() == "auth.users":
			meta = &b[i]
		case a.filter || a.inner != nil:
			ranked = ranked || a.Expr != nil
		case a.Kind == Unknown && a.Expr != nil && a.Expr.Name == "rank":
			ranked = true
		default:
			keep = append(keep, a)
		}
	}
	for _, s := range q.From {
		if s.Query != nil && s.Query.Function != nil {
			function = s.Query.Function
		}
	}
	if q.Function != nil {
		function = q.Function
	}
	switch {
	case self != nil && !corr:
		keep = append(keep, *self)
		keep[len(keep)-1].Function = functionOr(self.Function, function)
		return []Branch{keep}
	case keep.Tied() && corr && len(columns) > 0:
		if m := keep.Find(Member); m != nil {
			m.Columns = append(m.Columns, columns...)
			return []Branch{keep}
		}
		return []Branch{
			append(
				keep,
				Atom{Kind: Parent, Columns: columns, Function: function, At: at, Expr: &Expr{Op: Exists, Query: q}},
			),
		}
	case identity != nil && meta != nil && !corr:
		return []Branch{
			append(
				keep,
				Atom{
					Kind:     Client,
					Slot:     Slot{Setting: "auth.users", Path: "user_metadata"},
					Function: function,
					At:       at,
					Expr:     meta.Expr,
				},
			),
		}
	case identity != nil && client != nil && !corr:
		a := *client
		a.inner, a.Via = nil, relation(client.inner)
		return []Branch{append(keep, a)}
	case identity != nil && corr:
		return []Branch{
			append(
				keep,
				Atom{
					Kind:     Member,
					Slot:     identity.Slot,
					Columns:  columns,
					Via:      relation(identity.inner),
					Function: function,
					Fuzzy:    fuzzy,
					At:       at,
					Expr:     &Expr{Op: Exists, Query: q},
				},
			),
		}
	case identity != nil:
		via := relation(identity.inner)
		k := LoggedIn
		switch {
		case via != nil && j.Tenancy != nil && j.Tenancy(via, identity.inner.Column):
			k = AnyTenant
		case ranked || len(q.From) > 0 && compares(q):
			k = Admin
		}
		return []Branch{
			append(
				keep,
				Atom{
					Kind:     k,
					Slot:     identity.Slot,
					Via:      via,
					Function: function,
					At:       at,
					Expr:     &Expr{Op: Exists, Query: q},
				},
			),
		}
	case client != nil:
		a := *client
		a.inner, a.Columns, a.Via, a.Function = nil, columns, relation(client.inner), function
		if corr { // something presented: a link's secret
			a.Kind, a.Expr = Member, &Expr{Op: Exists, Query: q}
		}
		return []Branch{append(keep, a)}
	}
	out := j.guarded(q, keep, columns, corr, function, at)
	if self != nil { // what should have asked for the caller asks for nothing
		for i := range out {
			if !out[i].Tied() {
				captured := *self
				captured.Function = functionOr(self.Function, function)
				out[i] = append(out[i], captured)
			}
		}
	}
	return out
}

func functionOr(a, b *catalog.Function) *catalog.Function {
	if a != nil {
		return a
	}
	return b
}

func relation(v *Expr) *catalog.Relation {
	if v == nil || v.Source == nil {
		return nil
	}
	return v.Source.Relation
}

// compares says whether a query compares a column with a constant. What is in
// the way to a caller's own setting, such as its name, is none.
func compares(q *Query) bool {
	found := false
	for _, w := range q.Where {
		Walk(w, func(e *Expr) {
			if e.Op == Var && e.Type == 16 || e.Op == Func && e.Name == "rank" {
				found = true
			}
			column, constant, slot := false, false, false
			for _, a := range e.Args {
				_, is := SlotOf(a)
				slot = slot || is
				column = column || VarOf(a) != nil
				Walk(a, func(x *Expr) { constant = constant || x.Op == Const && !x.Null })
			}
			found = found || column && constant && !slot
		})
	}
	return found
}

// guarded judges a sub-query that does not look for the caller: it may lean on
// the policies of the table that it reads.
func (j *Judge) guarded(
	q *Query,
	keep Branch,
	columns []*catalog.Column,
	corr bool,
	function *catalog.Function,
	at int,
) []Branch {
	if keep.Tied() {
		return []Branch{keep}
	}
	var open []Branch
	guard, via := false, (*catalog.Relation)(nil)
	for _, s := range q.From {
		owner := q.Owner
		if s.Query != nil {
			owner = s.Query.Owner
		}
		if s.Relation == nil {
			continue
		}
		via = s.Relation
		who := j.Role
		if owner != "" {
			who = owner
		}
		if j.Reader.Schema.Exempt(who, s.Relation) {
			continue
		}
		branches, tied := j.visible(s.Relation)
		if len(branches) == 0 && !tied {
			return nil // nothing of it is shown to the role
		}
		guard = guard || tied
		open = append(open, branches...)
	}
	x := &Expr{Op: Exists, Query: q}
	switch {
	case guard && corr:
		out := []Branch{
			append(
				append(Branch{}, keep...),
				Atom{Kind: Parent, Columns: columns, Via: via, Function: function, At: at, Expr: x},
			),
		}
		if len(open) > 0 {
			out = append(
				out,
				append(
					append(Branch{}, keep...),
					Atom{Kind: ParentOpen, Columns: columns, Via: via, Inner: open, At: at, Expr: x},
				),
			)
		}
		return out
	case corr && len(open) > 0:
		return []Branch{
			append(keep, Atom{Kind: ParentOpen, Columns: columns, Via: via, Inner: open, At: at, Expr: x}),
		}
	case guard && len(open) == 0:
		return []Branch{append(keep, Atom{Kind: AnyTenant, Via: via, At: at, Expr: x})}
	case len(q.From) == 0:
		return []Branch{keep}
	}
	return []Branch{
		append(keep, Atom{Kind: ExistsOnly, Via: via, Columns: columns, Function: function, At: at, Expr: x}),
	}
}

// visible are the ways in which rows of a relation are shown to the role: those
// that are open to others, and whether any ties the row to the caller.
func (j *Judge) visible(r *catalog.Relation) (open []Branch, tied bool) {
	restricted := false
	for _, p := range r.Policies {
		if !j.Reader.Schema.Applies(p, j.Role, "r") {
			continue
		}
		all := true
		var loose []Branch
		for _, b := range j.Using(p) {
			if b.Tied() {
				tied = true
			} else {
				all = false
				loose = append(loose, b)
			}
		}
		if !p.Permissive {
			restricted = restricted || all
			continue
		}
		open = append(open, loose...)
	}
	if restricted {
		return nil, true
	}
	return open, tied
}

// Words writes an expression's constants, for messages.
func Words(x *Expr) string {
	var out []string
	Walk(x, func(e *Expr) {
		if e.Op == Const && e.Text != "" && e.Text != "?" {
			out = append(out, e.Text)
		}
	})
	return strings.Join(out, ", ")
}

// Identity is the column of a membership table that is compared with the
// caller, nil for other parts.
func (a *Atom) Identity() (found *Expr) {
	if a.Expr == nil || a.Expr.Query == nil {
		return nil
	}
	WalkQuery(a.Expr.Query, func(e *Expr) {
		if found != nil || (e.Op != Eq && e.Op != Distinct) || len(e.Args) != 2 {
			return
		}
		for i := range 2 {
			if _, ok := SlotOf(e.Args[i]); ok && e.Args[1-i].Op == Var && e.Args[1-i].Source.Query != nil {
				found = e.Args[1-i]
			}
		}
	})
	return found
}

// Using2 are the ways through a policy for whatever it is asked: an old row, or
// a new one when it looks at nothing else.
func (j *Judge) Using2(p *catalog.Policy) []Branch {
	if p.Using == nil {
		return j.Checks(p)
	}
	return j.Using(p)
}
