package live

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/target"
)

// A try is one way to ask for what is somebody else's.
type try struct {
	how  string
	shot *target.Shot
	mark string // what a write has written
}

// tries are the ways in which an attacker asks for the owner's things by a route.
func (e *engine) tries(route *target.Route, owner, attacker *target.Someone) ([]try, error) {
	var out []try
	attempt := func(how string, value func(target.Occurrence) (string, bool),
		change func(*target.Shot) *target.Shot,
	) error {
		mark := target.Fresh("mark")
		shot, err := e.r.ShotOf(attacker, &route.Request, func(o target.Occurrence) (string, bool) {
			if o.Name == "mark" {
				return mark, true
			}
			return value(o)
		})
		if err != nil {
			return err
		}
		if change != nil {
			if shot = change(shot); shot == nil {
				return nil
			}
		}
		out = append(out, try{how, shot, mark})
		return nil
	}
	owners := func(o target.Occurrence) (string, bool) { return e.r.Value(owner, o.Name) }
	if err := attempt("with the owner's ids", owners, nil); err != nil {
		return nil, err
	}
	own := e.mixed(route, owner, attacker, attempt)
	for _, name := range slices.Sorted(maps.Keys(owner.Person.Check.Save)) {
		if v := owner.Vars[name]; v != "" && owner.Person.Account != attacker.Person.Account {
			value := owners
			if own {
				value = func(o target.Occurrence) (string, bool) { return e.r.Value(attacker, o.Name) }
			}
			for _, where := range []string{"query", "header", "body"} {
				if err := attempt("with the owner's "+name+" in the "+where, value,
					naming(name, v, where)); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, v := range variants(route, attacker) {
		if err := attempt(v.how, owners, v.change); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mixed makes requests that hold the owner's id in one place and the
// attacker's own everywhere else, and reports whether the attacker has own ids.
func (e *engine) mixed(route *target.Route, owner, attacker *target.Someone, attempt func(string,
	func(target.Occurrence) (string, bool), func(*target.Shot) *target.Shot) error,
) bool {
	var places []target.Occurrence
	for _, o := range target.Occurrences(&route.Request) {
		own, has := e.r.Value(attacker, o.Name)
		theirs, _ := e.r.Value(owner, o.Name)
		switch {
		case o.Name == "mark" || own == theirs || !planted(owner, o.Name):
		case !has:
			return false
		default:
			places = append(places, o)
		}
	}
	if attacker.Person.Name == target.Nobody {
		return false
	}
	for _, at := range places {
		if len(places) > 1 {
			//nolint:errcheck // the same names were just expanded
			_ = attempt("with the owner's "+at.Name+" in the "+at.Where+" and own ids elsewhere",
				func(o target.Occurrence) (string, bool) {
					if o.N == at.N {
						return e.r.Value(owner, o.Name)
					}
					return e.r.Value(attacker, o.Name)
				}, nil)
		}
		if at.Where == "query" {
			own, theirs := attacker.Vars[at.Name], owner.Vars[at.Name]
			_ = attempt("with both ids in the query", func(o target.Occurrence) (string,
				bool,
			) { //nolint:errcheck // as above
				return e.r.Value(owner, o.Name)
			}, func(s *target.Shot) *target.Shot { return doubled(s, own, theirs) })
		}
	}
	return true
}

func planted(who *target.Someone, name string) bool { _, ok := who.Vars[name]; return ok }

// doubled says the attacker's id first and the owner's behind it.
func doubled(s *target.Shot, own, theirs string) *target.Shot {
	path, query, _ := strings.Cut(s.Path, "?")
	var parts []string
	for part := range strings.SplitSeq(query, "&") {
		name, v, _ := strings.Cut(part, "=")
		if v == url.QueryEscape(theirs) {
			parts = append(parts, name+"="+url.QueryEscape(own))
		}
		parts = append(parts, part)
	}
	c := s.Clone()
	c.Path = path + "?" + strings.Join(parts, "&")
	return c
}

// naming adds an id of the owner where servers look for who is asking.
func naming(name, v, where string) func(*target.Shot) *target.Shot {
	return func(s *target.Shot) *target.Shot {
		c := s.Clone()
		switch where {
		case "query":
			mark := "?"
			if strings.Contains(c.Path, "?") {
				mark = "&"
			}
			c.Path += mark + url.Values{name: {v}}.Encode()
		case "header":
			c.Header.Set("X-"+strings.ReplaceAll(name, "_", "-"), v)
		default:
			return inBody(c, name, v)
		}
		return c
	}
}

func inBody(s *target.Shot, name, v string) *target.Shot {
	kind := s.Header.Get("Content-Type")
	switch {
	case strings.HasPrefix(kind, "application/x-www-form-urlencoded") && len(s.Body) > 0:
		form, err := url.ParseQuery(string(s.Body))
		if err != nil {
			return nil
		}
		form.Set(name, v)
		s.Body = []byte(form.Encode())
	case strings.HasPrefix(kind, "application/json") && len(s.Body) > 1 && s.Body[0] == '{':
		rest := string(s.Body[1:])
		if strings.TrimSpace(rest) != "}" {
			rest = "," + rest
		}
		s.Body = []byte(`{"` + name + `":"` + v + `"` + rest)
	default:
		return nil
	}
	return s
}

type variant struct {
	how    string
	change func(*target.Shot) *target.Shot
}

// nextBypass is what CVE-2025-29927 was about: Next.js skipped its middleware, and with it
// the sign-in check, for requests that claimed to come from that middleware.
const nextBypass = "middleware:middleware:middleware:middleware:middleware"

// variants are other methods, content types, paths and headers for one request.
func variants(route *target.Route, attacker *target.Someone) (out []variant) {
	add := func(how string, change func(*target.Shot) *target.Shot) { out = append(out, variant{how, change}) }
	method := func(m string) func(*target.Shot) *target.Shot {
		return func(s *target.Shot) *target.Shot {
			c := s.Clone()
			c.Method = m
			if m == http.MethodGet && len(c.Body) > 0 {
				if !strings.HasPrefix(c.Header.Get("Content-Type"), "application/x-www-form") {
					return nil
				}
				mark := "?"
				if strings.Contains(c.Path, "?") {
					mark = "&"
				}
				c.Path += mark + string(c.Body)
				c.Body = nil
			}
			return c
		}
	}
	header := func(name, v string) func(*target.Shot) *target.Shot {
		return func(s *target.Shot) *target.Shot {
			c := s.Clone()
			c.Header.Set(name, v)
			return c
		}
	}
	if route.IsWrite() {
		for _, m := range []string{"POST", "PUT", "PATCH", "GET"} {
			if m != route.Verb() {
				add("by "+m, method(m))
			}
		}
		add("as a form", target.AsForm)
		add("as JSON", target.AsJSON)
	} else {
		if !route.SoundsDangerous() || route.Allow {
			add("by POST", method("POST"))
		}
		if route.JSON != "" {
			add("as a form", target.AsForm)
		}
		if len(route.Form) > 0 {
			add("as JSON", target.AsJSON)
		}
		for _, ending := range []string{"/", ".json"} {
			add("with "+ending+" behind the path", pathed(func(p string) string { return p + ending }))
		}
		add("with a doubled slash", pathed(func(p string) string { return "/" + p }))
		add("in capitals", pathed(func(p string) string {
			first, rest, _ := strings.Cut(p[1:], "/")
			return "/" + strings.ToUpper(first) + slashed(rest)
		}))
	}
	add("as an internal request of Next.js", header("X-Middleware-Subrequest", nextBypass))
	if attacker.Person.Name == target.Nobody {
		add("from this machine, it says", header("X-Forwarded-For", "127.0.0.1"))
		add("with another method in a header", header("X-HTTP-Method-Override", route.Verb()))
		add("with an empty token", header("Authorization", "Bearer "))
	}
	return out
}

func slashed(rest string) string {
	if rest == "" {
		return ""
	}
	return "/" + rest
}

func pathed(change func(string) string) func(*target.Shot) *target.Shot {
	return func(s *target.Shot) *target.Shot {
		path, query, has := strings.Cut(s.Path, "?")
		if path == "/" {
			return nil
		}
		c := s.Clone()
		c.Path = change(path)
		if has {
			c.Path += "?" + query
		}
		return c
	}
}

// attackers are all who may not use a route: strangers, lower roles of the same account, and nobody.
func (e *engine) attackers(route *target.Route) (out []*target.Someone) {
	if route.Public {
		return nil
	}
	for _, p := range append(e.people(), e.nobody()) {
		if !slices.Contains(route.May, p.Person.Name) {
			out = append(out, p)
		}
	}
	return out
}
