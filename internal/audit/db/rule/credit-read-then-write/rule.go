// Package creditreadthenwrite is the rule credit-read-then-write.
package creditreadthenwrite

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "credit-read-then-write",
		Engine:   "db",
		Title:    "A function reads a figure, decides, and writes without a lock.",
		Why:      "Two calls at once read the same figure, and both succeed.",
		Fix:      "One conditional UPDATE, or SELECT … FOR UPDATE before the decision.",
		Severity: finding.High,
		ASVS:     []string{"15.4.2"},
		CWE:      []string{"CWE-362", "CWE-367"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, f := range p.Schema.Functions {
		if f.Language != "plpgsql" || f.Extension || pass.Platform(f.Schema) || len(p.Callers(f)) == 0 && !f.Trigger {
			continue
		}
		if r := p.ReadThenWrite(f); r != nil {
			out := p.FunctionFinding(
				"credit-read-then-write",
				f,
				finding.High,
				f.Identity+" decides on a figure of "+r.FullName()+" that another call may change",
			)
			out.Actors = []string{"signed in"}
			p.Add(out)
		}
	}
}
