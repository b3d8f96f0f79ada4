// Package bypassrlsinrequestpath is the rule bypassrls-in-request-path.
package bypassrlsinrequestpath

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:       "bypassrls-in-request-path",
		Engine:   "db",
		Title:    "A login that serves requests can pass by every policy.",
		Why:      "BYPASSRLS counts for the role itself and for everybody who may SET ROLE to it.",
		Fix:      "Take BYPASSRLS away, or the membership; give a support tool a view of its own.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1", "13.2.2"},
		CWE:      []string{"CWE-250"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	if !p.UsesPolicies() {
		return
	}
	for _, a := range p.Model.Acting {
		x := p.Schema.Role(a.Role)
		login := p.Schema.Role(a.Login)
		if x == nil || !x.Bypass || login == nil || !login.Login || a.Role == a.Login && !a.Primary ||
			p.Model.Supabase && a.Login == "authenticator" {
			continue
		}
		var verbs, affects []string
		for _, r := range p.Schema.Relations {
			for _, v := range verdict.Verbs {
				if r.RLS && p.Own(r) && p.Privs.Some(a.Role, r, v) {
					verbs = pass.Union(verbs, []string{v})
					affects = append(affects, r.FullName()+" "+v)
				}
			}
		}
		if len(verbs) == 0 {
			continue
		}
		f := finding.Finding{
			Rule:     "bypassrls-in-request-path",
			Object:   a.Login,
			Severity: finding.High,
			Verbs:    verbs,
			Affects:  affects,
			Title:    "login " + a.Login + " can act as " + a.Role + ", which no policy binds",
			Actors:   []string{"signed in"},
		}
		f.Place = p.Load.Mentioning(a.Login, "GRANT", "ALTER ROLE", "ALTER USER", "CREATE ROLE", "CREATE USER")
		p.Add(f)
	}
}
