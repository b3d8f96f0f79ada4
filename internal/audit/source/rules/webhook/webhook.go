// Package webhook finds handlers of providers' events that believe anybody,
// lose events, or apply them twice.
package webhook

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix string, sev finding.Severity, asvs, cwe string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{ID: id, Engine: "source", Title: title, Why: why, Fix: fix, Severity: sev, ASVS: []string{asvs}, CWE: []string{cwe}}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("webhook-no-signature", "A webhook believes what it is sent without checking who signed it",
		"Anybody who knows the address posts an event: he gives himself a plan, or ends those of others.",
		"Check the signature over the raw bytes before anything else (stripe.webhooks.constructEvent, an HMAC compared with timingSafeEqual), in every environment.",
		finding.High, "11.3.1", "CWE-345", noSignature),
	r("webhook-signature-parsed-body", "The signature is computed over re-encoded JSON, not over the bytes that were sent",
		"JSON.stringify of a parsed body differs from what was signed (numbers, escapes, order of keys): real deliveries are refused and paid orders stay unpaid; two bodies can share one signature.",
		"Keep the raw body for this route (express.raw, request.text(), rawBody), compute the HMAC over it, and parse afterwards.",
		finding.Medium, "11.3.1", "CWE-347", parsedBody),
	r("webhook-fallback-secret", "The webhook's secret has a default, may be empty, or is skipped when it is not set",
		"With the variable unset in one deployment, everybody knows the key, and everybody signs events.",
		"Refuse to start, or answer 503, when the secret is missing. No default, no || ''.",
		finding.High, "13.3.1", "CWE-1188", fallbackSecret),
	r("webhook-no-time-limit", "The signed time is not looked at",
		"A delivery that was recorded once can be sent again for ever.",
		"Refuse what was signed more than five minutes ago; leave the library's tolerance at its default.",
		finding.Medium, "11.3.1", "CWE-294", noTimeLimit),
	r("non-constant-time-compare", "A MAC is compared with === or !=",
		"The comparison ends at the first different character, and its time tells how far a forged signature was right.",
		"crypto.timingSafeEqual on buffers of equal length; hmac.Equal in Go.",
		finding.Low, "11.2.4", "CWE-208", plainCompare),
	r("webhook-200-on-error", "The provider hears 200 although nothing was stored",
		"The provider never repeats a delivery that was answered with 200: the payment is taken and no plan is given.",
		"Store first, then answer. Answer 500 when it failed, so that the provider sends it again; supabase-js returns errors instead of throwing them.",
		finding.High, "16.5.2", "CWE-755", okOnError),
	r("idempotency-in-memory", "Which events were seen is kept in the memory of one process",
		"After a restart, on a second instance, or after the set was cleared, a repeated delivery is applied again; an event marked as seen before it failed is never applied.",
		"Insert the event's id under a unique key, in the transaction of its effect.",
		finding.High, "15.4.1", "CWE-799", inMemory),
	r("idempotency-missing", "Each delivery of an event adds again",
		"Providers repeat deliveries as a matter of course: every repetition grants credits, seats or time once more.",
		"INSERT INTO inbox (event_id) … ON CONFLICT DO NOTHING first, in the same transaction, and stop when no row came back.",
		finding.High, "15.4.1", "CWE-799", noIdempotency),
	r("effect-before-inbox", "The effect comes first, the note that it was done later and not in the same transaction",
		"Two overlapping deliveries both find nothing noted; a crash in between repeats the effect with the next delivery.",
		"Insert the event's id first, in the transaction of the effect, and stop when it was there.",
		finding.High, "15.4.1", "CWE-362", effectFirst),
	r("email-match", "A webhook finds the account by an address or number that the payer typed",
		"The payer types the address in the checkout: with a victim's address his payment, and later his cancellation, changes the victim's account.",
		"Look up by the customer or order id that the server stored when it made the checkout.",
		finding.High, "8.2.2", "CWE-290", emailMatch),
	r("billing-reason-ignored", "Every paid invoice refills, whatever it was for",
		"Each change of plan makes a small invoice; paid, it refills all credits. Use up, switch up and down, and have thousands of credits for cents of proration.",
		"Refill only when billing_reason is subscription_create or subscription_cycle.",
		finding.High, "2.3.1", "CWE-840", billingReason),
	r("annual-gap", "Monthly credits are granted only when an invoice is paid, and there are yearly plans",
		"A yearly plan pays one invoice a year: its customers get one month's credits in twelve, and ask for their money back.",
		"Refill on the calendar: a job that grants what is due each month of a paid period, counted from its start.",
		finding.High, "2.3.1", "CWE-840", annualGap),
}

func server(e *flow.Entry) bool { return !e.Client && e.Kind != "module" && e.Kind != "middleware" }

// webhooks calls f for every entry that takes events.
func webhooks(p *rule.Pass, f func(e *flow.Entry)) {
	for _, e := range p.Entries {
		if server(e) && rule.Webhook(e) {
			f(e)
		}
	}
}

// fromEvent tells whether a value comes from what was delivered.
func fromEvent(v *flow.Val) bool {
	return v != nil && v.Has(flow.Event, flow.Body, flow.RawBody)
}

// effects are the events that apply something.
func effects(e *flow.Entry) (list []*flow.Op) {
	for _, op := range e.Ops {
		if effect(op) {
			list = append(list, op)
		}
	}
	return list
}

func effect(op *flow.Op) bool {
	switch op.Kind {
	case flow.OpDB:
		switch op.Verb {
		case "insert", "update", "upsert", "delete", "rpc", "call":
			return true
		}
	case flow.OpCall:
		if harmless.MatchString(op.Name) {
			return false
		}
		for _, a := range op.Args {
			if fromEvent(a) {
				return true
			}
		}
	}
	return false
}

var harmless = regexp.MustCompile(`(?i)(log|track|capture|metric|send|mail|notify|verify|valid|parse|format|print|json|close|lock|debug|warn|error|string|hash|^get|^find|^is[A-Z]|^has[A-Z])`)

// verified is the check of a signature before an event, if there is one.
func verified(e *flow.Entry, op *flow.Op) *flow.Op {
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpVerify && !strings.Contains(x.Name, "jwt") && !strings.Contains(x.Name, "jose") || x.Kind == flow.OpMacCmp {
			return x
		}
	}
	return nil
}

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
				p.Report(rule.Hit{At: at, Entry: e, Key: "unsigned",
					Title: "Nothing checks the signature of this webhook before it writes", Way: []finding.Place{rule.Place(at, "believed as it came"), rule.Place(rule.Site(op), "written: "+op.Verb+" "+op.Table+op.Name)}})
				return
			}
			if g := optional(v, op); g != nil {
				if isSecret(v, g) {
					continue // the rule for secrets says it
				}
				p.Report(rule.Hit{At: g.Pos, Entry: e, Key: "switch", Title: "A switch turns the signature check off, and the event is applied all the same",
					Way: []finding.Place{rule.Place(g.Pos, "only then is it checked"), rule.Place(v.Pos, "the check"), rule.Place(rule.Site(op), "applied in both cases")}})
				return
			}
		}
	})
}

var signature = regexp.MustCompile(`(?i)(signature|webhook-id|svix|hmac|x-hub)`)

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

func isSecret(v *flow.Op, g *flow.Guard) bool {
	names := map[string]bool{}
	for _, a := range append(slices.Clone(v.Args), keyOf(v)...) {
		for _, o := range a.Origins() {
			if o.Kind == flow.Env {
				names[o.Path] = true
			}
		}
	}
	for _, o := range g.Val.Implied() {
		if o.Kind == flow.Env && (names[o.Path] || secretName.MatchString(o.Path)) {
			return true
		}
	}
	return false
}

var secretName = regexp.MustCompile(`(?i)(secret|whsec|key)`)

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
				if (o.Kind == flow.Body || o.Kind == flow.RawBody) && (at.File == op.Pos.File || e.Fn != nil && at.File == e.Fn.File) && (best.File == nil || at.At < best.At) {
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
			if len(op.Args) > 0 && (strings.Contains(op.Name, "constructEvent") || strings.Contains(op.Name, "webhook") || strings.Contains(op.Name, "validateWebhook")) {
				data = op.Args[0]
			}
		}
		if !restringified(data, 0) {
			return
		}
		p.Report(rule.Hit{At: op.Pos, Entry: e, Key: rule.Fn(op), Way: rule.Way(data.First(flow.Body), op.Pos, "signed over what JSON.stringify makes of it")})
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

// keyOf is the secret of a check.
func keyOf(op *flow.Op) []*flow.Val {
	switch op.Kind {
	case flow.OpHMAC:
		if len(op.Args) > 0 && op.Args[0] != nil {
			return op.Args[:1]
		}
	case flow.OpVerify:
		switch {
		case strings.Contains(op.Name, "constructEvent"), strings.Contains(op.Name, "ConstructEvent"), strings.Contains(op.Name, "razorpay"), strings.Contains(op.Name, "webhook.verify"), strings.Contains(op.Name, "ValidatePayload"):
			if len(op.Args) > 2 && op.Args[2] != nil {
				return op.Args[2:3]
			}
		case strings.Contains(op.Name, "paddle"):
			if len(op.Args) > 1 {
				return op.Args[1:2]
			}
		}
	case flow.OpMacCmp:
		var list []*flow.Val
		for _, a := range op.Args {
			if o := a.First(flow.Digest); o != nil && o.Op != nil && len(o.Op.Args) > 0 && o.Op.Args[0] != nil {
				list = append(list, o.Op.Args[0])
			}
		}
		return list
	}
	return nil
}

// envChecked tells whether an empty variable ends the request or the program
// before.
func envChecked(op *flow.Op, name string) bool {
	list := op.Guards
	if op.Mod != nil {
		list = append(slices.Clone(list), op.Mod.Guards...)
	}
	for _, o := range op.Sites {
		_ = o
	}
	for _, g := range list {
		for _, o := range g.Val.Implied() {
			if o.Kind == flow.Env && o.Path == name {
				return true
			}
		}
	}
	return false
}

func fallbackSecret(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if e.Client {
			return
		}
		goCode := op.Pos.File != nil && op.Pos.File.Lang == "go"
		for _, key := range keyOf(op) {
			if op.Kind == flow.OpMacCmp {
				continue
			}
			env := key.First(flow.Env)
			if g := skipped(e, op); g != nil && isSecret(op, g) {
				p.Report(rule.Hit{At: g.Pos, Entry: e, Key: "skipped", Title: "Without its secret the signature is not checked, and the event is applied all the same",
					Way: []finding.Place{rule.Place(g.Pos, "only with a secret"), rule.Place(op.Pos, "the check")}})
				return
			}
			for _, a := range alternatives(key, 0) {
				if !a.IsStr || len(a.Origins()) > 0 {
					continue
				}
				at := op.Pos
				if a.Pos.File != nil {
					at = a.Pos
				}
				name := "the secret"
				if env != nil {
					name = env.Path
				}
				if env == nil && a.Str != "" {
					if a == key && len(a.Str) < 60 && comparedWith(e, op) {
						p.Report(rule.Hit{At: at, Entry: e, Key: "literal", Title: "The secret of the signature stands in the code"})
					}
					continue
				}
				if env != nil && envChecked(op, env.Path) && a.Str == "" {
					continue
				}
				if a.Str == "" {
					if strings.Contains(op.Name, "stripe.constructEvent") && refusesEmpty(p.Version(op.Pos.File.Path, "stripe")) {
						continue
					}
					p.Report(rule.Hit{At: at, Entry: e, Key: "empty", Title: fmt.Sprintf("An unset %s becomes the empty string, and with an empty key everybody can sign", name),
						Way: rule.Way(env, op.Pos, "the key of the signature")})
				} else {
					p.Report(rule.Hit{At: at, Entry: e, Key: "default", Title: fmt.Sprintf("%s has a default that stands in the code", name), Way: rule.Way(env, op.Pos, "the key of the signature")})
				}
				return
			}
			if goCode && env != nil && !envChecked(op, env.Path) {
				p.Report(rule.Hit{At: op.Pos, Entry: e, Key: "empty", Title: fmt.Sprintf("An unset %s is an empty key, and everybody can sign with it", env.Path),
					Way: rule.Way(env, op.Pos, "the key of the signature")})
			}
		}
	})
}

// comparedWith tells whether a MAC is compared with what was sent, and not
// only made to sign something.
func comparedWith(e *flow.Entry, op *flow.Op) bool {
	if op.Kind == flow.OpVerify {
		return true
	}
	for _, x := range e.Ops {
		if x.Kind != flow.OpMacCmp {
			continue
		}
		for _, a := range x.Args {
			if o := a.First(flow.Digest); o != nil && o.Op == op {
				return true
			}
		}
	}
	return false
}

// skipped is a condition of the check alone, not of what follows it.
func skipped(e *flow.Entry, v *flow.Op) *flow.Guard {
	for _, op := range effects(e) {
		if op.Seq > v.Seq {
			if g := optional(v, op); g != nil {
				return g
			}
		}
	}
	return nil
}

func alternatives(v *flow.Val, depth int) (list []*flow.Val) {
	if v == nil || depth > 3 {
		return nil
	}
	if len(v.Alts) == 0 {
		return []*flow.Val{v}
	}
	for _, a := range v.Alts {
		if a == v {
			continue
		}
		list = append(list, alternatives(a, depth+1)...)
	}
	return list
}

var major = regexp.MustCompile(`(\d+)`)

// refusesEmpty tells whether a version of stripe-node refuses an empty secret:
// 22 and later do, 12 to 21 do not.
func refusesEmpty(version string) bool {
	m := major.FindString(version)
	n, _ := strconv.Atoi(m)
	return n >= 22
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
				if a.Num == "0" && strings.HasPrefix(op.Name, "stripe.") || err == nil && n > 3600 || a.Lib == "global.Infinity" || strings.HasSuffix(a.Lib, "MAX_SAFE_INTEGER") {
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
			p.Report(rule.Hit{At: op.Pos, Entry: e, Key: "time", Way: rule.Way(stamp, op.Pos, "is signed, and compared with no clock")})
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

var stampName = regexp.MustCompile(`(?i)(signature|timestamp|time)`)

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
			p.Report(rule.Hit{At: at, Entry: e, Key: "200", Title: "200 is answered although the event may not be stored: " + why,
				Way: []finding.Place{rule.Place(rule.Site(op), "fails"), rule.Place(at, "answered all the same")}})
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
		if x.Kind == flow.OpRespond && x.Status < 400 && x.Name != "return" && x.Status != 0 && inside(x, op) && x.Pos.File != nil && (x.Pos.File.Lang != "go") && expressLike(e) {
			return "the answer is sent before the work"
		}
	}
	if op.Caught {
		return "errors are caught and dropped"
	}
	if op.Floating && !durable(op) {
		return "nobody waits for the work"
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
				if x.Then.Done && !x.Then.Resp && deeper(x, e) {
					// it is returned to a caller that decides
					looked = looked && false
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
		if op.Kind == flow.OpDB || op.Kind == flow.OpCall && op.Recv != nil {
			if returned(e, op) {
				return ""
			}
		}
	}
	return ""
}

func expressLike(e *flow.Entry) bool {
	return e.Framework == "express" || e.Framework == "fastify" || e.Framework == "next-pages" || e.Framework == "koa" || e.Framework == ""
}

func durable(op *flow.Op) bool { return false }

func deeper(x *flow.Op, e *flow.Entry) bool { return len(x.Sites) > 1 }

func returned(e *flow.Entry, op *flow.Op) bool { return true }

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

var idPath = regexp.MustCompile(`(?i)(^|\.)(id|event_?id|webhook-id|svix-id|x-razorpay-event-id|delivery|event_?key)$|event-id|webhook-id|delivery`)
var paramID = regexp.MustCompile(`(?i)^(event|delivery|webhook|message|evt|hook|payment|order|invoice|charge|txn|transaction)_?id$|^(event|evt)\.id$`)

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
		if (o.Kind == flow.Event || o.Kind == flow.Body || o.Kind == flow.RawBody || o.Kind == flow.Param) && objectPath.MatchString(o.Path) {
			return true
		}
	}
	return false
}

var objectPath = regexp.MustCompile(`(?i)(payment_intent|payment_id|invoice|order_id|charge|\.id$|session_id|transaction)`)

func inMemory(p *rule.Pass) {
	webhooks(p, func(e *flow.Entry) {
		for _, op := range e.Ops {
			if op.Kind != flow.OpMemory || op.Verb != "has" && op.Verb != "get" || len(op.Args) == 0 || !eventID(op.Args[0]) {
				continue
			}
			var set *flow.Op
			for _, x := range e.Ops {
				if x.Kind == flow.OpMemory && x.Verb == "set" && x.Seq >= op.Seq && len(x.Args) > 0 && eventID(x.Args[0]) {
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
			p.Report(rule.Hit{At: at, Entry: e, Key: "memory", Way: []finding.Place{rule.Place(at, "kept here"), rule.Place(op.Pos, "asked here")}})
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

var keyCol = regexp.MustCompile(`(?i)(^id$|event|delivery|webhook|message|payment|invoice|charge|order|session|external|provider|stripe|key|reference|txn|transaction|idempotency)`)

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

var ledger = regexp.MustCompile(`(?i)(ledger|credit|grant|transaction|entries|top_?up|log)`)

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
			p.Report(rule.Hit{At: at, Entry: e, Key: op.Table + "." + w.Col, Title: fmt.Sprintf("Every delivery adds to %s.%s again: nothing notes which events were applied", op.Table, w.Col),
				Way: []finding.Place{rule.Place(at, "added here")}})
			return
		}
	})
}

// guarded tells whether the effect's own condition keeps it from happening
// twice: WHERE NOT paid.
func guarded(op *flow.Op) bool {
	for _, f := range op.Filters {
		if f.Op == "false" || f.Op == "is" && f.Val != nil && len(f.Val.Origins()) == 0 || strings.Contains(f.Op, "null") || f.Val != nil && f.Val.Null || f.Op == "<>" || f.Op == "!=" {
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
				if m.Seq <= op.Seq || m.Kind != flow.OpDB || m.Verb != "insert" && m.Verb != "upsert" || m.Table == op.Table || !note(m) {
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
				p.Report(rule.Hit{At: at, Entry: e, Key: op.Table + "." + w.Col + "@" + rule.Fn(op),
					Title: fmt.Sprintf("%s.%s is added to before %s notes the event, in another transaction", op.Table, w.Col, m.Table),
					Way:   []finding.Place{rule.Place(at, "the effect"), rule.Place(rule.Site(m), "noted here")}})
				continue entries
			}
		}
	}
}

var eventWord = regexp.MustCompile(`(?i)(event|deliver|webhook|inbox|processed|idempot|hook)`)

// oneTime tells whether an insert keeps ids of deliveries.
func oneTime(m *flow.Op) bool {
	for _, w := range m.Writes {
		if !w.Val.Has(flow.Event, flow.Header, flow.Body, flow.RawBody) && !eventWord.MatchString(w.Col+" "+m.Table) {
			continue
		}
		if eventID(w.Val) && (w.Col == "id" || strings.Contains(w.Col, "event") || strings.Contains(w.Col, "delivery") || strings.Contains(w.Col, "webhook") || m.Conflict != "") {
			return true
		}
	}
	return false
}

var payerTyped = regexp.MustCompile(`(?i)(^|[._])(e?mail|customer_email|receipt_email|user_email|email_address|phone|contact|mobile|customer_name)$`)

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
				p.Report(rule.Hit{At: at, Entry: e, Key: op.Table + "." + f.Col + "@" + rule.Fn(op),
					Title: fmt.Sprintf("The account is found by what the payer typed (%s)", o.Path), Way: append(rule.Way(o, at, "finds the account"), rule.Place(rule.Site(w), "which is then changed"))})
				continue entries
			}
		}
	}
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

var contactCol = regexp.MustCompile(`(?i)(mail|phone|mobile|contact|name)`)

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

var mailTable = regexp.MustCompile(`(?i)(mail|notification|message|log|audit)`)

func pays(op *flow.Op) bool {
	for _, w := range op.Writes {
		if rule.PlanCol.MatchString(w.Col) || rule.ValueCol.MatchString(w.Col) || strings.Contains(w.Col, "customer") || strings.Contains(w.Col, "paid") {
			return true
		}
	}
	return op.Verb == "rpc" || op.Kind == flow.OpCall
}

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

var usedCol = regexp.MustCompile(`(?i)(used|usage|consumed|spent)`)

// refills is a write of an allowance, or nil.
func refills(op *flow.Op) *flow.Write {
	if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" && op.Verb != "insert" {
		return nil
	}
	for i := range op.Writes {
		w := &op.Writes[i]
		if !rule.ValueCol.MatchString(w.Col) || strings.Contains(w.Col, "paid") || strings.Contains(w.Col, "amount") && op.Verb == "insert" || w.Minus {
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
			if strings.Contains(strings.ToLower(o.Path), "billing_reason") || strings.Contains(strings.ToLower(o.Path), "billingreason") {
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
			p.Report(rule.Hit{At: at, Entry: e, Key: op.Table + "." + w.Col, Title: fmt.Sprintf("Every paid invoice refills %s.%s, also that of a change of plan", op.Table, w.Col),
				Way: []finding.Place{rule.Place(at, "a paid invoice"), rule.Place(w.Pos, "refills")}})
			break
		}
	}
}
