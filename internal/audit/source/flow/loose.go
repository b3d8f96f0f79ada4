package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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
				case l == "go.req" || l == "node.req" || l == "web.req" || l == "gin.c" || l == "echo.c" ||
					l == "fiber.c" ||
					l == "hono.c" || l == "svelte.event" || l == "remix.args":
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

var docRoute = lazyregexp.New(`\b(GET|POST|PUT|PATCH|DELETE) (/[^\s.,;]*)`)

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
		case "FastifyPluginAsync", "FastifyPluginCallback", "FastifyPluginAsyncZod", "FastifyPluginAsyncTypebox",
			"FastifyPlugin":
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
