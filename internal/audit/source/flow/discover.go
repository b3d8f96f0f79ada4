package flow

import (
	"path"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// wrapper notes a wrapper that is not at hand and by its name asks for a
// session.
func (e *Entry) wrapper(v *Val) {
	if name, ok := strings.CutPrefix(v.Name, "wrapped:"); ok &&
		(sessionWord.MatchString(name) || verifyWord.MatchString(name) ||
			strings.Contains(strings.ToLower(name), "secret") || strings.Contains(strings.ToLower(name), "cron")) {
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
		if (stem == "middleware" || stem == "proxy") &&
			(m.Exports["middleware"] != nil || m.Exports["proxy"] != nil || m.Exports["default"] != nil) {
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
			p.entry(&Entry{Kind: "route", Framework: "next-pages", Method: "ALL", Path: routePath(f.Path, "pages")},
				unwrap(m.Exports["default"]))
		} else if pagesFile.MatchString(f.Path) {
			p.entry(&Entry{Kind: "load", Framework: "next-gssp", Method: "GET", Path: routePath(f.Path, "pages")},
				m.Exports["getServerSideProps"])
			p.entry(&Entry{Kind: "static", Framework: "next-static", Method: "GET", Path: routePath(f.Path, "pages")},
				m.Exports["getStaticProps"])
		}
		p.discoverFunctions(m)
		p.discoverActions(m)
		if d := m.Exports["default"]; d != nil && d.Fields != nil && d.Fields["fetch"] != nil {
			p.entry(&Entry{Kind: "route", Framework: "edge", Method: "ALL", Path: "/"}, d.Fields["fetch"])
		}
		if m.Exports["handler"] != nil &&
			(strings.Contains(f.Path, "netlify") || strings.Contains(f.Path, "lambda") ||
				strings.Contains(f.Path, "functions/")) {
			p.entry(&Entry{Kind: "route", Framework: "lambda", Method: "ALL", Path: "/" + stem}, m.Exports["handler"])
		}
	}
}

var (
	functionFile = lazyregexp.New(`(^|/)api/([^_./][^/]*/)*[^_./][^/]*\.[cm]?[jt]s$`)
	requestName  = lazyregexp.New(`(?i)^_?(req|request)$`)
	responseName = lazyregexp.New(`(?i)^_?(res|resp|response)$`)
)

// functionExport is what Cloudflare Pages calls for a request.
var functionExport = lazyregexp.New(`^onRequest(Get|Post|Put|Patch|Delete)?$`)

// discoverFunctions finds the functions that a host serves by their place:
// files below api whose default export takes a request and a response, or that
// export a function for each method.
func (p *Program) discoverFunctions(m *Module) {
	f := m.Files[0]
	for _, x := range f.Exports {
		if verb := functionExport.FindStringSubmatch(x.Name); verb != nil {
			e := &Entry{Kind: "route", Framework: "remix", Method: strings.ToUpper(verb[1])}
			e.Path = routePath(f.Path, "functions")
			if e.Method == "" {
				e.Method = "ALL"
			}
			p.entry(e, unwrap(m.Exports[x.Name]))
		}
	}
	if !functionFile.MatchString(f.Path) || pagesFile.MatchString(f.Path) || m.Client {
		return
	}
	route := routePath(f.Path, "api")
	if route == "/" {
		route = ""
	}
	route = "/api" + route
	if d := unwrap(m.Exports["default"]); d != nil && d.Fn != nil && len(d.Fn.Fn.Params) > 0 && !p.registered(d.Fn.Fn) {
		names := paramNames(d.Fn.Fn)
		switch {
		case len(names) == 2 && requestName.MatchString(names[0]) && responseName.MatchString(names[1]):
			p.entry(&Entry{Kind: "route", Framework: "next-pages", Method: "ALL", Path: route}, d)
		case len(names) == 1 && requestName.MatchString(names[0]):
			p.entry(&Entry{Kind: "route", Framework: "next-app", Method: "ALL", Path: route}, d)
		}
		return
	}
	for _, method := range methods {
		if d := unwrap(m.Exports[method]); d != nil && d.Fn != nil && !p.registered(d.Fn.Fn) {
			p.entry(&Entry{Kind: "route", Framework: "next-app", Method: method, Path: route}, d)
		}
	}
}

func paramNames(fn *ir.Func) (list []string) {
	for _, q := range fn.Params {
		name := ""
		if q.Target != nil && q.Target.Kind == ir.Ident {
			name = q.Target.Name
		}
		list = append(list, name)
	}
	return list
}

// registered tells whether a router of the program serves the function already.
func (p *Program) registered(fn *ir.Func) bool {
	return slices.ContainsFunc(p.routes, func(e *Entry) bool { return e.Fn == fn })
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

var groupSegment = lazyregexp.New(`/\([^)]*\)|/@[^/]*`)

func (p *Program) discoverApp(m *Module, stem string) {
	f := m.Files[0]
	route := routePath(f.Path, "app")
	if stem == "route" {
		for _, method := range methods {
			p.entry(&Entry{Kind: "route", Framework: "next-app", Method: method, Path: route},
				unwrap(m.Exports[method]))
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
		p.entry(&Entry{Kind: "client", Framework: "svelte", Method: "GET", Path: route, Client: true},
			m.Exports["load"])
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

var nestVerbs = map[string]string{
	"Get": "GET", "Post": "POST", "Put": "PUT", "Patch": "PATCH", "Delete": "DELETE",
	"All": "ALL",
}

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
			e := &Entry{
				Kind: "route", Framework: "nest", Method: verb,
				Path: "/" + strings.Trim(prefix+"/"+decoArg(d), "/"),
			}
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
