// Package invitationtokenreadable is the rule invitation-token-readable.
package invitationtokenreadable

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "invitation-token-readable",
		Engine: "db",
		Title:  "Invitations can be read by others than the invited.",
		Why: "The token lets its bearer join; whoever reads it joins in his place, often as an " +
			"administrator.",
		Fix: "Keep a hash, look invitations up in a function that takes the token, and let only " +
			"administrators list them.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-522", "CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("invitation-token-readable")
	for _, r := range p.Schema.Relations { // any member, where a rank exists
		if !p.Own(r) || !r.Table() || !r.RLS || !p.Court.Invitation(r) {
			continue
		}
		for _, pol := range r.Policies {
			if verbs := p.Unranked(pol); len(verbs) > 0 {
				f := p.Finding(
					"invitation-token-readable",
					r,
					finding.High,
					"every member of a tenant reads and makes invitations",
					verbs...)
				f.Key, f.Actors, f.Place = pol.Name, []string{"a lower role"}, p.PolicyPlace(pol, -1)
				p.Add(f)
			}
		}
	}
}
