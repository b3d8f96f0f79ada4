package db_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Whole schemas in the styles of several founders: each flaw of the leaky one
// is found with the attack, and the repaired one has nothing grave.
func TestPairs(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/pairs/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no pairs: %v", err)
	}
	for _, dir := range dirs {
		var truth struct {
			Platform string
			Flaws    []struct{ Kind, Object, Verb string }
		}
		b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &truth); err != nil {
			t.Fatal(err)
		}
		o := db.Options{Platform: truth.Platform, Attack: true, Patience: 10 * time.Minute}
		o.Migrations = filepath.Join(dir, "leaky.sql")
		leaky := audit(t, o)
		for _, flaw := range truth.Flaws {
			if !slices.ContainsFunc(leaky.Findings, func(f finding.Finding) bool {
				same := f.Rule == strings.ReplaceAll(flaw.Kind, "_", "-") ||
					flaw.Kind == "auth_role_check" && f.Rule == "any-logged-in" // which asks for the role
				return same && f.Severity >= finding.Medium && f.Object == flaw.Object &&
					slices.Contains(f.Verbs, flaw.Verb)
			}) {
				t.Errorf("%s: %+v is not found", dir, flaw)
			}
		}
		o.Migrations = filepath.Join(dir, "fixed.sql")
		fixed := audit(t, o)
		for _, f := range fixed.Findings {
			if f.Severity >= finding.High {
				t.Errorf("%s: in the repaired schema %s %s %s %v", dir, f.Severity, f.Rule, f.Object, f.Verbs)
			}
		}
		for _, n := range append(leaky.NotTested, fixed.NotTested...) {
			t.Errorf("%s: not tested: %s: %s", dir, n.What, n.Reason)
		}
	}
}
