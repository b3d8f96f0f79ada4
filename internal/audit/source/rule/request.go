package rule

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// Public tells whether code runs for requests from outside.
func Public(e *flow.Entry) bool {
	switch e.Kind {
	case "route", "action", "load", "page":
		return !e.Client
	}
	return false
}

// SignedIn tells whether a caller's session was asked before an event.
func SignedIn(e *flow.Entry, op *flow.Op) bool {
	if len(e.AuthMW) > 0 {
		return true
	}
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpVerify && (strings.Contains(x.Name, "jwt") || strings.Contains(x.Name, "jose")) {
			return true
		}
		if asksSession(x) {
			return true
		}
	}
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if o.Kind == flow.Session || o.Kind == flow.Unverified || o.Kind == flow.CtxUser {
				return true
			}
		}
	}
	return false
}

// asksSession tells whether code that is not at hand is given the request to
// say who calls: requireUser(request).
func asksSession(op *flow.Op) bool {
	if op.Kind != flow.OpCall || !sessionName.MatchString(op.Name) {
		return false
	}
	for _, a := range op.Args {
		if a.Has(flow.Request) || strings.HasSuffix(a.Lib, "headers") || strings.HasSuffix(a.Lib, "cookies") {
			return true
		}
	}
	return len(op.Args) == 0
}

var sessionName = lazyregexp.New(`(?i)(auth|session|user|account|identity|login|signed|member|caller|viewer|require|ensure|protect)`)

// UsesSession tells whether an entry uses a session at all.
func UsesSession(e *flow.Entry) bool { return memo(e, "session", usesSession) }

func usesSession(e *flow.Entry) bool {
	if len(e.AuthMW) > 0 {
		return true
	}
	for _, op := range e.Ops {
		if op.Kind == flow.OpCtx {
			continue
		}
		if asksSession(op) && len(op.Args) > 0 {
			return true
		}
		for _, v := range vals(op) {
			if v.Has(flow.Session, flow.Unverified, flow.CtxUser) {
				return true
			}
		}
		for _, g := range op.Guards {
			for _, o := range g.Val.Implied() {
				if o.Kind == flow.Session || o.Kind == flow.Unverified {
					return true
				}
			}
		}
	}
	return false
}

func vals(op *flow.Op) (list []*flow.Val) {
	list = append(list, op.Args...)
	list = append(list, op.Val)
	for _, f := range op.Filters {
		list = append(list, f.Val)
	}
	for _, w := range op.Writes {
		list = append(list, w.Val)
	}
	return slices.DeleteFunc(list, func(v *flow.Val) bool { return v == nil })
}

// RoleChecked tells whether a role of the caller, known to the server, was
// asked before an event.
func RoleChecked(e *flow.Entry, op *flow.Op) bool {
	for _, name := range e.AuthMW {
		if strings.HasPrefix(name, "role:") || adminName.MatchString(name) {
			return true
		}
	}
	for _, g := range op.Guards {
		if RoleGuard(g) {
			return true
		}
	}
	return false
}

var adminName = lazyregexp.New(`(?i)(admin|staff|role|operator|superuser|permission|moderator)`)

// ordinaryRole is a role that every customer has.
var ordinaryRole = lazyregexp.New(`(?i)^(role[_-])?(user|users|customer|client|authenticated|subscriber|guest|everyone|registered)$`)

// everybody tells whether a condition asks for one of several roles, and every
// customer has one of them: allow(["user", "admin"]).
func everybody(g *flow.Guard) bool {
	for _, c := range g.Val.AllCmps() {
		if c.Op != "includes" && c.Op != "has" {
			continue
		}
		for _, list := range []*flow.Val{c.L, c.R} {
			if list == nil {
				continue
			}
			for _, x := range list.Elems {
				if x != nil && x.IsStr && ordinaryRole.MatchString(x.Str) {
					return true
				}
			}
		}
	}
	return false
}

// RoleGuard tells whether a condition asks for a role that the server knows.
func RoleGuard(g *flow.Guard) bool {
	if everybody(g) {
		return false
	}
	for _, o := range g.Val.Implied() {
		switch o.Kind {
		case flow.Session, flow.CtxUser:
			if RoleWord.MatchString(o.Path) {
				return true
			}
			if o.Op != nil && o.Op.Kind == flow.OpCall && roleName.MatchString(o.Op.Name) {
				return true
			}
		case flow.DB, flow.Opaque:
			if o.Op == nil {
				continue
			}
			if RoleWord.MatchString(o.Path) && Scoped(o.Op) {
				return true
			}
			if o.Op.Kind == flow.OpDB && Scoped(o.Op) {
				for _, f := range o.Op.Filters {
					if RoleWord.MatchString(f.Col) {
						return true
					}
				}
			}
			if o.Op.Kind == flow.OpCall && roleName.MatchString(o.Op.Name) {
				return true
			}
		}
	}
	// an identity compared with a list in the environment
	for _, c := range g.Val.AllCmps() {
		if c.L.Has(flow.Session) && c.R.Has(flow.Env) || c.R.Has(flow.Session) && c.L.Has(flow.Env) {
			return true
		}
		for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
			if pair[0].Has(flow.Session) && (pair[1].IsArr || pair[1].IsStr && strings.Contains(pair[1].Str, "@")) {
				return true
			}
		}
	}
	return false
}

// SecretChecked tells whether a secret from the environment or configuration
// was compared before an event, or a signature.
func SecretChecked(e *flow.Entry, op *flow.Op) bool {
	for _, g := range op.Guards {
		if SecretGuard(g) {
			return true
		}
	}
	return Verified(e, op)
}

// SecretGuard tells whether a condition compares a secret with what was sent.
func SecretGuard(g *flow.Guard) bool {
	for _, o := range g.Val.Implied() {
		if o.Kind == flow.Mac {
			return true
		}
	}
	for _, c := range g.Val.AllCmps() {
		for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
			if pair[0].Has(flow.Env) && pair[1].Has(flow.Header, flow.Cookie, flow.Query, flow.Body, flow.Digest) &&
				c.Op != "falsy" {
				return true
			}
		}
	}
	return false
}

// personProof names what proves who calls, which says nothing about what is asked for.
var personProof = lazyregexp.New(`(?i)jwt|jose|^\?.*(token|session|user|login|password|auth)`)

// Verified tells whether a provider's signature was checked before an event.
func Verified(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpVerify && !personProof.MatchString(x.Name) {
			return true
		}
		if x.Kind == flow.OpMacCmp && x.Args != nil && !ofCredential(x) {
			return true
		}
	}
	return false
}

// ofCredential tells whether a comparison is with a secret that a customer has,
// such as an API key or a password: it says who calls. A provider's signature
// says that what was sent is true.
func ofCredential(op *flow.Op) bool {
	for _, v := range op.Args {
		if v.Has(flow.DB) {
			return true
		}
	}
	name := ""
	if op.Fn != nil {
		name = op.Fn.Name
	}
	if op.Pos.File != nil {
		name += " " + op.Pos.File.Path
	}
	return credentialCode.MatchString(name) && !signatureCode.MatchString(name)
}

var (
	credentialCode = lazyregexp.New(`(?i)(api_?-?key|session|password|credential|compare_?keys?)`)
	signatureCode  = lazyregexp.New(`(?i)(webhook|signature|hmac|stripe|razorpay|callback)`)
)

// Webhook tells whether an entry takes events of a provider.
func Webhook(e *flow.Entry) bool { return memo(e, "webhook", webhook) }

// memo remembers what was found out about an entry.
func memo(e *flow.Entry, name string, f func(*flow.Entry) bool) bool {
	v, ok := e.Memo[name]
	if !ok {
		v = f(e)
		if e.Memo == nil {
			e.Memo = map[string]bool{}
		}
		e.Memo[name] = v
	}
	return v
}

func webhook(e *flow.Entry) bool {
	if e.Client || e.Kind == "page" || e.Kind == "middleware" || e.Kind == "module" {
		return false
	}
	for _, op := range e.Ops {
		switch op.Kind {
		case flow.OpVerify:
			if !strings.Contains(op.Name, "jwt") && !strings.Contains(op.Name, "jose") &&
				!strings.Contains(op.Name, "validatePaymentVerification") {
				return true
			}
		case flow.OpIf:
			if EventName(op.Val) {
				return true
			}
		}
		for _, v := range vals(op) {
			for _, o := range v.Origins() {
				if o.Kind == flow.Event || o.Kind == flow.Header && sigHeader.MatchString(o.Path) {
					return true
				}
			}
		}
		if op.Kind == flow.OpMacCmp || op.Kind == flow.OpHMAC {
			for _, a := range op.Args {
				if a.Has(flow.RawBody) || hasWhole(a, flow.Body) {
					return true
				}
			}
		}
	}
	return false
}

func hasWhole(v *flow.Val, kind flow.OKind) bool {
	for _, o := range v.Origins() {
		if o.Kind == kind && o.Path == "" {
			return true
		}
	}
	return false
}

var sigHeader = lazyregexp.New(`(?i)(signature|webhook-id|svix|x-hub|event-id|hmac)`)

var eventName = lazyregexp.New(`^[a-z]+(_[a-z]+)*(\.[a-z_]+){1,3}\.?$`)

var eventRoot = lazyregexp.New(`^(invoice|customer|checkout|payment|payment_intent|subscription|charge|order|refund|transaction|membership|product|price|setup_intent|subscription_payment_success|subscription_created|license_key|benefit|account|transfer|payout|dispute|qr_code|payment_link|settlement|token|virtual_account|fund_account|user|organization|session)\b`)

// EventName tells whether a condition asks for the type of a provider's event.
func EventName(v *flow.Val) bool {
	for _, c := range v.AllCmps() {
		for _, x := range []*flow.Val{c.L, c.R} {
			if x != nil && x.IsStr && eventName.MatchString(x.Str) && eventRoot.MatchString(x.Str) {
				return true
			}
			if x != nil && x.IsStr && strings.HasPrefix(x.Str, "subscription_payment_") {
				return true
			}
		}
	}
	return false
}

// EventNames are the types of events that conditions ask for before an event.
func EventNames(op *flow.Op) (list []string) {
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			for _, x := range []*flow.Val{c.L, c.R} {
				if x != nil && x.IsStr && eventName.MatchString(x.Str) && eventRoot.MatchString(x.Str) {
					list = append(list, x.Str)
				}
			}
		}
	}
	return list
}

// JobPath tells by a route's path that it is for a scheduler or for tests.
func JobPath(p string) bool { return jobPath.MatchString(p) }

var jobPath = lazyregexp.New(`(?i)(^|[/_\-.])(cron|crons|jobs?|tasks?|workers?|internal|tests?|testing|e2e|dev|debug|seed|scheduled?|scheduler|queue|refill|nightly|daily|hourly|monthly|maintenance|cleanup|purge|migrate|backfill|(?:reset|renew|sync)[_-]?(?:quotas?|credits?|usage|limits?|monthly|daily|all|plans?|subscriptions?)|grant[_-]?monthly)([/_\-.]|$)`)
