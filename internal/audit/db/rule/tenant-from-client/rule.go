// Package tenantfromclient is the rule tenant-from-client.
package tenantfromclient

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "tenant-from-client",
		Engine:   "db",
		Title:    "The caller says to which tenant he belongs.",
		Why:      "A header, or a setting that a function sets from its argument, is chosen by the caller.",
		Fix:      "Use it only to narrow what membership allows.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-639", "CWE-807"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("tenant-from-client")
	for _, f := range p.Schema.Functions {
		callers := p.Callers(f)
		if len(callers) == 0 || f.Trigger || f.Extension || !p.Model.Reachable(f.Schema) {
			continue
		}
		for _, s := range p.SetsFromArgument(f) {
			tables := p.BoundOnlyBy(s)
			if len(tables) == 0 {
				continue
			}
			out := p.Finding("tenant-from-client", tables[0].Relation, finding.High,
				"the tenant is a setting that "+f.Identity+" takes from its caller", tables[0].Verbs...)
			out.Affects = []string{f.Identity + " execute"}
			for _, t := range tables[1:] {
				for _, v := range t.Verbs {
					out.Affects = append(out.Affects, t.Relation.FullName()+" "+v)
				}
			}
			out.Place = p.FunctionPlace(f)
			p.Add(out)
		}
	}
}
