package flow

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

func goLibOfType(module, name string) string {
	switch {
	case module == "net/http":
		switch name {
		case "Request":
			return "go.req"
		case "ResponseWriter":
			return "go.w"
		case "ServeMux":
			return "router"
		case "Cookie":
			return ""
		case "Header":
			return "go.header"
		}
	case module == "context" && name == "Context":
		return "go.ctx"
	case module == "database/sql" || module == "github.com/jmoiron/sqlx":
		switch name {
		case "DB":
			return "sql.DB"
		case "Tx":
			return "sql.Tx"
		case "Conn":
			return "sql.Conn"
		case "Rows", "Row":
			return "sql.Rows"
		}
	case strings.HasPrefix(module, "github.com/jackc/pgx"):
		switch name {
		case "Pool":
			return "pgx.Pool"
		case "Tx":
			return "sql.Tx"
		case "Conn":
			return "sql.Conn"
		}
	case strings.HasPrefix(module, "gorm.io/gorm") && name == "DB":
		return "gorm"
	case strings.HasPrefix(module, "github.com/gin-gonic/gin"):
		switch name {
		case "Context":
			return "gin.c"
		case "Engine", "RouterGroup", "IRouter", "IRoutes":
			return "router"
		case "H":
			return ""
		}
	case strings.HasPrefix(module, "github.com/labstack/echo"):
		switch name {
		case "Context":
			return "echo.c"
		case "Echo", "Group":
			return "router"
		}
	case strings.HasPrefix(module, "github.com/gofiber/fiber"):
		switch name {
		case "Ctx":
			return "fiber.c"
		case "App", "Router", "Group":
			return "router"
		}
	case strings.HasPrefix(module, "github.com/go-chi/chi") && (name == "Router" || name == "Mux"):
		return "router"
	case strings.HasPrefix(module, "github.com/gorilla/mux") && name == "Router":
		return "router"
	case strings.HasPrefix(module, "github.com/stripe/stripe-go"):
		switch name {
		case "Client", "API":
			return "stripe()"
		case "Event":
			return "stripe.Event"
		case "Invoice", "Subscription", "CheckoutSession", "Charge", "PaymentIntent":
			return "stripe." + name
		}
	case module == "log/slog" && name == "Logger", module == "log" && name == "Logger",
		strings.HasSuffix(module, "zap") && strings.HasSuffix(name, "Logger"), strings.HasSuffix(module, "zerolog") &&
			name == "Logger", strings.HasSuffix(module, "logrus"):
		return "logger"
	case module == "sync" && name == "Map":
		return "memory"
	case module == "encoding/json" && name == "Decoder":
		return "go.decoder"
	}
	return ""
}

// goMember models fields of Go's request types.
func (in *interp) goMember(v *Val, name string, pos Pos) *Val {
	switch v.Lib {
	case "go.req":
		switch name {
		case "Body":
			return lib("go.body", RawBody, "", pos)
		case "Header":
			return lib("go.header", Header, "", pos)
		case "URL":
			return lib("go.url", Query, "", pos)
		case "Form", "PostForm", "MultipartForm":
			return lib("go.values", Body, "", pos)
		case "Method", "Host", "Proto", "TLS":
			return &Val{Name: name}
		case "RemoteAddr", "RequestURI":
			return &Val{Name: name}
		}
	case "go.url":
		if name == "Path" || name == "Host" || name == "Scheme" {
			return &Val{Name: "pathname"}
		}
		if name == "RawQuery" {
			return origin(Query, "", pos)
		}
	}
	return nil
}

// client is a value of a request under a name, or all of it.
func clientVal(k OKind, name string, pos Pos) *Val { return origin(k, name, pos) }

// goMethodCall models methods of Go's libraries; nil when it is none.
func (in *interp) goMethodCall(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	switch recv.Lib {
	case "go.req":
		switch name {
		case "FormValue", "PostFormValue":
			k := Body
			if name == "FormValue" {
				k = Query
			}
			return clientVal(k, a.Str, pos)
		case "PathValue":
			return clientVal(Path, a.Str, pos)
		case "Cookie":
			return lib("go.cookie", Cookie, a.Str, pos)
		case "Cookies":
			return lib("go.cookie", Cookie, "", pos)
		case "Context":
			return lib("go.ctx", Request, "", pos)
		case "WithContext", "Clone":
			return recv
		case "BasicAuth":
			return origin(Cookie, "authorization", pos)
		case "ParseForm", "ParseMultipartForm", "UserAgent", "Referer":
			if name == "UserAgent" || name == "Referer" {
				return origin(Header, "user-agent", pos)
			}
			return &Val{}
		}
	case "go.header":
		switch name {
		case "Get", "Values":
			return headerVal(a.Str, pos)
		case "Set", "Add":
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		}
	case "go.w.header":
		if name == "Set" || name == "Add" {
			in.header(a.Str, arg(args, 1), e)
		}
		return &Val{}
	case "go.url", "go.values", "url.params":
		switch name {
		case "Query":
			return lib("go.values", Query, "", pos)
		case "Get":
			k := Query
			if recv.Has(Body) {
				k = Body
			}
			return clientVal(k, a.Str, pos)
		case "String", "RequestURI":
			v := pass(recv)
			v.Name = "url"
			return v
		}
	case "go.w":
		switch name {
		case "Header":
			return &Val{Lib: "go.w.header"}
		case "WriteHeader":
			recv.Num = strconv.Itoa(status(a))
			in.emit(&Op{Kind: OpRespond, Status: status(a)}, e)
			return &Val{}
		case "Write":
			in.emit(&Op{Kind: OpRespond, Status: max(num(recv), 200), Val: a}, e)
			return &Val{}
		}
	case "gin.c", "echo.c", "fiber.c":
		return in.ginCall(recv, name, args, e, scope)
	case "go.ctx":
		switch name {
		case "Value":
			return in.ctx("go."+ctxKey(a), pos)
		case "Done", "Err", "Deadline":
			return &Val{}
		}
	case "go.decoder":
		if name == "Decode" {
			in.decodeInto(a, recv.Nested, scope, e)
			return in.errOf(recv.Nested)
		}
		return recv
	case "go.encoder":
		if name == "Encode" {
			w := orEmpty(recv.Nested)
			if w.Lib == "go.w" {
				in.emit(&Op{Kind: OpRespond, Status: max(num(w), 200), Val: a}, e)
			}
			return &Val{}
		}
		return recv
	case "crypto.hmac":
		switch name {
		case "Write":
			recv.Elems = append(recv.Elems, a)
			return &Val{}
		case "Sum":
			op := in.emit(&Op{Kind: OpHMAC, Args: []*Val{recv.Nested, arg(recv.Elems, 0)}}, e)
			return &Val{From: []*Origin{{Kind: Digest, Op: op, Pos: pos}}}
		}
	case "logger", "log/slog.Default()", "log/slog.New()":
		in.log(strings.ToLower(name), args, e)
		return &Val{Lib: "logger"}
	case "memory":
		m := map[string]string{
			"Load": "get", "Store": "set", "LoadOrStore": "has", "Delete": "delete",
			"LoadAndDelete": "get",
		}
		if v := m[name]; v != "" {
			in.emit(&Op{Kind: OpMemory, Verb: v, Recv: recv, Args: args, Name: recv.Name}, e)
			return origin(Memory, "", pos)
		}
	case "jwt.parser":
		if name == "ParseUnverified" {
			return in.goDecode(args, e, scope)
		}
		if strings.HasPrefix(name, "Parse") {
			return in.goVerify(args, e, scope)
		}
	}
	if v := in.goSQL(recv, name, args, e, scope); v != nil {
		return v
	}
	if recv.Lib == "gorm" || strings.HasPrefix(recv.Lib, "gorm.") {
		if v := in.gorm(recv, name, args, e, scope); v != nil {
			return v
		}
	}
	if strings.HasPrefix(recv.Lib, "stripe()") {
		full := strings.TrimPrefix(recv.Lib, "stripe()") + "." + name
		return in.goProvider(full, args, e)
	}
	return nil
}

func (in *interp) goProvider(full string, args []*Val, e *ir.Expr) *Val {
	full = strings.TrimPrefix(strings.Trim(full, "."), "V1")
	full = strings.ReplaceAll(full, "CheckoutSessions", "checkout.sessions")
	full = strings.ReplaceAll(full, "BillingPortalSessions", "billingPortal.sessions")
	r := full
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		head, verb := full[:i], full[i+1:]
		if head != "" {
			head = strings.ToLower(head[:1]) + head[1:]
		}
		verb = strings.ToLower(verb)
		verb = map[string]string{
			"new": "create", "get": "retrieve", "del": "delete",
			"cancel": "cancel",
		}[verb] + map[bool]string{true: ""}[false]
		if verb == "" {
			verb = strings.ToLower(full[i+1:])
		}
		r = head + "." + verb
	}
	op := in.emit(&Op{Kind: OpProvider, Name: r, Args: args, Header: "stripe"}, e)
	return &Val{Op: op}
}

func ctxKey(v *Val) string {
	if v == nil {
		return "?"
	}
	if v.IsStr {
		return v.Str
	}
	if v.Type != nil {
		return v.Type.Name
	}
	if v.Lib != "" {
		return v.Lib
	}
	return "?"
}

func status(v *Val) int {
	if n := num(v); n > 0 {
		return n
	}
	if v != nil {
		if n, ok := goStatus[v.Name]; ok {
			return n
		}
		name := v.Lib[strings.LastIndexByte(v.Lib, '.')+1:]
		if n, ok := goStatus[name]; ok {
			return n
		}
		n := 0
		for _, a := range v.Alts {
			n = max(n, status(a))
		}
		if n > 0 {
			return n
		}
	}
	return 200
}

var goStatus = map[string]int{
	"StatusOK": 200, "StatusCreated": 201, "StatusAccepted": 202, "StatusNoContent": 204, "StatusSeeOther": 303,
	"StatusFound":      302,
	"StatusBadRequest": 400, "StatusUnauthorized": 401, "StatusPaymentRequired": 402, "StatusForbidden": 403,
	"StatusNotFound":         404,
	"StatusMethodNotAllowed": 405, "StatusConflict": 409, "StatusGone": 410, "StatusRequestEntityTooLarge": 413,
	"StatusUnprocessableEntity": 422,
	"StatusTooManyRequests":     429, "StatusInternalServerError": 500, "StatusNotImplemented": 501,
	"StatusBadGateway": 502, "StatusServiceUnavailable": 503, "StatusGatewayTimeout": 504,
	"StatusTemporaryRedirect": 307, "StatusMovedPermanently": 301, "StatusPreconditionFailed": 412, "StatusTeapot": 418,
}

func (in *interp) errOf(v *Val) *Val {
	w := &Val{Name: "err"}
	if v != nil {
		for _, o := range v.From {
			c := *o
			c.Path = join(c.Path, "#err")
			w.From = append(w.From, &c)
		}
	}
	return w
}

// decodeInto fills a variable from what was sent.
func (in *interp) decodeInto(target, src *Val, scope *Scope, e *ir.Expr) {
	if target == nil {
		return
	}
	pos := in.pos(e)
	v := &Val{Type: target.Type, Pos: pos}
	for _, o := range orEmpty(src).Origins() {
		c := *o
		if c.Kind == RawBody {
			c.Kind = Body
		}
		c.Pos = pos
		v.From = addOrigins(v.From, []*Origin{&c})
	}
	// the target held a row before: the sender's fields overwrite it
	for _, o := range target.From {
		if o.Kind == DB || o.Kind == Opaque {
			v.From = addOrigins(v.From, []*Origin{o})
		}
	}
	if target.Op != nil {
		v.From = addOrigins(v.From, []*Origin{{Kind: opOrigin(target.Op), Op: target.Op, Pos: target.Op.Pos}})
	}
	v.Open = true
	if target.Expr != nil {
		in.assignTo(target.Expr, v, scope)
		return
	}
	target.From = v.From
	target.Open = true
}

var logFunc = lazyregexp.New(`^(log|log/slog|fmt)\.(Print|Printf|Println|Fatal|Fatalf|Fatalln|Panic|Panicf|Info|Warn|Error|Debug|InfoContext|WarnContext|ErrorContext|DebugContext|Log|LogAttrs)$`)

var otherLog = lazyregexp.New(`(logrus|zerolog/log|zap)\.(Info|Infof|Warn|Warnf|Error|Errorf|Debug|Debugf|Print|Printf|WithField|WithFields|S|L)$`)

// goCall models functions of Go's packages; nil when it is none.
func (in *interp) goCall(f *Val, args []*Val, e *ir.Expr, scope *Scope) *Val {
	l := f.Lib
	a := arg(args, 0)
	pos := in.pos(e)
	if l == "type" { // a conversion
		c := *a
		if f.Type != nil && c.Type == nil {
			c.Type = f.Type
		}
		if a.Fn != nil {
			c.Type = f.Type
		}
		return &c
	}
	if logFunc.MatchString(l) || otherLog.MatchString(l) {
		if strings.HasPrefix(l, "fmt.") && !strings.HasPrefix(l, "fmt.Print") {
			return nil
		}
		return in.log(strings.ToLower(l[strings.LastIndexByte(l, '.')+1:]), args, e)
	}
	switch l {
	case "go.string", "go.int", "go.int64", "go.int32", "go.uint", "go.uint64", "go.float64", "go.byte", "go.rune",
		"go.any":
		return pass(a)
	case "go.append":
		v := &Val{IsArr: true, Type: a.Type, From: slices.Clone(a.From)}
		v.Elems = appendMax(slices.Clone(a.Elems), args[min(1, len(args)):], 12)
		return v
	case "go.len", "go.cap", "go.min", "go.max":
		v := derive(args...)
		v.Name = "length"
		return v
	case "go.copy", "go.close", "go.delete", "go.print", "go.println":
		return &Val{}
	case "go.panic":
		in.emit(&Op{Kind: OpThrow, Status: 500}, e)
		return &Val{}
	case "os.Getenv":
		return origin(Env, a.Str, pos)
	case "os.LookupEnv":
		return origin(Env, a.Str, pos)
	case "net/http.Error":
		in.emit(&Op{Kind: OpRespond, Status: status(arg(args, 2)), Val: arg(args, 1)}, e)
		return &Val{}
	case "net/http.NotFound":
		in.emit(&Op{Kind: OpRespond, Status: 404}, e)
		return &Val{}
	case "net/http.Redirect":
		in.emit(&Op{Kind: OpRespond, Status: 302, Val: arg(args, 2)}, e)
		return &Val{}
	case "net/http.SetCookie":
		in.goCookie(arg(args, 1), e)
		return &Val{}
	case "net/http.HandlerFunc", "net/http.StripPrefix", "net/http.TimeoutHandler":
		return a
	case "net/http.MaxBytesReader":
		return arg(args, 1)
	case "net/http.HandleFunc", "net/http.Handle":
		h := arg(args, 1)
		if h.Fn == nil && h.Type != nil {
			if m := in.goMethod(h.Type, "ServeHTTP", 0); m != nil {
				m.This = h
				h = &Val{Fn: m}
			}
		}
		if h.Fn != nil {
			in.register(&Val{Lib: "router", Pos: pos}, "", a.Str, nil, h, e)
		}
		return &Val{}
	case "net/http.NewServeMux":
		return &Val{Lib: "router", Pos: pos}
	case "io.ReadAll", "io/ioutil.ReadAll":
		v := pass(a)
		if a.Has(RawBody) {
			v = origin(RawBody, "", pos)
		}
		return v
	case "encoding/json.NewDecoder", "encoding/xml.NewDecoder":
		return &Val{Lib: "go.decoder", Nested: a}
	case "encoding/json.NewEncoder":
		return &Val{Lib: "go.encoder", Nested: a}
	case "encoding/json.Unmarshal":
		in.decodeInto(arg(args, 1), a, scope, e)
		return in.errOf(a)
	case "encoding/json.Marshal", "encoding/json.MarshalIndent":
		v := pass(a)
		v.Name, v.Nested = "json", a
		return v
	case "context.WithValue":
		in.keep("go."+ctxKey(arg(args, 1)), arg(args, 2), e)
		return a
	case "context.WithCancel", "context.WithTimeout", "context.WithoutCancel", "context.WithDeadline",
		"context.Background", "context.TODO":
		return &Val{Lib: "go.ctx"}
	case "crypto/hmac.New":
		return &Val{Lib: "crypto.hmac", Nested: arg(args, 1)}
	case "crypto/hmac.Equal", "crypto/subtle.ConstantTimeCompare":
		return in.macCmp("constant", args, e)
	case "bytes.Equal", "bytes.Compare", "reflect.DeepEqual":
		if a.Has(Digest) || arg(args, 1).Has(Digest) {
			return in.macCmp("plain", args, e)
		}
		v := derive(args...)
		v.Cmps = []*Cmp{{Op: "===", L: a, R: arg(args, 1), Pos: pos}}
		return v
	case "crypto/sha256.Sum256", "crypto/sha512.Sum512", "crypto/sha1.Sum", "crypto/md5.Sum":
		v := pass(a)
		v.Name = "hash"
		return v
	case "errors.New", "fmt.Errorf", "errors.Join":
		v := derive(args...)
		v.Lib = "error"
		v.From = slices.DeleteFunc(v.From, func(o *Origin) bool { return !strings.Contains(o.Path, "#err") })
		return v
	case "errors.Is", "errors.As":
		v := derive(a)
		v.Cmps = []*Cmp{{Op: "is", L: a, R: arg(args, 1), Pos: pos}}
		return v
	case "fmt.Sprintf", "fmt.Sprint":
		v := derive(args...)
		v.Strs, v.Tmpl = make([]string, len(args)+1), args
		if a.IsStr {
			v.Strs = strings.Split(a.Str, "%")
			v.Tmpl = args[1:]
			if len(args) == 1 {
				v.Str, v.IsStr = a.Str, true
			}
		}
		v.Pos = pos
		return v
	case "strings.HasPrefix", "strings.Contains", "strings.HasSuffix", "strings.EqualFold":
		v := derive(args...)
		v.Cmps = []*Cmp{{Op: strings.TrimPrefix(l, "strings."), L: a, R: arg(args, 1), Pos: pos}}
		return v
	case "github.com/google/uuid.NewString", "github.com/google/uuid.New", "crypto/rand.Read":
		return origin(Random, "", pos)
	case "time.Now":
		return origin(Clock, "", pos)
	case "time.Since", "time.Until":
		return derive(append(args, origin(Clock, "", pos))...)
	case "database/sql.Open", "github.com/jmoiron/sqlx.Connect", "github.com/jmoiron/sqlx.Open":
		return &Val{Lib: "sql.DB"}
	case "log/slog.Default", "log/slog.New", "log.New", "log.Default":
		return &Val{Lib: "logger"}
	}
	pkg, name := "", l
	if i := strings.LastIndexByte(l, '.'); i >= 0 {
		pkg, name = l[:i], l[i+1:]
	}
	switch {
	case strings.HasPrefix(pkg, "github.com/jackc/pgx"):
		switch name {
		case "BeginFunc", "BeginTxFunc":
			fn := arg(args, len(args)-1)
			in.goSerial(args)
			outer := in.serial
			v := in.callback(fn, []*Val{{Lib: "sql.Tx", Conn: in.newConn("tx")}}, e)
			in.serial = outer
			return v
		case "New", "NewWithConfig", "Connect", "ParseConfig":
			if strings.Contains(pkg, "pgxpool") {
				return &Val{Lib: "pgx.Pool"}
			}
			return &Val{Lib: "sql.Conn", Conn: in.newConn("client")}
		case "CollectRows", "CollectOneRow", "CollectExactlyOneRow", "AppendRows", "ForEachRow":
			if a.Op != nil {
				return a
			}
			return pass(a)
		}
	case strings.HasPrefix(pkg, "github.com/go-chi/chi"):
		switch name {
		case "URLParam":
			return clientVal(Path, arg(args, 1).Str, pos)
		case "URLParamFromCtx":
			return clientVal(Path, arg(args, 1).Str, pos)
		case "NewRouter", "NewMux":
			return &Val{Lib: "router", Pos: pos}
		}
	case strings.HasPrefix(pkg, "github.com/gorilla/mux"):
		if name == "Vars" {
			return origin(Path, "", pos)
		}
		return &Val{Lib: "router", Pos: pos}
	case strings.HasPrefix(pkg, "github.com/gin-gonic/gin"), strings.HasPrefix(pkg, "github.com/labstack/echo"),
		strings.HasPrefix(pkg, "github.com/gofiber/fiber"):
		switch name {
		case "New", "Default":
			return &Val{Lib: "router", Pos: pos}
		case "NewHTTPError", "NewError":
			return &Val{Name: "http.exception", Num: strconv.Itoa(status(a))}
		}
		return a
	case strings.Contains(pkg, "/jwt"):
		switch name {
		case "NewParser":
			return &Val{Lib: "jwt.parser"}
		case "Parse", "ParseWithClaims":
			return in.goVerify(args, e, scope)
		}
		return &Val{}
	case strings.HasPrefix(pkg, "github.com/stripe/stripe-go"):
		switch {
		case strings.HasPrefix(name, "ConstructEvent") || name == "ValidatePayload":
			in.emit(&Op{Kind: OpVerify, Name: "stripe-go." + name, Args: args}, e)
			return origin(Event, "", pos)
		case name == "String" || name == "Int64" || name == "Bool" || name == "Float64":
			return a
		case name == "NewClient":
			return &Val{Lib: "stripe()"}
		}
		if i := strings.Index(pkg, "stripe-go/"); i >= 0 {
			parts := strings.Split(pkg[i:], "/")
			if len(parts) > 2 {
				res := parts[2]
				if res == "checkout" || res == "billingportal" {
					res = map[string]string{
						"checkout":      "checkout.sessions",
						"billingportal": "billingPortal.sessions",
					}[res]
				} else if !strings.HasSuffix(res, "s") {
					res += "s"
				}
				return in.goProvider(res+"."+name, args, e)
			}
		}
	case strings.HasPrefix(pkg, "gorm.io/gorm"):
		switch name {
		case "Expr":
			return &Val{Lib: "gorm.expr", Name: a.Str, Tmpl: args[min(1, len(args)):], From: derive(args...).From}
		case "Open":
			return &Val{Lib: "gorm"}
		}
	case pkg == "strconv" || pkg == "strings" || pkg == "bytes" || strings.HasPrefix(pkg, "encoding/") ||
		pkg == "net/url" || pkg == "path" || pkg == "slices" || pkg == "maps" || pkg == "cmp" ||
		strings.HasSuffix(pkg, "/uuid"):
		for _, x := range args {
			if x.Fn != nil {
				in.callback(x, []*Val{in.elem(a, pos)}, e)
			}
		}
		v := pass(a)
		if pkg == "cmp" && name == "Or" {
			for _, x := range args[min(1, len(args)):] {
				v = Join(v, x)
			}
			v.Alts = args
			return v
		}
		if len(args) > 1 && len(v.From) == 0 {
			v = derive(args...)
		}
		if pkg == "net/url" && name == "Parse" {
			v.Lib = "go.url"
		}
		return v
	}
	return nil
}

func (in *interp) goDecode(args []*Val, e *ir.Expr, scope *Scope) *Val {
	op := in.emit(&Op{Kind: OpDecode, Name: "ParseUnverified", Args: args}, e)
	v := &Val{From: []*Origin{{Kind: Unverified, Pos: in.pos(e), Op: op}}}
	if c := arg(args, 1); c.Expr != nil {
		w := *v
		w.Type = c.Type
		in.assignTo(c.Expr, &w, scope)
	} else if len(args) > 1 {
		args[1].From = append(args[1].From, v.From...)
	}
	return &Val{From: []*Origin{{Kind: Unverified, Path: "token", Pos: in.pos(e), Op: op}}}
}

func (in *interp) goVerify(args []*Val, e *ir.Expr, scope *Scope) *Val {
	in.emit(&Op{Kind: OpVerify, Name: "jwt.Parse", Args: args}, e)
	for _, a := range args {
		if a.Fn != nil {
			in.callback(a, nil, e)
		}
	}
	v := origin(Session, "", in.pos(e))
	if c := arg(args, 1); c.Fn == nil && len(args) > 1 {
		if c.Expr != nil {
			w := *v
			w.Type = c.Type
			in.assignTo(c.Expr, &w, scope)
		} else {
			args[1].From = append(args[1].From, v.From...)
		}
	}
	return v
}
