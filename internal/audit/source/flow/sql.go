package flow

import (
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/sqltext"
)

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

var sqlMethods = map[string]bool{
	"query": true, "execute": true, "exec": true, "run": true, "get": true, "all": true, "one": true, "any": true,
	"none": true, "oneOrNone": true,
	"many": true, "manyOrNone": true, "raw": true, "unsafe": true, "prepare": true, "batch": true,
	"queryObject": true, "queryArray": true,
	"Exec": true, "ExecContext": true, "Query": true, "QueryContext": true, "QueryRow": true, "QueryRowContext": true,
	"Get": true, "Select": true,
	"GetContext": true, "SelectContext": true, "QueryRowx": true, "Queryx": true, "QueryxContext": true,
	"QueryRowxContext": true, "NamedExec": true, "NamedExecContext": true, "MustExec": true,
	"Prepare": true, "PrepareContext": true, "Raw": true, "Queue": true, "first": true, "values": true,
	"$queryRawUnsafe": true, "$executeRawUnsafe": true,
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
		if strings.EqualFold(strings.TrimSuffix(strings.TrimSpace(a.Str), ";"), "begin") ||
			strings.EqualFold(a.Str, "commit") || strings.EqualFold(a.Str, "rollback") {
			return in.sqlText(a, nil, recv, e)
		}
	}
	// a statement that is not known here: asTenant(sql)
	if (name == "query" || name == "Query" || name == "QueryContext" || name == "unsafe" || name == "Exec" ||
		name == "ExecContext" || name == "QueryRow" || name == "QueryRowContext") && connOf(recv) != "" &&
		len(args) > 0 {
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
				op.Writes = append(op.Writes,
					Write{Col: w.Col, Val: value(w.Params, w.Raw), Relative: w.Relative, Minus: w.Minus, Pos: pos})
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

var ownerish = lazyregexp.New(`^(user|account|owner|tenant|org|organi[sz]ation|team|workspace|company|member|customer|profile)_?(id|uuid)$`)

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
