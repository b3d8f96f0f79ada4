package pass

import (
	"slices"
	"testing"
)

func TestFormatted(t *testing.T) {
	for _, c := range []struct {
		statement string
		raw       []string
		rest      string
	}{
		{"return query execute format('select %l, %i', '%' || a || '%', b)", nil, "return query execute "},
		{"execute format('select %l order by %s', a, b || ' desc')", []string{"b || ' desc'"}, "execute "},
		{"execute format('%2$s %% %1$i', a, f(b, c)) || d", []string{"f(b, c)"}, "execute  || d"},
		{"execute format('say ''%s, %s''', a, b)", []string{"a", "b"}, "execute "},
		{"execute 'select ' || a", nil, "execute 'select ' || a"},
		{"execute format(query, a)", nil, "execute "},
	} {
		raw, rest := formatted(c.statement)
		if !slices.Equal(raw, c.raw) || rest != c.rest {
			t.Errorf("formatted(%q) = %q, %q, want %q, %q", c.statement, raw, rest, c.raw, c.rest)
		}
	}
}
