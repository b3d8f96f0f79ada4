// Package secdefsqlinjection is the rule secdef-sql-injection.
package secdefsqlinjection

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "secdef-sql-injection",
		Engine:   "db",
		Title:    "An argument is pasted into a statement.",
		Why:      "The caller writes the rest of the statement, which runs with the owner's rights.",
		Fix:      "Use EXECUTE … USING for values and format with %I for names.",
		Severity: finding.High,
		ASVS:     []string{"1.2.4"},
		CWE:      []string{"CWE-89"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, f := range p.Schema.Functions {
		callers := p.Callers(f)
		if f.Language != "plpgsql" || f.Trigger || f.Extension || len(callers) == 0 || !p.Model.Reachable(f.Schema) {
			continue
		}
		if arg := p.Pasted(f); arg != "" {
			s := finding.High
			if !f.Definer {
				s = finding.Low
			}
			out := p.FunctionFinding("secdef-sql-injection", f, s, f.Identity+" pastes "+arg+" into a statement")
			out.Actors = []string{pass.Actor(pass.Visitors(callers))}
			p.Add(out)
		}
	}
}
