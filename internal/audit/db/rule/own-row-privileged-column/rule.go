// Package ownrowprivilegedcolumn is the rule own-row-privileged-column.
package ownrowprivilegedcolumn

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "own-row-privileged-column",
		Engine: "db",
		Title:  "People change columns of their own row that decide what they may do.",
		Why: "The row is theirs, but role, credits or plan in it are not: one update makes an " +
			"administrator or a paying customer.",
		Fix: "Grant UPDATE on the harmless columns only (after revoking it on the table), or guard the " +
			"others in a trigger.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-269", "CWE-915"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.OwnRows("own-row-privileged-column") }
