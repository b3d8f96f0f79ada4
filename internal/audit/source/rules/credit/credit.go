// Package credit finds credits, quotas and counters that are read, decided on
// and written back without anything that keeps two requests apart.
package credit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// Rules of this package.
var Rules = []*rule.Rule{{
	Rule: finding.Rule{
		ID: "credit-read-then-write", Engine: "source", Severity: finding.High,
		Title: "A balance is read, decided on and written back; requests in between overwrite each other",
		Why:   "Parallel requests read the same balance and all of them pass: a hundred requests are paid with the credits of one, and what the provider of the work charges is yours.",
		Fix:   "Let one statement decide and write: UPDATE … SET credits = credits - n WHERE id = … AND credits >= n, and go on only when a row came back. Or read with FOR UPDATE inside of a transaction on one connection. Take before the work, give back when it fails.",
		ASVS:  []string{"15.4.2"}, CWE: []string{"CWE-367"},
	},
	Check: check,
}}

func check(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Client {
			continue
		}
		for _, w := range e.Ops {
			if w.Kind != flow.OpDB || w.Verb != "update" && w.Verb != "upsert" && w.Verb != "insert" || w.Serial {
				continue
			}
			if w.Verb == "insert" {
				counted(p, e, w)
				continue
			}
			for _, col := range w.Writes {
				if col.Relative {
					checkedThenTaken(p, e, w, col)
				} else {
					writtenBack(p, e, w, col)
				}
			}
		}
	}
}

// reads are the queries from which a value comes, with the column.
func reads(v *flow.Val, col string) (list []*flow.Origin) {
	for _, o := range v.Origins() {
		switch {
		case (o.Kind == flow.DB || o.Kind == flow.Session) && o.Op != nil && o.Op.Kind == flow.OpDB &&
			o.Op.Verb != "update" && o.Op.Verb != "insert":
			list = append(list, o)
		case o.Kind == flow.Session && last(o) == col && col != "id":
			list = append(list, o)
		}
	}
	return list
}

func last(o *flow.Origin) string {
	name := o.Last()
	return strings.ToLower(camel.ReplaceAllString(name, "${1}_$2"))
}

var camel = lazyregexp.New(`([a-z0-9])([A-Z])`)

func arithmetic(v *flow.Val) (any, minus bool) {
	if strings.HasPrefix(v.Name, "arith") {
		return true, strings.Contains(v.Name, "-")
	}
	for _, a := range v.Alts {
		if x, m := arithmetic(a); x {
			any, minus = true, minus || m
		}
	}
	return any, minus
}

func derived(v *flow.Val) bool {
	for _, o := range v.Origins() {
		if o.Derived && (o.Kind == flow.DB || o.Kind == flow.Session) {
			return true
		}
	}
	return false
}

// safe tells whether a lock or a comparison with the old value protects.
func safe(r, w *flow.Op) bool {
	if r == nil {
		return false
	}
	if r.Serial && w.Serial {
		return true
	}
	if r.Lock && r.Tx != "" && (w.Tx == r.Tx || w.Tx != "") {
		return true
	}
	for _, f := range w.Filters {
		if f.Val == nil || f.Op != "=" && f.Op != "eq" && f.Op != "match" {
			continue
		}
		for _, o := range f.Val.Origins() {
			if o.Op == r && last(o) == f.Col && f.Col != "id" && !strings.HasSuffix(f.Col, "_id") {
				return true
			}
		}
	}
	return advisory(r, w)
}

// advisory tells whether an advisory or table lock was taken before.
func advisory(r, w *flow.Op) bool {
	if w.Entry == nil {
		return false
	}
	for _, x := range w.Entry.Ops {
		if x.Seq >= w.Seq {
			break
		}
		if x.Kind == flow.OpDB && x.Lock && x.Tx != "" && x != r &&
			(x.SQL != nil && (x.Table == "" || x.Verb == "lock" || x.Verb == "rpc") || x.Table == w.Table) {
			return true
		}
	}
	return false
}

var order = map[string]bool{"<": true, ">": true, "<=": true, ">=": true}

// decided tells whether something was decided by a column of the row before.
func decided(w, r *flow.Op, col string, o *flow.Origin) (bool, int) {
	type cond struct {
		v      *flow.Val
		status int
	}
	var list []cond
	for _, g := range w.Guards {
		list = append(list, cond{g.Val, g.Status})
	}
	for _, x := range w.Entry.Ops { // refused inside of another condition: if (!pro) { if (credits < 1) … }
		if x.Kind == flow.OpIf && x.Seq < w.Seq && (r == nil || x.Seq > r.Seq) && x.Then.Done && x.Then.Fails() {
			list = append(list, cond{x.Val, x.Then.Status})
		}
	}
	for _, g := range list {
		for _, c := range g.v.AllCmps() {
			for _, x := range []*flow.Val{c.L, c.R} {
				if x == nil {
					continue
				}
				for _, y := range x.Origins() {
					same := r != nil && y.Op == r || r == nil && o != nil && y.Kind == o.Kind && y.Path == o.Path
					if same && (order[c.Op] || c.Op == "falsy" && rule.ValueCol.MatchString(col) && last(y) == col) &&
						(last(y) == col || y.Derived || y.Path == "" || r != nil && r.SQL != nil && r.SQL.Agg ||
							rule.ValueCol.MatchString(last(y))) {
						return true, g.status
					}
				}
			}
		}
	}
	return false, 0
}

func writtenBack(p *rule.Pass, e *flow.Entry, w *flow.Op, col flow.Write) {
	if col.Val == nil {
		return
	}
	any, minus := arithmetic(col.Val)
	if !any && !derived(col.Val) {
		return
	}
	if !any {
		return
	}
	for _, o := range reads(col.Val, col.Col) {
		r := o.Op
		if r != nil && (r.Seq >= w.Seq && r.Entry == w.Entry) {
			continue
		}
		if r != nil && r.Table != w.Table && r.Table != "" && w.Table != "" && last(o) != col.Col {
			continue
		}
		if p := last(o); o.Path != "" && p != col.Col && !(r != nil && r.SQL != nil && r.SQL.Agg) &&
			col.Col != strings.ReplaceAll(p, "_", "") {
			continue
		}
		if safe(r, w) {
			continue
		}
		dec, _ := decided(w, r, col.Col, o)
		if !dec && !minus && !(rule.ValueCol.MatchString(col.Col) && !rule.Webhook(e)) {
			continue // a counter that nothing depends on
		}
		if !dec && !rule.ValueCol.MatchString(col.Col) {
			continue
		}
		report(p, e, r, w, col, o, "written back as a number computed here")
		return
	}
}

// checkedThenTaken finds UPDATE … SET c = c - n without a condition on c,
// after a decision on what was read.
func checkedThenTaken(p *rule.Pass, e *flow.Entry, w *flow.Op, col flow.Write) {
	for _, f := range w.Filters {
		if f.Col == col.Col {
			return
		}
	}
	if !col.Minus && !rule.ValueCol.MatchString(col.Col) {
		return
	}
	if nonNegative(p, w.Table, col.Col) && col.Minus {
		return
	}
	for _, r := range e.Ops {
		if r.Seq >= w.Seq {
			break
		}
		if r.Kind != flow.OpDB || r.Verb != "select" && r.Verb != "rpc" || safe(r, w) {
			continue
		}
		if r.Table != w.Table && !r.Credential() {
			continue
		}
		if dec, _ := decided(w, r, col.Col, nil); dec {
			report(p, e, r, w, col, nil, "changed after the decision, without the condition in the statement")
			return
		}
	}
}

func nonNegative(p *rule.Pass, table, col string) bool {
	re, err := regexp.Compile(`(?i)\b` + regexp.QuoteMeta(col) + `\b[^,;]{0,60}check\s*\(\s*` +
		regexp.QuoteMeta(col) + `\s*>=\s*0`)
	if err != nil {
		return false
	}
	for name, text := range p.Text {
		if strings.HasSuffix(name, ".sql") && strings.Contains(text, table) && re.MatchString(text) {
			return true
		}
	}
	return false
}

// counted finds rows that are counted against a limit before one more is
// added.
func counted(p *rule.Pass, e *flow.Entry, w *flow.Op) {
	if w.Conflict != "" || w.Tx != "" && e.Kind == "function" {
		return
	}
	for _, r := range e.Ops {
		if r.Seq >= w.Seq {
			break
		}
		if r.Kind != flow.OpDB || r.Verb != "select" || r.Table != w.Table || r.Table == "" || safe(r, w) ||
			r.Credential() {
			continue
		}
		agg := r.SQL != nil && r.SQL.Agg || slices.Contains(r.Select, "count") || r.Name == "count"
		var conds []*flow.Val
		for _, g := range w.Guards {
			conds = append(conds, g.Val)
		}
		for _, x := range e.Ops {
			if x.Kind == flow.OpIf && x.Seq < w.Seq && x.Seq > r.Seq && x.Then.Done && x.Then.Fails() {
				conds = append(conds, x.Val)
			}
		}
		for _, v := range conds {
			for _, c := range v.AllCmps() {
				if !order[c.Op] {
					continue
				}
				for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
					for _, o := range pair[0].Origins() {
						// how many there are, compared with a number or a limit
						if o.Op != r || !(agg || o.Last() == "count" || o.Last() == "length" || o.Derived) {
							continue
						}
						if pair[1].Has(flow.Clock) {
							continue
						}
						if n := pair[1].Num; n == "0" || n == "1" {
							continue
						}
						report(p, e, r, w, flow.Write{Col: "rows", Pos: w.Pos}, o,
							"one more is added after they were counted")
						return
					}
				}
			}
		}
	}
}

func report(p *rule.Pass, e *flow.Entry, r, w *flow.Op, col flow.Write, o *flow.Origin, how string) {
	at := rule.Site(w)
	if at == w.Pos && col.Pos.File != nil && col.Pos.File == w.Pos.File {
		at = col.Pos
	}
	fn := rule.Fn(w)
	title := fmt.Sprintf("%s.%s is read, then %s; parallel requests all pass", w.Table, col.Col, how)
	key := w.Table + "." + col.Col + "@" + fn
	if r != nil && r.Lock {
		at = r.Pos
		title = fmt.Sprintf("FOR UPDATE on %s locks nothing: the statements run on different connections of a pool, or outside of a transaction", r.Table)
		key = "lock:" + key
	}
	if !p.Once(fmt.Sprintf("%s:%s:%s", at.File.Path, fn, w.Table)) {
		return
	}
	h := rule.Hit{At: at, Entry: e, Title: title, Key: key}
	if r != nil {
		h.Way = []finding.Place{rule.Place(rule.Site(r), "read here")}
		for _, g := range w.Guards {
			for _, y := range g.Val.Implied() {
				if y.Op == r && len(h.Way) == 1 {
					h.Way = append(h.Way, rule.Place(g.Pos, "decided here"))
				}
			}
		}
		h.Way = append(h.Way, rule.Place(at, "written here"))
	} else if o != nil {
		h.Way = rule.Way(o, at, "written here")
	}
	h.Fix = fix(w)
	p.Report(h)
}

func fix(w *flow.Op) string {
	switch w.Flavor {
	case "supabase":
		return "Move the decision into a database function called by rpc(): UPDATE … SET c = c - n WHERE … AND c >= n RETURNING c. Call it before the work and give back when the work fails."
	case "prisma":
		return "updateMany({ where: { id, credits: { gte: n } }, data: { credits: { decrement: n } } }) and go on only when count is 1; before the work, given back when it fails."
	case "drizzle":
		return "update(t).set({ c: sql`${t.c} - ${n}` }).where(and(eq(…), gte(t.c, n))).returning(), or .for('update') on the read inside of the transaction."
	case "kysely":
		return "updateTable(t).set({ c: sql`c - ${n}` }).where('c', '>=', n) in one statement, or forUpdate() on the read inside of a transaction."
	case "knex":
		return "knex(t).where('c', '>=', n).decrement('c', n) in one statement, or forUpdate() on the read inside of a transaction."
	}
	return ""
}
