package role_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/role"
)

func TestEveryRoleHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, r := range role.All() {
		for _, text := range []string{r.Name, r.Title.English, r.Title.Hindi, r.Meaning.English, r.Meaning.Hindi} {
			if text == "" || seen[text] {
				t.Errorf("role %q: the text %q is missing or another role's", r.Name, text)
			}
			seen[text] = true
		}
		if got := role.Named(r.Name); got != r || role.Of(r.Name) != r.Rights {
			t.Errorf("Named(%q) = %+v, want %+v", r.Name, got, r)
		}
		if r.Title.In("hi") != r.Title.Hindi || r.Title.In("en") != r.Title.English {
			t.Errorf("role %q answers in the wrong language", r.Name)
		}
	}
}

func TestUnknownRoleGrantsNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Owner", "owner ", "admin"} {
		if got := role.Of(name); got != (role.Rights{}) {
			t.Errorf("Of(%q) = %+v, want none", name, got)
		}
		if got := role.Named(name).Title.In("hi"); got != name {
			t.Errorf("the title of %q = %q", name, got)
		}
	}
}

// Rights contain each other: pages and statements count on it.
func TestRightsContainEachOther(t *testing.T) {
	t.Parallel()
	for _, r := range role.All() {
		if may := r.Rights; may.Owns && !may.RunsKhata || may.RunsKhata && !(may.SeesTotals && may.AddsEntries) {
			t.Errorf("role %q: %+v", r.Name, may)
		}
	}
}
