package db

import (
	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rules explains everything that the auditor of databases looks for.
func Rules() []finding.Rule {
	var out []finding.Rule
	for _, r := range rules() {
		out = append(out, r.Rule)
	}
	return out
}

func rules() []pass.Rule {
	return []pass.Rule{{Rule: finding.Rule{ID: "policy"}, Find: func(p *pass.Pass) {
		for _, v := range p.Verdicts {
			if !v.Public {
				p.Verdict(v)
			}
		}
	}}}
}
