package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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
				if f.mod.Go && d.Init.Kind == ir.Call && blankError(d.Target) {
					dropped(v)
				}
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
	v := in.eval(x, scope)
	if x.Kind == ir.Call {
		dropped(v)
	} else if x.Kind == ir.Assign && x.Y != nil && x.Y.Kind == ir.Call && blankError(x.X) {
		dropped(v)
	}
}

// blankError tells whether the last of a Go call's results is assigned to
// nothing.
func blankError(target *ir.Expr) bool {
	if target == nil {
		return false
	}
	if target.Kind == ir.Ident {
		return target.Name == "_"
	}
	return len(target.List) > 0 && blankError(target.List[len(target.List)-1])
}

// dropped notes that nobody looks at the error of a statement in Go.
func dropped(v *Val) {
	if v == nil {
		return
	}
	note := func(op *Op) {
		if op != nil && op.Kind == OpDB {
			op.Dropped = true
		}
	}
	note(v.Op)
	for _, o := range v.From {
		if o.Path == "" || strings.HasSuffix(o.Path, "#err") {
			note(o.Op)
		}
	}
	if n := len(v.Elems); v.IsArr && n > 0 && v.Elems[n-1] != v {
		dropped(v.Elems[n-1])
	}
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
		in.guards = append(in.guards,
			&Guard{
				Val: cond, Neg: true, Pos: pos, Exit: true, Throw: iff.Then.Throw, Status: iff.Then.Status,
				Frame: f,
			})
	case in.entry.inMW && iff.Then.Next && s.HasElse && !iff.Else.Next: // if (admin) { next() } else { … }
		in.guards = append(in.guards, &Guard{Val: cond, Pos: pos, Exit: true, Status: iff.Else.Status, Frame: f})
	case in.entry.inMW && iff.Else.Next && !iff.Then.Next: // if (!admin) { … } else { next() }
		in.guards = append(in.guards,
			&Guard{Val: cond, Neg: true, Pos: pos, Exit: true, Status: iff.Then.Status, Frame: f})
	case b.done:
		in.guards = append(in.guards,
			&Guard{Val: cond, Pos: pos, Exit: true, Throw: iff.Else.Throw, Status: iff.Else.Status, Frame: f})
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
				w := &Val{
					From: addOrigins(slices.Clone(x.From), v.From),
					Cmps: []*Cmp{{Op: "===", L: x, R: v, Pos: in.pos(e)}},
				}
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
