package flow

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
)

// words by which code that is not at hand is guessed; only for functions whose
// source is missing.
var (
	sessionWord = regexp.MustCompile(`(?i)(auth|session|user|viewer|account|principal|identity|login|signedin|signed_in|member|caller|whoami|getme|current|staff|admin|require|protect|guard|owner|tenant|\bme$)`)
	bodyWord    = regexp.MustCompile(`(?i)(body|parse|json|input|form|param|query|field|upload|^read)`)
	verifyWord  = regexp.MustCompile(`(?i)(verify|valid|authentic|signature|check|construct|unwrap|signed)`)
	logWord     = regexp.MustCompile(`(?i)^(log|logger|logging|winston|pino|consola|log4js|bunyan|l)$`)
	privWord    = regexp.MustCompile(`(?i)(admin|service_?role|service|privileged|root|superuser|bypass|elevated)`)
)

// libMethod models a method call on a library's object; nil when it is none.
func (in *interp) libMethod(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	if in.top().mod.Go {
		if v := in.goMethodCall(recv, name, args, e, scope); v != nil {
			return v
		}
	}
	if v := in.webMethod(recv, name, args, e); v != nil {
		return v
	}
	if v := in.routeCall(recv, name, args, e); v != nil {
		return v
	}
	a := arg(args, 0)
	pos := in.pos(e)
	if name == "now" && strings.HasSuffix(recv.Lib, ".fn") {
		return origin(Clock, "", pos)
	}
	switch recv.Lib {
	case "global.Deno", "global.Bun", "global":
		if name == "serve" || name == "addEventListener" && a.Str == "fetch" {
			in.serve(args, e)
			return &Val{}
		}
	case "global.console", "logger":
		return in.log(name, args, e)
	case "global.localStorage", "global.sessionStorage":
		switch name {
		case "setItem":
			in.emit(&Op{Kind: OpStore, Verb: recv.Lib[7:], Name: a.Str, Val: arg(args, 1)}, e)
			return &Val{}
		case "getItem":
			return origin(Storage, a.Str, pos)
		}
		return &Val{}
	case "memory", "memory.local", "memory.shared":
		return in.memory(recv, name, args, e)
	case "global.env":
		if name == "get" {
			return origin(Env, a.Str, pos)
		}
	case "global.location":
		if name == "assign" || name == "replace" {
			in.emit(&Op{Kind: OpRespond, Status: 302, Name: "location", Val: a}, e)
			return &Val{}
		}
	case "crypto.hmac", "crypto.hash", "crypto.sign":
		switch name {
		case "update":
			c := *recv
			c.Elems = append(slices.Clone(recv.Elems), a)
			return &c
		case "digest":
			if recv.Lib == "crypto.hash" {
				v := pass(arg(recv.Elems, 0))
				v.Name, v.IsStr = "hash", false
				return v
			}
			data := arg(recv.Elems, 0)
			op := in.emit(&Op{Kind: OpHMAC, Args: []*Val{recv.Nested, data}}, e)
			return &Val{From: []*Origin{{Kind: Digest, Op: op, Pos: pos}}, Op: nil}
		}
	case "schema":
		return in.schemaMethod(recv, name, args, e)
	case "webhook.verifier":
		if name == "verify" || name == "unwrap" {
			in.emit(&Op{Kind: OpVerify, Name: "webhook.verify", Args: append([]*Val{a, arg(args, 1)}, recv.Nested), Recv: recv}, e)
			return origin(Event, "", pos)
		}
	case "sql.raw":
		return recv
	case "kysely.eb":
		switch name {
		case "and", "or", "not":
			v := &Val{}
			for _, x := range append(a.Elems, args...) {
				for _, f := range x.Conds {
					f.Or = f.Or || name == "or"
					v.Conds = append(v.Conds, f)
				}
			}
			return v
		case "fn", "ref", "val":
			return a
		}
	case "go.map":
	}
	if strings.HasPrefix(recv.Lib, "zod#z") || strings.HasPrefix(recv.Lib, "zod#*") || strings.HasPrefix(recv.Lib, "zod#default") || strings.HasPrefix(recv.Lib, "valibot#") || strings.HasPrefix(recv.Lib, "yup#") || strings.HasPrefix(recv.Lib, "joi#") || strings.HasPrefix(recv.Lib, "zod/") || strings.HasPrefix(recv.Lib, "@sinclair/typebox#") || strings.HasPrefix(recv.Lib, "superstruct#") {
		if v := in.schemaMake(recv, name, args, e); v != nil {
			return v
		}
	}
	if name == "memoize" && strings.HasPrefix(recv.Lib, "lodash") && a.Fn != nil {
		return in.cacheCall([]*Val{a}, e)
	}
	if cacheName.MatchString(recv.Name) && (strings.HasPrefix(recv.Lib, "?") || recv.Type != nil && recv.Op == nil) || recv.Type != nil && cacheType.MatchString(recv.Type.Named()) {
		switch {
		case name == "wrap" && len(args) >= 2 && args[1].Fn != nil:
			in.cacheCall([]*Val{args[1], a}, e)
			return in.callback(args[1], nil, e)
		case len(args) > 0 && (a.IsStr || len(a.Tmpl) > 0 || len(a.From) > 0):
			c := *recv
			c.Lib = "memory.shared"
			if v := in.memory(&c, name, args, e); v != nil {
				return v
			}
		}
	}
	if v := in.dbMethod(recv, name, args, e, scope); v != nil {
		return v
	}
	if v := in.authMethod(recv, name, args, e); v != nil {
		return v
	}
	if v := in.providerMethod(recv, name, args, e); v != nil {
		return v
	}
	if isLogger(recv) && logLevel[name] {
		return in.log(name, args, e)
	}
	return nil
}

var logLevel = map[string]bool{"log": true, "info": true, "warn": true, "error": true, "debug": true, "trace": true, "fatal": true, "verbose": true, "silly": true, "notice": true, "http": true}

func isLogger(v *Val) bool {
	l := v.Lib
	if strings.HasPrefix(l, "pino#") || strings.HasPrefix(l, "winston#") || strings.HasPrefix(l, "bunyan#") || strings.HasPrefix(l, "consola#") || strings.HasPrefix(l, "log4js#") || strings.HasPrefix(l, "@nestjs/common#Logger") || strings.HasPrefix(l, "loglevel#") {
		return true
	}
	return strings.HasPrefix(l, "?") && (logWord.MatchString(v.Name) || strings.HasSuffix(strings.ToLower(l), "logger"))
}

func (in *interp) log(level string, args []*Val, e *ir.Expr) *Val {
	in.emit(&Op{Kind: OpLog, Verb: level, Args: args}, e)
	return &Val{}
}

func (in *interp) memory(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	pos := in.pos(e)
	if name == "setex" || name == "setEx" || name == "put" {
		name = "set"
	}
	switch name {
	case "has", "get", "add", "set", "delete":
		verb := map[string]string{"has": "has", "get": "get", "add": "set", "set": "set", "delete": "delete"}[name]
		if recv.Lib == "memory" || recv.Lib == "memory.shared" {
			in.emit(&Op{Kind: OpMemory, Verb: verb, Recv: recv, Args: args, Name: recv.Name}, e)
		}
		if name == "set" || name == "add" {
			if len(args) > 0 {
				v := args[len(args)-1]
				recv.Nested = Join(recv.Nested, v)
			}
			return recv
		}
		v := origin(Memory, "", pos)
		if recv.Nested != nil && name == "get" {
			v = Join(v, recv.Nested)
		}
		return v
	}
	if name == "clear" {
		return &Val{}
	}
	return nil
}

// tagged models tagged templates.
func (in *interp) tagged(e *ir.Expr, vals []*Val, scope *Scope) *Val {
	raw := &Val{Lib: "sql.raw", Strs: e.Strs, Tmpl: vals, Pos: in.pos(e)}
	for _, x := range vals {
		raw.From = addOrigins(raw.From, x.Origins())
	}
	raw.Name = placeholders(raw)
	// the values of nested pieces count as well
	for _, x := range vals {
		if x.Lib == "sql.raw" {
			raw.Tmpl = append(raw.Tmpl, x.Tmpl...)
		}
	}
	name := e.X.Name
	runs := sqltext.Is(raw.Name)
	var recv *Val
	if e.X.Kind == ir.Member {
		recv = in.eval(e.X.X, scope)
		if name == "$queryRaw" || name == "$executeRaw" {
			return in.sqlText(raw, nil, recv, e)
		}
		if name == "sql" || name == "raw" {
			recv = nil
		}
	} else {
		tag := in.eval(e.X, scope)
		if strings.HasPrefix(tag.Lib, "drizzle-orm#sql") || strings.HasPrefix(tag.Lib, "kysely#sql") || strings.HasPrefix(tag.Lib, "@prisma/client#") {
			return raw
		}
		recv = tag
		if tag.Fn != nil && !runs {
			return in.invoke(tag.Fn, vals, e)
		}
	}
	if runs && recv != nil {
		return in.sqlText(raw, nil, recv, e)
	}
	return raw
}

// compared notes comparisons of MACs and secrets with === and the like.
func (in *interp) compared(e *ir.Expr, x, y *Val) {
	if e.Name != "==" && e.Name != "===" && e.Name != "!=" && e.Name != "!==" {
		return
	}
	for _, pair := range [][2]*Val{{x, y}, {y, x}} {
		o := pair[0].First(Digest)
		if o == nil || o.Op == nil || pair[0].Name == "length" {
			continue
		}
		if pair[1].Null || pair[1].IsStr && pair[1].Str == "" || pair[1].Num != "" {
			return
		}
		in.emit(&Op{Kind: OpMacCmp, Verb: "plain", Args: []*Val{x, y}}, e)
		return
	}
}

// libCall models a call of a library's function; nil when it is none.
func (in *interp) libCall(f *Val, args []*Val, e *ir.Expr, scope *Scope) *Val {
	l := f.Lib
	if l == "" {
		return nil
	}
	if in.top().mod.Go {
		return in.goCall(f, args, e, scope)
	}
	a := arg(args, 0)
	pos := in.pos(e)
	module, name, _ := strings.Cut(l, "#")
	if strings.HasSuffix(l, ".fn.now") {
		return origin(Clock, "", pos)
	}
	switch l {
	case "global.fetch":
		op := in.emit(&Op{Kind: OpFetch, Args: args}, e)
		return &Val{Lib: "fetch.response", From: []*Origin{{Kind: Fetched, Op: op, Pos: pos}}}
	case "global.String", "global.Number", "global.BigInt", "global.parseInt", "global.parseFloat", "global.decodeURIComponent", "global.encodeURIComponent", "global.Boolean", "global.structuredClone", "global.atob", "global.btoa", "global.encodeURI":
		v := pass(a)
		if l == "global.atob" {
			v.Name = "atob"
		}
		return v
	case "global.Symbol", "global.setTimeout", "global.setInterval", "global.queueMicrotask", "global.setImmediate", "global.requestAnimationFrame":
		outer := in.float
		in.float = true
		in.callback(a, nil, e)
		in.float = outer
		return &Val{}
	case "global.serve":
		in.serve(args, e)
		return &Val{}
	case "react.setState":
		in.callback(a, nil, e)
		return &Val{}
	case "express.next":
		in.emit(&Op{Kind: OpNext, Val: a}, e)
		return &Val{Lib: "next"}
	case "svelte.setHeaders":
		in.headers(a, e)
		return &Val{}
	case "drizzle-orm#sql", "kysely#sql":
		return a
	case "logger":
		return in.log("log", args, e)
	}
	if name == "serve" && a.Fn != nil {
		in.serve(args, e)
		return &Val{}
	}
	if v := in.nextCall(module, name, args, e); v != nil {
		return v
	}
	if v := in.authCall(l, module, name, args, e); v != nil {
		return v
	}
	switch module {
	case "lodash/memoize", "lodash.memoize", "p-memoize", "mem", "memoizee", "moize", "micro-memoize", "memoize-one", "fast-memoize", "nano-memoize", "memoize":
		if a.Fn != nil {
			return in.cacheCall([]*Val{a}, e)
		}
	case "lodash", "lodash-es":
		if strings.HasSuffix(name, "memoize") && a.Fn != nil {
			return in.cacheCall([]*Val{a}, e)
		}
	case "drizzle-orm", "?trpc":
		if v := drizzleCond(name, args, e, pos); v != nil {
			return v
		}
	case "crypto":
		return in.crypto(name, args, e)
	case "stripe":
		if name == "default" || name == "Stripe" {
			return &Val{Lib: "stripe()", Nested: a}
		}
	case "@sveltejs/kit":
		switch name {
		case "json", "text":
			return in.respond(200, a, arg(args, 1), e)
		case "error":
			in.emit(&Op{Kind: OpThrow, Status: max(num(a), 400)}, e)
			return &Val{Name: "http.exception", Num: a.Num}
		case "redirect":
			in.emit(&Op{Kind: OpThrow, Status: 303}, e)
			return &Val{Name: "http.exception", Num: "401"}
		case "fail":
			return in.respond(max(num(a), 400), arg(args, 1), nil, e)
		}
	case "@remix-run/node", "@remix-run/cloudflare", "react-router", "@remix-run/server-runtime", "@remix-run/deno", "@react-router/node":
		switch name {
		case "json", "data", "defer":
			init := arg(args, 1)
			if init.Num != "" {
				return in.respond(num(init), a, nil, e)
			}
			return in.respond(200, a, init, e)
		case "redirect", "redirectDocument":
			return in.respond(302, a, arg(args, 1), e)
		}
	case "express":
		switch name {
		case "default", "Router", "*":
			return &Val{Lib: "router", Pos: pos}
		case "default.Router":
			return &Val{Lib: "router", Pos: pos}
		default:
			return &Val{Lib: "mw." + name}
		}
	case "fastify", "koa", "@koa/router", "koa-router", "router", "find-my-way", "polka", "itty-router":
		return &Val{Lib: "router", Pos: pos}
	case "hono/factory":
		if a.Fn != nil {
			c := *a
			c.Type = &Ref{Name: "hono#MiddlewareHandler"}
			return &c
		}
	case "hono/cookie":
		switch name {
		case "getCookie":
			v := origin(Cookie, arg(args, 1).Str, pos)
			return v
		case "getSignedCookie":
			return origin(Session, "cookie", pos)
		case "setCookie", "setSignedCookie":
			in.cookie(arg(args, 1), arg(args, 2), arg(args, 3), "setCookie", e)
			return &Val{}
		}
	case "cookie":
		if name == "parse" || name == "default.parse" {
			return origin(Cookie, "", pos)
		}
		if name == "serialize" {
			in.cookie(a, arg(args, 1), arg(args, 2), "cookie.serialize", e)
			return pass(arg(args, 1))
		}
	case "cookies-next", "nookies", "js-cookie":
		return &Val{}
	case "react":
		return in.react(name, args, e)
	case "pg", "mysql2/promise", "mysql2", "@neondatabase/serverless", "postgres", "@vercel/postgres", "mysql", "better-sqlite3":
		v := &Val{Lib: l + "()", Conn: "pool"}
		if name == "neon" || name == "default" && module == "postgres" {
			v.Conn = ""
		}
		return v
	case "drizzle-orm/pg-core", "drizzle-orm/mysql-core", "drizzle-orm/sqlite-core":
		if strings.HasSuffix(name, "Table") {
			v := &Val{Lib: "drizzle.table:" + a.Str, Name: a.Str}
			t := in.p.table(a.Str)
			if cols := arg(args, 1); cols.Fields != nil {
				for _, k := range cols.Order {
					t.Columns = append(t.Columns, strings.ToLower(snake(k)))
				}
			}
			return v
		}
	case "pino", "winston", "bunyan", "consola", "loglevel":
		return &Val{Lib: "logger"}
	case "stripe-event":
	}
	if strings.HasPrefix(l, "knex#") {
		return &Val{Lib: "knex", Conn: "pool"}
	}
	if l == "knex" || strings.HasSuffix(l, "#knex") || strings.HasPrefix(l, "knex.") && a.IsStr && !strings.Contains(l, ".fn") || l == "?trpc#knex" || strings.HasPrefix(f.Conn, "tx:") && a.IsStr && len(args) == 1 && !strings.Contains(l, ".raw") && f.Fn == nil {
		if a.IsStr && !strings.Contains(l, ".raw") {
			op := in.dbOp("knex", "select", a.Str, f, e)
			return result(op)
		}
		if strings.HasSuffix(l, ".raw") {
			v := &Val{Lib: "sql.raw", Name: a.Str, Tmpl: arg(args, 1).Elems}
			if sqltext.Is(a.Str) {
				return in.sqlText(&Val{Str: a.Str, IsStr: true}, args[1:], f, e)
			}
			return v
		}
	}
	if l == "kysely.eb" { // eb('col', '=', v)
		v := &Val{}
		if len(args) >= 3 {
			v.Conds = []Filter{{Col: strings.ToLower(snake(a.Str)), Op: arg(args, 1).Str, Val: args[2], Pos: pos}}
		}
		return v
	}
	if strings.HasPrefix(l, "next-safe-action") {
		return &Val{Lib: "safe-action"}
	}
	if module == "hono" || strings.HasPrefix(l, "elysia#") {
		return &Val{Lib: "router", Pos: pos}
	}
	if strings.HasPrefix(l, "pg#") {
		return &Val{Lib: l + "()", Conn: "pool"}
	}
	return nil
}

func (in *interp) react(name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	switch strings.TrimPrefix(name, "default.") {
	case "useState":
		v := &Val{Lib: "react#useState()"}
		if a.Fn != nil {
			a = orEmpty(in.callback(a, nil, e))
		}
		v.Elems = []*Val{a}
		return v
	case "useEffect", "useLayoutEffect", "useMemo", "startTransition", "useInsertionEffect":
		return in.callback(a, nil, e)
	case "useCallback", "memo", "forwardRef", "cache":
		return a
	case "useContext", "useRef", "useReducer":
		return &Val{}
	}
	return nil
}

func drizzleCond(name string, args []*Val, e *ir.Expr, pos Pos) *Val {
	name = name[strings.LastIndexByte(name, '.')+1:]
	switch name {
	case "and", "or", "not":
		v := &Val{Lib: "drizzle.cond"}
		for _, a := range args {
			for _, f := range a.Conds {
				f.Or = f.Or || name == "or"
				v.Conds = append(v.Conds, f)
			}
			if a.Lib == "sql.raw" {
				op := &Op{}
				(&interp{}).rawConds(op, a, pos)
				v.Conds = append(v.Conds, op.Filters...)
			}
		}
		return v
	case "eq", "ne", "gt", "gte", "lt", "lte", "like", "ilike", "inArray", "isNull", "isNotNull", "between", "notInArray", "arrayContains":
		col := ""
		if len(args) > 0 {
			col = args[0].Name
		}
		if col == "" && len(e.List) > 0 && e.List[0].Kind == ir.Member {
			col = e.List[0].Name
		}
		ops := map[string]string{"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "inArray": "in"}
		cmp := ops[name]
		if cmp == "" {
			cmp = name
		}
		f := Filter{Col: strings.ToLower(snake(col)), Op: cmp, Val: arg(args, 1), Pos: pos}
		if len(args) > 1 && args[1].Lib == "drizzle.col" {
			f.Op = "join"
		}
		return &Val{Lib: "drizzle.cond", Conds: []Filter{f}}
	case "desc", "asc", "count", "sum", "max", "min":
		return &Val{Lib: "drizzle.expr", Name: name}
	}
	return nil
}

func (in *interp) crypto(name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	name = name[strings.LastIndexByte(name, '.')+1:]
	switch name {
	case "createHmac":
		return &Val{Lib: "crypto.hmac", Nested: arg(args, 1)}
	case "createHash":
		return &Val{Lib: "crypto.hash"}
	case "timingSafeEqual":
		return in.macCmp("constant", args, e)
	case "randomUUID", "randomBytes", "randomInt":
		return origin(Random, "", in.pos(e))
	case "scryptSync", "pbkdf2Sync":
		return pass(a)
	}
	return nil
}

func (in *interp) macCmp(verb string, args []*Val, e *ir.Expr) *Val {
	op := in.emit(&Op{Kind: OpMacCmp, Verb: verb, Args: args}, e)
	v := &Val{From: []*Origin{{Kind: Mac, Op: op, Pos: in.pos(e)}}}
	v.Cmps = []*Cmp{{Op: "===", L: arg(args, 0), R: arg(args, 1), Pos: in.pos(e)}}
	return v
}

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

// libNew models new X(…).
func (in *interp) libNew(f *Val, args []*Val, e *ir.Expr, scope *Scope) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	switch f.Lib {
	case "global.URL":
		v := &Val{Lib: "web.url", From: slices.Clone(a.From)}
		if len(v.From) == 0 {
			v = derive(args...)
			v.Lib = "web.url"
		}
		v.Strs, v.Tmpl, v.Str, v.IsStr = a.Strs, a.Tmpl, a.Str, a.IsStr
		return v
	case "global.URLSearchParams":
		v := &Val{Lib: "url.params", From: slices.Clone(a.From), Fields: a.Fields, Order: a.Order}
		return v
	case "global.FormData":
		return &Val{Lib: "web.form"}
	case "global.Headers":
		if a.Fields != nil || a.IsArr {
			return a
		}
		return &Val{Lib: "web.headers", Fields: map[string]*Val{}}
	case "global.Response":
		return in.respond(200, a, arg(args, 1), e)
	case "next/server#NextResponse":
		return in.respond(200, a, arg(args, 1), e)
	case "global.Set", "global.Map", "global.WeakMap", "global.WeakSet":
		l := "memory.local"
		if len(in.stack) == 1 || len(in.stack) > 0 && in.top().fn.Name == "constructor" {
			l = "memory"
		}
		return &Val{Lib: l, Pos: pos}
	case "global.Date":
		return derive(append(args, origin(Clock, "", pos))...)
	case "global.Error", "global.TypeError":
		v := derive(args...)
		v.Lib = "error"
		return v
	case "global.TextEncoder", "global.TextDecoder":
		return &Val{Lib: "text.codec"}
	case "global.Promise":
		in.callback(a, nil, e)
		return &Val{}
	}
	module, name, _ := strings.Cut(f.Lib, "#")
	switch module {
	case "stripe":
		return &Val{Lib: "stripe()", Nested: a}
	case "razorpay":
		return &Val{Lib: "razorpay()", Nested: a}
	case "standardwebhooks", "svix":
		return &Val{Lib: "webhook.verifier", Nested: a}
	case "@prisma/client":
		return &Val{Lib: "prisma"}
	case "kysely":
		if name == "Kysely" {
			return &Val{Lib: "kysely", Conn: "pool"}
		}
	case "pg":
		if strings.HasSuffix(name, "Client") {
			return &Val{Lib: "pg.client", Conn: in.newConn("client")}
		}
		return &Val{Lib: "pg#Pool()", Conn: "pool"}
	case "hono", "koa", "@koa/router", "koa-router", "elysia", "@hono/zod-openapi", "itty-router":
		return &Val{Lib: "router", Pos: pos}
	case "@trpc/server":
		if name == "TRPCError" {
			return &Val{Lib: "error", Name: "http.exception", Num: trpcStatus(a)}
		}
	case "@nestjs/common":
		if strings.HasSuffix(name, "Exception") {
			return &Val{Lib: "error", Name: "http.exception", Num: "400"}
		}
		if name == "Logger" {
			return &Val{Lib: "logger"}
		}
	case "hono/http-exception":
		return &Val{Lib: "error", Name: "http.exception", Num: a.Num}
	case "lru-cache", "node-cache", "quick-lru", "keyv", "ioredis", "redis", "@upstash/redis", "@vercel/kv":
		return &Val{Lib: "memory.shared", Pos: pos, Name: name}
	case "openai", "@anthropic-ai/sdk", "resend", "@google/generative-ai", "groq-sdk":
		return &Val{Lib: f.Lib + "()"}
	}
	v := derive(args...)
	v.Lib = f.Lib + "()"
	v.Name = f.Name
	if len(f.Lib) > 0 && !strings.HasPrefix(f.Lib, "global.") && len(v.From) > 0 && !v.Has(Env) {
		v.From = nil
	}
	return v
}

func trpcStatus(a *Val) string {
	if c := field(a, "code"); c != nil && c.Str == "INTERNAL_SERVER_ERROR" {
		return "500"
	}
	return "400"
}

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
	case "includes", "has", "indexOf", "startsWith", "endsWith", "match", "matchAll", "localeCompare", "hasOwnProperty", "search", "equals":
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
	case "trim", "toString", "toLowerCase", "toUpperCase", "slice", "substring", "substr", "replace", "replaceAll", "split", "padStart", "padEnd", "normalize", "concat", "at", "flat", "join", "valueOf", "reverse", "charAt", "trimEnd", "trimStart", "toFixed", "entries", "keys", "values", "toISOString", "getTime", "toJSON", "subarray", "repeat", "pop", "shift":
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
			for _, o := range v.From {
				_ = o
			}
			v.IsStr = false
		}
		return v
	case "push", "unshift", "add", "append":
		if recv.Lib == "web.form" || recv.Lib == "url.params" {
			recv.From = addOrigins(recv.From, arg(args, 1).From)
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

// unknown is the result of a function whose code is not at hand.
func (in *interp) unknown(f, recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	pos := in.pos(e)
	l := f.Lib
	if l == "" && recv != nil {
		l = recv.Lib
	}
	// a wrapper around a handler gives back a handler
	if w := in.wrapped(l, name, f, args); w != nil {
		return w
	}
	// functions given to it run
	var fromFn *Val
	for _, a := range args {
		if a.Fn != nil {
			var cb []*Val
			if recv != nil {
				el := derive(recv)
				el.Conn = recv.Conn
				cb = []*Val{el}
			}
			fromFn = Join(fromFn, in.callback(a, cb, e))
		}
	}
	ours := strings.HasPrefix(l, "?") || l == "" && in.top().mod.Go && (recv == nil || recv.Type != nil || len(recv.From) == 0) || recv != nil && recv.Lib == "" && recv.Type != nil
	if name == "" {
		name = f.Name
	}
	if name == "" && l != "" {
		name = l[strings.LastIndexAny(l, "#./")+1:]
	}
	whole, cookie, raw, head, others := false, false, false, false, 0
	for _, a := range args {
		switch {
		case a.Lib == "node.req" || a.Lib == "web.req" || a.Lib == "hono.c" || a.Lib == "hono.req" || a.Lib == "svelte.event" || a.Lib == "remix.args" || a.Lib == "koa.c" || a.Lib == "next.gssp" || a.Lib == "go.req" || a.Lib == "gin.c" || a.Lib == "echo.c" || a.Lib == "fiber.c" || a.Lib == "go.ctx":
			whole = whole || a.Lib != "go.ctx"
		case a.Lib == "node.res" || a.Lib == "go.w" || a.Null || a.Fn != nil:
		case a.Lib == "web.headers" || a.Lib == "node.headers" || a.Lib == "web.cookies" || a.Lib == "node.cookies":
			head = true
		case a.Has(RawBody):
			raw = true
		case a.Has(Cookie):
			cookie = true
		case a.Fields != nil && len(a.From) == 0 && (field(a, "headers") != nil && field(a, "headers").Has(Header, Cookie) || field(a, "req") != nil):
			head = true
		default:
			if o := a.First(Header); o != nil && signatureHeader.MatchString(o.Path) {
				head = true
			} else if a.Has(Body) && (a.Lib == "" && a.Fields == nil) && a.From[0].Path == "" {
				raw = raw || verifyWord.MatchString(name)
				others++
			} else {
				others++
			}
		}
	}
	switch {
	case raw && (head || verifyWord.MatchString(name)) && ours:
		in.emit(&Op{Kind: OpVerify, Name: "?" + name, Args: args, Recv: recv}, e)
		return origin(Event, "", pos)
	case (whole || head) && others == 0 && ours:
		if verifyWord.MatchString(name) && !sessionWord.MatchString(name) && (in.verifies(f) || strings.Contains(strings.ToLower(name), "webhook") || strings.Contains(strings.ToLower(name), "signature")) {
			in.emit(&Op{Kind: OpVerify, Name: "?" + name, Args: args, Recv: recv}, e)
			return origin(Event, "", pos)
		}
		if in.verifies(f) {
			in.emit(&Op{Kind: OpVerify, Name: "?" + name, Args: args, Recv: recv}, e)
			return origin(Event, "", pos)
		}
		if bodyWord.MatchString(name) && !sessionWord.MatchString(name) {
			return origin(Body, "", pos)
		}
		v := in.opaque(name, l, recv, args, e)
		v.From = append(v.From, &Origin{Kind: Session, Path: "", Pos: pos, Op: v.Op})
		v.Op = nil
		return v
	case cookie && ours:
		v := in.opaque(name, l, recv, args, e)
		v.From = append(v.From, &Origin{Kind: Session, Path: "", Pos: pos, Op: v.Op})
		v.Op = nil
		return v
	case len(args) == 0 && ours && sessionWord.MatchString(l+"."+name) && !in.top().mod.Go && !reactHook.MatchString(name):
		if recv != nil && len(recv.From) > 0 {
			break
		}
		v := &Val{From: []*Origin{{Kind: Session, Pos: pos}}}
		if strings.Contains(strings.ToLower(l), "supabase") || strings.Contains(strings.ToLower(name), "client") {
			break
		}
		return v
	case len(args) == 0 && reactHook.MatchString(name) && ours: // a hook of React
		return &Val{From: []*Origin{{Kind: Fetched, Path: "", Pos: pos}}}
	}
	if ours {
		if strings.HasPrefix(l, "?") && looksClient(l, name) {
			v := &Val{Lib: "supabase", Name: name, Priv: privOf(l+name, nil)}
			return v
		}
		v := in.opaque(name, l, recv, args, e)
		if fromFn != nil {
			v.From = addOrigins(v.From, fromFn.From)
		}
		return v
	}
	v := derive(append([]*Val{recv}, args...)...)
	if fromFn != nil {
		v.From = addOrigins(v.From, fromFn.From)
		v.Cmps = appendMax(v.Cmps, fromFn.Cmps, 10)
	}
	if l != "" && len(l) < 160 && !strings.HasSuffix(l, "()") {
		v.Lib = l + "()"
		if f.Lib == "" && recv != nil {
			v.Lib = recv.Lib + "." + name + "()"
		}
	}
	if recv != nil {
		v.Conn = recv.Conn
	}
	return v
}

// looksClient tells whether a missing function makes a Supabase client.
func looksClient(l, name string) bool {
	s := strings.ToLower(l + " " + name)
	return strings.Contains(s, "supabase") || strings.HasPrefix(strings.ToLower(name), "createclient") || strings.HasSuffix(strings.ToLower(name), "client") && !strings.Contains(s, "stripe") && !strings.Contains(s, "redis")
}

var signatureHeader = regexp.MustCompile(`(?i)(signature|webhook-id|webhook-timestamp|svix|hmac|x-hub|whsec)`)

// verifies tells by the type of a function's result that it returns bytes.
func (in *interp) verifies(f *Val) bool {
	if f.Type == nil || f.Type.Type == nil || f.Type.Type.Name != "func" || len(f.Type.Type.Args) == 0 {
		return false
	}
	r := f.Type.Type.Args[0]
	return r != nil && r.Name == "[]" && len(r.Args) > 0 && r.Args[0] != nil && r.Args[0].Name == "byte"
}

// opaque notes the call of a function whose code is not at hand.
func (in *interp) opaque(name, l string, recv *Val, args []*Val, e *ir.Expr) *Val {
	op := in.emit(&Op{Kind: OpCall, Name: name, Header: l, Recv: recv, Args: args}, e)
	v := &Val{Op: op, Name: name}
	return v
}

// serve notes the handler of an edge function.
func (in *interp) serve(args []*Val, e *ir.Expr) {
	for _, h := range args {
		if f := field(h, "fetch"); f != nil {
			h = f
		}
		if h == nil || h.Fn == nil {
			continue
		}
		in.p.called[h.Fn.Fn] = true
		name := in.file(in.top()).Path
		in.p.addRoute(&Entry{Kind: "route", Framework: "edge", Method: "ALL", Path: "/" + strings.TrimSuffix(edgeDir.ReplaceAllString(name, ""), "/index.ts"),
			Module: h.Fn.Mod, Handler: h, Fn: h.Fn.Fn, Pos: in.pos(e)})
	}
}

var edgeDir = regexp.MustCompile(`^.*functions/`)

var reactHook = regexp.MustCompile(`^use[A-Z]`)

var cacheName = regexp.MustCompile(`(?i)^(redis|cache|kv|memcached?|cacheManager|cacheService|redisClient)$`)
var cacheType = regexp.MustCompile(`^(Cache|Redis|RedisClientType|CacheService|LRUCache)$`)

var wrapperName = regexp.MustCompile(`(?i)(handler|async|wrap|catch|^with[A-Z_]|^with|auth|protect|route|middleware|guard|require|^api|trpc|safe|rate)`)
var runner = regexp.MustCompile(`(?i)(transaction|^with_?(tx|transaction|retry|timeout|lock|client|connection|span)|effect|callback|listener|queue|retry|lock|timeout|interval|step|run$|each|test|describe|^it$|before|after)`)

// wrapped is what a wrapper that is not at hand makes of a handler.
func (in *interp) wrapped(l, name string, f *Val, args []*Val) *Val {
	if in.top().mod.Go || len(in.stack) > 2 {
		return nil
	}
	if name == "" || name == "default" {
		name = f.Name
		if (name == "" || name == "default") && strings.Contains(l, "#") {
			name = l[:strings.LastIndexByte(l, '#')]
		}
	}
	if !wrapperName.MatchString(name) || runner.MatchString(name) {
		return nil
	}
	var h *Val
	for _, a := range args {
		if a.Fn != nil {
			if h != nil {
				return nil
			}
			h = a
		}
	}
	if h == nil || len(args) > 2 || len(h.Fn.Fn.Params) == 0 && !strings.HasPrefix(strings.ToLower(name), "with") {
		return nil
	}
	c := *h
	c.Name = "wrapped:" + name
	return &c
}
