package pass

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/db/cond"
	"github.com/tijorihq/tijori/internal/audit/db/model"
	"github.com/tijorihq/tijori/internal/audit/db/verdict"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/lazyregexp"
)

// Judged reports the verdicts of one kind.
func (p *Pass) Judged(rule string) {
	for _, v := range p.Verdicts {
		if v.Rule == rule && !v.Public {
			p.Verdict(v)
		}
	}
}

// Own says whether a relation is of the schema that is audited, not of the
// platform, and whether requests reach it.
func (p *Pass) Own(r *catalog.Relation) bool {
	return p.Model.Reachable(r.Schema) && !r.Extension && !Platform(r.Schema)
}

// Platform says whether a schema belongs to the platform.
func Platform(schema string) bool {
	return slices.Contains(
		[]string{
			"auth",
			"storage",
			"realtime",
			"extensions",
			"vault",
			"graphql",
			"graphql_public",
			"net",
			"cron",
			"supabase_functions",
			"supabase_migrations",
		},
		schema,
	)
}

// Reach lists what primary actors may do with a relation.
func (p *Pass) Reach(r *catalog.Relation) (verbs []string, visitor bool) {
	for _, a := range p.Model.Acting {
		if !a.Primary {
			continue
		}
		for _, v := range verdict.Verbs {
			if p.Privs.Some(a.Role, r, v) && !slices.Contains(verbs, v) {
				verbs = append(verbs, v)
				visitor = visitor || a.Visitor
			}
		}
	}
	slices.SortFunc(
		verbs,
		func(a, b string) int { return slices.Index(verdict.Verbs, a) - slices.Index(verdict.Verbs, b) },
	)
	return verbs, visitor
}

// UsesPolicies says whether the schema relies on row-level security at all.
func (p *Pass) UsesPolicies() bool {
	return slices.ContainsFunc(
		p.Schema.Relations,
		func(r *catalog.Relation) bool { return r.RLS && !Platform(r.Schema) },
	)
}

// Guardian is a parent whose policies a partition or an inheriting table leaves
// behind, nil when there is none.
func (p *Pass) Guardian(r *catalog.Relation) *catalog.Relation {
	for _, id := range r.Parents {
		if parent := p.Schema.Relation(id); parent != nil {
			if parent.RLS {
				return parent
			}
			if g := p.Guardian(parent); g != nil {
				return g
			}
		}
	}
	return nil
}

// SharedLogins says whether a table names logins and several use it.
func (p *Pass) SharedLogins(r *catalog.Relation) bool {
	for _, c := range r.Columns {
		if slices.ContainsFunc(
			p.Model.ClassSlots(p.Model.Class(r, c.Num)),
			func(s cond.Slot) bool { return s.Login() },
		) {
			return true
		}
	}
	return false
}

// Callers are the primary roles that may call a function.
func (p *Pass) Callers(f *catalog.Function) (out []*model.Actor) {
	for _, a := range p.Model.Acting {
		if a.Primary && p.Privs.Execute(a.Role, f) {
			out = append(out, a)
		}
	}
	return out
}

// Visitors says whether one of the actors is anonymous by nature.
func Visitors(list []*model.Actor) bool {
	return slices.ContainsFunc(list, func(a *model.Actor) bool { return a.Visitor })
}

var (
	comment = lazyregexp.New(`(?s)--[^\n]*|/\*.*?\*/`)
	text    = lazyregexp.New(`'(?:[^']|'')*'`)
)

// Code is a function's body without comments, in lower case and with single
// spaces.
func Code(f *catalog.Function) string {
	return strings.ToLower(strings.Join(strings.Fields(comment.ReplaceAllString(f.Body, " ")), " "))
}

// Bare is Code without the contents of strings.
func Bare(f *catalog.Function) string { return text.ReplaceAllString(Code(f), "''") }

// ident matches a name, quoted or not, with or without a schema.
func ident(name string) string {
	return `(?:"?[\w$]+"?\.)?"?` + regexp.QuoteMeta(strings.ToLower(name)) + `"?(?:\W|$)`
}

// Writes says whether a body changes a relation, and how.
func Writes(code string, r *catalog.Relation, verb string) bool {
	head := map[string]string{
		"update": `update (?:only )?`, "insert": `insert into `,
		"delete": `delete from (?:only )?`,
	}[verb]
	return lazyregexp.New(head + ident(r.Name)).MatchString(code)
}

// Reads says whether a body reads a relation.
func Reads(code string, r *catalog.Relation) bool {
	return lazyregexp.New(`(?:from|join) (?:only )?` + ident(r.Name)).MatchString(code)
}

// Sets says whether a body sets a column of a relation in an update.
func Sets(code string, r *catalog.Relation, c *catalog.Column) bool {
	for _, m := range lazyregexp.New(`update (?:only )?`+ident(r.Name)+`[^;]*? set ([^;]*)`).FindAllStringSubmatch(code,
		-1) {
		if lazyregexp.New(`(?:^|[\s,(])"?` + regexp.QuoteMeta(strings.ToLower(c.Name)) + `"? ?=`).
			MatchString(m[1]) {
			return true
		}
	}
	return lazyregexp.New(`update (?:only )?` + ident(r.Name) + `\S* ?set [^;]*?"?` +
		regexp.QuoteMeta(strings.ToLower(c.Name)) + `"? ?=`).
		MatchString(code)
}

// Asks says whether a body, or what it calls, asks who is calling.
func (p *Pass) Asks(f *catalog.Function) bool { return p.asks(f, map[int]bool{}) }

func (p *Pass) asks(f *catalog.Function, seen map[int]bool) bool {
	if seen[f.OID] {
		return false
	}
	seen[f.OID] = true
	code := Code(f)
	if lazyregexp.New(`current_setting ?\(|auth\.(uid|jwt|role|email)|current_user|session_user|request\.jwt`).
		MatchString(code) {
		return true
	}
	for _, g := range p.Schema.Functions {
		if g.OID != f.OID && !g.Extension && strings.Contains(code, strings.ToLower(g.Name)+"(") && p.asks(g, seen) {
			return true
		}
	}
	return false
}

// Finding begins a finding about a relation.
func (p *Pass) Finding(
	rule string,
	r *catalog.Relation,
	severity finding.Severity,
	title string,
	verbs ...string,
) finding.Finding {
	return finding.Finding{
		Rule:     rule,
		Object:   r.FullName(),
		Severity: severity,
		Title:    title,
		Verbs:    verbs,
		Place:    p.TablePlace(r),
	}
}

// FunctionFinding begins a finding about a function.
func (p *Pass) FunctionFinding(
	rule string,
	f *catalog.Function,
	severity finding.Severity,
	title string,
) finding.Finding {
	return finding.Finding{
		Rule:     rule,
		Object:   f.Identity,
		Severity: severity,
		Title:    title,
		Verbs:    []string{"execute"},
		Place:    p.FunctionPlace(f),
	}
}
