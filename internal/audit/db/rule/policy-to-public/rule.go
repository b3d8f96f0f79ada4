// Package policytopublic is the rule policy-to-public.
package policytopublic

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "policy-to-public",
		Engine:   "db",
		Title:    "A policy without TO lets in roles that it was not written for.",
		Why:      "Without TO a policy counts for every role, visitors and further logins included.",
		Fix:      "Name the roles in TO, and compare in a way that null does not pass.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("policy-to-public") }
