package rule

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
)

// Words of the trade. They decide only together with where a value comes from.
var (
	OwnerCol = lazyregexp.New(`(?i)^(?:\w*_)?(user|owner|account|tenant|org|organi[sz]ation|team|workspace|company|member|customer|profile|shop|store|household|merchant|client|author|seller|buyer|holder|person|driver|patient|student|business|group|project|created_by|site|vendor|employee|family|club|school|clinic|studio|agency|brand|salon|gym|tenant|createdby|uid|sub)s?_?(id|uuid|uid|slug)?$|^(clerk|auth0|kinde|cognito|privy|workos|supabase|firebase|auth)_?(id|uid|sub)$`)
	ValueCol = lazyregexp.New(`(?i)(credit|balance|quota|coin|token(s|_|$)|wallet|points?$|allowance|units?(_|$)|minutes|words_?left|_left$|remaining|seats?|stock|uses?$|used$|budget|funds|paise|cents|amount|usage|licen[cs]es|slots|gems|stamps|visits|redemptions|messages_left|sms)`)
	PlanCol  = lazyregexp.New(`(?i)^(plan|tier|subscription|is_?pro|is_?premium|is_?paid|pro|premium|paid|paid_at|paid_until|subscription_?(status|tier|plan|end|ends_at)|plan_?(id|name|code|key|tier)|membership|entitlement|level|status|access|active|has_access|lifetime|expires_at|period_end|current_period_end|valid_until|trial_ends_at|active_until)$`)
	RoleWord = lazyregexp.New(`(?i)(^|[._\s\-])(is_?|has_?|can_?)?(super_?)?(admin|administrator|staff|role|roles|operator|owner|superuser|moderator|permission|permissions|scope|scopes|manager|maintainer|root|internal|employee|support|can[A-Z_]\w*|ability|policy)(s|_?id)?($|[._\s\-A-Z])`)
	PlanWord = lazyregexp.New(`(?i)(^|[._\-\s])(x-)?(user_?)?(plan|tier|is_?pro|is_?premium|pro|premium|subscription|subscribed|is_?paid|membership|level|licen[cs]e|entitlement|account_?type|limit)s?($|[._\-\s])`)
	roleName = lazyregexp.New(`(?i)(admin|staff|role|operator|permission|superuser|moderator|owner|authori[sz]e|can[A-Z]|ability|policy)`)
)

// clientKey names what a sender chose, so that the same value is known again.
func clientKey(o *flow.Origin) string {
	return o.Kind.String() + ":" + strings.ToLower(o.Path)
}

// Clients are the origins of a value that the sender chooses.
func Clients(v *flow.Val) (list []*flow.Origin) {
	for _, o := range v.Origins() {
		if o.Looked() {
			continue
		}
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
		if op.Priv == -2 {
			// policies do not know who asks: what such a client may write,
			// everybody may
			return !nobodyWrites(op)
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
		if x.Kind == flow.OpDB && x.SQL != nil && x.SQL.Setting != "" && x.Conn == op.Conn && x.Conn != "pool" &&
			strings.Contains(x.SQL.Setting, ".") {
			return true
		}
	}
	return false
}

// nobodyWrites tells whether a statement changes what belongs to a person.
func nobodyWrites(op *flow.Op) bool {
	if op.Verb != "insert" && op.Verb != "update" && op.Verb != "upsert" && op.Verb != "rpc" {
		return false
	}
	for _, w := range op.Writes {
		if personCol.MatchString(w.Col) || ValueCol.MatchString(w.Col) {
			return true
		}
	}
	return false
}

var personCol = lazyregexp.New(`(?i)^(\w+_)?(user|account|customer|profile|member|owner)_?(id|uuid|uid)$|^(p_)?uid$`)

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
		return !strings.HasSuffix(op.Name, "retrieve") && !strings.HasSuffix(op.Name, "list") &&
			!strings.HasSuffix(op.Name, "search") && !strings.HasSuffix(op.Name, "fetch") &&
			!strings.HasSuffix(op.Name, "all")
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
			if x.Seq > op.Seq && (x.Then.Done || x.Else.Done || x.Name == "?" || !shownOutside(e, x, op)) &&
				OwnerGuard(x.Val, v, op) {
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

// shownOutside tells whether a row that was read is answered, or written back, outside of a condition about it:
// if (row.user_id === me) await row.delete() does neither.
func shownOutside(e *flow.Entry, cond, row *flow.Op) bool {
	for i, x := range e.Ops {
		if x.Seq <= row.Seq || i >= cond.From && i < cond.To || x.Kind != flow.OpRespond && !Writes(x) {
			continue
		}
		for _, v := range append(append([]*flow.Val{x.Val, x.Recv}, x.Args...), vals(x)...) {
			for _, o := range v.Origins() {
				if o.Op == row {
					return true
				}
			}
		}
	}
	return false
}

var ownerCall = lazyregexp.New(`(?i)(assert|ensure|check|require|verify|guard|owner|own|can|may|allow|access|permission|authori[sz]e|belongs|member)`)

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
	if op.Recv != nil && FromSession(op.Recv) {
		return true // session.user.membershipOf(team)
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
				if (o.Kind == flow.DB || o.Kind == flow.Provider || o.Kind == flow.Opaque) && o.Op != nil &&
					(row == nil || o.Op == row || sameRow(o.Op, v)) && o.Path != "" {
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
				if f.Val != nil && f.Val.Has(flow.Session) && len(Clients(f.Val)) == 0 &&
					(f.Op == "=" || f.Op == "eq") &&
					f.Col != "id" {
					add(op.Table, f.Col)
				}
			}
			if op.Verb == "insert" || op.Verb == "upsert" {
				for _, w := range op.Writes {
					if w.Val != nil && w.Val.Has(flow.Session) && len(Clients(w.Val)) == 0 && w.Col != "id" &&
						OwnerCol.MatchString(w.Col) {
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

var publishedCol = lazyregexp.New(`(?i)^(is_?)?(listed|published|public|visible|visibility|shared|featured|live|published_at|status|state|approved|active|available|enabled|hidden|draft)$`)
