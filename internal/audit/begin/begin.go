// Package begin writes a first audit.toml: from an OpenAPI document, a HAR
// file, a crawl of the running app, or answers to questions. What it cannot
// know it leaves as a line to fill in, and the audit refuses the file until
// somebody has.
package begin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// maxInput is how large a document may be.
const maxInput = 64 << 20

// maxRoutes is how many routes are written.
const maxRoutes = 500

// A Route is one request that was found.
type Route struct {
	Method, Path string // the path with names in braces
	JSON         string
	Form         map[string]string
	Public       bool
}

// A Plan is what goes into the file.
type Plan struct {
	URL    string
	SignIn *Route // the request that signs in, where it is recognised
	Routes []Route
	Notes  []string
}

var methods = []string{"get", "post", "put", "patch", "delete"}

// FromOpenAPI reads an OpenAPI 3 document in JSON.
func FromOpenAPI(r io.Reader, address string) (*Plan, error) {
	var doc struct {
		OpenAPI string `json:"openapi"`
		Servers []struct {
			URL string `json:"url"`
		} `json:"servers"`
		Security   []json.RawMessage                     `json:"security"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxInput)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("this is no OpenAPI document in JSON: %w", err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.") || len(doc.Paths) == 0 {
		return nil, errors.New("this is no OpenAPI 3 document with paths")
	}
	p := &Plan{URL: address}
	base := ""
	if len(doc.Servers) > 0 {
		if u, err := url.Parse(doc.Servers[0].URL); err == nil {
			base = strings.TrimSuffix(u.Path, "/")
			if p.URL == "" && u.Host != "" {
				p.URL = u.Scheme + "://" + u.Host
			}
		}
	}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range methods {
			raw, ok := doc.Paths[path][method]
			if !ok {
				continue
			}
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			route := Route{Method: strings.ToUpper(method), Path: base + named(path) + op.query()}
			route.Public = op.Security != nil && len(*op.Security) == 0 || op.Security == nil && len(doc.Security) == 0
			route.JSON, route.Form = op.body(doc.Components.Schemas)
			p.take(route)
		}
	}
	return p, nil
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Enum       []any             `json:"enum"`
	Format     string            `json:"format"`
}

type operation struct {
	Security   *[]json.RawMessage `json:"security"`
	Parameters []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Schema schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

func (o *operation) query() string {
	var parts []string
	for _, p := range o.Parameters {
		if p.In == "query" && (p.Required || isID(p.Name)) {
			parts = append(parts, url.QueryEscape(p.Name)+"={"+word(p.Name)+"}")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "?" + strings.Join(parts, "&")
}

func (o *operation) body(known map[string]schema) (string, map[string]string) {
	for _, kind := range slices.Sorted(maps.Keys(o.RequestBody.Content)) {
		s := o.RequestBody.Content[kind].Schema
		if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
			s = known[name]
		}
		form := map[string]string{}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			v := s.Properties[name]
			if !slices.Contains(s.Required, name) && !isID(name) {
				continue
			}
			form[name] = value(name, v)
			text := `"` + form[name] + `"`
			if v.Type == "integer" || v.Type == "number" {
				form[name], text = "1", "1"
			} else if v.Type == "boolean" {
				form[name], text = "true", "true"
			}
			parts = append(parts, fmt.Sprintf("%q: %s", name, text))
		}
		switch {
		case strings.HasSuffix(kind, "json"):
			return "{" + strings.Join(parts, ", ") + "}", nil
		case kind == "application/x-www-form-urlencoded":
			return "", form
		}
	}
	return "", nil
}

// value is what a field is filled with: an id by its name, a choice, or the mark that shows a write.
func value(name string, s schema) string {
	switch {
	case isID(name):
		return "{" + word(name) + "}"
	case len(s.Enum) > 0:
		return fmt.Sprint(s.Enum[0])
	case s.Format == "uuid":
		return "{uuid}"
	case s.Format == "email":
		return "{mark}@example.com"
	case s.Format == "date":
		return "2027-01-31"
	}
	return "{mark}"
}

var idName = regexp.MustCompile(`(?i)(^|_)(id|uuid|slug|token)$|[a-z]Id$`)

func isID(name string) bool { return idName.MatchString(name) }

// word is a name as placeholders have it.
func word(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		return "v" + out
	}
	return out
}

// named renames path parameters to placeholders: {id}, :id, [id].
func named(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		inner := ""
		switch {
		case strings.HasPrefix(p, "{") && strings.HasSuffix(p, "}"), strings.HasPrefix(p, "[") &&
			strings.HasSuffix(p, "]"):
			inner = p[1 : len(p)-1]
		case strings.HasPrefix(p, ":"):
			inner = p[1:]
		default:
			continue
		}
		if inner = word(strings.Trim(inner, ".")); inner == "id" && i > 0 {
			inner = word(strings.TrimSuffix(parts[i-1], "s"))
		}
		parts[i] = "{" + inner + "}"
	}
	return strings.Join(parts, "/")
}

// take adds a route once.
func (p *Plan) take(r Route) {
	if len(p.Routes) >= maxRoutes {
		note := fmt.Sprintf("only the first %d routes were taken", maxRoutes)
		if !slices.Contains(p.Notes, note) {
			p.Notes = append(p.Notes, note)
		}
		return
	}
	if !slices.ContainsFunc(p.Routes, func(have Route) bool { return have.Method == r.Method && have.Path == r.Path }) {
		p.Routes = append(p.Routes, r)
	}
}

func (p *Plan) sort() {
	slices.SortFunc(p.Routes, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Method, b.Method))
	})
}
