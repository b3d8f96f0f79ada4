package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest is how much of a field is shown. Targets write some of the fields,
// and nobody reads further.
const longest = 8000

// plain is a text that steers neither a terminal nor the direction of words:
// control and formatting characters, and bytes that are not UTF-8, become
// visible. Line feeds and tabs stay.
func plain(s string) string {
	s = clip(s)
	if !needsEscape(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\r' && strings.HasPrefix(s[i:], "\r\n"):
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case steers(r):
			if r < 0x100 {
				fmt.Fprintf(&b, `\x%02x`, r)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func needsEscape(s string) bool {
	return !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool {
		return steers(r) && r != '\n' &&
			r != '\t'
	})
}

// steers are the control characters, line separators and direction marks. The
// joiners stay: Indian scripts are written with them.
func steers(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' ||
		unicode.Is(unicode.Cf, r) && r != '\u200c' && r != '\u200d'
}

// Line is a text from a target on one line, without anything that steers a terminal.
func Line(s string) string { return line(s) }

// line is plain text on one line.
func line(s string) string { return strings.Join(strings.Fields(plain(s)), " ") }

func clip(s string) string {
	if len(s) <= longest {
		return s
	}
	cut := longest
	for cut > longest-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s… (%d bytes more)", s[:cut], len(s)-cut)
}

// wrap breaks a text into lines of at most width characters, at spaces where
// there are any, and keeps its own line feeds.
func wrap(s string, width int) []string {
	var out []string
	for paragraph := range strings.SplitSeq(plain(s), "\n") {
		var current string
		for _, word := range strings.Fields(paragraph) {
			if current != "" && utf8.RuneCountInString(current)+1+utf8.RuneCountInString(word) > width {
				out = append(out, current)
				current = ""
			}
			if current != "" {
				current += " "
			}
			current += word
		}
		out = append(out, current)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
