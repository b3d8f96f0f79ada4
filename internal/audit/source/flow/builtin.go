package flow

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// builtin models methods of strings, lists and promises.
func (in *interp) builtin(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	switch recv.Lib {
	case "global.JSON":
		switch name {
		case "parse":
			v := pass(a)
			v.IsStr = false
			if a.Nested != nil && a.Name == "json" {
				return a.Nested
			}
			return v
		case "stringify":
			v := pass(a)
			v.Name, v.Nested = "json", a
			return v
		}
	case "global.Object":
		switch name {
		case "assign":
			t := a
			if t.Fields == nil {
				t.Fields = map[string]*Val{}
			}
			for _, s := range args[min(1, len(args)):] {
				in.spread(t, s, pos)
			}
			return t
		case "fromEntries":
			v := pass(a)
			v.Lib = ""
			return v
		case "keys", "entries", "values":
			v := pass(a)
			if a.Fields != nil {
				for _, k := range a.Order {
					v.From = addOrigins(v.From, a.Fields[k].From)
				}
			}
			return v
		case "freeze", "create", "seal":
			return a
		}
	case "global.Array", "global.Buffer", "global.Uint8Array":
		switch name {
		case "from", "of", "concat", "isArray":
			v := pass(a)
			v.IsArr = a.IsArr
			v.Elems = a.Elems
			if b := arg(args, 1); b.Fn != nil {
				in.callback(b, []*Val{in.elem(a, pos)}, e)
			}
			return v
		}
	case "global.Promise":
		switch name {
		case "all", "allSettled", "race", "any":
			return a
		case "resolve":
			return a
		}
	case "global.Date":
		return origin(Clock, "", pos)
	case "global.Math":
		if name == "random" {
			return origin(Random, "", pos)
		}
		return derive(args...)
	case "global.Number", "global.String", "global.Symbol":
		return derive(args...)
	case "global.Reflect":
		return a
	case "text.codec":
		return pass(a)
	case "regex":
		if name == "test" {
			v := derive(a)
			v.Cmps = []*Cmp{{Op: "match", L: a, R: recv, Pos: pos}}
			return v
		}
		return pass(a)
	case "fetch.response":
		if name == "json" || name == "text" || name == "formData" {
			return &Val{From: recv.From}
		}
	case "global.crypto", "crypto#webcrypto", "crypto#default", "crypto#*":
		if name == "randomUUID" || name == "getRandomValues" || name == "randomBytes" {
			return origin(Random, "", pos)
		}
		if v := in.crypto(name, args, e); v != nil {
			return v
		}
	case "global.crypto.subtle", "crypto#webcrypto.subtle", "crypto#subtle":
		switch name {
		case "verify":
			return in.macCmp("constant", args, e)
		case "importKey":
			return &Val{Lib: "crypto.key", Nested: arg(args, 1), From: arg(args, 1).From}
		case "sign":
			op := in.emit(&Op{Kind: OpHMAC, Args: []*Val{arg(args, 1), arg(args, 2)}}, e)
			return &Val{From: []*Origin{{Kind: Digest, Op: op, Pos: pos}}}
		case "digest":
			return pass(arg(args, 1))
		}
	}
	switch name {
	case "map", "flatMap", "filter", "find", "some", "every", "forEach", "findIndex", "reduce", "sort", "findLast":
		if a.Fn == nil {
			return pass(recv)
		}
		el := in.elem(recv, pos)
		cb := []*Val{el, {}}
		if name == "reduce" {
			cb = []*Val{arg(args, 1), el}
		}
		in.loop++
		r := in.callback(a, cb, e)
		in.loop--
		switch name {
		case "map", "flatMap":
			return &Val{IsArr: true, Elems: []*Val{orEmpty(r)}}
		case "filter", "sort":
			if r != nil && (len(r.Cmps) > 0) {
				c := *recv
				c.Cmps = appendMax(slices.Clone(recv.Cmps), r.Cmps, 10)
				return &c
			}
			return recv
		case "find", "findLast":
			c := *el
			c.Cmps = appendMax(slices.Clone(el.Cmps), orEmpty(r).Cmps, 10)
			return &c
		case "some", "every", "findIndex":
			v := derive(recv)
			if r != nil {
				v.From = addOrigins(v.From, r.From)
				v.Cmps = appendMax(v.Cmps, r.Cmps, 10)
			}
			return v
		case "reduce":
			return derive(recv, orEmpty(r))
		}
		return &Val{}
	case "includes", "has", "indexOf", "startsWith", "endsWith", "match", "matchAll", "localeCompare",
		"hasOwnProperty", "search", "equals":
		v := derive(recv, a)
		v.Cmps = appendMax([]*Cmp{{Op: name, L: recv, R: a, Pos: pos}}, v.Cmps, 10)
		if name == "match" || name == "matchAll" {
			w := pass(recv)
			w.Cmps = v.Cmps
			return w
		}
		if name == "equals" && (recv.Has(Digest) || a.Has(Digest)) {
			return in.macCmp("plain", []*Val{recv, a}, e)
		}
		return v
	case "trim", "toString", "toLowerCase", "toUpperCase", "slice", "substring", "substr", "replace", "replaceAll",
		"split", "padStart", "padEnd", "normalize", "concat", "at", "flat", "join", "valueOf", "reverse", "charAt",
		"trimEnd", "trimStart", "toFixed", "entries", "keys", "values", "toISOString", "getTime", "toJSON", "subarray",
		"repeat", "pop", "shift":
		if recv.IsArr && (name == "at" || name == "pop" || name == "shift") {
			return in.elem(recv, pos)
		}
		v := pass(recv)
		if recv.Name == "hash" || recv.Name == "json" || recv.Name == "atob" {
			v.Name = recv.Name
		}
		if name == "concat" {
			v = derive(append([]*Val{recv}, args...)...)
		}
		if name == "join" && recv.IsArr {
			v = derive(recv)
			v.Tmpl = recv.Elems
			v.Strs = make([]string, len(recv.Elems)+1)
		}
		if name == "replace" || name == "split" || name == "slice" {
			v.IsStr = false
		}
		return v
	case "push", "unshift", "add", "append", "set":
		if name == "set" && recv.Lib != "url.params" {
			break
		}
		if recv.Lib == "web.form" || recv.Lib == "url.params" {
			recv.From = addOrigins(recv.From, arg(args, 1).From)
			if k := arg(args, 0); k.IsStr && len(recv.Order) < 60 {
				recv.put(k.Str, arg(args, 1))
			}
			return &Val{}
		}
		if recv.Fn == nil && recv.Lib == "" {
			recv.Elems = appendMax(recv.Elems, args, 12)
			recv.IsArr = true
			return &Val{}
		}
	}
	return nil
}
