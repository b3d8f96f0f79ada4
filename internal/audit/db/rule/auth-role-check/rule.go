// Package authrolecheck is the rule auth-role-check.
package authrolecheck

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "auth-role-check",
		Engine: "db",
		Title:  "A policy asks for a role instead of the person.",
		Why: "Every customer carries the same role, so the policy lets each of them reach the rows of " +
			"the others.",
		Fix:      "Compare the row with the caller; name the role in the TO clause.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("auth-role-check") }
