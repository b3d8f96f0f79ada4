// Package invertedcheck is the rule inverted-check.
package invertedcheck

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "inverted-check",
		Engine: "db",
		Title:  "A policy passes when the caller is nobody, or somebody else.",
		Why: "A null identity, a <> or an ELSE true opens the rows to visitors. A real leak of billing " +
			"addresses came this way.",
		Fix: "Compare for equality and let null fail: no null branch, no coalesce to the row's own " +
			"column, ELSE false.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863", "CWE-697"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("inverted-check") }
