// Package deleteorwritebylowerrole is the rule delete-or-write-by-lower-role.
package deleteorwritebylowerrole

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "delete-or-write-by-lower-role",
		Engine:   "db",
		Title:    "A lower role writes what it should only read.",
		Why:      "A policy without FOR counts for all commands, and a comparison of ranks begins too low.",
		Fix:      "Write one policy for reading and one for writing, with the rank that may write.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("delete-or-write-by-lower-role")
	for _, r := range p.Schema.Relations {
		if !p.Own(r) || !r.Table() || !r.RLS {
			continue
		}
		for _, pol := range r.Policies {
			if verbs := p.LowestWrites(pol); len(verbs) > 0 &&
				!p.On(r.FullName(), verbs[0], "secret-readable-by-lower-role", "invitation-token-readable") {
				f := p.Finding(
					"delete-or-write-by-lower-role",
					r,
					finding.High,
					"the lowest rank writes "+r.FullName(),
					verbs...)
				f.Key, f.Actors, f.Place = pol.Name, []string{"a lower role"}, p.PolicyPlace(pol, -1)
				p.Add(f)
			}
		}
	}
}
