// Package adminofanytenant is the rule admin-of-any-tenant.
package adminofanytenant

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "admin-of-any-tenant",
		Engine: "db",
		Title:  "A right in any tenant counts for all tenants.",
		Why: "Whoever opens an account of his own is its owner, and with that the owner of everybody " +
			"else's rows.",
		Fix:      "Correlate the membership with the row's tenant.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("admin-of-any-tenant") }
