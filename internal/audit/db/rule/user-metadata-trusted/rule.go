// Package usermetadatatrusted is the rule user-metadata-trusted.
package usermetadatatrusted

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "user-metadata-trusted",
		Engine: "db",
		Title:  "A right comes from data that its bearer writes.",
		Why: "user_metadata is written by the user at sign-up and at any later moment: he makes " +
			"himself teacher, administrator or member of a tenant.",
		Fix:      "Use app_metadata, or a table that only the server writes.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-639", "CWE-807"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	p.Judged("user-metadata-trusted")
	users := p.Schema.ByName("auth.users")
	if users == nil {
		return
	}
	for _, t := range users.Triggers {
		f := p.Schema.Function(t.Function)
		if f == nil {
			continue
		}
		for table, cols := range p.FromUserMetadata(f) {
			out := p.FunctionFinding("user-metadata-trusted", f, finding.High,
				"sign-up copies "+pass.Quoted(cols)+" of "+table.FullName()+" from what the user says about himself")
			out.Verbs, out.Affects = []string{"insert"}, []string{table.FullName() + " insert"}
			p.Add(out)
		}
	}
}
