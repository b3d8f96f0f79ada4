package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// schema is as much of JSON Schema as the document uses.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 any                `json:"type"`
	Format               string             `json:"format"`
	Required             []string           `json:"required"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *additional        `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	OneOf                []*schema          `json:"oneOf"`
	Enum                 []string           `json:"enum"`
	Minimum, Maximum     *int64
}

// additional says what a map holds; the document says false of objects that hold nothing else.
type additional struct{ schema *schema }

func (a *additional) UnmarshalJSON(b []byte) error {
	if string(b) == "false" {
		return nil
	}
	a.schema = &schema{}
	return json.Unmarshal(b, a.schema)
}

type openAPIDoc struct {
	Paths map[string]map[string]struct {
		RequestBody struct {
			Content map[string]struct{ Schema schema }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema schema }
		}
	}
	Components struct{ Schemas map[string]*schema }
}

func readOpenAPI(t *testing.T) openAPIDoc {
	t.Helper()
	var doc openAPIDoc
	if err := json.Unmarshal(openapiJSON, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// The document names the routes that programs may use, and no others.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	t.Parallel()
	doc := readOpenAPI(t)
	var there, want []string
	for path, methods := range doc.Paths {
		for method := range methods {
			there = append(there, strings.ToUpper(method)+" "+path)
		}
	}
	pages := 0
	for _, rt := range routes {
		if rt.Access == frame.Program || rt.Access.OfApp() {
			want = append(want, rt.Pattern)
		} else if strings.Contains(rt.Pattern, " /api/") {
			pages++
		}
	}
	var info struct{ Info struct{ Description string } }
	if err := json.Unmarshal(openapiJSON, &info); err != nil || pages > 0 && !strings.Contains(info.Info.Description,
		"belong to the pages of this server") {
		t.Errorf("%d routes below /api are not for programs, and the document does not say so (%v)", pages, err)
	}
	slices.Sort(there)
	slices.Sort(want)
	if !slices.Equal(there, want) {
		t.Errorf("the document has %v, the routes are %v", there, want)
	}
}

// fits reports how a value differs from its schema, "" when it does not.
func (d openAPIDoc) fits(s *schema, v any, where string) string {
	if s.Ref != "" {
		name := strings.TrimPrefix(s.Ref, "#/components/schemas/")
		if d.Components.Schemas[name] == nil {
			return where + ": no schema " + name
		}
		return d.fits(d.Components.Schemas[name], v, where)
	}
	if len(s.OneOf) > 0 {
		var why []string
		for _, one := range s.OneOf {
			w := d.fits(one, v, where)
			if w == "" {
				return ""
			}
			why = append(why, w)
		}
		return strings.Join(why, " and ")
	}
	var types []string
	switch x := s.Type.(type) {
	case string:
		types = []string{x}
	case []any:
		for _, one := range x {
			types = append(types, fmt.Sprint(one))
		}
	}
	kind := map[bool]string{true: "null"}[v == nil]
	switch x := v.(type) {
	case string:
		kind = "string"
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, x) {
			return fmt.Sprintf("%s: %q is none of %v", where, x, s.Enum)
		}
		if _, err := uuid.Parse(x); s.Format == "uuid" && err != nil {
			return fmt.Sprintf("%s: %q is no uuid", where, x)
		}
	case float64:
		kind = "integer"
	case bool:
		kind = "boolean"
	case []any:
		kind = "array"
		for i, one := range x {
			if why := d.fits(s.Items, one, fmt.Sprintf("%s[%d]", where, i)); why != "" {
				return why
			}
		}
	case map[string]any:
		kind = "object"
		for _, name := range s.Required {
			if _, ok := x[name]; !ok {
				return where + " lacks " + name
			}
		}
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if s.Properties[name] == nil && s.AdditionalProperties != nil && s.AdditionalProperties.schema != nil {
				if why := d.fits(s.AdditionalProperties.schema, x[name], where+"."+name); why != "" {
					return why
				}
				continue
			}
			if s.Properties[name] == nil {
				return where + " has " + name + ", which is not described"
			}
			if why := d.fits(s.Properties[name], x[name], where+"."+name); why != "" {
				return why
			}
		}
	}
	if !slices.Contains(types, kind) {
		return fmt.Sprintf("%s: is %s, want %v", where, kind, types)
	}
	return ""
}

// operation is a request that the document describes, and what is answered.
type operation struct {
	route  string
	path   string // the id in it, or the query; before a > the customer
	json   map[string]any
	token  string
	status int
}

// What the routes take and answer is what the document says, refusals included.
func TestOpenAPIIsTrue(t *testing.T) {
	t.Parallel()
	doc := readOpenAPI(t)
	w := newWorld(t).populate()
	key := uuid.NewString()
	consume := map[string]any{"meter": "credits", "amount": 1, "idempotency_key": key, "note": "n"}
	hold := func() string {
		got := w.send("POST", ask{path: "/api/credits/holds", json: map[string]any{
			"meter": "credits", "amount": 2,
			"idempotency_key": uuid.NewString(),
		}}, w.a.key)
		var h struct{ ID string }
		w.ok(json.Unmarshal([]byte(got.body), &h))
		return h.ID
	}
	held, other := hold(), hold()
	seen := map[string]bool{}
	for _, c := range append([]operation{
		{"GET /api/credits", "", nil, w.a.key, 200},
		{"GET /api/credits", "", nil, "", 401},
		{"GET /api/credits/entries", "", nil, w.a.key, 200},
		{"GET /api/credits/entries", "?limit=0", nil, w.a.key, 422},
		{"GET /api/credits/entries", "?cursor=x", nil, w.a.key, 422},
		{"GET /api/credits/entries", "?meter=x", nil, w.a.key, 422},
		{"POST /api/credits/consume", "", consume, w.a.key, 200},
		{"POST /api/credits/consume", "", consume, w.a.key, 200},
		{
			"POST /api/credits/consume", "",
			map[string]any{"meter": "credits", "amount": 2, "idempotency_key": key},
			w.a.key, 409,
		},
		{"POST /api/credits/consume", "", map[string]any{
			"meter": "credits", "amount": 100000000,
			"idempotency_key": "much",
		}, w.a.key, 402},
		{
			"POST /api/credits/consume", "",
			map[string]any{"meter": "credits", "amount": 0, "idempotency_key": "none"},
			w.a.key, 422,
		},
		{
			"POST /api/credits/consume", "",
			map[string]any{"meter": "credits", "amount": 1.5, "idempotency_key": "part"},
			w.a.key, 422,
		},
		{"POST /api/credits/consume", "", consume, w.a.Token, 401},
		{"POST /api/credits/holds", "", map[string]any{
			"meter": "credits", "amount": 1, "idempotency_key": "h",
			"expires_in": 60,
		}, w.a.key, 201},
		{"POST /api/credits/holds", "", map[string]any{
			"meter": "credits", "amount": 1, "idempotency_key": "h",
			"expires_in": 60, "attempt": uuid.NewString(),
		}, w.a.key, 409},
		{"POST /api/credits/holds", "", map[string]any{
			"meter": "credits", "amount": 1, "idempotency_key": "h2",
			"expires_in": 0,
		}, w.a.key, 422},
		{"POST /api/credits/holds", "", map[string]any{
			"meter": "credits", "amount": 100000000,
			"idempotency_key": "h3",
		}, w.a.key, 402},
		{"POST /api/credits/holds/{id}/capture", held, map[string]any{"amount": 1}, w.a.key, 200},
		{"POST /api/credits/holds/{id}/capture", held, map[string]any{"amount": 2}, w.a.key, 409},
		{"POST /api/credits/holds/{id}/capture", uuid.NewString(), nil, w.a.key, 404},
		{"POST /api/credits/holds/{id}/capture", other, map[string]any{"amount": 3}, w.a.key, 422},
		{"POST /api/credits/holds/{id}/release", other, nil, w.a.key, 200},
		{"POST /api/credits/holds/{id}/release", held, nil, w.a.key, 409},
	}, appOperations(w)...) {
		method, path, _ := strings.Cut(c.route, " ")
		described := doc.Paths[path][strings.ToLower(method)]
		id, customer, query := c.path, w.a.ids["customer"], ""
		if of, rest, ok := strings.Cut(c.path, ">"); ok { // of another customer than the usual one
			customer, id = of, rest
		}
		if !strings.Contains(path, "{id}") {
			query = id
		}
		path = strings.NewReplacer("{id}", id, "{customer}", customer).Replace(path) + query
		r, err := http.NewRequest(method, w.url+path, nil)
		if c.json != nil {
			r, err = ask{path: path, json: c.json}.request(method, w.url)
			request := described.RequestBody.Content["application/json"].Schema
			asJSON, _ := json.Marshal(c.json)
			var v any
			w.ok(json.Unmarshal(asJSON, &v))
			if why := doc.fits(&request, v, "request"); why != "" {
				t.Errorf("%s: %s", c.route, why)
			}
		}
		w.ok(err)
		got := w.do(r, c.token)
		if got.status != c.status {
			t.Errorf("%s %s %v: %d, want %d: %s", c.route, c.path, c.json, got.status, c.status, got.body)
			continue
		}
		response, ok := described.Responses[fmt.Sprint(got.status)]
		content, kind := response.Content[got.header.Get("Content-Type")], got.header.Get("Content-Type")
		if _, typed := response.Content[kind]; !ok || !typed {
			t.Errorf("%s: the answer %d of type %s is not described", c.route, got.status, kind)
			continue
		}
		var v any
		w.ok(json.Unmarshal([]byte(got.body), &v))
		if why := doc.fits(&content.Schema, v, "answer"); why != "" {
			t.Errorf("%s: %s: %s", c.route, why, got.body)
		}
		seen[c.route] = true
	}
	for _, rt := range routes {
		if (rt.Access == frame.Program || rt.Access.OfApp()) && !seen[rt.Pattern] {
			t.Errorf("no answer of %s was looked at", rt.Pattern)
		}
	}
	if got := w.send("GET", ask{path: "/api/credits"}, ""); got.header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}
