package finding

import (
	"encoding/json"
	"testing"
)

func TestFingerprintStays(t *testing.T) {
	t.Parallel()
	a := Finding{Rule: "rls-off", Object: "public.invoices", Severity: High, Place: Place{File: "a.sql", Line: 3}}
	b := a
	b.Severity, b.Place.Line, b.Proof = Critical, 90, &Proof{Who: "a stranger"}
	if a.Fingerprint() != b.Fingerprint() {
		t.Error("a finding that moved is a new one")
	}
	for _, other := range []Finding{
		{Rule: "rls-on", Object: a.Object},
		{Rule: a.Rule, Object: "public.invoice"},
		{Rule: a.Rule, Object: a.Object, Key: "read"},
	} {
		if a.Fingerprint() == other.Fingerprint() {
			t.Errorf("%+v has the fingerprint of another finding", other)
		}
	}
}

func TestWhatIsAcceptedIsNotOpen(t *testing.T) {
	t.Parallel()
	r := Report{Findings: []Finding{
		{Object: "b", Severity: Low},
		{Object: "c", Severity: Critical, Accepted: true},
		{Object: "a", Severity: High},
	}}
	r.Sort()
	if got := r.Findings[0].Object + r.Findings[1].Object + r.Findings[2].Object; got != "cab" {
		t.Errorf("order %s, want cab", got)
	}
	if worst, any := r.Worst(); !any || worst != High {
		t.Errorf("worst %v %v, want high", worst, any)
	}
	if _, any := (&Report{}).Worst(); any {
		t.Error("an empty report has a worst finding")
	}
}

func TestSeverityIsAWord(t *testing.T) {
	t.Parallel()
	out, err := json.Marshal(Critical)
	if err != nil || string(out) != `"critical"` {
		t.Errorf("%s %v", out, err)
	}
	var s Severity
	if err := json.Unmarshal([]byte(`"grave"`), &s); err == nil {
		t.Error("an unknown severity was read")
	}
}
