// Package publicshare is the rule public-share.
package publicshare

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "public-share",
		Engine: "db",
		Title:  "A link that exists opens the row to everybody.",
		Why: "The policy asks whether a row was shared, not whether the caller presents the link; or " +
			"it follows a parent that is public.",
		Fix:      "Compare with the secret that the caller presents, through a function or a header.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863", "CWE-639"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("public-share") }
