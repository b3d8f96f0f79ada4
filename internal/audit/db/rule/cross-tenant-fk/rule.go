// Package crosstenantfk is the rule cross-tenant-fk.
package crosstenantfk

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "cross-tenant-fk",
		Engine: "db",
		Title:  "A row of one tenant can hang on a row of another.",
		Why:    "Totals, cascades and joins follow the foreign key across the border.",
		Fix: "Carry the tenant in the key: FOREIGN KEY (tenant, parent) REFERENCES parents (tenant, " +
			"id).",
		Severity: finding.Low,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-639", "CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.CrossKeys() }
