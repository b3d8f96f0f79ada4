package leaky_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
	"github.com/tijorihq/tijori/internal/audit/source"
)

// checkTree audits a folder of the app with all its flaws, and repaired: then each is found, by the rule that it is
// named after, and nothing is.
func checkTree(t *testing.T, dir string, audit func(t *testing.T, dir string) *finding.Report) {
	flaws := leaky.TreeFlaws(dir)
	t.Run("all on", func(t *testing.T) {
		t.Parallel()
		into := t.TempDir()
		if err := leaky.WriteTree(into, dir, flaws); err != nil {
			t.Fatal(err)
		}
		r := audit(t, into+"/"+dir)
		for _, flaw := range flaws {
			if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == flaw }) {
				t.Errorf("%s is not found", flaw)
			}
		}
		for _, n := range r.NotTested {
			t.Errorf("not tested: %s: %s", n.What, n.Reason)
		}
	})
	t.Run("all off", func(t *testing.T) {
		t.Parallel()
		into := t.TempDir()
		if err := leaky.WriteTree(into, dir, nil); err != nil {
			t.Fatal(err)
		}
		r := audit(t, into+"/"+dir)
		for _, f := range r.Findings {
			t.Errorf("in the repaired app: %s %s %s %v: %s", f.Severity, f.Rule, f.Object, f.Verbs, f.Title)
		}
		for _, n := range r.NotTested {
			t.Errorf("not tested: %s: %s", n.What, n.Reason)
		}
	})
}

// hasEvery fails for a rule whose flaw the app cannot have.
func hasEvery(t *testing.T, rules []finding.Rule, flaws ...string) {
	t.Helper()
	for _, r := range rules {
		if !slices.Contains(flaws, r.ID) {
			t.Errorf("the app cannot have the flaw %s", r.ID)
		}
	}
	for _, flaw := range flaws {
		if !slices.ContainsFunc(rules, func(r finding.Rule) bool { return r.ID == flaw }) {
			t.Errorf("the app has the flaw %s, and no rule finds it", flaw)
		}
	}
}

// The schemas have a flaw of every kind that `audit db` knows.
func TestSchemasOfTheApp(t *testing.T) {
	t.Parallel()
	hasEvery(t, db.Rules(), append(leaky.TreeFlaws(leaky.SupabaseDir), leaky.TreeFlaws(leaky.PostgresDir)...)...)
	for _, c := range []struct{ dir, platform string }{
		{leaky.SupabaseDir, "supabase"}, {leaky.PostgresDir, "postgres"},
	} {
		t.Run(c.platform, func(t *testing.T) {
			t.Parallel()
			checkTree(t, c.dir, func(t *testing.T, dir string) *finding.Report {
				r, err := db.Audit(t.Context(), db.Options{
					Migrations: dir, Platform: c.platform, Attack: true, Patience: 10 * time.Minute,
				})
				if err != nil {
					t.Fatal(err)
				}
				return r
			})
		})
	}
}

// Each flaw of the code is found when it is the only one.
func TestEachFlawOfTheCode(t *testing.T) {
	t.Parallel()
	for _, flaw := range leaky.TreeFlaws(leaky.CodeDir) {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			into := t.TempDir()
			if err := leaky.WriteTree(into, leaky.CodeDir, []string{flaw}); err != nil {
				t.Fatal(err)
			}
			o := source.Options{Dir: into + "/" + leaky.CodeDir, Deadline: 10 * time.Minute}
			r, err := source.Audit(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == flaw }) {
				t.Error("it is not found")
			}
			for _, f := range r.Findings {
				if f.Rule != flaw {
					t.Errorf("beside it: %s %s: %s", f.Rule, f.Object, f.Title)
				}
			}
		})
	}
}

// The code has a flaw of every kind that `audit source` knows.
func TestCodeOfTheApp(t *testing.T) {
	t.Parallel()
	hasEvery(t, source.Rules(), leaky.TreeFlaws(leaky.CodeDir)...)
	checkTree(t, leaky.CodeDir, func(t *testing.T, dir string) *finding.Report {
		r, err := source.Audit(t.Context(), source.Options{Dir: dir, Deadline: 10 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return r
	})
}
