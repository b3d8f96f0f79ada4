// Package provider finds calls of payment providers that let the client choose
// whose customer, which price or which proof counts.
package provider

import (
	"fmt"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix string, sev finding.Severity, asvs, cwe string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{
		ID: id, Engine: "source", Title: title, Why: why, Fix: fix, Severity: sev,
		ASVS: []string{asvs}, CWE: []string{cwe},
	}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("portal-any-customer",
		"The request chooses for which customer of the provider the portal, invoices or a subscription are opened or changed",
		"Signed in is enough to open anybody's billing portal: address, cards, invoices, cancelling.",
		"Take the customer from the session's account in your own database; never from the request.",
		finding.High, "8.2.2", "CWE-639", portal),
	r("customer-by-email", "The provider's customer is taken over by its e-mail address",
		"Addresses are not unique at the provider and need not be verified here: who registers with a victim's address takes over his customer with cards and invoices, and two accounts share one.",
		"Create the customer per account, with an idempotency key of the account's id, store its id once under a unique constraint, and look it up there.",
		finding.High, "8.2.2", "CWE-290", byEmail),
	r("price-from-client", "Price, amount or credits come from the client",
		"Whoever changes the request pays what he likes, or buys an old, cheap or internal price.",
		"Let the client name a plan, and look up price and credits on the server.",
		finding.Medium, "2.3.2", "CWE-472", price),
	r("verify-trusts-client", "A payment is believed although it proves too little",
		"One cheap payment is presented again and again, for any plan; or a word in the address bar gives a plan without any payment.",
		"Find the order that this account made and that is not paid yet, take the plan from it, and apply it once; ask the provider for the status.",
		finding.High, "2.3.1", "CWE-345", trusts),
	r("access-without-payment", "A plan, access or credits are granted by a request without any payment behind it",
		"Whoever finds the route upgrades himself for nothing.",
		"Grant only from a verified event or a payment that the server fetched from the provider.",
		finding.High, "2.3.1", "CWE-840", free),
}

var personal = lazyregexp.New(`(?i)(billingPortal|invoices\.|subscriptions\.|subscriptionItems\.|subscriptionSchedules\.|paymentMethods\.|refunds\.|customers\.(retrieve|update|delete|del|listPaymentMethods|create(?:Source|TaxId))|customerSessions|setupIntents|charges\.(list|retrieve)|upcoming|invoiceItems|creditNotes|payments\.(refund|fetch|capture)|paymentIntents\.(list|cancel|retrieve|capture))`)

// checked tells whether anything ties the value to the caller.
func checked(e *flow.Entry, op *flow.Op, v *flow.Val) bool {
	if rule.Checked(e, op, v) {
		return true
	}
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				// compared with what our own database or the provider says
				if pair[0] != nil && pair[1] != nil && rule.SameClient(pair[0], v) &&
					pair[1].Has(flow.DB, flow.Provider) &&
					c.Op != "falsy" {
					return true
				}
			}
		}
	}
	for _, x := range e.Ops { // our own row holds the id, found together with the caller
		if x.Kind == flow.OpDB && x.Seq < op.Seq && rule.Scoped(x) {
			for _, f := range x.Filters {
				if f.Val != nil && rule.SameClient(f.Val, v) {
					return true
				}
			}
		}
	}
	return false
}

func user(e *flow.Entry, op *flow.Op) bool {
	return rule.Public(e) && !rule.Webhook(e) && !rule.RoleChecked(e, op) && !rule.SecretChecked(e, op)
}

// clientFlag tells whether an admin check that the client decides stands before.
func clientFlag(op *flow.Op) bool {
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if (o.Kind == flow.Header || o.Kind == flow.Body || o.Kind == flow.Query) &&
				rule.RoleWord.MatchString(o.Path) {
				return true
			}
		}
	}
	return false
}

func portal(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpProvider || !user(e, op) || clientFlag(op) {
			return
		}
		for i, a := range op.Args {
			var v *flow.Val
			switch {
			case a.Fields != nil:
				for _, k := range a.Order {
					switch strings.ToLower(k) {
					case "customer", "customer_id", "subscription", "payment_intent", "paymentintent", "charge",
						"invoice",
						"payment_method", "customerid":
						if len(rule.Clients(a.Fields[k])) > 0 {
							v = a.Fields[k]
						}
					}
				}
				if v != nil && !personal.MatchString(op.Name) && !hasCustomer(a, v) {
					v = nil
				}
			case personal.MatchString(op.Name) && i <= 1 && len(rule.Clients(a)) > 0 && a.Lib != "go.ctx":
				v = a
			}
			if v == nil && !rule.UsesSession(e) && personal.MatchString(op.Name) {
				v = foundByClient(a)
			}
			if v == nil || checked(e, op, v) || later(e, op) {
				continue
			}
			o := rule.Clients(v)[0]
			if o.Kind == flow.Header && p.At("identity-from-request", o.Pos) {
				return // the same flaw, said there
			}
			p.Report(rule.Hit{
				At: op.Pos, Entry: e, Key: op.Name,
				Title: fmt.Sprintf("%s is called for whatever the %s names (%s)", op.Name, o.Kind, o.Path),
				Way:   rule.Way(o, op.Pos, op.Name),
			})
			return
		}
	})
}

// foundByClient is what the request says, when a customer was found by nothing
// else.
func foundByClient(a *flow.Val) *flow.Val {
	for _, k := range a.Order {
		if !strings.HasPrefix(strings.ToLower(k), "customer") && strings.ToLower(k) != "subscription" {
			continue
		}
		for _, o := range a.Fields[k].Origins() {
			if o.Kind != flow.DB || o.Op == nil || rule.Scoped(o.Op) {
				continue
			}
			for _, f := range o.Op.Filters {
				if f.Val != nil && len(rule.Clients(f.Val)) > 0 && !tokenCol.MatchString(f.Col) {
					return f.Val
				}
			}
		}
	}
	return nil
}

var tokenCol = lazyregexp.New(`(?i)(token|hash|secret|code|session)`)

func hasCustomer(a, v *flow.Val) bool {
	for _, k := range a.Order {
		if a.Fields[k] == v && strings.HasPrefix(strings.ToLower(k), "customer") {
			return true
		}
	}
	return false
}

// later tells whether what the provider answered is compared with the caller
// before it is used.
func later(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Kind != flow.OpIf || x.Seq < op.Seq {
			continue
		}
		for _, c := range x.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				if pair[0] == nil || pair[1] == nil || !rule.FromSession(pair[1]) && !pair[1].Has(flow.DB) {
					continue
				}
				for _, o := range pair[0].Origins() {
					if o.Op == op {
						return true
					}
				}
			}
		}
	}
	return false
}

func byEmail(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind != flow.OpProvider || e.Client || !strings.HasPrefix(op.Name, "customers.") ||
			rule.RoleChecked(e, op) {
			return
		}
		if !strings.HasSuffix(op.Name, "list") && !strings.HasSuffix(op.Name, "search") &&
			!strings.HasSuffix(op.Name, "all") {
			return
		}
		mail := false
		for _, a := range op.Args {
			for _, k := range a.Order {
				switch strings.ToLower(k) {
				case "email":
					mail = true
				case "query":
					text := a.Fields[k].Str + strings.Join(a.Fields[k].Strs, "")
					mail = mail || strings.Contains(strings.ToLower(text), "email")
				}
			}
		}
		if !mail {
			return
		}
		for _, x := range e.Ops {
			if x.Seq <= op.Seq {
				continue
			}
			var vals []*flow.Val
			switch x.Kind {
			case flow.OpDB:
				for _, w := range x.Writes {
					vals = append(vals, w.Val)
				}
			case flow.OpProvider:
				vals = x.Args
			case flow.OpCall:
				vals = x.Args
			}
			for _, v := range vals {
				for _, o := range v.Origins() {
					if o.Op == op {
						p.Report(rule.Hit{
							At: rule.Site(op), Entry: e, Key: rule.Fn(op),
							Way: []finding.Place{
								rule.Place(op.Pos, "found by its address"),
								rule.Place(rule.Site(x), "becomes this account's customer"),
							},
						})
						return
					}
				}
			}
		}
	})
}

var (
	priceKey = lazyregexp.New(`(?i)^(price|unit_amount|unitamount|unit_amount_decimal|amount|plan|plan_id|planid|price_?id|amount_total|total)$`)
	sells    = lazyregexp.New(`(?i)(checkout\.sessions\.(create|new)|paymentIntents\.create|subscriptions\.(create|update)|orders\.create|paymentLinks\.create|invoiceItems\.create|charges\.create|subscriptionItems\.(create|update)|prices\.create)`)
)

func price(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		name, args := sale(op)
		if name == "" || !user(e, op) {
			return
		}
		for _, a := range args {
			if walk(a, 0, func(k string, v *flow.Val) bool {
				if !priceKey.MatchString(k) && !granted.MatchString(k) || v.Fields != nil || v.Enum {
					return true
				}
				list := rule.Clients(v)
				if len(list) == 0 || allowed(e, op, v) {
					return true
				}
				o := list[0]
				sev := finding.Medium
				if strings.Contains(strings.ToLower(k), "amount") {
					sev = finding.High
				}
				at := o.Pos
				if at.File == nil || at.File != op.Pos.File {
					at = op.Pos
					for _, site := range op.Sites { // who asks for it, not who sends it
						if op.Kind == flow.OpFetch && site.File == o.Pos.File && site.File != nil {
							at = site
						}
					}
				}
				p.Report(rule.Hit{
					At: at, Entry: e, Severity: sev, Key: name + "." + k,
					Title: fmt.Sprintf("%s of the purchase is what the %s says (%s)", k, o.Kind, o.Path),
					Way:   rule.Way(o, op.Pos, name),
				})
				return false
			}) {
				continue
			}
			return
		}
	})
	credits(p)
}

// allowed tells whether a closed list of the server or the provider was asked.
func allowed(e *flow.Entry, op *flow.Op, v *flow.Val) bool {
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				if pair[0] == nil || pair[1] == nil || !rule.SameClient(pair[0], v) {
					continue
				}
				switch c.Op {
				case "includes", "has", "in", "key", "indexOf":
					return true
				case "==", "===", "!=", "!==":
					if refusesOne(g, c) {
						continue
					}
					if pair[1].Has(flow.Env, flow.DB, flow.Provider) || pair[1].IsStr && pair[1].Str != "" {
						return true
					}
				}
			}
		}
		for _, o := range g.Val.Implied() {
			if (o.Kind == flow.DB || o.Kind == flow.Provider || o.Kind == flow.Opaque) && o.Op != nil &&
				shares(o.Op, v) {
				return true
			}
		}
	}
	return false
}

// refusesOne tells whether a condition turns one value away and lets all
// others pass: if (plan === "free") return.
func refusesOne(g *flow.Guard, c *flow.Cmp) bool {
	return len(g.Val.Cmps) == 1 && g.Val.Cmps[0] == c && len(g.Val.Ctl) == 0 && g.Exit &&
		g.Neg == (c.Op == "==" || c.Op == "===")
}

func shares(op *flow.Op, v *flow.Val) bool {
	for _, f := range op.Filters {
		if f.Val != nil && rule.SameClient(f.Val, v) {
			return true
		}
	}
	for _, a := range op.Args {
		if rule.SameClient(a, v) {
			return true
		}
	}
	return false
}

func walk(v *flow.Val, depth int, f func(string, *flow.Val) bool) bool {
	if v == nil || depth > 6 {
		return true
	}
	for _, k := range v.Order {
		x := v.Fields[k]
		if x == nil {
			continue
		}
		if !f(k, x) || !walk(x, depth+1, f) {
			return false
		}
	}
	for _, x := range v.Elems {
		if !walk(x, depth+1, f) {
			return false
		}
	}
	return true
}

// credits finds balances that the client tops up himself.
func credits(p *rule.Pass) {
	p.Ops(func(e *flow.Entry, op *flow.Op) {
		if op.Kind == flow.OpDB && op.Verb == "rpc" && user(e, op) && !rule.JobPath(e.Label()) {
			creditsByName(p, e, op)
			return
		}
		if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" || !user(e, op) ||
			rule.JobPath(e.Label()) {
			return
		}
		for _, w := range op.Writes {
			if !granted.MatchString(w.Col) || w.Val == nil || w.Minus || strings.Contains(w.Val.Name, "arith-") ||
				w.Val.Enum {
				continue
			}
			list := rule.Clients(w.Val)
			if len(list) == 0 || allowed(e, op, w.Val) {
				continue
			}
			if !w.Relative && !w.Val.Has(flow.DB) && !strings.HasPrefix(w.Val.Name, "arith") &&
				len(w.Val.Origins()) != len(list) {
				continue
			}
			o := list[0]
			at := o.Pos
			if at.File == nil || at.File != op.Pos.File {
				at = rule.Site(op)
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Severity: finding.High, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("%s.%s grows by what the %s says (%s)", op.Table, w.Col, o.Kind, o.Path),
				Way:   rule.Way(o, rule.Site(op), "added to "+w.Col),
			})
			return
		}
	})
}

var granted = lazyregexp.New(`(?i)^(\w*_)?(credits?|balance|tokens|coins|quota|points|wallet|words_left|sms_left|minutes_left|seats|units)(_left|_balance|_remaining|_count)?$`)

var (
	paidWord  = lazyregexp.New(`(?i)(status|paid|success|succeeded|payment|redirect_status|completed|checkout|session_?id|verified|result)`)
	paidValue = lazyregexp.New(`(?i)^(success|succeeded|paid|completed|complete|captured|true|1|ok|active|approved)$`)
)

// grants tells whether an event gives a plan, access or credits.
func grants(op *flow.Op) bool {
	switch op.Kind {
	case flow.OpDB:
		if op.Verb != "update" && op.Verb != "upsert" && op.Verb != "insert" {
			return op.Verb == "rpc" && (grantName.MatchString(op.Table) || addName.MatchString(op.Table))
		}
		for _, w := range op.Writes {
			if planCol(w) || granted.MatchString(w.Col) && !w.Minus &&
				!(w.Val != nil && strings.Contains(w.Val.Name, "arith-")) {
				return true
			}
		}
	case flow.OpCall:
		return grantName.MatchString(op.Name) && !rule.RoleWord.MatchString(op.Name)
	}
	return false
}

var plan = lazyregexp.New(`(?i)^(plan|tier|is_?pro|is_?premium|is_?paid|is_?subscribed|subscribed|pro|premium|paid|paid_at|paid_until|pro_until|premium_until|subscription_?(status|tier|plan|end|ends_at)|plan_?(id|name|code|key|tier)|membership|entitlement|has_access|lifetime|access_until)$`)

func planCol(w flow.Write) bool {
	if !plan.MatchString(w.Col) {
		return false
	}
	return w.Val == nil || !w.Val.Null && w.Val.Str != "free" && w.Val.Num != "false"
}

var grantName = lazyregexp.New(`(?i)(set_?plan|grant|upgrade|activate|add_?credits|credit_?user|give_?access|unlock|subscribe_?user|mark_?paid|confirm_?payment|enable_?pro|make_?pro|fulfil|apply_?plan|set_?tier|set_?pro|entitle)`)

// trusts finds grants that follow from a word of the client, or from a
// signature that says nothing about whose payment it was.
func trusts(p *rule.Pass) {
	for _, e := range p.Entries {
		if !rule.Public(e) || rule.Webhook(e) && !signedIn(e) {
			continue
		}
		for _, op := range e.Ops {
			if !grants(op) || rule.RoleChecked(e, op) || rule.JobPath(e.Label()) && !signedIn(e) {
				continue
			}
			if hit := word(e, op); hit != nil {
				hit.Entry, hit.Key = e, "word"
				p.Report(*hit)
				break
			}
			if hit := signature(e, op); hit != nil {
				hit.Entry, hit.Key = e, "signature"
				p.Report(*hit)
				break
			}
			if hit := session(e, op); hit != nil {
				hit.Entry, hit.Key = e, "session"
				p.Report(*hit)
				break
			}
			if hit := unproven(e, op); hit != nil {
				hit.Entry, hit.Key = e, "unproven"
				p.Report(*hit)
				break
			}
		}
	}
}

func signedIn(e *flow.Entry) bool { return rule.UsesSession(e) }

// word is a status that the client tells.
func word(e *flow.Entry, op *flow.Op) *rule.Hit {
	for _, g := range op.Guards {
		if g.Short {
			continue
		}
		for _, c := range g.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				if pair[0] == nil || pair[1] == nil || c.Op != "==" && c.Op != "===" && c.Op != "!=" && c.Op != "!==" &&
					c.Op != "falsy" {
					continue
				}
				for _, o := range rule.Clients(pair[0]) {
					if !paidWord.MatchString(o.Last()) || o.Kind == flow.Header {
						continue
					}
					if c.Op == "falsy" && (strings.Contains(strings.ToLower(o.Path), "id") || asked(e, op, o)) ||
						c.Op != "falsy" && !paidValue.MatchString(pair[1].Str+pair[1].Num) {
						continue
					}
					return &rule.Hit{
						At: g.Pos,
						Title: fmt.Sprintf("The %s says that it was paid (%s), and nobody asks the provider",
							o.Kind, o.Path),
						Way: append(rule.Way(o, g.Pos, "decides"), rule.Place(rule.Site(op), "granted")),
					}
				}
			}
		}
	}
	return nil
}

// asked tells whether the provider was asked with the value.
func asked(e *flow.Entry, op *flow.Op, o *flow.Origin) bool {
	for _, x := range e.Ops {
		if x.Kind == flow.OpProvider && x.Seq < op.Seq {
			return true
		}
	}
	return false
}

// signature is a payment's signature before a grant of what the client names.
func signature(e *flow.Entry, op *flow.Op) *rule.Hit {
	var mac *flow.Op
	for _, x := range e.Ops {
		if x.Seq < op.Seq &&
			(x.Kind == flow.OpMacCmp || x.Kind == flow.OpVerify && strings.HasPrefix(x.Name, "razorpay")) {
			mac = x
		}
	}
	if mac == nil || !signedIn(e) {
		return nil
	}
	// what is granted comes from the client
	var what *flow.Origin
	for _, w := range op.Writes {
		if planCol(w) || granted.MatchString(w.Col) {
			for _, o := range rule.Clients(w.Val) {
				what = o
			}
		}
	}
	if op.Kind == flow.OpCall {
		for _, a := range op.Args {
			for _, o := range rule.Clients(a) {
				what = o
			}
		}
	}
	// an order of ours was looked up with the session
	for _, x := range e.Ops {
		if x.Seq <= op.Seq && x.Kind == flow.OpDB && !x.Credential() {
			order := false
			for _, f := range x.Filters {
				if f.Val == nil {
					continue
				}
				for _, o := range rule.Clients(f.Val) {
					if strings.Contains(strings.ToLower(o.Path), "order") ||
						strings.Contains(strings.ToLower(o.Path), "payment") ||
						strings.Contains(strings.ToLower(o.Path), "subscription") ||
						strings.Contains(strings.ToLower(o.Path), "session") {
						order = true
					}
				}
			}
			if order {
				return nil
			}
		}
	}
	if what == nil {
		for _, x := range e.Ops {
			if x.Kind == flow.OpProvider && x.Seq < op.Seq {
				return nil
			}
		}
		return &rule.Hit{
			At:    rule.Site(op),
			Title: "The signature proves that order and payment belong together, not whose order it was and that it was not used before",
			Way:   []finding.Place{rule.Place(mac.Pos, "the signature"), rule.Place(rule.Site(op), "granted")},
		}
	}
	return &rule.Hit{
		At:    rule.Site(op),
		Title: fmt.Sprintf("After a valid signature the client chooses what is granted (%s); the payment may be anybody's and used before", what.Path),
		Way: append([]finding.Place{rule.Place(mac.Pos, "the signature")},
			rule.Way(what, rule.Site(op), "granted")...),
	}
}

// session is a checkout session that was fetched by an id of the client and is
// compared with nobody.
func session(e *flow.Entry, op *flow.Op) *rule.Hit {
	for _, x := range e.Ops {
		if x.Kind != flow.OpProvider || x.Seq >= op.Seq || !strings.HasSuffix(x.Name, "retrieve") &&
			!strings.HasSuffix(x.Name, "fetch") {
			continue
		}
		var id *flow.Origin
		for _, a := range x.Args {
			for _, o := range rule.Clients(a) {
				id = o
			}
		}
		if id == nil || later(e, x) {
			continue
		}
		// the row is found by what the provider says, not by the session
		bySession := false
		for _, f := range op.Filters {
			if f.Val != nil && f.Val.Has(flow.Session) {
				bySession = true
			}
		}
		for _, a := range op.Args {
			bySession = bySession || a.Has(flow.Session)
		}
		if !bySession {
			continue
		}
		return &rule.Hit{
			At:    rule.Site(op),
			Title: "A payment of the provider is fetched by an id of the client, and nobody compares whose it is",
			Way:   append(rule.Way(id, x.Pos, "fetched"), rule.Place(rule.Site(op), "granted to the caller")),
		}
	}
	return nil
}

// free finds grants to the caller by himself, with no payment anywhere.
func free(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Kind != "route" && e.Kind != "action" || e.Client || rule.Webhook(e) || rule.JobPath(e.Label()) {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" || rule.RoleChecked(e, op) ||
				rule.SecretChecked(e, op) || !signedIn(e) {
				continue
			}
			var w *flow.Write
			for i := range op.Writes {
				x := &op.Writes[i]
				if planCol(*x) && x.Val != nil && paidPlan(x) || gift(e, op, x) {
					w = x
				}
			}
			if w == nil || paid(e, op) || p.At("mass-assignment", rule.Site(op)) {
				continue
			}
			mine := false
			for _, f := range op.Filters {
				mine = mine || rule.FromSession(f.Val)
			}
			if !mine {
				continue
			}
			at := rule.Site(op)
			if p.At("verify-trusts-client", at) {
				continue
			}
			p.Report(rule.Hit{
				At: at, Entry: e, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("%s.%s is set for the caller, and no payment was looked at", op.Table, w.Col),
				Way:   []finding.Place{rule.Place(w.Pos, "granted for the asking")},
			})
			break
		}
	}
}

func paidPlan(w *flow.Write) bool {
	v := w.Val
	if len(rule.Clients(v)) > 0 {
		return true
	}
	if v.IsStr {
		s := strings.ToLower(v.Str)
		return s != "free" && s != "canceled" && s != "cancelled" && s != "inactive" && s != "trial" &&
			s != "trialing" && s != "none" && s != "hobby" && s != "starter" && s != "basic" && s != "pending" &&
			s != "expired" && s != "past_due"
	}
	return v.Num == "true"
}

// paid tells whether anything of a payment was asked before, or the plan was
// only lowered.
func paid(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Seq > op.Seq {
			break
		}
		switch x.Kind {
		case flow.OpProvider, flow.OpVerify, flow.OpMacCmp, flow.OpFetch:
			if x.Kind == flow.OpVerify && (strings.Contains(x.Name, "jwt") || strings.Contains(x.Name, "jose")) {
				continue
			}
			return true
		case flow.OpCall:
			if payName.MatchString(x.Name) || payName.MatchString(x.Header) {
				return true
			}
		case flow.OpDB:
			if x != op && payTable.MatchString(x.Table) {
				return true
			}
		}
	}
	return false
}

var (
	payName  = lazyregexp.New(`(?i)(pay|stripe|razorpay|charge|invoice|checkout|subscription|billing|purchase|verify|receipt|coupon|promo|license|licence|redeem|trial)`)
	payTable = lazyregexp.New(`(?i)(order|payment|invoice|purchase|charge|coupon|promo|licen[cs]e|code|gift|trial|voucher|redemption)`)
)
