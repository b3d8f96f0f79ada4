// Package verdict says what is wrong with a policy: which way through its
// condition is open to whom, and what kind of mistake that is.
package verdict

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// A Verdict is a way through a policy that others can go.
type Verdict struct {
	Rule     string
	Policy   *catalog.Policy
	Relation *catalog.Relation
	Verb     string
	Roles    []string // that can go it
	Visitor  bool     // without signing in
	Branch   cond.Branch
	Function *catalog.Function // at fault, when it is not the policy itself
	Columns  []*catalog.Column // that stay free, for new rows
	Public   bool              // on purpose: shown by a state of the row
	Weak     bool              // exposes little
	At       int               // byte of the policy's statement
	Check    bool              // about the new row
	State    bool              // the way asks for nothing but the row's state
}

// Letters of the commands in the catalogue.
var Letters = map[string]string{"select": "r", "insert": "a", "update": "w", "delete": "d"}

// Verbs in the order in which reports name them.
var Verbs = []string{"select", "insert", "update", "delete"}

// A Court judges all policies of a schema.
type Court struct {
	Model *model.Model
	Privs *catalog.Privileges
}

// All are the verdicts on every policy that a request meets.
func (c *Court) All() []Verdict {
	var out []Verdict
	for _, r := range c.Model.Schema.Relations {
		if !r.RLS || !c.Model.Reachable(r.Schema) {
			continue
		}
		for _, p := range r.Policies {
			if !p.Permissive {
				continue
			}
			for _, verb := range Verbs {
				out = append(out, c.Policy(p, verb)...)
			}
		}
	}
	return out
}

// Policy judges a policy for a verb.
func (c *Court) Policy(p *catalog.Policy, verb string) []Verdict {
	if p.Command != "*" && p.Command != Letters[verb] {
		return nil
	}
	byKind := map[string]*Verdict{}
	var order []string
	for _, a := range c.Model.Acting {
		if !a.Primary && !c.loose(a, p) {
			continue
		}
		if !c.Privs.Some(a.Role, p.Relation, verb) || c.Model.Schema.Exempt(a.Role, p.Relation) ||
			!c.Model.Schema.Applies(p, a.Role, Letters[verb]) {
			continue
		}
		for _, v := range c.forRole(p, verb, a) {
			k := v.Rule
			if v.Public {
				k += "public"
			}
			if old := byKind[k]; old != nil {
				if !slices.Contains(old.Roles, a.Role) {
					old.Roles = append(old.Roles, a.Role)
				}
				old.Visitor = old.Visitor || v.Visitor
				continue
			}
			v.Roles = []string{a.Role}
			byKind[k] = &v
			order = append(order, k)
		}
	}
	var out []Verdict
	for _, k := range order {
		out = append(out, *byKind[k])
	}
	slices.SortStableFunc(out, func(a, b Verdict) int { return rank(a) - rank(b) })
	if len(out) > 1 { // one way through is enough
		public := slices.IndexFunc(out, func(v Verdict) bool { return v.Public })
		if public > 0 {
			return []Verdict{out[0], out[public]}
		}
		out = out[:1]
	}
	return out
}

// rank puts what says most about the cause first.
func rank(v Verdict) int {
	switch {
	case v.Public:
		return 9
	case v.State:
		return 5
	case v.Check && v.Verb == "update":
		return 3
	case v.Rule == "self-comparison":
		return 0
	}
	return 1
}

// loose says whether a role that was not named still meets a policy by
// accident: one that is addressed to everybody.
func (c *Court) loose(a *model.Actor, p *catalog.Policy) bool { return len(p.Roles) == 0 }

func (c *Court) forRole(p *catalog.Policy, verb string, a *model.Actor) []Verdict {
	j := c.Model.Judge(a.Role)
	r := p.Relation
	if c.deliberate(p, a) {
		return nil
	}
	var out []Verdict
	base := Verdict{Policy: p, Relation: r, Verb: verb}
	if verb != "insert" && !c.restricted(j, r, verb, a.Role, false) {
		for _, b := range j.Using(p) {
			if v, ok := c.open(base, b, a, p); ok {
				v.At = at(b, false, p)
				out = append(out, v)
			}
		}
	}
	if verb == "insert" || verb == "update" {
		out = append(out, c.newRow(base, j, a)...)
	}
	return out
}

// deliberate says whether a policy opens a table to a role of the server's own:
// it names the role, and others are held by policies of theirs.
func (c *Court) deliberate(p *catalog.Policy, a *model.Actor) bool {
	if c.Model.Supabase || len(p.Roles) == 0 {
		return false
	}
	for _, b := range c.Model.Judge(a.Role).Using(p) {
		if len(b) > 0 {
			return false
		}
	}
	for _, q := range p.Relation.Policies {
		if q != p && q.Permissive && slices.Contains(q.Roles, a.Role) && sameVerb(p, q) {
			return false // the role's rows are bound elsewhere: this way is one too many
		}
	}
	for _, q := range p.Relation.Policies {
		if q == p || len(q.Roles) == 0 ||
			slices.ContainsFunc(q.Roles, func(r string) bool { return slices.Contains(p.Roles, r) }) {
			continue
		}
		if !slices.ContainsFunc(c.Model.Judge(q.Roles[0]).Using(q), func(b cond.Branch) bool { return !b.Tied() }) {
			return true
		}
	}
	return false
}

func sameVerb(p, q *catalog.Policy) bool {
	return p.Command == q.Command || p.Command == "*" || q.Command == "*"
}

// Deliberate is deliberate for a role by its name.
func (c *Court) Deliberate(p *catalog.Policy, role string) bool {
	return c.deliberate(p, &model.Actor{Role: role})
}

func at(b cond.Branch, check bool, p *catalog.Policy) int {
	for _, a := range b {
		if a.At >= 0 {
			return a.At
		}
	}
	n := p.Using
	if check && p.Check != nil {
		n = p.Check
	}
	if n != nil && n.Text("location") != "" {
		return n.Int("location")
	}
	return -1
}

// restricted says whether a restrictive policy ties every row to the caller.
func (c *Court) restricted(j *cond.Judge, r *catalog.Relation, verb, role string, check bool) bool {
	for _, p := range r.Policies {
		if p.Permissive || !c.Model.Schema.Applies(p, role, Letters[verb]) {
			continue
		}
		branches := j.Using(p)
		if check {
			branches = j.Checks(p)
		}
		if !slices.ContainsFunc(branches, func(b cond.Branch) bool { return !b.Tied() }) {
			return true
		}
	}
	return false
}

// open judges a way to existing rows.
func (c *Court) open(v Verdict, b cond.Branch, a *model.Actor, p *catalog.Policy) (Verdict, bool) {
	v.Branch = b
	r := v.Relation
	if b.Tied() {
		return c.tied(v, b)
	}
	if !c.Model.Tied(r) && !c.Locked(r) {
		if v.Verb == "select" {
			return v, false
		}
		if b.Has(cond.RoleCheck) || b.Has(cond.LoggedIn) || len(b) == 0 {
			// anybody changes what everybody reads
		}
	}
	v.Visitor = c.visitor(b, a)
	if x := b.Find(cond.SelfCompare); x != nil {
		v.Function = x.Function
	}
	switch {
	case b.Has(cond.SelfCompare) && !b.Has(cond.Inverted):
		v.Rule = "self-comparison"
		return v, true
	case b.Has(cond.Client):
		v.Rule = "tenant-from-client"
		if b.Find(cond.Client).Slot.UserMetadata() {
			v.Rule = "user-metadata-trusted"
			v.Function = b.Find(cond.Client).Function
		}
		if x := b.Find(cond.Client); len(x.Columns) > 0 && c.secretColumn(r, x.Columns[0]) {
			return v, false // a secret that is presented
		}
		if !c.Model.Tied(r) && v.Verb == "select" {
			return v, false
		}
		return v, true
	case b.Has(cond.Inverted):
		v.Rule = "inverted-check"
		if x := b.Find(cond.Inverted); x.NullSafe {
			v.Rule = "policy-to-public"
		}
		v.Visitor = true
		if len(p.Roles) > 0 && !slices.Contains(p.Roles, "anon") && c.Model.Supabase &&
			b.Find(cond.Inverted).Expr != nil &&
			b.Find(cond.Inverted).Expr.Op == cond.IsNull {
			return v, false // nobody but visitors is null, and they are not asked
		}
		return v, true
	case b.Has(cond.RoleCheck):
		v.Rule = "auth-role-check"
		if rc := b.Find(cond.RoleCheck); rc.Expr != nil && rc.Slot.Path == "role" && rc.Expr.Op == cond.Eq &&
			rc.At >= 0 &&
			plainRole(rc.Expr) {
			v.Rule = "any-logged-in"
		}
		return v, c.Model.Tied(r)
	case b.Has(cond.AnyTenant):
		v.Rule, v.Function = "admin-of-any-tenant", b.Find(cond.AnyTenant).Function
		return v, true
	case b.Has(cond.ParentOpen):
		return c.parentOpen(v, b)
	case b.Has(cond.LoggedIn):
		v.Rule = "any-logged-in"
		return v, c.Model.Tied(r)
	case b.Has(cond.ExistsOnly):
		v.Rule = "public-share"
		return v, c.Model.Tied(r)
	}
	return c.stateOnly(v, b, p)
}

func plainRole(x *cond.Expr) bool {
	for _, a := range x.Args {
		if a.Op == cond.Func && len(a.Args) == 0 {
			return true
		}
	}
	s := cond.Words(x)
	return strings.Contains(s, "authenticated")
}

// visitor says whether somebody who has not signed in gets through.
func (c *Court) visitor(b cond.Branch, a *model.Actor) bool {
	if b.Has(cond.LoggedIn) || b.Has(cond.AnyTenant) || b.Has(cond.Bind) || b.Has(cond.Member) {
		return false
	}
	if x := b.Find(cond.RoleCheck); x != nil && x.Expr != nil &&
		strings.Contains(cond.Words(x.Expr), "authenticated") &&
		x.Expr.Op == cond.Eq {
		return false
	}
	return a.Visitor || !c.Model.Supabase
}

// tied judges a way that ties the row to the caller, but badly.
func (c *Court) tied(v Verdict, b cond.Branch) (Verdict, bool) {
	for _, a := range b {
		if a.Fuzzy && a.Kind == cond.Bind && a.Expr != nil && a.Expr.Name == "~~" && openPrefix(a.Expr) {
			v.Rule, v.Function = "hierarchy", a.Function
			cond.Walk(a.Expr.Args[1], func(e *cond.Expr) {
				if e.Op == cond.Coalesce && len(e.Args) > 1 && e.Args[len(e.Args)-1].Op == cond.Const &&
					e.Args[len(e.Args)-1].Text == "" {
					v.Rule = "inverted-check" // nobody's prefix is everybody's
				}
			})
			return v, true
		}
		if a.Fuzzy && a.Kind == cond.Member && a.Expr != nil && v.Relation.FullName() == "storage.objects" {
			found := false
			cond.Walk(a.Expr, func(e *cond.Expr) { found = found || e.Name == "~~" && openPrefix(e) })
			if found {
				v.Rule = "storage-policy"
				return v, true
			}
		}
	}
	return v, false
}

// openPrefix says whether a pattern is a value with a wildcard right behind it.
func openPrefix(x *cond.Expr) bool {
	if len(x.Args) != 2 {
		return false
	}
	p := x.Args[1]
	if p.Op != cond.Oper || p.Name != "||" || len(p.Args) != 2 || p.Args[1].Op != cond.Const {
		return false
	}
	return p.Args[1].Text == "%"
}

func (c *Court) parentOpen(v Verdict, b cond.Branch) (Verdict, bool) {
	x := b.Find(cond.ParentOpen)
	v.Rule = "public-share"
	onlyState := true
	for _, inner := range x.Inner {
		for _, a := range inner {
			if a.Kind != cond.Gate && a.Kind != cond.Filler || c.unowned(x.Via, a) {
				onlyState = false
			}
		}
		onlyState = onlyState && len(inner) > 0
	}
	if !c.Model.Tied(v.Relation) {
		return v, false
	}
	if !onlyState {
		return v, false // open by the parent's fault
	}
	if v.Verb != "select" {
		v.Rule = "insert-without-tenant-check"
		if v.Verb != "insert" {
			v.Rule = "delete-or-write-by-lower-role"
		}
		return v, true
	}
	if c.SelfWritten(v.Relation) {
		return v, false // on purpose
	}
	v.Weak = true
	return v, true
}

var closing = lazyregexp.New(`(?i)archiv|delet|remov|revok|cancel|expir|disabl|suspend|banned|trash|discard`)

// stateOnly judges a way that asks for nothing but the row's state, or for
// nothing at all.
func (c *Court) stateOnly(v Verdict, b cond.Branch, p *catalog.Policy) (Verdict, bool) {
	r := v.Relation
	gates, fillers := 0, 0
	secret, token, closed := false, false, false
	for _, a := range b {
		switch a.Kind {
		case cond.Gate:
			if v.Verb == "select" && len(a.Columns) == 1 && closing.MatchString(a.Columns[0].Name) {
				closed = true
			}
			if a.Expr != nil && a.Expr.Op == cond.IsNull && len(a.Columns) == 1 {
				if cl := a.Columns[0]; c.secretColumn(r, cl) {
					token = true
					fillers++
					continue
				}
				if a.Columns[0].NotNull {
					continue // always so
				}
				if c.unowned(r, a) {
					fillers++
					continue
				}
			}
			gates++
		case cond.Filler:
			fillers++
			for _, col := range a.Columns {
				secret = secret || c.secretColumn(r, col)
			}
		}
	}
	owned := c.Model.Tied(r) || c.Locked(r)
	if r.FullName() == "storage.objects" {
		for _, a := range b {
			if a.Kind == cond.Gate && c.Model.Schema.Buckets[a.Value] {
				if v.Verb == "select" {
					return v, false // a public bucket, on purpose
				}
				v.Weak = true
			}
		}
		v.Rule = "storage-policy"
		return v, true
	}
	if v.Verb == "select" {
		switch {
		case !owned:
			return v, false
		case gates > 0 && fillers == 0 && c.complement(v, p):
			v.Rule = "soft-delete-ignored"
			return v, true
		case gates > 0 && c.insideTenant(v, p):
			v.Rule = "permissive-instead-of-restrictive"
			return v, true
		case gates > 0 && fillers == 0 && c.Invitation(r):
			v.Rule = "invitation-token-readable" // its state publishes no invitation
			return v, true
		case gates > 0 && fillers == 0 && closed:
			v.Rule = "any-logged-in" // that a row has ended, or has not, publishes nothing
			return v, true
		case gates > 0 && fillers == 0:
			v.Public = true
			return v, false
		case len(b) == 0 && c.Card(r):
			v.Public = true
			return v, false
		}
	}
	if v.Verb != "select" && !c.Model.Tied(r) && len(b) > 0 && gates > 0 {
		return v, false
	}
	switch {
	case token || secret:
		v.Rule = "public-share"
		if c.Invitation(r) {
			v.Rule = "invitation-token-readable"
		}
	case fillers > 0:
		v.Rule = "any-logged-in"
		if v.Verb == "update" && p.Command == "w" &&
			slices.ContainsFunc(b, func(a cond.Atom) bool { return c.unowned(r, a) }) {
			v.Rule, v.State = "update-moves-tenant", true
		}
		if c.Invitation(r) {
			v.Rule = "invitation-token-readable"
		}
	case gates > 0:
		v.Rule, v.State = "any-logged-in", true
		if v.Verb == "update" && p.Command == "w" {
			v.Rule = "update-moves-tenant"
		}
	case c.mixed(p, v.Verb):
		v.Rule = "permissive-instead-of-restrictive"
	case c.leftOver(p, v.Verb):
		v.Rule = "policy-left-over"
		if len(p.Roles) == 0 && c.otherRoles(p) {
			v.Rule = "policy-to-public"
		}
	case v.Verb == "select":
		v.Rule = "select-true"
	default:
		switch v.Rule = "select-true"; {
		case len(p.Roles) == 0:
			v.Rule = "policy-to-public"
		case p.Command != "*":
			v.Rule = "any-logged-in"
		}
	}
	return v, true
}

// mixed says whether a restrictive policy ties the row for other commands.
func (c *Court) mixed(p *catalog.Policy, verb string) bool {
	return slices.ContainsFunc(p.Relation.Policies, func(q *catalog.Policy) bool { return !q.Permissive })
}

// leftOver says whether another policy for the same command does tie the row.
func (c *Court) leftOver(p *catalog.Policy, verb string) bool {
	for _, q := range p.Relation.Policies {
		if q == p || !q.Permissive || q.Command != "*" && q.Command != Letters[verb] ||
			q.Command != p.Command && p.Command != "*" {
			continue
		}
		j := c.Model.Judge("")
		if !slices.ContainsFunc(j.Using(q), func(b cond.Branch) bool { return !b.Tied() }) {
			return true
		}
	}
	return p.Command == "r" && c.otherRoles(p)
}

func (c *Court) otherRoles(p *catalog.Policy) bool {
	return len(p.Roles) == 0 && !c.Model.Supabase &&
		slices.ContainsFunc(p.Relation.Policies, func(q *catalog.Policy) bool { return q != p && len(q.Roles) > 0 })
}

// unowned says whether a part asks only that somebody, or nobody, owns the row:
// that publishes nothing.
func (c *Court) unowned(r *catalog.Relation, a cond.Atom) bool {
	return r != nil && a.Kind == cond.Gate && a.Expr != nil && a.Expr.Op == cond.IsNull && len(a.Columns) == 1 &&
		(c.Model.Isolating(r, a.Columns[0].Num) || len(r.Refers(a.Columns[0].Num)) > 0)
}

// insideTenant says whether the policy was meant to narrow within the tenant:
// its other way binds a person, and another policy binds the tenant alone.
func (c *Court) insideTenant(v Verdict, p *catalog.Policy) bool {
	j := c.Model.Judge(v.firstRole(c))
	mine := map[cond.Place]bool{}
	for _, b := range j.Using(p) {
		for _, col := range b.Bound() {
			mine[c.Model.Class(p.Relation, col.Num)] = true
		}
	}
	if len(mine) == 0 {
		return false
	}
	for _, q := range p.Relation.Policies {
		if q == p || !q.Permissive || q.Command != "*" && q.Command != "r" {
			continue
		}
		for _, b := range j.Using(q) {
			if bound := b.Bound(); len(b) == 1 && b[0].Kind == cond.Bind && len(bound) == 1 &&
				!mine[c.Model.Class(p.Relation, bound[0].Num)] {
				return true
			}
		}
	}
	return false
}

// complement says whether the policy's other way asks for the caller and for
// the opposite state: then the state was meant to narrow, not to publish.
func (c *Court) complement(v Verdict, p *catalog.Policy) bool {
	j := c.Model.Judge(v.firstRole(c))
	for _, b := range j.Using(p) {
		if !b.Tied() {
			continue
		}
		for _, x := range b {
			if x.Kind != cond.Gate {
				continue
			}
			for _, y := range v.Branch {
				if y.Kind == cond.Gate && len(x.Columns) == 1 && len(y.Columns) == 1 &&
					x.Columns[0] == y.Columns[0] &&
					x.Negated != y.Negated {
					return true
				}
			}
		}
	}
	return false
}

func (v *Verdict) firstRole(c *Court) string {
	if len(v.Roles) > 0 {
		return v.Roles[0]
	}
	for _, a := range c.Model.Acting {
		return a.Role
	}
	return ""
}

// Locked says whether a table that belongs to nobody is still not for all: its
// policies ask for a right.
func (c *Court) Locked(r *catalog.Relation) bool {
	if c.Model.Tied(r) || !r.RLS {
		return false
	}
	j := c.Model.Judge("")
	for _, p := range r.Policies {
		for _, b := range j.Using(p) {
			if b.Has(cond.Admin) && (p.Command == "r" || p.Command == "*") {
				return true
			}
		}
	}
	return false
}

var secretName = lazyregexp.New(`(?i)token|secret|password|passwd|hash|api_?key|otp|pin\b|code$|^code|link`)

// secretColumn says whether a column looks like something to be presented:
// a text or number that is unique by itself and no key that others refer to.
func (c *Court) secretColumn(r *catalog.Relation, col *catalog.Column) bool {
	t := c.Model.Schema.BaseType(col.Type)
	if t.Category != "S" && t.OID != 2950 && t.OID != 17 || c.Model.Isolating(r, col.Num) || r.InKey(col.Num) {
		return false
	}
	if secretName.MatchString(col.Name) {
		return true
	}
	for _, k := range r.Keys {
		if len(k.Columns) == 1 && k.Columns[0] == col.Num && !col.NotNull {
			return true
		}
	}
	return col.Default == "" && col.NotNull && t.Category == "S" &&
		len(c.Model.Constants(r.FullName()+"."+col.Name)) > 0
}

// Invitation says whether a table holds invitations: a tenant, something to be
// presented, and an end.
func (c *Court) Invitation(r *catalog.Relation) bool {
	tenant, secret, end := false, false, false
	for _, col := range r.Columns {
		t := c.Model.Schema.BaseType(col.Type)
		if c.Model.Isolating(r, col.Num) && !c.Model.PersonColumn(r, col.Num) {
			tenant = true
		}
		if (t.Category == "S" || t.OID == 17) && !r.InKey(col.Num) && !c.Model.Isolating(r, col.Num) &&
			(secretName.MatchString(col.Name) || c.uniqueAlone(r, col)) {
			secret = true
		}
		end = end || t.Category == "D" && strings.Contains(col.Default, "+")
		end = end || t.Category == "S" && strings.Contains(strings.ToLower(col.Name), "mail")
	}
	return tenant && secret && end
}

func (c *Court) uniqueAlone(r *catalog.Relation, col *catalog.Column) bool {
	return slices.ContainsFunc(
		r.Keys,
		func(k *catalog.Key) bool { return len(k.Columns) == 1 && k.Columns[0] == col.Num && !k.Primary },
	)
}

var personal = lazyregexp.New(
	`(?i)e?mail|phone|mobile|address|birth|salary|iban|passport|card|token|secret|password|hash|customer|amount|cents|paise|price|balance|location|home|lat$|lng$`,
)

// Card says whether a table is a public card: nothing but keys and what the
// person writes about himself.
func (c *Court) Card(r *catalog.Relation) bool {
	payload := 0
	for _, col := range r.Columns {
		t := c.Model.Schema.BaseType(col.Type)
		if personal.MatchString(col.Name) || t.Category == "G" || t.Category == "I" {
			return false
		}
		if r.InKey(col.Num) || len(r.Refers(col.Num)) > 0 || t.Category == "D" {
			continue
		}
		payload++
	}
	k := r.Primary()
	if payload == 0 ||
		payload <= 2 && k != nil && len(k.Columns) == 1 && len(r.Foreign) == 0 && c.Model.Isolating(r, k.Columns[0]) &&
			!c.Model.PersonColumn(r, k.Columns[0]) {
		return true // keys alone, or the list of tenants
	}
	if k == nil || len(k.Columns) != 1 || !c.Model.PersonColumn(r, k.Columns[0]) {
		return false
	}
	return c.SelfWritten(r)
}

// CardView says whether a view shows of each person a few columns with nothing
// personal in them, and leaves out those that have: a directory, on purpose.
func (c *Court) CardView(q *cond.Query) bool {
	var t *catalog.Relation
	shown := map[int]bool{}
	for _, x := range q.Select {
		if x.Op != cond.Var || x.Source.Relation == nil || t != nil && x.Source.Relation != t ||
			personal.MatchString(x.Column.Name) || secretName.MatchString(x.Column.Name) {
			return false
		}
		t = x.Source.Relation
		shown[x.Column.Num] = true
	}
	if t == nil || q.Aggregates {
		return false
	}
	k := t.Primary()
	return k != nil && len(k.Columns) == 1 && c.Model.PersonColumn(t, k.Columns[0]) &&
		slices.ContainsFunc(t.Columns, func(col *catalog.Column) bool {
			return !shown[col.Num] && (personal.MatchString(col.Name) || secretName.MatchString(col.Name))
		})
}

// SelfWritten says whether those whom the rows belong to write them.
func (c *Court) SelfWritten(r *catalog.Relation) bool {
	for _, a := range c.Model.Acting {
		if !a.Primary || !c.Privs.Some(a.Role, r, "update") {
			continue
		}
		j := c.Model.Judge(a.Role)
		for _, p := range r.Policies {
			if p.Permissive && c.Model.Schema.Applies(p, a.Role, "w") &&
				slices.ContainsFunc(j.Using(p), cond.Branch.Tied) {
				return true
			}
		}
	}
	return false
}

// Secret says whether a column looks like something to be presented.
func (c *Court) Secret(r *catalog.Relation, col *catalog.Column) bool { return c.secretColumn(r, col) }

// ViewOpen says whether a view's query shows rows without asking who is calling.
func (c *Court) ViewOpen(q *cond.Query, role string) bool {
	j := c.Model.Judge(role)
	for _, b := range j.Expression(&cond.Expr{Op: cond.And, Args: q.Where, At: -1}, nil) {
		if !b.Tied() && !b.Has(cond.AnyTenant) {
			return true
		}
	}
	return false
}
