package flow

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

const maxInline = 14

type frame struct {
	fn    *ir.Func
	mod   *Module
	scope *Scope
	this  *Val
	ret   *Val
	base  int // guards that were there before
	depth int // of conditions inside the function
	call  Pos
	stmt  *ir.Stmt
	named []string
}

type interp struct {
	p      *Program
	entry  *Entry
	steps  int
	stack  []*frame
	guards []*Guard
	tries  []*Try
	loop   int
	float  bool
	serial bool
	conn   int
	begun  map[string]bool // connections with an open transaction
	cut    bool
	limit  int
}

func (p *Program) interp(e *Entry) *interp {
	in := &interp{p: p, entry: e, begun: map[string]bool{}, limit: p.MaxSteps}
	switch { // a large program gets less for each entry
	case p.total > 12_000_000:
		in.limit = 4000
	case p.total > 6_000_000:
		in.limit = 15000
	}
	if e.Kind == "function" || e.Kind == "module" {
		in.limit = min(in.limit, 8000)
	}
	return in
}

func (in *interp) top() *frame { return in.stack[len(in.stack)-1] }

func (in *interp) pos(e *ir.Expr) Pos {
	f := in.top()
	return Pos{in.file(f), e.Pos, e.End}
}

func (in *interp) file(f *frame) *ir.File {
	if f.fn != nil && f.fn.File != nil {
		return f.fn.File
	}
	if len(f.mod.Files) > 0 {
		return f.mod.Files[0]
	}
	return nil
}

func (in *interp) step() bool {
	in.steps++
	in.p.total++
	if in.steps > in.limit {
		if !in.cut && in.entry != nil {
			if in.entry.Kind == "function" || in.entry.Kind == "module" {
				in.p.CutFuncs++
			} else {
				in.p.Cut[in.entry.Label()] = true
			}
		}
		in.cut = true
	}
	return !in.cut
}

func (in *interp) evals(list []*ir.Expr, scope *Scope) []*Val {
	out := make([]*Val, 0, len(list))
	for _, e := range list {
		if e == nil {
			out = append(out, &Val{})
			continue
		}
		if e.Kind == ir.Spread {
			x := in.eval(e.X, scope)
			if x.IsArr && len(x.Elems) > 0 {
				out = append(out, x.Elems...)
			} else {
				out = append(out, in.elem(x, in.pos(e)))
			}
			continue
		}
		out = append(out, in.eval(e, scope))
	}
	return out
}

func (in *interp) eval(e *ir.Expr, scope *Scope) *Val {
	if e == nil {
		return &Val{}
	}
	if !in.step() {
		return &Val{}
	}
	switch e.Kind {
	case ir.Ident:
		return in.ident(e, scope)
	case ir.This:
		if f := in.top(); f.this != nil {
			return f.this
		}
		return &Val{}
	case ir.Str, ir.Num, ir.Bool, ir.Null, ir.Undef:
		return in.constant(e)
	case ir.Regex:
		return &Val{Lib: "regex", Name: e.Name}
	case ir.Template:
		return in.template(e, scope)
	case ir.Member:
		return in.memberExpr(e, scope)
	case ir.Index:
		return in.indexExpr(e, scope)
	case ir.Call:
		return in.call(e, scope)
	case ir.New:
		return in.newExpr(e, scope)
	case ir.Object:
		return in.object(e, scope)
	case ir.Array:
		v := &Val{IsArr: true, Elems: in.evals(e.List, scope), Pos: in.pos(e)}
		if len(v.Elems) > 40 {
			v.Elems = v.Elems[:40]
		}
		if e.Type != nil {
			f := in.top()
			v.Type = in.p.typeRef(e.Type, in.file(f), f.mod)
		}
		return v
	case ir.Tuple:
		return &Val{IsArr: true, Elems: in.evals(e.List, scope)}
	case ir.Spread:
		return in.eval(e.X, scope)
	case ir.FuncLit:
		f := in.top()
		return &Val{Fn: &Closure{Fn: e.Func, Scope: scope, This: f.this, Mod: f.mod}}
	case ir.ClassLit:
		return &Val{Class: &ClassVal{Class: e.Class, Scope: scope, Mod: in.top().mod}}
	case ir.Unary:
		return in.unary(e, scope)
	case ir.Binary:
		return in.binary(e, scope)
	case ir.Cond:
		return in.condExpr(e, scope)
	case ir.Assign:
		return in.assign(e, scope)
	case ir.Update:
		old := in.eval(e.X, scope)
		v := derive(old)
		v.Name = "arith" + e.Name
		in.assignTo(e.X, v, scope)
		return v
	case ir.Await:
		outer := in.float
		in.float = false
		v := in.eval(e.X, scope)
		in.float = outer
		return v
	case ir.Yield, ir.Receive:
		return in.eval(e.X, scope)
	case ir.Seq:
		var v *Val
		for _, x := range e.List {
			v = in.eval(x, scope)
		}
		return v
	case ir.JSX:
		return in.jsx(e, scope)
	case ir.Cast:
		return in.cast(e, scope)
	case ir.Addr:
		v := in.eval(e.X, scope)
		if v.Expr == nil {
			c := *v
			c.Expr = e.X
			return &c
		}
		return v
	case ir.Default:
		return Join(in.eval(e.X, scope), in.eval(e.Y, scope))
	}
	return &Val{}
}

// constant is made once for every place.
func (in *interp) constant(e *ir.Expr) *Val {
	if v, ok := e.Value.(*Val); ok && v.Fields == nil {
		return v
	}
	v := &Val{}
	switch e.Kind {
	case ir.Str:
		v.Str, v.IsStr, v.Pos = e.Name, true, in.pos(e)
	case ir.Num, ir.Bool:
		v.Num = e.Name
	default:
		v.Null = true
	}
	e.Value = v
	return v
}

func (in *interp) ident(e *ir.Expr, scope *Scope) *Val {
	if b := scope.find(e.Name); b != nil {
		if b.val == nil {
			return &Val{}
		}
		return b.val
	}
	f := in.top()
	if e.Name == "#type" {
		return &Val{Lib: "type", Type: in.p.typeRef(e.Type, in.file(f), f.mod)}
	}
	if v := in.p.lookup(f.mod, in.file(f), e.Name); v != nil {
		return v
	}
	return global(e.Name, f.mod.Go)
}

func (in *interp) memberExpr(e *ir.Expr, scope *Scope) *Val {
	// an imported package of Go
	if e.X.Kind == ir.Ident && in.top().mod.Go && scope.find(e.X.Name) == nil {
		f := in.top()
		if v := in.p.goImport(f.mod, in.file(f), e.X.Name, e.Name); v != nil {
			return v
		}
	}
	return in.member(in.eval(e.X, scope), e.Name, in.pos(e))
}

func (in *interp) indexExpr(e *ir.Expr, scope *Scope) *Val {
	x, y := in.eval(e.X, scope), in.eval(e.Y, scope)
	switch {
	case y.IsStr:
		return in.member(x, y.Str, in.pos(e))
	case y.Num != "" && x.IsArr:
		if i, err := strconv.Atoi(y.Num); err == nil {
			return in.index(x, i, in.pos(e))
		}
	case y.Num != "":
		return in.elem(x, in.pos(e))
	}
	v := in.elem(x, in.pos(e))
	if x.Lib == "node.headers" || x.Lib == "node.cookies" || x.Lib == "url.params" {
		v = in.member(x, "*", in.pos(e))
	}
	c := *v
	c.Ctl = appendMax(slices.Clone(c.Ctl), y.Ctl, 10)
	if len(y.From) > 0 {
		// the key decides which value it is
		c.Cmps = appendMax(slices.Clone(c.Cmps), []*Cmp{{Op: "key", L: x, R: y, Pos: in.pos(e)}}, 10)
	}
	if x.Lib == "memory" || x.Lib == "go.map" {
		in.emit(&Op{Kind: OpMemory, Verb: "get", Recv: x, Args: []*Val{y}}, e)
		c.From = addOrigins(slices.Clone(c.From), []*Origin{{Kind: Memory, Pos: in.pos(e)}})
	}
	return &c
}

// emit writes an event down.
func (in *interp) emit(op *Op, e *ir.Expr) *Op {
	f := in.top()
	if op.Pos.File == nil && e != nil {
		op.Pos = in.pos(e)
	}
	if f.stmt != nil {
		op.Stmt = Pos{in.file(f), f.stmt.Pos, f.stmt.End}
	} else {
		op.Stmt = op.Pos
	}
	op.Fn, op.Mod = f.fn, f.mod
	op.Guards = slices.Clone(in.guards[max(0, len(in.guards)-60):])
	op.Tries = slices.Clone(in.tries)
	op.Floating = op.Floating || in.float
	op.Loop = in.loop
	op.Serial = op.Serial || in.serial
	for _, fr := range in.stack[1:] {
		op.Sites = append(op.Sites, fr.call)
	}
	op.Entry = in.entry
	op.Seq = len(in.entry.Ops)
	if op.Tx == "" {
		op.Tx = in.tx(op.Conn)
	}
	most := 2500
	if in.entry.Kind == "function" {
		most = 400
	}
	if len(in.entry.Ops) < most {
		in.entry.Ops = append(in.entry.Ops, op)
	}
	return op
}

func (in *interp) tx(conn string) string {
	if strings.HasPrefix(conn, "tx:") {
		return conn
	}
	if conn != "" && conn != "pool" && in.begun[conn] {
		return conn
	}
	return ""
}
