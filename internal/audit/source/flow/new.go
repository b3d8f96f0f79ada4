package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

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
