package webhook

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func noSignature(p *rule.Pass) {
	webhooks(p, func(e *flow.Entry) {
		if e.Kind == "function" || rule.UsesSession(e) {
			return
		}
		named := false
		for _, op := range e.Ops {
			if op.Kind == flow.OpIf && rule.EventName(op.Val) {
				named = true
			}
			for _, g := range op.Guards {
				for _, o := range g.Val.Implied() {
					if o.Kind == flow.Header && signature.MatchString(o.Path) {
						named = true
					}
				}
			}
		}
		for _, op := range effects(e) {
			v := verified(e, op)
			if v == nil {
				if !named || rule.SecretChecked(e, op) || !touches(op) {
					continue
				}
				at := firstRead(e, op)
				p.Report(rule.Hit{
					At: at, Entry: e, Key: "unsigned",
					Title: "Nothing checks the signature of this webhook before it writes",
					Way: []finding.Place{
						rule.Place(at, "believed as it came"),
						rule.Place(rule.Site(op), "written: "+op.Verb+" "+op.Table+op.Name),
					},
				})
				return
			}
			if g := optional(v, op); g != nil {
				if isSecret(v, g) {
					continue // the rule for secrets says it
				}
				p.Report(rule.Hit{
					At: g.Pos, Entry: e, Key: "switch",
					Title: "A switch turns the signature check off, and the event is applied all the same",
					Way: []finding.Place{
						rule.Place(g.Pos, "only then is it checked"), rule.Place(v.Pos, "the check"),
						rule.Place(rule.Site(op), "applied in both cases"),
					},
				})
				return
			}
		}
	})
}

var signature = lazyregexp.New(`(?i)(signature|webhook-id|svix|hmac|x-hub)`)

// touches tells whether an effect uses what was delivered.
func touches(op *flow.Op) bool {
	for _, f := range op.Filters {
		if fromEvent(f.Val) {
			return true
		}
	}
	for _, w := range op.Writes {
		if fromEvent(w.Val) {
			return true
		}
	}
	for _, a := range op.Args {
		if fromEvent(a) {
			return true
		}
	}
	// what was delivered decides that it happens
	for _, g := range op.Guards {
		if rule.EventName(g.Val) && fromEvent(g.Val) {
			return true
		}
	}
	return false
}

// optional is the condition under which alone a signature is checked, while
// the effect does not depend on it.
func optional(v, op *flow.Op) *flow.Guard {
	for _, g := range v.Guards {
		if g.Exit || g.Short && !g.Unless || slices.Contains(op.Guards, g) {
			continue
		}
		env := false
		for _, o := range g.Val.Implied() {
			if o.Kind == flow.Env || o.Kind == flow.Header && !g.Short {
				env = true
			}
		}
		if env {
			return g
		}
	}
	return nil
}

func firstRead(e *flow.Entry, op *flow.Op) flow.Pos {
	for _, x := range e.Ops {
		if x.Kind == flow.OpIf && x.Val.Has(flow.Header) {
			for _, o := range x.Val.Origins() {
				if o.Kind == flow.Header && signature.MatchString(o.Path) {
					return x.Pos
				}
			}
		}
	}
	best := flow.Pos{}
	for _, x := range e.Ops {
		if x.Seq > op.Seq {
			break
		}
		var list []*flow.Val
		list = append(list, x.Val)
		list = append(list, x.Args...)
		for _, f := range x.Filters {
			list = append(list, f.Val)
		}
		for _, w := range x.Writes {
			list = append(list, w.Val)
		}
		for _, v := range list {
			for _, o := range v.Origins() {
				at := o.Pos
				if o.Base.File != nil {
					at = o.Base
				}
				if (o.Kind == flow.Body || o.Kind == flow.RawBody) &&
					(at.File == op.Pos.File || e.Fn != nil && at.File == e.Fn.File) &&
					(best.File == nil || at.At < best.At) {
					best = at
				}
			}
		}
	}
	if best.File == nil {
		return rule.Site(op)
	}
	return best
}

func parsedBody(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		var data *flow.Val
		switch op.Kind {
		case flow.OpHMAC:
			if len(op.Args) > 1 {
				data = op.Args[1]
			}
		case flow.OpVerify:
			if len(op.Args) > 0 &&
				(strings.Contains(op.Name, "constructEvent") || strings.Contains(op.Name, "webhook") ||
					strings.Contains(op.Name, "validateWebhook")) {
				data = op.Args[0]
			}
		}
		if !restringified(data, 0) {
			return
		}
		p.Report(rule.Hit{
			At: op.Pos, Entry: e, Key: rule.Fn(op),
			Way: rule.Way(data.First(flow.Body), op.Pos, "signed over what JSON.stringify makes of it"),
		})
	})
}

func restringified(v *flow.Val, depth int) bool {
	if v == nil || depth > 4 {
		return false
	}
	if v.Name == "json" && v.Nested != nil && v.Nested.Has(flow.Body) {
		for _, o := range v.Nested.Origins() {
			if o.Kind == flow.Body && o.Path == "" {
				return true
			}
		}
	}
	for _, x := range append(slices.Clone(v.Tmpl), v.Alts...) {
		if restringified(x, depth+1) {
			return true
		}
	}
	return false
}

func noTimeLimit(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		switch op.Kind {
		case flow.OpVerify:
			if strings.Contains(op.Name, "IgnoringTolerance") {
				p.Report(rule.Hit{At: op.Pos, Entry: e, Key: "tolerance"})
				return
			}
			if strings.Contains(op.Name, "onstructEvent") && len(op.Args) > 3 {
				a := op.Args[3]
				if o := a.Fields["IgnoreTolerance"]; o != nil && o.Num == "true" {
					p.Report(rule.Hit{At: op.Pos, Entry: e, Key: "tolerance"})
				}
				n, err := strconv.ParseFloat(a.Num, 64)
				if a.Num == "0" && strings.HasPrefix(op.Name, "stripe.") || err == nil && n > 3600 ||
					a.Lib == "global.Infinity" || strings.HasSuffix(a.Lib, "MAX_SAFE_INTEGER") {
					p.Report(rule.Hit{At: op.Pos, Entry: e, Key: "tolerance"})
				}
			}
		case flow.OpHMAC:
			if len(op.Args) < 2 || op.Args[1] == nil {
				return
			}
			stamp := signedTime(op.Args[1])
			if stamp == nil || timed(e) {
				return
			}
			p.Report(rule.Hit{
				At: op.Pos, Entry: e, Key: "time",
				Way: rule.Way(stamp, op.Pos, "is signed, and compared with no clock"),
			})
		}
	})
}

// signedTime is the time of a signature, when it is part of what is signed.
func signedTime(data *flow.Val) *flow.Origin {
	raw := false
	var stamp *flow.Origin
	for _, o := range data.Origins() {
		switch o.Kind {
		case flow.RawBody, flow.Body:
			raw = true
		case flow.Header:
			if stampName.MatchString(o.Path) {
				stamp = o
			}
		}
	}
	if !raw || len(data.Tmpl) < 2 && data.Name != "arith+" {
		return nil
	}
	return stamp
}

var stampName = lazyregexp.New(`(?i)(signature|timestamp|time)`)

// timed tells whether a clock is compared with anything.
func timed(e *flow.Entry) bool {
	for _, op := range e.Ops {
		if op.Kind == flow.OpIf || op.Kind == flow.OpMacCmp {
			for _, o := range op.Val.Implied() {
				if o.Kind == flow.Clock {
					return true
				}
			}
		}
		for _, g := range op.Guards {
			for _, o := range g.Val.Implied() {
				if o.Kind == flow.Clock {
					return true
				}
			}
		}
	}
	return false
}

func plainCompare(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpMacCmp || op.Verb != "plain" || e.Client {
			return
		}
		sent := false
		for _, a := range op.Args {
			sent = sent || a.Has(flow.Header, flow.Body, flow.Query, flow.Cookie, flow.Param)
		}
		if sent {
			p.Report(rule.Hit{At: op.Pos, Entry: e, Key: rule.Fn(op)})
		}
	})
}

// people tells whether an event is of who signs in, not of who pays.
func people(op *flow.Op) bool {
	for _, n := range rule.EventNames(op) {
		if strings.HasPrefix(n, "user.") || strings.HasPrefix(n, "organization.") || strings.HasPrefix(n, "session.") {
			return true
		}
	}
	return false
}
