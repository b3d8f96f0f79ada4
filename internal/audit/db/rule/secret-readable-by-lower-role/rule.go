// Package secretreadablebylowerrole is the rule secret-readable-by-lower-role.
package secretreadablebylowerrole

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "secret-readable-by-lower-role",
		Engine:   "db",
		Title:    "Passwords, hashes or tokens stand in rows that colleagues read.",
		Why:      "Whoever reads a colleague's row reads his hash, second factor or token with it.",
		Fix:      "Grant SELECT on the other columns only, or move the secrets to a table of their own.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1", "14.2.6"},
		CWE:      []string{"CWE-522"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if !p.Own(r) || !r.Table() || !r.RLS || p.Court.Invitation(r) {
			continue
		}
		cols := p.SharedSecrets(r)
		if len(cols) == 0 {
			continue
		}
		f := p.Finding(
			"secret-readable-by-lower-role",
			r,
			finding.High,
			"colleagues read "+pass.Quoted(cols)+" of "+r.FullName(),
			p.SecretVerbs(r)...)
		f.Actors = []string{"a lower role"}
		p.Add(f)
	}
}
