package flow

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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
				el := called(derive(recv))
				el.Conn = recv.Conn
				cb = []*Val{el}
			}
			fromFn = Join(fromFn, in.callback(a, cb, e))
		}
	}
	ours := strings.HasPrefix(l, "?") || l == "" && in.top().mod.Go &&
		(recv == nil || recv.Type != nil || len(recv.From) == 0) || recv != nil && recv.Lib == "" && recv.Type != nil
	if name == "" {
		name = f.Name
	}
	if name == "" && l != "" {
		name = l[strings.LastIndexAny(l, "#./")+1:]
	}
	whole, cookie, raw, head, others := false, false, false, false, 0
	for _, a := range args {
		switch {
		case a.Lib == "node.req" || a.Lib == "web.req" || a.Lib == "hono.c" || a.Lib == "hono.req" ||
			a.Lib == "svelte.event" || a.Lib == "remix.args" || a.Lib == "koa.c" || a.Lib == "next.gssp" ||
			a.Lib == "go.req" || a.Lib == "gin.c" || a.Lib == "echo.c" || a.Lib == "fiber.c" || a.Lib == "go.ctx":
			whole = whole || a.Lib != "go.ctx"
		case a.Lib == "node.res" || a.Lib == "go.w" || a.Null || a.Fn != nil:
		case a.Lib == "web.headers" || a.Lib == "node.headers" || a.Lib == "web.cookies" || a.Lib == "node.cookies":
			head = true
		case a.Has(RawBody):
			raw = true
		case a.Has(Cookie):
			cookie = true
		case a.Fields != nil && len(a.From) == 0 &&
			(field(a, "headers") != nil && field(a, "headers").Has(Header, Cookie) || field(a, "req") != nil):
			head = true
		default:
			if o := a.First(Header); o != nil && signatureHeader.MatchString(o.Path) {
				head = true
			} else if a.Has(Body) && a.Lib == "" && a.Fields == nil && len(a.From) > 0 && a.From[0].Path == "" {
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
		if verifyWord.MatchString(name) && !sessionWord.MatchString(name) &&
			(in.verifies(f) || strings.Contains(strings.ToLower(name), "webhook") ||
				strings.Contains(strings.ToLower(name), "signature")) {
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
	case len(args) == 0 && ours && sessionWord.MatchString(l+"."+name) && !in.top().mod.Go &&
		!reactHook.MatchString(name):
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
	v := called(derive(append([]*Val{recv}, args...)...))
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
	return strings.Contains(s, "supabase") || strings.HasPrefix(strings.ToLower(name), "createclient") ||
		strings.HasSuffix(strings.ToLower(name), "client") && !strings.Contains(s, "stripe") &&
			!strings.Contains(s, "redis")
}

var signatureHeader = lazyregexp.New(`(?i)(signature|webhook-id|webhook-timestamp|svix|hmac|x-hub|whsec)`)

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

var reactHook = lazyregexp.New(`^use[A-Z]`)

var wrapperName = lazyregexp.New(`(?i)(handler|async|wrap|catch|^with[A-Z_]|^with|auth|protect|route|middleware|guard|require|^api|trpc|safe|rate)`)

var runner = lazyregexp.New(`(?i)(transaction|^with_?(tx|transaction|retry|timeout|lock|client|connection|span)|effect|callback|listener|queue|retry|lock|timeout|interval|step|run$|each|test|describe|^it$|before|after)`)

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
