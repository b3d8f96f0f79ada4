package flow

import (
	"regexp"
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
	tx    string
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

// flow is how a list of statements ended.
type flow struct {
	done  bool // nothing falls through
	throw bool // it ended by throwing
	brk   bool // it ended by break or continue
}

func (in *interp) block(list []*ir.Stmt, scope *Scope) flow {
	in.hoist(list, scope)
	for _, s := range list {
		if fl := in.stmt(s, scope); fl.done {
			return fl
		}
		if in.cut {
			return flow{}
		}
	}
	return flow{}
}

// hoist binds functions and classes before the statements run.
func (in *interp) hoist(list []*ir.Stmt, scope *Scope) {
	f := in.top()
	for _, s := range list {
		switch s.Kind {
		case ir.SFunc:
			if s.Func.Recv == nil && s.Func.Name != "" {
				scope.set(s.Func.Name, &Val{Fn: &Closure{Fn: s.Func, Scope: scope, This: f.this, Mod: f.mod}}, f.depth)
			}
		case ir.SClass:
			scope.set(s.Class.Name, &Val{Class: &ClassVal{Class: s.Class, Scope: scope, Mod: f.mod}}, f.depth)
		case ir.SBlock:
			if s.Exported {
				in.hoist(s.Body, scope)
			}
		}
	}
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

func (in *interp) stmt(s *ir.Stmt, scope *Scope) flow {
	if s == nil || !in.step() {
		return flow{}
	}
	f := in.top()
	outer := f.stmt
	f.stmt = s
	defer func() { f.stmt = outer }()
	switch s.Kind {
	case ir.SExpr:
		in.exprStmt(s.X, scope)
		if in.exits(s.X) {
			return flow{done: true, throw: true}
		}
	case ir.SVar:
		for _, d := range s.Decls {
			var v *Val
			if d.Init != nil {
				v = in.eval(d.Init, scope)
			}
			in.declare(d, v, scope)
		}
	case ir.SReturn:
		in.ret(s, scope)
		return flow{done: true}
	case ir.SThrow:
		v := in.eval(s.X, scope)
		in.emit(&Op{Kind: OpThrow, Val: v, Status: errorStatus(v)}, s.X)
		return flow{done: true, throw: true}
	case ir.SIf:
		return in.ifStmt(s, scope)
	case ir.SBlock:
		if s.Name == "" && s.Exported {
			return in.block(s.Body, scope)
		}
		return in.block(s.Body, newScope(scope))
	case ir.SFor, ir.SWhile:
		in.loopStmt(s, scope)
	case ir.SForIn:
		in.forIn(s, scope)
	case ir.STry:
		return in.tryStmt(s, scope)
	case ir.SSwitch:
		return in.switchStmt(s, scope)
	case ir.SBreak, ir.SContinue:
		return flow{done: true, brk: true}
	case ir.SDefer:
		in.eval(s.X, scope)
	case ir.SGo:
		outer := in.float
		in.float = true
		in.eval(s.X, scope)
		in.float = outer
	case ir.SExportDefault:
		v := in.eval(s.X, scope)
		f.mod.Exports["default"] = v
		if v.Lib == "module.exports" {
			break
		}
	case ir.SClass:
		for _, c := range s.Class.Members {
			if c.Static && c.Init != nil {
				in.eval(c.Init, scope)
			}
		}
	}
	return flow{}
}

// exits tells whether a call never returns.
func (in *interp) exits(x *ir.Expr) bool {
	if x == nil || x.Kind != ir.Call || x.X == nil {
		return x != nil && x.Kind == ir.Await && in.exits(x.X)
	}
	switch c := x.X; c.Kind {
	case ir.Ident:
		switch c.Name {
		case "panic":
			return in.top().mod.Go
		case "redirect", "notFound", "permanentRedirect", "forbidden", "unauthorized":
			b := in.top().scope.find(c.Name)
			return b == nil || b.val != nil && strings.Contains(b.val.Lib, "next/navigation")
		case "error":
			b := in.top().scope.find(c.Name)
			return b != nil && b.val != nil && strings.HasPrefix(b.val.Lib, "@sveltejs/kit")
		}
	case ir.Member:
		if c.X.Kind == ir.Ident {
			switch c.X.Name + "." + c.Name {
			case "os.Exit", "log.Fatal", "log.Fatalf", "log.Fatalln", "process.exit":
				return true
			}
		}
	}
	return false
}

func (in *interp) exprStmt(x *ir.Expr, scope *Scope) {
	if x == nil {
		return
	}
	if x.Kind == ir.Call && !in.top().mod.Go {
		// a call that nobody awaits
		outer := in.float
		if f := in.callee(x, scope); f != nil && f.Async {
			in.float = true
		}
		in.eval(x, scope)
		in.float = outer
		return
	}
	in.eval(x, scope)
}

// callee finds the function of a call without running anything.
func (in *interp) callee(x *ir.Expr, scope *Scope) *ir.Func {
	if x.X != nil && x.X.Kind == ir.Ident {
		if b := scope.find(x.X.Name); b != nil && b.val != nil && b.val.Fn != nil {
			return b.val.Fn.Fn
		}
	}
	return nil
}

func (in *interp) ret(s *ir.Stmt, scope *Scope) {
	f := in.top()
	var v *Val
	if s.X != nil {
		v = in.eval(s.X, scope)
	} else if len(f.named) > 0 {
		list := &Val{IsArr: true}
		for _, n := range f.named {
			if b := scope.find(n); b != nil {
				list.Elems = append(list.Elems, b.val)
			}
		}
		v = list
		if len(list.Elems) == 1 {
			v = list.Elems[0]
		}
	} else {
		v = &Val{Null: true}
	}
	if v == nil {
		v = &Val{}
	}
	if len(in.guards) > f.base && len(in.stack) > 1 {
		c := *v
		c.Ctl = appendMax(slices.Clone(v.Ctl), in.guards[f.base:], 10)
		v = &c
	}
	if f.ret == nil {
		f.ret = v
	} else {
		f.ret = in.joinRet(f.ret, v)
	}
}

func (in *interp) joinRet(a, b *Val) *Val {
	if a.IsArr && b.IsArr && len(a.Elems) == len(b.Elems) && in.top().mod.Go {
		v := &Val{IsArr: true, Ctl: appendMax(slices.Clone(a.Ctl), b.Ctl, 10)}
		for i := range a.Elems {
			v.Elems = append(v.Elems, Join(a.Elems[i], b.Elems[i]))
		}
		return v
	}
	if a.Null && a.plain() || b.Null && b.plain() {
		// nothing or something: keep the something with both conditions
		c := *a
		if a.Null && a.plain() {
			c = *b
			c.Ctl = appendMax(slices.Clone(a.Ctl), b.Ctl, 10)
		} else {
			c.Ctl = appendMax(slices.Clone(a.Ctl), b.Ctl, 10)
		}
		return &c
	}
	return Join(a, b)
}

func (in *interp) outcome(from int, fl flow) Outcome {
	o := Outcome{Done: fl.done && !fl.brk, Throw: fl.throw}
	for _, op := range in.entry.Ops[from:] {
		switch op.Kind {
		case OpRespond:
			o.Resp = true
			o.Status = max(o.Status, op.Status)
		case OpThrow:
			o.Status = max(o.Status, op.Status)
			if fl.done {
				o.Throw = true
			}
		case OpNext:
			o.Next = true
		}
	}
	return o
}

func (in *interp) ifStmt(s *ir.Stmt, scope *Scope) flow {
	f := in.top()
	inner := newScope(scope)
	if s.Init != nil {
		in.stmt(s.Init, inner)
	}
	cond := snapshot(in.eval(s.X, inner))
	pos := in.pos(s.X)
	iff := in.emit(&Op{Kind: OpIf, Val: cond}, s.X)
	base := len(in.guards)
	mark := len(in.entry.Ops)

	f.depth++
	in.guards = append(in.guards, &Guard{Val: cond, Pos: pos, Frame: f})
	a := in.block(s.Body, newScope(inner))
	in.keepThrown(base)
	iff.Then = in.outcome(mark, a)
	iff.From, iff.To = mark, len(in.entry.Ops)

	mark = len(in.entry.Ops)
	var b flow
	if s.HasElse {
		in.guards = append(in.guards, &Guard{Val: cond, Neg: true, Pos: pos, Frame: f})
		b = in.block(s.Else, newScope(inner))
		in.keepThrown(base)
		iff.Else = in.outcome(mark, b)
	}
	f.depth--
	switch {
	case a.done && b.done:
		return flow{done: true, throw: a.throw && b.throw, brk: a.brk && b.brk}
	case a.done:
		in.guards = append(in.guards, &Guard{Val: cond, Neg: true, Pos: pos, Exit: true, Throw: iff.Then.Throw, Status: iff.Then.Status, Frame: f})
	case b.done:
		in.guards = append(in.guards, &Guard{Val: cond, Pos: pos, Exit: true, Throw: iff.Else.Throw, Status: iff.Else.Status, Frame: f})
	}
	return flow{}
}

// keepThrown drops the guards above base.
func (in *interp) keepThrown(base int) {
	in.guards = in.guards[:base]
}

func (in *interp) loopStmt(s *ir.Stmt, scope *Scope) {
	f := in.top()
	inner := newScope(scope)
	if s.Init != nil {
		in.stmt(s.Init, inner)
	}
	base := len(in.guards)
	if s.X != nil {
		c := in.eval(s.X, inner)
		in.guards = append(in.guards, &Guard{Val: c, Pos: in.pos(s.X), Frame: f})
	}
	f.depth++
	in.loop++
	in.block(s.Body, newScope(inner))
	if s.Post != nil {
		in.stmt(s.Post, inner)
	}
	in.loop--
	f.depth--
	in.guards = in.guards[:base]
}

func (in *interp) forIn(s *ir.Stmt, scope *Scope) {
	f := in.top()
	inner := newScope(scope)
	x := in.eval(s.X, inner)
	base := len(in.guards)
	f.depth++
	in.loop++
	if len(s.Decls) > 0 {
		t := s.Decls[0].Target
		switch {
		case strings.HasPrefix(s.Name, "range"):
			in.bindRange(t, x, inner, s.Name == "range=")
		case s.Name == "in":
			in.bind(t, derive(x), inner, nil)
		default:
			if t.Kind != ir.Ident || inner.find(t.Name) == nil || s.Decls[0].Init != nil {
				in.bind(t, in.elem(x, in.pos(s.X)), inner, nil)
			} else {
				in.bind(t, in.elem(x, in.pos(s.X)), inner, nil)
			}
		}
	}
	in.block(s.Body, newScope(inner))
	in.loop--
	f.depth--
	in.guards = in.guards[:base]
}

func (in *interp) bindRange(t *ir.Expr, x *Val, scope *Scope, assign bool) {
	vals := []*Val{{}, in.elem(x, in.pos(t))}
	if x != nil && strings.Contains(x.Lib, "stripe") || x != nil && x.Op != nil && x.Op.Kind == OpProvider {
		vals = []*Val{in.elem(x, in.pos(t)), {}} // an iterator: value, error
	}
	if x != nil && x.Fields != nil {
		vals[0] = &Val{}
	}
	for i, e := range t.List {
		if i < len(vals) && e != nil {
			if assign {
				in.assignTo(e, vals[i], scope)
			} else {
				in.bind(e, vals[i], scope, nil)
			}
		}
	}
}

// elem is an element of a list or map.
func (in *interp) elem(x *Val, pos Pos) *Val {
	if x == nil {
		return &Val{}
	}
	var v *Val
	for _, e := range x.Elems {
		v = Join(v, e)
	}
	if x.Fields != nil && !x.IsArr {
		for _, k := range x.Order {
			v = Join(v, x.Fields[k])
		}
	}
	if len(x.From) > 0 || v == nil || x.Op != nil {
		w := &Val{From: slices.Clone(x.From), Ctl: x.Ctl}
		if o := x.opOrigin(); o != nil {
			w.From = addOrigins(w.From, []*Origin{o})
		}
		if x.Type != nil && x.Type.Type != nil && len(x.Type.Type.Args) > 0 && (x.Type.Name == "[]" || x.Type.Name == "map") {
			w.Type = in.p.typeRef(x.Type.Type.Args[len(x.Type.Type.Args)-1], x.Type.File, in.p.moduleOf(x.Type.File))
		}
		v = Join(v, w)
	}
	if x.Lib == "zod.shape" {
		v.Lib = ""
	}
	return v
}

func (in *interp) tryStmt(s *ir.Stmt, scope *Scope) flow {
	try := &Try{Pos: Pos{in.file(in.top()), s.Pos, s.End}, Has: s.HasCatch, From: len(in.entry.Ops)}
	in.tries = append(in.tries, try)
	base := len(in.guards)
	a := in.block(s.Body, newScope(scope))
	in.tries = in.tries[:len(in.tries)-1]
	try.To = len(in.entry.Ops)
	var b flow
	if s.HasCatch {
		inner := newScope(scope)
		if s.Param != nil {
			in.bind(s.Param, origin(Exception, "", Pos{in.file(in.top()), s.Param.Pos, s.Param.End}), inner, nil)
		}
		kept := slices.Clone(in.guards[base:])
		in.guards = in.guards[:base]
		mark := len(in.entry.Ops)
		in.top().depth++
		b = in.block(s.Catch, inner)
		in.top().depth--
		try.Catch = in.outcome(mark, b)
		try.CatchTo = len(in.entry.Ops)
		in.guards = append(in.guards[:base], kept...)
		if !b.done {
			// what the try block threw does not bind what follows
			list := in.guards[:base]
			for _, g := range in.guards[base:] {
				if !g.Throw {
					list = append(list, g)
				}
			}
			in.guards = list
		}
	}
	var c flow
	if len(s.Finally) > 0 {
		c = in.block(s.Finally, newScope(scope))
	}
	if c.done {
		return c
	}
	if s.HasCatch {
		if a.done && !a.throw && b.done || a.throw && b.done {
			return flow{done: true, throw: b.throw && a.throw}
		}
		if a.done && a.throw && !b.done {
			return flow{}
		}
		if a.done && !b.done {
			return flow{}
		}
		return flow{}
	}
	return a
}

func (in *interp) switchStmt(s *ir.Stmt, scope *Scope) flow {
	f := in.top()
	inner := newScope(scope)
	if s.Init != nil {
		in.stmt(s.Init, inner)
	}
	var x *Val
	if s.X != nil {
		x = in.eval(s.X, inner)
	}
	base := len(in.guards)
	hasDefault, allDone := false, true
	allThrow := true
	f.depth++
	var earlier []*ir.Expr
	for _, c := range s.Cases {
		if len(c.Values) == 0 {
			hasDefault = true
		}
		pos := Pos{in.file(f), c.Pos, c.Pos}
		var cond *Val
		values := append(slices.Clone(earlier), c.Values...)
		for _, e := range values {
			v := in.eval(e, inner)
			if x != nil && s.Name != "type" {
				w := &Val{From: addOrigins(slices.Clone(x.From), v.From), Cmps: []*Cmp{{Op: "===", L: x, R: v, Pos: in.pos(e)}}}
				cond = Join(cond, w)
			} else {
				cond = Join(cond, v)
			}
		}
		if cond == nil && x != nil {
			cond = x
		}
		mark := len(in.entry.Ops)
		iff := in.emit(&Op{Kind: OpIf, Val: cond, Pos: pos}, s.X)
		if cond != nil {
			in.guards = append(in.guards, &Guard{Val: cond, Pos: pos, Frame: f, Neg: len(c.Values) == 0})
		}
		fl := in.block(c.Body, newScope(inner))
		iff.Then = in.outcome(mark, fl)
		iff.From, iff.To = mark, len(in.entry.Ops)
		in.guards = in.guards[:base]
		if len(c.Body) == 0 {
			earlier = append(earlier, c.Values...) // falls through to the next
			continue
		}
		earlier = nil
		if !fl.done || fl.brk {
			allDone = false
		}
		allThrow = allThrow && fl.throw
	}
	f.depth--
	if hasDefault && allDone && len(s.Cases) > 0 && s.Name != "select" {
		return flow{done: true, throw: allThrow}
	}
	return flow{}
}

// declare binds a declaration, with its type.
func (in *interp) declare(d *ir.Decl, v *Val, scope *Scope) {
	var ref *Ref
	if d.Type != nil {
		f := in.top()
		ref = in.p.typeRef(d.Type, in.file(f), f.mod)
	}
	if v == nil {
		v = in.zero(ref)
	} else if v.Fn != nil && ref != nil && d.Target.Kind == ir.Ident {
		// a function with a named type: const x: RequestHandler = …
		c := *v
		c.Type = ref
		v = &c
	} else if ref != nil && v.Type == nil && d.Init != nil {
		c := *v
		c.Type = ref
		v = &c
	}
	in.bind(d.Target, v, scope, ref)
}

// zero is a variable that has a type and no value yet.
func (in *interp) zero(ref *Ref) *Val {
	v := &Val{Null: true}
	if ref != nil {
		v.Type = ref
		if l := libOfType(ref); l != "" {
			v.Lib = l
		}
	}
	return v
}

// bind binds a pattern to a value.
func (in *interp) bind(t *ir.Expr, v *Val, scope *Scope, ref *Ref) {
	if t == nil {
		return
	}
	if v == nil {
		v = &Val{}
	}
	f := in.top()
	switch t.Kind {
	case ir.Ident:
		if t.Name == "_" {
			return
		}
		if v.Fn != nil && v.Fn.Fn.Name == "" {
			v.Fn.Fn.Name = t.Name
		}
		b := scope.set(t.Name, v, f.depth)
		b.typ = ref
	case ir.Tuple:
		for i, x := range t.List {
			if x == nil || x.Kind == ir.Ident && x.Name == "_" {
				continue
			}
			// := declares what is new and assigns the rest
			if x.Kind == ir.Ident && scope.vars[x.Name] != nil {
				in.assignTo(x, in.nth(v, i), scope)
				continue
			}
			in.bind(x, in.nth(v, i), scope, nil)
		}
	case ir.Object:
		taken := map[string]bool{}
		for _, x := range t.List {
			switch x.Kind {
			case ir.Prop:
				name := x.Name
				if x.X != nil {
					name = in.eval(x.X, scope).Str
				}
				taken[name] = true
				in.bind(x.Y, in.member(v, name, in.pos(x)), scope, nil)
			case ir.Spread:
				in.bind(x.X, rest(v, taken), scope, nil)
			}
		}
	case ir.Array:
		for i, x := range t.List {
			if x == nil {
				continue
			}
			if x.Kind == ir.Spread {
				in.bind(x.X, v, scope, nil)
				continue
			}
			in.bind(x, in.index(v, i, in.pos(x)), scope, nil)
		}
	case ir.Default:
		d := in.eval(t.Y, scope)
		if len(v.From) > 0 || v.Lib != "" || v.Fn != nil || v.Op != nil || v.Fields != nil {
			c := Join(v, d)
			c.Alts = flatAlts(v, d)
			v = c
		} else {
			v = Join(d, v)
		}
		in.bind(t.X, v, scope, ref)
	case ir.Member, ir.Index:
		in.assignTo(t, v, scope)
	}
}

// rest is an object without some members.
func rest(v *Val, taken map[string]bool) *Val {
	r := &Val{From: v.From, Rest: v.Rest, Type: v.Type, Open: v.Open, Lib: v.Lib}
	if v.Fields != nil {
		for _, k := range v.Order {
			if !taken[k] {
				r.put(k, v.Fields[k])
			}
		}
		if r.Fields == nil {
			r.Fields = map[string]*Val{}
		}
	}
	return r
}

// nth is the nth of several results of a Go call.
func (in *interp) nth(v *Val, i int) *Val {
	if v.IsArr && len(v.Elems) > 0 && v.Lib == "" {
		if i < len(v.Elems) && v.Elems[i] != nil {
			x := v.Elems[i]
			if len(v.Ctl) > 0 {
				c := *x
				c.Ctl = appendMax(slices.Clone(x.Ctl), v.Ctl, 10)
				x = &c
			}
			return x
		}
		return &Val{}
	}
	if i == 0 {
		return v
	}
	// an error or an ok that comes with the value
	w := &Val{From: make([]*Origin, 0, len(v.From)), Ctl: v.Ctl, Cmps: v.Cmps}
	for _, o := range addOrigins(nil, v.Origins()) {
		c := *o
		c.Path += ".#err"
		w.From = append(w.From, &c)
	}
	if v.Op != nil {
		w.From = addOrigins(w.From, []*Origin{{Kind: opOrigin(v.Op), Path: "#err", Op: v.Op, Pos: v.Op.Pos}})
	}
	return w
}

func opOrigin(op *Op) OKind {
	switch op.Kind {
	case OpDB:
		if op.Credential() {
			return Session
		}
		return DB
	case OpProvider:
		return Provider
	}
	return Opaque
}

// index is an element of a list by its number.
func (in *interp) index(v *Val, i int, pos Pos) *Val {
	if v.IsArr && v.Lib == "" && i < len(v.Elems) && v.Elems[i] != nil && len(v.Rest) == 0 {
		return v.Elems[i]
	}
	if strings.HasSuffix(v.Lib, "#useState()") {
		if i == 1 {
			return &Val{Lib: "react.setState"}
		}
		if len(v.Elems) > 0 {
			return v.Elems[0]
		}
		return &Val{}
	}
	return in.elem(v, pos)
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

func (in *interp) template(e *ir.Expr, scope *Scope) *Val {
	vals := in.evals(e.List, scope)
	if e.X != nil {
		return in.tagged(e, vals, scope)
	}
	v := derive(vals...)
	v.Strs, v.Tmpl = e.Strs, vals
	v.Pos = in.pos(e)
	for i, s := range e.Strs {
		if i < len(vals) && tokenParam.MatchString(s) && !vals[i].IsStr && vals[i].Num == "" {
			in.emit(&Op{Kind: OpTokenURL, Name: s, Val: vals[i], Args: []*Val{v}}, e)
		}
	}
	var b strings.Builder
	known := true
	for i, s := range e.Strs {
		b.WriteString(s)
		if i < len(vals) {
			switch {
			case vals[i].IsStr:
				b.WriteString(vals[i].Str)
			case vals[i].Num != "":
				b.WriteString(vals[i].Num)
			default:
				known = false
			}
		}
	}
	if known {
		v.Str, v.IsStr = b.String(), true
	}
	return v
}

var tokenParam = regexp.MustCompile(`(?i)[?&]([a-z]+_?)?(token|jwt)=$`)

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

func (in *interp) object(e *ir.Expr, scope *Scope) *Val {
	f := in.top()
	v := &Val{Fields: map[string]*Val{}, Pos: in.pos(e)}
	if e.Type != nil {
		v.Type = in.p.typeRef(e.Type, in.file(f), f.mod)
		if e.Type.Name == "map" {
			v.Lib = "go.map"
		}
	}
	for _, x := range e.List {
		if x.Kind == ir.Spread {
			s := in.eval(x.X, scope)
			in.spread(v, s, in.pos(x))
			continue
		}
		if x.Kind != ir.Prop {
			continue
		}
		name := x.Name
		if x.X != nil {
			k := in.eval(x.X, scope)
			name = k.Str
			if !k.IsStr {
				val := in.eval(x.Y, scope)
				if f.mod.Go || len(k.From) == 0 {
					name = "[" + strconv.Itoa(len(v.Order)) + "]"
				} else {
					name = "[" + originName(k) + "]"
				}
				v.put(name, val)
				v.Rest = appendMax(v.Rest, []*Val{{From: k.From, Name: "key"}}, 6)
				continue
			}
		}
		if strings.HasPrefix(name, "#") && v.Type != nil {
			if i, err := strconv.Atoi(name[1:]); err == nil {
				if fields := v.Type.fields(); i < len(fields) {
					name = fields[i].Name
				}
			}
		}
		val := in.eval(x.Y, scope)
		if val != nil && val.Pos.File == nil {
			c := *val
			c.Pos = in.pos(x)
			val = &c
		}
		v.put(name, val)
	}
	return v
}

func originName(v *Val) string {
	for _, o := range v.From {
		if o.Path != "" {
			return o.Path
		}
	}
	return "?"
}

// spread copies the members of s into v; what is not known may overwrite.
func (in *interp) spread(v, s *Val, pos Pos) {
	if s == nil {
		return
	}
	open := s.Fields == nil || s.Open || len(s.Rest) > 0
	if open && s.FirstClient() != nil && (len(s.From) > 0 || len(s.Rest) > 0) {
		for _, k := range v.Order {
			over := &Val{}
			for _, o := range s.From {
				c := *o
				c.Path = join(o.Path, k)
				c.Pos = pos
				over.From = append(over.From, &c)
			}
			for _, r := range s.Rest {
				over.From = addOrigins(over.From, r.From)
			}
			old := v.Fields[k]
			w := Join(old, over)
			w.Name = "overwritten"
			v.put(k, w)
		}
	}
	for _, k := range s.Order {
		v.put(k, s.Fields[k])
	}
	v.Rest = appendMax(v.Rest, s.Rest, 6)
	if open && (len(s.From) > 0 || s.Lib != "") {
		v.Rest = appendMax(v.Rest, []*Val{s}, 6)
	}
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "." + b
}

func (in *interp) unary(e *ir.Expr, scope *Scope) *Val {
	x := in.eval(e.X, scope)
	if x.Num != "" && e.Name == "-" {
		return &Val{Num: "-" + x.Num}
	}
	v := &Val{From: x.From, Cmps: x.Cmps, Ctl: x.Ctl}
	if len(v.From) == 0 {
		v.From = addOrigins(nil, x.Origins())
	}
	switch e.Name {
	case "!":
		v.Cmps = appendMax(slices.Clone(x.Cmps), []*Cmp{{Op: "falsy", L: snapshot(x), R: &Val{Null: true}, Pos: in.pos(e)}}, 10)
		v.Name = "bool"
		if x.Op != nil {
			v.From = addOrigins(slices.Clone(v.From), []*Origin{{Kind: opOrigin(x.Op), Op: x.Op, Pos: x.Op.Pos}})
		}
	case "typeof":
		return &Val{Name: "typeof", Cmps: x.Cmps}
	case "slice":
		return pass(x)
	case "-":
		v = derive(x)
		v.Name = "arith-"
	}
	return v
}

func (in *interp) binary(e *ir.Expr, scope *Scope) *Val {
	x := in.eval(e.X, scope)
	switch e.Name {
	case "&&", "||", "??":
		base := len(in.guards)
		in.guards = append(in.guards, &Guard{Val: x, Neg: e.Name != "&&", Pos: in.pos(e.X), Frame: in.top(), Short: true, Unless: e.Name == "&&" && e.Y.Kind == ir.Unary && e.Y.Name == "!" || e.Name == "&&" && e.Y.Kind == ir.Binary && strings.HasPrefix(e.Y.Name, "!=")})
		in.top().depth++
		y := in.eval(e.Y, scope)
		in.top().depth--
		in.guards = in.guards[:base]
		v := Join(x, y)
		if v == x || v == y {
			c := *v
			v = &c
		}
		v.Cmps = appendMax(slices.Clone(x.Cmps), y.Cmps, 12)
		v.Ctl = appendMax(slices.Clone(x.Ctl), y.Ctl, 10)
		if e.Name == "&&" {
			// a value is y or falsy
			if y.Fn != nil || y.Fields != nil || y.Lib != "" || y.Op != nil {
				c := *y
				c.Cmps, c.Ctl = v.Cmps, v.Ctl
				c.Ctl = appendMax(slices.Clone(c.Ctl), []*Guard{{Val: x, Pos: in.pos(e.X)}}, 10)
				return &c
			}
			v.From = addOrigins(slices.Clone(x.From), y.From)
		} else {
			v.Alts = flatAlts(x, y)
			v.Name = e.Name
		}
		return v
	}
	y := in.eval(e.Y, scope)
	switch e.Name {
	case "==", "===", "!=", "!==", "<", ">", "<=", ">=", "instanceof", "in":
		v := &Val{From: addOrigins(addOrigins(nil, x.Origins()), y.Origins()), Name: "bool"}
		for _, z := range []*Val{x, y} {
			if z.Op != nil {
				v.From = addOrigins(v.From, []*Origin{{Kind: opOrigin(z.Op), Op: z.Op, Pos: z.Op.Pos}})
			}
		}
		v.Cmps = appendMax([]*Cmp{{Op: e.Name, L: x, R: y, Pos: in.pos(e)}}, append(slices.Clone(x.Cmps), y.Cmps...), 10)
		v.Ctl = appendMax(slices.Clone(x.Ctl), y.Ctl, 10)
		in.compared(e, x, y)
		return v
	case "+":
		v := derive(x, y)
		v.Tmpl = append(append([]*Val{}, pieces(x)...), pieces(y)...)
		if (x.IsStr || x.Num != "") && (y.IsStr || y.Num != "") {
			v.Str, v.IsStr = x.Str+x.Num+y.Str+y.Num, x.IsStr || y.IsStr
		}
		v.Strs = make([]string, len(v.Tmpl)+1)
		v.Name = "arith+"
		v.Pos = in.pos(e)
		return v
	case "-", "*", "/", "%", "**":
		v := derive(x, y)
		v.Name = "arith" + e.Name
		v.Alts = []*Val{x, y}
		return v
	}
	return derive(x, y)
}

// snapshot keeps a row as it was read, whatever is assigned to it later.
func snapshot(v *Val) *Val {
	if len(v.From) == 0 && v.Op == nil {
		return v
	}
	c := *v
	c.Fields, c.Order = nil, nil
	return &c
}

func pieces(v *Val) []*Val {
	if len(v.Tmpl) > 0 && !v.IsStr && len(v.Tmpl) < 20 {
		out := []*Val{}
		for i, s := range v.Strs {
			if s != "" {
				out = append(out, str(s))
			}
			if i < len(v.Tmpl) {
				out = append(out, v.Tmpl[i])
			}
		}
		return out
	}
	return []*Val{v}
}

func (in *interp) condExpr(e *ir.Expr, scope *Scope) *Val {
	c := in.eval(e.X, scope)
	base := len(in.guards)
	f := in.top()
	mark := len(in.entry.Ops)
	iff := in.emit(&Op{Kind: OpIf, Val: c, Name: "?"}, e.X)
	f.depth++
	in.guards = append(in.guards, &Guard{Val: c, Pos: in.pos(e.X), Frame: f})
	a := in.eval(e.Y, scope)
	in.guards = in.guards[:base]
	iff.Then = in.outcome(mark, flow{})
	mark = len(in.entry.Ops)
	in.guards = append(in.guards, &Guard{Val: c, Neg: true, Pos: in.pos(e.X), Frame: f})
	b := in.eval(e.Z, scope)
	in.guards = in.guards[:base]
	iff.Else = in.outcome(mark, flow{})
	f.depth--
	v := Join(a, b)
	if v == a || v == b {
		d := *v
		v = &d
	}
	v.Alts = flatAlts(a, b)
	v.Ctl = appendMax(slices.Clone(v.Ctl), []*Guard{{Val: c, Pos: in.pos(e.X)}}, 10)
	return v
}

func (in *interp) assign(e *ir.Expr, scope *Scope) *Val {
	if e.Name == "=" || e.Name == "" {
		v := in.eval(e.Y, scope)
		in.assignTo(e.X, v, scope)
		return v
	}
	old, y := in.eval(e.X, scope), in.eval(e.Y, scope)
	var v *Val
	switch e.Name {
	case "||=", "??=", "&&=":
		v = Join(old, y)
	case "+=":
		v = derive(old, y)
		v.Name = "arith+"
		v.Alts = []*Val{old, y}
		if (old.IsStr || old.Null) && y.IsStr {
			v.Str, v.IsStr = old.Str+y.Str, true
		}
		v.Tmpl = append(append([]*Val{}, pieces(old)...), pieces(y)...)
		v.Strs = make([]string, len(v.Tmpl)+1)
	default:
		v = derive(old, y)
		v.Name = "arith" + strings.TrimSuffix(e.Name, "=")
		v.Alts = []*Val{old, y}
	}
	in.assignTo(e.X, v, scope)
	return v
}

func (in *interp) assignTo(t *ir.Expr, v *Val, scope *Scope) {
	if t == nil {
		return
	}
	if v == nil {
		v = &Val{}
	}
	f := in.top()
	switch t.Kind {
	case ir.Ident:
		if t.Name == "_" {
			return
		}
		b := scope.find(t.Name)
		if b == nil {
			if m := f.mod; m.Scope != nil {
				b = m.Scope.find(t.Name)
			}
		}
		if b == nil {
			scope.set(t.Name, v, f.depth)
			return
		}
		if b.val != nil && b.val.Type != nil && v.Type == nil && b.typ != nil {
			c := *v
			c.Type = b.val.Type
			v = &c
		}
		if !in.local(scope, t.Name) && in.entry.Kind != "module" && f.fn != nil && f.mod.Scope != nil && f.mod.Scope.vars[t.Name] == b {
			in.emit(&Op{Kind: OpMemory, Verb: "assign", Name: t.Name, Args: []*Val{{}, v}}, t)
		}
		if f.depth > b.depth && b.val != nil && in.local(scope, t.Name) {
			b.val = Join(b.val, v)
		} else {
			b.val = v
		}
	case ir.Member:
		x := in.eval(t.X, scope)
		if in.assignMember(x, t.Name, v, t, scope) {
			return
		}
		if x.Fields == nil {
			x.Fields = map[string]*Val{}
		}
		x.put(t.Name, v)
	case ir.Index:
		x := in.eval(t.X, scope)
		k := in.eval(t.Y, scope)
		if x.Lib == "memory" || x.Lib == "go.map" {
			in.emit(&Op{Kind: OpMemory, Verb: "set", Recv: x, Args: []*Val{k, v}}, t)
		}
		if k.IsStr {
			if !in.assignMember(x, k.Str, v, t, scope) {
				x.put(k.Str, v)
			}
			return
		}
		if len(k.From) > 0 {
			x.Rest = appendMax(x.Rest, []*Val{{From: k.From, Name: "key"}}, 6)
		}
		x.put("["+originName(k)+"]", v)
	case ir.Tuple:
		for i, y := range t.List {
			in.assignTo(y, in.nth(v, i), scope)
		}
	case ir.Object, ir.Array:
		// destructuring into what is there already
		tmp := newScope(nil)
		in.bind(t, v, tmp, nil)
		for name, b := range tmp.vars {
			if old := scope.find(name); old != nil {
				old.val = b.val
			} else {
				scope.set(name, b.val, f.depth)
			}
		}
	case ir.Default:
		in.assignTo(t.X, v, scope)
	case ir.Cast:
		in.assignTo(t.X, v, scope)
	case ir.Addr:
		in.assignTo(t.X, v, scope)
	}
}

// local tells whether a name belongs to the running function.
func (in *interp) local(scope *Scope, name string) bool {
	f := in.top()
	for s := scope; s != nil; s = s.parent {
		if s.vars[name] != nil {
			return true
		}
		if s == f.scope {
			return false
		}
	}
	return false
}

func (in *interp) cast(e *ir.Expr, scope *Scope) *Val {
	v := in.eval(e.X, scope)
	f := in.top()
	ref := in.p.typeRef(e.Type, in.file(f), f.mod)
	if ref == nil || ref.Name == "const" || ref.Name == "any" || ref.Name == "unknown" || ref.Name == "string" || ref.Name == "number" {
		return v
	}
	c := *v
	c.Type = ref
	if c.Lib == "" && len(c.From) == 0 {
		c.Lib = libOfType(ref)
	}
	return &c
}

func (in *interp) jsx(e *ir.Expr, scope *Scope) *Val {
	v := &Val{Lib: "jsx", Name: e.Name}
	for _, a := range e.List {
		var x *Val
		if a.Kind == ir.Spread {
			x = in.eval(a.X, scope)
		} else if a.Y != nil {
			x = in.eval(a.Y, scope)
			if strings.HasPrefix(a.Name, "on") && x.Fn != nil && len(a.Name) > 2 {
				in.callback(x, nil, a)
			}
		}
		if x != nil {
			v.From = addOrigins(v.From, x.From)
			if a.Name == "action" || a.Name == "formAction" {
				continue
			}
		}
	}
	for _, k := range e.Kids {
		x := in.eval(k, scope)
		v.From = addOrigins(v.From, x.From)
		if x.Fn != nil {
			in.callback(x, nil, k)
		}
	}
	return v
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
