package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
)

// words by which code that is not at hand is guessed; only for functions whose
// source is missing.
var (
	sessionWord = lazyregexp.New(`(?i)(auth|session|user|viewer|account|principal|identity|login|signedin|signed_in|member|caller|whoami|getme|current|staff|admin|require|protect|guard|owner|tenant|\bme$)`)
	bodyWord    = lazyregexp.New(`(?i)(body|parse|json|input|form|param|query|field|upload|^read)`)
	verifyWord  = lazyregexp.New(`(?i)(verify|valid|authentic|signature|check|construct|unwrap|signed)`)
	logWord     = lazyregexp.New(`(?i)^(log|logger|logging|winston|pino|consola|log4js|bunyan|l)$`)
	privWord    = lazyregexp.New(`(?i)(admin|service_?role|service|privileged|root|superuser|bypass|elevated)`)
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
			in.emit(&Op{
				Kind: OpVerify, Name: "webhook.verify", Args: append([]*Val{a, arg(args, 1)}, recv.Nested),
				Recv: recv,
			}, e)
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
	if strings.HasPrefix(recv.Lib, "zod#z") || strings.HasPrefix(recv.Lib, "zod#*") ||
		strings.HasPrefix(recv.Lib, "zod#default") || strings.HasPrefix(recv.Lib, "valibot#") ||
		strings.HasPrefix(recv.Lib, "yup#") || strings.HasPrefix(recv.Lib, "joi#") ||
		strings.HasPrefix(recv.Lib, "zod/") || strings.HasPrefix(recv.Lib, "@sinclair/typebox#") ||
		strings.HasPrefix(recv.Lib, "superstruct#") {
		if v := in.schemaMake(recv, name, args, e); v != nil {
			return v
		}
	}
	if name == "memoize" && strings.HasPrefix(recv.Lib, "lodash") && a.Fn != nil {
		return in.cacheCall([]*Val{a}, e)
	}
	if cacheName.MatchString(recv.Name) && (strings.HasPrefix(recv.Lib, "?") || recv.Type != nil && recv.Op == nil) ||
		recv.Type != nil && cacheType.MatchString(recv.Type.Named()) {
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

var logLevel = map[string]bool{
	"log": true, "info": true, "warn": true, "error": true, "debug": true,
	"trace": true, "fatal": true, "verbose": true, "silly": true, "notice": true, "http": true,
}

func isLogger(v *Val) bool {
	l := v.Lib
	if strings.HasPrefix(l, "pino#") || strings.HasPrefix(l, "winston#") || strings.HasPrefix(l, "bunyan#") ||
		strings.HasPrefix(l, "consola#") || strings.HasPrefix(l, "log4js#") ||
		strings.HasPrefix(l, "@nestjs/common#Logger") || strings.HasPrefix(l, "loglevel#") {
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
		if strings.HasPrefix(tag.Lib, "drizzle-orm#sql") || strings.HasPrefix(tag.Lib, "kysely#sql") ||
			strings.HasPrefix(tag.Lib, "@prisma/client#") {
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
	case "global.String", "global.Number", "global.BigInt", "global.parseInt", "global.parseFloat",
		"global.decodeURIComponent", "global.encodeURIComponent", "global.Boolean", "global.structuredClone",
		"global.atob", "global.btoa", "global.encodeURI":
		v := pass(a)
		if l == "global.atob" {
			v.Name = "atob"
		}
		return v
	case "global.Symbol", "global.setTimeout", "global.setInterval", "global.queueMicrotask", "global.setImmediate",
		"global.requestAnimationFrame":
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
	case "lodash/memoize", "lodash.memoize", "p-memoize", "mem", "memoizee", "moize", "micro-memoize", "memoize-one",
		"fast-memoize", "nano-memoize", "memoize":
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
	case "@remix-run/node", "@remix-run/cloudflare", "react-router", "@remix-run/server-runtime", "@remix-run/deno",
		"@react-router/node":
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
	case "pg", "mysql2/promise", "mysql2", "@neondatabase/serverless", "postgres", "@vercel/postgres", "mysql",
		"better-sqlite3":
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
	if l == "knex" || strings.HasSuffix(l, "#knex") || strings.HasPrefix(l, "knex.") && a.IsStr &&
		!strings.Contains(l, ".fn") || l == "?trpc#knex" || strings.HasPrefix(f.Conn, "tx:") && a.IsStr &&
		len(args) == 1 && !strings.Contains(l, ".raw") && f.Fn == nil {
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
	case "eq", "ne", "gt", "gte", "lt", "lte", "like", "ilike", "inArray", "isNull", "isNotNull", "between",
		"notInArray", "arrayContains":
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
		in.p.addRoute(&Entry{
			Kind: "route", Framework: "edge", Method: "ALL",
			Path:   "/" + strings.TrimSuffix(edgeDir.ReplaceAllString(name, ""), "/index.ts"),
			Module: h.Fn.Mod, Handler: h, Fn: h.Fn.Fn, Pos: in.pos(e),
		})
	}
}

var edgeDir = lazyregexp.New(`^.*functions/`)

var cacheName = lazyregexp.New(`(?i)^(redis|cache|kv|memcached?|cacheManager|cacheService|redisClient)$`)

var cacheType = lazyregexp.New(`^(Cache|Redis|RedisClientType|CacheService|LRUCache)$`)
