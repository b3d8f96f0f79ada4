package provider

import (
	"fmt"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func init() {
	Rules = append(Rules, r("card-data-stored", "A card's number or security code is stored",
		"The security code may never be kept, and numbers only under PCI DSS: one leak ends the contract with the bank.",
		"Let the provider's form take the card; keep its token, the brand and the last four digits.",
		finding.Critical, "14.2.1", "CWE-312", card))
}

var cardCol = lazyregexp.New(`(?i)^(card_?(number|num|no|pan)|pan|cvv2?|cvc2?|security_?code|cc_?(number|num))$`)

// card finds numbers of cards that are written to a table.
func card(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpDB {
			return
		}
		for _, w := range op.Writes {
			if !cardCol.MatchString(w.Col) || w.Val == nil || w.Val.Name == "hash" {
				continue
			}
			o := w.Val.First(flow.Body, flow.Param, flow.Query)
			if o == nil {
				continue
			}
			at := rule.Site(op)
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("%s.%s keeps what was typed of a card", op.Table, w.Col),
				Way:   rule.Way(o, at, "stored"),
			})
			return
		}
	})
}
