package db

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/catalog"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

var verbOf = map[string]string{"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "everything"}

func who(p *catalog.Policy) string {
	if len(p.Roles) == 0 {
		return "everybody"
	}
	return strings.Join(p.Roles, ", ")
}

// asked is what a policy asks of the rows, for a sentence.
func asked(p *catalog.Policy) string {
	switch {
	case p.UsingText != "" && p.CheckText != "" && p.CheckText != p.UsingText:
		return p.UsingText + ", new rows where " + p.CheckText
	case p.UsingText != "":
		return p.UsingText
	case p.CheckText != "":
		return p.CheckText
	}
	return "true"
}

func (c *comparer) policies(was, r *catalog.Relation) {
	find := func(list []*catalog.Policy, name string) *catalog.Policy {
		i := slices.IndexFunc(list, func(p *catalog.Policy) bool { return p.Name == name })
		if i < 0 {
			return nil
		}
		return list[i]
	}
	for _, p := range r.Policies {
		place := c.now.PolicyPlace(p, -1)
		o := find(was.Policies, p.Name)
		switch {
		case o == nil && same(was.Policies, p): // renamed
		case o == nil && p.Permissive:
			c.say(true, r.FullName(), place, "policy %q lets %s %s rows where %s", p.Name, who(p),
				verbOf[p.Command], asked(p))
		case o == nil:
			c.say(false, r.FullName(), place, "policy %q holds %s back from rows but those where %s", p.Name, who(p),
				asked(p))
		default:
			c.changed(r, o, p)
		}
	}
	for _, o := range was.Policies {
		if find(r.Policies, o.Name) != nil || same(r.Policies, o) {
			continue
		}
		c.say(!o.Permissive, r.FullName(), c.now.TablePlace(r), "policy %q is gone: it %s %s %s rows where %s", o.Name,
			map[bool]string{true: "let", false: "held back"}[o.Permissive], who(o), verbOf[o.Command], asked(o))
	}
}

// same says whether a list holds the policy under another name.
func same(list []*catalog.Policy, p *catalog.Policy) bool {
	return slices.ContainsFunc(list, func(q *catalog.Policy) bool {
		return q.Command == p.Command && q.Permissive == p.Permissive && slices.Equal(q.Roles, p.Roles) &&
			q.UsingText == p.UsingText && q.CheckText == p.CheckText
	})
}

// changed compares a policy with what it was. A condition that asks all that it
// asked and more is narrower; every other change may open something.
func (c *comparer) changed(r *catalog.Relation, o, p *catalog.Policy) {
	if same([]*catalog.Policy{o}, p) {
		return
	}
	place := c.now.PolicyPlace(p, -1)
	if o.Permissive != p.Permissive {
		c.say(p.Permissive, r.FullName(), place, "policy %q is %s now", p.Name,
			map[bool]string{
				true: "permissive: it adds rows instead of holding them back", false: "restrictive",
			}[p.Permissive])
		return
	}
	if o.Command != p.Command {
		c.say(p.Permissive == (p.Command == "*"), r.FullName(), place, "policy %q is for %s, and was for %s", p.Name,
			verbOf[p.Command], verbOf[o.Command])
	}
	if !slices.Equal(o.Roles, p.Roles) {
		more := len(p.Roles) == 0 || len(o.Roles) > 0 &&
			slices.ContainsFunc(p.Roles, func(x string) bool { return !slices.Contains(o.Roles, x) })
		c.say(more == p.Permissive, r.FullName(), place, "policy %q is for %s, and was for %s", p.Name, who(p), who(o))
	}
	for _, t := range []struct{ what, old, now string }{
		{"rows", o.UsingText, p.UsingText}, {"new rows", o.CheckText, p.CheckText},
	} {
		if t.old == t.now || t.what == "new rows" && t.now == "" && p.UsingText != "" {
			continue // without a check, the condition on rows is asked of new ones
		}
		narrower := asksMore(t.old, t.now)
		c.say(narrower != p.Permissive, r.FullName(), place, "policy %q on %s asks %s, and asked %s", p.Name, t.what,
			or(t.now, "nothing"), or(t.old, "nothing"))
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// asksMore says whether a condition asks everything that another one does.
func asksMore(old, now string) bool {
	if old == "" || old == "true" {
		return true
	}
	parts := conjuncts(now)
	for _, w := range conjuncts(old) {
		if !slices.Contains(parts, w) {
			return false
		}
	}
	return true
}

// conjuncts splits a condition, as the server writes it, at its outermost ANDs.
func conjuncts(s string) []string {
	s = strings.TrimSpace(s)
	for strings.HasPrefix(s, "(") && closing(s) == len(s)-1 {
		s = strings.TrimSpace(s[1 : len(s)-1])
	}
	var out []string
	depth, quoted, from := 0, false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case quoted:
		case s[i] == '(':
			depth++
		case s[i] == ')':
			depth--
		case depth == 0 && strings.HasPrefix(s[i:], " OR "):
			return []string{s} // one of several
		case depth == 0 && strings.HasPrefix(s[i:], " AND "):
			out = append(out, conjuncts(s[from:i])...)
			from = i + len(" AND ")
			i = from - 1
		}
	}
	if from == 0 {
		return []string{strings.Join(strings.Fields(s), " ")}
	}
	return append(out, conjuncts(s[from:])...)
}

// closing is where the parenthesis at the beginning ends, -1 if nowhere.
func closing(s string) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case quoted:
		case s[i] == '(':
			depth++
		case s[i] == ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (c *comparer) functions() {
	before := map[string]*catalog.Function{}
	for _, f := range c.old.Schema.Functions {
		before[f.Identity] = f
	}
	for _, f := range c.now.Schema.Functions {
		if f.Extension || f.Trigger && !f.Definer {
			continue
		}
		place := c.now.FunctionPlace(f)
		o := before[f.Identity]
		rights := "its caller's rights"
		if f.Definer {
			rights = "the rights of " + f.Owner
		}
		for _, role := range acting(c.now) {
			can, could := c.now.Privs.Execute(role, f), o != nil && c.old.Privs.Execute(role, o)
			switch {
			case can && !could && !f.Trigger:
				c.say(true, f.Identity, place, "%s may call it; it runs with %s", role, rights)
			case could && !can:
				c.say(false, f.Identity, place, "%s may no longer call it", role)
			}
		}
		switch {
		case o == nil:
		case f.Definer && !o.Definer:
			c.say(true, f.Identity, place, "runs with %s, whoever calls it", rights)
		case o.Definer && !f.Definer:
			c.say(false, f.Identity, place, "runs with its caller's rights")
		case f.Definer && strings.Join(strings.Fields(f.Body), " ") != strings.Join(strings.Fields(o.Body), " "):
			c.say(true, f.Identity, place, "does something else with %s: read it again", rights)
		}
		if o != nil && c.answersPolicies(f) && !f.Definer && f.Body != o.Body {
			c.say(true, f.Identity, place, "policies ask it, and it answers otherwise: read it again")
		}
	}
}

func (c *comparer) answersPolicies(f *catalog.Function) bool { return len(c.now.AskedBy(f)) > 0 }

func (c *comparer) roles() {
	for _, r := range c.now.Schema.Roles {
		o := c.old.Schema.Role(r.Name)
		if r.System {
			continue
		}
		if r.Bypass && (o == nil || !o.Bypass) {
			c.say(true, r.Name, finding.Place{}, "policies no longer bind the role (BYPASSRLS)")
		}
		for _, g := range r.MemberOf {
			if o == nil || !slices.Contains(o.MemberOf, g) {
				c.say(true, r.Name, finding.Place{}, "is a member of %s, with its rights", g)
			}
		}
	}
}
