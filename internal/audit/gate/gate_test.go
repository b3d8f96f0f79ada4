package gate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/target"
)

const handler = `package h

// Pay pays.
func Pay(id string) error {
	return check(id)
}

type T struct{}

func (t *T) Pay() {}
`

const review = `[[review]]
route = "POST /pay"
reviewer = "Asha"
date = "2026-11-02"
handler = "HASH"
who_can_read = "the owner"
who_can_write = "the owner"
if_an_id_is_tampered_with = "404: the row is looked up with the account"
`

const sound = `{"schema":"tijori-audit/1","command":"audit http","findings":[],"not_tested":[]}`

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	profile := "mode: set\nexample.com/m/internal/pay/a.go:1.1,2.2 19 1\nexample.com/m/internal/pay/a.go:3.1,4.2 1 0\n"
	for name, c := range map[string]struct {
		files     map[string]string
		want      []string
		notTested int
	}{
		"all is well": {},
		"a finding": {
			map[string]string{"r.json": strings.Replace(sound, `"findings":[]`,
				`"findings":[{"rule":"x","severity":"low","title":"t","object":"o","why":"","fix":""}]`, 1)},
			[]string{"x o"},
			0,
		},
		"untested": {map[string]string{"r.json": strings.Replace(sound, `"not_tested":[]`,
			`"not_tested":[{"what":"w","reason":"r"}]`, 1)}, nil, 1},
		"no report": {map[string]string{"r.json": ""}, nil, 1},
		"little tested": {
			map[string]string{"c.out": strings.Replace(profile, "19 1", "18 1", 1)},
			[]string{"gate-coverage internal/pay"},
			0,
		},
		"added up": {
			map[string]string{"c.out": profile + "example.com/m/internal/pay/a.go:3.1,4.2 1 1\n"},
			nil, 0,
		},
		"no profile": {
			map[string]string{"c.out": "mode: set\nexample.com/m/internal/other/a.go:1.1,2.2 19 1\n"},
			nil, 1,
		},
		"lcov": {
			map[string]string{"c.out": "TN:\nSF:internal/pay/a.ts\nDA:1,5\nDA:2,0\nend_of_record\n"},
			[]string{"gate-coverage internal/pay"},
			0,
		},
		"Cobertura": {map[string]string{"c.out": `<?xml version="1.0"?><coverage><packages><package><classes><class filename="internal/pay/a.py"><lines>` +
			`<line number="1" hits="1"/></lines></class></classes></package></packages></coverage>`}, nil, 0},
		"no coverage at all": {map[string]string{"c.out": "nonsense"}, nil, 2},
		"laid out anew": {map[string]string{"h.go": strings.Replace(handler, "// Pay pays.",
			"// Pay is another comment.\n", 1)}, nil, 0},
		"another changed": {map[string]string{"h.go": strings.Replace(handler, "func (t *T) Pay() {}",
			"func (t *T) Pay() { panic(1) }", 1)}, nil, 0},
		"changed": {
			map[string]string{"h.go": strings.Replace(handler, "check(id)", "nil", 1)},
			[]string{"gate-review-stale POST /pay"},
			0,
		},
		"gone":      {map[string]string{"h.go": "package h"}, nil, 1},
		"no review": {map[string]string{"reviews.toml": ""}, []string{"gate-review-missing POST /pay"}, 0},
		"no answer": {
			map[string]string{"reviews.toml": strings.Replace(review, `"the owner"`, `" "`, 1)},
			[]string{"gate-review-missing POST /pay"},
			0,
		},
		"no day": {
			map[string]string{"reviews.toml": strings.Replace(review, "2026-11-02", "soon", 1)},
			[]string{"gate-review-missing POST /pay"},
			0,
		},
		"open": {
			map[string]string{"incidents/one.md": "# It broke\n"},
			[]string{"gate-incident one.md"},
			0,
		},
		"closed": {map[string]string{"incidents/one.md": "# It broke\n\n**Closed:** 2026-11-03\n"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"h.go": handler, "r.json": sound, "c.out": profile, "incidents/.keep": ""})
			if _, err := Hash(dir, "h.go#Pay"); err == nil {
				t.Fatal("two functions are called Pay, and one was taken")
			}
			write(t, dir, map[string]string{"h.go": strings.Replace(handler, "func Pay", "func Charge", 1)})
			hash, err := Hash(dir, "h.go#Charge")
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, map[string]string{"reviews.toml": review})
			files := map[string]string{}
			for n, text := range c.files {
				files[n] = strings.Replace(text, "func Pay", "func Charge", 1)
			}
			write(t, dir, files)
			b, err := os.ReadFile(filepath.Join(dir, "reviews.toml"))
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir, map[string]string{"reviews.toml": strings.Replace(string(b), "HASH", hash, 1)})
			r, err := Audit(context.Background(), Options{Dir: dir, Now: day, Gate: target.Gate{
				Reports: []string{"r.json"}, Coverage: []string{"c.out"}, Packages: []string{"internal/pay"},
				Billing: []target.BillingRoute{{Route: "POST /pay", Handler: "h.go#Charge"}}, Incident: "incidents",
			}})
			if err != nil {
				t.Fatal(err)
			}
			if got := names(r); !slices.Equal(got, c.want) || len(r.NotTested) != c.notTested {
				t.Errorf("found %v, want %v; not tested %v", got, c.want, r.NotTested)
			}
		})
	}
}

func names(r *finding.Report) (out []string) {
	for _, f := range r.Findings {
		out = append(out, f.Rule+" "+f.Object)
	}
	return out
}

func TestAnEmptyGateIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := Audit(context.Background(), Options{Dir: t.TempDir()}); !errors.Is(err, target.ErrUsage) {
		t.Errorf("Audit = %v, want a refusal", err)
	}
	for _, h := range []string{"../h.go", "/etc/passwd", "h.ts#f", "none.go"} {
		if _, err := Hash(t.TempDir(), h); err == nil {
			t.Errorf("Hash(%q) gave no error", h)
		}
	}
}

// TestGateIsRedDuringAnIncident holds the gate with what Tijori's own database says.
func TestGateIsRedDuringAnIncident(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"r.json": sound})
	for name, c := range map[string]struct {
		open      []Incident
		notRead   string
		findings  int
		notTested int
	}{
		"none":     {},
		"one":      {open: []Incident{{"incident 3", "somebody saw another's invoice"}}, findings: 1},
		"not read": {notRead: "the database does not answer", notTested: 1},
	} {
		r, err := Audit(t.Context(), Options{
			Gate: target.Gate{Reports: []string{"r.json"}}, Dir: dir, Open: c.open, NotRead: c.notRead,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) != c.findings || len(r.NotTested) != c.notTested {
			t.Errorf("%s: %v, not tested %v", name, r.Findings, r.NotTested)
		}
	}
}
