// Package remedy writes down changes of a schema that may stop an attack. It
// only proposes: whoever asks applies a proposal to the scratch copy, repeats
// the attack, and keeps the first that stops it and still lets people work.
package remedy

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// For lists what may mend a finding, the best first.
func For(p *pass.Pass, f *finding.Finding) []string {
	var out []string
	add := func(parts ...string) {
		if s := strings.Join(parts, "\n"); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	r := p.Schema.ByName(f.Object)
	if x := function(p, f.Object); x != nil {
		ofFunction(p, f, x, add)
		return out
	}
	if r == nil {
		if f.Rule == "bypassrls-in-request-path" {
			add("alter role " + catalog.Quote(f.Object) + " nobypassrls;")
		}
		return out
	}
	w := &writer{p: p}
	switch f.Rule {
	case "rls-off", "partition-child", "owner-connection", "default-privileges", "materialised-view":
		ofTable(w, f, r, add)
	case "view-owner-rights", "view-without-barrier":
		add(f.Patch)
		add("revoke insert, update, delete on " + r.SQL() + " from " + w.roles(true) + ";")
	case "own-row-privileged-column", "billing-table-writable", "self-insert-membership":
		ofColumns(w, f, r, add)
	case "invitation-token-readable", "secret-readable-by-lower-role":
		secrets(w, r, add)
	case "cross-tenant-fk":
		add(w.wholeKey(r, f.Key))
	default:
		add(f.Patch)
	}
	ofPolicy(w, f, r, add)
	return out
}

func function(p *pass.Pass, identity string) *catalog.Function {
	i := slices.IndexFunc(p.Schema.Functions, func(x *catalog.Function) bool { return x.Identity == identity })
	if i < 0 {
		return nil
	}
	return p.Schema.Functions[i]
}

func ofFunction(p *pass.Pass, f *finding.Finding, x *catalog.Function, add func(...string)) {
	w := &writer{p: p}
	add(f.Patch)
	kind := "function "
	if x.Kind == "p" {
		kind = "procedure "
	}
	if x.Definer && f.Rule != "secdef-search-path" {
		add("alter " + kind + x.Identity + " security invoker;")
	}
	if f.Rule != "secdef-search-path" {
		add("-- nobody but the server calls it then\nrevoke execute on " + kind + x.Identity + " from " +
			w.roles(true) +
			";")
	}
}

// ofTable guards a table that nothing guards.
func ofTable(w *writer, f *finding.Finding, r *catalog.Relation, add func(...string)) {
	revoke := "revoke all on " + r.SQL() + " from " + w.roles(true) + ";"
	if r.Kind == "m" || r.Kind == "v" {
		add(revoke)
		return
	}
	if f.Rule == "partition-child" {
		add(revoke) // its parent answers
	}
	guard := "alter table " + r.SQL() + " enable row level security;"
	if slices.ContainsFunc(w.p.Model.Acting, func(a *actor) bool {
		return w.p.Schema.Member(a.Role, r.Owner, true)
	}) {
		guard += "\nalter table " + r.SQL() + " force row level security;"
	}
	if f.Rule == "owner-connection" {
		add(guard)
	}
	if c := w.condition(r); c != "" {
		add(guard, "create policy "+catalog.Quote(r.Name+"_own")+" on "+r.SQL()+" for all to "+w.roles(false)+
			"\n  using ("+c+")\n  with check ("+c+");")
	}
	add("-- the server alone reaches it then\n" + revoke)
}

// ofColumns leaves people the columns that decide nothing.
func ofColumns(w *writer, f *finding.Finding, r *catalog.Relation, add func(...string)) {
	bad := map[string]bool{}
	for _, o := range w.p.OwnColumns[f] {
		if o.Relation == r {
			bad[o.Column.Name] = true
		}
	}
	for _, verb := range []string{"update", "insert"} {
		if !slices.Contains(f.Verbs, verb) {
			continue
		}
		var left []string
		for _, c := range r.Columns {
			key := r.InKey(c.Num) || w.p.Model.Isolating(r, c.Num)
			if bad[c.Name] || c.Generated || verb == "update" && key || len(bad) == 0 {
				continue
			}
			if slices.ContainsFunc(w.p.Model.Acting, func(a *actor) bool {
				return a.Primary && w.p.Privs.Column(a.Role, r, verb, c.Num)
			}) {
				left = append(left, catalog.Quote(c.Name))
			}
		}
		sql := "revoke " + verb + " on " + r.SQL() + " from " + w.roles(true) + ";"
		if len(left) > 0 {
			add(sql, "grant "+verb+" ("+strings.Join(left, ", ")+") on "+r.SQL()+" to "+w.roles(false)+";")
		}
		add("-- the server alone does it then\n" + sql)
	}
}

// ofPolicy narrows the policy at fault to the caller's rows. What it asked
// before it still asks, so that nothing opens.
func ofPolicy(w *writer, f *finding.Finding, r *catalog.Relation, add func(...string)) {
	i := slices.IndexFunc(r.Policies, func(x *catalog.Policy) bool { return x.Name == f.Key })
	if i < 0 {
		return
	}
	pol := r.Policies[i]
	name := catalog.Quote(pol.Name) + " on " + r.SQL()
	if f.Rule == "policy-left-over" || f.Rule == "permissive-instead-of-restrictive" {
		add("drop policy " + name + ";")
	}
	c := w.condition(r)
	if c == "" {
		return
	}
	also := func(old string) string {
		if old == "" || old == "true" {
			return c
		}
		return "(" + old + ")\n    and (" + c + ")"
	}
	alter := "alter policy " + name
	if pol.Command != "a" {
		alter += "\n  using (" + also(pol.UsingText) + ")"
	}
	if pol.Command == "a" || pol.CheckText != "" {
		alter += "\n  with check (" + also(pol.CheckText) + ")"
	}
	add(alter + ";")
	if f.Rule != "policy-left-over" {
		add("drop policy " + name + ";")
	}
}

// secrets leaves people every column but those that hold secrets.
func secrets(w *writer, r *catalog.Relation, add func(...string)) {
	var left []string
	for _, c := range r.Columns {
		if !w.p.Court.Secret(r, c) {
			left = append(left, catalog.Quote(c.Name))
		}
	}
	if len(left) == 0 || len(left) == len(r.Columns) {
		return
	}
	add("revoke select on "+r.SQL()+" from "+w.roles(true)+";",
		"grant select ("+strings.Join(left, ", ")+") on "+r.SQL()+" to "+w.roles(false)+";")
}
