package db

import (
	"context"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/attack"
	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/remedy"
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// mend writes a change into every finding that stops its attack on the copy
// and lets people work. What was not tried, or does not stop it, is no fix.
func mend(ctx context.Context, p *pass.Pass, a *attack.Attacker) {
	for _, f := range p.Findings() {
		proposals := remedy.For(p, f)
		f.Patch = ""
		if f.Proof == nil {
			continue
		}
		proofs := proofsOf(p, a, f)
		for _, sql := range proposals {
			if stopsAll(ctx, a, sql, proofs) && a.Keeps(ctx, sql, closes(p, f, sql)) {
				f.Patch = sql
				break
			}
		}
	}
}

// proofsOf are all attacks that a finding stands for: its own, and those on the
// same object that no other finding explains.
func proofsOf(p *pass.Pass, a *attack.Attacker, f *finding.Finding) [][]string {
	out := [][]string{f.Proof.Steps}
	for _, h := range a.Hits {
		if h.Relation == nil || h.Relation.FullName() != f.Object || !slices.Contains(f.Verbs, h.Verb) ||
			len(out) > 6 || slices.ContainsFunc(p.Findings(), func(g *finding.Finding) bool {
			return g != f && g.Object == f.Object && slices.Contains(g.Verbs, h.Verb)
		}) {
			continue
		}
		out = append(out, h.Steps)
	}
	return out
}

func stopsAll(ctx context.Context, a *attack.Attacker, sql string, proofs [][]string) bool {
	for i, steps := range proofs {
		stops, tested := a.Stops(ctx, sql, steps)
		if tested && !stops || i == 0 && !tested {
			return false
		}
	}
	return true
}

// closes is the relation that a change takes away from requests on purpose,
// which its comment says.
func closes(p *pass.Pass, f *finding.Finding, sql string) *catalog.Relation {
	r := p.Schema.ByName(f.Object)
	if r != nil && (strings.HasPrefix(sql, "--") || r.Kind == "m" || r.Partition) {
		return r
	}
	return nil
}
