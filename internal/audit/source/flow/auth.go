package flow

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// nextCall models functions of Next.js.
func (in *interp) nextCall(module, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	switch module {
	case "next/headers":
		switch name {
		case "headers":
			in.entry.Dynamic = true
			return lib("web.headers", Header, "", pos)
		case "cookies":
			in.entry.Dynamic = true
			return lib("web.cookies", Cookie, "", pos)
		case "draftMode":
			return &Val{}
		}
	case "next/navigation":
		switch name {
		case "redirect", "permanentRedirect", "notFound", "forbidden", "unauthorized":
			status := 307
			if name == "notFound" {
				status = 404
			}
			in.emit(&Op{Kind: OpThrow, Status: status, Val: a, Name: name}, e)
			return &Val{}
		case "useSearchParams":
			return lib("url.params", Query, "", pos)
		case "useParams":
			return origin(Path, "", pos)
		}
		return &Val{}
	case "next/cache":
		switch name {
		case "unstable_cache", "cache":
			return in.cacheCall(args, e)
		case "unstable_noStore":
			in.entry.Dynamic = true
		}
		return &Val{}
	case "next/server":
		if name == "after" || name == "waitUntil" {
			outer := in.float
			in.float = true
			in.callback(a, nil, e)
			in.float = outer
			return &Val{}
		}
	}
	return nil
}

// cacheCall models unstable_cache(fn, keys, options): it runs the function and
// notes what the key holds.
func (in *interp) cacheCall(args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	op := in.emit(&Op{Kind: OpCache, Name: "unstable_cache", Args: args, Val: a}, e)
	if a.Fn != nil {
		op.From = len(in.entry.Ops)
		in.invoke(a.Fn, in.params(a.Fn), e)
		op.To = len(in.entry.Ops)
	}
	return a
}

var authUserLibs = lazyregexp.New(`^(@clerk/|@auth0/|next-auth|@auth/|better-auth|lucia|iron-session|@kinde|@workos|@stackframe|@supabase/auth-helpers|firebase-admin|@propelauth|@descope|supertokens|@logto|@hono/auth|@hono/clerk|passport|@privy-io/server)`)

// authCall models functions that say who somebody is.
func (in *interp) authCall(l, module, name string, args []*Val, e *ir.Expr) *Val {
	pos := in.pos(e)
	a := arg(args, 0)
	switch module {
	case "jose":
		switch name {
		case "jwtVerify", "jwtDecrypt", "compactVerify":
			in.emit(&Op{Kind: OpVerify, Name: "jose." + name, Args: args}, e)
			v := &Val{Fields: map[string]*Val{}}
			v.put("payload", origin(Session, "", pos))
			v.put("protectedHeader", &Val{})
			return v
		case "decodeJwt", "unsecuredJWT", "UnsecuredJWT.decode":
			return in.decode(name, args, e)
		case "decodeProtectedHeader", "importJWK", "importSPKI", "createRemoteJWKSet":
			return &Val{}
		}
	case "jwt-decode":
		return in.decode(name, args, e)
	case "@supabase/supabase-js", "@supabase/ssr", "@supabase/auth-helpers-nextjs", "@supabase/server",
		"@supabase/auth-helpers-sveltekit", "@supabase/auth-helpers-remix":
		return in.supabaseClient(name, args, e)
	case "bcrypt", "bcryptjs", "argon2":
		return derive(args...)
	}
	if module == "jsonwebtoken" {
		switch name[strings.LastIndexByte(name, '.')+1:] {
		case "verify":
			in.emit(&Op{Kind: OpVerify, Name: "jwt.verify", Args: args}, e)
			return origin(Session, "", pos)
		case "decode":
			return in.decode("decode", args, e)
		}
	}
	if strings.HasPrefix(module, "@clerk/") && strings.Contains(name, "verifyWebhook") {
		in.emit(&Op{Kind: OpVerify, Name: "clerk.verifyWebhook", Args: args}, e)
		return origin(Event, "", pos)
	}
	if authUserLibs.MatchString(module) {
		low := strings.ToLower(name)
		if low == "default" && (module == "next-auth" || module == "better-auth") ||
			strings.HasSuffix(low, "middleware") || low == "nextauth" {
			v := &Val{Lib: l + "()"}
			if module == "next-auth" {
				v.Fields = map[string]*Val{}
				v.put("auth", &Val{Lib: "auth.fn"})
				v.put("handlers", &Val{})
			}
			return v
		}
		if strings.HasPrefix(low, "clerkclient") {
			return &Val{Lib: l + "()"}
		}
		return origin(Session, "", pos)
	}
	if l == "auth.fn" {
		if a.Fn != nil { // auth((req) => …)
			return a
		}
		return origin(Session, "", pos)
	}
	return nil
}

func (in *interp) decode(name string, args []*Val, e *ir.Expr) *Val {
	in.emit(&Op{Kind: OpDecode, Name: name, Args: args}, e)
	return origin(Unverified, "", in.pos(e))
}

// supabaseClient models the constructors of Supabase's clients: which key they
// are given decides what they may do.
func (in *interp) supabaseClient(name string, args []*Val, e *ir.Expr) *Val {
	v := &Val{Lib: "supabase", Pos: in.pos(e)}
	key := arg(args, 1)
	switch name {
	case "createServerClient", "createBrowserClient", "createClientComponentClient", "createServerComponentClient",
		"createRouteHandlerClient", "createMiddlewareClient", "createServerActionClient":
		v.Priv = -1
	case "createClient", "default.createClient":
	default:
		return nil
	}
	v.Nested = key
	if p := privOf("", key); p != 0 {
		v.Priv = p
	}
	if o := arg(args, 2); v.Priv <= 0 && o.Has(Cookie, Header) {
		v.Priv = -1
	} else if v.Priv == -1 && (name == "createClient" || name == "default.createClient") {
		v.Priv = -2 // no session goes with it
	}
	if v.Priv == 1 {
		v.Name = "service"
	}
	return v
}

var (
	serviceKey = lazyregexp.New(`(?i)(service_?role|service_?key|secret|admin_?key|_service)`)
	publicKey  = lazyregexp.New(`(?i)(anon|publishable|public_key)`)
)

// privOf tells by the name of a key's variable what a client may do.
func privOf(name string, key *Val) int {
	if key != nil {
		for _, o := range key.Origins() {
			if o.Kind != Env {
				continue
			}
			switch {
			case publicKey.MatchString(o.Path):
				return -1
			case serviceKey.MatchString(o.Path):
				return 1
			}
		}
		if key.IsStr && strings.HasPrefix(key.Str, "sb_secret_") {
			return 1
		}
		return 0
	}
	if privWord.MatchString(name) {
		return 1
	}
	return -1
}

// authMethod models methods that say who somebody is, or check a signature.
func (in *interp) authMethod(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	pos := in.pos(e)
	l := recv.Lib
	a := arg(args, 0)
	if strings.HasSuffix(l, ".auth") || strings.HasSuffix(l, "auth") && strings.HasPrefix(l, "?") {
		switch name {
		case "getUser":
			return origin(Session, "", pos)
		case "getClaims":
			return origin(Session, "", pos)
		case "getSession":
			if strings.HasPrefix(l, "supabase") || strings.Contains(strings.ToLower(l), "supabase") ||
				strings.Contains(strings.ToLower(l), "client") || len(args) == 0 {
				if in.browser() || strings.HasSuffix(l, ".api") {
					return origin(Session, "", pos)
				}
				in.emit(&Op{Kind: OpDecode, Name: "getSession", Args: args, Recv: recv}, e)
				return origin(Unverified, "", pos)
			}
			return origin(Session, "", pos)
		case "protect", "validateRequest", "validateSession", "verifyIdToken", "authenticate", "verifySessionCookie",
			"getUserId", "currentUser":
			return origin(Session, "", pos)
		case "verifyOtp", "exchangeCodeForSession", "signInWithPassword", "signUp", "refreshSession", "signInWithOtp",
			"setSession":
			return origin(Fetched, "", pos)
		case "onAuthStateChange":
			in.callback(a, []*Val{{}, origin(Session, "", pos)}, e)
			return &Val{}
		}
	}
	switch name {
	case "constructEvent", "constructEventAsync":
		in.emit(&Op{Kind: OpVerify, Name: "stripe.constructEvent", Args: args, Recv: recv}, e)
		return origin(Event, "", pos)
	case "verifyIdToken", "verifySessionCookie", "validateRequest", "validateSessionToken", "authenticateRequest":
		if l != "" {
			return origin(Session, "", pos)
		}
	case "getSession", "getServerSession", "auth":
		if strings.HasSuffix(l, ".api") || strings.HasPrefix(l, "better-auth") {
			return origin(Session, "", pos)
		}
	case "validateWebhookSignature", "validatePaymentVerification":
		in.emit(&Op{Kind: OpVerify, Name: "razorpay." + name, Args: args}, e)
		v := in.macCmp("constant", args, e)
		return v
	case "unmarshal":
		if strings.Contains(l, "webhooks") {
			in.emit(&Op{Kind: OpVerify, Name: "paddle.unmarshal", Args: args}, e)
			return origin(Event, "", pos)
		}
	case "verify", "verifyAsync":
		if strings.HasPrefix(l, "jsonwebtoken") || strings.Contains(strings.ToLower(l), "jwt") ||
			strings.Contains(l, "JwtService") || recv.Type != nil && strings.Contains(recv.Type.Named(), "Jwt") {
			in.emit(&Op{Kind: OpVerify, Name: "jwt.verify", Args: args}, e)
			return origin(Session, "", pos)
		}
		if strings.Contains(l, "verifier") || strings.Contains(l, "Webhook") {
			in.emit(&Op{Kind: OpVerify, Name: "webhook.verify", Args: args, Recv: recv}, e)
			return origin(Event, "", pos)
		}
	case "decode":
		if strings.HasPrefix(l, "jsonwebtoken") || strings.Contains(strings.ToLower(l), "jwt") || recv.Type != nil &&
			strings.Contains(recv.Type.Named(), "Jwt") {
			return in.decode("decode", args, e)
		}
	case "createHmac", "createHash", "timingSafeEqual", "randomBytes", "randomUUID":
		if strings.HasPrefix(l, "crypto") || strings.HasPrefix(l, "global.crypto") || l == "" {
			return in.crypto(name, args, e)
		}
	case "get", "getOrThrow":
		if recv.Type != nil && strings.Contains(recv.Type.Named(), "ConfigService") ||
			strings.Contains(l, "ConfigService") {
			v := origin(Env, a.Str, pos)
			if name == "getOrThrow" {
				v.Name = "checked"
			}
			if d := arg(args, 1); d.IsStr {
				v.Alts = []*Val{{From: v.From}, d}
			}
			return v
		}
	}
	return nil
}

func (in *interp) browser() bool {
	f := in.top()
	return f.mod != nil && f.mod.Client
}

var providerCalls = lazyregexp.New(`(?i)(checkout\.sessions|billingPortal\.sessions|billingPortal\.configurations|customers|subscriptions|subscriptionItems|subscriptionSchedules|refunds|paymentIntents|setupIntents|prices|products|invoices|invoiceItems|charges|paymentMethods|paymentLinks|coupons|promotionCodes|customerSessions|transfers|payouts|accounts|accountLinks|orders|payments|plans|addons|credit_?notes|transactions|balance|events|webhookEndpoints)\.(create|retrieve|list|search|update|del|delete|cancel|confirm|capture|refund|fetch|all|edit|pay|finalizeInvoice|voidInvoice|resume|pause|expire|listLineItems|upcoming|createPreview|retrieveUpcoming|attach|detach|createFundingInstructions|listPaymentMethods)$`)

// providerMethod models calls of payment providers by the shape of their
// clients.
func (in *interp) providerMethod(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	full := recv.Lib + "." + name
	if recv.Lib == "" || strings.HasPrefix(recv.Lib, "router") {
		full = dotted(e.X)
		if !strings.Contains(strings.ToLower(full), "stripe") && !strings.Contains(strings.ToLower(full), "razorpay") {
			return nil
		}
		recv = &Val{Lib: full}
	}
	known := strings.HasPrefix(recv.Lib, "stripe()") || strings.HasPrefix(recv.Lib, "razorpay()") ||
		strings.Contains(recv.Lib, "stripe") || strings.Contains(recv.Lib, "razorpay") ||
		strings.Contains(recv.Lib, "paddle")
	m := providerCalls.FindString(full)
	if m == "" || !known && !strings.HasPrefix(recv.Lib, "?") {
		return nil
	}
	op := in.emit(&Op{Kind: OpProvider, Name: strings.TrimPrefix(m, "."), Args: args, Header: recv.Lib}, e)
	if i := strings.LastIndexByte(recv.Lib, '.'); i > 0 {
		op.Table = recv.Lib[i+1:]
	}
	return &Val{Op: op}
}

// dotted is a chain of members as it is written, the last of a very long one.
func dotted(e *ir.Expr) string { return dottedTo(e, 40) }

func dottedTo(e *ir.Expr, depth int) string {
	switch {
	case e == nil || depth == 0:
		return ""
	case e.Kind == ir.Member:
		if x := dottedTo(e.X, depth-1); x != "" {
			return x + "." + e.Name
		}
		return e.Name
	case e.Kind == ir.Ident:
		return e.Name
	case e.Kind == ir.This:
		return "this"
	case e.Kind == ir.Call:
		return dottedTo(e.X, depth-1) + "()"
	}
	return ""
}
