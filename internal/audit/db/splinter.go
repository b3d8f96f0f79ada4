package db

import (
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// splinter are the names that Supabase's database linter gives to what our
// rules find. It has no name for most; then ours stands alone.
var splinter = map[string]string{
	"rls-off":               "0013_rls_disabled_in_public",
	"select-true":           "0024_rls_policy_always_true",
	"any-logged-in":         "0024_rls_policy_always_true",
	"policy-to-public":      "0024_rls_policy_always_true",
	"user-metadata-trusted": "0015_rls_references_user_metadata",
	"view-owner-rights":     "0010_security_definer_view",
	"materialised-view":     "0016_materialized_view_in_api",
	"secdef-search-path":    "0011_function_search_path_mutable",
	"inverted-check":        "0030_rls_policy_null_auth_disjunct",

	"secret-readable-by-lower-role": "0023_sensitive_columns_exposed",
	"secdef-unchecked-argument":     "0029_authenticated_security_definer_function_executable",
}

// NameAsSplinter puts the names of Supabase's linter into the titles.
func NameAsSplinter(r *finding.Report) {
	for i := range r.Findings {
		f := &r.Findings[i]
		name, ok := splinter[f.Rule]
		switch {
		case !ok:
			continue
		case f.Rule == "secdef-unchecked-argument" && slices.Contains(f.Actors, "anonymous"):
			name = "0028_anon_security_definer_function_executable"
		case f.Rule == "view-owner-rights" && slices.ContainsFunc(f.Affects, func(a string) bool {
			return strings.HasPrefix(a, "auth.users ")
		}):
			name = "0002_auth_users_exposed"
		}
		f.Title = name[len("0000_"):] + ": " + f.Title
	}
}
