package flow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// A router holds, in order, what was registered on it.
type router struct {
	mw     []*Val
	prefix string
	parent *router
	at     int // how much middleware the parent had at the mount
}

var httpVerb = map[string]string{
	"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE", "del": "DELETE", "all": "ALL",
	"options": "OPTIONS", "head": "HEAD",
	"Get": "GET", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE", "GET": "GET", "POST": "POST",
	"PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE", "Any": "ALL", "All": "ALL",
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
	if name == "Router" && strings.HasPrefix(recv.Lib, "express#") { // require('express').Router()
		return &Val{Lib: "router", Pos: in.pos(e)}
	}
	a := arg(args, 0)
	isRouter := recv.Lib == "router" || strings.HasPrefix(recv.Lib, "?") && routerName.MatchString(recv.Name)
	if p := in.procedure(recv, name, args, e); p != nil {
		return p
	}
	verb, ok := httpVerb[name]
	if ok && len(args) >= 2 && a.IsStr &&
		(isRouter || strings.HasPrefix(a.Str, "/") || in.top().mod.Go && strings.Contains(a.Str, " /")) {
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
			case name == "Route" || name == "Group" && x.Fn != nil && len(x.Fn.Fn.Params) == 1 &&
				in.p.isRouterParam(x.Fn) || name == "group":
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
	case "listen", "ready", "Run", "Start", "ListenAndServe", "onError", "notFound", "setErrorHandler", "set",
		"decorate", "param", "engine", "disable", "enable":
		if isRouter {
			return recv
		}
	}
	return nil
}

var routerName = lazyregexp.New(`(?i)^(app|router|server|api|fastify)$`)

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
	ent := &Entry{
		Kind: "route", Framework: fw, Method: strings.ToUpper(verb), Path: p, Module: in.top().mod,
		Handler: h, Pos: in.pos(e),
	}
	if h.Fn != nil {
		ent.Fn = h.Fn.Fn
		in.p.called[h.Fn.Fn] = true
		ent.Module = h.Fn.Mod
	}
	ent.MW = append(ent.MW, handlers(mw)...)
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
	if h.Fn != nil && len(h.Fn.Fn.Params) > 1 && h.Fn.Fn.Params[1].Target.Kind == ir.Ident &&
		h.Fn.Fn.Params[1].Target.Name == "reply" {
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

var procedureName = lazyregexp.New(`(?i)procedure|safe-?action|actionClient|authAction`)

// procedure models tRPC's builders and their like.
func (in *interp) procedure(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	if recv.Lib != "trpc.proc" && !procedureName.MatchString(recv.Lib) && !procedureName.MatchString(recv.Name) ||
		recv.Op != nil {
		return nil
	}
	c := &Val{Lib: "trpc.proc", Name: recv.Name, Nested: recv.Nested, Elems: slices.Clone(recv.Elems)}
	if recv.Lib != "trpc.proc" && strings.HasPrefix(recv.Lib, "?") && sessionWord.MatchString(recv.Name) &&
		!strings.Contains(strings.ToLower(recv.Name), "public") {
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
		ent := &Entry{
			Kind: "route", Framework: "trpc", Method: verb, Path: "", Module: h.Fn.Mod, Handler: h,
			Fn: h.Fn.Fn, Pos: in.pos(e), MW: c.Elems, Schema: c.Nested,
		}
		in.p.called[h.Fn.Fn] = true
		in.p.addRoute(ent)
		return &Val{}
	}
	return nil
}
