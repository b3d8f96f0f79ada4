package i18n

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A sentence is an English text that a user may read, and where it stands.
type sentence struct{ text, where string }

// TestEverySentenceHasHindi reads the source of all packages: what is passed
// to T and N, the texts of faults and of flashes.
func TestEverySentenceHasHindi(t *testing.T) {
	t.Parallel()
	found := sentences(t, "../..")
	if len(found) < 300 {
		t.Fatalf("found %d sentences, which cannot be all", len(found))
	}
	for _, s := range found {
		if _, ok := hindi[s.text]; !ok {
			t.Errorf("%s: no Hindi for %q", s.where, s.text)
		}
	}
}

var (
	verb  = regexp.MustCompile(`%(?:\[(\d+)\])?([a-z%])`)
	latin = regexp.MustCompile(`[A-Za-z]{4,}`)
)

// TestHindiKeepsVerbs holds that a translation takes the same arguments.
func TestHindiKeepsVerbs(t *testing.T) {
	t.Parallel()
	for en, hi := range hindi {
		if got, want := verbs(hi), verbs(en); !slices.Equal(got, want) {
			t.Errorf("%q takes %v, its Hindi %q takes %v", en, want, hi, got)
		}
		if strings.TrimSpace(hi) == "" || hi == en {
			t.Errorf("%q has no Hindi of its own", en)
		}
	}
}

// verbs lists the verbs of a format in the order of their arguments.
func verbs(format string) []string {
	at := map[int]string{}
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1]) // the expression matches digits only
		}
		at[next] = m[2]
		next++
	}
	var out []string
	for i := 1; i <= len(at); i++ {
		out = append(out, at[i])
	}
	return out
}

var filledIn = regexp.MustCompile(`\{(name|time|date|balance)\}`) // by a module

// TestHindiIsHindi finds sentences left in English: names and technical words
// stay as they are.
func TestHindiIsHindi(t *testing.T) {
	t.Parallel()
	known := []string{
		"SMTP", "Stripe", "JSON", "Content", "Type", "application", "json",
		// what programs of apps send and operators type
		"live", "test", "server", "publishable", "stripe", "razorpay", "read", "https", "http", "example",
		"tijori", "origins", "TIJORI", "PLANS",
	}
	for en, hi := range hindi {
		hi = filledIn.ReplaceAllString(hi, "")
		for _, word := range latin.FindAllString(hi, -1) {
			if !slices.Contains(known, word) {
				t.Errorf("the Hindi of %q says %q", en, word)
			}
		}
	}
}

func sentences(t *testing.T, root string) []sentence {
	t.Helper()
	var out []sentence
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if d.Name() == "testdata" || d.Name() == "pagetest" {
			return filepath.SkipDir
		}
		files, err := filepath.Glob(filepath.Join(path, "*.go"))
		if err != nil {
			return err
		}
		out = append(out, inPackage(t, files)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// inPackage finds the sentences of the files of one package.
func inPackage(t *testing.T, names []string) []sentence {
	t.Helper()
	fset, consts := token.NewFileSet(), map[string]string{}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && len(v.Values) == 1 {
				if text, ok := literal(v.Values[0], nil); ok {
					consts[v.Names[0].Name] = text
				}
			}
			return true
		})
	}
	var out []sentence
	add := func(e ast.Expr) {
		if text, ok := literal(e, consts); ok {
			out = append(out, sentence{text, fset.Position(e.Pos()).String()})
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				for _, i := range arguments(n) {
					if i < len(n.Args) {
						add(n.Args[i])
					}
				}
			case *ast.CompositeLit:
				for _, e := range n.Elts {
					if kv, ok := e.(*ast.KeyValueExpr); ok && isFlash(n, kv) {
						add(kv.Value)
					}
				}
			}
			return true
		})
	}
	return out
}

// isFlash reports whether kv is the text of a flash: one with a kind beside it.
func isFlash(lit *ast.CompositeLit, kv *ast.KeyValueExpr) bool {
	name := func(e ast.Expr) string {
		if id, ok := e.(*ast.Ident); ok {
			return id.Name
		}
		return ""
	}
	return name(kv.Key) == "Text" && slices.ContainsFunc(lit.Elts, func(e ast.Expr) bool {
		other, ok := e.(*ast.KeyValueExpr)
		if !ok || name(other.Key) != "Kind" {
			return false
		}
		_, ok = literal(other.Value, nil)
		return ok
	})
}

// arguments returns the places of the sentences in a call's arguments.
func arguments(call *ast.CallExpr) []int {
	name := ""
	from := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if id, ok := f.X.(*ast.Ident); ok {
			from = id.Name
		}
	}
	switch {
	case from == "fault" && (name == "New" || name == "InvalidField" || name == "Upgrade"):
		return []int{1}
	case name == "T" && from != "i18n" && len(call.Args) > 0:
		if _, ok := call.Args[0].(*ast.Ident); ok { // T(locale, key)
			return []int{1}
		}
		return []int{0}
	case name == "T" && from == "i18n":
		return []int{1}
	case name == "FreeFor" && len(call.Args) == 3:
		return []int{0, 1, 2}
	case name == "N" && len(call.Args) == 3:
		return []int{1, 2}
	case name == "N" && len(call.Args) == 4:
		return []int{2, 3}
	}
	return nil
}

// literal returns the text of a string literal, of a sum of them, or of a constant.
func literal(e ast.Expr, consts map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		x, okX := literal(e.X, consts)
		y, okY := literal(e.Y, consts)
		return x + y, okX && okY && e.Op == token.ADD
	case *ast.Ident:
		text, ok := consts[e.Name]
		return text, ok
	}
	return "", false
}
