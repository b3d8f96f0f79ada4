// Package permissiveinsteadofrestrictive is the rule permissive-instead-of-restrictive.
package permissiveinsteadofrestrictive

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "permissive-instead-of-restrictive",
		Engine: "db",
		Title:  "The policy that isolates tenants is joined by OR.",
		Why: "Permissive policies widen each other. The one that should hold for all commands holds " +
			"for none of those that another opens.",
		Fix:      "Write the isolating policy AS RESTRICTIVE FOR ALL.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("permissive-instead-of-restrictive") }
