// Package balancewithoutcheck is the rule balance-without-check.
package balancewithoutcheck

import (
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "balance-without-check",
		Engine:   "db",
		Title:    "A balance may go below zero.",
		Why:      "No CHECK stops a charge that was decided on an old figure.",
		Fix:      "check (balance >= 0).",
		Severity: finding.Medium,
		ASVS:     []string{"2.3.3"},
		CWE:      []string{"CWE-840"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if c := p.Unbounded(r); c != nil {
			f := p.Finding(
				"balance-without-check",
				r,
				finding.Medium,
				c.Name+" of "+r.FullName()+" may go below zero",
				"update",
			)
			f.Key, f.Actors = c.Name, []string{"signed in"}
			f.Patch = "alter table " + r.SQL() + " add check (" + pass.Quoted([]*catalog.Column{c}) + " >= 0);"
			p.Add(f)
		}
	}
}
