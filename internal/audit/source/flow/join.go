package flow

import "slices"

// Join is a value that is either of two.
func Join(a, b *Val) *Val { return joinTo(a, b, 0) }

// mostNested is how far down fields are joined. Objects may hold themselves, so that there is no end to them.
const mostNested = 8

func joinTo(a, b *Val, nested int) *Val {
	switch {
	case a == nil || a == b:
		return b
	case b == nil:
		return a
	case a.Null && a.plain() && len(a.Ctl) == 0:
		return b
	case b.Null && b.plain() && len(b.Ctl) == 0:
		return a
	}
	v := &Val{From: addOrigins(slices.Clone(a.From), b.From)}
	if a.IsStr && b.IsStr && a.Str == b.Str {
		v.Str, v.IsStr = a.Str, true
	}
	if a.Num != "" && a.Num == b.Num {
		v.Num = a.Num
	}
	v.Cmps = appendMax(slices.Clone(a.Cmps), b.Cmps, 10)
	v.Ctl = appendMax(slices.Clone(a.Ctl), b.Ctl, 10)
	v.Alts = flatAlts(a, b)
	first, second := a, b
	if a.Null {
		first, second = b, a
	}
	v.Fn, v.Class, v.Inst, v.Lib, v.Type, v.Op, v.Conn, v.Mod, v.Name = first.Fn, first.Class, first.Inst, first.Lib,
		first.Type, first.Op, first.Conn, first.Mod, first.Name
	if v.Fn == nil {
		v.Fn = second.Fn
	}
	if v.Lib == "" {
		v.Lib = second.Lib
	}
	if v.Op == nil {
		v.Op = second.Op
	}
	if v.Type == nil {
		v.Type = second.Type
	}
	if v.Inst == nil {
		v.Inst = second.Inst
	}
	v.Priv = a.Priv
	if b.Priv != 0 {
		v.Priv = b.Priv
	}
	v.IsArr = a.IsArr || b.IsArr
	v.Enum = a.Enum && b.Enum
	v.Conds = appendMax(slices.Clone(a.Conds), b.Conds, 20)
	v.Strs, v.Tmpl = first.Strs, first.Tmpl
	if a.Fields != nil || b.Fields != nil {
		v.Depth = max(a.Depth, b.Depth) + 1
		if v.Depth < 6 && nested < mostNested {
			for _, x := range []*Val{a, b} {
				for _, k := range x.Order {
					if x == b && a.Fields[k] != nil {
						v.put(k, joinTo(a.Fields[k], b.Fields[k], nested+1))
					} else {
						v.put(k, x.Fields[k])
					}
				}
			}
		}
	}
	v.Elems = appendMax(slices.Clone(a.Elems), b.Elems, 12)
	v.Rest = appendMax(slices.Clone(a.Rest), b.Rest, 6)
	return v
}

func flatAlts(list ...*Val) (out []*Val) {
	for _, v := range list {
		if len(v.Alts) > 0 {
			out = appendMax(out, v.Alts, 8)
		} else {
			out = appendMax(out, []*Val{v}, 8)
		}
	}
	return out
}

// derive is a value computed from others.
func derive(vals ...*Val) *Val {
	v := &Val{}
	for _, x := range vals {
		if x == nil {
			continue
		}
		for _, o := range x.Origins() {
			if !o.Derived {
				c := *o
				c.Derived = true
				o = &c
			}
			v.From = addOrigins(v.From, []*Origin{o})
		}
		v.Cmps = appendMax(v.Cmps, x.Cmps, 10)
		v.Ctl = appendMax(v.Ctl, x.Ctl, 10)
	}
	return v
}

// called marks what an unknown function made of its arguments: it need not hold them.
func called(v *Val) *Val {
	for i, o := range v.From {
		if !o.Called {
			c := *o
			c.Called, c.Given = true, o.Path
			v.From[i] = &c
		}
	}
	return v
}

// Looked tells whether the origin is a member of what an unknown function found
// by a single value: that function's word, not the sender's.
func (o *Origin) Looked() bool { return o.Called && o.Given != "" && o.Path != o.Given }
