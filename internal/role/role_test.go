package role_test

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

	"github.com/tijorihq/tijori/internal/role"
)

func TestEveryRoleHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range role.All() {
		for _, text := range []string{r.Name, r.Title.English, r.Title.Hindi, r.Meaning.English, r.Meaning.Hindi} {
			if text == "" || seen[text] {
				t.Errorf("role %q: the text %q is missing or another role's", r.Name, text)
			}
			seen[text] = true
		}
		if got := role.Named(r.Name); got != r || role.Of(r.Name) != r.Rights {
			t.Errorf("Named(%q) = %+v, want %+v", r.Name, got, r)
		}
		if r.Title.In("hi") != r.Title.Hindi || r.Title.In("en") != r.Title.English {
			t.Errorf("role %q answers in the wrong language", r.Name)
		}
	}
}

func TestUnknownRoleGrantsNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Owner", "owner ", "admin"} {
		if got := role.Of(name); got != (role.Rights{}) {
			t.Errorf("Of(%q) = %+v, want none", name, got)
		}
		if got := role.Named(name).Title.In("hi"); got != name {
			t.Errorf("the title of %q = %q", name, got)
		}
	}
}

// Rights contain each other: pages and statements count on it.
func TestRightsContainEachOther(t *testing.T) {
	t.Parallel()
	for _, r := range role.All() {
		if may := r.Rights; may.Owns && !may.RunsKhata || may.RunsKhata && !(may.SeesTotals && may.AddsEntries) {
			t.Errorf("role %q: %+v", r.Name, may)
		}
	}
}

// Nothing but this package knows which role may what: elsewhere no role is named by
// a literal, and no role is compared with another.
func TestCodeAsksForRights(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range role.All() {
		names = append(names, r.Name)
	}
	read := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "role" || d.Name() == "audit" ||
			strings.HasPrefix(d.Name(), ".git")):
			return filepath.SkipDir
		case strings.HasSuffix(path, ".templ"):
			b, err := os.ReadFile(path)
			if err == nil && literalIn(string(b), names) {
				t.Errorf("%s names a role: ask for a right of package role", path)
			}
			return err
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasSuffix(path, "_templ.go"):
			return nil
		}
		read++
		return checkRoles(t, path, names)
	})
	if err != nil {
		t.Fatal(err)
	}
	if read < 200 {
		t.Errorf("read %d files, the program has more", read)
	}
}

func literalIn(text string, names []string) bool {
	return regexp.MustCompile(`"(` + strings.Join(names, "|") + `)"`).MatchString(text)
}

func checkRoles(t *testing.T, path string, names []string) error {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	isRole := func(e ast.Expr) bool {
		sel, ok := e.(*ast.SelectorExpr)
		return ok && (sel.Sel.Name == "Role" || isPackage(sel.X, "role"))
	}
	ast.Inspect(f, func(n ast.Node) bool {
		compares := false
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && slices.Contains(names, text) {
				t.Errorf("%s names the role %q: ask for a right of package role", fset.Position(n.Pos()), text)
			}
		case *ast.BinaryExpr:
			compares = (n.Op == token.EQL || n.Op == token.NEQ) && (isRole(n.X) || isRole(n.Y))
		case *ast.SwitchStmt:
			compares = n.Tag != nil && isRole(n.Tag)
		}
		if compares {
			t.Errorf("%s compares a role: ask for a right of package role", fset.Position(n.Pos()))
		}
		return true
	})
	return nil
}

func isPackage(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
