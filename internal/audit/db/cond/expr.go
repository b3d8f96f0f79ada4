// Package cond reasons about the conditions of policies, views and functions:
// what they compare, with whom, and who passes.
package cond

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/tree"
)

// An Op is what an expression does.
type Op int

// The operations that matter; everything else is a Func.
const (
	Var Op = iota
	Const
	Setting // current_setting(Name), or current_user and its kin
	And
	Or
	Not
	Eq
	Ne
	Distinct
	IsNull
	Oper // another operator, by name
	Func // a function of the system, or one that could not be looked into
	Case // condition, result, condition, result …, otherwise
	Coalesce
	BoolTest // Name: true, false, unknown, nottrue, notfalse, notunknown
	Exists
	Sub // scalar sub-query
	Array
	Param
	Aggregate
	Opaque
)

// An Expr is an expression with its names resolved and its functions
// looked into.
type Expr struct {
	Op     Op
	Name   string
	Args   []*Expr
	Source *Source // of a Var
	Column *catalog.Column
	Text   string // of a Const
	Null   bool
	Query  *Query
	Called *catalog.Function // a function that could not be looked into
	Type   int
	At     int // byte of the statement, -1 when it stands in a function
}

// A Source is one use of a relation in a query.
type Source struct {
	Relation *catalog.Relation
	Query    *Query // nil: the row that a policy is asked about
	columns  []*Expr
}

// A Query is a sub-query, or the body of a function.
type Query struct {
	From       []*Source
	Where      []*Expr
	Select     []*Expr
	Owner      string // whose rights count: empty for the caller's
	Aggregates bool
	Grouped    bool
	Union      bool // of queries that aggregate nothing
	Locks      bool
	Command    int // 1 select, 2 update, 3 insert, 4 delete
	Target     *Source
	Sets       map[int]*Expr // columns that the statement writes
	Function   *catalog.Function
	Unions     []*Query
}

// A Reader turns node trees into expressions.
type Reader struct {
	Schema *catalog.Schema
	depth  int
}

type env struct {
	scopes   []*Query
	sources  [][]*Source
	params   []*Expr
	owner    string
	function *catalog.Function
}

// Row reads an expression over one row of a relation.
func (r *Reader) Row(n *tree.Node, rel *catalog.Relation) (*Expr, *Source) {
	if n == nil {
		return nil, nil
	}
	src := &Source{Relation: rel}
	e := &env{sources: [][]*Source{{src}}, scopes: []*Query{nil}}
	return r.expr(n, e), src
}

// Query reads the query of a view.
func (r *Reader) View(rel *catalog.Relation) *Query {
	if rel.Query == nil {
		return nil
	}
	owner := rel.Owner
	if rel.Invoker {
		owner = ""
	}
	return r.query(rel.Query, &env{owner: owner})
}

// Body reads the statements of a function; its arguments are Params.
func (r *Reader) Body(f *catalog.Function) []*Query {
	var params []*Expr
	for i, a := range f.Args {
		params = append(params, &Expr{Op: Param, Name: strconv.Itoa(i + 1), Type: a.Type, At: -1, Text: a.Name})
	}
	list := r.body(f, params, &env{})
	for i, q := range list { // select (select …)
		if q.Command == 1 && len(q.From) == 0 && len(q.Select) == 1 && q.Select[0].Query != nil &&
			(q.Select[0].Op == Sub || q.Select[0].Op == Exists) {
			list[i] = q.Select[0].Query
		}
	}
	return list
}

func (r *Reader) body(f *catalog.Function, params []*Expr, outer *env) []*Query {
	owner := outer.owner
	if f.Definer {
		owner = f.Owner
	}
	var out []*Query
	for _, n := range f.Queries {
		if n.Tag == "QUERY" {
			out = append(out, r.query(n, &env{params: params, owner: owner, function: f}))
		}
	}
	return out
}

const maxDepth = 12

func (r *Reader) query(n *tree.Node, outer *env) *Query {
	q := &Query{
		Owner: outer.owner, Aggregates: n.Bool("hasAggs"), Grouped: len(n.Nodes("groupClause")) > 0,
		Command: n.Int("commandType"), Locks: len(n.Nodes("rowMarks")) > 0, Function: outer.function,
	}
	e := &env{
		scopes:   append(append([]*Query{}, outer.scopes...), q),
		params:   outer.params,
		owner:    outer.owner,
		function: outer.function,
	}
	var sources []*Source
	e.sources = append(append([][]*Source{}, outer.sources...), nil)
	last := len(e.sources) - 1
	ctes := map[string]*tree.Node{}
	for _, c := range n.Nodes("cteList") {
		if sub := c.Node("ctequery"); sub != nil {
			ctes[c.Text("ctename")] = sub
		}
	}
	result := n.Int("resultRelation")
	var joins []func()
	for i, rte := range n.Nodes("rtable") {
		s := &Source{Query: q}
		sources = append(sources, s)
		e.sources[last] = sources
		switch rte.Int("rtekind") {
		case 0:
			if !rte.Bool("inFromCl") && i+1 != result {
				continue // a view's own old and new
			}
			if rel := r.Schema.Relation(rte.Int("relid")); rel != nil {
				s.Relation = rel
				if rel.Kind == "v" && rel.Query != nil && r.depth < maxDepth {
					r.depth++
					sub := r.View(rel)
					if rel.Invoker && sub != nil {
						sub = r.query(rel.Query, &env{owner: e.owner})
					}
					r.depth--
					q.merge(sub, s)
				} else if i+1 != result {
					q.From = append(q.From, s)
				}
			}
			if i+1 == result {
				q.Target = s
				if n.Int("commandType") != 3 && s.Relation != nil {
					q.From = append(q.From, s)
				}
			}
		case 1, 6:
			sub := rte.Node("subquery")
			if rte.Int("rtekind") == 6 {
				sub = ctes[rte.Text("ctename")]
			}
			if sub != nil && r.depth < maxDepth && !strings.EqualFold(rte.Text("self_reference"), "true") {
				r.depth++
				q.merge(r.query(sub, e), s)
				r.depth--
			}
		case 2:
			vars := rte.List("joinaliasvars")
			joins = append(joins, func() {
				for _, v := range vars {
					var x *Expr
					if n, ok := v.(*tree.Node); ok {
						x = r.expr(n, e)
					}
					s.columns = append(s.columns, x)
				}
			})
		case 3:
			for _, f := range rte.Nodes("functions") {
				if x := f.Node("funcexpr"); x != nil {
					fe := r.expr(x, e)
					if fe.Op == Sub || fe.Op == Exists {
						q.merge(fe.Query, s)
					} else {
						s.columns = append(s.columns, fe)
					}
				}
			}
		}
	}
	e.sources[last] = sources
	for _, j := range joins {
		j()
	}
	if n.Bool("hasRecursive") {
		q.Aggregates = true
	}
	r.from(n.Node("jointree"), e, q)
	for _, t := range n.Nodes("targetList") {
		if t.Bool("resjunk") {
			continue
		}
		x := r.node(t.Get("expr"), e)
		q.Select = append(q.Select, x)
		if q.Command == 2 || q.Command == 3 {
			if q.Sets == nil {
				q.Sets = map[int]*Expr{}
			}
			q.Sets[t.Int("resno")] = x
		}
	}
	if h := n.Node("havingQual"); h != nil {
		q.Where = append(q.Where, r.expr(h, e))
	}
	if n.Node("setOperations") != nil {
		q.Union = !q.Aggregates
		q.Aggregates = true
	}
	return q
}

// merge folds a sub-query in FROM into the query around it.
func (q *Query) merge(sub *Query, s *Source) {
	if sub == nil {
		return
	}
	s.columns = sub.Select
	q.From = append(q.From, sub.From...)
	q.Where = append(q.Where, sub.Where...)
	q.Aggregates = q.Aggregates || sub.Aggregates
	for _, f := range sub.From {
		if f.Query == sub && sub.Owner == q.Owner {
			f.Query = q
		}
	}
}

func (r *Reader) from(n *tree.Node, e *env, q *Query) {
	if n == nil {
		return
	}
	switch n.Tag {
	case "FROMEXPR":
		for _, c := range n.Nodes("fromlist") {
			r.from(c, e, q)
		}
	case "JOINEXPR":
		r.from(n.Node("larg"), e, q)
		r.from(n.Node("rarg"), e, q)
		if n.Int("jointype") != 0 {
			return // what an outer join compares narrows nothing
		}
	}
	if c := n.Node("quals"); c != nil {
		q.Where = append(q.Where, r.expr(c, e))
	}
}

func (r *Reader) node(v tree.Value, e *env) *Expr {
	if n, ok := v.(*tree.Node); ok {
		return r.expr(n, e)
	}
	return &Expr{Op: Opaque, At: -1}
}

func (r *Reader) exprs(n *tree.Node, field string, e *env) []*Expr {
	var out []*Expr
	for _, a := range n.Nodes(field) {
		out = append(out, r.expr(a, e))
	}
	return out
}

func (r *Reader) expr(n *tree.Node, e *env) *Expr {
	x := r.convert(n, e)
	if x.At == 0 {
		x.At = -1
		if e.function == nil {
			if s := n.Text("location"); s != "" {
				x.At = n.Int("location")
			}
		}
	}
	return x
}

func (r *Reader) convert(n *tree.Node, e *env) *Expr {
	switch n.Tag {
	case "VAR":
		return r.variable(n, e)
	case "CONST":
		return r.constant(n)
	case "PARAM":
		if i := n.Int("paramid"); i > 0 && i <= len(e.params) && n.Int("paramkind") == 0 {
			return e.params[i-1]
		}
		return &Expr{Op: Param, Name: "sub" + n.Text("paramid"), Text: "sub"}
	case "RELABELTYPE",
		"COERCEVIAIO",
		"COERCETODOMAIN",
		"ARRAYCOERCEEXPR",
		"CONVERTROWTYPEEXPR",
		"COLLATEEXPR",
		"NAMEDARGEXPR":
		if a := n.Node("arg"); a != nil {
			return r.expr(a, e)
		}
	case "BOOLEXPR":
		args := r.exprs(n, "args", e)
		switch n.Text("boolop") {
		case "and":
			return &Expr{Op: And, Args: args}
		case "or":
			return &Expr{Op: Or, Args: args}
		}
		return &Expr{Op: Not, Args: args}
	case "OPEXPR":
		return r.operator(n, e)
	case "DISTINCTEXPR":
		return &Expr{Op: Distinct, Args: r.exprs(n, "args", e)}
	case "NULLIFEXPR":
		return &Expr{Op: Func, Name: "nullif", Args: r.exprs(n, "args", e)}
	case "SCALARARRAYOPEXPR":
		name := r.Schema.Operators[n.Int("opno")]
		args := r.exprs(n, "args", e)
		if len(args) == 2 && args[1].Op == Array {
			op, join := Eq, Or
			if name != "=" {
				op = Oper
			}
			if name == "<>" {
				op = Ne
			}
			if !n.Bool("useOr") {
				join = And
			}
			out := &Expr{Op: join}
			for _, a := range args[1].Args {
				out.Args = append(out.Args, &Expr{Op: op, Name: name, Args: []*Expr{args[0], a}, At: -1})
			}
			return out
		}
		if name == "=" && n.Bool("useOr") && len(args) == 2 {
			if args[1].Op == Sub && args[1].Query != nil &&
				len(args[1].Query.Select) == 1 { // = any (array(select …))
				return in(args[0], args[1].Query)
			}
			return &Expr{Op: Eq, Name: "any", Args: args}
		}
		return &Expr{Op: Oper, Name: name + " any", Args: args}
	case "FUNCEXPR":
		return r.call(n, e)
	case "NULLTEST":
		x := &Expr{Op: IsNull, Args: r.exprs(n, "arg", e)}
		if n.Int("nulltesttype") == 1 {
			return &Expr{Op: Not, Args: []*Expr{x}}
		}
		return x
	case "BOOLEANTEST":
		names := []string{"true", "nottrue", "false", "notfalse", "unknown", "notunknown"}
		if i := n.Int("booltesttype"); i < len(names) {
			return &Expr{Op: BoolTest, Name: names[i], Args: r.exprs(n, "arg", e)}
		}
	case "CASEEXPR":
		x := &Expr{Op: Case}
		if n.Node("arg") != nil {
			return &Expr{Op: Func, Name: "case", Args: r.below(n, e)}
		}
		for _, w := range n.Nodes("args") {
			x.Args = append(x.Args, r.node(w.Get("expr"), e), r.node(w.Get("result"), e))
		}
		if d := n.Node("defresult"); d != nil {
			x.Args = append(x.Args, r.expr(d, e))
		} else {
			x.Args = append(x.Args, &Expr{Op: Const, Null: true, At: -1})
		}
		return x
	case "COALESCEEXPR":
		return &Expr{Op: Coalesce, Args: r.exprs(n, "args", e)}
	case "MINMAXEXPR":
		return &Expr{Op: Func, Name: "greatest", Args: r.exprs(n, "args", e)}
	case "SQLVALUEFUNCTION":
		names := map[int]string{
			10: "current_role",
			11: "current_user",
			12: "user",
			13: "session_user",
			14: "current_catalog",
			15: "current_schema",
		}
		if name, ok := names[n.Int("op")]; ok && n.Int("op") < 14 {
			return &Expr{Op: Setting, Name: name}
		}
		return &Expr{Op: Func, Name: "now"}
	case "SUBLINK":
		return r.sublink(n, e)
	case "ARRAYEXPR":
		return &Expr{Op: Array, Args: r.exprs(n, "elements", e)}
	case "ROWEXPR":
		return &Expr{Op: Array, Name: "row", Args: r.exprs(n, "args", e)}
	case "AGGREF":
		var args []*Expr
		for _, a := range n.Nodes("args") {
			args = append(args, r.node(a.Get("expr"), e))
		}
		return &Expr{Op: Aggregate, Name: r.Schema.Builtin[n.Int("aggfnoid")], Args: args}
	case "SUBSCRIPTINGREF":
		return &Expr{
			Op:   Func,
			Name: "[]",
			Args: append(r.exprs(n, "refexpr", e), r.exprs(n, "refupperindexpr", e)...),
		}
	case "FIELDSELECT":
		return &Expr{Op: Func, Name: "field", Args: r.exprs(n, "arg", e)}
	}
	return &Expr{Op: Opaque, Name: n.Tag, Args: r.below(n, e)}
}

func (r *Reader) below(n *tree.Node, e *env) []*Expr {
	var out []*Expr
	for _, c := range n.Children() {
		out = append(out, r.expr(c, e))
	}
	return out
}

func (r *Reader) variable(n *tree.Node, e *env) *Expr {
	level := len(e.sources) - 1 - n.Int("varlevelsup")
	i := n.Int("varno") - 1
	if level < 0 || i < 0 || level >= len(e.sources) || i >= len(e.sources[level]) {
		return &Expr{Op: Opaque}
	}
	s, num := e.sources[level][i], n.Int("varattno")
	if s.columns != nil {
		if num > 0 && num <= len(s.columns) && s.columns[num-1] != nil {
			return s.columns[num-1]
		}
		return &Expr{Op: Opaque}
	}
	if s.Relation == nil {
		return &Expr{Op: Opaque}
	}
	c := s.Relation.Column(num)
	if c == nil {
		return &Expr{Op: Opaque, Source: s}
	}
	return &Expr{Op: Var, Source: s, Column: c, Type: c.Type}
}

func (r *Reader) constant(n *tree.Node) *Expr {
	x := &Expr{Op: Const, Type: n.Int("consttype")}
	if n.Bool("constisnull") {
		x.Null = true
		return x
	}
	b := n.Datum()
	t := r.Schema.BaseType(x.Type)
	switch {
	case t.OID == 16 && len(b) > 0:
		x.Text = strconv.FormatBool(b[0] != 0)
	case (t.OID == 23 || t.OID == 21 || t.OID == 20) && len(b) == 8:
		x.Text = strconv.FormatInt(int64(int32(binary.LittleEndian.Uint32(b))), 10)
		if t.OID == 20 {
			x.Text = strconv.FormatInt(int64(binary.LittleEndian.Uint64(b)), 10)
		}
	case (t.OID == 25 || t.OID == 1043 || t.OID == 1042 || t.OID == 705 || t.Category == "S") &&
		n.Int("constlen") == -1 && len(b) >= 4:
		x.Text = string(b[4:])
	case n.Int("constlen") == -2 || t.OID == 19: // cstring, unknown, name
		x.Text = string(b[:max(0, strings.IndexByte(string(b)+"\x00", 0))])
	case t.OID == 2950 && len(b) == 16:
		x.Text = fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
	case t.OID == 1009 && len(b) > 24: // text[], as #>> takes it
		x.Text = arrayText(b)
	case t.Kind == "e" && len(b) >= 4:
		x.Text = fmt.Sprintf("enum:%d", binary.LittleEndian.Uint32(b))
	default:
		x.Text = "?"
	}
	return x
}

// arrayText writes a one-dimensional array of texts with dots.
func arrayText(b []byte) string {
	b = b[24:]
	var parts []string
	for len(b) >= 4 {
		n := int(binary.LittleEndian.Uint32(b) >> 2)
		if n < 4 || n > len(b) {
			break
		}
		parts = append(parts, string(b[4:n]))
		if n = (n + 3) &^ 3; n > len(b) {
			break
		}
		b = b[n:]
	}
	return strings.Join(parts, ".")
}

func (r *Reader) operator(n *tree.Node, e *env) *Expr {
	name := r.Schema.Operators[n.Int("opno")]
	args := r.exprs(n, "args", e)
	switch {
	case name == "=" && len(args) == 2:
		return &Expr{Op: Eq, Name: name, Args: args}
	case name == "<>" && len(args) == 2:
		return &Expr{Op: Ne, Name: name, Args: args}
	}
	return &Expr{Op: Oper, Name: name, Args: args}
}

func (r *Reader) call(n *tree.Node, e *env) *Expr {
	args := r.exprs(n, "args", e)
	id := n.Int("funcid")
	if name, ok := r.Schema.Builtin[id]; ok {
		if name == "current_setting" && len(args) > 0 && args[0].Op == Const {
			return &Expr{Op: Setting, Name: args[0].Text}
		}
		if f := n.Int("funcformat"); (f == 1 || f == 2) && len(args) >= 1 { // a cast
			return args[0]
		}
		return &Expr{Op: Func, Name: name, Args: args}
	}
	f := r.Schema.Function(id)
	if f == nil {
		return &Expr{Op: Func, Name: fmt.Sprint(id), Args: args}
	}
	if f.Extension && (f.Name == "citext" || f.Name == "text") && len(args) == 1 {
		return args[0]
	}
	if len(f.Queries) > 0 && r.depth < maxDepth && len(args) <= len(f.Args) {
		r.depth++
		qs := r.body(f, args, e)
		r.depth--
		if q := qs[len(qs)-1]; len(qs) == 1 && q.Command == 1 {
			return value(q)
		}
	}
	return &Expr{Op: Func, Name: f.Identity, Args: args, Called: f}
}

// value is a scalar sub-query, or simply what it selects when it reads nothing.
func value(q *Query) *Expr {
	if len(q.From) == 0 && len(q.Where) == 0 && len(q.Select) == 1 && !q.Aggregates {
		return q.Select[0]
	}
	return &Expr{Op: Sub, Query: q}
}

func (r *Reader) sublink(n *tree.Node, e *env) *Expr {
	sub := n.Node("subselect")
	if sub == nil || r.depth >= maxDepth {
		return &Expr{Op: Opaque}
	}
	r.depth++
	q := r.query(sub, e)
	r.depth--
	switch n.Int("subLinkType") {
	case 0:
		return &Expr{Op: Exists, Query: q}
	case 3: // a row that equals the only row of a query
		if t := n.Node("testexpr"); t != nil {
			return row(r.expr(t, e), q)
		}
	case 2: // any
		t := n.Node("testexpr")
		if t == nil {
			break
		}
		test := r.expr(t, e)
		if test.Op == Eq && len(test.Args) == 2 && len(q.Select) > 0 {
			return in(test.Args[0], q)
		}
		replace(test, q)
		q.Where = append(q.Where, test)
		return &Expr{Op: Exists, Query: q}
	case 4: // a scalar
		return value(q)
	case 6: // array(select …)
		return &Expr{Op: Sub, Name: "array", Query: q}
	}
	return &Expr{Op: Opaque, Query: q}
}

// in is left IN (query).
func in(left *Expr, q *Query) *Expr {
	x := q.Select[0]
	if x.Op == Sub && x.Query != nil && len(q.From) == 0 { // in (select f()) with a set
		inner := *x.Query
		inner.Where = append(append([]*Expr{}, inner.Where...), q.Where...)
		if len(inner.Select) == 1 {
			return in(left, &inner)
		}
	}
	c := *q
	c.Where = append(append([]*Expr{}, q.Where...), &Expr{Op: Eq, Name: "=", Args: []*Expr{left, x}, At: -1})
	return &Expr{Op: Exists, Query: &c}
}

// row is (a, b) = (query). The columns that it names are bound, even if what
// they are bound to comes out of a function that cannot be read.
func row(test *Expr, q *Query) *Expr {
	for i, a := range test.Args {
		if i < len(q.Select) {
			replace(a, &Query{Select: q.Select[i:]})
		}
	}
	if test.Op != And || len(q.From) == 0 || slices.ContainsFunc(q.Select, func(x *Expr) bool {
		return x.Op == Opaque || x.Called != nil
	}) {
		return &Expr{Op: Opaque, Name: "row", Args: test.Args, Query: q}
	}
	q.Where = append(q.Where, test)
	return &Expr{Op: Exists, Query: q}
}

func replace(x *Expr, q *Query) {
	for i, a := range x.Args {
		if a.Op == Param && a.Text == "sub" && len(q.Select) > 0 {
			x.Args[i] = q.Select[0]
		} else {
			replace(a, q)
		}
	}
}
