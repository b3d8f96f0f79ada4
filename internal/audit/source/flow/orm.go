package flow

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
)

var prismaVerbs = map[string]string{
	"findMany": "select", "findUnique": "select", "findFirst": "select", "findUniqueOrThrow": "select",
	"findFirstOrThrow": "select",
	"count":            "select", "aggregate": "select", "groupBy": "select", "create": "insert",
	"createMany":          "insert",
	"createManyAndReturn": "insert",
	"update":              "update", "updateMany": "update", "updateManyAndReturn": "update", "upsert": "upsert",
	"delete": "delete", "deleteMany": "delete",
}

var prismaOnly = map[string]bool{
	"findMany": true, "findUnique": true, "findFirst": true, "findUniqueOrThrow": true, "findFirstOrThrow": true,
	"createMany": true, "updateMany": true, "deleteMany": true,
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

// drizzle models db.select().from(t), db.update(t), db.insert(t), db.delete(t).
func (in *interp) drizzle(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	a := arg(args, 0)
	table := tableName(a)
	if name == "select" || name == "selectDistinct" {
		// Drizzle's select takes nothing or an object of columns, and from() follows
		if recv.Op == nil && (len(args) == 0 || a.Fields != nil) && configured(recv) && recv.Lib != "" &&
			!strings.HasPrefix(recv.Lib, "global") {
			op := in.dbOp("drizzle", "select", "", recv, e)
			op.Select = append(op.Select, a.Order...)
			for _, k := range a.Order {
				if x := a.Fields[k]; x != nil &&
					(x.Name == "count" || x.Lib == "sql.raw" && strings.Contains(strings.ToLower(x.Name), "count(")) {
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

// configured tells whether a handle comes from nothing but settings.
func configured(v *Val) bool {
	return !slices.ContainsFunc(v.From, func(o *Origin) bool { return o.Kind != Env })
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
	shape := a.Fields != nil &&
		(a.Fields["where"] != nil || a.Fields["data"] != nil || a.Fields["create"] != nil ||
			a.Fields["select"] != nil ||
			a.Fields["orderBy"] != nil || a.Fields["take"] != nil || a.Fields["include"] != nil)
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
	op.Limit = name == "findUnique" || name == "findFirst" || name == "findUniqueOrThrow" ||
		name == "findFirstOrThrow" || field(a, "take") != nil
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
		case "equals", "in", "not", "gt", "gte", "lt", "lte", "contains", "startsWith", "endsWith", "has", "mode",
			"search", "notIn":
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

var entityManager = lazyregexp.New(`(?i)^(entity)?_?manager$|^em$`)

// spoken is what an expression calls an entity: invoice of Invoice, of invoice_1.default and of getRepository(Invoice).
func spoken(e *ir.Expr) string {
	switch {
	case e.Kind == ir.Member && e.Name == "default" && e.X != nil:
		return strings.TrimSuffix(e.X.Name, "_1")
	case e.Kind == ir.Call && len(e.List) == 1 && e.X != nil && e.X.Name == "getRepository":
		return spoken(e.List[0])
	}
	return e.Name
}

var mongoVerbs = map[string]string{
	"findById": "select", "findOne": "select", "findOneAndUpdate": "update", "findByIdAndUpdate": "update",
	"updateOne":  "update",
	"updateMany": "update", "deleteOne": "delete", "findByIdAndDelete": "delete", "findOneAndDelete": "delete",
	"insertOne": "insert", "insertMany": "insert", "replaceOne": "update",
	"findBy": "select", "findOneBy": "select", "findOneByOrFail": "select", "findByPk": "select",
	"findOneOrFail": "select", "countDocuments": "select",
}

func (in *interp) mongo(recv *Val, name string, args []*Val, e *ir.Expr) *Val {
	verb := mongoVerbs[name]
	if verb == "" || recv.Op != nil {
		return nil
	}
	a := arg(args, 0)
	table := recv.Name
	if table == "||" || table == "??" || table == "&&" { // models.User || model("User", …)
		table = ""
	}
	if (table == "" || table == "default") && e.X != nil && e.X.X != nil {
		table = spoken(e.X.X)
	}
	if entityManager.MatchString(table) && len(args) > 1 && a.Fields == nil && len(e.List) > 1 {
		table, args = spoken(e.List[0]), args[1:] // TypeORM: manager.findOneBy(Invoice, {…})
		a = arg(args, 0)
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
					op.Writes = append(op.Writes, Write{
						Col: strings.ToLower(snake(c)), Val: x.Fields[c],
						Relative: true, Minus: x.Fields[c] != nil && strings.HasPrefix(x.Fields[c].Num, "-"), Pos: pos,
					})
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
