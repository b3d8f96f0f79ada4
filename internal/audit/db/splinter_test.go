package db_test

import (
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/db"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

func TestNameAsSplinter(t *testing.T) {
	r := &finding.Report{Findings: []finding.Finding{
		{Rule: "rls-off", Title: "off"},
		{Rule: "hierarchy", Title: "up"},
		{Rule: "secdef-unchecked-argument", Title: "f", Actors: []string{"anonymous"}},
		{Rule: "view-owner-rights", Title: "v", Affects: []string{"auth.users select"}},
	}}
	before := r.Findings[0].Fingerprint()
	db.NameAsSplinter(r)
	for i, want := range []string{
		"rls_disabled_in_public: off", "up", "anon_security_definer_function_executable: f", "auth_users_exposed: v",
	} {
		if got := r.Findings[i].Title; !strings.HasPrefix(got, want) {
			t.Errorf("finding %d is called %q, want %q", i, got, want)
		}
	}
	if r.Findings[0].Fingerprint() != before {
		t.Error("another name makes another finding")
	}
}
