// Package access finds routes that only the interface protects: roles, plans
// and jobs that the server does not ask for, and tokens that are read and not
// verified.
package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
	"github.com/tijorihq/tijori/internal/audit/source/flow"
	"github.com/tijorihq/tijori/internal/audit/source/rule"
)

func r(id, title, why, fix, asvs, cwe string, check func(*rule.Pass)) *rule.Rule {
	return &rule.Rule{Rule: finding.Rule{
		ID: id, Engine: "source", Title: title, Why: why, Fix: fix,
		Severity: finding.High, ASVS: []string{asvs}, CWE: []string{cwe},
	}, Check: check}
}

// Rules of this package.
var Rules = []*rule.Rule{
	r("token-not-verified", "A token is decoded and believed, and nobody checks its signature",
		"Anybody writes a token with any user and role in it.",
		"Verify: jwtVerify with a fixed algorithm, jwt.verify, ParseWithClaims; supabase.auth.getUser() or getClaims() instead of getSession() on the server.",
		"9.1.1", "CWE-347", unverified),
	r("admin-check-only-in-ui", "An administrator's route asks for no role on the server",
		"The menu hides it; whoever sends the request himself changes roles, refunds or suspends.",
		"Check the role of the session on the server, in the route or in a wrapper around it.",
		"8.3.1", "CWE-602", admin),
	r("tier-check-only-in-client", "A paid feature is locked by the interface, or by a plan that the client tells",
		"Whoever sends the request himself has the feature for nothing.",
		"Read the plan of the session's account from the database and refuse with 403 on the server.",
		"8.3.1", "CWE-602", tier),
	r("job-route-open", "A job, test or cron route can be called by anybody",
		"Strangers grant credits, run jobs or purge data, as often as they like.",
		"Require a secret that must be set, in the Authorization header; mount test routes in tests only.",
		"8.3.1", "CWE-306", jobs),
}

func unverified(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Client || e.Module != nil && e.Module.Client {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpDecode || op.Mod != nil && op.Mod.Client {
				continue
			}
			if verifiedToo(e) {
				continue
			}
			sink, o := used(e, op)
			if sink == nil && o == nil {
				continue
			}
			way := []finding.Place{rule.Place(op.Pos, "read, not verified")}
			if sink != nil {
				way = append(way, rule.Place(rule.Site(sink), "believed"))
			}
			p.Report(rule.Hit{
				At: op.Pos, Entry: e, Key: op.Name + "@" + rule.Fn(op), Way: way,
				Title: fmt.Sprintf("%s reads a token without checking its signature, and what it says decides",
					op.Name),
			})
		}
	}
}

func verifiedToo(e *flow.Entry) bool {
	for _, op := range e.Ops {
		if op.Kind == flow.OpVerify && (strings.Contains(op.Name, "jwt") || strings.Contains(op.Name, "jose")) {
			return true
		}
	}
	for _, op := range e.Ops { // getUser was asked as well, and its error ends the work
		if op.Kind == flow.OpIf && (op.Then.Done || op.Else.Done) {
			for _, o := range op.Val.Implied() {
				if o.Kind == flow.Session && (o.Path == "error" || strings.HasPrefix(o.Path, "data.user")) {
					return true
				}
			}
		}
		for _, g := range op.Guards {
			for _, o := range g.Val.Implied() {
				if o.Kind == flow.Session && strings.HasPrefix(o.Path, "data.user") {
					return true
				}
			}
		}
	}
	return false
}

var plainClaim = lazyregexp.New(`(?i)(^|\.)(exp|iat|nbf|kid|header|alg|iss|aud|expires_at|#err)(\.|$)`)

// used is where claims that nobody verified decide.
func used(e *flow.Entry, dec *flow.Op) (*flow.Op, *flow.Origin) {
	trusted := func(v *flow.Val) *flow.Origin {
		if v == nil {
			return nil
		}
		for _, o := range v.Origins() {
			if o.Kind == flow.Unverified && !plainClaim.MatchString(o.Path) &&
				(o.Path != "" || dec.Name != "getSession") {
				return o
			}
		}
		return nil
	}
	for _, op := range e.Ops {
		switch op.Kind {
		case flow.OpCtx:
			if o := trusted(op.Val); o != nil {
				return op, o
			}
		case flow.OpDB:
			if rule.RLS(e, op) {
				continue
			}
			for _, f := range op.Filters {
				if o := trusted(f.Val); o != nil {
					return op, o
				}
			}
			for _, w := range op.Writes {
				if o := trusted(w.Val); o != nil {
					return op, o
				}
			}
			// the session alone lets a privileged client work
			for _, g := range op.Guards {
				if g.Exit && g.Val.Has(flow.Unverified) && op.Priv == 1 {
					return op, g.Val.First(flow.Unverified)
				}
			}
		case flow.OpProvider:
			for _, a := range op.Args {
				if o := trusted(a); o != nil {
					return op, o
				}
			}
		case flow.OpCall:
			if dec.Name == "getSession" {
				continue
			}
			for _, a := range op.Args {
				if o := trusted(a); o != nil {
					return op, o
				}
			}
		}
	}
	if e.Kind == "function" && e.Ret != nil && dec.Name != "getSession" {
		if o := trusted(e.Ret); o != nil && !strings.HasPrefix(o.Path, "token") {
			return nil, o
		}
		for _, x := range e.Ret.Elems {
			if o := trusted(x); o != nil && !strings.HasPrefix(o.Path, "token") {
				return nil, o
			}
		}
	}
	return nil, nil
}

var adminPath = lazyregexp.New(`(?i)(^|/)(admin|superadmin|backoffice|back-office|staff|moderation)(/|$)`)

// works are events that do or show something.
func works(e *flow.Entry) (list []*flow.Op) {
	for _, op := range e.Ops {
		switch op.Kind {
		case flow.OpDB:
			if op.Table == "" && op.Verb != "rpc" || op.Credential() || op.Verb == "begin" || op.Verb == "commit" ||
				op.Verb == "set" || op.SQL != nil && op.SQL.Setting != "" {
				continue
			}
			list = append(list, op)
		case flow.OpProvider:
			list = append(list, op)
		case flow.OpCall:
			if !quiet.MatchString(op.Name) {
				list = append(list, op)
			}
		}
	}
	return list
}

var quiet = lazyregexp.New(`(?i)(session|auth|user$|require|guard|log|track|valid|parse|lock|json|error|close|format)`)

func admin(p *rule.Pass) {
	var changed []string
	for _, e := range p.Entries {
		if e.Kind != "route" && e.Kind != "action" || e.Client || rule.Webhook(e) {
			continue
		}
		ops := works(e)
		if len(ops) == 0 {
			continue
		}
		// the client says that it may
		if g := clientRole(e, ops); g != nil {
			o := roleOrigin(g.Val)
			p.Report(rule.Hit{
				At: g.Pos, Entry: e, Key: "flag",
				Title: fmt.Sprintf("The %s says whether the caller is an administrator (%s)", o.Kind, o.Path),
				Way:   append(rule.Way(o, g.Pos, "decides"), rule.Place(rule.Site(ops[len(ops)-1]), "done")),
			})
			continue
		}
		// a role is written without a role
		if hit := roleWrite(p, e, ops); hit != nil {
			if !p.At("query-without-owner", hit.At) && !p.At("privileged-client-without-check", hit.At) &&
				!p.At("identity-from-request", hit.At) {
				p.Report(*hit)
			}
			changed = append(changed, resource(e.Path))
			continue
		}
		if !adminPath.MatchString(e.Path) || login.MatchString(e.Path) {
			continue
		}
		if slices.ContainsFunc(ops, func(op *flow.Op) bool {
			return rule.RoleChecked(e, op) || rule.SecretChecked(e, op) || rule.RLS(e, op) && op.Kind == flow.OpDB
		}) || middlewareRole(p) {
			continue
		}
		at := e.Pos
		if at.File == nil || e.Fn != nil && at.At == e.Fn.Pos {
			at = rule.Site(ops[0])
		}
		p.Report(rule.Hit{
			At: at, Entry: e, Key: e.Method + " " + e.Path,
			Title: fmt.Sprintf("%s is below an administrators' path and asks for no role", e.Label()),
			Way: []finding.Place{
				rule.Place(at, "any session, or none, is enough"),
				rule.Place(rule.Site(ops[0]), "done"),
			},
		})
	}
	if len(changed) == 0 || !interfaceRole(p) {
		return
	}
	// the list beside it: everybody's addresses
	for _, e := range p.Entries {
		if e.Kind != "route" || e.Method != "GET" || !slices.Contains(changed, resource(e.Path)) ||
			resource(e.Path) == "" {
			continue
		}
		for _, op := range works(e) {
			if op.Kind != flow.OpDB || op.Verb != "select" || rule.RoleChecked(e, op) ||
				op.Limit && len(op.Filters) > 1 {
				continue
			}
			if slices.ContainsFunc(op.Select, func(c string) bool { return strings.Contains(c, "email") }) &&
				slices.ContainsFunc(op.Select, func(c string) bool { return strings.Contains(c, "role") }) {
				p.Report(rule.Hit{
					At: rule.Site(op), Entry: e, Severity: finding.Medium, Key: "list " + op.Table,
					Title: "The list that the interface shows to administrators alone is given to everybody",
				})
			}
		}
	}
}

var login = lazyregexp.New(`(?i)(login|signin|sign-in|logout|auth|invite/accept)`)

func resource(p string) string {
	for _, s := range strings.Split(p, "/") {
		if s != "" && !strings.HasPrefix(s, ":") && !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") &&
			s != "api" && s != "v1" {
			return s
		}
	}
	return ""
}

// interfaceRole tells whether code for the browser asks for a role.
func interfaceRole(p *rule.Pass) bool {
	for _, e := range p.Entries {
		if e.Kind == "route" || e.Kind == "action" {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpIf {
				continue
			}
			for _, c := range op.Val.AllCmps() {
				for _, x := range []*flow.Val{c.L, c.R} {
					if x != nil && x.IsStr && rule.RoleWord.MatchString(x.Str) {
						return true
					}
				}
			}
		}
	}
	return false
}

func roleOrigin(v *flow.Val) *flow.Origin {
	for _, o := range v.Implied() {
		if (o.Kind == flow.Header || o.Kind == flow.Body || o.Kind == flow.Query) &&
			rule.RoleWord.MatchString(snake(strings.TrimPrefix(o.Path, "x-"))) {
			return o
		}
	}
	return nil
}

var camel = lazyregexp.New(`([a-z0-9])([A-Z])`)

func snake(s string) string { return camel.ReplaceAllString(s, "${1}_$2") }

// clientRole is a condition of access whose answer the client gives.
func clientRole(e *flow.Entry, ops []*flow.Op) *flow.Guard {
	last := ops[len(ops)-1]
	for _, g := range last.Guards {
		if !g.Exit || g.Status != 0 && g.Status != 401 && g.Status != 403 && g.Status != 404 {
			continue
		}
		if rule.RoleGuard(g) {
			return nil
		}
	}
	for _, g := range last.Guards {
		if !g.Exit || g.Status != 0 && g.Status != 401 && g.Status != 403 && g.Status != 404 {
			continue
		}
		if o := roleOrigin(g.Val); o != nil && decides(g.Val, o) {
			return g
		}
	}
	return nil
}

// decides tells whether the origin itself is compared with a constant, not
// with what the server knows.
func decides(v *flow.Val, o *flow.Origin) bool {
	for _, c := range v.AllCmps() {
		for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
			if pair[0] == nil {
				continue
			}
			for _, x := range pair[0].Origins() {
				if x.Kind == o.Kind && x.Path == o.Path {
					if pair[1] == nil || c.Op == "falsy" || pair[1].IsStr || pair[1].Num != "" {
						return c.Op != "includes"
					}
				}
			}
		}
	}
	return false
}

var roleCol = lazyregexp.New(`(?i)^(role|roles|is_?admin|is_?staff|is_?owner|permissions?|role_id|admin)$`)

func roleWrite(p *rule.Pass, e *flow.Entry, ops []*flow.Op) *rule.Hit {
	for _, op := range ops {
		if op.Kind != flow.OpDB || op.Verb != "update" && op.Verb != "upsert" || rule.RLS(e, op) ||
			rule.RoleChecked(e, op) || rule.SecretChecked(e, op) {
			continue
		}
		for _, w := range op.Writes {
			if !roleCol.MatchString(w.Col) || len(rule.Clients(w.Val)) == 0 {
				continue
			}
			o := rule.Clients(w.Val)[0]
			return &rule.Hit{
				At: rule.Site(op), Entry: e, Key: op.Table + "." + w.Col,
				Title: fmt.Sprintf("%s.%s is set to what the %s says, and the caller's own role is not asked",
					op.Table, w.Col,
					o.Kind), Way: rule.Way(o, rule.Site(op), "becomes the role"),
			}
		}
	}
	return nil
}

// middlewareRole tells whether a middleware of the whole program asks for a
// role.
func middlewareRole(p *rule.Pass) bool {
	for _, e := range p.Entries {
		if e.Kind != "middleware" {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind == flow.OpIf && rule.RoleGuard(&flow.Guard{Val: op.Val}) {
				return true
			}
		}
	}
	return false
}

var planConst = lazyregexp.New(`(?i)^(pro|plus|premium|business|team|enterprise|paid|free|basic|starter|growth|scale|max|unlimited|gold|active)$`)

// pageSize is how much of a list somebody asks for; it says nothing about a plan.
var pageSize = lazyregexp.New(`(?i)^(limit|level)s?$`)

func planOrigin(v *flow.Val) *flow.Origin {
	for _, o := range v.Implied() {
		if (o.Kind == flow.Header || o.Kind == flow.Body || o.Kind == flow.Query || o.Kind == flow.Cookie &&
			!strings.Contains(o.Path, "uthorization")) && !pageSize.MatchString(o.Last()) &&
			rule.PlanWord.MatchString(snake(strings.TrimPrefix(o.Path, "x-"))) {
			return o
		}
	}
	return nil
}

func tier(p *rule.Pass) {
	told := map[*flow.Entry]bool{}
	for _, e := range p.Entries {
		if !rule.Public(e) || rule.Webhook(e) {
			continue
		}
		for _, op := range e.Ops {
			if op.Kind != flow.OpIf {
				continue
			}
			o := planOrigin(op.Val)
			if o == nil || !refuses(op) || serverPlan(op.Val) || chosen(e, o) {
				continue
			}
			at := o.Pos
			if at.File == nil {
				at = op.Pos
			}
			told[e] = true
			p.Report(rule.Hit{
				At: at, Entry: e, Key: "told",
				Title: fmt.Sprintf("The %s tells which plan the caller has (%s)", o.Kind, o.Path),
				Way:   rule.Way(o, op.Pos, "decides"),
			})
			break
		}
	}
	for word, at := range features(p) {
		for _, e := range p.Entries {
			if e.Kind != "route" && e.Kind != "action" || e.Client || !names(e, word) || !rule.UsesSession(e) ||
				rule.Webhook(e) {
				continue
			}
			if told[e] || planAsked(e) {
				continue
			}
			ops := works(e)
			place := e.Pos
			if e.Fn != nil && e.Pos.At == e.Fn.Pos {
				place = guardAt(e, ops)
			}
			p.Report(rule.Hit{
				At: place, Entry: e, Key: "ui:" + word,
				Title: fmt.Sprintf("The interface locks %q by plan, and %s does it for everybody", word, e.Label()),
				Way: []finding.Place{
					rule.Place(at, "locked here, in the browser"),
					rule.Place(place, "not asked here"),
				},
			})
		}
	}
}

// chosen tells whether what the client tells is the plan that it wants: it is
// written to a plan, or something is bought, and not asked for a right.
func chosen(e *flow.Entry, o *flow.Origin) bool {
	same := func(v *flow.Val) bool {
		for _, x := range rule.Clients(v) {
			if x.Kind == o.Kind && x.Path == o.Path {
				return true
			}
		}
		return false
	}
	for _, op := range e.Ops {
		for _, w := range op.Writes {
			if rule.PlanCol.MatchString(w.Col) && same(w.Val) {
				return true
			}
		}
		if op.Kind == flow.OpProvider && buying.MatchString(op.Name) {
			return true
		}
	}
	return false
}

var buying = lazyregexp.New(`(?i)(checkout|subscriptions?\.(create|update|new)|orders?\.|paymentLinks?|paymentIntents?)`)

func guardAt(e *flow.Entry, ops []*flow.Op) flow.Pos {
	if len(ops) > 0 {
		for i := len(ops[0].Guards) - 1; i >= 0; i-- {
			if g := ops[0].Guards[i]; g.Exit && g.Val.Has(flow.Session) {
				return g.Pos
			}
		}
		return rule.Site(ops[0])
	}
	return e.Pos
}

// refuses tells whether the branch sends the caller away for his plan.
func refuses(op *flow.Op) bool {
	for _, o := range []flow.Outcome{op.Then, op.Else} {
		if o.Done && (o.Status == 402 || o.Status == 403 || o.Status == 429 || o.Throw && o.Status >= 400 &&
			o.Status != 404) {
			return true
		}
	}
	return false
}

func serverPlan(v *flow.Val) bool {
	for _, o := range v.Implied() {
		if (o.Kind == flow.DB || o.Kind == flow.Session || o.Kind == flow.Opaque) &&
			(rule.PlanWord.MatchString(snake(o.Path)) || o.Op != nil && o.Op.Kind == flow.OpCall &&
				planCall.MatchString(o.Op.Name)) {
			return true
		}
	}
	return false
}

var planCall = lazyregexp.New(`(?i)(plan|tier|subscri|entitle|premium|pro$|feature|limit|quota|paid|access|billing|licen[cs]e|upgrade|can[A-Z])`)

// planAsked tells whether a route asks for a plan, in whatever way.
func planAsked(e *flow.Entry) bool {
	for _, n := range e.AuthMW {
		if planCall.MatchString(n) {
			return true
		}
	}
	for _, op := range e.Ops {
		switch op.Kind {
		case flow.OpCall:
			if planCall.MatchString(op.Name) {
				return true
			}
			for _, a := range op.Args {
				if serverPlan(a) {
					return true
				}
			}
		case flow.OpIf:
			if serverPlan(op.Val) {
				return true
			}
			for _, c := range op.Val.AllCmps() {
				for _, x := range []*flow.Val{c.L, c.R} {
					if x != nil && x.IsStr && planConst.MatchString(x.Str) && x.Str != "active" {
						return true
					}
				}
			}
		case flow.OpDB:
			for _, f := range op.Filters {
				if rule.PlanCol.MatchString(f.Col) && f.Col != "status" && f.Col != "active" {
					return true
				}
			}
			if op.Verb == "rpc" && planCall.MatchString(op.Table) {
				return true
			}
			if planSQL.MatchString(op.Text) {
				return true
			}
		}
	}
	return false
}

var planSQL = lazyregexp.New(`(?i)\b(plan|tier|is_pro|is_premium|subscription_status|entitlements?)\b`)

var (
	featureName = lazyregexp.New(`^(?:can|may|allow|allows|has|show|is|use)(?:Use|Access)?([A-Z][a-z]+)`)
	fileFeature = lazyregexp.New(`^([A-Z][a-z]+)(?:Button|Dialog|Panel|Modal|Menu|Form|Page|View|Card|Tool)?\.`)
	commonWord  = lazyregexp.New(`(?i)^(user|users|plan|pro|premium|app|page|api|me|settings|billing|upgrade|feature|access|session|admin|account|pricing|checkout|use|edit|view|valid|open|mobile|loading|active|free|paid|auth|sign|signed|login)$`)
)

// features are words of what the interface locks by plan, with the place.
func features(p *rule.Pass) map[string]flow.Pos {
	list := map[string]flow.Pos{}
	add := func(w string, at flow.Pos) {
		w = strings.ToLower(w)
		if len(w) > 3 && !commonWord.MatchString(w) {
			list[w] = at
		}
	}
	for _, e := range p.Entries {
		if e.Kind == "route" || e.Kind == "action" || e.Kind == "load" || e.Kind == "static" || e.Kind == "page" ||
			e.Module == nil || e.Module.Go || e.Module.ServerOnly || rule.Webhook(e) {
			continue
		}
		if strings.Contains(e.Module.Path, "server") && !e.Client || strings.Contains(e.Module.Path, "/api/") {
			continue
		}
		var at flow.Pos
		for _, v := range append(conds(e), e.Ret) {
			if v == nil {
				continue
			}
			for _, c := range v.AllCmps() {
				for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
					if pair[0] == nil || pair[1] == nil || !pair[1].IsStr || !planConst.MatchString(pair[1].Str) {
						continue
					}
					for _, o := range pair[0].Origins() {
						if rule.PlanWord.MatchString(snake(o.Path)) &&
							(o.Kind == flow.Param || o.Kind == flow.Fetched || o.Kind == flow.Storage ||
								o.Kind == flow.Session) {
							at = c.Pos
						}
					}
				}
			}
		}
		if at.File == nil {
			continue
		}
		if e.Fn != nil {
			if m := featureName.FindStringSubmatch(e.Fn.Name); m != nil {
				add(m[1], at)
			}
		}
		base := e.Module.Path[strings.LastIndexByte(e.Module.Path, '/')+1:]
		if m := fileFeature.FindStringSubmatch(base); m != nil && e.Module.Client {
			add(m[1], at)
		}
		for _, op := range e.Ops {
			if op.Kind == flow.OpFetch && len(op.Args) > 0 {
				url := op.Args[0].Str + strings.Join(op.Args[0].Strs, "")
				url, _, _ = strings.Cut(url, "?")
				if i := strings.LastIndexByte(strings.TrimSuffix(url, "/"), '/'); i >= 0 &&
					strings.Contains(url, "/api") {
					add(strings.TrimSuffix(url, "/")[i+1:], at)
				}
			}
		}
	}
	return list
}

func conds(e *flow.Entry) (list []*flow.Val) {
	for _, op := range e.Ops {
		if op.Kind == flow.OpIf {
			list = append(list, op.Val)
		}
	}
	return list
}

// names tells whether a route is about a word.
func names(e *flow.Entry, word string) bool {
	for _, s := range strings.FieldsFunc(strings.ToLower(e.Path),
		func(r rune) bool { return r == '/' || r == '-' || r == '_' || r == '.' }) {
		if s == word || s == word+"s" || s+"s" == word {
			return true
		}
	}
	return e.Kind == "action" && e.Fn != nil && strings.HasPrefix(strings.ToLower(e.Fn.Name), word)
}

var spoofable = lazyregexp.New(`(?i)^(user-agent|x-forwarded-for|x-real-ip|host|origin|referer|referrer|x-forwarded-host|x-vercel-cron|x-appengine-cron|x-internal|x-cron|x-job|cf-connecting-ip|forwarded|x-requested-with)`)

func jobs(p *rule.Pass) {
	for _, e := range p.Entries {
		if e.Kind != "route" || e.Client || rule.Webhook(e) && !rule.JobPath(e.Path) {
			continue
		}
		ops := changes(e)
		if len(ops) == 0 {
			continue
		}
		op := ops[0]
		if testOnly(op) || capability(e) {
			continue
		}
		job := rule.JobPath(e.Path) || slices.Contains(p.Crons, e.Path)
		if hit := emptySecret(e, op, job); hit != nil {
			hit.Entry, hit.Key = e, "empty"
			p.Report(*hit)
			continue
		}
		if rule.UsesSession(e) || rule.SecretChecked(e, op) || rule.RoleChecked(e, op) {
			continue
		}
		for _, g := range op.Guards {
			if o := spoofed(g); o != nil {
				p.Report(rule.Hit{
					At: g.Pos, Entry: e, Key: "header",
					Title: fmt.Sprintf("Only the header %s protects this route, and the caller writes it", o.Path),
					Way:   append(rule.Way(o, g.Pos, "decides"), rule.Place(rule.Site(op), "done")),
				})
				job = false
				break
			}
		}
		if !job {
			continue
		}
		at := e.Pos
		if at.File == nil || e.Fn != nil && at.At == e.Fn.Pos {
			at = flow.Pos{File: e.Fn.File, At: e.Fn.Pos, End: e.Fn.Pos}
		}
		p.Report(rule.Hit{
			At: at, Entry: e, Key: "open",
			Title: fmt.Sprintf("%s changes data and can be called by anybody", e.Label()),
			Way:   []finding.Place{rule.Place(at, "no secret, no session"), rule.Place(rule.Site(op), "done")},
		})
	}
}

var token = lazyregexp.New(`(?i)(token|hash|code|secret|nonce|signature)`)

// capability tells whether whoever knows a secret of a row may go on: a link
// from a mail.
func capability(e *flow.Entry) bool {
	for _, op := range e.Ops {
		if op.Kind != flow.OpDB {
			continue
		}
		for _, f := range op.Filters {
			if f.Val != nil && token.MatchString(f.Col) && len(rule.Clients(f.Val)) > 0 {
				return true
			}
		}
	}
	return false
}

func testOnly(op *flow.Op) bool {
	for _, g := range op.Guards {
		for _, o := range g.Val.Implied() {
			if o.Kind == flow.Env &&
				(o.Path == "NODE_ENV" || o.Path == "APP_ENV" || o.Path == "VERCEL_ENV" || o.Path == "GO_ENV" ||
					strings.HasPrefix(o.Path, "ENABLE_") || o.Path == "DEV" || o.Path == "MODE") {
				return true
			}
		}
	}
	return false
}

func changes(e *flow.Entry) (list []*flow.Op) {
	for _, op := range works(e) {
		switch op.Kind {
		case flow.OpDB:
			if rule.Writes(op) {
				list = append(list, op)
			}
		case flow.OpProvider:
			if rule.Writes(op) {
				list = append(list, op)
			}
		case flow.OpCall:
			if !reads.MatchString(op.Name) {
				list = append(list, op)
			}
		}
	}
	return list
}

var reads = lazyregexp.New(`(?i)^(get|find|list|load|fetch|read|is|has|check|count|render|query|search|send|next|new|create_?client)`)

func spoofed(g *flow.Guard) *flow.Origin {
	for _, o := range g.Val.Implied() {
		if o.Kind == flow.Header && spoofable.MatchString(o.Path) {
			return o
		}
	}
	return nil
}

// emptySecret finds secrets that may be unset: the comparison then holds for
// an empty value, or for the word undefined.
func emptySecret(e *flow.Entry, op *flow.Op, job bool) *rule.Hit {
	if rule.UsesSession(e) {
		return nil
	}
	for _, g := range op.Guards {
		for _, c := range g.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				sent, secret := pair[0], pair[1]
				if sent == nil || secret == nil || !sent.Has(flow.Header, flow.Cookie, flow.Query, flow.Body) ||
					secret.Has(flow.Header, flow.Cookie, flow.Query, flow.Body) {
					continue
				}
				switch c.Op {
				case "==", "===", "!=", "!==":
				default:
					continue
				}
				env := secret.First(flow.Env)
				goCode := op.Pos.File != nil && op.Pos.File.Lang == "go"
				field := env == nil && goCode && !secret.IsStr && secret.Num == "" && !secret.Null &&
					secret.Name != "" &&
					len(secret.Origins()) == 0 && secretField.MatchString(secret.Name)
				if env == nil && !field || env != nil && !secretEnv.MatchString(env.Path) {
					continue
				}
				if asked(op, g, env, secret.Name) {
					continue
				}
				h := &rule.Hit{
					At: g.Pos,
					Way: rule.Way(sent.First(flow.Header, flow.Cookie, flow.Query, flow.Body), g.Pos,
						"compared with a secret that may be unset"),
				}
				switch {
				case goCode:
					h.Title = "With the secret unset, an empty value equals it"
				case len(secret.Strs) > 1 && !secret.IsStr:
					h.Title = fmt.Sprintf("With %s unset, the secret is the word undefined", env.Path)
					h.Severity = finding.Medium
				default:
					h.Title = fmt.Sprintf("With %s unset, leaving the value away equals it", env.Path)
				}
				return h
			}
		}
	}
	return nil
}

var (
	secretField = lazyregexp.New(`(?i)(secret|key|token|password)`)
	secretEnv   = lazyregexp.New(`(?i)(secret|key|token|password|cron)`)
)

// asked tells whether a condition asks whether the secret is set.
func asked(op *flow.Op, g *flow.Guard, env *flow.Origin, name string) bool {
	guards := append(slices.Clone(op.Guards), op.Mod.Guards...)
	for _, x := range guards {
		for _, c := range x.Val.AllCmps() {
			for _, pair := range [][2]*flow.Val{{c.L, c.R}, {c.R, c.L}} {
				if pair[0] == nil || c.Op != "falsy" &&
					(pair[1] == nil || !(pair[1].Null || pair[1].IsStr && pair[1].Str == "" || pair[1].Num != "")) {
					continue
				}
				if env != nil {
					for _, o := range pair[0].Origins() {
						if o.Kind == flow.Env && o.Path == env.Path {
							return true
						}
					}
				} else if pair[0].Name == name || pair[0].Name == "length" {
					return true
				}
			}
		}
		if env != nil && !strings.Contains(x.Val.Name, "bool") {
			// if (secret) …: the value itself is the condition
			for _, o := range x.Val.From {
				if o.Kind == flow.Env && o.Path == env.Path && len(x.Val.Cmps) == 0 {
					return true
				}
			}
		}
	}
	return false
}
