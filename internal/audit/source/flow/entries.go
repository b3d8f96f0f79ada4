package flow

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

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
		return e.Method + " " + e.Path
	case e.Path != "":
		return e.Path
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

// A router holds, in order, what was registered on it.
type router struct {
	mw     []*Val
	prefix string
	parent *router
	at     int // how much middleware the parent had at the mount
}

var httpVerb = map[string]string{
	"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE", "del": "DELETE", "all": "ALL", "options": "OPTIONS", "head": "HEAD",
	"Get": "GET", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE", "GET": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE", "Any": "ALL", "All": "ALL",
	"HandleFunc": "", "Handle": "", "Method": "", "MethodFunc": "",
}

func (in *interp) router(v *Val) *router {
	key := ""
	switch {
	case v.Pos.File != nil:
		key = fmt.Sprintf("%s:%d", v.Pos.File.Path, v.Pos.At)
	case len(v.From) > 0 && v.From[0].Pos.File != nil:
		key = fmt.Sprintf("%s:%d", v.From[0].Pos.File.Path, v.From[0].Pos.At)
	default:
		f := in.top()
		if f.fn != nil {
			key = fmt.Sprintf("%s:%d:fn", in.file(f).Path, f.fn.Pos)
		}
	}
	if in.p.routers == nil {
		in.p.routers = map[string]*router{}
	}
	r := in.p.routers[key]
	if r == nil {
		r = &router{}
		in.p.routers[key] = r
	}
	return r
}

// handlers are the functions among arguments, and what stands for them.
func handlers(args []*Val) (fns []*Val) {
	for _, a := range args {
		if a == nil {
			continue
		}
		if a.IsArr && a.Lib == "" {
			fns = append(fns, handlers(a.Elems)...)
			continue
		}
		if a.Fn != nil || a.Class == nil && a.Fields == nil && !a.IsStr && a.Lib != "schema" {
			fns = append(fns, a)
		}
	}
	return fns
}

// routeCall notes the registration of a route; nil when the call is none.
func (in *interp) routeCall(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	isRouter := recv.Lib == "router" || strings.HasPrefix(recv.Lib, "?") && routerName.MatchString(recv.Name)
	if p := in.procedure(recv, name, args, e); p != nil {
		return p
	}
	verb, ok := httpVerb[name]
	if ok && len(args) >= 2 && a.IsStr && (isRouter || strings.HasPrefix(a.Str, "/") || in.top().mod.Go && strings.Contains(a.Str, " /")) {
		last := args[len(args)-1]
		if last.Fn == nil && last.Fields != nil && last.Fields["handler"] != nil {
			last = last.Fields["handler"]
		}
		if in.top().mod.Go && last.Fn == nil && last.Type != nil {
			if m := in.goMethod(last.Type, "ServeHTTP", 0); m != nil {
				m.This = last
				last = &Val{Fn: m}
			}
		}
		if last.Fn == nil && !isRouter {
			return nil
		}
		if last.Fn == nil && in.top().mod.Go {
			for i := len(args) - 1; i > 0; i-- {
				if args[i].Fn != nil {
					last = args[i]
				}
			}
		}
		in.register(recv, verb, a.Str, args[1:len(args)-1], last, e)
		return recv
	}
	if !isRouter && recv.Lib != "" {
		return nil
	}
	if !isRouter && !recv.Has(Param) {
		return nil
	}
	switch name {
	case "use", "Use", "addHook", "UseMiddleware", "Pre":
		r := in.router(recv)
		list := args
		prefix := ""
		if a.IsStr {
			prefix = a.Str
			list = args[1:]
		}
		for _, x := range list {
			if x.Lib == "router" {
				c := in.router(x)
				if c != r {
					c.parent, c.prefix, c.at = r, prefix, len(r.mw)
				}
				continue
			}
			r.mw = append(r.mw, x)
		}
		return recv
	case "route":
		if a.Fields != nil && a.Fields["handler"] != nil {
			var mw []*Val
			for _, k := range []string{"preHandler", "onRequest", "preValidation"} {
				if x := a.Fields[k]; x != nil {
					mw = append(mw, handlers([]*Val{x})...)
				}
			}
			path := a.Fields["url"]
			if path == nil {
				path = a.Fields["path"]
			}
			in.register(recv, orEmpty(a.Fields["method"]).Str, orEmpty(path).Str, mw, a.Fields["handler"], e)
			return recv
		}
		if a.IsStr && len(args) == 1 { // router.route('/x').get(…)
			c := *recv
			c.Str = a.Str
			return &c
		}
		if a.IsStr && arg(args, 1).Lib == "router" { // hono: app.route('/x', sub)
			c, r := in.router(args[1]), in.router(recv)
			if c != r {
				c.parent, c.prefix, c.at = r, a.Str, len(r.mw)
			}
			return recv
		}
	case "get", "post", "put", "patch", "delete", "all":
		if recv.Str != "" && len(args) > 0 {
			in.register(recv, httpVerb[name], recv.Str, args[:len(args)-1], args[len(args)-1], e)
			return recv
		}
	case "register":
		child := &Val{Lib: "router", Pos: in.pos(e), Name: recv.Name, Type: recv.Type}
		r, c := in.router(recv), in.router(child)
		if c != r {
			c.parent, c.at = r, len(r.mw)
		}
		if p := field(arg(args, 1), "prefix"); p != nil {
			c.prefix = p.Str
		}
		in.callback(a, []*Val{child, arg(args, 1), {}}, e)
		return recv
	case "Route", "Group", "With", "group", "basePath", "Mount", "Subrouter", "PathPrefix":
		child := &Val{Lib: "router", Pos: in.pos(e), Name: recv.Name}
		r, c := in.router(recv), in.router(child)
		if c != r && c.parent == nil {
			c.parent, c.at = r, len(r.mw)
		}
		var fn *Val
		for _, x := range args {
			switch {
			case x.IsStr:
				c.prefix = x.Str
			case name == "Route" || name == "Group" && x.Fn != nil && len(x.Fn.Fn.Params) == 1 && in.p.isRouterParam(x.Fn) || name == "group":
				fn = x
			case name == "Mount":
				m := in.router(x)
				if m != r {
					m.parent, m.prefix, m.at = r, a.Str, len(r.mw)
				}
			default:
				c.mw = append(c.mw, x)
			}
		}
		if fn != nil {
			in.callback(fn, []*Val{child}, e)
			return recv
		}
		return child
	case "listen", "ready", "Run", "Start", "ListenAndServe", "onError", "notFound", "setErrorHandler", "set", "decorate", "param", "engine", "disable", "enable":
		if isRouter {
			return recv
		}
	}
	return nil
}

var routerName = regexp.MustCompile(`(?i)^(app|router|server|api|fastify)$`)

func (p *Program) isRouterParam(c *Closure) bool {
	if len(c.Fn.Params) == 0 || c.Fn.Params[0].Type == nil {
		return false
	}
	return libOfType(p.typeRef(c.Fn.Params[0].Type, c.Fn.File, c.Mod)) == "router"
}

func (in *interp) register(recv *Val, verb, p string, mw []*Val, h *Val, e *ir.Expr) {
	r := in.router(recv)
	if verb == "" {
		if before, after, ok := strings.Cut(p, " "); ok {
			verb, p = before, after
		}
	}
	fw := in.framework(recv, h)
	if fw == "express" && strings.Contains(strings.ToLower(dotted(e.X)), "fastify") {
		fw = "fastify"
	}
	ent := &Entry{Kind: "route", Framework: fw, Method: strings.ToUpper(verb), Path: p, Module: in.top().mod, Handler: h, Pos: in.pos(e)}
	if h.Fn != nil {
		ent.Fn = h.Fn.Fn
		in.p.called[h.Fn.Fn] = true
		ent.Module = h.Fn.Mod
	}
	for _, x := range handlers(mw) {
		ent.MW = append(ent.MW, x)
	}
	for _, x := range mw {
		if x.Fields != nil { // Fastify's options
			for _, k := range []string{"preHandler", "onRequest", "preValidation"} {
				if f := x.Fields[k]; f != nil {
					ent.MW = append(ent.MW, handlers([]*Val{f})...)
				}
			}
		}
	}
	ent.wrapper(h)
	ent.router, ent.routerAt = r, len(r.mw)
	ent.Env = slices.Clone(in.guards)
	in.p.addRoute(ent)
}

func (p *Program) addRoute(e *Entry) {
	for _, x := range p.routes {
		if x.Pos.File == e.Pos.File && x.Pos.At == e.Pos.At && x.Path == e.Path && x.Method == e.Method {
			return
		}
	}
	p.routes = append(p.routes, e)
}

// framework guesses what a handler is given.
func (in *interp) framework(recv, h *Val) string {
	if in.top().mod.Go {
		if h.Fn != nil {
			return goFramework(in.p, h.Fn)
		}
		return "net/http"
	}
	names := []string{recv.Name}
	if recv.Type != nil {
		names = append(names, recv.Type.Name)
	}
	for _, i := range in.file(in.top()).Imports {
		names = append(names, i.Module)
	}
	for _, n := range names {
		for _, f := range []string{"fastify", "hono", "koa", "express", "elysia"} {
			if strings.Contains(n, f) {
				return f
			}
		}
	}
	if h.Fn != nil && len(h.Fn.Fn.Params) > 0 && h.Fn.Fn.Params[0].Target.Kind == ir.Ident {
		switch h.Fn.Fn.Params[0].Target.Name {
		case "c":
			return "hono"
		case "ctx":
			return "koa"
		}
	}
	if h.Fn != nil && len(h.Fn.Fn.Params) > 1 && h.Fn.Fn.Params[1].Target.Kind == ir.Ident && h.Fn.Fn.Params[1].Target.Name == "reply" {
		return "fastify"
	}
	return "express"
}

func goFramework(p *Program, c *Closure) string {
	for _, q := range c.Fn.Params {
		switch libOfType(p.typeRef(q.Type, c.Fn.File, c.Mod)) {
		case "gin.c":
			return "gin"
		case "echo.c":
			return "echo"
		case "fiber.c":
			return "fiber"
		case "go.req":
			return "net/http"
		}
	}
	return ""
}

var procedureName = regexp.MustCompile(`(?i)procedure|safe-?action|actionClient|authAction`)

// procedure models tRPC's builders and their like.
func (in *interp) procedure(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	if recv.Lib != "trpc.proc" && !procedureName.MatchString(recv.Lib) && !procedureName.MatchString(recv.Name) || recv.Op != nil {
		return nil
	}
	c := &Val{Lib: "trpc.proc", Name: recv.Name, Nested: recv.Nested, Elems: slices.Clone(recv.Elems)}
	if recv.Lib != "trpc.proc" && strings.HasPrefix(recv.Lib, "?") && sessionWord.MatchString(recv.Name) && !strings.Contains(strings.ToLower(recv.Name), "public") {
		c.Elems = append(c.Elems, &Val{Lib: recv.Lib, Name: recv.Name})
	}
	switch name {
	case "input", "schema", "inputSchema":
		c.Nested = arg(args, 0)
		return c
	case "use":
		c.Elems = append(c.Elems, args...)
		return c
	case "output", "meta", "metadata", "bindArgsSchemas":
		return c
	case "query", "mutation", "subscription", "action", "handler":
		h := arg(args, 0)
		if h.Fn == nil {
			return nil
		}
		verb := "GET"
		if name != "query" {
			verb = "POST"
		}
		ent := &Entry{Kind: "route", Framework: "trpc", Method: verb, Path: "", Module: h.Fn.Mod, Handler: h, Fn: h.Fn.Fn, Pos: in.pos(e), MW: c.Elems, Schema: c.Nested}
		in.p.called[h.Fn.Fn] = true
		in.p.addRoute(ent)
		return &Val{}
	}
	return nil
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

// words counts in how many places each word stands.
func (p *Program) words() map[string]int {
	n := map[string]int{}
	for _, f := range p.Files {
		start := -1
		for i := 0; i <= len(f.Src); i++ {
			if i < len(f.Src) {
				c := f.Src[i]
				if c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
					if start < 0 {
						start = i
					}
					continue
				}
			}
			if start >= 0 {
				n[f.Src[start:i]]++
				start = -1
			}
		}
	}
	return n
}

// runAll runs the entries that have not run yet, and those that they register.
func (p *Program) runAll(stop func() bool) int {
	n := 0
	for {
		var next *Entry
		for len(p.routes) > 0 {
			p.Entries = append(p.Entries, p.routes[0])
			p.seenRoutes = append(p.seenRoutes, p.routes[0])
			p.routes = p.routes[1:]
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
	if e.Kind == "route" && v != nil && !v.Null && !slices.ContainsFunc(e.Ops, func(op *Op) bool { return op.Kind == OpRespond }) {
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

var plainMW = regexp.MustCompile(`(?i)(json|urlencoded|raw|text|static|cors|helmet|morgan|compression|cookie|multer|upload|rate|limit|log|recover|timeout|requestid|realip|gzip|csrf|bodyparser|prettyjson|etag|secureheaders|trace|metrics|cache|heartbeat|throttle|stripslashes|validat)`)

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
				if q.Target.Kind == ir.Ident && (strings.Contains(strings.ToLower(q.Target.Name), "prev") || q.Target.Name == "_") {
					v = &Val{}
				}
				list = append(list, v)
			}
			for i, q := range c.Fn.Params { // formData without a type
				if q.Type == nil && q.Target.Kind == ir.Ident && strings.Contains(strings.ToLower(q.Target.Name), "form") {
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

// params are values for the parameters of a function looked at by itself.
func (in *interp) params(c *Closure) (list []*Val) {
	for _, q := range c.Fn.Params {
		pos := Pos{c.Fn.File, c.Fn.Pos, c.Fn.Pos}
		name := ""
		if q.Target != nil {
			pos.At, pos.End = q.Target.Pos, q.Target.End
			name = q.Target.Name
		}
		v := origin(Param, name, pos)
		ref := in.p.typeRef(q.Type, c.Fn.File, c.Mod)
		if ref != nil {
			v.Type = ref
			if l := libOfType(ref); l != "" {
				v.Lib = l
				switch {
				case l == "go.req" || l == "node.req" || l == "web.req" || l == "gin.c" || l == "echo.c" || l == "fiber.c" || l == "hono.c" || l == "svelte.event" || l == "remix.args":
					v.From = []*Origin{{Kind: Request, Pos: pos}}
				case strings.HasPrefix(l, "stripe."):
					v.From = []*Origin{{Kind: Event, Path: name, Pos: pos}}
				default:
					v.From = nil
				}
				v.Pos = pos
			}
			if x := in.p.classOf(ref); x != nil && v.Lib == "" && x.Class != nil {
				if inj := in.injected(ref); inj != nil && inj.Lib != "" {
					v = inj
				}
			}
			if ref.Type != nil && ref.Type.Name == "func" {
				v.Lib = "?#" + name
			}
		}
		list = append(list, v)
	}
	return list
}

var (
	appFile   = regexp.MustCompile(`(^|/)app/(.*/)?(route|page|layout|template|default|middleware|opengraph-image|sitemap)\.[jt]sx?$`)
	pagesAPI  = regexp.MustCompile(`(^|/)pages/api/`)
	pagesFile = regexp.MustCompile(`(^|/)pages/.*\.[jt]sx?$`)
	methods   = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
)

// wrapper notes a wrapper that is not at hand and by its name asks for a
// session.
func (e *Entry) wrapper(v *Val) {
	if name, ok := strings.CutPrefix(v.Name, "wrapped:"); ok && (sessionWord.MatchString(name) || verifyWord.MatchString(name) || strings.Contains(strings.ToLower(name), "secret") || strings.Contains(strings.ToLower(name), "cron")) {
		e.wrap = []string{name}
	}
}

func (p *Program) entry(e *Entry, v *Val) {
	if v == nil || v.Fn == nil {
		return
	}
	e.Handler, e.Fn, e.Module = v, v.Fn.Fn, v.Fn.Mod
	e.wrapper(v)
	e.Pos = Pos{v.Fn.Fn.File, v.Fn.Fn.Pos, v.Fn.Fn.End}
	p.called[v.Fn.Fn] = true
	p.Entries = append(p.Entries, e)
}

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

// discover finds the entries that a file and its decorators make.
func (p *Program) discover(m *Module) {
	{
		f := m.Files[0]
		p.discoverNest(m)
		base := path.Base(f.Path)
		stem := strings.TrimSuffix(base, path.Ext(base))
		switch {
		case strings.HasPrefix(base, "+"):
			p.discoverSvelte(m, stem)
			return
		case base == "hooks.server.ts" || base == "hooks.server.js":
			p.entry(&Entry{Kind: "middleware", Framework: "svelte-handle", Path: "hooks"}, m.Exports["handle"])
			return
		}
		if strings.HasPrefix(base, "next.config.") {
			d := m.Exports["default"]
			if d == nil {
				d = &Val{Fields: m.Exports}
			}
			if h := field(d, "headers"); h != nil {
				p.entry(&Entry{Kind: "config", Framework: "next-config", Path: f.Path}, h)
			}
			return
		}
		if appFile.MatchString(f.Path) && !strings.Contains(f.Path, "/routes/") {
			p.discoverApp(m, stem)
			return
		}
		if (stem == "middleware" || stem == "proxy") && (m.Exports["middleware"] != nil || m.Exports["proxy"] != nil || m.Exports["default"] != nil) {
			for _, k := range []string{"middleware", "proxy", "default"} {
				p.entry(&Entry{Kind: "middleware", Framework: "next-app", Path: "middleware"}, m.Exports[k])
			}
		}
		if m.Exports["loader"] != nil || m.Exports["action"] != nil {
			_, route, ok := strings.Cut(f.Path, "routes/")
			if !ok {
				route = f.Path
			}
			route = strings.TrimSuffix(route, path.Ext(f.Path))
			p.entry(&Entry{Kind: "route", Framework: "remix", Method: "GET", Path: "/" + route}, m.Exports["loader"])
			p.entry(&Entry{Kind: "route", Framework: "remix", Method: "POST", Path: "/" + route}, m.Exports["action"])
			p.entry(&Entry{Kind: "headers", Framework: "remix-headers", Path: "/" + route}, m.Exports["headers"])
		}
		if pagesAPI.MatchString(f.Path) {
			p.entry(&Entry{Kind: "route", Framework: "next-pages", Method: "ALL", Path: routePath(f.Path, "pages")}, unwrap(m.Exports["default"]))
		} else if pagesFile.MatchString(f.Path) {
			p.entry(&Entry{Kind: "load", Framework: "next-gssp", Method: "GET", Path: routePath(f.Path, "pages")}, m.Exports["getServerSideProps"])
			p.entry(&Entry{Kind: "static", Framework: "next-static", Method: "GET", Path: routePath(f.Path, "pages")}, m.Exports["getStaticProps"])
		}
		p.discoverActions(m)
		if d := m.Exports["default"]; d != nil && d.Fields != nil && d.Fields["fetch"] != nil {
			p.entry(&Entry{Kind: "route", Framework: "edge", Method: "ALL", Path: "/"}, d.Fields["fetch"])
		}
		if m.Exports["handler"] != nil && (strings.Contains(f.Path, "netlify") || strings.Contains(f.Path, "lambda") || strings.Contains(f.Path, "functions/")) {
			p.entry(&Entry{Kind: "route", Framework: "lambda", Method: "ALL", Path: "/" + stem}, m.Exports["handler"])
		}
	}
}

// unwrap finds the handler in what a wrapper returned.
func unwrap(v *Val) *Val {
	if v == nil || v.Fn != nil {
		return v
	}
	for _, a := range v.Alts {
		if a.Fn != nil {
			return a
		}
	}
	return v
}

func routePath(file, root string) string {
	i := strings.LastIndex("/"+file, "/"+root+"/")
	if i < 0 {
		return "/" + file
	}
	p := file[i+len(root):]
	p = strings.TrimSuffix(p, path.Ext(p))
	p = strings.TrimSuffix(strings.TrimSuffix(p, "/index"), "/route")
	p = strings.TrimSuffix(p, "/page")
	p = groupSegment.ReplaceAllString(p, "")
	if p == "" {
		p = "/"
	}
	return p
}

var groupSegment = regexp.MustCompile(`/\([^)]*\)|/@[^/]*`)

func (p *Program) discoverApp(m *Module, stem string) {
	f := m.Files[0]
	route := routePath(f.Path, "app")
	if stem == "route" {
		for _, method := range methods {
			p.entry(&Entry{Kind: "route", Framework: "next-app", Method: method, Path: route}, unwrap(m.Exports[method]))
		}
		return
	}
	if has(f.Directives, "use client") {
		return
	}
	p.entry(&Entry{Kind: "page", Framework: "page", Method: "GET", Path: route}, m.Exports["default"])
	p.entry(&Entry{Kind: "meta", Framework: "page", Path: route}, m.Exports["generateMetadata"])
	p.discoverActions(m)
}

func (p *Program) discoverSvelte(m *Module, stem string) {
	route := routePath(m.Path, "routes")
	route = route[:strings.LastIndexByte(route, '/')+1]
	if route == "" {
		route = "/"
	}
	switch stem {
	case "+server":
		for _, method := range methods {
			p.entry(&Entry{Kind: "route", Framework: "svelte", Method: method, Path: route}, m.Exports[method])
		}
	case "+page.server", "+layout.server":
		p.entry(&Entry{Kind: "load", Framework: "svelte", Method: "GET", Path: route}, m.Exports["load"])
		if a := m.Exports["actions"]; a != nil {
			for _, k := range a.Order {
				p.entry(&Entry{Kind: "route", Framework: "svelte", Method: "POST", Path: route + "?/" + k}, a.Fields[k])
			}
		}
	case "+page", "+layout":
		p.entry(&Entry{Kind: "client", Framework: "svelte", Method: "GET", Path: route, Client: true}, m.Exports["load"])
	}
}

// discoverActions finds server actions: exports of a file, or functions, with
// 'use server'.
func (p *Program) discoverActions(m *Module) {
	f := m.Files[0]
	if has(f.Directives, "use server") {
		for _, x := range f.Exports {
			v := unwrap(m.Exports[x.Name])
			if v != nil && v.Fn != nil {
				e := &Entry{Kind: "action", Framework: "next-action", Method: "POST", Path: "", Name: x.Name}
				p.entry(e, v)
				if v.Fn.Mod != m { // what a wrapper made
					e.Pos = Pos{f, x.Pos, x.Pos}
				}
			}
		}
		return
	}
	for _, fn := range f.Funcs {
		if has(fn.Directives, "use server") {
			p.actions = append(p.actions, fn)
		}
	}
}

var nestVerbs = map[string]string{"Get": "GET", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE", "All": "ALL"}

func deco(list []*ir.Expr, names ...string) *ir.Expr {
	for _, d := range list {
		x := d
		if x.Kind == ir.Call {
			x = x.X
		}
		if x != nil && slices.Contains(names, x.Name) {
			return d
		}
	}
	return nil
}

func decoArg(d *ir.Expr) string {
	if d != nil && d.Kind == ir.Call && len(d.List) > 0 && d.List[0].Kind == ir.Str {
		return d.List[0].Name
	}
	return ""
}

func (p *Program) discoverNest(m *Module) {
	for _, s := range m.Files[0].Stmts {
		if s.Kind != ir.SClass || deco(s.Class.Decorators, "Controller", "Resolver") == nil {
			continue
		}
		b := m.Scope.vars[s.Class.Name]
		if b == nil || b.val == nil || b.val.Class == nil {
			continue
		}
		cv := b.val.Class
		in := p.interp(&Entry{Kind: "module", Module: m})
		in.stack = []*frame{{mod: m, scope: m.Scope, fn: &ir.Func{File: m.Files[0]}}}
		inst := in.injected(&Ref{Name: m.Path + "#" + s.Class.Name, File: m.Files[0]})
		prefix := decoArg(deco(s.Class.Decorators, "Controller"))
		classGuards := in.guardsOf(s.Class.Decorators, m)
		for _, mem := range s.Class.Members {
			if mem.Func == nil {
				continue
			}
			var d *ir.Expr
			verb := ""
			for name, v := range nestVerbs {
				if x := deco(mem.Decorators, name); x != nil {
					d, verb = x, v
				}
			}
			if x := deco(mem.Decorators, "Query", "Mutation"); x != nil {
				d, verb = x, "POST"
			}
			if d == nil {
				continue
			}
			fn := &Closure{Fn: mem.Func, Scope: cv.Scope, Mod: m, This: inst}
			e := &Entry{Kind: "route", Framework: "nest", Method: verb, Path: "/" + strings.Trim(prefix+"/"+decoArg(d), "/")}
			e.MW = append(slices.Clone(classGuards), in.guardsOf(mem.Decorators, m)...)
			if deco(mem.Decorators, "Public", "SkipAuth") != nil {
				e.MW = nil
			}
			p.entry(e, &Val{Fn: fn})
			e.This = inst
			e.Args = in.nestArgs(mem.Func, m)
		}
	}
}

func (in *interp) guardsOf(decos []*ir.Expr, m *Module) (list []*Val) {
	for _, d := range decos {
		if d.Kind != ir.Call || d.X == nil {
			continue
		}
		switch d.X.Name {
		case "UseGuards":
			list = append(list, in.evals(d.List, m.Scope)...)
		case "Roles", "RequirePermissions", "Permissions", "Auth", "RequireRole":
			list = append(list, &Val{Name: "role:" + d.X.Name, Lib: "?nest#" + d.X.Name})
		}
	}
	return list
}

func (in *interp) nestArgs(fn *ir.Func, m *Module) (list []*Val) {
	req := lib("node.req", Request, "", Pos{fn.File, fn.Pos, fn.Pos})
	for _, q := range fn.Params {
		pos := Pos{fn.File, q.Target.Pos, q.Target.End}
		var v *Val
		for _, d := range q.Decorators {
			name := ""
			if d.Kind == ir.Call && d.X != nil {
				name = d.X.Name
			} else {
				name = d.Name
			}
			key := decoArg(d)
			switch name {
			case "Body":
				v = origin(Body, key, pos)
			case "Query":
				v = origin(Query, key, pos)
			case "Param":
				v = origin(Path, key, pos)
			case "Args":
				v = origin(Body, key, pos)
			case "Headers":
				if key != "" {
					v = headerVal(key, pos)
				} else {
					v = lib("node.headers", Header, "", pos)
				}
			case "Req", "Request":
				v = req
			case "Res", "Response":
				v = &Val{Lib: "node.res"}
			case "RawBody":
				v = origin(RawBody, "", pos)
			case "Session":
				v = origin(Session, "", pos)
			case "Ip", "HostParam":
				v = &Val{}
			default:
				v = in.ctx("req.user", pos)
				if key != "" {
					v = in.member(v, key, pos)
				}
			}
		}
		if v == nil {
			v = &Val{}
		}
		if ref := in.p.typeRef(q.Type, fn.File, m); ref != nil && v.Type == nil && v.Lib == "" {
			c := *v
			c.Type = ref
			v = &c
		}
		list = append(list, v)
	}
	if list == nil {
		list = []*Val{}
	}
	return list
}

var docRoute = regexp.MustCompile(`\b(GET|POST|PUT|PATCH|DELETE) (/[^\s.,;]*)`)

// loose runs what nothing called: handlers by their signature, components,
// functions with parameters.
func (p *Program) loose(now func(name string) bool) {
	p.now = now
	for _, m := range p.Order {
		if m.Test {
			continue
		}
		for _, f := range m.Files {
			if testFile.MatchString(f.Path) {
				continue
			}
			for _, s := range f.Stmts {
				p.looseStmt(m, f, s)
			}
		}
		if !m.Go {
			for _, k := range sortedKeys(m.Exports) {
				v := m.Exports[k]
				if v == nil {
					continue
				}
				if v.Fn != nil && v.Fn.Mod == m {
					p.looseFn(m, v)
				}
				for i, name := range v.Order {
					if f := v.Fields[name]; f != nil && f.Fn != nil && f.Fn.Mod == m && i < 60 {
						p.looseFn(m, f)
					}
				}
			}
			for _, name := range sortedScope(m.Scope) {
				if v := m.Scope.vars[name].val; v != nil && v.Fn != nil && v.Fn.Mod == m {
					p.looseFn(m, v)
				}
			}
		}
	}
}

func sortedKeys(m map[string]*Val) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func sortedScope(s *Scope) []string {
	var out []string
	if s == nil {
		return nil
	}
	for k := range s.vars {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (p *Program) looseStmt(m *Module, f *ir.File, s *ir.Stmt) {
	switch s.Kind {
	case ir.SFunc:
		if m.Go && s.Func.Recv == nil || !m.Go {
			if b := m.Scope.vars[s.Func.Name]; b != nil {
				p.looseFn(m, b.val)
			}
			return
		}
		c := m.Methods[s.Func.RecvType][s.Func.Name]
		if c != nil {
			p.looseFn(m, &Val{Fn: c})
		}
	case ir.SClass:
		b := m.Scope.vars[s.Class.Name]
		if b == nil || b.val == nil || b.val.Class == nil {
			return
		}
		cv := b.val.Class
		for _, mem := range s.Class.Members {
			fn := mem.Func
			if fn == nil && mem.Init != nil && mem.Init.Kind == ir.FuncLit {
				fn = mem.Init.Func
			}
			if fn == nil || mem.Name == "constructor" || p.called[fn] {
				continue
			}
			in := p.interp(&Entry{Kind: "module", Module: m})
			in.stack = []*frame{{mod: m, scope: m.Scope, fn: &ir.Func{File: f}}}
			inst := in.injected(&Ref{Name: m.Path + "#" + s.Class.Name, File: f})
			if inst == nil || inst.Inst == nil {
				inst = &Val{Inst: cv, Fields: map[string]*Val{}}
			}
			p.looseFn(m, &Val{Fn: &Closure{Fn: fn, Scope: cv.Scope, Mod: m, This: inst}})
		}
	}
}

func (p *Program) looseFn(m *Module, v *Val) {
	if v == nil || v.Fn == nil || p.called[v.Fn.Fn] || p.done[v.Fn.Fn] {
		return
	}
	fn := v.Fn.Fn
	if !p.now(fn.Name) {
		return
	}
	p.done[fn] = true
	e := &Entry{Kind: "function"}
	if m.Client {
		e.Kind, e.Client = "client", true
	}
	if v.Type != nil { // const x: RequestHandler = …
		switch v.Type.Named() {
		case "RequestHandler", "Handler":
			if strings.Contains(v.Type.Name, "$types") || strings.Contains(v.Type.Name, "sveltejs") {
				e.Kind, e.Framework = "route", "svelte"
			} else {
				e.Kind, e.Framework = "route", "express"
			}
		case "MiddlewareHandler":
			e.Kind, e.Framework = "middleware", "hono"
		case "NextApiHandler":
			e.Kind, e.Framework = "route", "next-pages"
		case "FastifyPluginAsync", "FastifyPluginCallback", "FastifyPluginAsyncZod", "FastifyPluginAsyncTypebox", "FastifyPlugin":
			e.Args = []*Val{{Lib: "router", Name: "fastify", Pos: Pos{fn.File, fn.Pos, fn.Pos}}, {}, {}}
		}
	}
	if m.Go {
		if fw := goFramework(p, v.Fn); fw != "" && len(fn.Params) <= 2 {
			e.Kind, e.Framework = "function", ""
			if fw == "net/http" && len(fn.Params) == 2 || fw != "net/http" && len(fn.Params) == 1 {
				e.Kind, e.Framework = "route", ""
				e.Method, e.Path = docOf(fn)
			}
		}
	} else if len(fn.Params) >= 1 {
		switch libOfType(p.typeRef(fn.Params[0].Type, fn.File, m)) {
		case "node.req", "web.req", "hono.c", "svelte.event", "remix.args":
			if len(fn.Params) <= 3 {
				e.Kind = "route"
			}
		}
	}
	p.entry(e, v)
	delete(p.called, fn)
	e.loose = true
}

// docOf reads the route of a handler from the comment above it.
func docOf(fn *ir.Func) (method, route string) {
	var best string
	for _, c := range fn.File.Comments {
		if c.Pos < fn.Pos && fn.Pos-c.Pos < 400 {
			l1, _ := fn.File.Line(c.Pos)
			l2, _ := fn.File.Line(fn.Pos)
			if l2-l1 <= 4 {
				best += " " + c.Text
			}
		}
	}
	if m := docRoute.FindStringSubmatch(best); m != nil {
		return m[1], m[2]
	}
	return "", ""
}
