package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

// goSQL models database/sql, pgx and sqlx.
func (in *interp) goSQL(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	l := recv.Lib
	// a handle that is embedded in a struct of the program
	if l == "" && recv.Type != nil {
		for _, f := range recv.Type.fields() {
			if f.Embedded {
				ref := in.p.typeRef(f.Type, recv.Type.File, in.p.moduleOf(recv.Type.File))
				if x := libOfType(ref); strings.HasPrefix(x, "sql.") || strings.HasPrefix(x, "pgx.") {
					recv = &Val{Lib: x}
					l = x
				}
			}
		}
	}
	switch name {
	case "Begin", "BeginTx", "Beginx", "BeginTxx", "MustBegin":
		if connOf(recv) != "" || strings.HasPrefix(l, "sql.") || strings.HasPrefix(l, "pgx.") {
			in.goSerial(args)
			return &Val{Lib: "sql.Tx", Conn: in.newConn("tx")}
		}
	case "Conn", "Acquire":
		if connOf(recv) == "pool" {
			return &Val{Lib: "sql.Conn", Conn: in.newConn("client")}
		}
	case "Commit", "Rollback":
		if strings.HasPrefix(connOf(recv), "tx:") {
			return &Val{}
		}
	case "CollectRows":
		return arg(args, 0)
	case "Scan", "StructScan", "Next", "Close", "Err", "RowsAffected", "LastInsertId":
		if recv.Op != nil && recv.Op.Kind == OpDB {
			return nil
		}
		for _, o := range recv.From {
			if (o.Kind == DB || o.Kind == Session) && o.Op != nil && o.Op.Kind == OpDB {
				if name == "Scan" || name == "StructScan" {
					return in.scan(&Val{Op: o.Op}, args, e, scope)
				}
				return &Val{From: []*Origin{{Kind: DB, Path: "#rows", Op: o.Op, Pos: o.Op.Pos}}}
			}
		}
	}
	if sqlMethods[name] {
		v := in.sqlCall(recv, name, args, e)
		if v != nil && v.Op != nil &&
			(name == "Get" || name == "Select" || name == "GetContext" || name == "SelectContext") {
			for _, a := range args {
				if a.Expr != nil {
					in.assignTo(a.Expr, &Val{Op: v.Op, Type: a.Type}, scope)
					break
				}
			}
		}
		return v
	}
	return nil
}

func (in *interp) goSerial(args []*Val) {
	for _, a := range args {
		for _, k := range a.Order {
			x := a.Fields[k]
			if strings.Contains(strings.ToLower(x.Lib+x.Name+x.Str), "serializable") {
				in.serial = true
			}
		}
	}
}

// gorm models GORM's chain.
func (in *interp) gorm(recv *Val, name string, args []*Val, e *ir.Expr, scope *Scope) *Val {
	a := arg(args, 0)
	pos := in.pos(e)
	chain := func() *Val {
		c := *recv
		c.Lib = "gorm.chain"
		c.Conds = slices.Clone(recv.Conds)
		return &c
	}
	conds := func(c *Val, list []*Val) {
		if len(list) == 0 {
			return
		}
		q := list[0]
		if q.IsStr {
			op := &Op{}
			in.rawConds(op, &Val{Name: q.Str, Tmpl: list[1:]}, pos)
			c.Conds = append(c.Conds, op.Filters...)
			return
		}
		if q.Fields != nil {
			for _, k := range q.Order {
				c.Conds = append(c.Conds, Filter{Col: strings.ToLower(snake(k)), Op: "=", Val: q.Fields[k], Pos: pos})
			}
			return
		}
		c.Conds = append(c.Conds, Filter{Col: "id", Op: "=", Val: q, Pos: pos})
	}
	tableOf := func(v *Val) string {
		if recv.Name != "" && recv.Lib == "gorm.chain" {
			return recv.Name
		}
		if v != nil && v.Type != nil {
			t := v.Type
			if t.Name == "[]" && len(t.Type.Args) > 0 {
				t = in.p.typeRef(t.Type.Args[0], t.File, in.p.moduleOf(t.File))
			}
			if t != nil {
				return strings.ToLower(snake(t.Named())) + "s"
			}
		}
		return ""
	}
	run := func(verb string, target *Val, extra []*Val) *Op {
		c := chain()
		conds(c, extra)
		op := in.dbOp("gorm", verb, tableOf(target), recv, e)
		op.Filters = c.Conds
		op.Lock = recv.Str == "lock"
		op.Conflict = map[bool]string{true: "nothing"}[recv.Num == "conflict"]
		return op
	}
	switch name {
	case "WithContext", "Session", "Debug", "Unscoped", "Order", "Limit", "Offset", "Preload", "Joins", "Group",
		"Having", "Select", "Omit", "Table", "Model", "Scopes", "Distinct":
		c := chain()
		if name == "Model" {
			c.Name = tableOf(a)
			if a.From != nil || a.Fields != nil {
				if id := in.member(a, "ID", pos); len(id.From) > 0 {
					c.Conds = append(c.Conds, Filter{Col: "id", Op: "=", Val: id, Pos: pos})
				}
			}
		}
		if name == "Table" {
			c.Name = a.Str
		}
		if name == "Scopes" {
			for _, x := range args {
				if x.Fn != nil {
					if r := in.callback(x, []*Val{c}, e); r != nil && len(r.Conds) > 0 {
						c = r
					}
				}
			}
		}
		return c
	case "Clauses":
		c := chain()
		for _, x := range args {
			if s := field(x, "Strength"); s != nil && strings.Contains(strings.ToUpper(s.Str), "UPDATE") {
				c.Str = "lock"
			}
			if x.Fields["DoNothing"] != nil {
				c.Num = "conflict"
			}
		}
		return c
	case "Where", "Or", "Not":
		c := chain()
		n := len(c.Conds)
		conds(c, args)
		if name == "Or" {
			for i := n; i < len(c.Conds); i++ {
				c.Conds[i].Or = true
			}
		}
		return c
	case "First", "Take", "Last", "Find", "Scan", "Pluck", "Count":
		op := run("select", a, args[min(1, len(args)):])
		if a.Expr != nil {
			in.assignTo(a.Expr, &Val{Op: op, Type: a.Type}, scope)
		}
		return &Val{Op: op, Lib: "gorm.result"}
	case "Create", "Save", "FirstOrCreate":
		verb := map[string]string{"Create": "insert", "Save": "update", "FirstOrCreate": "upsert"}[name]
		op := run(verb, a, nil)
		op.writes(a, pos)
		op.Data = a
		return &Val{Op: op, Lib: "gorm.result"}
	case "Update", "UpdateColumn":
		op := run("update", nil, nil)
		op.write(a.Str, arg(args, 1), pos)
		return &Val{Op: op, Lib: "gorm.result"}
	case "Updates", "UpdateColumns":
		op := run("update", a, nil)
		op.writes(a, pos)
		op.Data = a
		return &Val{Op: op, Lib: "gorm.result"}
	case "Delete":
		op := run("delete", a, args[min(1, len(args)):])
		return &Val{Op: op, Lib: "gorm.result"}
	case "Transaction":
		outer := in.serial
		in.goSerial(args)
		v := in.callback(a, []*Val{{Lib: "gorm", Conn: in.newConn("tx")}}, e)
		in.serial = outer
		return v
	case "Begin":
		return &Val{Lib: "gorm", Conn: in.newConn("tx")}
	case "Commit", "Rollback":
		return &Val{}
	case "Raw", "Exec":
		return in.sqlCall(recv, name, args, e)
	}
	return nil
}
