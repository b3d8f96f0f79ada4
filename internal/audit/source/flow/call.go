package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

func (in *interp) call(e *ir.Expr, scope *Scope) *Val {
	if e.X == nil {
		return &Val{}
	}
	if e.X.Kind == ir.Member {
		return in.methodCall(e, scope)
	}
	switch {
	case e.X.Kind == ir.Super:
		args := in.evals(e.List, scope)
		if t := in.top().this; t != nil && t.Inst != nil {
			in.construct(t, t.Inst, args, true, e)
		}
		return &Val{}
	case e.X.Kind == ir.Ident && e.X.Name == "import": // import("x")
		args := in.evals(e.List, scope)
		if len(args) > 0 && args[0].IsStr {
			return in.p.namespace(in.top().mod, args[0].Str)
		}
		return &Val{}
	}
	f := in.eval(e.X, scope)
	if f.Lib == "global.require" && len(e.List) > 0 && e.List[0].Kind == ir.Str {
		v := in.p.namespace(in.top().mod, e.List[0].Name)
		return v
	}
	args := in.evals(e.List, scope)
	return in.apply(f, nil, args, e, scope)
}

func (in *interp) methodCall(e *ir.Expr, scope *Scope) *Val {
	m := e.X
	if m.X.Kind == ir.Super {
		args := in.evals(e.List, scope)
		if t := in.top().this; t != nil && t.Inst != nil && t.Inst.Super != nil && t.Inst.Super.Class != nil {
			if fn := in.classMethod(t.Inst.Super.Class, m.Name); fn != nil {
				return in.invoke(&Closure{Fn: fn.Fn, Scope: fn.Scope, This: t, Mod: fn.Mod}, args, e)
			}
		}
		return derive(args...)
	}
	mark := len(in.entry.Ops)
	// a package of Go
	if in.top().mod.Go && m.X.Kind == ir.Ident && scope.find(m.X.Name) == nil {
		f := in.top()
		if v := in.p.goImport(f.mod, in.file(f), m.X.Name, m.Name); v != nil {
			args := in.evals(e.List, scope)
			return in.apply(v, nil, args, e, scope)
		}
	}
	recv := in.eval(m.X, scope)
	if m.Name == "catch" || m.Name == "then" || m.Name == "finally" {
		return in.promise(recv, m.Name, e, scope, mark)
	}
	// methods of the program come first
	if fn := in.method(recv, m.Name); fn != nil {
		args := in.evals(e.List, scope)
		return in.invoke(fn, args, e)
	}
	if recv.Fn != nil && (m.Name == "call" || m.Name == "apply" || m.Name == "bind") {
		args := in.evals(e.List, scope)
		if m.Name == "bind" {
			return recv
		}
		if len(args) > 0 {
			args = args[1:]
		}
		return in.invoke(recv.Fn, args, e)
	}
	args := in.evals(e.List, scope)
	if v := in.libMethod(recv, m.Name, args, e, scope); v != nil {
		return v
	}
	f := in.member(recv, m.Name, in.pos(m))
	if f.Fn != nil || f.Class != nil {
		return in.apply(f, recv, args, e, scope)
	}
	if v := in.builtin(recv, m.Name, args, e, scope); v != nil {
		return v
	}
	return in.unknown(f, recv, m.Name, args, e, scope)
}

// promise models .then, .catch and .finally.
func (in *interp) promise(recv *Val, name string, e *ir.Expr, scope *Scope, mark int) *Val {
	after := len(in.entry.Ops)
	args := in.evals(e.List, scope)
	switch name {
	case "then":
		var v *Val
		if len(args) > 0 && args[0].Fn != nil {
			v = in.invoke(args[0].Fn, []*Val{recv}, e)
		} else if len(args) > 0 && args[0].Lib == "react.setState" {
			return recv
		}
		if len(args) > 1 && args[1].Fn != nil {
			in.caught(mark, after, args[1], e)
		}
		if v == nil {
			return recv
		}
		return v
	case "catch":
		if len(args) > 0 {
			in.caught(mark, after, args[0], e)
		}
		return recv
	}
	for _, a := range args {
		if a.Fn != nil {
			in.invoke(a.Fn, nil, e)
		}
	}
	return recv
}

// caught runs a handler of errors and notes whether it swallows them.
func (in *interp) caught(from, to int, h *Val, e *ir.Expr) {
	start := len(in.entry.Ops)
	throws := false
	switch {
	case h.Fn != nil:
		throws = in.run(h.Fn, []*Val{origin(Exception, "", in.pos(e))}, e)
	case h.Lib == "express.next":
		throws = true
	}
	for _, op := range in.entry.Ops[start:] {
		if op.Kind == OpThrow || op.Kind == OpRespond && op.Status >= 400 || op.Kind == OpNext {
			throws = true
		}
	}
	if !throws {
		for _, op := range in.entry.Ops[from:to] {
			op.Caught = true
		}
	}
}

// run calls a function and tells whether it always throws.
func (in *interp) run(c *Closure, args []*Val, e *ir.Expr) bool {
	before := len(in.entry.Ops)
	in.invoke(c, args, e)
	for _, op := range in.entry.Ops[before:] {
		if op.Kind == OpThrow {
			return true
		}
	}
	return false
}

// method finds a method that the program defines.
func (in *interp) method(recv *Val, name string) *Closure {
	if recv == nil {
		return nil
	}
	if f := recv.Fields[name]; f != nil && f.Fn != nil {
		c := *f.Fn
		if !c.Fn.IsArrow {
			c.This = recv
		}
		return &c
	}
	if recv.Mod != nil && !recv.Mod.Go {
		if v := in.p.export(recv.Mod, name, 0); v != nil && v.Fn != nil {
			return v.Fn
		}
	}
	if recv.Inst != nil {
		if m := in.classMethod(recv.Inst, name); m != nil {
			m.This = recv
			return m
		}
	}
	if recv.Class != nil {
		for _, m := range recv.Class.Class.Members {
			if m.Static && m.Name == name && m.Func != nil {
				return &Closure{Fn: m.Func, Scope: recv.Class.Scope, This: recv, Mod: recv.Class.Mod}
			}
		}
	}
	if recv.Type != nil && recv.Type.File != nil && recv.Type.File.Lang == "go" {
		if m := in.goMethod(recv.Type, name, 0); m != nil {
			m.This = recv
			return m
		}
	}
	return nil
}

// goMethod finds a method of a Go type, also of what it embeds.
func (in *interp) goMethod(t *Ref, name string, depth int) *Closure {
	if t == nil || t.Decl == nil || depth > 3 {
		return nil
	}
	mod := in.p.moduleOf(t.File)
	if mod == nil {
		return nil
	}
	in.p.ensure(mod)
	if c := mod.Methods[t.Decl.Name][name]; c != nil {
		d := *c
		return &d
	}
	for _, f := range t.fields() {
		if f.Embedded {
			if c := in.goMethod(in.p.typeRef(f.Type, t.File, mod), name, depth+1); c != nil {
				return c
			}
		}
	}
	return nil
}

func (in *interp) classMethod(c *ClassVal, name string) *Closure {
	for depth := 0; c != nil && depth < 5; depth++ {
		for _, m := range c.Class.Members {
			if m.Name == name && m.Func != nil && !m.Static && !m.Getter {
				return &Closure{Fn: m.Func, Scope: c.Scope, Mod: c.Mod}
			}
			if m.Name == name && m.Init != nil && m.Init.Kind == ir.FuncLit && !m.Static {
				return &Closure{Fn: m.Init.Func, Scope: c.Scope, Mod: c.Mod}
			}
		}
		if c.Super == nil {
			c.Super = in.superOf(c)
		}
		if c.Super == nil {
			return nil
		}
		c = c.Super.Class
	}
	return nil
}

func (in *interp) superOf(c *ClassVal) *Val {
	if c.Class.Super == nil {
		return nil
	}
	in.stack = append(in.stack, &frame{mod: c.Mod, scope: c.Scope, fn: &ir.Func{File: c.Class.File}})
	v := in.eval(c.Class.Super, c.Scope)
	in.stack = in.stack[:len(in.stack)-1]
	return v
}

// apply calls a value.
func (in *interp) apply(f, recv *Val, args []*Val, e *ir.Expr, scope *Scope) *Val {
	switch {
	case f.Fn != nil:
		c := f.Fn
		if recv != nil && c.This == nil {
			d := *c
			d.This = recv
			c = &d
		}
		return in.invoke(c, args, e)
	case f.Class != nil:
		return in.instantiate(f.Class, args, e)
	}
	switch f.Name {
	case "__importDefault", "__importStar", "_interopRequireDefault":
		if len(args) == 1 {
			return args[0] // of compilers: the module itself, with its default member
		}
	}
	if v := in.libCall(f, args, e, scope); v != nil {
		return v
	}
	name := ""
	if e.X != nil {
		name = e.X.Name
	}
	return in.unknown(f, recv, name, args, e, scope)
}

// callback calls a function that is given to code not at hand.
func (in *interp) callback(f *Val, args []*Val, e *ir.Expr) *Val {
	if f == nil || f.Fn == nil {
		return nil
	}
	return in.invoke(f.Fn, args, e)
}

// invoke runs a function of the program.
func (in *interp) invoke(c *Closure, args []*Val, e *ir.Expr) *Val {
	return in.invokeWith(c, args, e, nil)
}

func (in *interp) invokeWith(c *Closure, args []*Val, e *ir.Expr, prep func(*Scope)) *Val {
	in.p.called[c.Fn] = true
	if len(in.stack) > maxInline || !in.step() {
		return derive(args...)
	}
	same := 0
	for _, f := range in.stack {
		if f.fn == c.Fn {
			same++
		}
	}
	if same > 0 {
		return derive(args...)
	}
	in.p.ensure(c.Mod)
	f := &frame{fn: c.Fn, mod: c.Mod, this: c.This, base: len(in.guards)}
	if len(in.stack) > 0 && e != nil {
		f.call = in.pos(e)
	}
	parent := c.Scope
	if parent == nil {
		parent = c.Mod.Scope
	}
	f.scope = newScope(parent)
	if len(c.Bound) > 0 {
		args = append(slices.Clone(c.Bound), args...)
	}
	floating := in.float
	in.stack = append(in.stack, f)
	if c.Fn.Recv != nil && c.Fn.Recv.Target != nil {
		this := c.This
		ref := in.p.typeRef(c.Fn.Recv.Type, c.Fn.File, c.Mod)
		if this == nil {
			this = &Val{Type: ref}
		} else if this.Type == nil {
			d := *this
			d.Type = ref
			this = &d
		}
		f.this = this
		f.scope.set(c.Fn.Recv.Target.Name, this, 0)
	}
	for i, q := range c.Fn.Params {
		in.param(f, q, i, args)
	}
	for i, n := range c.Fn.ResultName {
		if n != "_" && n != "" {
			f.named = append(f.named, n)
			f.scope.set(n, in.zero(in.p.typeRef(c.Fn.Results[i], c.Fn.File, c.Mod)), 0)
		}
	}
	if prep != nil {
		prep(f.scope)
	}
	var fl flow
	if c.Fn.Arrow != nil {
		f.ret = in.eval(c.Fn.Arrow, f.scope)
	} else {
		fl = in.block(c.Fn.Body, f.scope)
	}
	in.stack = in.stack[:len(in.stack)-1]
	in.float = floating
	// guards that threw bind the caller as well
	kept := in.guards[:min(f.base, len(in.guards))]
	for _, g := range in.guards[min(f.base, len(in.guards)):] {
		if g.Exit && (g.Throw || g.Frame == f && in.middleware(f)) {
			kept = append(kept, g)
		}
	}
	in.guards = kept
	v := f.ret
	if v == nil {
		v = &Val{Null: !fl.throw}
	}
	if e != nil && len(in.stack) > 0 && c.Fn.File != in.file(in.top()) {
		v = hop(v, in.pos(e), "returned by "+fnName(c.Fn))
	}
	if len(c.Fn.Results) == 1 && v.Type == nil && c.Fn.File.Lang == "go" {
		if ref := in.p.typeRef(c.Fn.Results[0], c.Fn.File, c.Mod); ref != nil {
			d := *v
			d.Type = ref
			v = &d
		}
	}
	return v
}

// middleware tells whether a function runs before handlers, so that its early
// return ends the request.
func (in *interp) middleware(f *frame) bool {
	return len(in.stack) == 1 && in.entry != nil && in.entry.inMW
}

func fnName(f *ir.Func) string {
	if f.Name == "" {
		return "a function"
	}
	return f.Name
}

func (in *interp) param(f *frame, q *ir.Param, i int, args []*Val) {
	var v *Val
	if q.Rest {
		v = &Val{IsArr: true}
		if i < len(args) {
			v.Elems = args[i:]
		}
	} else if i < len(args) {
		v = args[i]
	}
	var ref *Ref
	if q.Type != nil {
		ref = in.p.typeRef(q.Type, f.fn.File, f.mod)
	}
	if v == nil {
		v = &Val{Null: true, Type: ref}
		if q.Default != nil {
			v = in.eval(q.Default, f.scope)
		}
	} else {
		if q.Default != nil && v.Null && v.plain() {
			v = in.eval(q.Default, f.scope)
		}
		if ref != nil && v.Type == nil {
			c := *v
			c.Type = ref
			if c.Lib == "" && len(c.From) == 0 && c.Fields == nil && c.Inst == nil {
				c.Lib = libOfType(ref)
			}
			v = &c
		}
		if f.call.File != nil && f.call.File != f.fn.File && len(v.From) > 0 {
			v = hop(v, f.call, "given to "+fnName(f.fn))
		}
	}
	in.bind(q.Target, v, f.scope, ref)
}

func (in *interp) newExpr(e *ir.Expr, scope *Scope) *Val {
	f := in.eval(e.X, scope)
	args := in.evals(e.List, scope)
	if f.Class != nil {
		return in.instantiate(f.Class, args, e)
	}
	return in.libNew(f, args, e, scope)
}

func (in *interp) instantiate(c *ClassVal, args []*Val, e *ir.Expr) *Val {
	v := &Val{Inst: c, Fields: map[string]*Val{}}
	if len(in.stack) > maxInline {
		return v
	}
	in.construct(v, c, args, false, e)
	return v
}

// construct sets the fields of an instance and runs its constructor.
func (in *interp) construct(v *Val, c *ClassVal, args []*Val, super bool, e *ir.Expr) {
	if super {
		if c.Super == nil {
			c.Super = in.superOf(c)
		}
		if c.Super == nil {
			return
		}
		if c.Super.Class == nil {
			if v.Lib == "" {
				v.Lib = c.Super.Lib + "()"
			}
			return
		}
		c = c.Super.Class
	}
	for _, fr := range in.stack {
		if fr.fn != nil && fr.fn.Name == "constructor" && fr.fn.Class == c.Class {
			return
		}
	}
	in.p.ensure(c.Mod)
	f := &frame{
		mod: c.Mod, this: v, fn: &ir.Func{File: c.Class.File, Name: "constructor", Class: c.Class},
		base: len(in.guards), scope: newScope(c.Scope),
	}
	in.stack = append(in.stack, f)
	if c.Class.Super != nil && c.Super == nil {
		c.Super = in.superOf(c)
	}
	if c.Super != nil && c.Super.Class == nil && c.Super.Lib != "" {
		v.Lib = c.Super.Lib + "()"
	}
	if c.Super != nil && c.Super.Class != nil && !hasCtor(c.Class) {
		in.construct(v, c.Super.Class, args, false, e)
	}
	for _, m := range c.Class.Members {
		if m.Func != nil || m.Static {
			continue
		}
		if m.Init != nil {
			v.put(m.Name, in.eval(m.Init, f.scope))
		} else if m.Type != nil && v.Fields[m.Name] == nil {
			ref := in.p.typeRef(m.Type, c.Class.File, c.Mod)
			if x := in.injected(ref); x != nil {
				v.put(m.Name, x)
			}
		}
	}
	for _, m := range c.Class.Members {
		if m.Name != "constructor" || m.Func == nil {
			continue
		}
		f.fn = m.Func
		for i, q := range m.Func.Params {
			var arg []*Val
			if i < len(args) {
				arg = args
			}
			ref := in.p.typeRef(q.Type, c.Class.File, c.Mod)
			if arg == nil {
				x := in.injected(ref)
				if x == nil {
					x = &Val{Type: ref, Lib: libOfType(ref)}
				}
				in.bind(q.Target, x, f.scope, ref)
			} else {
				in.param(f, q, i, args)
			}
			if q.Property && q.Target.Kind == ir.Ident {
				if b := f.scope.find(q.Target.Name); b != nil {
					v.put(q.Target.Name, b.val)
				}
			}
		}
		in.block(m.Func.Body, f.scope)
	}
	in.stack = in.stack[:len(in.stack)-1]
	for _, g := range in.guards[min(f.base, len(in.guards)):] {
		if g.Exit && g.Throw {
			c.Mod.Guards = appendMax(c.Mod.Guards, []*Guard{g}, 40)
		}
	}
	in.guards = in.guards[:min(f.base, len(in.guards))]
}

func hasCtor(c *ir.Class) bool {
	for _, m := range c.Members {
		if m.Name == "constructor" {
			return true
		}
	}
	return false
}

// injected is the instance that a container gives for a type.
func (in *interp) injected(ref *Ref) *Val {
	if ref == nil {
		return nil
	}
	if c := in.p.classOf(ref); c != nil {
		if c.inst == nil {
			c.inst = &Val{Inst: c, Fields: map[string]*Val{}}
			in.construct(c.inst, c, nil, false, nil)
		}
		return c.inst
	}
	if l := libOfType(ref); l != "" {
		return &Val{Lib: l, Type: ref}
	}
	return &Val{Type: ref}
}

// member reads a member of a value.
func (in *interp) member(v *Val, name string, pos Pos) *Val {
	if v == nil {
		return &Val{}
	}
	if x, ok := v.Fields[name]; ok && x != nil {
		if len(v.Ctl) > 0 && x.Fn == nil {
			c := *x
			c.Ctl = appendMax(slices.Clone(x.Ctl), v.Ctl, 10)
			return &c
		}
		return x
	}
	if v.Mod != nil {
		if x := in.p.export(v.Mod, name, 0); x != nil {
			return x
		}
	}
	if v.Inst != nil {
		if m := in.classMethod(v.Inst, name); m != nil {
			m.This = v
			return &Val{Fn: m}
		}
		for _, m := range v.Inst.Class.Members {
			if m.Getter && m.Name == name && m.Func != nil {
				return in.invoke(&Closure{Fn: m.Func, Scope: v.Inst.Scope, This: v, Mod: v.Inst.Mod}, nil, nil)
			}
		}
	}
	if v.Type != nil && v.Type.File != nil && v.Type.File.Lang == "go" {
		if m := in.goMethod(v.Type, name, 0); m != nil {
			m.This = v
			return &Val{Fn: m}
		}
	}
	if x := in.libMember(v, name, pos); x != nil {
		return x
	}
	w := &Val{Ctl: v.Ctl}
	label := name
	if f := v.Type.field(name); f != nil {
		w.Type = in.p.typeRef(f.Type, v.Type.File, in.p.moduleOf(v.Type.File))
		if l := libOfType(w.Type); l != "" {
			w.Lib = l
		}
		if f.Tag != "" && f.Tag != "-" {
			label = f.Tag
		}
		if w.Type != nil && w.Type.Name == "map" {
			w.Lib = "go.map"
		}
	}
	if strings.HasPrefix(v.Lib, "go.w") || v.Lib == "node.res" {
		w.Lib = v.Lib + "." + name
	}
	for _, o := range v.From {
		c := *o
		if name != "length" && !strings.HasPrefix(name, "#err") {
			c.Path = join(o.Path, label)
		} else {
			c.Derived = true
		}
		if o.Kind.Client() || o.Kind == Unverified || o.Kind == Request {
			if pos.File != nil && pos.File != o.Pos.File {
				c.Hops = &Hop{Pos: o.Pos, What: "", Prev: o.Hops}
			}
			if !o.Derived || c.Path == label {
				if c.Base.File == nil {
					c.Base = o.Pos
				}
				c.Pos = pos
			}
		}
		w.From = addOrigins(w.From, []*Origin{&c})
	}
	if v.Op != nil && v.Op.Kind == OpDB {
		path := name
		if name == "data" || name == "rows" || name == "recordset" {
			path = ""
		}
		w.From = addOrigins(w.From, []*Origin{{Kind: opOrigin(v.Op), Path: path, Op: v.Op, Pos: v.Op.Pos}})
		if path == "" {
			w.Op = nil
		}
	} else if v.Op != nil && (v.Op.Kind == OpProvider || v.Op.Kind == OpCall) {
		w.From = addOrigins(w.From, []*Origin{{Kind: opOrigin(v.Op), Path: name, Op: v.Op, Pos: v.Op.Pos}})
	}
	for _, r := range v.Rest {
		if r.Name == "key" {
			continue
		}
		x := in.member(r, name, pos)
		w.From = addOrigins(w.From, x.From)
	}
	if len(v.Alts) > 0 && len(w.From) == 0 {
		for _, a := range v.Alts {
			if a != v && a.Fields != nil && a.Fields[name] != nil {
				w = Join(w, a.Fields[name])
			}
		}
	}
	if v.Lib != "" && w.Lib == "" && !strings.HasPrefix(v.Lib, "jsx") && len(v.Lib) < 200 {
		w.Lib = v.Lib + "." + name
	}
	w.Conn = v.Conn
	if w.Priv == 0 {
		w.Priv = v.Priv
	}
	w.Name = name
	return w
}
