package outbox

import "strings"

type line struct {
	text string
	link bool
}

// lines splits a mail, and finds the lines that are an address.
func (m Mail) lines() []line {
	var out []line
	for text := range strings.SplitSeq(m.Text, "\n") {
		text = strings.TrimRight(text, "\r")
		bare := strings.TrimSpace(text)
		link := (strings.HasPrefix(bare, "http://") || strings.HasPrefix(bare, "https://")) &&
			!strings.ContainsAny(bare, " \t")
		if link {
			text = bare
		}
		out = append(out, line{text: text, link: link})
	}
	return out
}
