// Package storagepolicy is the rule storage-policy.
package storagepolicy

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "storage-policy",
		Engine: "db",
		Title:  "A policy on files asks for less than the folder.",
		Why: "Files of all customers lie in one table; bucket, a prefix without a slash or the wrong " +
			"part of the path does not tell them apart.",
		Fix:      "Compare (storage.foldername(name))[1] with the caller's id or his tenant's.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) { p.Judged("storage-policy") }
