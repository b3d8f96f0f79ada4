package main

import (
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

func TestHits(t *testing.T) {
	t.Parallel()
	flaw := Flaw{
		Kind: "rls_off", Object: "public.t", Verb: "select", Also: []string{"insert"},
		Affects: []string{"public.u select, update"},
	}
	for _, c := range []struct {
		name string
		f    finding.Finding
		want bool
	}{
		{
			"the object and the verb",
			finding.Finding{Rule: "rls-off", Object: "public.t", Verbs: []string{"select"}},
			true,
		},
		{
			"a verb of the same hole",
			finding.Finding{Rule: "rls-off", Object: "public.t", Verbs: []string{"insert"}},
			true,
		},
		{"another verb", finding.Finding{Rule: "rls-off", Object: "public.t", Verbs: []string{"delete"}}, false},
		{"another object", finding.Finding{Rule: "rls-off", Object: "public.x", Verbs: []string{"select"}}, false},
		{
			"an object on which it shows",
			finding.Finding{Rule: "rls-off", Object: "public.u", Verbs: []string{"update"}},
			true,
		},
		{"an object that the finding affects", finding.Finding{
			Rule: "rls-off", Object: "f()",
			Affects: []string{"public.t select"},
		}, true},
		{"another kind", finding.Finding{Rule: "hierarchy", Object: "public.t", Verbs: []string{"select"}}, false},
		{"the same kind in other words", finding.Finding{
			Rule: "default-privileges", Object: "public.t",
			Verbs: []string{"select"},
		}, true},
	} {
		if got := hits(c.f, flaw, false); got != c.want {
			t.Errorf("%s: hits = %v, want %v", c.name, got, c.want)
		}
	}
}
