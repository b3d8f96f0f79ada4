package attack

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// callers are personas for functions: one of each kind.
func (a *Attacker) callers() []*Persona {
	var out []*Persona
	seen := map[string]bool{}
	for _, p := range a.Personas {
		k := fmt.Sprint(p.Actor.Role, p.Nobody, p.Context == nil)
		if p.Former || p.Extra != nil || seen[k] || p.Context != nil && p.Context.Rank != "" {
			continue
		}
		seen[k] = true
		out = append(out, p)
	}
	for _, actor := range a.Model.Acting { // a request that has said nothing yet
		if !actor.Visitor && !a.Model.Supabase {
			out = append(
				out,
				&Persona{
					Who:    "a request as " + actor.Role + " that has said nothing yet",
					Actor:  actor,
					Nobody: true,
				},
			)
		}
	}
	return out
}

var platform = []string{"auth", "storage", "realtime", "extensions", "tijori_audit"}

func (a *Attacker) functions(ctx context.Context) {
	for _, f := range a.Model.Schema.Functions {
		if f.Trigger || f.Extension || f.Kind != "f" && f.Kind != "p" || slices.Contains(platform, f.Schema) ||
			!a.Model.Reachable(f.Schema) {
			continue
		}
		for _, p := range a.callers() {
			if a.Privs.Execute(p.Actor.Role, f) && !a.tired(f.Identity) {
				a.Reached[f.Identity] = true
				a.call(ctx, p, f)
			}
			if a.late() {
				return
			}
		}
	}
}

// arguments are combinations for a call, the other tenant's identifiers first.
func (a *Attacker) arguments(p *Persona, f *catalog.Function) [][]string {
	lists := make([][]string, len(f.Args))
	for i, arg := range f.Args {
		lists[i] = a.meant(p, f, arg)
		if lists[i] == nil {
			lists[i] = a.values(p, arg.Type)
		}
	}
	out := [][]string{{}}
	for i := range lists {
		var next [][]string
		for j := range lists[i] { // short lists vary slowest, so that all of them get a turn
			for _, prefix := range out {
				if len(next) < 4000 {
					next = append(next, append(slices.Clone(prefix), lists[i][j]))
				}
			}
		}
		out = next
	}
	if len(out) > 60 { // spread over all of them
		step := len(out) / 60
		var some [][]string
		for i := 0; i < len(out) && len(some) < 60; i += step {
			some = append(some, out[i])
		}
		return some
	}
	return out
}

// meant are the values of the column that a function's body compares with an
// argument or stores it in, the other tenant's first; nil when there is none.
func (a *Attacker) meant(p *Persona, f *catalog.Function, arg catalog.Arg) []string {
	t := a.Model.Schema.BaseType(arg.Type)
	if arg.Name == "" || t.OID != 2950 && t.Category != "N" && t.Category != "S" {
		return nil
	}
	code := strings.ToLower(strings.Join(strings.Fields(f.Body), " "))
	name := regexp.QuoteMeta(strings.ToLower(arg.Name))
	var out []string
	for _, r := range a.Model.Schema.Relations {
		if !r.Table() || !strings.Contains(code, strings.ToLower(r.Name)) {
			continue
		}
		for _, c := range r.Columns {
			ct := a.Model.Schema.BaseType(c.Type)
			isKey := a.Model.Isolating(r, c.Num) || len(r.Refers(c.Num)) > 0 ||
				r.InKey(c.Num) && (t.Category != "S" || a.referred(r, c.Num))
			if !isKey || ct.OID != t.OID && ct.Category != t.Category || !a.uses(code, r, c, name) {
				continue
			}
			for _, x := range []*seed.Context{a.Seeder.B, p.Context} {
				if x == nil {
					continue
				}
				v, ok := x.Value(a.Model.Class(r, c.Num))
				if row := x.Rows[r]; !ok && row != nil && row.Values[c.Name] != nil {
					v, ok = fmt.Sprint(row.Values[c.Name]), true
				}
				if ok && !slices.Contains(out, catalog.Literal(v)+"::"+t.Name) {
					out = append(out, catalog.Literal(v)+"::"+t.Name)
				}
			}
		}
	}
	if out != nil && t.Category == "N" {
		out = append(out, "1::"+t.Name, "(-5)::"+t.Name)
	}
	return out
}

// uses says whether a body compares a column with an argument, or stores the
// argument in it.
func (a *Attacker) uses(code string, r *catalog.Relation, c *catalog.Column, arg string) bool {
	col := regexp.QuoteMeta(strings.ToLower(c.Name))
	if lazyregexp.New(`(?:^|[\s.("])` + col + `"? ?= ?(?:\w+\.)?"?` + arg + `"?(?:\W|$)`).MatchString(code) {
		return true
	}
	m := lazyregexp.New(`insert into (?:"?[\w$]+"?\.)?"?` + regexp.QuoteMeta(strings.ToLower(r.Name)) +
		`"? ?\(([^)]*)\) ?(?:values ?\(|select )([^;]*)`).
		FindStringSubmatch(code)
	if m == nil {
		return false
	}
	values := strings.Split(m[2], ",")
	for i, n := range strings.Split(m[1], ",") {
		if i < len(values) && strings.Trim(strings.TrimSpace(n), `"`) == strings.ToLower(c.Name) &&
			lazyregexp.New(`(?:^|\W)`+arg+`(?:\W|$)`).MatchString(values[i]) {
			return true
		}
	}
	return false
}

// values are candidates for an argument of a type.
func (a *Attacker) values(p *Persona, oid int) []string {
	t := a.Model.Schema.BaseType(oid)
	var out []string
	add := func(v ...string) {
		for _, s := range v {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	typ := func(v string) string { return catalog.Literal(v) + "::" + t.Name }
	keys := func() {
		for _, v := range a.keysOf(a.Seeder.B, oid) {
			add(typ(v))
		}
		if p.Context != nil {
			for _, v := range a.keysOf(p.Context, oid)[:min(2, len(a.keysOf(p.Context, oid)))] {
				add(typ(v))
			}
		}
	}
	switch {
	case t.OID == 16:
		add("true", "false")
	case t.OID == 2950:
		keys()
		add(typ("00000000-0000-4000-8000-000000000000"))
	case t.Category == "N":
		keys()
		add("1::"+t.Name, "(-5)::"+t.Name)
	case t.Kind == "e":
		for _, l := range t.Labels {
			add(typ(l))
		}
	case t.Category == "S":
		keys()
		add(typ(seed.Secret("a")), typ("%"), typ(""))
	case t.Category == "D":
		add(typ("2020-01-01 00:00:00"))
	case t.OID == 3802 || t.OID == 114:
		add(typ("{}"))
	default:
		add("null::" + t.Name)
	}
	return out[:min(len(out), 12)]
}

// keysOf are identifiers of a tenant that others may know: keys that other
// rows refer to, but no text that might be a secret.
func (a *Attacker) keysOf(x *seed.Context, oid int) []string {
	t := a.Model.Schema.BaseType(oid)
	var out []string
	add := func(v string) {
		if v != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	match := func(c *catalog.Column) bool {
		ct := a.Model.Schema.BaseType(c.Type)
		return ct.OID == t.OID || ct.Category == "N" && t.Category == "N" || ct.Category == "S" && t.Category == "S"
	}
	var places []string
	values := map[string]string{}
	for c, v := range x.Values {
		col := c.Relation.Column(c.Column)
		if col != nil && match(col) && (t.Category != "S" || a.Model.Isolating(c.Relation, c.Column)) {
			k := c.Relation.FullName() + "." + col.Name
			places = append(places, k)
			values[k] = v
		}
	}
	slices.Sort(places)
	for _, k := range places {
		add(values[k])
	}
	for _, row := range a.Seeder.Rows {
		k := row.Relation.Primary()
		if row.Letter != x.Letter || k == nil || len(k.Columns) != 1 || row.Kind != "main" {
			continue
		}
		c := row.Relation.Column(k.Columns[0])
		if c == nil || !match(c) || t.Category == "S" && !a.referred(row.Relation, c.Num) {
			continue
		}
		add(strings.Trim(fmt.Sprint(row.Values[c.Name]), `"`))
	}
	return out[:min(len(out), 9)]
}

func (a *Attacker) referred(r *catalog.Relation, n int) bool {
	return slices.ContainsFunc(a.Model.Schema.Relations, func(t *catalog.Relation) bool {
		return slices.ContainsFunc(
			t.Foreign,
			func(f *catalog.Foreign) bool { return f.Target == r.OID && slices.Contains(f.Targets, n) },
		)
	})
}

func invoke(f *catalog.Function, args []string) string {
	call := f.SQL() + "(" + strings.Join(args, ", ") + ")"
	switch {
	case f.Kind == "p":
		return "call " + call
	case f.ReturnsSet:
		return "select * from " + call + " limit 200"
	}
	return "select " + call
}

// touched are the tables whose rows a call may change.
func (a *Attacker) touched(f *catalog.Function) []*catalog.Relation {
	if f.Volatile != "v" {
		return nil
	}
	var out []*catalog.Relation
	body := strings.ToLower(f.Body)
	for _, r := range a.Model.Schema.Relations {
		if r.Table() && a.Model.Tied(r) && r.Kind == "r" && strings.Contains(body, strings.ToLower(r.Name)) {
			out = append(out, r)
		}
	}
	return out
}

func (a *Attacker) call(ctx context.Context, p *Persona, f *catalog.Function) {
	tables := a.touched(f)
	sets := strings.Contains(strings.ToLower(f.Body), "set_config")
	yes := map[string]string{}
	for _, args := range a.arguments(p, f) {
		sql := invoke(f, args)
		found := false
		a.as(ctx, p, "", func(tx pgx.Tx) {
			var before map[*catalog.Relation][]string
			if tables != nil {
				own(ctx, tx)
				before = a.snapshot(ctx, tx, tables)
				_, _ = tx.Exec(ctx, "set local role "+catalog.Quote(p.Actor.Role))
			}
			text, _, err := try(ctx, tx, sql)
			a.timed(f.Identity, err)
			if err != nil {
				return
			}
			yes[strings.Join(args, ",")] = strings.TrimSpace(text)
			h := Hit{Function: f, Verb: "execute", Persona: p, Steps: append(a.session(p), sql+";")}
			if w := a.news(text, args); w != "" {
				h.How, h.Saw, found = "read", lineWith(text, []string{w}), true
			}
			if sets {
				if opened, saw := a.opened(ctx, tx, p); len(opened) > 0 {
					h.How, h.Saw, h.Opened, found = "setting", saw, opened, true
					h.Steps = append(h.Steps, a.selectSQL(p, opened[0])+";")
				}
			}
			if before != nil && !found {
				own(ctx, tx)
				if saw := a.harmed(before, a.snapshot(ctx, tx, tables)); saw != "" {
					h.How, h.Saw, found = "change", saw, true
				}
			}
			if found {
				a.Hits = append(a.Hits, h)
			}
		})
		if found || a.late() || a.tired(f.Identity) {
			break
		}
	}
	a.oracle(p, f, yes)
	a.inject(ctx, p, f)
}

// news is a word of the other tenant in an answer that was not in the question.
func (a *Attacker) news(text string, args []string) string {
	asked := strings.Join(args, " ")
	for _, w := range a.Seeder.Seen(text, "b") {
		if !strings.Contains(asked, w) {
			return w
		}
	}
	return ""
}

// opened are relations that show the other tenant's rows now and did not before.
func (a *Attacker) opened(ctx context.Context, tx pgx.Tx, p *Persona) (out []*catalog.Relation, saw string) {
	for _, r := range a.relations(p, "select") {
		if r.Kind != "r" && r.Kind != "p" || len(a.sightsOf(p, r)) > 0 {
			continue
		}
		sql := a.selectSQL(p, r)
		if sql == "" {
			continue
		}
		text, _, err := try(ctx, tx, sql)
		if err != nil {
			continue
		}
		if seen := a.Seeder.Seen(text, "b"); len(seen) > 0 {
			out = append(out, r)
			if saw == "" {
				saw = lineWith(text, seen)
			}
		}
	}
	return out, saw
}

func (a *Attacker) sightsOf(p *Persona, r *catalog.Relation) []string {
	if s, ok := a.sights[p]; ok {
		return s[r]
	}
	for q, s := range a.sights {
		if q.Actor == p.Actor && q.Extra == nil && len(s[r]) > 0 && (q.Nobody || q.Context == nil) {
			return s[r]
		}
	}
	return nil
}

// harmed is a row of the other tenant that is gone or changed, or a new one
// that belongs to nobody else.
func (a *Attacker) harmed(before, after map[*catalog.Relation][]string) string {
	for r, rows := range before {
		for _, line := range rows {
			if len(a.Seeder.Seen(line, "b")) > 0 && !slices.Contains(after[r], line) {
				return "changed: " + cut(line)
			}
		}
		for _, line := range after[r] {
			if len(a.Seeder.Seen(line, "b")) == 0 || slices.Contains(rows, line) {
				continue
			}
			row := map[string]any{}
			if json.Unmarshal([]byte(line), &row) != nil {
				continue
			}
			person, tenant := 0, 0
			mine := false
			for _, c := range r.Columns {
				if !a.Model.Isolating(r, c.Num) || row[c.Name] == nil {
					continue
				}
				if len(a.Seeder.Seen(fmt.Sprint(row[c.Name]), "b")) == 0 {
					mine = true
				} else if a.Model.PersonColumn(r, c.Num) {
					person++
				} else {
					tenant++
				}
			}
			if tenant > 0 || person > 0 && !mine {
				return "new: " + cut(line)
			}
		}
	}
	return ""
}

// oracle finds a yes for the other tenant's pair and a no for a pair that does
// not belong together.
func (a *Attacker) oracle(p *Persona, f *catalog.Function, answers map[string]string) {
	if f.ReturnType != 16 || len(f.Args) < 2 || !f.Definer {
		return
	}
	no := slices.Contains(values(answers), "f")
	var keys []string
	for k := range answers {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	mine := ""
	if p.Context != nil {
		for _, v := range p.Context.Values {
			mine += " " + v
		}
	}
	for _, k := range keys {
		words := len(a.Seeder.Seen(k, "b"))
		if answers[k] == "t" && no && words >= 2 && len(a.Seeder.Seen(k, "a")) == 0 {
			sql := invoke(f, strings.Split(k, ","))
			a.Hits = append(
				a.Hits,
				Hit{
					Function: f,
					Verb:     "execute",
					How:      "oracle",
					Persona:  p,
					Steps:    append(a.session(p), sql+";"),
					Saw:      "t, and f for others",
				},
			)
			return
		}
	}
}

func values(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

var dynamic = lazyregexp.New(`(?i)\bexecute\b`)

// inject puts a division by zero where a value belongs; the error says that it
// was carried out.
func (a *Attacker) inject(ctx context.Context, p *Persona, f *catalog.Function) {
	if f.Language != "plpgsql" || !dynamic.MatchString(f.Body) {
		return
	}
	for i, arg := range f.Args {
		if a.Model.Schema.BaseType(arg.Type).Category != "S" {
			continue
		}
		for _, payload := range []string{`(select 1/0)`, `' || (1/0)::text || '`, `x' or 1/0 = 1 or 'x' = '`} {
			args := make([]string, 0, len(f.Args))
			for j, other := range f.Args {
				if j == i {
					args = append(args, catalog.Literal(payload)+"::text")
					continue
				}
				if j >= len(f.Args)-f.Defaults {
					break
				}
				args = append(args, a.values(p, other.Type)[0])
			}
			if len(args) <= i {
				continue
			}
			sql := invoke(f, args)
			hit := false
			a.as(ctx, p, "", func(tx pgx.Tx) {
				if _, _, err := try(ctx, tx, sql); sqlstate(err) == "22012" {
					hit = true
					a.Hits = append(
						a.Hits,
						Hit{
							Function: f,
							Verb:     "execute",
							How:      "inject",
							Persona:  p,
							Steps:    append(a.session(p), sql+";"),
							Saw:      "ERROR: division by zero: the argument was carried out",
						},
					)
				}
			})
			if hit {
				return
			}
		}
	}
}

// Shadow puts a temporary table in front of the one that a function means; the
// error about a missing column says that the function met it.
func (a *Attacker) Shadow(ctx context.Context, f *catalog.Function, table string) *Hit {
	for _, p := range a.callers() {
		if !a.Privs.Execute(p.Actor.Role, f) {
			continue
		}
		args := make([]string, 0, len(f.Args))
		for _, arg := range f.Args {
			args = append(args, a.values(p, arg.Type)[0])
		}
		sql := invoke(f, args)
		var hit *Hit
		a.as(ctx, p, "", func(tx pgx.Tx) {
			if _, _, err := try(ctx, tx, sql); sqlstate(err) == "42703" {
				return
			}
			make := "create temp table " + catalog.Quote(table) + " (nothing_of_the_kind int)"
			if _, _, err := try(ctx, tx, make); err != nil {
				return
			}
			_, _ = tx.Exec(ctx, "grant select on "+catalog.Quote(table)+" to public")
			if _, _, err := try(ctx, tx, sql); sqlstate(err) == "42703" {
				hit = &Hit{
					Function: f,
					Verb:     "execute",
					How:      "shadow",
					Persona:  p,
					Steps:    append(a.session(p), make+";", sql+";"),
					Saw:      err.Error(),
				}
			}
		})
		if hit != nil {
			return hit
		}
	}
	return nil
}
