// Package anyloggedin is the rule any-logged-in.
package anyloggedin

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "any-logged-in",
		Engine: "db",
		Title:  "A policy asks only whether somebody is signed in.",
		Why: "Anybody can sign up; with that alone he reads or changes the rows of all customers. A " +
			"date or another filler in the condition narrows nothing.",
		Fix:      "Compare the row with the caller instead of asking whether there is one.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("any-logged-in") }
