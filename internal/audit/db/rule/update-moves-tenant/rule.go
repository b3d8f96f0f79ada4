// Package updatemovestenant is the rule update-moves-tenant.
package updatemovestenant

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "update-moves-tenant",
		Engine: "db",
		Title:  "An update moves rows between tenants.",
		Why: "What USING or WITH CHECK leaves free can be changed: rows are taken over, or handed to " +
			"somebody else.",
		Fix:      "Bind the tenant in USING and in WITH CHECK.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("update-moves-tenant") }
