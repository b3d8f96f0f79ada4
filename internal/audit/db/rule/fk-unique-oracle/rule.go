// Package fkuniqueoracle is the rule fk-unique-oracle.
package fkuniqueoracle

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "fk-unique-oracle",
		Engine: "db",
		Title:  "A unique key over all tenants answers questions about the others.",
		Why: "An error, or the row count of ON CONFLICT DO NOTHING, tells whether somebody else has " +
			"the value.",
		Fix:      "Put the tenant into the key.",
		Severity: finding.Medium,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-204"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if k := p.Oracle(r); k != nil {
			f := p.Finding(
				"fk-unique-oracle",
				r,
				finding.Medium,
				"key "+k.Name+" tells whether another tenant has a value",
				"insert",
			)
			f.Key, f.Actors = k.Name, []string{"another tenant"}
			p.Add(f)
		}
	}
}
