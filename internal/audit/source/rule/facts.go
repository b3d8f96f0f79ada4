package rule

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// Words of the trade. They decide only together with where a value comes from.
var (
	OwnerCol = regexp.MustCompile(`(?i)^(?:\w*_)?(user|owner|account|tenant|org|organi[sz]ation|team|workspace|company|member|customer|profile|shop|store|household|merchant|client|author|seller|buyer|holder|person|driver|patient|student|business|group|project|created_by|site|vendor|employee|family|club|school|clinic|studio|agency|brand|salon|gym|tenant|createdby|uid|sub)s?_?(id|uuid|uid|slug)?$`)
	ValueCol = regexp.MustCompile(`(?i)(credit|balance|quota|coin|token(s|_|$)|wallet|points?$|allowance|units?(_|$)|minutes|words_?left|_left$|remaining|seats?|stock|uses?$|used$|budget|funds|paise|cents|amount|usage|licen[cs]es|slots|gems|stamps|visits|redemptions|messages_left|sms)`)
	PlanCol  = regexp.MustCompile(`(?i)^(plan|tier|subscription|is_?pro|is_?premium|is_?paid|pro|premium|paid|paid_at|paid_until|subscription_?(status|tier|plan|end|ends_at)|plan_?(id|name|code|key|tier)|membership|entitlement|level|status|access|active|has_access|lifetime|expires_at|period_end|current_period_end|valid_until|trial_ends_at|active_until)$`)
	RoleWord = regexp.MustCompile(`(?i)(^|[._\s\-])(is_?|has_?|can_?)?(super_?)?(admin|administrator|staff|role|roles|operator|owner|superuser|moderator|permission|permissions|scope|scopes|manager|maintainer|root|internal|employee|support|can[A-Z_]\w*|ability|policy)(s|_?id)?($|[._\s\-A-Z])`)
	PlanWord = regexp.MustCompile(`(?i)(^|[._\-\s])(x-)?(user_?)?(plan|tier|is_?pro|is_?premium|pro|premium|subscription|subscribed|is_?paid|membership|level|licen[cs]e|entitlement|account_?type|limit)s?($|[._\-\s])`)
	roleName = regexp.MustCompile(`(?i)(admin|staff|role|operator|permission|superuser|moderator|owner|authori[sz]e|can[A-Z]|ability|policy)`)
)

// clientKey names what a sender chose, so that the same value is known again.
func clientKey(o *flow.Origin) string {
	return o.Kind.String() + ":" + strings.ToLower(o.Path)
}

// Clients are the origins of a value that the sender chooses.
func Clients(v *flow.Val) (list []*flow.Origin) {
	for _, o := range v.Origins() {
		if o.Kind == flow.Body || o.Kind == flow.Query || o.Kind == flow.Header || o.Kind == flow.Path {
			list = append(list, o)
		}
	}
	return list
}

// SameClient tells whether two values come from the same thing that was sent.
func SameClient(a, b *flow.Val) bool {
	keys := map[string]bool{}
	for _, o := range Clients(a) {
		keys[clientKey(o)] = true
	}
	for _, o := range Clients(b) {
		if keys[clientKey(o)] {
			return true
		}
	}
	return false
}

// FromSession tells whether a value is the caller's, by the session or by a
// row that was found for the caller.
func FromSession(v *flow.Val) bool { return fromSession(v, 0) }

func fromSession(v *flow.Val, depth int) bool {
	if v == nil || depth > 8 {
		return false
	}
	for _, o := range v.Origins() {
		if o.Kind == flow.Session || o.Kind == flow.CtxUser {
			return true
		}
		if o.Kind == flow.Unverified {
			return true // reported on its own
		}
		if o.Op != nil && (o.Kind == flow.DB || o.Kind == flow.Opaque) && scoped(o.Op, depth+1) {
			return true
		}
	}
	return false
}

// Scoped tells whether a query or unknown call is bound to the caller.
func Scoped(op *flow.Op) bool { return scoped(op, 0) }

func scoped(op *flow.Op, depth int) bool {
	if depth > 8 {
		return false
	}
	switch op.Kind {
	case flow.OpCall:
		for _, a := range op.Args {
			if fromSession(a, depth+1) {
				return true
			}
		}
		return op.Recv != nil && op.Recv.Has(flow.Session)
	case flow.OpDB:
		if op.Credential() {
			return true
		}
		for _, f := range op.Filters {
			if f.Or || f.Val == nil {
				continue
			}
			if fromSession(f.Val, depth+1) && len(Clients(f.Val)) == 0 {
				return true
			}
		}
		if op.Verb == "rpc" || op.Verb == "insert" || op.Verb == "unknown" {
			for _, w := range op.Writes {
				if fromSession(w.Val, depth+1) && len(Clients(w.Val)) == 0 {
					return true
				}
			}
		}
	}
	return false
}

// RLS tells whether row-level security decides for a query: the user's own
// client, or a transaction that carries the user in a setting.
func RLS(e *flow.Entry, op *flow.Op) bool {
	if op.Flavor == "supabase" || op.Flavor == "storage" {
		if op.Priv == -1 {
			return true
		}
		if op.Priv == 0 {
			return true // a client whose key is not known: not assumed to be privileged
		}
		return false
	}
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpDB && x.SQL != nil && x.SQL.Setting != "" && x.Conn == op.Conn && x.Conn != "pool" && strings.Contains(x.SQL.Setting, ".") {
			return true
		}
	}
	return false
}

// Settings tells whether anything sets a user for policies on this connection.
func verbWrites(op *flow.Op) bool {
	switch op.Verb {
	case "insert", "update", "upsert", "delete", "rpc", "call":
		return true
	}
	return false
}

// Writes tells whether an event changes something for good.
func Writes(op *flow.Op) bool {
	switch op.Kind {
	case flow.OpDB:
		return verbWrites(op)
	case flow.OpProvider:
		return !strings.HasSuffix(op.Name, "retrieve") && !strings.HasSuffix(op.Name, "list") && !strings.HasSuffix(op.Name, "search") && !strings.HasSuffix(op.Name, "fetch") && !strings.HasSuffix(op.Name, "all")
	}
	return false
}

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

var sessionName = regexp.MustCompile(`(?i)(auth|session|user|account|identity|login|signed|member|caller|viewer|require|ensure|protect)`)

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

var adminName = regexp.MustCompile(`(?i)(admin|staff|role|operator|superuser|permission|moderator)`)

// RoleGuard tells whether a condition asks for a role that the server knows.
func RoleGuard(g *flow.Guard) bool {
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
			if pair[0].Has(flow.Env) && pair[1].Has(flow.Header, flow.Cookie, flow.Query, flow.Body, flow.Digest) && c.Op != "falsy" {
				return true
			}
		}
	}
	return false
}

// Verified tells whether a provider's signature was checked before an event.
func Verified(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Seq >= op.Seq {
			break
		}
		if x.Kind == flow.OpVerify && !strings.Contains(x.Name, "jwt") && !strings.Contains(x.Name, "jose") {
			return true
		}
		if x.Kind == flow.OpMacCmp && (x.Args != nil) {
			return true
		}
	}
	return false
}

// Checked tells whether something ties a value that the sender chose to the
// caller, before an event or after it was read: a comparison with the session,
// a query for both, or a call with both.
func Checked(e *flow.Entry, op *flow.Op, v *flow.Val) bool {
	for _, g := range op.Guards {
		if OwnerGuard(g.Val, v, nil) {
			return true
		}
	}
	for _, x := range e.Ops {
		if x == op {
			continue
		}
		switch x.Kind {
		case flow.OpIf:
			// a comparison of the row that was read with the session
			if x.Seq > op.Seq && (x.Then.Done || x.Else.Done || x.Name == "?") && OwnerGuard(x.Val, v, op) {
				return true
			}
		case flow.OpRespond:
			if x.Seq > op.Seq && x.Val != nil && OwnerGuard(x.Val, v, op) {
				return true
			}
		case flow.OpCall:
			if x.Seq < op.Seq && (v == nil || argsShare(x, v)) && callWithSession(x) {
				return true
			}
			if x.Seq > op.Seq && ownerCall.MatchString(x.Name) && callWithSession(x) && argsOf(x, op) {
				return true // assertOwner(row, user)
			}
		case flow.OpDB:
			if x.Seq < op.Seq && x.Verb != "insert" && Scoped(x) && (v == nil || filtersShare(x, v)) {
				if x.Throws && strings.Contains(x.Flavor, "prisma") || guardsOn(op, x) {
					return true
				}
			}
		}
	}
	return false
}

var ownerCall = regexp.MustCompile(`(?i)(assert|ensure|check|require|verify|guard|owner|own|can|may|allow|access|permission|authori[sz]e|belongs|member)`)

func argsOf(x, row *flow.Op) bool {
	for _, a := range x.Args {
		for _, o := range a.Origins() {
			if o.Op == row {
				return true
			}
		}
	}
	return false
}

func callWithSession(op *flow.Op) bool {
	for _, a := range op.Args {
		if FromSession(a) {
			return true
		}
	}
	// a helper that takes the whole request asks for the session itself
	for _, a := range op.Args {
		if a.Has(flow.Request) {
			return true
		}
	}
	return false
}

func argsShare(op *flow.Op, v *flow.Val) bool {
	for _, a := range op.Args {
		if SameClient(a, v) {
			return true
		}
	}
	return false
}

func filtersShare(op *flow.Op, v *flow.Val) bool {
	for _, f := range op.Filters {
		if f.Val != nil && SameClient(f.Val, v) {
			return true
		}
	}
	return false
}

func guardsOn(op, query *flow.Op) bool {
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if o.Op == query {
				return true
			}
		}
	}
	return false
}

// OwnerGuard tells whether a condition compares the caller with the value, or
// with the row that a query found by it.
func OwnerGuard(cond, v *flow.Val, row *flow.Op) bool {
	for _, c := range cond.AllCmps() {
		switch c.Op {
		case "==", "===", "!=", "!==", "includes", "has", "equals", "EqualFold", "indexOf", "is", "localeCompare":
		default:
			continue
		}
		if c.L == nil || c.R == nil {
			continue
		}
		for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
			if !FromSession(pair[0]) || len(pair[0].Origins()) == 0 {
				continue
			}
			other := pair[1]
			if v != nil && SameClient(other, v) {
				return true
			}
			for _, o := range other.Origins() {
				if (o.Kind == flow.DB || o.Kind == flow.Provider || o.Kind == flow.Opaque) && o.Op != nil && (row == nil || o.Op == row || sameRow(o.Op, v)) && o.Path != "" {
					if v == nil || o.Op == row || sameRow(o.Op, v) {
						return true
					}
				}
			}
		}
	}
	return false
}

func sameRow(op *flow.Op, v *flow.Val) bool {
	if v == nil {
		return true
	}
	return filtersShare(op, v) || argsShare(op, v)
}

// OwnedColumn tells whether a column holds an owner: by its name, or because
// elsewhere it is compared with the session.
func (p *Pass) OwnedColumn(table, col string) bool {
	if p.owned()[table][col] {
		return true
	}
	return OwnerCol.MatchString(col) && col != "id"
}

// Owned tells what is known of a table: that its rows belong to somebody, that
// they do not, or nothing.
func (p *Pass) Owned(table string) (owned, known bool) {
	if len(p.owned()[table]) > 0 {
		return true, true
	}
	for _, name := range []string{table, strings.TrimSuffix(table, "s"), table + "s"} {
		if t := p.Tables[name]; t != nil && len(t.Columns) > 0 {
			for _, c := range t.Columns {
				if OwnerCol.MatchString(c) && c != "id" {
					return true, true
				}
			}
			return false, true
		}
	}
	return false, false
}

func (p *Pass) owned() map[string]map[string]bool {
	if len(p.Program.Owned) > 0 {
		return p.Program.Owned
	}
	m := p.Program.Owned
	m[""] = map[string]bool{}
	add := func(table, col string) {
		if table == "" || col == "" || col == "?" || col == "*" {
			return
		}
		if m[table] == nil {
			m[table] = map[string]bool{}
		}
		m[table][col] = true
	}
	for _, e := range p.Entries {
		for _, op := range e.Ops {
			if op.Kind != flow.OpDB || op.Credential() {
				continue
			}
			for _, f := range op.Filters {
				if f.Val != nil && f.Val.Has(flow.Session) && len(Clients(f.Val)) == 0 && (f.Op == "=" || f.Op == "eq") && f.Col != "id" {
					add(op.Table, f.Col)
				}
			}
			if op.Verb == "insert" || op.Verb == "upsert" {
				for _, w := range op.Writes {
					if w.Val != nil && w.Val.Has(flow.Session) && len(Clients(w.Val)) == 0 && w.Col != "id" && OwnerCol.MatchString(w.Col) {
						add(op.Table, w.Col)
					}
				}
			}
		}
	}
	return m
}

// Published tells whether a query asks only for what anybody may see.
func Published(op *flow.Op) bool {
	for _, f := range op.Filters {
		if publishedCol.MatchString(f.Col) && (f.Val == nil || len(f.Val.Origins()) == 0) {
			return true
		}
	}
	return false
}

var publishedCol = regexp.MustCompile(`(?i)^(is_?)?(listed|published|public|visible|visibility|shared|featured|live|published_at|status|state|approved|active|available|enabled|hidden|draft)$`)

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
			if !strings.Contains(op.Name, "jwt") && !strings.Contains(op.Name, "jose") && !strings.Contains(op.Name, "validatePaymentVerification") {
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

var sigHeader = regexp.MustCompile(`(?i)(signature|webhook-id|svix|x-hub|event-id|hmac)`)
var eventName = regexp.MustCompile(`^[a-z]+(_[a-z]+)*(\.[a-z_]+){1,3}\.?$`)
var eventRoot = regexp.MustCompile(`^(invoice|customer|checkout|payment|payment_intent|subscription|charge|order|refund|transaction|membership|product|price|setup_intent|subscription_payment_success|subscription_created|license_key|benefit|account|transfer|payout|dispute|qr_code|payment_link|settlement|token|virtual_account|fund_account|user|organization|session)\b`)

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

var jobPath = regexp.MustCompile(`(?i)(^|[/_\-.])(cron|crons|jobs?|tasks?|workers?|internal|tests?|testing|e2e|dev|debug|seed|scheduled?|scheduler|queue|refill|nightly|daily|hourly|monthly|maintenance|cleanup|purge|migrate|backfill|(?:reset|renew|sync)[_-]?(?:quotas?|credits?|usage|limits?|monthly|daily|all|plans?|subscriptions?)|grant[_-]?monthly)([/_\-.]|$)`)

// InRequest tells whether an event is part of a handler and not of a helper
// that anything may call.
func InRequest(e *flow.Entry) bool { return Public(e) }
