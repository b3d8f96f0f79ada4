// Package billingtablewritable is the rule billing-table-writable.
package billingtablewritable

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "billing-table-writable",
		Engine: "db",
		Title:  "Members write what decides about money.",
		Why: "Credits, seats, subscriptions or customer ids are written by those who benefit from " +
			"them.",
		Fix:      "Let the server alone write them; grant the harmless columns.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-269", "CWE-840"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.OwnRows("billing-table-writable") }
