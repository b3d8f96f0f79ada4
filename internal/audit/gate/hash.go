package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var closed = regexp.MustCompile(`(?im)^\W*closed\W*[:=]\W*\d{4}-\d\d-\d\d`)

// Hash names the code of a handler: of a Go function as file.go#Name or
// file.go#Type.Name, without comments and however it is laid out, or else of a
// whole file.
func Hash(root, handler string) (string, error) {
	file, name, named := strings.Cut(handler, "#")
	if !filepath.IsLocal(file) {
		return "", fmt.Errorf("the handler %q is not a file below the root", handler)
	}
	b, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		return "", err
	}
	if named {
		if filepath.Ext(file) != ".go" {
			return "", fmt.Errorf("%s: functions are named of Go files only; name the file alone", handler)
		}
		if b, err = function(b, name); err != nil {
			return "", fmt.Errorf("%s: %w", handler, err)
		}
	}
	sum := sha256.Sum256(bytes.TrimSpace(b))
	return hex.EncodeToString(sum[:6]), nil
}

func function(b []byte, name string) ([]byte, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "", b, parser.SkipObjectResolution) // without comments
	if err != nil {
		return nil, err
	}
	var found []*ast.FuncDecl
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && (fn.Name.Name == name || receiver(fn)+"."+fn.Name.Name == name) {
			found = append(found, fn)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d functions are called %s", len(found), name)
	}
	var out bytes.Buffer
	// A file set of its own has no lines, so the printer lays the function out anew.
	if err := printer.Fprint(&out, token.NewFileSet(), found[0]); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func receiver(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return ""
	}
	t := fn.Recv.List[0].Type
	if star, ok := t.(*ast.StarExpr); ok {
		t = star.X
	}
	if id, ok := t.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}
