package webhook

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

var payerTyped = lazyregexp.New(`(?i)(^|[._])(e?mail|customer_email|receipt_email|user_email|email_address|phone|contact|mobile|customer_name)$`)

func emailMatch(p *rule.Pass) {
entries:
	for _, e := range p.Entries {
		if !server(e) {
			continue
		}
		hook := rule.Webhook(e)
		for _, op := range e.Ops {
			if op.Kind != flow.OpDB || op.Verb != "select" && op.Verb != "update" && op.Verb != "upsert" {
				continue
			}
			for _, f := range op.Filters {
				if f.Val == nil {
					continue
				}
				o := typed(f.Val, hook)
				if o == nil || f.Op == "join" || !contactCol.MatchString(f.Col) && f.Col != "*" {
					continue
				}
				if rule.UsesSession(e) || people(op) {
					continue
				}
				w := op
				if op.Verb == "select" {
					w = usedFor(e, op)
				}
				if w == nil || !hook && !pays(w) {
					continue
				}
				at := rule.Site(op)
				p.Report(rule.Hit{
					At: at, Entry: e, Key: op.Table + "." + f.Col + "@" + rule.Fn(op),
					Title: fmt.Sprintf("The account is found by what the payer typed (%s)", o.Path),
					Way: append(rule.Way(o, at, "finds the account"),
						rule.Place(rule.Site(w), "which is then changed")),
				})
				continue entries
			}
		}
	}
}

var contactCol = lazyregexp.New(`(?i)(mail|phone|mobile|contact|name)`)

func typed(v *flow.Val, hook bool) *flow.Origin {
	for _, o := range v.Origins() {
		if !payerTyped.MatchString(o.Path) {
			continue
		}
		switch o.Kind {
		case flow.Event, flow.RawBody, flow.Provider:
			return o
		case flow.Body:
			if hook {
				return o
			}
		case flow.Param:
			if strings.Contains(o.Path, ".") {
				return o
			}
		}
	}
	return nil
}

// usedFor is the write for which a row that was found is used.
func usedFor(e *flow.Entry, sel *flow.Op) *flow.Op {
	for _, op := range e.Ops {
		if op.Seq <= sel.Seq || op.Kind != flow.OpDB && op.Kind != flow.OpCall {
			continue
		}
		if op.Kind == flow.OpDB && (op.Verb == "select" || mailTable.MatchString(op.Table)) {
			continue
		}
		if op.Kind == flow.OpCall && harmless.MatchString(op.Name) {
			continue
		}
		var list []*flow.Val
		for _, f := range op.Filters {
			list = append(list, f.Val)
		}
		if op.Verb == "insert" || op.Verb == "rpc" || op.Verb == "upsert" {
			for _, w := range op.Writes {
				list = append(list, w.Val)
			}
		}
		list = append(list, op.Args...)
		for _, v := range list {
			for _, o := range v.Origins() {
				if o.Op == sel {
					return op
				}
			}
		}
	}
	return nil
}

var mailTable = lazyregexp.New(`(?i)(mail|notification|message|log|audit)`)

func pays(op *flow.Op) bool {
	for _, w := range op.Writes {
		if rule.PlanCol.MatchString(w.Col) || rule.ValueCol.MatchString(w.Col) || strings.Contains(w.Col, "customer") ||
			strings.Contains(w.Col, "paid") {
			return true
		}
	}
	return op.Verb == "rpc" || op.Kind == flow.OpCall
}
