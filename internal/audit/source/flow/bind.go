package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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
		if x.Type != nil && x.Type.Type != nil && len(x.Type.Type.Args) > 0 &&
			(x.Type.Name == "[]" || x.Type.Name == "map") {
			w.Type = in.p.typeRef(x.Type.Type.Args[len(x.Type.Type.Args)-1], x.Type.File, in.p.moduleOf(x.Type.File))
		}
		v = Join(v, w)
	}
	if x.Lib == "zod.shape" {
		v.Lib = ""
	}
	return v
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
		if !in.local(scope, t.Name) && in.entry.Kind != "module" && f.fn != nil && f.mod.Scope != nil &&
			f.mod.Scope.vars[t.Name] == b {
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
	if ref == nil || ref.Name == "const" || ref.Name == "any" || ref.Name == "unknown" || ref.Name == "string" ||
		ref.Name == "number" {
		return v
	}
	c := *v
	c.Type = ref
	if c.Lib == "" && len(c.From) == 0 {
		c.Lib = libOfType(ref)
	}
	return &c
}
