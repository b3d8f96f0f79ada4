// Package insertwithouttenantcheck is the rule insert-without-tenant-check.
package insertwithouttenantcheck

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "insert-without-tenant-check",
		Engine: "db",
		Title:  "Rows can be planted with another tenant.",
		Why: "The new row's author is bound, its tenant is not: entries, messages or charges appear in " +
			"somebody else's account.",
		Fix:      "Bind every column of the new row that names a tenant to the caller's membership.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("insert-without-tenant-check") }
