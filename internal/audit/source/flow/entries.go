package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// An Entry is where code is entered from outside: a route, action, page, job,
// or a function that nothing else calls.
type Entry struct {
	Kind      string // route, page, action, load, static, client, function, module, middleware
	Framework string
	Method    string
	Path      string
	Name      string // of an exported action
	Module    *Module
	Fn        *ir.Func
	Handler   *Val
	This      *Val
	MW        []*Val
	Args      []*Val // ready arguments, when the framework does not decide
	Schema    *Val
	Pos       Pos
	Ops       []*Op
	AuthMW    []string // names of middleware whose code is not at hand
	Dynamic   bool     // Next.js: cookies() or headers() were read
	Guards    []*Guard // that hold at the place of registration
	Env       []*Guard
	Mounted   []string
	Before    []*Val // middleware of parents, for what parses bodies
	Client    bool
	Ret       *Val // what the handler returned
	Partial   bool // a value that something opaque may have changed
	inMW      bool
	Memo      map[string]bool // what rules found out about it
	readCtx   bool
	ran       bool
	router    *router
	loose     bool
	wrap      []string
	rerun     bool
	routerAt  int
}

// Label names the entry for people.
func (e *Entry) Label() string {
	switch {
	case e.Path != "" && e.Method != "":
		return e.Method + " " + e.whole()
	case e.Path != "":
		return e.whole()
	case e.Name != "" && e.Pos.File != nil:
		return e.Pos.File.Path + " " + e.Name
	case e.Fn != nil && e.Fn.Name != "":
		name := e.Fn.Name
		if e.Fn.RecvType != "" {
			name = e.Fn.RecvType + "." + name
		}
		if e.Pos.File != nil {
			return e.Pos.File.Path + " " + name
		}
		return name
	case e.Pos.File != nil:
		return fmt.Sprintf("%s:%d", e.Pos.File.Path, e.Pos.Line())
	case e.Module != nil:
		return e.Module.Path
	}
	return e.Kind
}

// whole is the path with the prefixes under which its router is mounted.
func (e *Entry) whole() string {
	mounts := strings.Join(e.Mounted, "/")
	if mounts == "" || !strings.HasPrefix(e.Path, "/") {
		return e.Path
	}
	parts := strings.FieldsFunc(mounts+"/"+e.Path, func(r rune) bool { return r == '/' })
	return "/" + strings.Join(parts, "/")
}

// Run runs everything and leaves the events in the entries.
func (p *Program) Run(stop func() bool) {
	p.ctxNew = map[string]*Val{}
	for _, m := range p.Order {
		if !m.Test {
			p.safely(m.Path, func() { p.ensure(m) })
		}
		if stop() {
			return
		}
	}
	for _, m := range p.Order {
		if !m.Test && !m.Go {
			p.safely(m.Path, func() { p.discover(m) })
		}
	}
	seen := map[*Entry]bool{}
	for _, e := range p.modOps { // caches that are made at the top of a module
		if !seen[e] {
			seen[e] = true
			e.ran = true
			p.Entries = append(p.Entries, e)
		}
	}
	p.runAll(stop)
	words := p.words()
	for _, referenced := range []bool{false, true} {
		p.safely("functions", func() { p.loose(func(name string) bool { return (words[name] > 1) == referenced }) })
		p.runAll(stop)
	}
	if len(p.ctxNew) == 0 || stop() {
		return
	}
	p.Ctx, p.ctxNew = p.ctxNew, map[string]*Val{}
	for _, e := range p.Entries {
		if e.readCtx || len(e.MW) > 0 || e.router != nil {
			e.ran = false
		}
	}
	p.runAll(stop)
}

// mostAtOnePlace is how many routes one line may register. A loop registers many; a route that registers itself when it
// is asked would do so for ever.
const mostAtOnePlace = 100

// runAll runs the entries that have not run yet, and those that they register.
func (p *Program) runAll(stop func() bool) int {
	n := 0
	for {
		var next *Entry
		for len(p.routes) > 0 {
			e := p.routes[0]
			p.routes = p.routes[1:]
			if p.placed[e.Pos]++; p.placed[e.Pos] > mostAtOnePlace {
				continue
			}
			p.Entries = append(p.Entries, e)
			p.seenRoutes = append(p.seenRoutes, e)
		}
		for _, e := range p.Entries[p.from:] {
			if !e.ran {
				next = e
				break
			}
			p.from++
		}
		if next == nil {
			p.from = 0
			all := true
			for _, e := range p.Entries {
				all = all && e.ran
			}
			if all && len(p.routes) == 0 {
				return n
			}
			continue
		}
		if stop() {
			return n
		}
		p.run(next)
		n++
	}
}

func (p *Program) run(e *Entry) {
	if e.loose && !e.ran && p.called[e.Fn] && e.Ops == nil && !e.rerun {
		e.ran = true // something else calls it
		return
	}
	e.ran, e.rerun = true, true
	e.Ops = nil
	e.AuthMW = slices.Clone(e.wrap)
	defer func() {
		if r := recover(); r != nil {
			if p.Panics == nil {
				p.Panics = map[string]string{}
			}
			p.Panics[e.Label()] = fmt.Sprint(r)
		}
	}()
	in := p.interp(e)
	m := e.Module
	p.ensure(m)
	file := m.Files[0]
	if e.Fn != nil && e.Fn.File != nil {
		file = e.Fn.File
	}
	in.stack = []*frame{{mod: m, scope: m.Scope, fn: &ir.Func{File: file}}}
	in.guards = append(in.guards, e.Env...)
	args := in.arguments(e)
	site := &ir.Expr{Pos: e.Pos.At, End: e.Pos.End}
	if e.Fn != nil {
		site = &ir.Expr{Pos: e.Fn.Pos, End: e.Fn.Pos}
	}
	defer e.trim()
	var chain []*Val
	var mounts []string
	at := e.routerAt
	depth := 0
	for r := e.router; r != nil && depth < 10; r = r.parent {
		depth++
		mounts = append([]string{r.prefix}, mounts...)
		list := r.mw
		if e.Framework == "fastify" || e.Framework == "trpc" {
			at = len(list)
		}
		chain = append(slices.Clone(list[:min(at, len(list))]), chain...)
		at = r.at
	}
	e.Mounted = mounts
	chain = append(chain, e.MW...)
	e.Before = chain
	e.inMW = true
	for _, mw := range chain {
		in.middlewareRun(e, mw, args, site)
	}
	e.inMW = false
	if e.Handler == nil || e.Handler.Fn == nil {
		return
	}
	c := *e.Handler.Fn
	if e.This != nil {
		c.This = e.This
	}
	v := in.invoke(&c, args, site)
	e.Ret = v
	switch e.Framework {
	case "remix-headers":
		if v != nil {
			in.headers(v, site)
		}
	case "next-config":
		in.configHeaders(v, site)
	}
	// a handler that returns its answer
	switch e.Framework {
	case "fastify", "nest", "trpc", "next-action", "svelte", "remix", "page", "elysia":
		if v != nil && v.Lib != "response" && !v.Null && v.Lib != "node.res" {
			in.emit(&Op{Kind: OpRespond, Status: 200, Val: v, Name: "return", Pos: e.Pos}, nil)
		}
	}
	if v != nil && v.Fn != nil && e.Framework == "" && len(v.Fn.Fn.Params) <= 4 && p.busy < 4000 {
		// a function that makes a handler or middleware: run what it made
		p.busy++
		in.invoke(v.Fn, in.params(v.Fn), site)
	}
	in.methodsOf(v, site)
	if e.Kind == "route" && v != nil && !v.Null &&
		!slices.ContainsFunc(e.Ops, func(op *Op) bool { return op.Kind == OpRespond }) {
		in.emit(&Op{Kind: OpRespond, Status: 200, Val: v, Name: "return", Pos: e.Pos}, nil)
	}
}

// trim drops the record of a function that does nothing to the outside.
func (e *Entry) trim() {
	for _, op := range e.Ops { // frames hold every variable of their functions
		for _, g := range op.Guards {
			g.Frame = nil
		}
	}
	if e.Kind != "function" || e.Fn == nil || e.Fn.File == nil || e.Fn.File.Lang != "go" {
		return
	}
	for _, op := range e.Ops {
		switch op.Kind {
		case OpIf, OpCall, OpThrow, OpNext, OpRespond:
		default:
			return
		}
	}
	e.Ops, e.Ret, e.Args = nil, nil, nil
}

// configHeaders notes the headers that next.config.js sets by path.
func (in *interp) configHeaders(v *Val, site *ir.Expr) {
	if v == nil {
		return
	}
	for _, rule := range v.Elems {
		src, list := field(rule, "source"), field(rule, "headers")
		if src == nil || list == nil {
			continue
		}
		for _, h := range list.Elems {
			k, val := field(h, "key"), field(h, "value")
			if k == nil || val == nil {
				continue
			}
			op := &Op{Kind: OpHeader, Header: strings.ToLower(k.Str), Val: val, Name: src.Str, Pos: h.Pos}
			if val.Pos.File != nil {
				op.Pos = val.Pos
			}
			in.emit(op, site)
		}
	}
}

// methodsOf runs the functions of an object that a function returned.
func (in *interp) methodsOf(v *Val, site *ir.Expr) {
	if v == nil || v.Fields == nil || in.entry.Kind != "function" {
		return
	}
	for i, k := range v.Order {
		if f := v.Fields[k]; f != nil && f.Fn != nil && i < 30 && !in.p.called[f.Fn.Fn] {
			in.invoke(f.Fn, in.params(f.Fn), site)
		}
	}
}

var plainMW = lazyregexp.New(`(?i)(json|urlencoded|raw|text|static|cors|helmet|morgan|compression|cookie|multer|upload|rate|limit|log|recover|timeout|requestid|realip|gzip|csrf|bodyparser|prettyjson|etag|secureheaders|trace|metrics|cache|heartbeat|throttle|stripslashes|validat)`)

// middlewareRun runs a middleware, or notes its name when its code is not at
// hand.
func (in *interp) middlewareRun(e *Entry, mw *Val, args []*Val, site *ir.Expr) {
	if mw == nil {
		return
	}
	if mw.Class != nil {
		inst := mw.Class.inst
		if inst == nil {
			inst = &Val{Inst: mw.Class, Fields: map[string]*Val{}}
			mw.Class.inst = inst
			in.construct(inst, mw.Class, nil, false, nil)
		}
		if m := in.classMethod(mw.Class, "canActivate"); m != nil {
			m.This = inst
			v := in.invoke(m, []*Val{{Lib: "nest.ctx", Nested: in.reqOf(args)}}, site)
			c := *v
			c.From = addOrigins(slices.Clone(v.From), []*Origin{{Kind: Session, Path: "", Pos: in.pos(site)}})
			v = &c
			in.guards = append(in.guards, &Guard{Val: v, Pos: in.pos(site), Exit: true, Throw: true, Status: 403})
		}
		return
	}
	if mw.Fn == nil {
		name := mw.Name
		if name == "" {
			name = mw.Lib
		}
		if strings.Contains(strings.ToLower(mw.Lib), "cache") {
			in.emit(&Op{Kind: OpCache, Name: "middleware", Verb: mw.Lib, Args: mw.Elems}, site)
			return
		}
		if !strings.HasPrefix(mw.Lib, "mw.") && !plainMW.MatchString(name) && name != "" {
			e.AuthMW = append(e.AuthMW, name)
		}
		return
	}
	if len(mw.Fn.Fn.Params) == 4 {
		return // handles errors
	}
	switch e.Framework {
	case "net/http", "chi":
		if len(mw.Fn.Fn.Params) == 1 { // func(next http.Handler) http.Handler
			v := in.invoke(mw.Fn, []*Val{{Lib: "go.handler"}}, site)
			if v != nil && v.Fn != nil {
				in.invoke(v.Fn, args, site)
			}
			return
		}
	case "echo":
		if len(mw.Fn.Fn.Params) == 1 {
			v := in.invoke(mw.Fn, []*Val{{Lib: "go.handler"}}, site)
			if v != nil && v.Fn != nil {
				in.invoke(v.Fn, args, site)
			}
			return
		}
	case "trpc":
		in.invoke(mw.Fn, []*Val{in.trpcArgs(e)}, site)
		return
	}
	in.invoke(mw.Fn, args, site)
}

func (in *interp) reqOf(args []*Val) *Val {
	for _, a := range args {
		if a.Lib == "node.req" {
			return a
		}
	}
	return lib("node.req", Request, "", Pos{})
}

func (in *interp) trpcArgs(e *Entry) *Val {
	pos := e.Pos
	v := &Val{Lib: "trpc.args", Fields: map[string]*Val{}}
	input := origin(Body, "", pos)
	if e.Schema != nil && e.Schema.Lib == "schema" {
		input = in.parsed(e.Schema, input)
	}
	v.put("input", input)
	v.put("parsedInput", input)
	v.put("ctx", &Val{Lib: "trpc.ctx"})
	v.put("next", &Val{Lib: "express.next"})
	return v
}

// arguments are what a framework gives to a handler.
func (in *interp) arguments(e *Entry) []*Val {
	if e.Args != nil {
		return e.Args
	}
	pos := e.Pos
	req := lib("node.req", Request, "", pos)
	web := lib("web.req", Request, "", pos)
	var c *Closure
	if e.Handler != nil {
		c = e.Handler.Fn
	}
	if c != nil && len(c.Fn.Params) > 0 && e.Framework != "net/http" {
		if ref := in.p.typeRef(c.Fn.Params[0].Type, c.Fn.File, c.Mod); ref != nil {
			req.Type = ref
		}
	}
	switch e.Framework {
	case "express":
		return []*Val{req, {Lib: "node.res"}, {Lib: "express.next"}}
	case "fastify":
		return []*Val{req, {Lib: "node.res"}, {Lib: "express.next"}}
	case "hono":
		return []*Val{lib("hono.c", Request, "", pos), {Lib: "express.next"}}
	case "koa":
		return []*Val{lib("koa.c", Request, "", pos), {Lib: "express.next"}}
	case "elysia", "remix", "svelte-args":
		return []*Val{lib("remix.args", Request, "", pos)}
	case "svelte":
		return []*Val{lib("svelte.event", Request, "", pos)}
	case "svelte-handle":
		v := &Val{Fields: map[string]*Val{}}
		v.put("event", lib("svelte.event", Request, "", pos))
		v.put("resolve", &Val{Lib: "express.next"})
		return []*Val{v}
	case "next-app":
		ctx := &Val{Lib: "next.props"}
		return []*Val{web, ctx}
	case "next-gssp":
		return []*Val{lib("next.gssp", Request, "", pos)}
	case "next-static":
		return []*Val{{Lib: "next.props"}}
	case "page":
		return []*Val{{Lib: "next.props"}}
	case "next-pages":
		return []*Val{req, {Lib: "node.res"}}
	case "edge":
		return []*Val{web, {Lib: "global.env"}, {}}
	case "lambda":
		v := lib("node.req", Request, "", pos)
		return []*Val{v, {}}
	case "trpc":
		return []*Val{in.trpcArgs(e)}
	case "nest":
		return nil
	case "next-action":
		var list []*Val
		if c != nil {
			for _, q := range c.Fn.Params {
				v := origin(Body, "", pos)
				if q.Target.Kind == ir.Ident {
					v = origin(Body, q.Target.Name, Pos{c.Fn.File, q.Target.Pos, q.Target.End})
				}
				if ref := in.p.typeRef(q.Type, c.Fn.File, c.Mod); ref != nil {
					v.Type = ref
					if libOfType(ref) == "web.form" {
						v = lib("web.form", Body, "", v.From[0].Pos)
					}
				}
				if q.Target.Kind == ir.Ident &&
					(strings.Contains(strings.ToLower(q.Target.Name), "prev") || q.Target.Name == "_") {
					v = &Val{}
				}
				list = append(list, v)
			}
			for i, q := range c.Fn.Params { // formData without a type
				if q.Type == nil && q.Target.Kind == ir.Ident &&
					strings.Contains(strings.ToLower(q.Target.Name), "form") {
					list[i] = lib("web.form", Body, "", pos)
				}
			}
		}
		return list
	}
	if c == nil {
		return nil
	}
	return in.params(c)
}

var (
	appFile   = lazyregexp.New(`(^|/)app/(.*/)?(route|page|layout|template|default|middleware|opengraph-image|sitemap)\.[jt]sx?$`)
	pagesAPI  = lazyregexp.New(`(^|/)pages/api/`)
	pagesFile = lazyregexp.New(`(^|/)pages/.*\.[jt]sx?$`)
	methods   = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
)

// safely keeps one file's trouble from ending the audit.
func (p *Program) safely(label string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			if p.Panics == nil {
				p.Panics = map[string]string{}
			}
			p.Panics[label] = fmt.Sprint(r)
		}
	}()
	f()
}
