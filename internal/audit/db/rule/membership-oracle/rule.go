// Package membershiporacle is the rule membership-oracle.
package membershiporacle

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "membership-oracle",
		Engine:   "db",
		Title:    "A function tells strangers who belongs to what.",
		Why:      "It answers about any pair of person and tenant, not only about the caller.",
		Fix:      "Take the person from the token, not from an argument.",
		Severity: finding.Medium,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-204"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, f := range p.Schema.Functions {
		callers := p.Callers(f)
		if !f.Definer || f.Trigger || f.Extension || len(callers) == 0 || !p.Model.Reachable(f.Schema) ||
			f.ReturnType != 16 ||
			len(f.Args) < 2 ||
			p.Asks(f) {
			continue
		}
		if p.AnswersAbout(f) {
			out := p.FunctionFinding(
				"membership-oracle",
				f,
				finding.Medium,
				f.Identity+" answers about any person and tenant",
			)
			out.Actors = []string{pass.Actor(pass.Visitors(callers))}
			p.Add(out)
		}
	}
}
