// Package realtimepublication is the rule realtime-publication.
package realtimepublication

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/load"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "realtime-publication",
		Engine: "db",
		Title:  "A publication carries rows that no policy guards.",
		Why: "Subscribers get every change of a published table that has row-level security off; a " +
			"login with REPLICATION reads everything.",
		Fix: "Enable row-level security, publish named tables and columns, and keep REPLICATION to " +
			"workers.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-862"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	all := map[string]bool{}
	for _, x := range p.Schema.Published {
		r := p.Schema.Relation(x.Relation)
		if r == nil || !p.Own(r) {
			continue
		}
		if x.All && !all[x.Name] && p.UsesPolicies() {
			all[x.Name] = true
			p.Add(
				finding.Finding{
					Rule:     "realtime-publication",
					Object:   x.Name,
					Severity: finding.Medium,
					Verbs:    []string{"select"},
					Title:    "publication " + x.Name + " carries all tables, guarded ones included",
					Place:    p.Load.Place(load.Publication, uint32(x.OID), false, -1),
				},
			)
		}
		if !x.All && !r.RLS && p.Model.Supabase && x.Name == "supabase_realtime" && p.Model.Tied(r) {
			f := p.Finding(
				"realtime-publication",
				r,
				finding.High,
				"every subscriber gets the changes of "+r.FullName(),
				"select",
			)
			f.Place = p.Load.Mentioning(r.Name, "ALTER PUBLICATION", "CREATE PUBLICATION")
			p.Add(f)
		}
	}
	for _, a := range p.Model.Acting {
		x := p.Schema.Role(a.Role)
		serves := slices.ContainsFunc(p.Schema.Relations, func(r *catalog.Relation) bool {
			v, _ := p.Reach(r)
			return a.Primary && len(v) > 0 && p.Privs.Some(a.Role, r, v[0])
		})
		if x != nil && x.Replication && x.Login && serves && p.UsesPolicies() {
			p.Add(
				finding.Finding{
					Rule:     "realtime-publication",
					Object:   a.Role,
					Severity: finding.High,
					Verbs:    []string{"select"},
					Actors:   []string{"signed in"},
					Title:    "login " + a.Role + " serves requests and may read the whole write-ahead log",
					Place:    p.Load.Mentioning(a.Role, "ALTER ROLE", "ALTER USER", "CREATE ROLE"),
				},
			)
		}
	}
}
