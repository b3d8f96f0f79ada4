package flow

import (
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

func (in *interp) ginCall(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	last := arg(args, max(len(args)-1, 0))
	switch name {
	case "Param", "Params":
		return clientVal(Path, a.Str, pos)
	case "Query", "DefaultQuery", "QueryParam", "QueryArray", "GetQuery", "QueryInt":
		return clientVal(Query, a.Str, pos)
	case "PostForm", "DefaultPostForm", "FormValue", "GetPostForm":
		return clientVal(Body, a.Str, pos)
	case "GetHeader":
		return headerVal(a.Str, pos)
	case "Get", "Locals", "MustGet", "GetString", "GetInt", "GetInt64", "GetUint", "GetBool", "GetFloat64":
		if recv.Lib == "fiber.c" && name == "Get" {
			return headerVal(a.Str, pos)
		}
		if len(args) > 1 {
			in.keep("go."+ctxKey(a), args[1], e)
			return &Val{}
		}
		return in.ctx("go."+ctxKey(a), pos)
	case "Set":
		if recv.Lib == "fiber.c" {
			in.header(a.Str, arg(args, 1), e)
			return &Val{}
		}
		in.keep("go."+ctxKey(a), arg(args, 1), e)
		return &Val{}
	case "Cookie", "Cookies":
		return lib("go.cookie", Cookie, a.Str, pos)
	case "SetCookie":
		if len(args) >= 7 {
			opts := &Val{Fields: map[string]*Val{}}
			opts.put("httpOnly", args[6])
			opts.put("secure", args[5])
			in.cookie(a, args[1], opts, "gin.SetCookie", e)
		} else {
			in.goCookie(a, e)
		}
		return &Val{}
	case "BindJSON", "ShouldBindJSON", "Bind", "ShouldBind", "BodyParser", "ShouldBindBodyWith", "ShouldBindWith",
		"BindQuery", "ShouldBindQuery", "QueryParser", "BindUri", "ShouldBindUri", "ParamsParser":
		k := Body
		if strings.Contains(name, "Query") {
			k = Query
		}
		if strings.Contains(name, "Uri") || strings.Contains(name, "Params") {
			k = Path
		}
		in.decodeInto(a, origin(k, "", pos), scope, e)
		return in.errOf(origin(k, "", pos))
	case "GetRawData", "Body", "BodyRaw":
		return origin(RawBody, "", pos)
	case "Request":
		if recv.Lib == "echo.c" {
			return lib("go.req", Request, "", pos)
		}
	case "Response":
		return &Val{Lib: "go.w"}
	case "JSON", "String", "XML", "Data", "HTML", "IndentedJSON", "PureJSON", "AbortWithStatusJSON", "Blob", "Stream":
		if recv.Lib == "fiber.c" {
			in.emit(&Op{Kind: OpRespond, Status: max(num(recv), 200), Val: a}, e)
			return &Val{Lib: "response"}
		}
		in.emit(&Op{Kind: OpRespond, Status: status(a), Val: last}, e)
		return &Val{Lib: "response"}
	case "AbortWithStatus", "NoContent", "SendStatus", "AbortWithError", "Status", "Redirect":
		if recv.Lib == "fiber.c" && name == "Status" {
			c := *recv
			c.Num = strconv.Itoa(status(a))
			return &c
		}
		in.emit(&Op{Kind: OpRespond, Status: status(a)}, e)
		return &Val{Lib: "response"}
	case "Send", "SendString":
		in.emit(&Op{Kind: OpRespond, Status: max(num(recv), 200), Val: a}, e)
		return &Val{Lib: "response"}
	case "Header", "SetHeader":
		in.header(a.Str, arg(args, 1), e)
		return &Val{}
	case "Next":
		in.emit(&Op{Kind: OpNext}, e)
		return &Val{}
	case "Abort", "Error", "ClientIP", "FullPath":
		return &Val{}
	}
	if recv.Lib == "gin.c" && (name == "Done" || name == "Err") {
		return &Val{}
	}
	if recv.Lib == "gin.c" && name == "Value" {
		return in.ctx("go."+ctxKey(a), pos)
	}
	return nil
}

func (in *interp) goCookie(c *Val, e *ir.Expr) {
	in.cookie(orEmpty(field(c, "Name")), field(c, "Value"), c, "http.SetCookie", e)
}
