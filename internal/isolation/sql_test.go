package isolation

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// madeSQL are the functions that may put SQL together at run time, with the
// reason. None of them runs as tijori_app with a word of a user in it.
var madeSQL = map[string]string{
	"postgres.become":             "set-up: the names are constants behind a prefix that findPrefix has checked",
	"postgres.createRoles":        "set-up, as the role of DATABASE_URL; names are constants and what quote_ident returned",
	"postgres.createRole":         "set-up, as the role of DATABASE_URL; the password is quoted",
	"postgres.createVersionTable": "set-up, as the tables' owner; roles' names begin with a prefix that was checked",
	"postgres.migrateRiver":       "set-up, as the tables' owner; roles' names begin with a prefix that was checked",
	"postgres.inOwnersTx":         "set-up, as the tables' owner; roles' names begin with a prefix that was checked",
	"postgres.asOwner":            "set-up, as the tables' owner; roles' names begin with a prefix that was checked",
	"postgres.probePooler":        "the text of a prepared statement that is made up",
	"postgres.lockAll":            "back-up, as a role that only reads; names of tables come from the catalogue, quoted",
	"postgres.Load":               "restore into a new database; statements are made of the catalogue by format(%I)",
	"postgres.loosen":             "restore into a new database; statements are made of the catalogue by format(%I)",
	"postgres.DropSchemas":        "ranges over the constants of our schemas",
	"backup.beside":               "names of databases, quoted, that the operator configured or that are made of the time",
	"postgres.asSeated":           "the limits of a pool, made of numbers",
	"postgres.rollback":           "chooses between two constants",
	"bench.*":                     "the benchmark's own database of made-up people",
	"pgtest.*":                    "tests only",
	"account.Expire":              "ranges over literals in the function",
	"export.tableCSV":             "goes through the literals of the archive's tables",
	"export.tableJSON":            "goes through the literals of the archive's tables",
	"credits.Verify":              "ranges over the literals of checks",
	"ledger.otherContent":         "chooses between two literals",
	"ledger.QueueParties":         "chooses between the six constants of partylist.go",
}

// TestSQLIsConstant reads every call that sends SQL: its text must be a constant, so that nothing a
// user typed can be in it. Whoever could stack statements could prepare one under the name of another.
func TestSQLIsConstant(t *testing.T) {
	t.Parallel()
	packages := parseRooms(t)
	constants := map[string]bool{} // "package.Name" of every constant
	for _, p := range packages {
		for _, f := range p.files {
			ast.Inspect(f, func(n ast.Node) bool {
				if d, ok := n.(*ast.GenDecl); ok && d.Tok == token.CONST {
					for _, spec := range d.Specs {
						for _, name := range spec.(*ast.ValueSpec).Names {
							constants[p.name+"."+name.Name] = true
						}
					}
				}
				return true
			})
		}
	}
	used, calls := map[string]bool{}, 0
	for _, p := range packages {
		takers := map[string]int{} // functions that put a parameter into SQL, and which
		for again := true; again; {
			again = false
			for _, f := range p.files {
				for _, d := range f.Decls {
					fn, ok := d.(*ast.FuncDecl)
					if !ok {
						continue
					}
					name := p.name + "." + fn.Name.Name
					ast.Inspect(fn, func(n ast.Node) bool {
						sql := sqlOf(n, takers)
						if sql == nil {
							return true
						}
						calls++
						parameter, ok := constantText(sql, p.name, constants, parameters(fn))
						if _, known := takers[fn.Name.Name]; ok && parameter >= 0 && !known {
							takers[fn.Name.Name], again = parameter, true // its callers must hand over constants
						}
						for _, allowed := range []string{name, p.name + ".*"} {
							if !ok && madeSQL[allowed] != "" {
								used[allowed], ok = true, true
							}
						}
						if !ok {
							t.Errorf("%s: %s sends SQL that is no constant", p.fset.Position(sql.Pos()), name)
						}
						return true
					})
				}
			}
		}
	}
	if calls < 50 {
		t.Errorf("only %d calls that send SQL were found; the test looks in the wrong place", calls)
	}
	for name := range madeSQL {
		if !used[name] {
			t.Errorf("%s is named here but makes no SQL", name)
		}
	}
}

// A room is a package, parsed.
type room struct {
	name  string
	fset  *token.FileSet
	files []*ast.File
}

func parseRooms(t *testing.T) map[string]*room {
	t.Helper()
	out := map[string]*room{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && filepath.ToSlash(path) == "../audit" { // works on databases of its own
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasSuffix(path, "_templ.go") {
			return err
		}
		dir := filepath.Dir(path)
		if out[dir] == nil {
			out[dir] = &room{fset: token.NewFileSet()}
		}
		f, err := parser.ParseFile(out[dir].fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		out[dir].name = f.Name.Name
		out[dir].files = append(out[dir].files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// sqlOf returns the text of a call that sends SQL, or nil.
func sqlOf(n ast.Node, takers map[string]int) ast.Expr {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.SelectorExpr:
		name = f.Sel.Name
	case *ast.Ident:
		name = f.Name
	}
	at, ok := map[string]int{"Exec": 1, "Query": 1, "QueryRow": 1, "Prepare": 2, "Queue": 0}[name]
	if !ok {
		at, ok = takers[name]
	}
	if !ok || len(call.Args) <= at {
		return nil
	}
	return call.Args[at]
}

// parameters are a function's parameters by name, with their places.
func parameters(fn *ast.FuncDecl) map[string]int {
	out, i := map[string]int{}, 0
	for _, field := range fn.Type.Params.List {
		for _, name := range field.Names {
			out[name.Name] = i
			i++
		}
	}
	return out
}

// constantText reports whether an expression is put together from constants and
// at most one parameter of the function, whose place it returns; -1 without one.
func constantText(e ast.Expr, pkg string, constants map[string]bool, params map[string]int) (parameter int, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return -1, e.Kind == token.STRING
	case *ast.ParenExpr:
		return constantText(e.X, pkg, constants, params)
	case *ast.BinaryExpr:
		x, xOK := constantText(e.X, pkg, constants, params)
		y, yOK := constantText(e.Y, pkg, constants, params)
		return max(x, y), xOK && yOK && e.Op == token.ADD && (x < 0 || y < 0 || x == y)
	case *ast.Ident:
		if constants[pkg+"."+e.Name] {
			return -1, true
		}
		i, isParam := params[e.Name]
		return i, isParam
	case *ast.SelectorExpr:
		from, isName := e.X.(*ast.Ident)
		return -1, isName && constants[from.Name+"."+e.Sel.Name]
	}
	return -1, false
}
