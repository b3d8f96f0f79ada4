package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/attack"
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// merge joins what the attack proved with what the rules found: one finding
// per cause, with its proof.
func merge(ctx context.Context, p *pass.Pass, a *attack.Attacker, report *finding.Report) {
	known := map[string]bool{}
	for _, h := range a.Hits {
		if h.Persona != nil && !h.Persona.Former && h.Relation != nil {
			known[h.Relation.FullName()+h.Verb] = true
		}
	}
	done := map[string]bool{}
	for _, h := range a.Hits {
		if h.Persona.Former && h.Relation != nil && known[h.Relation.FullName()+h.Verb] {
			continue
		}
		for _, f := range explain(ctx, p, a, h, done) {
			f.Verbs = pass.Union(f.Verbs, []string{h.Verb})
			f.Actors = pass.Union(f.Actors, []string{actor(h)})
			f.Proof = &finding.Proof{Who: h.Persona.Who, Steps: h.Steps, Saw: h.Saw}
			p.Add(f)
		}
	}
	confirm(ctx, p, a, report)
	for _, f := range p.Findings() {
		if refuted(p, a, f) {
			report.Withdrawn = append(
				report.Withdrawn,
				finding.Withdrawn{
					Finding: *f,
					Reason:  "no attacker saw or changed a row of the other tenant this way",
				},
			)
			p.Drop(f)
		}
	}
}

// refuted says whether an attack tried what a rule suspects, and failed.
func refuted(p *pass.Pass, a *attack.Attacker, f *finding.Finding) bool {
	if f.Proof != nil || f.Severity < finding.Medium {
		return false
	}
	r := p.Schema.ByName(f.Object)
	if r == nil || len(f.Verbs) != 1 || f.Verbs[0] != "select" || !r.Table() || !a.Reached[f.Object+" select"] {
		return false
	}
	switch f.Rule {
	case "any-logged-in", "select-true", "auth-role-check", "self-comparison":
		return slices.ContainsFunc(a.Seeder.Rows, rowOfB(r))
	}
	return false
}

func actor(h attack.Hit) string {
	switch {
	case h.Persona.Context == nil && h.Persona.Actor.Visitor:
		return "anonymous"
	case h.Persona.Former:
		return "former member"
	case h.Persona.Nobody:
		return "signed in"
	}
	return "another tenant"
}

// explain finds the cause of a hit.
func explain(
	ctx context.Context,
	p *pass.Pass,
	a *attack.Attacker,
	h attack.Hit,
	done map[string]bool,
) []finding.Finding {
	r := h.Relation
	if h.Function != nil || r == nil {
		return special(p, h)
	}
	base := finding.Finding{Object: r.FullName(), Severity: finding.High, Place: p.TablePlace(r)}
	switch {
	case h.How == "raise", h.How == "join":
		return special(p, h)
	case r.Kind == "v" || r.Kind == "m":
		return view(p, h, base)
	case p.Schema.Exempt(h.Persona.Actor.Role, r):
		return exempt(p, h, base)
	}
	key := r.FullName() + h.Verb + h.Persona.Who + h.Persona.Actor.Role
	if done[key] {
		return nil
	}
	done[key] = true
	if h.Persona.Former {
		for _, f := range p.Findings() {
			if f.Rule == "soft-delete-ignored" &&
				(f.Object == r.FullName() || slices.Contains(f.Affects, r.FullName()+" "+h.Verb)) {
				return []finding.Finding{*f}
			}
		}
	}
	var out []finding.Finding
	policies := a.Responsible(ctx, h)
	public := false
	for _, pol := range policies {
		var own []verdict.Verdict
		for _, v := range p.Verdicts {
			if v.Policy == pol && v.Verb == h.Verb && slices.Contains(v.Roles, h.Persona.Actor.Role) {
				own = append(own, v)
			}
		}
		if !h.Persona.Actor.Primary && len(pol.Roles) > 0 || p.Court.Deliberate(pol, h.Persona.Actor.Role) {
			public = true
			continue
		}
		for _, v := range own {
			if v.Public {
				public = true
				continue
			}
			q := pass.Pass{Load: p.Load}
			out = append(out, *q.Verdict(v))
			break
		}
	}
	if len(out) > 0 || public {
		return out
	}
	if len(policies) > 0 && purpose(p, policies, h) {
		return nil
	}
	base.Rule, base.Title = fallback(
		h,
	), fmt.Sprintf(
		"%s can %s rows of another tenant in %s",
		h.Persona.Who,
		h.Verb,
		r.FullName(),
	)
	if len(policies) == 1 {
		base.Key, base.Place = policies[0].Name, p.PolicyPlace(policies[0], -1)
		if f := helper(p, policies[0], h); f != nil && base.Rule == "soft-delete-ignored" {
			base.Affects = []string{r.FullName() + " " + h.Verb}
			base.Object, base.Key, base.Place = f.Identity, "", p.FunctionPlace(f)
		}
	}
	return []finding.Finding{base}
}

// purpose says whether rows are shown to everybody on purpose.
func purpose(p *pass.Pass, policies []*catalog.Policy, h attack.Hit) bool {
	if h.Verb != "select" {
		return false
	}
	for _, pol := range policies {
		j := p.Model.Judge(h.Persona.Actor.Role)
		for _, b := range j.Using(pol) {
			if b.Tied() {
				continue
			}
			if len(b) == 0 && p.Court.Card(h.Relation) || b.Has(cond.Gate) || b.Has(cond.ParentOpen) {
				return true
			}
			if len(b) == 0 && !p.Model.Tied(h.Relation) {
				return true
			}
		}
	}
	return false
}

// helper is the function that a policy's ties go through.
func helper(p *pass.Pass, pol *catalog.Policy, h attack.Hit) *catalog.Function {
	j := p.Model.Judge(h.Persona.Actor.Role)
	for _, b := range j.Using(pol) {
		for _, a := range b {
			if a.Function != nil {
				return a.Function
			}
		}
	}
	return nil
}

func fallback(h attack.Hit) string {
	switch {
	case h.Persona.Former:
		return "soft-delete-ignored"
	case h.Relation.FullName() == "storage.objects":
		return "storage-policy"
	case h.Persona.Extra != nil:
		for s := range h.Persona.Extra {
			if s.UserMetadata() {
				return "user-metadata-trusted"
			}
		}
		return "tenant-from-client"
	case h.How == "plant" || h.How == "author":
		return "insert-without-tenant-check"
	case h.How == "takeover" || h.How == "move":
		return "update-moves-tenant"
	}
	return "any-logged-in"
}

// view explains a view or materialised view that shows or changes too much.
func view(p *pass.Pass, h attack.Hit, f finding.Finding) []finding.Finding {
	r := h.Relation
	q := p.Model.Reader.View(r)
	f.Rule, f.Title = "view-owner-rights", fmt.Sprintf("view %s passes by the policies of its tables", r.FullName())
	switch {
	case r.Invoker:
		return nil // the tables' own findings
	case q == nil:
		return []finding.Finding{f}
	case h.Verb == "select" && !p.Keyed(q):
		return nil
	case r.Kind == "m":
		f.Rule, f.Title = "materialised-view", fmt.Sprintf("no policy guards the materialised view %s", r.FullName())
	case !p.PassesBy(r, q, h.Persona.Actor.Role):
		return nil // the tables' own findings
	case h.Verb == "select" && p.Court.CardView(q):
		f.Rule, f.Severity = p.ViewRule(r, q), finding.Low
	default:
		f.Rule = p.ViewRule(r, q)
	}
	return []finding.Finding{f}
}

// exempt explains a hit on a table whose policies do not count for the role.
func exempt(p *pass.Pass, h attack.Hit, f finding.Finding) []finding.Finding {
	r, role := h.Relation, h.Persona.Actor.Role
	if !h.Persona.Actor.Primary && !r.RLS {
		return nil // a login of the server's own
	}
	x := p.Schema.Role(role)
	switch {
	case r.RLS && x != nil && x.Bypass:
		return nil // the role's own finding
	case r.RLS:
		for _, o := range p.OwnerFinding(role) {
			if o.Object == r.FullName() ||
				slices.Contains(o.Affects, r.FullName()+" select, insert, update, delete") {
				return []finding.Finding{*o}
			}
		}
		f.Rule, f.Title = "owner-connection", fmt.Sprintf(
			"requests own %s, and policies do not bind the owner",
			r.FullName(),
		)
		return []finding.Finding{f}
	}
	if parent := p.Guardian(r); parent != nil {
		f.Rule, f.Title = "partition-child", fmt.Sprintf(
			"the policies of %s do not guard %s when it is asked by its own name",
			parent.FullName(),
			r.FullName(),
		)
		return []finding.Finding{f}
	}
	if !p.UsesPolicies() && !p.Model.Supabase && !p.SharedLogins(r) || p.TenantSchema(r) {
		return nil // isolation is left to the application
	}
	f.Rule, f.Title = "rls-off", fmt.Sprintf("row-level security is off for %s", r.FullName())
	return []finding.Finding{f}
}
