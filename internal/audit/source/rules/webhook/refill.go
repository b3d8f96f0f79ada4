package webhook

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// invoicePaid tells whether an effect follows a paid invoice of Stripe.
func invoicePaid(e *flow.Entry, op *flow.Op) (bool, *flow.Guard) {
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			for _, x := range []*flow.Val{c.L, c.R} {
				if x != nil && x.IsStr && (x.Str == "invoice.paid" || x.Str == "invoice.payment_succeeded") {
					return true, g
				}
			}
		}
	}
	for _, f := range op.Filters {
		if f.Val == nil {
			continue
		}
		for _, o := range f.Val.Origins() {
			if o.Kind == flow.Event && strings.HasPrefix(strings.ToLower(o.Path), "inv") && e.Kind == "function" {
				return true, nil
			}
		}
	}
	return false, nil
}

var usedCol = lazyregexp.New(`(?i)(used|usage|consumed|spent)`)

// refills is a write of an allowance, or nil.
func refills(op *flow.Op) *flow.Write {
	if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" && op.Verb != "insert" {
		return nil
	}
	for i := range op.Writes {
		w := &op.Writes[i]
		if !rule.ValueCol.MatchString(w.Col) || strings.Contains(w.Col, "paid") || strings.Contains(w.Col, "amount") &&
			op.Verb == "insert" || w.Minus {
			continue
		}
		if w.Val != nil && w.Val.Num == "0" && !usedCol.MatchString(w.Col) {
			continue
		}
		return w
	}
	return nil
}

func reasonAsked(e *flow.Entry, op *flow.Op) bool {
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if strings.Contains(strings.ToLower(o.Path), "billing_reason") ||
				strings.Contains(strings.ToLower(o.Path), "billingreason") {
				return true
			}
		}
		for _, c := range g.Val.AllCmps() {
			for _, x := range []*flow.Val{c.L, c.R} {
				if x != nil && x.IsStr && (x.Str == "subscription_cycle" || x.Str == "subscription_create") {
					return true
				}
			}
		}
	}
	for _, w := range op.Writes {
		for _, o := range w.Val.Origins() {
			if strings.Contains(strings.ToLower(o.Path), "billing_reason") {
				return true
			}
		}
		if w.Val != nil {
			for _, g := range w.Val.Ctl {
				for _, o := range g.Val.Implied() {
					if strings.Contains(strings.ToLower(o.Path), "billing_reason") {
						return true
					}
				}
			}
		}
	}
	return false
}

func billingReason(p *rule.Pass) {
	for _, e := range p.Entries {
		if !server(e) {
			continue
		}
		for _, op := range e.Ops {
			w := refills(op)
			if w == nil {
				continue
			}
			ok, g := invoicePaid(e, op)
			if !ok || reasonAsked(e, op) {
				continue
			}
			at := rule.Site(op)
			if g != nil && g.Pos.At == g.Pos.End {
				at = g.Pos // the case of a switch
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("Every paid invoice refills %s.%s, also that of a change of plan", op.Table, w.Col),
				Way:   []finding.Place{rule.Place(at, "a paid invoice"), rule.Place(w.Pos, "refills")},
			})
			break
		}
	}
}
