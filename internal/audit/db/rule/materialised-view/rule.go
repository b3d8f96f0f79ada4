// Package materialisedview is the rule materialised-view.
package materialisedview

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "materialised-view",
		Engine: "db",
		Title:  "A materialised view shows what policies hide.",
		Why: "No policy applies to a materialised view; default privileges and GRANT ON ALL TABLES " +
			"reach it.",
		Fix: "Keep it in a schema that requests do not reach, behind a view that filters by the " +
			"caller.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-862"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		q := p.Model.Reader.View(r)
		if r.Kind != "m" || q == nil || !p.Own(r) || !p.Keyed(q) || !p.ReadsOwned(q) {
			continue
		}
		verbs, visitor := p.Reach(r)
		if !slices.Contains(verbs, "select") {
			continue
		}
		f := p.Finding(
			"materialised-view",
			r,
			finding.High,
			"no policy guards the materialised view "+r.FullName(),
			"select",
		)
		f.Actors = []string{pass.Actor(visitor)}
		f.Patch = "revoke select on " + r.SQL() + " from public;"
		p.Add(f)
	}
}
