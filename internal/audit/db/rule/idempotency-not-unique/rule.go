// Package idempotencynotunique is the rule idempotency-not-unique.
package idempotencynotunique

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "idempotency-not-unique",
		Engine:   "db",
		Title:    "An event or invoice can be stored twice.",
		Why:      "Providers deliver events more than once; without a key each delivery grants again.",
		Fix:      "UNIQUE over the provider and its id, and INSERT … ON CONFLICT DO NOTHING.",
		Severity: finding.High,
		ASVS:     []string{"2.3.3"},
		CWE:      []string{"CWE-694", "CWE-837"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if c := p.Repeatable(r); c != nil {
			f := p.Finding(
				"idempotency-not-unique",
				r,
				finding.High,
				"the same "+c.Name+" can be stored in "+r.FullName()+" twice",
				"insert",
			)
			f.Key, f.Actors = c.Name, []string{"anonymous"}
			p.Add(f)
		}
	}
}
