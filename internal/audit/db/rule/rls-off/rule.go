// Package rlsoff is the rule rls-off.
package rlsoff

import (
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "rls-off",
		Engine: "db",
		Title:  "Row-level security is off where requests reach a table.",
		Why: "Nothing stands between the public key, or any login of the application, and the rows of " +
			"all customers.",
		Fix: "Enable row-level security and add policies that bind the rows to the caller; or revoke " +
			"the grants.",
		Severity: finding.High,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-862"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, r := range p.Schema.Relations {
		if r.RLS || !r.Table() || !p.Own(r) || p.Guardian(r) != nil || r.Partition && partitioned(p, r) {
			continue
		}
		verbs, visitor := p.Reach(r)
		if len(verbs) == 0 || !p.UsesPolicies() && !p.Model.Supabase && !p.SharedLogins(r) || p.TenantSchema(r) {
			continue
		}
		write := slices.ContainsFunc(verbs, func(v string) bool { return v != "select" })
		if !p.Model.Tied(r) && !p.SharedLogins(r) && !(p.Model.Supabase && write) {
			continue
		}
		if len(verbs) == 1 && verbs[0] == "insert" && !p.Plants(r) {
			continue
		}
		f := p.Finding("rls-off", r, finding.High, "row-level security is off for "+r.FullName(), verbs...)
		f.Actors = []string{pass.Actor(visitor)}
		f.Patch = "alter table " + r.SQL() + " enable row level security;"
		p.Add(f)
	}
}

// partitioned says whether requests reach the parent as well.
func partitioned(p *pass.Pass, r *catalog.Relation) bool {
	for _, id := range r.Parents {
		if parent := p.Schema.Relation(id); parent != nil {
			if verbs, _ := p.Reach(parent); len(verbs) > 0 {
				return true
			}
		}
	}
	return false
}
