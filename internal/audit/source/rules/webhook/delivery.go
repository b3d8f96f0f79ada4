package webhook

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

// inside tells whether everything that leads to a also leads to b.
func inside(a, b *flow.Op) bool {
	for _, g := range a.Guards {
		if !slices.Contains(b.Guards, g) {
			return false
		}
	}
	return true
}

func okOnError(p *rule.Pass) {
	webhooks(p, func(e *flow.Entry) {
		if e.Kind == "function" || rule.UsesSession(e) {
			return
		}
		for _, op := range effects(e) {
			if verified(e, op) == nil && !touches(op) {
				continue
			}
			if op.Kind == flow.OpDB && bookkeeping(op) {
				continue
			}
			why := lost(e, op)
			if why == "" {
				continue
			}
			at := answer(e, op)
			if why == "the error is only logged" {
				if l := logged(e, op); l.File != nil {
					at = l
				}
			}
			if at.File == nil {
				at = rule.Site(op)
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: "200", Title: "200 is answered although the event may not be stored: " + why,
				Way: []finding.Place{rule.Place(rule.Site(op), "fails"), rule.Place(at, "answered all the same")},
			})
			return
		}
	})
}

// logged is where the error of an effect is logged.
func logged(e *flow.Entry, op *flow.Op) flow.Pos {
	for _, x := range e.Ops {
		if x.Kind != flow.OpLog || x.Seq < op.Seq {
			continue
		}
		for _, a := range x.Args {
			for _, o := range a.Origins() {
				if o.Op == op {
					return x.Pos
				}
			}
		}
	}
	return flow.Pos{}
}

// bookkeeping are logs of failures.
func bookkeeping(op *flow.Op) bool {
	for _, w := range op.Writes {
		if w.Val.Has(flow.Exception) {
			return true
		}
	}
	return strings.Contains(op.Table, "log") || strings.Contains(op.Table, "audit")
}

// lost tells in which way an error of an effect is lost, or nothing.
func lost(e *flow.Entry, op *flow.Op) string {
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpRespond && x.Status < 400 && x.Name != "return" && x.Status != 0 && inside(x, op) &&
			x.Pos.File != nil && (x.Pos.File.Lang != "go") && expressLike(e) {
			return "the answer is sent before the work"
		}
	}
	if op.Caught {
		return "errors are caught and dropped"
	}
	if op.Floating {
		return "nobody waits for the work"
	}
	if op.Dropped {
		return "nobody looks at its error"
	}
	for _, t := range op.Tries {
		if t.Has && !t.Catch.Fails() && !t.Catch.Next {
			return "errors are caught and only logged"
		}
	}
	handled, looked := false, false
	for _, x := range e.Ops {
		if x.Kind != flow.OpIf && x.Kind != flow.OpThrow && x.Kind != flow.OpRespond || x.Seq < op.Seq {
			continue
		}
		for _, o := range x.Val.Implied() {
			if o.Op != op {
				continue
			}
			switch {
			case x.Kind == flow.OpThrow:
				handled = true
			case x.Kind == flow.OpRespond:
				handled = handled || x.Status >= 400
			case strings.Contains(o.Path, "err") || o.Path == "" || strings.Contains(o.Path, "#rows"):
				looked = true
				handled = handled || x.Then.Fails() || x.Else.Fails() || x.Then.Done && x.Then.Throw
				if x.Then.Done && !x.Then.Resp && len(x.Sites) > 1 {
					looked = false // it is returned to a caller that decides
				}
			default:
				handled = handled || x.Then.Fails() || x.Else.Fails()
			}
		}
		// the status depends on it: status: error ? 500 : 200
	}
	if handled {
		return ""
	}
	switch {
	case op.Kind == flow.OpDB && op.Flavor == "supabase" && !op.Throws:
		return "supabase-js returns errors, and nobody looks at this one"
	case op.Pos.File != nil && op.Pos.File.Lang == "go":
		if looked {
			return "the error is only logged"
		}
	}
	return ""
}

func expressLike(e *flow.Entry) bool {
	return e.Framework == "express" || e.Framework == "fastify" || e.Framework == "next-pages" ||
		e.Framework == "koa" || e.Framework == ""
}

// answer is where the good answer is given after an effect.
func answer(e *flow.Entry, op *flow.Op) (at flow.Pos) {
	for _, x := range e.Ops {
		if x.Kind != flow.OpRespond || x.Status >= 400 || x.Pos.File == nil {
			continue
		}
		if x.Name == "return" {
			continue
		}
		if x.Seq > op.Seq && at.File == nil || x.Seq < op.Seq && inside(x, op) && len(x.Guards) > 0 {
			if x.Seq < op.Seq && !expressLike(e) {
				continue
			}
			at = x.Pos
			if x.Seq > op.Seq {
				return at
			}
		}
	}
	return at
}
