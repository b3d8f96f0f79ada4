// Package storagepolicy is the rule storage-policy.
package storagepolicy

import (
	"github.com/tijorihq/tijori/internal/audit/db/cond"
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

func find(p *pass.Pass) {
	p.Judged("storage-policy")
	objects := p.Schema.ByName("storage.objects")
	if objects == nil || !p.Model.Supabase {
		return
	}
	for _, pol := range objects.Policies { // files that a policy guards and an address gives away
		if pol.Command != "r" && pol.Command != "*" {
			continue
		}
		for _, b := range p.Model.Judge("authenticated").Using(pol) {
			for _, a := range b {
				if a.Kind == cond.Gate && p.Schema.Buckets[a.Value] && b.Tied() {
					f := p.Finding(
						"storage-policy",
						objects,
						finding.High,
						"bucket "+a.Value+" is public: its files need no policy to be read",
						"select",
					)
					f.Key, f.Actors, f.Place = a.Value, []string{"anonymous"}, p.PolicyPlace(pol, -1)
					p.Add(f)
				}
			}
		}
	}
}
