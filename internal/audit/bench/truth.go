package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A Flaw is what truth.json says is wrong with a leaky schema.
type Flaw struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"`
	Object  string   `json:"object"`
	Verb    string   `json:"verb"`
	Also    []string `json:"also"`
	Affects []string `json:"affects"`
	Effect  string   `json:"effect"`
}

// A Case is a pair of schemas.
type Case struct {
	Name      string
	Dir       string
	Platform  string   `json:"platform"`
	Connects  any      `json:"connects_as"`
	Exposed   []string `json:"exposed_schemas"`
	Flaws     []Flaw   `json:"flaws"`
	Good      []string `json:"good"`
	Tolerated []string `json:"tolerated"`
}

// connects are the roles that serve requests, as a user would configure them.
func (c Case) connects() []string {
	switch v := c.Connects.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			out = append(out, fmt.Sprint(e))
		}
		return out
	}
	return nil
}

// readCases finds the pairs in a folder, in the order of their names.
func readCases(dir string, only []string) ([]Case, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "truth.json"))
	if err != nil {
		return nil, err
	}
	beside, err := filepath.Glob(filepath.Join(dir, "*", "testdata", "truth.json"))
	if err != nil {
		return nil, err
	}
	paths = append(paths, beside...)
	slices.Sort(paths)
	var out []Case
	for _, p := range paths {
		name := filepath.Base(filepath.Dir(p))
		if name == "testdata" {
			name = filepath.Base(filepath.Dir(filepath.Dir(p)))
		}
		if len(only) > 0 && !slices.ContainsFunc(only, func(o string) bool { return strings.HasPrefix(name, o) }) {
			continue
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		c := Case{Name: name, Dir: filepath.Dir(p)}
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		out = append(out, c)
	}
	return out, nil
}

// Kinds that are the same mistake said differently: which of them it is, is a
// matter of taste. The first of a line is what the others are taken for.
var equivalent = [][]string{
	{"select-true", "any-logged-in", "auth-role-check", "policy-left-over", "policy-to-public"},
	{"policy-to-public", "inverted-check"},
	{"policy-to-public", "permissive-instead-of-restrictive", "policy-left-over"},
	{"insert-without-tenant-check", "rls-off"},
	{"insert-without-tenant-check", "permissive-instead-of-restrictive"},
	{"insert-without-tenant-check", "delete-or-write-by-lower-role", "select-true"},
	{"billing-table-writable", "own-row-privileged-column"},
	{"admin-of-any-tenant", "any-logged-in"},
	{"public-share", "any-logged-in", "select-true"},
	{"invitation-token-readable", "public-share", "secret-readable-by-lower-role", "select-true"},
	{"invitation-token-readable", "view-owner-rights"},
	{"secret-readable-by-lower-role", "delete-or-write-by-lower-role"},
	{"hierarchy", "storage-policy"},
	{"default-privileges", "rls-off"},
	{"materialised-view", "default-privileges"},
}

func sameKind(rule, kind string) bool {
	kind = strings.ReplaceAll(kind, "_", "-")
	if rule == kind {
		return true
	}
	return slices.ContainsFunc(
		equivalent,
		func(e []string) bool { return slices.Contains(e, rule) && slices.Contains(e, kind) },
	)
}

// hits says whether a finding is about a flaw; exact asks for the very kind.
func hits(f finding.Finding, t Flaw, exact bool) bool {
	if exact && f.Rule != strings.ReplaceAll(t.Kind, "_", "-") || !sameKind(f.Rule, t.Kind) {
		return false
	}
	verbs := append([]string{t.Verb}, t.Also...)
	if f.Object == t.Object && overlap(f.Verbs, verbs) {
		return true
	}
	mine, theirs := spread(f.Affects), spread(t.Affects)
	for _, v := range verbs {
		if mine[t.Object+" "+v] {
			return true
		}
	}
	for _, v := range f.Verbs {
		if theirs[f.Object+" "+v] || theirs[f.Object+" all"] {
			return true
		}
	}
	return false
}

// spread turns "public.t select, insert" into its pairs.
func spread(affects []string) map[string]bool {
	out := map[string]bool{}
	for _, a := range affects {
		object, verbs, _ := strings.Cut(a, " ")
		for _, v := range strings.Split(verbs, ",") {
			if w := strings.Fields(v); len(w) > 0 {
				out[object+" "+w[0]] = true
			}
		}
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
