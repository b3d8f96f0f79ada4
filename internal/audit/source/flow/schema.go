package flow

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// schemaMake models z.object({…}) and its like.
func (in *interp) schemaMake(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	switch name {
	case "object", "strictObject", "interface":
		v := &Val{Lib: "schema", Name: "object", Fields: map[string]*Val{}}
		if strings.HasPrefix(recv.Lib, "yup#") || strings.HasPrefix(recv.Lib, "joi#") {
			v.Open = strings.HasPrefix(recv.Lib, "yup#")
		}
		for _, k := range a.Order {
			v.put(k, a.Fields[k])
		}
		return v
	case "looseObject", "record", "any", "unknown", "passthrough":
		return &Val{Lib: "schema", Open: true}
	case "enum", "literal", "nativeEnum", "picklist":
		return &Val{Lib: "schema", Enum: true}
	case "array", "optional", "nullable", "promise", "lazy", "set":
		if a.Lib == "schema" {
			return &Val{Lib: "schema", Name: name, Nested: a, Open: a.Open, Enum: a.Enum}
		}
	case "union", "discriminatedUnion", "intersection":
		list := a.Elems
		if name == "discriminatedUnion" {
			list = arg(args, 1).Elems
		}
		if name == "intersection" {
			list = args
		}
		v := &Val{Lib: "schema", Name: "object", Fields: map[string]*Val{}}
		for _, x := range list {
			v.Open = v.Open || x.Open
			for _, k := range x.Order {
				v.put(k, x.Fields[k])
			}
		}
		if len(v.Fields) == 0 {
			v.Fields = nil
		}
		return v
	case "parse", "safeParse", "parseAsync":
		if a.Lib == "schema" {
			return in.parsed(a, arg(args, 1))
		}
	}
	return &Val{Lib: "schema"}
}

func (in *interp) schemaMethod(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	c := *recv
	switch name {
	case "passthrough", "catchall", "loose":
		c.Open = true
		return &c
	case "strict", "strip", "noUnknown":
		c.Open = false
		return &c
	case "extend", "merge", "and", "safeExtend", "augment":
		c.Fields, c.Order = nil, nil
		for _, x := range []*Val{recv, a} {
			for _, k := range x.Order {
				c.put(k, x.Fields[k])
			}
		}
		if a.Lib == "schema" {
			c.Open = a.Open || recv.Open && name == "extend"
		}
		return &c
	case "pick", "omit":
		c.Fields, c.Order = map[string]*Val{}, nil
		for _, k := range recv.Order {
			_, named := a.Fields[k]
			if named == (name == "pick") {
				c.put(k, recv.Fields[k])
			}
		}
		return &c
	case "parse", "parseAsync", "validateSync", "validate", "cast", "assert":
		if len(args) == 0 {
			return recv
		}
		return in.parsed(recv, a)
	case "safeParse", "safeParseAsync", "spa":
		v := &Val{Fields: map[string]*Val{}}
		v.put("data", in.parsed(recv, a))
		v.put("success", &Val{Name: "bool"})
		v.put("error", &Val{})
		return v
	case "transform", "refine", "superRefine", "pipe":
		return &c
	case "enum", "oneOf", "valid":
		c.Enum = true
		return &c
	}
	return &c
}

// parsed is what a schema lets through of a value.
func (in *interp) parsed(schema, x *Val) *Val {
	if schema.Lib != "schema" || schema.Nested != nil {
		return x
	}
	if x.Lib == "global.env" || x.Has(Env) && x.Fields == nil {
		return &Val{Lib: "global.env", Name: "checked"}
	}
	if schema.Fields == nil {
		v := pass(x)
		v.Open, v.Enum = schema.Open, schema.Enum
		return v
	}
	v := &Val{Fields: map[string]*Val{}, Open: schema.Open}
	if schema.Open {
		v.Rest = []*Val{x}
	}
	for _, k := range schema.Order {
		f := in.member(x, k, x.anyPos())
		if s := schema.Fields[k]; s != nil && s.Lib == "schema" {
			if s.Fields != nil || s.Open {
				f = in.parsed(s, f)
			} else if s.Enum {
				d := *f
				d.Enum = true
				f = &d
			}
		}
		v.put(k, f)
	}
	return v
}

func (v *Val) anyPos() Pos {
	for _, o := range v.From {
		return o.Pos
	}
	return v.Pos
}
