package flow

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// connOf tells on which connection of a database a handle works.
func connOf(v *Val) string {
	if v == nil {
		return ""
	}
	if v.Conn != "" {
		return v.Conn
	}
	switch {
	case strings.Contains(v.Lib, ".tx"):
		return "tx:" + v.Lib
	case strings.HasSuffix(v.Lib, "Pool()"), strings.HasSuffix(v.Lib, "createPool()"), v.Lib == "sql.DB",
		v.Lib == "pgx.Pool":
		return "pool"
	case v.Lib == "sql.Tx":
		return "tx:param"
	case v.Lib == "sql.Conn", v.Lib == "pg.client", strings.HasSuffix(v.Lib, "pg#Client()"):
		return "client:param"
	}
	return ""
}

func (in *interp) newConn(kind string) string {
	in.conn++
	return kind + ":" + strconv.Itoa(in.conn)
}

func (in *interp) dbOp(flavor, verb, table string, recv *Val, e *ir.Expr) *Op {
	op := &Op{Kind: OpDB, Flavor: flavor, Verb: verb, Table: strings.ToLower(table), Recv: recv, Conn: connOf(recv)}
	if recv != nil {
		op.Priv = recv.Priv
	}
	op.Throws = flavor != "supabase"
	return in.emit(op, e)
}

// result is the value that a query gives.
func result(op *Op) *Val { return &Val{Op: op} }

func (op *Op) filter(col, cmp string, v *Val, pos Pos) {
	if len(op.Filters) < 40 {
		op.Filters = append(op.Filters, Filter{Col: strings.ToLower(snake(col)), Op: cmp, Val: v, Pos: pos})
	}
}

var camel = lazyregexp.New(`([a-z0-9])([A-Z])`)

// snake is a column's name in the way of SQL.
func snake(s string) string { return camel.ReplaceAllString(s, "${1}_$2") }

func (op *Op) writes(v *Val, pos Pos) {
	if v == nil {
		return
	}
	op.Data = v
	list := []*Val{v}
	if v.IsArr && v.Lib == "" {
		list = v.Elems
	}
	for _, x := range list {
		if x == nil {
			continue
		}
		for _, k := range x.Order {
			op.write(k, x.Fields[k], pos)
		}
	}
}

func (op *Op) write(col string, v *Val, pos Pos) {
	w := Write{Col: strings.ToLower(snake(col)), Val: v, Pos: pos}
	if v != nil && v.Pos.File != nil {
		w.Pos = v.Pos
	}
	if v != nil && v.Fields != nil && len(v.Order) == 1 {
		switch v.Order[0] {
		case "increment", "decrement", "multiply", "divide", "$inc":
			w.Relative, w.Minus, w.Val = true, v.Order[0] == "decrement", v.Fields[v.Order[0]]
		case "set":
			w.Val = v.Fields["set"]
		}
	}
	if v != nil && v.Lib == "sql.raw" {
		w.Relative = strings.Contains(strings.ToLower(v.Name), w.Col) || slices.ContainsFunc(v.Tmpl, func(x *Val) bool {
			return x != nil && (x.Lib == "drizzle.col" || len(x.From) == 0 && x.Lib != "") &&
				strings.EqualFold(snake(x.Name), w.Col)
		})
		w.Minus = strings.Contains(v.Name, "-")
	}
	if v != nil && v.Lib == "gorm.expr" {
		w.Relative, w.Minus = strings.Contains(strings.ToLower(v.Name), w.Col), strings.Contains(v.Name, "-")
	}
	if len(op.Writes) < 60 {
		op.Writes = append(op.Writes, w)
	}
}

// dbMethod models the methods of query builders; nil when it is none.
func (in *interp) dbMethod(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	if name == "save" && len(args) <= 1 {
		row := recv
		if len(args) == 1 && (a0(args).Op != nil || len(a0(args).From) > 0) {
			row = args[0]
		}
		if v := in.saved(row, e); v != nil {
			return v
		}
	}
	if recv.Op != nil && recv.Op.Kind == OpDB {
		if v := in.chain(recv, name, args, e, scope); v != nil {
			return v
		}
	}
	a := arg(args, 0)
	pos := in.pos(e)
	low := strings.ToLower(recv.Lib)
	// SQL as a text
	if v := in.sqlCall(recv, name, args, e); v != nil {
		return v
	}
	switch name {
	case "from":
		if a.IsStr && recv.Lib != "global.Array" && recv.Lib != "global.Buffer" && recv.Lib != "global.Uint8Array" &&
			recv.Fn == nil && len(args) == 1 && !strings.HasSuffix(recv.Lib, ".storage") &&
			!recv.Has(Body, Query, Header, Path) {
			if recv.Priv == 0 && strings.HasPrefix(recv.Lib, "?") {
				c := *recv
				c.Priv = privOf(recv.Lib+" "+recv.Name, nil)
				recv = &c
			}
			return result(in.dbOp("supabase", "", a.Str, recv, e))
		}
		if strings.HasSuffix(recv.Lib, ".storage") {
			c := *recv
			c.Lib, c.Name = "supabase.bucket", a.Str
			return &c
		}
	case "upload", "createSignedUrl", "createSignedUploadUrl", "remove", "download", "list", "move", "copy":
		if recv.Lib == "supabase.bucket" {
			verb := "select"
			if name == "upload" || name == "remove" || name == "move" || name == "copy" {
				verb = "update"
			}
			op := in.dbOp("storage", verb, "storage."+recv.Name, recv, e)
			op.filter("name", "=", a, pos)
			return result(op)
		}
	case "rpc":
		if a.IsStr {
			if recv.Priv == 0 && strings.HasPrefix(recv.Lib, "?") {
				c := *recv
				c.Priv = privOf(recv.Lib+" "+recv.Name, nil)
				recv = &c
			}
			op := in.dbOp("supabase", "rpc", a.Str, recv, e)
			op.writes(arg(args, 1), pos)
			return result(op)
		}
	case "schema":
		if strings.Contains(low, "supabase") || recv.Priv != 0 {
			return recv
		}
	case "selectFrom", "updateTable", "insertInto", "deleteFrom", "replaceInto":
		verb := map[string]string{
			"selectFrom": "select", "updateTable": "update", "insertInto": "insert",
			"deleteFrom": "delete", "replaceInto": "upsert",
		}[name]
		t := a
		if a.IsArr {
			t = arg(a.Elems, 0)
		}
		table, _, _ := strings.Cut(t.Str, " ")
		return result(in.dbOp("kysely", verb, table, recv, e))
	case "$queryRaw", "$executeRaw", "$queryRawUnsafe", "$executeRawUnsafe":
		if len(a.Tmpl) > 0 || a.IsStr {
			return in.sqlText(a, args[1:], recv, e)
		}
	case "transaction", "$transaction", "begin", "withTransaction", "tx", "inTransaction", "runTransaction":
		if v := in.transaction(recv, args, e); v != nil {
			return v
		}
		if name == "transaction" && len(args) == 0 {
			c := *recv
			c.Lib = recv.Lib + ".transaction()"
			return &c
		}
		if (name == "begin") && len(args) == 0 {
			c := *recv
			c.Conn = in.newConn("tx")
			return &c
		}
	case "setIsolationLevel":
		if strings.HasSuffix(recv.Lib, ".transaction()") {
			c := *recv
			if strings.Contains(strings.ToLower(a.Str), "serializable") {
				c.Name = "serializable"
			}
			return &c
		}
	case "execute":
		if strings.HasSuffix(recv.Lib, ".transaction()") && a.Fn != nil {
			outer := in.serial
			in.serial = in.serial || recv.Name == "serializable"
			c := *recv
			c.Lib, c.Conn = strings.TrimSuffix(recv.Lib, ".transaction()"), in.newConn("tx")
			v := in.callback(a, []*Val{&c}, e)
			in.serial = outer
			return v
		}
		if a.Lib == "sql.raw" {
			return in.sqlVal(a, recv, e)
		}
	case "connect", "getConnection", "acquire", "reserve":
		if connOf(recv) == "pool" || strings.Contains(low, "pool") ||
			strings.Contains(strings.ToLower(recv.Name), "pool") {
			return &Val{Lib: "pg.client", Conn: in.newConn("client")}
		}
	case "select", "update", "insert", "delete", "selectDistinct":
		if v := in.drizzle(recv, name, args, e); v != nil {
			return v
		}
	}
	if verb, ok := prismaVerbs[name]; ok {
		if v := in.prismaCall(recv, name, verb, a, e); v != nil {
			return v
		}
	}
	return in.mongo(recv, name, args, e)
}

func (in *interp) transaction(recv *Val, args []*Val, e *ir.Expr) *Val {
	outer := in.serial
	defer func() { in.serial = outer }()
	var fn *Val
	for _, a := range args {
		if a.Fn != nil {
			fn = a
		}
		for _, k := range a.Order {
			if s := strings.ToLower(a.Fields[k].Str + a.Fields[k].Lib); strings.Contains(s, "serializable") {
				in.serial = true
			}
		}
		if strings.Contains(strings.ToLower(a.Str), "serializable") {
			in.serial = true
		}
	}
	if fn == nil {
		if len(args) > 0 && args[0].IsArr {
			return args[0]
		}
		return nil
	}
	c := *recv
	c.Conn = in.newConn("tx")
	c.Fn = nil
	if c.Lib == "" && c.Type == nil {
		c.Lib = "db.tx"
	}
	return in.callback(fn, []*Val{&c, {}}, e)
}

// chain models what follows in a builder's chain.
func (in *interp) chain(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	op := recv.Op
	pos := in.pos(e)
	a := arg(args, 0)
	if op.Pos.At == pos.At && pos.End > op.Pos.End && !op.Fixed {
		op.Pos.End = pos.End
	}
	switch name {
	case "select", "returning", "returningAll", "selectAll":
		if op.Verb == "" {
			op.Verb = "select"
		}
		if a.IsStr {
			for _, c := range strings.Split(a.Str, ",") {
				op.Select = append(op.Select, strings.TrimSpace(c))
			}
		}
		for _, x := range args {
			if x.IsStr && len(args) > 1 {
				op.Select = append(op.Select, x.Str)
			}
			for _, y := range x.Elems {
				op.Select = append(op.Select, y.Str)
			}
			op.Select = append(op.Select, x.Order...)
		}
		if op.Verb == "select" && op.Flavor == "supabase" && len(args) == 0 || name == "selectAll" {
			op.Select = append(op.Select, "*")
		}
		return recv
	case "from":
		op.Table = strings.ToLower(tableName(a))
		if op.Table == "" {
			op.Table = strings.ToLower(a.Str + a.Name)
		}
		return recv
	case "insert", "update", "upsert", "delete", "del", "merge":
		if op.Flavor == "knex" || op.Flavor == "supabase" || op.Flavor == "mongo" {
			if name == "merge" {
				op.Conflict = "update"
				return recv
			}
			if name == "del" {
				name = "delete"
			}
			op.Verb = name
			if a.IsStr && len(args) > 1 {
				op.write(a.Str, args[1], pos)
			} else {
				op.writes(a, pos)
			}
			if o := arg(args, 1); field(o, "ignoreDuplicates") != nil {
				op.Conflict = "nothing"
			} else if name == "upsert" {
				op.Conflict = "update"
			}
			return recv
		}
	case "set", "values", "doUpdateSet":
		if a.Fn != nil {
			a = in.callback(a, []*Val{{Lib: "kysely.eb"}}, e)
		}
		if a != nil && a.IsStr && len(args) > 1 {
			op.write(a.Str, args[1], pos)
		} else {
			op.writes(a, pos)
		}
		return recv
	case "increment", "decrement":
		op.Verb = "update"
		if a.IsStr {
			op.Writes = append(op.Writes,
				Write{
					Col: strings.ToLower(snake(a.Str)), Val: arg(args, 1), Relative: true, Minus: name == "decrement",
					Pos: pos,
				})
		}
		for _, k := range a.Order {
			op.Writes = append(op.Writes,
				Write{
					Col: strings.ToLower(snake(k)), Val: a.Fields[k], Relative: true, Minus: name == "decrement",
					Pos: pos,
				})
		}
		return recv
	case "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "is", "in", "contains", "containedBy", "overlaps",
		"textSearch", "filter", "not", "match", "or":
		switch {
		case a.Fields != nil:
			for _, k := range a.Order {
				op.filter(k, "eq", a.Fields[k], pos)
			}
		case name == "or":
			op.Filters = append(op.Filters, Filter{Col: "", Op: "or", Val: a, Or: true, Pos: pos})
		case name == "filter" || name == "not":
			op.filter(a.Str, name, arg(args, 2), pos)
		default:
			v := arg(args, 1)
			op.filter(a.Str, name, v, pos)
		}
		return recv
	case "where", "andWhere", "whereRef", "having", "orWhere", "whereIn", "andWhereIn", "whereNot", "whereILike",
		"whereLike", "on", "onRef", "whereNull", "whereNotNull", "whereRaw":
		in.where(op, name, args, e)
		return recv
	case "innerJoin", "leftJoin", "join", "rightJoin", "fullJoin", "innerJoinLateral":
		for _, x := range args {
			op.Filters = append(op.Filters, x.Conds...)
			if x.Fn != nil {
				in.callback(x, []*Val{result(op)}, e)
			}
		}
		return recv
	case "for", "forUpdate", "forNoKeyUpdate", "forShare":
		if name == "for" && a.Str != "update" && a.Str != "no key update" {
			return recv
		}
		op.Lock = true
		return recv
	case "onConflictDoNothing", "ignore", "orIgnore":
		op.Conflict = "nothing"
		return recv
	case "onConflictDoUpdate", "onDuplicateKeyUpdate":
		op.Conflict = "update"
		if s := field(a, "set"); s != nil {
			op.writes(s, pos)
		}
		return recv
	case "onConflict", "doNothing", "column", "columns", "constraint":
		if name == "doNothing" {
			op.Conflict = "nothing"
		}
		if a.Fn != nil {
			in.callback(a, []*Val{recv}, e)
		}
		return recv
	case "transacting":
		op.Conn = connOf(a)
		if op.Conn == "" {
			op.Conn = "tx:given"
		}
		op.Tx = op.Conn
		return recv
	case "throwOnError", "executeTakeFirstOrThrow":
		op.Throws = true
		return recv
	case "limit", "take", "first", "single", "maybeSingle", "range":
		op.Limit = true
		return recv
	case "modify", "$if", "$call":
		for _, x := range args {
			if x.Fn != nil {
				in.callback(x, []*Val{recv}, e)
			}
		}
		return recv
	case "Scan", "StructScan":
		return in.scan(recv, args, e, scope)
	case "bind":
		in.bindSQL(op, args, pos)
		return recv
	case "Next", "Close", "Err", "RowsAffected", "LastInsertId":
		if name == "RowsAffected" {
			return &Val{From: []*Origin{{Kind: DB, Path: "#rows", Op: op, Pos: op.Pos}}}
		}
		if name == "Err" {
			return &Val{From: []*Origin{{Kind: DB, Path: "#err", Op: op, Pos: op.Pos}}}
		}
		return recv
	case "order", "orderBy", "groupBy", "offset", "skip", "abortSignal", "execute", "executeTakeFirst", "returns",
		"overrideTypes", "as", "$dynamic",
		"prepare", "all", "get", "run", "toArray", "lean", "exec", "populate", "sort", "stream", "csv", "clearSelect",
		"distinct", "explain", "count", "with", "using", "toSQL", "overrideTypes_", "setHeader", "addSelect",
		"leftJoinAndSelect", "getMany", "getOne", "cursor", "raw":
		return recv
	}
	if recv.Op.Flavor == "supabase" || recv.Op.Flavor == "knex" || recv.Op.Flavor == "kysely" ||
		recv.Op.Flavor == "drizzle" {
		for _, x := range args {
			if x.Fn != nil {
				return nil // map, filter and the like on the rows
			}
		}
	}
	return nil
}

func (in *interp) where(op *Op, name string, args []*Val, e *ir.Expr) {
	pos := in.pos(e)
	or := strings.HasPrefix(name, "or")
	a := arg(args, 0)
	add := func(col, cmp string, v *Val) {
		op.filter(col[strings.LastIndexByte(col, '.')+1:], cmp, v, pos)
		if or && len(op.Filters) > 0 {
			op.Filters[len(op.Filters)-1].Or = true
		}
	}
	switch {
	case len(a.Conds) > 0:
		op.Filters = append(op.Filters, a.Conds...)
	case a.Lib == "sql.raw":
		in.rawConds(op, a, pos)
	case name == "whereRaw" && a.IsStr:
		v := &Val{Lib: "sql.raw", Name: a.Str, Tmpl: arg(args, 1).Elems}
		in.rawConds(op, v, pos)
	case a.Fn != nil:
		v := in.callback(a, []*Val{{Lib: "kysely.eb", Op: nil}}, e)
		if v != nil {
			op.Filters = append(op.Filters, v.Conds...)
			if v.Lib == "sql.raw" {
				in.rawConds(op, v, pos)
			}
		}
	case a.Fields != nil:
		for _, k := range a.Order {
			add(k, "=", a.Fields[k])
		}
		for _, r := range a.Rest {
			if r.Name != "key" {
				add("*", "=", r)
			}
		}
	case a.IsStr && len(args) == 2:
		add(a.Str, "=", args[1])
	case a.IsStr && len(args) >= 3:
		add(a.Str, args[1].Str, args[2])
	case len(a.From) > 0:
		add("*", "=", a)
	}
}
