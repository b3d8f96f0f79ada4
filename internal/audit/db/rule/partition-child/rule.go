// Package partitionchild is the rule partition-child.
package partitionchild

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "partition-child",
		Engine:   "db",
		Title:    "A partition or inheriting table is reachable by its own name.",
		Why:      "The parent's policies count for queries of the parent only; its parts are open.",
		Fix:      "Enable row-level security on the part, or revoke the grants on it.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-862"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		parent := p.Guardian(r)
		if r.RLS || parent == nil || !p.Own(r) || !p.Model.Tied(r) {
			continue
		}
		verbs, visitor := p.Reach(r)
		if len(verbs) == 0 {
			continue
		}
		f := p.Finding(
			"partition-child",
			r,
			finding.High,
			"the policies of "+parent.FullName()+" do not guard "+r.FullName()+" when it is asked by its own name",
			verbs...)
		f.Actors = []string{pass.Actor(visitor)}
		f.Patch = "alter table " + r.SQL() + " enable row level security;"
		p.Add(f)
	}
}
