package ledger_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What is true today is said in one way: Scope.Today, of the database. So no other code asks a clock which day it is
// in a business, every statement that adds entries up says up to which day, and party_sums, which knows of all days, is
// read by the list alone, which takes off what lies ahead.
func TestNobodyElseSaysWhatIsTrueToday(t *testing.T) {
	t.Parallel()
	days, sums, statements := 0, 0, 0
	for _, root := range []string{".", "../web", "../demo", "../account", "../jobs"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				strings.HasSuffix(path, "_templ.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CallExpr:
					call, ok := n.Fun.(*ast.SelectorExpr)
					if of, named := selected(call, ok); named && of == "ledger.Today" {
						if days++; !strings.HasPrefix(path, "../demo/") { // it writes a past, in no request
							t.Errorf("%s asks a clock which day it is: take Scope.Today", path)
						}
					}
				case *ast.BasicLit:
					text, err := strconv.Unquote(n.Value)
					if n.Kind != token.STRING || err != nil {
						return true
					}
					if strings.Contains(text, "tijori.party_sums") {
						if sums++; path != "partylist.go" {
							t.Errorf("%s reads party_sums, which counts entries dated ahead", path)
						}
					}
					if adds := strings.Contains(text, "sum(") && strings.Contains(text, "amount_minor"); adds {
						statements++
						if !strings.Contains(text, "business_date <=") {
							t.Errorf("%s adds entries up, and does not say up to which day:\n%s", path, text)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if days == 0 || sums == 0 || statements < 5 {
		t.Errorf("found %d days, %d readers of sums and %d sums: the test looks for other words", days, sums,
			statements)
	}
}

func selected(call *ast.SelectorExpr, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	of, ok := call.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	return of.Name + "." + call.Sel.Name, true
}
