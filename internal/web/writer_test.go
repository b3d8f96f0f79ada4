package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayHold are the functions of other packages that a part may hand its http.ResponseWriter to: none sends a body.
var mayHold = []string{"http.MaxBytesReader", "http.SetCookie"}

// writers are the files of the frame that write bodies: pages and JSON from a buffer, errors, a word on health, and
// files from the spool.
var writers = map[string]bool{
	"render.go": true, "errors.go": true, "health.go": true, "file.go": true,
	"middleware.go": true,
}

// Only the frame writes to a client, and only after everything was read: no part writes a body by itself, nor hands
// its http.ResponseWriter to somebody who does.
func TestOnlyTheFrameWritesToClients(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) < 40 {
		t.Fatal(files, err)
	}
	seen := 0
	takers := map[string]map[string]bool{} // by package
	for _, file := range files {
		takers[filepath.Dir(file)] = map[string]bool{}
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		takersOf(t, file, source, takers[filepath.Dir(file)])
	}
	for _, file := range files {
		dir, name := filepath.Split(file)
		if strings.HasSuffix(name, "_test.go") || dir == "static/" || dir == "preview/" || dir == "pagetest/" ||
			dir == "frame/" && writers[name] {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, params := wrongWriters(t, file, source, takers[filepath.Dir(file)])
		seen += params
		for _, f := range found {
			t.Error(f)
		}
	}
	if seen < 100 {
		t.Errorf("saw %d response writers: the test is blind", seen)
	}
}

// The test above finds every way around.
func TestWrongWritersAreFound(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`w.Write(nil)`, `io.Copy(w, nil)`, `fmt.Fprint(w, 1)`, `json.NewEncoder(w).Encode(1)`, `x := w; _ = x`,
		`f := file{w}; _ = f`, `http.ServeContent(w, nil, "", t, nil)`, `http.Error(w, "", 500)`,
		`http.NewResponseController(w).Flush()`, `w.(http.Flusher).Flush()`, `func() { w.Write(nil) }()`,
		`_ = func(io.Writer) {}; zip.NewWriter(w)`, `write := w.Write; _ = write`, `send(w)`,
	} {
		source := "package p\nfunc h(w http.ResponseWriter, r *frame.Request) error {\n" + body +
			"\nreturn nil }\nfunc send(w io.Writer) {}\n"
		takes := map[string]bool{}
		takersOf(t, "p.go", []byte(source), takes)
		if found, _ := wrongWriters(t, "p.go", []byte(source), takes); len(found) == 0 {
			t.Errorf("not found: %s", body)
		}
	}
	for _, body := range []string{
		`w.Header().Set("", "")`, `w.WriteHeader(204)`, `return h.Render(w, r, 200, page)`, `show(w)`,
		`make(func(w io.Writer) error { return csv(w) })`, `r.Body = http.MaxBytesReader(w, r.Body, 1)`,
	} {
		source := "package p\nfunc h(w http.ResponseWriter, r *frame.Request) error {\n" + body +
			"\nreturn nil }\nfunc show(w http.ResponseWriter) {}\n"
		takes := map[string]bool{}
		takersOf(t, "p.go", []byte(source), takes)
		if found, _ := wrongWriters(t, "p.go", []byte(source), takes); len(found) > 0 {
			t.Errorf("refused: %s: %s", body, found)
		}
	}
}

// takersOf finds the functions of a file that are no methods, and whether they take an http.ResponseWriter.
func takersOf(t *testing.T, name string, source []byte, takes map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
			takes[f.Name.Name] = takesWriter(f.Type)
		}
	}
}

// wrongWriters finds where a file uses a parameter of type http.ResponseWriter otherwise than for headers, or as what a
// method of ours or a function of the same package with such a parameter is given.
func wrongWriters(t *testing.T, name string, source []byte, takes map[string]bool) (found []string, params int) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 parameters are told apart within one file only
	held := map[*ast.Object]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		f, ok := n.(*ast.FuncType)
		if !ok {
			return true
		}
		for _, p := range f.Params.List {
			if !isWriter(p.Type) {
				continue
			}
			for _, id := range p.Names {
				held[id.Obj] = id.Obj != nil
				params++
			}
		}
		return true
	})
	allowed := map[*ast.Ident]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok && (n.Sel.Name == "Header" || n.Sel.Name == "WriteHeader") {
				allowed[id] = true
			}
		case *ast.CallExpr:
			if !mayTake(n.Fun, takes) {
				return true
			}
			for _, arg := range n.Args {
				if id, ok := arg.(*ast.Ident); ok {
					allowed[id] = true
				}
			}
		case *ast.Field:
			for _, id := range n.Names {
				allowed[id] = true
			}
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Obj != nil && held[id.Obj] && !allowed[id] {
			found = append(found, set.Position(id.Pos()).String()+": writes to the client, or hands on who does: use "+
				"Frame.SendFile, Render or WriteJSON")
		}
		return true
	})
	return found, params
}

// mayTake reports whether a function may be given the writer: a method, a function variable of a handler, or a function
// of ours that takes an http.ResponseWriter, and of other packages those in mayHold.
func mayTake(fun ast.Expr, takes map[string]bool) bool {
	switch f := fun.(type) {
	case *ast.IndexExpr:
		return mayTake(f.X, takes)
	case *ast.Ident:
		known, ok := takes[f.Name]
		return known || !ok && f.Obj != nil && f.Obj.Kind == ast.Var // a handler's function variable
	case *ast.SelectorExpr:
		if pkg, ok := f.X.(*ast.Ident); ok && pkg.Obj == nil { // a package, or a name that the file does not declare
			return pkg.Name == "frame" || slices.Contains(mayHold, pkg.Name+"."+f.Sel.Name)
		}
		return true
	}
	return false
}

func takesWriter(f *ast.FuncType) bool {
	return slices.ContainsFunc(f.Params.List, func(p *ast.Field) bool { return isWriter(p.Type) })
}

func isWriter(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "ResponseWriter"
}
