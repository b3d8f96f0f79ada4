// Package selecttrue is the rule select-true.
package selecttrue

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "select-true",
		Engine: "db",
		Title:  "A policy shows private rows to everybody.",
		Why: "Whoever has the public key of the project, or an account of his own, reads the rows of " +
			"all customers.",
		Fix:      "Compare the row with the caller: his id, or his membership in the row's tenant.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("select-true") }
