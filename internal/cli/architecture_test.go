package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
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
	{"internal/money", []string{"internal/"}},
	{"internal/clock", []string{"internal/"}},
	{"internal/strictjson", []string{"internal/"}},
	{"internal/postgres", []string{"internal/account", "internal/billing", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail", "internal/demo"}},
	{"internal/account", []string{"internal/billing", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail"}},
	{"internal/ledger", []string{"internal/account", "internal/billing", "internal/web", "internal/jobs", "internal/cli", "internal/mail"}},
	{"internal/billing", []string{"internal/credits", "internal/account", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail"}},
	{"internal/credits", []string{"internal/account", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail", "internal/billing/"}},
	{"internal/backup", []string{"internal/account", "internal/billing", "internal/credits", "internal/ledger", "internal/web", "internal/jobs", "internal/cli", "internal/mail"}},
	{"client", []string{"internal/"}},
	{"internal/billing/facts", []string{"internal/postgres", "internal/billing/", "-github.com/jackc/", "-net/http", "-database/"}},
	{"internal/mail", []string{"internal/account", "internal/billing", "internal/ledger", "internal/web", "internal/jobs", "internal/postgres"}},
	{"internal/jobs", []string{"internal/web", "internal/cli", "internal/ledger", "internal/billing"}},
	{"internal/web", []string{"internal/cli", "internal/jobs", "internal/bench", "internal/billing/stripe", "internal/billing/razorpay", "internal/billing/simulator"}},
	{"internal/web/ui", []string{"internal/postgres", "internal/ledger", "internal/account", "internal/billing"}},
	{"internal/web/page", []string{"internal/postgres", "internal/ledger", "internal/account", "internal/billing"}},
	{"internal/audit", []string{"internal/", "client"}},
	{"internal/demo", []string{"internal/web", "internal/cli", "internal/jobs", "internal/billing"}},
}

// onlyFor says who alone may import a room; with a slash at its end, all that lies below it as well.
var onlyFor = map[string][]string{
	"internal/cli":               {""},
	"internal/audit/":            {"internal/cli"},
	"internal/web":               {"internal/cli", "internal/bench"},
	"internal/jobs":              {"internal/cli", "internal/bench"},
	"internal/bench":             {"internal/cli"},
	"internal/backup":            {"internal/cli"},
	"internal/postgres/pgtest":   {},
	"internal/billing/simulator": {"internal/cli"},
	"internal/billing/stripe":    {"internal/billing", "internal/billing/simulator", "internal/cli", "internal/bench"},
	"internal/billing/razorpay":  {"internal/billing", "internal/billing/simulator", "internal/cli", "internal/bench"},
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
		from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			for _, rule := range forbidden {
				if !within(from, rule.room) {
					continue
				}
				for _, not := range rule.not {
					elsewhere, isElsewhere := strings.CutPrefix(not, "-")
					if isElsewhere && strings.HasPrefix(imported, elsewhere) || !isElsewhere && ours && within(to, not) && !within(to, rule.room) {
						t.Errorf("%s imports %s, which the drawing does not allow", from, imported)
					}
				}
			}
			for room, allowed := range onlyFor {
				if to == room || strings.HasSuffix(room, "/") && within(to, room) {
					if ours && !slices.Contains(allowed, from) && !within(from, room) {
						t.Errorf("%s imports %s, which only %v may", from, to, allowed)
					}
				}
			}
		}
	}
}
