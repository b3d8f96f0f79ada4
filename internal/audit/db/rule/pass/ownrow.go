package pass

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

var privileged = lazyregexp.New(
	`(?i)(^|_)(role|roles|admin|is_admin|staff|is_staff|superuser|moderator|tier|plan|plan_code|credits?|balance|quota|limit|seats?|paid|verified|approved|banned|subscription\w*|customer\w*|stripe\w*|razorpay\w*|paddle\w*|gateway\w*|trial\w*|level|access_level|rank|wallet|allowance|renders_left|tokens?_left|\w+_left|\w+_limit|\w+_until|premium|entitle\w*|grants?|permissions?)($|_)`,
)

var (
	billing  = lazyregexp.New(`(?i)subscri|billing|credit|wallet|entitle|licen[cs]e_key|top_?up`)
	business = lazyregexp.New(`(?i)invoice|ledger|payment|payout|charge|grant`)
)

// aboutMoney says whether a table is about what its owners pay for the service,
// not about their own trade.
func (p *Pass) aboutMoney(r *catalog.Relation) bool {
	return billing.MatchString(r.Name) ||
		business.MatchString(r.Name) &&
			slices.ContainsFunc(
				p.texts(r),
				func(c *catalog.Column) bool { return external.MatchString(c.Name) || provider.MatchString(c.Name) },
			)
}

var provider = lazyregexp.New(`(?i)provider|processor|external_?id`)

// OwnRows reports columns of one's own rows that decide about rights or money.
// Rows of a person break one rule, rows of a tenant or about money the other.
func (p *Pass) OwnRows(rule string) {
	for _, r := range p.Schema.Relations {
		if !r.Table() || !r.RLS || !p.Own(r) || !p.Model.Tied(r) {
			continue
		}
		for _, verb := range []string{"update", "insert"} {
			cols, pol, person, why := p.ownColumns(r, verb)
			if len(cols) == 0 {
				continue
			}
			name := "own-row-privileged-column"
			if !person || verb == "insert" && why == money || p.aboutMoney(r) {
				name = "billing-table-writable"
			}
			if name != rule ||
				p.On(
					r.FullName(),
					verb,
					"self-insert-membership",
					"policy-left-over",
					"select-true",
					"rls-off",
					"any-logged-in",
					"auth-role-check",
					"inverted-check",
					"policy-to-public",
				) {
				continue
			}
			f := p.Finding(
				name,
				r,
				finding.High,
				fmt.Sprintf("whoever owns a row of %s sets %s in it: %s", r.FullName(), Quoted(cols), why),
				verb,
			)
			if why == guess {
				f.Severity = finding.Medium
			}
			f.Actors = []string{"signed in"}
			if !person {
				f.Actors = []string{"a lower role"}
			}
			if pol != nil {
				f.Place = p.PolicyPlace(pol, -1)
			}
			f.Patch = "revoke update on " + r.SQL() + " from " + p.roleList() + ";"
			added := p.Add(f)
			if p.OwnColumns == nil {
				p.OwnColumns = map[*finding.Finding][]OwnColumn{}
			}
			for _, c := range cols {
				p.OwnColumns[added] = append(p.OwnColumns[added], OwnColumn{r, c, verb})
			}
		}
	}
}

// An OwnColumn is a column that people may be able to set in their own rows.
type OwnColumn struct {
	Relation *catalog.Relation
	Column   *catalog.Column
	Verb     string
}

func (p *Pass) roleList() string {
	var out []string
	for _, a := range p.Model.Acting {
		if a.Primary {
			out = append(out, catalog.Quote(a.Role))
		}
	}
	return strings.Join(out, ", ")
}

const (
	money = "the server keeps it"
	guess = "the server made the row, and the column has a default"
)

// ownColumns are the columns that somebody may set in his own row although
// rights depend on them.
func (p *Pass) ownColumns(
	r *catalog.Relation,
	verb string,
) (cols []*catalog.Column, pol *catalog.Policy, person bool, why string) {
	letter := verdict.Letters[verb]
	for _, a := range p.Model.Acting {
		if !a.Primary || a.Visitor || !p.Privs.Some(a.Role, r, verb) || p.Schema.Exempt(a.Role, r) {
			continue
		}
		j := p.Model.Judge(a.Role)
		for _, x := range r.Policies {
			if !x.Permissive || !p.Schema.Applies(x, a.Role, letter) {
				continue
			}
			branches := j.Using(x)
			if verb == "insert" {
				branches = j.Checks(x)
			}
			for _, b := range branches {
				own, tenant := p.ownBranch(r, b)
				if !own {
					continue
				}
				for _, c := range r.Columns {
					reason := p.reason(r, c, x, verb)
					if reason == "" || !p.Privs.Column(a.Role, r, verb, c.Num) || c.Generated ||
						slices.Contains(cols, c) ||
						p.pinned(b, x, c, a.Role, verb) ||
						p.guarded(r, c, verb) {
						continue
					}
					if tenant && reason == guess {
						continue
					}
					cols, pol, person = append(cols, c), x, !tenant
					if why == "" || why == guess {
						why = reason
					}
				}
			}
		}
	}
	return cols, pol, person, why
}

// ownBranch says whether a way leads to the caller's own row, or to his
// tenant's, without asking for a rank.
func (p *Pass) ownBranch(r *catalog.Relation, b cond.Branch) (own, tenant bool) {
	if b.Has(cond.Admin) {
		return false, false
	}
	for _, a := range b {
		if a.Kind == cond.Bind && len(a.Columns) > 0 {
			own = true
			if p.Model.PersonColumn(r, a.Columns[0].Num) {
				return true, false
			}
			tenant = true
		}
		if a.Kind == cond.Member && len(a.Columns) > 0 {
			for _, ms := range p.Model.Memberships {
				for _, c := range ms.Ranks {
					if ranks := p.ranks(ms, c); len(ranks) > 1 {
						if ok, known := p.lets(b, ms, c, ranks[0]); known && !ok {
							return false, false
						}
					}
				}
			}
			own, tenant = true, true
		}
	}
	return own, tenant
}

// pinned says whether the new row's value of a column is asked for.
func (p *Pass) pinned(b cond.Branch, x *catalog.Policy, c *catalog.Column, role, verb string) bool {
	checks := []cond.Branch{b}
	if verb == "update" && x.Check != nil {
		checks = p.Model.Judge(role).Checks(x)
	}
	for _, k := range checks {
		found := false
		for _, a := range k {
			found = found ||
				(a.Kind == cond.Gate || a.Kind == cond.Filler || a.Kind == cond.Bind) && slices.Contains(a.Columns, c)
		}
		if !found {
			return false
		}
	}
	return true
}

// guarded says whether a trigger keeps callers from setting a column: it
// refuses, or puts the old value back.
func (p *Pass) guarded(r *catalog.Relation, c *catalog.Column, verb string) bool {
	name := regexp.QuoteMeta(strings.ToLower(c.Name))
	for _, t := range r.Triggers {
		f := p.Schema.Function(t.Function)
		if f == nil || !t.Fires(verb) {
			continue
		}
		code := Code(f)
		if f.Definer && lazyregexp.New(`current_user|current_role`).MatchString(code) &&
			!strings.Contains(code, "session_user") {
			continue // asks for its owner
		}
		if t.Before() &&
			lazyregexp.New(`new\."?`+name+`"? ?:?= ?(?:old\.|'|\d|coalesce|null|false|true)`).MatchString(code) {
			return true
		}
		if lazyregexp.New(`new\."?`+name+`"?(?:\W|$)`).MatchString(code) &&
			lazyregexp.New(`raise (?:exception|')`).MatchString(code) {
			return true
		}
	}
	return false
}

// reason says why a column should not be its subject's to set, empty when it
// may.
func (p *Pass) reason(r *catalog.Relation, c *catalog.Column, pol *catalog.Policy, verb string) string {
	t := p.Schema.BaseType(c.Type)
	if r.InKey(c.Num) || p.Model.Isolating(r, c.Num) || len(r.Refers(c.Num)) > 0 || c.Generated {
		return ""
	}
	if p.Model.Decides(r, c.Num) && p.Model.MembershipOf(r) == nil {
		return "other conditions ask for it"
	}
	if verb == "update" && p.pinnedOnInsert(r, c) {
		return "it is fixed when the row is made"
	}
	if name := strings.ToLower(c.Name); verb == "update" { // somebody wanted to guard it
		for _, g := range r.Triggers {
			if f := p.Schema.Function(g.Function); f != nil &&
				lazyregexp.New(`new\."?`+regexp.QuoteMeta(name)+`"? (?:is distinct|<>|!=)`).MatchString(Code(f)) {
				return "a trigger means to guard it"
			}
			if f := p.Schema.Function(g.Function); f != nil && slices.Contains(g.Columns, c.Num) && f != nil {
				return "a trigger means to guard it"
			}
		}
	}
	if t.Category == "N" {
		for _, f := range p.Schema.Functions {
			if verb != "update" {
				break
			}
			code := Code(f)
			if !f.Extension && (f.Definer || f.Trigger) && Sets(code, r, c) &&
				lazyregexp.New(`"?`+regexp.QuoteMeta(strings.ToLower(c.Name))+`"? ?[-+]`).MatchString(code) {
				return money
			}
		}
		if verb == "insert" { // what a trigger books elsewhere
			for _, g := range r.Triggers {
				f := p.Schema.Function(g.Function)
				if f != nil && g.Fires("insert") && f.Definer &&
					lazyregexp.New(`[-+] ?new\."?`+regexp.QuoteMeta(strings.ToLower(c.Name))+`"?`).
						MatchString(Code(f)) &&
					p.rightsOf(f, r) {
					return money
				}
			}
		}
	}
	if verb == "update" && plain.MatchString(c.Name) && p.personal(r) {
		return "its name says that it decides about rights or money"
	}
	if privileged.MatchString(c.Name) && p.weighty(r, pol) && (verb == "update" || p.aboutMoney(r)) &&
		(p.Model.MembershipOf(r) == nil || verb == "update") {
		return "its name says that it decides about rights or money"
	}
	if p.aboutMoney(r) && !p.Court.Card(r) && (t.Category == "N" || t.Kind == "e" || t.Category == "D" && c.NotNull) {
		return money
	}
	if verb == "update" && !p.may(r, "insert") && !p.may(r, "delete") && c.NotNull && constant(c.Default) &&
		t.Category == "N" {
		return guess
	}
	return ""
}

var plain = lazyregexp.New(
	`(?i)^(is_admin|is_staff|is_superuser|plan|plan_code|plan_id|tier|credits|stripe_\w+|razorpay_\w+|paddle_\w+|current_period_end|subscription_\w+|access_level)$`,
)

// personal says whether a table's rows are bound to a person and to nothing else.
func (p *Pass) personal(r *catalog.Relation) bool {
	person := false
	for _, c := range r.Columns {
		if p.Model.Isolating(r, c.Num) {
			if !p.Model.PersonColumn(r, c.Num) && !(r.InKey(c.Num) && len(r.Primary().Columns) == 1) {
				return false
			}
			person = person || p.Model.PersonColumn(r, c.Num)
		}
	}
	return person
}

// weighty says whether a name alone may count: in a person's row, in that of a
// tenant itself, and in tables about money.
func (p *Pass) weighty(r *catalog.Relation, pol *catalog.Policy) bool {
	if p.aboutMoney(r) {
		return true
	}
	k := r.Primary()
	if k != nil && len(k.Columns) == 1 && p.Model.Isolating(r, k.Columns[0]) {
		return true
	}
	for _, c := range r.Columns {
		if r.InKey(c.Num) && p.Model.PersonColumn(r, c.Num) {
			return true
		}
	}
	return false
}

// rightsOf says whether what a trigger changes is a figure that is bounded, and
// so an account rather than a statistic.
func (p *Pass) rightsOf(f *catalog.Function, from *catalog.Relation) bool {
	for _, r := range p.Schema.Relations {
		if r == from || !r.Table() || !Writes(Code(f), r, "update") {
			continue
		}
		for _, c := range r.Columns {
			if Sets(Code(f), r, c) && (p.bounded(r, c) || privileged.MatchString(c.Name)) {
				return true
			}
		}
	}
	return false
}

func constant(d string) bool {
	return lazyregexp.New(`^\(?-?[\d.]+\)?(::[\w ]+)?$|^'-?[\d.]+'::[\w ]+$`).MatchString(d)
}

// may says whether a policy lets people use a verb on their rows.
func (p *Pass) may(r *catalog.Relation, verb string) bool {
	for _, a := range p.Model.Acting {
		if !a.Primary || a.Visitor || !p.Privs.Some(a.Role, r, verb) {
			continue
		}
		for _, x := range r.Policies {
			if x.Permissive && p.Schema.Applies(x, a.Role, verdict.Letters[verb]) {
				return true
			}
		}
	}
	return false
}

// pinnedOnInsert says whether a policy for new rows fixes a column's value.
func (p *Pass) pinnedOnInsert(r *catalog.Relation, c *catalog.Column) bool {
	for _, x := range r.Policies {
		if x.Command != "a" {
			continue
		}
		for _, b := range p.Model.Judge("").Checks(x) {
			for _, a := range b {
				if (a.Kind == cond.Gate || a.Kind == cond.Filler) && slices.Contains(a.Columns, c) && a.Expr != nil &&
					a.Expr.Op == cond.Eq {
					return true
				}
			}
		}
	}
	return false
}

// bounded says whether a check keeps a column from going below a figure.
func (p *Pass) bounded(r *catalog.Relation, c *catalog.Column) bool {
	for _, k := range r.Checks {
		if slices.Contains(k.Columns, c.Num) && lazyregexp.New(`>=? |BETWEEN`).MatchString(k.Expression) {
			return true
		}
	}
	for t := p.Schema.Types[c.Type]; t != nil && t.Kind == "d"; t = p.Schema.Types[t.Base] {
		for _, k := range t.Checks {
			if strings.Contains(k.Expression, ">") {
				return true
			}
		}
	}
	return false
}
