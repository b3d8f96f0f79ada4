// Package ownerconnection is the rule owner-connection.
package ownerconnection

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "owner-connection",
		Engine: "db",
		Title:  "Requests come as the owner of the tables.",
		Why: "Policies do not bind a table's owner, nor a login that inherits from him, unless " +
			"row-level security is forced.",
		Fix:      "Let requests use a login that owns nothing, or ALTER TABLE … FORCE ROW LEVEL SECURITY.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1", "13.2.2"},
		CWE:      []string{"CWE-250"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, a := range p.Model.Acting {
		p.OwnerFinding(a.Role)
	}
}
