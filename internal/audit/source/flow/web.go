package flow

import (
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// libOfType is the model of a library's type, or "".
func libOfType(ref *Ref) string {
	if ref == nil {
		return ""
	}
	module, name, ok := strings.Cut(ref.Name, "#")
	if !ok {
		module, name = "", ref.Name
	}
	if ref.File != nil && ref.File.Lang == "go" {
		return goLibOfType(module, name)
	}
	switch name {
	case "NextApiRequest", "FastifyRequest", "VercelRequest", "IncomingMessage", "AuthenticatedRequest",
		"AuthRequest", "ExpressRequest":
		return "node.req"
	case "NextApiResponse", "FastifyReply", "VercelResponse", "ServerResponse", "ExpressResponse":
		return "node.res"
	case "NextRequest", "default.NextRequest":
		return "web.req"
	case "Request", "default.Request":
		if module == "" || module == "undici" {
			return "web.req"
		}
		return "node.req"
	case "Response", "default.Response":
		if module == "" {
			return ""
		}
		return "node.res"
	case "FormData":
		return "web.form"
	case "URLSearchParams", "ReadonlyURLSearchParams":
		return "url.params"
	case "Headers":
		return "web.headers"
	case "URL":
		return "web.url"
	case "FastifyInstance", "Router", "Express", "Application", "Hono", "default.Router", "default.Express",
		"default.Application", "IRouter":
		if module != "" {
			return "router"
		}
	case "NextFunction":
		return "express.next"
	case "Context":
		if strings.HasPrefix(module, "hono") {
			return "hono.c"
		}
		if strings.HasPrefix(module, "koa") {
			return "koa.c"
		}
		if strings.HasPrefix(module, "elysia") {
			return "remix.args"
		}
	case "RequestEvent", "ServerLoadEvent", "PageServerLoadEvent", "LayoutServerLoadEvent":
		return "svelte.event"
	case "LoaderFunctionArgs", "ActionFunctionArgs", "LoaderArgs", "ActionArgs", "DataFunctionArgs":
		return "remix.args"
	case "GetServerSidePropsContext":
		return "next.gssp"
	case "PrismaClient":
		return "prisma"
	case "Prisma.TransactionClient", "TransactionClient":
		return "prisma.tx"
	case "Kysely":
		return "kysely"
	case "Transaction":
		if module == "kysely" {
			return "kysely.tx"
		}
	case "SupabaseClient":
		return "supabase"
	case "Pool", "default.Pool":
		if module == "pg" || module == "mysql2" || module == "mysql2/promise" {
			return "pg#Pool()"
		}
	case "PoolClient", "default.PoolClient", "Client":
		if module == "pg" {
			return "pg.client"
		}
	case "Knex", "Knex.Transaction":
		return "knex"
	case "Stripe", "default":
		if module == "stripe" {
			return "stripe()"
		}
	}
	if module == "stripe" && strings.HasPrefix(name, "default.") {
		return "stripe." + strings.TrimPrefix(name, "default.")
	}
	return ""
}

var credentialHeader = lazyregexp.New(`(?i)^(cookie|authorization|x-api-key|api-key|apikey|x-auth-token|x-access-token|x-session-token|x-session)$`)

func headerVal(name string, pos Pos) *Val {
	if credentialHeader.MatchString(name) {
		return origin(Cookie, strings.ToLower(name), pos)
	}
	return origin(Header, strings.ToLower(name), pos)
}

func lib(l string, kind OKind, path string, pos Pos) *Val {
	v := origin(kind, path, pos)
	v.Lib = l
	return v
}

// ctx is what an earlier handler kept under a key, or an identity when the
// code that keeps it is not at hand.
func (in *interp) ctx(key string, pos Pos) *Val {
	in.entry.readCtx = true
	// what this route's own middleware has kept counts before what other routes keep under the same name
	var own *Val
	for _, op := range in.entry.Ops {
		if op.Kind == OpCtx && op.Name == key && op.Val != nil {
			own = Join(own, op.Val)
		}
	}
	last := key[strings.LastIndexByte(key, '.')+1:]
	if own == nil {
		own = in.p.Ctx[key]
	}
	if own == nil {
		return origin(Session, last, pos)
	}
	return hop(identify(last, own, pos), pos, "read from the request's context")
}

// identify adds to what is kept as the request's user that it says who calls, where nothing tells how that was found out.
func identify(name string, v *Val, pos Pos) *Val {
	if v == nil || !identityName.MatchString(name) ||
		v.Has(Session, CtxUser, DB, Unverified, Body, RawBody, Query, Path, Header, Cookie) {
		return v
	}
	return Join(v, origin(Session, "", pos))
}

var identityName = lazyregexp.New(`(?i)^(current_?|auth_?|session_?)?(user|account|session|principal|viewer|identity)$`)

// libMember reads a member of a library's object, or nil.
func (in *interp) libMember(v *Val, name string, pos Pos) *Val {
	switch v.Lib {
	case "":
		return nil
	case "node.req":
		switch name {
		case "body":
			return in.typedBody(v, origin(Body, "", pos))
		case "rawBody":
			return origin(RawBody, "", pos)
		case "query":
			return origin(Query, "", pos)
		case "params":
			return origin(Path, "", pos)
		case "headers", "headersDistinct":
			return lib("node.headers", Header, "", pos)
		case "cookies":
			return lib("node.cookies", Cookie, "", pos)
		case "signedCookies":
			return origin(Session, "cookie", pos)
		case "url", "originalUrl":
			return lib("web.urlstr", Query, "", pos)
		case "method", "ip", "path", "protocol", "hostname", "ips", "log", "socket", "connection", "app",
			"server", "id",
			"file", "files", "baseUrl", "route":
			if name == "log" {
				return &Val{Lib: "logger"}
			}
			return &Val{Name: name}
		case "raw", "req":
			return v
		case "res":
			return &Val{Lib: "node.res"}
		}
		return in.ctx("req."+name, pos)
	case "node.headers":
		return headerVal(name, pos)
	case "node.cookies":
		return origin(Cookie, name, pos)
	case "web.req":
		switch name {
		case "headers":
			return lib("web.headers", Header, "", pos)
		case "cookies":
			return lib("web.cookies", Cookie, "", pos)
		case "url":
			return lib("web.urlstr", Query, "", pos)
		case "nextUrl":
			return lib("web.url", Query, "", pos)
		case "body":
			return origin(RawBody, "", pos)
		case "auth":
			return origin(Session, "auth", pos)
		case "method":
			return &Val{Name: name}
		}
	case "web.url":
		switch name {
		case "searchParams":
			return lib("url.params", Query, "", pos)
		case "hash":
			return origin(Query, "#", pos)
		case "origin", "host", "protocol", "hostname":
			return &Val{Name: name}
		case "pathname":
			return &Val{Name: "pathname"}
		}
	case "hono.c":
		switch name {
		case "req":
			return lib("hono.req", Request, "", pos)
		case "env":
			return &Val{Lib: "global.env"}
		case "var":
			return &Val{Lib: "hono.var"}
		}
	case "hono.var":
		return in.ctx("ctx."+name, pos)
	case "hono.req":
		switch name {
		case "raw":
			return lib("web.req", Request, "", pos)
		case "url":
			return lib("web.urlstr", Query, "", pos)
		}
	case "koa.c":
		switch name {
		case "request", "req":
			return lib("node.req", Request, "", pos)
		case "params":
			return origin(Path, "", pos)
		case "query":
			return origin(Query, "", pos)
		case "headers", "header":
			return lib("node.headers", Header, "", pos)
		case "cookies":
			return lib("web.cookies", Cookie, "", pos)
		case "state":
			return &Val{Lib: "hono.var"}
		}
	case "svelte.event":
		switch name {
		case "request":
			return lib("web.req", Request, "", pos)
		case "params":
			return origin(Path, "", pos)
		case "url":
			return lib("web.url", Query, "", pos)
		case "locals":
			return &Val{Lib: "svelte.locals"}
		case "cookies":
			return lib("web.cookies", Cookie, "", pos)
		case "setHeaders":
			return &Val{Lib: "svelte.setHeaders"}
		case "fetch":
			return &Val{Lib: "global.fetch"}
		case "platform":
			return &Val{Lib: "global.platform"}
		}
	case "svelte.locals":
		if name == "supabase" || name == "supabaseServer" {
			return &Val{Lib: "supabase", Priv: -1}
		}
		return in.ctx("locals."+name, pos)
	case "remix.args", "next.gssp":
		switch name {
		case "request":
			return lib("web.req", Request, "", pos)
		case "req":
			return lib("node.req", Request, "", pos)
		case "res":
			return &Val{Lib: "node.res"}
		case "params":
			return origin(Path, "", pos)
		case "query":
			return origin(Query, "", pos)
		case "body":
			return origin(Body, "", pos)
		case "env":
			return &Val{Lib: "global.env"}
		case "headers":
			return lib("node.headers", Header, "", pos)
		}
	case "next.props":
		switch name {
		case "params":
			return origin(Path, "", pos)
		case "searchParams":
			return lib("next.search", Query, "", pos)
		}
		return &Val{}
	case "trpc.args":
		switch name {
		case "input":
			return origin(Body, "", pos)
		case "ctx":
			return &Val{Lib: "trpc.ctx"}
		}
	case "trpc.ctx":
		switch name {
		case "prisma", "db", "database", "drizzle", "supabase", "stripe", "knex", "kysely", "tx":
			return &Val{Lib: "?trpc#" + name, Name: name}
		case "req", "headers", "res":
			return lib("web.req", Request, "", pos)
		}
		return in.ctx("trpc."+name, pos)
	case "global":
		return global(name, false)
	case "global.process", "global.import.meta", "global.Bun":
		if name == "env" {
			return &Val{Lib: "global.env"}
		}
	case "global.Deno":
		if name == "env" {
			return &Val{Lib: "global.env"}
		}
	case "global.env":
		if name == "get" || name == "toObject" {
			return nil
		}
		return origin(Env, name, pos)
	case "global.location":
		switch name {
		case "search", "href":
			return lib("web.urlstr", Query, "", pos)
		case "hash":
			return origin(Query, "#", pos)
		}
	case "global.document":
		if name == "cookie" {
			return origin(Storage, "cookie", pos)
		}
	case "global.localStorage", "global.sessionStorage":
		if name != "getItem" && name != "setItem" && name != "removeItem" && name != "clear" {
			return origin(Storage, name, pos)
		}
	case "type":
		return nil
	}
	if strings.HasPrefix(v.Lib, "go.") || strings.Contains(v.Lib, ".c#") {
		if x := in.goMember(v, name, pos); x != nil {
			return x
		}
	}
	if strings.HasPrefix(v.Lib, "drizzle.table:") {
		return &Val{Lib: "drizzle.col", Name: name}
	}
	return nil
}

// typedBody gives a body the type that the request's type names.
func (in *interp) typedBody(req, body *Val) *Val {
	if req.Type != nil && req.Type.Type != nil {
		for _, a := range req.Type.Type.Args {
			for _, f := range a.Fields {
				if f.Name == "Body" {
					body.Type = in.p.typeRef(f.Type, req.Type.File, in.p.moduleOf(req.Type.File))
				}
			}
		}
	}
	return body
}

func num(v *Val) int {
	if v == nil {
		return 0
	}
	n, _ := strconv.Atoi(v.Num)
	if n == 0 {
		for _, a := range v.Alts {
			n = max(n, num(a))
		}
	}
	return n
}

func field(v *Val, name string) *Val {
	if v == nil {
		return nil
	}
	return v.Fields[name]
}

func errorStatus(v *Val) int {
	if v == nil {
		return 500
	}
	if v.Name == "http.exception" {
		return max(num(v), 400)
	}
	return 500
}

func arg(args []*Val, i int) *Val {
	if i < len(args) && args[i] != nil {
		return args[i]
	}
	return &Val{}
}

// respond notes an answer, with the headers that come along.
func (in *interp) respond(status int, body, init *Val, e *ir.Expr) *Val {
	if s := field(init, "status"); s != nil {
		status = num(s)
		if status == 0 {
			status = 200
		}
	}
	if h := field(init, "headers"); h != nil {
		in.headers(h, e)
	}
	in.emit(&Op{Kind: OpRespond, Status: status, Val: body}, e)
	return &Val{Lib: "response", Num: strconv.Itoa(status), Nested: body}
}

func (in *interp) headers(h *Val, e *ir.Expr) {
	for _, k := range h.Order {
		in.header(k, h.Fields[k], e)
	}
	for _, pair := range h.Elems {
		if pair.IsArr && len(pair.Elems) == 2 && pair.Elems[0].IsStr {
			in.header(pair.Elems[0].Str, pair.Elems[1], e)
		}
	}
}

func (in *interp) header(name string, v *Val, e *ir.Expr) {
	op := &Op{Kind: OpHeader, Header: strings.ToLower(name), Val: v}
	if v != nil && v.Pos.File != nil {
		op.Pos = v.Pos
	}
	in.emit(op, e)
}

func (in *interp) cookie(name, value, opts *Val, verb string, e *ir.Expr) {
	in.emit(&Op{Kind: OpCookie, Verb: verb, Name: name.Str, Val: value, Data: opts}, e)
}

// webMethod models methods of requests, answers, headers and cookies.
func (in *interp) webMethod(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	pos := in.pos(e)
	a := arg(args, 0)
	switch recv.Lib {
	case "next/server#NextResponse", "global.Response":
		switch name {
		case "json":
			return in.respond(200, a, arg(args, 1), e)
		case "redirect":
			status := 307
			if n := num(arg(args, 1)); n > 0 {
				status = n
			}
			return in.respond(status, a, arg(args, 1), e)
		case "next", "rewrite":
			in.emit(&Op{Kind: OpNext}, e)
			return &Val{Lib: "response"}
		case "error":
			return in.respond(500, a, nil, e)
		}
	case "node.req":
		switch name {
		case "get", "header":
			return headerVal(a.Str, pos)
		case "param":
			return origin(Path, a.Str, pos)
		case "json":
			return origin(Body, "", pos)
		case "text":
			return origin(RawBody, "", pos)
		case "isAuthenticated":
			return origin(Session, "", pos)
		case "jwtVerify":
			return origin(Session, "", pos)
		}
	case "web.req":
		switch name {
		case "json":
			return origin(Body, "", pos)
		case "text", "arrayBuffer", "blob", "bytes":
			return origin(RawBody, "", pos)
		case "formData":
			return lib("web.form", Body, "", pos)
		case "clone":
			return recv
		}
	case "hono.req":
		switch name {
		case "json", "parseBody", "valid":
			if name == "valid" && a.Str == "query" {
				return origin(Query, "", pos)
			}
			if name == "valid" && a.Str == "param" {
				return origin(Path, "", pos)
			}
			return origin(Body, "", pos)
		case "text", "arrayBuffer", "blob":
			return origin(RawBody, "", pos)
		case "formData":
			return lib("web.form", Body, "", pos)
		case "query", "queries":
			return origin(Query, a.Str, pos)
		case "param":
			return origin(Path, a.Str, pos)
		case "header":
			if len(args) == 0 {
				return lib("node.headers", Header, "", pos)
			}
			return headerVal(a.Str, pos)
		}
	case "hono.c":
		switch name {
		case "get":
			return in.ctx("ctx."+a.Str, pos)
		case "set":
			in.keep("ctx."+a.Str, arg(args, 1), e)
			return &Val{}
		case "json", "text", "html", "body", "newResponse":
			status := 200
			if n := num(arg(args, 1)); n > 0 {
				status = n
			} else if s := num(recv); s > 0 {
				status = s
			} else if f := arg(args, 1); f.Fields != nil {
				return in.respond(200, a, f, e)
			}
			if h := arg(args, 2); h.Fields != nil {
				in.headers(h, e)
			}
			return in.respond(status, a, nil, e)
		case "redirect":
			return in.respond(302, a, nil, e)
		case "notFound":
			return in.respond(404, a, nil, e)
		case "status":
			recv.Num = a.Num
			return &Val{}
		case "header":
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		}
	case "url.params", "web.form", "next.search":
		kind := Query
		if recv.Lib == "web.form" || recv.Has(Body) {
			kind = Body
		}
		switch name {
		case "get", "getAll":
			v := origin(kind, a.Str, pos)
			if len(recv.From) > 0 {
				v.From = nil
				for _, o := range recv.From {
					c := *o
					c.Path, c.Pos = join(o.Path, a.Str), pos
					v.From = append(v.From, &c)
				}
			}
			return v
		case "has":
			return derive(origin(kind, a.Str, pos))
		case "entries", "keys", "values", "toString":
			return pass(recv)
		}
	case "web.headers", "node.headers":
		switch name {
		case "get":
			return headerVal(a.Str, pos)
		case "has":
			return derive(headerVal(a.Str, pos))
		case "set", "append":
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		}
	case "web.cookies":
		switch name {
		case "get":
			v := origin(Cookie, a.Str, pos)
			v.Lib = "cookie.value"
			return v
		case "has":
			return derive(origin(Cookie, a.Str, pos))
		case "getAll":
			return origin(Cookie, "", pos)
		case "set":
			if a.Fields != nil {
				in.cookie(orEmpty(a.Fields["name"]), a.Fields["value"], a, "cookies.set", e)
			} else {
				in.cookie(a, arg(args, 1), arg(args, 2), "cookies.set", e)
			}
			return &Val{}
		case "delete":
			return &Val{}
		}
	case "nest.ctx":
		switch name {
		case "getRequest":
			return orEmpty(recv.Nested)
		case "getResponse":
			return &Val{Lib: "node.res"}
		case "switchToHttp", "getArgs":
			return recv
		}
		return &Val{}
	case "svelte.event":
		if name == "setHeaders" {
			in.headers(a, e)
			return &Val{}
		}
	case "node.res":
		return in.nodeRes(recv, name, args, e)
	case "response", "response.headers", "response.cookies":
		switch {
		case recv.Lib == "response.headers" && (name == "set" || name == "append"):
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		case recv.Lib == "response.cookies" && name == "set":
			if a.Fields != nil {
				in.cookie(orEmpty(a.Fields["name"]), a.Fields["value"], a, "cookies.set", e)
			} else {
				in.cookie(a, arg(args, 1), arg(args, 2), "cookies.set", e)
			}
			return &Val{}
		}
	case "koa.c":
		switch name {
		case "throw":
			in.emit(&Op{Kind: OpThrow, Status: max(num(a), 400)}, e)
			return &Val{}
		case "set":
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		case "get":
			return headerVal(a.Str, pos)
		}
	}
	return nil
}

func orEmpty(v *Val) *Val {
	if v == nil {
		return &Val{}
	}
	return v
}

func (in *interp) nodeRes(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	status := num(recv)
	if status == 0 {
		status = 200
	}
	switch name {
	case "status", "code", "writeHead":
		if name == "writeHead" && arg(args, 1).Fields != nil {
			in.headers(arg(args, 1), e)
		}
		c := *recv
		c.Num = strconv.Itoa(num(a))
		if name == "writeHead" {
			*recv = c
		}
		return &c
	case "json", "send", "end", "render", "jsonp", "sendFile", "download":
		if recv.Name == "http.exception" {
			break
		}
		in.emit(&Op{Kind: OpRespond, Status: status, Val: a}, e)
		return recv
	case "sendStatus":
		in.emit(&Op{Kind: OpRespond, Status: num(a)}, e)
		return recv
	case "redirect":
		in.emit(&Op{Kind: OpRespond, Status: 302, Val: arg(args, max(0, len(args)-1))}, e)
		return recv
	case "cookie", "setCookie":
		in.cookie(a, arg(args, 1), arg(args, 2), "res.cookie", e)
		return recv
	case "setHeader", "set", "header", "append":
		if a.Fields != nil {
			in.headers(a, e)
		} else {
			in.header(a.Str, arg(args, 1), e)
		}
		return recv
	case "headers":
		in.headers(a, e)
		return recv
	case "type", "vary", "clearCookie", "removeHeader", "status_", "links", "write", "flushHeaders", "location",
		"attachment", "format":
		return recv
	case "revalidate":
		return &Val{}
	case "unauthorized", "forbidden", "badRequest", "notFound", "internalServerError":
		in.emit(&Op{Kind: OpRespond, Status: 400}, e)
		return recv
	}
	return nil
}

// keep notes that a value is kept for later handlers.
func (in *interp) keep(key string, v *Val, e *ir.Expr) {
	in.emit(&Op{Kind: OpCtx, Name: key, Val: v}, e)
	if in.p.ctxNew != nil && v != nil {
		in.p.ctxNew[key] = Join(in.p.ctxNew[key], v)
	}
}

// assignMember models assignments that mean something to a library.
func (in *interp) assignMember(x *Val, name string, v *Val, t *ir.Expr, scope *Scope) bool {
	switch x.Lib {
	case "node.req":
		if name == "body" || name == "query" || name == "params" || name == "rawBody" {
			x.put(name, v)
			return true
		}
		v = identify(name, v, in.pos(t))
		in.keep("req."+name, v, t)
		x.put(name, v)
		return true
	case "hono.var":
		in.keep("ctx."+name, v, t)
		return true
	case "svelte.locals":
		in.keep("locals."+name, v, t)
		return true
	case "global.document":
		if name == "cookie" {
			in.emit(&Op{Kind: OpStore, Verb: "document.cookie", Val: v}, t)
			return true
		}
	case "global.localStorage", "global.sessionStorage":
		in.emit(&Op{Kind: OpStore, Verb: x.Lib[7:], Name: name, Val: v}, t)
		return true
	case "global.location", "global":
		if name == "href" || name == "location" {
			in.emit(&Op{Kind: OpRespond, Status: 302, Name: "location", Val: v}, t)
			return true
		}
	case "node.res":
		if name == "statusCode" {
			x.Num = v.Num
			return true
		}
	case "koa.c":
		if name == "body" {
			in.emit(&Op{Kind: OpRespond, Status: max(num(x), 200), Val: v}, t)
			return true
		}
		if name == "status" {
			x.Num = v.Num
			return true
		}
	}
	if x.Lib == "node.res" || x.Lib == "" {
		return false
	}
	return false
}
