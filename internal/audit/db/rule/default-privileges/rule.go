// Package defaultprivileges is the rule default-privileges.
package defaultprivileges

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "default-privileges",
		Engine: "db",
		Title:  "Future tables are granted away, or several tenants share a grant.",
		Why: "A default privilege reaches every later table, and a grant to a group reaches all its " +
			"logins.",
		Fix:      "Grant to each tenant's login what is its own, and to PUBLIC nothing.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-732"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, g := range p.TenantSchemas() {
		for _, a := range p.Model.Acting {
			var verbs, affects []string
			var object *catalog.Relation
			schemas := map[string]bool{}
			for _, r := range g {
				for _, v := range verdict.Verbs {
					if p.Privs.Some(a.Role, r, v) {
						schemas[r.Schema] = true
						verbs = pass.Union(verbs, []string{v})
						affects = append(affects, r.FullName()+" "+v)
						object = r
					}
				}
			}
			if len(schemas) < 2 || !a.Primary || p.Model.Supabase {
				continue
			}
			f := p.Finding(
				"default-privileges",
				object,
				finding.High,
				"logins of several tenants reach each other's schemas",
				verbs...)
			f.Affects, f.Actors = affects, []string{"another tenant"}
			if i := slices.IndexFunc(p.Schema.Grants,
				func(d catalog.DefaultGrant) bool { return d.Schema == object.Schema }); i >= 0 {
				if at := p.Load.Place(load.DefaultACL, uint32(p.Schema.Grants[i].OID), false, -1); at.File != "" {
					f.Place = at
				}
			}
			p.Add(f)
		}
	}
	for _, g := range p.Schema.Grants {
		if g.Grantee != "public" || g.Kind != "r" || pass.Platform(g.Schema) ||
			!p.Model.Reachable(g.Schema) && g.Schema != "" {
			continue
		}
		f := finding.Finding{
			Rule:     "default-privileges",
			Object:   g.Schema,
			Severity: finding.High,
			Verbs:    []string{strings.ToLower(g.Privilege)},
			Title:    "every future table of schema " + g.Schema + " is granted to PUBLIC",
			Actors:   []string{"anonymous"},
		}
		f.Place = p.Load.Place(load.DefaultACL, uint32(g.OID), false, -1)
		p.Add(f)
	}
}
