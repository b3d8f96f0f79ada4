package pass

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// RunsForOthers says whether requests make a function run: by calling it, by a
// trigger, through another function or through a policy.
func (p *Pass) RunsForOthers(f *catalog.Function) bool {
	if p.called(f) && !f.Trigger {
		return true
	}
	for _, r := range p.Schema.Relations {
		for _, t := range r.Triggers {
			if t.Function == f.OID {
				if verbs, _ := p.Reach(r); slices.ContainsFunc(verbs, t.Fires) {
					return true
				}
			}
		}
	}
	if len(p.AskedBy(f)) > 0 {
		return true
	}
	for _, g := range p.Schema.Functions {
		if g != f && g.Definer && p.called(g) && calls(g, f) {
			return true
		}
	}
	return false
}

// called says whether any login may call a function, the server's own too.
func (p *Pass) called(f *catalog.Function) bool {
	return slices.ContainsFunc(p.Model.Acting, func(a *model.Actor) bool { return p.Privs.Execute(a.Role, f) })
}

// Calls says whether the body of g calls f.
func Calls(g, f *catalog.Function) bool { return calls(g, f) }

func calls(g, f *catalog.Function) bool {
	return lazyregexp.New(`(?:^|\W)"?` + regexp.QuoteMeta(strings.ToLower(f.Name)) + `"? ?\(`).
		MatchString(Code(g))
}

// AskedBy lists relations and verbs whose policies call a function.
func (p *Pass) AskedBy(f *catalog.Function) []string {
	var out []string
	word := lazyregexp.New(`(?:^|[\s.(])"?` + regexp.QuoteMeta(f.Name) + `"?\(`)
	for _, r := range p.Schema.Relations {
		for _, pol := range r.Policies {
			if word.MatchString(pol.UsingText) || word.MatchString(pol.CheckText) {
				for _, v := range verbsOf(pol) {
					out = Union(out, []string{r.FullName() + " " + v})
				}
			}
		}
	}
	return out
}

// BareTable is a table that a function's body names without its schema.
func (p *Pass) BareTable(f *catalog.Function) string {
	code := Bare(f)
	for _, r := range p.Schema.Relations {
		if Platform(r.Schema) {
			continue
		}
		if lazyregexp.New(`(?:from|join|insert into|merge into|update) (?:only )?"?` +
			regexp.QuoteMeta(strings.ToLower(r.Name)) +
			`"?(?:[^\w.$"]|$)`).
			MatchString(code) {
			return r.Name
		}
	}
	return ""
}

// Unchecked says what is wrong with a function that runs with its owner's
// rights and takes identifiers, empty when nothing is.
func (p *Pass) Unchecked(f *catalog.Function) string {
	if len(f.Queries) > 0 {
		return p.uncheckedSQL(f)
	}
	if f.Language != "plpgsql" {
		return ""
	}
	if why := p.anySchema(f); why != "" {
		return why
	}
	return p.uncheckedCode(f)
}

// anySchema says whether a function works in the schema that its caller names,
// where each tenant has one.
func (p *Pass) anySchema(f *catalog.Function) string {
	code := Code(f)
	if len(p.TenantSchemas()) == 0 || p.Asks(f) || !lazyregexp.New(`(?:^|\W)execute\W`).MatchString(code) {
		return ""
	}
	for _, a := range f.Args {
		if a.Name == "" {
			continue
		}
		name := `"?` + regexp.QuoteMeta(strings.ToLower(a.Name)) + `"?(?:\W|$)`
		if lazyregexp.New(`%(?:1\$)?[is]\.[^;]*, ?` + name + `|quote_ident\( ?` + name + `|search_path[^;]*` + name).
			MatchString(code) {
			return "never asks who is calling, and works in the schema that " + a.Name + " names"
		}
	}
	return ""
}

// ReturnsKey says whether a function answers with nothing but the number of a
// tenant or parent, which tells little.
func (p *Pass) ReturnsKey(f *catalog.Function) bool {
	list := p.Model.Reader.Body(f)
	if len(list) != 1 || list[0].Command != 1 || len(list[0].Select) != 1 {
		return false
	}
	v := list[0].Select[0]
	return v.Op == cond.Var && v.Source.Relation != nil &&
		(p.Model.Isolating(v.Source.Relation, v.Column.Num) || len(v.Source.Relation.Refers(v.Column.Num)) > 0 ||
			v.Source.Relation.InKey(v.Column.Num)) &&
		!p.Model.PersonColumn(v.Source.Relation, v.Column.Num)
}

func (p *Pass) uncheckedSQL(f *catalog.Function) string {
	if p.ReturnsKey(f) || f.ReturnType == 16 {
		return "" // little, or an oracle
	}
	j := p.Model.Judge("")
	for _, q := range p.Model.Reader.Body(f) {
		owned := slices.ContainsFunc(
			q.From,
			func(s *cond.Source) bool { return s.Relation != nil && p.Model.Tied(s.Relation) },
		)
		if q.Command == 3 && q.Target != nil && q.Target.Relation != nil && p.Model.Tied(q.Target.Relation) {
			for n, x := range q.Sets {
				if x.Op == cond.Param && p.Model.Isolating(q.Target.Relation, n) && !p.Asks(f) {
					return "writes " + q.Target.Relation.FullName() + " for whomever its caller names"
				}
			}
		}
		if !owned || p.Asks(f) && f.ReturnType == 16 {
			continue
		}
		for _, b := range j.Expression(&cond.Expr{Op: cond.And, Args: q.Where, At: -1}, nil) {
			if b.Tied() || b.Has(cond.Client) {
				continue
			}
			named, presented := p.compared(q, f)
			if named && !presented {
				return "reads or writes " + owner(q) + " for whomever its caller names"
			}
		}
	}
	return ""
}

func owner(q *cond.Query) string {
	for _, s := range q.From {
		if s.Relation != nil {
			return s.Relation.FullName()
		}
	}
	return "rows"
}

var address = lazyregexp.New(`(?i)mail|phone|user_?name|login|handle`)

// compared says whether a query compares columns with arguments, and whether
// one of those is a secret that the caller presents.
func (p *Pass) compared(q *cond.Query, f *catalog.Function) (named, presented bool) {
	cond.WalkQuery(q, func(e *cond.Expr) {
		if len(e.Args) != 2 {
			return
		}
		for i := range 2 {
			v := cond.VarOf(e.Args[i])
			if v == nil || v.Source.Relation == nil || !mentionsParam(e.Args[1-i]) {
				continue
			}
			t := p.Schema.BaseType(v.Column.Type)
			r := v.Source.Relation
			switch {
			case e.Op == cond.Eq && (t.Category == "S" || t.OID == 17) && !p.Model.Isolating(r, v.Column.Num) &&
				!address.MatchString(v.Column.Name) && !referred(p, r, v.Column.Num):
				presented = true
			default:
				named = true
			}
		}
	})
	return named, presented
}

// referred says whether other tables point to the column.
func referred(p *Pass, r *catalog.Relation, n int) bool {
	for _, t := range p.Schema.Relations {
		for _, f := range t.Foreign {
			if f.Target == r.OID && slices.Contains(f.Targets, n) {
				return true
			}
		}
	}
	return false
}

func mentionsParam(x *cond.Expr) bool {
	found := false
	cond.Walk(x, func(e *cond.Expr) { found = found || e.Op == cond.Param && e.Text != "sub" })
	return found
}

var identity = `(?:\(? ?select )?(?:auth\.uid\(\)|current_setting\([^)]*\)(?:::\w+)?)(?: ?\))?`

func (p *Pass) uncheckedCode(f *catalog.Function) string {
	code := Bare(f)
	var table *catalog.Relation
	for _, r := range p.Schema.Relations {
		if p.Model.Tied(r) &&
			(Reads(code, r) || Writes(code, r, "update") || Writes(code, r, "insert") || Writes(code, r, "delete")) {
			table = r
			break
		}
	}
	if table == nil {
		return ""
	}
	id := ""
	for _, a := range f.Args {
		t := p.Schema.BaseType(a.Type)
		if a.Name == "" || t.OID != 2950 && t.OID != 20 && t.OID != 23 && t.Category != "S" {
			continue
		}
		name := regexp.QuoteMeta(strings.ToLower(a.Name))
		if t.Category == "S" {
			for _, m := range lazyregexp.New(`(?:where|and|on) (?:\w+\.)?"?(\w+)"? ?= ?(?:[\w.]+\()?"?`+name+
				`(?:\W|$)`).FindAllStringSubmatch(code, -1) {
				if !address.MatchString(m[1]) {
					return "" // something that the caller presents
				}
			}
			continue
		}
		if lazyregexp.New(`(?:=|in \(|values ?\(.*|, ?)\s?"?` + name + `"?(?:\W|$)`).MatchString(code) {
			id = a.Name
		}
	}
	if id == "" {
		return ""
	}
	if !p.Asks(f) {
		return "never asks who is calling, and takes " + id + " at its word"
	}
	null := lazyregexp.New(`if [^;]*?(?:` + identity + ` ?(?:<>|!=)|(?:<>|!=) ?` + identity + `)`)
	if null.MatchString(code) &&
		!lazyregexp.New(identity+` is null|is distinct from|coalesce\(`).MatchString(code) &&
		Visitors(p.Callers(f)) {
		return "compares " + id + " with <>, which is null for visitors"
	}
	if other := p.wrongArgument(f, code); other != "" {
		return "checks another argument than " + other
	}
	rest := lazyregexp.New(identity+` is (?:not )?null`).ReplaceAllString(code, "")
	g := *f
	g.Body = rest
	if !p.Asks(&g) {
		return "asks only whether somebody is signed in, and takes " + id + " at its word"
	}
	return ""
}

// wrongArgument is an identifier that decides which rows are touched while only
// other arguments are compared with the caller.
func (p *Pass) wrongArgument(f *catalog.Function, code string) string {
	compare := ` ?(?:=|<>|!=|is distinct from|is not distinct from) ?`
	checked := map[string]bool{}
	rest := code
	for _, a := range f.Args {
		if a.Name == "" {
			continue
		}
		n := `"?` + regexp.QuoteMeta(strings.ToLower(a.Name)) + `"?`
		both := lazyregexp.New(`(?:^|\W)` + n + compare + identity + `|` + identity + compare + n + `(?:\W|$)`)
		if both.MatchString(rest) {
			checked[a.Name] = true
			rest = both.ReplaceAllString(rest, " ")
		}
	}
	g := *f
	g.Body = rest
	if len(checked) == 0 || p.Asks(&g) {
		return ""
	}
	for _, a := range f.Args {
		if t := p.Schema.BaseType(a.Type); a.Name == "" || checked[a.Name] ||
			t.OID != 2950 && t.OID != 20 && t.OID != 23 {
			continue
		}
		if lazyregexp.New(`(?:where|and) (?:\w+\.)?"?\w+"? ?= ?"?` + regexp.QuoteMeta(strings.ToLower(a.Name)) +
			`"?(?:\W|$)`).
			MatchString(code) {
			named := true
			for c := range checked { // the row is tied to the checked one as well
				if lazyregexp.New(`(?:where|and) (?:\w+\.)?"?\w+"? ?= ?"?` + regexp.QuoteMeta(strings.ToLower(c)) +
					`"?(?:\W|$)`).
					MatchString(code) {
					named = false
				}
			}
			if named {
				return a.Name
			}
		}
	}
	return ""
}

// Pasted is a text argument that a function pastes into a statement.
func (p *Pass) Pasted(f *catalog.Function) string {
	code := Code(f)
	if !lazyregexp.New(`(?:^|\W)execute\W`).MatchString(code) {
		return ""
	}
	for _, a := range f.Args {
		if a.Name == "" || p.Schema.BaseType(a.Type).Category != "S" {
			continue
		}
		name := regexp.QuoteMeta(strings.ToLower(a.Name))
		if lazyregexp.New(`if \(?"?` + name + `"? (?:not in|<> all|!~|not similar)`).MatchString(code) {
			continue
		}
		for _, st := range strings.Split(code, ";") {
			if i := lastUsing(st); i >= 0 {
				st = st[:i]
			}
			if !strings.Contains(st, "execute") && !strings.Contains(st, ":=") {
				continue
			}
			raw, rest := formatted(st)
			word := lazyregexp.New(`(?:^|\W)"?` + name + `"?(?:\W|$)`)
			if lazyregexp.New(`\|\| ?"?`+name+`"?(?:\W|$)`).MatchString(rest) ||
				slices.ContainsFunc(raw, word.MatchString) {
				return a.Name
			}
		}
	}
	return ""
}

// lastUsing finds USING outside of strings.
func lastUsing(st string) int {
	at, quoted := -1, false
	for i := 0; i < len(st); i++ {
		if st[i] == '\'' {
			quoted = !quoted
		}
		if !quoted && strings.HasPrefix(st[i:], " using ") {
			at = i
		}
	}
	return at
}

// AnswersAbout says whether a function compares a membership's person and its
// tenant with its arguments.
func (p *Pass) AnswersAbout(f *catalog.Function) bool {
	person, tenant := false, false
	see := func(r *catalog.Relation, n int) {
		for _, ms := range p.Model.Memberships {
			if ms.Relation != r {
				continue
			}
			person = person || ms.Person.Num == n
			tenant = tenant || slices.ContainsFunc(ms.Tenants, func(c *catalog.Column) bool { return c.Num == n })
		}
		if p.Model.PersonColumn(r, n) {
			person = true
		} else if p.Model.Isolating(r, n) || len(r.Refers(n)) > 0 {
			tenant = true
		}
	}
	for _, q := range p.Model.Reader.Body(f) {
		cond.WalkQuery(q, func(e *cond.Expr) {
			if e.Op == cond.Eq && len(e.Args) == 2 {
				for i := range 2 {
					if v := e.Args[i]; v.Op == cond.Var && v.Source.Relation != nil && e.Args[1-i].Op == cond.Param {
						see(v.Source.Relation, v.Column.Num)
					}
				}
			}
		})
	}
	return person && tenant
}

// SetsFromArgument are the settings that a function fills with what its caller
// says.
func (p *Pass) SetsFromArgument(f *catalog.Function) []cond.Slot {
	var out []cond.Slot
	for _, m := range lazyregexp.New(`set_config ?\( ?'([^']+)' ?, ?([^,]+),`).FindAllStringSubmatch(Code(f), -1) {
		for _, a := range f.Args {
			if a.Name != "" &&
				lazyregexp.New(`^"?`+regexp.QuoteMeta(strings.ToLower(a.Name))+`"?(?:\W|$)`).MatchString(m[2]) {
				out = append(out, cond.Slot{Setting: m[1]})
			}
		}
	}
	return out
}

// A Bound is a relation with the verbs that a slot alone decides.
type Bound struct {
	Relation *catalog.Relation
	Verbs    []string
}

// BoundOnlyBy are the relations whose policies ask for nothing but a slot.
func (p *Pass) BoundOnlyBy(s cond.Slot) []Bound {
	var out []Bound
	for _, r := range p.Schema.Relations {
		if !r.RLS || !p.Own(r) {
			continue
		}
		var verbs []string
		for _, pol := range r.Policies {
			for _, a := range p.Model.Acting {
				if !a.Primary || !pol.Permissive {
					continue
				}
				for _, b := range p.Model.Judge(a.Role).Using2(pol) {
					if len(b) > 0 &&
						!slices.ContainsFunc(
							b,
							func(x cond.Atom) bool { return x.Kind <= cond.Unknown && x.Slot != s },
						) &&
						slices.ContainsFunc(b, func(x cond.Atom) bool { return x.Slot == s }) {
						for _, v := range verbsOf(pol) {
							if p.Privs.Some(a.Role, r, v) {
								verbs = Union(verbs, []string{v})
							}
						}
					}
				}
			}
		}
		if len(verbs) > 0 {
			out = append(out, Bound{r, verbs})
		}
	}
	return out
}

// FromUserMetadata are columns that a trigger fills with what a user says about
// himself, and on which rights depend.
func (p *Pass) FromUserMetadata(f *catalog.Function) map[*catalog.Relation][]*catalog.Column {
	out := map[*catalog.Relation][]*catalog.Column{}
	code := Code(f)
	for _, r := range p.Schema.Relations {
		if !r.Table() || Platform(r.Schema) {
			continue
		}
		m := lazyregexp.New(`insert into ` + `(?:"?[\w$]+"?\.)?"?` + regexp.QuoteMeta(strings.ToLower(r.Name)) +
			`"? ?\(([^)]*)\) ?(?:values ?\(|select )([^;]*)`).
			FindStringSubmatch(code)
		if m == nil {
			continue
		}
		names, values := strings.Split(m[1], ","), splitList(m[2])
		for i, n := range names {
			if i >= len(values) || !strings.Contains(values[i], "raw_user_meta_data") {
				continue
			}
			for _, c := range r.Columns {
				if strings.EqualFold(c.Name, strings.Trim(strings.TrimSpace(n), `"`)) &&
					(p.Model.Isolating(r, c.Num) || p.Model.Decides(r, c.Num) || privileged.MatchString(c.Name) ||
						verdictful(p, r, c)) {
					out[r] = append(out[r], c)
				}
			}
		}
	}
	return out
}

// verdictful says whether a column has a default that looks like a rank.
func verdictful(p *Pass, r *catalog.Relation, c *catalog.Column) bool {
	t := p.Schema.BaseType(c.Type)
	return c.NotNull && c.Default != "" && (t.Kind == "e" || t.OID == 16 || t.Category == "S")
}

// splitList cuts a list of expressions at its top-level commas.
func splitList(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth < 0 {
				return append(out, s[start:i])
			}
		case c == ',' && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

// Verbs that requests may use, for other packages.
var Verbs = verdict.Verbs

// Climbs says whether a function walks a tree the wrong way: up from where the
// caller is, or down from the row that it is asked about.
func (p *Pass) Climbs(f *catalog.Function) bool {
	code := Code(f)
	m := lazyregexp.New(`with recursive .*? as ?\((.*?) union (?:all )?select (.*?) from (.*)`).
		FindStringSubmatch(code)
	if m == nil {
		return false
	}
	asks := lazyregexp.New(`auth\.uid|current_setting|auth\.jwt`).MatchString(m[1])
	for _, r := range p.Schema.Relations {
		for _, k := range r.Foreign {
			if k.Target != r.OID || len(k.Columns) != 1 || !Reads(code, r) {
				continue
			}
			parent := regexp.QuoteMeta(strings.ToLower(r.Column(k.Columns[0]).Name))
			up := lazyregexp.New(`^(?:\w+\.)?"?` + parent + `"?(?:\W|$)`).MatchString(strings.TrimSpace(m[2]))
			if up == asks {
				return true
			}
		}
	}
	return false
}

// Uses are the relations whose policies call a function, with their verbs.
func (p *Pass) Uses(f *catalog.Function) (out []Bound) {
	for _, s := range p.AskedBy(f) {
		name, verb, _ := strings.Cut(s, " ")
		r := p.Schema.ByName(name)
		if r == nil || len(p.granted(r, []string{verb})) == 0 {
			continue
		}
		if i := slices.IndexFunc(out, func(b Bound) bool { return b.Relation == r }); i >= 0 {
			out[i].Verbs = append(out[i].Verbs, verb)
		} else {
			out = append(out, Bound{r, []string{verb}})
		}
	}
	return out
}
