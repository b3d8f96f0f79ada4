package fault_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A source is one parsed file of the program.
type source struct {
	dir  string
	file *ast.File
}

func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var all []source
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasSuffix(name, "_templ.go"):
			return nil
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		all = append(all, source{filepath.ToSlash(filepath.Dir(name)), f})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 200 {
		t.Fatalf("read %d files, the program has more", len(all))
	}
	return fset, all
}

// call returns a call's package or receiver, and its function.
func call(n ast.Node) (from ast.Expr, name string, c *ast.CallExpr) {
	c, ok := n.(*ast.CallExpr)
	if !ok {
		return nil, "", nil
	}
	if sel, ok := c.Fun.(*ast.SelectorExpr); ok {
		return sel.X, sel.Sel.Name, c
	}
	return nil, "", c
}

func isName(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// made returns the constructor and its call when an expression makes a fault,
// and the last code that it is given.
func made(e ast.Node) (constructor string, c *ast.CallExpr, code string) {
	from, name, c := call(e)
	switch {
	case c == nil:
		return "", nil, ""
	case isName(from, "fault") && slices.Contains([]string{"New", "InvalidField", "Upgrade"}, name):
		if name == "Upgrade" {
			code = text(c.Args[0])
		}
		return name, c, code
	case slices.Contains([]string{"Coded", "Because", "About"}, name):
		constructor, inner, code := made(from)
		if name == "Coded" {
			code = text(c.Args[0])
		}
		return constructor, inner, code
	}
	return "", nil, ""
}

// text is a string literal's, or the name of a constant of package fault.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		if err == nil {
			return s
		}
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// One sentence has one code, wherever it is said: the program and the database
// refuse the same thing alike.
func TestOneSentenceOneCode(t *testing.T) {
	t.Parallel()
	fset, all := sources(t)
	codes, found := map[string]string{}, 0
	for _, s := range all {
		inner := map[ast.Node]bool{}
		ast.Inspect(s.file, func(n ast.Node) bool {
			constructor, c, code := made(n)
			if c == nil || inner[c] {
				return true
			}
			inner[c] = true // its calls of Coded stand around it and came first
			where, sentence := fset.Position(c.Pos()), text(c.Args[1])
			if constructor == "New" {
				if kind, ok := c.Args[0].(*ast.SelectorExpr); ok && kind.Sel.Name == "UpgradeRequired" {
					t.Errorf("%s: use fault.Upgrade, which asks for a code", where)
				}
			}
			if sentence == "" {
				return true
			}
			found++
			if before, ok := codes[sentence]; ok && before != code {
				t.Errorf("%s: %q has the code %q here and %q elsewhere", where, sentence, code, before)
			}
			codes[sentence] = code
			return true
		})
	}
	if found < 250 {
		t.Errorf("found %d faults, the program has more", found)
	}
}

// looks are functions that look into a text. CutPrefix is not among them: package json has no
// other way to say which field is unknown.
var looks = []string{"Contains", "HasPrefix", "HasSuffix", "EqualFold", "Index"}

// Nothing is decided by a sentence, by an error's text, or by which fault it is as
// a pointer: code asks for a kind or a code, or errors.Is, which compares codes.
func TestNothingComparesSentences(t *testing.T) {
	t.Parallel()
	fset, all := sources(t)
	faults := map[string]bool{} // variables, by directory and name
	coded := map[string]bool{}
	for _, s := range all {
		for _, d := range s.file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				v := spec.(*ast.ValueSpec)
				for i, value := range v.Values {
					if _, c, code := made(value); c != nil {
						faults[s.dir+"."+v.Names[i].Name] = true
						coded[s.dir+"."+v.Names[i].Name] = code != ""
					}
				}
			}
		}
	}
	if len(faults) < 80 {
		t.Errorf("found %d variables with faults, the program has more", len(faults))
	}
	for _, s := range all {
		imports := map[string]string{}
		for _, i := range s.file.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if at, ok := strings.CutPrefix(name, "github.com/tijorihq/tijori/"); ok {
				imports[path.Base(at)] = "../../" + at
			}
		}
		variable := func(e ast.Expr) string { // of a fault, "" of anything else
			key := ""
			switch e := e.(type) {
			case *ast.Ident:
				key = s.dir + "." + e.Name
			case *ast.SelectorExpr:
				if id, ok := e.X.(*ast.Ident); ok {
					key = imports[id.Name] + "." + e.Sel.Name
				}
			}
			if !faults[key] {
				return ""
			}
			return key
		}
		sentence := func(e ast.Expr) bool {
			_, name, c := call(e)
			if c != nil {
				return name == "Sentence" || name == "Error" && len(c.Args) == 0
			}
			sel, ok := e.(*ast.SelectorExpr)
			return ok && sel.Sel.Name == "Text" && (variable(sel.X) != "" ||
				isName(sel.X, "f") && imports["fault"] != "")
		}
		bad := func(e ast.Expr) bool { return sentence(e) || variable(e) != "" }
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BinaryExpr:
				if (n.Op == token.EQL || n.Op == token.NEQ) && !isName(n.Y, "nil") && (bad(n.X) || bad(n.Y)) {
					t.Errorf("%s compares a fault's sentence or pointer; compare codes", fset.Position(n.Pos()))
				}
			case *ast.SwitchStmt:
				if n.Tag != nil && sentence(n.Tag) {
					t.Errorf("%s chooses by a fault's sentence; choose by its code", fset.Position(n.Pos()))
				}
			case *ast.CaseClause:
				if slices.ContainsFunc(n.List, bad) {
					t.Errorf("%s chooses by a fault's sentence or pointer; choose by its code", fset.Position(n.Pos()))
				}
			case *ast.CallExpr:
				from, name, _ := call(n)
				switch {
				case isName(from, "strings") && slices.Contains(looks, name) && slices.ContainsFunc(n.Args, sentence):
					t.Errorf("%s looks into an error's text", fset.Position(n.Pos()))
				case isName(from, "errors") && name == "Is" && len(n.Args) == 2:
					if key := variable(n.Args[1]); key != "" && !coded[key] {
						t.Errorf("%s: %s needs a code of its own to be found by errors.Is", fset.Position(n.Pos()), key)
					}
				}
			}
			return true
		})
	}
}
