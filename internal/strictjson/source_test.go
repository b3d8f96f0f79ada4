package strictjson

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

// plain are the files that may use encoding/json to read, because nobody else writes what they read.
var plain = map[string]string{
	"client/client.go":                        "a program of somebody's, which reads our answers",
	"client/snapshot.go":                      "likewise; a snapshot says nothing before its signature is checked",
	"client/webhook.go":                       "likewise; an event whose signature was checked",
	"internal/billing/apply.go":               "the headers of an event, as we stored them",
	"internal/billing/inboxops.go":            "the headers of an event, as we stored them",
	"internal/billing/simulator/operate.go":   "our own webhooks",
	"internal/backup/archive.go":              "the manifest of a back-up, whose bytes are checked by its sums",
	"internal/backup/list.go":                 "what stands beside a back-up to describe it",
	"internal/billing/simulator/simulator.go": "our own state",
	"internal/ci/testcount/count.go":          "what go test writes",
	"internal/cli/demo.go":                    "the answer of our own server",
	"internal/cli/inbox.go":                   "prints an event for people",
	"internal/ledger/cursor.go":               "a cursor: a list of texts that are checked, without keys",
	"internal/ledger/timeline.go":             "versions of a row, as the database wrote them",
	"internal/mail/outbox.go":                 "our own outbox",
	"internal/watch/probe/canary.go":          "the answers of the server that is watched, which may be newer",
	"internal/watch/probe/onfile.go":          "the prober's own file",
	"internal/platform/snapshot.go":           "a customer's state, as the database has just made it",
}

// Whatever a stranger writes is read here and nowhere else.
func TestJSONHasOneDoor(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	files, used := 0, map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" { // is not part of the program
			return fs.SkipDir
		}
		rel := strings.TrimPrefix(filepath.ToSlash(name), "../../")
		// reads what others have written as leniently as their own tools do
		if strings.HasPrefix(rel, "internal/audit/") {
			return nil
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(rel, "internal/strictjson/") {
			return nil
		}
		files++
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names := map[string]bool{}
		for _, im := range f.Imports {
			at, _ := strconv.Unquote(im.Path.Value)
			switch {
			case at == "encoding/json" && im.Name == nil:
				names["json"] = true
			case at == "encoding/json":
				names[im.Name.Name] = true
			case strings.Contains(at, "json") && !strings.HasPrefix(at, "github.com/tijorihq/"):
				t.Errorf("%s imports %s: JSON is read by internal/strictjson", rel, at)
			}
		}
		if names["."] {
			t.Errorf("%s imports encoding/json as \".\"", rel)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || s.Sel.Name != "Unmarshal" && s.Sel.Name != "NewDecoder" && s.Sel.Name != "Decoder" {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && names[x.Name] {
				used[rel] = true
				if plain[rel] == "" {
					t.Errorf("%s: json.%s: what comes from outside is read by internal/strictjson",
						set.Position(s.Pos()), s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 200 {
		t.Errorf("%d files looked at: the wrong folder?", files)
	}
	for name := range plain {
		if !used[name] {
			t.Errorf("%s stands in the list and reads no JSON", name)
		}
	}
}
