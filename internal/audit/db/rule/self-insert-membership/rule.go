// Package selfinsertmembership is the rule self-insert-membership.
package selfinsertmembership

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "self-insert-membership",
		Engine: "db",
		Title:  "People can make themselves members.",
		Why: "The policy binds the person, not the tenant or the rank: anybody joins any customer, as " +
			"whatever he likes.",
		Fix: "Let a function of the server add members from an invitation; grant only harmless columns " +
			"for updates.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("self-insert-membership") }
