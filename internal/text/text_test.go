package text

import (
	"testing"
	"unicode"
)

// TestSteers holds the predicate against Unicode's own properties: all controls and all that embeds, overrides or
// isolates a direction, and no letter, mark, number, joiner or space.
func TestSteers(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp)
		if unicode.Is(unicode.Bidi_Control, r) && r != '\u061c' && r != '\u200e' && r != '\u200f' {
			want = true // the other three say which way one letter points, and turn nothing around them
		}
		if Steers(r) != want {
			t.Errorf("Steers(%U) = %t", r, !want)
		}
	}
}
