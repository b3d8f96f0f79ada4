package target

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var placeholder = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_.-]*)\}`)

// An Occurrence is one place of a request where a name in braces stands.
type Occurrence struct {
	Name  string
	Where string // path, query, form, json or header
	N     int    // counted over the request
}

// Names are the names that a request needs, each once.
func Names(q *Request) []string {
	var out []string
	visit(q, func(o Occurrence) {
		if !slices.Contains(out, o.Name) {
			out = append(out, o.Name)
		}
	})
	return out
}

// Occurrences are the places of names in a request, in the order in which Expand asks for them.
func Occurrences(q *Request) (out []Occurrence) {
	visit(q, func(o Occurrence) { out = append(out, o) })
	return out
}

func visit(q *Request, f func(Occurrence)) {
	if _, err := Expand(q, func(o Occurrence) (string, bool) { f(o); return "x", true }); err != nil {
		return // every name has a value, so what fails is the request itself, and its sender says so
	}
}

// An expander replaces names and counts where they stand.
type expander struct {
	value   func(Occurrence) (string, bool)
	n       int
	missing string
}

func (e *expander) text(s, where string, escape func(string) string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string {
		name := m[1 : len(m)-1]
		v, ok := e.value(Occurrence{Name: name, Where: where, N: e.n})
		e.n++
		if !ok && e.missing == "" {
			e.missing = name
		}
		return escape(v)
	})
}

func plain(s string) string { return s }

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	return string(b[1 : len(b)-1])
}

// A MissingError is a name that nobody's seeds have saved.
type MissingError struct{ Name string }

func (e *MissingError) Error() string { return "{" + e.Name + "} has no value: no seed has saved it" }

// Expand makes a request ready to send; value is asked for each name.
func Expand(q *Request, value func(Occurrence) (string, bool)) (*Shot, error) {
	e := &expander{value: value}
	s := &Shot{Method: q.Verb(), Header: http.Header{}}
	before, query, has := strings.Cut(q.Path, "?")
	s.Path = e.text(before, "path", url.PathEscape)
	if has {
		s.Path += "?" + e.text(query, "query", url.QueryEscape)
	}
	for _, name := range slices.Sorted(maps.Keys(q.Headers)) {
		s.Header.Set(name, e.text(q.Headers[name], "header", plain))
	}
	switch {
	case q.JSON != "":
		s.Body = []byte(e.text(q.JSON, "json", jsonText))
		s.Header.Set("Content-Type", "application/json")
	case len(q.Form) > 0:
		form := url.Values{}
		for _, name := range slices.Sorted(maps.Keys(q.Form)) {
			form.Set(name, e.text(q.Form[name], "form", plain))
		}
		s.Body = []byte(form.Encode())
		s.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case s.Method == http.MethodPost:
		s.Header.Set("Content-Type", "application/x-www-form-urlencoded") // an empty form
	}
	if !strings.HasPrefix(s.Path, "/") {
		return nil, fmt.Errorf("the path %q does not begin with a slash", q.Path)
	}
	if e.missing != "" {
		return nil, &MissingError{e.missing}
	}
	return s, nil
}

// AsForm is a JSON shot sent as a form, and AsJSON a form sent as JSON: servers
// that bind both may check only one.
func AsForm(s *Shot) *Shot {
	var fields map[string]any
	if json.Unmarshal(s.Body, &fields) != nil {
		return nil
	}
	form := url.Values{}
	for name, v := range fields {
		form.Set(name, fmt.Sprint(v))
	}
	return withBody(s, "application/x-www-form-urlencoded", []byte(form.Encode()))
}

// AsJSON is AsForm the other way.
func AsJSON(s *Shot) *Shot {
	form, err := url.ParseQuery(string(s.Body))
	if err != nil || len(form) == 0 {
		return nil
	}
	fields := map[string]string{}
	for name := range form {
		fields[name] = form.Get(name)
	}
	b, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return withBody(s, "application/json", b)
}

func withBody(s *Shot, kind string, body []byte) *Shot {
	c := s.Clone()
	c.Body = body
	c.Header.Set("Content-Type", kind)
	return c
}

// Extract reads what a rule names out of an answer.
func Extract(a *Answer, rule string) (string, error) {
	kind, rest, _ := strings.Cut(rule, ":")
	switch kind {
	case "header":
		if v := a.Header.Get(rest); v != "" {
			return v, nil
		}
	case "location", "regex":
		text := string(a.Body)
		if kind == "location" {
			text = a.Header.Get("Location")
		}
		re, err := regexp.Compile(rest)
		if err != nil {
			return "", err
		}
		if m := re.FindStringSubmatch(text); m != nil {
			return m[len(m)-1], nil
		}
	case "json", "count":
		v, err := dig(a.Body, rest)
		if err != nil {
			return "", err
		}
		if list, ok := v.([]any); ok && kind == "count" {
			return fmt.Sprint(len(list)), nil
		}
		if kind == "json" && v != nil {
			return text(v), nil
		}
	}
	return "", fmt.Errorf("the answer (%d) holds nothing for %s", a.Status, rule)
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// dig walks a path such as data.items.0.id; a single dot is the whole.
func dig(body []byte, path string) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the answer is not JSON: %w", err)
	}
	if path == "." {
		return v, nil
	}
	for part := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[part]
			if !ok {
				return nil, fmt.Errorf("the answer has no %s", path)
			}
			v = next
		case []any:
			var i int
			if _, err := fmt.Sscan(part, &i); err != nil || i < 0 || i >= len(at) {
				return nil, fmt.Errorf("the answer has no %s", path)
			}
			v = at[i]
		default:
			return nil, fmt.Errorf("the answer has no %s", path)
		}
	}
	return v, nil
}
