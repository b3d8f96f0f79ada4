// Package softdeleteignored is the rule soft-delete-ignored.
package softdeleteignored

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "soft-delete-ignored",
		Engine:   "db",
		Title:    "An ended membership or link still counts.",
		Why:      "Whoever has left, or holds a revoked link, goes on reading.",
		Fix:      "Ask for the end wherever membership is asked for: left_at is null, expires_at > now().",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-613", "CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("soft-delete-ignored")
	p.Ended()
}
