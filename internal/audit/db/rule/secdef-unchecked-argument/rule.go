// Package secdefuncheckedargument is the rule secdef-unchecked-argument.
package secdefuncheckedargument

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "secdef-unchecked-argument",
		Engine: "db",
		Title:  "A function with its owner's rights trusts an identifier from its caller.",
		Why: "It passes by every policy, and its argument is never compared with the caller: anybody " +
			"reads or changes what he names.",
		Fix: "Take the identity from the token or setting, or compare the argument with it; or make " +
			"the function SECURITY INVOKER.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-639", "CWE-863"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, f := range p.Schema.Functions {
		callers := p.Callers(f)
		if !f.Definer || f.Trigger || f.Extension || len(callers) == 0 || !p.Model.Reachable(f.Schema) ||
			len(f.Args) == 0 ||
			pass.Platform(f.Schema) {
			continue
		}
		if why := p.Unchecked(f); why != "" {
			out := p.FunctionFinding("secdef-unchecked-argument", f, finding.High, f.Identity+" "+why)
			out.Actors = []string{pass.Actor(pass.Visitors(callers))}
			p.Add(out)
		}
	}
}
