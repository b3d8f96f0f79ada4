package billing

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every entitlement that a plan can carry is asked for: by a function of the database or, where it is about reading, by
// the
// database's word in the transaction that reads; and every one has its sentence on pages. A limit is enforced by the
// database.
func TestEveryEntitlementIsEnforced(t *testing.T) {
	t.Parallel()
	sql, code, pages := "", "", ""
	for _, name := range files(t, "../..") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasSuffix(name, ".sql"):
			sql += string(text)
		case strings.HasSuffix(name, "web/ui/show.go"):
			pages += string(text)
		case strings.HasSuffix(name, ".go") && !strings.Contains(name, "/billing/plans.go"):
			code += string(text)
		}
	}
	constant := map[string]string{Export: "Export", BatchEntry: "BatchEntry"}
	for _, e := range EntitlementNames() {
		name := constant[e]
		if name == "" {
			t.Errorf("entitlement %s has no constant that this test knows", e)
			continue
		}
		door := strings.Contains(code, "Require(billing."+name+")") ||
			strings.Contains(code, "NeedsPlan(billing."+name+")")
		database := strings.Contains(sql, "tijori_plans.entitled(new.account_id, '"+e+"')") ||
			strings.Contains(code, "billing.EntitlementsOf(ctx, tx)") &&
				strings.Contains(code, "rights.Require(billing."+name+")")
		if !door || !database {
			t.Errorf("entitlement %s is sold, and asked for at the door: %v, by the database: %v", e, door, database)
		}
		if !strings.Contains(pages, `case "`+e+`":`) {
			t.Errorf("entitlement %s has no sentence on pages", e)
		}
	}
	for _, limit := range []string{LimitParties, LimitMembers} {
		if !strings.Contains(sql, "tijori_plans.limit_of(new.account_id, '"+limit+"')") {
			t.Errorf("limit %s is enforced by nothing in the database", limit)
		}
	}
	if want := (Plan{PartiesMax: 1, MembersMax: 1}).limits(); len(want) != 2 {
		t.Errorf("the file has the limits %v, which this test does not know", want)
	}
}

// Nothing but the plan file knows what is sold: no code, page, script, statement or translation names a plan of it.
func TestNothingNamesAPlan(t *testing.T) {
	t.Parallel()
	plans, err := LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids, names []string
	for _, p := range plans.List {
		ids, names = append(ids, p.ID), append(names, p.Name)
		for _, price := range p.Prices {
			ids = append(ids, price.ProviderPrice)
		}
	}
	// A plan's name is also a word: of those, only what is told of a plan counts.
	phrase := regexp.MustCompile(`\b(?:[Pp]lan|Tijori|Get|[Ww]ith|needs|is|on|of) (?:` + strings.Join(names,
		"|") + `)\b|\b(?:` + strings.Join(names, "|") + `) (?:plan|प्लान)|\bPro\b`)
	quoted := regexp.MustCompile(`["'` + "`" + `](` + strings.Join(ids, "|") + `)["'` + "`" + `]`)
	// What is the same word and no plan, with the reason.
	known := map[string]string{
		`credits/allowance.go const unpaidSource = "free"`:                        "a mark in the book of grants",
		`web/ui/frame.go all = append(all, link{path: "/team", icon: "team", wo`:  "an icon",
		`mail/notice.go "team",`:                                                  "the page of the people",
		`web/page/securitylog/page.templ return "team"`:                           "an icon",
		`web/page/team/page.templ @ui.Page(v.Shell, ui.Frame{Title: v.T("Team")}`: "the people",
	}
	for _, name := range files(t, "../..") {
		// samples, tests and what is generated
		for _, skip := range []string{
			"/pagetest/", "/pgtest/", "/bench/", "_templ.go", "/postgres/testdata/",
			"/billing/simulator/", "/audit/",
		} {
			if strings.Contains(name, skip) {
				name = ""
				break
			}
		}
		if name == "" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(text), "\n")
		if strings.HasSuffix(name, ".go") { // comments do not run
			lines = literals(t, name, lines)
		}
		for i, line := range lines {
			line = strings.TrimSpace(line)
			found := append(phrase.FindAllString(line, -1), quoted.FindAllString(line, -1)...)
			if len(found) == 0 {
				continue
			}
			place := strings.TrimPrefix(filepath.ToSlash(name), "../../internal/") + " " + line
			for start := range known {
				if strings.HasPrefix(place, start) {
					found = nil
				}
			}
			if found != nil {
				t.Errorf("%s:%d names %q, which only the plan file may: %.120s", name, i+1, found, line)
			}
		}
	}
}

// literals blanks the lines of a Go file that hold no string.
func literals(t *testing.T, name string, lines []string) []string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]string, len(lines))
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		if _, err := strconv.Unquote(lit.Value); err != nil {
			t.Fatal(err)
		}
		for i := fset.Position(lit.Pos()).Line - 1; i < fset.Position(lit.End()).Line; i++ {
			out[i], _, _ = strings.Cut(lines[i], " // ")
		}
		return true
	})
	return out
}

// files are the program's own sources.
func files(t *testing.T, root string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "docs", "node_modules", "testdata", "tools", "scripts"},
			d.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(name, "_test.go"):
			return nil
		}
		if slices.Contains([]string{".go", ".templ", ".js", ".mjs", ".sql"}, filepath.Ext(name)) {
			out = append(out, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 300 {
		t.Fatalf("read %d files, the program has more", len(out))
	}
	return out
}
