// Package viewwithoutbarrier is the rule view-without-barrier.
package viewwithoutbarrier

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "view-without-barrier",
		Engine:   "db",
		Title:    "A caller's function runs before the view's filter.",
		Why:      "PostgreSQL runs a cheap function first; it sees the rows that the view was to hide.",
		Fix:      "create view … with (security_barrier).",
		Severity: finding.Medium,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-200"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		q := p.Model.Reader.View(r)
		if r.Kind != "v" || r.Invoker || r.Barrier || q == nil || p.Model.Supabase || q.Aggregates || q.Grouped ||
			!p.Own(r) {
			continue
		}
		for _, a := range p.Model.Acting {
			if p.Privs.Some(a.Role, r, "select") && p.PassesBy(r, q, a.Role) && !p.Court.ViewOpen(q, a.Role) {
				f := p.Finding(
					"view-without-barrier",
					r,
					finding.Medium,
					"view "+r.FullName()+" filters with its owner's rights but without a barrier",
					"select",
				)
				f.Actors = []string{"signed in"}
				f.Patch = "alter view " + r.SQL() + " set (security_barrier);"
				p.Add(f)
			}
		}
	}
}
