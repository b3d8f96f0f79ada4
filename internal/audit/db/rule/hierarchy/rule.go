// Package hierarchy is the rule hierarchy.
package hierarchy

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "hierarchy",
		Engine: "db",
		Title:  "A prefix or a path reaches beyond the subtree.",
		Why: "Without a separator the prefix of one branch is the prefix of its neighbour, and a " +
			"pattern in a value matches more than itself.",
		Fix:      "Compare for equality, or with starts_with and the separator.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("hierarchy")
	for _, f := range p.Schema.Functions {
		if f.Extension || !p.Climbs(f) {
			continue
		}
		for _, u := range p.Uses(f) {
			out := p.Finding(
				"hierarchy",
				u.Relation,
				finding.High,
				f.Identity+" walks the tree the wrong way",
				u.Verbs...)
			out.Affects, out.Place = []string{f.Identity + " execute"}, p.FunctionPlace(f)
			out.Actors = []string{"another tenant"}
			p.Add(out)
		}
	}
}
