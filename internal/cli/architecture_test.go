package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tijorihq/tijori/"

// forbidden says what a room (and what lies below it) must not import, as
// docs/architecture.md draws it. A prefix of "-" names packages from elsewhere.
var forbidden = []struct {
	room string
	not  []string
}{
	{"internal/fault", []string{"internal/"}},
	{"internal/role", []string{"internal/"}},
	{"internal/freeze", []string{"internal/"}},
	{"internal/money", []string{"internal/"}},
	{"internal/text", []string{"internal/"}},
	{"internal/spool", []string{"internal/"}},
	{"internal/clock", []string{"internal/"}},
	{"internal/strictjson", []string{"internal/"}},
	{"internal/tracing", []string{"internal/"}},
	{"internal/postgres", []string{
		"internal/account", "internal/billing", "internal/ledger", "internal/web",
		"internal/jobs", "internal/cli", "internal/mail", "internal/demo",
	}},
	{"internal/account", []string{
		"internal/billing", "internal/ledger", "internal/web", "internal/jobs",
		"internal/cli", "internal/mail",
	}},
	{"internal/ledger", []string{
		"internal/account", "internal/billing", "internal/web", "internal/jobs",
		"internal/cli", "internal/mail",
	}},
	{"internal/billing", []string{
		"internal/credits", "internal/account", "internal/ledger", "internal/web",
		"internal/jobs", "internal/cli", "internal/mail",
	}},
	{"internal/credits", []string{
		"internal/account", "internal/ledger", "internal/web", "internal/jobs",
		"internal/cli", "internal/mail", "internal/billing/",
	}},
	{"internal/insight", []string{
		"internal/account", "internal/billing", "internal/credits", "internal/ledger",
		"internal/web", "internal/jobs", "internal/cli", "internal/mail",
	}},
	{"internal/incident", []string{
		"internal/account", "internal/billing", "internal/credits", "internal/ledger", "internal/web",
		"internal/jobs", "internal/cli",
	}},
	{"internal/platform", []string{
		"internal/account", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail",
		"internal/billing/stripe", "internal/billing/razorpay", "internal/billing/simulator",
	}},
	{"internal/web/apps", []string{"internal/ledger", "internal/account"}},
	{"internal/web/portal", []string{"internal/ledger"}},
	{"internal/backup", []string{
		"internal/account", "internal/billing", "internal/credits", "internal/ledger",
		"internal/web", "internal/jobs", "internal/cli", "internal/mail",
	}},
	{"client", []string{"internal/"}},
	{"internal/billing/facts", []string{
		"internal/postgres", "internal/billing/", "-github.com/jackc/", "-net/http",
		"-database/",
	}},
	{"internal/mail", []string{
		"internal/account", "internal/billing", "internal/ledger", "internal/web",
		"internal/jobs", "internal/postgres",
	}},
	{"internal/jobs", []string{"internal/web", "internal/cli", "internal/ledger", "internal/billing"}},
	{"internal/web", []string{
		"internal/cli", "internal/jobs", "internal/bench", "internal/billing/stripe",
		"internal/billing/razorpay", "internal/billing/simulator",
	}},
	{"internal/watch", []string{
		"internal/account", "internal/billing", "internal/credits", "internal/ledger", "internal/web", "internal/jobs",
		"internal/cli",
	}},
	{"internal/web/door", []string{"internal/ledger", "internal/billing", "internal/credits"}},
	{"internal/web/programs", []string{"internal/ledger", "internal/account"}},
	{"internal/web/operators", []string{"internal/ledger", "internal/account"}},
	{"internal/web/ui", []string{"internal/postgres", "internal/ledger", "internal/account", "internal/billing"}},
	{"internal/web/page", []string{"internal/postgres", "internal/ledger", "internal/account", "internal/billing"}},
	{"internal/audit", []string{"internal/", "client"}},
	{"internal/launch", []string{"internal/", "client"}},
	{"internal/certificate", []string{"internal/", "client"}},
	{"internal/demo", []string{"internal/web", "internal/cli", "internal/jobs", "internal/billing"}},
}

// onlyFor says who alone may import a room; with a slash at its end, all that lies below it as well.
var onlyFor = map[string][]string{
	"internal/cli":               {""},
	"internal/audit/":            {"internal/cli"},
	"internal/web":               {"internal/cli", "internal/bench"},
	"internal/web/frame":         webParts("internal/web"),
	"internal/jobs":              {"internal/cli", "internal/bench"},
	"internal/bench":             {"internal/cli"},
	"internal/backup":            {"internal/cli"},
	"internal/launch":            {"internal/cli"},
	"internal/certificate":       {"internal/cli"},
	"internal/postgres/pgtest":   {},
	"internal/billing/simulator": {"internal/cli"},
	"internal/billing/stripe":    {"internal/billing", "internal/billing/simulator", "internal/cli", "internal/bench"},
	"internal/billing/razorpay":  {"internal/billing", "internal/billing/simulator", "internal/cli", "internal/bench"},
}

// parts are the packages of handlers, one for each part of the product. Only the
// list of routes imports them: not each other, and not the frame that they share.
var parts = []string{
	"door", "accounts", "khata", "bulk", "plans", "programs", "apps", "portal", "operators", "notmine", "status",
	"development",
}

// besides are the other packages below internal/web, which hold no handlers.
var besides = []string{"frame", "page", "ui", "i18n", "static", "pagetest", "preview"}

func webParts(more ...string) []string {
	for _, p := range parts {
		more = append(more, "internal/web/"+p)
	}
	return more
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// within reports whether a package is a room or lies below it.
func within(path, room string) bool {
	if strings.HasSuffix(room, "/") {
		return strings.HasPrefix(path, room)
	}
	return path == room || strings.HasPrefix(path, room+"/")
}

func TestHouseStandsAsDrawn(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	if len(packages) < 15 {
		t.Fatalf("go list knows %d packages; the test looks at the wrong place", len(packages))
	}
	for _, p := range packages {
		if below, ok := strings.CutPrefix(p.ImportPath, module+"internal/web/"); ok {
			room, _, _ := strings.Cut(below, "/")
			if !slices.Contains(parts, room) && !slices.Contains(besides, room) {
				t.Errorf("internal/web/%s is in no drawing: name it among the parts, or beside them", room)
			}
		}
		from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			for _, rule := range forbidden {
				if !within(from, rule.room) {
					continue
				}
				for _, not := range rule.not {
					elsewhere, isElsewhere := strings.CutPrefix(not, "-")
					if isElsewhere && strings.HasPrefix(imported, elsewhere) || !isElsewhere && ours && within(to,
						not) && !within(to, rule.room) {
						t.Errorf("%s imports %s, which the drawing does not allow", from, imported)
					}
				}
			}
			if slices.Contains(webParts(), to) && from != "internal/web" && from != to {
				t.Errorf("%s imports %s, which only the list of routes may", from, to)
			}
			for room, allowed := range onlyFor {
				if to != room && (!strings.HasSuffix(room, "/") || !within(to, room)) {
					continue
				}
				if ours && !slices.Contains(allowed, from) && !within(from, room) {
					t.Errorf("%s imports %s, which only %v may", from, to, allowed)
				}
			}
		}
	}
}

// atTheDoor is what handlers may name of the packages that reach the database: what
// the doors of a request hand them, and what they hand on.
var atTheDoor = map[string][]string{
	"postgres": {"Tx", "Scope"},
	"pgx":      {"Batch", "Rows"},
}

// Handlers reach the database through their request (Read, As and their kin in
// internal/web/frame), which hold the route's access against who is asking.
func TestHandlersGoThroughTheDoor(t *testing.T) {
	t.Parallel()
	files, seen := []string{}, 0
	for _, room := range webParts("internal/web") {
		list, err := filepath.Glob(filepath.Join("../..", room, "*.go"))
		if err != nil || len(list) == 0 {
			t.Fatalf("%s has no files: %v", room, err)
		}
		files = append(files, list...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, im := range f.Imports {
			at := strings.Trim(im.Path.Value, `"`)
			if at == "database/sql" || strings.Contains(at, "pgxpool") || strings.Contains(at, "pgconn") {
				t.Errorf("%s imports %s", name, at)
			}
			if base := path.Base(at); im.Name != nil && (atTheDoor[base] != nil || base == "v5") {
				t.Errorf("%s imports %s under another name", name, at)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := sel.X.(*ast.Ident)
			if !ok || atTheDoor[of.Name] == nil || of.Obj != nil {
				return true
			}
			seen++
			config := filepath.Base(name) == "server.go" && sel.Sel.Name == "DB" // it goes to the frame
			if !config && !slices.Contains(atTheDoor[of.Name], sel.Sel.Name) {
				t.Errorf("%s: %s.%s goes round the request to the database", set.Position(sel.Pos()), of.Name,
					sel.Sel.Name)
			}
			return true
		})
	}
	if seen < 100 {
		t.Errorf("%d names looked at; the test looks at the wrong place", seen)
	}
}
