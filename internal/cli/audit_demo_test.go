package cli

import (
	"io"
	"slices"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/leaky"
)

// The demonstration finds what is wrong with its code and schemas.
func TestDemoAuditsCodeAndSchemas(t *testing.T) {
	t.Parallel()
	e := &env{Context: t.Context(), stdout: io.Discard, stderr: io.Discard}
	reports, err := (&auditDemoCmd{}).auditTexts(e)
	if err != nil || len(reports) != 3 {
		t.Fatalf("%d reports (%v)", len(reports), err)
	}
	for i, dir := range []string{leaky.CodeDir, leaky.SupabaseDir, leaky.PostgresDir} {
		for _, flaw := range leaky.TreeFlaws(dir) {
			if !slices.ContainsFunc(reports[i].Findings, func(f finding.Finding) bool { return f.Rule == flaw }) {
				t.Errorf("%s: %s is not found", dir, flaw)
			}
		}
	}
	reports, err = (&auditDemoCmd{Sound: true}).auditTexts(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reports {
		for _, f := range r.Findings {
			t.Errorf("repaired, %s has %s", f.Object, f.Rule)
		}
	}
}
