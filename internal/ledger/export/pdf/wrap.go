package pdf

import "strings"

// Measure returns how wide a line of text is, in points.
func (d *Doc) Measure(st Style, s string) float64 {
	return float64(d.measure(s)) * st.Size / em
}

func (d *Doc) measure(s string) int {
	n, blank := 0, d.text.word(" ").width
	for i, w := range strings.Split(s, " ") {
		if i > 0 {
			n += blank
		}
		n += d.text.word(w).width
	}
	return n
}

// Wrap breaks text into lines that are no wider than width points. It breaks at
// blanks and line ends; a word that is wider than a line is cut between letters,
// never inside a conjunct.
func (d *Doc) Wrap(st Style, s string, width float64) []string {
	room, blank := int(width*em/st.Size), d.text.word(" ").width
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		line, used := "", 0
		for _, w := range strings.Split(paragraph, " ") {
			size := d.text.word(w).width
			if line != "" && used+blank+size <= room {
				line, used = line+" "+w, used+blank+size
				continue
			}
			if line != "" {
				lines = append(lines, line)
			}
			for size > room {
				head, tail := d.text.cut(w, room)
				if tail == "" {
					break
				}
				lines, w, size = append(lines, head), tail, d.text.word(tail).width
			}
			line, used = w, size
		}
		lines = append(lines, line)
	}
	return lines
}

// Fit shortens a line of text to a width, with an ellipsis where something is missing.
func (d *Doc) Fit(st Style, s string, width float64) string {
	if d.Measure(st, s) <= width {
		return s
	}
	const dots = "…"
	lines := d.Wrap(st, strings.ReplaceAll(s, "\n", " "), width-d.Measure(st, dots))
	return strings.TrimRight(lines[0], " ") + dots
}

// cut divides a word at the last letter that still has room; at least one letter
// stays in the head. The tail is "" when the word is a single letter.
func (s *shaper) cut(text string, room int) (head, tail string) {
	used, at := 0, 0
	for i, g := range s.word(text).glyphs {
		if i > 0 && g.firstOfLetter {
			if used <= room || at == 0 {
				at = g.start
			}
			if used > room {
				break
			}
		}
		used += g.advance
	}
	if at == 0 {
		return text, ""
	}
	runes := []rune(text)
	return string(runes[:at]), string(runes[at:])
}
