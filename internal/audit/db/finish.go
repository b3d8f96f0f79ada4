package db

import (
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

func special(p *pass.Pass, h attack.Hit) []finding.Finding { return nil }

// finish fills in what a rule says about all its findings.
func finish(p *pass.Pass, report *finding.Report) {
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
