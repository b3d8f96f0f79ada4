package db

import (
	"context"
	"slices"

	"github.com/tijorihq/tijori/internal/audit/db/attack"
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/db/seed"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

func rowOfB(r *catalog.Relation) func(*seed.Row) bool {
	return func(x *seed.Row) bool { return x.Relation == r && x.Letter == "b" }
}

// special explains hits on functions, and rights that somebody gave himself.
func special(p *pass.Pass, h attack.Hit) []finding.Finding {
	if h.Function != nil {
		return called(p, h)
	}
	r := h.Relation
	f := p.Finding(
		"own-row-privileged-column",
		r,
		finding.High,
		"whoever owns a row of "+r.FullName()+" gives himself rights with "+pass.Quoted(h.Columns),
	)
	if h.How == "join" || p.Model.MembershipOf(r) != nil {
		f.Rule, f.Title = "self-insert-membership", "people can make themselves members in "+r.FullName()
		for _, v := range p.Verdicts {
			if v.Relation == r && v.Verb == h.Verb && v.Rule == f.Rule {
				f.Key, f.Place = v.Policy.Name, p.PolicyPlace(v.Policy, v.At)
			}
		}
		if p.On(r.FullName(), h.Verb, "rls-off", "select-true", "policy-to-public") {
			return nil
		}
	}
	if f.Rule == "own-row-privileged-column" && p.On(r.FullName(), h.Verb, "billing-table-writable") {
		f.Rule = "billing-table-writable"
	}
	if f.Rule == "own-row-privileged-column" &&
		!slices.ContainsFunc(h.Opened, func(t *catalog.Relation) bool { return !p.On(t.FullName(), "select") }) {
		return nil // what opens is open by its own fault
	}
	for _, t := range h.Opened {
		f.Affects = append(f.Affects, t.FullName()+" select")
	}
	return []finding.Finding{f}
}

func called(p *pass.Pass, h attack.Hit) []finding.Finding {
	x := h.Function
	if !h.Persona.Actor.Primary {
		return nil // a login of the server's own
	}
	f := p.FunctionFinding(
		"secdef-unchecked-argument",
		x,
		finding.High,
		x.Identity+" trusts an identifier from its caller",
	)
	switch h.How {
	case "oracle":
		f.Rule, f.Severity, f.Title = "membership-oracle", finding.Medium,
			x.Identity+" answers about any person and tenant"
	case "inject":
		f.Rule, f.Title = "secdef-sql-injection", x.Identity+" carries out what is in an argument"
		if !x.Definer {
			f.Severity = finding.Low
		}
	case "setting":
		f = p.Finding(
			"tenant-from-client",
			h.Opened[0],
			finding.High,
			"the tenant is a setting that "+x.Identity+" takes from its caller",
			"select",
		)
		f.Affects, f.Place = []string{x.Identity + " execute"}, p.FunctionPlace(x)
		for _, g := range p.Findings() { // one cause, one finding
			if g.Rule == f.Rule && slices.Contains(g.Affects, f.Affects[0]) {
				f.Object, f.Key = g.Object, g.Key
			}
		}
	case "shadow":
		f.Rule, f.Severity = "secdef-search-path", finding.Medium
	default:
		if !x.Definer {
			return nil // the tables' own findings
		}
		if p.ReturnsKey(x) {
			f.Severity, f.Title = finding.Low, x.Identity+" tells to which tenant a number belongs"
		}
		if len(x.Args) == 0 {
			f.Severity, f.Title = finding.Medium, x.Identity+" shows rows of all tenants"
		}
	}
	return []finding.Finding{f}
}

// confirm tries what only rules have found so far.
func confirm(ctx context.Context, p *pass.Pass, a *attack.Attacker, report *finding.Report) {
	for _, f := range p.Findings() {
		if f.Proof != nil {
			continue
		}
		var hit *attack.Hit
		switch f.Rule {
		case "own-row-privileged-column", "billing-table-writable":
			tried, left := false, []pass.OwnColumn{}
			for _, o := range p.OwnColumns[f] {
				h, t := a.Sets(ctx, o.Relation, o.Column, o.Verb)
				tried = tried || t
				if h != nil || !t {
					left = append(left, o)
				}
				if hit == nil {
					hit = h
				}
			}
			if tried && len(left) == 0 {
				report.Withdrawn = append(
					report.Withdrawn,
					finding.Withdrawn{
						Finding: *f,
						Reason:  "the column kept its value: a trigger or a grant guards it",
					},
				)
				p.Drop(f)
				continue
			}
		case "delete-or-write-by-lower-role", "secret-readable-by-lower-role", "invitation-token-readable":
			if r := p.Schema.ByName(f.Object); r != nil && r.Table() {
				for _, v := range f.Verbs {
					if hit == nil {
						hit = a.Colleague(ctx, r, v)
					}
				}
				if hit == nil {
					hit = a.Published(ctx, r, f.Verbs[len(f.Verbs)-1])
				}
			}
		case "payment-customer-not-unique",
			"idempotency-not-unique",
			"balance-without-check",
			"cross-tenant-fk",
			"fk-unique-oracle",
			"public-share",
			"permissive-instead-of-restrictive",
			"soft-delete-ignored",
			"default-privileges",
			"view-without-barrier":
			hit = state(ctx, p, a, f)
		case "bypassrls-in-request-path":
			for _, r := range p.Schema.Relations {
				if hit == nil && slices.Contains(f.Affects, r.FullName()+" select") {
					hit = a.Login(ctx, f.Object, r)
				}
			}
		case "secdef-search-path":
			for _, x := range p.Schema.Functions {
				if x.Identity != f.Object {
					continue
				}
				hit = a.Shadow(ctx, x, p.BareTable(x))
				for _, y := range p.Schema.Functions { // through one that calls it
					if hit == nil && y != x && y.Definer && pass.Calls(y, x) {
						hit = a.Shadow(ctx, y, p.BareTable(x))
					}
				}
			}
		}
		if hit != nil {
			f.Proof = &finding.Proof{Who: hit.Persona.Who, Steps: hit.Steps, Saw: hit.Saw}
		}
	}
}

// unite makes one finding of what a single condition of a policy FOR ALL lets
// happen to new rows and to old ones.
func unite(p *pass.Pass) {
	for _, x := range p.Findings() {
		if x.Rule != "insert-without-tenant-check" || x.Key == "" {
			continue
		}
		r := p.Schema.ByName(x.Object)
		if r == nil {
			continue
		}
		i := slices.IndexFunc(r.Policies, func(q *catalog.Policy) bool { return q.Name == x.Key && q.Command == "*" })
		if i < 0 {
			continue
		}
		for _, y := range p.Findings() {
			if y == x || y.Object != x.Object || y.Key != x.Key {
				continue
			}
			keep, drop := y, x
			switch {
			case y.Rule == "update-moves-tenant":
				keep, drop = x, y
			case r.Policies[i].CheckText != "":
				continue
			}
			keep.Verbs = pass.Union(keep.Verbs, drop.Verbs)
			keep.Actors = pass.Union(keep.Actors, drop.Actors)
			keep.Affects = pass.Union(keep.Affects, drop.Affects)
			keep.Severity = max(keep.Severity, drop.Severity)
			if keep.Proof == nil {
				keep.Proof = drop.Proof
			}
			p.Drop(drop)
			if drop == x {
				break
			}
		}
	}
}

// finish fills in what a rule says about all its findings.
func finish(p *pass.Pass, report *finding.Report) {
	unite(p)
	all := rules()
	for _, f := range p.Findings() {
		i := slices.IndexFunc(all, func(r pass.Rule) bool { return r.ID == f.Rule })
		if i >= 0 {
			r := all[i]
			if f.Why == "" {
				f.Why = r.Why
			}
			if f.Fix == "" {
				f.Fix = r.Fix
			}
			f.ASVS, f.CWE = r.ASVS, r.CWE
		}
		report.Findings = append(report.Findings, *f)
	}
}

// state tries what only constraints, states of rows and grants decide.
func state(ctx context.Context, p *pass.Pass, a *attack.Attacker, f *finding.Finding) *attack.Hit {
	r := p.Schema.ByName(f.Object)
	if r == nil {
		return nil
	}
	var column *catalog.Column
	for _, c := range r.Columns {
		if c.Name == f.Key {
			column = c
		}
	}
	switch f.Rule {
	case "payment-customer-not-unique":
		if column != nil {
			return a.Shares(ctx, r, column)
		}
	case "idempotency-not-unique":
		if column != nil {
			return a.Repeats(ctx, r, column)
		}
	case "balance-without-check":
		if column != nil {
			return a.Negative(ctx, r, column)
		}
	case "cross-tenant-fk":
		if k := attack.Foreign(r, f.Key); k != nil {
			return a.Crosses(ctx, r, k)
		}
	case "fk-unique-oracle":
		for _, k := range r.Keys {
			if k.Name == f.Key {
				return a.Tells(ctx, r, k)
			}
		}
	case "default-privileges":
		for _, actor := range p.Model.Acting {
			if h := a.Login(ctx, actor.Role, r); h != nil {
				return h
			}
		}
	case "view-without-barrier":
		return a.Peeks(ctx, r)
	default:
		for _, v := range f.Verbs {
			if h := a.Published(ctx, r, v); h != nil {
				return h
			}
		}
	}
	return nil
}
