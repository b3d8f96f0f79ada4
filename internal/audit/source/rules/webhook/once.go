package webhook

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

var idPath = lazyregexp.New(`(?i)(^|\.)(id|event_?id|webhook-id|svix-id|x-razorpay-event-id|delivery|event_?key)$|event-id|webhook-id|delivery`)

var paramID = lazyregexp.New(`(?i)^(event|delivery|webhook|message|evt|hook|payment|order|invoice|charge|txn|transaction)_?id$|^(event|evt)\.id$`)

// eventID tells whether a value is the id of a delivery.
func eventID(v *flow.Val) bool {
	if v == nil {
		return false
	}
	for _, o := range v.Origins() {
		switch o.Kind {
		case flow.Event, flow.Header, flow.Body, flow.RawBody, flow.Cookie:
			if idPath.MatchString(o.Path) {
				return true
			}
		case flow.Param:
			if paramID.MatchString(o.Path) || strings.HasSuffix(strings.ToLower(o.Path), ".id") {
				return true
			}
		}
	}
	return false
}

// objectID tells whether a value names the thing that was paid, which comes
// once.
func objectID(v *flow.Val) bool {
	if v == nil {
		return false
	}
	for _, o := range v.Origins() {
		if (o.Kind == flow.Event || o.Kind == flow.Body || o.Kind == flow.RawBody || o.Kind == flow.Param) &&
			objectPath.MatchString(o.Path) {
			return true
		}
	}
	return false
}

var objectPath = lazyregexp.New(`(?i)(payment_intent|payment_id|invoice|order_id|charge|\.id$|session_id|transaction)`)

func inMemory(p *rule.Pass) {
	webhooks(p, func(e *flow.Entry) {
		for _, op := range e.Ops {
			if op.Kind != flow.OpMemory || op.Verb != "has" && op.Verb != "get" || len(op.Args) == 0 ||
				!eventID(op.Args[0]) {
				continue
			}
			var set *flow.Op
			for _, x := range e.Ops {
				if x.Kind == flow.OpMemory && x.Verb == "set" && x.Seq >= op.Seq && len(x.Args) > 0 &&
					eventID(x.Args[0]) {
					set = x
				}
			}
			if set == nil && op.Verb != "has" {
				continue
			}
			if d := dedupe(e, nil); d != nil {
				continue
			}
			at := op.Pos
			if set != nil {
				at = set.Pos
			}
			if op.Recv != nil && op.Recv.Pos.File != nil {
				at = op.Recv.Pos
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: "memory",
				Way: []finding.Place{rule.Place(at, "kept here"), rule.Place(op.Pos, "asked here")},
			})
			return
		}
	})
}

// dedupe is a query that notes or asks for the id of a delivery, before an
// effect when one is given.
func dedupe(e *flow.Entry, before *flow.Op) *flow.Op {
	for _, op := range e.Ops {
		if op.Kind != flow.OpDB || before != nil && op.Seq >= before.Seq {
			continue
		}
		if note(op) {
			return op
		}
	}
	return nil
}

// note tells whether a query notes the id of a delivery, or asks for it.
func note(op *flow.Op) bool {
	switch op.Verb {
	case "insert", "upsert", "rpc", "call":
		for _, w := range op.Writes {
			if eventID(w.Val) && (op.Verb == "rpc" || op.Verb == "call" || keyCol.MatchString(w.Col)) {
				return true
			}
		}
		if op.Data != nil && op.Data.Has(flow.Event) && op.Verb == "rpc" {
			return true
		}
	case "select", "update":
		for _, f := range op.Filters {
			if eventID(f.Val) && keyCol.MatchString(f.Col) {
				return true
			}
		}
	}
	return false
}

var keyCol = lazyregexp.New(`(?i)(^id$|event|delivery|webhook|message|payment|invoice|charge|order|session|external|provider|stripe|key|reference|txn|transaction|idempotency)`)

// adds tells whether an effect does more when it is done again.
func adds(op *flow.Op) *flow.Write {
	if op.Kind != flow.OpDB {
		return nil
	}
	if op.Verb != "update" && op.Verb != "upsert" && op.Verb != "insert" {
		return nil
	}
	for i := range op.Writes {
		w := &op.Writes[i]
		if w.Relative && !w.Minus {
			return w
		}
		if w.Val != nil && strings.HasPrefix(w.Val.Name, "arith+") && w.Val.Has(flow.DB) {
			return w
		}
		if w.Val != nil && strings.HasPrefix(w.Val.Name, "arith+") && op.Verb == "update" {
			for _, o := range w.Val.Origins() {
				if o.Op != nil && o.Kind == flow.DB {
					return w
				}
			}
		}
	}
	if op.Verb == "insert" && op.Conflict == "" && ledger.MatchString(op.Table) {
		for i := range op.Writes {
			if rule.ValueCol.MatchString(op.Writes[i].Col) {
				return &op.Writes[i]
			}
		}
	}
	return nil
}

var ledger = lazyregexp.New(`(?i)(ledger|credit|grant|transaction|entries|top_?up|log)`)

func noIdempotency(p *rule.Pass) {
	webhooks(p, func(e *flow.Entry) {
		if e.Kind == "function" {
			return
		}
		for _, op := range e.Ops {
			w := adds(op)
			if w == nil || rule.UsesSession(e) {
				continue
			}
			if dedupe(e, op) != nil || memory(e) || guarded(op) {
				continue
			}
			// a note that comes later is the next rule's
			later := false
			for _, x := range e.Ops {
				if x.Seq > op.Seq && x.Kind == flow.OpDB && note(x) && x.Verb == "insert" {
					later = true
				}
			}
			for _, x := range e.Ops { // code that is not at hand was asked with the id
				if x.Kind == flow.OpCall && x.Seq < op.Seq {
					for _, a := range x.Args {
						if eventID(a) {
							later = true
						}
					}
				}
			}
			if later {
				continue
			}
			at := rule.Site(op)
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("Every delivery adds to %s.%s again: nothing notes which events were applied",
					op.Table,
					w.Col),
				Way: []finding.Place{rule.Place(at, "added here")},
			})
			return
		}
	})
}

// guarded tells whether the effect's own condition keeps it from happening
// twice: WHERE NOT paid.
func guarded(op *flow.Op) bool {
	for _, f := range op.Filters {
		if f.Op == "false" || f.Op == "is" && f.Val != nil && len(f.Val.Origins()) == 0 ||
			strings.Contains(f.Op, "null") || f.Val != nil && f.Val.Null || f.Op == "<>" || f.Op == "!=" {
			return true
		}
		if objectID(f.Val) && eventID(f.Val) && f.Col != "id" {
			return true
		}
	}
	return false
}

func memory(e *flow.Entry) bool {
	for _, op := range e.Ops {
		if op.Kind == flow.OpMemory && len(op.Args) > 0 && eventID(op.Args[0]) {
			return true
		}
	}
	return false
}

func effectFirst(p *rule.Pass) {
entries:
	for _, e := range p.Entries {
		if !server(e) {
			continue
		}
		for _, op := range e.Ops {
			w := adds(op)
			if w == nil || !rule.ValueCol.MatchString(w.Col) && !rule.Webhook(e) {
				continue
			}
			for _, m := range e.Ops {
				if m.Seq <= op.Seq || m.Kind != flow.OpDB || m.Verb != "insert" && m.Verb != "upsert" ||
					m.Table == op.Table ||
					!note(m) {
					continue
				}
				if m.Tx != "" && m.Tx == op.Tx {
					continue
				}
				// noted under a lock or a key before the effect?
				earlier := false
				for _, x := range e.Ops {
					if x.Seq < op.Seq && x.Kind == flow.OpDB && (x.Verb == "insert" || x.Verb == "upsert") && note(x) {
						earlier = true
					}
				}
				if earlier || !oneTime(m) {
					continue
				}
				at := rule.Site(op)
				p.Report(rule.Hit{
					At: at, Entry: e, Key: op.Table + "." + w.Col + "@" + rule.Fn(op),
					Title: fmt.Sprintf("%s.%s is added to before %s notes the event, in another transaction",
						op.Table, w.Col,
						m.Table),
					Way: []finding.Place{rule.Place(at, "the effect"), rule.Place(rule.Site(m), "noted here")},
				})
				continue entries
			}
		}
	}
}

var eventWord = lazyregexp.New(`(?i)(event|deliver|webhook|inbox|processed|idempot|hook)`)

// oneTime tells whether an insert keeps ids of deliveries.
func oneTime(m *flow.Op) bool {
	for _, w := range m.Writes {
		if !w.Val.Has(flow.Event, flow.Header, flow.Body, flow.RawBody) && !eventWord.MatchString(w.Col+" "+m.Table) {
			continue
		}
		if eventID(w.Val) &&
			(w.Col == "id" || strings.Contains(w.Col, "event") || strings.Contains(w.Col, "delivery") ||
				strings.Contains(w.Col, "webhook") || m.Conflict != "") {
			return true
		}
	}
	return false
}
