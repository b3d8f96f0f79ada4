// Package bypassrlsinrequestpath is the rule bypassrls-in-request-path.
package bypassrlsinrequestpath

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/model"
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
	for _, a := range ways(p) {
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

// ways are the roles that requests take on, and other logins that a login of
// requests is a member of.
func ways(p *pass.Pass) []*model.Actor {
	out := slices.Clone(p.Model.Acting)
	for _, a := range p.Model.Acting {
		if !a.Primary || a.Role != a.Login {
			continue
		}
		for _, x := range p.Schema.Roles {
			if x.Bypass && x.Login && !x.System && x.Name != a.Login && p.Schema.Member(a.Login, x.Name, false) &&
				!slices.ContainsFunc(out, func(b *model.Actor) bool { return b.Role == x.Name && b.Login == a.Login }) {
				out = append(out, &model.Actor{Role: x.Name, Login: a.Login, Primary: true})
			}
		}
	}
	return out
}
