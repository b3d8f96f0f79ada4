// Package viewownerrights is the rule view-owner-rights.
package viewownerrights

import (
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "view-owner-rights",
		Engine: "db",
		Title:  "A view passes by the policies of its tables.",
		Why: "A view reads and writes with its owner's rights unless it says security_invoker; CREATE " +
			"OR REPLACE resets that.",
		Fix: "alter view … set (security_invoker = true), or filter by the caller in the view and " +
			"revoke writing.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		q := p.Model.Reader.View(r)
		if r.Kind != "v" || r.Invoker || q == nil || !p.Own(r) {
			continue
		}
		for _, a := range p.Model.Acting {
			if a.Primary {
				look(p, r, q, a)
			}
		}
	}
}

func look(p *pass.Pass, r *catalog.Relation, q *cond.Query, a *model.Actor) {
	if !p.PassesBy(r, q, a.Role) {
		return
	}
	var verbs []string
	open := p.Court.ViewOpen(q, a.Role)
	if open && p.Keyed(q) && p.Privs.Some(a.Role, r, "select") {
		verbs = append(verbs, "select")
	}
	if open && r.Updatable {
		for _, v := range []string{"update", "delete"} {
			if p.Privs.Some(a.Role, r, v) {
				verbs = append(verbs, v)
			}
		}
	}
	if r.Insertable && p.Privs.Some(a.Role, r, "insert") && p.CanInsert(r, q, a.Role) {
		verbs = append(verbs, "insert")
	}
	if len(verbs) == 0 {
		return
	}
	f := p.Finding(
		p.ViewRule(r, q),
		r,
		finding.High,
		"view "+r.FullName()+" passes by the policies of its tables",
		verbs...)
	if !open {
		f.Severity, f.Title = finding.Medium, "rows that view "+r.FullName()+" would not show can be written through it"
	}
	if len(verbs) == 1 && verbs[0] == "select" && p.Court.CardView(q) {
		f.Severity, f.Title = finding.Low, "view "+r.FullName()+" shows everybody a few columns of all people"
	}
	f.Actors = []string{pass.Actor(a.Visitor)}
	f.Patch = "alter view " + r.SQL() + " set (security_invoker = true);"
	p.Add(f)
}
