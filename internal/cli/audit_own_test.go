package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source"
)

// looked is how much of something a report says was looked at.
func looked(r *finding.Report, what string) int {
	for _, c := range r.Looked {
		if c.What == what {
			return c.N
		}
	}
	return 0
}

// Our own code, and the files that our pages load, are audited as everybody's are.
func TestAuditOfOurSource(t *testing.T) {
	t.Parallel()
	r, err := source.Audit(t.Context(), source.Options{Dir: "../..", Deadline: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		leaks := strings.HasPrefix(f.Place.String(), "internal/audit/leaky/") // as it is meant to
		if !f.Accepted && !leaks {
			t.Errorf("%s %s at %s: %s", f.Severity, f.Rule, f.Place, f.Title)
		}
	}
	if looked(r, "files") < 500 || looked(r, "routes") < 40 || looked(r, "queries") < 1000 {
		t.Errorf("looked at %v: too little to say anything", r.Looked)
	}
}

func TestAuditOfOurBundle(t *testing.T) {
	t.Parallel()
	r, err := bundle.Audit(t.Context(), bundle.Options{Target: "../web/static/files"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		t.Errorf("%s %s at %s: %s", f.Severity, f.Rule, f.Place, f.Title)
	}
	for _, n := range r.NotTested {
		t.Errorf("not tested: %s: %s", n.What, n.Reason)
	}
	if looked(r, "scripts") < 15 {
		t.Errorf("looked at %v: too little to say anything", r.Looked)
	}
}
