// Package owner finds requests that reach rows of others: an identity taken
// from the request, filters whose value the client chooses, and queries that
// nobody bound to the caller.
package owner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

var (
	asvs = []string{"8.2.2", "8.4.1"}
	cwe  = []string{"CWE-639"}
)

// Identity is an owner that the client names.
var identity = &rule.Rule{Rule: finding.Rule{
	ID: "identity-from-request", Engine: "source", Severity: finding.High, ASVS: asvs, CWE: cwe,
	Title: "The account, tenant or user comes from the request instead of the session",
	Why:   "Whoever sends another id acts as that customer: he reads his data, writes in his name or spends his credits.",
	Fix:   "Take the identity from the session that the server looked up or verified, never from body, query, header or metadata.",
}}

var ownerFilter = &rule.Rule{Rule: finding.Rule{
	ID: "owner-filter-by-client-id", Engine: "source", Severity: finding.High, ASVS: asvs, CWE: cwe,
	Title: "The query has an owner filter, but the client chooses its value",
	Why:   "Being signed in is enough to read any other customer's rows: the filter narrows to whatever id was sent.",
	Fix:   "Filter by the session's own id, or ask in the same query whether the caller is a member of what he names.",
}}

var noOwner = &rule.Rule{Rule: finding.Rule{
	ID: "query-without-owner", Engine: "source", Severity: finding.High, ASVS: asvs, CWE: cwe,
	Title: "A signed-in user's query is not bound to the user",
	Why:   "By counting up ids, or by asking for a list, one customer gets the rows of all others.",
	Fix:   "Put the owner into the WHERE, or compare the row's owner with the session before it is used.",
}}

var privileged = &rule.Rule{Rule: finding.Rule{
	ID: "privileged-client-without-check", Engine: "source", Severity: finding.High, ASVS: asvs, CWE: cwe,
	Title: "A service-role client serves a user's request and nobody asks whose row it is",
	Why:   "The service key passes by all policies, so that the id in the request is all that decides: any signed-in user reads or changes any customer's row.",
	Fix:   "Use the user's own client, so that row-level security decides, or add the owner to the query (.eq('owner_id', user.id)).",
}}

var mass = &rule.Rule{Rule: finding.Rule{
	ID: "mass-assignment", Engine: "source", Severity: finding.High, ASVS: []string{"15.3.3"}, CWE: []string{"CWE-915"},
	Title: "Everything that was sent is written to the row",
	Why:   "The client adds fields that no form shows: role, credits, plan, the id of the payment customer.",
	Fix:   "Name the fields that may change: a schema that strips or refuses unknown keys, or one assignment per field.",
}}

// Rules of this package.
var Rules = []*rule.Rule{identity, ownerFilter, noOwner, privileged, mass}

func init() {
	identity.Check = checkIdentity
	ownerFilter.Check = checkOwnerFilter
	noOwner.Check = func(p *rule.Pass) { checkNoOwner(p, false) }
	privileged.Check = func(p *rule.Pass) { checkNoOwner(p, true) }
	mass.Check = checkMass
}

// eligible tells whether a query of a request from outside must be bound to
// somebody.
func eligible(p *rule.Pass, e *flow.Entry, op *flow.Op) bool {
	if !rule.Public(e) || op.Kind != flow.OpDB || op.Credential() || op.Verb == "begin" || op.Verb == "commit" ||
		op.Verb == "rollback" || op.Verb == "set" || op.Verb == "reset" || op.Verb == "lock" || op.Verb == "ddl" {
		return false
	}
	if op.SQL != nil && op.SQL.Setting != "" {
		return false
	}
	if rule.JobPath(e.Label()) && !rule.UsesSession(e) || testOnly(op) {
		return false
	}
	if rule.RLS(e, op) || rule.RoleChecked(e, op) || rule.SecretChecked(e, op) || rule.Webhook(e) {
		return false
	}
	return true
}

// testOnly tells whether code runs in tests or development alone.
func testOnly(op *flow.Op) bool {
	for _, g := range op.Guards {
		for _, o := range g.Val.Origins() {
			if o.Kind == flow.Env && (o.Path == "NODE_ENV" || o.Path == "APP_ENV") {
				return true
			}
		}
	}
	return false
}

// clientOwner is the value of an owner column that the sender chooses.
func clientOwner(p *rule.Pass, e *flow.Entry, op *flow.Op) (o *flow.Origin, v *flow.Val, col string, at flow.Pos) {
	fallback, signed := false, rule.UsesSession(e)
	try := func(c string, x *flow.Val, pos flow.Pos, write bool) bool {
		if x == nil || o != nil {
			return false
		}
		list := rule.Clients(x)
		for _, y := range x.Origins() { // a cookie that anybody may write
			if y.Kind == flow.Cookie && !y.Derived && idHeader.MatchString(y.Path) && !tokenCookie.MatchString(y.Path) {
				list = append(list, y)
			}
		}
		if len(list) == 0 {
			return false
		}
		owner := p.OwnedColumn(op.Table, c)
		if !owner && fallback && !signed && c == "id" && accounts.MatchString(op.Table) && !write {
			owner = true
		}
		if !owner && op.Verb == "rpc" && argOwner.MatchString(c) {
			owner = true
		}
		if !owner && strings.HasSuffix(c, "email") && list[0].Kind == flow.Header {
			owner = idHeader.MatchString(list[0].Path) // x-user-email says who calls
		}
		if !owner && c == "?" {
			return false
		}
		if !owner {
			return false
		}
		for _, y := range list {
			if y.Kind == flow.Header && !idHeader.MatchString(y.Path) ||
				y.Kind != flow.Header && inviteWord.MatchString(y.Path) {
				continue
			}
			o, v, col, at = y, x, c, pos
			return true
		}
		return false
	}
	for _, fallback = range []bool{false, true} {
		for _, f := range op.Filters {
			if f.Op == "ilike" || f.Op == "like" || f.Op == "contains" || f.Op == "join" {
				continue
			}
			try(f.Col, f.Val, f.Pos, false)
		}
	}
	if op.Verb == "insert" || op.Verb == "upsert" || op.Verb == "rpc" {
		for _, w := range op.Writes {
			try(w.Col, w.Val, w.Pos, true)
		}
	}
	return o, v, col, at
}

var (
	accounts    = lazyregexp.New(`(?i)^(users?|accounts?|profiles?|members?|customers?|tenants?|orgs?|organi[sz]ations?|teams?|workspaces?|companies|company|shops?|stores?|wallets?|subscriptions?|subscribers?|merchants?|user_profiles?|app_users?)$`)
	argOwner    = lazyregexp.New(`(?i)^p?_?(user|owner|account|tenant|org|team|workspace|member|uid)(_id)?$`)
	idHeader    = lazyregexp.New(`(?i)(user|tenant|account|org|shop|store|team|workspace|person|customer|member|company|owner|client|id$|uid|merchant)`)
	tokenCookie = lazyregexp.New(`(?i)(token|session|sid|auth|jwt|secret)`)
	inviteWord  = lazyregexp.New(`(?i)(token|invite|code|email|slug|username|handle|search)`)
)

// refused tells whether the value is tied to the caller all the same.
func refused(e *flow.Entry, op *flow.Op, v *flow.Val) bool {
	if rule.Checked(e, op, v) || rule.Scoped(op) || rule.Published(op) || proved(op, v) {
		return true
	}
	// a row that was found for the caller stands beside it
	return bounded(op, v)
}

// proved tells whether the provider was asked for what the value names, and
// its answer decided: the reference of a payment that was made.
func proved(op *flow.Op, v *flow.Val) bool {
	for _, g := range op.Guards {
		if !g.Exit {
			continue
		}
		for _, o := range g.Val.Implied() {
			if o.Op == nil || o.Kind != flow.Provider && o.Kind != flow.Fetched {
				continue
			}
			for _, a := range o.Op.Args {
				if rule.SameClient(a, v) {
					return true
				}
			}
		}
	}
	return false
}

// bounded tells whether a condition before compares the value with a closed
// list that the server made.
func bounded(op *flow.Op, v *flow.Val) bool {
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			if (c.Op == "includes" || c.Op == "has") && rule.SameClient(c.R, v) &&
				(rule.FromSession(c.L) || c.L.Has(flow.Env)) {
				return true
			}
		}
	}
	return false
}

// headerOrOverride tells whether the identity stands beside the session's own.
func beside(v *flow.Val) bool { return v.Has(flow.Session) }

func checkIdentity(p *rule.Pass) {
	for _, e := range p.Entries {
		for _, op := range e.Ops {
			if op.Kind == flow.OpProvider && rule.Public(e) {
				metadata(p, e, op, op.Args)
			}
			if body := rule.SentToProvider(op); body != nil && rule.Public(e) {
				metadata(p, e, op, []*flow.Val{body})
			}
			if op.Kind == flow.OpCall && rule.Public(e) {
				opaque(p, e, op)
			}
			if !eligible(p, e, op) {
				continue
			}
			o, v, col, at := clientOwner(p, e, op)
			if o == nil || refused(e, op, v) && !beside(v) {
				continue
			}
			signed := rule.SignedIn(e, op) || rule.UsesSession(e)
			writes := op.Verb == "insert" || op.Verb == "upsert" || op.Verb == "rpc" || op.Verb == "update" ||
				op.Verb == "delete"
			if signed && o.Kind != flow.Header && !beside(v) && !(writes && o.Kind == flow.Body) {
				continue // the next rule's
			}
			if !signed && o.Kind == flow.Path && !writes && op.Priv != 1 {
				if owned, known := p.Owned(op.Table); !owned || !known || !personal(op) {
					continue // a public profile
				}
			}
			if !signed && (o.Kind == flow.Path || o.Kind == flow.Query) && !writes && publicRead(op) {
				continue
			}
			report(p, e, op, o, v, col, at)
		}
	}
}

func publicRead(op *flow.Op) bool {
	return op.Priv != 1 && !personal(op) && len(op.Select) > 0 && !slices.Contains(op.Select, "*")
}

// personal tells whether a query returns more than named public columns.
func personal(op *flow.Op) bool {
	if len(op.Select) == 0 {
		return true
	}
	for _, c := range op.Select {
		if c == "*" || personalCol.MatchString(c) {
			return true
		}
	}
	return false
}

var personalCol = lazyregexp.New(`(?i)(email|phone|mobile|address|amount|total|balance|credit|card|token|secret|invoice|price|paid|due|note|body|message|buyer|customer|salary|iban|tax|birth|ip$)`)

func report(p *rule.Pass, e *flow.Entry, op *flow.Op, o *flow.Origin, v *flow.Val, col string, at flow.Pos) {
	place := o.Pos
	if place.File == nil {
		place = at
	}
	if e.Framework == "next-action" || e.Framework == "nest" {
		// a parameter is named at the top: show where it is used
		if o.Path == "" || place.Line() < op.Pos.Line() && place.File == op.Pos.File && o.Hops == nil &&
			!strings.Contains(o.Path, ".") {
			place = at
		}
	}
	key := fmt.Sprintf("%s:%s", place.File.Path, enclosing(place))
	if !p.Once(key) {
		return
	}
	p.Report(rule.Hit{
		At: place, Entry: e, Key: op.Table + "." + col,
		Title: fmt.Sprintf("%s.%s is whatever the %s says (%s), not the session", op.Table, col, o.Kind, show(o)),
		Way:   append(rule.Way(o, at, "decides whose rows: "+col), effect(op, at)...),
	})
}

func effect(op *flow.Op, at flow.Pos) []finding.Place {
	if op.Pos.File == at.File && op.Pos.Line() == at.Line() {
		return nil
	}
	return []finding.Place{rule.Place(rule.Site(op), op.Verb+" "+op.Table)}
}

func show(o *flow.Origin) string {
	if o.Path == "" {
		return "as a whole"
	}
	return o.Path
}

// enclosing is the function around a position.
func enclosing(pos flow.Pos) string {
	best, size := "", int32(1<<30)
	if pos.File == nil {
		return ""
	}
	for _, f := range pos.File.Funcs {
		if f.Pos <= pos.At && pos.At <= f.End && f.End-f.Pos < size {
			best, size = fmt.Sprint(f.Pos), f.End-f.Pos
		}
	}
	return best
}

// brackets writes the names of a form's fields like those of an object:
// metadata[user].
var brackets = strings.NewReplacer("[]", "[]", "[", ".", "]", "")

// metadata finds what is given to a provider as the account and comes, or may
// come, from the client.
func metadata(p *rule.Pass, e *flow.Entry, op *flow.Op, sent []*flow.Val) {
	if rule.RoleChecked(e, op) || rule.Webhook(e) {
		return
	}
	for _, a := range sent {
		walk(a, "", 0, func(path string, v *flow.Val) bool {
			path = brackets.Replace(path)
			low := strings.ToLower(path)
			if !strings.Contains(low, "metadata.") && !strings.HasSuffix(low, "client_reference_id") &&
				!strings.HasSuffix(low, "clientreferenceid") && !strings.Contains(low, "notes.") {
				return true
			}
			name := path[strings.LastIndexByte(path, '.')+1:]
			if !rule.OwnerCol.MatchString(strings.ToLower(snake(name))) && !strings.HasSuffix(low, "reference_id") &&
				!strings.HasSuffix(low, "referenceid") {
				return true
			}
			list := rule.Clients(v)
			if len(list) == 0 || rule.Checked(e, op, v) {
				return true
			}
			o := list[0]
			if p.Once(fmt.Sprintf("%s:%d:%s", op.Pos.File.Path, op.Pos.Line(), "meta")) {
				title := fmt.Sprintf("%s tells the provider whose purchase it is, and the %s fills it (%s)",
					path, o.Kind, show(o))
				if v.Name == "overwritten" {
					title = fmt.Sprintf("%s is the session's, and what the client sends is spread after it and overwrites it", path)
				}
				p.Report(rule.Hit{
					At: o.Pos, Entry: e, Key: op.Name + ":" + path, Title: title, Way: rule.Way(o, op.Pos, op.Name),
					Fix: "Build metadata on the server from the session alone; the webhook believes what stands there.",
				})
			}
			return false
		})
	}
}

var camel = lazyregexp.New(`([a-z0-9])([A-Z])`)

func snake(s string) string { return camel.ReplaceAllString(s, "${1}_$2") }

// walk visits the members of an object.
func walk(v *flow.Val, path string, depth int, f func(string, *flow.Val) bool) bool {
	if v == nil || depth > 5 {
		return true
	}
	for _, k := range v.Order {
		sub := k
		if path != "" {
			sub = path + "." + k
		}
		if !f(sub, v.Fields[k]) || !walk(v.Fields[k], sub, depth+1, f) {
			return false
		}
	}
	for _, x := range v.Elems {
		if !walk(x, path+"[]", depth+1, f) {
			return false
		}
	}
	return true
}

// opaque finds an identity of the client that is given to code not at hand,
// without a session anywhere.
func opaque(p *rule.Pass, e *flow.Entry, op *flow.Op) {
	if rule.UsesSession(e) || rule.Webhook(e) || rule.SecretChecked(e, op) {
		return
	}
	for _, a := range op.Args {
		for _, o := range rule.Clients(a) {
			if o.Kind == flow.Header && identityName.MatchString(strings.TrimPrefix(o.Last(), "x-")) {
				if p.Once(fmt.Sprintf("%s:%s", o.Pos.File.Path, enclosing(o.Pos))) {
					p.Report(rule.Hit{
						At: o.Pos, Entry: e, Key: o.Path,
						Title: fmt.Sprintf("The %s %s says who calls", o.Kind, o.Path),
						Way:   rule.Way(o, op.Pos, "given to "+op.Name),
					})
				}
				return
			}
		}
	}
}

var identityName = lazyregexp.New(`(?i)^(user|tenant|account|org|shop|store|team|workspace|member|owner|customer)[_-]?(id|uuid)$`)

func checkOwnerFilter(p *rule.Pass) {
	for _, e := range p.Entries {
		for _, op := range e.Ops {
			if !eligible(p, e, op) {
				continue
			}
			o, v, col, at := clientOwner(p, e, op)
			if o == nil || o.Kind == flow.Header || beside(v) || refused(e, op, v) {
				continue
			}
			writes := op.Verb == "insert" || op.Verb == "upsert" || op.Verb == "rpc" || op.Verb == "update" ||
				op.Verb == "delete"
			if writes && o.Kind == flow.Body || !rule.SignedIn(e, op) && !rule.UsesSession(e) {
				continue
			}
			if p.At("identity-from-request", o.Pos) {
				continue
			}
			if catalogue(op) && !personal(op) {
				continue
			}
			place := rule.Site(op)
			if !p.Once(fmt.Sprintf("%s:%d", place.File.Path, place.Line())) {
				continue
			}
			p.Report(rule.Hit{
				At: place, Entry: e, Key: op.Table + "." + col + "@" + rule.Fn(op),
				Title: fmt.Sprintf("%s is filtered by %s, and the %s chooses it (%s)", op.Table, col, o.Kind, show(o)),
				Way:   rule.Way(o, at, "filters "+op.Table+" by "+col), Actors: []string{"signed in"},
			})
		}
	}
}

var shopWindow = lazyregexp.New(`(?i)^(products?|plans?|prices?|categories|category|countries|currencies|articles?|posts?|pages?|tags?|stations?|models?|device_?models?|faqs?|features?|templates?|locations?|cities|regions?|languages?|announcements?|changelogs?|blogs?|news|settings_public|catalog(ue)?s?|items_public|exercises|courses|lessons|recipes|books|movies|genres|brands|services|events|reviews|comments|testimonials)$`)

func catalogue(op *flow.Op) bool { return shopWindow.MatchString(op.Table) }

// capability columns: who knows the value may have the row.
var capability = lazyregexp.New(`(?i)(token|hash|code|slug|secret|nonce|email|username|handle|domain|stripe|customer|subscription|session|event|order_id|payment|reference|key|provider|external|lookup|path|name|locale|country|sku|currency|type|kind|status|category|published|date|month|year|at$|day|since|until|page|limit|query|search|body|text|note|title|tag|lat|lng)`)

// checkNoOwner finds queries by id alone and queries without a filter.
func checkNoOwner(p *rule.Pass, service bool) {
	for _, e := range p.Entries {
		for _, op := range e.Ops {
			if !eligible(p, e, op) || (op.Priv == 1) != service || op.Verb == "insert" || op.Verb == "rpc" ||
				op.Verb == "upsert" && len(op.Filters) == 0 || op.Verb == "unknown" {
				continue
			}
			if op.Table == "" || rule.Scoped(op) || rule.Published(op) {
				continue
			}
			if o, _, _, _ := clientOwner(p, e, op); o != nil {
				continue
			}
			signed := rule.SignedIn(e, op)
			var id *flow.Val
			var at flow.Pos
			bound := false
			for _, f := range op.Filters {
				if f.Val == nil || f.Op == "join" {
					continue
				}
				list := rule.Clients(f.Val)
				if len(list) == 0 {
					if len(f.Val.Origins()) > 0 && !f.Val.Has(flow.Clock) {
						bound = true // bound to something else: another query, an event, the environment
					}
					continue
				}
				switch {
				case f.Op == "ilike" || f.Op == "like" || f.Op == "contains" || f.Op == "search" ||
					f.Op == "startswith":
				case f.Col == "id" || f.Col == "uuid" || f.Col == "*" || f.Col == "_id" ||
					strings.HasSuffix(f.Col, "_id") ||
					!capability.MatchString(f.Col):
					if id == nil {
						id, at = f.Val, f.Pos
					}
				default:
					bound = bound || capabilityStrong.MatchString(f.Col)
				}
			}
			if bound && id == nil {
				continue
			}
			if id == nil {
				listAll(p, e, op, signed, service)
				continue
			}
			if rule.Checked(e, op, id) || bounded(op, id) {
				continue
			}
			owned, known := p.Owned(op.Table)
			if known && !owned && len(op.Writes) == 0 && op.Verb == "select" {
				continue
			}
			if !signed {
				// without any session: only what changes rows, or passes by policies
				if op.Verb == "select" && !service || rule.UsesSession(e) || capabilityOnly(op) {
					continue
				}
				if !owned && op.Verb == "select" && catalogue(op) {
					continue
				}
				if !service && !owned {
					continue
				}
			}
			if op.Verb == "select" && catalogue(op) && !owned {
				continue
			}
			if op.Verb == "select" && lookupOnly(e, op) {
				continue
			}
			o := rule.Clients(id)[0]
			if p.At("identity-from-request", o.Pos) {
				continue // the same flaw, said there
			}
			place := rule.Site(op)
			if !p.Once(fmt.Sprintf("%p:%s:%s", e, o.Kind, o.Path)) {
				continue
			}
			if !p.Once(fmt.Sprintf("%s:%d", place.File.Path, place.Line())) {
				continue
			}
			verb := map[string]string{
				"select": "reads", "update": "changes", "delete": "deletes",
				"upsert": "changes",
			}[op.Verb]
			p.Report(rule.Hit{
				At: place, Entry: e, Key: op.Verb + " " + op.Table + "@" + rule.Fn(op), Actors: []string{"signed in"},
				Title: fmt.Sprintf("Any id %s a row of %s: the owner is neither in the query nor compared",
					verb, op.Table),
				Way: rule.Way(o, at, "is all that decides which row"), Fix: fix(op),
			})
		}
	}
}

var capabilityStrong = lazyregexp.New(`(?i)(token|hash|code|secret|nonce|key)`)

func capabilityOnly(op *flow.Op) bool {
	for _, f := range op.Filters {
		if capabilityStrong.MatchString(f.Col) {
			return true
		}
	}
	return false
}

// lookupOnly tells whether what a query read never leaves: it only serves a
// decision or another query.
func lookupOnly(e *flow.Entry, op *flow.Op) bool {
	if len(op.Select) == 1 && (op.Select[0] == "id" || op.Select[0] == "count") {
		return true
	}
	used := false
	for _, x := range e.Ops {
		if x.Seq <= op.Seq {
			continue
		}
		switch x.Kind {
		case flow.OpRespond, flow.OpCall, flow.OpProvider, flow.OpDB, flow.OpFetch:
			for _, v := range append(append([]*flow.Val{x.Val}, x.Args...), written(x)...) {
				if v == nil {
					continue
				}
				for _, o := range v.Origins() {
					if o.Op == op && !strings.Contains(o.Path, "#") {
						used = true
					}
				}
			}
		}
	}
	return !used && e.Kind != "page"
}

func written(op *flow.Op) (list []*flow.Val) {
	for _, w := range op.Writes {
		list = append(list, w.Val)
	}
	for _, f := range op.Filters {
		list = append(list, f.Val)
	}
	return list
}

// listAll finds lists of everybody's rows in a signed-in user's route.
func listAll(p *rule.Pass, e *flow.Entry, op *flow.Op, signed, service bool) {
	if !signed || op.Verb != "select" {
		return
	}
	owned, known := p.Owned(op.Table)
	if known && !owned || catalogue(op) && !owned {
		return
	}
	for _, f := range op.Filters {
		if f.Val != nil && len(rule.Clients(f.Val)) > 0 && rule.Checked(e, op, f.Val) {
			return
		}
		if f.Val != nil && len(rule.Clients(f.Val)) == 0 && len(f.Val.Origins()) > 0 && !f.Val.Has(flow.Clock) {
			return
		}
	}
	if op.SQL != nil && op.SQL.Agg && !op.SQL.Join && len(op.Filters) == 0 && len(op.Select) == 1 {
		return
	}
	if len(op.Select) == 1 && op.Select[0] == "count" {
		return
	}
	if !known && !personal(op) {
		return
	}
	if rule.Checked(e, op, nil) && laterFiltered(e, op) {
		return
	}
	if lookupOnly(e, op) {
		return
	}
	place := rule.Site(op)
	if !p.Once(fmt.Sprintf("%s:%d", place.File.Path, place.Line())) {
		return
	}
	sev := finding.High
	if !owned {
		sev = finding.Medium
		if slices.Contains(op.Select, "*") || len(op.Select) == 0 {
			sev = finding.High
		}
	}
	p.Report(rule.Hit{
		At: place, Entry: e, Severity: sev, Key: "list " + op.Table + "@" + rule.Fn(op), Actors: []string{"signed in"},
		Title: fmt.Sprintf("A signed-in user gets rows of %s that belong to everybody", op.Table), Fix: fix(op),
		Way: []finding.Place{rule.Place(place, "no filter binds the rows to the caller")},
	})
}

// laterFiltered tells whether rows are filtered in code after they were read.
func laterFiltered(e *flow.Entry, op *flow.Op) bool {
	for _, x := range e.Ops {
		if x.Kind == flow.OpRespond && x.Val != nil && rule.OwnerGuard(x.Val, nil, op) {
			return true
		}
	}
	return false
}

func fix(op *flow.Op) string {
	switch op.Flavor {
	case "prisma":
		return "Add the owner to where: findFirst({ where: { id, ownerId: user.id } }); updateMany and deleteMany for writes, and look at count."
	case "supabase":
		return "Use the user's own client, or add .eq('owner_id', user.id) to the query."
	case "drizzle":
		return "where(and(eq(t.id, id), eq(t.ownerId, user.id)))"
	case "sql":
		return "Add AND owner_id = $n with the session's id to the WHERE."
	}
	return ""
}

// checkMass finds bodies that are written as a whole.
func checkMass(p *rule.Pass) {
	stripped := false // Nest's pipe strips what a class does not name
	for _, f := range p.Files {
		stripped = stripped || f.Lang != "go" && whitelist.MatchString(f.Src)
	}
	for _, e := range p.Entries {
		if !rule.Public(e) || e.Framework == "nest" && stripped {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind == flow.OpCall && goSave(p, e, op) {
				continue
			}
			if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" && op.Verb != "insert" ||
				rule.Webhook(e) || rule.SecretChecked(e, op) || rule.RoleChecked(e, op) {
				continue
			}
			o := whole(op.Data)
			if o == nil && op.Data != nil && op.Data.IsArr {
				for _, x := range op.Data.Elems {
					if y := whole(x); y != nil {
						o = y
					}
				}
			}
			if o == nil {
				continue
			}
			sev := finding.High
			if op.Verb == "insert" {
				sev = finding.Medium
				if t, known := p.Owned(op.Table); t || known {
					sev = finding.Medium
				}
			}
			place := rule.Site(op)
			if op.Data.Pos.File == place.File && op.Data.Pos.File != nil && place.File == op.Pos.File {
				place = op.Data.Pos
			}
			p.Report(rule.Hit{
				At: place, Entry: e, Severity: sev, Key: op.Table + "@" + rule.Fn(op),
				Title: fmt.Sprintf("Whatever the %s holds is written to %s, whole", o.Kind, op.Table),
				Way:   rule.Way(o, place, "becomes columns of "+op.Table),
			})
		}
	}
}

var whitelist = lazyregexp.New(`ValidationPipe\(\{[^}]*whitelist:\s*true`)

// whole is the origin of an object of which any member may come from outside.
func whole(v *flow.Val) *flow.Origin {
	if v == nil {
		return nil
	}
	if v.Enum || named(v) {
		return nil
	}
	if v.Fields == nil || len(v.Order) == 0 && len(v.Rest) > 0 {
		for _, o := range v.From {
			if (o.Kind == flow.Body || o.Kind == flow.Query) && !o.Derived && !v.IsStr && v.Name != "json" &&
				v.Nested == nil {
				return o
			}
		}
	}
	if v.Open && v.Fields == nil {
		return v.First(flow.Body, flow.Query)
	}
	for _, r := range v.Rest {
		if r.Name == "key" {
			for _, o := range r.From {
				if o.Kind == flow.Body || o.Kind == flow.Query {
					return o
				}
			}
			continue
		}
		if o := whole(r); o != nil {
			return o
		}
		if r.Fields == nil {
			if o := r.First(flow.Body, flow.Query); o != nil && !o.Derived {
				return o
			}
		}
	}
	return nil
}

// named tells whether a Go type of the input's own says which fields there
// are, and none of them is a privilege.
func named(v *flow.Val) bool {
	if v.Type == nil || v.Type.File == nil || v.Type.File.Lang != "go" || v.Type.Type == nil ||
		len(v.Type.Type.Fields) == 0 || v.Type.Type.Name != "{}" {
		return false
	}
	for _, f := range v.Type.Type.Fields {
		if privilege.MatchString(f.Name) && f.Tag != "-" {
			return false
		}
	}
	return true
}

var privilege = lazyregexp.New(`(?i)^(\w*role\w*|is_?admin|admin|credits?|balance|plan|tier|stripe\w*|owner_?id|user_?id|account_?id|tenant_?id|org_?id|verified|permissions?|quota|seats|paid\w*)$`)

// goSave finds rows that were read, decoded into, and saved.
func goSave(p *rule.Pass, e *flow.Entry, op *flow.Op) bool {
	if rule.RoleChecked(e, op) || !saveName.MatchString(op.Name) {
		return false
	}
	for _, a := range op.Args {
		if !a.Open || a.Fields == nil && len(a.From) == 0 {
			continue
		}
		var body, row *flow.Origin
		for _, o := range a.From {
			switch {
			case o.Kind == flow.Body && o.Path == "":
				body = o
			case o.Kind == flow.DB || o.Kind == flow.Opaque:
				row = o
			}
		}
		if body == nil || row == nil {
			continue
		}
		p.Report(rule.Hit{
			At: body.Pos, Entry: e, Key: op.Name,
			Title: "The row itself is decoded into: every field of it comes from the body",
			Way:   rule.Way(body, op.Pos, "saved by "+op.Name),
			Fix:   "Decode into a type of the input's own with the fields that may change, and copy them one by one.",
		})
		return true
	}
	return false
}

var saveName = lazyregexp.New(`(?i)(save|update|store|put|upsert|write|persist|patch|set)`)
