package begin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

var name = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// Write writes the file. Where a FILL IN stands, a person has to decide.
func (p *Plan) Write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by tijori audit init. Fill in what says FILL IN, then: tijori audit http\n\n[target]\nurl = %s\n",
		quoted(p.URL))
	b.WriteString("# i_own_this = true       # needed for everything but this machine: only you can say it\n\n")
	for _, person := range []struct{ name, account, role, what string }{
		{"a", "first", "owner", "owns what is planted"},
		{"clerk", "first", "clerk", "of the same account, with a lower role"},
		{"b", "second", "owner", "another customer"},
	} {
		fmt.Fprintf(&b, "[person.%s]             # %s\naccount = %q\nrole = %q\n", person.name, person.what,
			person.account, person.role)
		p.signIn(&b, strings.ToUpper(person.name))
		fmt.Fprintf(&b, "check = { path = \"/\", contains = \"FILL IN: what only %s sees there\" }\n\n", person.name)
	}
	p.seeds(&b)
	for _, r := range p.Routes {
		p.route(&b, r)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "# %s\n", strings.Join(strings.Fields(strings.Map(printable, n)), " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Plan) signIn(b *strings.Builder, person string) {
	in := p.SignIn
	if in == nil {
		in = &Route{Path: "/login", Form: map[string]string{"email": "", "password": "env:AUDIT_A_PASSWORD"}}
	}
	if in.JSON != "" {
		text := strings.ReplaceAll(strings.ReplaceAll(in.JSON, "AUDIT_A_", "AUDIT_"+person+"_"), "{mark}",
			"env:AUDIT_"+person+"_EMAIL")
		fmt.Fprintf(b, "sign_in = { by = \"json\", path = %s, json = %s }\n", quoted(in.Path), quoted(text))
		return
	}
	fields := map[string]string{}
	for name, v := range in.Form {
		fields[name] = strings.ReplaceAll(v, "AUDIT_A_", "AUDIT_"+person+"_")
		if strings.Contains(strings.ToLower(name), "mail") || strings.Contains(strings.ToLower(name), "user") {
			fields[name] = "env:AUDIT_" + person + "_EMAIL"
		}
		if fields[name] == "" {
			delete(fields, name) // hidden fields come from the page
		}
	}
	fmt.Fprintf(b, "sign_in = { by = \"form\", path = %s, page = %s, form = %s }\n", quoted(in.Path),
		quoted(in.Path), table(fields))
}

// seeds asks for what has to be planted: a seed for each name that routes need.
func (p *Plan) seeds(b *strings.Builder) {
	needs := map[string]bool{}
	for _, r := range p.Routes {
		for _, m := range name.FindAllStringSubmatch(r.Path+r.JSON+table(r.Form), -1) {
			needs[m[1]] = true
		}
	}
	for _, known := range []string{"mark", "uuid", "fresh", "number", "canary", "redirect"} {
		delete(needs, known)
	}
	for _, need := range slices.Sorted(maps.Keys(needs)) {
		seed := p.maker(need)
		fmt.Fprintf(b, "[[seed]]                 # makes {%s}\nname = %q\nas = [\"a\", \"b\"]\nmethod = "+
			"\"POST\"\npath = %s\n", need, need,
			quoted(seed.Path))
		if seed.JSON != "" {
			fmt.Fprintf(b, "json = %s\n", quoted(strings.ReplaceAll(seed.JSON, "{mark}", "{canary}")))
		} else {
			fields := map[string]string{}
			for n, v := range seed.Form {
				fields[n] = strings.ReplaceAll(v, "{mark}", "{canary}")
			}
			fmt.Fprintf(b, "form = %s\n", table(fields))
		}
		fmt.Fprintf(b, "save = { %s = \"json:id\" }   # or location:/path/(.+), regex:…\n\n", need)
	}
}

// maker is the route that looks as if it made what a name stands for.
func (p *Plan) maker(need string) Route {
	for _, r := range p.Routes {
		path, _, _ := strings.Cut(r.Path, "?")
		parts := strings.Split(strings.TrimSuffix(strings.TrimSuffix(path, "/new"), "/create"), "/")
		last := parts[len(parts)-1]
		if r.Method == "POST" && (last == need || last == need+"s" || last == strings.TrimSuffix(need, "y")+"ies" ||
			last == strings.TrimSuffix(need, "_id")+"s") {
			return r
		}
	}
	return Route{Path: "/FILL-IN", Form: map[string]string{"name": "{mark}"}}
}

func (p *Plan) route(b *strings.Builder, r Route) {
	b.WriteString("[[route]]\n")
	if r.Method != "GET" {
		fmt.Fprintf(b, "method = %q\n", r.Method)
	}
	fmt.Fprintf(b, "path = %s\n", quoted(r.Path))
	if r.JSON != "" && r.JSON != "{}" {
		fmt.Fprintf(b, "json = %s\n", quoted(r.JSON))
	} else if len(r.Form) > 0 {
		fmt.Fprintf(b, "form = %s\n", table(r.Form))
	}
	if r.Public {
		b.WriteString("public = true            # or: may = [\"a\"]\n\n")
		return
	}
	b.WriteString("may = [\"a\"]              # add whoever else may\n")
	if r.Method != "GET" {
		fmt.Fprintf(b, "state = %s               # where a reads what it changes\n", quoted(p.state(r)))
	}
	b.WriteString("\n")
}

// state is the page that most likely shows what a route changes: the longest beginning of its path that can be read.
func (p *Plan) state(r Route) string {
	path, _, _ := strings.Cut(r.Path, "?")
	best := ""
	for _, g := range p.Routes {
		if g.Method == "GET" && strings.HasPrefix(path+"/", strings.TrimSuffix(g.Path, "/")+"/") &&
			len(g.Path) > len(best) {
			best = g.Path
		}
	}
	if best == "" {
		return "/FILL-IN"
	}
	return best
}

// printable keeps what a comment may hold.
func printable(r rune) rune {
	if unicode.IsControl(r) && r != ' ' || r == utf8.RuneError {
		return -1
	}
	return r
}

// quoted is a text as TOML takes it, which is as JSON writes it.
func quoted(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""`
	}
	return strings.TrimSpace(b.String())
}

func table(fields map[string]string) string {
	var parts []string
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, quoted(n)+" = "+quoted(fields[n]))
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
