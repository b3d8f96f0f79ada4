package pdf

import (
	"testing"
	"unicode"
)

// No letter of the program's languages is missing: glyph 0 is the box.
func TestNoMissingGlyph(t *testing.T) {
	t.Parallel()
	s := newShaper()
	var all []rune
	for r := rune(0x20); r < 0x100; r++ {
		if unicode.IsPrint(r) {
			all = append(all, r)
		}
	}
	for r := rune(0x900); r <= 0x97F; r++ {
		all = append(all, r)
	}
	all = append(all, []rune("₹€£–—‘’“”…·×−\u00a0\u202f\u200c\u200d")...)
	for _, r := range all {
		text := string(r)
		if unicode.Is(unicode.M, r) {
			text = "क" + text
		}
		for _, g := range s.word(text).glyphs {
			if g.id == 0 {
				t.Errorf("no glyph for %q (%U)", r, r)
			}
		}
	}
	for _, text := range []string{
		"श्री कृष्ण किराना स्टोर", "Sharma & Sons शर्मा", "हिन्दी ₹12,34,567.00",
		"द्वितीय क्षत्रिय",
	} {
		for _, g := range s.word(text).glyphs {
			if g.id == 0 {
				t.Errorf("%q has a missing glyph", text)
			}
		}
	}
}

// Plain text is told by its glyphs; what was reordered or joined by more than one says what it means.
func TestActualText(t *testing.T) {
	t.Parallel()
	s := newShaper()
	for text, spelled := range map[string]bool{
		"Ramesh": false, "₹1,234.00": false, "राम": false, "कि": true,
		"हिन्दी": true, "🙏": true,
	} {
		if got := s.word(text).actual != ""; got != spelled {
			t.Errorf("word(%q) is spelled out: %v, want %v", text, got, spelled)
		}
	}
}
