package flow

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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

var tokenParam = lazyregexp.New(`(?i)[?&]([a-z]+_?)?(token|jwt)=$`)

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
		v.Cmps = appendMax(slices.Clone(x.Cmps),
			[]*Cmp{{Op: "falsy", L: snapshot(x), R: &Val{Null: true}, Pos: in.pos(e)}}, 10)
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
		in.guards = append(in.guards,
			&Guard{
				Val: x, Neg: e.Name != "&&", Pos: in.pos(e.X), Frame: in.top(), Short: true,
				Unless: e.Name == "&&" &&
					e.Y.Kind == ir.Unary && e.Y.Name == "!" || e.Name == "&&" && e.Y.Kind == ir.Binary &&
					strings.HasPrefix(e.Y.Name, "!="),
			})
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
		v.Cmps = appendMax([]*Cmp{{Op: e.Name, L: x, R: y, Pos: in.pos(e)}},
			append(slices.Clone(x.Cmps), y.Cmps...), 10)
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
