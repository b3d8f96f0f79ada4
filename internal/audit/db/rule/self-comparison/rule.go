// Package selfcomparison is the rule self-comparison.
package selfcomparison

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "self-comparison",
		Engine: "db",
		Title:  "A condition compares a column with itself.",
		Why: "A bare name binds to the innermost table, and a parameter loses to a column: the check " +
			"is always true.",
		Fix:      "Qualify the names: outer_table.column, function_name.parameter.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863", "CWE-697"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("self-comparison") }
