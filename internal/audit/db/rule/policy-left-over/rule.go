// Package policyleftover is the rule policy-left-over.
package policyleftover

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "policy-left-over",
		Engine:   "db",
		Title:    "An open policy stands beside the one that isolates.",
		Why:      "Policies are joined by OR: one that is open, left from a prototype, undoes all others.",
		Fix:      "Drop the open policy under its real name.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("policy-left-over") }
