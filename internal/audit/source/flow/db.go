package flow

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
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
	case strings.HasSuffix(v.Lib, "Pool()"), strings.HasSuffix(v.Lib, "createPool()"), v.Lib == "sql.DB", v.Lib == "pgx.Pool":
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

var camel = regexp.MustCompile(`([a-z0-9])([A-Z])`)

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
			return x != nil && (x.Lib == "drizzle.col" || len(x.From) == 0 && x.Lib != "") && strings.EqualFold(snake(x.Name), w.Col)
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

var prismaVerbs = map[string]string{
	"findMany": "select", "findUnique": "select", "findFirst": "select", "findUniqueOrThrow": "select", "findFirstOrThrow": "select",
	"count": "select", "aggregate": "select", "groupBy": "select", "create": "insert", "createMany": "insert", "createManyAndReturn": "insert",
	"update": "update", "updateMany": "update", "updateManyAndReturn": "update", "upsert": "upsert", "delete": "delete", "deleteMany": "delete",
}

var prismaOnly = map[string]bool{
	"findMany": true, "findUnique": true, "findFirst": true, "findUniqueOrThrow": true, "findFirstOrThrow": true,
	"createMany": true, "updateMany": true, "deleteMany": true,
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
		if a.IsStr && recv.Lib != "global.Array" && recv.Lib != "global.Buffer" && recv.Lib != "global.Uint8Array" && recv.Fn == nil && len(args) == 1 && !strings.HasSuffix(recv.Lib, ".storage") &&
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
		verb := map[string]string{"selectFrom": "select", "updateTable": "update", "insertInto": "insert", "deleteFrom": "delete", "replaceInto": "upsert"}[name]
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
		if connOf(recv) == "pool" || strings.Contains(low, "pool") || strings.Contains(strings.ToLower(recv.Name), "pool") {
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

func a0(args []*Val) *Val { return arg(args, 0) }

// saved models document.save(): what was assigned to a row that was read is
// written back.
func (in *interp) saved(recv *Val, e *ir.Expr) *Val {
	row := recv.Op
	if row == nil {
		for _, o := range recv.From {
			if o.Op != nil && o.Op.Kind == OpDB && o.Path == "" {
				row = o.Op
			}
		}
	}
	if row == nil || row.Kind != OpDB || row.Verb != "select" && row.Verb != "update" {
		return nil
	}
	pos := in.pos(e)
	op := in.dbOp(row.Flavor, "update", row.Table, row.Recv, e)
	op.filter("id", "=", &Val{From: []*Origin{{Kind: opOrigin(row), Path: "id", Op: row, Pos: row.Pos}}}, pos)
	for _, k := range recv.Order {
		if f := recv.Fields[k]; f != nil && f.Fn == nil {
			op.write(k, f, pos)
		}
	}
	for _, r := range recv.Rest {
		if op.Data == nil {
			op.Data = &Val{Rest: []*Val{r}}
		}
	}
	return result(op)
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

// drizzle models db.select().from(t), db.update(t), db.insert(t), db.delete(t).
func (in *interp) drizzle(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	table := tableName(a)
	if name == "select" || name == "selectDistinct" {
		// Drizzle's select takes nothing or an object of columns, and from() follows
		if recv.Op == nil && (len(args) == 0 || a.Fields != nil) && recv.From == nil && recv.Lib != "" && !strings.HasPrefix(recv.Lib, "global") {
			op := in.dbOp("drizzle", "select", "", recv, e)
			op.Select = append(op.Select, a.Order...)
			for _, k := range a.Order {
				if x := a.Fields[k]; x != nil && (x.Name == "count" || x.Lib == "sql.raw" && strings.Contains(strings.ToLower(x.Name), "count(")) {
					op.Name = "count"
				}
			}
			return result(op)
		}
		return nil
	}
	if table == "" || len(args) != 1 || recv.Op != nil {
		return nil
	}
	return result(in.dbOp("drizzle", name, table, recv, e))
}

func tableName(v *Val) string {
	if v == nil {
		return ""
	}
	if t, ok := strings.CutPrefix(v.Lib, "drizzle.table:"); ok {
		return t
	}
	if strings.HasPrefix(v.Lib, "?") && v.Name != "" && v.Name != "default" && v.Op == nil && len(v.From) == 0 {
		return v.Name
	}
	return ""
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
			op.Writes = append(op.Writes, Write{Col: strings.ToLower(snake(a.Str)), Val: arg(args, 1), Relative: true, Minus: name == "decrement", Pos: pos})
		}
		for _, k := range a.Order {
			op.Writes = append(op.Writes, Write{Col: strings.ToLower(snake(k)), Val: a.Fields[k], Relative: true, Minus: name == "decrement", Pos: pos})
		}
		return recv
	case "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "is", "in", "contains", "containedBy", "overlaps", "textSearch", "filter", "not", "match", "or":
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
	case "where", "andWhere", "whereRef", "having", "orWhere", "whereIn", "andWhereIn", "whereNot", "whereILike", "whereLike", "on", "onRef", "whereNull", "whereNotNull", "whereRaw":
		in.where(op, name, args, e)
		return recv
	case "innerJoin", "leftJoin", "join", "rightJoin", "fullJoin", "innerJoinLateral":
		for _, x := range args {
			for _, f := range x.Conds {
				op.Filters = append(op.Filters, f)
			}
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
	case "order", "orderBy", "groupBy", "offset", "skip", "abortSignal", "execute", "executeTakeFirst", "returns", "overrideTypes", "as", "$dynamic",
		"prepare", "all", "get", "run", "toArray", "lean", "exec", "populate", "sort", "stream", "csv", "clearSelect", "distinct", "explain", "count", "with", "using", "toSQL", "overrideTypes_", "setHeader", "addSelect", "leftJoinAndSelect", "getMany", "getOne", "cursor", "raw":
		return recv
	}
	if recv.Op.Flavor == "supabase" || recv.Op.Flavor == "knex" || recv.Op.Flavor == "kysely" || recv.Op.Flavor == "drizzle" {
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

// rawConds reads the conditions of a piece of SQL.
func (in *interp) rawConds(op *Op, v *Val, pos Pos) {
	s := sqltext.Parse("select 1 from t where " + v.Name)
	for _, c := range s.Conds {
		if c.Col == "" {
			continue
		}
		f := Filter{Col: c.Col, Op: c.Op, Or: c.Or, Pos: pos, Val: &Val{Name: c.Raw}}
		for _, n := range c.Params {
			if n-1 < len(v.Tmpl) {
				f.Val = Join(f.Val, v.Tmpl[n-1])
			}
		}
		op.Filters = append(op.Filters, f)
	}
	for _, x := range v.Tmpl {
		if x != nil && x.Lib == "drizzle.col" && len(v.Tmpl) >= 2 {
			for _, y := range v.Tmpl {
				if y != x && y != nil && y.Lib != "drizzle.col" {
					op.filter(x.Name, "=", y, pos)
				}
			}
		}
	}
}

func (in *interp) prismaCall(recv *Val, name, verb string, a *Val, e *ir.Expr) *Val {
	table := recv.Name
	if e.X != nil && e.X.Kind == ir.Member && e.X.X != nil && e.X.X.Kind == ir.Member {
		table = e.X.X.Name
	} else if e.X != nil && e.X.X != nil && e.X.X.Kind == ir.Ident {
		if !strings.Contains(strings.ToLower(recv.Lib), "prisma") {
			if !prismaOnly[name] {
				return nil
			}
		}
	}
	shape := a.Fields != nil && (a.Fields["where"] != nil || a.Fields["data"] != nil || a.Fields["create"] != nil || a.Fields["select"] != nil || a.Fields["orderBy"] != nil || a.Fields["take"] != nil || a.Fields["include"] != nil)
	if !prismaOnly[name] && !shape && !strings.Contains(strings.ToLower(recv.Lib), "prisma") {
		return nil
	}
	if recv.Op != nil || table == "" {
		return nil
	}
	flavor := "prisma"
	if strings.HasSuffix(strings.TrimSuffix(recv.Lib, "."+table), ".query") {
		flavor = "drizzle"
	}
	op := in.dbOp(flavor, verb, table, recv, e)
	pos := in.pos(e)
	if w := field(a, "where"); w != nil {
		if len(w.Conds) > 0 {
			op.Filters = append(op.Filters, w.Conds...)
		} else if w.Fn != nil {
			v := in.callback(w, []*Val{{Lib: "drizzle.table:" + table}, {Lib: "drizzle-orm#*"}}, e)
			if v != nil {
				op.Filters = append(op.Filters, v.Conds...)
			}
		} else {
			in.prismaWhere(op, "", w, pos, false, 0)
		}
	}
	for _, k := range []string{"data", "create", "update"} {
		d := field(a, k)
		if d == nil {
			continue
		}
		if c := field(d, "data"); c != nil && len(d.Order) == 1 {
			d = c
		}
		op.writes(d, pos)
		if k == "create" && a.Fields["update"] != nil {
			op.Data = a.Fields["update"]
		}
	}
	if s := field(a, "select"); s != nil {
		op.Select = append(op.Select, s.Order...)
	}
	if field(a, "skipDuplicates") != nil {
		op.Conflict = "nothing"
	}
	if verb == "upsert" {
		op.Conflict = "update"
	}
	if name == "count" || name == "aggregate" {
		op.Select = []string{"count"}
	}
	op.Limit = name == "findUnique" || name == "findFirst" || name == "findUniqueOrThrow" || name == "findFirstOrThrow" || field(a, "take") != nil
	return result(op)
}

func (in *interp) prismaWhere(op *Op, col string, v *Val, pos Pos, or bool, depth int) {
	if v == nil || depth > 8 {
		return
	}
	if v.Fields == nil {
		if v.IsArr {
			for _, x := range v.Elems {
				in.prismaWhere(op, col, x, pos, or, depth+1)
			}
			return
		}
		op.filter(col, "=", v, pos)
		if len(op.Filters) > 0 {
			op.Filters[len(op.Filters)-1].Or = or
		}
		return
	}
	for _, k := range v.Order {
		x := v.Fields[k]
		switch k {
		case "equals", "in", "not", "gt", "gte", "lt", "lte", "contains", "startsWith", "endsWith", "has", "mode", "search", "notIn":
			if x != nil && x.Fields != nil {
				in.prismaWhere(op, col, x, pos, or, depth+1)
				continue
			}
			if k == "mode" {
				continue
			}
			cmp := map[string]string{"equals": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[k]
			if cmp == "" {
				cmp = k
			}
			op.filter(col, cmp, x, pos)
			op.Filters[len(op.Filters)-1].Or = or
		case "OR":
			in.prismaWhere(op, col, x, pos, true, depth+1)
		case "AND", "NOT", "some", "every", "none", "is", "isNot":
			in.prismaWhere(op, col, x, pos, or, depth+1)
		default:
			in.prismaWhere(op, k, x, pos, or, depth+1)
		}
	}
	for _, r := range v.Rest {
		if r.Name != "key" {
			op.filter("*", "=", r, pos)
		}
	}
}

var mongoVerbs = map[string]string{
	"findById": "select", "findOne": "select", "findOneAndUpdate": "update", "findByIdAndUpdate": "update", "updateOne": "update",
	"updateMany": "update", "deleteOne": "delete", "findByIdAndDelete": "delete", "findOneAndDelete": "delete", "insertOne": "insert", "insertMany": "insert", "replaceOne": "update",
	"findBy": "select", "findOneBy": "select", "findOneByOrFail": "select", "findByPk": "select", "findOneOrFail": "select", "countDocuments": "select",
}

func (in *interp) mongo(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	verb := mongoVerbs[name]
	if verb == "" || recv.Op != nil {
		return nil
	}
	a := arg(args, 0)
	table := recv.Name
	if table == "" && e.X != nil && e.X.X != nil {
		table = e.X.X.Name
	}
	op := in.dbOp("mongo", verb, table, recv, e)
	pos := in.pos(e)
	if name == "countDocuments" {
		op.Name = "count"
	}
	if strings.Contains(name, "ById") || name == "findById" || name == "findByPk" {
		op.filter("id", "=", a, pos)
	} else if verb == "insert" {
		op.writes(a, pos)
	} else {
		w := a
		if x := field(a, "where"); x != nil {
			w = x
		}
		for _, k := range w.Order {
			op.filter(strings.TrimPrefix(k, "_"), "=", w.Fields[k], pos)
		}
		if w.Fields == nil && len(w.From) > 0 {
			op.filter("*", "=", w, pos)
		}
	}
	if u := arg(args, 1); verb == "update" {
		for _, k := range u.Order {
			x := u.Fields[k]
			switch k {
			case "$set", "$setOnInsert":
				op.writes(x, pos)
			case "$inc":
				for _, c := range x.Order {
					op.Writes = append(op.Writes, Write{Col: strings.ToLower(snake(c)), Val: x.Fields[c], Relative: true, Pos: pos})
				}
			default:
				op.write(k, x, pos)
			}
		}
		if u.Fields == nil {
			op.Data = u
		}
		if len(u.Rest) > 0 && op.Data == nil {
			op.Data = u
		}
	}
	return result(op)
}

var sqlMethods = map[string]bool{
	"query": true, "execute": true, "exec": true, "run": true, "get": true, "all": true, "one": true, "any": true, "none": true, "oneOrNone": true,
	"many": true, "manyOrNone": true, "raw": true, "unsafe": true, "prepare": true, "batch": true, "queryObject": true, "queryArray": true,
	"Exec": true, "ExecContext": true, "Query": true, "QueryContext": true, "QueryRow": true, "QueryRowContext": true, "Get": true, "Select": true,
	"GetContext": true, "SelectContext": true, "QueryRowx": true, "Queryx": true, "QueryxContext": true, "QueryRowxContext": true, "NamedExec": true, "NamedExecContext": true, "MustExec": true,
	"Prepare": true, "PrepareContext": true, "Raw": true, "Queue": true, "first": true, "values": true, "$queryRawUnsafe": true, "$executeRawUnsafe": true,
}

// sqlCall models a call that is given a statement as a text.
func (in *interp) sqlCall(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	if recv.Lib == "global.console" || strings.HasPrefix(recv.Lib, "go.fmt") || recv.Lib == "logger" {
		return nil
	}
	for i, a := range args {
		if i > 2 {
			break
		}
		if a.Lib == "sql.raw" && (sqlMethods[name] || strings.HasPrefix(name, "$")) {
			return in.sqlVal(a, recv, e)
		}
		if f := field(a, "text"); f != nil && f.IsStr && sqltext.Is(f.Str) {
			return in.sqlText(f, []*Val{orEmpty(a.Fields["values"])}, recv, e)
		}
		if f := field(a, "sql"); f != nil && f.IsStr && sqltext.Is(f.Str) {
			return in.sqlText(f, []*Val{orEmpty(a.Fields["args"])}, recv, e)
		}
		if !sqlMethods[name] {
			continue
		}
		if a.IsStr && sqltext.Is(a.Str) || !a.IsStr && len(a.Tmpl) > 0 && sqltext.Is(placeholders(a)) {
			return in.sqlText(a, args[i+1:], recv, e)
		}
		if strings.EqualFold(strings.TrimSuffix(strings.TrimSpace(a.Str), ";"), "begin") || strings.EqualFold(a.Str, "commit") || strings.EqualFold(a.Str, "rollback") {
			return in.sqlText(a, nil, recv, e)
		}
	}
	// a statement that is not known here: asTenant(sql)
	if (name == "query" || name == "Query" || name == "QueryContext" || name == "unsafe" || name == "Exec" || name == "ExecContext" || name == "QueryRow" || name == "QueryRowContext") && connOf(recv) != "" && len(args) > 0 {
		op := in.dbOp("sql", "unknown", "", recv, e)
		for i, a := range args {
			if i > 0 {
				op.filter("?", "=", a, in.pos(e))
			}
		}
		return result(op)
	}
	return nil
}

// placeholders is the text of a template with parameters for its values.
func placeholders(v *Val) string {
	var b strings.Builder
	n := 0
	for i, s := range v.Strs {
		b.WriteString(s)
		if i < len(v.Tmpl) {
			x := v.Tmpl[i]
			switch {
			case x != nil && x.IsStr && len(v.Strs) > 0 && v.Strs[0] == "" && i == 0:
				b.WriteString(x.Str)
			case x != nil && x.IsStr && (x.Lib == "" || x.Lib == "drizzle.col"):
				b.WriteString(x.Str)
			case x != nil && x.Lib == "drizzle.col":
				b.WriteString(strings.ToLower(snake(x.Name)))
				n++
				continue
			case x != nil && strings.HasPrefix(x.Lib, "drizzle.table:"):
				b.WriteString(strings.TrimPrefix(x.Lib, "drizzle.table:"))
			default:
				b.WriteString("$" + strconv.Itoa(i+1))
			}
		}
	}
	return b.String()
}

// sqlVal runs a tagged template.
func (in *interp) sqlVal(v, recv *Val, e *ir.Expr) *Val {
	return in.sqlText(v, nil, recv, e)
}

// sqlText runs a statement with its parameters.
func (in *interp) sqlText(text *Val, params []*Val, recv *Val, e *ir.Expr) *Val {
	s := text.Str
	if text.Lib == "sql.raw" {
		s = text.Name
	}
	var list []*Val
	if len(text.Tmpl) > 0 && (!text.IsStr || text.Lib == "sql.raw") {
		if text.Lib != "sql.raw" {
			s = placeholders(text)
		}
		list = text.Tmpl
	}
	stmt := sqltext.Parse(s)
	op := in.dbOp("sql", stmt.Verb, stmt.Table, recv, e)
	op.SQL, op.Text = stmt, s
	op.Lock = stmt.Lock
	op.Conflict = stmt.Conflict
	op.Select = append(stmt.Select, stmt.Return...)
	op.Limit = stmt.Limit
	if text.Pos.File != nil && len(text.Tmpl) == 0 && text.Pos.File != op.Pos.File {
		op.Header = "" // the text stands elsewhere
	}
	switch stmt.Verb {
	case "begin":
		if op.Conn != "" && op.Conn != "pool" {
			in.begun[op.Conn] = true
		}
		if strings.Contains(strings.ToLower(s), "serializable") {
			in.serial = true
		}
	case "commit", "rollback":
		delete(in.begun, op.Conn)
	}
	op.Tx = in.tx(op.Conn)
	if len(list) == 0 {
		for _, p := range params {
			if p.IsArr && p.Lib == "" {
				list = append(list, p.Elems...)
			} else {
				list = append(list, p)
			}
		}
	}
	in.bindSQL(op, list, in.pos(e))
	return result(op)
}

// bindSQL gives the parameters of a statement to its columns.
func (in *interp) bindSQL(op *Op, list []*Val, pos Pos) {
	s := op.SQL
	if s == nil {
		return
	}
	op.Filters, op.Writes = nil, nil
	if len(list) == 1 && list[0].IsArr && s.MaxParam > 1 {
		list = list[0].Elems
	}
	named := len(list) == 1 && list[0].Fields != nil
	param := func(n int) *Val {
		if n-1 < len(list) && n > 0 && list[n-1] != nil {
			return list[n-1]
		}
		if named {
			return list[0]
		}
		return &Val{}
	}
	value := func(nums []int, raw string) *Val {
		var v *Val
		for _, n := range nums {
			v = Join(v, param(n))
		}
		if v == nil {
			v = &Val{Name: raw}
		}
		return v
	}
	for _, c := range s.Conds {
		f := Filter{Col: c.Col, Op: c.Op, Or: c.Or, Pos: pos, Val: value(c.Params, c.Raw)}
		if len(c.Params) == 0 && len(c.Cols) > 1 {
			f.Op = "join"
		}
		op.Filters = append(op.Filters, f)
	}
	for _, w := range s.Sets {
		v := value(w.Params, w.Raw)
		wr := Write{Col: w.Col, Val: v, Relative: w.Relative, Minus: w.Minus, Pos: pos}
		if v.Pos.File != nil && len(w.Params) > 0 {
			wr.Pos = v.Pos
		}
		op.Writes = append(op.Writes, wr)
	}
	for _, c := range s.Calls {
		if op.Verb == "select" && op.Table == "" && c.Name != "set_config" && c.Name != "exists" {
			op.Verb, op.Table = "rpc", c.Name
			for i, n := range c.Params {
				op.Writes = append(op.Writes, Write{Col: "arg" + strconv.Itoa(i+1), Val: param(n), Pos: pos})
			}
		}
	}
	for _, sub := range s.Subs {
		if sub.Verb != "select" && sub.Verb != "" {
			for _, w := range sub.Sets {
				op.Writes = append(op.Writes, Write{Col: w.Col, Val: value(w.Params, w.Raw), Relative: w.Relative, Minus: w.Minus, Pos: pos})
			}
		}
	}
}

// scan gives the columns of a row to variables.
func (in *interp) scan(recv *Val, args []*Val, e *ir.Expr, scope *Scope) *Val {
	op := recv.Op
	cols := op.Select
	if op.SQL != nil && len(op.SQL.Return) > 0 {
		cols = op.SQL.Return
	}
	for i, a := range args {
		if a.Expr == nil {
			continue
		}
		path := ""
		if i < len(cols) {
			path = cols[i]
		}
		o := &Origin{Kind: DB, Path: path, Op: op, Pos: op.Pos}
		v := &Val{From: []*Origin{o}, Type: a.Type}
		if k := in.credential(op); k {
			v.From = append(v.From, &Origin{Kind: Session, Path: path, Pos: op.Pos, Op: op})
		}
		in.assignTo(a.Expr, v, scope)
	}
	return &Val{From: []*Origin{{Kind: opOrigin(op), Path: "#err", Op: op, Pos: op.Pos}}}
}

// credential tells whether a query looks a session or key up by what the
// caller presented.
func (in *interp) credential(op *Op) bool { return op.Credential() }

var ownerish = regexp.MustCompile(`^(user|account|owner|tenant|org|organi[sz]ation|team|workspace|company|member|customer|profile)_?(id|uuid)$`)

// Credential tells whether a query is a look-up by a cookie or bearer token:
// what it finds is the caller.
func (op *Op) Credential() bool {
	if op.Kind != OpDB || op.Verb != "select" && op.Verb != "update" && op.Verb != "rpc" {
		return false
	}
	for _, f := range op.Filters {
		if f.Val != nil && f.Val.Has(Cookie) && !ownerish.MatchString(f.Col) {
			return true
		}
	}
	if op.Verb == "rpc" {
		for _, w := range op.Writes {
			if w.Val != nil && w.Val.Has(Cookie) {
				return true
			}
		}
	}
	return false
}
